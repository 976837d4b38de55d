"""Tables of bytes in memory, a row for each chunk, and their exact products with the numbers of a question.

The same table lies in one of two ways, by what the processor multiplies faster; both give the same numbers. A row's bytes after one another
are what is read from the record, and what onnxruntime copies into an order of its own before it multiplies. 128 rows beside each other are
multiplied where they lie: in a third of the time on a processor with AVX-512, in several times that on one with AMX (docs/log.md).
"""

import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rag.graphs import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.int8]
    Places: TypeAlias = NDArray[np.int64]
    Numbers: TypeAlias = NDArray[np.signedinteger[Any]]

_DIGIT = 64
"""The largest number that bytes are multiplied with, of either sign. More would overflow where two products are added in 16 bits, as on
processors without VNNI."""
_BASE = 2 * _DIGIT
LARGEST = _DIGIT * _BASE
"""The largest number of a question's: two digits, the second of which costs half as much as the first."""
WIDE = 128
"""Rows beside each other: two of the pieces in which a processor reads memory; half or twice as many take longer (docs/log.md)."""
SCANNED = 40_000_000
"""Values, rows times dimensions, that are multiplied in 3 to 9 ms (docs/log.md). The same on every processor, so that one library gives the
same passages on all."""
_MIDDLE = 128
"""What an unsigned byte is more than the signed one it stands for."""
_COPIED = 1_024
"""Rows at a time that are multiplied from a copy which stays in the processor's cache: read from where they are, in the order in which a
product reads, they come half as fast (docs/log.md)."""
_TURNED = 8
"""Times WIDE rows that are turned at a time."""
_APART = 4
"""Times WIDE rows between two that are asked for which are multiplied as well: asking twice costs more."""
_GRAPHS = Path(__file__).parent
"""Their files are written by scripts/scan_graph.py."""
_TRIES = 5
_CLEARLY = 0.8
"""Rows beside each other have to take so much of the time of the others: where they are slower, few of them are by a fifth, all by twice
as much, and without it one process in nine lay them wrongly (docs/log.md)."""
_NARROW = 1_024
"""Dimensions up to which a product of a byte's and a question's largest numbers fits into 32 bits, twice."""


class Table(Protocol):
    """Rows of signed bytes."""

    def put(self, at: int, rows: "Bytes") -> None:
        """Rows from this place on, which is behind all that were put before."""

    def put_from(self, other: Any, kept: "NDArray[np.bool_]") -> None:
        """From the beginning, those that are kept of another that lies the same way."""

    def rows(self, chosen: slice) -> "Bytes":
        """These rows, shape (rows, dimensions)."""

    def products(self, question: "Numbers", rows: "Places | None") -> "Numbers":
        """Of these rows, ascending, or of all with a question's numbers, which are LARGEST at most; shape (rows,)."""


def is_scanned(rows: int, *, dimensions: int) -> bool:
    """Whether all rows of a table are multiplied for every question; of a larger one only those that may be near."""
    return rows * dimensions <= SCANNED


def table(rows: int, *, dimensions: int) -> Table:
    """To be filled. Rows that are multiplied here and there, a few at a time, have to lie one after the other."""
    lies_across = is_scanned(rows, dimensions=dimensions) and is_faster_across()
    return (Across if lies_across else Along)(rows, dimensions=dimensions)


@cache
def is_faster_across() -> bool:
    """Found out by multiplying a few rows either way, which takes less than a millisecond."""
    import numpy as np

    question = np.zeros(256, dtype=np.int32)
    took = {kind: _least(lambda kind=kind: kind(8 * WIDE, dimensions=256).products(question, None)) for kind in (Across, Along)}  # type: ignore[misc]
    return took[Across] < _CLEARLY * took[Along]


def _least(work: Callable[[], object]) -> float:
    """Seconds of the quickest of some tries."""
    took = []
    for _ in range(_TRIES):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


class Along:
    """Row after row."""

    def __init__(self, rows: int, *, dimensions: int) -> None:
        import numpy as np

        self._table = np.empty((rows, dimensions), dtype=np.uint8)  # without sign: the one pairing that is multiplied quickly everywhere

    def put(self, at: int, rows: "Bytes") -> None:
        """Rows from this place on."""
        import numpy as np

        np.bitwise_xor(rows.view(np.uint8), _MIDDLE, out=self._table[at : at + len(rows)])  # of a byte the same as adding it

    def put_from(self, other: "Along", kept: "NDArray[np.bool_]") -> None:
        """From the beginning, those that are kept."""
        self._table[: int(kept.sum())] = other._table[kept]

    def rows(self, chosen: slice) -> "Bytes":
        """These rows."""
        import numpy as np

        return (self._table[chosen] ^ np.uint8(_MIDDLE)).view(np.int8)

    def products(self, question: "Numbers", rows: "Places | None") -> "Numbers":
        """Of these rows, or of all."""
        import numpy as np

        if rows is not None and 2 * len(rows) > len(self._table):
            return self.products(question, None)[rows]
        total, columns = len(self._table) if rows is None else len(rows), _digits(question).T.astype(np.int8)
        counted = np.empty((total, 2), dtype=np.int32)
        there = np.empty((_COPIED, len(columns)), dtype=np.uint8)
        for start in range(0, total, _COPIED):
            end = min(start + _COPIED, total)
            copied = there[: end - start]
            if rows is None:
                np.copyto(copied, self._table[start:end])
            else:
                np.take(self._table, rows[start:end], axis=0, out=copied, mode="clip")
            counted[start:end] = _multiplied(copied, columns)
        found = _whole(counted[:, 0], counted[:, 1], dimensions=len(question))
        found -= _MIDDLE * int(question.sum())
        return found


