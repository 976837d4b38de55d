"""Where sources disagree, and which figures are superseded. Precision before recall: a false alarm costs trust.

Two facts are set against each other only when metric, entity, segment, region and period are the same, the unit is of one base, both are
actual (or estimated) or both forecasts, they come from different documents, and their values differ by more than printing explains.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Literal

from rag.kin import replaces
from rag.numbers import COUNTED, PeriodMention, comparable, period_order, period_shape, period_words
from rag.patterns import regex
from rag.report.asserted import is_taken_back
from rag.report.facts import Stated, segment_of
from rag.report.gather import Candidate
from rag.report.names import Names
from rag.report.shapes import SHARE
from rag.text import content_stems
from rag.types import CardKey, Claim, Conflict, ConflictSide, Fact, Number, Period

Kind = Literal["value", "unit", "scope", "definition", "superseded"]

TOLERANCE = Decimal("0.005")
"""Relative difference up to which two values are the same."""
SAME_QUANTITY = "The same quantity, printed in two units of measure."
"""The reason of what the reader is told and is no dispute."""
DATE = "schedule"
"""The metric of facts whose value is a date."""
_LIKENESS = 0.2
"""Least share of content stems that two sentences about one thing have in common."""
_SHARED_WORDS = 4
"""Content stems, a period's among them, that the sentences about a figure and about its replacement have in common."""
_SCOPE = regex(
    r"\b(?:counting(?: only)?|counts? only|only counts|leav(?:es|ing) out|left out|exclud\w+|includ\w+|allowing for|without|except)\b"
    r"[^.;:,()]{3,90}(?=[.;:,()]|$)|\bsigned (?:connection |supply )?(?:contract|agreement)s?|\bin operation\b|\bcontracted\b|"
    r"\bon the mainland\b|\bmainland only\b|\bpart-built\b|\bunder test\b|\bagency staff\b|\bregistered\b",
    re.IGNORECASE,
)
_DEFINITION = regex(
    r"\b(?:quoted separately|complete \w+ system|installed and connected|civil works|on average|averaged?|"
    r"(?:at (?:the )?)?end of (?:the )?(?:period|quarter)|last day|own count|registers?|usable|list(?:ed)? price|before tax|after tax|"
    r"adjusted|preliminary count)\b",
    re.IGNORECASE,
)
_REPLACES = regex(
    r"\b(?:revised|restated|corrected|replaces?|replaced|supersed\w+|raises? its|raised its|lowers? its|lowered its|"
    r"widened|updated|now expect\w*|delayed|instead of|earlier (?:figure|estimate))\b",
    re.IGNORECASE,
)
_EDITION = regex(
    r"\b(?:(?:19|20)\d\d|q[1-4]|h[12]|[1-4]q|first|second|third|fourth|quarter|half|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|(?:spring|summer|autumn|fall|winter)(?=\s+\d)|edition|version|draft|final|revised|updated|v\d+|no\.?\s?\d+)\b|\d+|[^\w\s]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """Two or more facts of one key that do not agree."""

    id: str
    kind: Kind
    reason: str
    sides: tuple[Stated, ...]
    """Newest first; of a superseded pair the first is the one that holds."""


def family(title: str) -> str:
    """A title without dates and edition words: documents with the same one are editions of one another."""
    return " ".join(_EDITION.sub(" ", title.lower()).split())


def disagreements(stated: Sequence[Stated], *, names: Names, copies: Mapping[str, str] = MappingProxyType({})) -> tuple[Disagreement, ...]:
    """All disagreements, each key at most once a kind, in a fixed order. A document and its copies (``copies``: document -> original) may
    supersede one another, as a revised edition does, but are not two sides that differ."""
    groups: dict[tuple[str, ...], list[Stated]] = defaultdict(list)
    for item in stated:
        if item.is_exact and item.fact.period is not None and _period_is_known(item):
            groups[_key(item)].append(item)
    found = [made for key in sorted(groups) for made in _of_group(groups[key], names=names, copies=copies)]
    found += _counted_at_other_times(stated, names=names)
    found += _shares_of_unsaid_times(stated, known=found, names=names)
    found = [made for made in found if made.kind == "superseded" or not are_copies([side.source.document for side in made.sides], copies)]
    return tuple(sorted(found, key=lambda made: (made.kind == "superseded", -_newest(made), made.id)))


def without(found: Iterable[Disagreement], replaced: Collection[str], *, names: Names) -> tuple[Disagreement, ...]:
    """The same, but figures that were ``replaced`` (ids of evidence) are no sides of what differs."""
    kept = []
    for made in found:
        sides = [side for side in made.sides if side.evidence.id not in replaced]
        if made.kind == "superseded" or len(sides) == len(made.sides):
            kept.append(made)
        elif len(sides) > 1:
            kept.append(_made(sides, superseded=False, names=names))
    return tuple(kept)


def are_copies(documents: Iterable[str], copies: Mapping[str, str]) -> bool:
    """Whether two different ones of them are of one original."""
    different = set(documents)
    return len({copies.get(document, document) for document in different}) < len(different)


_MOVED = regex(
    r"\b(?:widened|extended|raised|raises|lowered|lowers|revised|restated|corrected|"
    r"delayed|postponed|brought forward|now expect\w*|is now)\b",
    re.IGNORECASE,
)


def retired(found: Iterable[Disagreement], stated: Sequence[Stated]) -> frozenset[str]:
    """Ids of evidence of superseded figures, wherever a document as old as theirs prints the same value of the same key once more."""
    old = [side for made in found if made.kind == "superseded" for side in made.sides[1:]]
    again = {
        item.evidence.id
        for side in old
        for item in stated
        if item.source.published <= side.source.published and _key(item) == _key(side) and agree(item.fact.number, side.fact.number)
    }
    return frozenset(again | {side.evidence.id for side in old})


def corrections(candidates: Sequence[Candidate], stated: Sequence[Stated], *, names: Names) -> tuple[Disagreement, ...]:
    """Sentences that a later document corrects, each beside the sentence that does. They are not printed as current.

    The later one names the same thing, says that something changed ("has widened its recall to 7,450 units"), shares wording and gives
    another count or quantity in the same unit, or another date ahead.
    """
    facts: dict[str, list[Stated]] = defaultdict(list)
    for item in stated:
        facts[item.evidence.id].append(item)
    news = [candidate for candidate in candidates if _MOVED.search(candidate.text)]
    marks = {candidate.evidence.id: names.marks(candidate.text) for candidate in candidates}
    marked: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for mark in marks[candidate.evidence.id]:
            marked[mark].append(candidate)
    found: dict[str, Disagreement] = {}
    for newer in sorted(news, key=lambda item: (-item.source.published.toordinal(), item.evidence.id)):
        about = marks[newer.evidence.id]
        for older in {item.evidence.id: item for mark in sorted(about) for item in marked[mark]}.values():
            dated = "mtime" not in (older.source.published_from, newer.source.published_from)
            earlier = dated and older.source.published < newer.source.published and older.source.document != newer.source.document
            shared = about & marks[older.evidence.id]
            if earlier and older.evidence.id not in found and (thing := _what_changed(older, newer, shared, names=names)):
                found[older.evidence.id] = _correction(older, newer, thing=thing, facts=facts, shared=shared)
    return tuple(found[key] for key in sorted(found))


def replacements(candidates: Sequence[Candidate], stated: Sequence[Stated]) -> tuple[Disagreement, ...]:
    """Figures that a later sentence takes back ("revised to 61, from 74"; "61 instead of 74"), wherever an older document prints them of
    the same period in like words, though the later sentence's own metric may not have been read."""
    by_value: dict[tuple[Decimal, str], list[Stated]] = defaultdict(list)
    for item in stated:
        if not item.is_withdrawn and item.candidate is not None:
            by_value[comparable(item.fact.number)].append(item)
    found: dict[str, Disagreement] = {}
    for newer in sorted(candidates, key=lambda item: (-item.source.published.toordinal(), item.evidence.id)):
        for old in newer.numbers:
            new = _instead_of(newer, old)
            if new is None:
                continue
            for older in by_value[comparable(old)]:
                if older.evidence.id not in found and _is_what_is_replaced(older, newer):
                    model = _stated(newer, new, model=older.fact, known=())
                    side = replace(model, fact=replace(model.fact, period=older.fact.period))
                    found[older.evidence.id] = _made_superseded((side, older))
    return tuple(found[key] for key in sorted(found))


def overtaken(stated: Iterable[Stated]) -> frozenset[str]:
    """Ids of evidence of forecasts, and of nothing else, of which what came is known: "sales are expected to come to 200 in 2024"."""
    items = list(stated)
    known = {_of_what(item) for item in items if item.is_exact and not item.is_withdrawn and item.fact.kind != "forecast"}
    ahead: dict[str, list[bool]] = defaultdict(list)
    for item in items:
        ahead[item.evidence.id].append(item.fact.kind == "forecast" and item.is_exact and _of_what(item) in known)
    return frozenset(evidence for evidence, are in ahead.items() if all(are))


def _of_what(item: Stated) -> tuple[str, ...]:
    """Its key, whether a forecast or not."""
    metric, entity, segment, region, label, _, unit = _key(item)
    return metric, entity, segment, region, label, unit


def _instead_of(newer: Candidate, old: Number) -> Number | None:
    """The figure that the sentence puts in the place of one that it takes back."""
    if not is_taken_back(newer.text, old):
        return None
    kept = (number for number in newer.numbers if comparable(number)[1] == comparable(old)[1] and not is_taken_back(newer.text, number))
    return next((number for number in kept if number.kind != "year"), None)


def _is_what_is_replaced(older: Stated, newer: Candidate) -> bool:
    """True for a figure of an older document, of a period that the newer sentence names, in words that it shares."""
    if older.source.document == newer.source.document or older.source.published > newer.source.published or older.candidate is None:
        return False
    labels = {same_moment(period.label) for period in newer.periods}
    same_time = older.fact.period is not None and same_moment(older.fact.period.label) in labels
    words = {stem for stem in content_stems(newer.text) if not stem[0].isdigit()}
    return same_time and len(words & set(content_stems(older.text))) >= _SHARED_WORDS


def _correction(
    older: Candidate, newer: Candidate, *, thing: Literal["figure", "date"], facts: dict[str, list[Stated]], shared: frozenset[str]
) -> Disagreement:
    sides = _with_figures(older, newer, facts) if thing == "figure" else _with_dates(older, newer, entity=min(shared))
    said = _MOVED.search(newer.text)
    words = f'; it says "{said[0].lower()}"' if said else ""
    return _identified("superseded", f"A later document gives another {thing}{words}.", sides)


def _with_figures(older: Candidate, newer: Candidate, facts: dict[str, list[Stated]]) -> tuple[Stated, Stated]:
    """Both sentences as facts of one metric: the one that either of them names."""
    mine, theirs = ([number for number in item.numbers if number.kind == "quantity"] for item in (older, newer))
    one, other = next((one, other) for one in mine for other in theirs if comparable(one)[1] == comparable(other)[1])
    known = [item for candidate in (newer, older) for item in facts[candidate.evidence.id] if item.fact.number in (one, other)]
    model = known[0].fact if known else None
    return _stated(newer, other, model=model, known=known), _stated(older, one, model=model, known=known)


def _with_dates(older: Candidate, newer: Candidate, *, entity: str) -> tuple[Stated, Stated]:
    """Both sentences as facts on when something starts."""
    mine = {period.label for period in older.periods}
    ahead = next(period for period in older.periods if not period.relative and _is_ahead(period.label, older))
    new = next(period for period in newer.periods if not period.relative and period.label not in mine)
    return _dated(newer, new, entity=entity), _dated(older, ahead, entity=entity)


def _dated(candidate: Candidate, period: PeriodMention, *, entity: str) -> Stated:
    printed = candidate.text[period.start : period.end]
    year = Number(start=period.start, end=period.end, printed=printed, value=Decimal(period_order(period.label)[0]), unit="", kind="year")
    fact = _fact(candidate, year, metric=DATE, entity=entity, period=Period(label=period.label, found_in="sentence"))
    return Stated(fact=fact, evidence=candidate.evidence, source=candidate.source, text=candidate.text, shown=printed, candidate=candidate)


def _stated(candidate: Candidate, number: Number, *, model: Fact | None, known: Sequence[Stated]) -> Stated:
    """The fact that is known of the sentence, else one of the other sentence's metric."""
    for item in known:
        if item.evidence.id == candidate.evidence.id:
            return item
    published = candidate.source.published
    label = next((period.label for period in candidate.periods if not period.relative), f"{published.year}-{published.month:02d}")
    period = Period(label=label, found_in="document")
    fact = _fact(candidate, number, metric=model.metric if model else DATE, entity=model.entity if model else "", period=period)
    return Stated(
        fact=fact, evidence=candidate.evidence, source=candidate.source, text=candidate.text, shown=number.printed, candidate=candidate
    )


def _fact(candidate: Candidate, number: Number, *, metric: str, entity: str, period: Period) -> Fact:
    identity = "f-" + hashlib.sha256(f"{candidate.evidence.id} {metric} {number.start}".encode()).hexdigest()[:12]
    return Fact(id=identity, evidence=candidate.evidence.id, entity=entity, metric=metric, period=period, number=number)


def _what_changed(older: Candidate, newer: Candidate, named: frozenset[str], *, names: Names) -> Literal["figure", "date", ""]:
    """Whether a sentence about the same thing, in like words, gives another figure or another date; empty for neither."""
    shared = {stem for stem in content_stems(older.text) if not stem[0].isdigit()} & set(content_stems(newer.text))
    shared -= {stem for name in named for stem in content_stems(name)}
    if len(shared) >= 2 and named & names.others and _other_figure(older, newer):
        return "figure"
    return "date" if len(shared) >= 3 and _other_period(older, newer) else ""


def _other_figure(older: Candidate, newer: Candidate) -> bool:
    mine, theirs = ({comparable(number) for number in item.numbers if number.kind == "quantity"} for item in (older, newer))
    units = {unit for _, unit in mine} & {unit for _, unit in theirs}
    return bool(units) and not mine & theirs


def _other_period(older: Candidate, newer: Candidate) -> bool:
    mine, theirs = ({period.label for period in item.periods if not period.relative} for item in (older, newer))
    ahead = {label for label in mine if _is_ahead(label, older)}
    return bool(ahead and theirs) and not mine & theirs


def _is_ahead(label: str, candidate: Candidate) -> bool:
    return period_order(label) > (candidate.source.published.year, candidate.source.published.month, 0)


def _period_is_known(item: Stated) -> bool:
    """A period that was only guessed from the document's date is no ground for a disagreement."""
    period = item.fact.period
    return period is not None and (period.found_in != "document" or len(period.label) == 4 or "Q" in period.label or "H" in period.label)


def conflict_of(made: Disagreement, sides: Sequence[tuple[Stated, Claim]], *, key: CardKey) -> Conflict:
    """A disagreement whose sides are printed by these claims."""
    period = made.sides[0].fact.period
    return Conflict(
        id=made.id,
        key=key,
        period=period.label if period else "",
        sides=tuple(
            ConflictSide(
                claim=claim.id,
                value=side.shown,
                period=side.fact.period.label if side.fact.period else "",
                published=side.source.published,
            )
            for side, claim in sides
        ),
        kind=made.kind,
        reason=made.reason,
    )


def _key(item: Stated) -> tuple[str, ...]:
    fact = item.fact
    label = same_moment(fact.period.label if fact.period else "")
    tense = "forecast" if fact.kind == "forecast" else "actual"
    unit = comparable(fact.number)[1]
    return fact.metric, fact.entity, segment_of(fact), fact.region, label, tense, "" if unit == _UNNAMED else unit


_UNNAMED = "units"
"""The unit of what is counted without being named: "305,000 heat pumps" is so many units."""


def same_moment(label: str) -> str:
    """The year for its end and its last day: a stock at the end of 2025 is the stock of 2025."""
    return re.sub(r"-(?:end|12|12-31|Q4-end)$", "", label)


def _newest(made: Disagreement) -> int:
    return made.sides[0].source.published.toordinal()


def _of_group(items: Sequence[Stated], *, names: Names, copies: Mapping[str, str]) -> Iterable[Disagreement]:
    """The clearest disagreement of a key: the newest fact against each older document's that differs from it."""
    withdrawn = [item for item in items if item.is_withdrawn]
    current = [item for item in items if not item.is_withdrawn]
    for old in withdrawn:
        if any(item.evidence.id == old.evidence.id for item in current):
            continue  # the sentence says itself what holds; whoever else gives another figure replaces nothing of it
        holds = [item for item in _newest_first(current) if item.source.published >= old.source.published and _differs(item, old)]
        if holds:
            yield _made([_in_words(holds[0], current), old], superseded=True, names=names)
    for sides in _replaced(withdrawn, current):
        yield _made(sides, superseded=True, names=names)
        current = [item for item in current if item not in sides[1:]]
    for sides in _of_old_versions(current):
        yield _made(sides, superseded=True, names=names)
    current = [item for item in current if _later_version(item, current) is None]
    ordered = sorted(_newest_first(current), key=lambda item: item.source.published_from == "mtime")
    used: set[str] = set()
    for at, newer in enumerate(ordered):
        if newer.source.document in used:
            continue
        others = [older for older in ordered[at + 1 :] if _opposes(newer, older, names=names) and older.source.document not in used]
        superseded = [older for older in others if _supersedes(newer, older, names=names)]
        apart = [older for older in others if not are_copies((newer.source.document, older.source.document), copies)]
        rivals = [older for older in _one_a_document(apart, copies=copies) if older not in superseded]
        for sides, is_old in ((_one_a_document(superseded), True), (rivals, False)):
            if sides:
                used |= {older.source.document for older in sides} if is_old else set()
                spoken = [_in_words(side, current, elsewhere=not is_old) for side in (newer, *sides)]
                yield _made(spoken if is_old else _newest_first(spoken), superseded=is_old, names=names)
        if superseded or apart:
            return
    yield from _in_two_units(ordered)


def _replaced(withdrawn: Sequence[Stated], current: Sequence[Stated]) -> Iterable[list[Stated]]:
    """A sentence that gives a figure "instead of" another, and the older documents that print that other one: new first."""
    for old in withdrawn:
        new = next((item for item in current if item.evidence.id == old.evidence.id and not agree(item.fact.number, old.fact.number)), None)
        older = [
            item
            for item in _newest_first(current)
            if item.evidence.id != old.evidence.id
            and item.source.published <= old.source.published
            and agree(item.fact.number, old.fact.number)
        ]
        if new is not None and older:
            yield [new, *_one_a_document(older)]


def _later_version(item: Stated, items: Iterable[Stated]) -> Stated | None:
    """What the latest version of its document says instead."""
    return next((other for other in _newest_first([one for one in items if replaces(one.source, item.source)])), None)


def _of_old_versions(items: Sequence[Stated]) -> Iterable[list[Stated]]:
    """A figure of a document's latest version, and those of the versions before that differ from it: new first."""
    old: dict[str, list[Stated]] = defaultdict(list)
    latest: dict[str, Stated] = {}
    for item in _newest_first(items):
        newer = _later_version(item, items)
        if newer is not None and _differs(newer, item):
            latest[newer.evidence.id] = newer
            old[newer.evidence.id].append(item)
    for key, older in old.items():
        yield [_in_words(latest[key], items), *_one_a_document([_in_words(side, items) for side in older])]


def _newest_first(items: Sequence[Stated]) -> list[Stated]:
    return sorted(items, key=lambda item: (-item.source.published.toordinal(), item.evidence.table is not None, item.evidence.id))


def _differs(one: Stated, other: Stated) -> bool:
    return one.evidence.id != other.evidence.id and not agree(one.fact.number, other.fact.number)


def _in_words(side: Stated, items: Sequence[Stated], *, elsewhere: bool = False) -> Stated:
    """The sentence that says what a table's cell says: of the same document, else, where that may be, of another."""
    if side.candidate is not None:
        return side
    alike = [item for item in items if item.candidate is not None and comparable(item.fact.number) == comparable(side.fact.number)]
    own = [item for item in alike if item.source.document == side.source.document]
    return next(iter([*own, *(_newest_first(alike) if elsewhere else [])]), side)


def _in_two_units(ordered: Sequence[Stated]) -> Iterable[Disagreement]:
    """One quantity that two documents print in units of different systems, such as tonnes and short tons: the reader is told."""
    for at, newer in enumerate(ordered):
        for older in ordered[at + 1 :]:
            ratio = comparable(older.fact.number)[0] / newer.fact.number.value if newer.fact.number.value else Decimal(0)
            apart = newer.source.document != older.source.document and newer.fact.number.unit != older.fact.number.unit
            if apart and ratio and agree(newer.fact.number, older.fact.number) and _are_of_two_systems(newer, older):
                yield _identified("unit", SAME_QUANTITY, (newer, older))
                return


def _are_of_two_systems(one: Stated, other: Stated) -> bool:
    """True when one unit is no power of ten of the other."""
    first, second = (comparable(replace(item.fact.number, value=Decimal(1)))[0] for item in (one, other))
    return (first / second).normalize().as_tuple().digits != (1,)


_OTHER_TIMES = "They were counted at different times: {one} and {other}."


def _counted_at_other_times(stated: Sequence[Stated], *, names: Names) -> Iterable[Disagreement]:
    """Counts of people, homes and the like of one company, taken by different sources at different times of a year."""
    groups: dict[tuple[str, ...], list[Stated]] = defaultdict(list)
    for item in stated:
        fact = item.fact
        if fact.entity and fact.period is not None and fact.period.found_in in ("sentence", "table") and fact.kind != "forecast":
            counted = fact.number.unit in COUNTED and period_shape(fact.period.label) in ("month", "day", "end")
            if counted and item.is_exact and not fact.metric.endswith("_change"):
                groups[fact.metric, fact.entity, fact.segment, fact.region, fact.period.label[:4], fact.number.unit].append(item)
    for key in sorted(groups):
        newer, *others = _newest_first(groups[key])
        older = next((item for item in others if _is_rival(newer, item, names=names)), None)
        if older is not None and newer.fact.period and older.fact.period:
            first, second = sorted((newer.fact.period.label, older.fact.period.label), key=period_order)
            reason = _OTHER_TIMES.format(one=period_words(first), other=period_words(second))
            yield _identified("definition", reason, (newer, older))


_UNSAID_TIME = "Not every source says of when its share is; they are taken to be of {one} and {other}."
_HALF_A_YEAR = 184
"""Days within which shares of a market, which move slowly, are of one time."""


def _shares_of_unsaid_times(stated: Sequence[Stated], *, known: Sequence[Disagreement], names: Names) -> Iterable[Disagreement]:
    """Shares of a market that different sources give a company at about one time, where one at least does not say of when: "its market
    share is 16%" in April beside "14% in 2025"."""
    told = {side.evidence.id for made in known for side in made.sides}
    groups: dict[tuple[str, ...], list[Stated]] = defaultdict(list)
    for item in stated:
        fact = item.fact
        is_plain = item.is_exact and not item.is_withdrawn and fact.kind != "forecast" and item.source.published_from != "mtime"
        if fact.metric == SHARE and fact.entity and fact.period is not None and is_plain and fact.number.kind == "percent":
            groups[fact.entity, fact.segment, fact.region].append(item)
    for key in sorted(groups):
        newer, *others = _newest_first(groups[key])
        rivals = [
            item
            for item in others
            if _differs(newer, item)
            and newer.source.document != item.source.document
            and not _same_voice(newer, item, names=names)
            and "document" in (_found_in(newer), _found_in(item))
            and abs((_last_day(newer) - _last_day(item)).days) <= _HALF_A_YEAR
        ]
        if rivals and newer.evidence.id not in told and rivals[0].evidence.id not in told:
            one, other = (period_words(item.fact.period.label) if item.fact.period else "" for item in (newer, rivals[0]))
            yield _identified("definition", _UNSAID_TIME.format(one=one, other=other), (newer, rivals[0]))


def _found_in(item: Stated) -> str:
    return item.fact.period.found_in if item.fact.period else ""


def _last_day(item: Stated) -> date:
    """Of the period that a figure is said to be of; of one that does not say, its document's day."""
    if item.fact.period is None or item.fact.period.found_in == "document":
        return item.source.published
    year, month, _ = period_order(item.fact.period.label)
    return date(year, min(max(month, 1), 12), 28)


def _is_rival(one: Stated, other: Stated, *, names: Names) -> bool:
    """True for another value of another voice at another time."""
    if one.source.document == other.source.document or _same_voice(one, other, names=names) or one.fact.period is None:
        return False
    moved = other.fact.period is not None and same_moment(one.fact.period.label) != same_moment(other.fact.period.label)
    return moved and not agree(one.fact.number, other.fact.number)


def _one_a_document(items: Sequence[Stated], *, copies: Mapping[str, str] = MappingProxyType({})) -> list[Stated]:
    kept: dict[str, Stated] = {}
    for item in items:
        kept.setdefault(copies.get(item.source.document, item.source.document), item)
    return list(kept.values())


def _opposes(one: Stated, other: Stated, *, names: Names) -> bool:
    if one.source.document == other.source.document or agree(one.fact.number, other.fact.number):
        return False
    if one.candidate and other.source.document in one.candidate.copies:
        return False
    return _likeness(one, other) >= _LIKENESS or _same_voice(one, other, names=names)


def _likeness(one: Stated, other: Stated) -> float:
    """Shared content stems, as a share of the shorter sentence's; table cells speak by their labels alone and count as alike."""
    if one.evidence.table or other.evidence.table:
        return 1.0
    first, second = ({stem for stem in content_stems(item.text) if not stem[0].isdigit()} for item in (one, other))
    return len(first & second) / max(1, min(len(first), len(second)))


def agree(one: Number, other: Number) -> bool:
    """True when the values are equal, but for sign conventions, tolerance and the rounding of the coarser one."""
    (first, base), (second, other_base) = comparable(one), comparable(other)
    if base != other_base:
        return False
    first, second = abs(first), abs(second)
    if first == second or abs(first - second) <= TOLERANCE * max(first, second):
        return True
    fewer = min(_significant(first), _significant(second))
    return fewer >= 2 and _rounded(first, fewer) == _rounded(second, fewer)


def _significant(value: Decimal) -> int:
    return len(value.normalize().as_tuple().digits)


def _rounded(value: Decimal, digits: int) -> Decimal:
    if not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=ROUND_HALF_EVEN)


