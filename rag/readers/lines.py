"""Words of a page with their places, and the lines they stand on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import sub
from typing import NamedTuple, TypeAlias

from rag.patterns import regex

_SPLIT_MARKS = "\x02\ufffe"
_GAP = 0.9
"""Column gap in font sizes: words this far apart stand in different cells (a space is 0.25 to 0.35)."""


PlacedCell: TypeAlias = tuple[float, float, str]
"""Left, right and text of the words of a line that stand close together."""


class Word(NamedTuple):
    """A run of characters without a space; places in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def is_split(self) -> bool:
        """True when a hyphen at its end was taken out: it goes on in the next line."""
        return self.text[-1] in _SPLIT_MARKS


_YEAR_SAID = regex(r"(?:^|\s)(?:19|20)\d\d$")
_MARK = regex(r"\((?:\d|[a-z])\)")
_MARK_GAP = 1.5
"""Font sizes between a year that names a column and the mark of its note."""
_UNIT_ENDS = ("%", ")", ")%")
_UNIT_GAP = 3.0
"""Font sizes between a number and its per cent sign or bracket, which may stand at the edge of the column."""
_CURRENCY_SIGNS = ("$", "€", "£", "¥")
_BULLETS = tuple("•▪●○◦■□\uf0b7\uf0a7")


@dataclass(slots=True)
class Line:
    """Words on one height, left to right."""

    words: list[Word]
    size: float
    bold: bool
    text: str = field(init=False)
    left: float = field(init=False)
    right: float = field(init=False)
    bottom: float = field(init=False)
    gap: float = field(init=False)
    """The widest between neighbouring words."""
    _cells: list[PlacedCell] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Sets what follows from the words."""
        self._cells = None
        if len(self.words) == 1:
            self.text, self.left, self.right, self.bottom, _ = self.words[0]
            self.gap = 0.0
            return
        texts, lefts, rights, heights, _ = zip(*self.words, strict=True)
        self.text = " ".join(texts)
        self.left = lefts[0]
        self.right = max(rights)
        self.gap = max(map(sub, lefts[1:], rights), default=0.0)
        bottoms = sorted(heights)
        middle = len(bottoms) // 2
        self.bottom = bottoms[middle] if len(bottoms) % 2 else (bottoms[middle - 1] + bottoms[middle]) / 2

    def cells(self, *, gap: float = _GAP) -> Sequence[PlacedCell]:
        """(left, right, text) of the runs of words without a wide ``gap``, in font sizes. Currency signs stay with their number."""
        if gap != _GAP:
            return self._parted(gap)
        if self._cells is None:
            self._cells = self._parted(gap)
        return self._cells

    def _parted(self, gap: float) -> list[PlacedCell]:
        if self.gap < gap * self.size:
            return [(self.left, self.right, self.text)]
        cells: list[PlacedCell] = []
        for word in self.words:
            if cells:
                left, right, text = cells[-1]
                is_next = word.text in _CURRENCY_SIGNS and text.startswith(word.text)  # "$ 11,620" has its own
                if self._goes_on(text, word, apart=(word.left - right) / (self.size or 1.0), gap=gap) and not is_next:
                    cells[-1] = (left, max(right, word.right), f"{text} {word.text}")
                    continue
            cells.append((word.left, word.right, word.text))
        return cells

    def _goes_on(self, text: str, word: Word, *, apart: float, gap: float) -> bool:
        """Whether a word, so many font sizes ``apart``, belongs to the cell before it: by its place, or by what one of the two is."""
        if apart < gap or text in (*_CURRENCY_SIGNS, *_BULLETS, "("):
            return True
        if word.text in _UNIT_ENDS:
            return apart < _UNIT_GAP
        return apart < _MARK_GAP and _MARK.fullmatch(word.text) is not None and _YEAR_SAID.search(text) is not None
