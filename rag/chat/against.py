"""Two lines of a table that a question sets against each other at one time: a share, a ratio, how far they are apart.

"What share of total revenue came from services in 2019?" names two lines. Each is looked for by its own words; where the two do not
stand in one table, or more than one pair fits, nothing is computed.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.chat.choose import overlapping
from rag.chat.question import Asked
from rag.chat.sums import MEAN, is_about, said_of
from rag.numbers import period_order
from rag.patterns import regex
from rag.report.gather import CellEvidence
from rag.report.sums import EXCESS, RATIO, SHARE, SHARED, Operand, operand_of, side_of, sum_claim
from rag.text import content_stems
from rag.types import Claim

_PART = r"(?:percentages?|proportion|share|fraction|per\s?cent)"
_VERB = r"(?:is|are|was|were|comes?|came|does|do|did)"
_TWO: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (formula, regex(rf"(?i){pattern}"))
    for formula, pattern in (
        (SHARE, rf"(?P<a>.+?)\s(?:expressed\s)?as an?\s{_PART}\sof\s(?P<b>.+)"),
        (SHARE, rf"\b(?:(?:what|which)\s{_PART}|how much)\sof\s(?P<b>.+?)\s{_VERB}\s(?:from\s)?(?P<a>.+)"),
        (SHARE, rf"\b{_PART}(?:\sconstitution)?\sof\s(?P<a>.+?)\s(?:in|among|over|within|out of|relative to)\s(?P<b>.+)"),
        (RATIO, r"\bratio\sof\s(?P<a>.+?)\sto\s(?P<b>.+)"),
        (RATIO, r"\bhow many times\s(?:as (?:large|big|high|much)\sas\s)?(?P<b>.+?)\s(?:is|was|are|were)\s(?P<a>.+)"),
        (EXCESS, r"\bdifference\s(?:in\s.+?\s)?between\s(?P<a>.+?)\sand\s(?P<b>.+)"),
        (EXCESS, r"\bhow much\s(?:higher|more|larger|greater|lower|less|smaller)\s(?:is|are|was|were)\s(?P<a>.+?)\sthan\s(?P<b>.+)"),
    )
)
_SAYS_LITTLE = frozenset(content_stems("value amount company figure respective part form make account come year fiscal period end ended"))
LEAST_OF_LABEL, LEAST_OF_WORDS = 0.6, 0.6
"""Shares of a line's label that must be asked for, and of the words asked for that its label, caption and document must name."""
AROUND = 0.5
"""What a word counts that only the caption or the document names."""


class Pair(NamedTuple):
    """What a question sets against each other."""

    formula: str
    a: frozenset[str]
    """Stems of the words that name the one, such as a part."""
    b: frozenset[str]
    """Of the other, such as the whole."""


def pair_of(asked: Asked) -> Pair | None:
    """The two lines that a question names, apart from its periods; None where it sets no two against each other, or their averages."""
    if MEAN.search(asked.text):
        return None
    for formula, pattern in _TWO:
        if found := pattern.search(asked.apart_from_periods):
            a, b = (frozenset(content_stems(found[side])) - _SAYS_LITTLE for side in ("a", "b"))
            if a and b and a != b:
                return Pair(formula, a, b)
    return None


def set_against(asked: Asked, cells: Sequence[CellEvidence], *, section: str) -> Claim | None:
    """The share, ratio or excess that a question asks for; at a table's newest time where it names none."""
    pair = pair_of(asked)
    if pair is None or len(asked.labels) > 1:
        return None
    best: dict[float, dict[str, Claim]] = defaultdict(dict)
    for about, lines in _at_one_time(asked, cells):
        (fits_a, a), (fits_b, b) = (_best(words, lines, about=about, elsewhere=asked.stems - pair.a - pair.b) for words in (pair.a, pair.b))
        if a and b and (claim := sum_claim(pair.formula, [a.evidence, b.evidence], section=section)):
            best[min(fits_a, fits_b)][claim.text] = claim
    claims = list(best[max(best)].values()) if best else []
    return claims[0] if len(claims) == 1 else None


def _at_one_time(asked: Asked, cells: Sequence[CellEvidence]) -> Iterator[tuple[frozenset[str], list[Operand]]]:
    """(stems of what a document says of itself, values of one of its tables): those of the time asked for, or the newest; of a table
    without times, where none is asked for, those of each column and row."""
    tables: dict[tuple[str, int, tuple[str, ...]], dict[str, list[Operand]]] = defaultdict(lambda: defaultdict(list))
    others: dict[tuple[object, ...], list[Operand]] = defaultdict(list)
    about = {}
    for cell in cells:
        evidence = cell.evidence
        if not is_about(asked, cell) or evidence.table is None:
            continue
        key = (evidence.document, evidence.page, evidence.heading_path)
        about[key] = frozenset(content_stems(said_of(cell.source)))
        if operand := operand_of(evidence):
            tables[key][operand.period].append(operand)
            continue
        for shared in SHARED:
            if side := side_of(evidence, shared=shared):
                others[key, shared, getattr(evidence.table, shared)].append(side)
    for key, times in tables.items():
        meant = [time for time in times if any(overlapping(time, label) for label in asked.labels)]
        if not asked.labels:
            meant = [max(times, key=period_order)]
        yield from ((about[key], times[time]) for time in meant)
    if not asked.labels:
        yield from ((frozenset[str](), sides) for sides in others.values())


def _best(
    wanted: frozenset[str], lines: Sequence[Operand], *, about: frozenset[str], elsewhere: frozenset[str]
) -> tuple[float, Operand | None]:
    """The line that words name best, and how well, 0 to 1; None where none is named by enough, or several are with other values. What of a
    label the question says ``elsewhere`` does not count: "balance payable" of two lines that both are."""
    fits: dict[float, list[Operand]] = defaultdict(list)
    for line in lines:
        own = frozenset(content_stems(line.name))
        around = about.union(content_stems(" ".join((line.when, *line.evidence.heading_path)))) - own
        label = len(own & wanted) / len(own - elsewhere) if own & wanted else 0.0
        named = (len(own & wanted) + AROUND * len(around & wanted)) / len(wanted)
        if label >= LEAST_OF_LABEL and named >= LEAST_OF_WORDS:
            fits[2 * label * named / (label + named)].append(line)
    found = fits[max(fits)] if fits else []
    return (max(fits), found[0]) if len({line.number.value for line in found}) == 1 else (0.0, None)
