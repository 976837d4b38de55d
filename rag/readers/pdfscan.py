"""One PDF page's words with their places, and what of them nobody can see.

PDFium is asked for each word's first and last letter and for each piece of text's colour: more than a thousand calls a page. ctypes makes
an argument ready in more time than the call itself takes, so the addresses are made ready once a document, and no loop runs in Python.
"""

import ctypes
import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise, repeat
from typing import Any

from rag.readers.layout import Line, Word

_WORD = re.compile(r"([^ \r\n\x02\ufffe]+[\x02\ufffe]?)")
_word = partial(tuple.__new__, Word)
"""A word of its fields; what Word itself does takes three times as long."""
_LINE_END = re.compile(r"\r\n|[\x02\ufffe](?:\r\n)?")
_INVISIBLE_MODE = 3
_SMALLEST_SIZE = 1.5
"""Points; smaller letters cannot be read."""
_WHITE = 250
"""Red, green and blue of this and more are white on paper."""
_USUAL_WORDS = 1_000
"""On a page; there is room for more where there are more."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+")
"""Hebrew, Arabic and their like."""
_BOLD = 600
"""Of the weights of fonts, 100 to 900. PDFium makes most of them out from the width of strokes, 415 to 475 for many a bold one."""
_BOLD_NAME = re.compile(rb"(?i)bold|black|heavy")
_LONGEST_NAME = 128
GRAPHICS = (2, 3, 4)
"""PDFium's object types path, image and shading: what white letters may stand on."""
_IMAGE, _FORM = 3, 5
"""PDFium's object types of a picture and of a group."""
_SCANNED_SHARE = 0.5
"""Of the page's area; a page with pictures on more of it may be a scan."""
_STAMPED_SHARE = 0.25
"""Visible characters for each invisible one of a scan: its running number, a stamp, the address it was fetched from."""


class Pdfium:
    """PDFium's functions that are called for every word, and room for what they write; one for each open document."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._text_object = _bare(raw.FPDFText_GetTextObject, ctypes.c_void_p)
        self._render_mode = _bare(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
        self._font_size = _bare(raw.FPDFText_GetFontSize, ctypes.c_double)
        self._font_weight = _bare(raw.FPDFText_GetFontWeight, ctypes.c_int)
        self._font_info = _bare(raw.FPDFText_GetFontInfo, ctypes.c_ulong)
        self._boxes = _Room(raw.FPDFText_GetCharBox, kind=ctypes.c_double, places=4)
        self._matrices = _Room(raw.FPDFText_GetMatrix, kind=ctypes.c_float, size=6)
        self._colours = _Room(raw.FPDFPageObj_GetFillColor, kind=ctypes.c_uint, places=4)

    def boxes(self, page: Any, chars: Sequence[int], *, sides: Sequence[int]) -> list[list[float]]:
        """The ``sides`` (0 left, 1 right, 2 bottom, 3 top) of the characters' boxes, in points."""
        self._boxes.fill(repeat(page), chars, count=len(chars))
        return [self._boxes.values(side, count=len(chars)) for side in sides]

    def looks(self, page: Any, chars: Sequence[int]) -> list[tuple[float, bool]]:
        """(font size as it appears on the page in points, whether it is bold) of each character."""
        sizes = map(self._font_size, repeat(page), chars)
        weights = map(self._font_weight, repeat(page), chars)
        self._matrices.fill(repeat(page), chars, count=len(chars))
        upright, slanted = (self._matrices.values(field, count=len(chars)) for field in (3, 2))
        scales = [(c**2 + d**2) ** 0.5 or 1.0 for c, d in zip(slanted, upright, strict=True)]
        bold = (
            weight >= _BOLD or _BOLD_NAME.search(name) is not None for weight, name in zip(weights, self._fonts(page, chars), strict=False)
        )
        return [(round(size * scale, 1), is_bold) for size, scale, is_bold in zip(sizes, scales, bold, strict=False)]

    def _fonts(self, page: Any, chars: Sequence[int]) -> Iterator[bytes]:
        """The name of each character's font."""
        buffer, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
        for char in chars:
            length = self._font_info(page, char, buffer, _LONGEST_NAME, ctypes.byref(flags))
            yield buffer.raw[: min(max(length - 1, 0), _LONGEST_NAME)]

    def text_objects(self, page: Any, chars: Sequence[int]) -> list[int | None]:
        """The address of the piece of text that each character belongs to."""
        return list(map(self._text_object, repeat(page), chars))

    def inks(self, objects: Iterable[int]) -> Iterator[tuple[int, int, int, int, int]]:
        """(how it is drawn, red, green, blue, opacity) of each piece of text; black where it has no such colour."""
        handles = list(map(ctypes.c_void_p.from_param, objects))
        modes = map(self._render_mode, handles)
        has_colour = self._colours.fill(handles, count=len(handles))
        opacity = [value if known else 255 for known, value in zip(has_colour, self._colours.values(3, count=len(handles)), strict=True)]
        return zip(modes, *(self._colours.values(part, count=len(handles)) for part in range(3)), opacity, strict=True)

    def chars(self, page: Any, places: Sequence[int]) -> list[int]:
        """PDFium's numbers of the characters at these places of its text, which lacks some of them and has others more."""
        return [max(0, self._raw.FPDFText_GetCharIndexFromTextIndex(page, place)) for place in places]


