"""Excel 97-2003 workbooks, as xlsx: a page a sheet, tables with cell addresses, values as a person sees them."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError
from rag.readers import ole
from rag.readers.draft import Draft, Entry
from rag.readers.numberformat import display
from rag.readers.xlsx import MOST_CELLS, write_sheet
from rag.types import Document

suffixes: frozenset[str] = frozenset({".xls", ".xlt"})

_WHAT = "an Excel 97-2003 workbook"


def read(path: Path) -> Document:
    """Pages are labelled "sheet NAME". Raises ReadError and its children."""
    with ole.opened(path, what=_WHAT) as container:
        draft = Draft()
        _write_sheets(draft, _book(path))
        metadata = ole.metadata(container, draft, content_title="", path=path)
    return draft.finish(metadata=metadata, format="xls", path=path)


def _book(path: Path) -> Any:
    import xlrd

    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            return xlrd.open_workbook(str(path), logfile=nowhere, formatting_info=True)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise ole.encrypted(path) from error
        raise CorruptFileError(f"cannot read {path.name}: {_WHAT} that cannot be followed ({error}); open and save it again") from error


def _write_sheets(draft: Draft, book: Any) -> None:
    left = MOST_CELLS
    for sheet in book.sheets():
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


def _rows(book: Any, sheet: Any) -> Iterator[list[Entry]]:
    """The visible rows with their filled cells; an empty row is an empty list, runs of empty rows are one."""
    from openpyxl.utils import get_column_letter

    hidden_rows = {number for number, about in sheet.rowinfo_map.items() if about.hidden}
    hidden_columns = {number for number, about in sheet.colinfo_map.items() if about.hidden}
    was_empty = True
    for number in range(sheet.nrows):
        cells = [] if number in hidden_rows else enumerate(sheet.row(number))
        row = [
            Entry(text=text, column=column, address=f"{get_column_letter(column + 1)}{number + 1}")
            for column, cell in cells
            if column not in hidden_columns and (text := _shown(book, cell).strip())
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
    if cell.ctype == xlrd.XL_CELL_DATE and (moment := _moment(cell.value, book.datemode)) is not None:
        return display(moment, number_format=_format(book, cell))
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
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
    return known.format_str if known else "General"
