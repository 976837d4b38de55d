"""Figures of a company's filing that is divided into segments: which of a table's values are the whole company's, and of which part."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.readers import read_file
from rag.report.names import find_names
from rag.report.subjects import subjects
from tests.report_fixture import Corpus, corpus_of, finder, small_report
from tests.test_sure import ANNUAL, NAMED, _document, figures

SEGMENTS = "\n\nHalvex has two segments. One segment is Rail, the other segment Road. Each segment has drivers. No segment is small.\n\n"


def exact(*tables: tuple[str, str, str], tmp_path: Path) -> set[tuple[str, str, str]]:
    """(metric, segment, value) of the exact figures of a filing with these tables: heading, header and rows."""
    told = "".join(f"## {heading}\n\n| {head} |\n|---|---|\n{rows}\n\n" for heading, head, rows in tables)
    (tmp_path / "t.md").write_text(f"{ANNUAL}{SEGMENTS}{told}{NAMED}\n", encoding="utf-8")
    source, _ = _document("10-K", "", date(2018, 12, 12))
    found = figures({source.document: (replace(source, format="md"), read_file(tmp_path / "t.md"))}, topic="Halvex", pack="filings")
    return {(item.fact.metric, item.fact.segment, item.shown) for item in found if item.is_exact and item.evidence.table}


HEAD = "In millions, except per share data | Fiscal year 2018"


def test_a_segments_value_is_not_the_companys_where_another_table_gives_more(tmp_path: Path) -> None:
    """Whether that table says plainly what its own is or not."""
    rail, whole = (
        ("Rail at work", HEAD, "| Total revenue | $ 40 |"),
        ("Overview", HEAD, "| Adjusted revenue, net | $ 90 |\n| Total revenue | $ 95 |"),
    )
    assert exact(rail, rail, whole, tmp_path=tmp_path) == set()
    stated = ("Statements of income", HEAD, whole[2])
    assert exact(rail, rail, stated, tmp_path=tmp_path) == {("revenue", "", "$ 95 million")}


@pytest.mark.parametrize("heading", ["Rail Segment", "RAIL SEGMENT"])
def test_a_segments_table_and_a_row_of_a_part_are_of_the_same_segment(heading: str, tmp_path: Path) -> None:
    """The part stands behind the metric's own line, whatever else goes by its name: customers of Rail pay, so Rail is a name here."""
    own = (heading, HEAD, "| Net sales | $ 40 |")
    parts = ("Segments", HEAD, "| Net sales |  |\n| Rail | $ 40 |\n| Total | $ 95 |\n| Assets |  |\n| Rail | $ 7 |\n| Total | $ 9 |")
    assert exact(own, parts, tmp_path=tmp_path) >= {("revenue", "Rail", "$ 40 million")}
    assert ("revenue", "", "$ 40 million") not in exact(own, parts, tmp_path=tmp_path)


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("Accounts Receivable", "Ending balance"),
        ("Consolidated statements of cash flows", "Revenues not yet billed, revenue"),
        ("Consolidated balance sheets", "Equity investments"),
        ("Consolidated balance sheets", "Short-term and long-term debt"),
        ("Consolidated results", "Net (income) loss attributable to others"),
        ("Condensed financial information of parent", "Net income"),
    ],
)
def test_what_only_resembles_a_metric_is_none(heading: str, row: str, tmp_path: Path) -> None:
    """A line below a heading on receivables, a change in what customers owe, shares of other companies, two things together, what is
    taken off, and what a parent has without those it owns."""
    assert exact((heading, HEAD, f"| {row} | $ 12 |"), tmp_path=tmp_path) == set()


def test_net_operating_income_is_no_operating_profit(tmp_path: Path) -> None:
    """Landlords take nothing off it for what their buildings lose in worth."""
    found = exact(("Consolidated results", HEAD, "| Net operating income | $ 12 |"), tmp_path=tmp_path)
    assert found == {("net_operating_income", "", "$ 12 million")}


