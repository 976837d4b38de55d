"""One PDF page's words with their places, and what of them nobody can see.

PDFium is asked for each word's first and last letter and for each piece of text's colour: more than a thousand calls a page.
"""

import ctypes
import re
import sys
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, compress, pairwise, repeat
from operator import lt
from typing import Any

from rag.patterns import regex
from rag.readers.clean import LEVEL, RAISED, level
from rag.readers.lines import Line, Word
from rag.readers.pdfcalls import Room, bare, ready
from rag.readers.pdfcodes import Shape, as_tex, look_like_themselves
from rag.readers.pdfseen import Box, Ink, Pieces, covered

_WORD = regex(r"([^ \r\n\x02\ufffe]+[\x02\ufffe]?)")
_word = partial(tuple.__new__, Word)
"""A word of its fields; what Word itself does takes three times as long."""
_LONE_RETURN = regex(r"\r(?!\n)")
"""PDFium ends a line with CR LF; this is a letter by its number, which would end a word."""
_NO_LETTER = "\ufffd"
_FL_OF_TEX = "\x1d"
"""Another number of the same ligature."""
_LINE_END = regex(r"\r\n|[\x02\ufffe](?:\r\n)?")
_RETURN = "\r\n"
_SPLIT_MARKS = "\x02\ufffe"
_INVISIBLE_MODE, _CLIP_MODE = 3, 7
_STROKED_MODES = frozenset({1, 5})
"""Letters that are only drawn around."""
_RAISED_BY, _RAISED_HEIGHT, _RAISED_SIZE = 0.25, 0.9, 0.87
"""Of the word's first letter: how far above its foot a note's mark begins, and how high and large it is at most."""
_MARK_ENDS = "0123456789)]"
_BLACK = (0, 0, 0)
_OTHER_LINE = 0.7
"""Font sizes: what stands so much higher or lower is no index or power."""
_LOOKED_AT = 4
"""One word in so many tells which way a page is printed."""
_PRIVATE = regex("[\ue000-\uefff]")
"""Letters that mean what a font says, which is nothing to a reader; fonts of signs use those from F000 on."""
_SMALLEST_SIZE = 1.5
"""Points; smaller letters cannot be read."""
_WHITE = 250
"""Red, green and blue of this and more are white on paper."""
_READABLE_SIZE, _LETTER_HEIGHT = 2.0, 0.7
"""Points that letters of running text have at least, and the part of them that a tall letter has: fonts with a scale of their own are said
to be smaller than their letters."""
_OTHER_BLANK = r"[\xa0\u2000-\u200a\u202f\u3000]"
_BLANK = regex(rf"{_OTHER_BLANK}(?<![^ \r\n]{_OTHER_BLANK}){_OTHER_BLANK}*(?![^ \r\n])")
"""Blanks of other kinds by themselves, which are no words; between the digits of a number they hold it together. What stands before them is
looked at last: a pattern that begins with a set of letters is found three times as fast."""
_RIGHT_TO_LEFT = regex("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+")
"""Hebrew, Arabic and their like."""
_LAM = "\u0644"
_LAM_ALEF = regex(f"(?=[\u0622\u0623\u0625\u0627]{_LAM}|{_LAM}[\u0622\u0623\u0625\u0627])")
_LAM_ALEFS = {"\u0622": "\ufef5", "\u0623": "\ufef7", "\u0625": "\ufef9", "\u0627": "\ufefb"}
"""Alef and its kind -> the sign for it and a lam before it."""
_LAM_AND_ALEF = str.maketrans({sign: _LAM + alef for alef, sign in _LAM_ALEFS.items()})
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

    def __init__(self, *, has_layers: bool = False) -> None:
        """``has_layers``: the document has layers, which may be switched off."""
        from pypdfium2 import raw

        self._raw = raw
        self.has_layers = has_layers
        self.pieces = Pieces()
        self._map_error = bare(raw.FPDFText_HasUnicodeMapError, ctypes.c_int)
        self._text_object = bare(raw.FPDFText_GetTextObject, ctypes.c_void_p)
        self._render_mode = bare(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
        self._font_size = bare(raw.FPDFText_GetFontSize, ctypes.c_double)
        self._font_weight = bare(raw.FPDFText_GetFontWeight, ctypes.c_int)
        self._font_info = bare(raw.FPDFText_GetFontInfo, ctypes.c_ulong)
        self._unicode = bare(raw.FPDFText_GetUnicode, ctypes.c_uint)
        self._font = bare(raw.FPDFTextObj_GetFont, ctypes.c_void_p)
        self._origins = Room(raw.FPDFText_GetCharOrigin, kind=ctypes.c_double, places=2)
        self._boxes = Room(raw.FPDFText_GetCharBox, kind=ctypes.c_double, places=4)
        self._matrices = Room(raw.FPDFText_GetMatrix, kind=ctypes.c_float, size=6)
        self._colours = Room(raw.FPDFPageObj_GetFillColor, kind=ctypes.c_uint, places=4)

    def boxes(self, page: Any, chars: Sequence[int], *, sides: Sequence[int]) -> list[list[float]]:
        """The ``sides`` (0 left, 1 right, 2 bottom, 3 top) of the characters' boxes, in points."""
        self._boxes.fill(repeat(page), chars, count=len(chars))
        return [self._boxes.values(side, count=len(chars)) for side in sides]

    def sizes(self, page: Any, chars: Sequence[int]) -> list[float]:
        """Font size of each character as it appears on the page, in points."""
        return [round(size, 1) for size in self._exact_sizes(page, chars)]

    def _exact_sizes(self, page: Any, chars: Sequence[int]) -> list[float]:
        sizes = map(self._font_size, repeat(page), chars)
        self._matrices.fill(repeat(page), chars, count=len(chars))
        upright, slanted = (self._matrices.values(field, count=len(chars)) for field in (3, 2))
        scales = [(c**2 + d**2) ** 0.5 or 1.0 for c, d in zip(slanted, upright, strict=True)]
        return [size * scale for size, scale in zip(sizes, scales, strict=False)]

    def are_bold(self, page: Any, chars: Sequence[int], objects: Sequence[int | None]) -> list[bool]:
        """Whether each character is of a bold font; ``objects``: the piece of text that it belongs to."""
        fonts = self.fonts({handle for handle in objects if handle is not None})
        known: dict[int | None, bool] = {}
        for handle, char in zip(objects, chars, strict=True):
            font = fonts.get(handle) if handle is not None else None
            if font is None or font not in known:
                known[font] = self._is_bold(page, char)
        return [known[fonts.get(handle) if handle is not None else None] for handle in objects]

    def _is_bold(self, page: Any, char: int) -> bool:
        if self._font_weight(page, char) >= _BOLD:
            return True
        name, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
        length = self._font_info(page, char, name, _LONGEST_NAME, ctypes.byref(flags))
        return _BOLD_NAME.search(name.raw[: min(max(length - 1, 0), _LONGEST_NAME)]) is not None

    def text_objects(self, page: Any, chars: Sequence[int]) -> list[int | None]:
        """The address of the piece of text that each character belongs to."""
        return list(map(self._text_object, repeat(page), chars))

    def fonts(self, objects: Iterable[int]) -> dict[int, int | None]:
        """The address of each piece of text -> that of its font."""
        return {handle: self._font(ready(handle)) for handle in objects}

    def letter(self, page: Any, char: int) -> str:
        """The letter by its number, whether that is one or not."""
        number = self._unicode(page, char)
        return chr(number) if number <= sys.maxunicode else _NO_LETTER

    def heights(self, page: Any, chars: Sequence[int]) -> list[float]:
        """Of the line that each character stands on."""
        self._origins.fill(repeat(page), chars, count=len(chars))
        return self._origins.values(1, count=len(chars))

    def shapes(self, page: Any, chars: Sequence[int]) -> list[Shape | None]:
        """The foot and head of each character over its line, as parts of its size; None for one that does not stand upright."""
        sizes = self._exact_sizes(page, chars)
        slanted, upright = (self._matrices.values(field, count=len(chars)) for field in (2, 3))
        feet, heads = self.boxes(page, chars, sides=(2, 3))
        places = zip(feet, heads, self.heights(page, chars), sizes, strict=True)
        return [
            ((foot - line) / size, (head - line) / size) if size and abs(up) > abs(slant) else None
            for (foot, head, line, size), slant, up in zip(places, slanted, upright, strict=True)
        ]

    def inks(self, objects: Iterable[int]) -> tuple[list[int], list[Ink], list[int]]:
        """(how it is drawn, its colour, its opacity) of all pieces of text; black where it has no such colour."""
        handles = list(map(ready, objects))
        modes = list(map(self._render_mode, handles))
        has_colour = self._colours.fill(handles, count=len(handles))
        opacity = [value if known else 255 for known, value in zip(has_colour, self._colours.values(3, count=len(handles)), strict=True)]
        colours = zip(*(self._colours.values(part, count=len(handles)) for part in range(3)), strict=True)
        return modes, list(colours), opacity

    def stroke(self, handle: int) -> Ink:
        """The colour that a piece of text is drawn around with."""
        parts = [ctypes.c_uint() for _ in range(4)]
        self._raw.FPDFPageObj_GetStrokeColor(ctypes.cast(handle, self._raw.FPDF_PAGEOBJECT), *map(ctypes.byref, parts))
        return parts[0].value, parts[1].value, parts[2].value

    def have_no_meaning(self, page: Any, chars: Iterable[int]) -> Iterator[bool]:
        """Whether the file does not say what letters these are, only how they look."""
        return map((1).__eq__, map(self._map_error, repeat(page), chars))

    def box(self, page: Any) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of what is shown of the page."""
        sides = self._raw.FS_RECTF()
        self._raw.FPDF_GetPageBoundingBox(page.raw, ctypes.byref(sides))
        return sides.left, sides.bottom, sides.right, sides.top

    def chars(self, page: Any, places: Sequence[int]) -> list[int]:
        """PDFium's numbers of the characters at these places of its text, which lacks some of them and has others more."""
        return [max(0, self._raw.FPDFText_GetCharIndexFromTextIndex(page, place)) for place in places]


@dataclass(frozen=True, slots=True)
class _Found:
    """The page's words in the order of the file; the lists are equally long."""

    words: list[Word]
    chars: list[int]
    """PDFium's number of each word's first character."""
    starts: list[int]
    """Where each word begins in the page's text."""
    objects: list[int | None]
    """The piece of text that each word's first character belongs to."""
    unseen: frozenset[int]
    """Places of the words that nobody can see."""
    unread: frozenset[int]
    """Places of the words of which the file does not say what letters they are."""


class PageScan:
    """Reads one page's words with their places, and leaves out what nobody can see."""

    def __init__(self, page: Any, text_page: Any, *, pdfium: Pdfium) -> None:
        self._pdfium = pdfium
        self._page = page
        self._text_page = text_page
        self._address = ready(ctypes.cast(text_page.raw, ctypes.c_void_p).value)
        self._graphics: list[tuple[Box, bool]] | None = None
        self._has_drawn_invisibly = False
        self._has_private_letters = False
        self.hidden = 0
        self.unread = 0

    def lines(self, *, printed: int | None = None) -> list[Line]:
        """In the order of the file; of the ``printed`` characters, what was typed onto the page later comes by its place."""
        text = self._text_page.get_text_range()
        text = text if text.count("\r") == text.count("\r\n") else _LONE_RETURN.sub(_FL_OF_TEX, text)
        text = text if text.isascii() else _BLANK.sub(lambda blank: " " * len(blank[0]), text)
        self._has_private_letters = not text.isascii() and _PRIVATE.search(text) is not None
        found = self._found(text, printed=printed)
        lines: list[Line] = []
        dropped: list[Line] = []
        spans = list(_line_spans(text, found.starts, printed=printed))
        firsts, lasts = [found.chars[first] for first, _ in spans], [found.chars[end - 1] for _, end in spans]
        sizes = [
            size if size >= _READABLE_SIZE else _size_by_height(found.words[first:end], size)
            for size, (first, end) in zip(self._pdfium.sizes(self._address, firsts), spans, strict=True)
        ]
        objects = [found.objects[at] for at in (*(first for first, _ in spans), *(end - 1 for _, end in spans))]
        bold_ends = self._pdfium.are_bold(self._address, [*firsts, *lasts], objects)
        for (first, end), size, *ends in zip(spans, sizes, bold_ends[: len(spans)], bold_ends[len(spans) :], strict=True):
            bold = all(ends)
            words = found.words[first:end]
            if found.unread or found.unseen:
                unseen = [found.words[at] for at in range(first, end) if at in found.unseen]
                dropped += [Line(words=unseen, size=size, bold=bold)] if unseen else []
                words = [found.words[at] for at in range(first, end) if at not in found.unseen and at not in found.unread]
            if words and printed is not None and found.starts[first] >= printed:
                for typed in _on_one_height(Line(words=words, size=size, bold=bold)):
                    _insert_typed(lines, typed)
            elif words:
                for row in _rows(words):
                    _append_line(lines, Line(words=row, size=size, bold=bold))
        if dropped and self._is_scan(seen=_length(lines), unseen=_length(dropped)):
            return [*dropped, *lines]
        self.hidden = _length(dropped)
        self.unread = sum(len(found.words[at].text) for at in found.unread)
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
        said, ends = pieces[1::2], list(accumulate(map(len, pieces)))
        starts = ends[:-1:2]
        chars, lasts = starts, [end - 1 for end in ends[1::2]]
        if len(text) != self._text_page.count_chars():
            chars, lasts = (self._pdfium.chars(self._text_page.raw, places) for places in (starts, lasts))
        lefts, bottoms, tops = self._pdfium.boxes(self._address, chars, sides=(0, 2, 3))
        rights, feet, others = self._pdfium.boxes(self._address, lasts, sides=(1, 2, 3))
        higher = [at for at, (bottom, foot) in enumerate(zip(bottoms, feet, strict=True)) if foot > bottom and said[at][-1] in _MARK_ENDS]
        for at in higher:
            if len(said[at]) > 1 and _is_raised(bottoms[at], tops[at], feet[at], others[at]):
                said[at] = self._without_mark(said[at], chars[at], lasts[at])
        heights = zip(bottoms, tops, feet, others, strict=True)
        for at in [at for at, (bottom, top, foot, head) in enumerate(heights) if foot >= top or head <= bottom]:
            said[at] = self._parted_by_height(said[at], chars[at], lasts[at])
        if _RIGHT_TO_LEFT.search(text):
            said = self._as_read(said, starts, is_every_char=chars is starts)
        heads = [top if top > head else head for top, head in zip(tops, others, strict=True)]
        words = list(map(_word, zip(said, lefts, rights, bottoms, heads, strict=True)))
        objects = self._pdfium.text_objects(self._address, chars)
        unseen, unread, coded = self._unseen(words, chars, objects)
        for at in coded:
            words[at] = words[at]._replace(text=as_tex(words[at].text))
        unseen |= self._beyond(words, lefts, rights, bottoms, tops)
        if up := _runs_up(said, lefts=lefts, rights=rights, bottoms=bottoms, feet=feet):
            words = self._turned(words, chars, lasts, is_upward=up > 0)
        return _Found(words, chars, starts, objects, unseen, unread)

    def _turned(self, words: Sequence[Word], chars: Sequence[int], lasts: Sequence[int], *, is_upward: bool) -> list[Word]:
        """The words of a page that is printed sideways where they stand when the page is turned."""
        begins, ends = (zip(*self._pdfium.boxes(self._address, of, sides=(0, 1, 2, 3)), strict=True) for of in (chars, lasts))
        farthest, highest = max(word.right for word in words), max(word.top for word in words)
        turned = []
        for word, first, last in zip(words, begins, ends, strict=True):
            if is_upward:
                box = first[2], last[3], farthest - first[1], farthest - min(first[0], last[0])
            else:
                box = highest - first[3], highest - last[2], first[0], max(first[1], last[1])
            turned.append(_word((word.text, *box)))
        return turned

    def _without_mark(self, word: str, first: int, last: int) -> str:
        """The word without a note's mark that is raised at its end."""
        size, mark_size = self._pdfium.sizes(self._address, [first, last])
        if mark_size > _RAISED_SIZE * size:
            return word
        bottoms, tops = self._pdfium.boxes(self._address, range(last - len(word) + 1, last + 1), sides=(2, 3))
        raised = [_is_raised(bottoms[0], tops[0], foot, head) for foot, head in zip(bottoms, tops, strict=True)]
        between = [place for place in range(1, len(word) - 1) if word[place] in ",;" and raised[place - 1] and raised[place + 1]]
        at = next((at for at in range(len(word), 0, -1) if not raised[at - 1] and at - 1 not in between), 0)
        return level(f"{word[:at]}{RAISED}{word[at:]}{LEVEL}") or word

    def _parted_by_height(self, word: str, first: int, last: int) -> str:
        """The word, or the words that PDFium strings together where upright letters stand over each other: the numbers of an axis."""
        chars = range(first, last + 1)
        if not word.isascii() or len(chars) != len(word) or None in self._pdfium.shapes(self._address, chars):
            return word
        (size,) = self._pdfium.sizes(self._address, [first])
        apart = [abs(height - before) > _OTHER_LINE * size for before, height in pairwise(self._pdfium.heights(self._address, chars))]
        letters = zip(pairwise(word), apart, strict=True)
        return word[0] + "".join(
            f" {one}" if is_apart and before.isalnum() and one.isalnum() else one for (before, one), is_apart in letters
        )

    def _as_read(self, words: Sequence[str], starts: Sequence[int], *, is_every_char: bool) -> list[str]:
        """The words, with letters that are read from right to left in that order."""
        places = [start + place for start, word in zip(starts, words, strict=True) for run in right_to_left(word) for place in run]
        chars = places if is_every_char else self._pdfium.chars(self._text_page.raw, places)
        (lefts,) = self._pdfium.boxes(self._address, chars, sides=(0,))
        pairs = [(at, match.start()) for at, word in enumerate(words) for match in _LAM_ALEF.finditer(word)]
        places = [starts[at] + place + more for at, place in pairs for more in (0, 1)]
        chars = places if is_every_char else self._pdfium.chars(self._text_page.raw, places)
        begins, ends = self._pdfium.boxes(self._address, chars, sides=(0, 1))
        as_one = [begins[at] == begins[at + 1] and ends[at] == ends[at + 1] for at in range(0, len(places), 2)]
        return as_read(words, lefts, ligatures=list(compress(pairs, as_one)))

    def _unseen(
        self, words: Sequence[Word], chars: Sequence[int], objects: Sequence[int | None]
    ) -> tuple[frozenset[int], frozenset[int], set[int]]:
        """(places of the words that nobody can see, of those whose letters have no meaning, of those whose letters are what their numbers
        say), by the piece of text that their first character belongs to."""
        places = dict(zip(reversed(objects), range(len(objects) - 1, -1, -1), strict=True))
        firsts = {handle: at for handle, at in places.items() if handle is not None}
        tiny = self._tiny(words, chars, firsts.values())
        hidden: set[int | None] = set()
        doubtful: set[int | None] = set()
        modes, colours, opacities = self._pdfium.inks(firsts)
        inks: dict[int | None, Ink] = dict(zip(firsts, colours, strict=True))
        for (handle, at), mode, ink, opacity in zip(firsts.items(), modes, colours, opacities, strict=True):
            if not mode and opacity and ink[0] < _WHITE and at not in tiny:
                continue  # most text
            if mode in _STROKED_MODES:
                ink = inks[handle] = self._pdfium.stroke(handle)
            if mode == _INVISIBLE_MODE:
                self._has_drawn_invisibly = True
                hidden.add(handle)
            elif not opacity or mode == _CLIP_MODE or at in tiny:
                hidden.add(handle)
            elif ink[0] >= _WHITE and ink[1] >= _WHITE and ink[2] >= _WHITE and not self._is_on_ink(words[at]):
                (doubtful if self._is_on_graphics(words[at]) else hidden).add(handle)
        unseen = _of_pieces(objects, hidden)
        if self._pdfium.has_layers:
            doubtful.update(handle for handle in firsts if self._pdfium.pieces.is_on_a_layer(handle))
        suspects = _of_pieces(objects, doubtful) | self._covered(words, objects, inks)
        unseen |= self._pdfium.pieces.undrawn(self._page, {at: words[at] for at in suspects - unseen})
        meaningless = set(compress(firsts, self._pdfium.have_no_meaning(self._address, [chars[at] for at in firsts.values()])))
        legible = self._legible(meaningless) if meaningless else set()
        unread = _of_pieces(objects, meaningless - legible)
        if self._has_private_letters:
            unread.update(at for at, word in enumerate(words) if _PRIVATE.match(word.text) and len(word.text) > 1)
        if all(len(words[at].text) == 1 for at in unread):  # marks of lists, from a font of signs
            unread.clear()
        return frozenset(unseen), frozenset(unread - unseen), _of_pieces(objects, legible)

    def _legible(self, pieces: Collection[int]) -> set[int]:
        """Those of the pieces of text without a meaning whose letters look like what their numbers say, font by font."""
        chars = range(self._text_page.count_chars())
        objects = self._pdfium.text_objects(self._address, chars)
        theirs = [(char, handle) for char, handle in zip(chars, objects, strict=True) if handle in pieces and handle is not None]
        fonts = self._pdfium.fonts(pieces)
        letters: dict[int | None, dict[str, list[Shape]]] = defaultdict(lambda: defaultdict(list))
        for (char, handle), shape in zip(theirs, self._pdfium.shapes(self._address, [char for char, _ in theirs]), strict=True):
            if shape is not None:
                letters[fonts[handle]][self._pdfium.letter(self._address, char)].append(shape)
        legible = {font for font, shapes in letters.items() if look_like_themselves(shapes)}
        return {handle for handle in pieces if fonts[handle] in legible}

    def _beyond(
        self, words: Sequence[Word], lefts: Sequence[float], rights: Sequence[float], bottoms: Sequence[float], tops: Sequence[float]
    ) -> set[int]:
        """Places of the words outside of what is shown of the page; the numbers are theirs."""
        left, bottom, right, top = self._pdfium.box(self._page)
        if not words or (min(lefts) >= left and max(rights) <= right and min(bottoms) >= bottom and max(tops) <= top):
            return set()
        return {at for at, word in enumerate(words) if not _is_in(word, (left, bottom, right, top))}

    def _covered(self, words: Sequence[Word], objects: Sequence[int | None], inks: Mapping[int | None, Ink]) -> set[int]:
        """The words that may be out of sight under, or in the colour of, what is drawn over or under them."""
        pieces, found = self._pdfium.pieces.covers(self._page, texts=inks)
        width, height = self._page.get_size()
        covers = [cover for cover in found if not (cover.ink is None and _area(cover.box) >= _SCANNED_SHARE * width * height)]
        if not covers:
            return set()
        places = {piece: place for place, piece in enumerate(pieces)}
        under = covered(words, [places.get(handle or 0) for handle in objects], [inks.get(handle, _BLACK) for handle in objects], covers)
        self._has_drawn_invisibly |= bool(under) and any(cover.ink is None for cover in covers)
        return under

    def _tiny(self, words: Sequence[Word], chars: Sequence[int], places: Iterable[int]) -> set[int]:
        """Those of the places whose words are of letters too small to be read; a dash is low, and no small letter."""
        low = [at for at in places if words[at].top - words[at].bottom < _SMALLEST_SIZE]
        sizes = self._pdfium.sizes(self._address, [chars[at] for at in low])
        return {at for at, size in zip(low, sizes, strict=True) if size < _SMALLEST_SIZE}

    def _is_on_graphics(self, word: Word) -> bool:
        """True when a path, picture or shading lies around the word's middle."""
        return any(_is_in(word, box) for box, _ in self._boxes())

    def _is_on_ink(self, word: Word) -> bool:
        """True when one of them is not white: white letters can be seen there."""
        return any(has_ink and _is_in(word, box) for box, has_ink in self._boxes())

    def _boxes(self) -> list[tuple[Box, bool]]:
        """Of the page's graphics, and whether each may be of another colour than white."""
        if self._graphics is None:
            found = self._page.get_objects(filter=list(GRAPHICS), max_depth=3)
            self._graphics = [(one.get_bounds(), one.level > 0 or self._pdfium.pieces.has_ink(one, white=_WHITE)) for one in found]
        return self._graphics


def _size_by_height(words: Iterable[Word], size: float) -> float:
    """The size of words, by the tallest where that says more than their font does."""
    return max(size, round(max(word.top - word.bottom for word in words) / _LETTER_HEIGHT, 1))


def _runs_up(
    words: Sequence[str], *, lefts: Sequence[float], rights: Sequence[float], bottoms: Sequence[float], feet: Sequence[float]
) -> int:
    """1 for words that most run up the page, -1 for such that run down, 0 for others, by where their first letter begins and their last
    one ends (``lefts``, ``rights``) and by the foot of both (``bottoms``, ``feet``)."""
    looked_at = zip(*(of[::_LOOKED_AT] for of in (words, lefts, rights, bottoms, feet)), strict=True)
    steps = [(foot - bottom, right - left) for word, left, right, bottom, foot in looked_at if len(word) > 2]
    aside = [up for up, right in steps if abs(up) > abs(right)]
    if 2 * len(aside) <= len(steps):
        return 0
    return 1 if 2 * sum(up > 0 for up in aside) > len(aside) else -1


def _is_raised(bottom: float, top: float, foot: float, head: float) -> bool:
    return foot - bottom > _RAISED_BY * (top - bottom) and head - foot < _RAISED_HEIGHT * (top - bottom)


def _of_pieces(objects: Sequence[int | None], pieces: Collection[int | None]) -> set[int]:
    """Places of the words that belong to these pieces of text."""
    return {at for at, handle in enumerate(objects) if handle in pieces} if pieces else set()


def _is_in(word: Word, box: Box) -> bool:
    left, bottom, right, top = box
    return left <= (word.left + word.right) / 2 <= right and bottom <= (word.bottom + word.top) / 2 <= top


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def right_to_left(word: str) -> list[tuple[int, int]]:
    """(first, last) place of each run of letters that are read from right to left."""
    return [(run.start(), run.end() - 1) for run in _RIGHT_TO_LEFT.finditer(word)]


def as_read(words: Sequence[str], lefts: Sequence[float], *, ligatures: Sequence[tuple[int, int]] = ()) -> list[str]:
    """The words; letters that a file gives as they stand on the page, from the left, though they are read from the right, are turned.

    ``lefts``: where the first and the last letter of each run of ``right_to_left`` stand, word by word. ``ligatures``: (word, place) of
    each lam and alef that are one sign, which PDFium turns around where it turns its line.
    """
    words = list(words)
    for at, place in reversed(ligatures):
        if _LAM_ALEF.match(words[at], place):  # of three letters at one place two are a sign
            words[at] = words[at][:place] + _LAM_ALEFS[words[at][place : place + 2].strip(_LAM)] + words[at][place + 2 :]
    read, sides = [], iter(lefts)
    for word in words:
        for first, last in right_to_left(word):
            if next(sides) < next(sides):
                word = word[:first] + word[first : last + 1][::-1] + word[last + 1 :]
        read.append(word.translate(_LAM_AND_ALEF) if ligatures else word)
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


def _line_ends(text: str) -> list[int]:
    """Where the lines of the page's text end, but for the last."""
    if any(mark in text for mark in _SPLIT_MARKS):
        return [match.end() for match in _LINE_END.finditer(text)]
    return list(accumulate(len(line) + len(_RETURN) for line in text.split(_RETURN)))[:-1]


def _line_spans(text: str, starts: Sequence[int], *, printed: int | None) -> Iterator[tuple[int, int]]:
    """First and one past the last word of each line: PDFium ends lines with CR LF, or with a mark where it took out a hyphen. The
    ``printed`` characters end a line too."""
    ends = _line_ends(text)
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
    _, lefts, rights, *_ = zip(*words, strict=True)
    if not any(map(lt, rights[1:], lefts)):
        return [words]
    breaks = [
        at
        for at, (before, word) in enumerate(pairwise(words), start=1)
        if word.right < before.left and (word.bottom + word.top) / 2 < before.bottom
    ]
    return [words[start:end] for start, end in pairwise([0, *breaks, len(words)])]


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
