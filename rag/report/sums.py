"""Sums over values of tables: a change, an average, a total, a share, a measure, each of cited cells and computed again by the gate.

A claim that prints one is a function of its formula and its cells alone, so that the gate makes it anew and compares.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rag.numbers import find_numbers, find_periods, period_order
from rag.patterns import regex
from rag.report.claims import CHANGE, DIGITS, RELATIVE_CHANGE, computed_claim, direction_of_step, printed_digits, rounded, scale_of
from rag.report.facts import cell_value, without_unit
from rag.report.measures import LINES, Measure, letters_of
from rag.types import Calculation, Claim, Direction, Evidence, Number

_MOST = 6
"""Values that one sum adds up."""
SHARE, RATIO, EXCESS = "a / b * 100", "a / b", "a - b"
AGAINST = (SHARE, RATIO, EXCESS)
"""The formulas that set one value of a table against another, of one time, column or row."""
SHARED: tuple[Literal["column", "row"], ...] = ("column", "row")


def total_of(count: int) -> str:
    """The formula that adds up so many values."""
    return " + ".join(_letters(count))


def mean_of(count: int) -> str:
    """The formula of the average of so many values."""
    return f"({total_of(count)}) / {count}"


def _letters(count: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[:count]


_MEANS = {mean_of(count): count for count in range(2, _MOST + 1)}
_TOTALS = {total_of(count): count for count in range(2, _MOST + 1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Operand:
    """A cell that holds one number of one period."""

    evidence: Evidence
    number: Number
    """As prose prints it, with the unit that its table says."""
    name: str
    """What the cell's labels say but for the period and the unit."""
    period: str
    """The label of its period."""
    when: str
    """The period as the table prints it."""

    @property
    def scale(self) -> Decimal:
        """What the printed digits are multiplied by; 0 where they are not read so: "1.842,6"."""
        return scale_of(self.number.printed, self.number.value)

    @property
    def places(self) -> int:
        """Decimal places printed."""
        return len(printed_digits(self.number.printed).partition(".")[2])

    def like(self, value: Decimal, *, places: int) -> str:
        """Another value of the same unit, printed as this one is, without its sign."""
        bare = re.sub(r"[()−–-]", "", self.number.printed)
        return DIGITS.sub(f"{rounded(abs(value) / self.scale, places=places):,f}", bare, count=1).strip()


def _number_of(evidence: Evidence) -> Number | None:
    """The number of a cell under a header; None for a sentence or a row, for a cell with none or several, and for a year."""
    numbers = find_numbers(cell_value(evidence))
    is_cell = evidence.table is not None and evidence.table.column
    return numbers[0] if is_cell and len(numbers) == 1 and numbers[0].kind != "year" else None


def operand_of(evidence: Evidence) -> Operand | None:
    """A cell as an operand; None where it holds no number or several, or where its labels name no period or several."""
    number, reference = _number_of(evidence), evidence.table
    if number is None or reference is None:
        return None
    for label, other in ((reference.column, reference.row), (reference.row, reference.column)):
        bare = without_unit(label)
        mentions = find_periods(bare)
        if mentions:
            last = mentions[-1]
            if len({mention.label[:4] for mention in mentions}) > 1 or last.relative:
                return None
            when = _YEARS_ENDED.sub("", bare[last.start : last.end])
            rest = _named_apart(bare[: mentions[0].start] + bare[last.end :])
            name = ", ".join(part for part in (_bare(other), rest) if part)
            made = Operand(evidence=evidence, number=number, name=name, period=last.label, when=when)
            return made if name and made.scale else None
    return None


def side_of(evidence: Evidence, *, shared: Literal["row", "column"]) -> Operand | None:
    """A cell as one of several of a row or a column, by its other label; no period. None where it holds no number or several."""
    number, reference = _number_of(evidence), evidence.table
    if number is None or reference is None:
        return None
    own, common = (reference.row, reference.column) if shared == "column" else (reference.column, reference.row)
    made = Operand(evidence=evidence, number=number, name=_bare(own), period="", when=_bare(common))
    return made if made.name and made.scale else None


def _sides(cells: Sequence[Evidence]) -> list[Operand]:
    """Cells that are set against each other: of two lines at one time, else of one column or of one row; none otherwise."""
    timed = [operand for cell in cells if (operand := operand_of(cell))]
    if len(timed) == len(cells) and len({operand.period for operand in timed}) == 1:
        return timed
    for shared in SHARED:
        if len({getattr(cell.table, shared, None) for cell in cells}) == 1:
            return [side for cell in cells if (side := side_of(cell, shared=shared))]
    return []


_YEARS_ENDED = regex(r"(?i)^(?:fiscal\s)?years?\s(?:ended|ending)\s")
_AROUND_A_TIME = frozenset(
    "for the of as at and in to on fiscal year years ended ending end year-end period month months week weeks quarter restated audited "
    "unaudited actual note see".split()
)