def _same_voice(one: Stated, other: Stated, *, names: Names) -> bool:
    voice = names.voice(one.source)
    return bool(voice) and voice == names.voice(other.source)


def _supersedes(newer: Stated, older: Stated, *, names: Names) -> bool:
    """True when the same voice, or a newer edition of the same document, gives a later figure."""
    if newer.fact.segment == older.fact.segment and replaces(newer.source, older.source):
        return True
    undated = "mtime" in (newer.source.published_from, older.source.published_from)
    if undated or newer.source.published <= older.source.published or newer.fact.segment != older.fact.segment:
        return False
    return _same_voice(newer, older, names=names) or family(newer.source.title) == family(older.source.title)


def _made(sides: Sequence[Stated], *, superseded: bool, names: Names) -> Disagreement:
    if superseded:
        return _made_superseded(sides)
    kind, reason = _why(sides, names=names)
    return _identified(kind, reason, sides)


def _made_superseded(sides: Sequence[Stated]) -> Disagreement:
    kind, reason = _why_superseded(sides)
    return _identified(kind, reason, sides)


def _identified(kind: Kind, reason: str, sides: Sequence[Stated]) -> Disagreement:
    identity = " ".join([kind, *(side.fact.id for side in sides)])
    return Disagreement(id="x-" + hashlib.sha256(identity.encode()).hexdigest()[:12], kind=kind, reason=reason, sides=tuple(sides))


