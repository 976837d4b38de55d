"""What changed between two editions: a pure function of two reports, matched by facts and card keys, never by prose alone.

A change is one that a document caused: it came, changed, was superseded or went. What one edition prints and the other leaves out although
its document stands as it did is a matter of room, and only counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from rag.kin import editions
from rag.numbers import comparable, find_numbers, period_order
from rag.patterns import regex
from rag.report.conflicts import agree, same_moment
from rag.text import content_stems, overlap, shingles, squeeze
from rag.types import (
    CardChange,
    CardKey,
    Claim,
    ClaimChange,
    Delta,
    DocumentChange,
    FigureChange,
    Number,
    Report,
    SeriesPoint,
    Source,
    TrendCard,
)

LIKE = 0.5
"""Share of three-stem shingles from which a sentence of a changed document counts as another wording of the same; docs/log.md."""
_LEVELS = {"low": 0, "medium": 1, "high": 2}

Turn = Literal["new", "strengthened", "weakened", "reversed", "retired"]
_DIGITS = regex(r"\d[\d,]*(?:\.\d+)?")

FigureKey = tuple[CardKey, str, str, str]
"""(what, period, actual or forecast, unit)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Value:
    """One value of a key, and who gives it."""

    number: Number
    printed: str
    documents: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class _Edition:
    """A report indexed for comparison."""

    report: Report
    sources: Mapping[str, Source]
    """All documents that could be seen."""
    evidence: Mapping[str, str]
    """Evidence id -> document."""
    retired: frozenset[str]
    """Evidence of figures that the report prints as replaced."""
    figures: Mapping[FigureKey, Sequence[_Value]]
    values: Mapping[str, Mapping[FigureKey, Number]]
    """Evidence id -> the figures it gives."""

    def documents(self, claim: Claim) -> set[str]:
        return {self.evidence[item] for item in claim.evidence if item in self.evidence}

    def current(self) -> list[Claim]:
        """Claims that stand: computed ones follow their operands, replaced ones are history."""
        return [claim for claim in self.report.claims if claim.calculation is None and not self.retired & set(claim.evidence)]

    def values_of(self, claim: Claim) -> dict[FigureKey, Number]:
        return {key: number for item in claim.evidence for key, number in self.values.get(item, {}).items()}


@dataclass(frozen=True, kw_only=True)
class _Movement:
    """What became of the documents, for finding causes."""

    fresh: frozenset[str]
    """In the later edition only."""
    gone: Mapping[str, str]
    """Earlier document -> the document that caused its end: itself, what stands in its place, or what supersedes it."""

    def causes(self, *, later: Iterable[str] = (), earlier: Iterable[str] = ()) -> tuple[str, ...]:
        """The documents that made the difference, of those behind the later and the earlier version."""
        found = {document for document in later if document in self.fresh}
        return tuple(sorted(found | {self.gone[document] for document in earlier if document in self.gone}))


def delta(before: Report, after: Report) -> Delta:
    """What ``after`` has that ``before`` had not, and the other way about, each with the documents that caused it."""
    one, other = _edition(before), _edition(after)
    documents = _documents(one, other)
    movement = _movement(documents, one, other)
    claims, unchanged, reshuffled = _claims(one, other, movement)
    return Delta(
        before=before.id,
        before_as_of=before.as_of,
        documents=tuple(documents),
        cards=tuple(_cards(one, other, movement)),
        figures=tuple(_figures(one, other, movement)),
        claims=tuple(claims),
        unchanged=unchanged,
        reshuffled=reshuffled,
    )


# ── editions as tables ────────────────────────────────────────────────────────────────────────────────────────────


def _edition(report: Report) -> _Edition:
    evidence = {item.id: item.document for item in report.evidence}
    claims = {claim.id: claim for claim in report.claims}
    old = [side for conflict in report.conflicts if conflict.kind == "superseded" for side in conflict.sides[1:]]
    retired = frozenset(item for side in old if side.claim in claims for item in claims[side.claim].evidence)
    figures: dict[FigureKey, list[_Value]] = defaultdict(list)
    values: dict[str, dict[FigureKey, Number]] = defaultdict(dict)
    for item, key, number, printed in _stated(report):
        if item in evidence and item not in retired:
            values[item][key] = number
            _note(figures[key], number, printed).documents.add(evidence[item])
    return _Edition(
        report=report,
        sources={item.source.document: item.source for item in report.coverage if item.status != "failed"},
        evidence=evidence,
        retired=retired,
        figures=figures,
        values=values,
    )


