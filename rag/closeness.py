"""How closely a passage is worded to a question: BM25 at two sizes at once, and words that stand together in both.

One size does not do: in a whole passage a paraphrase drowns, in a single sentence context is missing. The result is a share of what the
question's words could score at most, so that it says by itself how much it is worth: near 0.4 where a passage repeats a claim, near
0.15 for a long question of which most words are instructions (docs/log.md). A question of several clauses asks for several things, and a
passage that says one of them says little of the whole: so it has a second value, for the clause it says best.
"""

import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain, groupby
from statistics import fmean
from typing import NamedTuple, TypeVar

from rag.remembered import remembered
from rag.text import STOPWORDS, sentences, stem, words
from rag.types import Chunk

_SATURATION = 1.2
_LENGTH = 0.75
_MOST = 1 + _SATURATION
"""What a word that stands often in a short text scores, times its weight."""
_TOGETHER = 4
"""Words so far apart, stop words left out, stand together."""
_PAIRS = 2 / 3
"""What pairs of words count beside single words."""
_WINDOW = 15
"""Sentences are joined until they have so many words that carry meaning."""

_RUNS_KEPT = 131_072

_CELLS = " | "
"""Between the cells of a row."""
_CLAUSE = 4
_BREAK = re.compile(r";|—|\?|\.\s|,\s|\s(?=(?:but|while|whereas|although|though|however)\b)", re.IGNORECASE)

Pair = tuple[str, str]
_Key = TypeVar("_Key", str, Pair)


def closeness(question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int) -> list[float]:
    """One value a chunk, 0 and up, seldom over 1.

    ``holders``: how many of the ``among`` chunks of the library hold a word of the question, by the word as the question prints it.
    """
    weights = _weights(question, holders=holders, among=among)
    return _Texts(chunks, terms=weights).close(_stems(question), weights=weights, among=among)


def closenesses(question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int) -> list[tuple[float, float]]:
    """(closeness to the whole question, to the one of its clauses that is closest) for each chunk.

    A clause counts as much as its words weigh beside the heaviest clause's. The two are equal where a question is one clause.
    """
    weights = _weights(question, holders=holders, among=among)
    texts = _Texts(chunks, terms=weights)
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


def _weights(question: str, *, holders: Mapping[str, int], among: int) -> dict[str, float]:
    """Of each stem of the question."""
    known = {stem(word.lower()): _weight(count, among=among) for word, count in holders.items()}
    return {term: known.get(term, _weight(0, among=among)) for term in dict.fromkeys(_stems(question))}


class _Text(NamedTuple):
    """What a text has of a question. A tuple, because it is made for every sentence of every candidate."""

    places: list[tuple[int, str]]
    """(place among the text's stems, stem), ascending; only stems of the question."""
    length: int
    """Stems in all."""


class _Texts:
    """Chunks, whole and in windows, with the places of a question's stems."""

    def __init__(self, chunks: Sequence[Chunk], *, terms: Container[str]) -> None:
        headers = {header: _text(_stems(header), terms=terms) for header in {chunk.header for chunk in chunks}}
        windows = [[_text(window, terms=terms) for window in _windows(chunk.text)] for chunk in chunks]
        self._passages = [_joined([headers[chunk.header], *found]) for chunk, found in zip(chunks, windows, strict=True)]
        self._typical = fmean(passage.length for passage in self._passages) if chunks else 0
        self._typical_window = fmean(window.length for found in windows for window in found) if chunks else 0
        self._windows = [[window for window in found if window.places] for found in windows]

    def close(self, asked: Sequence[str], *, weights: Mapping[str, float], among: int) -> list[float]:
        """One value a chunk."""
        if not asked:
            return [0.0] * len(self._passages)
        words_ = {term: weights[term] for term in dict.fromkeys(asked)}
        most = _weight(0, among=among)
        pairs = {pair: min(weights[pair[0]] + weights[pair[1]], most) for pair in _pairs(list(enumerate(asked)))}
        whole = _Scale(words_, pairs, typical=self._typical)
        close = _Scale(words_, pairs, typical=self._typical_window)
        return [
            (whole.share(passage) + max(map(close.share, found), default=0.0)) / 2
            for passage, found in zip(self._passages, self._windows, strict=True)
        ]


