"""The gates: what a report must pass before it is printed, and what `rag check` holds any report to.

A claim gate looks at one claim, a report gate at the whole. What cannot be looked at (no document at hand) is "unchecked", which is not a
pass. Every failure names what it is about and what differs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.report import claim_gates as on_claim
from rag.report import report_gates as on_report
from rag.report.book import Book, open_book
from rag.report.claim_gates import Finding
from rag.report.report_gates import ReportCheck, failed
from rag.report.seal import as_compared, as_written
from rag.report.wording import Vocabulary
from rag.types import Check, Claim, Document, GateOutcome, Report, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """All findings on a report."""

    claims: Mapping[str, tuple[Check, ...]]
    """Claim id -> one check a gate, in the order of GATES."""
    report: tuple[ReportCheck, ...]
    """Findings of the report gates that are not passes."""
    verdicts: Mapping[str, Verdict]
    counts: Mapping[GateOutcome, int]
    """Over claim checks and report findings."""

    @property
    def ok(self) -> bool:
        """True when nothing failed; unchecked and warnings do not fail."""
        return self.counts.get("fail", 0) == 0

    def failures(self) -> list[str]:
        """One line a failure, naming gate, thing and difference."""
        lines = [
            f"{check.gate} {name}: {check.reason}" for name, checks in self.claims.items() for check in checks if check.outcome == "fail"
        ]
        return lines + [f"{found.gate} {found.about}: {found.reason}" for found in self.report if found.outcome == "fail"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A gate on claims."""

    id: str
    title: str
    function: Callable[[Claim, Book], Finding]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportGate:
    """A gate on the whole report."""

    id: str
    title: str
    function: Callable[[Book], Iterable[ReportCheck]]


GATES: tuple[Gate, ...] = (
    Gate(id="B1", title="cited", function=on_claim.cited),
    Gate(id="B2", title="resolves", function=on_claim.resolves),
    Gate(id="B3", title="quote on page", function=on_claim.quote_on_page),
    Gate(id="B4", title="numbers", function=on_claim.numbers_in_quotes),
    Gate(id="B5", title="support", function=on_claim.supported),
    Gate(id="B6", title="verbatim", function=on_claim.verbatim),
    Gate(id="B7", title="polarity", function=on_claim.polarity),
    Gate(id="B8", title="quote size", function=on_claim.quote_size),
    Gate(id="B9", title="no repeats", function=on_claim.no_repeat),
    Gate(id="B10", title="anchor reuse", function=on_claim.anchor_reuse),
    Gate(id="B13", title="direction", function=on_claim.claim_direction),
    Gate(id="B16", title="direction words", function=on_claim.direction_words),
    Gate(id="B17", title="novel run", function=on_claim.novel_run),
    Gate(id="B18", title="period", function=on_claim.period_in_evidence),
    Gate(id="B19", title="no machine chatter", function=on_claim.no_chatter),
    Gate(id="B20", title="uncertainty", function=on_claim.uncertainty),
)
REPORT_GATES: tuple[ReportGate, ...] = (
    ReportGate(id="B2", title="resolves", function=on_report.all_resolves),
    ReportGate(id="B2", title="sources as their documents", function=on_report.described),
    ReportGate(id="B3", title="quote on page", function=on_report.unclaimed_quotes),
    ReportGate(id="B4", title="printed numbers", function=on_report.printed_numbers),
    ReportGate(id="B11", title="diversity", function=on_report.diverse),
    ReportGate(id="B12", title="counts", function=on_report.counted),
    ReportGate(id="B13", title="direction", function=on_report.directions),
    ReportGate(id="B14", title="confidence", function=on_report.confidences),
    ReportGate(id="B15", title="contradictions", function=on_report.contradictions),
    ReportGate(id="B15", title="superseded figures", function=on_report.superseded_unused),
    ReportGate(id="B19", title="no machine chatter", function=on_report.chatter_elsewhere),
)


def check_report(
    report: Report,
    *,
    document: Callable[[str], Document] | None,
    vocabulary: Vocabulary | None = None,
    saved: Callable[[str], Report | None] | None = None,
    of_run: Callable[[str], Sequence[str]] | None = None,
    sketches: Mapping[str, bytes] | None = None,
) -> CheckResult:
    """Every gate on a report. Without documents, quotes stay unchecked; without the metric vocabulary, sentences' directions do.
    ``sketches``: of documents, where they are known; the others' are made from their texts."""
    book = open_book(report, document=document, vocabulary=vocabulary, sketches=sketches)
    checks = {claim.id: tuple(check_claim(claim, book)) for claim in report.claims}
    verdicts = {name: verdict_of(found) for name, found in checks.items()}
    findings = [found for gate in REPORT_GATES for found in gate.function(book)]
    findings += _stale_verdicts(report, verdicts)
    told = as_compared(report, saved)
    if saved is not None:
        told += as_written(report, saved(report.id), siblings=of_run(report.manifest.run) if of_run else ())
    findings += [ReportCheck(gate="B12", outcome=outcome, about=about, reason=why) for about, outcome, why in told]
    counts: Counter[GateOutcome] = Counter(check.outcome for found in checks.values() for check in found)
    counts.update(found.outcome for found in findings)
    return CheckResult(claims=checks, report=tuple(findings), verdicts=verdicts, counts=dict(counts))


def check_claim(claim: Claim, book: Book) -> list[Check]:
    """Every claim gate on one claim."""
    return [Check(gate=gate.id, outcome=outcome, reason=reason) for gate in GATES for outcome, reason in [gate.function(claim, book)]]


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """contradicted by a failed polarity, unsupported by any other failure, unchecked or partial by what is left, else supported."""
    outcomes = {check.outcome for check in checks}
    if "fail" in outcomes:
        return "contradicted" if any(check.gate == "B7" and check.outcome == "fail" for check in checks) else "unsupported"
    return "unchecked" if "unchecked" in outcomes or not checks else "partial" if "warn" in outcomes else "supported"


def _stale_verdicts(report: Report, verdicts: Mapping[str, Verdict]) -> Iterable[ReportCheck]:
    """B12: a verdict printed as better than the one found now."""
    for claim in report.claims:
        if claim.verdict in ("supported", "partial") and verdicts[claim.id] in ("unsupported", "contradicted"):
            yield failed("B12", claim.id, f"the report prints {claim.verdict!r}, the gates find {verdicts[claim.id]!r}")
