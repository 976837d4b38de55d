"""The readers' pure parts: dates, number formats, cleaning, bylines, the JSON of a document."""

import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from rag.codec import document_from_json, document_to_json
from rag.readers import read_file
from rag.readers.byline import Byline, find_byline
from rag.readers.clean import block_text, clean
from rag.readers.dates import choose_date, date_in_opening, parse_date, pdf_date
from rag.readers.draft import Draft, FoundDate, entries, is_number_like, reads_like_header
from rag.readers.numberformat import display
from rag.report.reading import references
from rag.types import Block, Cell, Document, Metadata, Page


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15 March 2026", date(2026, 3, 15)),
        ("March 15, 2026", date(2026, 3, 15)),
        ("Sunday, March 15th, 2026", date(2026, 3, 15)),
        ("2026-03-15", date(2026, 3, 15)),
        ("2026-03-15T10:00:00+01:00", date(2026, 3, 15)),
        ("15.03.2026", date(2026, 3, 15)),
        ("Sept. 2025", date(2025, 9, 1)),
        ("March 2026", date(2026, 3, 1)),
        ("3. März 2026", date(2026, 3, 3)),
        ("1er février 2026", date(2026, 2, 1)),
        ("Dezember 2025", date(2025, 12, 1)),
        ("31 February 2026", None),
        ("03/04/2026", None),
        ("2026", None),
        ("on 15 March 2026", None),
    ],
)
def test_a_date_is_the_whole_text(text: str, day: date | None) -> None:
    """Common forms are read; ambiguous ones are not guessed; a month is its first day."""
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("lines", "day"),
    [
        (["Title", "Published: 15 March 2026"], date(2026, 3, 15)),
        (["Title", "London, 15 March 2026"], date(2026, 3, 15)),
        (["By A. Writer | March 2026 | Research"], date(2026, 3, 1)),
        (["A. Writer, Some House, 15 March 2026"], date(2026, 3, 15)),
        (["Title", "15 March 2026, A. Writer"], date(2026, 3, 15)),
        (["Title", "Some House, 15 March 2026, version 2"], date(2026, 3, 15)),
        (["Title", "Some desk, Some House. Second draft, 15 March 2026."], date(2026, 3, 15)),
        (["Title", "For the quarter ended 31 December 2025. Signed 15 March 2026."], date(2026, 3, 15)),
        (["Home", "Title", "Last updated 15 March 2026. Some Authority."], date(2026, 3, 15)),
        (["Note", "Paris, le 15 mars 2026"], date(2026, 3, 15)),
        (["Notiz", "Berlin, den 15. März 2026"], date(2026, 3, 15)),
        (["Orders rose on 15 March 2026 by a third."], None),
        (["On Sunday, 15 March 2026, a maker closed its plant."], None),
        (["The monitor covers what was sold until Sunday, 15 March 2026."], None),
        (["Next meeting: 15 March 2026"], None),
        (["Outlook to 2030"], None),
        (["line"] * 20 + ["15 March 2026"], None),
    ],
)
def test_only_the_first_lines_date_a_document(lines: list[str], day: date | None) -> None:
    """And only where they state a date and nothing else."""
    assert date_in_opening(lines) == day


def test_what_the_author_states_comes_before_content_and_properties() -> None:
    """Stated, then the first lines, then the file's properties, then nothing."""
    opening = ["15 March 2026"]
    assert choose_date(stated="2026-01-01", opening=opening) == FoundDate(day=date(2026, 1, 1), source="metadata")
    assert choose_date(opening=opening, declared=date(2020, 1, 1)) == FoundDate(day=date(2026, 3, 15), source="content")
    assert choose_date(declared=datetime.fromisoformat("2020-01-01")) == FoundDate(day=date(2020, 1, 1), source="metadata")
    assert choose_date() is None
    assert pdf_date("D:20260315103000+01'00'") == date(2026, 3, 15)


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (3.0, "General", "3"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, "#,##0", "1,235"),
        (-1234.5, "#,##0.0_);(#,##0.0)", "(1,234.5)"),
        (-5, "0.00", "-5.00"),
        (0, '0;-0;"–"', "–"),
        (0.125, "0.0%", "12.5%"),
        (1_234_567, '#,##0.0,,"m"', "1.2m"),
        (1234, "[$€-407] #,##0", "€ 1,234"),
        (99.5, '"$"#,##0.00', "$99.50"),
        (1.5, "0.##", "1.5"),
        (2, "0.##", "2"),
        (12345.678, "0.00E+00", "12345.678"),
        (datetime.fromisoformat("2026-03-15"), "dd/mm/yyyy", "2026-03-15"),
        (datetime.fromisoformat("2026-03-15 14:30"), "dd/mm/yyyy hh:mm", "2026-03-15 14:30"),
        (date(2026, 3, 1), "mmm-yy", "Mar 2026"),
        (date(2026, 3, 1), "yyyy", "2026"),
    ],
)
def test_a_value_is_printed_as_its_format_says(value: float | date, number_format: str, shown: str) -> None:
    """Decimals, thousands, scale, per cent, currency and sections."""
    assert display(value, number_format=number_format) == shown


