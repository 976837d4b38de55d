"""Whether somebody can see a word of a PDF page: it is suspected by what lies over or under it, and convicted by the page's picture.

A page is drawn with and without the suspected pieces of text. Where both pictures are the same, nobody can see the words.
"""

import ctypes
import math
from bisect import bisect_left
from collections.abc import Container, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from rag.readers.lines import Word
from rag.readers.pdfcalls import Room, bare, ready

TEXT, PATH, IMAGE, SHADING, GROUP = 1, 2, 3, 4, 5
"""PDFium's kinds of pieces of a page."""
_MOST_PIECES = 500
"""A page of more is not searched for covers: a look at each would cost more than reading it (docs/log.md)."""
_THIN = 3.0
"""Points; what is thinner is a rule."""
_NEAR = 24
"""Steps of 255 in each of red, green and blue: letters so near to what they stand on are suspected."""
_LAYER = "OC\0".encode("utf-16-le")
"""How text is marked that belongs to a layer ("optional content")."""
_FAINT = 8
"""Such steps that no eye sees."""
_MOST_LOOKS = 100
"""Pages of one document that are drawn; on the others what is suspected stays."""
_SCALE = 1.0
"""Pixels a point."""
_MOST_PIXELS = 16_000_000
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""
Ink = tuple[int, int, int]
"""Red, green, blue."""


class Cover(NamedTuple):
    """A picture, or a path that is filled."""

    box: Box
    ink: Ink | None
    """None for a picture."""
    place: int
    """In the order of drawing."""


