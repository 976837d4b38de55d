"""A report kept to a number of words: the most important cards by their first sentences, then a sentence of each section in turn."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from itertools import zip_longest

from rag.types import Claim, Conflict, Section, TrendCard

_OF_CARDS, _OF_CARDS_BY_SUBJECT = 0.6, 0.35
"""Share of the words that cards may take, the rest being the sections'; less where each subject is to have its say."""
_CORE = 2
"""Sentences without which a card says nothing: two voices, or two points."""


def length(claims: Collection[Claim]) -> int:
    """Words of all claims."""
    return sum(len(claim.text.split()) for claim in claims)


def of_cards(
    ordered: Sequence[TrendCard], *, conflicts: Sequence[Conflict], claims: Mapping[str, Claim], words: int, by_subject: bool
) -> frozenset[str]:
    """Ids of the claims that cards may print. ``ordered``: the most important first; a card comes with all sides of what is disputed
    about it, since its confidence says so."""
    left = round(words * (_OF_CARDS_BY_SUBJECT if by_subject else _OF_CARDS))
    kept: set[str] = set()
    for card in ordered:
        disputed = [conflict for conflict in conflicts if conflict.key == card.key and conflict.kind != "superseded"]
        core = {*card.claims[:_CORE], *(side.claim for conflict in disputed for side in conflict.sides)} - kept
        cost = length([claims[item] for item in core])
        if cost <= left:
            kept |= core
            left -= cost
    return frozenset(kept)


def of_sections(sections: Sequence[Section], *, claims: Mapping[str, Claim], barred: Set[str], left: int) -> list[Section]:
    """The sections with as many of their own claims as ``left`` words allow: the first of each in turn, then the second. ``barred``:
    evidence that is never printed, such as one side of a dispute that there is no room for."""
    kept: set[str] = set()
    for turn in zip_longest(*(section.claims for section in sections)):
        for item in turn:
            if item is None or item in kept or not barred.isdisjoint(claims[item].evidence):
                continue
            if (cost := length([claims[item]])) <= left:
                kept.add(item)
                left -= cost
    return [_less(section, kept) for section in sections]


def _less(section: Section, kept: Collection[str]) -> Section:
    return replace(section, claims=tuple(item for item in section.claims if item in kept))
