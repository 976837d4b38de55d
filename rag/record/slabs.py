"""Codes of a thousand chunks or two in one piece: a process that begins to search reads some of them, not ten thousand rows.

They are made from the blocks at the end of an ingest. One goes with the first of its blocks that changes or goes (triggers of version 15),
so whatever is there is right; what no slab has is read from its block.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.record import schema
from rag.record.codes import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGE = 2_048
"""Chunks a slab: of 384 dimensions .8 MB, which stay in the processor's cache until they are where they belong."""
LEAST = 1_024
"""Fewer that follow each other are left in their blocks."""
_BLOCKS_READ = 256
"""At a time: few enough that their memory is used again, not asked of the system anew."""
_BEYOND = (1 << 63) - 1
_ALL = "SELECT number, first, count, document FROM blocks WHERE +space = ?"
"""From an index, in its order."""
_LOOSE = f"{_ALL} AND number > ? AND number < ? ORDER BY number"
_BITS = "SELECT bits FROM blocks WHERE +space = ? AND number > ? AND number < ? ORDER BY number"


def rows(connection: sqlite3.Connection, *, space: str) -> Rows:
    """Of all blocks of a space."""
    import numpy as np

    columns: list[NDArray[np.int64]] = []
    owners: list[str] = []
    for packed, documents in connection.execute("SELECT blocks, documents FROM slabs WHERE space = ?", [space]):
        columns.append(np.frombuffer(packed, dtype="<i8").reshape(3, -1))
        owners += json.loads(documents)
    if not columns:
        return Rows(*_blocks(connection, _ALL, [space]))
    for after, before in _between(_ranges(connection, space=space)):
        found, held_by = _loose(connection, space=space, after=after, before=before)
        columns.append(found)
        owners += held_by
    return Rows(np.concatenate(columns, axis=1), owners)


def bits(connection: sqlite3.Connection, *, space: str, since: int) -> Iterator[bytes]:
    """The codes of all blocks with higher numbers than ``since``, one after the other."""
    whole = [(first, last) for first, last in _ranges(connection, space=space) if first > since]
    for at, (after, before) in enumerate(_between(whole, since=since)):
        cursor = connection.execute(_BITS, [space, after, before])
        while batch := cursor.fetchmany(_BLOCKS_READ):
            yield b"".join(codes for (codes,) in batch)
        for first, _ in whole[at : at + 1]:
            ((codes,),) = connection.execute("SELECT bits FROM slabs WHERE first = ?", [first])
            yield codes


def put(connection: sqlite3.Connection, *, space: str) -> None:
    """Slabs of what has none, as far as enough of it follows each other; a transaction each."""
    for after, before in _between(_ranges(connection, space=space)):
        columns, _ = _loose(connection, space=space, after=after, before=before)
        while len(columns[0]) and (count := int(columns[2].sum())) >= LEAST:
            taken = int(columns[2].cumsum().searchsorted(min(count, LARGE))) + 1
            with schema.transaction(connection):
                _put(connection, space=space, first=int(columns[0][0]), last=int(columns[0][taken - 1]))
            columns = columns[:, taken:]


def _put(connection: sqlite3.Connection, *, space: str, first: int, last: int) -> None:
    values = [first, last, space, *_values(connection, space=space, first=first, last=last)]
    connection.execute("INSERT INTO slabs (first, last, space, blocks, documents, bits) VALUES (?, ?, ?, ?, ?, ?)", values)


def _values(connection: sqlite3.Connection, *, space: str, first: int, last: int) -> list[bytes | str]:
    columns, owners = _loose(connection, space=space, after=first - 1, before=last + 1)
    codes = b"".join(codes for (codes,) in connection.execute(_BITS, [space, first - 1, last + 1]))
    return [columns.astype("<i8").tobytes(), json.dumps(owners), codes]


def wrong(connection: sqlite3.Connection) -> int:
    """How many slabs do not hold what their blocks do."""
    found = 0
    for first, last, space, *held in connection.execute("SELECT first, last, space, blocks, documents, bits FROM slabs"):
        found += held != _values(connection, space=space, first=first, last=last)
    return found


def _ranges(connection: sqlite3.Connection, *, space: str) -> list[tuple[int, int]]:
    """(first block, last block) of each slab, ascending."""
    return connection.execute("SELECT first, last FROM slabs WHERE space = ? ORDER BY first", [space]).fetchall()


def _between(ranges: list[tuple[int, int]], *, since: int = 0) -> Iterator[tuple[int, int]]:
    """The numbers before and behind what lies before, between and behind these."""
    return zip([since, *(last for _, last in ranges)], [*(first for first, _ in ranges), _BEYOND], strict=True)


def _loose(connection: sqlite3.Connection, *, space: str, after: int, before: int) -> tuple["NDArray[np.int64]", list[str]]:
    """Of the blocks between two numbers, in the order of theirs."""
    return _blocks(connection, _LOOSE, [space, after, before])


def _blocks(connection: sqlite3.Connection, sql: str, values: list[str | int]) -> tuple["NDArray[np.int64]", list[str]]:
    """(number, first chunk and count of each block, shape (3, blocks); the documents' ids)."""
    import numpy as np

    numbers, owners = array("q"), list[str]()
    for *block, owner in connection.execute(sql, values):  # kept as tuples they set the garbage collector to work
        numbers.extend(block)
        owners.append(owner)
    return np.array(numbers).reshape(-1, 3).T, owners
