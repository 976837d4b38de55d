"""A document as the report reads it: its sentences and its table cells, each with exact span, page and headings.

Sentences never cross a block. In a document without sections, titles run into the text ("Prices Input costs rose ...") are told from the
sentence by their recurring in other documents; they become the sentence's heading.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, pairwise, takewhile
from operator import attrgetter

from rag.numbers import CURRENCIES, MEASURES, SCALE_SAID, find_numbers, find_periods, unit_in
from rag.patterns import regex
from rag.remembered import Shelf
from rag.report.quality import is_instruction
from rag.text import STOPWORDS, sentences
from rag.types import Block, Cell, Document, Page, TableReference

CONTEXT = 200
"""Characters of context kept on either side of a quote."""
_QUARANTINE = 3
"""Sentences on either side of an order to a machine that are not used from a long block."""
_LONG_BLOCK = 12
_LEAD = 240
"""Characters of what stands above a table, and of a row's values."""
_ADDRESS = regex(r"(?i)(?:https?://|www\.)\S*")
_WORD = regex(r"\S+")
_DECKS = frozenset(("pptx", "ppt", "odp"))
"""Formats whose lists say figures without sentences."""
_POINT = regex(r"(?m)^\s*[-–•*]\s+(?P<label>[A-Z][^\n]*[^\s.?!])\s*$")
_LABEL = regex(r"[^\W\d_]+(?:[ /&’'-]+[^\W\d_]+){0,5}:?\s")
_WHEN = regex(r"(?:\s(?:in|at|for|by|to)\s|\s?\()(?P<when>[^()]+)\)?")
"""A point of a slide: "Revenue DKK 3.9 bn in 2025"."""
_SCALE = regex(rf"(?i)^\W*{SCALE_SAID}\b")
"""What a table's corner says of all its columns."""
_SCALE_BEHIND = regex(rf"(?i)\(({SCALE_SAID}\b[^()]*)\)$")
"""The same behind other words: "Year Ended December 31 (Millions, except per share amounts)"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence, ``document.text[start:end]``."""

    start: int
    end: int
    page: int
    page_label: str
    heading_path: tuple[str, ...]
    is_point: bool = False
    """A slide's point that gives a figure: it may do without a full stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableCell:
    """A data cell with the labels that give it meaning; its text is ``document.text[start:end]``."""

    start: int
    end: int
    page: int
    page_label: str
    heading_path: tuple[str, ...]
    """Section headings, then the table's caption where it has one."""
    reference: TableReference


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a document; its cells are read when they are first asked for, since searches find a few tables of a filing's hundred."""

    document: Document = field(repr=False)
    at: int
    """The place of its block."""
    headings: tuple[str, ...]
    """Of its section."""

    @property
    def block(self) -> Block:
        return self.document.blocks[self.at]

    @cached_property
    def cells(self) -> tuple[TableCell, ...]:
        """Every data cell with a label and a header."""
        caption = _caption(self.document.text, self.document.blocks[self.at - 1]) if self.at else ""
        headings = (*self.headings, caption) if caption else self.headings
        found = ((cell.start, cell.end, reference) for cell, reference in references(self.document, self.block))
        return tuple(_table_cells(self.document, found, headings=headings))

    @cached_property
    def rows(self) -> tuple[TableCell, ...]:
        """Rows without headers, each whole; the last of their headings is what stands above the table on its page."""
        lead = _lead(self.document, self.at)
        headings = (*self.headings, lead) if lead else self.headings
        return tuple(_table_cells(self.document, row_references(self.document, self.block), headings=headings))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDocument:
    """A document's sentences and tables in text order, and the orders to a machine that were found in it."""

    sentences: tuple[Sentence, ...]
    tables: tuple[Table, ...]
    orders: int
    """How many instructions to a machine were seen; they and their neighbours are left out."""


_READ: Shelf[ReadDocument] = Shelf(most=12_000_000)
"""By the very object, which is kept alive and so keeps its id; sizes in characters of text."""


def read(document: Document) -> ReadDocument:
    """Every sentence of paragraphs and lists, and the tables; the documents read last are kept read."""
    return _READ.of(id(document), same=document, make=lambda: (_read(document), len(document.text)))


