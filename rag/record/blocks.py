"""Vectors in the record: some of a document's in one row, so that pages are full and one can be had without all the others."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.record.codes import HEAD, decoded, encoded, packed

if TYPE_CHECKING:
    from rag.ports import Vectors

SIZE = 16
"""Chunks a block: a few pages, of which the last is half empty at the mean."""
_BATCH = 500
_ACTIVE = "(SELECT id FROM spaces WHERE active = 1)"


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


def surroundings(connection: sqlite3.Connection, places: Sequence[Place], *, nearby: int) -> "list[tuple[Vectors, Vectors]]":
    """For each of these chunks its vector, and those of the chunks of its document and page at most ``nearby`` places away, its own too.

    They stand in its block or in the ones beside it: ``nearby`` is at most SIZE.
    """
    import numpy as np

    if not places:
        return []
    sql = f"""SELECT DISTINCT beside.number FROM json_each(?) AS asked JOIN blocks AS own ON own.number = asked.value
        JOIN blocks AS beside ON beside.document = own.document AND beside.space = {_ACTIVE}
        AND beside.number BETWEEN own.number - 1 AND own.number + 1"""
    own = list({place.block for place in places})
    numbers = [number for (number,) in connection.execute(sql, [json.dumps(own)])] if nearby else own
    sql = """SELECT first, document, pages, bits, rest FROM blocks WHERE number IN (SELECT value FROM json_each(?)) ORDER BY first"""
    found = connection.execute(sql, [json.dumps(numbers)]).fetchall()
    pages = [np.frombuffer(block[2], dtype="<i4") for block in found]
    counts = [len(some) for some in pages]
    chunks = np.concatenate([np.arange(block[0], block[0] + count) for block, count in zip(found, counts, strict=True)])
    groups: dict[str, int] = {}
    documents = np.repeat([groups.setdefault(block[1], len(groups)) for block in found], counts)
    matrix = _decoded([block[3:] for block in found], dimensions=len(found[0][3]) // counts[0] - HEAD)
    page_of = np.concatenate(pages)
    around = []
    for at in np.searchsorted(chunks, [place.number for place in places]).tolist():
        near = slice(max(0, at - nearby), at + nearby + 1)
        same = (documents[near] == documents[at]) & (page_of[near] == page_of[at]) & (np.abs(chunks[near] - chunks[at]) <= nearby)
        around.append((matrix[at], matrix[near][same]))
    return around


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

    sql = "SELECT number, first, count, bits, rest FROM blocks WHERE number IN (SELECT value FROM json_each(?))"
    held = connection.execute(sql, [json.dumps(list({place.block for place in places}))])
    blocks = {number: _Block(*block) for number, *block in held}
    parts = [blocks[place.block].row(place.number) for place in places]
    return _decoded(parts, dimensions=len(parts[0][0]) - HEAD)


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