def _bare(label: str) -> str:
    """A label without its unit and the numbers of its footnotes."""
    return re.sub(r"\s?\(\d{1,2}\)|\s\d\)$", "", without_unit(label)).strip(" :;,.|–—-")


def _named_apart(rest: str) -> str:
    """What a label says beside a time; empty where that only stands around the time: "Fiscal year ended"."""
    rest = _bare(rest)
    return rest if any(word not in _AROUND_A_TIME and not word.isdigit() for word in re.findall(r"[\w-]+", rest.lower())) else ""


def sum_claim(formula: str, cells: Sequence[Evidence], *, section: str) -> Claim | None:
    """The claim that prints a formula of cells; None where the cells cannot be set against each other so.

    ``cells``: in the formula's order. Those of a change, an average or a total are one line of a table at several times, oldest first;
    those of a share, a ratio or an excess two of a table's values, of one time, column or row.
    """
    known = _sides(cells) if formula in AGAINST else [operand for cell in cells if (operand := operand_of(cell))]
    if len(known) < len(cells) or len({cell.id for cell in cells}) < len(cells):
        return None
    made = _computed(formula, known)
    if made is None:
        return None
    return _claim(formula, known, made, section=section)


def _claim(formula: str, operands: Sequence[Operand], made: "Computed", *, section: str) -> Claim:
    text, result, places = made
    direction: Direction = direction_of_step(result) if formula in (CHANGE, RELATIVE_CHANGE) else "none"
    calculation = Calculation(
        formula=formula,
        operands=tuple(one.evidence.id for one in operands),
        values=tuple(one.number.value for one in operands),
        result=result,
        rounding=places,
    )
    return computed_claim(text, calculation, section=section, direction=direction)


Computed = tuple[str, Decimal, int]
"""(sentence, result, its decimal places)"""


def _computed(formula: str, operands: Sequence[Operand]) -> Computed | None:
    if not _are_of_a_kind(operands):
        return None
    if formula in AGAINST:
        return _set_against(formula, operands)
    times = [period_order(one.period) for one in operands]
    if len({one.name for one in operands}) != 1 or times != sorted(set(times)):
        return None
    if formula in (CHANGE, RELATIVE_CHANGE):
        return _changed(formula, operands)
    if _MEANS.get(formula) == len(operands):
        return _added(operands, verb="averaged", by=len(operands))
    return _added(operands, verb="came to", by=1) if _TOTALS.get(formula) == len(operands) else None


def _are_of_a_kind(operands: Sequence[Operand]) -> bool:
    """True for one unit and scale; a table of money prints its mark in some rows only."""
    units = {(one.number.unit, one.number.kind) for one in operands}
    alike = len(units) == 1 or (len(units - {("", "plain")}) == 1 and {kind for _, kind in units} == {"money", "plain"})
    return alike and len({one.scale for one in operands}) == 1


def _changed(formula: str, operands: Sequence[Operand]) -> Computed | None:
    if len(operands) != 2:
        return None
    first, last = operands
    a, b = first.number.value, last.number.value
    relative = formula == RELATIVE_CHANGE
    if relative and (a <= 0 or b < 0 or last.number.unit == "%"):
        return None
    places = 1 if relative else max(first.places, last.places)
    exact = (b - a) / a * 100 if relative else b - a
    result = rounded(exact, places=places) if relative or last.scale == 1 else exact
    if relative:
        size = f"{abs(result)}%"
    elif last.number.unit == "%":
        size = f"{abs(result)} percentage points"
    else:
        size = _marked(operands).like(exact, places=places)
    span = f"from {first.number.printed} ({first.when}) to {last.number.printed} ({last.when})"
    if not result:
        return f"{last.name} did not change: {span}.", result, places
    if min(a, b) < 0:
        return f"{last.name} changed by {'−' if result < 0 else '+'}{size}, {span}.", result, places
    return f"{last.name} {'rose' if result > 0 else 'fell'} by {size}, {span}.", result, places


_RATIO_PLACES = 2


def _set_against(formula: str, operands: Sequence[Operand]) -> Computed | None:
    """Of two values of one table."""
    if len(operands) != 2:
        return None
    a, b = operands
    tables = {(one.evidence.document, one.evidence.heading_path, one.evidence.page) for one in operands}
    if len(tables) != 1 or a.period != b.period or a.name == b.name:
        return None
    if formula == EXCESS:
        return _apart(a, b)
    if min(a.number.value, b.number.value) <= 0 or a.number.unit == "%":
        return None
    working = f"({a.when}): {a.number.printed} ÷ {b.number.printed}."
    if formula == SHARE:
        result = rounded(a.number.value / b.number.value * 100, places=1)
        return f"{a.name} came to {result}% of {b.name} {working}", result, 1
    result = rounded(a.number.value / b.number.value, places=_RATIO_PLACES)
    return f"{a.name} came to {result} times {b.name} {working}", result, _RATIO_PLACES


