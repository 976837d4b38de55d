"""Which figures are exact (rag/report/sure.py), and what a filing's cover says of all of them (rag/report/cover.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from rag.prompts import facet_pack, metric_vocabulary
from rag.readers import read_file
from rag.report.cover import Cover, cover_of
from rag.report.facts import Stated
from rag.report.harvest import harvest
from rag.report.outline import arranged, outline_of
from rag.report.plan import make_plan
from rag.report.sure import is_borne_out
from rag.report.wording import Vocabulary
from rag.statements import statements
from rag.types import Block, Chunk, Document, Hit, Metadata, Number, Page, Passage, SearchResult, Source

HELD = "Economic conditions in the Federal Reserve district held."
OTHERS = {
    "Beige Book 2008-09: Boston District": f"{HELD} Auto sales, retail sales, prices and wages were discussed, and homes too.",
    "Beige Book 2008-09: Dallas District": f"{HELD} There were lumber, cement and homes; prices, rig and oil firms, workers, pork, auto.",
}
"""Of the family that a survey is one of; they hold the ordinary words in lower case."""
ANNUAL = """FORM 10-K

ANNUAL REPORT

For the fiscal year ended September 30, 2018

Commission File Number: 001-36605

HALVEX TRANSPORT HOLDING, INC.

(Exact name of registrant as specified in its charter)

"""
LETTER = "Dear shareholders,\n\n" + "We thank our drivers, as we said in our Form 10-K of the year before.\n\n" * 200
AUDITED = """Independent auditor’s report to the members of Halvex Transport Limited

In our opinion the financial statements for the year ended 30 September 2018 give a true and fair view.

They are presented in Australian dollars.

"""
GERMAN = """Independent Auditor´s Report

To HALVEX Aktiengesellschaft, Frankfurt am Main

In our opinion the financial statements for the year ended 30 September 2018 give a true and fair view.

"""
QUARTERLY = ANNUAL.replace("10-K", "10-Q").replace("For the fiscal year ended", "For the quarterly period ended")
REVENUE = "Our revenue was $4.4 million, which customers paid for carrying goods."
NAMED = "\n\nWe at Halvex sell transport. Customers of Halvex pay, which is our revenue from transport. Drivers at Halvex work."


def _document(title: str, text: str, published: date) -> tuple[Source, Document]:
    starts = [0, *(at + 2 for at in range(len(text)) if text.startswith("\n\n", at))]
    blocks = tuple(
        Block(kind="paragraph", start=start, end=end)
        for start, end in zip(starts, [*(start - 2 for start in starts[1:]), len(text)], strict=True)
    )
    metadata = Metadata(title=title, published=published, published_from="metadata")
    document = Document(
        text=text, pages=(Page(number=1, label="", start=0, end=len(text)),), blocks=blocks, metadata=metadata, format="txt"
    )
    source = Source(document=title, path=title, title=title, published=published, published_from="metadata", format="txt", pages=1)
    return source, document


def facts(texts: dict[str, str], *, published: date, topic: str, pack: str) -> Sequence[Stated]:
    """All figures of the documents, in which everything is found."""
    return figures({title: _document(title, text, published) for title, text in texts.items()}, topic=topic, pack=pack)


def figures(made: Mapping[str, tuple[Source, Document]], *, topic: str, pack: str, start: int = 0) -> Sequence[Stated]:
    """As ``facts``, of documents as they were read, of which only what stands behind an offset is found."""
    sources = [source for source, _ in made.values()]
    passages = tuple(
        Passage(
            chunk=Chunk(
                id=source.document,
                document=source.document,
                ordinal=0,
                start=start,
                end=len(document.text),
                text=document.text[start:],
                first_page=1,
                last_page=1,
                tokens=1,
            ),
            source=source,
            score=1.0,
            hits=(Hit(by="lexical", rank=1, score=1.0),),
        )
        for source, document in made.values()
    )
    outline = outline_of(topic, pack=facet_pack(pack))
    return harvest(
        make_plan(outline, subjects=[source.title for source in sources]),
        find=lambda questions: [SearchResult(question=question, passages=passages) for question in questions],
        document=lambda key: made[key][1],
        sources=sources,
        vocabulary=Vocabulary(arranged(metric_vocabulary(), outline)),
        statements=statements(),
        as_of=date.max,
    ).facts


def of_survey(text: str) -> list[tuple[str, str, str, str, str]]:
    """(metric, segment, region, period, value) of the exact figures of a district's report."""
    found = facts(
        {"Beige Book 2008-09: Minneapolis District": f"{HELD}\n\n{text}", **OTHERS},
        published=date(2008, 9, 1),
        topic="Economic conditions by Federal Reserve district, 2008",
        pack="macro",
    )
    return [
        (item.fact.metric, item.fact.segment, item.fact.region, item.fact.period.label if item.fact.period else "", item.shown)
        for item in found
        if item.is_exact
    ]


