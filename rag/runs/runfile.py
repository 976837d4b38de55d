"""A run on disk: one JSON object a line, what was asked first, then each thing it said. Whoever works on it holds the file's lock.

Lines are appended in one write each, so that a kill leaves whole lines, but for the last, which is passed over when it was torn. The
kernel lets go of a lock when its holder dies: a file without an end whose lock nobody holds is a run that was cut off.
"""

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ENDS = ("done", "failed")
"""States after which nothing follows."""


class RunFile:
    """The file, opened by one who works on it; the lock is shared, since a server and the child that it began both hold it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        self._number = 0
        self.ended = False
        for line in read_lines(path):
            self._number += "told" in line
            self.ended = self.ended or line.get("told", {}).get("state") in ENDS

    @classmethod
    def create(cls, folder: Path, head: Mapping[str, Any]) -> Self:
        """The next number's file, with what was asked in it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        waiting = folder / f".new-{os.getpid()}-{threading.get_ident()}"
        handle = os.open(waiting, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        os.write(handle, _line(head))
        os.fsync(handle)
        for number in count(max((number_of(path) for path in files(folder)), default=0) + 1):
            path = folder / f"{number:06d}.jsonl"
            with suppress(FileExistsError):  # another server of this workspace took the number
                os.link(waiting, path)
                waiting.unlink()
                return cls(path, handle)
        raise AssertionError("numbers do not end")

    @classmethod
    def open(cls, path: Path) -> Self:
        """To work on it."""
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
        return cls(path, handle)

    def tell(self, told: Mapping[str, Any]) -> None:
        """Appends what the run says; an end is on the disk when this returns."""
        self._number += 1
        _append(self._handle, {"number": self._number, "told": dict(told)})
        if told.get("state") in ENDS:
            self.ended = True
            os.fsync(self._handle)

    def close(self) -> None:
        """Idempotent; lets go of the lock."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def abandoned(path: Path) -> Iterator[RunFile | None]:
    """The file, held alone, where nobody works on it; else None."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        yield None
        return
    with RunFile(path, handle) as file:
        yield file


def read_lines(path: Path, *, at: int = 0) -> Iterator[dict[str, Any]]:
    """The whole lines from an offset on; a torn one is passed over."""
    with path.open("rb") as file:
        file.seek(at)
        for line in file:
            if line.endswith(b"\n") and (read := _read(line)) is not None:
                yield read


def whole_bytes(path: Path, *, at: int) -> int:
    """Offset behind the last whole line, from that of another on."""
    with path.open("rb") as file:
        file.seek(at)
        return at + file.read().rfind(b"\n") + 1


def files(folder: Path) -> list[Path]:
    """Every run's file, newest first."""
    return sorted(folder.glob("[0-9]*.jsonl"), key=number_of, reverse=True) if folder.is_dir() else []


def number_of(path: Path) -> int:
    """The run's number."""
    return int(path.stem)


def _append(handle: int, line: Mapping[str, Any]) -> None:
    size = os.fstat(handle).st_size
    torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
    os.write(handle, (b"\n" if torn else b"") + _line(line))


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:  # a torn line that another was written behind
        return None
    return found
