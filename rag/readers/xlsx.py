"""Excel workbooks: a page a sheet, its tables row by row with cell addresses, values as a person sees them, then comments and charts.

What a person does not see is left out and counted: hidden sheets, rows and columns, and what lies over their cells."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

from rag.patterns import regex
from rag.readers.clean import LEVEL, RAISED
from rag.readers.draft import Draft, Entry, is_number_like, reads_like_header, with_headers
from rag.readers.numberformat import display
from rag.readers.sheetnotes import chart_sheets, write_notes
from rag.readers.sheetstyles import PlainStyles, are_refused
from rag.readers.zipped import check_archive, has_macros, office_errors, package_metadata
from rag.types import Document

suffixes: frozenset[str] = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm"})

MOST_CELLS = 200_000
"""More filled cells than this in one workbook are left out with a notice: a data dump is not a document."""
_DEFAULT_NAME = regex(r"^(?:sheet|tabelle|feuil|hoja|foglio|blad)\s?\d+$", re.IGNORECASE)
_PREFIX = rb"(?:[A-Za-z_][\w.-]*:)?"
"""Some programs name the space of every element."""
_NO_SIZE = rb"=[\"']0(?:\.0+)?[\"']"
_COLUMN = re.compile(rb"<" + _PREFIX + rb"col\b[^>]*>")
_HIDDEN_ROW = re.compile(rb"<" + _PREFIX + rb"row\b[^>]*\b(?:hidden=[\"'](?:1|true)[\"']|ht" + _NO_SIZE + rb")[^>]*>")
_HIDDEN_COLUMN = re.compile(rb"\b(?:hidden=[\"'](?:1|true)[\"']|width" + _NO_SIZE + rb")")
_MERGED = re.compile(rb"<" + _PREFIX + rb"mergeCell\b[^>]*\bref=[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})\d+[\"']")
_MIN, _MAX, _NUMBER = (re.compile(rb"\b" + name + rb"=[\"'](\d+)[\"']") for name in (b"min", b"max", b"r"))
_NEVER_COMPUTED = re.compile(
    rb"<" + _PREFIX + rb"c\b(?![^>]*\bt=[\"']str)[^>]*>\s*<" + _PREFIX + rb"f\b(?:[^>]*/>|[^>]*>[^<]*</" + _PREFIX + rb"f>)"
    rb"\s*(?:<" + _PREFIX + rb"v\s*/>|<" + _PREFIX + rb"v></" + _PREFIX + rb"v>)?\s*</" + _PREFIX + rb"c>"
)
"""The cell of a formula without a value; one that was computed to an empty text says that it is text."""
_BLOCK = 4_000_000
_LONGEST_TAG = 2_000


@dataclass(kw_only=True, slots=True)
class _Frame:
    """What a sheet hides and merges, 1-based as Excel counts."""

    rows: frozenset[int]
    """Hidden."""
    columns: frozenset[int]
    """Hidden."""
    merged: Mapping[tuple[int, int], int]
    """(row, column) of the first cell of what is merged -> how many columns it takes."""
    cells: int = 0
    """How many filled cells of these were met."""
    blank: int = 0
    """How many cells were met whose number format shows nothing."""
    uncomputed: int = 0
    """How many formulas have no value in the file."""

    def holds(self, cell: Any) -> bool:
        """True for a cell in a hidden row or column, which is counted."""
        is_hidden = self.hides(cell.row, cell.column)
        self.cells += is_hidden
        return is_hidden

    def seen(self, cell: Any, text: str) -> str:
        """The cell's text as it is shown; a number that is shown as nothing is counted."""
        self.blank += not text and not isinstance(cell.value, str)
        return text

    def hides(self, row: int, column: int) -> bool:
        """True for what stands at a hidden row or column."""
        return row in self.rows or column in self.columns


