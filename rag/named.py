"""Which documents a question names: "3M", "FY2022", "Best Buy" against titles, paths, authors and publishers. A hint, never a filter."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

from rag.text import STOPWORDS, stem

_SHARPNESS = 4
"""A document that shares half as much with the question as the best does is not half named: it is another one."""

_WORD = re.compile(r"[^\W_]+")
_END = "\1"
"""Of a name, among many."""
_WORD_OR_END = re.compile(rf"[^\W_]+|{_END}")
_BLANKED = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != _END}
_PIECE = re.compile(r"\d{4}(?!\d)|q[1-4](?!\d)|\d+[^\W\d_]?(?![^\W\d_])|[^\W\d_]+|\d+")


_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)
_DAY = re.compile(
    rf"\b(?:(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    rf"|(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<after>{_MONTH}),?\s+(?P<last>\d{{4}})|(?P<iso>\d{{4}}-\d\d-\d\d))\b",
    re.IGNORECASE,
)


class Nameable(Protocol):
    """What a document is called."""

    @property
    def document(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def publisher(self) -> str: ...


class Named:
    """The names of a library's documents."""

    def __init__(self, sources: Sequence[Nameable]) -> None:
        import numpy as np

        self._documents = [source.document for source in sources]
        called = (
            f"{source.title} {source.path.rsplit('/', 1)[-1].rsplit('.', 1)[0]} {source.author} {source.publisher}" for source in sources
        )
        found = _words_and_ends("".join(f"{name.replace(_END, ' ')} {_END} " for name in called).lower())
        numbers = {word: number for number, word in enumerate(dict.fromkeys((_END, *found)))}
        words = np.fromiter(map(numbers.__getitem__, found), dtype=np.int64, count=len(found))
        documents = np.cumsum(words == 0)
        order = np.argsort(words, kind="stable")
        self._held_by = documents[order]
        """Document of each word of each name, the words in the order of their numbers."""
        self._begins = np.searchsorted(words[order], np.arange(len(numbers) + 1))
        self._pieces: defaultdict[str, set[int]] = defaultdict(set)
        for word, number in numbers.items():
            for piece in (stem(word),) if _is_whole(word) else _pieces(word):
                self._pieces[piece].add(number)
        self._pieces.pop(_END)

    def scores(self, question: str, *, among: Iterable[str] | None = None) -> dict[str, float]:
        """Document -> 0 to 1, only those with a name in the question; near 1 for the best when what it shares is rare.

        ``among``: as if the library had only these documents.
        """
        pieces = [piece for piece in dict.fromkeys(_asked(question)) if piece in self._pieces]
        if not pieces:
            return {}
        import numpy as np

        allowed = np.ones(len(self._documents), dtype=bool)
        if among is not None:
            chosen = set(among)
            allowed[:] = [document in chosen for document in self._documents]
        documents, masses = int(allowed.sum()), np.zeros(len(self._documents))
        for piece in pieces:
            holds = np.zeros(len(self._documents), dtype=bool)
            for word in self._pieces[piece]:
                holds[self._held_by[self._begins[word] : self._begins[word + 1]]] = True
            holds &= allowed
            holders = int(holds.sum())
            masses[holds] += math.log1p((documents - holders + 0.5) / (holders + 0.5))
        found = np.flatnonzero(masses)
        scores = (masses[found] / (masses.max() + 1)) ** _SHARPNESS
        return {self._documents[at]: score for at, score in zip(found.tolist(), scores.tolist(), strict=True)}


def days(question: str) -> frozenset[date]:
    """The days a question names in full: "October 7, 2023", "7 October 2023", "2023-10-07"."""
    return frozenset(day for match in _DAY.finditer(question) if (day := _day(match)) is not None)


def _day(match: re.Match[str]) -> date | None:
    """None for a day there never was."""
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        month = _MONTHS.index((match["month"] or match["after"]).lower()) + 1
        return date(int(match["year"] or match["last"]), month, int(match["day"] or match["first"]))
    except ValueError:
        return None


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
            yield stem((word + found[at + 1]).lower())


def _words_and_ends(text: str) -> list[str]:
    """By the expression; three times faster where the text is ASCII."""
    return text.translate(_BLANKED).split() if text.isascii() else _WORD_OR_END.findall(text)


def _is_whole(word: str) -> bool:
    """True for one that cannot be taken apart, which nearly all are: nothing but letters, or nothing but digits."""
    return word.isalpha() or (word.isascii() and word.isdigit()) or word == _END


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(character.isdigit() for character in word)


def _pieces(text: str) -> Iterator[str]:
    """Words as they are and taken apart at digits: "2023Q2" gives 2023q2, 2023 and q2."""
    for word in map(str.lower, _WORD.findall(text)):
        yield stem(word)
        for piece in _PIECE.findall(word):
            yield stem(piece)
