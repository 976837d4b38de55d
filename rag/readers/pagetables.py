"""Tables of a page, by where their words stand: rows and columns, the lines above that name columns, and what goes on below."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.patterns import regex
from rag.readers.columnnames import OVER_ALL, SAME_HEIGHT, are_beside, by_height, header_rows, overlapped, year_in
from rag.readers.draft import Entry, is_number_like, reads_like_header
from rag.readers.lines import Line, PlacedCell

_SENTENCE_ENDS, _CLOSERS = tuple(".!?:;"), "\"'”’)]"
_FOLLOWS = regex(r"(?i)\b(?:follow(?:s|ing)?|below|millions\)|thousands\)):$")
_VALUE = regex(r"[$€£(]\s?\d|\d[.,]\d|\d\s?%")
"""In what looks like a number: it is a value, while "737" or "1" may be a name or the mark of a note."""
_SHORT_FORM = regex(r"\b(?:[A-Z]|Inc|Corp|Co|Ltd|etc)\.$")
_CAPTION = regex(r"(?i)(?:table|tableau|tabelle|exhibit|figure|chart)\s+[A-Z]?\d")
"""Of a line above a table: its title."""
_MARK_SIZE, _LONGEST_MARK = 0.75, 3
"""Of the line before it, and characters: "(a)"."""
_BESIDE = 0.65
"""Font sizes between the heights of a label and its values, of which one may have been set in the middle of two lines."""
_SAME_EDGE = 6.0
"""Points between edges that are meant to be one: brackets and per cent signs hang out of a column."""
_LONGEST_LINE = 160
"""Characters of a line that names columns or rows."""
_LONGEST_NAME = 80
"""Characters of the name of the row labels: "(In millions, except percentages and per share amounts)"."""
_HIGHEST_HEADER = 12
"""Font sizes: a header of more than eight lines is none."""
_HEADER_ROWS = 3
"""At most, of those that are read as rows of the table."""
_FEWEST_YEARS = 2
_MOST_SECTIONS = 5
"""Names of rows between a header and the first row with values."""
_OUTDENT = 6
"""Font sizes: how far a section's name begins to the left of its rows."""
_MOST_BETWEEN = 4
"""Lines between two parts of a table: the name of a section, a label of several lines."""
_REACH = 3.2
"""Font sizes between a header line and what is under it."""
_PART_REACH = 4.0
"""Font sizes between the lines of one table, where a section of it ends."""


