"""One connection to the record."""

import json
import os
import shutil
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from rag import windows
from rag.errors import BusyError, RecordError, UsageError, WorkspaceError
from rag.kin import sketch
from rag.patterns import regex
from rag.record import blocks, history, rows, schema, scopes, slabs
from rag.record.access import Access
from rag.record.chats import Chats, KeptTurn, refuse_forgotten
from rag.record.faults import translated
from rag.record.history import Edition
from rag.record.lexical import match_expression, quoted, telling_words
from rag.record.people import People
from rag.record.reviews import Reviews
from rag.record.rows import FileRow, Names, ReportHead, Run, RunKind
from rag.record.scan import Scan
from rag.record.schedules import Schedules
from rag.record.spaces import Space, fingerprint_from_json, fingerprint_to_json, space_of, vector_key
from rag.types import PRECISIONS, Chunk, Document, Fingerprint, Precision, Reader, Scope, Source, TextKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors

Near: TypeAlias = tuple[str, float]
"""(chunk id, score), higher is nearer."""

BUSY_S = 30.0
"""How long a statement waits for another process's transaction. The longest is the switch of a re-embedding: 0.5 s for 8,000 chunks."""

QUERY_VECTORS_KEPT = 10_000
"""15 to 40 MB of cached queries, the newest; a report asks some 60."""

_NULL_VALUE = regex(r"NULL value in (\w+)\.(\w+)")
ERASED = "ErasedError"
"""Of a model's call that went on while documents were forgotten: what it answers is not kept."""
_FAULTS_TOLD = 20
_MOST_LINES = 100_000
"""Of SQLite's check: mistaken ones must not crowd out the others."""
_EVERYTHING = Scope()
_ACTIVE = "(SELECT id FROM spaces WHERE active = 1)"
_WITHOUT_CODES = "NOT EXISTS (SELECT 1 FROM token_codes AS t WHERE t.space = c.space AND t.key = c.key)"
_IN_SCOPE = "document IN ({documents})"
_SOURCES_KEPT = 4_096
"""Some 4 MB."""
LEAST_GIVEN_BACK = 20_000_000
"""Bytes; less is not worth writing a file anew."""
_BATCH = 500
_OF_DOCUMENTS = frozenset(
    "documents chunks vectors files tags filled spaces folders meta deletions forgotten sketches past_files past_documents "
    "past_chunks blocks segments postings positions token_codes slabs called told".split()
)


