"""Who wrote a document, by the lines under its title: conservative, and only where nothing is declared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.patterns import regex
from rag.readers.clean import one_line
from rag.readers.dates import choose_date, parse_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.types import Metadata

_LABELLED = regex(r"^(?P<label>authors?|by|publisher|organi[sz]ation|keywords|tags)\s*:\s*(?P<value>\S.*)$", re.IGNORECASE)
_BY = regex(r"^(?i:by)\s+(?P<name>[A-ZÀ-Þ][^,|]{2,60})")
_NAME = regex(r"^[^\W\d_][^\d.!?:;,()]{1,60}$")
_PERSON = regex(r"^[A-ZÀ-Þ][\w.'’-]*(?:\s[A-ZÀ-Þ][\w.'’-]*){1,3}$")
_FIRST_LINES = 8
_LONGEST_LINE = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Byline:
    """What the lines under a title say; empty parts were not found."""

    author: str = ""
    publisher: str = ""
    tags: tuple[str, ...] = ()


def opening_metadata(draft: Draft, *, title: str, path: Path) -> Metadata:
    """What a file without properties says of itself in its opening lines; ``title`` is empty where none was found."""
    lines = draft.opening_lines()
    found, byline = choose_date(opening=lines), find_byline(lines, title=title)
    return Metadata(
        title=choose_title(title, "", path=path),
        author=byline.author,
        publisher=byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        tags=byline.tags,
    )


def find_byline(lines: Sequence[str], *, title: str) -> Byline:
    """From labels ("Author: ..."), "By ...", "Author, Publisher, date" on one line, or the two lines between title and date."""
    first = [line for line in (one_line(line) for line in lines[:_FIRST_LINES]) if line and len(line) <= _LONGEST_LINE]
    under = first[first.index(title) + 1 :] if title in first else first
    labelled = {match["label"].lower(): match["value"] for match in map(_LABELLED.match, under) if match}
    named = _from_date_line(under)
    by = next((match["name"].strip() for match in map(_BY.match, under) if match), "")
    return Byline(
        author=labelled.get("author") or labelled.get("authors") or labelled.get("by") or by or named[0],
        publisher=labelled.get("publisher") or labelled.get("organisation") or labelled.get("organization") or named[1],
        tags=tags_from(labelled.get("keywords", ""), labelled.get("tags", "")),
    )


def _from_date_line(lines: Sequence[str]) -> tuple[str, str]:
    """(author, publisher) before the first date that ends a line or is one; a person's name behind a date that begins a line."""
    for place, line in enumerate(lines):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 2 and parse_date(parts[0]) is not None and _PERSON.match(parts[1]):
            return parts[1], ""
        for count in range(1, len(parts)):
            if parse_date(", ".join(parts[count:])) is not None:
                return _names(parts[:count]) if count == 2 else ("", "")
        if parse_date(line) is not None:
            return _names(lines[:place]) if place == 2 else ("", "")
    return "", ""


def _names(parts: Sequence[str]) -> tuple[str, str]:
    return (parts[0], parts[1]) if all(_NAME.match(part) and not part[0].islower() for part in parts) else ("", "")