@dataclass(slots=True)
class PageTable:
    """A table that begins with its first row of values; its header may stand in lines above."""

    rows: list[list[Entry]]
    columns: list[tuple[float, float]]
    """(left, right) of each."""
    heads: list[Line]
    """The rows at its top that name columns."""
    first: Line
    """The first row below them."""
    last: Line
    lines: int
    """How many lines of the page it takes."""

    def take_headers(self, groups: "list[list[Line] | PageTable]") -> None:
        """Moves the lines at the end of the groups that stand over the table's columns into its header rows, highest first. Their order
        in the file need not be that: it may go cell by cell."""
        taken: list[Line] = []
        sections = [] if self.heads else self._take_sections(groups)
        under = self.heads or sections[:1] or [self.first]
        while groups and isinstance(groups[-1], list):
            while groups[-1] and self._is_over_columns(groups[-1][-1], taken, under[0]):
                taken.append(groups[-1].pop())
            if groups[-1]:
                break
            groups.pop()
        if taken or self.heads:
            heads = header_rows(by_height([*taken, *self.heads]), columns=self.columns, size=self.first.size or 1.0)
            self.rows[:0] = [*heads, *([Entry(text=line.text, column=0)] for line in sections)]
        else:
            groups += [[line] for line in sections]

    def is_rest_of(self, groups: "list[list[Line] | PageTable]") -> bool:
        """Joins the last table of the groups, with the lines between, where it is the rest of that table: the next section of a balance
        sheet. It has no header, its columns are those of the other, and what stands between names rows."""
        between: list[Line] = []
        at = len(groups)
        while at and isinstance(group := groups[at - 1], list) and len(between) <= _MOST_BETWEEN:
            between[:0] = group
            at -= 1
        above = groups[at - 1] if at else None
        if self.heads or not isinstance(above, PageTable) or len(between) > _MOST_BETWEEN:
            return False
        lines = [above.last, *between, self.first]
        steps = [(upper.bottom - lower.bottom) / (lower.size or 1.0) for upper, lower in pairwise(lines)]
        columns = self._columns_in(above)
        if columns is None or not all(SAME_HEIGHT < step < _PART_REACH for step in steps) or not all(map(above._names_rows, between)):
            return False
        above.rows += [[Entry(text=line.text, column=0)] for line in between]
        above.rows += [[Entry(text=entry.text, column=columns[entry.column]) for entry in row] for row in self.rows]
        above.last = self.last
        del groups[at:]
        return True

    def _columns_in(self, above: "PageTable") -> list[int] | None:
        """For each column that of the table above, none of them twice; None where one has none."""
        (left, _), *values = self.columns
        if not above.columns[0][0] - _SAME_EDGE < left < above.columns[1][0]:
            return None
        columns = [0]
        for start, end in values:
            met = [at for at, (left, right) in enumerate(above.columns) if at and left < end and start < right]
            if len(met) != 1 or met[0] <= columns[-1] or abs(above.columns[met[0]][1] - end) > 2 * _SAME_EDGE:
                return None
            columns.append(met[0])
        return columns

    def _names_rows(self, line: Line) -> bool:
        """Whether a line stands beside no value and is no sentence."""
        begins = self.columns[0][0] - _OUTDENT * line.size < line.left
        is_label = begins and line.right < self.columns[1][0] and len(line.cells()) == 1
        return is_label and len(line.text) <= _LONGEST_LINE and not _ends_sentence(line.text)

    def _take_sections(self, groups: "list[list[Line] | PageTable]") -> list[Line]:
        """The lines at the end of the groups that name the first rows and stand between them and the header: "Assets", "Current assets"."""
        taken: list[Line] = []
        while groups and isinstance(groups[-1], list) and len(taken) < _MOST_SECTIONS:
            if groups[-1] and not self._is_section(groups[-1][-1], taken[0] if taken else self.first):
                break
            if groups[-1]:
                taken.insert(0, groups[-1].pop())
            if not groups[-1]:
                groups.pop()
        return taken

    def _is_section(self, line: Line, below: Line) -> bool:
        """Right above a row, short enough to be a label, and where labels stand; in the middle above them only in bold letters."""
        step = (line.bottom - below.bottom) / (line.size or 1.0)
        begins = abs(line.left - self.columns[0][0]) < 2 * line.size or (line.bold and line.left > self.columns[0][0])
        return begins and SAME_HEIGHT < step < _REACH and len(line.text) <= _LONGEST_NAME and self._names_rows(line)

    def _is_over_columns(self, line: Line, taken: Sequence[Line], under: Line) -> bool:
        """Close above the highest line of those ``taken`` already, or above the table's highest one, ``under`` it; to the right of the row
        labels, and no title of the whole table; or beside a line that was taken; or bold words over two columns and more."""
        top = max(taken, key=lambda one: one.bottom, default=under)
        reach = min(top.bottom + _REACH * max(line.size, top.size), under.bottom + _HIGHEST_HEADER * line.size)
        lowest = self.first.bottom + SAME_HEIGHT * self.first.size
        cells = line.cells()
        if (
            not lowest < line.bottom < reach
            or max(len(text) for _, _, text in cells) > _LONGEST_LINE
            or _ends_sentence(line.text)
            or any(is_number_like(text) and _VALUE.search(text) for _, _, text in cells)
            or _CAPTION.match(line.text)
            or not (line.right <= self.columns[-1][1] + 2 * line.size or self.columns[-1][0] - line.size < line.left < self.columns[-1][1])
        ):
            return False
        is_name = line.left > self.columns[0][0] - 2 * line.size and len(cells[0][2]) <= _LONGEST_NAME
        if is_name and any(are_beside(line, other) for other in taken):
            return True
        begins = self.columns[1][0]
        is_corner = len(cells) > 1 and is_name and cells[0][1] < begins and reads_like_header([text for _, _, text in cells])
        left, right, _ = cells[int(is_corner)]
        is_beyond = left > self.columns[0][0] + 3 * line.size and (left + right) / 2 > begins
        if line.right > begins and (left > self.columns[0][1] or is_beyond):
            return not self._is_title(line)
        over = sum(any(left < word.right and word.left < right for word in line.words) for left, right in self.columns)
        is_short = len(cells) > 1 or len(line.text) <= _LONGEST_NAME
        return line.bold and over > 2 and is_short and not self._is_title(line)

    def _is_title(self, line: Line) -> bool:
        """Whether a line stands over the middle of the whole table, row labels too, and of no group of columns, or in larger letters."""
        if line.size > 1.15 * max(self.first.size, 1.0):
            return True
        middle, off = (line.left + line.right) / 2, line.size
        whole = (self.columns[0][0] + self.columns[-1][1]) / 2
        is_over_all = abs((self.columns[1][0] + self.columns[-1][1]) / 2 - middle) < off
        return abs(whole - middle) < off and not is_over_all and not OVER_ALL.match(line.text) and len(line.cells()) == 1


