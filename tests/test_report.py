"""The extractive report end to end, on a small corpus."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.errors import ReportError, UsageError
from rag.prompts import metric_vocabulary
from rag.report import check_report, from_json, to_json
from rag.report.select import HEADLINE_WORDS
from rag.text import words
from rag.types import Report
from tests.report_fixture import AS_OF, TOPIC, corpus, small_report

GOLDEN = Path(__file__).parent / "report_golden.txt"


@pytest.fixture(scope="module")
def report() -> Report:
    """The small report, made once."""
    return small_report()


def _outline(report: Report) -> list[str]:
    """What is printed, in print order, without ids."""
    claims = {claim.id: claim for claim in report.claims}
    cards = {card.id: card for card in report.cards}
    lines = [f"> {claims[name].text}" for name in report.bottom_line]
    for section in report.sections:
        lines.append(f"# {section.title}")
        for card in (cards[name] for name in section.cards):
            lines.append(f"## {card.title} [{card.direction}, {card.confidence.word}: {card.confidence.reason}]")
            lines += [f"+ {claims[name].text}" for name in card.claims] + [f"- {claims[name].text}" for name in card.counter_claims]
        lines += [f"* {claims[name].text}" for name in section.claims]
    lines += [f"x {conflict.kind}: {' | '.join(side.value for side in conflict.sides)}: {conflict.reason}" for conflict in report.conflicts]
    return lines + [f"? {gap.question} {gap.reason}" for gap in report.gaps] + [f"! {warning}" for warning in report.warnings]


def test_the_small_report_reads_as_it_should(report: Report) -> None:
    """Headline, cards, loose sentences, conflicts, gaps and warnings, whole."""
    assert _outline(report) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_a_clean_report_passes_every_gate(report: Report) -> None:
    """No false alarm: nothing fails, nothing warns, nothing is unchecked."""
    result = check_report(report, document=corpus().document, metrics=metric_vocabulary())
    assert result.failures() == []
    assert set(result.counts) == {"pass"}
    assert all(claim.verdict == "supported" and claim.checks for claim in report.claims)


def test_the_same_inputs_give_the_same_bytes(report: Report) -> None:
    """Twice made, byte for byte one report, whatever order the sources come in."""
    again = corpus()
    again = replace(again, sources=again.sources[::-1])
    assert to_json(small_report(given=again)) == to_json(report)


def test_a_report_survives_json(report: Report) -> None:
    """To JSON and back is the same report, and again the same bytes."""
    text = to_json(report)
    assert from_json(text) == report
    assert to_json(from_json(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "the report is not JSON: .* in line 1"),
        ("{}", r"does not fit rag-report/1 at report\.id"),
        ('{"schema": "rag-report/2"}', r"at report\.schema"),
    ],
)
def test_json_that_is_no_report_is_refused_in_one_line(text: str, message: str) -> None:
    """The place in the JSON is named."""
    with pytest.raises(ReportError, match=message):
        from_json(text)


def test_a_field_that_is_not_known_is_refused(report: Report) -> None:
    """Also deep inside."""
    with pytest.raises(ReportError, match=r"does not know: report\.claims\[0\]\.colour"):
        from_json(to_json(report).replace('"calculation": null,', '"calculation": null, "colour": "red",', 1))


def test_every_sentence_stands_in_its_document_at_its_span(report: Report) -> None:
    """The quote is the text of the span."""
    documents = corpus().documents
    assert all(documents[item.document].text[item.start : item.end] == item.quote for item in report.evidence)


def test_an_order_to_a_machine_is_never_evidence(report: Report) -> None:
    """Neither it nor its neighbour is quoted, and the report names the document."""
    assert not any("EUR 5 per kWh" in item.quote for item in report.evidence)
    assert any("mail/forward.txt" in warning and "orders to a machine" in warning for warning in report.warnings)


def test_a_superseded_figure_is_printed_in_its_conflict_only(report: Report) -> None:
    """EUR 310 million was restated to EUR 290 million."""
    (conflict,) = [conflict for conflict in report.conflicts if conflict.kind == "superseded"]
    assert [side.value for side in conflict.sides] == ["EUR 290 million", "EUR 310 million"]
    old = conflict.sides[1].claim
    assert old not in {name for card in report.cards for name in card.claims} | set(report.bottom_line)


def test_the_headline_is_short_and_all_findings_are_printed_below(report: Report) -> None:
    """Three to five findings follow it."""
    claims = {claim.id: claim for claim in report.claims}
    assert len(words(claims[report.bottom_line[0]].text)) <= HEADLINE_WORDS
    assert 3 <= len(report.bottom_line) - 1 <= 5
    printed = {name for section in report.sections for name in section.claims}
    printed |= {name for card in report.cards for name in (*card.claims, *card.counter_claims)}
    assert set(report.bottom_line) <= printed


def test_an_unanswerable_topic_gives_gaps_and_no_prose() -> None:
    """One gap a question, each with the reason; no claim, no card."""
    report = small_report(topic="Quantum computing, Brazil, 2025")
    assert not any((report.claims, report.cards, report.sections, report.bottom_line, report.evidence))
    assert len(report.gaps) == 12
    assert report.gaps[0].reason == "No document speaks of Quantum computing."
    assert check_report(report, document=corpus().document).ok


def test_an_empty_corpus_gives_gaps() -> None:
    """Nothing found is said."""
    empty = replace(corpus(), sources=[], documents={}, find=lambda question: replace(corpus().find("x"), question=question, passages=()))
    report = small_report(given=empty)
    assert report.claims == ()
    assert report.gaps[0].reason == "The search found nothing."
    assert report.cut_off is None


def test_nothing_published_after_the_as_of_date_is_used() -> None:
    """The interim report of August is not seen in July; coverage says why."""
    report = small_report(as_of=date(2026, 7, 31))
    assert max(source.published for source in report.sources) <= date(2026, 7, 31)
    late = [item for item in report.coverage if item.source.published > date(2026, 7, 31)]
    assert [(item.status, item.reason) for item in late] == [("never_retrieved", "published after the as-of date")]


def test_a_near_duplicate_counts_as_one_source(report: Report) -> None:
    """A forwarded copy of a census sentence is printed once, and from the census."""
    (claim,) = [claim for claim in report.claims if claim.text.startswith("Demand for heat storage rose in all regions")]
    (item,) = [item for item in report.evidence if item.id in claim.evidence]
    assert item.document == corpus().of("census-2025.txt")


def test_a_failed_file_is_in_the_coverage() -> None:
    """With its reason."""
    from rag.prompts import facet_pack
    from rag.report import outline_of, write_report
    from tests.report_fixture import FINGERPRINT

    made = corpus()
    report = write_report(
        outline_of(TOPIC, pack=facet_pack()),
        find=made.find_all,
        document=made.document,
        sources=made.sources,
        as_of=AS_OF,
        metrics=metric_vocabulary(),
        embedder=FINGERPRINT,
        failed={"scans/letter.pdf": "the PDF has no text layer"},
    )
    (failed,) = [item for item in report.coverage if item.status == "failed"]
    assert (failed.source.path, failed.reason) == ("scans/letter.pdf", "the PDF has no text layer")
    assert report.manifest.counts["failed"] == 1


def test_an_empty_topic_is_a_usage_error() -> None:
    """With an example of a good one."""
    with pytest.raises(UsageError, match="EV batteries"):
        small_report(topic=" , ")
