"""Sums over cited cells: what a question wants computed, which line of a table is meant, and that the gate computes it again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rag import Library
from rag.app import create
from rag.chat.gated import ANSWER, checked
from rag.chat.question import take_apart
from rag.chat.sums import Wish, wish_of
from rag.chat.words import said
from rag.ingest import drain
from rag.prompts import metric_vocabulary
from rag.readers import read_file
from rag.report.claims import CHANGE, RELATIVE_CHANGE
from rag.report.facts import cell_text, cell_unit, cell_value
from rag.report.reading import references
from rag.report.sums import EXCESS, RATIO, SHARE, mean_of, operand_of, sum_claim, total_of
from rag.report.wording import Vocabulary
from rag.types import Answer, Document, Evidence, RetrievedBy, Scope, TableReference

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNTS = """# Annual accounts

Published: 15 November 2019

Sales by contract type are below.

| (in millions) | Years ended September 30, |  |  |
|---|---|---|---|
|  | 2019 | 2018 | 2017 |
| Revenue: |  |  |  |
| Fixed price | $1,452.4 | $1,146.2 | $1,036.9 |
| Services | 44.1 | 56.7 | 70.8 |
| Total sales | $1,496.5 | $1,202.9 | $1,107.7 |
| Cost of revenue: |  |  |  |
| Services | 20.1 | 30.5 | 40.0 |
| Operating margin | 8.1% | 7.4% | 7.0% |
| Result of the venture | (4.0) | 2.0 | 1.0 |
"""

INCOME = """# Tarnholm Foods: Consolidated Statements of Earnings

Published: 1 July 2020

| (in millions) | Fiscal year ended |  |
|---|---|---|
|  | May 31, 2020 | May 26, 2019 |
| Net sales | $17,626 | $16,865 |
| Cost of sales | (11,496) | (11,108) |
| Selling, general and administrative | 3,151 | 2,935 |
| Research and development | 224 | 222 |
| Operating profit | 2,953 | 2,515 |
| Interest expense | 466 | 521 |
| Earnings before income taxes | 2,600 | 2,000 |
| Income taxes | 480 | 367 |
| Net earnings | 2,210 | 1,786 |
| Net earnings per share | 3.59 | 2.90 |

Receivables by age are below.

