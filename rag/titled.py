"""A question that is worded as a title asks for a document, not for a sentence: no passage says it, several are about it.

So a document stands where its nearest passages together and its words as a whole put it. For questions that are sentences this does harm
(docs/log.md).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rag.patterns import regex
from rag.text import STOPWORDS, words

PASSAGES = 3
"""So many of a document's nearest passages tell what it is about."""
WORDS = 1.5
"""What a document's words as a whole count beside them."""
_CAPITALS = 0.7
_BRACKETED = regex(r"\([^()]*\)")


def is_title(question: str) -> bool:
    """Whether its telling words begin with capitals, two at least, and it is no sentence: "Thoughts on Unconventional Monetary Policy".

    What stands in brackets is left out: "(via webcast)".
    """
    found = words(_BRACKETED.sub(" ", question))
    telling = {word for word in found if word.lower() not in STOPWORDS and word[0].isalpha()}
    if len(telling) < 2 or question.rstrip().endswith((".", "?")) or question.isupper():
        return False
    return sum(word[0].isupper() for word in telling) >= _CAPITALS * len(telling)


def abouts(documents: Sequence[str], cosines: Sequence[float], *, words: Mapping[str, float]) -> dict[str, float]:
    """Document -> the mean of its PASSAGES best cosines, and what its words count.

    ``documents`` and ``cosines`` are of the nearest passages, in one order; the last stands for those that were not even among them.
    ``words``: what `Record.abouts` says.
    """
    least = min(cosines, default=0.0)
    by_document: dict[str, list[float]] = defaultdict(list)
    for document, cosine in zip(documents, cosines, strict=True):
        by_document[document].append(cosine)
    return {
        document: (sum(best := sorted(by_document[document], reverse=True)[:PASSAGES]) + least * (PASSAGES - len(best))) / PASSAGES
        + WORDS * words.get(document, 0.0)
        for document in {*by_document, *words}
    }
