"""The prose files as blocks. One line is one sentence, so that a planted sentence is a line and never has to be guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.gold.truth import Fact, Filled, fill


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading; level 2 is a section (a slide in a deck), 3 a sub-section."""

    level: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Sentences that run on."""

    lines: tuple[Filled, ...]
    style: str = "body"
    """body, bullets, note (speaker's notes) or quote (an earlier mail)."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first cell of a row names it."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Filled, ...], ...]


Block = Heading | Paragraph | Table
STYLES = {"- ": "bullets", "Note: ": "note", "> ": "quote"}


def parse(body: str, *, known: Mapping[str, Fact], inserts: Mapping[str, str]) -> list[Block]:
    """Blocks of a body in order. `@name` lines are replaced by inserts[name], which may hold placeholders."""
    for name, text in inserts.items():
        body = body.replace(f"@{name}\n", text)
    return [_block(group, known) for group in _groups(body)]


def _groups(body: str) -> Iterator[list[str]]:
    """Neighbouring lines of one kind: paragraphs end at a blank line, a heading, or where the marker changes."""
    group: list[str] = []
    for line in [*body.splitlines(), ""]:
        if group and _kind(line) != _kind(group[-1]):
            if group[0].strip():
                yield group
            group = []
        group.append(line)


def _kind(line: str) -> str:
    if line.startswith("#"):
        return line
    if line.startswith(("|", "Table: ")):
        return "table"
    return next((style for mark, style in STYLES.items() if line.startswith(mark)), "body" if line else "")


def _block(group: list[str], known: Mapping[str, Fact]) -> Block:
    first = group[0]
    kind = _kind(first)
    if first.startswith("#"):
        return Heading(level=len(first) - len(first.lstrip("#")), text=first.lstrip("# "))
    if kind == "table":
        return _table(group, known)
    mark = next((mark for mark, style in STYLES.items() if style == kind), "")
    return Paragraph(lines=tuple(fill(line.removeprefix(mark), known) for line in group), style=kind)


def _table(group: list[str], known: Mapping[str, Fact]) -> Table:
    caption = group[0].removeprefix("Table: ") if group[0].startswith("Table: ") else ""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in group if line.startswith("|")]
    return Table(
        caption=caption,
        header=tuple(rows[0]),
        rows=tuple(tuple(fill(cell, known) for cell in row) for row in rows[2:]),
    )
