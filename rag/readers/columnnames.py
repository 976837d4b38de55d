"""Header rows of a page's table: which column, or which group of columns, each name stands over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rag.patterns import regex
from rag.readers.draft import Entry
from rag.readers.lines import Line, PlacedCell

OVER_ALL = regex(
    r"(?i)\(?(?:(?:[\w$€£]+ )?in (?:[\w$€£]+ ){0,3}(?:thousand|million|billion)s?\b|"
    r"(?:for the )?(?:fiscal |financial )?(?:years?|quarters?|(?:three|six|nine|twelve|\d{1,2}) months|\d\d weeks) (?:ended|ending|to)\b|"
    r"(?:as (?:of|at)|at (?:\d{1,2} )?(?:january|february|march|april|may|june|july|august|september|october|november|december))\b)"
)
"""What a line above a table says of several of its columns together: "Year ended 31 December", "(in EUR million)"."""
_YEAR = regex(r"(?:^|FY\s?|(?:\d|[a-z])\.?,?\s)(?P<year>(?:19|20)\d\d)(?=$|\s?[(*])")
"""Of a header."""
SAME_HEIGHT = 0.3
"""Font sizes between the heights of words on one line."""
WIDE_LEADING = 1.45
"""Times the usual distance of lines: more ends a paragraph, or a name of two lines."""
_TIGHT_LEADING = 1.2
"""Font sizes between lines of one name; under a group's name there is a line, or room for one."""
_NARROW_GAP = 0.5
"""Font sizes: names of columns that stand close are that far apart, words of one name are not."""
_OFF_CENTRE = 1.5
"""Font sizes between the middle of a name and that of the columns it stands over."""
_CLEARLY = 0.5
"""Font sizes: a name that stands so much nearer to the middle of one column's name is the beginning of that, not a group's."""
_PER_COLUMN = 6.0
"""Points by which a name may stand farther off for each column more that it is the name of."""
_HALF_A_LINE = 0.75
"""Font sizes: what stands less than that above or below is beside it, in another number of lines."""
_NO_PLACE = 1e6


@lru_cache(maxsize=4_096)
def year_in(text: str) -> int | None:
    """The year that a header names: "2018", "December 31, 2018", "FY 2018", "2018 (1)"."""
    match = _YEAR.search(text)
    return int(match["year"]) if match else None


