"""Late interaction: how near each word of a question comes to some word of a passage, both as the model understands them where they stand.

A passage's one vector says what all of it is about; a single word of the question that another word answers drowns in it, and lexical
search knows no other words. So each token of a passage is kept, as the signs of its contextual vector, 48 bytes for MiniLM's 384 values
and 64 for the first 512 of mxbai's, and each token of a question, whole, meets the nearest of them: the sum of these maxima, by how rare
each word is (MaxSim; Khattab and Zaharia 2020, signs instead of centroids and residuals). The states of a layer before the last tell words
apart best; the signs find as well as whole vectors do (docs/log.md).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag.text import STOPWORDS, stem, word_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

_BITS = 8
"""Of a byte."""
_ROWS = 512
"""Tokens unpacked together: what they take stays in the processor's cache."""
_ALONE = 262_144
"""Multiplications up to which OpenBLAS stays in one thread: of a larger product it makes several, which wait for each other by turning
round and round, and fifty chats at once had no processor left (docs/log.md)."""


def packed(positive: "NDArray[np.bool_]") -> bytes:
    """The signs of a text's tokens, shape (tokens, dimensions), as they are kept."""
    import numpy as np

    return np.packbits(positive, axis=1).tobytes()


def weights(question: str, spans: Sequence[tuple[int, int]], *, rarity: Mapping[str, float]) -> list[float]:
    """What each token of the question counts: its word's rarity by its stem, shared among its tokens; nothing for stop words, marks.

    ``spans``: where each token stands. A stem without rarity counts nothing.
    """
    words = [(start, end, question[start:end].lower()) for start, end in word_spans(question)]
    inside = [
        next((at for at, (start, end, _) in enumerate(words) if start <= first and past <= end), None)
        if any(map(str.isalnum, question[first:past]))
        else None
        for first, past in spans
    ]
    return [
        rarity.get(stem(words[at][2]), 0.0) / inside.count(at) if at is not None and words[at][2] not in STOPWORDS else 0.0 for at in inside
    ]


def within(codes: bytes, spans: Sequence[tuple[int, int]], *, start: int, end: int) -> bytes:
    """Those of a passage's tokens that stand from ``start`` to ``end``; ``spans``: where each of them stands, in order."""
    if not spans:
        return b""
    size = len(codes) // len(spans)
    first = bisect_left(spans, start, key=lambda span: span[0])
    return codes[first * size : bisect_right(spans, end, key=lambda span: span[1]) * size]


def without_abroad(values: Sequence[float], is_abroad: Sequence[bool]) -> list[float]:
    """What ``closest`` gives, for texts in another language than the question's the mean of the others: the model knows one language."""
    own = [value for value, other in zip(values, is_abroad, strict=True) if not other]
    mean = sum(own) / len(own) if own else 0.0
    return [mean if other and own else value for value, other in zip(values, is_abroad, strict=True)]


def closest(tokens: "Vectors", *, weights: Sequence[float], codes: Sequence[bytes]) -> list[float]:
    """For each passage the weighted mean over the question's tokens of their likeness to the passage's nearest token, about -1 to 1.

    ``tokens``: unit vectors, shape (tokens, dimensions). ``codes``: as ``packed`` gives them; 0 for a passage without any.
    """
    import numpy as np

    counted = np.array(weights, dtype=np.float32)
    asked = np.flatnonzero(counted)
    dimensions = tokens.shape[1]
    sizes = np.array([len(code) * _BITS // dimensions for code in codes], dtype=np.int64)
    if not len(asked) or not sizes.sum():
        return [0.0] * len(codes)
    bits = np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(-1, dimensions // _BITS)
    turned = np.ascontiguousarray(tokens[asked].T)
    likeness = np.empty((len(bits), len(asked)), dtype=np.float32)
    alone = max(1, _ALONE // turned.size)
    for start in range(0, len(bits), _ROWS):
        signs = np.unpackbits(bits[start : start + _ROWS], axis=1).astype(np.float32)
        for at in range(0, len(signs), alone):
            np.matmul(signs[at : at + alone], turned, out=likeness[start + at : start + min(at + alone, len(signs))])
    likeness = 2 * likeness - turned.sum(axis=0)  # of signs -1 and 1, from bits
    begins = np.cumsum(sizes) - sizes
    held = sizes > 0
    nearest = np.maximum.reduceat(likeness, begins[held])
    found = np.zeros(len(codes))
    shares = counted[asked] / (counted[asked].sum() * np.sqrt(dimensions))
    found[held] = np.einsum("ij,j->i", nearest, shares)  # OpenBLAS once told of an invalid value here where there is none (docs/log.md)
    values: list[float] = found.tolist()
    return values
