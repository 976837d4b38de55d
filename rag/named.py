"""Which documents a question names: "3M", "FY2022", "Best Buy" against titles, paths, authors and publishers. A hint, never a filter."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rag.text import STOPWORDS, stem
from rag.types import Source

_SHARPNESS = 4
"""A document that shares half as much with the question as the best does is not half named: it is another one."""

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"\d{4}(?!\d)|q[1-4](?!\d)|\d+[^\W\d_]?(?![^\W\d_])|[^\W\d_]+|\d+")


class Named:
    """The names of a library's documents."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._holders: dict[str, list[str]] = defaultdict(list)
        for source in sources:
            stem_of_path = source.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            for piece in set(_pieces(f"{source.title} {stem_of_path} {source.author} {source.publisher}")):
                self._holders[piece].append(source.document)
        self._documents = len(sources)

    def scores(self, question: str) -> dict[str, float]:
        """Document -> 0 to 1, only those with a name in the question; near 1 for the best when what it shares is rare."""
        masses: dict[str, float] = defaultdict(float)
        for piece in dict.fromkeys(_asked(question)):
            holders = self._holders.get(piece, [])
            for document in holders:
                masses[document] += math.log1p((self._documents - len(holders) + 0.5) / (len(holders) + 0.5))
        best = max(masses.values(), default=0.0)
        return {document: (mass / (best + 1)) ** _SHARPNESS for document, mass in masses.items()}


def _asked(question: str) -> Iterator[str]:
    """Pieces of the words that may be names: capitalised ones and those with digits, or all where nothing is capitalised.

    Neighbours are joined too: "Best Buy" is BESTBUY in a file's name.
    """
    found = _WORD.findall(question)
    named = [_is_name(word) for word in found]
    if found and named[0] and not any(character.isdigit() for character in found[0]):
        named[0] = len(found) > 1 and named[1]
    if not any(named):
        named = [True] * len(found)
    for at, word in enumerate(found):
        if named[at] and word.lower() not in STOPWORDS:
            yield from _pieces(word)
        if named[at] and at + 1 < len(found) and named[at + 1]:
            yield (word + found[at + 1]).lower()


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(character.isdigit() for character in word)


def _pieces(text: str) -> Iterator[str]:
    """Words as they are and taken apart at digits: "2023Q2" gives 2023q2, 2023 and q2."""
    for word in map(str.lower, _WORD.findall(text)):
        yield stem(word)
        for piece in _PIECE.findall(word):
            yield stem(piece)