| Kind of customer | Current | Overdue | Total |
|---|---|---|---|
| Grocers | 300 | 20 | 320 |
| Canteens | 60 | 20 | 80 |
| All customers | 360 | 40 | 400 |
"""


def cell(row: str, column: str, quote: str, *, number: int = 0, heading: str = "") -> Evidence:
    """A table's value as evidence."""
    return Evidence(
        id=f"e-{number:012x}", document="d", page=1, page_label="1", start=number * 100, end=number * 100 + len(quote), quote=quote,
        heading_path=(heading,) if heading else (), table=TableReference(row=row, column=column),
        retrieved_by=RetrievedBy(query="", rank=0, score=0.0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of one set of accounts."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "documents").mkdir()
    (folder / "documents" / "accounts.md").write_text(ACCOUNTS, encoding="utf-8")
    (folder / "documents" / "earnings.md").write_text(INCOME, encoding="utf-8")
    create(folder / "workspace", folders=[folder / "documents"], embedder="small")
    with Library.open(folder / "workspace") as opened:
        drain(opened.ingest(now=NOW))
        yield opened


def the_accounts(library: Library) -> Document:
    """The document of ACCOUNTS."""
    return library.record.document(next(source.document for source in library.record.sources() if source.path.endswith("accounts.md")))


def ask(library: Library, question: str) -> Answer:
    """An answer that leaves no trace."""
    return library.ask(question, now=NOW, scope=Scope(), keep=False).answer


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_header_row_a_groups_name_and_a_corner_belong_to_each_column(library: Library) -> None:
    """Years under "Years ended September 30," are a header too, whose every column is of those years and in millions,
    of dollars down to its last line that says so."""
    document = the_accounts(library)
    table = next(block for block in document.blocks if block.kind == "table")
    columns = dict.fromkeys(reference.column for _, reference in references(document, table))
    assert list(columns) == [
        f"Years ended September 30, {year} ({scale})" for scale in ("in $ millions", "in millions") for year in (2019, 2018, 2017)
    ]


def test_rows_of_one_name_are_told_apart_by_the_line_above_them(library: Library) -> None:
    """The others keep their label as it is printed."""
    document = the_accounts(library)
    table = next(block for block in document.blocks if block.kind == "table")
    rows = list(dict.fromkeys(reference.row for _, reference in references(document, table)))
    assert rows[:4] == ["Fixed price", "Revenue: Services", "Total sales", "Cost of revenue: Services"]


@pytest.mark.parametrize(
    ("row", "column", "quote", "value"),
    [
        ("Revenue", "2019 US$’000", "14,801", "US$14,801 thousand"),
        ("Revenue", "2019 £m", "12.5", "£12.5m"),
        ("Revenue", "2019 $M", "12.5", "$12.5m"),
        ("Revenue", "2019 (in thousands)", "9,441", "9,441 thousand"),
        ("Revenue", "2019 (dollars in millions)", "9,441", "9,441 million dollars"),
        ("Diluted, per share", "2019 (in thousands, except per share data)", "1.02", "1.02"),
        ("Weighted average shares", "2019 (in thousands, except share data)", "1,305", "1,305"),
        ("Goodwill, end of the year", "2019", "2,450.8", "2,450.8"),
        ("Payback, years", "2019", "4.5", "4.5 years"),
        ("Profit", "2019 53 WEEKS", "1,493", "1,493"),
        ("External customers", "2019", "83.2", "83.2"),
    ],
)
def test_a_cell_has_the_unit_and_scale_that_its_labels_say(row: str, column: str, quote: str, value: str) -> None:
    """In any of the usual ways to say so; a time, or a noun that is part of the name, is no unit."""
    assert cell_value(cell(row, column, quote)) == value


def cells_of(table: str, tmp_path: Path) -> list[str]:
    """What is printed of each cell of a Markdown table."""
    (tmp_path / "results.md").write_text(f"# Results\n\nThe year was good.\n\n{table}\n", encoding="utf-8")
    document = read_file(tmp_path / "results.md")
    block = next(block for block in document.blocks if block.kind == "table")
    texts = []
    for found, reference in references(document, block):
        quote = document.text[found.start : found.end]
        texts.append(cell_text(replace(cell("", "", quote), table=reference)).removesuffix("."))
    return texts


@pytest.mark.parametrize(
    ("corner", "first", "printed"),
    [
        ("EUR million", "5,200", "EUR 5,200 million"),
        ("Amounts in CHF million", "5,200", "CHF 5,200 million"),
        ("RMB’Million", "5,200", "RMB 5,200 million"),
        ("US$ million", "$5,200", "$5,200 million"),
        ("(In millions of US$)", "5,200", "US$5,200 million"),
        ("(US$ in thousands)", "5,200", "US$5,200 thousand"),
        ("£'000", "5,200", "£5,200 thousand"),
        ("in TEUR", "5,200", "EUR 5,200 thousand"),
        ("₹ crore", "5,200", "₹5,200 crore"),
        ("(in thousands)", "5,200", "5,200 thousand"),
        ("in MWh", "5,200", "5,200 MWh"),
        ("Year", "5,200", "5,200"),
        ("Segment", "5,200", "5,200"),
    ],
)
def test_what_a_tables_corner_says_is_of_every_column(corner: str, first: str, printed: str, tmp_path: Path) -> None:
    """A currency, a scale, a unit; a word that names the rows is none."""
    made = cells_of(f"| {corner} | 2024 | 2023 |\n|---|---|---|\n| Revenue | {first} | 4,800 |", tmp_path)
    assert made[0] == f"Revenue, 2024: {printed}"
    assert len({text.split(": ")[1].replace("US$", "$").translate(str.maketrans("", "", "5248,")) for text in made}) == 1


def test_what_a_corner_says_is_not_of_rows_and_columns_with_a_unit_of_their_own(tmp_path: Path) -> None:
    """Nor of what is counted or set in proportion, nor of changes, which may be of any unit."""
    rows = (
        "| Revenue | 5,200 | 8.3 |\n| Headcount | 1,200 | 9.1 |\n| Margin, % | 8.1 | |\n"
        "| Earnings per share (EUR) | 2.05 | |\n| Storage, MWh | 320 | |\n| Floor space, square feet | 410 | |\n"
        "| Visits (in thousands): all shops | 44,107 | |"
    )
    assert cells_of(f"| EUR million | 2024 | Change |\n|---|---|---|\n{rows}", tmp_path) == [
        "Revenue, 2024: EUR 5,200 million",
        "Revenue, Change: 8.3",
        "Headcount, 2024: 1,200",
        "Headcount, Change: 9.1",
        "Margin, 2024: 8.1%",
        "Earnings per share, 2024: EUR 2.05",
        "Storage, 2024: 320 MWh",
        "Floor space, 2024: 410 square feet",
        "Visits (in thousands): all shops, 2024: 44,107 thousand",
    ]


def test_a_scale_or_a_time_alone_in_a_header_row_is_of_every_column(tmp_path: Path) -> None:
    """Over whichever of them it stands; the name of a group ends where columns of another kind begin."""
    table = (
        "| | | Year Ended March 31, | |\n|---|---|---|---|\n| | 2019 | 2018 | 2017 |\n| | | (In thousands) | |\n| Costs | 722 | 670 | 615 |"
    )
    assert cells_of(table, tmp_path) == [
        "Costs, Year Ended March 31, 2019: 722 thousand",
        "Costs, Year Ended March 31, 2018: 670 thousand",
        "Costs, Year Ended March 31, 2017: 615 thousand",
    ]
    change = (
        "| | | | Percent Change | |\n|---|---|---|---|---|\n"
        "| (Dollars in millions) | 2019 | Actual | Constant | 2018 |\n| Interest | $2,082 | 3% | 3% | $2,025 |"
    )
    assert cells_of(change, tmp_path)[-1] == "Interest, 2018: $2,025 million"
    quarters = "| | 2025 | | |\n|---|---|---|---|\n| | Q1 | Q2 | Q3 |\n| Orders | 7 | 6 | 5 |"
    assert cells_of(quarters, tmp_path)[-1] == "Orders, 2025 Q3: 5"


def test_what_a_table_excepts_from_its_scale_has_none(tmp_path: Path) -> None:
    """Though the row does not say that it is a sum a member or a share: the words above it did."""
    rows = "| Revenue | $5,077,307 |\n| membership | $8.66 |\n| Diluted | 1.36 |"
    assert cells_of(f"| In thousands, except revenue per member | 2025 |\n|---|---|\n{rows}", tmp_path) == [
        "Revenue, 2025: $5,077,307 thousand",
        "membership, 2025: $8.66",
        "Diluted, 2025: 1.36",
    ]


def test_a_cells_sentence_says_its_scale_once() -> None:
    """Beside the value, not in the label too."""
    assert cell_text(cell("Revenue", "2019 (in thousands)", "9,441")) == "Revenue, 2019: 9,441 thousand."
    assert cell_unit(cell("Revenue", "2019 US$’000", "14,801")) == "US$’000"


# ── sums ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def line(*values: str, row: str = "Total sales", scale: str = "") -> list[Evidence]:
    """The values of a row from 2017 on."""
    return [cell(row, f"{2017 + at}{scale}", value, number=at + 1) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("formula", "cells", "text"),
    [
        (CHANGE, line("$1,202.9", "$1,496.5"), "Total sales rose by $293.6, from $1,202.9 (2017) to $1,496.5 (2018)."),
        (
            CHANGE,
            line("44.1", "40", scale=" (in millions)"),
            "Total sales fell by 4.1 million, from 44.1 million (2017) to 40 million (2018).",
        ),
        (CHANGE, line("7.4%", "8.1%"), "Total sales rose by 0.7 percentage points, from 7.4% (2017) to 8.1% (2018)."),
        (CHANGE, line("$12", "14"), "Total sales rose by $2, from $12 (2017) to 14 (2018)."),
        (CHANGE, line("2.0", "(4.0)"), "Total sales changed by −6.0, from 2.0 (2017) to (4.0) (2018)."),
        (CHANGE, line("12", "12"), "Total sales did not change: from 12 (2017) to 12 (2018)."),
        (RELATIVE_CHANGE, line("1,202.9", "1,496.5"), "Total sales rose by 24.4%, from 1,202.9 (2017) to 1,496.5 (2018)."),
        (mean_of(3), line("5,860", "5,803", "5,075"), "Total sales averaged 5,579.33 over 5,860 (2017), 5,803 (2018) and 5,075 (2019)."),
        (mean_of(2), line("€5m", "€8m"), "Total sales averaged €6.5m over €5m (2017) and €8m (2018)."),
        (total_of(2), line("100", "(30)"), "Total sales came to 70 over 100 (2017) and (30) (2018)."),
    ],
)
def test_a_sum_is_a_sentence_of_its_cells(formula: str, cells: list[Evidence], text: str) -> None:
    """With every operand as it is printed."""
    claim = sum_claim(formula, cells, section=ANSWER)
    assert claim is not None
    assert (claim.text, claim.kind, claim.evidence) == (text, "calc", tuple(cell.id for cell in cells))


@pytest.mark.parametrize(
    ("formula", "cells"),
    [
        (RELATIVE_CHANGE, line("(4.0)", "2.0")),
        (RELATIVE_CHANGE, line("0", "2.0")),
        (RELATIVE_CHANGE, line("7.4%", "8.1%")),
        (CHANGE, line("$12", "€14")),
        (CHANGE, line("12", "14 million")),
        (CHANGE, list(reversed(line("12", "14")))),
        (CHANGE, line("12")),
        (CHANGE, [cell("Total sales", "2017", "12"), cell("Other sales", "2018", "14", number=1)]),
        (CHANGE, [cell("Total sales", "2018 > 2017", "12"), cell("Total sales", "2018", "14", number=1)]),
        (total_of(2), line("7.4%", "8.1%")),
        (total_of(2), line("7.4", "8.1", row="Price per share")),
        (mean_of(2), line("7.4", "8.1", row="Average price")),
        ("a * b", line("7.4", "8.1")),
    ],
)
def test_what_cannot_be_set_against_each_other_is_not_computed(formula: str, cells: list[Evidence]) -> None:
    """A base below zero, two units, two scales, the wrong order, two names, shares added up, a formula that nobody knows."""
    assert sum_claim(formula, cells, section=ANSWER) is None


def test_european_digits_are_not_computed_with() -> None:
    """ "1.842,6" is printed as it is, and nothing is printed like it."""
    assert operand_of(cell("Umsatz", "2018", "1.842,6")) is None


# ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("question", "wish"),
    [
        ("What was the change in net sales from 2018 to 2019?", Wish(formula=CHANGE, times=("2018", "2019"))),
        ("How much did net sales fall between 2019 and 2018?", Wish(formula=CHANGE, times=("2018", "2019"))),
        ("What was the percentage change in net sales in 2019 from 2018?", Wish(formula=RELATIVE_CHANGE, times=("2018", "2019"))),
        ("By what percentage did sales grow between 2018 and 2019?", Wish(formula=RELATIVE_CHANGE, times=("2018", "2019"))),
        ("What was the change in sales in 2019 from the prior year?", Wish(formula=CHANGE, times=("2018", "2019"))),
        ("What is the average of net sales for 2018 and 2019?", Wish(formula="", times=("2018", "2019"))),
        ("What are the average net sales from 2017 to 2019?", Wish(formula="", times=("2017", "2019"), span=True)),
        ("What is the sum of net sales in 2018 and 2019?", Wish(formula="", added=True, times=("2018", "2019"))),
        ("What were net sales in 2019?", None),
        ("What drove the change in net sales in 2019?", None),
        ("What was the percentage change in net sales in 2019?", Wish(formula=RELATIVE_CHANGE, times=("2018", "2019"))),
        ("How much did net sales fall in 2019?", Wish(formula=CHANGE, times=("2018", "2019"))),
        ("What was the change in net sales?", Wish(formula=CHANGE)),
        ("How did net sales change in 2019?", None),
        ("What are total sales in 2019?", None),
    ],
)
def test_what_a_question_wants_computed(question: str, wish: Wish | None) -> None:
    """By its words and the times it names."""
    assert wish_of(take_apart(question)) == wish


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "What was the percentage change in total sales from 2018 to 2019?",
            "Total sales rose by 24.4%, from $1,202.9 million (September 30, 2018) to $1,496.5 million (September 30, 2019).",
        ),
        (
            "What was the change in the cost of revenue of services between 2018 and 2019?",
            "Cost of revenue: Services fell by 10.4 million, from 30.5 million (September 30, 2018) to 20.1 million (September 30, 2019).",
        ),
        (
            "What are the average total sales from 2017 to 2019?",
            "Total sales averaged $1,269.03 million over $1,107.7 million (September 30, 2017), $1,202.9 million (September 30, 2018) and "
            "$1,496.5 million (September 30, 2019).",
        ),
    ],
)
def test_an_answer_begins_with_what_is_computed(library: Library, question: str, text: str) -> None:
    """From the line that the question names, checked by every gate, each operand cited."""
    answer = ask(library, question)
    first = answer.claims[0]
    assert (first.text, first.verdict) == (text, "supported")
    assert set(first.evidence) <= {item.id for item in answer.evidence}
    assert said(first) == f"Computed: {text}"
    assert not [claim for claim in answer.claims[1:] if claim.mode == "near_quote"]


