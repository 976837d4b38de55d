"""A child process that builds, kept for the next order: what it builds with takes most of a second of CPU to import.

``build`` gives an order to the one that waits, or to a new one. The child answers a line on its stdin with two on its stdout: that it
began, and what went wrong, as JSON. It holds the reading end of a pipe that closes when this process ends, however it ends, and ends with
it. It goes by itself when nothing was ordered for a while, or when an order failed or was large.
"""

import atexit
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO

WAITS_S = 60.0
"""For an order; it holds some 120 MB."""
_BEGUN = b"begun\n"
_waiting: list["_Builder"] = []


def build(order: Path, *, program: str, limit_s: float) -> str:
    """Has the order built by ``program``, "module:function", which calls ``serve`` in the child; what went wrong, empty for nothing."""
    deadline = time.monotonic() + limit_s
    builder = _waiting.pop() if _waiting else _Builder(program)
    if not builder.begins(order, deadline=deadline):  # it went while nobody looked
        builder.end()
        builder = _Builder(program)
        builder.begins(order, deadline=deadline)
    reason = f"it took more than {limit_s:.0f} seconds"
    try:
        answer = builder.line(deadline=deadline)
        if answer is not None:
            reason = json.loads(answer) if answer else builder.last_words()
    finally:
        if reason:
            builder.end()
    if not reason:
        _waiting.append(builder)
        end_waiting(but=1)
    return reason


def end_waiting(*, but: int = 0) -> None:
    """Ends the children that wait for orders, all but so many."""
    while len(_waiting) > but:
        _waiting.pop().end()


atexit.register(end_waiting)
os.register_at_fork(after_in_child=_waiting.clear)


class _Builder:
    """The child, as its parent has it. Not shared between threads."""

    def __init__(self, program: str) -> None:
        root = str(Path(__file__).resolve().parent.parent.parent)
        module, function = program.split(":")
        code = f"import sys; sys.path.insert(0, sys.argv[1]); from {module} import {function}; {function}(int(sys.argv[2]))"
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        alive, self._held = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, root, str(alive)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                pass_fds=(alive,),
            )
        except BaseException:
            os.close(self._held)
            self._complaints.close()
            raise
        finally:
            os.close(alive)

    def begins(self, order: Path, *, deadline: float) -> bool:
        """Whether it took the order."""
        assert self._process.stdin is not None
        self._complaints.seek(0)
        self._complaints.truncate()
        try:
            self._process.stdin.write(os.fsencode(order.absolute()) + b"\n")
        except BrokenPipeError:
            return False
        return self.line(deadline=deadline) == _BEGUN

    def line(self, *, deadline: float) -> bytes | None:
        """The next line that it says, empty when it has ended; None when it is late."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
        return self._process.stdout.readline()

    def last_words(self) -> str:
        """Of one that ended in the middle of an order."""
        status = self._process.wait()
        self._complaints.seek(0)
        return (self._complaints.read().decode(errors="replace").strip().splitlines() or [f"exit status {status}"])[-1]

    def end(self) -> None:
        """Kills it, where it has not ended."""
        self._process.kill()
        self._process.wait()
        os.close(self._held)
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            assert stream is not None
            stream.close()


# ── what the child does ───────────────────────────────────────────────────────────────────────────────────────────


def serve(alive: int, perform: Callable[[Path], bool]) -> None:
    """The child's whole life. ``perform`` builds one order, raises or exits with a reason, and says whether another may come."""
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    orders, answers = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what is printed here is no answer
    more, reason = True, ""
    while more and not reason and (order := _next(orders)):
        answers.write(_BEGUN)
        try:
            more = perform(order)
        except SystemExit as ended:
            reason = str(ended)
        except Exception as error:  # noqa: BLE001 - the door of this process: whatever it is goes to who ordered
            reason = traceback.format_exception_only(error)[-1].strip()
        answers.write(json.dumps(reason).encode() + b"\n")


def _next(orders: IO[bytes]) -> Path | None:
    """None when nothing comes for a while."""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        if not selector.select(WAITS_S):
            return None
    line = orders.readline()
    return Path(os.fsdecode(line.removesuffix(b"\n"))) if line else None


def _end_with_parent(alive: int) -> None:
    """An orphan would go on writing into a folder that the next writer removes."""
    os.read(alive, 1)
    os._exit(1)
