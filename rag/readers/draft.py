"""A document under construction: readers add blocks in reading order, the draft keeps the offsets."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from rag.errors import NoTextError
from rag.patterns import regex
from rag.readers.clean import block_text, one_line
from rag.types import Block, BlockKind, Cell, DateSource, Document, Metadata, Page

COLUMN_GAP = " | "
_UNIT = r"(?:[%€£$x°]|(?!(?:st|nd|rd|th)\b)[a-zA-Z]{1,3}(?:/[a-zA-Z]{1,4})?|thousand|million|billion|trillion)"
_NUMBER_LIKE = regex(
    rf"^[\s$€£¥(+\-−–~<>≈]*(?:[A-Z]{{2,3}})?\s?[$€£¥]?\d[\d.,\s]*\)?\s?{_UNIT}?\)?%?$|^[-–—]$|^n/?[am]\.?$|^\$ ?[-–—]$", re.IGNORECASE
)
_TIME = regex(
    r"^(?:FY|Q[1-4]|H[12])?[\s-]*(?:19|20)\d\d[EFe]?$|^(?:FY|[QH][1-4])\s?['’]?\d\d$|"
    r"^(?i:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?(?:\s\d{1,2},?)?[\s-](?:19|20)\d\d$"
)
"""A time that looks like a number: "2019", "FY19", "May 31, 2020", "Jun 2026"."""
_EMPTY_TITLES = frozenset("word document|powerpoint presentation|presentation|untitled|untitled document|document|document1".split("|"))
_OFFICE_PREFIX = regex(r"^microsoft (?:word|powerpoint|excel) - ", re.IGNORECASE)
_FILE_ENDING = regex(r"\.(?:docx?|pptx?|xlsx?|pdf|od[tsp]|indd|qxd|rtf|html?|txt|md|tex)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What stands in one place of a table before it has an offset."""

    text: str
    column: int
    """0-based in the source; empty columns are closed up when the table is added."""
    header: bool = False
    address: str = ""
    span: int = 1
    """How many columns it stands over in the source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundDate:
    """A publication date and where it was found."""

    day: date
    source: DateSource


class Draft:
    """Text, pages and blocks so far. Blocks are separated by a blank line; a table is a row a line, " | " between columns."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._separated = True
        self._pages: list[tuple[str, int]] = []
        self._blocks: list[Block] = []
        self._notices: list[str] = []
        self._struck = 0

    def open_page(self, label: str, *, continued: bool = False) -> None:
        """Starts a page. ``continued`` means that its first block goes on with the last sentence of the page before."""
        if not self._separated:
            self._append("\n" if continued else "\n\n")
            self._separated = True
        self._pages.append((label, self._length))

    def heading(self, text: str, *, level: int) -> None:
        self._add("heading", one_line(text), level=level)

    def paragraph(self, text: str) -> None:
        self._add("paragraph", block_text(text))

    def list_items(self, items: Sequence[str]) -> None:
        """One line an item; an item brings its own marker and indent ("- ", "  - ", "1. ")."""
        self._add("list", "\n".join(_item(item) for item in items if item.strip()))

    def table(self, rows: Sequence[Sequence[Entry]]) -> None:
        """Rows of entries in column order. Empty entries, rows and columns are left out."""
        shown = [[entry for entry in ((_cleaned(entry)) for entry in row) if entry.text] for row in rows]
        shown = _with_further_headers([row for row in shown if row])
        if not shown:
            return
        self._separate()
        start = self._length
        cells = tuple(self._table_cells(shown))
        self._blocks.append(Block(kind="table", start=start, end=self._length, cells=cells))

    def notice(self, notice: str) -> None:
        if notice not in self._notices:
            self._notices.append(notice)

    def hidden(self, characters: int) -> None:
        """Notes how much hidden text was dropped."""
        if characters:
            self.notice(f"hidden text dropped ({characters} characters)")

    def deleted(self, characters: int) -> None:
        """Notes how much of what tracked changes delete was left out."""
        if characters:
            self.notice(f"tracked changes: deleted text left out ({characters} characters), inserted text kept")

    def struck(self, characters: int) -> None:
        """Counts what is crossed out by a line, which is left out as what is deleted is."""
        self._struck += characters

    def first_heading(self, *, within: int = 6) -> str:
        """The first level 1 heading among the first ``within`` blocks; empty without one."""
        for block in self._blocks[:within]:
            if block.kind == "heading" and block.level == 1:
                return self._text()[block.start : block.end]
        return ""

    def opening_lines(self, *, characters: int = 1_500) -> list[str]:
        """The lines at the top of the document, tables left out."""
        text = self._text()
        blocks = [block for block in self._blocks if block.kind != "table" and block.start < characters]
        return [line for block in blocks for line in text[block.start : block.end].split("\n")]

    def so_far(self) -> str:
        """The text added until now."""
        return self._text()

    def finish(self, *, metadata: Metadata, format: str, path: Path) -> Document:
        """The document. Raises NoTextError when no block was added."""
        if not self._blocks:
            raise NoTextError(f"cannot read {path.name}: it holds no text; nothing of it can be found or cited")
        if self._struck:
            self.notice(f"crossed-out text left out ({self._struck} characters)")
        text = self._text()[: self._blocks[-1].end]
        return Document(
            text=text,
            pages=tuple(self._finished_pages(len(text))),
            blocks=tuple(self._blocks),
            metadata=metadata,
            format=format,
            notices=tuple(self._notices),
        )

    def _finished_pages(self, length: int) -> Iterator[Page]:
        pages = self._pages or [("", 0)]
        ends = [start for _, start in pages[1:]] + [length]
        for number, ((label, start), end) in enumerate(zip(pages, ends, strict=True), start=1):
            yield Page(number=number, label=label, start=min(start, length), end=min(end, length))

    def _table_cells(self, rows: Sequence[Sequence[Entry]]) -> Iterator[Cell]:
        places = {column: place for place, column in enumerate(sorted({entry.column for row in rows for entry in row}))}
        for number, row in enumerate(rows):
            if number:
                self._append("\n")
            at = 0
            for entry in row:
                column = places[entry.column]
                self._append(COLUMN_GAP * (column - at))
                at = column
                start = self._length
                self._append(entry.text)
                span = sum(entry.column <= other < entry.column + entry.span for other in places) if entry.span > 1 else 1
                yield Cell(row=number, column=column, start=start, end=self._length, header=entry.header, address=entry.address, span=span)

    def _add(self, kind: BlockKind, text: str, *, level: int = 0) -> None:
        if text.strip():
            self._separate()
            start = self._length
            self._append(text)
            self._blocks.append(Block(kind=kind, start=start, end=self._length, level=level))

    def _separate(self) -> None:
        if not self._separated:
            self._append("\n\n")
        self._separated = False

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def _text(self) -> str:
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]


