"""Plain text: paragraphs between blank lines, lists where lines begin with a marker."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.patterns import regex
from rag.readers.byline import opening_metadata
from rag.readers.clean import clean
from rag.readers.dates import parse_date
from rag.readers.draft import Draft
from rag.readers.encoding import decode, read_bytes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".txt", ".text", ".adoc", ".asciidoc", ".rst"})

_BLANK = regex(r"\n(?:[ ]*\n)+")
_MARKER = regex(r"^ *(?:[-*•▪‣–] |\d{1,3}[.)] )")
_BULLET = regex(r"^( *)[*•▪‣–] ")
_LABEL = regex(r"^(?:authors?|by|publisher|date|published|keywords|tags)\s*:", re.IGNORECASE)
_LONGEST_TITLE = 120
_LONGEST_BYLINE = 6


def read(path: Path) -> Document:
    """One page; a short first line is the title when it stands alone or over a byline. Raises ReadError and its children."""
    draft = Draft()
    parts = paragraphs(clean(decode(read_bytes(path), path=path)))
    title, rest = _title(parts)
    draft.heading(title, level=1)
    add_paragraphs(draft, rest)
    return draft.finish(metadata=opening_metadata(draft, title=title, path=path), format="txt", path=path)


def paragraphs(text: str) -> list[str]:
    """What stands between blank lines."""
    return [part for part in _BLANK.split(text) if part.strip()]


def add_paragraphs(draft: Draft, parts: Iterable[str]) -> None:
    """Adds each part as paragraphs and lists."""
    for part in parts:
        for is_list, lines in _runs(part.split("\n")):
            if is_list:
                draft.list_items([_BULLET.sub(r"\1- ", line) for line in lines])
            else:
                draft.paragraph("\n".join(lines))


def _title(parts: list[str]) -> tuple[str, list[str]]:
    """(title, what follows): the first line when it is short, no sentence, and alone or over short lines with a date or a label."""
    first, _, under = (parts[0] if parts else "").strip().partition("\n")
    fits = 0 < len(first) <= _LONGEST_TITLE and first[-1] not in ".,;:" and not _MARKER.match(first)
    lines = under.split("\n") if under else []
    is_byline = len(lines) <= _LONGEST_BYLINE and all(len(line) <= _LONGEST_TITLE for line in lines) and _has_byline(lines)
    if not fits or (not lines and len(parts) < 2) or (lines and not is_byline):
        return "", parts
    return first, [*([under] if under else []), *parts[1:]]


def _has_byline(lines: list[str]) -> bool:
    return any(parse_date(line) or _LABEL.match(line) for line in lines)


def _runs(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Runs of lines that are list items (an indented line goes on with its item) or not."""
    run: list[str] = []
    in_list = False
    for line in lines:
        if in_list and run and line.startswith("  ") and not _MARKER.match(line):
            run[-1] += " " + line.strip()
            continue
        is_item = bool(_MARKER.match(line))
        if run and is_item != in_list:
            yield in_list, run
            run = []
        in_list = is_item
        run.append(line)
    if run:
        yield in_list, run