def test_a_line_that_the_question_does_not_name_is_not_computed_with(library: Library) -> None:
    """Nor one of two that it names alike."""
    assert all(claim.calculation is None for claim in ask(library, "What was the change in employee headcount from 2018 to 2019?").claims)
    assert all(claim.calculation is None for claim in ask(library, "What was the change in services between 2018 and 2019?").claims)


def test_the_gate_computes_it_again(library: Library) -> None:
    """A sentence with another figure, another operand or another word fails."""
    answer = ask(library, "What was the percentage change in total sales from 2018 to 2019?")
    claim = answer.claims[0]
    assert claim.calculation is not None
    forged = [
        replace(claim, calculation=replace(claim.calculation, result=Decimal("25.0"))),
        replace(claim, calculation=replace(claim.calculation, formula=CHANGE)),
        replace(claim, calculation=replace(claim.calculation, operands=claim.calculation.operands[::-1])),
        replace(claim, text=claim.text.replace("24.4", "25.4")),
        replace(claim, text=claim.text.replace("rose", "fell")),
    ]
    for one in (claim, *forged):
        judged = checked(
            [one],
            evidence=answer.evidence,
            sources=answer.sources,
            document=library.record.document,
            vocabulary=Vocabulary(metric_vocabulary()),
        )
        assert (judged[0].verdict == "supported") is (one is claim)


