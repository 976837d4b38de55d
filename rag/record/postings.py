"""Words and where they stand: BM25 over everything in milliseconds, by the arithmetic of SQLite's FTS5 and with its words.

FTS5 counts a word's rows anew for every question and looks up every row's length one by one: 370 ms at 200,000 chunks. Here the places
of a word lie in one piece for 20,000 chunks at a time, and a question adds up a dozen arrays.
"""

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from rag.record.codes import reached
from rag.record.lexical import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEGMENT = 20_000
"""Chunks a segment; places are numbered in two bytes."""
_BATCH = 2_000
_MOST_COUNTED = 255
_K1, _B, _LEAST_WEIGHT = 1.2, 0.75, 1e-6
"""FTS5's."""
_TOKENIZER = "porter unicode61 remove_diacritics 2"
"""The lexical index's."""
_TABLED = 16
_TERMS: dict[str, tuple[str, ...]] = {}
"""Of words of questions, which come again; the tokenizer is one for all records."""
_TERMS_KEPT = 65_536
_DESK = (
    f"CREATE VIRTUAL TABLE temp.desk USING fts5 (header, text, content = '', tokenize = '{_TOKENIZER}')",
    "CREATE VIRTUAL TABLE temp.desk_words USING fts5vocab (temp, desk, instance)",
    "CREATE VIRTUAL TABLE temp.desk_counts USING fts5vocab (temp, desk, row)",
)
_IN_TEXT = 1 << 14
"""What the position of a word of the text is more than how many words stand before it there, so that none follows one of the header."""
_POSITION = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Chunks in the order of their numbers, and where their words stand."""

    chunks: "NDArray[np.int64]"
    lengths: "NDArray[np.int64]"
    """Words of each."""
    places: Mapping[str, bytes] = field(repr=False)
    """Empty for one whose places are in the record."""
    positions: Mapping[str, bytes] = field(repr=False)
    """As the places."""
    positioned: bool = True
    """False for one of an earlier version, which has no positions."""


def segment(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> Segment:
    """Of (chunk number, header, text) in the order of the numbers, at most SEGMENT."""
    import numpy as np

    chunks: list[int] = []
    lengths = [np.empty(0, dtype=np.int64)]
    found: defaultdict[str, list[tuple[bytes, bytes, bytes]]] = defaultdict(list)
    for batch in _batches(rows):
        with _on_desk(connection, [text for _, *text in batch]):
            lengths.append(_put_places(connection, found, first=len(chunks), count=len(batch)))
        chunks += [number for number, *_ in batch]
    parts = {word: [b"".join(part) for part in zip(*some, strict=True)] for word, some in found.items()}
    return Segment(
        chunks=np.array(chunks, dtype=np.int64),
        lengths=np.concatenate(lengths),
        places={word: places + often for word, (places, often, _) in parts.items()},
        positions={word: positions for word, (_, _, positions) in parts.items()},
    )


def _put_places(
    connection: sqlite3.Connection, found: defaultdict[str, list[tuple[bytes, bytes, bytes]]], *, first: int, count: int
) -> "NDArray[np.int64]":
    """Adds of each word on the desk its places from ``first`` on, how often it stands there and where; how many words each text has."""
    import numpy as np

    counts = connection.execute("SELECT term, cnt FROM temp.desk_counts ORDER BY term").fetchall()
    sql = f"SELECT doc, offset + (col = 'text') * {_IN_TEXT} FROM temp.desk_words"  # by term, text, column and offset
    table = np.fromiter(chain.from_iterable(connection.execute(sql)), dtype=np.int64).reshape(-1, 2)
    rows, positions = table[:, 0], np.minimum(table[:, 1], _POSITION - 1).astype("<u2")
    ends = np.cumsum([times for _, times in counts], dtype=np.int64)  # of each word
    begins = np.ones(len(rows), dtype=bool)  # of each word in each text
    begins[1:] = np.diff(rows) != 0
    begins[ends[:-1]] = True
    starts = np.flatnonzero(begins)
    often = np.diff([*starts, len(rows)])
    kept = np.arange(len(rows)) - np.repeat(starts, often) < _MOST_COUNTED
    at, held_to = np.searchsorted(starts, ends).tolist(), np.cumsum(kept)[ends - 1].tolist()
    places, times, positions = (rows[starts] + first).astype("<u2"), np.minimum(often, _MOST_COUNTED).astype(np.uint8), positions[kept]
    begin = held = 0
    for (word, _), end, to in zip(counts, at, held_to, strict=True):
        found[word].append((places[begin:end].tobytes(), times[begin:end].tobytes(), positions[held:to].tobytes()))
        begin, held = end, to
    return np.bincount(rows, minlength=count)


def joined(segments: Sequence[Segment]) -> Segment:
    """One of several that follow each other, at most SEGMENT chunks together."""
    import numpy as np

    places: defaultdict[str, list[bytes]] = defaultdict(list)
    often: defaultdict[str, list[bytes]] = defaultdict(list)
    at = 0
    for one in segments:
        for word, held in one.places.items():
            count = len(held) // 3
            places[word].append((np.frombuffer(held, dtype="<u2", count=count) + np.uint16(at)).tobytes())
            often[word].append(held[2 * count :])
        at += len(one.chunks)
    return Segment(
        chunks=np.concatenate([one.chunks for one in segments]),
        lengths=np.concatenate([one.lengths for one in segments]),
        places={word: b"".join((*found, *often[word])) for word, found in places.items()},
        positions={word: b"".join(one.positions.get(word, b"") for one in segments) for word in places},
    )


def _batches(rows: Iterable[tuple[int, str, str]]) -> Iterator[list[tuple[int, str, str]]]:
    batch: list[tuple[int, str, str]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _on_desk(connection: sqlite3.Connection, texts: Iterable[Sequence[str]]) -> Iterator[None]:
    """(header, text) of each, taken apart by FTS5's own tokenizer."""
    if not connection.execute("SELECT 1 FROM temp.sqlite_schema WHERE name = 'desk'").fetchall():
        for statement in _DESK:
            connection.execute(statement)
    connection.executemany("INSERT INTO temp.desk (rowid, header, text) VALUES (?, ?, ?)", ((at, *text) for at, text in enumerate(texts)))
    yield
    connection.execute("INSERT INTO temp.desk (desk) VALUES ('delete-all')")


