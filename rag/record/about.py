"""Which documents a title is about, by its words: BM25 over whole documents, from the passages that hold each word.

A passage that holds a word counts once, so that nothing is kept for it beyond what passages are found by; with true counts of words the
speeches' titles are found no better (docs/log.md).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.record.codes import Rows

OPENING = 3
"""Passages at a document's beginning, where it says what it is about."""
_OPENING_COUNTS = 0.13
_K1, _B = 1.2, 0.75


def abouts(rows: "Rows", *, holding: Sequence["NDArray[np.int64]"], within: "NDArray[np.bool_]") -> dict[str, float]:
    """Document -> 0 to 1.13, only those that hold a word: what it scores of what could be reached, and a little for its opening.

    ``holding``: numbers of the chunks that hold each word. ``within``: which of the documents count, as if there were no others.
    """
    import numpy as np

    sizes = rows.counts.astype(np.float64)
    documents = int(within.sum())
    typical = float(sizes[within].mean()) if documents else 1.0
    scores, reachable = np.zeros(len(sizes)), 0.0
    for numbers in holding:
        counted, opening = rows.holding(numbers, opening=OPENING)
        counted = np.where(within, counted, 0)
        holders = int((counted > 0).sum())
        weight = float(np.log1p((documents - holders + 0.5) / (holders + 0.5)))
        reachable += weight
        share = counted / (counted + _K1 * (1 - _B + _B * sizes / typical))
        scores += weight * (share + _OPENING_COUNTS * (within & (opening > 0)))
    found = np.flatnonzero(scores > 0)
    return {rows.documents[at]: float(scores[at]) / reachable for at in found.tolist()}
