"""Letters of which a PDF does not say what they are, so that PDFium gives their numbers: do they look like the letters of these numbers?

TeX's bitmaps and the fonts of charts say nothing and number their letters as everybody does; others number them as they came, and their
text is none.
"""

from collections.abc import Mapping, Sequence
from statistics import median

_SHORT = frozenset("acemnorsuvwxz")
_TALL = frozenset("bdfhklABCDEFGHIKLMNOPRSTUVXYZ0123456789&%")
_DEEP = frozenset("gpqy")
_LOW = frozenset(".,")
_HIGH = frozenset("'\"*")
_FEWEST = 3
_MOST_OTHERS = 0.15
"""Of the letters that can be judged, how many may look otherwise."""
_MOST_CONTROL = 0.05
"""Of all letters: numbers that no letter has."""
_OF_TEX = str.maketrans(
    {"\x0b": "ff", "\x0c": "fi", "\x0e": "ffi", "\x0f": "ffl", "\x10": "“", "\x11": "”", "\x15": "–", "\x16": "—"}
    | {"\r": "fl", "\x1b": "ff", "\x1c": "fi", "\x1d": "fl", "\x1e": "ffi", "\x1f": "ffl"}
)
"""Where TeX's fonts have their ligatures, quotes and dashes: both kinds, OT1 and T1, which share no number."""
SIGNS_OF_TEX = frozenset(map(chr, _OF_TEX))

Shape = tuple[float, float]
"""Foot and head of a letter over the line that it stands on, as parts of the font's size."""


def as_tex(text: str) -> str:
    """The text with TeX's numbers of ligatures and signs as such."""
    return text.translate(_OF_TEX)


def look_like_themselves(letters: Mapping[str, Sequence[Shape]]) -> bool:
    """Of one font's letters by their numbers: small ones are smaller than tall ones, "p" and "y" go below the line, a comma is low."""
    count = sum(map(len, letters.values()))
    control = sum(len(shapes) for letter, shapes in letters.items() if not letter.isprintable() and letter not in SIGNS_OF_TEX)
    shapes = {letter: (median(foot for foot, _ in found), median(head for _, head in found)) for letter, found in letters.items()}
    heads = [head for letter, (_, head) in shapes.items() if letter in _TALL]
    if not heads or (tall := median(heads)) <= 0 or control > _MOST_CONTROL * count:
        return False
    said = [looks for letter, (foot, head) in shapes.items() if (looks := _looks_like(letter, foot / tall, head / tall)) is not None]
    return len(said) >= _FEWEST and said.count(False) <= _MOST_OTHERS * len(said)


def _looks_like(letter: str, foot: float, head: float) -> bool | None:
    """``foot`` and ``head`` as parts of a tall letter's height; None for a letter that can look in many ways."""
    if letter in _TALL:
        return -0.08 < foot < 0.1 and 0.88 < head < 1.13
    if letter in _SHORT:
        return -0.08 < foot < 0.1 and 0.5 < head < 0.85
    if letter in _DEEP:
        return foot < -0.15 and head < 0.88
    if letter in _LOW:
        return head < 0.35
    return foot > 0.4 if letter in _HIGH else None
