"""Claims: sentences as they are printed, each with its evidence, numbers, period and direction."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from rag.numbers import find_numbers, period_order, period_when
from rag.patterns import regex
from rag.report.facts import Stated, caption_of, cell_value, table_text, without_unit
from rag.report.gather import Candidate
from rag.report.quality import supposes
from rag.report.wording import Vocabulary, tokens
from rag.types import Calculation, Claim, ClaimKind, Direction, Evidence, Period, SeriesPoint

CHANGE = "b - a"
RELATIVE_CHANGE = "(b - a) / a * 100"
FORMULAS = (RELATIVE_CHANGE, CHANGE)
"""The only formulas that a calculation on a card's series may name: relative change in per cent, and difference."""
_RATES = {"%": "percentage points", "bp": "basis points"}
"""Units of which a change is told as a difference, and in what."""
DIGITS = regex(r"\d[\d,]*(?:\.\d+)?")
"""Of a printed figure."""
_SCALES = frozenset(map(Decimal, (1, 10**3, 10**6, 10**9, 10**12)))
"""What a printed figure's words multiply it by."""
_SIGNS = "(-−–"
_CLOSED = regex(r"^\s?\)")
_OPINION = regex(
    r"\b(?:we (?:think|believe|doubt|consider|suspect|assume|would|like|prefer)|in (?:our|my) (?:view|opinion|reading)|my own reading|"
    r"our (?:view|opinion)|it (?:seems|appears)|arguably)\b",
    re.IGNORECASE,
)


def claim_id(section: str, text: str, evidence: Sequence[str]) -> str:
    """The id of a claim: "c-" and 12 hex digits of the hash of section, text and evidence."""
    return "c-" + hashlib.sha256("\x1f".join((section, text, *evidence)).encode()).hexdigest()[:12]


def sentence_claim(candidate: Candidate, *, section: str, vocabulary: Vocabulary, metric: str = "") -> Claim:
    """The claim that prints a sentence; with a metric's id, its direction is that metric's."""
    direction = direction_of(candidate.text, vocabulary=vocabulary, metric=metric)
    return Claim(
        id=claim_id(section, candidate.text, (candidate.evidence.id,)),
        section=section,
        kind=_kind(candidate, vocabulary),
        mode=candidate.mode,
        text=candidate.text,
        evidence=(candidate.evidence.id,),
        numbers=candidate.numbers,
        period=_period(candidate),
        direction=direction,
    )


def direction_of(text: str, *, vocabulary: Vocabulary, metric: str = "") -> Direction:
    """Which way a sentence says a metric moves; without a metric, the first that moves."""
    words = tokens(text)
    for mention in vocabulary.mentions(words):
        way = vocabulary.direction(text, words, mention)
        if way != "none" and metric in ("", mention.metric.id):
            return way
    return "none"


def directions_in(text: str, *, vocabulary: Vocabulary) -> set[Direction]:
    """Every way that the sentence says any of its metrics moves."""
    words = tokens(text)
    return {vocabulary.direction(text, words, mention) for mention in vocabulary.mentions(words)}


def _kind(candidate: Candidate, vocabulary: Vocabulary) -> ClaimKind:
    ahead = any(not period.relative and period_order(period.label)[0] > candidate.source.published.year for period in candidate.periods)
    decided = candidate.text.startswith("From ")
    expected = vocabulary.kind(candidate.text) == "forecast"
    if expected and ahead and any(number.kind != "year" for number in candidate.numbers):
        return "forecast"
    if _OPINION.search(candidate.text) or supposes(candidate.text, at=0):
        return "source_opinion"
    return "forecast" if expected or (ahead and not decided) else "fact"


def _period(candidate: Candidate) -> Period | None:
    explicit = [period for period in candidate.periods if not period.relative]
    if len({period.label for period in explicit}) == 1:
        return Period(label=explicit[0].label, found_in="sentence")
    if not explicit and len({period.label for period in candidate.periods}) == 1:
        return Period(label=candidate.periods[0].label, found_in="document")
    return None


def cell_claim(stated: Stated, *, section: str) -> Claim:
    """The claim that prints a table's value with its labels, all verbatim."""
    return Claim(
        id=claim_id(section, stated.text, (stated.evidence.id,)),
        section=section,
        kind="forecast" if stated.fact.kind == "forecast" else "fact",
        mode="near_quote",
        text=stated.text,
        evidence=(stated.evidence.id,),
        numbers=find_numbers(stated.text),
        period=stated.fact.period,
    )


def side_claim(side: Stated, *, section: str, vocabulary: Vocabulary) -> Claim:
    """The claim that prints a side of a disagreement."""
    if side.candidate is None:
        return cell_claim(side, section=section)
    return sentence_claim(side.candidate, section=section, vocabulary=vocabulary)


def table_claim(items: Sequence[Stated], *, section: str) -> Claim:
    """The claim that prints several values of one column of a table with their labels, all verbatim."""
    evidence = tuple(item.evidence.id for item in items)
    text = table_text([item.evidence for item in items])
    return Claim(
        id=claim_id(section, text, evidence),
        section=section,
        kind="fact",
        mode="near_quote",
        text=text,
        evidence=evidence,
        numbers=find_numbers(text),
        period=items[0].fact.period,
    )


