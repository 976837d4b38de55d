"""Document <-> plain JSON: what a reader's child process sends and what the record keeps. Equal documents give equal bytes."""

import json
from datetime import date
from typing import Any

from rag.types import Block, Cell, Document, Metadata, Page


def document_to_json(document: Document) -> str:
    """Compact JSON with sorted keys. Pages, blocks and cells are arrays in the order of their fields."""
    plain = {
        "text": document.text,
        "pages": [[page.number, page.label, page.start, page.end] for page in document.pages],
        "blocks": [[block.kind, block.start, block.end, block.level, [_cell(cell) for cell in block.cells]] for block in document.blocks],
        "metadata": _metadata(document.metadata),
        "format": document.format,
        "notices": document.notices,
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def document_from_json(text: str) -> Document:
    """The document that was written. Raises ValueError (json), KeyError or TypeError on anything else."""
    plain = json.loads(text)
    return Document(
        text=plain["text"],
        pages=tuple(Page(number=number, label=label, start=start, end=end) for number, label, start, end in plain["pages"]),
        blocks=tuple(
            Block(kind=kind, start=start, end=end, level=level, cells=_cells(cells)) for kind, start, end, level, cells in plain["blocks"]
        ),
        metadata=_metadata_from(plain["metadata"]),
        format=plain["format"],
        notices=tuple(plain["notices"]),
    )


def _cell(cell: Cell) -> list[Any]:
    return [cell.row, cell.column, cell.start, cell.end, cell.header, cell.address, *([cell.span] if cell.span > 1 else [])]


def _cells(rows: list[list[Any]]) -> tuple[Cell, ...]:
    return tuple(
        Cell(row=row, column=column, start=start, end=end, header=header, address=address, span=span[0] if span else 1)
        for row, column, start, end, header, address, *span in rows
    )


def _metadata(metadata: Metadata) -> dict[str, Any]:
    return {
        "title": metadata.title,
        "author": metadata.author,
        "publisher": metadata.publisher,
        "published": metadata.published.isoformat() if metadata.published else None,
        "published_from": metadata.published_from,
        "language": metadata.language,
        "tags": metadata.tags,
    }


def _metadata_from(plain: dict[str, Any]) -> Metadata:
    published = date.fromisoformat(plain["published"]) if plain["published"] else None
    return Metadata(**{**plain, "published": published, "tags": tuple(plain["tags"])})