# ── two lines against each other ──────────────────────────────────────────────────────────────────────────────────


def two(*values: str, rows: tuple[str, str] = ("Services", "Total sales"), columns: tuple[str, str] = ("2018", "2018")) -> list[Evidence]:
    """A value of each of two rows."""
    return [cell(row, column, value, number=at) for at, (row, column, value) in enumerate(zip(rows, columns, values, strict=True))]


@pytest.mark.parametrize(
    ("formula", "cells", "text"),
    [
        (SHARE, two("44.1", "$1,202.9"), "Services came to 3.7% of Total sales (2018): 44.1 ÷ $1,202.9."),
        (RATIO, two("44.1", "20.5"), "Services came to 2.15 times Total sales (2018): 44.1 ÷ 20.5."),
        (EXCESS, two("44.1", "20"), "Services lay 24.1 above Total sales (2018): 44.1 and 20."),
        (EXCESS, two("$20", "$44.1"), "Services lay $24.1 below Total sales (2018): $20 and $44.1."),
        (EXCESS, two("1.90%", "4.0%"), "Services lay 2.10 percentage points below Total sales (2018): 1.90% and 4.0%."),
        (EXCESS, two("44.1", "44.1"), "Services and Total sales were the same (2018): 44.1 and 44.1."),
        (SHARE, two("(44.1)", "20"), None),
        (EXCESS, two("44.1", "(20)"), None),
        (SHARE, two("44.1", "0"), None),
        (SHARE, two("44.1%", "50%"), None),
        (RATIO, two("$44.1", "€50"), None),
        (SHARE, two("44.1", "50", columns=("2018", "2017")), None),
        (SHARE, two("44.1", "50", columns=("Total", "Total")), "Services came to 88.2% of Total sales (Total): 44.1 ÷ 50."),
        (EXCESS, two("9", "4", rows=("Low", "Low"), columns=("Current", "Overdue")), "Current lay 5 above Overdue (Low): 9 and 4."),
        (SHARE, two("44.1", "50", columns=("Total", "Overdue")), None),
        (SHARE, two("44.1", "50", rows=("Services", "Services")), None),
        (SHARE, [cell("Services", "2018", "4", heading="Sales"), cell("Total", "2018", "9", heading="Costs", number=1)], None),
    ],
)
def test_two_lines_are_set_against_each_other_at_one_time(formula: str, cells: list[Evidence], text: str | None) -> None:
    """Of one table, unit and sign, of two names; nothing otherwise."""
    claim = sum_claim(formula, cells, section=ANSWER)
    assert (claim.text if claim else None) == text


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "What share of total sales came from fixed price contracts in 2019?",
            "Fixed price came to 97.1% of Total sales (September 30, 2019): $1,452.4 million ÷ $1,496.5 million.",
        ),
        (
            "What were income taxes as a percentage of earnings before income taxes in 2019?",
            "Income taxes came to 18.4% of Earnings before income taxes (May 26, 2019): 367 million ÷ 2,000 million.",
        ),
        (
            "What is the percentage of income taxes in net sales?",
            "Income taxes came to 2.7% of Net sales (May 31, 2020): 480 million ÷ $17,626 million.",
        ),
        (
            "What was the change in net sales?",
            "Net sales rose by $761 million, from $16,865 million (May 26, 2019) to $17,626 million (May 31, 2020).",
        ),
        (
            "In 2020, what is the ratio of operating profit to interest expense?",
            "Operating profit came to 6.34 times Interest expense (May 31, 2020): 2,953 million ÷ 466 million.",
        ),
        (
            "What was the difference between interest expense and research and development in 2020?",
            "Interest expense lay 242 million above Research and development (May 31, 2020): 466 million and 224 million.",
        ),
        ("What share of the total of all customers came from canteens?", "Canteens came to 20.0% of All customers (Total): 80 ÷ 400."),
        ("What was the share of services in total sales in 2019?", None),
        ("What is the difference between average net sales and average interest expense in 2020?", None),
        ("What percentage of net sales is paid by the largest customer?", None),
        ("What is the ratio of operating profit to headcount in 2020?", None),
    ],
)
def test_an_answer_sets_the_two_lines_that_a_question_names_against_each_other(library: Library, question: str, text: str | None) -> None:
    """At the time asked for, or the newest; not where one of them is not there, or two are called so."""
    claims = [claim for claim in ask(library, question).claims if claim.calculation]
    assert [(claim.text, claim.verdict) for claim in claims] == ([(text, "supported")] if text else [])


