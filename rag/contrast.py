"""What sets a passage apart in its library, as seen from a question.

Reports of one kind are alike: their vectors share a direction, and a few more in which they differ much for reasons of no interest. A plain
cosine counts these most. Here the library's mean is taken away, and a direction counts the less the more its passages differ in it: linear
discriminants with the question as the only example, shrunk towards the plain cosine (docs/log.md). Only the question's side is turned, so
stored vectors stay as they are.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.ports import Vectors

SAMPLE = 1_000
"""Passages that tell what a library is like."""
FEW = 100
"""Fewer passages tell nothing about a library: cosines stay plain."""
SHRINKAGE = 3.0
"""What every direction counts beside its own variance, times the mean variance."""
OWN = 0.6
"""What the contrast counts: it is spread farther than cosines are."""
_ONE_TEXT = 1e-4
"""Passages that vary less are one text again and again, and differ by rounding."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Aim:
    """A question turned for one library: ``vectors @ direction + level`` is a passage's value."""

    direction: "Vectors"
    level: float

    def values(self, vectors: "Vectors") -> "Vectors":
        """One a row, about as high as its cosine."""
        found: Vectors = vectors @ self.direction + self.level
        return found


class Contrast:
    """A library's mean and how its passages differ."""

    def __init__(self, sample: "Vectors") -> None:
        """``sample``: unit rows, shape (passages, dimensions)."""
        import numpy as np

        self._inverse: Vectors | None = None
        if len(sample) < FEW:
            return
        self._mean = sample.mean(axis=0)
        rows = sample - self._mean
        variances = rows.T @ rows / len(rows)
        if (whole := float(np.trace(variances))) < _ONE_TEXT:
            return
        shrunk = variances + SHRINKAGE * whole / len(variances) * np.eye(len(variances), dtype=np.float32)
        self._inverse = np.linalg.inv(shrunk)
        self._typical = float(np.sqrt((self._inverse * variances).sum()))

    def aim(self, vector: "Vectors") -> Aim:
        """At what a question asks for; ``vector`` has length 1."""
        import numpy as np

        if self._inverse is None:
            return Aim(direction=vector, level=0.0)
        off = vector - self._mean
        turned = self._inverse @ off
        length = float(np.sqrt(off @ turned)) * self._typical
        if not length > 0:  # the question is the mean itself
            return Aim(direction=vector, level=0.0)
        direction = OWN * turned / length
        return Aim(direction=direction, level=float(self._mean @ vector - self._mean @ direction))