def of_filing(text: str) -> list[tuple[str, str, str, str]]:
    """(entity, metric, period, value) of the exact figures of a company's filing."""
    found = facts({"10-K": text + NAMED}, published=date(2018, 12, 12), topic="Transport", pack="filings")
    return [
        (item.fact.entity, item.fact.metric, item.fact.period.label if item.fact.period else "", item.shown)
        for item in found
        if item.is_exact
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lumber prices in August were down 10 percent from a year ago.", ("price_change", "lumber", "", "2008-08", "10 percent")),
        ("The rig count rose 7 percent in July.", ("energy_activity_change", "rig count", "", "2008-07", "7 percent")),
        ("Auto sales fell 5 percent in July from a year ago.", ("sales_change", "auto", "", "2008-07", "5 percent")),
        ("In August, median home prices were up 4 percent.", ("home_prices_change", "", "", "2008-08", "4 percent")),
    ],
)
def test_a_surveys_figure_that_says_what_where_and_when_is_exact(text: str, expected: tuple[str, ...]) -> None:
    """The metric's own word is its segment where the metric is of several things."""
    assert of_survey(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Unit sales rose 21 percent in August.",  # of what
        "Spot prices were down 10 percent in August.",
        "Lumber prices rose 10 percent in August, according to a trade group.",  # another body's
        "Lumber prices rose 10 percent nationally in August.",
        "A chamber of commerce expects lumber prices to rise 10 percent in 2009.",  # one party's
        "The proportion who expect an increase in lumber prices rose to 42 percent in August.",
        "The rig count fell 8 percent, following a drop in June.",  # another clause's time
        "Lumber prices have fallen 40 percent since late May.",
        "Lumber prices are up 6 percent so far in 2008.",  # no length
        "Lumber prices fell 8 percent last month.",
        "Lumber and pork prices were up 5 percent and 3 percent, respectively, in August.",  # shared out
        "The average number of active drilling rigs rose to 336 in August.",  # a noun behind the metric
        "Contacts expect lumber prices to rise 5 percent.",  # when
        "This stems from a 70 percent increase in pork prices.",  # another sentence's
        "Lumber prices changed little in July. Pork prices were up 15 percent.",  # the time of the sentence before
        "Auto sales picked up, to 8 or 9 percent above a year ago in August.",  # one of two values
        "Lumber prices rose 10 percent from a year ago.",  # when
        "Respondents foresee lumber prices rising 5 percent in August.",  # no fact
        "A 5 percent increase in lumber prices in August may mean less for pork.",
        "Casino revenues were down 10 percent in August.",  # whose
        "Oregon reports auto sales up 14 percent in August.",  # a name that was not read
        "Auto sales totalled 9.2 million units in August.",  # a count, of the whole country
        "Sale prices were up 8 percent in August.",  # of what
        "May auto sales rose 13 percent and lumber prices fell 8 percent.",  # a month that may be none
    ],
)
def test_a_surveys_figure_is_unsure_where_one_thing_is_not_said(text: str) -> None:
    """Each sentence lacks one of the conditions."""
    assert of_survey(text) == []


