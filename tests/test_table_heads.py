"""Header rows of tables as each format has them: names over several columns, and what stands alone above the years."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import typst

from rag.prompts import metric_vocabulary
from rag.readers import read_file
from rag.report.reading import read, references, row_references
from rag.report.wording import Vocabulary
from rag.types import Document

ROWS = ("Revenue", "5,200", "4,800"), ("Operating costs", "(4,000)", "(3,900)"), ("Profit", "1,200", "900")


def columns(path: Path) -> list[str]:
    """The header of each column of a file's first table, from left to right."""
    document = read_file(path)
    table = next(block for block in document.blocks if block.kind == "table")
    return list(dict.fromkeys(reference.column for _, reference in references(document, table)))


def pdf(tmp_path: Path, *heads: str) -> Path:
    """A PDF of a paragraph and a table without lines; heads in typst, empty cells included."""
    cells = ", ".join((*heads, *(f"[{cell}]" for row in ROWS for cell in row)))
    text = "= Results\nThe year was good for all of us, and sales went up in every single region.\n\n"
    (tmp_path / "t.typ").write_text(f"{text}#table(columns: 3, stroke: none, align: (left, right, right), {cells})", encoding="utf-8")
    typst.compile(str(tmp_path / "t.typ"), output=str(tmp_path / "t.pdf"))
    return tmp_path / "t.pdf"


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        (("[EUR million]", "[2024]", "[2023]"), ["2024 (EUR million)", "2023 (EUR million)"]),
        (("[]", "[2024]", "[2023]", "[]", "table.cell(colspan: 2)[(in EUR million)]"), ["2024 (EUR million)", "2023 (EUR million)"]),
        (
            ("[]", "table.cell(colspan: 2)[Year ended 31 December]", "[]", "[2024]", "[2023]", "[]", "[€m]", "[€m]"),
            ["Year ended 31 December 2024 (€m)", "Year ended 31 December 2023 (€m)"],
        ),
    ],
)
def test_a_pdfs_line_over_several_columns_is_of_each_of_them(heads: tuple[str, ...], found: list[str], tmp_path: Path) -> None:
    """It is not cut where a column ends."""
    assert columns(pdf(tmp_path, *heads)) == found


def test_a_web_pages_table_without_header_cells_has_what_stands_alone_above_its_years(tmp_path: Path) -> None:
    """As mail programs and old pages write them."""
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    heads = "<tr><td></td><td colspan=2>EUR million</td></tr><tr><td></td><td>2024</td><td>2023</td></tr>"
    (tmp_path / "t.html").write_text(f"<html><body><h1>Results</h1><table>{heads}{rows}</table></body></html>", encoding="utf-8")
    assert columns(tmp_path / "t.html") == ["2024 (EUR million)", "2023 (EUR million)"]


def test_a_unit_below_the_years_in_the_first_column_is_a_header(tmp_path: Path) -> None:
    """The second row of many sheets."""
    (tmp_path / "t.csv").write_text("Item,2024,2023\nEUR million,Actual,Actual\nRevenue,5200,4800\nCosts,4000,3900\n", encoding="utf-8")
    assert columns(tmp_path / "t.csv") == ["2024 Actual (EUR million)", "2023 Actual (EUR million)"]


