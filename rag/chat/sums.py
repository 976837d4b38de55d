"""Sums that a question asks for: which formula, over which times, of which line of a table.

"What was the percentage change in net sales from 2018 to 2019?" is answered by no cell, but by two of one line. Which line is meant is
decided by its labels; where they do not tell, or a time is there twice, nothing is computed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.chat.choose import names_held, overlapping
from rag.chat.question import YEAR, Asked
from rag.numbers import period_order, period_shape
from rag.patterns import regex
from rag.report.claims import CHANGE, RELATIVE_CHANGE
from rag.report.gather import CellEvidence
from rag.report.measures import Measure, Sought
from rag.report.sums import Operand, mean_of, measure_claim, operand_of, sum_claim, total_of
from rag.text import content_stems
from rag.types import Claim, Document, Evidence, Source

_MOVES = r"(?:changes?|increases?|decreases?|growth|declines?|differences?|rise|fall|drop|reduction)"
_RELATIVE = regex(
    rf"(?i)(?:\bper\s?cent(?:age)?|%|\brelative|\byear[- ](?:on|over)[- ]year|\byoy)\s(?:\w+\s)?{_MOVES}\b|\bgrowth rate|"
    rf"\bby (?:what|how many) per\s?cent|\b{_MOVES}\b.{{0,60}}\bin (?:per\s?cent|%)|^how (?:fast|strongly) "
)
_CHANGE = regex(rf"(?i)\b(?:{_MOVES}|changed|increased|decreased|grew|grown?|declined|rose|risen|fell|fallen|dropped)\b")
MEAN = regex(r"(?i)\b(?:average|mean)\b")
"""Of a question that wants an average."""
_TOTAL = regex(r"(?i)\b(?:sum|combined|together|total)\b")
_SPAN = regex(r"(?i)\b(?:from|between)\b.*\d{2,4}\D{1,30}\b(?:to|and|until|through)\b|\d{4}\s?(?:-|–|to)\s?(?:FY)?\d{2,4}\b")
_YEAR_BEFORE = regex(r"(?i)\b(?:previous|prior|preceding) (?:fiscal )?year|\byear[- ](?:on|over)[- ]year\b")
_ASKS_HOW_MUCH = regex(
    rf"(?i)^(?:in\s[^,?]+,\s)?(?:what\s(?:is|are|was|were)\sthe\s(?:[\w-]+\s){{0,3}}?{_MOVES}\b|"
    r"how much (?:did|has|have|is the|was the)\b|by (?:what|how)\b)"
)
"""A question for the size of a change, and not for its reasons."""
_ABOUT_THE_SUM = frozenset(
    content_stems(
        "change changed percentage percent increase increased decrease decreased difference growth grow grew decline declined rise rose "
        "fall fell drop dropped reduction average mean sum combined together total year years fiscal period much many value amount company "
        "respective annual ended ending end compare compared relative rate both two three"
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be computed."""

    formula: str
    """One of change and relative change; empty for an average or a total, whose formula depends on how many values there are."""
    added: bool = False
    """A total instead of an average."""
    times: tuple[str, ...] = ()
    """Labels of the periods asked for, oldest first; empty: all that the line has, which for a change must be two."""
    span: bool = False
    """Whether what lies between the times is meant too."""


def wish_of(asked: Asked) -> Wish | None:
    """What a question wants computed; None where it asks for no sum, or not over which times."""
    times = tuple(sorted(asked.labels, key=period_order))
    how_much = _ASKS_HOW_MUCH.search(asked.text) is not None
    if len(times) == 1 and (how_much or _YEAR_BEFORE.search(asked.text)) and YEAR.search(times[0]):
        times = (YEAR.sub(lambda year: f"{int(year[0]) - 1}", times[0]), *times)
    if len(times) == 2 or (how_much and not times):
        if _RELATIVE.search(asked.text):
            return Wish(formula=RELATIVE_CHANGE, times=times)
        if _CHANGE.search(asked.text):
            return Wish(formula=CHANGE, times=times)
    span = _SPAN.search(asked.text) is not None
    if MEAN.search(asked.text) and len(times) != 1:
        return Wish(formula="", times=times, span=span)
    if _TOTAL.search(asked.text) and len(times) >= 2:
        return Wish(formula="", added=True, times=times, span=span)
    return None


