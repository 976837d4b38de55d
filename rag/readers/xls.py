"""Excel 97-2003 workbooks and older sheets, as xlsx: a page a sheet, tables with cell addresses, values as a person sees them."""

import math
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from struct import unpack_from
from typing import Any

from rag.errors import CorruptFileError
from rag.readers import ole
from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, entries
from rag.readers.numberformat import display, is_span
from rag.readers.xlsx import MOST_CELLS, write_sheet
from rag.types import Document

suffixes: frozenset[str] = frozenset({".xls", ".xlt"})

_WHAT = "an Excel 97-2003 workbook"
_BIFF8 = 80
"""xlrd's number for the files of Excel 97 and later."""
_BLANK = frozenset({0, 6})
"""xlrd's kinds of cells that hold nothing, without a form and with one."""
_SHEET, _BEGIN, _OBJECT, _TEXT, _CONTINUED, _DRAWING = 0x85, 0x809, 0x5D, 0x1B6, 0x3C, 0xEC
"""Kinds of records."""
_OLD_BEGIN = frozenset({0x009, 0x209, 0x409})
"""The first record of a file of Excel 2, 3 and 4."""
_LONGEST_BEGIN, _ONE_SHEET, _BOOK = 16, 0x10, 0x100
_ANCHOR = struct.pack("<HI", 0xF010, 18)
"""What the place of a drawn object begins with, its size included ([MS-XLS] 2.5.193)."""
_SHAPES = frozenset({2, 3, 6, 9, 0x0E, 0x1E})
"""Kinds of drawn objects that say something: rectangle, oval, text box, polygon, label, Office drawing."""


def read(path: Path) -> Document:
    """Pages are labelled "sheet NAME". Raises ReadError and its children."""
    data = path.read_bytes()
    with nullcontext(None) if _is_old(data) else ole.opened(path, what=_WHAT) as container, ole.errors(path, what=_WHAT):
        draft = Draft()
        stream = (ole.stream(container, "Workbook") or ole.stream(container, "Book")) if container else data
        book = _book(stream, path=path)
        _write_sheets(draft, book, boxes=_text_boxes(stream) if book.biff_version == _BIFF8 else {})
        metadata = ole.metadata(container, draft, content_title="", path=path)
    return draft.finish(metadata=metadata, format="xls", path=path)


def _is_old(data: bytes) -> bool:
    """True for a file of Excel 2 to 4, which is one sheet or a book of them and no container."""
    kind, length, _, holds = unpack_from("<4H", data.ljust(8, b"\0"))
    return kind in _OLD_BEGIN and 4 <= length <= _LONGEST_BEGIN and holds in (_ONE_SHEET, _BOOK)


def _book(stream: bytes, *, path: Path) -> Any:
    """By the stream alone: xlrd's own way into the container gives up where two of its parts overlap, which Excel does not."""
    import xlrd

    if not stream:
        raise CorruptFileError(f"cannot read {path.name}: {_WHAT} without its workbook; open and save it again")
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            return xlrd.open_workbook(file_contents=stream, logfile=nowhere, formatting_info=True)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise ole.encrypted(path) from error
        raise CorruptFileError(f"cannot read {path.name}: {_WHAT} that cannot be followed ({error}); open and save it again") from error


def _write_sheets(draft: Draft, book: Any, *, boxes: Mapping[int, list[str]]) -> None:
    """``boxes``: the texts of the text boxes of each sheet, by its place."""
    left = MOST_CELLS
    for place, sheet in enumerate(book.sheets()):
        if sheet.visibility:
            draft.notice(f'sheet "{sheet.name}" is hidden and was left out')
            continue
        draft.open_page(f"sheet {sheet.name}")
        rows: list[list[Entry]] = []
        for row in _rows(book, sheet):
            left -= len(row)
            if left < 0:
                draft.notice(f'sheet "{sheet.name}": rows after the first {MOST_CELLS:,} cells of the workbook left out')
                break
            rows.append(row)
        write_sheet(draft, rows, title=sheet.name)
        _write_comments(draft, sheet)
        for text in boxes.get(place, []):
            draft.paragraph(text)