def terms(connection: sqlite3.Connection, words: Sequence[str]) -> list[tuple[str, ...]]:
    """Each word as the index holds it: several where FTS5 takes it apart, such as "third-quarter"; four statements for all new ones."""
    known = {word: _TERMS[word] for word in words if word in _TERMS}
    if new := [word for word in dict.fromkeys(words) if word not in known]:
        apart: defaultdict[int, list[str]] = defaultdict(list)
        with _on_desk(connection, [("", word) for word in new]):
            for term, at in connection.execute("SELECT term, doc FROM temp.desk_words ORDER BY doc, offset"):
                apart[at].append(term)
        known |= {word: tuple(apart[at]) for at, word in enumerate(new)}
        if len(_TERMS) + len(known) > _TERMS_KEPT:
            _TERMS.clear()
        _TERMS.update(known)
    return [known[word] for word in words]


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a word stands."""

    count: int
    """Live chunks that hold it."""
    rows: "NDArray[np.int64]" = field(repr=False)
    """Those chunks'; empty for a word in more than half of them, unless they were asked for."""
    shares: "NDArray[np.float64]" = field(repr=False)
    """What each scores for it before the word's weight."""

    @property
    def bytes(self) -> int:
        """How much of memory it takes."""
        return self.rows.nbytes + self.shares.nbytes


