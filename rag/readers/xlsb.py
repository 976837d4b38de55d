"""Excel's binary workbooks, as xlsx: a page a sheet, tables with cell addresses, values with their number formats, comments.

The package is that of .xlsx; workbook, strings, styles, sheets and comments are records ([MS-XLSB] 2.1.4): a kind and a length in seven-bit
pieces, and the content. What is hidden is left out and counted.
"""

import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, entries
from rag.readers.numberformat import display, is_span
from rag.readers.sheetnotes import targets, write_drawings
from rag.readers.xlsx import MOST_CELLS, write_sheet
from rag.readers.zipped import check_archive, has_macros, office_errors, package_metadata
from rag.types import Document

suffixes: frozenset[str] = frozenset({".xlsb"})

_WHAT = "a binary Excel workbook"
_BOOK = "xl/workbook.bin"
_ROW, _COLUMN = 0, 60
_RK, _ERROR, _BOOLEAN, _REAL, _TEXT, _SHARED = 2, 3, 4, 5, 6, 7
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOLEAN, _FORMULA_ERROR, _RICH_TEXT = 8, 9, 10, 11, 62
_STRING, _FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END, _BOOK_ABOUT, _SHEET = 19, 44, 47, 617, 618, 153, 156
_AUTHOR, _COMMENT, _COMMENT_TEXT = 632, 635, 637
"""Kinds of records."""
_ROW_HIDDEN, _COLUMN_HIDDEN = 0x10, 0x01
_CELL_HEAD = 8
_LAST_COLUMN = 16_383
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#GETTING_DATA"}

