"""A report with other claims in some of its places, and everything that follows from its claims computed again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from rag.report.book import BOTTOM_LINE
from rag.report.cards import DraftCard, finish, spoken_for
from rag.report.report_gates import card_name, cited_documents, disputed_keys, glance_values, stated_copies
from rag.report.subjects import subjects
from rag.types import Claim, GlanceRow, Report, Section, TrendCard

Homes: TypeAlias = Mapping[str, Sequence[Claim]]
"""Id of a card or section, or BOTTOM_LINE -> the claims that stand there instead of those that could be worded."""

_AS_THEY_ARE = ("by_subject", "conflicts")
"""Sections whose sentences are quoted for their own sake."""


def fixed_claims(report: Report) -> frozenset[str]:
    """Claims that nothing stands in for: computed ones, tables' lines, sides of a disagreement, counter-evidence."""
    fixed = {claim.id for claim in report.claims if claim.calculation or len(claim.evidence) != 1 or claim.section in _AS_THEY_ARE}
    fixed |= {side.claim for conflict in report.conflicts for side in conflict.sides}
    return frozenset(fixed | {item for card in report.cards for item in card.counter_claims})


def restate(report: Report, homes: Homes) -> Report:
    """The report with these claims; every evidence that it held is still carried, or it is not in it. Its id is left empty."""
    known = {claim.id: claim for claim in report.claims} | {claim.id: claim for claims in homes.values() for claim in claims}
    fixed = fixed_claims(report)
    cards = {card.id: _card(report, card, known, _instead(card.claims, homes.get(card.id), fixed)) for card in report.cards}
    sections = tuple(
        replace(
            section,
            cards=tuple(cards[item].id for item in section.cards),
            claims=_instead(section.claims, homes.get(section.id), fixed),
        )
        for section in report.sections
    )
    by_id = {card.id: card for card in cards.values()}
    printed = _printed(sections, by_id)
    lead = _lead(report, homes, known, printed)
    claims = tuple(known[item] for item in dict.fromkeys((*(item for item in lead if item not in printed), *printed)))
    made = replace(
        report,
        id="",
        bottom_line=lead,
        sections=sections,
        cards=tuple(cards[card.id] for card in report.cards),
        claims=claims,
        glance=tuple(_row(row, cards, {claim.id: claim for claim in claims}) for row in report.glance),
    )
    return _recounted(made)


def _instead(old: Sequence[str], new: Sequence[Claim] | None, fixed: frozenset[str]) -> tuple[str, ...]:
    """The new claims first, then the old ones that stay."""
    return tuple(old) if new is None else tuple(dict.fromkeys((*(claim.id for claim in new), *(item for item in old if item in fixed))))


def _card(report: Report, card: TrendCard, known: Mapping[str, Claim], claims: Sequence[str]) -> TrendCard:
    if tuple(claims) == card.claims:
        return card
    about = subjects([item.source for item in report.coverage if item.status != "failed" and item.source.published <= report.as_of])
    return finish(
        DraftCard(key=card.key, metric="", section=card.section, series=card.series, claims=()),
        claims=[known[item] for item in claims],
        counter_claims=[known[item] for item in card.counter_claims],
        evidence={item.id: item for item in report.evidence},
        sources=spoken_for([*(item.source for item in report.coverage), *report.sources], stated_copies(report)),
        about=about,
        as_of=report.as_of,
        disputed=card.key in disputed_keys(report),
    )


def _printed(sections: Iterable[Section], cards: Mapping[str, TrendCard]) -> dict[str, None]:
    order: list[str] = []
    for section in sections:
        for name in section.cards:
            order += [*cards[name].claims, *cards[name].counter_claims]
        order += section.claims
    return dict.fromkeys(order)


def _lead(report: Report, homes: Homes, known: Mapping[str, Claim], printed: Mapping[str, None]) -> tuple[str, ...]:
    """The bottom line's own sentences, else the claims that now carry what it quoted."""
    if homes.get(BOTTOM_LINE):
        return tuple(_carrier(claim, known, printed) for claim in homes[BOTTOM_LINE])
    return tuple(dict.fromkeys(_carrier(known[item], known, printed) for item in report.bottom_line))


def _carrier(claim: Claim, known: Mapping[str, Claim], printed: Mapping[str, None]) -> str:
    """The claim itself where it is printed or the bottom line's own, else the first printed one on its evidence."""
    if claim.id in printed or claim.section == BOTTOM_LINE:
        return claim.id
    return next(item for item in printed if claim.evidence[0] in known[item].evidence and known[item].calculation is None)


def _row(row: GlanceRow, cards: Mapping[str, TrendCard], claims: Mapping[str, Claim]) -> GlanceRow:
    card = cards[row.card]
    latest, period, change = glance_values(card, claims)
    return GlanceRow(
        card=card.id,
        metric=card_name(card),
        latest=latest,
        period=period,
        change=change,
        direction=card.direction,
        claims=card.claims,
        confidence=card.confidence.word,
    )


def _recounted(report: Report) -> Report:
    """Sources in order of first citation, and what each document carries."""
    sources = {source.document: source for source in report.sources}
    evidence = {item.id: item.document for item in report.evidence}
    carried = Counter(document for claim in report.claims for document in {evidence[item] for item in claim.evidence})
    coverage = tuple(replace(item, claims=carried.get(item.source.document, 0)) for item in report.coverage)
    counts = {**report.manifest.counts, "claims": len(report.claims)}
    return replace(
        report,
        sources=tuple(sources[document] for document in cited_documents(report)),
        coverage=coverage,
        manifest=replace(report.manifest, counts=counts),
    )
