"""Figures of a company's filing that is divided into segments: which of a table's values are the whole company's, and of which part."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.readers import read_file
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
    ],
)
def test_what_only_resembles_a_metric_is_none(heading: str, row: str, tmp_path: Path) -> None:
    """A line below a heading on receivables, a change in what customers owe, shares of other companies."""
    assert exact((heading, HEAD, f"| {row} | $ 12 |"), tmp_path=tmp_path) == set()


def test_net_operating_income_is_no_operating_profit(tmp_path: Path) -> None:
    """Landlords take nothing off it for what their buildings lose in worth."""
    found = exact(("Consolidated results", HEAD, "| Net operating income | $ 12 |"), tmp_path=tmp_path)
    assert found == {("net_operating_income", "", "$ 12 million")}
