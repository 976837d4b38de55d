"""The record: one SQLite file that holds everything that cannot be thrown away."""

from rag.record.access import AccessList, Grants, Judged
from rag.record.calls import CallLog, ModelCall
from rag.record.chats import KeptTurn
from rag.record.codes import cosines
from rag.record.history import Edition
from rag.record.lock import writer_lock
from rag.record.people import ApiKey, User
from rag.record.record import Near, Record
from rag.record.reviews import Review, ReviewVerdict
from rag.record.rows import FileRow, KnownStatus, Run, RunKind
from rag.record.schema import outdated
from rag.record.seen import SeenRecord
from rag.record.spaces import Space, space_of, vector_key
from rag.record.tables import is_scanned

__all__ = [
    "AccessList",
    "ApiKey",
    "CallLog",
    "Edition",
    "FileRow",
    "Grants",
    "Judged",
    "KeptTurn",
    "KnownStatus",
    "ModelCall",
    "Near",
    "Record",
    "Review",
    "ReviewVerdict",
    "Run",
    "RunKind",
    "SeenRecord",
    "Space",
    "User",
    "cosines",
    "is_scanned",
    "outdated",
    "space_of",
    "vector_key",
    "writer_lock",
]