_PROSE: Shelf[str] = Shelf(most=12_000_000)
"""By the very object, as _READ."""


def prose(document: ReadDocument, text: str) -> str:
    """Its sentences, one a line. ``text``: the document's."""

    def made() -> tuple[str, int]:
        lines = "\n".join(" ".join(text[item.start : item.end].split()) for item in document.sentences)
        return lines, len(lines)

    return _PROSE.of(id(document), same=document, make=made)


def _read(document: Document) -> ReadDocument:
    found: list[Sentence] = []
    tables: list[Table] = []
    orders = 0
    text, path, headings = document.text, list[tuple[int, str]](), tuple[str, ...]()
    pages = _Pages(document)
    blocks = document.blocks or (Block(kind="paragraph", start=0, end=len(text)),)
    for at, block in enumerate(blocks):
        if block.kind == "heading":
            path = [item for item in path if item[0] < block.level] + [(block.level, _one_line(text[block.start : block.end]))]
            headings = tuple(title for _, title in path)
            orders += is_instruction(text[block.start : block.end])
            continue
        if block.kind == "table":
            tables.append(Table(document=document, at=at, headings=headings))
            continue
        if block.kind == "list" and document.format in _DECKS:
            tables.append(Table(document=document, at=at, headings=headings))
            for start, end in _told(document, block):
                found.append(replace(_sentence(start, end, pages=pages, headings=headings), is_point=True))
        spans = [(block.start + start, block.start + end) for start, end in sentences(text[block.start : block.end])]
        clean, seen = _without_orders(text, spans)
        orders += seen
        parted = [part for start, end in clean for part in _unglued(text, start, end)]
        found += [_sentence(start, end, pages=pages, headings=headings) for start, end in parted]
    return ReadDocument(sentences=tuple(found), tables=tuple(tables), orders=orders)


def _without_orders(text: str, spans: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], int]:
    """The block's sentences, less any order to a machine and what stands near it; and how many orders there were."""
    orders = [i for i, (start, end) in enumerate(spans) if is_instruction(text[start:end])]
    if not orders:
        return spans, 0
    reach = len(spans) if len(spans) <= _LONG_BLOCK else _QUARANTINE
    return [span for i, span in enumerate(spans) if all(abs(i - order) > reach for order in orders)], len(orders)


_GLUED = regex(
    r"(?<=[a-z]{3}[.!])(?=(?:The|An?|In|This|These|However|It|We|Our|Its|They|Their|At|On|For|As|But|And|One|Some|Most|Several|Many|Another)"
    r"\s[a-z\d])"
)
"""Between a full stop and a small word that opens the next sentence, without the blank that belongs there: "their last report.A maker"."""


_BULLET = r"\s*[•▪◦‣]\s*"
_PARTED = regex(rf"{_GLUED.pattern}|(?:(?<=[.!?;:])|(?<=[.!?;:]\s)){_BULLET}|(?<=; and){_BULLET}")


