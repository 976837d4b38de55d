"""Whether a table cell's labels say plainly what it is: the metric as a whole label, and a time that is nothing but a time."""

import re
from decimal import Decimal

from rag.numbers import SCALE_SAID, find_numbers, find_periods, period_shape, unit_in
from rag.patterns import regex
from rag.report.wording import Vocabulary
from rag.text import content_stems
from rag.types import TableReference

_WORD = regex(r"[^\W\d_]+(?:['’.&-][^\W\d_]+)*")
_ASIDE = regex(r"\([^)]*\)?|\[[^\]]*\]?")
_NEUTRAL = frozenset("total net consolidated overall the our group's company's all of and gaap reported average median".split())
"""In a row's label: of the whole."""
_ODD = frozenset(
    (
        "cumulative core adjusted organic underlying non-gaap normalized normalised comparable pro forma segment other certain "
        "deferred unearned unbilled gross allowance risk-free statutory federal state foreign beginning change changes increase decrease "
        "growth contribution impact effect minimum maximum expected average weighted weighted-average per less before after from "
        "on in to for discontinued operations’ unaudited restated combined joint parent guarantor obligor eliminations "
        "unallocated intersegment accumulated accrued unpaid risk"
    ).split()
)
"""In a row's label: another thing than its metric, by nearly its name."""
_BEHIND = regex(
    r"(?i)[\s,–—-]*(?:(?:attributable|available|applicable)\s(?:to|for)\s.{2,60}|from continuing operations|"
    r"(?:at\s)?(?:the\s)?end of (?:the\s)?\w+|"
    r"(?:at\s)?(?:period|quarter|year)[- ]end|on the last day|,?\snet)?\W*"
)
"""What may follow a metric in a row's label."""
_ODD_PARTS = frozenset("adjustment adjustments underlying normalised normalized one-off reconciling eliminations restated".split())
"""In a row under the metric: what turns one measure into another."""
_BALANCE = regex(r"(?i)\b(?:balances?|total|closing|opening|end|at)\b")
"""In a row under what there is on a day: the row is what there is, not how it changed."""
_TIMES = frozenset(
    (
        "fiscal year years ended ending as at of the for in month months quarter quarters twelve half first second third fourth "
        "thousand thousands million millions billion billions actual actuals audited unaudited dollars dollar eur usd gbp chf us "
        "u.s total amount value and end reported restated revised previously percent forecast estimate plan target outlook "
        "guidance expected e f a q h fy number h1 h2"
    ).split()
)
"""In a column's header, beside its period: nothing that says what its cells are."""
_PARTS_OF_A_YEAR = frozenset("first second third fourth quarter quarters half months".split())
"""Beside a year: a part of it, though the header does not say so in one piece ("First 2016")."""
_SCALE = regex(rf"(?i)\((?:amounts\s)?{SCALE_SAID}[^()]*\)")
_BY = regex(r"(?i)\b(?:by|per)\s[\w\s]{2,40}")
_TABLES = frozenset("table selected financial data key figures summary of for and in the at end by from to overview".split())


def are_plain(reference: TableReference, *, caption: str, metric: str, vocabulary: Vocabulary, topic: frozenset[str]) -> bool:
    """True where row, column or caption names the metric by its whole label and nothing else in them is left over.

    ``topic``: stems of the words that say what the report is about.
    """
    is_timed = is_time(reference.column) or (len(find_periods(caption)) == 1 and _is_empty(reference.column))
    if _names(reference.row, metric, vocabulary):
        return is_whole_row(reference.row, metric, vocabulary=vocabulary) and is_timed
    if _names(reference.column, metric, vocabulary):
        own = reference.row.rpartition(": ")[2]
        is_movement = vocabulary.metrics[metric].stock and _BALANCE.search(own) is None and not find_periods(own)
        is_odd = bool({word.lower() for word in _WORD.findall(reference.row)} & _ODD_PARTS)
        return not (is_movement or is_odd or _left(reference.column, metric, vocabulary) - _TIMES - _NEUTRAL)
    if _names(caption, metric, vocabulary):
        rest = _left(_BY.sub(" ", caption), metric, vocabulary) - _TIMES - _NEUTRAL - _TABLES
        rest -= {word for synonym in vocabulary.metrics[metric].synonyms for word in synonym.split()}
        return is_timed and (not rest or not topic.isdisjoint(stem for word in rest for stem in content_stems(word)))
    return is_timed