def _stated(report: Report) -> Iterable[tuple[str, FigureKey, Number, str]]:
    """(evidence, key, number, as printed) of each fact and each point of a series."""
    for fact in report.facts:
        if fact.period is not None:
            what = CardKey(market="", metric=fact.metric, segment=fact.segment, region=fact.region, entity=fact.entity)
            yield fact.evidence, _key(what, fact.period.label, fact.kind, fact.number), fact.number, fact.number.printed
    stated = {(fact.evidence, same_moment(fact.period.label)) for fact in report.facts if fact.period is not None}
    for card in report.cards:
        for point in card.series:
            number = _number(point)
            if (point.evidence, same_moment(point.period)) not in stated and number is not None:
                yield point.evidence, _key(replace(card.key, market=""), point.period, point.kind, number), number, point.printed


def _number(point: SeriesPoint) -> Number | None:
    """A point as a number in its series' unit."""
    printed = next(iter(find_numbers(point.printed)), None)
    return replace(printed, value=point.value, unit=point.unit) if printed is not None else None


def _key(what: CardKey, period: str, kind: str, number: Number) -> FigureKey:
    return what, same_moment(period), "forecast" if kind == "forecast" else "actual", comparable(number)[1]


def _note(values: list[_Value], number: Number, printed: str) -> _Value:
    """The value among those known, or a new one."""
    known = next((value for value in values if same_value(value.number, number)), None)
    if known is None:
        known = _Value(number=number, printed=printed)
        values.append(known)
    return known


def same_value(one: Number, other: Number) -> bool:
    """True when two printed values are one figure: to the last decimal that both print where they are printed alike, else as sources are
    compared. Between editions a revision by a tenth of a per cent is one."""
    alike = len({_DIGITS.sub("", number.printed).strip() for number in (one, other)}) == 1 and one.unit == other.unit
    mine, theirs = _as_printed(one), _as_printed(other)
    if not alike or mine is None or theirs is None:
        return agree(one, other)
    places = min(-min(0, int(value.as_tuple().exponent)) for value in (mine, theirs))
    return round(mine, places) == round(theirs, places)


def _as_printed(number: Number) -> Decimal | None:
    found = _DIGITS.search(number.printed)
    return Decimal(found[0].replace(",", "")) if found else None


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _documents(one: _Edition, other: _Edition) -> list[DocumentChange]:
    """By event, then by path."""
    was = {source.path: source for source in one.sources.values()}
    failed = {item.source.path: item.reason for item in other.report.coverage if item.status == "failed"}
    found = []
    for document, source in other.sources.items():
        if document not in one.sources:
            former = was.get(source.path)
            replaced = former.document if former is not None and former.document not in other.sources else ""
            found.append(DocumentChange(event="changed" if replaced else "new", source=source, other=replaced))
    gone = one.sources.keys() - other.sources.keys() - {change.other for change in found}
    for source in (one.sources[document] for document in sorted(gone)):
        why = f"it can no longer be read: {failed[source.path]}" if source.path in failed else ""
        found.append(DocumentChange(event="withdrawn", source=source, reason=why))
    return sorted([*found, *_superseded(one, other)], key=lambda change: (change.event, change.source.path))


def _superseded(one: _Edition, other: _Edition) -> list[DocumentChange]:
    """Documents of both editions of which the later one has a newer version."""
    known, found = editions(one.sources.values()), editions(other.sources.values())
    return [
        DocumentChange(event="superseded", source=other.sources[document], other=edition.superseded_by)
        for document, edition in found.items()
        if edition.superseded_by
        and document in one.sources
        and edition.superseded_by not in one.sources
        and not (document in known and known[document].superseded_by)
    ]


def _movement(documents: Sequence[DocumentChange], one: _Edition, other: _Edition) -> _Movement:
    gone = {change.other: change.source.document for change in documents if change.event == "changed"}
    gone |= {change.source.document: change.source.document for change in documents if change.event == "withdrawn"}
    gone |= {change.source.document: change.other for change in documents if change.event == "superseded"}
    return _Movement(fresh=frozenset(other.sources.keys() - one.sources.keys()), gone=gone)