def read(path: Path) -> Document:
    """Pages are labelled "sheet NAME". Raises ReadError and its children."""
    check_archive(path, part="xl/", what="an Excel workbook")
    draft = Draft()
    with office_errors(path, what="an Excel workbook"), path.open("rb") as file:  # of a path openpyxl wants a suffix that it knows
        book = _opened(file)
        try:
            _write_sheets(draft, book)
            if has_macros(path):
                draft.notice("macros left out")
            metadata = package_metadata(draft, content_title="", path=path)
        finally:
            book.close()
    return draft.finish(metadata=metadata, format="xlsx", path=path)


def _opened(file: BinaryIO) -> Any:
    """openpyxl refuses the whole book for its styles, of which little is needed here."""
    try:
        return _read(file)
    except Exception:
        if not are_refused(file):
            raise
    return _read(file, archive=PlainStyles(file))


def _read(file: BinaryIO, *, archive: ZipFile | None = None) -> Any:
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False, rich_text=True)
    reader.archive = archive or reader.archive
    reader.read_chartsheet = lambda sheet, relation: None  # those are read by their XML here, and so are properties
    reader.read_properties = reader.read_custom = reader.read_theme = lambda: None
    reader.read()
    return reader.wb


def _write_sheets(draft: Draft, book: Any) -> None:
    left = MOST_CELLS
    struck = frozenset(place for place, style in enumerate(book._cell_styles) if book._fonts[style.fontId].strike)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            draft.notice(f'sheet "{sheet.title}" is hidden and was left out')
            continue
        draft.open_page(f"sheet {sheet.title}")
        rows: list[list[Entry]] = []
        frame = _frame(book, sheet)
        for row in _rows(sheet, frame=frame, struck=struck, draft=draft):
            left -= len(row)
            if left < 0:
                draft.notice(f'sheet "{sheet.title}": rows after the first {MOST_CELLS:,} cells of the workbook left out')
                break
            rows.append(row)
        if frame.cells:
            draft.notice(f'sheet "{sheet.title}": {frame.cells:,} filled cells in hidden rows and columns left out')
        if frame.uncomputed:
            draft.notice(
                f'sheet "{sheet.title}": {frame.uncomputed:,} formulas have no value in the file; save it in a program that computes them'
            )
        if frame.blank:
            draft.notice(f'sheet "{sheet.title}": {frame.blank:,} cells left out that their number format hides')
        write_sheet(draft, rows, title=sheet.title)
        if unseen := write_notes(draft, book._archive, sheet._worksheet_path, is_hidden=frame.hides):
            draft.notice(f'sheet "{sheet.title}": {unseen} comments and drawings at hidden cells left out')
    _write_chart_sheets(draft, book)


def _write_chart_sheets(draft: Draft, book: Any) -> None:
    """Sheets that are a chart and nothing else, after the others."""
    for title, part, is_shown in chart_sheets(book._archive):
        if is_shown:
            draft.open_page(f"sheet {title}")
            write_notes(draft, book._archive, part, is_hidden=lambda row, column: False)
        else:
            draft.notice(f'sheet "{title}" is hidden and was left out')


def _rows(sheet: Any, *, frame: _Frame, struck: frozenset[int], draft: Draft) -> Iterator[list[Entry]]:
    """The visible rows with their filled cells in the file's order; an empty row is an empty list, runs of empty rows are one."""
    from openpyxl.utils import get_column_letter

    was_empty, before = True, 0
    for number, cells in _cells(sheet):
        row = [
            Entry(
                text=text,
                column=cell.column - 1,
                address=f"{get_column_letter(cell.column)}{cell.row}",
                span=frame.merged.get((cell.row, cell.column), 1),
            )
            for cell in cells
            if cell.value is not None and not frame.holds(cell)
            if (text := frame.seen(cell, _shown(cell, draft=draft).strip())) and not _is_struck(cell, text, struck=struck, draft=draft)
        ]
        if not was_empty and (not row or number > before + 1):
            yield []
            was_empty = True
        if row:
            yield row
            was_empty = False
        before = number


