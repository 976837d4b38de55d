"""The record as one person may see it: as if it held nothing else.

Whatever is read through this connection is read through views that bear the names of the tables, so that no query can forget the rule;
one that names a table past its view is refused by SQLite (``_authorised``). Words are counted in an index of its own, so that neither a
score nor a refusal to answer depends on what is hidden. It is worked out anew when a file or a list has changed, with the next snapshot.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self, TypeAlias

from rag.record import history
from rag.record.access import Grants, sees
from rag.record.chats import Chats
from rag.record.faults import translated
from rag.record.record import Record
from rag.record.reviews import Reviews
from rag.record.rows import ReportHead, Run
from rag.record.scopes import day
from rag.types import Reader

_OF_DOCUMENT = {
    "tags": "document",
    "sketches": "document",
    "chunks": "document",
    "blocks": "document",
    "filled": "document",
    "documents": "id",
}
"""Table -> the column that names the document; the view holds the rows of documents that are seen."""
_HIDDEN = ("deletions", "past_files", "past_chunks", "slabs", "called")
"""Nothing of these is of use to a reader: empty tables stand in their place."""

_WHAT_IS_SEEN = (
    "CREATE TEMP TABLE seen_files (path TEXT PRIMARY KEY, document TEXT) WITHOUT ROWID",
    "CREATE INDEX temp.seen_files_by_document ON seen_files (document, path)",
    "CREATE TEMP TABLE seen_documents (document TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE seen_gone (document TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE seen_words (number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL)",
    "CREATE TEMP VIEW files AS SELECT * FROM main.files WHERE path IN (SELECT path FROM temp.seen_files)",
    *(
        f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE {column} IN (SELECT document FROM temp.seen_documents)"
        for table, column in _OF_DOCUMENT.items()
    ),
    """CREATE TEMP VIEW sources AS
        SELECT d.id, f.path, d.title, d.author, d.publisher, coalesce(d.published, f.modified) AS day, d.published_from, d.format, d.pages
        FROM temp.documents AS d
        JOIN main.files AS f ON f.path = (SELECT min(path) FROM temp.seen_files WHERE document = d.id)""",
    "CREATE TEMP VIEW live AS SELECT chunks.* FROM temp.chunks JOIN main.spaces ON spaces.id = chunks.space WHERE spaces.active = 1",
    "CREATE TEMP VIEW past_documents AS SELECT * FROM main.past_documents WHERE id IN "
    "(SELECT document FROM temp.seen_documents UNION ALL SELECT document FROM temp.seen_gone)",
    *(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE 0" for table in _HIDDEN),
)
_WORDS = "CREATE VIRTUAL TABLE temp.lexical USING fts5 (header, text, tokenize = 'porter unicode61 remove_diacritics 2')"

UNREAD = "failed-"
"""What the id of a file that could not be read begins with in a report's coverage: it is known by its path."""
_FREE = frozenset(
    "meta folders spaces vectors token_codes told segments postings positions runs reports report_heads editions clock moments forgotten"
    " schedules slots outbox model_calls requests leases reviews chats turns users groups members api_keys sessions access_lists"
    " access_entries".split()
)
"""Tables that may be read as they are: nothing of a document is in them, or the methods below look at each row. Any other is refused."""
_GUARDED = frozenset(("files", "sources", "live", "past_documents", *_OF_DOCUMENT, *_HIDDEN))
_BELOW = "path = ?1 OR (path >= ?1 || '/' AND path < ?1 || '0')"
""""0" is the character after "/"."""