def change_claim(first: SeriesPoint, last: SeriesPoint, *, section: str, name: str) -> Claim | None:
    """The change between two points of one series, computed; None where it cannot be said in per cent or points."""
    calculation = calculate(first, last)
    if calculation is None:
        return None
    text = change_text(first, last, name=name, calculation=calculation)
    return computed_claim(text, calculation, section=section, direction=direction_of_step(calculation.result))


def computed_claim(text: str, calculation: Calculation, *, section: str, direction: Direction) -> Claim:
    """The claim that prints a calculation by a sentence that code made of it; it cites each operand once."""
    operands = tuple(dict.fromkeys(calculation.operands))
    return Claim(
        id=claim_id(section, text, operands),
        section=section,
        kind="calc",
        mode="prose",
        text=text,
        evidence=operands,
        numbers=find_numbers(text),
        direction=direction,
        calculation=calculation,
    )


def direction_of_step(step: Decimal | int) -> Direction:
    """The direction of a step: up, down, or flat for none."""
    return "up" if step > 0 else "down" if step < 0 else "flat"


def change_text(first: SeriesPoint, last: SeriesPoint, *, name: str, calculation: Calculation) -> str:
    """The sentence of a calculation, by a fixed template."""
    size = changed_by(last, calculation, rates=_RATES)
    way = (calculation.result > 0) - (calculation.result < 0)
    ahead = last.kind == "forecast"
    verb = f"is expected to {('stay', 'rise', 'fall')[way]}" if ahead else ("stayed", "rose", "fell")[way]
    span = f"from {first.printed} {period_when(first.period)} to {last.printed} {period_when(last.period)}"
    return f"{name} {verb} {span}: {size}."


def changed_by(last: SeriesPoint, calculation: Calculation, *, rates: Mapping[str, str]) -> str:
    """The result of a change in words: "+6.9%", "−2.0 percentage points", "−$763 million". ``rates``: what a change of a rate is told in,
    by the rate's unit."""
    if calculation.formula == RELATIVE_CHANGE:
        return f"{signed(calculation.result)}%"
    if last.unit in rates:
        return f"{signed(calculation.result)} {rates[last.unit]}"
    return ("−" if calculation.result < 0 else "+") + _like(last, calculation.result)


def _like(point: SeriesPoint, value: Decimal) -> str:
    """Another value of the same unit, printed as the point is, without its sign; empty where it would not be read as that value."""
    digits, scale = DIGITS.search(point.printed), scale_of(point.printed, point.value)
    if digits is None or not scale or not point.value:
        return ""
    shown = rounded(abs(value) / scale, places=len(digits[0].partition(".")[2]))
    before, behind = point.printed[: digits.start()].replace(" ", ""), _CLOSED.sub("", point.printed[digits.end() :])
    made = f"{before.strip(_SIGNS)}{shown:,f}{behind}"
    return made if [number.value for number in find_numbers(made)] == [shown * scale] else ""


def printed_digits(printed: str) -> str:
    """The digits of a printed figure, with commas and point; "0" for none."""
    found = DIGITS.search(printed)
    return found[0] if found else "0"


def scale_of(printed: str, value: Decimal) -> Decimal:
    """What the printed digits are multiplied by to give the value; 1 for a nought, 0 where they are not read so: "1.842,6"."""
    digits = Decimal(printed_digits(printed).replace(",", ""))
    scale = abs(value) / digits if digits else Decimal(1)
    return scale if scale in _SCALES else Decimal(0)


def calculate(first: SeriesPoint, last: SeriesPoint) -> Calculation | None:
    """Relative change in per cent, the difference of two rates in their points, or that of two amounts, since there is no percentage of
    what is zero or below, or falls below it; None for different units, and for an amount that cannot be printed like the last."""
    places = 1
    if first.unit != last.unit:
        return None
    if first.unit in _RATES:
        formula, result = CHANGE, last.value - first.value
    elif first.value > 0 <= last.value:
        formula, result = RELATIVE_CHANGE, (last.value - first.value) / first.value * 100
    elif _like(last, last.value - first.value):
        formula, result = CHANGE, last.value - first.value
        places = max(_places(first.value), _places(last.value))
    else:
        return None
    return Calculation(
        formula=formula,
        operands=(first.evidence, last.evidence),
        values=(first.value, last.value),
        result=rounded(result, places=places),
        rounding=places,
    )


def _places(value: Decimal) -> int:
    """Decimal places that it has."""
    return max(0, -int(value.normalize().as_tuple().exponent))


def rounded(value: Decimal, *, places: int) -> Decimal:
    """Half up, to so many decimal places, never minus zero."""
    made = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(made) if made == 0 else made


def signed(value: Decimal) -> str:
    """ "+12.5", "−3.0" with a minus sign, "0.0"."""
    return f"{value:+f}".replace("-", "−") if value else f"{value:f}"


def quoted(evidence: Evidence) -> str:
    """All the words a claim on this evidence may use: the quote, and a table's caption, labels and unit; labels also less their units, so
    that the year of "2018 RMB million" is one."""
    if evidence.table is None:
        return evidence.quote
    labels = dict.fromkeys(part for label in (evidence.table.row, evidence.table.column) for part in (label, without_unit(label)))
    return "; ".join((*evidence.heading_path[-1:], caption_of(evidence), *labels, evidence.quote, cell_value(evidence)))
