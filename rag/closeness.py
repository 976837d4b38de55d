"""How closely a passage is worded to a question: BM25 at two sizes at once, and words that stand together in both.

One size does not do: in a whole passage a paraphrase drowns, in a single sentence context is missing. The result is a share of what the
question's words could score at most, so that it says by itself how much it is worth: near 0.4 where a passage repeats a claim, near
0.15 for a long question of which most words are instructions (docs/log.md). A question of several clauses asks for several things, and a
passage that says one of them says little of the whole: so it has a second value, for the clause it says best.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from rag.patterns import regex
from rag.text import STOPWORDS, stem, words
from rag.types import Chunk
from rag.windows import Read, Stems, header_line, number, unpacked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Numbers: TypeAlias = NDArray[np.int64]
    _Floats: TypeAlias = NDArray[np.float64]

_SATURATION = 1.2
_LENGTH = 0.75
_MOST = 1 + _SATURATION
"""What a word that stands often in a short text scores, times its weight."""
_TOGETHER = 4
"""Words so far apart, stop words left out, stand together."""
_PAIRS = 2 / 3
"""What pairs of words count beside single words."""

_CLAUSE = 4
_BREAK = regex(r";|—|\?|\.\s|,\s|\s(?=(?:but|while|whereas|although|though|however)\b)", re.IGNORECASE)

Pair = tuple[str, str]


def closeness(question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int) -> list[float]:
    """One value a chunk, 0 and up, seldom over 1.

    ``holders``: how many of the ``among`` chunks of the library hold a word of the question, by the word as the question prints it.
    """
    weights = rarity(question, holders=holders, among=among)
    return _Texts(chunks, terms=list(weights), told={}).close(_stems(question), weights=weights, among=among)


def closenesses(
    question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int, told: Mapping[str, bytes]
) -> list[tuple[float, float]]:
    """(closeness to the whole question, to the one of its clauses that is closest) for each chunk.

    A clause counts as much as its words weigh beside the heaviest clause's. The two are equal where a question is one clause. ``told``:
    what `rag.windows.packed` gives for some of the chunks, by id, so that they need not be read.
    """
    weights = rarity(question, holders=holders, among=among)
    texts = _Texts(chunks, terms=list(weights), told=told)
    whole = texts.close(_stems(question), weights=weights, among=among)
    parts = clauses(question)
    masses = [sum(weights[term] for term in dict.fromkeys(part)) for part in parts]
    if len(parts) < 2 or not max(masses):
        return [(value, value) for value in whole]
    close = [texts.close(part, weights=weights, among=among) for part in parts]
    shares = [mass / max(masses) for mass in masses]
    return [(value, max(share * part[at] for share, part in zip(shares, close, strict=True))) for at, value in enumerate(whole)]


def clauses(question: str) -> list[list[str]]:
    """Stems of each clause; one of fewer than _CLAUSE words that carry meaning belongs to the next, the last to the one before it."""
    found: list[list[str]] = []
    open_: list[str] = []
    for part in map(_stems, _BREAK.split(question)):
        open_ = [*open_, *part]
        if len(set(open_)) >= _CLAUSE:
            found.append(open_)
            open_ = []
    return [*found[:-1], [*found[-1], *open_]] if found else [open_]


def rarity(question: str, *, holders: Mapping[str, int], among: int) -> dict[str, float]:
    """Inverse document frequency of each stem of the question."""
    known = {stem(word.lower()): _weight(count, among=among) for word, count in holders.items()}
    return {term: known.get(term, _weight(0, among=among)) for term in dict.fromkeys(_stems(question))}


class _Held(NamedTuple):
    """Which texts hold which keys, a row each: words by their numbers, pairs by both words' numbers in one."""

    text: "_Numbers"
    key: "_Numbers"
    share: "_Floats"
    """What BM25 gives for the times the key is there, before its weight."""

    @classmethod
    def of(cls, text: "_Numbers", key: "_Numbers", *, keys: int, lengths: "_Numbers") -> Self:
        """Of every time that a text holds a key, of ``keys`` there are; ``lengths``: stems of each text."""
        import numpy as np

        found, times = np.unique(text * keys + key, return_counts=True)
        at, held = np.divmod(found, keys)
        typical = (float(lengths.mean()) if len(lengths) else 0.0) or 1.0
        saturation = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / typical)
        return cls(at, held, np.asarray(_MOST * times / (times + saturation[at]), dtype=np.float64))

    def scores(self, weights: "_Floats", *, texts: int) -> "_Floats":
        """Of each text, shape (texts,), by the weight of each key, shape (keys,)."""
        import numpy as np

        return np.bincount(self.text, weights=weights[self.key] * self.share, minlength=texts).astype(np.float64)