class Postings:
    """The segments of a record, the last in memory where chunks came since, and which of their chunks live."""

    def __init__(self, segments: Sequence[Segment], *, stored: Sequence[int], live: "NDArray[np.int64]") -> None:
        """``stored``: number of each segment that is in the record; these come first. ``live``: chunk numbers, ascending."""
        import numpy as np

        starts = np.cumsum([0, *(len(one.chunks) for one in segments)]).tolist()
        self._starts = dict(zip(stored, starts, strict=False))
        self._recent = list(zip(segments[len(stored) :], starts[len(stored) :], strict=False))
        self._positioned = all(one.positioned for one in segments)
        self.numbers: NDArray[np.int64] = np.concatenate([one.chunks for one in segments])
        """The chunks' numbers, row by row."""
        self._order = np.argsort(self.numbers, kind="stable")
        self._live = is_among(self.numbers, live)
        self._all_live = bool(self._live.all())
        self.count = int(self._live.sum())
        """Live chunks."""
        lengths = np.concatenate([one.lengths for one in segments]).astype(np.float64)
        mean = float(lengths[self._live].sum()) / max(1, self.count)
        self._saturation = _K1 * (1 - _B + _B * lengths / (mean or 1.0))

    def places(self, connection: sqlite3.Connection, words: Sequence[str], *, common: bool = False) -> list[Places]:
        """Of each word of a question, in live chunks; ``common``: also where it stands in more than half of them."""
        apart = terms(connection, words)
        stored: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
        sql = "SELECT word, segment, places FROM postings WHERE word IN (SELECT value FROM json_each(?)) ORDER BY word, segment"
        for term, number, blob in connection.execute(sql, [json.dumps(sorted({term for one in apart for term in one}))]):
            if number in self._starts:
                stored[term].append((self._starts[number], blob))
        for one, start in self._recent:
            for term in {term for some in apart for term in some if term in one.places}:
                stored[term].append((start, one.places[term]))
        return [
            self._places(stored[one[0]], common=common) if len(one) == 1 else self._phrase(connection, word, one, stored)
            for word, one in zip(words, apart, strict=True)
        ]

    def _places(self, blobs: Sequence[tuple[int, bytes]], *, common: bool) -> Places:
        """Of (a segment's first row, places in it and how often the word stands there)."""
        import numpy as np

        sizes = [len(blob) // 3 for _, blob in blobs]
        if self._all_live and not common and self.weight(sum(sizes)) == _LEAST_WEIGHT:
            return Places(count=sum(sizes), rows=np.empty(0, dtype=np.int64), shares=np.empty(0))
        rows, often, at = np.empty(sum(sizes), dtype=np.int64), np.empty(sum(sizes)), 0
        for (start, blob), size in zip(blobs, sizes, strict=True):
            np.add(np.frombuffer(blob, dtype="<u2", count=size), start, out=rows[at : at + size], dtype=np.int64)
            often[at : at + size] = np.frombuffer(blob, dtype=np.uint8, offset=2 * size)
            at += size
        return self._shared(rows, often)

    def _shared(self, rows: "NDArray[np.int64]", often: "NDArray[np.float64]") -> Places:
        """Of rows, live or not, and how often a word or phrase stands in each, which is written over."""
        if not self._all_live:
            lives = self._live[rows]
            rows, often = rows[lives], often[lives]
        below = self._saturation[rows]
        below += often
        often /= below
        often *= _K1 + 1
        return Places(count=len(rows), rows=rows, shares=often)

    def _phrase(
        self, connection: sqlite3.Connection, word: str, apart: Sequence[str], places: Mapping[str, Sequence[tuple[int, bytes]]]
    ) -> Places:
        """Of a word that FTS5 takes apart and finds as a phrase, from the places of its parts."""
        import numpy as np

        if not self._positioned:
            return self._phrase_of_before(connection, word)
        held = [dict(places.get(term, ())) for term in apart]
        shared = set.intersection(*map(set, held)) if held else set()
        positions = self._positions(connection, apart, among=shared)
        found, times = [np.empty(0, dtype=np.int64)], [np.empty(0)]
        for start in sorted(shared):
            first, *others = (_keys(blobs[start], positions[start][term]) for term, blobs in zip(apart, held, strict=True))
            for step, other in enumerate(others, start=1):
                first = first[other[np.minimum(np.searchsorted(other, first + step), len(other) - 1)] == first + step]
            rows, often = np.unique(first // _POSITION, return_counts=True)
            found.append(rows + start)
            times.append(often.astype(np.float64))
        return self._shared(np.concatenate(found), np.concatenate(times))

    def _positions(self, connection: sqlite3.Connection, words: Iterable[str], *, among: Collection[int]) -> dict[int, dict[str, bytes]]:
        """First row of each of these segments -> word -> its positions there."""
        found: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
        numbers = {number: start for number, start in self._starts.items() if start in among}
        sql = """SELECT segment, word, positions FROM positions WHERE word IN (SELECT value FROM json_each(?))
            AND segment IN (SELECT value FROM json_each(?))"""
        for number, word, blob in connection.execute(sql, [json.dumps(sorted(set(words))), json.dumps(sorted(numbers))]):
            found[numbers[number]][word] = blob
        for one, start in self._recent:
            found[start] = {word: one.positions[word] for word in words if word in one.positions}
        return found

    def _phrase_of_before(self, connection: sqlite3.Connection, word: str) -> Places:
        """As FTS5 scores it, which takes ten times as long: while there are segments without positions."""
        import numpy as np

        found = connection.execute("SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ?", [quoted(word)]).fetchall()
        if not found:
            return Places(count=0, rows=self.numbers[:0], shares=self._saturation[:0])
        table = np.array(found, dtype=np.float64)
        rows = self._order[np.minimum(np.searchsorted(self.numbers, table[:, 0], sorter=self._order), len(self._order) - 1)]
        held = self._live[rows] & (self.numbers[rows] == table[:, 0])
        whole = self.count if held.all() else int(connection.execute("SELECT count(*) FROM lexical_docsize").fetchone()[0])
        return Places(count=int(held.sum()), rows=rows[held], shares=table[held, 1] / self.weight(len(found), among=whole))

    def weight(self, holders: int, *, among: int | None = None) -> float:
        """Inverse document frequency of a word that so many chunks hold, of the live ones unless ``among`` says of how many."""
        return max(math.log(((among or self.count) - holders + 0.5) / (holders + 0.5)), _LEAST_WEIGHT)

    def scores(self, words: Iterable[Places]) -> "NDArray[np.float64]":
        """BM25 of every row, shape (rows,), as far as the words' places are given."""
        import numpy as np

        scores = np.zeros(len(self.numbers))
        for word in words:
            scores[word.rows] += self.weight(word.count) * word.shares
        return scores

    def rows_of(self, numbers: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """The row of each of these live chunks."""
        return self._order[self.numbers.searchsorted(numbers, sorter=self._order)]

    def best(self, scores: "NDArray[np.float64]", *, k: int, within: "NDArray[np.int64] | None" = None) -> list[tuple[int, float]]:
        """(chunk number, score) of the ``k`` best above zero and of those that equal the last; ``within``: of these rows."""
        import numpy as np

        rows = np.arange(len(scores)) if within is None else within
        scores = scores if within is None else scores[within]
        above = np.flatnonzero((scores > 0) & (scores >= reached(scores, by=k)))
        least = float(np.partition(scores[above], -k)[-k]) if len(above) > k else 0.0
        chosen = above[scores[above] >= least]
        return list(zip(self.numbers[rows[chosen]].tolist(), scores[chosen].tolist(), strict=True))


def _keys(blob: bytes, positions: bytes) -> "NDArray[np.int64]":
    """Place and position in one number of every time that a word stands in a segment, ascending."""
    import numpy as np

    count = len(blob) // 3
    rows = np.frombuffer(blob, dtype="<u2", count=count).astype(np.int64)
    keys: NDArray[np.int64] = np.repeat(rows * _POSITION, np.frombuffer(blob, dtype=np.uint8, offset=2 * count))
    keys += np.frombuffer(positions, dtype="<u2")
    return keys


def is_among(numbers: "NDArray[np.int64]", others: "NDArray[np.int64]") -> "NDArray[np.bool_]":
    """True where a number is one of ``others``, which ascend. By a table of all that lie between the first and the last, a byte each, where
    these are not too many: a search for each number takes seven times as long."""
    import numpy as np

    if not len(others):
        return np.zeros(len(numbers), dtype=bool)
    first, last = int(others[0]), int(others[-1])
    if last - first < _TABLED * len(numbers):
        table = np.zeros(last - first + 2, dtype=bool)  # the last for those outside
        table[others - first] = True
        return table[np.where((numbers >= first) & (numbers <= last), numbers - first, last - first + 1)]
    found: NDArray[np.bool_] = others[np.minimum(np.searchsorted(others, numbers), len(others) - 1)] == numbers
    return found
