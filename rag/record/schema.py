"""The record's schema, brought up to date by numbered migrations."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rag.errors import WorkspaceError
from rag.record.codes import CodesOf, PagesOf, RestsOf
from rag.record.faults import translated

_MIGRATIONS = Path(__file__).parent / "migrations"
_TIMES_SIZE = 2
"""What a migration that writes every table anew takes beside the file, in its log and in the file itself."""
_MEGABYTE = 1_000_000


def migrations() -> list[tuple[int, str]]:
    """(version, SQL) of every migration, oldest first."""
    return [(int(path.name[:4]), path.read_text("utf-8")) for path in sorted(_MIGRATIONS.glob("[0-9]*.sql"))]


def version(connection: sqlite3.Connection) -> int:
    """The version the file was last brought to; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, *, path: Path) -> None:
    """Applies what is missing, each migration in a transaction of its own. Two processes may do it at once.

    Raises WorkspaceError, with nothing changed, for a file of a newer version and where the disk has too little room.
    """
    refuse_newer(connection, path=path)
    _refuse_without_room(connection, path=path)
    connection.create_aggregate("codes_of", 2, CodesOf)  # type: ignore[arg-type]
    connection.create_aggregate("pages_of", 2, PagesOf)  # type: ignore[arg-type]
    connection.create_aggregate("rests_of", 2, RestsOf)  # type: ignore[arg-type]
    for number, script in migrations():
        if version(connection) >= number:
            continue
        with transaction(connection):
            if version(connection) < number:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def outdated(path: Path) -> tuple[int, int] | None:
    """(version of the file, version it is brought to when it is opened for writing); None where they are the same, or nothing is there.

    Raises RecordError for a file that cannot be read.
    """
    if not path.is_file():
        return None
    with translated(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found, known = version(connection), migrations()[-1][0]
    return (found, known) if 0 < found < known else None


def _refuse_without_room(connection: sqlite3.Connection, *, path: Path) -> None:
    found, known = version(connection), migrations()[-1][0]
    if not 0 < found < known:
        return
    needed, free = _TIMES_SIZE * path.stat().st_size, shutil.disk_usage(path.parent).free
    if free < needed:
        raise WorkspaceError(
            f"{path} has record version {found} and has to be brought to {known}, for which {needed // _MEGABYTE + 1:,} MB must be free "
            f"beside it; there are {free // _MEGABYTE:,} MB: free some, nothing has been changed"
        )


def refuse_newer(connection: sqlite3.Connection, *, path: Path) -> None:
    """Raises WorkspaceError for a file that a later version of this program has written."""
    found, known = version(connection), migrations()[-1][0]
    if found > known:
        raise WorkspaceError(
            f"{path} was written by a newer version of rag (record version {found}, this program knows {known}); upgrade rag to open it"
        )


def refuse_older(connection: sqlite3.Connection, *, path: Path) -> None:
    """Raises WorkspaceError for a file that has yet to be migrated."""
    found, known = version(connection), migrations()[-1][0]
    if found < known:
        raise WorkspaceError(f"{path} has record version {found} and needs {known}; run any writing command, such as `rag ingest`, once")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; takes SQLite's write lock at the start, so that it cannot fail half-way for want of it.

    One inside another is refused here: SQLite refuses it too, but only once it has taken the lock, which then stays with the outer one.
    """
    if _is_inside(connection):
        raise sqlite3.ProgrammingError("a transaction cannot be started within a transaction")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _is_inside(connection: sqlite3.Connection) -> bool:
    """Whether a transaction is open now."""
    return connection.in_transaction


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
