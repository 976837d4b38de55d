"""Comma-, semicolon- and tab-separated tables: one table, one row a line."""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from pathlib import Path

from rag.errors import CorruptFileError
from rag.patterns import regex
from rag.readers.byline import opening_metadata
from rag.readers.draft import Draft, Entry, entries, with_headers
from rag.readers.encoding import decode, read_bytes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".csv", ".tsv"})

_DECLARATION = regex(r"sep=(.)\r?[\n\r]")
_FORMULA = regex(r'="([^"]*)"')
_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200
_MOST_LEAD_ROWS = 6
MOST_CELLS = 200_000
"""More cells than this in one file are left out with a notice: a data dump is not a document."""


def read(path: Path) -> Document:
    """One page with one table; lines of text above it are its title and paragraphs. Raises ReadError and its children."""
    text, declared = _without_declaration(decode(read_bytes(path), path=path))
    draft = Draft()
    try:
        rows = list(_rows(text, delimiter=declared or _delimiter(text), draft=draft))
    except csv.Error as error:
        raise CorruptFileError(f"cannot read {path.name}: it is not a table of separated values ({error}); export it again") from error
    lead = _lead(rows)
    title = rows[0][0].text if lead and len(_filled(rows[0])) == 1 else ""
    draft.heading(title, level=1)
    for row in rows[1 if title else 0 : lead]:
        draft.paragraph(", ".join(entry.text.strip() for entry in _filled(row)))
    draft.table(with_headers(rows[lead:]))
    return draft.finish(metadata=opening_metadata(draft, title=title, path=path), format="csv", path=path)


def _filled(row: list[Entry]) -> list[Entry]:
    return [entry for entry in row if entry.text.strip()]


def _lead(rows: list[list[Entry]]) -> int:
    """How many rows stand above the table: those before the first row of the commonest width, which half of all rows have."""
    widths = [len(_filled(row)) for row in rows]
    commonest = max(set(widths), key=widths.count, default=0)
    first = widths.index(commonest) if commonest > 1 and widths.count(commonest) >= len(rows) / 2 else 0
    return first if first <= _MOST_LEAD_ROWS and all(width < commonest for width in widths[:first]) else 0


def _without_declaration(text: str) -> tuple[str, str]:
    """(the text without a first line "sep=;", as Excel writes and reads it, the delimiter which that names); empty without one."""
    found = _DECLARATION.match(text)
    return (text[found.end() :], found[1]) if found else (text, "")


def _rows(text: str, *, delimiter: str, draft: Draft) -> Iterator[list[Entry]]:
    csv.field_size_limit(10_000_000)
    cells = 0
    for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
        cells += len(row)
        if cells > MOST_CELLS:
            draft.notice(f"cells after the first {MOST_CELLS:,} left out")
            yield entries(list(map(_value, row[: len(row) - (cells - MOST_CELLS)])))
            return
        yield entries(list(map(_value, row)))


def _value(field: str) -> str:
    """A field that is written as a formula, so that Excel keeps its zeros, is the text in it."""
    return found[1] if (found := _FORMULA.fullmatch(field)) else field


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the same number of fields most often, at least two; else a comma."""
    lines = list(islice(StringIO(text), _SAMPLE_LINES))
    return max(_DELIMITERS, key=lambda delimiter: (_agreement(lines, delimiter=delimiter), delimiter == ","))


def _agreement(lines: list[str], *, delimiter: str) -> float:
    """Rows with the commonest width above one, weighted by that width."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0
    wide = [width for width in widths if width > 1]
    commonest = max(set(wide), key=wide.count, default=0)
    return wide.count(commonest) / len(widths) + min(commonest, 50) / 1_000 if wide else 0.0
