"""Vectors in the record: some of a document's in one row, so that pages are full and one can be had without all the others."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.record.codes import HEAD, cosines, decoded, encoded, packed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

SIZE = 16
"""Chunks a block: a few pages, of which the last is half empty at the mean."""
_BATCH = 500
_KEPT = 256
"""Blocks, 5 MB of 384 dimensions, before they are forgotten: one search reads 100 to 150."""


class Place(NamedTuple):
    """Where a chunk's vector is."""

    number: int
    """The chunk's."""
    block: int


class _Block(NamedTuple):
    number: int
    document: str
    first: int
    chunks: int
    pages: bytes
    bits: bytes
    rest: bytes

    def row(self, number: int) -> tuple[bytes, bytes]:
        """Of one chunk."""
        at, width, more = number - self.first, len(self.bits) // self.chunks, len(self.rest) // self.chunks
        return self.bits[at * width : (at + 1) * width], self.rest[at * more : (at + 1) * more]


def put(
    connection: sqlite3.Connection, vectors: "Vectors", *, pages: Sequence[int], space: str, document: str, first: int, whole: bool
) -> list[int]:
    """Writes a document's vectors and the pages its chunks begin on, its first chunk having that number; the block of each."""
    sql = "INSERT INTO blocks (space, document, first, count, pages, bits, rest) VALUES (?, ?, ?, ?, ?, ?, ?)"
    bits, rest = encoded(vectors, whole=whole)
    width, more = (len(data) // max(1, len(vectors)) for data in (bits, rest))
    blocks: list[int] = []
    for at in range(0, len(vectors), SIZE):
        end = min(at + SIZE, len(vectors))
        data = (packed(pages[at:end]), bits[at * width : end * width], rest[at * more : end * more])
        blocks += [connection.execute(sql, (space, document, first + at, end - at, *data)).lastrowid or 0] * (end - at)
    return blocks


class Blocks:
    """The blocks of one connection. Those read last are kept, for a search reads many of them twice."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._state: Any = None
        self._held: dict[int, _Block] = {}

    def forget(self) -> None:
        """Others may be seen now."""
        self._held = {}

    def cosines(self, places: Sequence[Place], vector: "Vectors") -> "NDArray[np.float32]":
        """Of these chunks' vectors with a unit vector, in their order."""
        import numpy as np

        starts = range(0, len(places), _BATCH)
        return np.concatenate([np.empty(0, np.float32), *(self._cosines(places[start : start + _BATCH], vector) for start in starts)])

    def _cosines(self, places: Sequence[Place], vector: "Vectors") -> "NDArray[np.float32]":
        blocks = self._read({place.block for place in places})
        parts = [blocks[place.block].row(place.number) for place in places]
        return cosines(_decoded(parts, dimensions=len(parts[0][0]) - HEAD), vector)

    def surroundings(self, places: Sequence[Place], vector: "Vectors", *, nearby: int, among: Collection[int]) -> list[tuple[float, float]]:
        """For each of these chunks its cosine, and the mean cosine of the chunks of its document and page at most ``nearby`` places
        away, its own too. They stand in its block or in the ones beside it, and all of these blocks are ``among`` those given: ``nearby``
        is at most SIZE.
        """
        import numpy as np

        if not places:
            return []
        found = sorted(self._read(set(among)).values(), key=lambda block: block.first)
        sizes = [block.chunks for block in found]
        chunks = np.repeat([block.first for block in found], sizes) + np.concatenate([np.arange(size) for size in sizes])
        pages = np.frombuffer(b"".join(block.pages for block in found), dtype="<i4")
        documents = np.repeat([block.document for block in found], sizes)
        dimensions = len(found[0].bits) // found[0].chunks - HEAD
        vectors = _decoded([(block.bits, block.rest) for block in found], dimensions=dimensions)
        near = np.einsum("ij,j->i", vectors, vector.reshape(-1).astype(np.float32))  # for a mean 32 bits do
        together = (np.diff(chunks) == 1) & (np.diff(pages) == 0) & (documents[1:] == documents[:-1])
        begins = np.flatnonzero(np.concatenate([[True], ~together]))  # of each page
        ends = np.append(begins[1:], len(chunks))
        at = np.searchsorted(chunks, [place.number for place in places])
        own = cosines(vectors[at], vector)
        page = np.searchsorted(begins, at, side="right") - 1
        first, last = np.maximum(begins[page], at - nearby), np.minimum(ends[page], at + nearby + 1)
        sums = np.concatenate([[0.0], np.cumsum(near, dtype=np.float64)])
        return list(zip(own.tolist(), ((sums[last] - sums[first]) / (last - first)).tolist(), strict=True))

    def _read(self, numbers: set[int]) -> dict[int, _Block]:
        """By number; from memory while neither chunks nor how they are kept have changed."""
        sql = "SELECT (SELECT value FROM meta WHERE name = 'sequence'), (SELECT value FROM meta WHERE name = 'precision')"
        state = self._connection.execute(sql).fetchone()
        if state != self._state or len(self._held) > _KEPT:
            self._state, self._held = state, {}
        if new := numbers - self._held.keys():
            self._held |= _blocks(self._connection, new)
        return {number: self._held[number] for number in numbers}


def rows(connection: sqlite3.Connection, places: Sequence[Place]) -> "Vectors":
    """The vectors of these chunks, in their order; float32, shape (chunks, dimensions)."""
    import numpy as np

    parts = [_rows(connection, places[start : start + _BATCH]) for start in range(0, len(places), _BATCH)]
    return np.concatenate(parts) if len(parts) != 1 else parts[0]


def batches(connection: sqlite3.Connection, chunks: Iterable[tuple[str, int, int]]) -> Iterator[tuple[list[str], "Vectors"]]:
    """(ids, their vectors) of (id, number, block) by ascending number, some at a time."""
    ids: list[str] = []
    places: list[Place] = []
    for identity, number, block in chunks:
        ids.append(identity)
        places.append(Place(number, block))
        if len(ids) == _BATCH:
            yield ids, _rows(connection, places)
            ids, places = [], []
    if ids:
        yield ids, _rows(connection, places)


def _rows(connection: sqlite3.Connection, places: Sequence[Place]) -> "Vectors":
    blocks = _blocks(connection, {place.block for place in places})
    parts = [blocks[place.block].row(place.number) for place in places]
    return _decoded(parts, dimensions=len(parts[0][0]) - HEAD)


def _blocks(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, _Block]:
    sql = "SELECT number, document, first, count, pages, bits, rest FROM blocks WHERE number IN (SELECT value FROM json_each(?))"
    return {row[0]: _Block(*row) for row in connection.execute(sql, [json.dumps(list(numbers))])}


def _decoded(parts: Sequence[tuple[bytes, bytes]], *, dimensions: int) -> "Vectors":
    """The rows of (bits, rest) one after the other. Some have a rest and some have none once the setting has changed."""
    import numpy as np

    if len({bool(rest) for _, rest in parts}) == 1:
        return decoded(*(b"".join(part) for part in zip(*parts, strict=True)), dimensions=dimensions)
    return np.concatenate([decoded(bits, rest, dimensions=dimensions) for bits, rest in parts])


def drop_rest(connection: sqlite3.Connection, *, most: int) -> int:
    """Takes from so many blocks what goes beyond a byte a dimension, so that their codes are their vectors; how many had it."""
    import numpy as np

    found = connection.execute("SELECT number, count, bits FROM blocks WHERE length(rest) > 0 LIMIT ?", [most]).fetchall()
    exact = []
    for number, count, bits in found:
        table = np.frombuffer(bits, dtype=np.int8).reshape(count, -1).copy()
        table[:, HEAD // 2 : HEAD] = 0  # no distance
        exact.append((table.tobytes(), number))
    connection.executemany("UPDATE blocks SET bits = ?, rest = x'' WHERE number = ?", exact)
    return len(found)