def _names(label: str, metric: str, vocabulary: Vocabulary) -> bool:
    return any(mention.metric.id == metric for mention in vocabulary.named(label))


def is_whole_row(row: str, metric: str, *, vocabulary: Vocabulary) -> bool:
    """True for "Total net revenue (a)", "Net income attributable to Halvex" and "Home division operating result"."""
    own, _ = parted(row, metric, vocabulary)
    if own.count("(") != own.count(")"):
        return False  # a line of it is missing
    bare = _ASIDE.sub(" ", own)
    unit = unit_in(row)[2]
    bare = bare.replace(unit, " ") if unit else bare
    mentions = [mention for mention in vocabulary.named(bare) if mention.metric.id == metric]
    if not mentions:
        return False
    last = mentions[-1]
    before = {word.lower() for word in _WORD.findall(bare[: last.start])}
    behind = re.sub(r"\W*\b\d\b\W*", " ", bare[last.end :])
    return not before & _ODD and "," not in bare[: last.start] and _BEHIND.fullmatch(behind) is not None


def parted(row: str, metric: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """A row's label and the part that it is of: "Operating profit" and "International" of "Operating profit: International". No part where
    what stands behind the colon is odd or something measured itself, nor of what there is on a day: a balance sheet's lines do not end
    where their heading's do."""
    own, _, part = row.partition(": ")
    measured = vocabulary.metrics[metric]
    is_part = (
        bool(part)
        and "money" in measured.units
        and not measured.stock
        and _names(own, metric, vocabulary)
        and not vocabulary.named(part)
        and _ODD.isdisjoint(word.lower() for word in _WORD.findall(part))
    )
    return (own, part) if is_part else (row, "")


def without_scale(column: str) -> str:
    """A header less what it says of all its cells, and what it excepts: "2018" of "2018 (in millions, except per share data)"."""
    return _SCALE.sub(" ", column).strip()


def is_time(column: str) -> bool:
    """True for a header that is one period and its unit: "2018", "Fiscal year 2020", "Years ended December 31, 2018 (in millions)"."""
    column = without_scale(column)
    if len(find_periods(column)) != 1:
        return False
    rest = _without_periods(column)
    words = {word.lower() for word in _WORD.findall(_without_unit(rest))}
    if words & _PARTS_OF_A_YEAR and period_shape(find_periods(column)[0].label) in ("year", "fiscal"):
        return False
    return words <= _TIMES and not any(abs(number.value) >= Decimal(100) for number in find_numbers(rest))


def is_of_its_own(column: str) -> bool:
    """True for a header that says a unit and, beside it, what its cells are: "Average cost (GBP)", and not "2025, EUR m"."""
    words = unit_in(column)[2]
    rest = _without_periods(column.replace(words, " ")) if words else ""
    return bool({word.lower() for word in _WORD.findall(rest)} - _TIMES - _NEUTRAL)


def _without_periods(label: str) -> str:
    for period in reversed(find_periods(label)):
        label = label[: period.start] + " " + label[period.end :]
    return label


def _without_unit(label: str) -> str:
    unit = unit_in(label)[2]
    return label.replace(unit, " ") if unit else label


def _is_empty(column: str) -> bool:
    """True for a header that says no more than "As reported" or a unit."""
    words = _WORD.findall(_without_unit(column))
    return bool(words) and {word.lower() for word in words} <= _TIMES and not find_numbers(column)


def _left(label: str, metric: str, vocabulary: Vocabulary) -> set[str]:
    """The words of a label besides the metric, its periods and its unit."""
    rest = _ASIDE.sub(" ", label)
    for mention in reversed([mention for mention in vocabulary.named(rest) if mention.metric.id == metric]):
        rest = rest[: mention.start] + " " + rest[mention.end :]
    return {word.lower() for word in _WORD.findall(_without_unit(_without_periods(rest)))}