Record = tuple[int, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Book:
    """What cells refer to."""

    strings: Sequence[str]
    formats: Sequence[str]
    """The number format of each style."""
    epoch: Any
    """The day that day numbers are counted from."""


@dataclass(kw_only=True, slots=True)
class _Hidden:
    """What a sheet hides, 0-based."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    cells: int = 0
    """How many filled cells of these were met."""

    def hides(self, row: int, column: int) -> bool:
        """True for what stands at a hidden row or column, 1-based."""
        return row - 1 in self.rows or column - 1 in self.columns


def read(path: Path) -> Document:
    """Pages are labelled "sheet NAME". Raises ReadError and its children."""
    check_archive(path, part=_BOOK, what=_WHAT)
    draft = Draft()
    with office_errors(path, what=_WHAT), zipfile.ZipFile(path) as archive:
        _write_sheets(draft, archive)
        if has_macros(path):
            draft.notice("macros left out")
        metadata = package_metadata(draft, content_title="", path=path)
    return draft.finish(metadata=metadata, format="xlsb", path=path)


def _write_sheets(draft: Draft, archive: zipfile.ZipFile) -> None:
    parts = targets(archive, _BOOK, "/worksheet")
    records = list(_records(archive.read(_BOOK)))
    book = _book(archive, has_1904=any(kind == _BOOK_ABOUT and content[0] & 1 for kind, content in records))
    left = MOST_CELLS
    for kind, content in records:
        if kind != _SHEET:
            continue
        identity, at = _text_at(content, 8)
        title, _ = _text_at(content, at)
        if identity not in parts:
            continue
        if struct.unpack_from("<I", content)[0]:
            draft.notice(f'sheet "{title}" is hidden and was left out')
            continue
        left = _write_sheet(draft, archive, parts[identity], title=title, book=book, left=left)


def _write_sheet(draft: Draft, archive: zipfile.ZipFile, part: str, *, title: str, book: _Book, left: int) -> int:
    """How many cells of the workbook may follow."""
    draft.open_page(f"sheet {title}")
    hidden = _Hidden()
    rows: list[list[Entry]] = []
    for row in _rows(archive.read(part), book=book, hidden=hidden):
        left -= len(row)
        if left < 0:
            draft.notice(f'sheet "{title}": rows after the first {MOST_CELLS:,} cells of the workbook left out')
            break
        rows.append(row)
    if hidden.cells:
        draft.notice(f'sheet "{title}": {hidden.cells:,} filled cells in hidden rows and columns left out')
    write_sheet(draft, rows, title=title)
    unseen = _write_comments(draft, archive, part, hidden=hidden)
    if unseen := unseen + write_drawings(draft, archive, part, is_hidden=hidden.hides):
        draft.notice(f'sheet "{title}": {unseen} comments and drawings at hidden cells left out')
    return left


# ── records ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _records(data: bytes) -> Iterator[Record]:
    """(kind, content) of each; the last may be cut short."""
    at = 0
    while at < len(data):
        kind, at = _seven_bits(data, at, most=2)
        length, at = _seven_bits(data, at, most=4)
        yield kind, data[at : at + length]
        at += length


def _seven_bits(data: bytes, at: int, *, most: int) -> tuple[int, int]:
    """(number, where it ends): seven bits a byte, lowest first, as long as the eighth is set."""
    number = 0
    for place in range(most):
        number |= (data[at] & 0x7F) << (7 * place)
        at += 1
        if not data[at - 1] & 0x80:
            break
    return number, at


def _text_at(content: bytes, at: int) -> tuple[str, int]:
    """(text, where it ends): a length in characters, then UTF-16."""
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + (0 if length == 0xFFFFFFFF else 2 * length)
    return content[at + 4 : end].decode("utf-16-le", "replace"), end


def _book(archive: zipfile.ZipFile, *, has_1904: bool) -> _Book:
    from openpyxl.styles.numbers import BUILTIN_FORMATS
    from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

    strings = [
        _text_at(content, 1)[0] for part in targets(archive, _BOOK, "/sharedStrings").values() for content in _of(archive, part, _STRING)
    ]
    return _Book(
        strings=strings,
        formats=_formats(archive, known=BUILTIN_FORMATS),
        epoch=CALENDAR_MAC_1904 if has_1904 else CALENDAR_WINDOWS_1900,
    )


def _of(archive: zipfile.ZipFile, part: str, wanted: int) -> Iterator[bytes]:
    return (content for kind, content in _records(archive.read(part)) if kind == wanted)


def _formats(archive: zipfile.ZipFile, *, known: Mapping[int, str]) -> list[str]:
    formats, styles, is_style = dict(known), [], False
    for part in targets(archive, _BOOK, "/styles").values():
        for kind, content in _records(archive.read(part)):
            if kind == _FORMAT:
                formats[struct.unpack_from("<H", content)[0]] = _text_at(content, 2)[0]
            elif kind in (_STYLES_BEGIN, _STYLES_END):
                is_style = kind == _STYLES_BEGIN
            elif kind == _STYLE and is_style:
                styles.append(struct.unpack_from("<H", content, 2)[0])
    return [formats.get(number, "General") for number in styles]


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(data: bytes, *, book: _Book, hidden: _Hidden) -> Iterator[list[Entry]]:
    """The visible rows with their filled cells; an empty row is an empty list, runs of empty rows are one."""
    row: list[Entry] = []
    number, before, was_empty = -1, -1, True
    for kind, content in (*_records(data), (_ROW, b"\xff" * 12)):
        if kind == _COLUMN and struct.unpack_from("<H", content, 16)[0] & _COLUMN_HIDDEN:
            first, last = struct.unpack_from("<II", content)
            hidden.columns.update(range(first, min(last, _LAST_COLUMN) + 1))
        elif kind == _ROW:
            if row:
                if not was_empty and number > before + 1:
                    yield []
                yield row
                was_empty, before = False, number
            row, number = [], struct.unpack_from("<I", content)[0]
            if content[11] & _ROW_HIDDEN and number != 0xFFFFFFFF:
                hidden.rows.add(number)
        elif (text := _shown(kind, content, book=book)) and (entry := _entry(content, text, row=number, hidden=hidden)):
            row.append(entry)


def _entry(content: bytes, text: str, *, row: int, hidden: _Hidden) -> Entry | None:
    """None beyond the last column, and at a hidden row or column, which is counted."""
    from openpyxl.utils import get_column_letter

    (column,) = struct.unpack_from("<I", content)
    is_hidden = hidden.hides(row + 1, column + 1)
    hidden.cells += is_hidden
    if is_hidden or column > _LAST_COLUMN:
        return None
    return Entry(text=text, column=column, address=f"{get_column_letter(column + 1)}{row + 1}")


def _shown(kind: int, content: bytes, *, book: _Book) -> str:
    """What a cell shows; empty for an empty one and for what is no cell."""
    if kind in (_REAL, _FORMULA_REAL):
        return _number(struct.unpack_from("<d", content, _CELL_HEAD)[0], content, book=book)
    if kind == _RK:
        return _number(_unpacked(struct.unpack_from("<I", content, _CELL_HEAD)[0]), content, book=book)
    if kind in (_TEXT, _FORMULA_TEXT):
        return _text_at(content, _CELL_HEAD)[0].strip()
    if kind == _RICH_TEXT:
        return _text_at(content, _CELL_HEAD + 1)[0].strip()
    if kind == _SHARED:
        place = struct.unpack_from("<I", content, _CELL_HEAD)[0]
        return str(book.strings[place]).strip()
    if kind in (_BOOLEAN, _FORMULA_BOOLEAN):
        return "TRUE" if content[_CELL_HEAD] else "FALSE"
    if kind in (_ERROR, _FORMULA_ERROR):
        return _ERRORS.get(content[_CELL_HEAD], "#ERROR")
    return ""


def _unpacked(packed: int) -> float:
    """A number in 30 bits: whole, or the upper part of a float; either may be a hundred times as large."""
    whole = packed - (1 << 32) if packed & 0x80000000 else packed
    number: float = whole >> 2 if packed & 2 else struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return number / 100 if packed & 1 else number


def _number(value: float, content: bytes, *, book: _Book) -> str:
    from openpyxl.styles.numbers import is_date_format
    from openpyxl.utils.datetime import from_excel

    style = int.from_bytes(content[4:7], "little")
    number_format = book.formats[style] if style < len(book.formats) else "General"
    if is_span(number_format):
        return display(timedelta(days=value), number_format=number_format)
    if is_date_format(number_format):
        try:
            moment: Any = from_excel(value, book.epoch)
            return display(moment, number_format=number_format)
        except (ValueError, OverflowError):
            number_format = "General"
    is_whole = value == value and abs(value) < 1e15 and value == int(value)
    return display(int(value) if is_whole else value, number_format=number_format).strip()


def _write_comments(draft: Draft, archive: zipfile.ZipFile, part: str, *, hidden: _Hidden) -> int:
    """Adds them as a table; how many were left out because their cell is hidden."""
    found = [comment for name in targets(archive, part, "/comments").values() for comment in _comments(archive.read(name))]
    seen = [comment for comment in found if not hidden.hides(comment[0] + 1, comment[1] + 1)]
    rows = [_comment_row(*comment) for comment in seen]
    if rows:
        draft.table([entries(["Cell", "Comment by", "Comment"], header=True), *rows])
    return len(found) - len(seen)


def _comment_row(row: int, column: int, by: str, text: str) -> list[Entry]:
    from openpyxl.utils import get_column_letter

    ref = f"{get_column_letter(min(column, _LAST_COLUMN) + 1)}{row + 1}"
    return [Entry(text=said, column=at, address=ref) for at, said in enumerate((ref, by, text))]


def _comments(data: bytes) -> Iterator[tuple[int, int, str, str]]:
    """(row, column, author, text), 0-based."""
    authors: list[str] = []
    row = column = author = 0
    for kind, content in _records(data):
        if kind == _AUTHOR:
            authors.append(one_line(_text_at(content, 0)[0]))
        elif kind == _COMMENT:
            author, row, _, column = struct.unpack_from("<IIII", content)
        elif kind == _COMMENT_TEXT and (text := one_line(_text_at(content, 1)[0])):
            yield row, column, authors[author] if author < len(authors) else "", text