def is_ended(text: str) -> bool:
    """Whether there is the end of a sentence at the end of the text, in brackets or quotes too."""
    return text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)


def _ends_sentence(text: str) -> bool:
    """Whether a line ends as a sentence does: not in a short form, and in a colon only if it is too long for a section's name or says that
    something follows."""
    if text.endswith(":"):
        return len(text) > _LONGEST_NAME or _FOLLOWS.search(text) is not None
    return is_ended(text) and _SHORT_FORM.search(text) is None


def join_values(lines: Sequence[Line]) -> list[Line]:
    """The lines; values that stand a little higher or lower than the label before them, or beside the upper line of one of two, with it.
    The mark of a note that is raised behind a line is left out, as it is behind a word."""
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before is not None and _is_mark(line, before):
            continue
        if before is not None and line.left > before.right and _are_values_of(line, before, joined[-2] if len(joined) > 1 else None):
            joined[-1] = Line(words=[*before.words, *line.words], size=before.size, bold=before.bold and line.bold)
        else:
            joined.append(line)
    return joined


def _is_mark(line: Line, before: Line) -> bool:
    is_small = line.size < _MARK_SIZE * before.size and len(line.text) <= _LONGEST_MARK
    return is_small and abs(line.left - before.right) < before.size and 0 < line.bottom - before.bottom < before.size


def _are_values_of(line: Line, label: Line, above: Line | None) -> bool:
    """Whether a line without letters stands beside a label or beside the line above it, of which the label goes on."""
    height = line.bottom - label.bottom
    if not -_BESIDE * label.size < height < _REACH * label.size or any(map(str.isalpha, line.text)):
        return False
    labels = [label] if abs(height) < _BESIDE * label.size or above is None else [label, above]
    is_beside = abs(line.bottom - labels[-1].bottom) < _BESIDE * label.size
    return is_beside and all(len(one.cells()) == 1 and one.right < line.left and not is_number_like(one.text) for one in labels)


# ── rows and columns ──────────────────────────────────────────────────────────────────────────────────────────────


def table_at(lines: Sequence[Line], place: int, *, leading: float) -> PageTable | None:
    """The table that begins at this line: at least two rows of two cells whose columns line up."""
    run: list[Sequence[PlacedCell]] = []
    end = place
    while end < len(lines):
        cells = lines[end].cells()
        if len(cells) < 2 and not (run and _is_row_label(lines, end, run=run, leading=leading)):
            break
        if end > place and not _follows(lines[end - 1], lines[end], leading=leading):
            break
        if _names_years(cells) and any(is_number_like(row[-1][2]) and not year_in(row[-1][2]) for row in run):
            break  # the header of another table
        run.append(cells)
        end += 1
    while run and len(run[-1]) < 2:
        run.pop()
    if sum(len(row) > 1 for row in run) < 2 or not _is_tabular(run):
        return None
    if (
        len(run) <= _HEADER_ROWS + 1
        and all(reads_like_header([text for _, _, text in row]) for row in run)
        and _has_rows(lines, place + len(run))
    ):
        return None  # the header of one further down
    heads = _count_heads(run)
    columns = _columns(run, heads=heads)
    rows = [overlapped(row, columns=columns) if len(row) > 1 else [Entry(text=row[0][2], column=0)] for row in run[heads:]]
    used = lines[place : place + len(run)]
    return PageTable(rows=rows, columns=columns, heads=list(used[:heads]), first=used[heads], last=used[-1], lines=len(run))


def _has_rows(lines: Sequence[Line], place: int) -> bool:
    """Whether a row of values begins at this line, or below names of rows."""
    for above, line in pairwise(lines[place - 1 : place + _MOST_SECTIONS + 1]):
        cells = line.cells()
        if not SAME_HEIGHT < (above.bottom - line.bottom) / (line.size or 1.0) < _PART_REACH:
            return False
        if len(cells) > 1:
            return sum(is_number_like(text) and not year_in(text) for _, _, text in cells) > 1
    return False