def _text(stems: Sequence[str], *, terms: Container[str]) -> _Text:
    return _Text([(at, term) for at, term in enumerate(stems) if term in terms], len(stems))


def _joined(texts: Sequence[_Text]) -> _Text:
    """One after the other."""
    places: list[tuple[int, str]] = []
    length = 0
    for text in texts:
        places += [(at + length, term) for at, term in text.places]
        length += text.length
    return _Text(places, length)


class _Scale:
    """BM25 as a share of what can be reached, over texts of a typical length."""

    def __init__(self, words_: Mapping[str, float], pairs: Mapping[Pair, float], *, typical: float) -> None:
        self._words = words_
        self._pairs = pairs
        self._most_words = _MOST * sum(words_.values())
        self._most_pairs = _MOST * sum(pairs.values())
        self._typical = typical or 1.0

    def share(self, text: _Text) -> float:
        """Single words, and pairs on top."""
        words = self._words
        places = [place for place in text.places if place[1] in words]
        if not places:
            return 0.0
        length = _SATURATION * (1 - _LENGTH + _LENGTH * text.length / self._typical)
        found = _sum([term for _, term in places], words, length=length) / self._most_words
        if not self._pairs or len(places) == 1:
            return found
        pairs = [pair for pair in _pairs(places) if pair in self._pairs]
        return found + _PAIRS * _sum(pairs, self._pairs, length=length) / self._most_pairs if pairs else found


def _sum(keys: Sequence[_Key], weights: Mapping[_Key, float], *, length: float) -> float:
    """BM25 of keys that have a weight; without a Counter, which costs as much as all the rest, and in most sentences each is there once."""
    total = 0.0
    if len(set(keys)) == len(keys):
        for key in keys:
            total += weights[key] * _MOST / (1 + length)
        return total
    counts: dict[_Key, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    for key, count in counts.items():
        total += weights[key] * count * _MOST / (count + length)
    return total


def _weight(count: int, *, among: int) -> float:
    """Inverse document frequency, never under a small positive number: a word that is everywhere says nothing."""
    return max(math.log((among - count + 0.5) / (count + 0.5)), 1e-6)


def _pairs(places: Sequence[tuple[int, str]]) -> list[Pair]:
    """Different words that stand together, each pair in alphabetical order."""
    found: list[Pair] = []
    for index, (at, term) in enumerate(places, start=1):
        for other_at, other in places[index : index + _TOGETHER]:
            if other_at - at > _TOGETHER:
                break
            if other != term:
                found.append((term, other) if term < other else (other, term))
    return found


@remembered(4_096)
def _windows(text: str) -> list[list[str]]:
    """Sentences, short ones joined with the next, and each row of a table; always at least one."""
    found: list[list[str]] = []
    window: list[str] = []
    for part, is_row in _parts(text):
        stems = _stems(part)
        if is_row:
            found.append(stems)
            continue
        window += stems
        if len(window) >= _WINDOW:
            found.append(window)
            window = []
    return [*found, window] if window or not found else found


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """(sentence or row of a table, whether it is a row), in order."""
    for is_row, lines in groupby(text.split("\n"), key=lambda line: _CELLS in line):
        if is_row:
            yield from ((line, True) for line in lines)
        else:
            prose = "\n".join(lines)
            yield from ((prose[start:end], False) for start, end in sentences(prose))


def _stems(text: str) -> list[str]:
    return list(chain.from_iterable(map(_STEMS.__getitem__, text.split())))


class _Stems(dict[str, tuple[str, ...]]):
    """The stems of a run of characters without white space, stop words left out; most runs are a word. A dictionary, because a function
    that remembers takes three times as long; it begins anew when it is full."""

    def __missing__(self, run: str) -> tuple[str, ...]:
        if len(self) >= _RUNS_KEPT:
            self.clear()
        lowered = (word.lower() for word in words(run))
        self[run] = stems = tuple(stem(word) for word in lowered if word not in STOPWORDS)
        return stems


_STEMS = _Stems()
