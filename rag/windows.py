"""A text's stems, window by window, as numbers: what closeness of words is counted from.

A window is a few sentences or a row of a table. Sentences end where `rag.text.sentences` ends them; here that is told from runs of
characters without white space, each looked at once in a process's life, so that a hundred texts are read in one pass over arrays. A stem's
number is a hash of it, so that what one process read another can use.
"""

from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from rag.remembered import LONGEST
from rag.text import BULLETS, STOPWORDS, WIDE_STOPS, is_shortened, opens, stem, stops, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Of how texts are read: another number when any text is read otherwise."""
WINDOW = 15
"""Sentences are joined until they have so many words that carry meaning."""
RUNS_KEPT = 131_072
"""Some 20 MB."""
_TEXTS_KEPT = 16_384
"""Some 10 MB: of passages little but stems, of texts only what tells them apart."""

_CELLS = " | "
"""Between the cells of a row."""
_CELL, _LINE, _TEXT = _MARKS = "\ufdd0\ufdd1\ufdd2"
"""Noncharacters of Unicode: runs that stand for what white space says."""
_NO_MARKS = dict.fromkeys(map(ord, _MARKS), "\ufdd3")
"""For a text that has them all the same."""
_IS_CELL, _IS_LINE, _IS_TEXT, _STOPS, _SHORTENED, _STOPS_WIDE, _OPENS, _BULLET = (1 << bit for bit in range(8))
_STEM = 8
"""Bits before a stem's number."""


class Read(NamedTuple):
    """A text, in numbers of 4 bytes, those of stems without sign: joined, many of them are an array at once."""

    stems: bytes
    """Their numbers, stop words left out, window by window: rows of a table before the sentences around them."""
    lengths: bytes
    """Stems of each window, of which there is one at least."""


class Stems:
    """What runs of characters are, as they are met, and the texts last read; shared by all threads."""

    def __init__(self) -> None:
        self._runs = _Runs()
        self._read: dict[bytes, Read] = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time for another."""
        return len(self._runs) >= RUNS_KEPT

    def read(self, texts: Sequence[str]) -> list[Read]:
        """Each text, those that were met before as they were read then."""
        keys = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        kept, new = self._read, {key: text for key, text in zip(keys, texts, strict=True) if key not in self._read}
        if not new:
            return [kept[key] for key in keys]
        made = dict(zip(new, self._windows(list(new.values())), strict=True))
        found = [made[key] if key in made else kept[key] for key in keys]
        if len(kept) + len(made) > _TEXTS_KEPT:
            self._read = {}
        self._read.update({key: made[key] for key, text in new.items() if len(text) <= LONGEST})
        return found

    def _windows(self, texts: Sequence[str]) -> list[Read]:
        import numpy as np

        units = np.frombuffer(b"".join(map(self._runs.__getitem__, _runs(texts))), dtype=np.int64)
        ends = (units & (_IS_LINE | _IS_TEXT)) != 0
        lines, of_text = np.cumsum(ends), np.cumsum((units & _IS_TEXT) != 0)
        rows = np.zeros(int(ends.sum()) + 1, dtype=bool)
        rows[lines[(units & _IS_CELL) != 0]] = True
        units, lines, of_text = units[~ends], lines[~ends], of_text[~ends]
        begins = _sentences(units, lines, rows[lines], of_text)
        held = units >> _STEM
        sentence = np.cumsum(begins) - 1
        counts = np.bincount(sentence[held > 0], minlength=int(begins.sum()))
        window, sizes = _joined(counts.tolist(), rows[lines[begins]].tolist(), of_text[begins].tolist(), texts=len(texts))
        order = np.argsort(np.array(window, dtype=np.int64)[sentence[held > 0]], kind="stable")
        stems = held[held > 0][order].astype(np.uint32).tobytes()
        at, found = 0, []
        for lengths in sizes:
            end = at + 4 * sum(lengths)
            found.append(Read(stems[at:end], _packed(*lengths)))
            at = end
        return found


class _Runs(dict[str, bytes]):
    """A run of characters -> 8 bytes for each of its stems, one at least, with what the run says of sentences; most runs are a word.
    A dictionary, because a function that remembers takes three times as long, and bytes, because joining them takes half as long as
    making an array of numbers."""

    def __init__(self) -> None:
        super().__init__({mark: array("q", [says]).tobytes() for mark, says in ((_CELL, _IS_CELL), (_LINE, _IS_LINE), (_TEXT, _IS_TEXT))})

    def __missing__(self, run: str) -> bytes:
        is_marked, bare = not run[-1].isalnum(), run[:-1]  # half of all runs are a word and a mark, and most such words are known
        units = array("q", self[bare]) if is_marked and bare.isalnum() else self._units(run)
        if is_marked and stops(run):
            units[-1] |= _STOPS | _SHORTENED * is_shortened(run)
        if run[-1] in WIDE_STOPS:
            units[-1] |= _STOPS_WIDE
        self[run] = found = units.tobytes()
        return found

    def _units(self, run: str) -> "array[int]":
        """The stems of its words, or one that stands for none; the first also says how the run begins."""
        found_words = [run] if run.isalnum() else words(run)
        stems = [stem(word) for word in map(str.lower, found_words) if word not in STOPWORDS]
        units = array("q", [number(one) << _STEM for one in stems] or [0])
        units[0] |= _OPENS * opens(run) | _BULLET * (len(run) == 1 and run in BULLETS)
        return units


def number(stem_: str) -> int:
    """Above zero, of 32 bits: two different stems have the same by a chance of one in four thousand million."""
    return crc32(stem_.encode("utf-8", "surrogatepass")) or 1


def header_line(header: str) -> str:
    """As it is read: one line."""
    return " ".join(header.split("\n"))


def packed(header: Read, text: Read) -> bytes:
    """A chunk's header and text, for ``unpacked``."""
    return b"".join([_packed(len(header.stems), len(text.lengths)), header.stems, text.lengths, text.stems])