def test_rows_of_a_pdf_that_stand_close_are_rows_and_a_sign_goes_with_the_number_behind_it(tmp_path: Path) -> None:
    """PDFium strings lines together whose letters' boxes meet, and the next column's currency sign may touch the number before it."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "close.pdf"))
    canvas.setFont("Helvetica", 10)
    rows = ("In millions", "2022", "2021"), ("Debt", "$ 11,620", "$ 12,612"), ("Cash", "569", "1,505"), ("Net debt", "$ 11,051", "$ 11,107")
    for at, (label, *values) in enumerate(rows):
        height = 700 - 7 * at
        canvas.drawString(72, height, label)
        for right, value in zip((300, 348), values, strict=True):
            sign, _, figure = value.rpartition(" ")
            canvas.drawRightString(right, height, figure)
            canvas.drawString(right - 42, height, sign)
    canvas.save()
    document = read_file(tmp_path / "close.pdf")
    assert document.text.split("\n") == [" | ".join(row) for row in rows]


def test_the_first_line_of_a_paragraph_is_no_heading(tmp_path: Path) -> None:
    """Though it is larger: it ends in the middle of a sentence, or one ends within it."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "lead.pdf"))
    lines = (
        (14, 700, "Heat pumps"),
        (14, 660, "Our pumps for homes are sold through fitters. We recorded a gain on the sale of"),
        (10, 640, "all our Swedish business, as we had planned to."),
        *((10, 628 - 12 * at, "We expect no other sale this year or next, as far as we can see from where we stand.") for at in range(4)),
    )
    for size, height, line in lines:
        canvas.setFont("Helvetica", size)
        canvas.drawString(72, height, line)
    canvas.save()
    document = read_file(tmp_path / "lead.pdf")
    assert [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"] == ["Heat pumps"]


def test_columns_of_one_name_tell_no_values_time(tmp_path: Path) -> None:
    """As where the quarters above the years were not read: such rows are given whole, and only what has a name of its own by it."""
    head = "Item,2022,2021,2022,2021,Total\n"
    (tmp_path / "t.csv").write_text(f"{head}Revenue,5200,4800,5300,4900,20200\nCosts,4000,3900,4100,3950,15950\n", encoding="utf-8")
    document = read_file(tmp_path / "t.csv")
    table = next(block for block in document.blocks if block.kind == "table")
    assert [reference.column for _, reference in references(document, table)] == ["Total", "Total"]
    rows = [(reference.row, document.text[start:end]) for start, end, reference in row_references(document, table)]
    assert rows == [("Revenue", "5200 | 4800 | 5300 | 4900 | 20200"), ("Costs", "4000 | 3900 | 4100 | 3950 | 15950")]


def test_a_name_over_two_columns_is_of_both(tmp_path: Path) -> None:
    """One merged cell is one name; a web page puts the currency's sign into a column of its own."""
    rows = "".join(f"<tr><td>{name}</td><td>$</td><td>{one}</td><td>$</td><td>{two}</td></tr>" for name, one, two in ROWS)
    head = "<tr><th></th><th colspan=2>2024</th><th colspan=2>2023</th></tr>"
    (tmp_path / "t.html").write_text(f"<html><body><h1>Results</h1><table>{head}{rows}</table></body></html>", encoding="utf-8")
    assert columns(tmp_path / "t.html") == ["2024", "2023"]


def _drawn(path: Path, lines: Sequence[tuple[str, ...]]) -> Document:
    """A PDF of lines of a label and values, as they are printed in columns; read."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    canvas.setFont("Helvetica", 10)
    for at, (label, *values) in enumerate(lines):
        canvas.drawString(72, 760 - 14 * at, label)
        for right, value in zip((340, 420), values, strict=False):
            canvas.drawRightString(right, 760 - 14 * at, value)
    canvas.save()
    return read_file(path)


def _values(document: Document) -> list[tuple[str, str, str]]:
    tables = [block for block in document.blocks if block.kind == "table"]
    return [
        (reference.row, reference.column, document.text[cell.start : cell.end])
        for table in tables
        for cell, reference in references(document, table)
    ]


def test_a_balance_sheets_sections_stand_between_its_years_and_its_rows(tmp_path: Path) -> None:
    """At its beginning and further down, one and several of them."""
    lines = (
        ("", "2024", "2023"),
        ("Assets",),
        ("Current assets",),
        ("Cash", "1,980", "1,101"),
        ("Inventories", "5,409", "5,209"),
        ("Liabilities and equity",),
        ("Current liabilities",),
        ("Payables", "5,257", "4,873"),
    )
    found = _values(_drawn(tmp_path / "sheet.pdf", lines))
    assert [(row, column) for row, column, _ in found] == [
        (row, year) for row in ("Cash", "Inventories", "Payables") for year in ("2024", "2023")
    ]


def test_years_below_other_rows_begin_another_table(tmp_path: Path) -> None:
    """A row of years, each one from the next; years at any distance are values."""
    lines = (
        ("In millions", "2024", "2023"),
        ("Revenue", "1,980", "1,101"),
        ("Costs", "1,409", "1,209"),
        ("In millions", "2022", "2021"),
        ("Revenue", "1,257", "1,873"),
        ("First and last delivery", "2013", "2020"),
    )
    found = _values(_drawn(tmp_path / "two.pdf", lines))
    assert ("Revenue", "2022 (in millions)", "1,257") in [(row, column.replace("In", "in"), value) for row, column, value in found]
    assert [value for row, _, value in found if row.startswith("First")] == ["2013", "2020"]


def test_a_list_with_wide_bullets_is_a_list(tmp_path: Path) -> None:
    """However far its points are set in."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "list.pdf"))
    canvas.setFont("Helvetica", 10)
    for at, point in enumerate(("their choice of brand and model;", "how often they buy new ones; and", "their appetite for services.")):
        canvas.drawString(72, 760 - 14 * at, "•")
        canvas.drawString(108, 760 - 14 * at, point)
    canvas.save()
    assert [block.kind for block in read_file(tmp_path / "list.pdf").blocks] == ["list"]


STATEMENT = (
    "Cash Flows\n\n(In millions)\n\n"
    "| Fiscal Years Ended | February 2, 2019 | 2018 |\n|---|---|---|\n"
    "| Net income attributable to the company and |  |  |\n| its shareholders | $ 1,464 | $ 1,000 |\n"
    "| Depreciation ........ | 770 | 683 |\n| Cash from operations | $ 2,408 | $ 2,141 |\n| Shops | 1,238 | 1,514 |\n"
)


def markdown(text: str, tmp_path: Path) -> Document:
    """A Markdown document, read."""
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    return read_file(tmp_path / "t.md")


def labels(text: str, tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Each cell of a Markdown document's first table -> its row and column."""
    document = markdown(text, tmp_path)
    table = next(block for block in document.blocks if block.kind == "table")
    return {document.text[cell.start : cell.end]: (reference.row, reference.column) for cell, reference in references(document, table)}


def test_a_corner_says_how_long_a_time_ends_on_its_columns_days(tmp_path: Path) -> None:
    """A day alone tells nothing of how long a year's revenue was made in; a column called by a year stays as it is."""
    found = labels(STATEMENT, tmp_path)
    assert found["1,238"][1] == "Fiscal Years Ended February 2, 2019"
    assert found["1,514"][1] == "2018"


@pytest.mark.parametrize("corner", ["(Millions, except per share amounts)", "Year Ended December 31 (MILLIONS)", "Year (in millions)"])
def test_a_corner_says_the_scale_of_all_columns_in_brackets(corner: str, tmp_path: Path) -> None:
    """As many a company has it beside its years; "Millions" without brackets may be what the rows are."""
    table = STATEMENT.replace("(In millions)", "Of the group").replace("Fiscal Years Ended", corner)
    assert "illions" in labels(table, tmp_path)["683"][1].lower()
    assert "illions" not in labels(table.replace(corner, "Millions"), tmp_path)["683"][1].lower()


def test_a_currencys_sign_is_lent_between_two_that_have_it_where_the_scale_is_known(tmp_path: Path) -> None:
    """Statements print it in the first line and the total; what stands below may be shops."""
    found = labels(STATEMENT, tmp_path)
    assert found["683"] == ("Depreciation", "2018 (in $ millions)")
    assert found["$ 2,141"][1] == "2018 (in $ millions)"
    assert found["1,514"] == ("Shops", "2018")
    assert labels(STATEMENT.replace("(In millions)", "Of the year"), tmp_path)["683"][1] == "2018"
    assert labels(STATEMENT.replace("| 2018 |", "| 2018 (Dollars in millions) |"), tmp_path)["683"][1] == "2018 (Dollars in millions)"


def test_a_label_in_small_letters_goes_on_from_the_line_above(tmp_path: Path) -> None:
    """That line has no values; a section's line ends in a colon."""
    assert labels(STATEMENT, tmp_path)["$ 1,464"][0] == "Net income attributable to the company and its shareholders"
    parted = labels(STATEMENT.replace("company and |", "company: |"), tmp_path)
    assert parted["$ 1,464"][0] == "its shareholders"


def test_a_point_of_a_list_that_runs_into_a_sentence_begins_one(tmp_path: Path) -> None:
    """As PDFs print lists."""
    document = markdown("Server revenue fell by 1%. •Services grew by 4% in 2023. • Both are new.\n", tmp_path)
    found = [document.text[item.start : item.end] for item in read(document).sentences]
    assert found == ["Server revenue fell by 1%.", "Services grew by 4% in 2023.", "Both are new."]


Placed = tuple[float, float, str]
"""Where its middle stands, its height, and what is printed there."""


def _placed(path: Path, heads: Sequence[Placed], rows: Sequence[tuple[str, ...]], *, rights: Sequence[float]) -> Document:
    """A PDF of names centred over columns, drawn one by one, and of rows 14 points apart with values that end at ``rights``; read."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    canvas.setFont("Helvetica", 9)
    for middle, height, words in heads:
        canvas.drawCentredString(middle, height, words)
    for at, (label, *values) in enumerate(rows):
        canvas.drawString(60, 640 - 14 * at, label)
        for right, value in zip(rights, values, strict=False):
            canvas.drawRightString(right, 640 - 14 * at, value)
    canvas.save()
    return read_file(path)


def _columns_of(document: Document, row: str) -> list[str]:
    return [column for label, column, _ in _values(document) if label == row]


SEGMENTS = ("Revenue", "1,980", "1,101", "3,081", "1,409", "1,209", "2,618"), ("Costs", "1,257", "873", "2,130", "1,120", "990", "2,110")
EDGES = (230.0, 290.0, 350.0, 430.0, 490.0, 550.0)


def test_a_name_over_the_middle_of_several_columns_is_of_each(tmp_path: Path) -> None:
    """Though names are drawn cell by cell, in two lines or one."""
    names = zip(EDGES, ("North Sea", "Baltic Sea", "Group total") * 2, strict=True)
    parts = [(right - 12, height, word) for right, name in names for height, word in zip((670, 660), name.split(), strict=True)]
    heads = [(278, 690, "Year ended December 31, 2024"), (478, 690, "Year ended December 31, 2023"), *parts]
    found = _columns_of(_placed(tmp_path / "t.pdf", heads, SEGMENTS, rights=EDGES), "Costs")
    assert found == [
        f"Year ended December 31, {year} {part}" for year in (2024, 2023) for part in ("North Sea", "Baltic Sea", "Group total")
    ]


def test_a_line_above_the_years_that_stands_far_above_them_is_of_all(tmp_path: Path) -> None:
    """As Apple and Oracle print it; the statement's title, which stands over the middle of the page, is no column's."""
    heads: list[Placed] = [(300, 720, "CONSOLIDATED STATEMENTS OF OPERATIONS"), (470, 690, "Years ended")]
    days = zip(EDGES[3:], ("2022", "2021", "2020"), strict=True)
    heads += [(right - 16, height, said) for right, year in days for height, said in ((670, "September 24,"), (660, year))]
    rows = [("Net sales", "1,980", "1,101", "3,081"), ("Cost of sales", "1,257", "873", "2,130")]
    found = _columns_of(_placed(tmp_path / "t.pdf", heads, rows, rights=EDGES[3:]), "Net sales")
    assert found == [f"Years ended September 24, {year}" for year in (2022, 2021, 2020)]


def test_a_name_in_two_lines_is_no_name_of_the_columns_beside_it(tmp_path: Path) -> None:
    """Though it stands over the middle one of three columns, as a group's name does."""
    heads: list[Placed] = [(350, 690, "2024"), (490, 690, "2023")]
    three = (300.0, 350.0, 400.0, 440.0, 490.0, 540.0)
    for first in (0, 3):
        heads += [(three[first + 1] - 12, 672, "Impact of")]
        names = zip(three[first : first + 3], ("Reported", "Standards", "Restated"), strict=True)
        heads += [(right - 12, 662, name) for right, name in names]
    document = _placed(tmp_path / "t.pdf", heads, SEGMENTS, rights=three)
    assert _columns_of(document, "Revenue")[1] == "2024 Impact of Standards"
    assert _columns_of(document, "Revenue")[0] == "2024 Reported"


def test_values_keep_the_year_that_they_share_with_their_shares(tmp_path: Path) -> None:
    """A name over a column of money and one of per cent: what is in per cent has none, since it is no figure of its row."""
    heads = [(260, 660, "2024"), (460, 660, "2023")]
    rows = [("Net sales", "3,642", "100.0 %", "3,507", "100.0 %"), ("Gross profit", "662", "18.2 %", "645", "18.4 %")]
    found = _values(_placed(tmp_path / "t.pdf", heads, rows, rights=(230, 300, 430, 500)))
    assert found == [
        ("Net sales", "2024", "3,642"),
        ("Net sales", "2023", "3,507"),
        ("Gross profit", "2024", "662"),
        ("Gross profit", "2023", "645"),
    ]


def test_a_balance_sheets_second_half_has_the_years_of_the_first(tmp_path: Path) -> None:
    """Below the name of a section in the middle of the page, a wider gap, and a label of two lines that is set in."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "t.pdf"))
    drawn = [
        ("", 0, 700, ("2024", "2023")),
        ("ASSETS", 150, 686, ()),
        ("Cash and cash equivalents", 60, 672, ("1,980", "1,101")),
        ("Total assets", 90, 658, ("5,409", "5,209")),
        ("LIABILITIES AND EQUITY", 150, 630, ()),
        ("Current liabilities:", 60, 616, ()),
        ("Accounts payable", 70, 602, ("4,257", "4,873")),
        ("Adjustment for net losses realised and included", 100, 574, ()),
        ("in net income", 108, 564, ("1,152", "336")),
    ]
    for label, left, height, values in drawn:
        canvas.setFont("Helvetica-Bold" if label.isupper() else "Helvetica", 9)
        canvas.drawString(left, height, label)
        for right, value in zip((440, 520), values, strict=False):
            canvas.drawRightString(right, height, value)
    canvas.save()
    found = _values(read_file(tmp_path / "t.pdf"))
    rows = (
        "Cash and cash equivalents",
        "Total assets",
        "Accounts payable",
        "Adjustment for net losses realised and included in net income",
    )
    assert [(row, column) for row, column, _ in found] == [(row, year) for row in rows for year in ("2024", "2023")]


def test_values_set_lower_than_their_label_are_its_row(tmp_path: Path) -> None:
    """By less than a line; and beside the first of a label's two lines."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "t.pdf"))
    canvas.setFont("Helvetica", 9)
    for label, height, low, values in (
        ("Item", 700, 0, ("2024", "2023")),
        ("Service cost", 686, 0, ("256", "286")),
        ("Proceeds from sale of businesses", 672, 4, ("846", "1,065")),
        ("Settlements, curtailments", 658, 0, ()),
        ("and other", 648, -10, ("12", "24")),
        ("Total", 634, 0, ("1,114", "1,375")),
    ):
        canvas.drawString(60, height, label)
        for right, value in zip((440, 520), values, strict=False):
            canvas.drawRightString(right, height - low, value)
    canvas.save()
    found = [(row, value) for row, _, value in _values(read_file(tmp_path / "t.pdf"))]
    assert ("Proceeds from sale of businesses", "846") in found
    assert ("Settlements, curtailments and other", "24") in found


def test_the_mark_of_a_note_behind_a_label_or_a_year_is_neither_a_row_nor_a_column(tmp_path: Path) -> None:
    """One is raised behind the line and drawn for itself, the other stands beside the year."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "t.pdf"))
    rows = ("Dollars in millions", "2015", "2014"), ("Benefits paid", "96,114", "90,762"), ("Debt", "9,964", "9,070")
    for at, (label, *values) in enumerate(rows):
        height = 700 - 14 * at
        canvas.setFont("Helvetica", 9)
        canvas.drawString(60, height, label)
        if label == "Benefits paid":
            canvas.setFont("Helvetica", 5)
            canvas.drawString(62 + canvas.stringWidth(label, "Helvetica", 9), height + 5, "1")
            canvas.setFont("Helvetica", 9)
        for right, value in zip((440, 540), values, strict=True):
            canvas.drawRightString(right, height, value)
            if value.startswith("201"):
                canvas.drawString(right + 9, height, "(2)")
    canvas.save()
    found = _values(read_file(tmp_path / "t.pdf"))
    assert [(row, value) for row, _, value in found] == [(row, value) for row, *values in rows[1:] for value in values]
    assert {column for _, column, _ in found} == {f"{year} (2) (Dollars in millions)" for year in (2015, 2014)}


def test_the_title_of_a_table_is_no_name_of_its_columns(tmp_path: Path) -> None:
    """A caption, a sentence that says what follows, and values that stand alone above it."""
    rows = [("Net sales", "1,980", "1,101", "3,081"), ("Cost of sales", "1,257", "873", "2,130")]
    years = [(right - 10, 660, str(year)) for right, year in zip(EDGES[3:], (2024, 2023, 2022), strict=True)]
    for words in ("Table 3.1 Sales", "The sales were as follows:", "$ 7,329"):
        document = _placed(tmp_path / "t.pdf", [(480, 676, words), *years], rows, rights=EDGES[3:])
        assert _columns_of(document, "Net sales") == ["2024", "2023", "2022"], words


def test_a_sign_is_lent_where_brackets_alone_say_the_scale(tmp_path: Path) -> None:
    """As 3M and Pfizer print it beside the years: "(Millions)"."""
    assert labels(STATEMENT.replace("Fiscal Years Ended", "(Millions)"), tmp_path)["683"] == ("Depreciation", "2018 (in $ Millions)")


def test_the_days_under_a_statements_title_are_no_title(tmp_path: Path) -> None:
    """So that its rows are under the statement's name, of the same size and as bold."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "t.pdf"))
    canvas.setFont("Helvetica-Bold", 10)
    for at, line in enumerate(("Consolidated Balance Sheets", "As of December 31, 2024 and 2023")):
        canvas.drawString(60, 760 - 30 * at, line)
    canvas.setFont("Helvetica", 10)
    for at in range(6):
        canvas.drawString(60, 690 - 12 * at, "The sheets below hold what the group has and what it owes to others at the end of the year.")
    canvas.save()
    document = read_file(tmp_path / "t.pdf")
    assert [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"] == [
        "Consolidated Balance Sheets"
    ]


@pytest.mark.parametrize(
    ("row", "metric"),
    [
        ("Purchases of property, plant and equipment (PP&E)", "capex"),
        ("Purchases of land, buildings, and equipment", "capex"),
        ("Additions to property and equipment", "capex"),
        ("Net cash provided by (used in) operating activities", "operating_cash_flow"),
        ("Net cash provided/(used) by operating activities", "operating_cash_flow"),
        ("Net cash from operations", "operating_cash_flow"),
    ],
)
def test_a_cash_flow_statements_main_lines_are_known_by_their_usual_names(row: str, metric: str) -> None:
    """As filings print them."""
    assert [mention.metric.id for mention in Vocabulary(metric_vocabulary()).named(row)] == [metric]
