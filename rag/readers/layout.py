"""Lines with places on pages to blocks: what is a heading, a paragraph, a list item or a row of a table."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from rag.patterns import regex
from rag.readers.clean import one_line
from rag.readers.columnnames import WIDE_LEADING
from rag.readers.draft import Draft, is_number_like
from rag.readers.lines import Line
from rag.readers.pagetables import PageTable, is_ended, join_values, table_at

_BULLET = regex(r"^[•▪‣●○◦■□–·*\uf0b7\uf0a7-]\s+(?=\S)")
_SURE_BULLET = regex(r"^[•▪‣●○◦■□\uf0b7\uf0a7]\s+(?=\S)")
_ITEM = regex(r"^(?:\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_DIGITS = regex(r"\d+")
_PAGE_NUMBER = regex(r"^(?:page )?[-–|\s]*#[-–|\s]*(?:of #)?$", re.IGNORECASE)
_NOT_A_TITLE = regex(r"^(?:form |united states|securities)|\b(?:inc|corp|corporation|company|co|ltd|plc|llc|ag|se|gmbh)\.?$", re.IGNORECASE)
_HEADING_SIZE = 1.12
_LONGEST_HEADING = 160
_EDGE_LINES = 3
_INCH = 72.0
_UNFINISHED = 0.35
"""Share of a line's width: a line that leaves more of it empty did not break because it was full."""
_FEWEST_REPEATS = 3
_SHORT = 6
"""Pages: in a document of no more, twice is often."""


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
    keys = [[(id(line), _key(line)) for line in _edges(page)] for page in pages]
    seen = Counter(key for edges in keys for key in {key for _, key in edges})
    often = max(_FEWEST_REPEATS if len(pages) > _SHORT else 2, len(pages) // 10)
    running = {key for key, count in seen.items() if count >= often}
    dropped = 0
    for page, edges in zip(pages, keys, strict=True):
        gone = {line for line, key in edges if key in running}
        kept = [line for line in page.lines if id(line) not in gone]
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
            if isinstance(group, PageTable):
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
            self.is_open = not is_ended(text)

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


def _groups(page: PageLines, *, body: float) -> "list[list[Line] | PageTable]":
    """Lines that belong together, and tables, in reading order."""
    lines = join_values(page.lines)
    leading = _leading(lines)
    edges = _right_edges(lines)
    groups: list[list[Line] | PageTable] = []
    group: list[Line] = []
    place = 0
    while place < len(lines):
        table = table_at(lines, place, leading=leading)
        if table is not None:
            groups.append(group)
            if not table.is_rest_of(groups):
                table.take_headers(groups)
                groups.append(table)
            group = []
            place += table.lines
            continue
        line = lines[place]
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
    if step > leading * WIDE_LEADING:
        return True
    ended = is_ended(before.text)
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
    return not text.endswith((".", ",", ";")) and _CUT_OFF.search(text) is None and _ONLY_TIME.fullmatch(text) is None


_ONLY_TIME = regex(
    r"(?i)(?=.*\b(?:ended|ending|as of|at)\b)(?:(?:for|the|as|of|at|fiscal|financial|years?|quarters?|months?|weeks?|three|six|nine|twelve|"
    r"ended|ending|and|january|february|march|april|may|june|july|august|september|october|november|december|\d{1,2}|(?:19|20)\d\d)\b[\s,]*)+"
)
"""Under a statement's title: "Years ended December 31, 2024 and 2023". It is no title itself."""


_CUT_OFF = regex(r"\b[a-z]{4,}[.!?]\s[A-Z]|\b(?:of|the|an|and|or|to|in|for|with|by|on|from|as|that|which)$")
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