# ── figures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _figures(one: _Edition, other: _Edition, movement: _Movement) -> list[FigureChange]:
    found = []
    for key in {**one.figures, **other.figures}:
        earlier, later = one.figures.get(key, ()), other.figures.get(key, ())
        dropped = [value for value in earlier if not _held(value, later)]
        added = [value for value in later if not _held(value, earlier)]
        found += _of_key(key, dropped, added, movement)
    found += _replaced(one, other, movement, told={(change.key, change.period) for change in found})
    return sorted(found, key=lambda change: (change.kind, _name(change.key), period_order(change.period), change.now, change.was))


def _held(value: _Value, values: Iterable[_Value]) -> bool:
    return any(same_value(value.number, other.number) for other in values)


def _of_key(key: FigureKey, dropped: Sequence[_Value], added: Sequence[_Value], movement: _Movement) -> list[FigureChange]:
    """Pairs of an old and a new value as revisions, the rest as come or gone; none that no document caused."""
    changes = []
    for at in range(max(len(dropped), len(added))):
        was, now = (values[at] if at < len(values) else None for values in (dropped, added))
        causes = movement.causes(later=now.documents if now else (), earlier=was.documents if was else ())
        if causes:
            changes.append(
                FigureChange(
                    kind="revised" if was and now else "new" if now else "withdrawn",
                    key=key[0],
                    period=key[1],
                    was=was.printed if was else "",
                    now=now.printed if now else "",
                    causes=causes,
                )
            )
    return changes


def _replaced(one: _Edition, other: _Edition, movement: _Movement, *, told: set[tuple[CardKey, str]]) -> list[FigureChange]:
    """Figures that the later edition prints as replaced and the earlier did not, where their facts alone do not tell."""
    known = {
        (replace(conflict.key, market=""), same_moment(conflict.period))
        for conflict in one.report.conflicts
        if conflict.kind == "superseded"
    }
    claims = {claim.id: claim for claim in other.report.claims}
    changes = []
    for conflict in other.report.conflicts:
        place = replace(conflict.key, market=""), same_moment(conflict.period)
        if conflict.kind != "superseded" or place in known or place in told or len(conflict.sides) < 2:
            continue
        holds, old = conflict.sides[:2]
        causes = movement.causes(later=other.documents(claims[holds.claim]) if holds.claim in claims else ())
        if causes:
            changes.append(FigureChange(kind="revised", key=place[0], period=place[1], was=old.value, now=holds.value, causes=causes))
    return changes


def _name(key: CardKey) -> str:
    return " ".join((key.metric, key.entity, key.region, key.segment))


# ── cards ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _cards(one: _Edition, other: _Edition, movement: _Movement) -> list[CardChange]:
    earlier, later = ({replace(card.key, market=""): card for card in edition.report.cards} for edition in (one, other))
    found = []
    for key in {**earlier, **later}:
        was, now = earlier.get(key), later.get(key)
        causes = movement.causes(later=_behind(now, other), earlier=_behind(was, one))
        kind = _turn(was, now)
        aged = was is not None and now is not None and kind == "weakened"
        if kind and (causes or aged):
            card = now or was
            assert card is not None
            found.append(CardChange(kind=kind, card=card.id, title=card.title, was=_standing(was), now=_standing(now), causes=causes))
    return sorted(found, key=lambda change: (change.kind, change.title))


def _turn(was: TrendCard | None, now: TrendCard | None) -> Turn | None:
    """What became of a card; None for nothing."""
    if was is None or now is None:
        return "new" if was is None else "retired"
    if was.direction != now.direction:
        return "reversed"
    one, other = ((_LEVELS[card.confidence.word], card.confidence.agreeing) for card in (was, now))
    return None if one == other else "strengthened" if other > one else "weakened"


def _behind(card: TrendCard | None, edition: _Edition) -> set[str]:
    """Documents that a card stands on."""
    if card is None:
        return set()
    claims = {claim.id: claim for claim in edition.report.claims}
    own = {document for item in (*card.claims, *card.counter_claims) if item in claims for document in edition.documents(claims[item])}
    return own | {edition.evidence[point.evidence] for point in card.series if point.evidence in edition.evidence}


