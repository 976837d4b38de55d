"""What analysts said of a report's claims: kept beside the report, which stays as it was written."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

ReviewVerdict = Literal["accepted", "rejected", "open"]
""""open" takes a verdict back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """An analyst's word on one claim."""

    report: str
    claim: str
    """The claim's id in that report."""
    verdict: ReviewVerdict
    note: str
    """Why, in the analyst's words; often empty."""
    reviewer: str
    at: datetime


_COLUMNS = "report, claim, verdict, note, reviewer, at"
_LAST = "number IN (SELECT max(number) FROM reviews GROUP BY report, claim)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviews:
    """The table, through the record's connection."""

    rows: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
    """Runs one statement."""
    transaction: Callable[[], AbstractContextManager[None]]
    """All or nothing."""

    def add(self, review: Review, *, text: str) -> None:
        """Stands from now on; ``text`` is what the claim is known by in later editions."""
        sql = f"INSERT INTO reviews ({_COLUMNS}, text) VALUES (?, ?, ?, ?, ?, ?, ?)"
        values = [review.report, review.claim, review.verdict, review.note, review.reviewer, review.at.isoformat(), text]
        with self.transaction():
            self.rows(sql, values)

    def standing(self, report: str) -> list[Review]:
        """The last word on each claim of a report, in the order they were said; claims whose verdict was taken back are not among them."""
        return self._found(f"report = ? AND verdict != 'open' AND {_LAST}", [report])

    def all(self, report: str) -> list[Review]:
        """Everything that was said of a report's claims, oldest first."""
        return self._found("report = ?", [report])

    def count(self, report: str) -> int:
        """Claims of a report that have a verdict."""
        return int(self.rows(f"SELECT count(*) FROM reviews WHERE report = ? AND verdict != 'open' AND {_LAST}", [report])[0][0])

    def tallies(self) -> dict[str, tuple[int, int]]:
        """Report -> how many of its claims are accepted, and how many rejected; reports without a verdict are not in it."""
        sql = f"""SELECT report, sum(verdict = 'accepted'), sum(verdict = 'rejected') FROM reviews
            WHERE verdict != 'open' AND {_LAST} GROUP BY report"""
        return {report: (accepted, rejected) for report, accepted, rejected in self.rows(sql, [])}

    def before(self, report: str) -> list[tuple[str, Review]]:
        """(the claim's text, the last word on it) of the editions before this report, latest edition last."""
        sql = f"""SELECT reviews.text, {_COLUMNS.replace("report", "reviews.report")} FROM reviews
            JOIN editions ON editions.report = reviews.report
            JOIN editions AS own ON own.name = editions.name AND own.as_of > editions.as_of
            WHERE own.report = ? AND verdict != 'open' AND reviews.{_LAST} ORDER BY editions.as_of, number"""
        return [(text, _review(row)) for text, *row in self.rows(sql, [report])]

    def _found(self, condition: str, values: Sequence[Any]) -> list[Review]:
        return [_review(row) for row in self.rows(f"SELECT {_COLUMNS} FROM reviews WHERE {condition} ORDER BY number", values)]


def _review(row: Sequence[Any]) -> Review:
    report, claim, verdict, note, reviewer, at = row
    return Review(report=report, claim=claim, verdict=verdict, note=note, reviewer=reviewer, at=datetime.fromisoformat(at))