def test_what_is_computed_of_a_table_leads_where_no_card_has_a_sentence(tmp_path: Path) -> None:
    """A sentence of no card, however well it fits, says less of a company than how its revenue went."""
    table = "| In millions | Fiscal year 2018 | Fiscal year 2017 |\n|---|---|---|\n| Total revenue | $ 95 | $ 90 |"
    sentence = "In March 2015 Halvex decided to consolidate the depots of Halvex in Varland under the name of Halvex Road."
    (tmp_path / "t.md").write_text(f"{ANNUAL}{sentence}\n\n## Consolidated results\n\n{table}{NAMED}\n", encoding="utf-8")
    source, _ = _document("Halvex annual report", "", date(2018, 12, 12))
    documents, sources = {source.document: read_file(tmp_path / "t.md")}, [replace(source, format="md")]
    report = small_report(topic="Halvex", given=Corpus(documents=documents, sources=sources, find=finder(documents, sources)))
    claims = {claim.id: claim for claim in report.claims}
    assert any("depots" in claim.text for claim in report.claims)
    assert claims[report.bottom_line[0]].text.startswith("Revenue of Halvex rose from $ 90 million in FY2017 to $ 95 million in FY2018")


@pytest.mark.parametrize(
    ("title", "text", "owner"),
    [
        ("HALVEXRAIL_2018_10K", "Halvex-Rail grew. Trains of Halvex-Rail ran. We at Halvex-Rail hire.", "Halvex-Rail"),
        ("HALVEX_SONS_2018_10K", "HALVEX & SONS\n\nWe at Halvex hire. Trains of Halvex ran, as Halvex & Sons told.", ""),
        ("Halvex & Sons annual report", "We at Halvex hire. Trains of Halvex ran, as Halvex told.", ""),
    ],
)
def test_a_files_name_joins_a_companys_and_may_leave_out_half_of_it(title: str, text: str, owner: str) -> None:
    """ "PG_E_2018" is no paper of PG's; better none than half a name."""
    source, _ = _document(title, text, date(2018, 12, 12))
    assert find_names({title: text}, sources=[source]).about.get(title, "") == owner


@pytest.mark.parametrize(
    ("first", "owner"),
    [("Steel prices", ""), ("Notes on prices", ""), ("Halvex and its prices", "Halvex"), ("Velox prices", "Velox")],
)
def test_a_word_that_only_titles_write_with_a_capital_owns_nothing(first: str, owner: str) -> None:
    """Papers on steel, wages and imports are no papers of "Steel"; a name that no text writes small may be a company's."""
    titles = (f"{first} of tide turbines in Corvane", "Wages of tide turbines in Corvane", "Imports of tide turbines in Corvane")
    text = "The steel price, wages and imports of tide turbines rose in Corvane, says Halvex."
    texts = {f"{at}.txt": (title, "", date(2026, 8, 3), text) for at, title in enumerate(titles)}
    given = corpus_of(texts)
    told = {key: document.text for key, document in given.documents.items()}
    about = find_names(told, sources=given.sources, subjects=subjects(given.sources)).about
    assert about.get(given.of("0.txt"), "") == owner


def test_a_registrants_name_is_not_cut_at_its_and() -> None:
    """However often its first word stands alone."""
    text = "We at Halvex hire. Trains of Halvex ran, as Halvex & Sons told. Halvex grew, and Halvex paid."
    source, _ = _document("10-K", text, date(2018, 12, 12))
    assert find_names({"10-K": text}, sources=[source], registrants={"10-K": "HALVEX & SONS"}).about == {"10-K": "Halvex & Sons"}


def test_a_table_is_read_whole_where_a_search_found_a_part_of_it(tmp_path: Path) -> None:
    """A statement is longer than a passage."""
    table = "| In millions | Fiscal year 2018 |\n|---|---|\n| Revenue | $ 95 |\n| Net income | $ 12 |"
    (tmp_path / "t.md").write_text(f"{ANNUAL}{NAMED}\n\n## Results\n\n{table}\n", encoding="utf-8")
    source, document = _document("10-K", "", date(2018, 12, 12))[0], read_file(tmp_path / "t.md")
    start = document.text.index("Net income")
    made = {source.document: (replace(source, format="md"), document)}
    assert "$ 95 million" in {item.shown for item in figures(made, topic="Halvex", pack="filings", start=start)}
