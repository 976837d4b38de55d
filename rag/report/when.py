"""The period that a report is asked about: which documents and which sentences are of another time.

The rules, for a report on 2024-26:

- a document is out of reach when it says its day, and that is more than a year before 2024 or more than a year after 2026;
- what an earlier document says is of another time unless it names 2024 or later: a forecast of the period is of the period;
- what a document of the period says is of another time when every period it names ended before 2023: last year's figure is a base, an
  older one alone is history;
- what a later document says is of another time when it names periods and none touches 2024-26; a value of its tables may be of the year
  before, since it stands beside the one that is compared with it.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rag.numbers import PeriodMention, find_periods, period_order, period_shape
from rag.patterns import regex
from rag.types import Scope, Source

_REACH = timedelta(days=366)
"""How long before a period it is forecast, and after it told of."""
_MONTHS = {"year": 12, "fiscal": 12, "12m": 12, "half": 6, "quarter": 3, "month": 1, "day": 1}
"""Of each shape of period; others are parts of a year."""
_YEAR = regex(r"\d{4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The days a report is asked about, both inclusive."""

    first: date
    last: date

    def reaches(self, source: Source) -> bool:
        """False for a document of quite another time. One that states no day could be of any."""
        return source.published_from == "mtime" or self.first - _REACH <= source.published <= self.last + _REACH

    def holds(self, source: Source, periods: Iterable[PeriodMention]) -> bool:
        """Whether a sentence of the document that names these periods is about the span."""
        named = [_days(mention.label) for mention in periods]
        if source.published_from != "mtime" and source.published < self.first:
            return any(end >= self.first for _, end in named)
        if source.published_from != "mtime" and source.published > self.last:
            return not named or any(start <= self.last and end >= self.first for start, end in named)
        return not named or max(end for _, end in named) >= self.first - _REACH

    def compares(self, periods: Iterable[PeriodMention]) -> bool:
        """Whether a table's value is of the span or of the year before it, by what its labels name."""
        named = [_days(mention.label) for mention in periods]
        return any(start <= self.last and end >= self.first - _REACH for start, end in named)


def span_of(label: str) -> Span | None:
    """The days of a period's label, such as "2024-2026", "2026-Q2" or "FY2023"; None for no period."""
    if not label:
        return None
    first, last = _days(label)
    return Span(first=first, last=last)


def of_title(text: str, title: str) -> tuple[PeriodMention, ...]:
    """What a sentence calls "the quarter" or "the end of the year", where its document's title names that one time and no other."""
    named = find_periods(title)
    found = _THE_TIME.search(text) if len(named) == 1 else None
    if found is None or period_shape(named[0].label).replace("fiscal", "year") != found["shape"].lower():
        return ()
    label = named[0].label
    if found["end"]:
        year, month, _ = period_order(label)
        label = f"{year}-end" if found["shape"].lower() == "year" else f"{year}-{month:02d}"
    return (replace(named[0], label=label, start=found.start(), end=found.end()),)


_THE_TIME = regex(r"(?i)(?P<end>\bend of )?\bthe (?P<shape>quarter|half|year|month)\b(?=[.,;)]|$| (?:was|were|is|as|and)\b)")


def within_reach(scope: Scope, *, sources: Iterable[Source], period: str) -> Scope:
    """The scope without the documents of ``sources`` that are out of the period's reach, so that they take no place among the found."""
    span, seen = span_of(period), list(sources)
    reached = [source.document for source in seen if span is None or span.reaches(source)]
    return scope if len(reached) in (0, len(seen)) else replace(scope, documents=tuple(reached))


def _days(label: str) -> tuple[date, date]:
    """First and last day. A fiscal year's are those of the calendar year, a part's such as "end" those of its quarter."""
    year, month, _ = period_order(label)
    years = [int(digits) for digits in _YEAR.findall(label)]
    months = _MONTHS.get(period_shape(label), 3) if len(years) == 1 else 12 * (year - years[0] + 1)
    start = year * 12 + month - months
    return date(start // 12, start % 12 + 1, 1), date(year, month, monthrange(year, month)[1])