class _Texts:
    """Chunks, whole and in windows, with what they hold of a question's stems."""

    def __init__(self, chunks: Sequence[Chunk], *, terms: Sequence[str], told: Mapping[str, bytes]) -> None:
        import numpy as np

        read = _read(chunks, told=told)
        texts = [text for _, text in read]
        self._terms = {term: at for at, term in enumerate(terms)}
        self._texts = len(chunks)
        self._begins = np.cumsum([0, *(len(text.lengths) // 4 for text in texts)])[:-1]
        windows = np.frombuffer(b"".join(text.lengths for text in texts), dtype=np.int32).astype(np.int64)
        self._windows = len(windows)
        parts = [part for header, text in read for part in (header, text.stems)]
        sizes = np.array([len(part) // 4 for part in parts], dtype=np.int64).reshape(-1, 2)
        at, term = _places(np.frombuffer(b"".join(parts), dtype=np.uint32), [number(term) for term in terms])
        of_text = np.searchsorted(np.cumsum(sizes.sum(axis=1)), at, side="right")
        in_texts = at - np.cumsum(sizes[:, 0])[of_text]  # among the stems of all texts without their headers
        in_header = in_texts < (np.cumsum(sizes[:, 1]) - sizes[:, 1])[of_text]
        window = np.where(in_header, -1, np.searchsorted(np.cumsum(windows), in_texts, side="right"))
        first, second = _together(at, term, of_text)
        low, high = np.minimum(term[first], term[second]), np.maximum(term[first], term[second])
        same = (window[first] == window[second]) & ~in_header[first]
        keys, pair = len(terms), low * len(terms) + high
        self._words = (
            _Held.of(of_text, term, keys=keys, lengths=sizes.sum(axis=1)),
            _Held.of(window[~in_header], term[~in_header], keys=keys, lengths=windows),
        )
        self._pairs = (
            _Held.of(of_text[first], pair, keys=keys * keys, lengths=sizes.sum(axis=1)),
            _Held.of(window[first][same], pair[same], keys=keys * keys, lengths=windows),
        )

    def close(self, asked: Sequence[str], *, weights: Mapping[str, float], among: int) -> list[float]:
        """One value a chunk."""
        import numpy as np

        if not asked or not self._texts:
            return [0.0] * self._texts
        words_, pairs = np.zeros(len(self._terms)), np.zeros((len(self._terms), len(self._terms)))
        for term in asked:
            words_[self._terms[term]] = weights[term]
        most = _weight(0, among=among)
        for one, other in _pairs(asked):
            low, high = sorted((self._terms[one], self._terms[other]))
            pairs[low, high] = min(weights[one] + weights[other], most)
        sizes = (self._texts, self._windows)
        whole, windows = (
            words.scores(words_, texts=size) / (_MOST * words_.sum())
            + (_PAIRS * together.scores(pairs.ravel(), texts=size) / (_MOST * pairs.sum()) if pairs.any() else 0.0)
            for words, together, size in zip(self._words, self._pairs, sizes, strict=True)
        )
        values: list[float] = ((whole + np.maximum.reduceat(windows, self._begins)) / 2).tolist()
        return values


def _read(chunks: Sequence[Chunk], *, told: Mapping[str, bytes]) -> list[tuple[bytes, Read]]:
    """(stems of its header, its text) of each chunk."""
    new = [chunk for chunk in chunks if chunk.id not in told]
    stems = _stems_kept()
    headers = stems.read([header_line(chunk.header) for chunk in new])
    made = iter(zip((header.stems for header in headers), stems.read([chunk.text for chunk in new]), strict=True))
    return [unpacked(told[chunk.id]) if chunk.id in told else next(made) for chunk in chunks]


def _places(stems: "NDArray[np.uint32]", terms: Sequence[int]) -> tuple["_Numbers", "_Numbers"]:
    """(place, which of the terms stands there), ascending."""
    import numpy as np

    order = np.argsort(terms, kind="stable")
    numbers = np.array(terms, dtype=np.uint32)[order]
    if not len(numbers):
        return order, order
    which = np.minimum(np.searchsorted(numbers, stems), len(numbers) - 1)
    at = np.flatnonzero(numbers[which] == stems)
    return at, order[which[at]]


def _together(at: "_Numbers", term: "_Numbers", of_text: "_Numbers") -> tuple["_Numbers", "_Numbers"]:
    """Which of the places are pairs: of one text, of different words, no more than _TOGETHER apart."""
    import numpy as np

    firsts, seconds = [at[:0]], [at[:0]]
    for step in range(1, _TOGETHER + 1):
        near = (at[step:] - at[:-step] <= _TOGETHER) & (of_text[step:] == of_text[:-step]) & (term[step:] != term[:-step])
        firsts.append(np.flatnonzero(near))
        seconds.append(firsts[-1] + step)
    return np.concatenate(firsts), np.concatenate(seconds)


def _weight(count: int, *, among: int) -> float:
    """Inverse document frequency, never under a small positive number: a word that is everywhere says nothing."""
    return max(math.log((among - count + 0.5) / (count + 0.5)), 1e-6)


def _pairs(stems: Sequence[str]) -> set[Pair]:
    """Different words that stand together."""
    return {(one, other) for at, one in enumerate(stems) for other in stems[at + 1 : at + 1 + _TOGETHER] if one != other}


def _stems(text: str) -> list[str]:
    """Stop words left out."""
    return [stem(word) for word in map(str.lower, words(text)) if word not in STOPWORDS]


_kept = Stems()


def _stems_kept() -> Stems:
    """Those of this process, begun anew when they are full."""
    global _kept
    if _kept.is_full:
        _kept = Stems()
    return _kept