def test_cleaning_is_idempotent_and_leaves_nothing_invisible() -> None:
    """Line ends, spaces, composition, direction marks, tag characters, lone surrogates."""
    raw = "a\r\nb\u00a0c\u00add\u202ee\U000e0041f\ud800g\u2028h e\u0301"
    assert clean(raw) == "a\nb cdefg\nh é"
    assert clean(clean(raw)) == clean(raw)
    assert block_text("  a \n\n  b  \n") == "a\n  b"


@pytest.mark.parametrize(
    "text", ["1,234", "(12.5)%", "(12.5%)", "$ 4.2", "EUR 3.1", "–", "n/a", "2025", "4.2 billion", "12 %", "1.5x", "€5"]
)
def test_numbers_look_like_numbers(text: str) -> None:
    """With signs, units and brackets."""
    assert is_number_like(text)


def test_a_header_row_names_columns() -> None:
    """Years are names; other numbers are not."""
    assert reads_like_header(["Item", "2025", "FY2024"])
    assert reads_like_header(["", "2018 versus", "2017 versus"])
    assert reads_like_header(["Loan", "Mar 2026", "Jun-2026"])
    assert not reads_like_header(["Revenue", "1,842"])
    assert not reads_like_header(["one"])


def test_a_byline_is_found_under_the_title_only() -> None:
    """Labels, "By ...", one line, or two lines before the date; otherwise nothing."""
    whole = Byline(author="A. Writer", publisher="Some House")
    assert find_byline(["T", "A Writer", "Some House", "2026-01-01"], title="T") == Byline(author="A Writer", publisher="Some House")
    assert find_byline(["Author: A. Writer", "Publisher: Some House"], title="") == whole
    assert find_byline(["By Ann Writer, 2026-01-01"], title="") == Byline(author="Ann Writer")
    assert find_byline(["T", "1 May 2026, Ann B. Writer"], title="T") == Byline(author="Ann B. Writer")
    assert find_byline(["T", "1 May 2026, Central pharmacy"], title="T") == Byline()
    assert find_byline(["T", "Some House, company note, 1 May 2026"], title="T") == Byline()
    assert find_byline(["T", "By our staff, 1 May 2026"], title="T") == Byline()
    assert find_byline(["Prices rose in March, said the board, on 1 May 2026."], title="") == Byline()