def test_a_filings_figures_are_its_registrants() -> None:
    """Its cover says whose they are, in the form that the text uses, and the year of those that name none."""
    assert of_filing(ANNUAL + f"{REVENUE} As of September 30, 2018, the Company employed 783 people.") == [
        ("Halvex", "revenue", "2018-09/12m", "$4.4 million"),
        ("Halvex", "employment", "2018-09-30", "783 people"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        QUARTERLY + REVENUE,  # of three months or of nine
        ANNUAL + "Our revenue in the first quarter of fiscal 2018 was $4.4 million.",
        ANNUAL + "Our revenue was $4.4 million higher than in 2017.",  # a distance
        ANNUAL + "Our operating loss was $4.4 million in 2018.",  # a loss is no profit
        ANNUAL + "Of the shares that we issued in 2018 a part had a market value of $4.4 million.",  # of shares, not of a market
        ANNUAL + "As of September 30, 2018, we had $4.4 million in outstanding borrowings under our second credit agreement.",  # a part
        ANNUAL + "Cash used was $1.5 million in fiscal 2016, resulting from payments and net income of $4.4 million.",  # of 2016
        ANNUAL + "In 2018 the sales agreement was increased to $4.4 million.",  # no sales
        ANNUAL + "Commercial real estate was $4.4 million in 2018.",  # lent on it
        ANNUAL + "In 2018 unit sales to 783 companies were made.",  # buyers, not what they bought
        ANNUAL + "In September 2018, the office property sold for $4.4 million.",  # one thing
        ANNUAL + "The effect was an increase in operating income of $2.0 million and net income of $1.6 million in 2018.",
        ANNUAL.replace("HALVEX TRANSPORT HOLDING, INC.", "")
        + "Our revenue was $4.4 million, which customers paid for carrying goods.",  # whose
    ],
)
def test_a_filings_figure_is_unsure_where_one_thing_is_not_said(text: str) -> None:
    """Each lacks one of the conditions."""
    assert of_filing(text) == []


def test_a_change_and_the_level_behind_it_are_two_figures() -> None:
    """No range; and a decrease behind a level is no level."""
    text = (
        ANNUAL
        + "Our revenue increased by $2.3 million to $5.5 million in 2018. Cash and cash equivalents were $4.1 million at September 30, "
    )
    found = facts(
        {"10-K": text + "2018, a decrease of $5.7 million." + NAMED}, published=date(2018, 12, 12), topic="Transport", pack="filings"
    )
    assert {(item.fact.metric, item.shown) for item in found} == {
        ("revenue_change", "$2.3 million"),
        ("revenue", "$5.5 million"),
        ("cash_held", "$4.1 million"),
    }


def test_a_bare_dollar_is_that_of_the_accounts() -> None:
    """Which say that they are presented in Australian dollars."""
    text = AUDITED + "Our revenue was $4.4 million in 2018. Our operating profit was US$1.1 million in 2018." + NAMED
    found = facts({"AR": text}, published=date(2018, 12, 12), topic="Transport", pack="filings")
    assert {item.fact.metric: (item.fact.entity, item.fact.number.unit) for item in found} == {
        "revenue": ("Halvex", "AUD"),
        "operating_profit": ("Halvex", "USD"),
    }


