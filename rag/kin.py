"""Documents that are the same in other words: near-duplicates by their text, editions by their titles."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from rag.patterns import regex
from rag.types import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Row: TypeAlias = NDArray[np.int64]

SHINGLE = 5
"""Words in a row."""
KEPT = 128
"""Hashes kept of each document: the likeness is known to about 0.04."""
ALIKE = 0.8
"""Share of common shingles from which two documents count as the same text: a wire story with another headline has 0.9 and more."""

_WORD = regex(r"[^\W_]+")
_NOT_ASCII = regex(r"[^\x00-\x7f]")
_BLANKED = bytes(code if code >= 128 or chr(code).isalnum() else ord(" ") for code in range(256))
"""Bytes of UTF-8: what is no letter or digit of ASCII is a blank, the others stay."""
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_SEASON = "spring|summer|autumn|fall|winter"
_PERIOD = regex(
    rf"\b(?:(?:fy|cy)?\s?(?:19|20)\d\d(?:\s?[-/–]\s?(?:(?:19|20)?\d\d))?|[qh][1-4]|[1-4]q|\d{{1,2}}\s+(?:{_MONTH})|(?:{_MONTH}|{_SEASON})(?=\s+\d))\b",
    re.IGNORECASE,
)
_VERSION = regex(
    r"\b(?:v|ver|version|rev|revision|edition|ed)\.?\s?(\d+(?:\.\d+)*)\b|\b(\d+)(?:st|nd|rd|th)\s+(?:edition|ed)\b"
    r"|\b(draft|final|revised|updated|corrected|corrigendum|copy)\b|\((\d{1,2})\)",
    re.IGNORECASE,
)
_FINAL = 1_000
_ORDER = {"draft": -1, "copy": 0, "": 0, "final": _FINAL, "updated": 2_000, "revised": 2_000, "corrected": 3_000, "corrigendum": 3_000}


# ── near-duplicates ───────────────────────────────────────────────────────────────────────────────────────────────


def sketch(text: str) -> bytes:
    """The ``KEPT`` smallest different hashes of the text's shingles, ascending, 4 bytes each."""
    import numpy as np

    words = _words(text.lower())
    if not words:
        return b""
    runs = zip(*(words[start:] for start in range(SHINGLE)), strict=False) if len(words) >= SHINGLE else [words]
    hashes = np.array(list(map(crc32, map(b" ".join, runs))), dtype=np.uint32)
    hashes.sort()  # a set, or np.unique, takes longer
    least: NDArray[np.uint32] = hashes[np.append(True, hashes[1:] != hashes[:-1])][:KEPT]
    return least.astype(">u4").tobytes()


def _words(text: str) -> list[bytes]:
    """Runs of letters and digits; two to six times faster than an expression that finds them."""
    if not text.isascii():
        for mark in set(_NOT_ASCII.findall(text)):
            text = text if mark.isalnum() else text.replace(mark, " ")
    return text.encode().translate(_BLANKED).split()


def likeness(one: bytes, other: bytes) -> float:
    """Share of shingles in common, estimated, 0 to 1."""
    first, second = set(_hashes(one)), set(_hashes(other))
    smallest = sorted(first | second)[:KEPT]
    return sum(value in first and value in second for value in smallest) / len(smallest) if smallest else 0.0


def alike(sketches: Mapping[str, bytes], *, at_least: float = ALIKE) -> list[tuple[str, ...]]:
    """Groups of documents with nearly the same text, each sorted, two at least: what hangs together by pairs whose likeness is
    ``at_least`` that. Which pairs must be compared is told without looking at them all (``_Crowd``)."""
    filled = {document: sketches[document] for document in sorted(sketches) if sketches[document]}
    twins: defaultdict[bytes, list[str]] = defaultdict(list)
    for document, hashes in filled.items():
        twins[hashes].append(document)
    crowd = _Crowd(list(twins), at_least=at_least)
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for label, documents in zip(crowd.labels(), twins.values(), strict=True):
        groups[label] += documents
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def copies(sketches: Mapping[str, bytes], sources: Iterable[Source]) -> dict[str, str]:
    """Each document with nearly the text of other ones -> the oldest of them, by path among those of one day, which is not in it."""
    known = {source.document: source for source in sources}
    found: dict[str, str] = {}
    for group in alike({document: hashes for document, hashes in sketches.items() if document in known}):
        first = min(group, key=lambda document: (known[document].published, known[document].path))
        found |= {document: first for document in group if document != first}
    return found


