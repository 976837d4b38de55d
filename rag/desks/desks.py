"""Threads that each hold the workspace open and share one embedder: a Library belongs to one thread. People are served in turn."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rag.app import Library
from rag.config import FILE_NAME
from rag.desks.line import Line
from rag.errors import CrowdedError
from rag.ports import Embedder, TokenEmbedder
from rag.seeing import Views
from rag.types import Reader, TextKind

if TYPE_CHECKING:
    from rag.ports import Vectors

T = TypeVar("T")

DESKS = 4
"""Questions answered at once; the embedder takes them one after the other."""
MOST_WAITING = 256
"""Requests that wait for a desk; one more is told to come back."""
MOST_OF_ONE = 32
"""Of them, those of one person where there are users."""


class OneAtATime:
    """An embedder that several threads use: one call at a time, since tokenizers and models keep state while they work."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self.fingerprint = embedder.fingerprint

    @property
    def max_tokens(self) -> int:
        """The model's own."""
        return self._embedder.max_tokens

    @property
    def special_tokens(self) -> int:
        """The model's own."""
        return self._embedder.special_tokens

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """The model's own."""
        with self._lock:
            return self._embedder.token_spans(text)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """The model's own."""
        with self._lock:
            return self._embedder.embed(texts, kind=kind)


class TokensOneAtATime(OneAtATime):
    """One that tells what single tokens stand for."""

    def __init__(self, embedder: TokenEmbedder) -> None:
        super().__init__(embedder)
        self._telling = embedder

    def tells_tokens(self) -> bool:
        """The model's own."""
        return self._telling.tells_tokens()

    def embed_with_tokens(self, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
        """The model's own."""
        with self._lock:
            return self._telling.embed_with_tokens(texts)

    def question_tokens(self, question: str) -> "tuple[Vectors, list[tuple[int, int]]]":
        """The model's own."""
        with self._lock:
            return self._telling.question_tokens(question)

    def telling_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """The model's own."""
        with self._lock:
            return self._telling.telling_spans(text)


def one_at_a_time(embedder: Embedder) -> OneAtATime:
    """For several threads, with all that the embedder tells."""
    return TokensOneAtATime(embedder) if isinstance(embedder, TokenEmbedder) else OneAtATime(embedder)


class Desks:
    """The threads. Each opens the workspace at its first job, and anew when rag.toml was changed."""

    def __init__(self, workspace: Path, *, count: int = DESKS, waited: Callable[[float], object] = lambda seconds: None) -> None:
        """``waited`` is told how long each job stood in line."""
        self._workspace = workspace
        self._waited = waited
        self._jobs: Line[tuple[Future[Any], Callable[[Library], Any], Reader, float]] = Line()
        self._sharing = threading.Lock()
        self._shared: tuple[int, OneAtATime] | None = None
        self._threads = [threading.Thread(target=self._work, name=f"desk-{number}", daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    async def do(self, job: Callable[[Library], T], *, reader: Reader) -> T:
        """What the job gives over what this person may see, from the first desk that is free.

        Raises what the job raises; CrowdedError when too many wait.
        """
        if len(self._jobs) >= MOST_WAITING:
            raise CrowdedError("too many requests are waiting; come back in a moment")
        if reader.user > 0 and self._jobs.of(reader.user) >= MOST_OF_ONE:
            raise CrowdedError(f"{MOST_OF_ONE} of your requests are waiting already; come back when some are answered")
        return await asyncio.wrap_future(self._in_line(job, reader))

    def done(self, job: Callable[[Library], T], *, reader: Reader) -> T:
        """The same for a thread that waits, and that is not turned away: what it has to tell belongs to an answer that was begun."""
        return self._in_line(job, reader).result()

    def _in_line(self, job: Callable[[Library], T], reader: Reader) -> Future[T]:
        future: Future[T] = Future()
        self._jobs.put((future, job, reader, time.perf_counter()), of=reader.user)
        return future

    @property
    def waiting(self) -> int:
        """Jobs in line."""
        return len(self._jobs)

    def close(self, *, within_s: float = 10.0) -> bool:
        """Jobs that wait are finished too; False when that takes longer."""
        until = time.monotonic() + within_s
        self._jobs.close()
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        library: Library | None = None
        views = Views()
        opened_at = -1
        while (taken := self._jobs.take()) is not None:
            future, job, reader, came = taken
            self._waited(time.perf_counter() - came)
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if library is None or self._stamp() != opened_at:
                    views.close()
                    if library is not None:
                        library.close()
                    opened_at = self._stamp()
                    library = self._open(opened_at)
                future.set_result(job(views.of(library, reader)))
            except BaseException as error:  # noqa: BLE001 - the one who asked gets it
                future.set_exception(error)
        views.close()
        if library is not None:
            library.close()

    def _stamp(self) -> int:
        """Changes with rag.toml."""
        path = self._workspace / FILE_NAME
        return path.stat().st_mtime_ns if path.is_file() else 0

    def _open(self, stamp: int) -> Library:
        library = Library.open(self._workspace)
        with self._sharing:
            if self._shared is None or self._shared[0] != stamp:
                self._shared = stamp, one_at_a_time(library.embedder)
            library.embedder = self._shared[1]
        return library
