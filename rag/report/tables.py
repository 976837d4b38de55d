"""Tables in a line: one column of a table, the newest, as one sentence with every cell cited; a market by region, sales by division."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from rag.numbers import period_order, period_shape
from rag.patterns import regex
from rag.report.claims import table_claim
from rag.report.facts import Stated
from rag.report.wording import Vocabulary
from rag.types import Claim

_OTHER_BASIS = regex(r"(?i)\b(?:as reported|restate\w*|adjust\w*|previous\w*|before|pro forma|effect)\b")
"""Columns and tables that give a figure on another basis than the one that holds."""
FEWEST_CELLS, MOST_CELLS = 3, 7
FEWEST_METRICS = 2
"""Of a company's key figures."""
MOST_TABLES = 3
"""Of a section."""
LONGEST_TABLE = 10
"""Rows of a table beyond which a few of them say nothing of the whole."""


def table_claims(
    facts: Sequence[Stated], *, taken: Collection[str], superseded: Collection[str], as_of: date, vocabulary: Vocabulary
) -> dict[str, list[Claim]]:
    """Facet id -> the claims of its best tables, three at most, none with another one's caption.

    Best are those by place or part of a whole, then those with most cells that nothing else prints, then the newest. ``taken`` are ids
    of evidence that is printed already; a table that holds nothing else is left out. ``superseded`` are never printed.
    """
    found: list[tuple[tuple[int, int, int, str], str, Claim]] = []
    for cells in _columns(facts, as_of=as_of):
        own = [cell for cell in cells if cell.evidence.id not in superseded][:MOST_CELLS]
        new = sum(cell.evidence.id not in taken for cell in own)
        if len(own) >= FEWEST_CELLS and new >= FEWEST_CELLS - 1:
            places = sum(bool(cell.fact.region) for cell in own)
            parts = places + (sum(bool(cell.fact.segment) for cell in own) >= FEWEST_CELLS - 1)
            claim = table_claim(own, section=_section(own, vocabulary))
            found.append(
                ((parts, len(own), own[0].source.published.toordinal(), claim.id), " ".join(own[0].evidence.heading_path[-1:]), claim)
            )
    chosen: dict[str, list[Claim]] = defaultdict(list)
    captions: set[str] = set()
    for _, caption, claim in sorted(found, key=lambda item: item[0], reverse=True):
        if len(chosen[claim.section]) < MOST_TABLES and _bare(caption) not in captions:
            chosen[claim.section].append(claim)
            captions.add(_bare(caption))
    return dict(chosen)


def _columns(facts: Sequence[Stated], *, as_of: date) -> Iterable[list[Stated]]:
    """The newest column of each captioned table, forecasts and periods still to come left out, in table order."""
    tables: dict[tuple[str, tuple[str, ...]], dict[str, list[Stated]]] = defaultdict(lambda: defaultdict(list))
    for item in facts:
        reference, period = item.evidence.table, item.fact.period
        past = period is not None and period.found_in == "table" and period_order(period.label)[:2] <= (as_of.year, as_of.month)
        if (
            reference is None
            or not item.evidence.heading_path
            or _OTHER_BASIS.search(f"{item.evidence.heading_path[-1]} {reference.column}")
        ):
            continue
        if past and item.fact.kind != "forecast":
            tables[item.evidence.document, item.evidence.heading_path][reference.column].append(item)
    for key in sorted(tables):
        newest = max(tables[key].values(), key=lambda cells: (_end(cells[0]), len(cells)))
        of_one_time = len({cell.fact.period.label for cell in newest if cell.fact.period}) == 1
        if len(newest) <= LONGEST_TABLE and of_one_time and len({_label(cell) for cell in newest}) == len(newest):
            yield sorted(newest, key=lambda cell: cell.evidence.start)


def _bare(caption: str) -> str:
    """A caption without its unit: the table by division is one table, whether in thousands or in millions."""
    return caption.partition(",")[0].lower()


def _end(cell: Stated) -> tuple[int, int, int]:
    return period_order(cell.fact.period.label) if cell.fact.period else (0, 0, 0)


def _label(cell: Stated) -> str:
    return cell.evidence.table.row if cell.evidence.table else ""


def _section(cells: Sequence[Stated], vocabulary: Vocabulary) -> str:
    """The facet that most cells' metrics belong to."""
    facets: Mapping[str, int] = Counter(vocabulary.metrics[cell.fact.metric.removesuffix("_change")].facet for cell in cells)
    return max(sorted(facets), key=lambda facet: facets[facet])


def key_figures(facts: Sequence[Stated], *, as_of: date) -> dict[str, list[Stated]]:
    """Company -> the whole company's cells of the newest column of the newest table of its own that gives two metrics or more."""
    best: dict[str, tuple[tuple[object, ...], list[Stated]]] = {}
    for column in _columns(facts, as_of=as_of):
        cells = [cell for cell in column if not (cell.fact.segment or cell.fact.region)]
        owners, metrics = {cell.fact.entity for cell in cells}, {cell.fact.metric for cell in cells}
        if len(owners) > 1 or "" in owners or len(metrics) < FEWEST_METRICS:
            continue
        is_year = period_shape(cells[0].fact.period.label if cells[0].fact.period else "") in ("year", "fiscal")
        rank = (is_year, _end(cells[0]), len(metrics) >= FEWEST_CELLS, cells[0].source.published.toordinal(), cells[0].evidence.id)
        owner = owners.pop()
        if owner not in best or rank > best[owner][0]:
            best[owner] = rank, cells
    return {owner: cells for owner, (_, cells) in best.items()}
