"""The error tree. A message says what happened, to what, and what to do next; only doors catch.

RagError
├── UsageError             the call is wrong: unknown folder, bad date, unknown template      exit 2
│   └── DeletedError       what it goes on with was deleted meanwhile
├── AccessError            this person may not do that                                        exit 2
├── SettingsError          rag.toml or RAG_* cannot be used                                   exit 2
│   └── DefinitionError    a schedule's definition cannot be used; tells key by key why
├── WorkspaceError         the workspace is missing, unwritable or of another version         exit 3
│   ├── RecordError        the record (library.db) cannot be read or written
│   └── BusyError          another process is writing                                         exit 4, retryable
│       └── CrowdedError   more is asked of a server than it can have waiting
├── IndexDamagedError      a published generation fails its checks                            exit 3
├── ReadError              a file cannot be read (becomes that file's status, never a crash)  exit 5
│   ├── UnreadableError    its bytes cannot be reached: no permission, a failing disk, vanished
│   ├── UnsupportedFormatError, EncryptedError, CorruptFileError, NoTextError
│   └── ReadLimitError     time, memory or size limit reached while reading
├── ModelError             a model cannot be loaded or used                                   exit 6
│   ├── ModelMissingError  weights are not on this machine
│   ├── FingerprintError   the index was made by another embedder
│   ├── EndpointError      an HTTP endpoint failed (retryable tells whether to try again)
│   │   ├── OverloadedError    too many requests or a failing server; may say when to come back
│   │   ├── UnreachableError   nobody answers, or the connection breaks
│   │   ├── TimeLimitError     no whole answer within the time given
│   │   ├── QuotaError         the account has nothing left; waiting does not help
│   │   ├── KeyRefusedError    the key is wrong or may not do this
│   │   ├── UnknownModelError  the endpoint has no such model
│   │   ├── RequestError       the request itself is refused
│   │   │   └── TooLongError   it is over what the model can read
│   │   └── AnswerError        what came back is no answer: a page, broken JSON, not the schema asked for
│   │       ├── CutOffError    it ends before its end
│   │       └── FilteredError  the endpoint's content filter kept it back
│   └── BudgetError        the next call could cost more than this run may
├── ReportError            a report cannot be made, read or rendered                          exit 7
│   └── TemplateError      a template asks for what is not there, or leaves something out
└── DeliveryError          a report cannot be delivered (retryable tells whether to try again) exit 9
"""

from collections.abc import Mapping
from typing import ClassVar


class RagError(Exception):
    """Anything this program can say in one clear line."""

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: bool = False


class UsageError(RagError):
    """The call is wrong."""

    exit_status = 2
    http_status = 400


class DeletedError(UsageError):
    """What the call goes on with was deleted meanwhile."""

    http_status = 410


class AccessError(RagError):
    """This person may not do that."""

    exit_status = 2
    http_status = 403


class SettingsError(RagError):
    """rag.toml or an environment variable cannot be used."""

    exit_status = 2


class DefinitionError(SettingsError):
    """A schedule's definition cannot be used."""

    http_status = 422

    def __init__(self, message: str, *, problems: Mapping[str, str]) -> None:
        """``problems``: key of the definition, empty for the whole -> what is wrong with it."""
        super().__init__(message)
        self.problems = problems


class WorkspaceError(RagError):
    """The workspace is missing, unwritable or made by another version."""

    exit_status = 3


class RecordError(WorkspaceError):
    """The record cannot be read or written."""


class BusyError(WorkspaceError):
    """Another process holds the writer's lock."""

    exit_status = 4
    http_status = 409
    retryable = True


class CrowdedError(BusyError):
    """More is asked of a server than it can have waiting."""

    http_status = 429


class IndexDamagedError(RagError):
    """A published generation of the vector index fails its checks."""

    exit_status = 3


class ReadError(RagError):
    """A file cannot be read."""

    exit_status = 5
    http_status = 422


class UnreadableError(ReadError):
    """The file's bytes cannot be reached, which says nothing about what they are."""


class UnsupportedFormatError(ReadError):
    """No reader for this kind of file."""


class EncryptedError(ReadError):
    """The file wants a password."""


class CorruptFileError(ReadError):
    """The file is damaged or not what its name says."""


class NoTextError(ReadError):
    """The file opens but holds no text, such as a scan."""


class ReadLimitError(ReadError):
    """Reading took more time, memory or size than allowed."""


class ModelError(RagError):
    """A model cannot be loaded or used."""

    exit_status = 6
    http_status = 503


class ModelMissingError(ModelError):
    """The model's files are not on this machine."""


class FingerprintError(ModelError):
    """The index was made by another embedder."""


class EndpointError(ModelError):
    """An HTTP endpoint failed."""

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        """``retryable`` overrides what is usual for the class."""
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable


class OverloadedError(EndpointError):
    """Too many requests, or a server that fails."""

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """``retry_after_s`` is what the endpoint asks for, if it says."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnreachableError(EndpointError):
    """Nobody answers at the address, or the connection breaks."""

    retryable = True


class TimeLimitError(EndpointError):
    """No whole answer within the time given."""

    retryable = True


class QuotaError(EndpointError):
    """The account has nothing left."""


class KeyRefusedError(EndpointError):
    """The key is wrong or may not do this."""


class UnknownModelError(EndpointError):
    """The endpoint has no such model."""


class RequestError(EndpointError):
    """The endpoint refuses the request."""


class TooLongError(RequestError):
    """The request is over what the model can read."""


class AnswerError(EndpointError):
    """What came back is no answer."""

    retryable = True


class CutOffError(AnswerError):
    """The answer ends before its end."""


class FilteredError(AnswerError):
    """The endpoint's content filter kept the answer back."""

    retryable = False


class BudgetError(ModelError):
    """The next call could cost more than the run may."""


class ReportError(RagError):
    """A report cannot be made, read or rendered."""

    exit_status = 7


class TemplateError(ReportError):
    """A template and its data do not fit."""


class DeliveryError(RagError):
    """A message cannot be delivered."""

    exit_status = 9

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
