"""Vectors in the record: some of a document's in one row, so that pages are full and one can be had without all the others."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.record.codes import HEAD, decoded, encoded

if TYPE_CHECKING:
    from rag.ports import Vectors

SIZE = 16
"""Chunks a block: a few pages, of which the last is half empty at the mean."""
_BATCH = 500


class Place(NamedTuple):
    """Where a chunk's vector is."""

    number: int
    """The chunk's."""
    block: int


class _Block(NamedTuple):
    first: int
    chunks: int
    bits: bytes
    rest: bytes

    def row(self, number: int) -> tuple[bytes, bytes]:
        """Of one chunk."""
        at, width, more = number - self.first, len(self.bits) // self.chunks, len(self.rest) // self.chunks
        return self.bits[at * width : (at + 1) * width], self.rest[at * more : (at + 1) * more]


def put(connection: sqlite3.Connection, vectors: "Vectors", *, space: str, document: str, first: int, whole: bool) -> list[int]:
    """Writes a document's vectors, its first chunk having that number; the block of each."""
    sql = "INSERT INTO blocks (space, document, first, count, bits, rest) VALUES (?, ?, ?, ?, ?, ?)"
    bits, rest = encoded(vectors, whole=whole)
    width, more = (len(data) // max(1, len(vectors)) for data in (bits, rest))
    blocks: list[int] = []
    for at in range(0, len(vectors), SIZE):
        end = min(at + SIZE, len(vectors))
        values = (space, document, first + at, end - at, bits[at * width : end * width], rest[at * more : end * more])
        blocks += [connection.execute(sql, values).lastrowid or 0] * (end - at)
    return blocks


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
    import numpy as np

    sql = "SELECT number, first, count, bits, rest FROM blocks WHERE number IN (SELECT value FROM json_each(?))"
    held = connection.execute(sql, [json.dumps(list({place.block for place in places}))])
    blocks = {number: _Block(*block) for number, *block in held}
    found = [blocks[place.block].row(place.number) for place in places]
    dimensions = len(found[0][0]) - HEAD
    made = np.empty((len(found), dimensions), dtype=np.float32)
    whole = np.array([bool(rest) for _, rest in found])
    for kind in (True, False):  # blocks of both kinds stand beside each other after the setting has changed
        if (whole == kind).any():
            bits, rest = (b"".join(part) for part in zip(*(row for row in found if bool(row[1]) == kind), strict=True))
            made[whole == kind] = decoded(bits, rest, dimensions=dimensions)
    return made


def drop_rest(connection: sqlite3.Connection, *, most: int) -> int:
    """Takes from so many blocks what goes beyond a byte a dimension; how many had it."""
    import numpy as np

    found = connection.execute("SELECT number, bits FROM blocks WHERE length(rest) > 0 LIMIT ?", [most]).fetchall()
    exact = []
    for number, bits in found:
        (count,) = connection.execute("SELECT count FROM blocks WHERE number = ?", [number]).fetchone()
        table = np.frombuffer(bits, dtype=np.int8).reshape(count, -1).copy()
        table[:, 4:HEAD] = 0
        exact.append((table.tobytes(), number))
    connection.executemany("UPDATE blocks SET bits = ?, rest = x'' WHERE number = ?", exact)
    return len(found)
