"""The signs of all vectors in memory, 128 bytes for 1,024 dimensions: what an exact search over the record looks at first.

Two unit vectors that lie near each other agree in most signs. So the rows that agree most are read in full and scored exactly; the
share of the true nearest that this finds is measured in docs/reliability.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

RESCORED = 20
"""Rows scored by their full vectors for each row asked for."""
LEAST_RESCORED = 1_000
"""And so many at least: a millisecond for 150."""
_PLANES = 4
"""Bits of a question's values: signs against 16 steps find .99 of the true 20 where signs against signs find .87 (docs/log.md)."""
_BLOCK = 16_384
"""Rows at a time, so that everything stays in the processor's cache."""


def packed(vectors: "Vectors | NDArray[np.int64]") -> bytes:
    """A bit a dimension, rows filled up to whole 8 bytes."""
    import numpy as np

    bits = np.packbits(vectors > 0, axis=1)
    if missing := -bits.shape[1] % 8:
        bits = np.pad(bits, ((0, 0), (0, missing)))
    return bits.tobytes()


class SignsOf:
    """SQLite's aggregate ``signs_of(number, vector)``: the signs of a document's vectors in the order of the numbers."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, bytes]] = []

    def step(self, number: int, vector: bytes) -> None:
        """One more row."""
        self._rows.append((number, vector))

    def finalize(self) -> bytes:
        """All of them."""
        import numpy as np

        return packed(np.frombuffer(b"".join(vector for _, vector in sorted(self._rows)), dtype="<f4").reshape(len(self._rows), -1))


class Signs:
    """The signs of one space's live chunks and whose they are."""

    def __init__(
        self, *, documents: Sequence[str], known: Mapping[int, bytes], firsts: "NDArray[np.int64]", counts: "NDArray[np.int64]"
    ) -> None:
        """A document each: its id, its signs by their number in the record, its first chunk's number, how many there are."""
        import numpy as np

        self.known = known
        self._places = {document: at for at, document in enumerate(documents)}
        self._counts = counts
        total = int(counts.sum())
        starts = np.cumsum(counts) - counts
        self.numbers: NDArray[np.int64] = np.repeat(firsts - starts, counts) + np.arange(total)
        """The chunks' numbers, document by document."""
        bits = np.frombuffer(b"".join(known.values()), dtype=np.uint64)
        rows = bits.reshape(total, len(bits) // max(1, total))
        self._bits = np.ascontiguousarray(rows.T)
        self._set: NDArray[np.uint16] = np.bitwise_count(rows).sum(axis=1, dtype=np.uint16)

    def of_documents(self, documents: Iterable[str]) -> "NDArray[np.bool_]":
        """True for the rows of these documents; unknown ones have none."""
        import numpy as np

        chosen = np.zeros(len(self._counts), dtype=bool)
        chosen[[self._places[document] for document in documents if document in self._places]] = True
        return np.repeat(chosen, self._counts)

    def candidates(self, vector: "Vectors", *, k: int, within: "NDArray[np.bool_] | None" = None) -> "NDArray[np.int64]":
        """Numbers of the chunks worth scoring for the ``k`` nearest, in no order. ``within``: True for the rows to look at."""
        import numpy as np

        wanted = max(LEAST_RESCORED, RESCORED * k)
        rows = np.flatnonzero(within) if within is not None else None
        numbers = self.numbers if rows is None else self.numbers[rows]
        if len(numbers) <= wanted:
            return numbers
        likeness = self._likeness(vector, rows)
        return numbers[np.argpartition(likeness, -wanted)[-wanted:]]

    def _likeness(self, vector: "Vectors", rows: "NDArray[np.int64] | None") -> "NDArray[np.float32]":
        """The product of each row's signs, taken as 1 and 0, with the question's values in steps; shape (rows,)."""
        import numpy as np

        bits, ones = (self._bits, self._set) if rows is None else (self._bits[:, rows], self._set[rows])
        low, high = float(vector.min()), float(vector.max())
        step = (high - low) / (2**_PLANES - 1) or 1.0
        steps = np.rint((vector.reshape(1, -1) - low) / step).astype(np.int64)
        planes = [np.frombuffer(packed((steps >> plane) & 1), dtype=np.uint64) for plane in range(_PLANES)]
        found = np.zeros(len(ones), dtype=np.uint16)
        for start in range(0, len(ones), _BLOCK):
            block = slice(start, start + _BLOCK)
            for plane, asked in enumerate(planes):
                common = sum((np.bitwise_count(line[block] & word) for word, line in zip(asked, bits, strict=True)), start=np.uint16(0))
                found[block] += common << plane
        likeness: NDArray[np.float32] = found * np.float32(step) + ones * np.float32(low)
        return likeness
