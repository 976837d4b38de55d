"""Lines with places on pages to blocks: what is a heading, a paragraph, a list item or a row of a table."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import sub
from statistics import median
from typing import NamedTuple, TypeAlias

from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, is_number_like, reads_like_header

_SPLIT_MARKS = "\x02\ufffe"
_BULLET = re.compile(r"^[•▪‣●○◦■□–·*\uf0b7\uf0a7-]\s+(?=\S)")
_SURE_BULLET = re.compile(r"^[•▪‣●○◦■□\uf0b7\uf0a7]\s+(?=\S)")
_ITEM = re.compile(r"^(?:\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]]*$")
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"^(?:page )?[-–|\s]*#[-–|\s]*(?:of #)?$", re.IGNORECASE)
_NOT_A_TITLE = re.compile(
    r"^(?:form |united states|securities)|\b(?:inc|corp|corporation|company|co|ltd|plc|llc|ag|se|gmbh)\.?$", re.IGNORECASE
)
_GAP = 0.9
"""Column gap in font sizes: words this far apart stand in different cells (a space is 0.25 to 0.35)."""
_SAME_EDGE = 6.0
"""Points between edges that are meant to be one: brackets and per cent signs hang out of a column."""
_WIDE_LEADING = 1.45
"""Times the usual distance of lines: more ends a paragraph."""
_HEADING_SIZE = 1.12
_OVER_ALL = re.compile(
    r"(?i)\(?(?:(?:[\w$€£]+ )?in (?:[\w$€£]+ ){0,3}(?:thousand|million|billion)s?\b|"
    r"(?:for the )?(?:fiscal |financial )?(?:years?|quarters?|(?:three|six|nine|twelve|\d{1,2}) months|\d\d weeks) (?:ended|ending|to)\b|"
    r"as (?:of|at)\s|at (?:\d{1,2} )?(?:january|february|march|april|may|june|july|august|september|october|november|december)\b)"
)
"""What a line above a table says of several of its columns together: "Year ended 31 December", "(in EUR million)"."""
_LONGEST_HEADING = 160
_HIGHEST_HEADER = 10
"""Font sizes: a header of more than seven lines is none."""
_LONGEST_NAME = 80
"""Characters of the name of the row labels: "(In millions, except percentages and per share amounts)"."""
_MOST_SECTIONS = 3
"""Names of rows between a header and the first row with values."""
_REACH = 2.5
"""Font sizes between a header line and what is under it."""
_SAME_HEIGHT = 0.3
"""Font sizes between the heights of words on one line."""
_EDGE_LINES = 3
_INCH = 72.0
_UNFINISHED = 0.35
"""Share of a line's width: a line that leaves more of it empty did not break because it was full."""
_FEWEST_REPEATS = 3
_HEADER_ROWS = 3
"""At most."""
_SHORT = 6
"""Pages: in a document of no more, twice is often."""


_Cell: TypeAlias = tuple[float, float, str]
"""Left, right and text of the words of a line that stand close together."""


class Word(NamedTuple):
    """A run of characters without a space; places in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def is_split(self) -> bool:
        """True when a hyphen at its end was taken out: it goes on in the next line."""
        return self.text[-1] in _SPLIT_MARKS


_CURRENCY_SIGNS = ("$", "€", "£", "¥")
_BULLETS = tuple("•▪●○◦■□\uf0b7\uf0a7")


@dataclass(slots=True)
class Line:
    """Words on one height, left to right."""

    words: list[Word]
    size: float
    bold: bool
    text: str = field(init=False)
    left: float = field(init=False)
    right: float = field(init=False)
    bottom: float = field(init=False)
    gap: float = field(init=False)
    """The widest between neighbouring words."""

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Sets what follows from the words."""
        texts, lefts, rights, heights, _ = zip(*self.words, strict=True)
        self.text = " ".join(texts)
        self.left = lefts[0]
        self.right = max(rights)
        self.gap = max(map(sub, lefts[1:], rights), default=0.0)
        bottoms = sorted(heights)
        middle = len(bottoms) // 2
        self.bottom = bottoms[middle] if len(bottoms) % 2 else (bottoms[middle - 1] + bottoms[middle]) / 2

    def cells(self) -> list[_Cell]:
        """(left, right, text) of the runs of words without a wide gap. Currency signs stay with their number."""
        if self.gap < _GAP * self.size:
            return [(self.left, self.right, self.text)]
        cells: list[_Cell] = []
        for word in self.words:
            if cells:
                left, right, text = cells[-1]
                joined = word.left - right < _GAP * self.size or text in (*_CURRENCY_SIGNS, *_BULLETS, "(") or word.text in ("%", ")", ")%")
                is_next = word.text in _CURRENCY_SIGNS and text.startswith(word.text)  # "$ 11,620" has its own
                if joined and not is_next:
                    cells[-1] = (left, max(right, word.right), f"{text} {word.text}")
                    continue
            cells.append((word.left, word.right, word.text))
        return cells