def entries(texts: Sequence[str], *, header: bool = False) -> list[Entry]:
    """A row without gaps."""
    return [Entry(text=text, column=column, header=header) for column, text in enumerate(texts)]


def with_headers(rows: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
    """The same rows; the first is a header row when it reads like one and something follows it, and with it what stands alone above it over
    its columns: "Year ended 31 December"."""
    filled = [row for row in rows if any(entry.text.strip() for entry in row)]
    lone = 0
    while lone + 1 < min(_HEADER_ROWS, len(filled)) and _stands_alone(filled[lone]):
        lone += 1
    is_header = len(filled) > lone + 1 and reads_like_header([entry.text for entry in filled[lone]])
    return [[_as_header(entry) if is_header and number <= lone else entry for entry in row] for number, row in enumerate(filled)]


def _stands_alone(row: Sequence[Entry]) -> bool:
    said = [(place, entry.text) for place, entry in enumerate(row) if entry.text.strip()]
    return len(said) == 1 and (said[0][0] > 0 or row[0].column > 0) and not is_number_like(one_line(said[0][1]))


_UNIT_IN_CORNER = regex(
    r"(?i)^\(?(?:[\w$€£]+ )?in (?:[\w$€£]+ )?(?:thousands|millions|billions)\b.*$|"
    r"^\(?(?:in )?(?:[a-z]{0,3}[$€£¥₹]|[a-z]{2,3}\.?)\s?['’]?(?:000s?|k|m|mn|mm|bn|thousands?|millions?|billions?|crores?|lakhs?)\)?$"
)
"""As rag.numbers has it, which takes every reading process 50 ms to import."""
_HEADER_ROWS = 3
"""At most."""


def _with_further_headers(rows: list[list[Entry]]) -> list[list[Entry]]:
    """The rows right below a header row that name columns too, as header rows: years, units or words above figures, and nothing in the
    first column, unless the rows above name groups: then they have nothing there, and fewer names."""
    count = next((at for at, row in enumerate(rows) if not all(entry.header for entry in row)), len(rows))
    first = min((entry.column for row in rows for entry in row), default=0)
    numeric = {entry.column for row in rows[count + 1 :] for entry in row if is_number_like(entry.text)}
    while (
        0 < count < _HEADER_ROWS
        and count + 1 < len(rows)
        and all(
            _UNIT_IN_CORNER.match(entry.text) or (_names_groups(rows[count - 1], rows[count]) and not is_number_like(entry.text))
            if entry.column == first
            else entry.column in numeric and _names_a_column(entry.text)
            for entry in rows[count]
        )
    ):
        rows = [*rows[:count], [_as_header(entry) for entry in rows[count]], *rows[count + 1 :]]
        count += 1
    return rows


def _names_groups(above: Sequence[Entry], row: Sequence[Entry]) -> bool:
    """True where a header row has nothing above the first name of the row below it, and fewer names than that has besides."""
    return above[0].column > row[0].column and len(above) < len(row) - 1


def _names_a_column(text: str) -> bool:
    return bool(_TIME.match(text)) or not is_number_like(text)


def reads_like_header(texts: Sequence[str]) -> bool:
    """True when the texts name columns: at least two, none of them a number unless it is a year."""
    filled = [text for text in (one_line(text) for text in texts) if text]
    return len(filled) > 1 and all(_names_a_column(text) for text in filled)


@lru_cache(maxsize=4_096)
def is_number_like(text: str) -> bool:
    """True for "1,234", "(12.5)%", "$ 4.2bn", "–", "n/a"."""
    return bool(_NUMBER_LIKE.match(text))


def choose_title(content: str, metadata: str, *, path: Path) -> str:
    """The content's title, else the metadata's unless a program made it up, else the file's stem."""
    declared = _OFFICE_PREFIX.sub("", one_line(metadata))
    if (
        not re.search(r"[^\W\d_]{2}", declared)
        or declared.lower() in _EMPTY_TITLES
        or _FILE_ENDING.search(declared)
        or declared.lower() == path.stem.lower()
    ):
        declared = ""
    return one_line(content) or declared or one_line(path.stem) or path.name


def tags_from(*keywords: str) -> tuple[str, ...]:
    """Keywords as tags: split at commas, semicolons and line ends, lower case, sorted, each once."""
    parts = (part for text in keywords for part in re.split(r"[,;\n|]", text))
    return tuple(sorted({tag for tag in (one_line(part).lower() for part in parts) if tag}))


def _item(item: str) -> str:
    return " " * (len(item) - len(item.lstrip(" "))) + one_line(item)


def _cleaned(entry: Entry) -> Entry:
    text = one_line(entry.text)
    return entry if text == entry.text else replace(entry, text=text)


def _as_header(entry: Entry) -> Entry:
    return replace(entry, header=True)