def _why_superseded(sides: Sequence[Stated]) -> tuple[Kind, str]:
    newer, older = sides[0], sides[-1]
    if older.is_withdrawn:
        said = _WITHDRAWN_WORD.search(older.text)
        words = f' and calls the old one "{said[0].lower()}"' if said else ""
        return "superseded", f"The source gives a new figure{words}."
    around = f"{newer.evidence.context_before} {newer.text} {newer.evidence.context_after}"
    said = _REPLACES.search(newer.text) or _REPLACES.search(around)
    words = f'; it says "{said[0].lower()}"' if said else ""
    later = "version of the document" if replaces(newer.source, older.source) else "document of the same source"
    return "superseded", f"A later {later} gives a new figure{words}."


def _why(sides: Sequence[Stated], *, names: Names) -> tuple[Kind, str]:
    first, second = abs(comparable(sides[0].fact.number)[0]), abs(comparable(sides[1].fact.number)[0])
    low, high = sorted((first, second))
    for factor in (Decimal(1000), Decimal(1_000_000)):
        if low and abs(high / low / factor - 1) < Decimal("0.01"):
            return "unit", f"The values differ by a factor of {int(factor):,}: one may be printed in another scale."
    for kind, pattern in _GROUNDS:
        if words := _ground(sides, pattern):
            thing = "what is counted" if kind == "scope" else "the definition"
            return kind, f"The difference may lie in {thing}: one source says {words}."
    if all(side.fact.kind == "forecast" for side in sides):
        return "value", "These are forecasts by different sources, each with its own assumptions."
    owned = [side for side in sides if side.fact.entity and names.voice(side.source).startswith(side.fact.entity)]
    owned += [
        side for side in sides if side.fact.entity and names.about.get(side.source.document) == side.fact.entity and side not in owned
    ]
    if len(owned) == 1:
        return "value", f"One figure is {owned[0].fact.entity}'s own, the other is another source's."
    return "value", "The documents give different values; neither says why."


_GROUNDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (("scope", _SCOPE), ("definition", _DEFINITION))
_WITHDRAWN_WORD = regex(r"(?i)\b(?:corrected|withdrawn|revised|restated|replaced|superseded)\b")


def _ground(sides: Sequence[Stated], pattern: re.Pattern[str]) -> str:
    """The words of a side, the sentence itself before what stands beside it, that the other sides do not say too: in quotation marks."""
    for texts in ([side.text for side in sides], [_near(side) for side in sides]):
        said = [{stem for match in pattern.finditer(text) for stem in content_stems(match[0])} for text in texts]
        own: list[str] = []
        for at, text in enumerate(texts):
            others = set[str]().union(*(stems for i, stems in enumerate(said) if i != at))
            found = [match[0].strip() for match in pattern.finditer(text) if not set(content_stems(match[0])) & others]
            own += [f'"{max(found, key=len)}"'] if found else []
        if own:
            return ", another ".join(own[:2])
    return ""


def _near(side: Stated) -> str:
    return "" if side.evidence.table else " ".join(f"{side.evidence.context_before[-160:]} {side.evidence.context_after[:160]}".split())
