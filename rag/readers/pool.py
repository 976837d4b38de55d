"""Child processes that read files under limits; a dead or hung child costs only its file."""

import json
import os
import queue
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rag.codec import document_from_json
from rag.errors import CorruptFileError, EncryptedError, NoTextError, ReadError, ReadLimitError, UnreadableError, UnsupportedFormatError
from rag.readers.formats import holds_files, may_be_scanned, reader_for
from rag.readers.ocr import Ocr
from rag.types import Document, Enclosed

LARGEST_FILE = 500_000_000
_LARGEST_ANSWER = 1_000_000_000
_MEGABYTE = 1_000_000
_PIECE = 1 << 20
_PATIENCE_S = 1.0
_TAIL = 300
_READ_ERRORS: dict[str, type[ReadError]] = {
    kind.__name__: kind
    for kind in (ReadError, UnreadableError, UnsupportedFormatError, EncryptedError, CorruptFileError, NoTextError, ReadLimitError)
}


class ReaderPool:
    """Reads files in limited child processes, one file at a time per worker. Children start with their first file.

    May be shared between threads: a read waits for a free worker.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 60.0,
        memory_bytes: int = 1_500_000_000,
        workers: int = 1,
        ocr: Ocr | None = None,
        ocr_s: float = 900.0,
        room: Path | None = None,
    ) -> None:
        """``timeout_s``: wall clock a file. ``memory_bytes``: address space a child may use beyond what it starts with. ``ocr`` reads
        pages without text once more, in ``ocr_s`` a file at most; putting together what was read then has ``timeout_s`` of its own, so
        that a program which takes all of its time costs no page that was read. ``room``: where a child puts what it has to write down of
        a file, such as a copy that is not encrypted, which goes with the child; the system's folder for temporary files unless given."""
        self._ocr, self._ocr_s = ocr, ocr_s
        program = ocr.program if ocr else ""
        self._children = [_Child(timeout_s=timeout_s, memory_bytes=memory_bytes, program=program, room=room) for _ in range(workers)]
        self._idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
        for child in self._children:
            self._idle.put(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def read(self, path: Path) -> Document:
        """The document. Raises ReadError and its children, nothing else."""
        try:
            answer = self._answer(path)
        except NoTextError:
            if self._ocr is None or not may_be_scanned(path) or path.stat().st_size == 0:
                raise
            answer = self._answer(path, ocr=True)
        assert isinstance(answer, Document)
        if self._ocr and may_be_scanned(path) and any(page.start == page.end for page in answer.pages):
            answer = self._answer(path, ocr=True)
        assert isinstance(answer, Document)
        return answer

    def unpack(self, path: Path, into: Path) -> list[Enclosed]:
        """Puts the files that it encloses into the folder; none for a kind of file that encloses nothing, which is not even opened.

        Raises ReadError and its children, nothing else.
        """
        if not holds_files(path):
            return []
        answer = self._answer(path, into=into)
        assert isinstance(answer, list)
        return answer

    def _answer(self, path: Path, *, into: Path | None = None, ocr: bool = False) -> Document | list[Enclosed]:
        _check(path)
        child = self._idle.get()
        try:
            if ocr and self._ocr:
                return child.answer(path, into=None, languages=self._ocr.languages, ocr_s=self._ocr_s)
            return child.answer(path, into=into)
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """Ends the children. A later read starts them again."""
        for child in self._children:
            child.stop()


def _check(path: Path) -> None:
    """Raises for what no child needs to see."""
    reader_for(path)
    try:
        status = path.stat()
    except OSError as error:
        raise UnreadableError(f"cannot read {path.name}: {error.strerror}; check that the file is there and may be read") from error
    if not stat.S_ISREG(status.st_mode):
        raise ReadError(f"cannot read {path.name}: it is not a regular file; leave it out of the folder")
    if status.st_size == 0:
        raise NoTextError(f"cannot read {path.name}: the file is empty; check that it was saved or copied completely")
    if status.st_size > LARGEST_FILE:
        raise ReadLimitError(
            f"cannot read {path.name}: it has {status.st_size // _MEGABYTE:,} MB and {LARGEST_FILE // _MEGABYTE} are allowed; split it"
        )


class _DiedError(Exception):
    """The child closed its pipe before it answered."""


class _Child:
    """One child process, started when needed and again after it ended."""

    def __init__(self, *, timeout_s: float, memory_bytes: int, program: str, room: Path | None) -> None:
        self._timeout_s = timeout_s
        self._room, self._desk = room, ""
        self._program = program
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def answer(self, path: Path, *, into: Path | None, languages: str = "", ocr_s: float = 0.0) -> Document | list[Enclosed]:
        """The document, or with ``into`` the files it encloses; with ``languages`` by OCR, which ends after ``ocr_s``."""
        process, seconds = self._running(path), self._timeout_s + ocr_s
        request = {
            "path": str(path.absolute()),
            "seconds": seconds,
            "into": str(into.absolute()) if into else None,
            "ocr": {"languages": languages, "until": time.monotonic() + ocr_s} if languages else None,  # one clock for all processes
        }
        try:
            header, body = self._ask(process, request)
        except TimeoutError as error:
            self.stop(kill=True)
            raise _too_slow(path, seconds=seconds) from error
        except (_DiedError, BrokenPipeError, ValueError, KeyError, TypeError) as error:
            raise self._died(path, seconds=seconds) from error
        except BaseException:
            self.stop(kill=True)
            raise
        if header.get("retire"):
            self.stop()
        return self._result(body, path=path)

    def stop(self, *, kill: bool = False) -> None:
        """Ends the child and waits for it; without ``kill`` it gets a moment to end by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            os.killpg(process.pid, signal.SIGKILL)  # with the program it may have started
        _close(process.stdin)
        try:
            process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close(process.stdout)
        _close(self._stderr)
        self._stderr = None
        shutil.rmtree(self._desk)

    def _running(self, path: Path) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            self._desk = _desk(self._room, path=path)
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the child
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rag.readers.worker", str(self._memory_bytes), self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={
                    "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                    "PYTHONUTF8": "1",
                    "PYTHONHASHSEED": "0",
                    "TMPDIR": self._desk,
                },
                start_new_session=True,
            )
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """(header, body) of the child's answer. Raises TimeoutError, _DiedError, BrokenPipeError, or ValueError and such for nonsense."""
        assert process.stdin is not None
        assert process.stdout is not None
        assert self._stderr is not None
        self._stderr.seek(0)
        self._stderr.truncate()
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return _receive(process.stdout.fileno(), deadline=time.monotonic() + request["seconds"])

    def _died(self, path: Path, *, seconds: float) -> ReadError:
        """The error for a child that ended in the middle of a file, with the end of what it said."""
        process, stderr = self._process, self._stderr
        assert process is not None
        assert stderr is not None
        try:
            process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stderr.seek(0)
        last = " ".join(stderr.read().decode("utf-8", "replace").split())[-_TAIL:]
        status = process.returncode
        self.stop()
        if status in (-signal.SIGXCPU, -signal.SIGALRM):
            return _too_slow(path, seconds=seconds)
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        said = f": {last}" if last else ""
        return CorruptFileError(f"cannot read {path.name}: its reader ended with {how}{said}; open and save it again, or leave it out")

    def _result(self, body: bytes, *, path: Path) -> Document | list[Enclosed]:
        try:
            if body.startswith(b'{"enclosed":'):
                return [Enclosed(**one) for one in json.loads(body)["enclosed"]]
            if body.startswith(b'{"document":'):
                return document_from_json(body[len(b'{"document":') : -1].decode())
            failure = json.loads(body)
            kind, message = _READ_ERRORS[failure["error"]], str(failure["message"])
        except (ValueError, KeyError, TypeError) as error:
            self.stop(kill=True)
            raise CorruptFileError(
                f"cannot read {path.name}: its reader gave no sound answer; open and save it again, or leave it out"
            ) from error
        if kind is ReadLimitError:
            self.stop()
        raise kind(message)


def _desk(room: Path | None, *, path: Path) -> str:
    """A new folder for a child that is to read a file."""
    try:
        if room is not None:
            room.mkdir(mode=0o700, exist_ok=True)
        return tempfile.mkdtemp(prefix="rag-read-", dir=room)
    except OSError as error:
        where = room or tempfile.gettempdir()
        raise UnreadableError(f"cannot read {path.name}: {error.strerror} in {where}; make it writable, or free some space") from error


def _too_slow(path: Path, *, seconds: float) -> ReadLimitError:
    return ReadLimitError(f"cannot read {path.name}: reading took longer than {seconds:g} s; split it or raise the limit")


def _receive(pipe: int, *, deadline: float) -> tuple[dict[str, Any], bytes]:
    received = bytearray()
    header: dict[str, Any] | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while header is None or len(received) < header["bytes"]:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            piece = os.read(pipe, _PIECE)
            if not piece:
                raise _DiedError
            received += piece
            if header is None and b"\n" in received:
                line, _, received = received.partition(b"\n")
                header = json.loads(line)
                if not 0 <= header["bytes"] <= _LARGEST_ANSWER:
                    raise ValueError("the answer is too large")
    return header, bytes(received)


def _close(stream: IO[bytes] | None) -> None:
    """Closes a pipe; what could not be written to a dead child is of no use any more."""
    if stream is not None:
        try:
            stream.close()
        except BrokenPipeError:
            return