def unpacked(chunk: bytes) -> tuple[bytes, Read]:
    """(stems of its header, its text)."""
    header, lengths = (int.from_bytes(chunk[at : at + 4], "little") for at in (0, 4))
    begin = 8 + header
    return chunk[8:begin], Read(chunk[begin + lengths :], chunk[begin : begin + lengths])


def _packed(*units: int) -> bytes:
    return array("i", units).tobytes()


def _runs(texts: Sequence[str]) -> list[str]:
    """Of all texts, with a run for each end of a text or line and between two cells."""
    clean = [text.translate(_NO_MARKS) if any(mark in text for mark in _MARKS) else text for text in texts]
    joined = _TEXT.join(clean).replace(_CELLS, f" {_CELL} ").replace("\n", f" {_LINE} ").replace(_TEXT, f" {_TEXT} ")
    for stop in WIDE_STOPS:
        joined = joined.replace(stop, f"{stop} ")
    return joined.split()


def _sentences(
    units: "NDArray[np.int64]", lines: "NDArray[np.int64]", in_row: "NDArray[np.bool_]", of_text: "NDArray[np.int64]"
) -> "NDArray[np.bool_]":
    """True where a sentence begins, or a row of a table, which is one whatever it says. All have the shape (units,)."""
    import numpy as np

    last, first, crossed = units[:-1], units[1:], np.diff(lines)
    stop = ((last & _STOPS) != 0) & ((first & _OPENS) != 0)
    other = ((last & _STOPS_WIDE) != 0) | (crossed > 1) | ((crossed == 1) & ((first & _BULLET) != 0))
    prose = np.where(stop, (last & _SHORTENED) == 0, other)
    row = in_row[:-1] | in_row[1:]
    return np.concatenate([[True] * len(units[:1]), np.where(row, crossed > 0, prose) | (np.diff(of_text) > 0)]).astype(bool)


def _joined(counts: Sequence[int], rows: Sequence[bool], of_text: Sequence[int], *, texts: int) -> tuple[list[int], list[list[int]]]:
    """Of sentences in order, with so many stems each: (window of each, over all texts; stems of each text's windows)."""
    window = [0] * len(counts)
    sizes: list[list[int]] = [[] for _ in range(texts)]
    made = 0
    waiting: list[int] = []
    stems = 0

    def close(text: int) -> None:
        nonlocal made, waiting, stems
        for at in waiting:
            window[at] = made
        made += 1
        sizes[text].append(stems)
        waiting, stems = [], 0

    for at, (count, is_row, text) in enumerate(zip(counts, rows, of_text, strict=True)):
        if at and text != of_text[at - 1] and stems:
            close(of_text[at - 1])
        if is_row:
            window[at] = made
            made += 1
            sizes[text].append(count)
            continue
        waiting.append(at)
        stems += count
        if stems >= WINDOW:
            close(text)
    if stems:
        close(of_text[-1])
    return window, [some or [0] for some in sizes]
