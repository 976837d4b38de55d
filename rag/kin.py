"""Documents that are the same in other words: near-duplicates by their text, editions by their titles."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from zlib import crc32

from rag.types import Source

SHINGLE = 5
"""Words in a row."""
KEPT = 128
"""Hashes kept of each document: the likeness is known to about 0.04."""
ALIKE = 0.8
"""Share of common shingles from which two documents count as the same text: a wire story with another headline has 0.9 and more."""

_WORD = re.compile(r"[^\W_]+")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_PERIOD = re.compile(
    rf"\b(?:(?:fy|cy)?\s?(?:19|20)\d\d(?:\s?[-/–]\s?(?:(?:19|20)?\d\d))?|[qh][1-4]|[1-4]q|\d{{1,2}}\s+(?:{_MONTH})|(?:{_MONTH})(?=\s+\d))\b",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition|ed)\.?\s?(\d+(?:\.\d+)*)\b|\b(\d+)(?:st|nd|rd|th)\s+(?:edition|ed)\b"
    r"|\b(draft|final|revised|updated|corrected|corrigendum|copy)\b|\((\d{1,2})\)",
    re.IGNORECASE,
)
_ORDER = {"draft": -1, "copy": 0, "": 0, "final": 1_000, "updated": 2_000, "revised": 2_000, "corrected": 3_000, "corrigendum": 3_000}


# ── near-duplicates ───────────────────────────────────────────────────────────────────────────────────────────────


def sketch(text: str) -> bytes:
    """The ``KEPT`` smallest different hashes of the text's shingles, ascending, 4 bytes each."""
    words = [word.encode() for word in _WORD.findall(text.lower())]
    joined, ends = b" ".join(words), list(accumulate(len(word) + 1 for word in words))
    spans = zip([0, *ends], ends[SHINGLE - 1 :] or ends[-1:], strict=False)
    hashes = {crc32(joined[start : end - 1]) for start, end in spans}
    return b"".join(value.to_bytes(4, "big") for value in sorted(hashes)[:KEPT])


def likeness(one: bytes, other: bytes) -> float:
    """Share of shingles in common, estimated, 0 to 1."""
    first, second = set(_hashes(one)), set(_hashes(other))
    smallest = sorted(first | second)[:KEPT]
    return sum(value in first and value in second for value in smallest) / len(smallest) if smallest else 0.0


def alike(sketches: Mapping[str, bytes], *, at_least: float = ALIKE) -> list[tuple[str, ...]]:
    """Groups of documents with nearly the same text, each sorted, two at least. Compares only those that share small hashes."""
    parent = {document: document for document in sketches}

    def root(document: str) -> str:
        while parent[document] != document:
            document = parent[document]
        return document

    for one, other in sorted(_candidates(sketches)):
        if root(one) != root(other) and likeness(sketches[one], sketches[other]) >= at_least:
            parent[max(root(one), root(other))] = min(root(one), root(other))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for document in sorted(sketches):
        groups[root(document)].append(document)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _candidates(sketches: Mapping[str, bytes], *, looked_at: int = 12) -> set[tuple[str, str]]:
    """Two documents with 0.8 in common share one of their 12 smallest hashes but for a chance in a million."""
    having: defaultdict[int, list[str]] = defaultdict(list)
    for document, hashes in sketches.items():
        for value in list(_hashes(hashes))[:looked_at]:
            having[value].append(document)
    return {(min(pair), max(pair)) for documents in having.values() for pair in _pairs(documents)}


def _pairs(documents: list[str]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(documents):
        for other in documents[place + 1 : place + 200]:
            yield one, other


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
    found: dict[str, Edition] = {}
    for (name, _), members in families.items():
        if len(members) < 2 or not name:
            continue
        ordered = sorted(members, key=_age)
        for source in ordered:
            same = [
                other
                for other in ordered
                if period(other.title) == period(source.title) and _version(other.title) != _version(source.title)
            ]
            later = [other for other in same if _age(other) > _age(source)]
            found[source.document] = Edition(
                document=source.document,
                family=name,
                period=period(source.title),
                superseded_by=later[-1].document if later else "",
                newest=source == ordered[-1],
            )
    return found


def family(title: str) -> str:
    """ "Market Monitor Q1 2026 (revised)" and "Market monitor, Q2 2026" are of the family "market monitor"."""
    return " ".join(_WORD.findall(_VERSION.sub(" ", _PERIOD.sub(" ", title)).lower()))


def period(title: str) -> str:
    """The dates a title names, in its order, lower case."""
    return " ".join(" ".join(found.split()) for found in _PERIOD.findall(title.lower()))


def _age(source: Source) -> tuple[str, int, float, str]:
    """Older first: by day, and within a day by version."""
    rank, number = _version(source.title)
    return (source.published.isoformat(), rank, number, source.path)


def _version(title: str) -> tuple[int, float]:
    marks = list(_VERSION.finditer(title))
    words = [(mark[3] or "").lower() for mark in marks]
    numbers = [number for mark in marks for number in (mark[1], mark[2]) if number]
    return max((_ORDER[word] for word in words), key=abs, default=0), float(".".join(numbers[0].split(".")[:2])) if numbers else 0.0
