"""Figures of sentences in words that a reader understands at once and a rule may not: values before their metric, long ways between them,
figures that a later sentence takes back; and documents of another market that share a word."""

from datetime import date

import pytest

from rag.prompts import metric_vocabulary
from rag.report import check_report
from rag.types import Fact, Report
from tests.report_fixture import Corpus, corpus, small_report

QUARTER = "the third quarter of 2025"


def _report(*texts: tuple[str, str, date], title: str = "Heat storage in Varland, review") -> tuple[Report, Corpus]:
    """A report on the small corpus and further documents: (publisher, text, day)."""
    extra = {
        f"more/{at}.txt": (f"{title} {at}", publisher, day, f"Heat storage in Varland is reviewed here. {text}")
        for at, (publisher, text, day) in enumerate(texts)
    }
    given = corpus(extra=extra)
    return small_report(given=given), given


def _facts(report: Report, metric: str) -> list[Fact]:
    return [fact for fact in report.facts if fact.metric == metric and fact.period is not None and fact.period.label == "2025-Q3"]


@pytest.mark.parametrize(
    ("text", "metric", "printed"),
    [
        (f"For {QUARTER} our count gives 380 tonnes for exports of heat storage from Varland.", "Exports", "380 tonnes"),
        (f"With 354 in {QUARTER}, the number of job vacancies at fitters of heat storage in Varland was a surprise.", "Vacancies", "354"),
        (f"The median wait for a connection of heat storage sites in {QUARTER} came in the end to 74 days.", "Connection wait", "74 days"),
    ],
)
def test_a_figure_finds_its_metric_across_a_sentence(text: str, metric: str, printed: str) -> None:
    """Behind "for", before "the number of", and however long the words of a period between them are."""
    report, _ = _report(("Old House", text, date(2025, 11, 3)))
    assert [fact.number.printed for fact in _facts(report, metric)] == [printed]


@pytest.mark.parametrize(
    "correction",
    [
        f"The median wait for a connection of heat storage in {QUARTER} has been revised to 74 days, from 77 days.",
        f"The earlier figure of 77 days for the median wait for a connection of heat storage in {QUARTER} has been corrected to 74 days.",
        f"We now say 74 days instead of 77 days for how long sites of heat storage had to wait in {QUARTER}.",
    ],
)
def test_a_figure_taken_back_is_printed_as_history_only(correction: str) -> None:
    """Whoever says so, whatever metric the correction names or does not name."""
    old = f"The median wait for a connection of heat storage was 77 days in {QUARTER}, and sites of it had to be patient."
    report, given = _report(("Old House", old, date(2025, 11, 3)), ("New House", correction, date(2026, 8, 4)))
    told = {side.claim for conflict in report.conflicts if conflict.kind == "superseded" for side in conflict.sides}
    stale = [claim for claim in report.claims if "was 77 days" in claim.text]
    assert stale
    assert all(claim.id in told for claim in stale)
    assert all("77 days" not in point.printed for card in report.cards for point in card.series)
    assert check_report(report, document=given.document, metrics=metric_vocabulary()).failures() == []


def test_a_word_form_makes_no_document_of_another_market_one_on_this() -> None:
    """Heated barns hold the stem of "heat" and none of the market's words as they are asked for."""
    text = "The grain price was EUR 214 per tonne in 2026, and barns for grain were heated with straw. "
    extra = {"more/grain.txt": ("Grain notes", "Old House", date(2026, 9, 1), text * 3)}
    report = small_report(given=corpus(extra=extra))
    (row,) = [row for row in report.coverage if row.source.path == "more/grain.txt"]
    assert row.claims == 0
    assert "off topic" in row.reason


def test_the_latest_figure_of_a_metric_is_printed_though_no_card_holds_it() -> None:
    """One point is no series; the newest source's sentence for the latest period stands in the metric's section."""
    texts = (
        ("Old House", "The median wait for a connection of heat storage was 70 days in the second quarter of 2025.", date(2025, 8, 3)),
        ("New House", "The number of job vacancies at fitters of heat storage was 512 in the second quarter of 2026.", date(2026, 8, 3)),
        ("Third House", "Exports of heat storage from Varland will reach 900 tonnes in 2028.", date(2026, 8, 4)),
    )
    report, given = _report(*texts)
    homes = {claim.text: claim.section for claim in report.claims}
    assert homes[texts[0][1]] == "regulation"
    assert homes[texts[1][1]] == "labour"
    assert homes[texts[2][1]] == "outlook"
    assert check_report(report, document=given.document, metrics=metric_vocabulary()).failures() == []


def test_a_companys_key_figures_stand_with_the_competition() -> None:
    """Of its last whole year, so that companies can be compared."""
    text = "Tallow makes heat storage in Varland. Our market share was 14.2% in 2025, up from 13.0%. Market share was 14.9% in Q1 2026."
    given = corpus(extra={"filings/tallow.txt": ("Tallow Annual Report 2025", "Tallow", date(2026, 4, 1), text)})
    report = small_report(given=given)
    (competition,) = [section for section in report.sections if section.id == "competition"]
    texts = {claim.id: claim.text for claim in report.claims}
    assert texts[competition.claims[0]] == "Our market share was 14.2% in 2025, up from 13.0%."
    assert check_report(report, document=given.document, metrics=metric_vocabulary()).failures() == []
