"""A vector in a quarter of its bytes and how far that is off: with these an exact search over the record reads only what may be near.

A row is rounded to steps of a 127th of its largest value. How far the rounded row lies from the true one is kept with it, and no product
with a question can be off by more than that distance times the question's length (Cauchy and Schwarz). Rows whose product, so much higher,
stays below the k-th best true one cannot be among the k nearest; every other one is scored by its full vector.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

_HEAD = 8
"""Bytes before a row's steps: the size of a step and the distance, 4 bytes each."""
_BLOCK = 512
"""Rows at a time, so that their steps stay in the processor's cache as numbers that can be multiplied."""
_ROUNDING = 2.0**-22
"""For each dimension: what adding up in 32 bits may be off by, of the lengths' product; four times the bound for sums in any order."""


def encoded(vectors: "Vectors") -> bytes:
    """A row each: step, distance, and an int8 a dimension."""
    import numpy as np

    rows = vectors.astype(np.float64)
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    steps = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    codes = np.clip(np.rint(rows / steps), -127, 127).astype(np.int8)
    distance = np.linalg.norm(rows - codes * steps.astype(np.float64), axis=1, keepdims=True)
    upwards = np.nextafter(distance.astype(np.float32), np.float32(np.inf))
    return np.hstack([steps.view(np.int8), upwards.view(np.int8), codes]).tobytes()


def cosines(vectors: "Vectors", vector: "Vectors") -> list[float]:
    """Of unit rows with a unit vector, added up in 64 bits: the same for a row whatever rows stand beside it."""
    import numpy as np

    products: NDArray[np.float64] = np.einsum("ij,j->i", vectors.astype(np.float64), vector.reshape(-1).astype(np.float64))
    return products.astype(np.float32).tolist()  # type: ignore[no-any-return]


class CodesOf:
    """SQLite's aggregate ``codes_of(number, vector)``: the codes of a document's vectors in the order of the numbers."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, bytes]] = []

    def step(self, number: int, vector: bytes) -> None:
        """One more row."""
        self._rows.append((number, vector))

    def finalize(self) -> bytes:
        """All of them."""
        import numpy as np

        return encoded(np.frombuffer(b"".join(vector for _, vector in sorted(self._rows)), dtype="<f4").reshape(len(self._rows), -1))


class Rows:
    """One space's live chunks and whose they are, document by document: 8 bytes a chunk."""

    def __init__(self, table: Sequence[tuple[int, int, int, str]]) -> None:
        """A document each: the number of its codes in the record, its first chunk's number, how many there are, its id."""
        import numpy as np

        numbers = np.array([row[:3] for row in table], dtype=np.int64).reshape(-1, 3)
        self.codes: NDArray[np.int64] = numbers[:, 0]
        """Ascending."""
        self.counts: NDArray[np.int64] = numbers[:, 2]
        self._places = {row[3]: at for at, row in enumerate(table)}
        starts = np.cumsum(self.counts) - self.counts
        self.numbers: NDArray[np.int64] = np.repeat(numbers[:, 1] - starts, self.counts) + np.arange(int(self.counts.sum()))
        """The chunks' numbers."""

        self._firsts: NDArray[np.int64] = numbers[:, 1]
        self.documents: tuple[str, ...] = tuple(self._places)
        """Their ids, in the order of ``counts``."""

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

        chosen = np.zeros(len(self.counts), dtype=bool)
        chosen[[self._places[document] for document in documents if document in self._places]] = True
        return chosen


class Codes:
    """The codes of all rows in memory: a byte a dimension and 8 for each row."""

    def __init__(self, steps: "NDArray[np.int8]", *, sizes: "NDArray[np.float32]", distances: "NDArray[np.float32]") -> None:
        """Shapes (rows, dimensions), (rows,), (rows,)."""
        self._steps = steps
        self._sizes = sizes
        self._distances = distances

    @classmethod
    def empty(cls, rows: int, *, dimensions: int) -> "Codes":
        """To be filled by ``put``."""
        import numpy as np

        floats = np.zeros((2, rows), dtype=np.float32)
        return cls(np.empty((rows, dimensions), dtype=np.int8), sizes=floats[0], distances=floats[1])

    def put(self, at: int, rows: bytes) -> int:
        """Rows as ``encoded`` gave them, from this place on; the place after them."""
        import numpy as np

        table = np.frombuffer(rows, dtype=np.int8).reshape(-1, _HEAD + self._steps.shape[1])
        end = at + len(table)
        self._steps[at:end] = table[:, _HEAD:]
        heads = np.ascontiguousarray(table[:, :_HEAD]).view("<f4")
        self._sizes[at:end], self._distances[at:end] = heads[:, 0], heads[:, 1]
        return end

    def put_from(self, other: "Codes", rows: "NDArray[np.bool_]") -> int:
        """The other's rows at the beginning; how many there are."""
        count = int(rows.sum())
        self._steps[:count], self._sizes[:count] = other._steps[rows], other._sizes[rows]
        self._distances[:count] = other._distances[rows]
        return count

    def near(self, vector: "Vectors", rows: "NDArray[np.int64] | None") -> tuple["NDArray[np.float32]", "NDArray[np.float32]"]:
        """(product with the rounded row, by how much it may be too low or too high) of these rows, or of all; shapes (rows,)."""
        import numpy as np

        asked = vector.reshape(-1).astype(np.float32)
        count = len(self._steps) if rows is None else len(rows)
        sizes, distances = (self._sizes, self._distances) if rows is None else (self._sizes[rows], self._distances[rows])
        products = np.empty(count, dtype=np.float32)
        numbers = np.empty((_BLOCK, self._steps.shape[1]), dtype=np.float32)
        for start in range(0, count, _BLOCK):
            block = slice(start, min(start + _BLOCK, count))
            there = numbers[: block.stop - start]
            there[...] = self._steps[block] if rows is None else self._steps[rows[block]]
            np.dot(there, asked, out=products[block])
        length, dimensions = float(np.linalg.norm(asked)), self._steps.shape[1]
        rounding = _ROUNDING * dimensions * length * sizes * 127 * dimensions**0.5
        return products * sizes, distances * np.float32(length * (1 + 1e-6)) + rounding.astype(np.float32)
