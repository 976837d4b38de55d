"""A question that is worded as a title asks for a document, not for a sentence: no passage says it, several are about it.

So a document stands where its best passages together put it. For questions that are sentences this does harm (docs/log.md).
"""

from collections import defaultdict
from collections.abc import Sequence

from rag.text import STOPWORDS, words

PASSAGES = 5
"""So many of a document's best passages tell what it is about: three and eight are no better."""
_CAPITALS = 0.7


def is_title(question: str) -> bool:
    """Whether its telling words begin with capitals, two at least, and it is no sentence: "Thoughts on Unconventional Monetary Policy"."""
    found = words(question)
    telling = {word for word in found if word.lower() not in STOPWORDS and word[0].isalpha()}
    if len(telling) < 2 or question.rstrip().endswith((".", "?")) or question.isupper():
        return False
    return sum(word[0].isupper() for word in telling) >= _CAPITALS * len(telling)


def abouts(documents: Sequence[str], scores: Sequence[float]) -> dict[str, float]:
    """Document -> mean score of its best PASSAGES candidates. ``documents`` and ``scores`` are of the candidates, in one order.

    Where it has fewer, the list's least stands for those that were not even candidates.
    """
    least = min(scores, default=0.0)
    by_document: dict[str, list[float]] = defaultdict(list)
    for document, score in zip(documents, scores, strict=True):
        by_document[document].append(score)
    return {
        document: (sum(best := sorted(found, reverse=True)[:PASSAGES]) + least * (PASSAGES - len(best))) / PASSAGES
        for document, found in by_document.items()
    }
