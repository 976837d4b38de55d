"""Notebooks (nbformat 3 and 4): text cells as Markdown, code as it stands, and of what it gave the text and tables."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError
from rag.readers import html, markdown
from rag.readers.byline import opening_metadata
from rag.readers.draft import Draft
from rag.readers.encoding import decode, read_bytes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".ipynb"})


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    cells = list(_cells(path))
    draft = Draft()
    for cell in cells:
        _write_cell(draft, cell)
    return draft.finish(metadata=opening_metadata(draft, title=draft.first_heading(), path=path), format="ipynb", path=path)


def _cells(path: Path) -> Iterator[Mapping[str, Any]]:
    """Raises CorruptFileError for what is no notebook."""
    try:
        book = json.loads(decode(read_bytes(path), path=path))
    except ValueError as error:
        raise CorruptFileError(f"cannot read {path.name}: it is not a whole notebook ({error}); open and save it again") from error
    sheets = _objects(book.get("worksheets")) if isinstance(book, dict) else iter(())
    if not isinstance(book, dict) or not isinstance(book.get("cells", book.get("worksheets")), list):
        raise CorruptFileError(
            f"cannot read {path.name}: it is no notebook, it has no cells; give it the suffix it should have, such as .txt"
        )
    yield from _objects(book.get("cells"))
    for sheet in sheets:
        yield from _objects(sheet.get("cells"))


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))


def _write_cell(draft: Draft, cell: Mapping[str, Any]) -> None:
    source, kind = _text(cell.get("source", cell.get("input"))), cell.get("cell_type")
    if kind == "markdown":
        markdown.write(draft, source)
    elif kind == "heading":
        level = cell.get("level")
        draft.heading(source, level=min(max(level, 1), 6) if isinstance(level, int) else 1)
    else:
        draft.paragraph(source)
    for output in _objects(cell.get("outputs")):
        _write_output(draft, output)


def _write_output(draft: Draft, output: Mapping[str, Any]) -> None:
    """Of one result in several forms the best: a table, Markdown, plain text."""
    data = output.get("data")
    forms = data if isinstance(data, dict) else {"text/html": output.get("html"), "text/plain": output.get("text")}
    page = _text(forms.get("text/html"))
    if "<table" in page.lower():
        html.add_page(draft, html.parse(page))
    elif said := _text(forms.get("text/markdown")):
        markdown.write(draft, said)
    else:
        draft.paragraph(_text(forms.get("text/plain")))
    if output.get("output_type") in ("error", "pyerr"):
        draft.paragraph(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}")


def _text(value: object) -> str:
    """A text, or its lines."""
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))