class _Crowd:
    """Different sketches, as a matrix of hash numbers that keep the hashes' order: a row a sketch, filled up with a number of no hash."""

    def __init__(self, sketches: Sequence[bytes], *, at_least: float) -> None:
        import numpy as np

        self._sketches, self._at_least = sketches, at_least
        rows = [np.frombuffer(sketch, dtype=">u4") for sketch in sketches]
        self._lengths = np.array([len(row) for row in rows], dtype=np.int64)
        values, numbers = np.unique(np.concatenate(rows) if rows else np.zeros(0, ">u4"), return_inverse=True)
        self._none = len(values)
        self._matrix = np.full((len(rows), KEPT), self._none, dtype=np.int32)
        self._matrix[np.arange(KEPT) < self._lengths[:, None]] = numbers
        self._label = np.arange(len(rows))
        self._most_uncommon = KEPT * (1 - at_least)

    def labels(self) -> list[int]:
        """A number a sketch; those that hang together have the same."""
        import numpy as np

        owners, starts = self._postings()
        near = np.zeros(len(self._sketches), dtype=bool)
        for row, rare in enumerate(self._rare):
            if len(rare):
                near[:] = False
                for value in rare:
                    near[owners[starts[value] : starts[value + 1]]] = True
                self._join(row, np.flatnonzero(near[:row]))
        return [int(label) for label in self._label]

    def _postings(self) -> "tuple[Row, Row]":
        """(rows by the rare hashes that they hold, where those of each hash begin).

        Two sketches of likeness s share that part of the longer one at least, so they share one of the (1 - s) of their own hashes that
        are rarest in the crowd (prefix filtering: Chaudhuri, Ganti and Kaushik 2006). Boilerplate is not rare.
        """
        import numpy as np

        held_by = np.bincount(self._matrix.ravel(), minlength=self._none + 1)
        held_by[self._none] = len(self._sketches) * KEPT + 1
        ranks = np.argsort(held_by[self._matrix], axis=1, kind="stable")
        ordered = np.take_along_axis(self._matrix, ranks, axis=1)
        shared = np.ceil(self._at_least * self._lengths - 1e-9).astype(np.int64)
        is_rare = np.arange(KEPT) < (self._lengths - shared + 1)[:, None]
        is_rare &= (held_by[ordered] > 1) & (ordered < self._none)
        self._rare = [row[kept] for row, kept in zip(ordered, is_rare, strict=True)]
        owners = np.repeat(np.arange(len(ordered)), is_rare.sum(axis=1))
        values = ordered[is_rare]
        return owners[np.argsort(values, kind="stable")], np.searchsorted(np.sort(values), np.arange(self._none + 2))

    def _join(self, row: int, near: "Row") -> None:
        """Compares one of each group first, then more and more: who has come into the group need not be compared."""
        import numpy as np

        _, first = np.unique(self._label[near], return_index=True)
        for several in (near[first], near[:16], near[:128], near):
            others = several[self._label[several] != self._label[row]]
            for other in self._like(row, others) if len(others) else ():
                if self._label[other] != self._label[row]:
                    one, two = sorted((self._label[other], self._label[row]))
                    self._label[self._label == two] = one

    def _like(self, row: int, others: "Row") -> "list[int]":
        """Those with the likeness. Up to any hash, what only one of two sketches holds can but grow: too much of it within the smallest
        ``KEPT`` of both is a no, little enough of it in more than those is a yes; the few that stay open are counted out."""
        import numpy as np

        own = self._matrix[row, : self._lengths[row]]
        held = np.zeros(self._none + 1, dtype=np.int16)
        held[own] = 1
        found: list[int] = []
        common = np.zeros(len(others), dtype=np.int64)
        for start, end in _STRIDES:
            common += held[self._matrix[others, start:end]].sum(axis=1)
            mine = np.searchsorted(own, self._matrix[others, end - 1], side="right")
            both = mine + np.minimum(end, self._lengths[others]) - common
            uncommon = both - common
            yes = (both >= KEPT) & (uncommon <= self._most_uncommon - 1e-6)
            found += others[yes].tolist()
            left = ~yes & ~((both <= KEPT) & (uncommon > self._most_uncommon + 1e-6))
            others, common = others[left], common[left]
        return [*found, *others[self._likeness(held, others) >= self._at_least].tolist()]

    def _likeness(self, held: "NDArray[np.int16]", others: "Row") -> "NDArray[np.float64]":
        """As ``likeness``, of the sketch that holds these hashes with each of the others."""
        import numpy as np

        rows = self._matrix[others]
        is_common = held[rows]
        mine = held.cumsum(dtype=np.int16)[rows]
        both = mine + np.minimum(np.arange(1, KEPT + 1), self._lengths[others][:, None]) - is_common.cumsum(axis=1, dtype=np.int16)
        union = both[:, -1] + held.sum() - mine[:, -1]
        share: NDArray[np.float64] = (is_common * (both <= KEPT)).sum(axis=1) / np.minimum(KEPT, union)
        return share


_STRIDES = ((0, 32), (32, 64), (64, 80), (80, 96), (96, 104), (104, 112), (112, 120), (120, KEPT))
"""Places of a sketch looked at together."""


