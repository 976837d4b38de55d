"""Words and where they stand: BM25 over everything in milliseconds, by the arithmetic of SQLite's FTS5 and with its words.

FTS5 counts a word's rows anew for every question and looks up every row's length one by one: 370 ms at 200,000 chunks. Here the places
of a word lie in one piece for 20,000 chunks at a time, and a question adds up a dozen arrays.
"""

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rag.record.lexical import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Piece: TypeAlias = tuple[int, NDArray[np.int64], NDArray[np.float64]]
    """(a segment's first row, places in it that hold a word, what each scores for it before the word's weight)."""

SEGMENT = 20_000
"""Chunks a segment; places are numbered in two bytes."""
_BATCH = 2_000
_MOST_COUNTED = 255
_K1, _B, _LEAST_WEIGHT = 1.2, 0.75, 1e-6
"""FTS5's."""
_TOKENIZER = "porter unicode61 remove_diacritics 2"
"""The lexical index's."""
_TABLED = 16
_STEMS: dict[str, str] = {}
"""Of words of questions, which come again; the tokenizer is one for all records."""
_STEMS_KEPT = 65_536
_DESK = (
    f"CREATE VIRTUAL TABLE temp.desk USING fts5 (header, text, content = '', tokenize = '{_TOKENIZER}')",
    "CREATE VIRTUAL TABLE temp.desk_words USING fts5vocab (temp, desk, instance)",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Chunks in the order of their numbers, and where their words stand."""

    chunks: "NDArray[np.int64]"
    lengths: "NDArray[np.int64]"
    """Words of each."""
    places: Mapping[str, bytes] = field(repr=False)
    """Empty for one whose places are in the record."""


def segment(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> Segment:
    """Of (chunk number, header, text) in the order of the numbers, at most SEGMENT."""
    import numpy as np

    chunks: list[int] = []
    lengths: list[int] = []
    found: defaultdict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for batch in _batches(rows):
        counted = [0] * len(batch)
        at = len(chunks)
        for (word, row), times in _counted(connection, [text for _, *text in batch]).items():
            places, often = found[word]
            places.append(at + row)
            often.append(min(times, _MOST_COUNTED))
            counted[row] += times
        chunks += [number for number, *_ in batch]
        lengths += counted
    return Segment(
        chunks=np.array(chunks, dtype=np.int64),
        lengths=np.array(lengths, dtype=np.int64),
        places={word: np.array(rows_, dtype="<u2").tobytes() + bytes(often) for word, (rows_, often) in found.items()},
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


def _counted(connection: sqlite3.Connection, texts: Sequence[Sequence[str]]) -> Counter[tuple[str, int]]:
    """(stemmed word, position of the text) -> how often, a word's positions in ascending order; by FTS5's own tokenizer."""
    if not connection.execute("SELECT 1 FROM temp.sqlite_schema WHERE name = 'desk'").fetchall():
        for statement in _DESK:
            connection.execute(statement)
    connection.executemany("INSERT INTO temp.desk (rowid, header, text) VALUES (?, ?, ?)", ((at, *text) for at, text in enumerate(texts)))
    found = connection.execute("SELECT term, doc FROM temp.desk_words").fetchall()
    connection.execute("INSERT INTO temp.desk (desk) VALUES ('delete-all')")
    return Counter(found)


def stemmed(connection: sqlite3.Connection, words: Sequence[str]) -> list[str]:
    """Each word as the index holds it; empty for one that FTS5 takes apart, such as "third-quarter"; four statements for all new ones."""
    known = {word: _STEMS[word] for word in words if word in _STEMS}
    if new := [word for word in dict.fromkeys(words) if word not in known]:
        terms: defaultdict[int, list[str]] = defaultdict(list)
        for (term, at), times in _counted(connection, [("", word) for word in new]).items():
            terms[at] += [term] * times
        known |= {word: terms[at][0] if len(terms[at]) == 1 else "" for at, word in enumerate(new)}
        if len(_STEMS) + len(known) > _STEMS_KEPT:
            _STEMS.clear()
        _STEMS.update(known)
    return [known[word] for word in words]


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a word stands."""

    count: int
    """Live chunks that hold it."""
    pieces: Sequence["Piece"]
    """Empty for a word in more than half of the chunks, unless they were asked for."""


class Postings:
    """The segments of a record, the last in memory where chunks came since, and which of their chunks live."""

    def __init__(self, segments: Sequence[Segment], *, stored: Sequence[int], live: "NDArray[np.int64]") -> None:
        """``stored``: number of each segment that is in the record; these come first. ``live``: chunk numbers, ascending."""
        import numpy as np

        starts = np.cumsum([0, *(len(one.chunks) for one in segments)]).tolist()
        self._starts = dict(zip(stored, starts, strict=False))
        self._recent = list(zip(segments[len(stored) :], starts[len(stored) :], strict=False))
        self.numbers: NDArray[np.int64] = np.concatenate([one.chunks for one in segments])
        """The chunks' numbers, row by row."""
        self._live = is_among(self.numbers, live)
        self._all_live = bool(self._live.all())
        self.count = int(self._live.sum())
        """Live chunks."""
        lengths = np.concatenate([one.lengths for one in segments]).astype(np.float64)
        mean = float(lengths[self._live].sum()) / max(1, self.count)
        self._saturation = _K1 * (1 - _B + _B * lengths / (mean or 1.0))

    def places(self, connection: sqlite3.Connection, word: str, *, common: bool = False) -> Places:
        """Of one word of a question, in live chunks; ``common``: also where it stands in more than half of them."""
        (term,) = stemmed(connection, [word])
        return self._stored(connection, term, common=common) if term else self._phrase(connection, word)

    def _stored(self, connection: sqlite3.Connection, term: str, *, common: bool) -> Places:
        stored = connection.execute("SELECT segment, places FROM postings WHERE word = ? ORDER BY segment", [term])
        blobs = [(self._starts[number], blob) for number, blob in stored if number in self._starts]
        blobs += [(start, one.places[term]) for one, start in self._recent if term in one.places]
        count = sum(len(blob) // 3 for _, blob in blobs)
        if self._all_live and not common and self.weight(count) == _LEAST_WEIGHT:
            return Places(count=count, pieces=())
        pieces = [self._piece(start, blob) for start, blob in blobs]
        return Places(count=sum(len(places) for _, places, _ in pieces), pieces=pieces)

    def _piece(self, start: int, blob: bytes) -> "Piece":
        """Piece by piece the arrays stay in the processor's cache."""
        import numpy as np

        size = len(blob) // 3
        places = np.frombuffer(blob, dtype="<u2", count=size).astype(np.int64)
        often = np.frombuffer(blob, dtype=np.uint8, offset=2 * size).astype(np.float64)
        if not self._all_live:
            lives = self._live[places + start]
            places, often = places[lives], often[lives]
        return start, places, often / (often + self._saturation[start:][places]) * (_K1 + 1)

    def _phrase(self, connection: sqlite3.Connection, word: str) -> Places:
        """Of a word that FTS5 takes apart and finds as a phrase: what it scores without the word's weight."""
        import numpy as np

        found = connection.execute("SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ?", [quoted(word)]).fetchall()
        if not found:
            return Places(count=0, pieces=())
        table = np.array(found, dtype=np.float64)
        order = np.argsort(self.numbers)
        rows = order[np.minimum(np.searchsorted(self.numbers, table[:, 0], sorter=order), len(order) - 1)]
        held = self._live[rows] & (self.numbers[rows] == table[:, 0])
        whole = self.count if held.all() else int(connection.execute("SELECT count(*) FROM lexical_docsize").fetchone()[0])
        return Places(count=int(held.sum()), pieces=[(0, rows[held], table[held, 1] / self.weight(len(found), among=whole))])

    def weight(self, holders: int, *, among: int | None = None) -> float:
        """Inverse document frequency of a word that so many chunks hold, of the live ones unless ``among`` says of how many."""
        return max(math.log(((among or self.count) - holders + 0.5) / (holders + 0.5)), _LEAST_WEIGHT)

    def scores(self, words: Iterable[Places]) -> "NDArray[np.float64]":
        """BM25 of every row, shape (rows,), as far as the words' places are given."""
        import numpy as np

        scores = np.zeros(len(self.numbers))
        for word in words:
            weight = self.weight(word.count)
            for start, places, shares in word.pieces:
                scores[start:][places] += weight * shares
        return scores

    def best(self, scores: "NDArray[np.float64]", *, k: int) -> list[tuple[int, float]]:
        """(chunk number, score) of the ``k`` best above zero and of those that equal the last."""
        import numpy as np

        above = np.flatnonzero(scores)  # numpy takes ten times as long to part what is mostly zeros, as in a scope
        least = float(np.partition(scores[above], -k)[-k]) if len(above) > k else 0.0
        chosen = above[scores[above] >= least]
        return list(zip(self.numbers[chosen].tolist(), scores[chosen].tolist(), strict=True))


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
