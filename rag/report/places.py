"""Places beside those that a topic asks for: a report on sales in Varland is not on those in Brenland, the next row of a table.

No gazetteer says which place lies in which. Tables do: the rows beside an asked place's are other places, unless its own row is about
their sum, as Europe's is of its countries': then they are parts of it, and all belongs to the report.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from rag.numbers import find_numbers
from rag.patterns import regex
from rag.report.gather import Candidate, CellEvidence

_WHOLE = Decimal("0.95")
"""Share of the other rows' sum from which on a row counts as their total."""
_FEWEST = 2
"""Other rows: of one, nothing tells whether it is a part."""
_NO_PLACE = regex(r"(?i)\b(?:total|all|sum|others?|rest|average|world|global|group)\b|\d")
_NAME = regex(r"[A-ZÀ-Þ][\w.’'-]+(?:\s(?:of|the|and|[A-ZÀ-Þ][\w.’'-]+))*")


def places_beside(cells: Iterable[CellEvidence], *, asked: Collection[str]) -> frozenset[str]:
    """The names that stand as rows beside an asked place's in a table; none where one of the asked is the total of a table's rows."""
    tables: dict[tuple[object, ...], dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        reference, numbers = cell.evidence.table, find_numbers(" ".join(cell.evidence.quote.split()))
        if reference is not None and len(numbers) == 1:
            table = tables[cell.evidence.document, cell.evidence.heading_path]
            table[reference.column][reference.row.strip(" :")] = numbers[0].value
    beside: set[str] = set()
    for columns in tables.values():
        held = [rows for rows in columns.values() if not rows.keys().isdisjoint(asked) and len(rows.keys() - set(asked)) >= _FEWEST]
        if held and all(_is_total(rows, asked) for rows in held):
            return frozenset()
        beside |= {row for rows in held for row in rows if row not in asked and _NAME.fullmatch(row) and not _NO_PLACE.search(row)}
    return frozenset(beside)


def _is_total(rows: Mapping[str, Decimal], asked: Collection[str]) -> bool:
    others = sum((abs(value) for row, value in rows.items() if row not in asked and not _NO_PLACE.search(row)), Decimal(0))
    return any(abs(value) >= _WHOLE * others for row, value in rows.items() if row in asked)


def is_elsewhere(item: Candidate | CellEvidence, *, beside: Collection[str], asked: Collection[str]) -> bool:
    """True for a sentence, or a cell by its row, that names a place beside the asked ones, or whose document is called by one, where
    nothing around it names an asked one."""
    reference, source = item.evidence.table, item.source
    text = item.text if isinstance(item, Candidate) else reference.row if reference else ""
    called = f"{source.title} {source.path}"
    is_named = any(_names(place, text) or _names(place, called) or _names(_initials(place), called) for place in beside)
    return is_named and not any(_names(place, f"{text} {called} {' '.join(item.evidence.heading_path)}") for place in asked)


def _initials(place: str) -> str:
    """ "UK" of "United Kingdom"; the place itself where it is one word."""
    parts = place.split()
    return "".join(part[0] for part in parts if part[0].isupper()) if len(parts) > 1 else place


def _names(place: str, text: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(place)}(?![^\W_])", text) is not None
