"""Word 97-2003: the text by its piece table; headings, lists and table rows by the paragraphs' properties ([MS-DOC])."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from struct import iter_unpack, unpack_from

from rag.errors import CorruptFileError, UnsupportedFormatError
from rag.patterns import regex
from rag.readers import ole
from rag.readers.clean import LEVEL, RAISED, one_line
from rag.readers.draft import Draft, Entry, entries, with_headers
from rag.types import Document

suffixes: frozenset[str] = frozenset({".doc", ".dot"})

_WHAT = "a Word 97-2003 document"
_MAGIC = 0xA5EC
_OLDER = frozenset({0xA5DC, 0xA697, 0xA698, 0xA699})
"""What the text of Word 6 and 95 begins with, and of their East Asian editions."""
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_IN_TABLE, _ROW_END, _LIST = 0x2416, 0x2417, 0x460B
_VANISHES, _DELETED, _STRUCK, _STRUCK_TWICE, _LEVELS = 0x083C, 0x0800, 0x0837, 0x2A53, 0x2A48
"""Properties of letters: hidden, deleted with tracked changes, crossed out, and raised where that is 1 (lowered where it is 2)."""
_ABOVE = 0xF0000
"""Added to the number of a raised letter, so that places in the text stay what they are until its paragraphs are cut."""
_RAISED = regex("[\U000f0000-\U000fffff]+")
_STORIES = ("body", "footnotes", "headers", "macros", "comments", "endnotes", "boxes", "header boxes")
"""Parts of the text, in its order."""
_SEEN = regex("[^\r\x07\x0c]")
_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_PAGE = 512
_FIELD = regex("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_OBJECTS = str.maketrans({"\x01": "", "\x02": "", "\x03": "", "\x04": "", "\x05": "", "\x08": "", "\x1e": "-", "\x1f": "", "\x0b": "\n"})
_PARAGRAPH = regex("[^\r\x07\x0c]*[\r\x07\x0c]|[^\r\x07\x0c]+$")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """What a paragraph is."""

    style: int = 0
    """1 to 9 are the headings, in every document."""
    in_table: bool = False
    ends_row: bool = False
    in_list: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of text and where its bytes lie."""

    first: int
    past: int
    offset: int
    width: int
    """Bytes a character: 1 (cp1252) or 2 (UTF-16)."""


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    with ole.opened(path, what=_WHAT) as container:
        main = ole.stream(container, "WordDocument")
        kind = unpack_from("<H", main)[0] if len(main) >= _PAGE else 0
        if kind in _OLDER:
            raise UnsupportedFormatError(f"cannot read {path.name}: it is of Word 6 or 95; open it and save it as .docx")
        if kind != _MAGIC:
            raise CorruptFileError(f"cannot read {path.name}: it holds no text of Word 97-2003; open it and save it as .docx")
        flags = unpack_from("<H", main, 10)[0]
        if flags & _ENCRYPTED:
            raise ole.encrypted(path)
        table = ole.stream(container, "1Table" if flags & _SECOND_TABLE else "0Table")
        writer = _Writer(draft=Draft())
        _write_stories(writer, main, table)
        metadata = ole.metadata(container, writer.draft, content_title=writer.draft.first_heading(), path=path)
    return writer.draft.finish(metadata=metadata, format="doc", path=path)


def _write_stories(writer: "_Writer", main: bytes, table: bytes) -> None:
    """Body, notes and text boxes; comments on a page of their own; page headers and footers only where there is nothing else."""
    shapes, unseen = _Shapes(main, table), _Unseen(main, table)
    lengths = dict(zip(_STORIES, unpack_from(f"<{len(_STORIES)}i", main, 0x4C), strict=True))
    ends = dict(zip(_STORIES, accumulate(lengths.values()), strict=True))

    def paragraphs(story: str) -> list[tuple[str, _Shape]]:
        pieces = _pieces(main, table, first=ends[story] - lengths[story], past=ends[story])
        return list(_paragraphs(main, pieces, shapes=shapes, unseen=unseen))

    writer.draft.open_page("")
    for story in ("body", "footnotes", "endnotes", "boxes"):
        writer.paragraphs(paragraphs(story))
    if comments := paragraphs("comments"):
        writer.draft.open_page("comments")
        writer.paragraphs(comments)
    headers = [*paragraphs("headers"), *paragraphs("header boxes")]
    if not writer.draft.so_far():
        writer.paragraphs(headers)
    elif any(_shown(text).strip() for text, _ in headers):
        writer.draft.notice("page headers and footers left out")
    writer.draft.hidden(unseen.met[_VANISHES])
    writer.draft.deleted(unseen.met[_DELETED])
    writer.draft.struck(unseen.met[_STRUCK] + unseen.met[_STRUCK_TWICE])


