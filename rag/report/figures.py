"""Figures that a reader looks for and no card holds: the latest of each of the market's metrics, forecasts, and companies' key figures."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date

from rag.numbers import period_order, period_shape
from rag.report.claims import cell_claim, sentence_claim, table_claim
from rag.report.conflicts import same_moment
from rag.report.facts import Stated, table_text
from rag.report.select import LEAST_STANDING, Chosen
from rag.report.tables import FEWEST_METRICS, MOST_CELLS, key_figures
from rag.report.wording import Vocabulary
from rag.types import Claim

COMPANIES = "competition"
"""The id of the section that holds companies' key figures, where the outline has it."""
OUTLOOK = "outlook"
MOST_FIGURES = 4
"""Of a section, besides its cards."""
MOST_FORECASTS = 8
MOST_COMPANIES = 8
MOST_OF_COMPANY = 3
"""Sentences of a company besides its table of key figures."""
_OLDEST = 2
"""Years before the report, or before a company's newest figure, beyond which one is no longer the latest word on anything."""

Key = tuple[str, str]
"""(metric's id, entity)"""


class Figures:
    """The facts that may be printed as they are now, by metric and entity, and which of them a report prints already."""

    def __init__(
        self,
        facts: Sequence[Stated],
        *,
        superseded: Collection[str],
        is_kept: Callable[[Claim], bool],
        vocabulary: Vocabulary,
        as_of: date,
    ) -> None:
        """``is_kept`` is false for a claim that failed its checks."""
        self._vocabulary = vocabulary
        self._is_kept = is_kept
        self._as_of = as_of
        self._all = facts
        self._old = superseded
        self._current: dict[Key, list[Stated]] = defaultdict(list)
        newest = _newest_years(facts, as_of=as_of)
        self._said: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        """(metric's id, entity, period) -> evidence that states it."""
        for item in facts:
            if not (item.fact.segment or item.fact.region):
                self._said[item.fact.metric, item.fact.entity, _label(item)].add(item.evidence.id)
            if item.evidence.id not in superseded and _is_plain(item, vocabulary) and _is_recent(item, newest):
                self._current[item.fact.metric, item.fact.entity].append(item)

    def of_section(self, section: str, *, companies: Sequence[str], chosen: Chosen) -> list[Claim]:
        """The latest figure of each metric of the section, in the vocabulary's order: the market's, and those of the companies that the
        report is on."""
        own = [metric for metric in self._vocabulary.metrics.values() if metric.facet == section]
        keys = [(metric.id, owner) for metric in own for owner in (*(() if metric.company else ("",)), *companies)]
        return self._taken(keys, section=section, chosen=chosen, most=MOST_FIGURES, best=self._latest)

    def forecasts(self, *, chosen: Chosen) -> list[Claim]:
        """A forecast of each metric of the market, the nearest period first."""
        keys = [(metric.id, "") for metric in self._vocabulary.metrics.values()]
        return self._taken(keys, section=OUTLOOK, chosen=chosen, most=MOST_FORECASTS, best=self._forecast)

    def of_companies(self, names: Iterable[str], *, chosen: Chosen) -> list[Claim]:
        """Each company's key figures: a line of its own table, and a sentence for what that leaves out; companies by name."""
        claims: list[Claim] = []
        lines = key_figures([item for item in self._all if item.evidence.id not in self._old], as_of=self._as_of)
        told = [name for name in sorted(set(names)) if name in lines or any(entity == name for _, entity in self._current)]
        for name in told[:MOST_COMPANIES]:
            line = self._line(name, lines.get(name, ()), chosen=chosen)
            if line is not None:
                claims.append(line)
            keys = [(metric, name) for metric in self._leading()]
            claims += self._taken(keys, section=COMPANIES, chosen=chosen, most=MOST_OF_COMPANY, best=self._of_last_year)
        return claims

    def _line(self, name: str, cells: Sequence[Stated], *, chosen: Chosen) -> Claim | None:
        """The company's table of key figures in a line that names it, where it says anything new."""
        cells = [cell for cell in cells if not chosen.is_full(cell.source.document)][:MOST_CELLS]
        new = sum(cell.evidence.id not in chosen.evidence for cell in cells)
        if new < FEWEST_METRICS or name not in table_text([cell.evidence for cell in cells]):
            return None
        claim = table_claim(cells, section=COMPANIES)
        if not self._is_kept(claim):
            return None
        chosen.take(claim, documents={cell.source.document for cell in cells})
        return claim

    def _leading(self) -> list[str]:
        """Companies' metrics: those of the section on competition, then the first of each facet, then the others."""
        own = [metric for metric in self._vocabulary.metrics.values() if metric.company and metric.units]
        first = {metric.facet: metric for metric in reversed(own)}
        ranked = sorted(own, key=lambda metric: (metric.facet != COMPANIES, first[metric.facet] is not metric))
        return [metric.id for metric in ranked]

    def _taken(
        self,
        keys: Iterable[Key],
        *,
        section: str,
        chosen: Chosen,
        most: int,
        best: Callable[[Sequence[Stated]], Stated | None],
    ) -> list[Claim]:
        claims: list[Claim] = []
        for key in keys:
            item = best(self._current.get(key, ())) if len(claims) < most else None
            if item is None or self._is_said(item, chosen):
                continue
            claim = (
                sentence_claim(item.candidate, section=section, vocabulary=self._vocabulary, metric=item.fact.metric)
                if item.candidate is not None
                else cell_claim(item, section=section)
            )
            if self._is_kept(claim):
                chosen.take(claim, documents=[item.source.document])
                claims.append(claim)
        return claims

    def _is_said(self, item: Stated, chosen: Chosen) -> bool:
        """True when the metric's figure for that period is printed, by whomever, or the document carries enough."""
        printed = not chosen.evidence.isdisjoint(self._said[item.fact.metric, item.fact.entity, _label(item)])
        return printed or chosen.is_full(item.source.document) or (item.candidate is not None and chosen.repeats(item.candidate))

    @staticmethod
    def _latest(items: Sequence[Stated]) -> Stated | None:
        return _newest([item for item in items if item.fact.kind != "forecast"])

    @staticmethod
    def _of_last_year(items: Sequence[Stated]) -> Stated | None:
        """The figure for the latest whole year, so that companies are told of the same time; for the latest period where none is known."""
        known = [item for item in items if item.fact.kind != "forecast" and item.candidate is not None]
        years = [item for item in known if period_shape(_label(item)) in ("year", "fiscal")]
        return _newest(years or known)

    @staticmethod
    def _forecast(items: Sequence[Stated]) -> Stated | None:
        ahead = [item for item in items if item.fact.kind == "forecast" and item.candidate is not None]
        return min(ahead, key=_soonest, default=None)