def by_height(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand beside each other together, highest first; also one half a line lower that stands under none of them."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.bottom):
        near = rows and rows[-1][0].bottom - line.bottom < _HALF_A_LINE * line.size
        if near and (are_beside(line, rows[-1][0]) or not any(line.left < one.right and one.left < line.right for one in rows[-1])):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def are_beside(line: Line, other: Line) -> bool:
    return abs(line.bottom - other.bottom) < SAME_HEIGHT * line.size


def header_rows(rows: Sequence[Sequence[Line]], *, columns: Sequence[tuple[float, float]], size: float) -> list[list[Entry]]:
    """The header rows of lines, highest first, each a row of those that stand beside each other, over ``columns`` (left, right) of a table
    in letters of this size.

    The row that names most columns is read first and then those over it from the top, since no group of columns reaches from one of
    those above into the next.
    """
    header = _Header(columns=columns, size=size)
    pieces = [header.pieces(row) for row in rows]
    base = max(range(len(rows)), key=lambda at: (len(pieces[at]), at))
    placed = {at: header.placed(pieces[at]) for at in range(base, len(rows))}
    header.base = {name.first: name for name in placed[base] if name.first == name.last and name.first > 0}
    for at in range(base):
        header.is_tight = rows[at][0].bottom - rows[at + 1][0].bottom < _TIGHT_LEADING * rows[at][0].size
        placed[at] = header.placed(pieces[at], is_alone=_is_alone(rows, at))
        header.edges |= {edge for name in placed[at] if name.first < name.last for edge in (name.first, name.last + 1)}
    stacked: list[list[_Name]] = []
    for at in range(len(rows)):
        is_close = at > 0 and rows[at - 1][0].bottom - rows[at][0].bottom < WIDE_LEADING * rows[at][0].size
        if is_close and _are_wrapped(stacked[-1], placed[at]):
            stacked[-1] = _stacked(stacked[-1], placed[at])
        else:
            stacked.append(placed[at])
    return [[name.entry() for name in names] for names in stacked]


def overlapped(row: Sequence[PlacedCell], *, columns: Sequence[tuple[float, float]]) -> list[Entry]:
    """Each cell in the column it overlaps most or is nearest to, never left of the cell before it; two in one column are joined."""
    found: list[Entry] = []
    for left, right, text in row:
        # min and max would take three times as long
        overlaps = [(right if right < end else end) - (left if left > start else start) for start, end in columns]
        column = overlaps.index(max(overlaps))
        if found and column <= found[-1].column:
            found[-1] = Entry(text=f"{found[-1].text} {text}", column=found[-1].column)
        else:
            found.append(Entry(text=text, column=column))
    return found


@dataclass(frozen=True, slots=True)
class _Name:
    """What a header says in one place, and the first and last of the columns that it stands over."""

    text: str
    first: int
    last: int
    left: float = 0.0
    right: float = 0.0

    def entry(self) -> Entry:
        return Entry(text=self.text, column=self.first, header=True, span=self.last - self.first + 1)


def _is_alone(rows: Sequence[Sequence[Line]], at: int) -> bool:
    """Whether one line alone stands on its height, and none half a line higher or lower, as beside names that are broken in two."""
    height, near = rows[at][0].bottom, _HALF_A_LINE * rows[at][0].size
    return len(rows[at]) == 1 and all(abs(row[0].bottom - height) > near for other, row in enumerate(rows) if other != at)


def _are_wrapped(upper: Sequence[_Name], lower: Sequence[_Name]) -> bool:
    """Whether what stands in the upper row is the beginning of what stands below it: each over a name of one column. What stands alone over
    the middle one of three columns may be the name of all three."""
    if any(name.first < name.last for name in (*upper, *lower)):
        return False
    columns, named = {name.first for name in upper}, {name.first for name in lower}
    is_alone = any(column > 1 and column + 1 in named and not columns & {column - 1, column + 1} for column in columns)
    return columns <= named and not is_alone


def _stacked(upper: Sequence[_Name], lower: Sequence[_Name]) -> list[_Name]:
    """One row of both: what stands in one column, from top to bottom."""
    columns = sorted({name.first for name in (*upper, *lower)})
    return [_Name(" ".join(name.text for name in (*upper, *lower) if name.first == column), column, column) for column in columns]


@dataclass(slots=True)
class _Header:
    """Places names over columns, the first of which is that of the row labels."""

    columns: Sequence[tuple[float, float]]
    size: float
    base: Mapping[int, _Name] = field(default_factory=dict)
    """Column -> its name in the row that names most."""
    edges: set[int] = field(default_factory=set)
    """Columns where groups of the rows above begin, or before which they end."""
    is_tight: bool = False
    """Whether the row that is placed stands as close to the next as lines of one name do."""

    def pieces(self, row: Sequence[Line]) -> list[PlacedCell]:
        """What stands in the lines of one height, from left to right; what lies over several columns is cut where they end if its words
        stand farther apart there."""
        pieces: list[PlacedCell] = []
        for line in row:
            cells = line.cells()
            if any(len(self._met(cell)) > 1 for cell in cells):
                narrow = line.cells(gap=_NARROW_GAP)
                met = [column for cell in narrow for column in self._met(cell)]
                cells = narrow if len(narrow) > len(cells) and len(met) == len(set(met)) else cells
            pieces += cells
        return sorted(pieces)

    def placed(self, pieces: Sequence[PlacedCell], *, is_alone: bool = False) -> list[_Name]:
        """Each piece over its column or its group of columns, in order. ``is_alone``: nothing else stands on its height."""
        labels = [piece for piece in pieces if self._is_of_labels(piece)]
        over = pieces[len(labels) :]
        names = [_Name(" ".join(text for _, _, text in labels), 0, 0)] if labels else []
        if not over:
            return names
        groups = self._equal_groups(over) or self._best(over, is_alone=is_alone)
        if groups is None:
            entries = overlapped(over, columns=self.columns)
            return [*names, *(_Name(entry.text, entry.column, entry.column) for entry in entries if not names or entry.column > 0)]
        return [*names, *(_Name(text, *group, left, right) for group, (left, right, text) in zip(groups, over, strict=True))]

    def _met(self, piece: PlacedCell) -> list[int]:
        """The columns that a piece stands over."""
        return [at for at, (left, right) in enumerate(self.columns) if left < piece[1] and piece[0] < right]

    def _is_of_labels(self, piece: PlacedCell) -> bool:
        left, right, _ = piece
        begins, ends = self.columns[1][0], self.columns[0][1]
        return right < begins and (left < ends or right - ends < begins - right)

    def _equal_groups(self, pieces: Sequence[PlacedCell]) -> list[tuple[int, int]] | None:
        """The columns that have names, or all where none has, in groups of one size, one for each of several pieces, which stands over its
        middle and is not the beginning of one column's name."""
        named = sorted(self.base) or range(1, len(self.columns))
        size, rest = divmod(len(named), len(pieces)) if len(pieces) > 1 else (0, 0)
        if size < 2 or rest:
            return None
        groups = [(named[at], named[at + size - 1]) for at in range(0, len(named), size)]
        return groups if all(self._is_over(piece, *group) for piece, group in zip(pieces, groups, strict=True)) else None

    def _best(self, pieces: Sequence[PlacedCell], *, is_alone: bool) -> list[tuple[int, int]] | None:
        """The group of columns of each piece, none of them twice and in order, so that all stand over their middles as well as they can."""
        best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (0.0, [])}
        for piece in pieces:
            following: dict[int, tuple[float, list[tuple[int, int]]]] = {}
            costs = self._costs(piece, after=min(best), is_alone=is_alone)
            for before, (total, groups) in best.items():
                for (first, last), cost in costs.items():
                    if first > before and total + cost < following.get(last, (_NO_PLACE, []))[0]:
                        following[last] = total + cost, [*groups, (first, last)]
            if not following:
                return None
            best = following
        return min(best.values(), key=lambda item: item[0])[1]

    def _costs(self, piece: PlacedCell, *, after: int, is_alone: bool) -> dict[tuple[int, int], float]:
        """For each column and group of columns behind ``after`` that a piece may be the name of: how far it stands from where their name
        should, in points; less the more columns there are."""
        left, right, _ = piece
        costs: dict[tuple[int, int], float] = {}
        for first in range(after + 1, len(self.columns)):
            start, end = self.columns[first]
            apart = max(start - right, left - end, 0.0)
            costs[first, first] = min(abs(left - start), abs(right - end), abs((left + right - start - end) / 2)) + 4 * apart
            for last in range(first + 1, len(self.columns)):
                if any(first < edge <= last for edge in self.edges):
                    break
                off = self._off(piece, first, last)
                if off < _OFF_CENTRE and self._may_name(piece, first, last, is_alone=is_alone) and self._is_over(piece, first, last):
                    costs[first, last] = self.size * off - _PER_COLUMN * (last - first)
        return costs

    def _may_name(self, piece: PlacedCell, first: int, last: int, *, is_alone: bool) -> bool:
        """Whether a piece may be the name of a group of columns: it reaches from the first to the last of them; or their own names are
        times and it says of what length or for what they are, stands over several of them or over all, or is one of several such."""
        met, text = self._met(piece), piece[2]
        if len(met) > 1 and (met[0], met[-1]) == (first, last):
            return True
        names = [self.base[column].text if column in self.base else "" for column in range(first, last + 1)]
        if all(names) and OVER_ALL.match(text):
            return True
        is_broad = len(met) > 1 or not is_alone or year_in(text) is not None or len(names) == len(self.base)
        return is_broad and None not in map(year_in, names)

    def _is_over(self, piece: PlacedCell, first: int, last: int) -> bool:
        """Whether a piece stands over the middle of a group of columns and does not begin the name of one: clearly nearer to that one's
        middle, or as near and close above it. What stands over times does not."""
        off, middle = self._off(piece, first, last), piece[0] + piece[1]
        nearest = min((abs(name.left + name.right - middle) for name in self.base.values()), default=_NO_PLACE) / 2 / self.size
        are_times = all(column in self.base and year_in(self.base[column].text) for column in range(first, last + 1))
        is_begun = not are_times and nearest < _CLEARLY and (self.is_tight or (len(self._met(piece)) == 1 and off > nearest + _CLEARLY))
        return off < _OFF_CENTRE and not is_begun

    def _off(self, piece: PlacedCell, first: int, last: int) -> float:
        """Font sizes between the middle of a piece and that of a group of columns, or of their names where those stand otherwise."""
        middle = piece[0] + piece[1]
        off = abs(middle - self.columns[first][0] - self.columns[last][1])
        if first in self.base and last in self.base:
            off = min(off, abs(middle - self.base[first].left - self.base[last].right))
        return off / 2 / self.size
