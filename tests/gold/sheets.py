"""The spreadsheet writers: workbooks with several sheets, and one CSV with a preamble."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.gold.truth import Fact, Filled, Source, fill
from tests.gold.writers import Written, moment


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet: lines of text, a header row, then rows whose first cell names them."""

    name: str
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Filled, ...], ...] = ()

    def address(self, row: int, column: int) -> str:
        """The cell of a data row in A1 notation; row and column count from 0."""
        return f"{chr(ord('A') + column)}{self.first_row + row + 1}"

    @property
    def first_row(self) -> int:
        """0-based sheet row of the first data row; a blank line parts the text from the header."""
        return len(self.lines) + 2


def sheets(source: Source, *, known: Mapping[str, Fact], inserts: Mapping[str, Sequence[Sequence[str]]]) -> list[Sheet]:
    """The sheets of a source; rows given as `@name` are inserts[name]."""
    return [_sheet(data, known=known, inserts=inserts) for data in source.options["sheets"]]


def _sheet(data: Mapping[str, Any], *, known: Mapping[str, Fact], inserts: Mapping[str, Sequence[Sequence[str]]]) -> Sheet:
    rows = data.get("rows", [])
    if isinstance(rows, str):
        rows = inserts[rows.removeprefix("@")]
    return Sheet(
        name=data["name"],
        lines=tuple(data["lines"]),
        header=tuple(data.get("header", ())),
        rows=tuple(tuple(fill(str(cell), known) for cell in row) for row in rows),
    )


def write_xlsx(source: Source, book: Sequence[Sheet]) -> Written:
    """A workbook with typed cells: numbers are numbers, shares are fractions shown as %, totals are formulas with their values."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True})
    workbook.set_properties(
        {
            "title": source.title,
            "author": source.author,
            "subject": source.publisher,
            "keywords": ", ".join(source.tags),
            "created": moment(source),
        }
    )
    for sheet in book:
        _fill_sheet(workbook, sheet)
    workbook.close()
    return Written(data=out.getvalue())


def _fill_sheet(workbook: Any, sheet: Sheet) -> None:
    page = workbook.add_worksheet(sheet.name)
    bold = workbook.add_format({"bold": True, "bottom": 1})
    page.set_column(0, 0, 28)
    page.set_column(1, 8, 18)
    for index, line in enumerate(sheet.lines):
        page.write_string(index, 0, line)
    for column, name in enumerate(sheet.header):
        page.write_string(sheet.first_row - 1, column, name, bold)
    for index, row in enumerate(sheet.rows):
        for column, cell in enumerate(row):
            _fill_cell(workbook, page, sheet, (index, column), cell.text)


def _fill_cell(workbook: Any, page: Any, sheet: Sheet, place: tuple[int, int], text: str) -> None:
    """Write one cell. `=SUM(2.610)` is the sum of the column above, shown as 2.610."""
    row, column = sheet.first_row + place[0], place[1]
    total = re.fullmatch(r"=SUM\((.+)\)", text)
    shown = total[1] if total else text
    if column == 0 or not re.fullmatch(r"[\d,]+(\.\d+)?%?", shown):
        page.write_string(row, column, shown)
        return
    style = workbook.add_format({"num_format": number_format(shown)})
    if total:
        above = f"{sheet.address(0, column)}:{sheet.address(place[0] - 1, column)}"
        page.write_formula(row, column, f"=SUM({above})", style, number(shown))
    else:
        page.write_number(row, column, number(shown), style)


def number(shown: str) -> float:
    """The value behind a printed cell: `53.5%` is 0.535, `1,250` is 1250."""
    bare = shown.replace(",", "")
    return round(float(bare[:-1]) / 100, 6) if bare.endswith("%") else float(bare)


def number_format(shown: str) -> str:
    """The Excel format that prints the number as shown."""
    whole, _, decimals = shown.removesuffix("%").partition(".")
    return ("#,##0" if "," in whole else "0") + (f".{'0' * len(decimals)}" if decimals else "") + ("%" if shown.endswith("%") else "")


def write_csv(source: Source, book: Sequence[Sheet]) -> Written:
    """The one sheet, with its title lines above the header, as network companies publish them."""
    (sheet,) = book
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([line] for line in sheet.lines)
    writer.writerow([])
    writer.writerow(sheet.header)
    writer.writerows([cell.text for cell in row] for row in sheet.rows)
    return Written(data=out.getvalue().encode())