class _Room:
    """Room for what one of PDFium's functions writes, call after call."""

    def __init__(self, function: Any, *, kind: Any, places: int = 1, size: int = 1) -> None:
        """``places``: addresses that a call takes; ``size``: numbers of ``kind`` that it writes at each."""
        self._call = _bare(function, ctypes.c_int)
        self._kind, self._places, self._size = kind, places, size
        self._grow(_USUAL_WORDS)

    def fill(self, *arguments: Iterable[Any], count: int) -> list[int]:
        """The answers of ``count`` calls; what a call leaves out is 0."""
        if count > len(self._addresses[0]):
            self._grow(2 * count)
        ctypes.memset(self._array, 0, ctypes.sizeof(self._kind) * self._places * self._size * count)
        return list(map(self._call, *arguments, *self._addresses))

    def values(self, field: int, *, count: int) -> list[Any]:
        """The same number of each of ``count`` calls."""
        step = self._places * self._size
        return memoryview(self._array).cast("B").cast(self._kind._type_)[field : count * step : step].tolist()

    def _grow(self, count: int) -> None:
        self._array: Any = (self._kind * (count * self._places * self._size))()
        start, end = ctypes.addressof(self._array), ctypes.addressof(self._array) + ctypes.sizeof(self._array)
        width = ctypes.sizeof(self._kind) * self._size
        ranges = (range(start + place * width, end, self._places * width) for place in range(self._places))
        self._addresses: list[list[Any]] = [list(map(ctypes.c_void_p.from_param, places)) for places in ranges]


def _bare(function: Any, answer: Any) -> Any:
    """The same function without a check of its arguments, which have to be ready: small whole numbers, and addresses that
    ``c_void_p.from_param`` has made."""
    return ctypes.PYFUNCTYPE(answer)(ctypes.cast(function, ctypes.c_void_p).value or 0)


@dataclass(frozen=True, slots=True)
class _Found:
    """The page's words in the order of the file; the lists are equally long."""

    words: list[Word]
    chars: list[int]
    """PDFium's number of each word's first character."""
    starts: list[int]
    """Where each word begins in the page's text."""
    unseen: frozenset[int]
    """Places of the words that nobody can see."""