def computed(asked: Asked, cells: Sequence[CellEvidence], *, section: str) -> Claim | None:
    """The sum that a question asks for, of the one line of a table that it names; None where no line, or more than one, answers.

    Names that the question gives stand in the table's labels or in what its document says of itself, or nothing is computed.
    """
    wish = wish_of(asked)
    if wish is None:
        return None
    wanted = set(content_stems(asked.apart_from_periods)) - _ABOUT_THE_SUM
    about = {cell.source.document: set(content_stems(said_of(cell.source))) for cell in cells}
    best: dict[float, list[Sequence[Operand]]] = defaultdict(list)
    for line in _lines(cell.evidence for cell in cells if is_about(asked, cell)):
        if (chosen := _at_times(line, wish)) and _tells_which(wanted, line):
            best[_named(wanted, line, about=about[line[0].evidence.document])].append(chosen)
    if not best or not max(best):
        return None
    claims = {claim.text if claim else "": claim for claim in (_claim(wish, chosen, section=section) for chosen in best[max(best)])}
    return next(iter(claims.values())) if len(claims) == 1 else None


_COMPARES = regex(
    r"(?i)\b(?:improv|declin|chang|increas|decreas|grow|grew|rise|rose|fall|fell|drop|compar|develop|trend|consisten|better|worse|drove|historical)"
)
"""A question that sets a measure against the year before, which it need not name."""
_OWN_TERMS = regex(r"(?i)\bdefin|\baverage|adjusted|\bexclud|\bincluding\b")
"""A question that says how it wants a measure computed, which is then not ours to say."""


def measured(
    asked: Asked, cells: Sequence[CellEvidence], *, sought: Sought, document: Callable[[str], Document], section: str
) -> list[Claim]:
    """The measures that a question names, of lines of one document's statements, for each time it names, the newest first without one."""
    if _OWN_TERMS.search(asked.text):
        return []
    of_document: dict[str, list[tuple[str, Operand]]] = defaultdict(list)
    for cell in cells:
        evidence = cell.evidence
        line = sought.line_of(evidence.table.row) if evidence.table else ""
        stated = line and is_about(asked, cell) and sought.prints(line, evidence.page, document(evidence.document))
        if stated and (operand := operand_of(evidence)):
            of_document[evidence.document].append((line, operand))
    for lines in of_document.values():
        times = sorted(asked.labels, key=period_order, reverse=True) or _newest(lines)
        times = [*times, *([_year_before(times[0])] if len(times) == 1 and _COMPARES.search(asked.text) else [])]
        made = [claim for measure in sought.measures for time in times if (claim := _measure(measure, lines, time, section=section))]
        if made:
            return made
    return []


def _year_before(time: str) -> str:
    return f"{period_order(time)[0] - 1}"


def _newest(lines: Sequence[tuple[str, Operand]]) -> list[str]:
    return [f"{max(period_order(operand.period)[0] for _, operand in lines)}"] if lines else []


def _measure(measure: Measure, lines: Sequence[tuple[str, Operand]], time: str, *, section: str) -> Claim | None:
    for formula in measure.formulas:
        chosen = [_only(lines, line, time) for line in measure.lines_of(formula)]
        if all(chosen):
            return measure_claim(measure, formula, [operand.evidence for operand in chosen if operand], section=section)
    return None


def _only(lines: Sequence[tuple[str, Operand]], name: str, time: str) -> Operand | None:
    """A line's value at a time: of its plainest label, where that prints one value only."""
    found = [operand for line, operand in lines if line == name and overlapping(operand.period, time)]
    shortest = min((len(operand.name) for operand in found), default=0)
    plain = [operand for operand in found if len(operand.name) == shortest]
    return plain[0] if len({operand.number.value for operand in plain}) == 1 else None


