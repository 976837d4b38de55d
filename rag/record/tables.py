"""Tables of bytes in memory, a row for each chunk, and their exact products with the numbers of a question.

The same table lies in one of two ways, by what the processor multiplies faster; both give the same numbers. A row's bytes after one another
are what is read from the record. Beside each other, 64 rows at a time, the rows are multiplied where they lie, without onnxruntime's making
a copy in an order of its own: a third of the time on processors with AVX2 or AVX-512, ten times as long on those with AMX (docs/log.md).
"""

import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.int8]
    Places: TypeAlias = NDArray[np.int64]

LARGEST = 64
"""The largest number of a question's, of either sign. More would overflow where two products are added in 16 bits, as on processors without
VNNI."""
WIDE = 64
"""Rows beside each other: the values of one dimension are what a processor reads at once."""
SCANNED, SCANNED_ACROSS = 40_000_000, 80_000_000
"""Values, rows times dimensions, that are multiplied in 3 to 9 ms, lying along and across (docs/log.md)."""
_MIDDLE = 128
"""What an unsigned byte is more than the signed one it stands for."""
_COPIED = 1_024
"""Rows at a time that are multiplied from a copy which stays in the processor's cache: read from where they are, in the order in which a
product reads, they come half as fast (docs/log.md)."""
_TURNED = 16
"""Times 64 rows that are turned at a time."""
_APART = 8
"""Times 64 rows between two that are asked for which are multiplied as well: asking twice costs more."""
_GRAPHS = Path(__file__).parent
"""Their files are written by scripts/scan_graph.py."""
_ERRORS_ONLY = 3
"""onnxruntime's level of its own messages."""
_TRIES = 5


class Table(Protocol):
    """Rows of signed bytes."""

    def put(self, at: int, rows: "Bytes") -> None:
        """Rows from this place on, which is behind all that were put before."""

    def put_from(self, other: Any, kept: "NDArray[np.bool_]") -> None:
        """From the beginning, those that are kept of another that lies the same way."""

    def rows(self, chosen: slice) -> "Bytes":
        """These rows, shape (rows, dimensions)."""

    def products(self, question: "Bytes", rows: "Places | None") -> "NDArray[np.int32]":
        """Of these rows, ascending, or of all with each row of a question, which has numbers up to LARGEST; shape (question's, rows)."""


def is_scanned(rows: int, *, dimensions: int, by_signs: bool = False) -> bool:
    """Whether all rows of a table are multiplied for every question; of a larger one only those that may be near. ``by_signs``: it holds
    nothing but signs, which lie along."""
    values = rows * dimensions
    return values <= SCANNED or (values <= SCANNED_ACROSS and not by_signs and is_faster_across())


def table(rows: int, *, dimensions: int) -> Table:
    """To be filled. Rows that are multiplied here and there, a few at a time, have to lie one after the other."""
    lies_across = is_scanned(rows, dimensions=dimensions) and is_faster_across()
    return (Across if lies_across else Along)(rows, dimensions=dimensions)


@cache
def is_faster_across() -> bool:
    """Found out by multiplying a few rows either way, which takes less than a millisecond."""
    import numpy as np

    question = np.zeros((2, 256), dtype=np.int8)
    took = {kind: _least(lambda kind=kind: kind(8 * WIDE, dimensions=256).products(question, None)) for kind in (Across, Along)}  # type: ignore[misc]
    return took[Across] < took[Along]


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

    def products(self, question: "Bytes", rows: "Places | None") -> "NDArray[np.int32]":
        """Of these rows, or of all."""
        import numpy as np

        if rows is not None and 2 * len(rows) > len(self._table):
            return self.products(question, None)[:, rows]
        total, columns = len(self._table) if rows is None else len(rows), question.T
        found = np.empty((total, len(question)), dtype=np.int32)
        there = np.empty((_COPIED, len(columns)), dtype=np.uint8)
        for start in range(0, total, _COPIED):
            end = min(start + _COPIED, total)
            copied = there[: end - start]
            if rows is None:
                np.copyto(copied, self._table[start:end])
            else:
                np.take(self._table, rows[start:end], axis=0, out=copied, mode="clip")
            found[start:end] = _multiplied(copied, columns)
        found -= _MIDDLE * columns.sum(axis=0, dtype=np.int32)
        return found.T


class Across:
    """64 rows beside each other, dimension after dimension."""

    def __init__(self, rows: int, *, dimensions: int) -> None:
        import numpy as np

        tiles = -(-rows // WIDE)
        self._rows = rows
        self._tiles = np.zeros((tiles, 1, dimensions, WIDE), dtype=np.int8)
        self._sums = np.zeros(tiles * WIDE, dtype=np.int32)

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
        self._sums[first * WIDE : last * WIDE] = _multiplied(ones, self._tiles[first:last]).reshape(-1)

    def put_from(self, other: "Across", kept: "NDArray[np.bool_]") -> None:
        """From the beginning, those that are kept: as they lie as long as all are."""
        whole = (len(kept) if kept.all() else int(kept.argmin())) // WIDE
        self._tiles[:whole], at = other._tiles[:whole], whole * WIDE
        self._sums[:at] = other._sums[:at]
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

    def products(self, question: "Bytes", rows: "Places | None") -> "NDArray[np.int32]":
        """Of these rows, or of all."""
        import numpy as np

        asked = (question + np.int16(LARGEST)).astype(np.uint8)[:, None]
        if rows is None:
            found = _multiplied(asked, self._tiles)[:, :, 0].swapaxes(0, 1).reshape(len(question), -1)[:, : self._rows]
            return found - LARGEST * self._sums[: self._rows]
        found = np.empty((len(question), len(rows)), dtype=np.int32)
        tiles = rows // WIDE
        breaks = [0, *(np.flatnonzero(np.diff(tiles) > _APART) + 1).tolist(), len(rows)]
        for begin, end in pairwise(breaks if len(rows) else ()):
            first = int(tiles[begin])
            some = _multiplied(asked, self._tiles[first : int(tiles[end - 1]) + 1])
            at = rows[begin:end] - first * WIDE
            found[:, begin:end] = some[at // WIDE, :, 0, at % WIDE].T
        return found - LARGEST * self._sums[rows]


def _multiplied(one: "NDArray[np.uint8]", other: "Bytes") -> "NDArray[np.int32]":
    """The exact product of whole numbers, without sign and with."""
    found: NDArray[np.int32] = _session("scan").run(None, {"one": one, "other": other})[0]
    return found


def _turned(tables: "Bytes") -> "Bytes":
    """Each of these tables with its rows as columns."""
    found: Bytes = _session("turn").run(None, {"tables": tables})[0]
    return found


@cache
def _session(name: str) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # memory is what it waits for, and searches come side by side
    return onnxruntime.InferenceSession((_GRAPHS / f"{name}.onnx").read_bytes(), options, providers=["CPUExecutionProvider"])