class PageScan:
    """Reads one page's words with their places, and leaves out what nobody can see."""

    def __init__(self, page: Any, text_page: Any, *, pdfium: Pdfium) -> None:
        self._pdfium = pdfium
        self._page = page
        self._text_page = text_page
        self._address = ctypes.c_void_p.from_param(ctypes.cast(text_page.raw, ctypes.c_void_p).value)
        self._graphics: list[tuple[float, float, float, float]] | None = None
        self._has_drawn_invisibly = False
        self.hidden = 0

    def lines(self, *, printed: int | None = None) -> list[Line]:
        """In the order of the file; of the ``printed`` characters, what was typed onto the page later comes by its place."""
        text = self._text_page.get_text_range()
        found = self._found(text, printed=printed)
        lines: list[Line] = []
        dropped: list[Line] = []
        spans = list(_line_spans(text, found.starts, printed=printed))
        looks = self._pdfium.looks(self._address, [found.chars[first] for first, _ in spans])
        to_the_end = self._pdfium.looks(self._address, [found.chars[end - 1] for _, end in spans])
        for (first, end), (size, begins_bold), (_, bold) in zip(spans, looks, to_the_end, strict=True):
            bold = bold and begins_bold
            words = found.words[first:end]
            if found.unseen and (unseen := found.unseen.intersection(range(first, end))):
                dropped.append(Line(words=[found.words[at] for at in sorted(unseen)], size=size, bold=bold))
                words = [found.words[at] for at in range(first, end) if at not in unseen]
            if words and printed is not None and found.starts[first] >= printed:
                for typed in _on_one_height(Line(words=words, size=size, bold=bold)):
                    _insert_typed(lines, typed)
            elif words:
                for row in _rows(words):
                    _append_line(lines, Line(words=row, size=size, bold=bold))
        if dropped and self._is_scan(seen=_length(lines), unseen=_length(dropped)):
            return [*dropped, *lines]
        self.hidden = _length(dropped)
        return lines

    def _is_scan(self, *, seen: int, unseen: int) -> bool:
        """True when OCR has put the page's invisible text behind its picture: there a person sees that text."""
        if seen > _STAMPED_SHARE * unseen or not self._has_drawn_invisibly:
            return False
        width, height = self._page.get_size()
        return _pictured_area(self._page) >= _SCANNED_SHARE * float(width * height)

    def _found(self, text: str, *, printed: int | None) -> _Found:
        """All words of the page; none reaches from the ``printed`` characters into the others."""
        pieces = _WORD.split(text) if printed is None else _joined(_WORD.split(text[:printed]), _WORD.split(text[printed:]))
        ends = list(accumulate(map(len, pieces)))
        starts = ends[:-1:2]
        chars, lasts = starts, [end - 1 for end in ends[1::2]]
        if len(text) != self._text_page.count_chars():
            chars, lasts = (self._pdfium.chars(self._text_page.raw, places) for places in (starts, lasts))
        lefts, bottoms, tops = self._pdfium.boxes(self._address, chars, sides=(0, 2, 3))
        rights, others = self._pdfium.boxes(self._address, lasts, sides=(1, 3))
        said = pieces[1::2]
        if _RIGHT_TO_LEFT.search(text):
            said = self._as_read(said, starts, is_every_char=chars is starts)
        words = list(map(_word, zip(said, lefts, rights, bottoms, map(max, tops, others), strict=True)))
        return _Found(words, chars, starts, self._unseen(words, chars))

    def _as_read(self, words: Sequence[str], starts: Sequence[int], *, is_every_char: bool) -> list[str]:
        """The words, with letters that are read from right to left in that order."""
        places = [start + place for start, word in zip(starts, words, strict=True) for run in right_to_left(word) for place in run]
        chars = places if is_every_char else self._pdfium.chars(self._text_page.raw, places)
        (lefts,) = self._pdfium.boxes(self._address, chars, sides=(0,))
        return as_read(words, lefts)

    def _unseen(self, words: Sequence[Word], chars: Sequence[int]) -> frozenset[int]:
        """Places of the words that nobody can see, by the piece of text that their first character belongs to."""
        objects = self._pdfium.text_objects(self._address, chars)
        firsts = {handle: at for at, handle in zip(range(len(objects) - 1, -1, -1), reversed(objects), strict=True) if handle is not None}
        hidden: set[int | None] = set()
        for (handle, at), (mode, red, green, blue, opacity) in zip(firsts.items(), self._pdfium.inks(firsts), strict=True):
            if mode == _INVISIBLE_MODE:
                self._has_drawn_invisibly = True
                hidden.add(handle)
            elif (
                not opacity
                or (words[at].top - words[at].bottom < _SMALLEST_SIZE and self._is_tiny(chars[at]))
                or (red >= _WHITE and green >= _WHITE and blue >= _WHITE and not self._is_on_graphics(words[at]))
            ):
                hidden.add(handle)
        return frozenset(at for at, handle in enumerate(objects) if handle in hidden) if hidden else frozenset()

    def _is_tiny(self, char: int) -> bool:
        return self._pdfium.looks(self._address, [char])[0][0] < _SMALLEST_SIZE

    def _is_on_graphics(self, word: Word) -> bool:
        """True when a path, picture or shading lies around the word's middle: white letters can be seen there."""
        if self._graphics is None:
            self._graphics = [found.get_bounds() for found in self._page.get_objects(filter=list(GRAPHICS), max_depth=3)]
        x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
        return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in self._graphics)