def test_a_distance_is_no_figure() -> None:
    """Neither exact nor unsure: "lower than net income" gives free cash flow no value."""
    text = ANNUAL + "Free cash flow was $2.6 million lower than net income in 2018." + NAMED
    assert facts({"10-K": text}, published=date(2018, 12, 12), topic="Transport", pack="filings") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ANNUAL, Cover(form="10-K", registrant="HALVEX TRANSPORT", year="2018-09/12m")),
        (QUARTERLY, Cover(form="10-Q", registrant="HALVEX TRANSPORT", year="")),
        ("FORM 10-Q\n\nCommission File Number 001-37845\n\nVELTRANE CORPORATION\n\n", Cover(form="10-Q", registrant="VELTRANE", year="")),
        ("FORM 10-K\n\nCommission File Number 001-02217\n\n(Exact name of Registrant)\n\n", Cover(form="10-K", registrant="", year="")),
        (LETTER + ANNUAL, Cover(form="10-K", registrant="HALVEX TRANSPORT", year="2018-09/12m")),
        (ANNUAL.replace("FORM 10-K", "FORM10-K"), Cover(form="10-K", registrant="HALVEX TRANSPORT", year="2018-09/12m")),
        (AUDITED, Cover(form="audited accounts", registrant="Halvex Transport", year="2018-09/12m", dollar="AUD")),
        (
            AUDITED + AUDITED.replace("Halvex Transport", "Orrin"),
            Cover(form="audited accounts", registrant="", year="2018-09/12m", dollar="AUD"),
        ),
        (
            AUDITED + AUDITED.replace("Limited\n", "Limited | 39\n"),
            Cover(form="audited accounts", registrant="Halvex Transport", year="2018-09/12m", dollar="AUD"),
        ),
        (GERMAN, Cover(form="audited accounts", registrant="HALVEX", year="2018-09/12m")),
        (
            ANNUAL + "The amounts of our hedges are in Australian dollars.",
            Cover(form="10-K", registrant="HALVEX TRANSPORT", year="2018-09/12m"),
        ),
        ("Notes to the financial statements\n\n" * 3, Cover(form="accounts", registrant="", year="")),
        ("Annual review of the market", None),
    ],
)
def test_a_cover_says_form_registrant_and_year(text: str, expected: Cover | None) -> None:
    """Also behind a letter, and where an auditor addresses the owners; None for what is no filing and holds no accounts; no name where the
    cover prints it as a picture or two companies' accounts are bound together."""
    assert cover_of(text) == expected


@pytest.mark.parametrize(
    ("change", "kind", "now", "before", "expected"),
    [
        ("150", "money", "14694", "14544", True),
        ("150", "money", "14694", "12861", False),
        ("1", "percent", "14694", "14544", True),
        ("9", "percent", "14694", "14544", False),
        ("150", "money", "15", "14", True),  # too rounded to tell
    ],
)
def test_a_change_is_the_difference_of_its_levels(change: str, kind: str, now: str, before: str, expected: bool) -> None:
    """As far as the levels are printed."""

    def number(value: str, *, of: str = "money") -> Number:
        unit = "%" if of == "percent" else "USD"
        return Number(start=0, end=len(value), printed=value, value=Decimal(value), unit=unit, kind="percent" if unit == "%" else "money")

    assert is_borne_out(number(change, of=kind), now=number(now), before=number(before)) == expected


