"""A vector as whole numbers of small steps: a byte a dimension to search by, two more to be exact.

A row is counted in steps of a 127th of its largest value, and in 32,768th parts of such a step: no value is off by more than a six
millionth of the largest, less than what adding up a cosine in 32 bits is off by. The whole steps are the row's code. How far the code
lies from the row is kept with it, and no product with a question can be off by more than that distance times the question's length (Cauchy
and Schwarz). Rows whose product, so much higher, stays below the k-th best true one cannot be among the k nearest; every other one is
scored in full. Where the parts of steps are not kept, the code is the vector.
"""

import math
import struct
from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from rag.record.tables import LARGEST, Table, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

HEAD = 8
"""Bytes before a row's steps: the size of a step and the distance, 4 bytes each."""
_PARTS = 1 << 15
"""Of a step. 127 of them have 22 binary digits, so that a float32 holds every number of parts; what is written counts halves of them."""
_BLOCK = 1_024
"""Rows at a time, so that their signs stay in the processor's cache as numbers that can be multiplied."""
_ROUNDING = 2.0**-21
"""What a product may be off by that was rounded three times to a float32, of the lengths' product; more than twice the bound."""
_PART = 64


def encoded(vectors: "Vectors", *, whole: bool = True) -> tuple[bytes, bytes]:
    """(codes: a row each of step, distance, and an int8 a dimension; the rest: an int16 a dimension, nothing unless ``whole``)."""
    import numpy as np

    steps = _steps(np.abs(vectors).max(axis=1, keepdims=True, initial=0.0).astype(np.float64))
    parts = np.rint(np.multiply(vectors, _PARTS / steps.astype(np.float64), dtype=np.float64)).astype("<i4")
    parts <<= 1  # so that the lower two bytes are what goes beyond a step, the third is the step
    rest = parts.astype("<i2")
    parts += 1 << 15
    distances = np.zeros_like(steps)
    if whole:
        there = rest.astype(np.float32)
        squares = np.einsum("ij,ij->i", there, there)[:, None]
        distances = np.sqrt(squares) * (steps / (2 * _PARTS)) * np.float32(1 + 1e-3)  # more than the sum can be off by
    bits = np.empty((len(vectors), HEAD + vectors.shape[1]), dtype=np.int8)
    bits[:, : HEAD // 2], bits[:, HEAD // 2 : HEAD] = steps.view(np.int8), distances.view(np.int8)
    bits[:, HEAD:] = parts >> 16
    return bits.tobytes(), rest.tobytes() if whole else b""


def _steps(largest: "NDArray[np.float64]") -> "NDArray[np.float32]":
    """A 127th, rounded up to 11 binary digits: what is decoded and encoded again has the same steps but in one case of ten thousand."""
    import numpy as np

    steps = np.where(largest > 0, largest / 127, 1.0).astype("<f4")
    return ((steps.view("<i4") + 0x1FFF) & ~0x1FFF).view("<f4")


def decoded(bits: bytes, rest: bytes, *, dimensions: int) -> "Vectors":
    """The rows that were encoded, shape (rows, dimensions), each value correctly rounded; from codes alone where there is no rest."""
    import numpy as np

    table = np.frombuffer(bits, dtype=np.int8).reshape(-1, HEAD + dimensions)
    steps = np.ascontiguousarray(table[:, :4]).view("<f4")
    rows = table[:, HEAD:].astype(np.float32)
    if rest:
        rows *= 2 * _PARTS
        rows += np.frombuffer(rest, dtype="<i2").reshape(rows.shape)
        steps = steps / np.float32(2 * _PARTS)
    rows *= steps
    return rows


def cosines(vectors: "Vectors", vector: "Vectors") -> "NDArray[np.float32]":
    """Of unit rows with a unit vector, added up in 64 bits: the same for a row whatever rows stand beside it."""
    import numpy as np

    products: NDArray[np.float64] = np.einsum("ij,j->i", vectors.astype(np.float64), vector.reshape(-1).astype(np.float64))
    return products.astype(np.float32)


def reached(values: "NDArray[np.floating[Any]]", *, by: int) -> float:
    """A number that ``by`` of the values reach at least, and few more: the largest of many in parts, so many of which are looked at. To
    part all values for it takes ten times as long. Minus infinity where there are too few to tell."""
    import numpy as np

    parts = len(values) // _PART
    if parts < by:
        return -math.inf
    largest = values[: parts * _PART].reshape(_PART, parts).max(axis=0)
    return float(np.partition(largest, -by)[-by])


def packed(numbers: Sequence[int]) -> bytes:
    """4 bytes each."""
    return struct.pack(f"<{len(numbers)}i", *numbers)


class PagesOf:
    """An aggregate of SQLite over (number, page), which packs the pages in the order of the numbers."""

    def __init__(self) -> None:
        self._pages: list[tuple[int, int]] = []

    def step(self, number: int, page: int) -> None:
        """One more chunk."""
        self._pages.append((number, page))

    def finalize(self) -> bytes:
        """All of them."""
        return packed([page for _, page in sorted(self._pages)])


class _RowsOf:
    """An aggregate of SQLite over (number, row), which gives something of the rows in the order of the numbers."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, bytes]] = []

    def step(self, number: int, vector: bytes) -> None:
        """One more row."""
        self._rows.append((number, vector))

    def _joined(self) -> bytes:
        return b"".join(vector for _, vector in sorted(self._rows))

    def _encoded(self) -> tuple[bytes, bytes]:
        import numpy as np

        return encoded(np.frombuffer(self._joined(), dtype="<f4").reshape(len(self._rows), -1))


class Together(_RowsOf):
    """The rows themselves, whatever they are made of."""

    def finalize(self) -> bytes:
        """One after the other."""
        return self._joined()


class CodesOf(_RowsOf):
    """Of float32 rows their codes."""

    def finalize(self) -> bytes:
        """All of them."""
        return self._encoded()[0]


class RestsOf(_RowsOf):
    """Of float32 rows what their codes leave."""

    def finalize(self) -> bytes:
        """All of it."""
        return self._encoded()[1]


class Rows:
    """One space's live chunks and whose they are, block by block in the order of the blocks' numbers: 8 bytes a chunk.

    ``blocks``: the blocks' numbers, ascending; ``sizes``: chunks of each.
    """

    def __init__(self, columns: "NDArray[np.int64]", owners: Sequence[str]) -> None:
        """A block each, in no order: its number, its first chunk's number and how many there are, shape (3, blocks); its document's id."""
        import numpy as np

        order = np.argsort(columns[0])
        self.blocks, firsts, self.sizes = columns[:, order]
        owners = [owners[at] for at in order.tolist()]
        self._ends = np.cumsum(self.sizes)
        self.documents: tuple[str, ...] = tuple(dict.fromkeys(owners))
        """In the order of their blocks, which follow each other."""
        self._places = {document: at for at, document in enumerate(self.documents)}
        begins = np.flatnonzero(np.diff([-1, *map(self._places.__getitem__, owners)]))
        self._owners = np.repeat(np.arange(len(begins)), np.diff([*begins, len(owners)]))
        """The document of each block, by its place."""
        self.counts: NDArray[np.int64] = np.add.reduceat(self.sizes, begins) if len(begins) else self.sizes
        """Chunks of each document."""
        self._firsts: NDArray[np.int64] = firsts[begins]
        before = firsts - (self._ends - self.sizes)
        self.numbers: NDArray[np.int64] = np.repeat(before, self.sizes) + np.arange(int(self.sizes.sum()))
        """The chunks' numbers."""

    def blocks_of(self, rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """The number of the block of each of these rows."""
        import numpy as np

        found: NDArray[np.int64] = self.blocks[np.searchsorted(self._ends, rows, side="right")]
        return found

    def beside(self, blocks: Collection[int]) -> list[int]:
        """These blocks and the ones with the next number on either side that are of the same document."""
        import numpy as np

        asked = np.array(sorted(blocks), dtype=np.int64)
        at = np.searchsorted(self.blocks, asked)
        found = [asked]
        for step in (-1, 1):
            other = np.clip(at + step, 0, len(self.blocks) - 1)
            near = (self.blocks[other] == asked + step) & (self._owners[other] == self._owners[at])
            found.append(asked[near] + step)
        return sorted(set(np.concatenate(found).tolist()))

    def holding(self, numbers: "NDArray[np.int64]", *, opening: int) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
        """How many of these chunks each document has, and how many among its first ``opening``; shapes (documents,)."""
        import numpy as np

        order = np.argsort(self._firsts, kind="stable")
        at = order[np.maximum(np.searchsorted(self._firsts, numbers, side="right", sorter=order) - 1, 0)] if len(order) else numbers[:0]
        places = numbers[: len(at)] - self._firsts[at]
        ours = (places >= 0) & (places < self.counts[at])
        counted = (at[ours], at[ours & (places < opening)])
        return np.bincount(counted[0], minlength=len(order)), np.bincount(counted[1], minlength=len(order))

    def of_documents(self, documents: Iterable[str]) -> "NDArray[np.bool_]":
        """True for the rows of these documents; unknown ones have none."""
        import numpy as np

        return np.repeat(self.among(documents), self.counts)

    def among(self, documents: Iterable[str]) -> "NDArray[np.bool_]":
        """True for these of the documents, in the order of ``counts``."""
        import numpy as np

        chosen = np.zeros(len(self.counts) + 1, dtype=bool)  # the last for those that are unknown
        chosen[np.fromiter(map(self._places.get, documents, repeat(-1)), dtype=np.int64)] = True
        return chosen[:-1]


class Signs:
    """The signs of all rows in memory: a bit a dimension and 4 bytes for each row. Their products say which may be near, and no more."""

    def __init__(self, signs: "NDArray[np.uint8]", *, sizes: "NDArray[np.float32]", dimensions: int) -> None:
        """Shapes (rows, dimensions / 8, rounded up), (rows,)."""
        self._signs = signs
        self._sizes = sizes
        self._dimensions = dimensions

    @classmethod
    def empty(cls, rows: int, *, dimensions: int) -> "Signs":
        """To be filled by ``put``."""
        import numpy as np

        signs = np.empty((rows, (dimensions + 7) // 8), dtype=np.uint8)
        return cls(signs, sizes=np.zeros(rows, dtype=np.float32), dimensions=dimensions)

    def put(self, at: int, rows: bytes) -> int:
        """Rows as ``encoded`` gave their codes, from this place on; the place after them."""
        import numpy as np

        table = np.frombuffer(rows, dtype=np.int8).reshape(-1, HEAD + self._dimensions)
        end, codes = at + len(table), table[:, HEAD:]
        self._signs[at:end] = np.packbits(codes > 0, axis=1)
        self._sizes[at:end] = np.abs(codes.astype(np.int16)).mean(axis=1) * np.ascontiguousarray(table[:, :4]).view("<f4")[:, 0]
        return end

    def put_from(self, other: "Signs", rows: "NDArray[np.bool_]") -> int:
        """The other's rows at the beginning; how many there are."""
        count = int(rows.sum())
        self._signs[:count], self._sizes[:count] = other._signs[rows], other._sizes[rows]
        return count

    def near(self, vector: "Vectors", rows: "NDArray[np.int64] | None") -> tuple["NDArray[np.float32]", None]:
        """(product with the row as if all its values were of one size, no bound) of these rows, or of all; shape (rows,)."""
        import numpy as np

        asked = vector.reshape(-1).astype(np.float32)
        signs, sizes = (self._signs, self._sizes) if rows is None else (self._signs[rows], self._sizes[rows])
        above = np.empty(len(signs), dtype=np.float32)
        for start in range(0, len(signs), _BLOCK):
            bits = np.unpackbits(signs[start : start + _BLOCK], axis=1, count=self._dimensions)
            np.dot(bits.astype(np.float32), asked, out=above[start : start + _BLOCK])
        return (2 * above - asked.sum()) * sizes, None


class Codes:
    """The codes of all rows in memory: a byte a dimension and 8 to 12 for each row."""

    def __init__(self, table: Table, *, rows: int, dimensions: int) -> None:
        """Of so many rows, to be filled by ``put``."""
        import numpy as np

        self._table = table
        self._dimensions = dimensions
        self._sizes, self._distances = np.zeros((2, rows), dtype=np.float32)

    @classmethod
    def empty(cls, rows: int, *, dimensions: int) -> "Codes":
        """To be filled by ``put``."""
        return cls(table(rows, dimensions=dimensions), rows=rows, dimensions=dimensions)

    def put(self, at: int, rows: bytes) -> int:
        """Rows as ``encoded`` gave them, from this place on; the place after them."""
        import numpy as np

        there = np.frombuffer(rows, dtype=np.int8).reshape(-1, HEAD + self._dimensions)
        end = at + len(there)
        self._table.put(at, there[:, HEAD:])
        heads = np.ascontiguousarray(there[:, :HEAD]).view("<f4")
        self._sizes[at:end], self._distances[at:end] = heads[:, 0], heads[:, 1]
        return end

    def put_from(self, other: "Codes", rows: "NDArray[np.bool_]") -> int:
        """The other's rows at the beginning; how many there are."""
        count = int(rows.sum())
        self._table.put_from(other._table, rows)
        self._sizes[:count], self._distances[:count] = other._sizes[rows], other._distances[rows]
        return count

    def near(self, vector: "Vectors", rows: "NDArray[np.int64] | None") -> tuple["NDArray[np.float32]", "NDArray[np.float32]"]:
        """(product with the rounded row, by how much it may be too low or too high) of these rows, ascending, or of all; shapes (rows,)."""
        import numpy as np

        asked = vector.reshape(-1).astype(np.float64)
        step = np.float32(float(np.abs(asked).max(initial=0.0)) * (1 + 1e-6) / LARGEST or 1.0)
        question = np.rint(asked / float(step)).astype(np.int32)
        sizes, distances = (self._sizes, self._distances) if rows is None else (self._sizes[rows], self._distances[rows])
        products = self._table.products(question, rows).astype(np.float32)
        products *= sizes
        products *= step
        left = float(np.linalg.norm(asked - question * float(step)))
        length, most = float(np.linalg.norm(asked)), 127 * len(asked) ** 0.5  # steps of the longest row there can be
        off = distances * (length * (1 + 1e-6)) + sizes * (most * (left + _ROUNDING * length))
        return products, off

    def decoded(self, rows: slice) -> "Vectors":
        """These rows as their codes say, in float32."""
        import numpy as np

        steps = self._table.rows(rows).astype(np.float32)
        steps *= self._sizes[rows, None]
        return steps
