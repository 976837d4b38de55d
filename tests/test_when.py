"""A report about a period is about that period: documents and sentences of another time stay out, and the coverage says so."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rag.app import create
from rag.ingest import drain
from rag.numbers import find_periods
from rag.report.when import Span, span_of, within_reach
from rag.types import Scope, Source
from tests.teams import opened

ASKED = Span(first=date(2024, 1, 1), last=date(2026, 12, 31))


def _source(published: str, *, stated: bool = True, document: str = "d") -> Source:
    day = date.fromisoformat(published)
    undated = Source(document=document, path="a.txt", title="A", published=day, published_from="mtime", format="txt", pages=1)
    return replace(undated, published_from="content") if stated else undated


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("2024-2026", "2024-01-01", "2026-12-31"),
        ("FY2023/2024", "2023-01-01", "2024-12-31"),
        ("2026-Q2", "2026-04-01", "2026-06-30"),
        ("2025-06/12m", "2024-07-01", "2025-06-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-end", "2025-10-01", "2025-12-31"),
    ],
)
def test_a_label_is_days(label: str, first: str, last: str) -> None:
    """Both inclusive, the last day of a leap year's February too."""
    assert span_of(label) == Span(first=date.fromisoformat(first), last=date.fromisoformat(last))


def test_a_topic_without_a_period_asks_for_every_time() -> None:
    """No span, and nothing is out of reach."""
    sources = [_source("1996-01-01"), _source("2026-01-01", document="e")]
    assert span_of("") is None
    assert within_reach(Scope(), sources=sources, period="") == Scope()


@pytest.mark.parametrize(
    ("published", "stated", "reached"), [("2022-06-30", True, False), ("2023-06-30", True, True), ("1999-01-01", False, True)]
)
def test_a_document_is_within_reach_for_a_year_around_the_period(published: str, stated: bool, reached: bool) -> None:
    """One that states no day could be of any."""
    assert ASKED.reaches(_source(published, stated=stated)) is reached


@pytest.mark.parametrize(
    ("published", "text", "held"),
    [
        ("2023-06-30", "Capacity reached 610 MWh.", False),
        ("2023-06-30", "Capacity will reach 900 MWh in 2025.", True),
        ("2025-06-30", "Capacity reached 610 MWh.", True),
        ("2025-06-30", "Capacity reached 400 MWh in 2019.", False),
        ("2025-06-30", "Capacity rose from 400 MWh in 2019 to 700 MWh in 2024.", True),
        ("2025-06-30", "Capacity reached 610 MWh in 2023.", True),
        ("2025-06-30", "Capacity will reach 2,000 MWh by the end of 2030.", True),
        ("2027-03-31", "Capacity reached 1,100 MWh in 2026.", True),
        ("2027-03-31", "Capacity will reach 2,000 MWh in 2028.", False),
    ],
)
def test_a_sentence_is_of_the_period_it_names_else_of_its_documents_day(published: str, text: str, held: bool) -> None:
    """A forecast of the period is of the period, an older figure alone is history."""
    source = _source(published)
    assert ASKED.holds(source, find_periods(text, published=source.published)) is held


def test_a_report_quotes_no_document_of_another_time(tmp_path: Path) -> None:
    """However well it fits, and the coverage says why."""
    (tmp_path / "papers").mkdir()
    said = "Tidal power capacity in Ostmark rose to {} MW in {}, as new turbines were connected to the grid at Sund."
    for year, value in ((2013, 40), (2024, 310), (2025, 390)):
        text = f"---\ntitle: Tidal power in Ostmark, {year}\ndate: {year}-10-05\n---\n\n{said.format(value, year)}\n"
        (tmp_path / "papers" / f"note-{year}.md").write_text(text, encoding="utf-8")
    create(tmp_path / "ws", folders=[tmp_path / "papers"], embedder="small")
    now = datetime(2026, 1, 5, tzinfo=UTC)
    with opened(tmp_path / "ws") as library:
        drain(library.ingest(now=now))
        report = library.write("Tidal power, Ostmark, 2024-25", as_of=now.date())
    quoted = " ".join(item.quote for item in report.evidence)
    assert "310 MW in 2024" in quoted
    assert "40 MW in 2013" not in quoted
    reasons = {item.source.path.rsplit("/", 1)[-1]: item.reason for item in report.coverage}
    assert reasons["note-2013.md"] == "of another time: published more than a year before or after 2024–2025"
