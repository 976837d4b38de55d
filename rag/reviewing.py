"""An analyst's verdict on a report's claims. The report itself stays as it was written and checked: a verdict stands beside it.

A verdict is remembered by the next editions: a claim with the same words, or on the same figures, says what was said of it before and waits
for a verdict of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rag.errors import UsageError
from rag.record import Record, Review, ReviewVerdict
from rag.types import Claim, Report

LONGEST_NOTE = 2_000
"""Characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """What was said of a claim in an earlier edition."""

    review: Review
    reworded: bool
    """True when the earlier edition's claim, which is not printed any more, was on the same figures in other words or with other values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """A report's claims and what analysts said of them."""

    report: str
    claims: int
    reviews: tuple[Review, ...]
    """The verdicts that stand, one a claim, in the order they were said."""
    before: Mapping[str, Remembered]
    """Claim of this report -> the last verdict of an earlier edition."""

    def count(self, verdict: ReviewVerdict) -> int:
        """Claims with that verdict."""
        return sum(review.verdict == verdict for review in self.reviews)


def review(record: Record, report: Report, claim: str, *, verdict: ReviewVerdict, note: str = "", reviewer: str, now: datetime) -> Review:
    """Keeps a verdict on one claim of a saved report. Raises UsageError for an unknown claim or a note that is too long."""
    of = _claim(report, claim)
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"the note has {len(note):,} characters, more than {LONGEST_NOTE:,}; shorten it")
    made = Review(report=report.id, claim=claim, verdict=verdict, note=" ".join(note.split()), reviewer=reviewer, at=now)
    record.reviews.add(made, text=_words(of))
    return made


def reviewed(record: Record, report: Report) -> Reviewed:
    """What was said of a saved report's claims, here and in the editions before it."""
    standing = tuple(record.reviews.standing(report.id))
    return Reviewed(report=report.id, claims=len(report.claims), reviews=standing, before=_before(record, report))


def _before(record: Record, report: Report) -> dict[str, Remembered]:
    earlier = record.reviews.before(report.id)
    by_words = dict(earlier)
    printed = {_words(claim) for claim in report.claims}
    by_claim = {said.claim: said for text, said in earlier if said.report == report.manifest.predecessor and text not in printed}
    told = report.changes.claims if report.changes else ()
    found = {one.claim: Remembered(review=by_claim[one.before], reworded=True) for one in told if one.claim and one.before in by_claim}
    return found | {
        claim.id: Remembered(review=by_words[_words(claim)], reworded=False) for claim in report.claims if _words(claim) in by_words
    }


def _claim(report: Report, claim: str) -> Claim:
    found = next((one for one in report.claims if one.id == claim), None)
    if found is None:
        raise UsageError(f"the report {report.id} has no claim {claim!r}; take an id that `rag reviews {report.id} --all` prints")
    return found


def _words(claim: Claim) -> str:
    """What a claim is known by in another edition."""
    return " ".join(claim.text.split())
