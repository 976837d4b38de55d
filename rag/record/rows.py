"""What the record's rows mean: nouns of its own, and the way from columns to the nouns of ``rag.types``."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rag.codec import document_from_json, document_to_json
from rag.record.scopes import day, from_day
from rag.remembered import Shelf
from rag.types import Chunk, Document, Source

KnownStatus = Literal["ok", "failed", "skipped", "missing"]
RunKind = Literal["ingest", "report"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """A file the record knows, as it was when last looked at."""

    path: str
    """As in ``Source.path``."""
    folder: str
    """The first part of the path."""
    document: str | None
    """The document it holds; None when it was skipped or could not be read."""
    content: str = ""
    """Content id of its bytes; empty when they were never looked at."""
    size: int
    """Bytes."""
    mtime_ns: int
    status: KnownStatus
    """"missing": gone from disk, kept in search until a deletion is allowed."""
    reason: str = ""
    reader: str = ""
    """Version of the readers that last looked at it."""

    @property
    def mtime(self) -> datetime:
        """When it was last modified, UTC."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9, tz=UTC)


class Names(NamedTuple):
    """What a document is called; light, since every document's are read at once."""

    document: str
    path: str
    title: str
    author: str
    publisher: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of ingest or of a report."""

    id: int
    kind: RunKind
    started: datetime
    finished: datetime | None
    """None while it runs, and for ever when it was killed."""
    status: str
    counts: Mapping[str, int]


FILE_COLUMNS = "path, folder, document, content, size, mtime_ns, status, reason, reader"
SOURCE_COLUMNS = (
    "s.id, s.path, s.title, s.author, s.publisher, s.day, s.published_from, s.format, s.pages, "
    "(SELECT json_group_array(tag) FROM (SELECT tag FROM tags WHERE document = s.id ORDER BY tag))"
)
CHUNK_COLUMNS = "id, document, ordinal, first, past, text, first_page, last_page, heading_path, header, tokens"


_to_json = lru_cache(maxsize=4_096)(json.JSONEncoder(ensure_ascii=False).encode)
"""Chunks under one heading follow each other."""


@lru_cache(maxsize=4_096)
def _from_json(array: str) -> tuple[str, ...]:
    """Most are empty, and passages of one document have the same."""
    return tuple(json.loads(array))


def file_row(row: tuple[Any, ...]) -> FileRow:
    """From FILE_COLUMNS."""
    return FileRow(**dict(zip(FILE_COLUMNS.split(", "), row, strict=True)))


def file_values(file: FileRow) -> tuple[Any, ...]:
    """FILE_COLUMNS and the day the file was modified."""
    return (
        *(file.path, file.folder, file.document, file.content, file.size, file.mtime_ns, file.status, file.reason, file.reader),
        day(file.mtime.date()),
    )


def source(row: tuple[Any, ...]) -> Source:
    """From SOURCE_COLUMNS."""
    document, path, title, author, publisher, published, published_from, form, pages, tags = row
    return Source(
        document=document,
        path=path,
        title=title,
        author=author,
        publisher=publisher,
        published=from_day(published),
        published_from=published_from,
        format=form,
        pages=pages,
        tags=_from_json(tags),
    )


def chunk(row: tuple[Any, ...]) -> Chunk:
    """From CHUNK_COLUMNS."""
    identity, document, ordinal, first, past, text, first_page, last_page, heading_path, header, tokens = row
    return Chunk(
        id=identity,
        document=document,
        ordinal=ordinal,
        start=first,
        end=past,
        text=text,
        first_page=first_page,
        last_page=last_page,
        heading_path=_from_json(heading_path),
        header=header,
        tokens=tokens,
    )


def chunk_values(piece: Chunk) -> tuple[Any, ...]:
    """CHUNK_COLUMNS."""
    heading_path = _to_json(piece.heading_path)
    return (
        *(piece.id, piece.document, piece.ordinal, piece.start, piece.end, piece.text, piece.first_page, piece.last_page),
        *(heading_path, piece.header, piece.tokens),
    )


def document_values(identity: str, document: Document, *, reader: str) -> tuple[Any, ...]:
    """The columns of ``documents``, in the table's order."""
    about = document.metadata
    return (
        *(identity, about.title, about.author, about.publisher),
        *(day(about.published) if about.published else None, about.published_from, document.format, len(document.pages), reader),
        zlib.compress(document_to_json(document).encode(), 6),
    )


_DOCUMENTS: Shelf[Document] = Shelf(most=24_000_000)
"""By id, as long as the record holds the same bytes; sizes in characters of JSON."""


def document_from_body(identity: str, body: bytes) -> Document:
    """The document as the reader gave it; those read last are kept, for all connections together."""

    def made() -> tuple[Document, int]:
        text = zlib.decompress(body).decode()
        return document_from_json(text), len(text)

    return _DOCUMENTS.of(identity, same=body, make=made)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportHead:
    """What a list prints of a saved report."""

    id: str
    created: datetime
    title: str
    as_of: date
    writer: str
    """"extractive", or the model's name."""


def report_head(body: str) -> tuple[str, str, str]:
    """(title, as-of date, writer) of a report's JSON."""
    plain = json.loads(body)
    return plain["title"], plain["as_of"], plain["manifest"]["writer"]


def head(row: tuple[Any, ...]) -> ReportHead:
    """From id, created, title, as-of date and writer."""
    identity, created, title, as_of, writer = row
    return ReportHead(id=identity, created=datetime.fromisoformat(created), title=title, as_of=date.fromisoformat(as_of), writer=writer)


def run(row: tuple[Any, ...]) -> Run:
    """From the columns of ``runs``, in the table's order."""
    number, kind, started, finished, status, counts = row
    return Run(
        id=number,
        kind=kind,
        started=datetime.fromisoformat(started),
        finished=datetime.fromisoformat(finished) if finished else None,
        status=status,
        counts=json.loads(counts),
    )