class SeenRecord(Record):
    """A connection that shows what some grants show. Writing documents through it is not possible."""

    sees_all = False

    _reader: Reader | None = None
    """None for a state of the past, in which nothing changes."""
    _grants: Grants = ()
    _among: frozenset[str] | None = None
    """In a state of the past: the documents that are seen today."""
    _named: dict[str, "_NamedIn"]
    """Report -> what it names."""
    _sight = -1
    _looking = False
    _own_words = False
    """True for a library that had no postings when this connection was opened: it keeps a lexical index of its own."""

    @classmethod
    def of(cls, path: Path, *, reader: Reader) -> Self:
        """A connection of its own to the record in ``path``. Raises as ``Record.open`` does."""
        made = cls.open(path)
        made.turn_to(reader)
        made._narrow(among=None)
        return made

    def turn_to(self, reader: Reader) -> None:
        """For another person what is seen is worked out anew, unless the lists say the same for both."""
        super().turn_to(reader)
        self._reader = reader
        if self.access.grants(reader) != self._grants:
            self._sight = -1

    def _narrow(self, *, among: frozenset[str] | None) -> None:
        self._among = among
        self._named = {}
        with translated(self.path):
            self._connection.execute("PRAGMA temp_store = MEMORY")
            self._connection.set_authorizer(None)
            for statement in _WHAT_IS_SEEN:
                self._connection.execute(statement)
            self._own_words = not self._connection.execute("SELECT 1 FROM main.segments WHERE length(chunks) > 0 LIMIT 1").fetchall()
            if self._own_words:
                self._connection.execute(_WORDS)
            self._connection.set_authorizer(self._authorised)
        self.look()

    def sees(self, path: str) -> bool:
        """By the grants; nothing has to lie there."""
        return sees(self._grants, path)

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """As the record's own; what may be seen is of the same moment as all else."""
        if self._connection.in_transaction:
            yield
            return
        with super().snapshot():
            self._look()
            yield

    def look(self) -> None:
        """Brings what is seen up to date with files and lists."""
        with self.snapshot():
            pass

    def _look(self) -> None:
        sight = int(self._value("SELECT value FROM meta WHERE name = 'sight'"))
        if sight == self._sight:
            return
        if self._reader is not None:
            self._grants = self.access.grants(self._reader)
        self._looking = True
        try:
            with translated(self.path):
                self._see_files()
                self._see_gone()
                self._see_words()
        finally:
            self._looking = False
        self.forget_scans()
        self._sight = sight

    def _see_files(self) -> None:
        """Paths by the grants, the shorter first, so that the longer one decides."""
        execute = self._connection.execute
        execute("DELETE FROM temp.seen_files")
        granted = {"": True} | dict(self._grants)
        for path, seen in sorted(granted.items(), key=lambda grant: (len(grant[0]), grant[0])):
            below, values = (_BELOW, [path]) if path else ("1", [])
            if seen:
                execute(f"INSERT OR IGNORE INTO temp.seen_files SELECT path, document FROM main.files WHERE {below}", values)
            else:
                execute(f"DELETE FROM temp.seen_files WHERE {below}", values)
        if self._among is not None:
            among = json.dumps(sorted(self._among))
            execute("DELETE FROM temp.seen_files WHERE document NOT IN (SELECT value FROM json_each(?))", [among])
        execute("DELETE FROM temp.seen_documents")
        execute("INSERT INTO temp.seen_documents SELECT DISTINCT document FROM temp.seen_files WHERE document IS NOT NULL")

    def _see_gone(self) -> None:
        """Documents that are in the library no more go by where they last lay."""
        sql = """SELECT p.document, p.path FROM main.past_files AS p WHERE p.document IS NOT NULL
            AND p.document NOT IN (SELECT id FROM main.documents)
            AND p.until = (SELECT max(until) FROM main.past_files WHERE document = p.document)"""
        seen = {document for document, path in self._connection.execute(sql).fetchall() if sees(self._grants, path)}
        self._connection.execute("DELETE FROM temp.seen_gone")
        self._connection.executemany("INSERT INTO temp.seen_gone VALUES (?)", [(document,) for document in sorted(seen)])

    def _see_words(self) -> None:
        """The lexical index of what is seen; a large library has postings, which are counted for what is seen."""
        if not self._own_words:
            return
        gone = "SELECT number FROM temp.seen_words EXCEPT SELECT w.number FROM temp.seen_words AS w JOIN temp.live USING (number, sequence)"
        fresh = "SELECT number FROM temp.live EXCEPT SELECT number FROM temp.seen_words"
        for statement in (
            f"DELETE FROM temp.lexical WHERE rowid IN ({gone})",
            f"DELETE FROM temp.seen_words WHERE number IN ({gone})",
            f"INSERT INTO temp.lexical (rowid, header, text) SELECT number, header, text FROM temp.live WHERE number IN ({fresh})",
            f"INSERT INTO temp.seen_words (number, sequence) SELECT number, sequence FROM temp.live WHERE number IN ({fresh})",
        ):
            self._connection.execute(statement)

    def _authorised(self, action: int, table: str | None, column: str | None, schema: str | None, view: str | None) -> int:
        """SQLite asks for every table that a statement reads. One that is not free, a new one too, is read by a view only."""
        if action != sqlite3.SQLITE_READ or schema != "main" or view is not None or self._looking:
            return sqlite3.SQLITE_OK
        free = table in _FREE or str(table).startswith(("sqlite_", "lexical", "json_each"))
        return sqlite3.SQLITE_OK if free else sqlite3.SQLITE_DENY

    def revision(self) -> tuple[int, int]:
        """As of the last look."""
        return self.sequence(), self._sight

    # ── what is not a document ────────────────────────────────────────────────────────────────────────────────────

    def holders(self, question: str) -> dict[str, int]:
        """How many of the chunks that are seen hold each word."""
        with self.snapshot(), translated(self.path):
            if self._scan.has_postings():
                return self._scan.holders(question)
        return self._holders("SELECT count(*) FROM lexical JOIN chunks ON chunks.number = lexical.rowid WHERE lexical MATCH ?", question)

    def as_known(self, at: datetime, *, prepare: Callable[[Record], None] = lambda record: None) -> "Record":
        """The past as far as it may be seen today: what was hidden meanwhile is hidden there too."""
        self.look()
        gone = {document for (document,) in self._rows("SELECT document FROM temp.seen_gone")}
        today = {document for (document,) in self._rows("SELECT document FROM temp.seen_documents")}
        with translated(self.path):
            connection = history.state(self.path, at=at)
        whole = Record(connection, path=self.path, read_only=True)
        whole.index_words()
        prepare(whole)
        made = type(self)(connection, path=self.path, read_only=True)
        made._grants = self._grants
        made._narrow(among=frozenset(today | gone))
        return made

    def folders(self) -> dict[str, Path]:
        """Those that hold something that is seen."""
        held = {folder for (folder,) in self._rows("SELECT DISTINCT folder FROM files")}
        return {name: path for name, path in super().folders().items() if name in held}

    def forgotten(self) -> dict[str, str]:
        """An admin's concern."""
        return {}

    def runs(self, *, limit: int = 20) -> list[Run]:
        """They count what all folders hold."""
        return []

    # ── what was made of documents ────────────────────────────────────────────────────────────────────────────────

    @property
    def chats(self) -> Chats:
        """Turns that name nothing that is hidden now."""
        return Chats(rows=self._rows, transaction=self._transaction, owner=self.user, readable=self.may_read)

    @property
    def reviews(self) -> Reviews:
        """Of reports that may be read."""
        return Reviews(rows=self._rows, transaction=self._transaction, readable={report for report, _ in self.reports()}.__contains__)

    def reports(self) -> list[tuple[str, datetime]]:
        """Those that name nothing that is hidden."""
        self.look()
        return [(report, created) for report, created in super().reports() if self._may_see(self._named_in(report))]

    def report_heads(self) -> list[ReportHead]:
        """Those of reports that name nothing that is hidden."""
        readable = {report for report, _ in self.reports()}
        return [head for head in super().report_heads() if head.id in readable]

    def report(self, report_id: str) -> str:
        """Raises UsageError for one that may not be read, as for an unknown one."""
        self.look()
        if self._rows("SELECT 1 FROM reports WHERE id = ?", [report_id]) and self._may_see(self._named_in(report_id)):
            return super().report(report_id)
        raise self._no_report(report_id)

    def edition_before(self, name: str, as_of: date) -> str:
        """Of those that may be read."""
        sql = """SELECT report FROM editions JOIN reports ON reports.id = report WHERE name = ? AND as_of < ?
            ORDER BY as_of DESC, created DESC, report"""
        readable = {report for report, _ in self.reports()}
        return next((str(report) for (report,) in self._rows(sql, [name, day(as_of)]) if report in readable), "")

    def reports_of_run(self, run: str) -> list[str]:
        """Of those that may be read."""
        readable = {report for report, _ in self.reports()}
        return [report for report in super().reports_of_run(run) if report in readable]

    def may_read(self, body: str) -> bool:
        """Whether every document and file that a report or an answer (JSON) names is seen."""
        return self._may_see(named_in(json.loads(body)))

    def _named_in(self, report: str) -> "_NamedIn":
        """What a saved report names; it is read for it once, since a report's id is the hash of all that it says."""
        if report not in self._named:
            self._named[report] = named_in(json.loads(super().report(report)))
        return self._named[report]

    def _may_see(self, named: "_NamedIn") -> bool:
        documents, paths = named
        sql = """SELECT count(*) FROM json_each(?) WHERE value NOT IN (SELECT document FROM temp.seen_documents)
            AND value NOT IN (SELECT document FROM temp.seen_gone)"""
        return not self._value(sql, [json.dumps(sorted(documents))]) and all(sees(self._grants, path) for path in paths)


_NamedIn: TypeAlias = tuple[set[str], set[str]]


def named_in(value: Any) -> _NamedIn:
    """(documents, paths of files without one) that a report or an answer names anywhere in it."""
    documents: set[str] = set()
    paths: set[str] = set()
    for node in _nodes(value):
        document, path = node.get("document"), node.get("path")
        if isinstance(document, str) and document and not document.startswith(UNREAD):
            documents.add(document)
        elif isinstance(path, str) and path:
            paths.add(path)
        documents |= {held for name in ("copy_of", "other") if isinstance(held := node.get(name), str) and held}
    return documents, paths


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, Sequence) and not isinstance(one, str):
            waiting.extend(one)
