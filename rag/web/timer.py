"""The schedules of a served workspace: a look every minute, and `rag run-due` in a process of its own when something is due."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from rag.errors import RagError
from rag.schedule import work_waits
from rag.web.watch import LOG

EVERY_S = 60.0
AT_ONCE = 3
"""Rounds, so that a schedule's long run delays no other."""


@dataclass(frozen=True, kw_only=True)
class _Round:
    """A call of `rag run-due`."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    complained: IO[bytes]

    def told(self) -> dict[str, object]:
        """How it ended, for the log: counts of what it did, or its error."""
        out, err = _text(self.said), _text(self.complained)
        done = json.loads(out) if out.startswith("{") else {}
        error = {"error": err.strip().rpartition("\n")[2]} if err.strip() else {}
        return {"status": self.process.returncode, **{name: len(found) for name, found in done.items() if found}, **error}


def _text(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode(errors="replace")


class Timer:
    """A thread that calls. A run that a stopping server ends is taken up by whoever calls next."""

    def __init__(self, workspace: Path, *, clock: Callable[[], datetime], every_s: float = EVERY_S) -> None:
        self._workspace = workspace
        self._clock = clock
        self._every_s = every_s
        self._closing = threading.Event()
        self._rounds: list[_Round] = []
        self._thread = threading.Thread(target=self._work, name="timer", daemon=True)

    def begin(self) -> None:
        """From now on."""
        self._thread.start()

    def close(self) -> None:
        """Ends what goes on; nothing follows."""
        self._closing.set()
        self._thread.join()
        for one in self._rounds:
            if one.process.poll() is None:
                os.killpg(one.process.pid, signal.SIGTERM)
            one.process.wait()
            LOG.info("schedules", extra={"data": one.told()})

    def _work(self) -> None:
        while not self._closing.wait(self._every_s):
            self._log_ended()
            try:
                if len(self._rounds) < AT_ONCE and work_waits(self._workspace, now=self._clock()):
                    self._rounds.append(_begun(self._workspace))
            except RagError as error:
                LOG.error("schedules", extra={"data": {"error": str(error)}})

    def _log_ended(self) -> None:
        for one in [one for one in self._rounds if one.process.poll() is not None]:
            self._rounds.remove(one)
            LOG.info("schedules", extra={"data": one.told()})


def _begun(workspace: Path) -> _Round:
    said, complained = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - read and closed when the process has ended
    command = [sys.executable, "-m", "rag", "run-due", "--json", "--workspace", str(workspace)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=complained, start_new_session=True)
    return _Round(process=process, said=said, complained=complained)