def _long(cells: int) -> Document:
    """A table of so many cells, and 300 pages."""
    made = tuple(
        Cell(row=n // 10, column=n % 10, start=n * 5, end=n * 5 + 4, header=n < 10, address=f"B{n}", span=1 + (n == 3))
        for n in range(cells)
    )
    return Document(
        text="word " * 10 * cells,
        pages=tuple(Page(number=n + 1, label=f"p. {n + 1}", start=n * 3_000, end=n * 3_000 + 3_000) for n in range(300)),
        blocks=(Block(kind="table", start=0, end=100_000, cells=made), Block(kind="heading", start=100_001, end=100_002, level=2)),
        metadata=Metadata(title="T\ud7ffé", published=date(2026, 3, 15), published_from="content", tags=("a", "b")),
        format="pdf",
        notices=("page 3 has no text layer",),
    )


def _seconds_through_json(document: Document) -> float:
    """CPU, the least of three."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        document_from_json(document_to_json(document))
        taken.append(time.process_time() - started)
    return min(taken)


def test_a_long_document_passes_through_json_in_step_with_its_length_and_unchanged() -> None:
    """Four times the cells take less than ten times as long, where a square would take sixteen; equal documents give equal bytes."""
    document = _long(20_000)
    text = document_to_json(document)
    again = document_from_json(text)
    assert again == document
    assert document_to_json(again) == text
    assert _seconds_through_json(document) < 10 * _seconds_through_json(_long(5_000))


def test_broken_json_is_an_error() -> None:
    """Not a half-filled document."""
    with pytest.raises(ValueError, match="Expecting"):
        document_from_json("{")
    with pytest.raises(KeyError):
        document_from_json('{"text":""}')


_GROUPS: list[list[str | int | float]] = [
    ["Site", "", "", "", ""],
    ["", "Units sold", "", "", "Change on year"],
    ["Country", 2023, 2024, 2025, 2025],
    ["Marenland", 356, 193, 296, 0.5],
    ["Calder Coast", 306, 181, 168, -0.1],
]
_GROUPED = [
    *(("296", "Marenland", "Units sold 2025"), ("0.5", "Marenland", "Change on year 2025")),
    *(("168", "Calder Coast", "Units sold 2025"), ("-0.1", "Calder Coast", "Change on year 2025")),
]


def _sheet(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    for row in _GROUPS:
        sheet.append([value if value != "" else None for value in row])
    sheet.merge_cells("B2:D2")
    book.save(path)


def _page(path: Path) -> None:
    rows = [f"<tr>{''.join(f'<td>{value}</td>' for value in row)}</tr>" for row in _GROUPS[3:]]
    heads = "<tr><th></th><th colspan=3>Units sold</th><th>Change on year</th></tr>"
    heads += f"<tr>{''.join(f'<th>{value}</th>' for value in _GROUPS[2])}</tr>"
    path.write_text(f"<h1>Sites</h1><table>{heads}{''.join(rows)}</table>")


def _letter(path: Path) -> None:
    import docx

    document = docx.Document()
    table = document.add_table(rows=0, cols=5)
    for row in _GROUPS[1:]:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = str(value)
    table.cell(0, 1).merge(table.cell(0, 3))
    document.save(str(path))


def _slide(path: Path) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    table = slide.shapes.add_table(4, 5, Inches(1), Inches(2), Inches(8), Inches(2)).table
    for at, row in enumerate(_GROUPS[1:]):
        for column, value in enumerate(row):
            table.cell(at, column).text = str(value)
    table.cell(0, 1).merge(table.cell(0, 3))
    deck.save(str(path))


@pytest.mark.parametrize(("name", "make"), [("a.xlsx", _sheet), ("a.html", _page), ("a.docx", _letter), ("a.pptx", _slide)])
def test_a_merged_header_belongs_to_each_column_that_it_stands_over(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    """However unequal the groups are, and though the row below it names the first column as well."""
    make(tmp_path / name)
    document = read_file(tmp_path / name)
    table = next(block for block in document.blocks if block.kind == "table")
    found = [(document.text[cell.start : cell.end], reference.row, reference.column) for cell, reference in references(document, table)]
    assert [item for item in found if item[2].endswith("2025")] == _GROUPED
    assert all(column.startswith("Units sold") for _, _, column in found[:3])


def test_a_row_of_words_under_a_header_is_no_header() -> None:
    """Where each column has its name already."""
    draft = Draft()
    draft.table([entries(["", "Ambrel", "Brix"], header=True), entries(["Founded", "1998", "2003"]), entries(["Employees", "310", "200"])])
    document = draft.finish(metadata=Metadata(title="T"), format="docx", path=Path("t.docx"))
    assert [cell.header for cell in document.blocks[0].cells] == [True, True, False, False, False, False, False, False]


def test_a_filing_is_of_the_day_on_which_it_was_signed(tmp_path: Path) -> None:
    """Its cover names the end of a year, the page the day on which it was put on the web; a signature alone is none of a filing."""
    signature = (
        "<p>Pursuant to the requirements of Section 13 or 15(d) of the Securities Exchange Act of 1934, the registrant has duly caused "
        "this report to be signed on its behalf.</p><p>KORDWELL ENERGI</p><p>By /s/ Mia Olsen, Director</p><p>February 18, 2026</p>"
    )
    page = "<html><body><h1>10-K</h1><p>December 27, 2025</p><p>Kordwell sold more.</p>{}<time datetime='2030-01-01'></time></body></html>"
    for name, text, day in (("a", signature, date(2026, 2, 18)), ("b", "<p>Signed on February 18, 2026.</p>", date(2025, 12, 27))):
        (tmp_path / f"{name}.html").write_text(page.format(text), encoding="utf-8")
        document = read_file(tmp_path / f"{name}.html")
        assert (document.metadata.published, document.metadata.published_from) == (day, "content")