def _unglued(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence's span, cut where another begins without a blank before it, or as the next point of a list."""
    for match in _PARTED.finditer(text, start, end):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    yield start, end


def _sentence(start: int, end: int, *, pages: "_Pages", headings: tuple[str, ...]) -> Sentence:
    number, label = pages.at(start)
    return Sentence(start=start, end=end, page=number, page_label=label, heading_path=headings)


class _Pages:
    """Number and label of the page that holds an offset; (1, "") in a document without pages."""

    def __init__(self, document: Document) -> None:
        self._starts = [page.start for page in document.pages]
        self._names = [(1, ""), *((page.number, page.label) for page in document.pages)]

    def at(self, offset: int) -> tuple[int, str]:
        return self._names[bisect_right(self._starts, offset)]


def _page_of(document: Document, offset: int) -> Page | None:
    """The page that an offset lies on; None between pages and in a document without."""
    at = bisect_right(document.pages, offset, key=_start) - 1
    return document.pages[at] if at >= 0 and offset < document.pages[at].end else None


_start = attrgetter("start")


def context(document: Document, start: int, end: int) -> tuple[str, str]:
    """Up to 200 characters before and after a span, from the same page, as far as no web address stands in them."""
    page = _page_of(document, start)
    first, last = (page.start, page.end) if page else (0, len(document.text))
    before, after = document.text[max(first, start - CONTEXT) : start], document.text[end : min(max(last, end), end + CONTEXT)]
    addresses = list(_ADDRESS.finditer(before))
    ahead = _ADDRESS.search(after)
    return before[addresses[-1].end() :] if addresses else before, after[: ahead.start()] if ahead else after


def _caption(text: str, block: Block) -> str:
    """The short line right above a table: its caption; empty when a heading or a whole paragraph stands there."""
    line = _one_line(text[block.start : block.end])
    short = block.kind == "paragraph" and len(line) <= 140 and not line.endswith((".", "?", "!", ":"))
    return line if short or re.match(r"(?i)table\b", line) else ""


def _table_cells(document: Document, found: Iterable[tuple[int, int, TableReference]], *, headings: tuple[str, ...]) -> Iterable[TableCell]:
    pages = _Pages(document)
    for start, end, reference in found:
        page, label = pages.at(start)
        yield TableCell(start=start, end=end, page=page, page_label=label, heading_path=headings, reference=reference)


def _lead(document: Document, at: int) -> str:
    """What stands above a table on its page, down to the page's first table and right above this one: a statement's title and its years."""
    blocks = document.blocks
    page = _page_of(document, blocks[at].start)
    first = page.start if page else 0
    begins = bisect_right(blocks, first - 1, key=_start)
    above = list(takewhile(lambda block: block.kind != "table", blocks[begins:at]))
    near = list(takewhile(lambda block: block.kind != "table", reversed(blocks[begins:at])))[:1]
    lines = [_one_line(document.text[block.start : block.end]) for block in dict.fromkeys((*above, *near))]
    return " ".join(line for line in lines if len(line) <= _LEAD)[:_LEAD]


def row_references(document: Document, block: Block) -> Iterable[tuple[int, int, TableReference]]:
    """(start, end) of the values of each row that has a label and figures, none of them under a header, or some under headers that do not
    tell them apart; the column is empty. A slide's point without a time is such a row."""
    if block.kind == "list":
        yield from ((start, end, reference) for start, end, reference in _points(document, block) if not reference.column)
        return
    said = {cell.column for cell in block.cells if cell.header and _one_line(document.text[cell.start : cell.end])}
    alike = said - set(_headers(document, block))
    rows: dict[int, list[Cell]] = defaultdict(list)
    for cell in block.cells:
        rows[cell.row].append(cell)
    for cells in rows.values():
        label = _one_line(document.text[cells[0].start : cells[0].end]) if cells[0].column == 0 and not cells[0].header else ""
        values = [cell for cell in cells[1:] if cell.end > cell.start]
        under = {cell.column for cell in values}
        if label and values and (not said & under or alike & under):
            start, end = values[0].start, values[-1].end
            if end - start <= _LEAD and any(character.isdigit() for character in document.text[start:end]):
                yield start, end, TableReference(row=label, column="")


def references(document: Document, block: Block) -> Iterable[tuple[Cell, TableReference]]:
    """Each data cell of a table with its row's label and its column's header, both verbatim; the row's unit, where a column says it,
    belongs to the label. A slide's point is a row by itself, its time the column."""
    if block.kind == "list":
        points = enumerate(_points(document, block))
        yield from ((Cell(row=at, column=1, start=start, end=end), reference) for at, (start, end, reference) in points if reference.column)
        return
    headers = _headers(document, block)
    labels: dict[int, str] = {}
    units: dict[int, str] = {}
    unit_columns = {cell.column for cell in block.cells if cell.header and _is_unit(document.text[cell.start : cell.end])}
    notes = {column for column, said in headers.items() if _NOTES.fullmatch(" ".join(said))}
    for cell in block.cells:
        words = _one_line(document.text[cell.start : cell.end])
        if cell.header:
            continue
        if cell.column == 0:
            labels[cell.row] = _LEADERS.sub("", words)
        elif cell.column in unit_columns and words:
            units[cell.row] = words
    corner = [f"({scale})" for words in headers.get(0, ()) if (scale := _unit_of_all(words))]
    stretch = next((words for words in headers.get(0, ()) if _STRETCH.fullmatch(words)), "")
    bare = {column: _ended(" ".join(said), stretch) for column, said in headers.items()}
    columns = {column: " ".join([said, *corner]) if corner and _takes_corner(said) else said for column, said in bare.items()}
    filled = {cell.row for cell in block.cells if cell.column > 0 and cell.end > cell.start}
    labels = _told_apart(_run_on(labels, filled), filled)
    lent, scale = _lent(document.text, block), _scale_above(document, block)
    for cell in block.cells:
        if not cell.header and cell.column > 0 and cell.end > cell.start and labels.get(cell.row) and headers.get(cell.column):
            if cell.column in notes and _NOTE.fullmatch(document.text[cell.start : cell.end]):
                continue
            row = f"{labels[cell.row]}, {units[cell.row]}" if cell.row in units else labels[cell.row]
            column = columns[cell.column]
            if (mark := lent.get(cell.start)) and _takes_corner(bare[cell.column]):
                column = _marked(column, mark, scale)
            yield cell, TableReference(row=row, column=column, address=cell.address)


_LEADERS = regex(r"\s?(?:\.\s?){4,}\$?$")
"""The dots that lead from a row's label to its values."""
_NOTES = regex(r"(?i)(?:foot)?notes?|ref\.?|refs\.?|references?")
_NOTE = regex(r"\W*\d{1,2}\s?[a-z]?\W*(?:\d{1,2}\s?[a-z]?\W*)*")
"""A column that says which notes explain a line, and what stands in it: "4", "12(a), 13". It is no figure of the line."""
_OF_ITS_OWN = regex(
    r"(?i)\b(?:change|growth|variance|increase|decrease|difference|var|yoy|y/y|weighted[- ]average|per share|prices?|rates?|ratio)\b|[Δ%]"
)
"""Headers of what a table counts otherwise than in its own unit, though they may not say in what."""


_STRETCH = regex(r"(?i)(?:for\s)?(?:the\s)?(?:fiscal |financial )?(?:years?|(?:three|six|nine|twelve) months|quarters?) end(?:ed|ing):?")
"""What a table's corner says of the days that its columns are called by: how long a time ends on them."""
_DAY = regex(r"[A-Z][a-z]{2,8}\.? \d{1,2}, (?:19|20)\d\d")
_MARKED = regex(r"(?P<mark>[A-Z]{0,3}[$€£¥])\s?\(?\d")
"""A sum as a statement prints it in its first line and its total, which alone have the currency's sign."""


def _ended(column: str, stretch: str) -> str:
    """A column that is called by a day, with how long a time ends on it: "Fiscal Years Ended February 2, 2019"."""
    return f"{stretch.rstrip(':')} {column}" if stretch and _DAY.fullmatch(column) else column


def _run_on(labels: Mapping[int, str], filled: Collection[int]) -> dict[int, str]:
    """Row -> its label; one that begins with a small letter goes on from the line above it, which has no values of its own."""
    joined = dict(labels)
    for row, label in sorted(labels.items()):
        above = joined.get(row - 1, "")
        if row in filled and label[:1].islower() and above and row - 1 not in filled and not above.endswith(":"):
            joined[row] = f"{above} {label}"
            del joined[row - 1]
    return joined


def _lent(text: str, block: Block) -> dict[int, str]:
    """Start of a cell -> the currency's sign in which its column is counted there: from one cell that has it to the last that has."""
    columns: dict[int, list[Cell]] = defaultdict(list)
    for cell in block.cells:
        if cell.column > 0 and not cell.header and cell.end > cell.start:
            columns[cell.column].append(cell)
    lent: dict[int, str] = {}
    for cells in columns.values():
        marked = [(at, said["mark"]) for at, cell in enumerate(cells) if (said := _MARKED.match(text, cell.start, cell.end))]
        for (first, mark), (last, other) in pairwise(marked):
            if mark == other:
                lent |= {cell.start: mark for cell in cells[first : last + 1]}
    return lent


def _scale_above(document: Document, block: Block) -> str:
    """The scale that the line above a table says: "millions"; empty for none."""
    at = bisect_left(document.blocks, block.start, key=_start)
    line = document.text[document.blocks[at - 1].start : document.blocks[at - 1].end] if at else ""
    said = _BARE_SCALE.search(line) if len(line) <= _LEAD else None
    return re.split(r"\W", line[said.end() :].lower())[0] if said else ""


_BARE_SCALE = regex(r"(?i)(?:\b(?P<of>in) |\()(?=thousands|millions|billions)")


def _marked(column: str, mark: str, scale: str) -> str:
    """A column's name with a currency's sign in the scale that it says, or that is said above the table; as it is where it says the
    currency itself, and where nobody says the scale: "57,613" of millions is no "$57,613"."""
    if said := _BARE_SCALE.search(column):
        marked = f"{column[: said.end()]}{'' if said['of'] else 'in '}{mark} {column[said.end() :]}"
        return column if unit_in(column)[0] in CURRENCIES else marked
    return f"{column} (in {mark} {scale})" if scale else column


def _takes_corner(column: str) -> bool:
    """False for a column with a unit of its own, and for one of changes or prices, whose unit may be any: "Change", "Share, %", "Price"."""
    unit, factor, _ = unit_in(column)
    is_own = unit in MEASURES or "/" in unit or (unit in CURRENCIES and factor > 1)
    return not is_own and (unit in CURRENCIES or not _OF_ITS_OWN.search(column))


def _points(document: Document, block: Block) -> Iterable[tuple[int, int, TableReference]]:
    """(start, end) of the value of each point of a slide that is a label, one figure and perhaps a time."""
    for match in _POINT.finditer(document.text, block.start, block.end) if document.format in _DECKS else ():
        line, at = match["label"], match.start("label")
        numbers = [number for number in find_numbers(line) if number.kind != "year"]
        if len(numbers) != 1 or not _LABEL.fullmatch(line, 0, numbers[0].start):
            continue
        value, behind = numbers[0], line[numbers[0].end :]
        said = _WHEN.fullmatch(behind)
        times = find_periods(said["when"]) if said else ()
        if not behind or (said and len(times) == 1 and (times[0].start, times[0].end) == (0, len(said["when"]))):
            row = line[: value.start].strip(" :")
            yield at + value.start, at + value.end, TableReference(row=row, column=said["when"] if said else "")


def _told(document: Document, block: Block) -> Iterable[tuple[int, int]]:
    """(start, end) of each point of a slide that gives a figure and is no label with a value."""
    values = [start for start, _, _ in _points(document, block)]
    for match in _POINT.finditer(document.text, block.start, block.end):
        start, end = match.span("label")
        if not any(start <= value < end for value in values) and any(number.kind != "year" for number in find_numbers(match["label"])):
            yield start, end


def _headers(document: Document, block: Block) -> Mapping[int, list[str]]:
    """Column -> what its header rows say, from the top; the name of a group of columns belongs to each of them. A scale in a row of its own
    is of the whole table, wherever it stands there, as what the corner says is: both in column 0. Columns of which the headers say the same
    have none: "2022, 2021, 2022, 2021" under quarters that were not read tells no value's time. Of values and their shares in per cent
    under one year the values keep it."""
    begins = {cell.column for cell in block.cells if cell.header and cell.end > cell.start}
    rows: dict[int, dict[int, str]] = defaultdict(dict)
    spans: set[int] = set()
    for cell in block.cells:
        if cell.header and (words := _one_line(document.text[cell.start : cell.end])):
            rows[cell.row].update(dict.fromkeys(range(cell.column, cell.column + cell.span), words))
            spans |= {cell.row} if cell.span > 1 else set()
    headers: dict[int, list[str]] = defaultdict(list)
    for number, row in list(rows.items()):
        is_of_all = len(set(row.values())) == 1 and (len(rows) > 1 or len(row) > 1)
        if is_of_all and (scale := _unit_of_all(next(iter(row.values())))) not in ("", "%"):
            headers[0].append(scale)
            del rows[number]
    for number, row in sorted(rows.items()):
        below = [lower for other, lower in rows.items() if other > number]
        over = _over_groups(row, below, centred=document.format == "pdf") if below and number not in spans else row
        for column, words in over.items():
            if words not in headers[column]:
                headers[column].append(words)
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    named = set(headers) if document.format == "pdf" else begins & set(headers)  # elsewhere a column of signs shares its number's name
    for column in sorted(column for column in named if column > 0):
        alike[tuple(headers[column])].append(column)
    for columns in (columns for columns in alike.values() if len(columns) > 1):
        shares = _shares(document, block, columns)
        for column in shares if len(columns) == len(shares) + 1 else columns:
            del headers[column]
    return headers


def _shares(document: Document, block: Block, columns: Collection[int]) -> set[int]:
    """Those of the columns in which each figure is a share: "100.0 %"."""
    values: dict[int, list[str]] = defaultdict(list)
    for cell in block.cells:
        text = document.text[cell.start : cell.end]
        if cell.column in columns and not cell.header and any(map(str.isdigit, text)):
            values[cell.column].append(text)
    return {column for column, texts in values.items() if all("%" in text for text in texts)}


def _unit_of_all(words: str) -> str:
    """What a table's corner says of the values of all columns: "in millions", "EUR million", "MWh"; empty for other words."""
    if _SCALE.search(words):
        return words.strip("()")
    if behind := _SCALE_BEHIND.search(words):
        return behind[1]
    unit, factor, said = unit_in(words)
    if unit in CURRENCIES and factor > 1:
        return said
    return said if unit in MEASURES and re.fullmatch(rf"(?i)\(?(?:in\s)?{re.escape(said)}\)?", words) else ""


_TIME = regex(r"(?:FY\s?|Fiscal\s)?(?:[A-Z][a-z]{2,8}\.?\s(?:\d{1,2},?\s)?)?(?:19|20)\d\d(?:\s?\(\w\))?|FY\d\d")
"""A column's header that is a year, or a day or month of one."""


def _over_groups(row: Mapping[int, str], below: Sequence[Mapping[int, str]], *, centred: bool) -> Mapping[int, str]:
    """A row of names of groups, each over its own column and those to the right without one; as it is where groups differ in size, since
    then nothing tells which columns stand alone, and where they are ``centred`` over their columns, as PDFs have them, whose reader tells
    what is the name of several."""
    begins = sorted(column for column in row if column > 0)
    named = sorted({column for lower in below for column in lower if column > 0})
    times = {column: any(_TIME.fullmatch(lower.get(column, "")) for lower in below) for column in named}
    if centred:
        return row
    if len(begins) == 1 and all(times.values()):
        return {**row, **dict.fromkeys(times, row[begins[0]])}  # "Years ended December 31," wherever it stands above the years
    groups = {start: [column for column in times if start <= column < end] for start, end in pairwise([*begins, max(times, default=0) + 1])}
    if len({len(group) for group in groups.values()}) != 1:
        return row
    if len(groups) == 1 and (lone := groups[begins[0]]):  # "Percent change" ends where years begin
        groups = {begins[0]: list(takewhile(lambda column: times[column] == times[lone[0]], lone))}
    return {**row, **{column: row[start] for start, group in groups.items() for column in group}}


def _told_apart(labels: Mapping[int, str], filled: Collection[int]) -> dict[int, str]:
    """Row -> its label; one that stands in several rows behind the line without values above it: "Cost of revenue: Services"."""
    often = Counter(labels[row] for row in filled if row in labels)
    told: dict[int, str] = {}
    section = ""
    for row, label in sorted(labels.items()):
        if row not in filled:
            section = label.rstrip(" :")
        told[row] = f"{section}: {label}" if row in filled and section and often[label] > 1 else label
    return told


def _is_unit(header: str) -> bool:
    return header.strip().lower() in ("unit", "units", "measure")


def _one_line(text: str) -> str:
    return " ".join(text.split())


# ── titles run into the text ──────────────────────────────────────────────────────────────────────────────────────

_JOINERS = frozenset("and of the for in to & on".split())
_ORDINALS = frozenset("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split())
_LONGEST_TITLE = 7
_FEWEST_DOCUMENTS = 3


def split_titles(read_documents: Mapping[str, ReadDocument], *, texts: Mapping[str, str]) -> dict[str, ReadDocument]:
    """The same documents, titles run into a sentence taken off it and made its heading, down to the next such title."""
    bare = {key for key, document in read_documents.items() if len({item.heading_path for item in document.sentences}) <= 1}
    ordinary = (STOPWORDS | _ORDINALS).union(*(re.findall(r"(?<=[a-z,] )[a-z]+\b", texts[key]) for key in bare))
    titles = _recurring_titles({key: read_documents[key] for key in bare}, texts, ordinary=ordinary)
    return {
        key: replace(document, sentences=_retitled(document.sentences, text=texts[key], titles=titles, ordinary=ordinary))
        if key in bare and titles
        else document
        for key, document in read_documents.items()
    }


def _recurring_titles(read_documents: Mapping[str, ReadDocument], texts: Mapping[str, str], *, ordinary: frozenset[str]) -> frozenset[str]:
    seen: dict[str, set[str]] = defaultdict(set)
    followers: dict[str, set[str]] = defaultdict(set)
    for key, document in read_documents.items():
        for sentence in document.sentences:
            title, follower = _opening(texts[key][sentence.start : sentence.end], ordinary=ordinary)
            seen[title].add(key)
            followers[title].add(follower)
    seen.pop("", None)
    return frozenset(title for title, keys in seen.items() if len(keys) >= _FEWEST_DOCUMENTS and len(followers[title]) >= 2)


def _opening(sentence: str, *, ordinary: frozenset[str]) -> tuple[str, str]:
    """(the longest run of title words at the start, the capitalised ordinary word after it); ("", "") without one."""
    found = [match[0] for match in _WORD.finditer(sentence[:140])]
    best = ("", "")
    for length in range(1, min(_LONGEST_TITLE, len(found) - 1) + 1):
        head, follower = found[:length], found[length]
        if not _in_title(head[-1]):
            break
        ends = head[0].lower() not in STOPWORDS and head[-1].lower() not in STOPWORDS | _JOINERS | _ORDINALS
        if ends and follower[0].isupper() and follower.lower().strip(",.") in ordinary:
            best = (" ".join(head), follower)
    return best


def _known(sentence: str, titles: frozenset[str]) -> str:
    """The longest known title that stands before another capitalised word; one word alone is not enough."""
    found = [match[0] for match in _WORD.finditer(sentence[:140])]
    for length in range(min(_LONGEST_TITLE, len(found) - 1), 1, -1):
        if " ".join(found[:length]) in titles and found[length][0].isupper():
            return " ".join(found[:length])
    return ""


def _looks_like_title(opening: str) -> bool:
    """True for title words joined by nothing but "and", "of" and "&", none of them an ordinal."""
    parts = opening.split()
    return bool(parts) and not any(part in ("the", "for", "in", "to", "on") or part.lower() in _ORDINALS for part in parts)


def _ends_there(opening: str, item: Sentence, *, text: str) -> bool:
    """False where the title may go on ("Consumer" of "Consumer Spending March sales ..."), and for a name that sentences use."""
    behind = [match[0] for match in islice(_WORD.finditer(text, item.start, item.end), len(opening.split()), len(opening.split()) + 2)]
    begins = behind[0].lower().strip(",.") in STOPWORDS | _ORDINALS
    goes_on = not begins and len(behind) > 1 and (behind[1] in _JOINERS - STOPWORDS or not behind[1][0].islower())
    is_name = re.search(rf"(?:^|\s)[a-z]+,?\s{re.escape(opening)}(?!\w)", text) is not None
    return not (goes_on or is_name or behind[0].endswith("."))


def _in_title(word: str) -> bool:
    return word in _JOINERS or (word[0].isupper() and (word[-1].isalnum() or word[-1] == "/"))


def _retitled(items: tuple[Sentence, ...], *, text: str, titles: frozenset[str], ordinary: frozenset[str]) -> tuple[Sentence, ...]:
    """Known titles taken off; in a document with one of them, a run of title words by itself counts as one too."""
    openings = [
        _known(text[item.start : item.end], titles) or _opening(text[item.start : item.end], ordinary=ordinary)[0] for item in items
    ]
    titled = not titles.isdisjoint(openings)
    kept: list[Sentence] = []
    heading: tuple[str, ...] = ()
    for item, opening in zip(items, openings, strict=True):
        if opening in titles or (titled and _looks_like_title(opening) and _ends_there(opening, item, text=text)):
            heading = (opening,)
            words = list(_WORD.finditer(text, item.start, item.end))
            item = replace(item, start=words[len(opening.split())].start())
        kept.append(replace(item, heading_path=(*item.heading_path, *heading)))
    return tuple(kept)