class Record:
    """One connection to ``library.db``, not shared between threads. Every method raises RecordError when SQLite cannot do it.

    Whoever calls a writing method holds the writer's lock; ``cache_vectors``, ``save_report`` and the runs need none.
    """

    sees_all = True
    """False where only some of the documents are shown (rag/record/seen.py)."""
    user: int | None = None
    """Whose chats are shown, and kept; None: everybody's, for whoever has the workspace."""

    def __init__(self, connection: sqlite3.Connection, *, path: Path, read_only: bool) -> None:
        self._connection = connection
        self._read_only = read_only
        self._scan = Scan(connection)
        self._counted: tuple[int, int] = (-1, 0)
        self._sources: tuple[tuple[int, int], dict[str, Source]] = ((-1, -1), {})
        self.path = path

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new, empty record. Raises WorkspaceError when there is one already."""
        if path.exists():
            raise WorkspaceError(f"{path} exists already; `rag ingest` adds to it")
        with translated(path):
            path.touch(exist_ok=False)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Brings the schema up to date unless ``read_only``. Raises WorkspaceError for a record of another version or none."""
        if not path.is_file():
            raise WorkspaceError(f"there is no library in {path.parent}; run `rag init {path.parent}` first")
        if path.stat().st_size == 0 and (path.parent / "index").is_dir():
            raise RecordError(
                f"{path} is empty although an index was made of it; put a backup in its place, or remove {path.parent / 'index'} to have "
                "everything read and embedded anew"
            )
        with translated(path):
            connection = _connect(path, read_only=read_only)
            try:
                _prepare(connection, path=path, read_only=read_only)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path=path, read_only=read_only)

    def close(self) -> None:
        """Idempotent."""
        with translated(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside comes from the same moment, whatever other processes commit. One inside another changes nothing."""
        if self._connection.in_transaction:
            yield
            return
        with translated(self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with translated(self.path):
                self._connection.execute("COMMIT")

    def look(self) -> None:
        """Brings what is seen up to date: of everything, nothing has to be."""

    def sees(self, path: str) -> bool:
        """Whether what lies at a path may be seen."""
        return True

    def turn_to(self, reader: Reader) -> None:
        """From now on this person asks: their chats are shown, everybody's to whoever has the workspace."""
        self.user = reader.user or None

    @property
    def access(self) -> Access:
        """The lists of who may see what."""
        return Access(rows=self._rows, transaction=self._transaction)

    @property
    def people(self) -> People:
        """Those who may come in."""
        return People(rows=self._rows, transaction=self._transaction)

    @property
    def schedules(self) -> Schedules:
        """The tables of scheduled reports."""
        return Schedules(self._connection, path=self.path)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def sequence(self) -> int:
        """Number of the last commit that changed chunks; 0 when there was none."""
        return int(self._value("SELECT value FROM meta WHERE name = 'sequence'"))

    def revision(self) -> tuple[int, int]:
        """Differs whenever other chunks, other paths or other lists stand here."""
        return self.sequence(), int(self._value("SELECT value FROM meta WHERE name = 'sight'"))

    @property
    def precision(self) -> Precision:
        """How new vectors are kept, and how all of them are searched."""
        return PRECISIONS[int(self._value("SELECT value FROM meta WHERE name = 'precision'"))]

    def active_space(self) -> Space | None:
        """The space that searches see; None before the first ingest."""
        found = self._rows("SELECT id, fingerprint FROM spaces WHERE active = 1")
        return Space(id=found[0][0], fingerprint=fingerprint_from_json(found[0][1])) if found else None

    def sources(self, scope: Scope = _EVERYTHING) -> list[Source]:
        """The documents in scope, ordered by path; one at several paths stands under the first."""
        condition, values = scopes.condition(scope)
        found = self._rows(f"SELECT {rows.SOURCE_COLUMNS} FROM sources AS s WHERE {condition} ORDER BY s.path", values)
        return [rows.source(row) for row in found]

    def sources_of(self, documents: Iterable[str]) -> dict[str, Source]:
        """Those of these documents that are here; read again when the record has changed."""
        wanted = set(documents)
        with self.snapshot():
            revision = self.revision()
            if self._sources[0] != revision or len(self._sources[1]) > _SOURCES_KEPT:
                self._sources = revision, {}
            kept = self._sources[1]
            if new := tuple(sorted(wanted - kept.keys())):
                kept |= {source.document: source for source in self.sources(Scope(documents=new))}
        return {document: kept[document] for document in wanted & kept.keys()}

    def documents_in(self, scope: Scope) -> Sequence[str]:
        """Ids of the documents in scope, in no order."""
        with self.snapshot(), translated(self.path):
            return self._scan.documents(scope)

    def names(self) -> Iterator[Names]:
        """What every document is called, one at a time."""
        with translated(self.path):
            yield from map(Names._make, self._connection.execute("SELECT s.id, s.path, s.title, s.author, s.publisher FROM sources AS s"))

    def called(self) -> bytes:
        """What ``keep_called`` kept, while it is what documents are called; empty without."""
        found = self._rows("SELECT packed FROM called")
        return bytes(found[0][0]) if found else b""

    def keep_called(self, pack: Callable[[Iterator[Names]], bytes]) -> None:
        """Keeps what is made of all names until one of them changes, where nothing is kept; the writer's lock is held."""
        if not self.called():
            packed = pack(self.names())
            with self._transaction():
                self._connection.execute("INSERT INTO called (packed) VALUES (?)", [packed])

    def source(self, document: str) -> Source:
        """Raises UsageError for an unknown document."""
        found = self._rows(f"SELECT {rows.SOURCE_COLUMNS} FROM sources AS s WHERE s.id = ?", [document])
        if not found:
            raise self._unknown(document)
        return rows.source(found[0])

    def document(self, document: str) -> Document:
        """As the reader gave it. Raises UsageError for an unknown document."""
        found = self._rows("SELECT body FROM documents WHERE id = ?", [document])
        if not found:
            raise self._unknown(document)
        try:
            return rows.document_from_body(document, found[0][0])
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise RecordError(
                f"document {document} in {self.path} is damaged ({error}); put a backup of library.db in its place"
            ) from error

    def ever(self, document: str) -> Document:
        """A document that is, or the last that was known of one that has gone. Raises UsageError for an unknown or erased one."""
        found = self._rows("SELECT body FROM past_documents WHERE id = ? ORDER BY until DESC LIMIT 1", [document])
        if not found or self._rows("SELECT 1 FROM documents WHERE id = ?", [document]):
            return self.document(document)
        return rows.document_from_body(document, found[0][0])

    def reader_of(self, document: str) -> str | None:
        """Version of the readers that made a document; None for an unknown one."""
        found = self._rows("SELECT reader FROM documents WHERE id = ?", [document])
        return str(found[0][0]) if found else None

    def sketches(self) -> dict[str, bytes]:
        """Of every document that was read since there are sketches: what rag.kin compares."""
        return dict(self._rows("SELECT document, sketch FROM sketches ORDER BY document"))

    def files(self) -> list[FileRow]:
        """Every known file, ordered by path."""
        return [rows.file_row(row) for row in self._rows(f"SELECT {rows.FILE_COLUMNS} FROM files ORDER BY path")]

    def past_files(self) -> list[FileRow]:
        """What files held before and hold no more, each content of each path once."""
        sql = f"SELECT {rows.FILE_COLUMNS} FROM past_files AS p WHERE document IS NOT NULL GROUP BY path, document ORDER BY path, document"
        return [rows.file_row(row) for row in self._rows(sql)]

    def known_at(self) -> datetime | None:
        """The start of the last ingest that changed something; None before the first."""
        latest = self._value("SELECT max(at) FROM moments")
        return datetime.fromisoformat(latest) if latest else None

    def begun(self) -> datetime | None:
        """The first moment whose state can be had again; None before the first ingest."""
        first = self._value("SELECT min(at) FROM moments")
        return datetime.fromisoformat(first) if first else None

    def as_known(self, at: datetime, *, prepare: "Callable[[Record], None]" = lambda record: None) -> "Record":
        """The record as it was at ``at``, in memory and read-only: equal searches, equal order, equal bytes. The caller closes it.

        ``prepare`` is called with all of it, before anything is hidden.
        """
        with translated(self.path):
            record = Record(history.state(self.path, at=at), path=self.path, read_only=True)
        record.index_words()
        prepare(record)
        return record

    def fill_aside(self, document: str, *, chunks: Sequence[Chunk], vectors: "Vectors") -> None:
        """A document's chunks in a record that ``as_known`` made; nothing of it is kept."""
        space = self.active_space()
        assert space is not None
        self._put_chunks(document, chunks, vectors, space=space, sequence=self.sequence())
        self._index(document)

    def folders(self) -> dict[str, Path]:
        """Where each ingested folder lies, by the name its files' paths begin with."""
        here = self.path.parent
        return {name: (here / path).resolve() for name, path in self._rows("SELECT name, path FROM folders ORDER BY name")}

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """In the order given; unknown ids are left out."""
        found = {row[0]: rows.chunk(row) for row in self._rows_of(ids, columns=rows.CHUNK_COLUMNS)}
        return [found[identity] for identity in ids if identity in found]

    def documents_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The document of each live chunk of these."""
        return dict(self._rows_of(ids, columns="id, document"))

    def on_pages(self, pages: Iterable[tuple[str, int]]) -> dict[tuple[str, int], list[Chunk]]:
        """(document, page) -> the live chunks that stand on it, in text order."""
        columns = ", ".join(f"live.{column.strip()}" for column in rows.CHUNK_COLUMNS.split(","))
        sql = f"""SELECT asked.value ->> 0, asked.value ->> 1, {columns} FROM json_each(?) AS asked JOIN live
            ON live.document = asked.value ->> 0 AND asked.value ->> 1 BETWEEN live.first_page AND live.last_page ORDER BY live.ordinal"""
        found: dict[tuple[str, int], list[Chunk]] = {}
        for document, page, *row in self._rows(sql, [json.dumps(list(pages))]):
            found.setdefault((document, page), []).append(rows.chunk(tuple(row)))
        return found

    def chunks_of(self, document: str) -> list[Chunk]:
        """The live chunks of a document, in text order."""
        return [
            rows.chunk(row) for row in self._rows(f"SELECT {rows.CHUNK_COLUMNS} FROM live WHERE document = ? ORDER BY ordinal", [document])
        ]

    def chunk_count(self) -> int:
        """Live chunks of the active space; counted once a commit."""
        with self.snapshot():
            sequence = self.sequence()
            if self._counted[0] != sequence:
                self._counted = sequence, int(self._value(f"SELECT coalesce(sum(count), 0) FROM blocks WHERE +space = {_ACTIVE}"))
        return self._counted[1]

    def chunks_in(self, scope: Scope) -> frozenset[str] | None:
        """Ids of the chunks in scope; None when the scope restricts nothing."""
        if scope == _EVERYTHING:
            return None
        documents, values = scopes.documents(scope)
        sql = f"SELECT id FROM chunks WHERE space = {_ACTIVE} AND {_IN_SCOPE.format(documents=documents)}"
        return frozenset(identity for (identity,) in self._rows(sql, values))

    def lexical(self, question: str, *, k: int, scope: Scope = _EVERYTHING) -> list[Near]:
        """The ``k`` best chunks by bm25 over header and text, best first; equal scores by id. Scores are 0 and up."""
        expression = match_expression(question)
        if not expression:
            return []
        with self.snapshot(), translated(self.path):
            if self._scan.has_postings():
                return self._scan.lexical(question, k=k, scope=scope)
        documents, values = scopes.documents(scope)
        within = "" if scope == _EVERYTHING else f"AND {_IN_SCOPE.format(documents=documents)}"
        sql = f"""SELECT chunks.id, -bm25(lexical) AS score FROM lexical JOIN chunks ON chunks.number = lexical.rowid
            WHERE lexical MATCH ? {within} ORDER BY score DESC, chunks.id LIMIT ?"""
        return [(identity, score) for identity, score in self._rows(sql, [expression, *values, k])]

    def holders(self, question: str) -> dict[str, int]:
        """How many live chunks hold each word of the question, in header or text, by the lexical index's own idea of a word."""
        with self.snapshot(), translated(self.path):
            if self._scan.has_postings():
                return self._scan.holders(question)
        return self._holders("SELECT count(*) FROM lexical WHERE lexical MATCH ?", question)

    def _holders(self, sql: str, question: str) -> dict[str, int]:
        return {word: int(self._value(sql, [quoted(word)])) for word in telling_words(question)}

    def abouts(self, title: str, *, scope: Scope = _EVERYTHING) -> dict[str, float]:
        """Document in scope -> how far its words as a whole are the title's, 0 to 1.13; only those that hold some."""
        with self.snapshot(), translated(self.path):
            return self._scan.abouts(title, scope=scope)

    def nearest(self, vector: "Vectors", *, k: int, scope: Scope = _EVERYTHING) -> list[Near]:
        """(chunk id, cosine) of the ``k`` nearest in scope, nearest first, equal ones by id; exact."""
        with self.snapshot(), translated(self.path):
            return self._scan.nearest(vector, k=k, scope=scope)

    def near(self, vector: "Vectors", *, k: int, scope: Scope = _EVERYTHING) -> list[Near]:
        """As ``nearest``, but not exact once the searches before have got ready for it: for large libraries that keep more than signs."""
        with self.snapshot(), translated(self.path):
            return self._scan.near(vector, k=k, scope=scope)

    def cosines(self, ids: Sequence[str], vector: "Vectors") -> list[Near]:
        """(chunk id, cosine) of those of these chunks that live, nearest first, equal ones by id: the numbers that ``nearest`` gives."""
        with translated(self.path):
            return self._scan.cosines(ids, vector)

    @property
    def scans(self) -> int:
        """How many searches over everything this connection has answered."""
        return self._scan.count

    def vectors(self, *, after: int = 0, scope: Scope = _EVERYTHING) -> tuple[list[str], "Vectors"]:
        """(ids, matrix of shape (ids, dimensions)) of the active space's chunks in scope that were committed after ``after``."""
        import numpy as np

        with self.snapshot():
            space = self.active_space()
            dimensions = space.fingerprint.dimensions if space else 0
            condition, values = self._committed(after=after, scope=scope)
            matrix = np.empty((self._value(f"SELECT count(*) FROM chunks WHERE {condition}", values), dimensions), dtype=np.float32)
            ids: list[str] = []
            for some, vectors in self._vector_batches(condition, values):
                matrix[len(ids) : len(ids) + len(some)] = vectors
                ids += some
        return ids, matrix

    def surroundings(self, ids: Sequence[str], vector: "Vectors", *, nearby: int) -> dict[str, tuple[float, float]]:
        """For each live chunk its cosine, and the mean cosine of the chunks on its page that are at most ``nearby`` places away, its own
        too."""
        with self.snapshot(), translated(self.path):
            return self._scan.surroundings(ids, vector, nearby=nearby)

    def vectors_of(self, ids: Sequence[str]) -> dict[str, "NDArray[np.float32]"]:
        """The vector of each live chunk of these."""
        wanted = self._rows("SELECT number, block, id FROM live WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
        return {identity: vector for (*_, identity), vector in zip(wanted, self._vectors_at(wanted), strict=True)}

    def vector_rows(self) -> Iterator[tuple[str, "Vectors"]]:
        """(id, vector) of every live chunk, one at a time: what a generation is built from."""
        condition, values = self._committed(after=0, scope=_EVERYTHING)
        for ids, vectors in self._vector_batches(condition, values):
            yield from zip(ids, vectors, strict=True)

    def changed_since(self, sequence: int) -> int:
        """How many chunks came or went after that commit: what a search scans beside a generation."""
        added = self._value(f"SELECT count(*) FROM chunks WHERE space = {_ACTIVE} AND sequence > ?", [sequence])
        return int(added) + int(self._value("SELECT count(*) FROM deletions WHERE sequence > ?", [sequence]))

    def deleted_after(self, sequence: int) -> frozenset[str]:
        """Ids of the chunks that went after that commit and have not come back."""
        found = self._rows("SELECT chunk FROM deletions WHERE sequence > ?", [sequence])
        return frozenset(identity for (identity,) in found)

    # ── the embedding cache ───────────────────────────────────────────────────────────────────────────────────────

    def cached_vectors(self, texts: Sequence[str], *, fingerprint: Fingerprint, kind: TextKind) -> dict[str, "NDArray[np.float32]"]:
        """The vectors of those texts that this embedder has seen as this kind before."""
        import numpy as np

        keys = {vector_key(text, kind=kind): text for text in texts}
        space, wanted = space_of(fingerprint).id, list(keys)
        found: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            values, marks = [space, *batch], ", ".join("?" * len(batch))
            aside = self._rows(f"SELECT key, vector FROM vectors WHERE space = ? AND key IN ({marks})", values)
            found |= {keys[key]: np.frombuffer(blob, dtype="<f4") for key, blob in aside}
            if kind == "document":
                held = self._rows(f"SELECT number, block, key FROM chunks WHERE +space = ? AND key IN ({marks})", values)
                found |= {keys[key]: vector for (*_, key), vector in zip(held, self._vectors_at(held), strict=True)}
        return found

    def _vectors_at(self, held: Sequence[Sequence[Any]]) -> Iterable["Vectors"]:
        """Of rows that begin with a chunk's number and block."""
        with translated(self.path):
            return blocks.rows(self._connection, [blocks.Place(*row[:2]) for row in held]) if held else ()

    def cache_vectors(self, texts: Sequence[str], vectors: "Vectors", *, fingerprint: Fingerprint, kind: TextKind) -> None:
        """Keeps them, one row of ``vectors`` a text. A read-only record keeps nothing.

        Inside a snapshot, which does not see them, a connection of its own keeps them: written in the snapshot they would hold the write
        lock until its end, for a report as long as it takes.
        """
        if self._read_only:
            return
        keys, space = [vector_key(text, kind=kind) for text in texts], space_of(fingerprint).id
        values = [(space, key, kind == "query", line.tobytes()) for key, line in zip(keys, vectors.astype("<f4", copy=False), strict=True)]
        with translated(self.path), self._outside_snapshots() as connection, schema.transaction(connection):
            connection.executemany("INSERT OR IGNORE INTO vectors (space, key, query, vector) VALUES (?, ?, ?, ?)", values)

    @contextmanager
    def _outside_snapshots(self) -> Iterator[sqlite3.Connection]:
        """This connection, or a second one while this one is in a snapshot."""
        if not self._connection.in_transaction:
            yield self._connection
            return
        with closing(_connect(self.path, read_only=False)) as second:
            yield second

    # ── what a passage's tokens stand for ─────────────────────────────────────────────────────────────────────────

    def put_token_codes(self, texts: Sequence[str], codes: Sequence[bytes], *, space: Space) -> None:
        """Keeps what `rag.late` packed, one a text; a text that has some keeps them."""
        values = [(space.id, vector_key(text, kind="document"), code) for text, code in zip(texts, codes, strict=True)]
        with self._transaction():
            self._connection.executemany("INSERT OR IGNORE INTO token_codes (space, key, codes) VALUES (?, ?, ?)", values)

    def token_codes(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Of those of these live chunks that have some."""
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT c.id, t.codes FROM live AS c JOIN token_codes AS t ON t.space = c.space AND t.key = c.key WHERE c.id IN ({marks})"
        return dict(self._rows(sql, list(ids)))

    def told(self, ids: Sequence[str]) -> dict[str, bytes]:
        """What `rag.windows.packed` gave for those of these live chunks that were told."""
        with self.snapshot(), translated(self.path):
            if self._value("SELECT value FROM meta WHERE name = 'told'") != windows.VERSION:
                return {}
            numbers = {place.number: identity for identity, place in self._scan.places(ids).items()}
            found = self._rows("SELECT chunk, stems FROM told WHERE chunk IN (SELECT value FROM json_each(?))", [json.dumps(list(numbers))])
            return {numbers[number]: stems for number, stems in found}

    def tell(self) -> None:
        """Tells what searches count of the words of live chunks, where it was not told by this version. The writer's lock is held."""
        if self._value("SELECT value FROM meta WHERE name = 'told'") != windows.VERSION:
            with self._transaction():
                self._connection.execute("DELETE FROM told")
                self._connection.execute("UPDATE meta SET value = ? WHERE name = 'told'", [windows.VERSION])
        last, stems = int(self._value("SELECT coalesce(max(chunk), 0) FROM told")), windows.Stems()
        while some := self._rows("SELECT number, header, text FROM live WHERE number > ? ORDER BY number LIMIT ?", [last, _BATCH]):
            if stems.is_full:
                stems = windows.Stems()
            headers, texts = stems.read([windows.header_line(header) for _, header, _ in some]), stems.read([text for *_, text in some])
            told = [(number, windows.packed(*parts)) for (number, *_), *parts in zip(some, headers, texts, strict=True)]
            with self._transaction():
                self._connection.executemany("INSERT INTO told (chunk, stems) VALUES (?, ?)", told)
            last = some[-1][0]

    def without_token_codes(self, *, most: int) -> Iterator[list[str]]:
        """Texts of live chunks that have none, as they were embedded, of so many chunks at a time; each once where those given have theirs
        before it goes on."""
        sql = f"SELECT number, {rows.CHUNK_COLUMNS} FROM live AS c WHERE number > ? AND {_WITHOUT_CODES} ORDER BY number LIMIT ?"
        last = 0
        while found := self._rows(sql, [last, most]):
            yield list(dict.fromkeys(rows.chunk(row[1:]).embedded_text for row in found))
            last = found[-1][0]

    def count_without_token_codes(self) -> int:
        """How many texts of live chunks have none."""
        return int(self._value(f"SELECT count(DISTINCT key) FROM live AS c WHERE {_WITHOUT_CODES}"))

    def keep_vectors(self, precision: Precision) -> None:
        """How vectors are kept from now on. What is taken from those that are there does not come back. The writer's lock is held."""
        if self.precision == precision:
            return
        taken = precision != "full"
        while taken:
            with self._transaction():
                taken = bool(blocks.drop_rest(self._connection, most=_BATCH))
        with self._transaction():  # last, so that a kill before it is made good by the next call
            self._connection.execute("UPDATE meta SET value = ? WHERE name = 'precision'", [PRECISIONS.index(precision)])

    def index_words(self, *, anew: bool = False) -> None:
        """Brings the postings up to date, which make lexical search fast in a large library; FTS5 answers where there are none."""
        with translated(self.path):
            self._scan.index_words(anew=anew)

    def add_words(self) -> None:
        """Postings for what came since the last ones, where that is much; ``index_words`` puts them together."""
        with translated(self.path):
            self._scan.add_words()

    def put_codes_together(self, *, anew: bool = False) -> None:
        """In larger pieces than blocks, as far as they are in none: the first search of a process reads few of them. The writer's lock is
        held; ``anew``: no piece stays."""
        space = self.active_space()
        if anew:
            with self._transaction():
                self._connection.execute("DELETE FROM slabs")
        with translated(self.path):
            slabs.put(self._connection, space=space.id if space else "")

    def prune_cache(self) -> None:
        """Drops the vectors and the tokens' codes that belong to no chunk, and all but the newest cached queries."""
        stale = "SELECT number FROM vectors WHERE query = 1 ORDER BY number DESC LIMIT -1 OFFSET ?"
        with self._transaction():
            self._connection.execute("DELETE FROM vectors WHERE query = 0")
            self._connection.execute(f"DELETE FROM vectors WHERE number IN ({stale})", [QUERY_VECTORS_KEPT])
            held_by_none = """SELECT number FROM token_codes AS t WHERE NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.key = t.key)
                AND key NOT IN (SELECT key FROM past_chunks)"""  # told from the index alone: the table is as large as all texts
            self._connection.execute(f"DELETE FROM token_codes WHERE number IN ({held_by_none})")

    # ── writing: files and documents ──────────────────────────────────────────────────────────────────────────────

    def put_folder(self, name: str, *, path: Path) -> None:
        """Remembers where a folder lies, as seen from the record: a workspace that is copied or moved with its documents finds its own."""
        relative = os.path.relpath(path.resolve(), self.path.parent.resolve())
        with self._transaction():
            self._connection.execute(
                "INSERT INTO folders (name, path) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET path = excluded.path", [name, relative]
            )

    def commit_document(
        self, file: FileRow, *, document: Document, chunks: Sequence[Chunk], vectors: "Vectors", space: Space, forget: Sequence[str] = ()
    ) -> None:
        """File row, document, chunks, lexical rows and vectors together or not at all; one vector a chunk, in order.

        ``file.document`` is the document's id; an earlier version of it is replaced. The paths in ``forget`` go in the same
        commit, and with them every document that no path names any more.
        """
        assert file.document is not None
        with self._transaction():
            sequence = self._next_sequence()
            self._drop_chunks(file.document, sequence=sequence)
            self._put_document(file.document, document, reader=file.reader)
            self._put_chunks(file.document, chunks, vectors, space=space, sequence=sequence)
            self._index(file.document)
            self._point(file, forget=forget)

    def put_file(self, file: FileRow, *, forget: Sequence[str] = ()) -> None:
        """Points a path at a document the record has, or at none; forgets other paths in the same commit.

        Documents that no path names any more go, with everything that was made of them.
        """
        with self._transaction():
            self._point(file, forget=forget)

    def forget_paths(self, paths: Sequence[str]) -> None:
        """The paths go, and the documents that only they named."""
        with self._transaction():
            self._drop_unnamed(self._forget(paths))

    # ── forgetting and health ─────────────────────────────────────────────────────────────────────────────────────

    def forgotten(self) -> dict[str, str]:
        """What ingest leaves out, a path or a content id, and the day it was forgotten."""
        return dict(self._rows("SELECT what, substr(at, 1, 10) FROM forgotten ORDER BY what"))

    def forget(self, files: Sequence[FileRow], *, at: datetime, folders: Sequence[str] = ()) -> None:
        """Takes the files' rows and their documents away and remembers path and content as left out, in one commit.

        Whatever comes into ``folders`` later is left out too. The bytes are gone from the record's file after ``compact``; until
        ``end_erasing`` the record knows that they may not be.
        """
        left_out = dict.fromkeys(folders, "") | {what: file.content for file in files for what in (file.path, file.content) if what}
        live = {(file.path, file.document) for file in self.files()}
        with self._transaction():
            self._drop_unnamed(self._forget([file.path for file in files if (file.path, file.document) in live]))
            history.erase(self._connection, documents=sorted({file.document for file in files if file.document}))
            self._connection.execute("UPDATE model_calls SET answer = NULL")  # a cache, and any of them may speak of what goes
            self._connection.execute("UPDATE model_calls SET error = ? WHERE finished IS NULL", [ERASED])  # and what comes yet
            self._connection.executemany(
                "INSERT OR REPLACE INTO forgotten (what, content, at) VALUES (?, ?, ?)",
                [(what, content, at.isoformat()) for what, content in left_out.items()],
            )
            self._look_into_again(sorted({file.path for file in files}))
            self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('erasing', 1)")

    def _look_into_again(self, paths: Sequence[str]) -> None:
        """The next ingest looks into the files that enclose one of these, though they do not change."""
        above = {path[:place] for path in paths for place, character in enumerate(path) if character == "/"}
        sql = "UPDATE files SET reader = '' WHERE path IN (SELECT value FROM json_each(?))"
        self._connection.execute(sql, [json.dumps(sorted(above))])

    @property
    def is_erasing(self) -> bool:
        """Whether bytes of what was forgotten may still stand somewhere: `rag forget` goes on, or was cut off."""
        return bool(self._rows("SELECT 1 FROM meta WHERE name = 'erasing'"))

    def end_erasing(self) -> None:
        """Nothing is left of what was forgotten."""
        with self._transaction():
            self._connection.execute("DELETE FROM meta WHERE name = 'erasing'")
        self.empty_log(wait_s=0.0)

    def erase_reports(self, reports: Sequence[str]) -> None:
        """The saved reports go, with what hangs on them."""
        with self._transaction():
            self._connection.executemany("DELETE FROM reports WHERE id = ?", [(report,) for report in reports])

    def leave_out(self, what: Mapping[str, str]) -> None:
        """What another record leaves out, with the day, as ``forgotten`` gives it."""
        with self._transaction():
            self._connection.executemany("INSERT OR IGNORE INTO forgotten (what, content, at) VALUES (?, '', ?)", list(what.items()))

    def remember(self, what: str) -> list[str]:
        """Ingest takes it again, a path with all below it, and its content; what was left out so far, none if it was not forgotten.

        What lies below a folder that was forgotten as a whole and had been forgotten before by itself stays so.
        """
        below = "what = ?1 OR (what >= ?2 AND what < ?3)"
        together = "at = coalesce((SELECT at FROM forgotten WHERE what = ?1), at)"
        sql = f"SELECT what, content FROM forgotten WHERE ({below}) AND {together}"
        with self._transaction():
            found = self._rows(sql, [what, f"{what}/", f"{what}0"])
            names = sorted({name for row in found for name in row if name})
            self._connection.executemany("DELETE FROM forgotten WHERE what = ?", [(name,) for name in names])
            self._look_into_again([name for name, _ in found])
        return [name for name, _ in found]

    def give_back(self) -> int:
        """Writes the file anew where more than half of it is empty, as after a migration or many deletions, and the disk has room for that;
        by how many bytes it has shrunk. The writer's lock is held."""
        pages, empty, size = (int(self._value(f"PRAGMA {name}")) for name in ("page_count", "freelist_count", "page_size"))
        room = shutil.disk_usage(self.path.parent).free
        if empty * size < LEAST_GIVEN_BACK or 2 * empty <= pages or room < 2 * (pages - empty) * size:
            return 0
        with translated(self.path):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (pages - int(self._value("PRAGMA page_count"))) * size

    def compact(self) -> None:
        """Writes the whole file anew without what was deleted, the lexical index too, and empties the write-ahead log.

        Gives the disk back. Raises BusyError while another process reads: the log cannot be emptied then.
        """
        with self._transaction():
            self._connection.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")
            self._connection.execute("INSERT INTO lexical (lexical) VALUES ('optimize')")
        self.index_words(anew=True)
        with translated(self.path):
            self._connection.execute("VACUUM")
        if not self.empty_log(wait_s=BUSY_S):
            raise BusyError(
                f"another process reads {self.path}, so deleted text is still in its log; stop it and run the same command again"
            )

    def empty_log(self, *, wait_s: float) -> bool:
        """Whether the write-ahead log is empty now: it is not where somebody reads what was there before, for longer than ``wait_s``."""
        with translated(self.path):
            self._connection.execute(f"PRAGMA busy_timeout = {round(1_000 * wait_s)}")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._connection.execute(f"PRAGMA busy_timeout = {round(1_000 * BUSY_S)}")
        return not busy

    def delete_chat(self, chat: int) -> list[KeptTurn]:
        """Takes a chat away with what a model said for it and its questions' vectors; its turns. Raises UsageError for an unknown one.

        No byte of it stays in the record's file; in its log it does until ``empty_log``. The record is one that shows everything.
        """
        with self._transaction():
            gone = self.chats.remove(chat)
            self._write_anew("turns")
            self._forget_calls([turn.asked for turn in gone])
            asked = {text for turn in gone for text in (turn.question, turn.understood_as)}
            keys = [(vector_key(text, kind="query"),) for text in asked]
            self._connection.executemany("DELETE FROM vectors WHERE query = 1 AND key = ?", keys)
        return gone

    def forget_calls(self, started: Sequence[datetime]) -> None:
        """What models said in calls that began at these moments, as those for an answer do when it was asked for."""
        with self._transaction():
            self._forget_calls(started)

    def faults(self) -> list[str]:
        """What is wrong with the file, one sentence each; empty when all is well. Reads everything."""
        lines = dict.fromkeys(line for (line,) in self._rows(f"PRAGMA integrity_check({_MOST_LINES})"))
        found = [line for line in lines if line != "ok" and not self._is_mistaken(line)][:_FAULTS_TOLD]
        broken = [
            f"a row of {table} names a row of {parent} that is not there" for table, _, parent, _ in self._rows("PRAGMA foreign_key_check")
        ]
        found += sorted(set(broken))
        try:
            with self._transaction():
                self._connection.execute("INSERT INTO lexical (lexical, rank) VALUES ('integrity-check', 1)")
        except RecordError as error:
            found.append(f"the lexical index does not agree with the chunks ({error.__cause__})")
        with self.snapshot(), translated(self.path):
            if wrong := slabs.wrong(self._connection):
                found.append(f"codes that were put together do not agree with their blocks ({wrong:,} pieces)")
        return found

    def _is_mistaken(self, line: str) -> bool:
        """SQLite 3.40 calls values of tables without row numbers NULL, one line a row and column; a query sees what is there."""
        named = _NULL_VALUE.fullmatch(line)
        return named is not None and not self._rows(f'SELECT 1 FROM "{named[1]}" WHERE "{named[2]}" IS NULL LIMIT 1')

    def tables_with(self, matches: Callable[[str], bool]) -> list[str]:
        """Tables beside those that a document is made into whose text or compressed text matches."""
        names = [name for (name,) in self._rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        others = [name for name in names if name not in _OF_DOCUMENTS and not name.startswith("lexical")]
        return [name for name in others if any(matches(text) for row in self._rows(f'SELECT * FROM "{name}"') for text in _texts(row))]

    def rebuild_lexical(self) -> None:
        """The lexical index anew from the chunks."""
        with self._transaction():
            self._connection.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")

    def copy_to(self, path: Path) -> None:
        """A complete copy as of one moment, while others read and write. Raises RecordError."""
        with translated(path), closing(sqlite3.connect(path)) as target:
            self._connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")

    # ── writing: spaces ───────────────────────────────────────────────────────────────────────────────────────────

    def begin_space(self, fingerprint: Fingerprint) -> Space:
        """The space of that embedder, made where there is none: active if it is the record's first, else to be filled and switched to.

        Another half-filled space is dropped.
        """
        space = space_of(fingerprint)
        with self._transaction():
            for (other,) in self._rows("SELECT id FROM spaces WHERE active = 0 AND id <> ?", [space.id]):
                self._drop_space(other)
            self._connection.execute(
                "INSERT OR IGNORE INTO spaces (id, fingerprint, active) VALUES (?, ?, NOT EXISTS (SELECT 1 FROM spaces WHERE active = 1))",
                [space.id, fingerprint_to_json(fingerprint)],
            )
        return space

    def unfilled(self, space: Space) -> list[str]:
        """Ids of the documents whose chunks are not in that space yet."""
        sql = """SELECT id FROM documents WHERE id NOT IN (SELECT document FROM filled WHERE space = ?1)
            AND NOT EXISTS (SELECT 1 FROM blocks WHERE document = documents.id AND space = ?1) ORDER BY id"""
        return [identity for (identity,) in self._rows(sql, [space.id])]

    def fill(self, space: Space, document: str, *, chunks: Sequence[Chunk], vectors: "Vectors") -> None:
        """One document's chunks in a space that is not active yet."""
        with self._transaction():
            self._put_chunks(document, chunks, vectors, space=space, sequence=self._next_sequence())

    def switch(self, space: Space) -> None:
        """Makes a filled space the active one and drops the others, all in one commit. Raises RecordError while documents are missing."""
        with self._transaction():
            if missing := self.unfilled(space):
                raise RecordError(
                    f"{len(missing)} documents are not embedded with {space.fingerprint.model} yet; run `rag ingest --re-embed`"
                )
            self._next_sequence()
            self._connection.execute("UPDATE spaces SET active = 0")
            self._connection.execute("UPDATE spaces SET active = 1 WHERE id = ?", [space.id])
            for (other,) in self._rows("SELECT id FROM spaces WHERE active = 0"):
                self._drop_space(other)
            self._connection.execute("DELETE FROM deletions")
            self._connection.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")

    def forget_deletions(self, *, up_to: int) -> None:
        """A published generation goes without these chunks, so nothing has to remember them."""
        with self._transaction():
            self._connection.execute("DELETE FROM deletions WHERE sequence <= ?", [up_to])

    # ── runs and reports ──────────────────────────────────────────────────────────────────────────────────────────

    def start_run(self, kind: RunKind, *, started: datetime) -> int:
        """The new run's id; its status is "running". What an ingest changes, it changes at ``started``."""
        with self._transaction():
            if kind == "ingest":
                self._connection.execute("UPDATE clock SET at = max(at, ?)", [history.moment(started)])
            sql = "INSERT INTO runs (kind, started, status, counts) VALUES (?, ?, 'running', '{}')"
            return int(self._connection.execute(sql, [kind, started.isoformat()]).lastrowid or 0)

    def finish_run(self, run: int, *, finished: datetime, status: str, counts: Mapping[str, int]) -> None:
        """``status``: "ok", or why it ended."""
        with self._transaction():
            self._connection.execute(
                "UPDATE runs SET finished = ?, status = ?, counts = ? WHERE id = ?",
                [finished.isoformat(), status, json.dumps(dict(counts), sort_keys=True), run],
            )

    def runs(self, *, limit: int = 20) -> list[Run]:
        """The last runs, newest first."""
        sql = "SELECT id, kind, started, finished, status, counts FROM runs ORDER BY id DESC LIMIT ?"
        return [rows.run(row) for row in self._rows(sql, [limit])]

    def save_report(
        self, report_id: str, created: datetime, body: str, *, edition: Edition | None = None, documents: Sequence[str] = ()
    ) -> None:
        """A report's JSON under its id; the same id replaces. ``edition`` says what it is an edition of. Raises DeletedError where one of
        the documents that it names has been forgotten."""
        with self._transaction():
            refuse_forgotten(self._rows, documents)
            sql = """INSERT INTO reports (id, created, body) VALUES (?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET created = excluded.created, body = excluded.body"""  # reviews hang on the row
            self._connection.execute(sql, [report_id, created.isoformat(), zlib.compress(body.encode(), 6)])
            if edition is not None:
                history.put_edition(self._connection, report_id, edition)

    def edition_before(self, name: str, as_of: date) -> str:
        """Id of the saved report of that name with the latest as-of date before this one, of several the one made last; else empty."""
        sql = """SELECT report FROM editions JOIN reports ON reports.id = report WHERE name = ? AND as_of < ?
            ORDER BY as_of DESC, created DESC, report LIMIT 1"""
        return next((str(report) for (report,) in self._rows(sql, [name, scopes.day(as_of)])), "")

    def reports_of_run(self, run: str) -> list[str]:
        """Ids of the saved reports that were made of these inputs."""
        return [report for (report,) in self._rows("SELECT report FROM editions WHERE run = ? ORDER BY report", [run])]

    def report(self, report_id: str) -> str:
        """Raises UsageError with the newest ids for an unknown one."""
        found = self._rows("SELECT body FROM reports WHERE id = ?", [report_id])
        if not found:
            raise self._no_report(report_id)
        return zlib.decompress(found[0][0]).decode()

    def _no_report(self, report_id: str) -> UsageError:
        heads = [f"{head.id} ({head.title}, as of {head.as_of}, {head.created:%H:%M})" for head in self.report_heads()[:10]]
        newest = ", ".join(heads) or "none yet, `rag report` writes one"
        return UsageError(f"no report {report_id!r}; there is: {newest}")

    def reports(self) -> list[tuple[str, datetime]]:
        """(id, created), newest first."""
        found = self._rows("SELECT id, created FROM reports ORDER BY created DESC, id")
        return [(identity, datetime.fromisoformat(created)) for identity, created in found]

    def report_heads(self) -> list[ReportHead]:
        """What a list prints of each saved report, newest first, of one moment the one of the later day. A report is read for it once in
        its life."""
        sql = """SELECT id, created, title, as_of, writer FROM reports LEFT JOIN report_heads ON report = id
            ORDER BY created DESC, as_of DESC, id"""
        if new := [(row[0], *rows.report_head(Record.report(self, row[0]))) for row in self._rows(sql) if row[2] is None]:
            if self._read_only:
                read = {head[0]: head[1:] for head in new}
                return [rows.head((*row[:2], *read.get(row[0], row[2:]))) for row in self._rows(sql)]
            with self._transaction():
                put = "INSERT OR IGNORE INTO report_heads (report, title, as_of, writer) SELECT ?1, ?2, ?3, ?4 FROM reports WHERE id = ?1"
                self._connection.executemany(put, new)
        return [rows.head(row) for row in self._rows(sql) if row[2] is not None]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives: for the rest of this room."""
        return self._rows(sql, values)

    def change(self, sql: str, values: Sequence[Any]) -> int:
        """One statement, durable when it returns; the number of the row it inserted. For the rest of this room."""
        with self._transaction():
            return int(self._connection.execute(sql, values).lastrowid or 0)

    @property
    def chats(self) -> Chats:
        """Questions and answers that were kept."""
        return Chats(rows=self._rows, transaction=self._transaction, owner=self.user)

    def forget_scans(self) -> None:
        """What searches keep in memory is read again."""
        self._scan.forget()
        self._counted = (-1, 0)
        self._sources = (-1, -1), {}

    @property
    def reviews(self) -> Reviews:
        """What analysts said of reports' claims."""
        return Reviews(rows=self._rows, transaction=self._transaction)

    # ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with translated(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _rows_of(self, ids: Sequence[str], *, columns: str) -> list[tuple[Any, ...]]:
        """Of the live chunks of these."""
        with self.snapshot(), translated(self.path):
            numbers = [place.number for place in self._scan.places(ids).values()]
            return self._rows(f"SELECT {columns} FROM chunks WHERE number IN (SELECT value FROM json_each(?))", [json.dumps(numbers)])

    def _value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._rows(sql, values)[0][0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated(self.path), schema.transaction(self._connection):
            yield

    def _forget_calls(self, started: Sequence[datetime]) -> None:
        before = self._connection.total_changes
        forget = "UPDATE model_calls SET answer = NULL WHERE started = ? AND answer IS NOT NULL"
        self._connection.executemany(forget, [(moment.isoformat(),) for moment in started])
        if self._connection.total_changes > before:
            self._write_anew("model_calls")

    def _write_anew(self, table: str) -> None:
        """The table in other pages of the file; those it had are overwritten with zeros (secure_delete). Within the caller's transaction.

        Deleting a row is not enough: where rows had moved between pages, one deletion in a hundred left some of it (docs/log.md).
        """
        made = self._rows("SELECT type, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL", [table])
        of_table = next(sql for kind, sql in made if kind == "table")
        self._connection.execute(of_table.replace(table, f"{table}_anew", 1))
        self._connection.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")
        self._connection.execute(f"DROP TABLE {table}")
        self._connection.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
        for sql in (sql for kind, sql in made if kind != "table"):
            self._connection.execute(sql)

    def _unknown(self, document: str) -> UsageError:
        return UsageError(f"no document {document!r} in {self.path}; it may have been deleted since: search again")

    @staticmethod
    def _committed(*, after: int, scope: Scope) -> tuple[str, list[Any]]:
        documents, values = scopes.documents(scope)
        within = "" if scope == _EVERYTHING else f" AND {_IN_SCOPE.format(documents=documents)}"
        return f"chunks.space = {_ACTIVE} AND chunks.sequence > ?{within}", [after, *values]

    def _vector_batches(self, condition: str, values: Sequence[Any]) -> Iterator[tuple[list[str], "Vectors"]]:
        sql = f"SELECT chunks.id, chunks.number, chunks.block FROM chunks WHERE {condition} ORDER BY chunks.number"
        with translated(self.path):
            yield from blocks.batches(self._connection, self._connection.execute(sql, values))

    def _next_sequence(self) -> int:
        return int(self._value("UPDATE meta SET value = value + 1 WHERE name = 'sequence' RETURNING value"))

    def _put_document(self, identity: str, document: Document, *, reader: str) -> None:
        values = rows.document_values(identity, document, reader=reader)
        columns = "id, title, author, publisher, published, published_from, format, pages, reader, body"
        renewed = ", ".join(f"{column} = excluded.{column}" for column in columns.split(", ")[1:])
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO documents ({columns}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {renewed}", values)
        self._connection.execute("INSERT OR REPLACE INTO sketches (document, sketch) VALUES (?, ?)", [identity, sketch(document.text)])
        self._connection.execute("DELETE FROM tags WHERE document = ?", [identity])
        self._connection.executemany(
            "INSERT INTO tags (document, tag) VALUES (?, ?)", [(identity, tag) for tag in set(document.metadata.tags)]
        )

    def _put_chunks(self, document: str, chunks: Sequence[Chunk], vectors: "Vectors", *, space: Space, sequence: int) -> None:
        keys = [vector_key(chunk.embedded_text, kind="document") for chunk in chunks]
        self._take_from_cache(keys, space=space.id)
        first = int(
            self._value("SELECT 1 + max((SELECT coalesce(max(number), 0) FROM chunks), (SELECT coalesce(max(last), 0) FROM segments))")
        )
        pages = [chunk.first_page for chunk in chunks]
        whole = self.precision == "full"
        held = blocks.put(self._connection, vectors, pages=pages, space=space.id, document=document, first=first, whole=whole)
        sql = f"""INSERT INTO chunks (number, space, {rows.CHUNK_COLUMNS}, block, key, sequence)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        self._connection.executemany(
            sql,
            [
                (number, space.id, *rows.chunk_values(chunk), block, key, sequence)
                for number, (chunk, block, key) in enumerate(zip(chunks, held, keys, strict=True), start=first)
            ],
        )
        if not chunks:
            self._connection.execute("INSERT INTO filled (space, document) VALUES (?, ?)", [space.id, document])

    def _take_from_cache(self, keys: Sequence[bytes], *, space: str) -> None:
        """What a chunk holds from now on need not be kept aside."""
        if self._rows("SELECT 1 FROM vectors WHERE query = 0 LIMIT 1"):
            self._connection.executemany("DELETE FROM vectors WHERE space = ? AND key = ?", [(space, key) for key in keys])

    def _keep_aside(self, document: str) -> None:
        """The vectors of a document's chunks, until ``prune_cache``: the same text may come back in another one."""
        held = self._rows("SELECT number, block, space, key FROM chunks WHERE document = ?", [document])
        self._connection.executemany(
            "INSERT OR IGNORE INTO vectors (space, key, query, vector) VALUES (?, ?, 0, ?)",
            [(space, key, vector.tobytes()) for (*_, space, key), vector in zip(held, self._vectors_at(held), strict=True)],
        )

    def _index(self, document: str) -> None:
        """A document's new chunks in the lexical index; what came back is no longer deleted."""
        self._connection.execute(
            "INSERT INTO lexical (rowid, header, text) SELECT number, header, text FROM live WHERE document = ?", [document]
        )
        if self._rows("SELECT 1 FROM deletions LIMIT 1"):
            self._connection.execute("DELETE FROM deletions WHERE chunk IN (SELECT id FROM live WHERE document = ?)", [document])

    def _point(self, file: FileRow, *, forget: Sequence[str]) -> None:
        if file.document is not None:
            self.access.keep_narrow(file.document, file.path)
        before = self._rows("SELECT document FROM files WHERE path = ? AND document IS NOT NULL", [file.path])
        values = rows.file_values(file)
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT OR REPLACE INTO files ({rows.FILE_COLUMNS}, modified) VALUES ({marks})", values)
        self._drop_unnamed({*self._forget(forget), *(document for (document,) in before)})

    def _forget(self, paths: Sequence[str]) -> set[str]:
        """Takes the paths away; gives the documents they named."""
        documents: set[str] = set()
        for path in paths:
            documents |= {document for (document,) in self._rows("SELECT document FROM files WHERE path = ?", [path]) if document}
            self._connection.execute("DELETE FROM files WHERE path = ?", [path])
        return documents

    def _drop_unnamed(self, documents: set[str]) -> None:
        gone = [document for document in sorted(documents) if not self._rows("SELECT 1 FROM files WHERE document = ? LIMIT 1", [document])]
        if not gone:
            return
        sequence = self._next_sequence()
        for document in gone:
            self._drop_chunks(document, sequence=sequence)
            self._connection.execute("DELETE FROM documents WHERE id = ?", [document])

    def _drop_chunks(self, document: str, *, sequence: int) -> None:
        """A document's chunks in every space, their lexical rows, and a note of the deletion."""
        execute = self._connection.execute
        execute("DELETE FROM filled WHERE document = ?", [document])
        if not self._rows("SELECT 1 FROM chunks WHERE document = ? LIMIT 1", [document]):
            return
        execute(
            "INSERT INTO lexical (lexical, rowid, header, text) SELECT 'delete', number, header, text FROM live WHERE document = ?",
            [document],
        )
        execute("INSERT OR REPLACE INTO deletions (chunk, sequence) SELECT id, ? FROM live WHERE document = ?", [sequence, document])
        self._keep_aside(document)
        execute("DELETE FROM chunks WHERE document = ?", [document])
        execute("DELETE FROM blocks WHERE document = ?", [document])

    def _drop_space(self, space: str) -> None:
        for table in ("chunks", "vectors", "token_codes", "filled", "blocks"):
            self._connection.execute(f"DELETE FROM {table} WHERE space = ?", [space])
        self._connection.execute("DELETE FROM spaces WHERE id = ?", [space])


def _texts(row: Sequence[Any]) -> Iterator[str]:
    """The texts of a row, compressed ones unpacked."""
    for value in row:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bytes):
            try:
                yield zlib.decompress(value).decode("utf-8", errors="replace")
            except zlib.error:
                yield value.decode("utf-8", errors="replace")


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Autocommit; transactions are opened by hand."""
    if not read_only:
        return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if _frozen(path) else ''}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)


def _frozen(path: Path) -> bool:
    """True where SQLite could not make the files beside the database that reading a WAL needs, and nobody writes."""
    writable = os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    return not writable and not path.with_name(f"{path.name}-wal").exists()


def _prepare(connection: sqlite3.Connection, *, path: Path, read_only: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    schema.refuse_newer(connection, path=path)
    if read_only:
        schema.refuse_older(connection, path=path)
        return
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # as some builds of SQLite have it anyway; ``_write_anew`` counts on it
    schema.migrate(connection, path=path)


def _enter_wal(connection: sqlite3.Connection) -> None:
    """The change of mode does not wait for other processes by itself (two may open a new record at once), so it is tried again."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