class Across:
    """WIDE rows beside each other, dimension after dimension."""

    def __init__(self, rows: int, *, dimensions: int) -> None:
        import numpy as np

        tiles = -(-rows // WIDE)
        self._rows = rows
        self._tiles = np.zeros((tiles, 1, dimensions, WIDE), dtype=np.int8)
        self._excess: Numbers = np.zeros(tiles * WIDE, dtype=np.int32 if dimensions <= _NARROW else np.int64)
        """What a question's digits that are _DIGIT too large add to each row's product."""

    def put(self, at: int, rows: "Bytes") -> None:
        """Rows from this place on."""
        import numpy as np

        first, last = at // WIDE, -(-(at + len(rows)) // WIDE)
        begun = at - first * WIDE
        there = np.zeros(((last - first) * WIDE, rows.shape[1]), dtype=np.int8)
        there[:begun] = self.rows(slice(at - begun, at))
        there[begun : begun + len(rows)] = rows
        self._tiles[first:last, 0] = _turned(there.reshape(last - first, WIDE, rows.shape[1]))
        ones = np.ones((1, 1, rows.shape[1]), dtype=np.uint8)
        sums = _multiplied(ones, self._tiles[first:last]).reshape(-1)
        np.multiply(sums, _DIGIT * (_BASE + 1), out=self._excess[first * WIDE : last * WIDE], dtype=self._excess.dtype)

    def put_from(self, other: "Across", kept: "NDArray[np.bool_]") -> None:
        """From the beginning, those that are kept: as they lie as long as all are."""
        whole = (len(kept) if kept.all() else int(kept.argmin())) // WIDE
        self._tiles[:whole], at = other._tiles[:whole], whole * WIDE
        self._excess[:at] = other._excess[:at]
        for start in range(at, len(kept), _TURNED * WIDE):
            some = slice(start, start + _TURNED * WIDE)
            if len(rows := other.rows(some)[kept[some]]):
                self.put(at, rows)
                at += len(rows)

    def rows(self, chosen: slice) -> "Bytes":
        """These rows."""
        import numpy as np

        begin, end, step = chosen.indices(self._rows)
        if step == 1:
            first = begin // WIDE
            there = _turned(self._tiles[first : -(-end // WIDE), 0])
            return there.reshape(-1, there.shape[2])[begin - first * WIDE : end - first * WIDE]
        at = np.arange(begin, end, step)
        found: Bytes = self._tiles[at // WIDE, 0, :, at % WIDE]
        return found

    def products(self, question: "Numbers", rows: "Places | None") -> "Numbers":
        """Of these rows, or of all."""
        import numpy as np

        asked = (_digits(question) + _DIGIT).astype(np.uint8)[:, None]
        if rows is None:
            return self._counted(asked, 0, len(self._tiles))[: self._rows]
        tiles, found = rows // WIDE, [np.empty(0, dtype=np.int32)]
        breaks = [0, *(np.flatnonzero(np.diff(tiles) > _APART) + 1).tolist(), len(rows)]
        for begin, end in pairwise(breaks if len(rows) else ()):
            first, last = int(tiles[begin]), int(tiles[end - 1]) + 1
            found.append(self._counted(asked, first, last)[rows[begin:end] - first * WIDE])
        return np.concatenate(found)

    def _counted(self, asked: "NDArray[np.uint8]", first: int, last: int) -> "Numbers":
        """Products of the rows of these tiles with a question's digits, each of which is _DIGIT too large."""
        counted = _multiplied(asked, self._tiles[first:last])[:, :, 0]
        found = _whole(counted[:, 0], counted[:, 1], dimensions=self._tiles.shape[2]).reshape(-1)
        found -= self._excess[first * WIDE : last * WIDE]
        return found


def _digits(question: "Numbers") -> "Numbers":
    """Of base _BASE, between _DIGIT and its negative; shape (2, dimensions)."""
    import numpy as np

    first = np.rint(question / _BASE).astype(question.dtype)
    return np.stack([first, question - _BASE * first])


def _whole(first: "NDArray[np.int32]", second: "NDArray[np.int32]", *, dimensions: int) -> "Numbers":
    """What two digits' products are together; half the largest a product can be lies between it and the largest number that fits."""
    import numpy as np

    found = np.multiply(first, _BASE, dtype=np.int32 if dimensions <= _NARROW else np.int64)
    found += second
    return found


def _multiplied(one: "NDArray[np.uint8]", other: "Bytes") -> "NDArray[np.int32]":
    """The exact product of whole numbers, without sign and with."""
    found: NDArray[np.int32] = _session("scan").run(None, {"one": one, "other": other})[0]
    return found


def _turned(tables: "Bytes") -> "Bytes":
    """Each of these tables with its rows as columns."""
    found: Bytes = _session("turn").run(None, {"tables": tables})[0]
    return found


@cache
def _session(name: str) -> Graph:
    return Graph((_GRAPHS / f"{name}.onnx").read_bytes())