def _write_comments(draft: Draft, sheet: Any) -> None:
    """As a table behind the cells; those at hidden rows and columns are left out and counted."""
    from openpyxl.utils import get_column_letter

    hidden_rows, hidden_columns = _hidden(sheet)
    found = sorted((at, one_line(note.text), one_line(note.author)) for at, note in sheet.cell_note_map.items() if note.text.strip())
    seen = [(at, text, by) for at, text, by in found if at[0] not in hidden_rows and at[1] not in hidden_columns]
    rows = []
    for (row, column), text, by in seen:
        ref = f"{get_column_letter(column + 1)}{row + 1}"
        rows.append([Entry(text=said, column=place, address=ref) for place, said in enumerate((ref, by, text))])
    if rows:
        draft.table([entries(["Cell", "Comment by", "Comment"], header=True), *rows])
    if unseen := len(found) - len(seen):
        draft.notice(f'sheet "{sheet.name}": {unseen} comments at hidden cells left out')


def _hidden(sheet: Any) -> tuple[set[int], set[int]]:
    """Rows and columns, 0-based."""
    rows = {number for number, about in sheet.rowinfo_map.items() if about.hidden}
    return rows, {number for number, about in sheet.colinfo_map.items() if about.hidden}


def _text_boxes(stream: bytes) -> dict[int, list[str]]:
    """Place of a sheet -> its text boxes and shapes as "Text box at E5: ..." ([MS-XLS] 2.4.329); comments and buttons are others."""
    begins: list[int] = []
    boxes: dict[int, list[str]] = {}
    drawn, wanted, sheet, text, cell = 0, 0, -1, "", ""
    for at, kind, content in _records(stream):
        if kind == _SHEET and len(content) >= 4:
            begins.append(unpack_from("<I", content)[0])
        elif kind == _BEGIN:
            sheet, cell = (begins.index(at), "") if at in begins else (sheet, cell)
        elif kind == _DRAWING:
            cell = _cell_under(content) or cell  # a second record of the object holds its text, one of a group's parts no place
        elif kind == _OBJECT and len(content) >= 6:
            drawn = unpack_from("<H", content, 4)[0]
        elif kind == _TEXT and len(content) >= 12:
            text, wanted = "", unpack_from("<H", content, 10)[0] if drawn in _SHAPES else 0
        elif kind == _CONTINUED and wanted and content:
            part = content[1:].decode("utf-16-le" if content[0] & 1 else "latin-1", "replace")[:wanted]
            text, wanted = text + part, wanted - len(part)
            if not wanted and (shown := one_line(text)):
                boxes.setdefault(sheet, []).append(f"Text box{cell and f' at {cell}'}: {shown}")
    return boxes


def _cell_under(drawing: bytes) -> str:
    """The cell under the upper left corner of the object that a record of drawings ends with; empty where it says none."""
    from openpyxl.utils import get_column_letter

    at = drawing.rfind(_ANCHOR) + len(_ANCHOR)
    if at < len(_ANCHOR) or at + 8 > len(drawing):
        return ""
    _, column, _, row = unpack_from("<4H", drawing, at)
    return f"{get_column_letter(column + 1)}{row + 1}"


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(place in the stream, kind, content) of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, size = unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _rows(book: Any, sheet: Any) -> Iterator[list[Entry]]:
    """The visible rows with their filled cells; an empty row is an empty list, runs of empty rows are one."""
    from openpyxl.utils import get_column_letter

    hidden_rows, hidden_columns = _hidden(sheet)
    was_empty = True
    for number in range(sheet.nrows):
        kinds = [] if number in hidden_rows else sheet.row_types(number)
        filled = [column for column, kind in enumerate(kinds) if kind not in _BLANK]  # a sheet may have millions of others
        row = [
            Entry(text=text, column=column, address=f"{get_column_letter(column + 1)}{number + 1}")
            for column in filled
            if column not in hidden_columns and (text := _shown(book, sheet.cell(number, column)).strip())
        ]
        if row or not was_empty:
            yield row
        was_empty = not row


def _shown(book: Any, cell: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_DATE and is_span(_format(book, cell)):
        return display(timedelta(days=cell.value), number_format=_format(book, cell))
    if cell.ctype == xlrd.XL_CELL_DATE and (moment := _moment(cell.value, book.datemode)) is not None:
        return display(moment, number_format=_format(book, cell))
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE) and math.isfinite(cell.value):
        value = int(cell.value) if cell.value == int(cell.value) else cell.value
        return display(value, number_format=_format(book, cell))
    return str(cell.value)


def _moment(value: float, datemode: int) -> datetime | None:
    import xlrd

    try:
        moment: datetime = xlrd.xldate_as_datetime(value, datemode)
    except (ValueError, OverflowError):
        return None
    return moment


def _format(book: Any, cell: Any) -> str:
    known = book.format_map.get(book.xf_list[cell.xf_index].format_key) if cell.xf_index is not None else None
    return (known and known.format_str) or "General"
