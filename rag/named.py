"""Which documents a question names: "3M", "FY2022", "Best Buy" against titles, paths, authors and publishers. A hint, never a filter."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from heapq import nsmallest
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Protocol, Self

from rag.patterns import regex
from rag.text import STOPWORDS, stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHARPNESS = 4
"""A document that shares half as much with the question as the best does is not half named: it is another one."""

VERSION = 1
"""Of what ``Named.packed`` gives: another number when names are taken apart otherwise."""

_WORD = regex(r"[^\W_]+")
_END = "\1"
"""Of a name, among many."""
_WORD_OR_END = regex(rf"[^\W_]+|{_END}")
_BLANKED = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != _END}
_PIECE = regex(r"\d{4}(?!\d)|q[1-4](?!\d)|\d+[^\W\d_]?(?![^\W\d_])|[^\W\d_]+|\d+")


_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)
_DAY = regex(
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


class NameScores(Mapping[str, float]):
    """Document -> 0 to 1, above 0, of those that a question names; a common word names thousands."""

    def __init__(self, documents: Sequence[str], places: Mapping[str, int], values: "NDArray[np.float64]") -> None:
        """``places``: where each document stands in ``documents`` and ``values``, which are zero for those that are not named."""
        self._documents = documents
        self._places = places
        self._values = values

    def __getitem__(self, document: str) -> float:
        if not (value := float(self._values[self._places[document]])):
            raise KeyError(document)
        return value

    def __iter__(self) -> Iterator[str]:
        return (self._documents[at] for at in self._values.nonzero()[0].tolist())

    def __len__(self) -> int:
        return len(self._values.nonzero()[0])

    def best(self, *, most: int) -> list[tuple[str, float]]:
        """(document, score) of the ``most`` best, best first, equal ones by id."""
        import numpy as np

        named = np.flatnonzero(self._values)
        least = np.partition(self._values[named], -most)[-most] if len(named) > most else 0.0
        above = [(self._documents[at], float(self._values[at])) for at in np.flatnonzero(self._values > least).tolist()]
        equal = (self._documents[at] for at in np.flatnonzero(self._values == least).tolist() if least)
        last = [(document, float(least)) for document in nsmallest(most - len(above), equal)]
        return [*sorted(above, key=lambda entry: (-entry[1], entry[0])), *last]


class _Groups:
    """Which others belong to each of some numbers, side by side in one array."""

    def __init__(self, groups: "NDArray[np.int64]", others: "NDArray[np.int64]", *, count: int) -> None:
        """``others[at]`` belongs to ``groups[at]``, of which there are ``count``."""
        import numpy as np

        order = np.argsort(groups, kind="stable")
        self._others = others[order].astype("<i4")
        self._begins = np.searchsorted(groups[order], np.arange(count + 1)).astype("<i4")

    def __getitem__(self, group: int) -> "NDArray[np.int32]":
        return self._others[self._begins[group] : self._begins[group + 1]]

    def packed(self) -> list[bytes]:
        """For ``unpacked``."""
        return [self._others.tobytes(), self._begins.tobytes()]

    @classmethod
    def unpacked(cls, others: bytes, begins: bytes) -> Self:
        """As it was packed."""
        import numpy as np

        made = cls.__new__(cls)
        made._others, made._begins = (np.frombuffer(part, dtype="<i4") for part in (others, begins))
        return made


class Named:
    """The names of a library's documents."""

    def __init__(self, sources: Iterable[Nameable]) -> None:
        """Nothing of them is kept but words: what thousands of small objects cost is the garbage collector's looking at them."""
        import numpy as np

        self._documents: list[str] = []
        called: list[str] = []
        for source in sources:
            self._documents.append(source.document)
            file = source.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            called.append(f"{source.title} {file} {source.author} {source.publisher}".replace(_END, " "))
        self._places = {document: at for at, document in enumerate(self._documents)}
        found = _words_and_ends("".join(f"{name} {_END} " for name in called).lower())
        numbers = {word: number for number, word in enumerate(dict.fromkeys((_END, *found)))}
        words = np.fromiter(map(numbers.__getitem__, found), dtype=np.int64, count=len(found))
        self._documents_of = _Groups(words, np.cumsum(words == 0), count=len(numbers))
        """A word's number -> the documents that have it in a name, by their places."""
        whole = [_whole(word) for word in numbers]
        apart = [(number, piece) for number, word in enumerate(numbers) if not whole[number] for piece in _pieces(word)]
        pieces = [*filter(None, whole), *(piece for _, piece in apart)]
        holders = [*(number for number, piece in enumerate(whole) if piece), *(number for number, _ in apart)]
        self._pieces = {piece: at for at, piece in enumerate(dict.fromkeys(pieces))}
        places = np.fromiter(map(self._pieces.__getitem__, pieces), dtype=np.int64, count=len(pieces))
        self._words_of = _Groups(places, np.array(holders, dtype=np.int64), count=len(self._pieces))
        """A piece's number -> the words that have it."""

    def packed(self) -> bytes:
        """For ``unpacked``: in a large library a fiftieth of the time."""
        parts = [*self._documents_of.packed(), *self._words_of.packed()]
        head = json.dumps([VERSION, self._documents, list(self._pieces), [len(part) for part in parts]]).encode()
        return b"".join([len(head).to_bytes(4, "little"), head, *parts])

    @classmethod
    def unpacked(cls, packed: bytes) -> Self | None:
        """As they were packed; None where another version packed them."""
        end = 4 + int.from_bytes(packed[:4], "little")
        version, documents, pieces, sizes = json.loads(packed[4:end])
        if version != VERSION:
            return None
        ends = [end, *(end + sum(sizes[: at + 1]) for at in range(len(sizes)))]
        others, begins, words, begin_words = (packed[start:stop] for start, stop in pairwise(ends))
        made = cls.__new__(cls)
        made._documents, made._pieces = documents, {piece: at for at, piece in enumerate(pieces)}
        made._places = {document: at for at, document in enumerate(documents)}
        made._documents_of, made._words_of = _Groups.unpacked(others, begins), _Groups.unpacked(words, begin_words)
        return made

    def scores(self, question: str, *, among: Iterable[str] | None = None) -> NameScores:
        """Document -> 0 to 1, only those with a name in the question; near 1 for the best when what it shares is rare.

        ``among``: as if the library had only these documents.
        """
        import numpy as np

        masses = np.zeros(len(self._documents))
        allowed = np.full(len(masses) + 1, among is None)  # the last for those that are unknown
        allowed[np.fromiter(map(self._places.get, among or (), repeat(-1)), dtype=np.int64)] = True
        allowed = allowed[:-1]
        documents = int(allowed.sum())
        for piece in dict.fromkeys(_asked(question)):
            if piece not in self._pieces:
                continue
            holds = np.zeros(len(masses), dtype=bool)
            for word in self._words_of[self._pieces[piece]]:
                holds[self._documents_of[word]] = True
            holds &= allowed
            holders = int(holds.sum())
            masses[holds] += math.log1p((documents - holders + 0.5) / (holders + 0.5))
        return NameScores(self._documents, self._places, (masses / (masses.max(initial=0.0) + 1)) ** _SHARPNESS)


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


def _whole(word: str) -> str:
    """The one piece of a word that is nothing but letters or nothing but digits, as nearly all are; empty for others."""
    if word.isalpha():
        return stem(word)
    return word if word.isascii() and word.isdigit() else ""


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(character.isdigit() for character in word)


def _pieces(text: str) -> Iterator[str]:
    """Words as they are and taken apart at digits: "2023Q2" gives 2023q2, 2023 and q2."""
    for word in map(str.lower, _WORD.findall(text)):
        yield stem(word)
        for piece in _PIECE.findall(word):
            yield stem(piece)
