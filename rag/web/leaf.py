"""A document on the screen: one leaf of it at a time, cut along its blocks, with a span marked."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rag.types import Block, Cell, Document, Page

LEAF = 12_000
"""Characters shown at once, about four printed pages."""
_BROKEN_AT = 50
"""Characters of a line that may have been broken to fit; lines of an address or a list are shorter."""
_ROWS = 60
"""Rows of a table shown around the mark."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Characters that look alike."""

    text: str
    marked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A heading, paragraph or table."""

    kind: str
    level: int
    runs: tuple[Run, ...]
    rows: tuple[tuple[tuple[bool, tuple[Run, ...]], ...], ...] = ()
    """Of a table: rows of (is a header, text)."""
    cut: bool = False
    """True for a table of which some rows are not shown."""
    flows: bool = False
    """True for a paragraph whose lines were broken to fit a width, as a mail's: on a screen they need not end there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """What is shown at once."""

    label: str
    """The page's."""
    pieces: tuple[Piece, ...]
    start: int
    end: int
    before: int | None
    """Where the leaf before begins; None for the first."""
    after: int | None


def leaf(document: Document, *, start: int, end: int) -> Leaf:
    """The leaf that holds ``start``, with ``start`` to ``end`` marked where they differ."""
    spans = [(first, last, page) for page in document.pages for first, last in _cut(document, page)]
    at = next((number for number, (_, last, _) in enumerate(spans) if start < last), len(spans) - 1)
    if not spans:
        return Leaf(label="", pieces=(), start=0, end=0, before=None, after=None)
    first, last, page = spans[at]
    return Leaf(
        label=page.label,
        pieces=tuple(_piece(block, document.text, mark=(start, end)) for block in _blocks(document, first, last)),
        start=first,
        end=last,
        before=spans[at - 1][0] if at else None,
        after=spans[at + 1][0] if at + 1 < len(spans) else None,
    )


def _cut(document: Document, page: Page) -> Iterator[tuple[int, int]]:
    """Spans of a page of about LEAF characters, ending where blocks end."""
    first = page.start
    for block in document.blocks:
        if page.start <= block.start < page.end and block.end - first > LEAF and block.start > first:
            yield first, block.start
            first = block.start
    if first < page.end:
        yield first, page.end


def _blocks(document: Document, first: int, last: int) -> Iterator[Block]:
    """The blocks of a span, and text between them as paragraphs."""
    at = first
    for block in document.blocks:
        if first <= block.start < last:
            if document.text[at : block.start].strip():
                yield Block(kind="paragraph", start=at, end=block.start)
            yield block
            at = max(at, block.end)
    if document.text[at:last].strip():
        yield Block(kind="paragraph", start=at, end=last)


def _piece(block: Block, text: str, *, mark: tuple[int, int]) -> Piece:
    if not block.cells:
        flows = _flows(text[block.start : block.end])
        return Piece(kind=block.kind, level=block.level, runs=_runs(text, block.start, block.end, mark), flows=flows)
    rows = [list(cells) for _, cells in groupby(block.cells, key=lambda cell: cell.row)]
    shown = _around(rows, mark)
    return Piece(
        kind="table",
        level=0,
        runs=(),
        rows=tuple(tuple(_in_columns(row, text, mark=mark, width=1 + max(cell.column for cell in block.cells))) for row in shown),
        cut=len(shown) < len(rows),
    )


def _in_columns(row: list[Cell], text: str, *, mark: tuple[int, int], width: int) -> Iterator[tuple[bool, tuple[Run, ...]]]:
    """A row's cells, each in its column, with nothing where it has none."""
    cells = {cell.column: cell for cell in row}
    for column in range(width):
        cell = cells.get(column)
        yield (cell.header, _runs(text, cell.start, cell.end, mark)) if cell else (False, ())


def _flows(paragraph: str) -> bool:
    lines = paragraph.strip().split("\n")
    return len(lines) > 1 and all(len(line) >= _BROKEN_AT for line in lines[:-1])


def _around(rows: list[list[Cell]], mark: tuple[int, int]) -> list[list[Cell]]:
    """The header rows, and those around the mark."""
    marked = next((at for at, row in enumerate(rows) if row[-1].end > mark[0]), 0)
    first = max(0, min(marked - _ROWS // 2, len(rows) - _ROWS))
    return [row for at, row in enumerate(rows) if first <= at < first + _ROWS or all(cell.header for cell in row)]


def _runs(text: str, start: int, end: int, mark: tuple[int, int]) -> tuple[Run, ...]:
    inside = max(start, min(mark[0], end)), max(start, min(mark[1], end))
    parts = ((start, inside[0], False), (*inside, True), (inside[1], end, False))
    return tuple(Run(text=text[first:last], marked=marked) for first, last, marked in parts if first < last)
