"""Locks that the kernel lets go of when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, *, flags: int = os.O_RDONLY) -> Iterator[bool]:
    """Whether nobody else has the file or folder locked; if so, it is this one's until the end. ``flags`` open it; raises OSError."""
    handle = os.open(path, flags | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