def _standing(card: TrendCard | None) -> str:
    return f"{card.direction}, {card.confidence.word} ({card.confidence.reason})" if card else ""


# ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _claims(one: _Edition, other: _Edition, movement: _Movement) -> tuple[list[ClaimChange], int, int]:
    """(changes, statements in both, statements in one only for want of room)."""
    earlier, later = ({squeeze(claim.text)[0]: claim for claim in edition.current()} for edition in (one, other))
    unchanged = earlier.keys() & later.keys()
    left = {claim.id: claim for text, claim in earlier.items() if text not in unchanged}
    found: list[ClaimChange] = []
    same, reshuffled = len(unchanged), 0
    for claim in (claim for text, claim in later.items() if text not in unchanged):
        former, says_other = _counterpart(claim, [*earlier.values()], one, other, left=left, movement=movement)
        fresh = movement.causes(later=other.documents(claim))
        causes = fresh or (movement.causes(earlier=one.documents(former)) if former is not None and says_other else ())
        if former is not None:
            left.pop(former.id, None)
        if causes:
            found.append(_change(claim, former, says_other=says_other, causes=causes))
        elif former is not None:
            same += 1
        else:
            reshuffled += 1
    for claim in left.values():
        causes = movement.causes(earlier=one.documents(claim)) or _retired_by(claim, other, movement)
        reshuffled += not causes
        found += [ClaimChange(kind="withdrawn", claim="", before=claim.id, text=claim.text, causes=causes)] if causes else []
    return sorted(found, key=lambda change: (change.kind, change.text)), same, reshuffled


def _change(claim: Claim, former: Claim | None, *, says_other: bool, causes: tuple[str, ...]) -> ClaimChange:
    return ClaimChange(
        kind="new" if former is None else "changed" if says_other else "confirmed",
        claim=claim.id,
        before=former.id if former else "",
        text=claim.text,
        was=former.text if former and says_other else "",
        causes=causes,
    )


def _counterpart(
    claim: Claim, earlier: Sequence[Claim], one: _Edition, other: _Edition, *, left: Mapping[str, Claim], movement: _Movement
) -> tuple[Claim | None, bool]:
    """(the statement of the earlier edition on the same figures, whether that said otherwise); the one with most figures in common."""
    now = other.values_of(claim)
    best: tuple[tuple[int, int, str], Claim, bool] | None = None
    for former in earlier:
        was = one.values_of(former)
        shared = now.keys() & was.keys()
        if shared:
            says_other = any(not same_value(was[key], now[key]) for key in shared)
            rank = (len(shared), former.id in left, former.id)
            best = max(best, (rank, former, says_other), key=lambda found: found[0]) if best else (rank, former, says_other)
    if best is not None:
        return best[1], best[2]
    return _reworded(claim, one, other, left=left, movement=movement), True


def _reworded(claim: Claim, one: _Edition, other: _Edition, *, left: Mapping[str, Claim], movement: _Movement) -> Claim | None:
    """The sentence of a document's earlier content that this one of its present content is another wording of."""
    own, stems = other.documents(claim), shingles(content_stems(claim.text))
    of_same = [former for former in left.values() if any(movement.gone.get(document) in own for document in one.documents(former))]
    likeness = {former.id: overlap(stems, shingles(content_stems(former.text))) for former in of_same}
    nearest = max(of_same, key=lambda former: (likeness[former.id], former.id), default=None)
    return nearest if nearest is not None and likeness[nearest.id] >= LIKE else None


def _retired_by(claim: Claim, other: _Edition, movement: _Movement) -> tuple[str, ...]:
    """The new documents because of which the later edition prints the statement as replaced."""
    claims = {one.id: one for one in other.report.claims}
    for conflict in other.report.conflicts:
        old = [claims[side.claim] for side in conflict.sides[1:] if side.claim in claims] if conflict.kind == "superseded" else []
        if any(squeeze(one.text) == squeeze(claim.text) for one in old) and conflict.sides[0].claim in claims:
            return movement.causes(later=other.documents(claims[conflict.sides[0].claim]))
    return ()