def _pieces(main: bytes, table: bytes, *, first: int, past: int) -> list[_Piece]:
    """The pieces of the text between two places."""
    start, size = unpack_from("<II", main, 0x1A2)
    end = start + size
    while start < end and table[start] == 1:
        start += 3 + unpack_from("<H", table, start + 1)[0]
    count = (unpack_from("<I", table, start + 1)[0] - 4) // 12
    places = unpack_from(f"<{count + 1}I", table, start + 5)
    found = []
    for number in range(count):
        where = unpack_from("<I", table, start + 5 + 4 * (count + 1) + 8 * number + 2)[0]
        packed = bool(where & 0x40000000)
        offset, width = ((where & 0x3FFFFFFF) // 2, 1) if packed else (where & 0x3FFFFFFF, 2)
        begins, ends = max(places[number], first), min(places[number + 1], past)
        if begins < ends:
            found.append(_Piece(begins, ends, offset + (begins - places[number]) * width, width))
    return found


def _paragraphs(main: bytes, pieces: list[_Piece], *, shapes: "_Shapes", unseen: "_Unseen") -> Iterator[tuple[str, _Shape]]:
    """(text with its closing mark, shape), fields as their results."""
    text = "".join(unseen.blotted(_characters(main, piece), piece) for piece in pieces)
    firsts = [piece.first - pieces[0].first for piece in pieces]
    for found in _PARAGRAPH.finditer(text):
        last = found.end() - 1
        piece = pieces[bisect_right(firsts, last) - 1]
        yield _RAISED.sub(_marked, found[0]), shapes.at(piece.offset + (last + pieces[0].first - piece.first) * piece.width)


def _marked(raised: "re.Match[str]") -> str:
    return f"{RAISED}{''.join(chr(ord(letter) - _ABOVE) for letter in raised[0])}{LEVEL}"


def _characters(main: bytes, piece: _Piece) -> str:
    """As many characters as the piece has, whatever the bytes are: places in the text count."""
    data = main[piece.offset : piece.offset + (piece.past - piece.first) * piece.width]
    if piece.width == 1:
        return data.decode("cp1252", errors="replace")
    return "".join(chr(unit) for (unit,) in iter_unpack("<H", data[: len(data) // 2 * 2]))


class _Shapes:
    """Paragraph shapes by file position, from the formatted disk pages."""

    def __init__(self, main: bytes, table: bytes) -> None:
        runs = sorted((run for page in _disk_pages(main, table, at=0x102) for run in _runs(main, page)), key=lambda run: run[0])
        self._firsts = [first for first, _ in runs]
        self._shapes = [shape for _, shape in runs]

    def at(self, position: int) -> _Shape:
        place = bisect_right(self._firsts, position) - 1
        return self._shapes[place] if place >= 0 else _Shape()


class _Unseen:
    """Text that is formatted as hidden, deleted, crossed out or raised, by file position."""

    def __init__(self, main: bytes, table: bytes) -> None:
        self._spans = sorted(span for page in _disk_pages(main, table, at=0xFA) for span in _unseen_spans(main, page))
        self.met: Counter[int] = Counter()
        """Characters left out so far, by the property that hides them."""

    def blotted(self, text: str, piece: _Piece) -> str:
        """The piece's text with a mark that is not shown for each unseen character and raised ones as such; ends of paragraphs and cells
        stay."""
        past = piece.offset + len(text) * piece.width
        for first, end, why in self._spans:
            if end <= piece.offset or first >= past:
                continue
            start, stop = (max(0, (at - piece.offset) // piece.width) for at in (first, end))
            hidden = text[start:stop]
            blot = _SEEN.sub("\x08" if why != _LEVELS else lambda letter: chr(ord(letter[0]) + _ABOVE), hidden)
            self.met[why] += len(hidden) - sum(map(hidden.count, "\r\x07\x0c"))
            text = text[:start] + blot + text[stop:]
        return text


def _disk_pages(main: bytes, table: bytes, *, at: int) -> list[int]:
    """Where the pages begin that describe paragraphs (``at`` 0x102 of the file's head) or letters (0xFA)."""
    start, size = unpack_from("<II", main, at)
    count = max(0, (size - 4) // 8)
    pages = unpack_from(f"<{count}I", table, start + 4 * (count + 1)) if count else ()
    return [page for number in pages if (page := (number & 0x3FFFFF) * _PAGE) + _PAGE <= len(main)]


def _unseen_spans(main: bytes, page: int) -> Iterator[tuple[int, int, int]]:
    """(first, one past the last) file position of what one disk page describes as unseen or raised, and by which property."""
    count = main[page + _PAGE - 1]
    places = unpack_from(f"<{count + 1}I", main, page) if 5 * count + 4 < _PAGE else ()
    for number, (first, end) in enumerate(pairwise(places)):
        offset = main[page + 4 * (count + 1) + number] * 2
        size = main[page + offset] if offset else 0
        properties = dict(_properties(main[page + offset + 1 : page + offset + 1 + size]))
        why = next((code for code in (_DELETED, _VANISHES, _STRUCK, _STRUCK_TWICE, _LEVELS) if properties.get(code) == 1), None)
        if why is not None:
            yield first, end, why


def _runs(main: bytes, page: int) -> Iterator[tuple[int, _Shape]]:
    """(first file position, shape) of the paragraphs that one disk page describes."""
    count = main[page + _PAGE - 1]
    firsts = unpack_from(f"<{count}I", main, page)
    for number in range(count):
        offset = main[page + 4 * (count + 1) + 13 * number] * 2
        yield firsts[number], _shape(main, page + offset) if offset else _Shape()


def _shape(main: bytes, start: int) -> _Shape:
    half = main[start]
    start, size = (start + 1, 2 * half - 1) if half else (start + 2, 2 * main[start + 1])
    if size < 2:
        return _Shape()
    properties = dict(_properties(main[start + 2 : start + size]))
    return _Shape(
        style=unpack_from("<H", main, start)[0],
        in_table=bool(properties.get(_IN_TABLE)),
        ends_row=bool(properties.get(_ROW_END)),
        in_list=bool(properties.get(_LIST)),
    )


def _properties(data: bytes) -> Iterator[tuple[int, int]]:
    """(code, first byte of the value) of each property modifier."""
    at = 0
    while at + 3 <= len(data):
        code = unpack_from("<H", data, at)[0]
        kind = code >> 13
        yield code, data[at + 2]
        if kind == 6:
            at += 2 + (unpack_from("<H", data, at + 2)[0] + 1 if code == 0xD608 and at + 4 <= len(data) else data[at + 2] + 1)
        else:
            at += 2 + _SIZES[kind]


@dataclass(kw_only=True, slots=True)
class _Writer:
    """Gathers list items and table rows until something else comes."""

    draft: Draft
    items: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[list[Entry]] = field(default_factory=list)

    def paragraphs(self, paragraphs: Iterable[tuple[str, _Shape]]) -> None:
        """All of a part of the text."""
        for text, shape in paragraphs:
            self.paragraph(text, shape)
        self.flush()

    def paragraph(self, text: str, shape: _Shape) -> None:
        shown = _shown(text)
        if shape.ends_row:
            self.rows.append(entries(self.cells))
            self.cells = []
        elif shape.in_table or text.endswith("\x07"):
            self._cell(shown, closed=text.endswith("\x07"))
        elif shape.in_list and shape.style not in range(1, 10) and shown.strip():
            self._flush_table()
            self.items.append(f"- {one_line(shown)}")
        else:
            self.flush()
            if 1 <= shape.style <= 9:
                self.draft.heading(shown, level=shape.style)
            else:
                self.draft.paragraph(shown)

    def flush(self) -> None:
        self.draft.list_items(self.items)
        self.items = []
        self._flush_table()

    def _cell(self, text: str, *, closed: bool) -> None:
        """A cell may hold several paragraphs; the last one closes it."""
        if self.items:
            self.flush()
        if not self.cells or self.cells[-1].endswith("\x07"):
            self.cells.append("")
        self.cells[-1] += f" {text}" + ("\x07" if closed else "")

    def _flush_table(self) -> None:
        if self.cells:
            self.rows.append(entries(self.cells))
        self.draft.table(with_headers(self.rows))
        self.rows, self.cells = [], []


def _shown(text: str) -> str:
    """Without marks and objects, fields as their results."""
    text = text.rstrip("\r\x07\x0c")
    while (plain := _FIELD.sub(lambda found: found[1] or "", text)) != text:
        text = plain
    text = re.sub("\x13[^\x14]*\x14?|\x15", "", text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").translate(_OBJECTS)
