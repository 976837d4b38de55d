"""One writer at a time: a lock the kernel lets go of when its holder dies, however it dies."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rag.errors import BusyError, WorkspaceError

NAME = ".lock"
_POLL_S = 0.1
_NAME_POLLS = 10


@contextmanager
def writer_lock(workspace: Path, *, now: datetime, wait_s: float = 0.0) -> Iterator[None]:
    """Holds ``<workspace>/.lock``; the file says who holds it since when.

    Raises BusyError, naming the holder, when another process still has it after ``wait_s`` seconds; WorkspaceError when the
    workspace cannot be written.
    """
    path = workspace / NAME
    handle = _open(path)
    try:
        _acquire(handle, path=path, wait_s=wait_s)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M}".encode(), 0)
        yield
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write in the workspace {path.parent}: {error.strerror}; make it writable for this user, or read it without ingesting"
        ) from error


def _acquire(handle: int, *, path: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise BusyError(f"{path.parent} is being written by {_holder(path)}; wait or stop it") from error
            time.sleep(_POLL_S)
        else:
            return


def _holder(path: Path) -> str:
    """Who wrote its name into the lock; a holder that has only just got it is given a moment to do so."""
    for _ in range(_NAME_POLLS):
        if name := path.read_text("utf-8", errors="replace").strip():
            return name
        time.sleep(_POLL_S)
    return "another process that has only just begun"