def _newest(items: Sequence[Stated]) -> Stated | None:
    """A sentence before a cell, one that stands well alone before others, the newest source's first."""
    latest = max((period_order(_label(item)) for item in items), default=None)
    rivals = [item for item in items if period_order(_label(item)) == latest]
    return min(rivals, key=lambda item: (item.candidate is None, -item.source.published.toordinal(), item.evidence.id), default=None)


def _soonest(item: Stated) -> tuple[object, ...]:
    return period_order(_label(item)), -item.source.published.toordinal(), item.evidence.id


def _label(item: Stated) -> str:
    return same_moment(item.fact.period.label) if item.fact.period else ""


def _is_plain(item: Stated, vocabulary: Vocabulary) -> bool:
    """True for an exact figure of the whole market or a whole company, whose period is said, in a sentence that stands alone."""
    fact = item.fact
    if fact.segment or fact.region or not item.is_exact or item.is_withdrawn or fact.metric not in vocabulary.metrics:
        return False
    said = fact.period is not None and fact.period.found_in != "document"
    return said and (item.candidate is None or item.candidate.standing >= LEAST_STANDING)


def _newest_years(facts: Iterable[Stated], *, as_of: date) -> Mapping[str, int]:
    """Entity -> the year to which its figures are compared: the report's for the market, that of its newest figure for a company."""
    newest: dict[str, int] = {}
    for item in facts:
        year = period_order(_label(item))[0] if item.fact.kind != "forecast" else 0
        if item.fact.entity and year <= as_of.year:
            newest[item.fact.entity] = max(year, newest.get(item.fact.entity, 0))
    return defaultdict(lambda: as_of.year, newest)


def _is_recent(item: Stated, newest: Mapping[str, int]) -> bool:
    return period_order(_label(item))[0] >= newest[item.fact.entity] - _OLDEST


def companies_of(about: Mapping[str, str], subjects: Mapping[str, str]) -> list[str]:
    """The names that documents are about, but for those of a family such as one report a district."""
    return sorted({name for document, name in about.items() if document not in subjects})
