"""A document cut into chunks along its structure; every chunk is an exact span of the text.

A heading starts a section. Within one section neighbouring blocks share a chunk while they fit. What does not fit is cut where it hurts
least: lists between items, tables between rows (the header row is repeated in the chunk's ``header``), paragraphs between sentences, and
only a sentence that is over the budget on its own between tokens, at white space where there is some. Nothing but white space is ever
left out, and no two chunks overlap.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.errors import UsageError
from rag.ports import TokenCounter
from rag.text import sentences
from rag.types import Block, Chunk, Document

CHUNKER_VERSION = "2"
"""A change means that every document is cut again."""
MOST_TOKENS = 160
"""More text in one vector blurs it: measured with all-MiniLM-L6-v2 (docs/log.md). What a passage loses in context, search gives back
by weighing its surroundings."""
LEAST_TOKENS = 32
_HEADER_SHARE = 4
"""The context line gets at most one in so many tokens of the budget, the repeated header row of a table as much again."""

Span = tuple[int, int]
Way = Callable[[Span], Sequence[Span]]


def budget_for(counter: TokenCounter) -> int:
    """Tokens for one chunk, header and special tokens included: the embedder's limit, at most MOST_TOKENS."""
    return min(counter.max_tokens, MOST_TOKENS)


def chunk(document: Document, *, document_id: str, counter: TokenCounter, budget: int) -> list[Chunk]:
    """The document's chunks in text order, none over ``budget`` tokens by the counter's own count of ``embedded_text``.

    Raises UsageError for a budget under LEAST_TOKENS or over what the embedder takes.
    """
    if not LEAST_TOKENS <= budget <= counter.max_tokens:
        raise UsageError(f"a chunk of {budget} tokens is not possible: choose {LEAST_TOKENS} to {counter.max_tokens}")
    cutter = _Cutter(document, counter=counter, budget=budget)
    page_starts = [page.start for page in document.pages]
    return [
        _chunk(piece, text=document.text, document_id=document_id, ordinal=ordinal, page_starts=page_starts)
        for ordinal, piece in enumerate(cutter.pieces())
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heading:
    level: int
    text: str
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Section:
    path: tuple[_Heading, ...]
    blocks: tuple[Block, ...]
    """Its headings first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """A chunk to be."""

    span: Span
    path: tuple[_Heading, ...]
    header: str
    tokens: int


def _chunk(piece: _Piece, *, text: str, document_id: str, ordinal: int, page_starts: Sequence[int]) -> Chunk:
    start, end = piece.span
    identity = "\0".join((document_id, str(start), str(end), piece.header, text[start:end]))
    return Chunk(
        id=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        document=document_id,
        ordinal=ordinal,
        start=start,
        end=end,
        text=text[start:end],
        first_page=bisect_right(page_starts, start) or 1,
        last_page=bisect_right(page_starts, end - 1) or 1,
        heading_path=tuple(heading.text for heading in piece.path),
        header=piece.header,
        tokens=piece.tokens,
    )


class _Cutter:
    """One document with its tokens' offsets: the text is tokenised once, and spans are measured by counting offsets."""

    def __init__(self, document: Document, *, counter: TokenCounter, budget: int) -> None:
        self._document = document
        self._text = document.text
        self._counter = counter
        self._budget = budget
        self._share = budget // _HEADER_SHARE
        self._counted: dict[str, int] = {}
        spans = counter.token_spans(document.text)
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def pieces(self) -> Iterator[_Piece]:
        """In text order."""
        for section in _sections(self._document):
            room = self._room(self._context(section.path, within=(0, 0)))
            pending: list[Block] = []
            for block in section.blocks:
                if block.kind != "table" or self._size((block.start, block.end)) <= room:
                    pending.append(block)
                    continue
                headings_only = all(other.kind == "heading" for other in pending)
                if not headings_only:
                    yield from self._packed(pending, section=section, room=room)
                yield from self._table(block, section=section, start=pending[0].start if pending and headings_only else block.start)
                pending = []
            yield from self._packed(pending, section=section, room=room)

    # ── cutting ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _packed(self, blocks: Sequence[Block], *, section: _Section, room: int) -> Iterator[_Piece]:
        """Blocks of one section, together where they fit."""
        units = [unit for block in blocks for unit in self._divided((block.start, block.end), ways=self._ways(block), room=room)]
        for span in self._joined(units, room=room):
            yield from self._fitted(span, section=section, columns="")

    def _table(self, block: Block, *, section: _Section, start: int) -> Iterator[_Piece]:
        """A table over the budget, cut between rows; ``start`` takes the section's own heading into the first part."""
        columns, header_end = self._columns(block)
        room = self._room(self._context(section.path, within=(0, 0)), columns)
        rows = list(self._divided((block.start, block.end), ways=self._ways(block), room=room))
        rows[0] = (start, rows[0][1])
        for span in self._joined(rows, room=room):
            yield from self._fitted(span, section=section, columns=columns if span[0] >= header_end else "")

    def _ways(self, block: Block) -> tuple[Way, ...]:
        """How to cut a block, from the gentlest to the last resort."""
        if block.kind == "table":
            return (lambda _: _rows(self._text, block), self._lines)
        return (self._lines, self._sentences) if block.kind == "list" else (self._sentences, self._lines)

    def _divided(self, span: Span, *, ways: tuple[Way, ...], room: int) -> Iterator[Span]:
        if self._size(span) <= room:
            yield span
        elif ways:
            for part in ways[0](span):
                yield from self._divided(part, ways=ways[1:], room=room)
        else:
            yield from self._cut(span, room=room)

    def _cut(self, span: Span, *, room: int) -> Iterator[Span]:
        """Runs of at most ``room`` tokens, ended at white space when there is some in a run's second half."""
        start, end = span
        while self._size((start, end)) > room:
            first = bisect_right(self._ends, start)
            middle, at = (self._starts[min(first + count, len(self._starts) - 1)] for count in (room // 2, room))
            at = max(at, start + 1)
            space = max(self._text.rfind(mark, middle, at) for mark in " \n\t")
            at = space + 1 if space > start else at
            yield from _trimmed(self._text, start, at)
            start = at
        yield from _trimmed(self._text, start, end)

    def _joined(self, units: Sequence[Span], *, room: int) -> Iterator[Span]:
        """Neighbours together, in parts of about equal size, so that no short end is left over."""
        if not units:
            return
        total = self._size((units[0][0], units[-1][1]))
        target = total / max(1, -(-total // room))
        start, end = units[0]
        for unit in units[1:]:
            if self._size((start, unit[1])) > room or self._size((start, end)) >= target:
                yield start, end
                start = unit[0]
            end = unit[1]
        yield start, end

    def _fitted(self, span: Span, *, section: _Section, columns: str) -> Iterator[_Piece]:
        """The chunk as counted for good: a text cut out of its surroundings can have other tokens, and then it is halved."""
        header = "\n".join(part for part in (self._context(section.path, within=span), columns) if part)
        text = self._text[span[0] : span[1]]
        tokens = len(self._counter.token_spans(f"{header}\n{text}" if header else text)) + self._counter.special_tokens
        if tokens <= self._budget or len(text) < 2:
            yield _Piece(span=span, path=section.path, header=header, tokens=tokens)
            return
        middle = (span[0] + span[1]) // 2
        space = max(self._text.rfind(mark, span[0], middle) for mark in " \n\t")
        at = space + 1 if space > span[0] else middle
        for part in (*_trimmed(self._text, span[0], at), *_trimmed(self._text, at, span[1])):
            yield from self._fitted(part, section=section, columns=columns)

    def _lines(self, span: Span) -> list[Span]:
        ends = [at for at in range(*span) if self._text[at] == "\n"]
        return [line for start, end in pairwise((span[0], *ends, span[1])) for line in _trimmed(self._text, start, end)]

    def _sentences(self, span: Span) -> list[Span]:
        return [(span[0] + start, span[0] + end) for start, end in sentences(self._text[span[0] : span[1]])]

    # ── measuring ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _size(self, span: Span) -> int:
        """Tokens of the whole text that touch the span."""
        return max(0, bisect_left(self._starts, span[1]) - bisect_right(self._ends, span[0]))

    def _count(self, text: str) -> int:
        """A section's header is counted for each of its chunks."""
        if text not in self._counted:
            self._counted[text] = len(self._counter.token_spans(text))
        return self._counted[text]

    def _room(self, *headers: str) -> int:
        """Tokens left for text."""
        return self._budget - self._counter.special_tokens - sum(self._count(header) for header in headers)

    # ── headers ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _context(self, path: tuple[_Heading, ...], *, within: Span) -> str:
        """ "title > section > subsection" without what the span itself says, within its share of the budget."""
        title = " ".join(self._document.metadata.title.split())
        outside = [heading.text for heading in path if not within[0] <= heading.start < within[1]]
        if not path or path[0].text.casefold() != title.casefold():
            outside.insert(0, title)
        line = " > ".join(outside)
        if self._count(line) <= self._share:
            return line
        ends = (outside[0], outside[-1]) if len(outside) > 1 else (outside[0],)
        return " > … > ".join(self._shortened(end, most=(self._share - 3) // len(ends)) for end in ends)

    def _shortened(self, text: str, *, most: int) -> str:
        """The text up to its last token that fits; as cut, it is counted again."""
        while (spans := self._counter.token_spans(text)) and len(spans) > most:
            text = text[: min(spans[most - 1][1], len(text) - 1)].rstrip()
        return text

    def _columns(self, block: Block) -> tuple[str, int]:
        """A table's header row as one line, as many whole cells as fit their share, and where the header rows end."""
        cells = [cell for cell in block.cells if cell.header]
        texts = [" ".join(self._text[cell.start : cell.end].split()) for cell in cells]
        shown = [text for text in texts if text]
        while shown and self._count(" | ".join(shown)) > self._share:
            shown.pop()
        return " | ".join(shown), max((cell.end for cell in cells), default=block.end)


def _sections(document: Document) -> Iterator[_Section]:
    """Headings pile up until there is something below them; each section has at least one block."""
    path: list[_Heading] = []
    blocks: list[Block] = []
    for block in _covering(document):
        if block.kind == "heading":
            if any(other.kind != "heading" for other in blocks):
                yield _Section(path=tuple(path), blocks=tuple(blocks))
                blocks = []
            while path and path[-1].level >= block.level:
                path.pop()
            path.append(_Heading(level=block.level, text=" ".join(document.text[block.start : block.end].split()), start=block.start))
        blocks.append(block)
    if blocks:
        yield _Section(path=tuple(path), blocks=tuple(blocks))


def _covering(document: Document) -> Iterator[Block]:
    """The document's blocks, trimmed, and as paragraphs whatever text stands between them."""
    at = 0
    for block in document.blocks:
        yield from _paragraphs(document.text, at, block.start)
        for start, end in _trimmed(document.text, block.start, block.end):
            yield Block(kind=block.kind, start=start, end=end, level=block.level, cells=block.cells)
        at = block.end
    yield from _paragraphs(document.text, at, len(document.text))


def _paragraphs(text: str, start: int, end: int) -> Iterator[Block]:
    for found, stop in _trimmed(text, start, end):
        yield Block(kind="paragraph", start=found, end=stop)


def _rows(text: str, block: Block) -> list[Span]:
    """A table's rows, with whatever rules and bars are drawn around them; lines when its cells are not known."""
    firsts: dict[int, int] = {}
    for cell in block.cells:
        firsts[cell.row] = min(cell.start, firsts.get(cell.row, cell.start))
    starts = sorted(firsts.values())[1:] or [at + 1 for at in range(block.start, block.end) if text[at] == "\n"]
    bounds = sorted({block.start, block.end, *(_line_start(text, start, after=block.start) for start in starts)})
    return [row for start, end in pairwise(bounds) for row in _trimmed(text, start, end)]


def _line_start(text: str, at: int, *, after: int) -> int:
    """Where the line of a row's first cell begins, when nothing but rules and bars stands before it."""
    start = text.rfind("\n", after, at) + 1
    return start if start and not any(character.isalnum() for character in text[start:at]) else at


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without white space around it; nothing when there is nothing else."""
    inner = text[start:end]
    left = len(inner) - len(inner.lstrip())
    if left < len(inner):
        yield start + left, start + len(inner.rstrip())