@pytest.mark.parametrize(
    ("heading", "row", "expected"),
    [
        ("Balance sheet", "Total debt", [("total_debt", "")]),
        ("Balance sheet", "Long-term debt", [("long_term_debt", "")]),
        ("Balance sheet", "Net debt", [("net_debt", "")]),
        ("Cash flows from operations", "Net earnings, including earnings attributable to redeemable and noncontrolling interests", []),
        ("Price per share", "Intrinsic value of options exercised", []),
        ("Purchases", "Aggregate purchase price", []),
        ("Price per share", "Net cash proceeds", []),
        ("Balance sheet", "Total liabilities and shareholders' equity", []),
    ],
)
def test_a_row_of_another_thing_is_not_its_captions_metric(heading: str, row: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    """What the row's label says goes before what stands above the table, also where it says too much to be sure."""
    table = f"| In millions | September 30, 2018 |\n|---|---|\n| {row} | $ 132.9 |"
    (tmp_path / "t.md").write_text(f"# Halvex transport\n\n## {heading}\n\n{table}\n", encoding="utf-8")
    source, _ = _document("Halvex annual report 2018", "Halvex sells transport.", date(2018, 12, 12))
    found = figures({source.document: (replace(source, format="md"), read_file(tmp_path / "t.md"))}, topic="Halvex", pack="filings")
    assert [(item.fact.metric, item.fact.segment) for item in found] == expected


def test_what_is_taken_off_in_a_table_is_no_negative_stock(tmp_path: Path) -> None:
    """Cash in a reconciliation of net debt."""
    table = "| In millions | September 30, 2018 |\n|---|---|\n| Total debt | $ 900 |\n| Cash and cash equivalents | $(775) |"
    (tmp_path / "t.md").write_text(f"{ANNUAL}## Reconciliation\n\n{table}{NAMED}\n", encoding="utf-8")
    source, _ = _document("10-K", "", date(2018, 12, 12))
    found = figures({source.document: (replace(source, format="md"), read_file(tmp_path / "t.md"))}, topic="Halvex", pack="filings")
    assert {item.fact.metric: item.is_exact for item in found} == {"total_debt": True, "cash_held": False}


@pytest.mark.parametrize(
    ("heading", "row", "is_exact"),
    [
        ("Effective tax rate", "State income taxes", False),
        ("Effective tax rate", "Total", True),
        ("Payments due", "Total debt", False),
        ("Balance sheets", "Total debt", True),
        ("Company balance sheet", "Total debt", False),  # the parent's
        ("Condensed statements of financial condition", "Total debt", False),  # the parent's too
        ("Deferred tax assets", "Accounts receivable", False),
        ("Finance income", "Cash and cash equivalents", False),  # what it brought
        ("Balance sheets", "Commercial real estate", False),  # lent on it
    ],
)
def test_a_part_of_what_a_company_has_one_of_is_not_that(heading: str, row: str, is_exact: bool, tmp_path: Path) -> None:
    """A caption's metric is of its total; what falls due is no debt of the day; a parent's or a tax's line is not the whole's."""
    value = "1.6%" if "tax rate" in heading else "$ 900"
    table = f"| {'' if '%' in value else 'In millions'} | Fiscal year 2018 |\n|---|---|\n| {row} | {value} |"
    (tmp_path / "t.md").write_text(f"{ANNUAL}## {heading}\n\n{table}{NAMED}\n", encoding="utf-8")
    source, _ = _document("10-K", "", date(2018, 12, 12))
    found = figures({source.document: (replace(source, format="md"), read_file(tmp_path / "t.md"))}, topic="Halvex", pack="filings")
    assert [item.is_exact for item in found] == [is_exact]


def test_what_moves_a_stock_is_not_the_stock(tmp_path: Path) -> None:
    """Under a column of equity a row is what there is on a day, or what changed it."""
    rows = "| Balance at September 30, 2017 | $ 900 |\n| Stock purchase plan | $ 12 |\n| Balance at September 30, 2018 | $ 912 |"
    table = f"| In millions | Total equity |\n|---|---|\n{rows}"
    (tmp_path / "t.md").write_text(f"{ANNUAL}## Consolidated statements of changes in equity\n\n{table}{NAMED}\n", encoding="utf-8")
    source, _ = _document("10-K", "", date(2018, 12, 12))
    found = figures({source.document: (replace(source, format="md"), read_file(tmp_path / "t.md"))}, topic="Halvex", pack="filings")
    assert {item.shown: item.is_exact for item in found} == {"$ 900 million": True, "$ 12 million": False, "$ 912 million": True}


def test_revised_projections_correct_no_figure() -> None:
    """A charge is not the sales of which another sentence speaks, though its value was found with revised inputs."""
    other = "In fiscal 2018 Halvex had sales of $30.4 million."
    charge = "In fiscal 2018 we recorded a charge of $34.0 million from a fair value with inputs such as revised projections of demand."
    assert not [value for _, _, _, value in of_filing(f"{ANNUAL}{other} {charge}") if value == "$34.0 million"]