def right_to_left(word: str) -> list[tuple[int, int]]:
    """(first, last) place of each run of letters that are read from right to left."""
    return [(run.start(), run.end() - 1) for run in _RIGHT_TO_LEFT.finditer(word)]


def as_read(words: Sequence[str], lefts: Sequence[float]) -> list[str]:
    """The words; letters that a file gives as they stand on the page, from the left, though they are read from the right, are turned.

    ``lefts``: where the first and the last letter of each run of ``right_to_left`` stand, word by word.
    """
    read, sides = [], iter(lefts)
    for word in words:
        for first, last in right_to_left(word):
            if next(sides) < next(sides):
                word = word[:first] + word[first : last + 1][::-1] + word[last + 1 :]
        read.append(word)
    return read


def _joined(before: list[str], after: list[str]) -> list[str]:
    """Words and what stands around them, in turn, of two texts as of one."""
    return [*before[:-1], before[-1] + after[0], *after[1:]]


def _length(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _pictured_area(page: Any) -> float:
    """Square points under the page's pictures and under groups that hold one; what lies over another counts twice."""
    area = 0.0
    for found in page.get_objects(filter=[_IMAGE, _FORM], max_depth=1):
        if found.type == _IMAGE or next(iter(page.get_objects(filter=[_IMAGE], max_depth=3, form=found, level=1)), None) is not None:
            left, bottom, right, top = found.get_bounds()
            area += (right - left) * (top - bottom)
    return area


def _line_spans(text: str, starts: Sequence[int], *, printed: int | None) -> Iterator[tuple[int, int]]:
    """First and one past the last word of each line: PDFium ends lines with CR LF, or with a mark where it took out a hyphen. The
    ``printed`` characters end a line too."""
    ends = [match.end() for match in _LINE_END.finditer(text)]
    if printed is not None:
        insort(ends, printed)
    first = 0
    for end in (*ends, len(text)):
        after = bisect_left(starts, end, lo=first)
        if after > first:
            yield first, after
        first = after


def _rows(words: list[Word]) -> list[list[Word]]:
    """The words, parted where they go back to the left and down: PDFium strings rows of a table together that stand close."""
    breaks = [
        at
        for at, (before, word) in enumerate(pairwise(words), start=1)
        if word.right < before.left and (word.bottom + word.top) / 2 < before.bottom
    ]
    return [words[start:end] for start, end in pairwise([0, *breaks, len(words)])] if breaks else [words]


def _on_one_height(line: Line) -> Iterator[Line]:
    """The line's runs of words on one height: PDFium strings the values of several fields together."""
    run: list[Word] = []
    for word in line.words:
        if run and not run[-1].bottom <= (word.bottom + word.top) / 2 <= run[-1].top:
            yield Line(words=run, size=line.size, bold=False)
            run = []
        run.append(word)
    yield Line(words=run, size=line.size, bold=False)


def _insert_typed(lines: list[Line], typed: Line) -> None:
    """Into the line on whose right it stands, else after the lowest line above it that it stands under, else at the end."""
    beside = [at for at, line in enumerate(lines) if _same_height(line, typed) and line.words[0].left <= typed.left]
    if beside:
        at = max(beside, key=lambda at: lines[at].words[0].left)
        words = sorted([*lines[at].words, *typed.words], key=lambda word: word.left)
        lines[at] = Line(words=words, size=lines[at].size, bold=False)
        return
    above = [at for at, line in enumerate(lines) if line.bottom >= typed.bottom and line.left <= typed.right and typed.left <= line.right]
    lines.insert(min(above, key=lambda at: lines[at].bottom) + 1 if above else len(lines), typed)


def _same_height(line: Line, typed: Line) -> bool:
    middle = (typed.bottom + max(word.top for word in typed.words)) / 2
    return line.bottom <= middle <= max(word.top for word in line.words)


def _append_line(lines: list[Line], line: Line) -> None:
    """A line at the height of the one before and to the right of it goes on with it."""
    before = lines[-1] if lines else None
    same_row = before is not None and abs(before.bottom - line.bottom) < 0.3 * max(before.size, 1.0) and line.left >= before.right - 1.0
    if before is not None and same_row and not before.words[-1].is_split:
        lines[-1] = Line(words=[*before.words, *line.words], size=before.size, bold=before.bold and line.bold)
    else:
        lines.append(line)