@dataclass(slots=True)
class PageLines:
    """One page as lines in reading order."""

    number: int
    label: str
    lines: list[Line]
    width: float
    hidden: int = 0
    """Characters of text that cannot be seen."""
    unread: int = 0
    """Characters of which the file does not say what letters they are."""
    comments: int = 0
    """Notes with words beside the text."""


def drop_running_lines(pages: Sequence[PageLines]) -> int:
    """Removes page numbers and lines that stand at the top or bottom of many pages; how many lines that were."""
    seen = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    often = max(_FEWEST_REPEATS if len(pages) > _SHORT else 2, len(pages) // 10)
    running = {key for key, count in seen.items() if count >= often}
    dropped = 0
    for page in pages:
        edges = {id(line) for line in _edges(page) if _key(line) in running}
        kept = [line for line in page.lines if id(line) not in edges]
        if kept:
            dropped += len(page.lines) - len(kept)
            page.lines = kept
    return dropped


def _edges(page: PageLines) -> list[Line]:
    """The outermost lines by height, which need not be the first and last in reading order."""
    by_height = sorted(page.lines, key=lambda line: line.bottom)
    return [*by_height[:_EDGE_LINES], *by_height[-_EDGE_LINES:]]


def _key(line: Line) -> tuple[str, int]:
    """Text with its numbers blanked, and height in steps of six points; a bare page number is the same at any height."""
    text = _DIGITS.sub("#", line.text)
    return text, 0 if _PAGE_NUMBER.match(text) else round(line.bottom / 6)


def join_split_words(pages: Sequence[PageLines]) -> None:
    """Puts words together that a hyphen split at a line end; the hyphen stays where the document writes the word with it."""
    vocabulary: set[str] | None = None
    for page in pages:
        for place, line in enumerate(page.lines):
            if not (line.words and line.words[-1].is_split):
                continue
            vocabulary = vocabulary if vocabulary is not None else _vocabulary(pages)
            following = page.lines[place + 1] if place + 1 < len(page.lines) else None
            rest = following.words.pop(0).text if following is not None and following.words else ""
            line.words[-1] = line.words[-1]._replace(text=_joined(line.words[-1].text[:-1], rest, vocabulary=vocabulary))
            line.measure()
            if following is not None and following.words:
                following.measure()
        page.lines = [line for line in page.lines if line.words]


def _vocabulary(pages: Sequence[PageLines]) -> set[str]:
    """The words with a hyphen, without punctuation around them."""
    return {_bare(word) for page in pages for line in page.lines if "-" in line.text for word in line.text.split(" ") if "-" in word}


def _bare(word: str) -> str:
    return word.strip(".,;:()\"'“”’").lower()


def _joined(first: str, rest: str, *, vocabulary: set[str]) -> str:
    keeps = not rest or rest[0].isdigit() or (rest[0].isupper() and not first.isupper()) or _bare(f"{first}-{rest}") in vocabulary
    return f"{first}-{rest}" if keeps else f"{first}{rest}"


# ── blocks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_pages(draft: Draft, pages: Sequence[PageLines]) -> str:
    """Adds all pages to the draft; the title by its size on the first page with text, empty when nothing stands out."""
    body = _body_size(pages)
    writer = _Writer(draft=draft, body=body, levels=_heading_levels(pages, body=body))
    for page in pages:
        writer.page(page)
    return _title(pages, body=body)


@dataclass(slots=True)
class _Writer:
    draft: Draft
    body: float
    """The font size of most text."""
    levels: dict[int, int]
    """Rounded font size -> heading level."""
    items: list[str] = field(default_factory=list)
    is_open: bool = False
    """True while the last block is a paragraph whose sentence goes on."""

    def page(self, page: PageLines) -> None:
        groups = _groups(page, body=self.body)
        goes_on = bool(groups) and isinstance(groups[0], list) and groups[0][0].text[:1].islower()
        self.draft.open_page(page.label, continued=self.is_open and goes_on)
        self.is_open = False
        for group in groups:
            if isinstance(group, _Table):
                self._flush()
                self.draft.table(group.rows)
            else:
                self._text(group)
        self._flush()

    def _text(self, group: Sequence[Line]) -> None:
        text = one_line(" ".join(line.text for line in group))
        self.is_open = False
        if _BULLET.match(text):
            self.items.append(_BULLET.sub("- ", text))
            return
        self._flush()
        if _is_heading_group(group, text, body=self.body):
            self.draft.heading(text, level=self.levels.get(round(group[0].size), min(len(self.levels) + 1, 6)))
        else:
            self.draft.paragraph(text)
            self.is_open = not _SENTENCE_END.search(text)

    def _flush(self) -> None:
        self.draft.list_items(self.items)
        self.items = []


def _body_size(pages: Sequence[PageLines]) -> float:
    """The font size most characters have."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size)) if sizes else 0.0


def _heading_levels(pages: Sequence[PageLines], *, body: float) -> dict[int, int]:
    """Size -> level for sizes above the body's, largest first; bold lines of the body's size come after them."""
    sizes = sorted({round(line.size) for page in pages for line in page.lines if line.size >= body * _HEADING_SIZE}, reverse=True)
    return {size: min(level, 5) for level, size in enumerate(sizes, start=1)}


def _groups(page: PageLines, *, body: float) -> "list[list[Line] | _Table]":
    """Lines that belong together, and tables, in reading order."""
    leading = _leading(page.lines)
    edges = _right_edges(page.lines)
    groups: list[list[Line] | _Table] = []
    group: list[Line] = []
    place = 0
    while place < len(page.lines):
        table = _table_at(page.lines, place, leading=leading)
        if table is not None:
            groups.append(group)
            table.take_headers(groups)
            groups.append(table)
            group = []
            place += table.lines
            continue
        line = page.lines[place]
        if group and _begins_block(line, group, leading=leading, right=_edge(edges, group[-1]), body=body):
            groups.append(group)
            group = []
        group.append(line)
        place += 1
    return [group for group in (*groups, group) if group]


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance of lines in font sizes."""
    steps = [(above.bottom - below.bottom) / (below.size or 1.0) for above, below in pairwise(lines) if above.size == below.size]
    near = [step for step in steps if 0.8 < step < 2.5]
    return median(near) if near else 1.2


def _right_edges(lines: Sequence[Line]) -> dict[int, float]:
    """Where full lines end, by where they begin in steps of an inch: columns have edges of their own."""
    edges: dict[int, list[float]] = {}
    for line in lines:
        edges.setdefault(round(line.left / _INCH), []).append(line.right)
    return {step: sorted(rights)[int(len(rights) * 0.9)] for step, rights in edges.items()}


def _edge(edges: dict[int, float], line: Line) -> float:
    """The right edge of the line's column; an indent may have put the line into the next step."""
    step = round(line.left / _INCH)
    farthest = line.right + 6 * _INCH
    return max([edges[step], *(edges[near] for near in (step - 1, step + 1) if near in edges and edges[near] < farthest)])


def _begins_block(line: Line, group: Sequence[Line], *, leading: float, right: float, body: float) -> bool:
    before = group[-1]
    if abs(line.size - before.size) > 0.1 * max(before.size, 1.0) or _SURE_BULLET.match(line.text):
        return True
    if line.bold != before.bold and (_is_heading(before, body=body) or _is_heading(line, body=body)):
        return True
    step = (before.bottom - line.bottom) / (line.size or 1.0)
    if step > leading * _WIDE_LEADING:
        return True
    ended = bool(_SENTENCE_END.search(before.text))
    if step < -0.5:  # up again: another column
        return ended
    short = before.right < right - 0.15 * (right - min(before.left, line.left))
    indented = line.left > before.left + 0.8 * line.size and line.left > group[0].left + 0.8 * line.size
    if _BULLET.match(line.text) or _ITEM.match(line.text):
        return ended or short or bool(_BULLET.match(group[0].text) or _ITEM.match(group[0].text))
    starts_new = line.text[0].isupper() or line.text[0].isdigit()
    return (ended and (short or indented)) or (starts_new and before.right < right - _UNFINISHED * (right - before.left))


def _is_heading(line: Line, *, body: float) -> bool:
    return (line.size >= body * _HEADING_SIZE or line.bold) and len(line.text) <= _LONGEST_HEADING and not _CUT_OFF.search(line.text)


def _is_heading_group(group: Sequence[Line], text: str, *, body: float) -> bool:
    """Larger or bold throughout, short, with a letter in it, and neither the end of a sentence nor a piece out of a paragraph."""
    larger = group[0].size >= body * _HEADING_SIZE
    bold = all(line.bold for line in group) and group[0].size >= 0.95 * body
    if not (larger or bold) or len(text) > _LONGEST_HEADING or not re.search(r"[^\W\d_]{2}", text):
        return False
    if any(is_number_like(cell) for line in group for _, _, cell in line.cells()[1:]):  # a table's
        return False
    return not text.endswith((".", ",", ";")) and _CUT_OFF.search(text) is None


_CUT_OFF = re.compile(r"\b[a-z]{4,}[.!?]\s[A-Z]|\b(?:of|the|an|and|or|to|in|for|with|by|on|from|as|that|which)$")
"""In what would be a heading: a sentence ends within it, or its own goes on behind it ("and cash. We recorded a gain on the sale of")."""


def _title(pages: Sequence[PageLines], *, body: float) -> str:
    """The largest lines of the first page with text when they are clearly larger than the body and say something."""
    first = next(page for page in pages if page.lines)
    size = max(line.size for line in first.lines)
    if size < (_HEADING_SIZE if first.lines[0].size > 0.97 * size else 1.3) * body:
        return ""
    largest = [at for at, line in enumerate(first.lines) if line.size > 0.97 * size]
    together = [at for place, at in enumerate(largest) if at - place == largest[0]]  # not the headings below, which may be as large
    text = one_line(" ".join(first.lines[at].text for at in together))
    return text if 8 <= len(text) <= 150 and len(text.split()) > 1 and not _NOT_A_TITLE.search(text) else ""


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Table:
    rows: list[list[Entry]]
    columns: list[tuple[float, float]]
    """(left, right) of each."""
    first: Line
    lines: int
    """How many lines of the page it takes."""

    def take_headers(self, groups: "list[list[Line] | _Table]") -> None:
        """Moves the lines at the end of the groups that stand over the table's columns into its header rows, highest first. Their order
        in the file need not be that: it may go cell by cell."""
        taken: list[Line] = []
        sections = self._take_sections(groups)
        last = len(groups)
        while groups and isinstance(groups[-1], list):
            highest = _REACH if len(groups) == last else _SAME_HEIGHT
            while groups[-1] and self._is_over_columns(groups[-1][-1], taken or sections[:1], highest=highest):
                taken.append(groups[-1].pop())
            if groups[-1]:
                break
            groups.pop()
        if not taken:
            groups += [[line] for line in sections]
            return
        lowest = min(line.bottom for line in taken)
        has_head = self.rows[0][0].header and lowest - self.first.bottom < _WIDE_LEADING * self.first.size
        rows = _by_height([*taken, self.first] if has_head else taken)
        heads = [self._head(row) for row in rows]
        if len(rows) > 1 and self._are_wrapped([_one_row(row) for row in rows], heads):
            heads = [_stacked(heads)]
        self.rows[: int(has_head)] = [*heads, *([Entry(text=line.text, column=0)] for line in sections)]

    def _take_sections(self, groups: "list[list[Line] | _Table]") -> list[Line]:
        """The lines at the end of the groups that name the first rows and stand between them and the header: "Assets", "Current assets"."""
        taken: list[Line] = []
        while groups and isinstance(groups[-1], list) and not self.rows[0][0].header and len(taken) < _MOST_SECTIONS:
            if groups[-1] and not self._is_section(groups[-1][-1], taken[0] if taken else self.first):
                break
            if groups[-1]:
                taken.insert(0, groups[-1].pop())
            if not groups[-1]:
                groups.pop()
        return taken

    def _is_section(self, line: Line, below: Line) -> bool:
        """Right above a row, where its label begins and short enough to be one."""
        step = (line.bottom - below.bottom) / (line.size or 1.0)
        begins = abs(line.left - self.columns[0][0]) < 2 * line.size
        is_close = _SAME_HEIGHT < step < _REACH and line.right < self.columns[1][0] and len(line.text) <= _LONGEST_NAME
        return begins and is_close and len(line.cells()) == 1 and not _SENTENCE_END.search(line.text.rstrip(":"))

    def _head(self, row: Sequence[Line]) -> list[Entry]:
        """The header cells of lines that stand beside each other; the table's first line has its cells."""
        cells = sorted(cell for line in row if line is not self.first for cell in self._names(line))
        found = _entries(cells, columns=self.columns)
        return _stacked([found, self.rows[0]] if any(line is self.first for line in row) else [found])

    def _names(self, line: Line) -> list[_Cell]:
        """The words of a header line, each over its own column; a name that is broader than its column as one, over its middle."""
        words = [(word.left, word.right, word.text) for word in line.words]
        over = [column for column in self.columns if line.left < sum(column) / 2 < line.right]
        by_words = len(over) > 1 or all(any(_is_within(word, column) for column in self.columns) for word in words)
        if len(line.cells()) > 1 or (by_words and not _OVER_ALL.match(line.text)):
            return words
        middle = (line.left + line.right) / 2
        return [(middle, middle, line.text)]

    def _are_wrapped(self, rows: Sequence[Line], heads: Sequence[Sequence[Entry]]) -> bool:
        """True when the lowest row names every column but that of the row labels, and what stands above it, in steps of lines, is the
        beginning of single names. What stands alone over the middle one of three columns may be the name of all three."""
        last = len(self.columns) - 1
        upper = {entry.column for row in heads[:-1] for entry in row}
        is_alone = any(1 < column < last and not upper & {column - 1, column + 1} for column in upper)
        if is_alone or not {entry.column for entry in heads[-1]} >= set(range(1, last + 1)):
            return False
        is_close = all(above.bottom - below.bottom < _WIDE_LEADING * above.size for above, below in pairwise(rows))
        spans = [cell for row in rows for cell in row.cells()]
        return is_close and all(sum(cell[0] < right and left < cell[1] for left, right in self.columns) < 2 for cell in spans)

    def _is_over_columns(self, line: Line, under: Sequence[Line], *, highest: float) -> bool:
        """Close above, ``highest`` font sizes over the highest line ``under`` it at most, and to the right of the row labels; or beside a
        line that is; or bold words over two columns and more."""
        top = max(under, key=lambda one: one.bottom, default=self.first)
        reach = min(top.bottom + highest * max(line.size, top.size), self.first.bottom + _HIGHEST_HEADER * line.size)
        beside_first = _SAME_HEIGHT * line.size if self.rows[0][0].header else 0.0
        close = self.first.bottom - beside_first < line.bottom < reach
        if (
            not close
            or len(line.text) > _LONGEST_HEADING
            or _SENTENCE_END.search(line.text)
            or not (line.right <= self.columns[-1][1] + 2 * line.size or self.columns[-1][0] - line.size < line.left < self.columns[-1][1])
        ):
            return False
        is_name = line.left > self.columns[0][0] - 2 * line.size and len(line.cells()[0][2]) <= _LONGEST_NAME
        if line.left > self.columns[0][1] or (is_name and any(_is_beside(line, other) for other in under)):
            return True
        return line.bold and sum(any(left < word.right and word.left < right for word in line.words) for left, right in self.columns) > 2


def _is_within(cell: _Cell, column: tuple[float, float]) -> bool:
    return column[0] - 1 <= cell[0] and cell[1] <= column[1] + 1


def _is_beside(line: Line, other: Line) -> bool:
    return abs(line.bottom - other.bottom) < _SAME_HEIGHT * line.size


def _by_height(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand beside each other together, highest first."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.bottom):
        if rows and _is_beside(line, rows[-1][0]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _one_row(lines: Sequence[Line]) -> Line:
    words = sorted((word for line in lines for word in line.words), key=lambda word: word.left)
    return Line(words=words, size=lines[0].size, bold=lines[0].bold)


def _stacked(rows: Sequence[Sequence[Entry]]) -> list[Entry]:
    """One row of all: what stands in one column, from top to bottom."""
    columns = sorted({entry.column for row in rows for entry in row})
    texts = [" ".join(entry.text for row in rows for entry in row if entry.column == column) for column in columns]
    return [Entry(text=text, column=column, header=True) for column, text in zip(columns, texts, strict=True)]


def _table_at(lines: Sequence[Line], place: int, *, leading: float) -> _Table | None:
    """The table that begins at this line: at least two rows of two cells whose columns line up."""
    run: list[list[_Cell]] = []
    end = place
    while end < len(lines):
        cells = lines[end].cells()
        if len(cells) < 2 and not (run and _is_row_label(lines, end, run=run, leading=leading)):
            break
        if end > place and not _follows(lines[end - 1], lines[end], leading=leading):
            break
        if _names_years(cells) and any(is_number_like(row[-1][2]) and not _YEAR.search(row[-1][2]) for row in run):
            break  # the header of another table
        run.append(cells)
        end += 1
    while run and len(run[-1]) < 2:
        run.pop()
    if sum(len(row) > 1 for row in run) < 2 or not _is_tabular(run):
        return None
    columns = _columns(run)
    rows = _with_header_rows([_entries(row, columns=columns) for row in run])
    return _Table(rows=rows, columns=columns, first=lines[place], lines=len(run))


def _names_years(row: Sequence[_Cell]) -> bool:
    """True for a row of years, or of days of them, each a year from the next: "2018 | 2017 | 2016"."""
    found = [_YEAR.search(text) for _, _, text in row]
    years = [int(year["year"]) for year in found if year]
    return len(years) > 1 and all(found[1:]) and all(abs(one - following) == 1 for one, following in pairwise(years))


_YEAR = re.compile(r"(?:^|FY\s?|(?:\d|[a-z])\.?,?\s)(?P<year>(?:19|20)\d\d)(?=$|\s?[(*])")
"""Of a header: "2018", "December 31, 2018", "FY 2018", "2018 (1)"."""


def _is_row_label(lines: Sequence[Line], place: int, *, run: Sequence[Sequence[_Cell]], leading: float) -> bool:
    """A single cell between rows belongs to the table when it stands in the first column and a row follows, right away or after others of
    its kind: "Assets", "Current assets"."""
    left, right = min(row[0][0] for row in run), min(row[-1][1] for row in run if len(row) > 1)
    for line, following in pairwise(lines[place : place + _MOST_SECTIONS + 1]):
        if abs(line.left - left) >= 3 * line.size or line.right >= right or not _follows(line, following, leading=leading):
            return False
        if len(following.cells()) > 1:
            return True
        if _SENTENCE_END.search(line.text.rstrip(":")):
            return False
    return False


def _follows(above: Line, below: Line, *, leading: float) -> bool:
    step = (above.bottom - below.bottom) / (below.size or 1.0)
    return 0.3 < step < max(3.2, 2.2 * leading)


def _is_tabular(run: Sequence[Sequence[_Cell]]) -> bool:
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


def _recurs(cell: _Cell, row: Sequence[_Cell], rows: Sequence[Sequence[_Cell]], *, anywhere: bool) -> bool:
    """True when a cell of another row begins or ends where this one does; ``anywhere``: when it stands above or below this one."""
    left, right, _ = cell
    others = (other for one in rows if one is not row for other in one[1:])
    if anywhere:
        return any(other[0] < right and left < other[1] for other in others)
    return any(abs(other[0] - left) < _SAME_EDGE or abs(other[1] - right) < _SAME_EDGE for other in others)


def _columns(run: Sequence[Sequence[_Cell]]) -> list[tuple[float, float]]:
    """Column extents: the cells of the widest rows, grown by every cell that meets only one of them."""
    most = max(len(row) for row in run)
    columns = [(left, right) for left, right, _ in next(row for row in run if len(row) == most)]
    for row in run:
        for left, right, _ in row:
            met = [place for place, (start, end) in enumerate(columns) if left < end and right > start]
            if len(met) == 1:
                start, end = columns[met[0]]
                columns[met[0]] = (min(start, left), max(end, right))
            elif not met:
                columns = sorted([*columns, (left, right)])
    return columns


def _entries(row: Sequence[_Cell], *, columns: Sequence[tuple[float, float]]) -> list[Entry]:
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


def _with_header_rows(rows: list[list[Entry]]) -> list[list[Entry]]:
    """Rows at the top without a number other than years are header rows, at most three and not all of them."""
    count = 0
    while count < min(_HEADER_ROWS, len(rows) - 1) and _is_header_row(rows[count]):
        count += 1
    return [*([Entry(text=entry.text, column=entry.column, header=True) for entry in row] for row in rows[:count]), *rows[count:]]


def _is_header_row(row: Sequence[Entry]) -> bool:
    return reads_like_header([entry.text for entry in row]) or (len(row) == 1 and row[0].column > 0 and not is_number_like(row[0].text))