def _count_heads(run: Sequence[Sequence[PlacedCell]]) -> int:
    """How many rows at the top name columns: three at most, and one where all are of words."""
    heads = 0
    while heads < min(_HEADER_ROWS, len(run) - 1) and reads_like_header([text for _, _, text in run[heads]]):
        if heads and any(text[0].isdigit() and not year_in(text) for _, _, text in run[heads][1:]):
            break  # "63 (18.5%)"
        heads += 1
    has_numbers = any(is_number_like(text) for row in run[heads:] for _, _, text in row[1:])
    return heads if has_numbers else min(heads, 1)


def _names_years(row: Sequence[PlacedCell]) -> bool:
    """True for a row of years, or of days of them, each a year from the next: "2018 | 2017 | 2016"."""
    if len(row) < _FEWEST_YEARS or not year_in(row[-1][2]):  # most rows
        return False
    found = [year_in(text) for _, _, text in row]
    years = [year for year in found if year is not None]
    return len(years) >= _FEWEST_YEARS and all(found[1:]) and all(abs(one - following) == 1 for one, following in pairwise(years))


def _is_row_label(lines: Sequence[Line], place: int, *, run: Sequence[Sequence[PlacedCell]], leading: float) -> bool:
    """A single cell between rows belongs to the table when it stands where the labels do and a row follows, right away or after others of
    its kind: "Assets", "Current assets"."""
    left, right = min(row[0][0] for row in run), min(row[-1][1] for row in run if len(row) > 1)
    values = min(row[1][0] for row in run if len(row) > 1)
    for line, following in pairwise(lines[place : place + _MOST_SECTIONS + 1]):
        begins = abs(line.left - left) < 3 * line.size or (line.left > left - _OUTDENT * line.size and line.right < values)
        if not begins or line.right >= right or not _follows(line, following, leading=leading):
            return False
        if len(following.cells()) > 1:
            return True
        if _ends_sentence(line.text):
            return False
    return False


def _follows(above: Line, below: Line, *, leading: float) -> bool:
    step = (above.bottom - below.bottom) / (below.size or 1.0)
    return 0.3 < step < max(3.2, 2.2 * leading)


def _is_tabular(run: Sequence[Sequence[PlacedCell]]) -> bool:
    """True when most wide rows hold numbers or short cells whose left or right edges recur, and not two columns of prose."""
    wide = [row for row in run if len(row) > 1]
    cells = [cell for row in wide for cell in row]
    if sum(len(text) for _, _, text in cells) / len(cells) > 45:
        return False
    numbers = sum(is_number_like(text) for row in wide for _, _, text in row[1:])
    others = sum(len(row) - 1 for row in wide)
    anywhere = numbers >= 0.5 * others
    recurring = sum(_recurs(cell, row, wide, anywhere=anywhere) for row in wide for cell in row[1:])
    return recurring >= 0.6 * others and (numbers >= 0.4 * others or len(wide) > 2)


def _recurs(cell: PlacedCell, row: Sequence[PlacedCell], rows: Sequence[Sequence[PlacedCell]], *, anywhere: bool) -> bool:
    """True when a cell of another row begins or ends where this one does; ``anywhere``: when it stands above or below this one."""
    left, right, _ = cell
    others = (other for one in rows if one is not row for other in one[1:])
    if anywhere:
        return any(other[0] < right and left < other[1] for other in others)
    return any(abs(other[0] - left) < _SAME_EDGE or abs(other[1] - right) < _SAME_EDGE for other in others)


def _columns(run: Sequence[Sequence[PlacedCell]], *, heads: int) -> list[tuple[float, float]]:
    """Column extents: the cells of the widest rows, grown by every cell that meets only one of them. What stands before the values is the
    first column's, however far it is set in. Rows that name columns come last: a name may stand over several, and only where there are more
    of them one may have no values."""
    body = run[heads:]
    most = max(map(len, body))
    columns = [(left, right) for left, right, _ in next(row for row in body if len(row) == most)]
    values = columns[1][0]
    for row in body:
        for at, (left, right, text) in enumerate(row):
            if at == 0 and left < values and not is_number_like(text):
                start, end = columns[0]
                columns[0] = (min(start, left), max(end, right) if right < values else end)
            else:
                _grow(columns, left, right)
    for row in run[:heads]:
        for left, right, _ in row if len(row) > len(columns) else ():
            _grow(columns, left, right)
    return columns


def _grow(columns: list[tuple[float, float]], left: float, right: float) -> None:
    """Lets the one column that meets these places hold them; they are a column of their own where none does."""
    met = [place for place, (start, end) in enumerate(columns) if left < end and right > start]
    if len(met) == 1:
        start, end = columns[met[0]]
        columns[met[0]] = (min(start, left), max(end, right))
    elif not met:
        columns[:] = sorted([*columns, (left, right)])
