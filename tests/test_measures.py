"""Measures that are computed from financial statements: which lines are sought, where, and that their rows are cited and checked."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from rag import Library
from rag.app import create
from rag.ingest import drain
from rag.report.measures import LINES, MEASURES, sought
from rag.report.reading import read, row_references
from rag.statements import printed_on, statements
from rag.types import Block, Cell, Document, Metadata, Page

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BALANCE = (
    ("Cash and cash equivalents", "$ 1,677", "$ 450"),
    ("Accounts receivable", "1,615", "1,679"),
    ("Inventories", "1,426", "1,559"),
    ("Total current assets", "5,121", "4,186"),
    ("Property and equipment, net", "3,580", "3,787"),
    ("Total assets", "30,806", "30,111"),
    ("Accounts payable", "3,247", "2,854"),
    ("Total current liabilities", "7,491", "7,087"),
)
INCOME = (
    ("Net sales", "$ 17,626", "$ 16,865"),
    ("Cost of sales", "11,496", "11,108"),
    ("Gross profit", "6,130", "5,757"),
    ("Operating profit", "2,953", "2,515"),
    ("Interest expense", "466", "521"),
    ("Net earnings", "2,210", "1,786"),
)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("What is the working capital ratio of Tarnholm Foods?", ["total current assets", "total current liabilities"]),
        ("How did Tarnholm's gross margin develop?", ["gross profit", "net sales, total revenue", "cost of sales, cost of goods sold"]),
        ("What was net PPE at the end of 2020?", ["property, plant and equipment"]),
        ("What is the ROA?", ["net income, net earnings", "total assets"]),
        ("Who supplies the cells of Kordwell?", []),
        ("How much capacity will there be in 2030?", []),
        ("Was there harm to the arena, or a barrier to trade?", []),
    ],
)
def test_a_measure_is_sought_by_the_lines_it_is_computed_from(question: str, lines: list[str]) -> None:
    """And a question that names none is left as it is."""
    assert [line.name for line in sought(question, statements=statements()).lines] == lines


def test_every_line_of_a_measure_is_known() -> None:
    """The table of measures names lines of the table of lines, and each has a label that is its own."""
    assert {name for measure in MEASURES for name in measure.lines} <= set(LINES)
    assert {line.statement for line in LINES.values()} == {statement.id for statement in statements()}
    assert not LINES["total assets"].label.search("Total current assets")
    assert not LINES["total liabilities"].label.search("Total current liabilities")
    assert LINES["total assets"].label.search("TOTAL ASSETS")


def _table(rows: Sequence[Sequence[str]], *, header: bool) -> Document:
    """A one-page document with nothing but a table."""
    text, cells = "", []
    for at, row in enumerate(rows):
        for column, words in enumerate(row):
            cells.append(Cell(row=at, column=column, start=len(text), end=len(text) + len(words), header=header and at == 0))
            text += words + (" | " if column < len(row) - 1 else "\n")
    block = Block(kind="table", start=0, end=len(text), cells=tuple(cells))
    return Document(
        text=text, pages=(Page(number=1, label="1", start=0, end=len(text)),), blocks=(block,), metadata=Metadata(title="x"), format="pdf"
    )


def test_a_row_without_headers_is_whole_and_one_under_headers_is_not() -> None:
    """A value under a header is a cell of its own; without one, the row is what can be said."""
    bare = _table(BALANCE, header=False)
    found = [(reference.row, bare.text[start:end]) for start, end, reference in row_references(bare, bare.blocks[0])]
    assert found[3] == ("Total current assets", "5,121 | 4,186")
    assert not read(bare).tables[0].cells
    headed = _table((("", "2020", "2019"), *BALANCE), header=True)
    assert not read(headed).tables[0].rows
    assert read(headed).tables[0].cells[0].reference.column == "2020"


@pytest.fixture(scope="module")
def filing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A report in PDF: prose about the balance sheet, the balance sheet, the income statement."""
    from reportlab.pdfgen.canvas import Canvas

    workspace = tmp_path_factory.mktemp("filing") / "ws"
    create(workspace, embedder="small")
    paper = Canvas(str(workspace / "docs" / "Tarnholm Foods 2020 annual report.pdf"), invariant=1)  # states no day of its own
    paper.drawString(72, 780, "Tarnholm Foods annual report for fiscal 2020")
    prose = (
        "Our working capital position improved in fiscal 2020, as management had expected for some time.",
        "We look at working capital and at the balance sheet of Tarnholm Foods in every quarter.",
    )
    for at, line in enumerate(prose):
        paper.drawString(72, 740 - 20 * at, line)
    paper.showPage()
    for title, rows in (("Consolidated Balance Sheets", BALANCE), ("Consolidated Statements of Earnings", INCOME)):
        paper.drawString(72, 780, title)
        paper.drawString(72, 760, "(In millions) May 31, 2020 and May 26, 2019")
        for at, (label, now, before) in enumerate(rows):
            paper.drawString(72, 720 - 16 * at, label)
            paper.drawRightString(400, 720 - 16 * at, now)
            paper.drawRightString(500, 720 - 16 * at, before)
        paper.showPage()
    paper.save()
    with Library.open(workspace) as library:
        drain(library.ingest(now=NOW))
        yield library


def test_the_pages_of_statements_are_told_by_title_and_lines(filing: Library) -> None:
    """Prose about a balance sheet is none."""
    (source,) = filing.record.sources()
    pages = printed_on(statements(), filing.record.document(source.document))
    assert pages == {"balance_sheet": (2,), "income_statement": (3,), "cash_flow_statement": ()}


def test_a_ratio_is_answered_by_the_rows_it_is_computed_from(filing: Library) -> None:
    """Each row is cited on its statement's page, passes every gate, and is printed as the table prints it."""
    answer = filing.ask("What is the working capital ratio of Tarnholm Foods for 2020?", now=NOW, keep=False).answer
    rows = [claim.text for claim in answer.claims if claim.text.startswith("Total current")]
    assert [row.partition(" (")[0] for row in rows] == ["Total current assets: 5,121; 4,186", "Total current liabilities: 7,491; 7,087"]
    assert {item.page for item in answer.evidence if item.table} == {2}
    assert {claim.verdict for claim in answer.claims} == {"supported"}


def test_a_margin_is_answered_from_the_income_statement(filing: Library) -> None:
    """The abbreviation or name of a measure is no name of a company that the documents lack."""
    answer = filing.ask("What is the gross margin and COGS of Tarnholm Foods in 2020?", now=NOW, keep=False).answer
    assert not answer.abstained
    assert {"Gross profit", "Net sales", "Cost of sales"} <= {claim.text.partition(":")[0] for claim in answer.claims}
    assert 3 in {item.page for item in answer.evidence}