class Pieces:
    """PDFium's functions that are called for every piece of a page."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._looks_left = _MOST_LOOKS
        self._piece = bare(raw.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
        self._kind = bare(raw.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
        self._activate = bare(raw.FPDFPageObj_SetIsActive, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        self._bounds = Room(raw.FPDFPageObj_GetBounds, kind=ctypes.c_float, places=4)
        self._colours = Room(raw.FPDFPageObj_GetFillColor, kind=ctypes.c_uint, places=4)
        self._modes = Room(raw.FPDFPath_GetDrawMode, kind=ctypes.c_int, places=2)

    def covers(self, page: Any, *, texts: Container[int | None]) -> tuple[list[int], list[Cover]]:
        """(addresses of the page's pieces in the order of drawing, those of them that cover what is under them); nothing on a page
        of very many. ``texts``: addresses of pieces that are known to be of text."""
        count = self._raw.FPDFPage_CountObjects(page.raw)
        if count > _MOST_PIECES:
            return [], []
        pieces = self._pieces(page, count=count)
        others = [(at, piece, self._kind(piece)) for at, piece in enumerate(pieces) if piece not in texts]
        return pieces, self._covers([other for other in others if other[2] in (PATH, IMAGE)])

    def _pieces(self, page: Any, *, count: int) -> list[int]:
        return list(map(self._piece, repeat(ctypes.cast(page.raw, ctypes.c_void_p).value), range(count)))

    def _covers(self, drawn: Sequence[tuple[int, int, int]]) -> list[Cover]:
        """Of (place, address, kind) of paths and pictures."""
        has_bounds = self._bounds.fill([ready(piece) for _, piece, _ in drawn], count=len(drawn))
        boxes = list(zip(*(self._bounds.values(side, count=len(drawn)) for side in range(4)), strict=True))
        broad = [
            (*one, box)
            for one, box, is_known in zip(drawn, boxes, has_bounds, strict=True)
            if is_known and box[2] - box[0] >= _THIN and box[3] - box[1] >= _THIN
        ]
        inks = iter(self._fills([piece for _, piece, kind, _ in broad if kind == PATH]))
        found = ((at, box, kind, next(inks) if kind == PATH else None) for at, _, kind, box in broad)
        return [Cover(box=box, ink=ink, place=at) for at, box, kind, ink in found if kind == IMAGE or ink is not None]

    def _fills(self, paths: Sequence[int]) -> list[Ink | None]:
        """The colour of each path; None for one that is only drawn around, or that lets all through."""
        handles, count = list(map(ready, paths)), len(paths)
        has_mode, has_colour = self._modes.fill(handles, count=count), self._colours.fill(handles, count=count)
        opacity = self._colours.values(3, count=count)
        shown = zip(has_mode, self._modes.values(0, count=count), has_colour, opacity, strict=True)
        colours = zip(*(self._colours.values(part, count=count) for part in range(3)), strict=True)
        return [ink if all(known) else None for ink, known in zip(colours, shown, strict=True)]

    def is_on_a_layer(self, piece: int) -> bool:
        """True for a piece that is shown together with a layer, or not at all."""
        name, length = ctypes.create_unicode_buffer(4), ctypes.c_ulong()
        for number in range(self._raw.FPDFPageObj_CountMarks(_of(piece))):
            mark = self._raw.FPDFPageObj_GetMark(_of(piece), number)
            place = ctypes.cast(name, ctypes.POINTER(self._raw.FPDF_WCHAR))
            self._raw.FPDFPageObjMark_GetName(mark, place, ctypes.sizeof(name), ctypes.byref(length))
            if bytes(name)[: length.value] == _LAYER:
                return True
        return False

    def has_ink(self, piece: Any, *, white: int) -> bool:
        """True for a piece that may show another colour than white."""
        if piece.type != PATH:
            return True
        (ink,) = self._fills([ctypes.cast(piece.raw, ctypes.c_void_p).value or 0])
        return ink is not None and min(ink) < white

    def undrawn(self, page: Any, words: Mapping[int, Word]) -> frozenset[int]:
        """Numbers of the ``words`` where the page looks the same without any text; none on a page too large to be drawn."""
        if not words or not self._looks_left or page.get_width() * page.get_height() * _SCALE**2 > _MOST_PIXELS:
            return frozenset()
        self._looks_left -= 1
        size = math.ceil(page.get_width() * _SCALE), math.ceil(page.get_height() * _SCALE)
        areas = {at: self._pixels(page, word, size=size) for at, word in words.items()}
        inside = {at: area for at, area in areas.items() if area[0] < area[2] and area[1] < area[3]}
        if not inside:
            return frozenset(words)
        left, top = (min(area[side] for area in inside.values()) for side in (0, 1))
        right, bottom = (max(area[side] for area in inside.values()) for side in (2, 3))
        view = tuple(side / _SCALE for side in (left, size[1] - bottom, size[0] - right, top))
        before = page.render(scale=_SCALE, crop=view)
        self._take_off(page)
        after = page.render(scale=_SCALE, crop=view)
        return frozenset(at for at in words if at not in inside or _is_same(before, after, inside[at], corner=(left, top)))

    def _take_off(self, page: Any) -> None:
        """All text of the page, since a word may be drawn twice."""
        pieces = self._pieces(page, count=self._raw.FPDFPage_CountObjects(page.raw))
        kinds = list(map(self._kind, pieces))
        for piece, kind in zip(pieces, kinds, strict=True):
            if kind == TEXT:
                self._activate(piece, 0)
        if GROUP in kinds:
            for found in page.get_objects(filter=[TEXT], max_depth=3):
                self._activate(ctypes.cast(found.raw, ctypes.c_void_p).value, 0)

    def _pixels(self, page: Any, word: Word, *, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """First column and row of the pixels of a word in a picture of the page, and one past the last, with a margin."""
        across, down = ctypes.c_int(), ctypes.c_int()
        columns, rows = [], []
        for x, y in ((word.left, word.bottom), (word.left, word.top), (word.right, word.bottom), (word.right, word.top)):
            self._raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, ctypes.byref(across), ctypes.byref(down))
            columns.append(across.value)
            rows.append(down.value)
        return max(0, min(columns) - 1), max(0, min(rows) - 1), min(size[0], max(columns) + 2), min(size[1], max(rows) + 2)


def covered(words: Sequence[Word], places: Sequence[int | None], inks: Sequence[Ink], covers: Sequence[Cover]) -> set[int]:
    """Numbers of the words that a later piece covers, or that have nearly the colour of what they stand on.

    ``places``: of each word's piece in the order of drawing; None for one inside a group. ``inks``: of each word.
    """
    heights = sorted([((bottom + top) / 2, at) for at, (_, _, _, bottom, top) in enumerate(words)])
    found: set[int] = set()
    for cover in covers:
        left, bottom, right, top = cover.box
        for _, at in heights[bisect_left(heights, (bottom, -1)) : bisect_left(heights, (top, -1))]:
            word, place = words[at], places[at]
            if place is not None and left <= (word.left + word.right) / 2 <= right:
                is_later = cover.place > place
                if is_later or (cover.ink is not None and near(cover.ink, inks[at])):
                    found.add(at)
    return found


def _is_same(before: Any, after: Any, area: tuple[int, int, int, int], *, corner: tuple[int, int]) -> bool:
    """Whether two pictures of a part of the page, which begins at this ``corner``, look the same in an area."""
    left, top, right, bottom = area
    for y in range(top - corner[1], bottom - corner[1]):
        start, end = (y * before.stride + (x - corner[0]) * before.n_channels for x in (left, right))
        if not _is_faint(bytes(before.buffer[start:end]), bytes(after.buffer[start:end])):
            return False
    return True


def _is_faint(one: bytes, other: bytes) -> bool:
    return one == other or all(abs(a - b) <= _FAINT for a, b in zip(one, other, strict=True))


def near(one: Ink, other: Ink) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _of(piece: Any) -> Any:
    from pypdfium2 import raw

    return ctypes.cast(piece, raw.FPDF_PAGEOBJECT)
