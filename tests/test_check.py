"""The gates: every kind of sabotage is caught and named; a clean report raises no alarm (see test_report.py)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rag.errors import UsageError
from rag.numbers import find_numbers
from rag.prompts import metric_vocabulary
from rag.report import GATES, REPORT_GATES, check_report
from rag.report.book import open_book
from rag.report.claims import claim_id
from rag.report.report_gates import diverse
from rag.types import Claim, Document, Evidence, Period, Report, TrendCard
from tests.report_fixture import corpus, small_report, without_claims

Sabotage = Callable[[Report], Report]


@pytest.fixture(scope="module")
def clean() -> Report:
    """A report that passes."""
    return small_report()


def _claim(report: Report, start: str) -> Claim:
    return next(claim for claim in report.claims if claim.text.startswith(start))


def _swap(report: Report, old: Claim, new: Claim) -> Report:
    """The report with one claim replaced, everywhere it is named."""

    def names(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new.id if name == old.id else name for name in ids)

    return replace(
        report,
        claims=tuple(new if claim.id == old.id else claim for claim in report.claims),
        bottom_line=names(report.bottom_line),
        sections=tuple(replace(section, claims=names(section.claims)) for section in report.sections),
        cards=tuple(replace(card, claims=names(card.claims), counter_claims=names(card.counter_claims)) for card in report.cards),
        glance=tuple(replace(row, claims=names(row.claims)) for row in report.glance),
        conflicts=tuple(
            replace(
                conflict,
                sides=tuple(replace(side, claim=new.id) if side.claim == old.id else side for side in conflict.sides),
            )
            for conflict in report.conflicts
        ),
    )


def _retold(claim: Claim, text: str) -> Claim:
    """The claim with another text, its id and numbers made to fit, as a careful forger would."""
    return replace(claim, text=text, numbers=find_numbers(text), id=claim_id(claim.section, text, claim.evidence))


def _evidence(report: Report, opening: str, **changes: Any) -> Report:
    def changed(item: Evidence) -> Evidence:
        return replace(item, **changes) if item.quote.startswith(opening) else item

    return replace(report, evidence=tuple(changed(item) for item in report.evidence))


def _card(report: Report, start: str, change: Callable[[TrendCard], TrendCard]) -> Report:
    return replace(report, cards=tuple(change(card) if card.title.startswith(start) else card for card in report.cards))


def _digit_in_text(report: Report) -> Report:
    claim = _claim(report, "The system price")
    return _swap(report, claim, _retold(claim, claim.text.replace("212", "221")))


def _digit_in_text_and_quote(report: Report) -> Report:
    claim = _claim(report, "The system price")
    forged = _swap(report, claim, _retold(claim, claim.text.replace("212", "221")))
    return _evidence(forged, "The system price", quote=claim.text.replace("212", "221"))


def _negation(report: Report) -> Report:
    claim = _claim(report, "Demand from district networks grew")
    return _swap(report, claim, _retold(claim, claim.text.replace("grew", "never grew")))


def _invented_sentence(report: Report) -> Report:
    claim = _claim(report, "The system price")
    return _swap(report, claim, _retold(claim, "Observers in neighbouring countries praise the designs of Varland."))


def _no_evidence(report: Report) -> Report:
    claim = _claim(report, "The system price")
    return _swap(report, claim, replace(claim, evidence=(), id=claim_id(claim.section, claim.text, ())))


def _unknown_evidence(report: Report) -> Report:
    claim = _claim(report, "The system price")
    return _swap(report, claim, replace(claim, evidence=("e-000000000000",), id=claim_id(claim.section, claim.text, ("e-000000000000",))))


def _swapped_citation(report: Report) -> Report:
    claim, other = _claim(report, "The system price"), _claim(report, "A licence")
    return _swap(report, claim, replace(claim, evidence=other.evidence, id=claim_id(claim.section, claim.text, other.evidence)))


def _repeat(report: Report) -> Report:
    claim = _claim(report, "The system price")
    copy = replace(claim, section="supply", id=claim_id("supply", claim.text, claim.evidence))
    sections = tuple(
        replace(section, claims=(*section.claims, copy.id)) if section.id == "supply" else section for section in report.sections
    )
    return replace(report, claims=(*report.claims, copy), sections=sections)


def _calculation(report: Report) -> Report:
    claim = next(claim for claim in report.claims if claim.calculation is not None)
    assert claim.calculation is not None
    return _swap(report, claim, replace(claim, calculation=replace(claim.calculation, result=claim.calculation.result + 1)))


def _calculated_text(report: Report) -> Report:
    claim = next(claim for claim in report.claims if claim.calculation is not None)
    return _swap(report, claim, _retold(claim, claim.text.replace("+", "+1")))


def _chatter(report: Report) -> Report:
    claim = _claim(report, "The system price")
    return _swap(report, claim, _retold(claim, "As an AI language model, I find that " + claim.text))


def _point(report: Report) -> Report:
    return _card(
        report,
        "Installed capacity rose",
        lambda card: replace(card, series=(*card.series[:-1], replace(card.series[-1], value=card.series[-1].value + 1))),
    )


def _point_as_printed(report: Report) -> Report:
    return _card(
        report,
        "Installed capacity rose",
        lambda card: replace(card, series=(*card.series[:-1], replace(card.series[-1], printed="2,710 MWh", value=Decimal(2710)))),
    )


def _point_period(report: Report) -> Report:
    return _card(
        report,
        "Installed capacity rose",
        lambda card: replace(card, series=(*card.series[:-1], replace(card.series[-1], period="2026"))),
    )


def _coverage(report: Report) -> Report:
    return replace(report, coverage=(replace(report.coverage[0], claims=report.coverage[0].claims + 1), *report.coverage[1:]))


def _conflict_side(report: Report, **changes: Any) -> Report:
    first = report.conflicts[0]
    sides = (replace(first.sides[0], **changes), *first.sides[1:])
    return replace(report, conflicts=(replace(first, sides=sides), *report.conflicts[1:]))


def _glance(report: Report, **changes: Any) -> Report:
    return replace(report, glance=(replace(report.glance[0], **changes), *report.glance[1:]))


def _confidence(report: Report) -> Report:
    return _card(report, "Revenue", lambda card: replace(card, confidence=replace(card.confidence, word="high")))


def _hidden_conflict(report: Report) -> Report:
    kept = tuple(conflict for conflict in report.conflicts if conflict.kind == "superseded")
    return replace(report, conflicts=kept)


SABOTAGE: dict[str, tuple[Sabotage, str, str]] = {
    "a digit changed in the text": (_digit_in_text, "B4", "'EUR 221 per kWh' is not in the quotes"),
    "a digit changed in text and quote": (_digit_in_text_and_quote, "B3", "the quote is not on page 1"),
    "a negation slipped in": (_negation, "B7", "differ in negation"),
    "an invented sentence": (_invented_sentence, "B6", "the text is not inside the quote"),
    "a claim without evidence": (_no_evidence, "B1", "cites no evidence"),
    "an invented citation": (_unknown_evidence, "B2", "evidence e-000000000000 is not in the report"),
    "a swapped citation": (_swapped_citation, "B6", "the text is not inside the quote"),
    "a sentence printed twice": (_repeat, "B9", "it nearly repeats"),
    "a calculation with another result": (_calculation, "B4", "the calculation gives"),
    "a calculated sentence with another number": (_calculated_text, "B4", "not the one its operands give"),
    "machine chatter": (_chatter, "B19", "As an AI"),
    "a page off by three": (lambda r: _evidence(r, "The system price", page=4), "B3", "the document has no page 4"),
    "a span moved by one": (lambda r: _evidence(r, "The system price", start=0), "B2", "does not fit its document and span"),
    "a table cell said to stand in another row": (
        lambda r: replace(
            r,
            evidence=tuple(
                replace(e, table=replace(e.table, row="Inland")) if e.table is not None and e.quote == "520" else e for e in r.evidence
            ),
        ),
        "B3",
        "the cell stands in row 'Orlo Coast'",
    ),
    "a series with another value": (_point, "B4", "its evidence says 2,610 MWh"),
    "a series that prints another value": (_point_as_printed, "B4", "prints '2,710 MWh', which is not in its quote"),
    "a series with another period": (_point_period, "B4", "the period 2026 is not in the point's evidence"),
    "a glance with another value": (lambda r: _glance(r, latest="2,620 MWh"), "B4", "the glance prints"),
    "a glance with another change": (lambda r: _glance(r, change="+99.0 %"), "B4", "the glance prints"),
    "a flipped arrow": (lambda r: _card(r, "Demand rose", lambda card: replace(card, direction="down")), "B13", "its evidence says 'up'"),
    "a flipped claim": (
        lambda r: _swap(r, _claim(r, "Wages of installers rose by"), replace(_claim(r, "Wages of installers rose by"), direction="down")),
        "B13",
        "the sentence does not say 'down'",
    ),
    "a digit changed in a title": (
        lambda r: _card(r, "Revenue", lambda card: replace(card, title=card.title.replace("4.2", "4.3"))),
        "B13",
        "the title is",
    ),
    "a raised confidence": (_confidence, "B14", "the card says high"),
    "a hidden contradiction": (_hidden_conflict, "B14", "a figure is disputed"),
    "another value on a conflict's side": (lambda r: _conflict_side(r, value="2.98 GWh"), "B15", "'2.98 GWh' is not in claim"),
    "another date on a conflict's side": (
        lambda r: _conflict_side(r, published=date(2026, 7, 2) + timedelta(days=400)),
        "B15",
        "is not the date of",
    ),
    "a conflict of one side": (
        lambda r: replace(r, conflicts=(replace(r.conflicts[0], sides=r.conflicts[0].sides[:1]), *r.conflicts[1:])),
        "B15",
        "needs two sides",
    ),
    "an inflated count": (
        lambda r: replace(r, manifest=replace(r.manifest, counts={**r.manifest.counts, "claims": 99})),
        "B12",
        "the manifest says 99",
    ),
    "an inflated coverage": (_coverage, "B12", "coverage says"),
    "a source left out": (lambda r: replace(r, sources=r.sources[1:]), "B2", "is not among the sources"),
    "sources in another order": (lambda r: replace(r, sources=r.sources[::-1]), "B2", "order of first citation"),
    "a claim there twice": (lambda r: replace(r, claims=(*r.claims, r.claims[0])), "B2", "id is there 2 times"),
    "a claim that is nowhere printed": (
        lambda r: replace(r, sections=tuple(replace(s, claims=()) for s in r.sections)),
        "B2",
        "no section and no card prints the claim",
    ),
    "a period that is not in the evidence": (
        lambda r: _swap(
            r,
            _claim(r, "The system price"),
            replace(_claim(r, "The system price"), period=Period(label="2027", found_in="sentence")),
        ),
        "B18",
        "the period 2027 is not in the evidence",
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_sabotage_is_caught_and_named(clean: Report, name: str) -> None:
    """The gate that should see it does, and says what differs."""
    change, gate, message = SABOTAGE[name]
    spoiled = change(clean)
    assert spoiled != clean
    result = check_report(spoiled, document=corpus().document, metrics=metric_vocabulary())
    assert not result.ok
    assert any(line.startswith(f"{gate} ") and message in line for line in result.failures()), result.failures()


def test_any_changed_digit_of_any_claim_is_caught(clean: Report) -> None:
    """Each digit of each claim, one at a time; the failure names the claim."""
    for claim in clean.claims:
        for at, character in enumerate(claim.text):
            if character.isdigit():
                forged = _retold(claim, claim.text[:at] + str((int(character) + 1) % 10) + claim.text[at + 1 :])
                result = check_report(_swap(clean, claim, forged), document=None, metrics=metric_vocabulary())
                assert any(forged.id in line for line in result.failures()), forged.text


def test_without_documents_a_quote_is_unchecked_which_is_no_pass(clean: Report) -> None:
    """Nothing fails, but no claim is called supported."""
    result = check_report(clean, document=None, metrics=metric_vocabulary())
    assert result.ok
    assert set(result.verdicts.values()) == {"unchecked"}


def test_a_better_verdict_than_the_gates_give_is_caught(clean: Report) -> None:
    """A stored "supported" on a claim that fails now."""
    result = check_report(_digit_in_text(clean), document=corpus().document)
    assert any(line.startswith("B12") and "the report prints 'supported'" in line for line in result.failures())
    assert not any(line.startswith("B12 c-") for line in check_report(_digit_in_text(without_claims(clean)), document=None).failures())


def test_a_quote_printed_with_other_hyphens_and_line_breaks_is_still_found(clean: Report) -> None:
    """Two-step matching: squeezed containment, then number for number."""
    item = next(item for item in clean.evidence if item.quote.startswith("The system price"))
    loose = _evidence(clean, "The system price", quote=item.quote.replace("system price", "system-price").replace(" of ", "\nof "))
    checks = check_report(loose, document=corpus().document).claims[_claim(clean, "The system price").id]
    assert [check.outcome for check in checks if check.gate == "B3"] == ["pass"]


def test_a_quote_that_lost_a_minus_is_not_found_in_two_steps() -> None:
    """Squeezing drops the sign; the signed comparison sees it."""
    from rag.report.claim_gates import quote_fault
    from rag.types import RetrievedBy
    from tests.report_fixture import make_document

    document = make_document("Operating margin of the whole group fell to -3.2 % in the year 2025.", title="x")
    item = Evidence(
        id="e-1",
        document="d",
        page=1,
        page_label="p. 1",
        start=1,
        end=9,
        quote="Operating margin of the whole group fell to 3.2 % in the year 2025.",
        retrieved_by=RetrievedBy(query="", rank=1, score=0.0),
    )
    assert "other numbers" in quote_fault(item, document)


def test_every_gate_has_a_title_and_a_reason_to_be() -> None:
    """The table is what the method section prints."""
    gates = {gate.id for gate in GATES} | {gate.id for gate in REPORT_GATES}
    assert {"B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15", "B18", "B19"} <= gates
    assert all(gate.function.__doc__ for gate in GATES)


def test_a_company_s_own_paper_may_carry_most_of_a_report_on_it(clean: Report) -> None:
    """Of anybody else's it is refused where five documents speak of the matter."""
    seen = replace(clean.coverage[0], status="cited", reason="", owner="")
    sources = [replace(seen.source, document=f"{number:016x}") for number in range(5)]
    item = clean.evidence[0]
    evidence = [replace(item, id=f"e-{number}", document=source.document) for number, source in enumerate(sources)]
    cited = [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
    claims = [replace(clean.claims[0], id=f"c-{at}", evidence=(f"e-{number}",)) for at, number in enumerate(cited)]

    def outcomes(*, owner: str) -> dict[str, str]:
        coverage = [replace(seen, source=source, owner=owner if source is sources[0] else "") for source in sources]
        report = replace(clean, market="Halvex", claims=tuple(claims), evidence=tuple(evidence), coverage=tuple(coverage))
        return {found.about: found.outcome for found in diverse(open_book(report, document=None))}

    assert outcomes(owner="") == {sources[0].document: "fail"}
    assert outcomes(owner="Veltrane") == {sources[0].document: "fail"}
    assert outcomes(owner="Halvex plc") == {sources[0].document: "warn"}


def test_a_document_that_is_not_there_is_a_failure_not_a_crash(clean: Report) -> None:
    """Each claim on it fails B3."""

    def document(identity: str) -> Document:
        raise UsageError(f"no document {identity}")

    result = check_report(clean, document=document)
    assert all(any(check.gate == "B3" and "is not there" in check.reason for check in checks) for checks in result.claims.values())