def _apart(a: Operand, b: Operand) -> Computed | None:
    if (a.number.value < 0) != (b.number.value < 0):
        return None  # what is paid, in brackets, is not less than what is earned
    exact, places = a.number.value - b.number.value, max(a.places, b.places)
    size = _marked((a, b)).like(exact, places=places) if a.number.unit != "%" else f"{abs(rounded(exact, places=places))} percentage points"
    values = f"{a.number.printed} and {b.number.printed}"
    if not exact:
        return f"{a.name} and {b.name} were the same ({a.when}): {values}.", exact, places
    return f"{a.name} lay {size} {'above' if exact > 0 else 'below'} {b.name} ({a.when}): {values}.", exact, places


_MEAN_PLACES = 2
"""Decimal places that an average may have where its values have fewer."""
_NO_AMOUNT = regex(r"(?i)%|\b(?:per|price|rate|ratio|margin|average|percent(?:age)?|yield|return)\b")
"""Names of what does not add up; and an average of averages is nobody's figure."""


def _added(operands: Sequence[Operand], *, verb: str, by: int) -> Computed | None:
    last = operands[-1]
    if (by == 1 and last.number.unit == "%") or (_NO_AMOUNT.search(last.name) and (by == 1 or "average" in last.name.lower())):
        return None
    exact = sum((one.number.value for one in operands), Decimal(0)) / by
    places = max(one.places for one in operands)
    for digits in range(places, max(places, _MEAN_PLACES) + 1):
        result = rounded(exact / last.scale, places=digits)
        if result * last.scale == exact:
            break
    value = _marked(operands).like(exact, places=digits)
    listed = [f"{one.number.printed} ({one.when})" for one in operands]
    over = f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"{last.name} {verb} {'−' if exact < 0 else ''}{value} over {over}.", result * last.scale, digits


# ── measures of financial statements ──────────────────────────────────────────────────────────────────────────────


def measure_claim(measure: Measure, formula: str, cells: Sequence[Evidence], *, section: str) -> Claim | None:
    """The claim that prints a measure of lines of financial statements; None where the cells are not those lines, of one year and unit.

    ``cells``: in the order of the formula's letters. Raises nothing for a divisor of zero or below: there is no claim.
    """
    operands = [operand for cell in cells if (operand := operand_of(cell))]
    rows = [cell.table.row for cell in cells if cell.table]
    if len(operands) < len(cells) or not measure.names_cells(rows, formula):
        return None
    if not _are_of_a_kind(operands) or len({period_order(one.period)[0] for one in operands}) != 1:
        return None
    lines = zip(operands, measure.lines_of(formula), strict=True)
    values = [abs(one.number.value) if LINES[line].paid else one.number.value for one, line in lines]
    exact = _evaluated(formula, dict(zip(letters_of(formula), values, strict=True)))
    if exact is None:
        return None
    shown, result, places = _measured(formula, exact, like=_marked(operands))
    text = f"{measure.name} was {shown} ({operands[0].when}): {_working(formula, operands, values)}."
    return _claim(formula, operands, (text, result, places), section=section)


def _marked(operands: Sequence[Operand]) -> Operand:
    """The first that prints its unit, else the last."""
    return next((one for one in operands if one.number.unit), operands[-1])


def _measured(formula: str, exact: Decimal, *, like: Operand) -> Computed:
    """(as it is printed, rounded, decimal places): a share in per cent, a ratio to two places, money as its lines are."""
    if "/" not in formula:
        return f"{'−' if exact < 0 else ''}{like.like(exact, places=like.places)}", exact, like.places
    places, mark = (1, "%") if formula.endswith("* 100") else (2, "")
    result = rounded(exact, places=places)
    return f"{f'{result}'.replace('-', '−')}{mark}", result, places


def _working(formula: str, operands: Sequence[Operand], values: Sequence[Decimal]) -> str:
    """The formula with the lines and their values in place of letters."""
    named = {
        letter: f"{operand.name} {'−' if value < 0 else ''}{operand.like(value, places=operand.places)}"
        for letter, operand, value in zip(letters_of(formula), operands, values, strict=True)
    }
    signs = {"/": "÷", "-": "−", "*": "×"}
    bare = formula.removesuffix(" * 100")
    return re.sub(r"[a-f]|[-/*]", lambda match: named.get(match[0]) or signs[match[0]], bare)


def _evaluated(formula: str, values: Mapping[str, Decimal]) -> Decimal | None:
    """A formula of +, -, *, / and brackets over named values; None for a divisor of zero or below."""

    def value(node: ast.expr) -> Decimal:
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return Decimal(node.value)
        if not isinstance(node, ast.BinOp):
            raise TypeError(f"{formula!r} is no formula of names, whole numbers and +, -, *, /")
        left, right = value(node.left), value(node.right)
        if isinstance(node.op, ast.Div) and right <= 0:
            raise ZeroDivisionError
        return _OPERATIONS[type(node.op)](left, right)

    try:
        return value(ast.parse(formula, mode="eval").body)
    except ZeroDivisionError:
        return None


_OPERATIONS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
