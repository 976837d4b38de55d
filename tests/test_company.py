"""A report on a company and a year, from its filing that came after the year: what it leads with, and whose figures they are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rag import Library
from rag.app import create
from rag.ingest import drain
from rag.prompts import facet_pack, metric_vocabulary
from rag.readers import read_file
from rag.report import check_report
from rag.report.claims import calculate, change_text
from rag.report.cover import Cover, is_on
from rag.report.outline import outline_of
from rag.types import Report, SeriesPoint, Source
from tests.report_fixture import Corpus, finder, small_report
from tests.test_sure import ANNUAL, NAMED, _document

INCOME = """## Consolidated Statement of Income

### Years ended September 30

| (in $ millions) | 2018 | 2017 | 2016 |
|---|---|---|---|
| Net operating revenues | 95 | 90 | 80 |
| Operating income | 12 | 14 | 11 |
| Net loss | (25) | (20) | (5) |
"""
CASH = """## Consolidated Statement of Cash Flows

| (in $ millions) | 2018 | 2017 | 2016 |
|---|---|---|---|
| Net cash provided by operating activities | 31 | (34) | 12 |
| Purchases of property, plant and equipment | (48) | (40) | (30) |
"""
REGIONS = """## Sales by area

| | 2018 North | 2018 South | 2017 North | 2017 South |
|---|---|---|---|---|
| Net operating revenues (millions) | $ 50 | $ 45 | $ 48 | $ 42 |
"""
FILED = date(2018, 12, 12)


def corpus(folder: Path, texts: Mapping[str, str], *, published: date = FILED) -> Corpus:
    """Files of such names, filed on one day, in which everything is found."""
    documents, sources = {}, []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        source = replace(_document(name.removesuffix(".md"), "", published)[0], path=name, format="md")
        documents[source.document] = read_file(folder / name)
        sources.append(source)
    return Corpus(documents=documents, sources=sources, find=finder(documents, sources))


def report_on(topic: str, folder: Path, texts: Mapping[str, str], *, published: date = FILED) -> Report:
    """By the questions for companies, every check of it passed."""
    given = corpus(folder, texts, published=published)
    report = small_report(outline=outline_of(topic, pack=facet_pack("filings")), given=given, as_of=date(2026, 12, 1))
    result = check_report(report, document=given.document, metrics=metric_vocabulary())
    assert [found for found in result.report if found.outcome == "fail"] == []
    assert all(claim.verdict in ("supported", "partial") for claim in report.claims)
    return report


def told(report: Report) -> list[str]:
    """What is computed, as the bottom line has it and then the cards."""
    claims = {claim.id: claim for claim in report.claims}
    return [claims[item].text for item in report.bottom_line] + [claim.text for claim in report.claims if claim.calculation]


HALVEX = ANNUAL + INCOME + CASH + REGIONS + NAMED


def test_a_year_is_told_beside_the_year_before_it(tmp_path: Path) -> None:
    """The filing came after the year; last year's column stands beside the year's, and the older one is history."""
    report = report_on("Halvex Transport, 2018", tmp_path, {"HALVEX_2018_10K.md": HALVEX}, published=date(2019, 2, 1))
    assert told(report)[0].startswith("Revenue of Halvex rose from $90 million in 2017 to $95 million in 2018: +5.6%")
    assert [row.metric.split(",")[0] for row in report.glance][:3] == ["Revenue", "Operating profit", "Net income"]


def test_losses_and_turns_are_told_as_amounts(tmp_path: Path) -> None:
    """Of a loss there is no percentage; a row's values of either sign are one series, where those of other rows are another thing."""
    texts = told(report_on("Halvex Transport, 2018", tmp_path, {"HALVEX_2018_10K.md": HALVEX}))
    assert "Net income of Halvex fell from $(20) million in 2017 to $(25) million in 2018: −$5 million." in texts
    assert "Operating cash flow of Halvex rose from $(34) million in 2017 to $31 million in 2018: +$65 million." in texts


def test_what_goes_out_rises_where_more_goes_out(tmp_path: Path) -> None:
    """A statement of cash flows prints it below zero."""
    texts = told(report_on("Halvex Transport, 2018", tmp_path, {"HALVEX_2018_10K.md": HALVEX}))
    assert "Capital expenditure of Halvex rose from $(40) million in 2017 to $(48) million in 2018: +20.0%." in texts


@pytest.mark.parametrize(
    ("first", "last", "ends"),
    [
        (("(4,290) million dollars", "-4290000000"), ("(5,053) million dollars", "-5053000000"), ": −763 million dollars."),
        (("$(23,886 ) million", "-23886000000"), ("$(28,107 ) million", "-28107000000"), ": −$4,221 million."),
        (("$ (0.50)", "-0.50"), ("$ 1.25", "1.25"), ": +$1.75."),
        (("$ 3 million", "3000000"), ("$ (1) million", "-1000000"), ": −$4 million."),
        (("$ 3 million", "3000000"), ("$ 4.5 million", "4500000"), ": +50.0%."),
    ],
)
def test_a_difference_is_printed_like_the_figure_it_leads_to(first: tuple[str, str], last: tuple[str, str], ends: str) -> None:
    """In its scale and with its places, without its brackets."""
    one, other = (
        SeriesPoint(period=period, value=Decimal(value), unit="USD", printed=printed, evidence=f"e-{period}", kind="actual")
        for period, (printed, value) in (("2021", first), ("2022", last))
    )
    step = calculate(one, other)
    assert step is not None
    assert change_text(one, other, name="Net income", calculation=step).endswith(ends)