def _cells(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """(row, its cells) as the file holds them. openpyxl's own iteration makes up a million empty rows, loses those out of order, and
    refuses the sheet for what else it cannot follow: a format or a filter of whole columns."""
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.worksheet._reader import ROW_TAG, WorkSheetParser
    from openpyxl.xml.functions import iterparse

    book = sheet.parent
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=book.data_only,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
            rich_text=True,
        )
        for _, element in iterparse(source):
            if element.tag == ROW_TAG:
                number, cells = parser.parse_row(element)
                element.clear()
                yield number, [ReadOnlyCell(sheet, **cell) for cell in cells]


def _is_struck(cell: Any, text: str, *, struck: frozenset[int], draft: Draft) -> bool:
    """True for a cell whose style crosses it out, which is counted."""
    is_struck = cell._style_id in struck
    draft.struck(len(text) if is_struck else 0)
    return is_struck


def _shown(cell: Any, *, draft: Draft) -> str:
    value = cell.value
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part if isinstance(part, str) else _run(part, draft=draft) for part in value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | date | datetime | time | timedelta):
        return display(value, number_format=cell.number_format or "General")
    return str(value)


def _run(part: Any, *, draft: Draft) -> str:
    """A piece of a cell's text with a look of its own."""
    if part.font.strike:
        draft.struck(len(part.text.strip()))
        return ""
    return f"{RAISED}{part.text}{LEVEL}" if part.font.vertAlign == "superscript" else str(part.text)


def _frame(book: Any, sheet: Any) -> _Frame:
    """What is hidden and merged by a scan of the sheet's XML: openpyxl's streaming mode does not tell."""
    from openpyxl.utils import column_index_from_string

    rows: set[int] = set()
    columns: set[int] = set()
    merged: dict[tuple[int, int], int] = {}
    with book._archive.open(sheet._worksheet_path) as part:
        tail, uncomputed = b"", 0
        while block := part.read(_BLOCK):
            text = tail + block
            rows |= {int(number[1]) for tag in _HIDDEN_ROW.findall(text) if (number := _NUMBER.search(tag))}
            for tag in _COLUMN.findall(text):
                first, last = _MIN.search(tag), _MAX.search(tag)
                if _HIDDEN_COLUMN.search(tag) and first and last:
                    columns |= set(range(int(first[1]), min(int(last[1]), 16_384) + 1))
            for start, row, end in _MERGED.findall(text):
                first_column, last_column = column_index_from_string(start.decode()), column_index_from_string(end.decode())
                merged[int(row), first_column] = last_column - first_column + 1
            uncomputed += sum(found.end() > len(tail) for found in _NEVER_COMPUTED.finditer(text))
            tail = text[-_LONGEST_TAG:]
    return _Frame(rows=frozenset(rows), columns=frozenset(columns), merged=merged, uncomputed=uncomputed)


def write_sheet(draft: Draft, rows: Sequence[list[Entry]], *, title: str) -> None:
    """The sheet's name as heading, then its regions: lines of text above a table are paragraphs."""
    if any(rows) and not _DEFAULT_NAME.match(title):
        draft.heading(title, level=1)
    for region in _regions(rows):
        lead = _lead(region)
        for row in region[:lead]:
            draft.paragraph(row[0].text)
        draft.table(with_headers(region[lead:]))


def _regions(rows: Sequence[list[Entry]]) -> Iterator[list[list[Entry]]]:
    """Rows up to an empty one; a part that does not begin like a table of its own goes on with the one before."""
    region: list[list[Entry]] = []
    for filled, group in groupby(rows, key=bool):
        if not filled:
            continue
        part = list(group)
        if region and _begins_anew(part):
            yield region
            region = []
        region.extend(part)
    if region:
        yield region


def _begins_anew(part: Sequence[list[Entry]]) -> bool:
    first = part[0]
    return (len(first) == 1 and not is_number_like(first[0].text)) or reads_like_header([entry.text for entry in first])


def _lead(region: Sequence[list[Entry]]) -> int:
    """How many rows at the top are single lines of text above a wider row; all of them when no row is wider and they are few."""
    wide = next((place for place, row in enumerate(region) if len(row) > 1), None)
    texts = next((place for place, row in enumerate(region) if len(row) > 1 or is_number_like(row[0].text)), len(region))
    return texts if wide is not None or texts == len(region) else 0
