"""On which side of 1,024 planes the rows of a large library lie: a bit a plane, an eighth of the codes' bytes.

The planes go through the middle of all rows and are turned evenly to all directions, by a Hadamard matrix with signs by chance: what a
model puts into few of its dimensions counts in every bit. Two rows lie on different sides of as many planes as the angle between them is
wide, seen from the middle. What that says of a cosine is off by a few hundredths, so it only chooses the rows whose codes are read; how
many of the true nearest are among them was measured (docs/log.md).
"""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

LEAST_PLANES = 1_024
_WORD = 64
_SAMPLED = 8
"""Of so many rows one is looked at to tell how near a row must seem to be among the likely ones."""


class Sides:
    """Of a library's rows, as far as they have been put: 128 bytes and 8 for each. How they are turned and what counts as their middle is
    settled at the beginning.

    ``known``: how many of the rows have been put, the first ones.
    """

    def __init__(self, rows: int, *, middle: "Vectors") -> None:
        """``middle``: any point that is about the rows' mean, shape (dimensions,)."""
        import numpy as np

        self._middle = middle
        self._planes = max(LEAST_PLANES, 1 << (len(middle) - 1).bit_length())
        self._bits = np.empty((self._planes // _WORD, rows), dtype=np.uint64)  # so that a word of all rows lies in one piece
        self._lengths, self._along = np.empty((2, rows), dtype=np.float32)
        self.known = 0

    def put(self, rows: "Vectors") -> None:
        """After those that are known; shape (rows, dimensions)."""
        import numpy as np

        apart, end = rows - self._middle, self.known + len(rows)
        self._bits[:, self.known : end] = np.packbits(self._turned(apart) > 0, axis=1).view(np.uint64).T
        self._lengths[self.known : end] = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        self._along[self.known : end] = apart @ self._middle
        self.known = end

    def of(self, kept: "NDArray[np.bool_]", *, rows: int) -> "Sides":
        """Of a library that kept some of the rows, in their order, and has others after them."""
        there, at = Sides(rows, middle=self._middle), kept[: self.known].nonzero()[0]
        there.known = len(at)
        there._bits[:, : len(at)] = self._bits[:, at]
        there._lengths[: len(at)], there._along[: len(at)] = self._lengths[at], self._along[at]
        return there

    def likely(self, vector: "Vectors", *, most: int, within: "NDArray[np.int64] | None" = None) -> "NDArray[np.int64]":
        """About ``most`` rows that seem nearest, ascending, of these rows, ascending, or of all; all rows are known."""
        import numpy as np

        vector = vector.reshape(-1).astype(np.float32)
        length = float(self._middle @ self._middle)
        share = float(vector @ self._middle) / length if length else 0.0
        apart = vector - share * self._middle  # what the middle has of it is known of every row
        asked = np.packbits(self._turned(apart[None]) > 0, axis=1).view(np.uint64)[0]
        lengths, along = (self._lengths, self._along) if within is None else (self._lengths[within], self._along[within])
        rows = len(lengths)
        differ, words, counts = np.zeros(rows, dtype=np.uint16), np.empty(rows, dtype=np.uint64), np.empty(rows, dtype=np.uint8)
        for there, ours in zip(self._bits, asked, strict=True):
            np.bitwise_xor(there if within is None else np.take(there, within, out=words, mode="clip"), ours, out=words)
            np.bitwise_count(words, out=counts)
            differ += counts
        angles = np.arange(self._planes + 1) * (np.pi / self._planes)
        near = (float(np.linalg.norm(apart)) * np.cos(angles)).astype(np.float32)[differ]
        near *= lengths
        near += share * along
        sample = near[::_SAMPLED]
        wanted = most // _SAMPLED
        found = np.arange(rows) if wanted >= len(sample) else np.flatnonzero(near >= np.partition(sample, -wanted)[-wanted])
        return found if within is None else within[found]

    def _turned(self, rows: "Vectors") -> "Vectors":
        """Shape (rows, planes)."""
        import numpy as np

        places, signs, left, right = _turn(rows.shape[1], self._planes)
        wide = np.zeros((len(rows), self._planes), dtype=np.float32)
        wide[:, places] = rows * signs
        turned: Vectors = np.matmul(left, np.matmul(wide.reshape(len(rows), len(left), len(right)), right)).reshape(wide.shape)
        return turned


@lru_cache(maxsize=4)
def _turn(dimensions: int, planes: int) -> tuple["NDArray[np.int64]", "Vectors", "Vectors", "Vectors"]:
    """Places and signs of the dimensions, by chance and always the same, and two matrices whose Kronecker product is the Hadamard matrix.

    Were fewer dimensions than planes not scattered, many planes would be the same.
    """
    import numpy as np

    chance, power = np.random.default_rng(0), planes.bit_length() - 1
    places = np.sort(chance.permutation(planes)[:dimensions])
    signs = chance.choice(np.array([-1, 1], dtype=np.float32), dimensions)
    return places, signs, _hadamard(power // 2), _hadamard(power - power // 2)


def _hadamard(power: int) -> "Vectors":
    import numpy as np

    matrix = np.ones((1, 1), dtype=np.float32)
    for _ in range(power):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
