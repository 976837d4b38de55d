"""The record: one SQLite file that holds everything that cannot be thrown away."""

from rag.record.history import Edition
from rag.record.lock import writer_lock
from rag.record.record import Near, Record
from rag.record.rows import FileRow, KnownStatus, Run, RunKind
from rag.record.spaces import Space, space_of

__all__ = ["Edition", "FileRow", "KnownStatus", "Near", "Record", "Run", "RunKind", "Space", "space_of", "writer_lock"]
