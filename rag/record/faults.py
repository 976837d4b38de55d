"""SQLite's errors in our words, in one place."""

import errno
import sqlite3
from pathlib import Path
from types import TracebackType

from rag.errors import RecordError

_FULL = "the disk is full while writing {path}; nothing committed before is lost: free some space and run the same command again"
_READ_ONLY = "{path} cannot be written: {cause}; make the file and its folder writable for this user and run the same command again"
_CLOSED = "{path} cannot be opened: {cause}; see that the file and its folder exist and that this user may read them"
_LOCKED = "{path} is locked by another program; wait for it to finish and run the same command again"
_DAMAGED = (
    "{path} is damaged ({cause}); put a backup in its place, or move it away and run `rag init` and `rag ingest`: "
    "the documents themselves are untouched"
)
_OTHER = "{path} cannot be used: {cause}; run the same command again, and put a backup of the file in its place if it fails again"

_DISK = "the disk failed while using {path} ({cause}): see that it has room and is sound; nothing committed before is lost"

_WORDS = {
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_AUTH: _CLOSED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FORMAT: _DAMAGED,
}


class translated:  # noqa: N801 -- used as a function is, some ten times a commit; a generator would take three times as long
    """Anything SQLite or the file system says about the record becomes a RecordError with the next step."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, sqlite3.Error):
            primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte of an extended code is the primary one
            raise RecordError(_WORDS.get(primary, _OTHER).format(path=self._path, cause=error)) from error
        if isinstance(error, OSError):
            words = _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _READ_ONLY
            raise RecordError(words.format(path=self._path, cause=error.strerror)) from error