def is_about(asked: Asked, cell: CellEvidence) -> bool:
    """True when the names that a question gives stand in a cell's labels or in what its document says of itself."""
    evidence = cell.evidence
    labels = f"{evidence.table.row} {evidence.table.column}" if evidence.table else ""
    return names_held(asked, " ".join((labels, *evidence.heading_path, said_of(cell.source)))) == 1


def said_of(source: Source) -> str:
    """What a document says of itself: title, author and publisher."""
    return f"{source.title} {source.author} {source.publisher}"


LEAST_OF_LABEL = 0.5
"""Share of a line's label that the question must name."""
LEAST_OF_QUESTION = 0.7
"""Share of the question's words that the line's label and caption must name."""


def _claim(wish: Wish, chosen: Sequence[Operand], *, section: str) -> Claim | None:
    formula = wish.formula or (total_of(len(chosen)) if wish.added else mean_of(len(chosen)))
    return sum_claim(formula, [operand.evidence for operand in chosen], section=section)


def _named(wanted: Collection[str], line: Sequence[Operand], *, about: Collection[str]) -> float:
    """How well a line's labels and a question fit, 0 to 1: the harmonic mean of the share of the label that is asked for, and of the
    question that the labels, the caption and what its document says of itself name."""
    own = set(content_stems(line[0].name)) - _ABOUT_THE_SUM or set(content_stems(line[0].name))
    around = own.union(about, content_stems(" ".join(line[0].evidence.heading_path)))
    label = len(own & set(wanted)) / len(own) if own else 0.0
    asked = len(around & set(wanted)) / len(wanted) if wanted else 0.0
    return 2 * label * asked / (label + asked) if label >= LEAST_OF_LABEL and asked >= LEAST_OF_QUESTION else 0.0


def _tells_which(wanted: Collection[str], line: Sequence[Operand]) -> bool:
    """False for one of several rows of a name where the question says nothing of the line that it stands under: "services" of two kinds."""
    section, told_apart, _ = line[0].name.partition(": ")
    return not told_apart or bool(set(content_stems(section)) & set(wanted))


def _lines(cells: Iterable[Evidence]) -> Iterator[Sequence[Operand]]:
    """The cells of each line of each table: of a row under several times, or of a column beside several."""
    rows: dict[tuple[object, ...], list[Operand]] = defaultdict(list)
    number, before = 0, ("", "")
    for cell in sorted(cells, key=lambda cell: (cell.document, cell.start)):
        operand = operand_of(cell)
        reference = cell.table
        if reference is None:
            continue
        if (cell.document, reference.row) != before:
            number, before = number + 1, (cell.document, reference.row)
        if operand is not None:
            in_column = operand.when in reference.column
            rows[(cell.document, cell.heading_path, operand.name) if not in_column else (number, operand.name)].append(operand)
    yield from rows.values()


def _at_times(line: Sequence[Operand], wish: Wish) -> list[Operand]:
    """The line's values at the times, oldest first, for a span those between too; none where one is missing or there twice."""
    times = wish.times
    if times and wish.span:
        first, last = (period_order(time) for time in (times[0], times[-1]))
        inside = [operand for operand in line if first[:1] <= period_order(operand.period)[:1] <= last[:1]]
        held = all(any(overlapping(operand.period, time) for operand in inside) for time in times)
        return _in_order(inside) if held else []
    if not times:
        return _in_order(line)
    found = [_latest_day([operand for operand in line if overlapping(operand.period, time)]) for time in times]
    return [one[0] for one in found] if all(len(one) == 1 for one in found) else []


def _in_order(line: Sequence[Operand]) -> list[Operand]:
    """Oldest first; none where there is one only, or two of one time."""
    chosen = sorted(line, key=lambda operand: period_order(operand.period))
    return chosen if len({operand.period for operand in line}) == len(line) > 1 else []


def _latest_day(found: Sequence[Operand]) -> Sequence[Operand]:
    """Of several days of the year asked for the last: the year's end of a balance sheet that gives its beginning too."""
    if len(found) > 1 and all(period_shape(operand.period) == "day" for operand in found):
        return [max(found, key=lambda operand: period_order(operand.period))]
    return found