def test_a_figure_that_is_not_printed_so_has_no_difference() -> None:
    """ "0.108 Mio. EUR" would be read as 108,000."""
    one, other = (
        SeriesPoint(period=period, value=Decimal(value), unit="EUR", printed=printed, evidence=f"e-{period}", kind="actual")
        for period, printed, value in (("2021", "(1.842) Mio. EUR", "-1842000000"), ("2022", "(1.950) Mio. EUR", "-1950000000"))
    )
    assert calculate(one, other) is None


def test_a_time_that_a_row_tells_and_that_is_not_sure_is_not_passed_over(tmp_path: Path) -> None:
    """From 2016 to 2018 revenue rose; since 2017, of which another table gives more, it may have fallen."""
    other = "## Overview\n\n| (in $ millions) | 2017 |\n|---|---|\n| Net operating revenues | 99 |\n| Revenues | 99 |\n"
    plain = INCOME.replace("Consolidated Statement of Income", "Results")
    text = f"{ANNUAL}{plain}{other}{NAMED}"
    assert not any("in 2016 to" in line for line in told(report_on("Halvex Transport, 2016-18", tmp_path, {"HALVEX_2018_10K.md": text})))


def test_another_companys_filing_has_to_name_the_company(tmp_path: Path) -> None:
    """However alike the words are; its sentences that name it may stand."""
    other = ANNUAL.replace("HALVEX TRANSPORT HOLDING", "ORRIN MOTORS")
    other += "Orrin revenue decreased 11% in 2018 driven by lower volume and price.\n\n"
    other += "Transport of parts by Halvex Transport cost Orrin $ 7 million in 2018."
    report = report_on("Halvex Transport, 2018", tmp_path, {"HALVEX_2018_10K.md": HALVEX, "ORRIN_2018_10K.md": other})
    assert not any("decreased 11%" in claim.text for claim in report.claims)


def test_one_gap_says_that_all_is_from_the_companys_own_paper(tmp_path: Path) -> None:
    """And not each section that it has only one document."""
    gaps = report_on("Halvex Transport, 2018", tmp_path, {"HALVEX_2018_10K.md": HALVEX}).gaps
    assert [gap.question for gap in gaps if "one document" in gap.reason] == ["What do others say of Halvex Transport?"]


def test_a_fiscal_year_is_the_companys_own(tmp_path: Path) -> None:
    """Which ends when its cover says: quarters after it are of the next one."""
    quarter = ANNUAL.replace("FORM 10-K", "FORM 10-Q").replace("For the fiscal year ended September 30, 2018", "QUARTERLY REPORT")
    head = "| (in $ millions) | Three months ended December 31, 2018 | Three months ended December 31, 2017 |\n|---|---|---|\n"
    later = f"## Consolidated Statement of Income\n\n{head}| Net operating revenues | 30 | 20 |\n"
    texts = {"HALVEX_2018_10K.md": HALVEX, "HALVEX_2019Q1_10Q.md": quarter + later + NAMED}
    assert not any("30" in claim.text for claim in report_on("Halvex Transport, fiscal 2018", tmp_path, texts).claims)


@pytest.mark.parametrize(
    ("market", "registrant", "expected"),
    [
        ("Best Buy", "BEST BUY", True),
        ("MGM", "MGM Resorts International", True),
        ("Boeing deliveries", "BOEING", True),
        ("The Boeing Company", "BOEING", True),
        ("Steel prices", "STEEL DYNAMICS", False),
        ("General Mills", "GENERAL MOTORS", False),
        ("Coca-Cola", "", True),
        ("Pepsi", "", False),
    ],
)
def test_a_topic_is_on_a_company_by_its_covers_name(market: str, registrant: str, expected: bool) -> None:
    """By the file's name where the cover's own is a picture."""
    source: Source = replace(_document("COCACOLA_2017_10K", "", FILED)[0], path="documents/COCACOLA_2017_10K.pdf")
    assert is_on(market, Cover(form="10-K", registrant=registrant, year=""), source=source) is expected


def test_the_questions_are_a_companys_where_the_topic_is_one(tmp_path: Path) -> None:
    """Unless others are set; of a market they are those of a market, also where a filing speaks of it."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "HALVEX_2018_10K.md").write_text(HALVEX, encoding="utf-8")
    create(tmp_path / "work", folders=[tmp_path / "docs"], embedder="small")
    with Library.open(tmp_path / "work") as library:
        drain(library.ingest(now=datetime(2026, 12, 1, tzinfo=UTC)))
        assert library.settings.report.pack == "auto"
        own, market = facet_pack("filings").facets, facet_pack("market").facets
        assert library.outline("Halvex Transport, 2018").sections == own
        assert library.outline("Halvex Transport, 2018", pack="market").sections == market
        assert library.outline("Transport, 2018").sections == market
