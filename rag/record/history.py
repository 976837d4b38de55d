"""The record as it was: rows that triggers kept (migration 0003), put together again beside the record, in memory.

A state is what the record held at the end of the last ingest that had started by a moment. Its chunks keep their numbers and vectors, so
that a search in it gives what it gave then, to the last bit, as long as the space is the same.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rag.kin import sketch
from rag.record import rows, schema
from rag.record.codes import Together
from rag.record.scopes import day

_FILES = "path, folder, document, content, size, mtime_ns, modified, status, reason, reader"
_DOCUMENTS = "id, title, author, publisher, published, published_from, format, pages, reader, body"
_CHUNKS = "number, space, id, document, ordinal, first, past, first_page, last_page, heading_path, header, text, tokens"
_LATER = "SELECT 1 FROM library.{table} AS p WHERE p.{column} = {of} AND p.until > :at"
"""True for what was replaced or dropped after the moment: the kept rows tell how it was."""
_NEXT = "(SELECT min(until) FROM library.{table} WHERE {column} = p.{column} AND until > :at)"

_STATE = (
    f"""INSERT INTO files ({_FILES})
        SELECT {_FILES} FROM library.files WHERE since <= :at
        UNION ALL SELECT {_FILES} FROM library.past_files WHERE since <= :at AND until > :at""",
    "INSERT INTO folders SELECT * FROM library.folders",
    "INSERT INTO spaces SELECT * FROM library.spaces WHERE active = 1",
    "UPDATE meta SET value = (SELECT sequence FROM library.moments WHERE at <= :at ORDER BY at DESC LIMIT 1) WHERE name = 'sequence'",
    f"""INSERT INTO documents ({_DOCUMENTS})
        SELECT {_DOCUMENTS} FROM library.documents AS d WHERE id IN (SELECT document FROM files)
        AND NOT EXISTS ({_LATER.format(table="past_documents", column="id", of="d.id")})
        UNION ALL SELECT {_DOCUMENTS} FROM library.past_documents AS p WHERE id IN (SELECT document FROM files)
        AND until = {_NEXT.format(table="past_documents", column="id")}""",
    f"""INSERT INTO blocks SELECT * FROM library.blocks AS b
        WHERE space IN (SELECT id FROM spaces) AND document IN (SELECT document FROM files)
        AND NOT EXISTS ({_LATER.format(table="past_chunks", column="document", of="b.document")})""",
    f"""INSERT INTO chunks ({_CHUNKS}, block, key, sequence)
        SELECT {", ".join(f"c.{name}" for name in _CHUNKS.split(", "))}, c.block, c.key, c.sequence
        FROM library.chunks AS c JOIN blocks AS b ON b.number = c.block""",
    "INSERT INTO vectors SELECT * FROM library.vectors WHERE query = 1",
    f"""CREATE TEMP TABLE gone AS SELECT * FROM library.past_chunks AS p
        WHERE space IN (SELECT id FROM spaces) AND document IN (SELECT document FROM files)
        AND until = {_NEXT.format(table="past_chunks", column="document")}""",
    """INSERT INTO blocks (space, document, first, count, pages, bits, rest)
        SELECT space, document, min(number), count(*), pages_of(number, first_page), together(number, vector), together(number, rest)
        FROM gone GROUP BY space, document ORDER BY min(number)""",
    f"""INSERT INTO chunks ({_CHUNKS}, block, key, sequence)
        SELECT {", ".join(f"g.{name}" for name in _CHUNKS.split(", "))}, b.number, g.key, g.sequence
        FROM gone AS g JOIN blocks AS b ON b.space = g.space AND b.document = g.document""",
    "INSERT INTO token_codes SELECT * FROM library.token_codes WHERE key IN (SELECT key FROM chunks)",
    """INSERT INTO filled SELECT spaces.id, documents.id FROM spaces, documents
        WHERE documents.id NOT IN (SELECT document FROM blocks) AND (
            EXISTS (SELECT 1 FROM library.filled AS f WHERE f.document = documents.id AND f.space = spaces.id)
            OR EXISTS (SELECT 1 FROM library.blocks AS b WHERE b.document = documents.id AND b.space = spaces.id))""",
    f"""INSERT INTO tags SELECT document, tag FROM library.tags AS t WHERE document IN (SELECT id FROM documents)
        AND NOT EXISTS ({_LATER.format(table="past_documents", column="id", of="t.document")})""",
    f"""INSERT INTO sketches SELECT document, sketch FROM library.sketches AS s WHERE document IN (SELECT id FROM documents)
        AND NOT EXISTS ({_LATER.format(table="past_documents", column="id", of="s.document")})""",
    "INSERT INTO runs SELECT * FROM library.runs WHERE started <= :at",
    "INSERT OR REPLACE INTO moments SELECT * FROM library.moments WHERE at <= :at",
    "DELETE FROM deletions",
)
"""From an empty record and the attached ``library`` to the state at ``:at``; blocks of vectors that are still there keep their numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """What a saved report is an edition of."""

    name: str
    """Hash of topic, scope and template: what all its editions have in common."""
    as_of: date
    run: str
    """As in the manifest."""


def put_edition(connection: sqlite3.Connection, report: str, edition: Edition) -> None:
    """Notes what a saved report is an edition of."""
    values = [report, edition.name, day(edition.as_of), edition.run]
    connection.execute("INSERT OR REPLACE INTO editions (report, name, as_of, run) VALUES (?, ?, ?, ?)", values)


def moment(at: datetime) -> str:
    """As the record writes it: ISO 8601 in UTC, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat()


def state(path: Path, *, at: datetime) -> sqlite3.Connection:
    """A connection to the record in ``path`` as it was at ``at``, in memory. Raises sqlite3.Error."""
    connection = sqlite3.connect(":memory:", isolation_level=None, uri=True)
    try:
        schema.migrate(connection, path=path)
        connection.create_aggregate("together", 2, Together)  # type: ignore[arg-type]
        connection.execute("ATTACH ? AS library", [f"{path.resolve().as_uri()}?mode=ro"])
        with schema.transaction(connection):
            for statement in _STATE:
                connection.execute(statement, {"at": moment(at)} if ":at" in statement else {})
            _describe(connection)
            connection.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")
            connection.execute("DROP TABLE gone")
        connection.execute("DETACH library")
    except BaseException:
        connection.close()
        raise
    return connection


def _describe(connection: sqlite3.Connection) -> None:
    """What is made of documents that the library no longer holds, or reads otherwise now: keywords and sketches."""
    kept = "SELECT id, body FROM documents WHERE id NOT IN (SELECT document FROM sketches) ORDER BY id"
    for identity, body in connection.execute(kept).fetchall():
        document = rows.document_from_body(identity, body)
        connection.executemany("INSERT INTO tags VALUES (?, ?)", [(identity, tag) for tag in sorted(set(document.metadata.tags))])
        connection.execute("INSERT INTO sketches VALUES (?, ?)", [identity, sketch(document.text)])


def erase(connection: sqlite3.Connection, *, documents: Sequence[str]) -> None:
    """Takes everything kept of these documents away."""
    for document in documents:
        connection.execute("DELETE FROM past_files WHERE document = ?", [document])
        connection.execute("DELETE FROM past_documents WHERE id = ?", [document])
        connection.execute("DELETE FROM past_chunks WHERE document = ?", [document])