# ── measures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_measure_that_is_compared_is_computed_for_the_year_before_too(library: Library) -> None:
    """Though the question names one year only; one that is defined by the question is not ours to compute."""
    texts = [claim.text for claim in ask(library, "Did the gross margin of Tarnholm Foods improve in 2020?").claims if claim.calculation]
    assert [text[:27] for text in texts] == ["Gross margin was 34.8% (May", "Gross margin was 34.1% (May"]
    defined = ask(library, "What is the gross margin of Tarnholm Foods in 2020, defined as gross profit over average sales?")
    assert all(claim.calculation is None for claim in defined.claims)


def test_a_measure_is_computed_from_the_lines_of_its_statement(library: Library) -> None:
    """For each year asked for, by a formula whose lines are all there; what is paid counts without its brackets."""
    answer = ask(library, "What was the gross margin of Tarnholm Foods in 2020 and 2019?")
    assert [claim.text for claim in answer.claims if claim.calculation] == [
        "Gross margin was 34.8% (May 31, 2020): (Net sales $17,626 million − Cost of sales 11,496 million) ÷ Net sales $17,626 million.",
        "Gross margin was 34.1% (May 26, 2019): (Net sales $16,865 million − Cost of sales 11,108 million) ÷ Net sales $16,865 million.",
    ]