def _hashes(data: bytes) -> Iterator[int]:
    return (int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4))


# ── editions ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """A document's place in its family: the documents with the same title but for date and version."""

    document: str
    family: str
    """The title without them, lower case."""
    period: str
    """The dates in the title; empty without any."""
    superseded_by: str
    """The newest document of the same family and period, where that is another one; empty otherwise. A monitor of the second quarter
    does not supersede the first quarter's; a revised one does."""
    newest: bool
    """Whether no document of the family is newer."""


def editions(sources: Iterable[Source]) -> dict[str, Edition]:
    """Of all documents that share their family with another one and its publisher or format, by document."""
    families: defaultdict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in sources:
        families[family(source.title), source.publisher.lower()].append(source)
    newer = superseded(source for members in families.values() for source in members)
    found: dict[str, Edition] = {}
    for (name, _), members in families.items():
        if len(members) < 2 or not name:
            continue
        newest = max(members, key=_age)
        for source in members:
            found[source.document] = Edition(
                document=source.document,
                family=name,
                period=period(source.title),
                superseded_by=newer.get(source.document, ""),
                newest=source is newest,
            )
    return found


def superseded(sources: Iterable[Source]) -> dict[str, str]:
    """Document -> the newest of them that replaces it, for those that are replaced by another one of their family and its publisher."""
    groups: defaultdict[tuple[str, str, str], list[Source]] = defaultdict(list)
    for source in sources:
        if name := family(source.title):
            groups[name, period(source.title), source.publisher.lower()].append(source)
    several = (sorted(same, key=_age) for same in groups.values() if len(same) > 1)
    found = ((source.document, _successor(source, same)) for same in several for source in same)
    return {document: successor for document, successor in found if successor}


def _successor(source: Source, same: Sequence[Source]) -> str:
    """The newest that replaces it, of these that are in order of age; empty without one."""
    return next((other.document for other in reversed(same) if replaces(other, source)), "")


def replaces(newer: Source, older: Source) -> bool:
    """Whether one document is a later version of the other: "Memo, v2" of "Memo", "Monitor Q1 (revised)" of "Monitor Q1".

    Documents whose titles say nothing of a version are told by the names of their files: "memo_v2" and "memo FINAL" of one title.
    A draft replaces drafts only, whenever it was written.
    """
    before, after = _version_of(older), _version_of(newer)
    if before == after or not _is_later(newer, older):
        return False
    if family(newer.title) != family(older.title) or not family(newer.title) or period(newer.title) != period(older.title):
        return False
    return _version(newer.title) != _version(older.title) or _are_files_of_one(_stem(newer.path), _stem(older.path))


def _are_files_of_one(newer: str, older: str) -> bool:
    """Whether two files' names differ in their versions only, or in the day they were made as well, where the newer one is final."""
    is_done = _version(older)[0] < _FINAL <= _version(newer)[0] and _version(older) != (0, 0.0)
    return family(newer) == family(older) and (period(newer) == period(older) or is_done)


def _stem(path: str) -> str:
    return PurePosixPath(path).stem.replace("_", " ")


def _version_of(source: Source) -> tuple[int, float]:
    """Of its title, else of its file's name."""
    return _version_told(source.title, source.path)


@lru_cache(maxsize=65_536)
def family(title: str) -> str:
    """ "Market Monitor Q1 2026 (revised)" and "Market monitor, Q2 2026" are of the family "market monitor"."""
    return " ".join(_WORD.findall(_VERSION.sub(" ", _PERIOD.sub(" ", title)).lower()))


@lru_cache(maxsize=65_536)
def period(title: str) -> str:
    """The dates a title names, in its order, lower case."""
    return " ".join(" ".join(found.split()) for found in _PERIOD.findall(title.lower()))


def _is_later(one: Source, other: Source) -> bool:
    """By day and version; by version alone where a file's clock dates one of them: a copy made today is no news."""
    if "mtime" in (one.published_from, other.published_from):
        return _version_of(one) > _version_of(other)
    return _age(one) > _age(other)


def _age(source: Source) -> tuple[bool, str, int, float, str]:
    """Older first: drafts, then by day, and within a day by version."""
    rank, number = _version_of(source)
    return (rank != _ORDER["draft"], source.published.isoformat(), rank, number, source.path)


@lru_cache(maxsize=65_536)
def _version_told(title: str, path: str) -> tuple[int, float]:
    return _version(title if _VERSION.search(title) else _stem(path))


@lru_cache(maxsize=65_536)
def _version(title: str) -> tuple[int, float]:
    marks = list(_VERSION.finditer(title))
    words = [(mark[3] or "").lower() for mark in marks]
    numbers = [number for mark in marks for number in (mark[1], mark[2]) if number]
    return max((_ORDER[word] for word in words), key=abs, default=0), float(".".join(numbers[0].split(".")[:2])) if numbers else 0.0
