"""Long work in child processes: begun, followed, stopped, and kept with its last events until the server ends."""

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

from rag.errors import UsageError
from rag.web.child import Job, RunKind, work

State = Literal["waiting", "running", "done", "failed"]

_AT_ONCE = 2
"""Child processes: an ingest beside a report."""
_EVENTS = 200
"""The last events of a run that are kept."""
_KEPT = 100
"""Runs that are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something a run said."""

    number: int
    """1-based, rising."""
    told: Mapping[str, Any]
    """stage, done and total; of a file its path, status and reason; at the end the state with the result or a message."""


@dataclass(kw_only=True, slots=True)
class Run:
    """A piece of long work."""

    id: int
    job: Job
    begun: datetime
    state: State = "waiting"
    message: str = ""
    """Why it failed."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """An ingest's summary; a report's id."""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    process: Any = None

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return self.state in ("done", "failed")

    def after(self, number: int) -> list[Event]:
        """The kept events that came after that one."""
        return [event for event in tuple(self.events) if event.number > number]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        state = self.state
        last = self.events[-1] if self.events else None
        return {
            "id": self.id,
            "kind": self.job.kind,
            "title": self.job.title,
            "state": state,
            "begun": self.begun.isoformat(),
            "message": self.message,
            "result": dict(self.result),
            "last": dict(last.told) if last else {},
        }


class Runs:
    """All runs of this process."""

    def __init__(self, workspace: Path, *, ended: Callable[[Run, State], None] = lambda run, state: None) -> None:
        """``ended`` is called once for each, just before its state says so, in a thread of its own."""
        self._workspace = workspace
        self._ended = ended
        self._numbers = count(1)
        self._runs: dict[int, Run] = {}
        self._lock = threading.Lock()
        self._followers = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="run")
        self._closed = False

    def begin(self, job: Job, *, now: datetime) -> Run:
        """Waits for its turn behind those that were begun before."""
        with self._lock:
            run = Run(id=next(self._numbers), job=job, begun=now)
            self._runs[run.id] = run
            for old in [one for one in self._runs.values() if one.ended][: max(0, len(self._runs) - _KEPT)]:
                del self._runs[old.id]
        self._followers.submit(self._follow, run)
        return run

    def get(self, number: int) -> Run:
        """Raises UsageError for an unknown one."""
        if number not in self._runs:
            raise UsageError(f"no run {number} since this server was started; /api/runs lists those there are")
        return self._runs[number]

    def all(self) -> list[Run]:
        """Newest first."""
        return sorted(self._runs.values(), key=lambda run: -run.id)

    def stop(self, number: int) -> Run:
        """Ends it; what was finished is kept."""
        run = self.get(number)
        if run.process is not None and run.process.is_alive():
            run.process.terminate()
        elif not run.ended:
            self._tell(run, {"state": "failed", "message": "stopped before it began"})
        return run

    def close(self) -> None:
        """Ends all of them."""
        self._closed = True
        self._followers.shutdown(wait=False, cancel_futures=True)
        for run in self.all():
            if run.process is not None and run.process.is_alive():
                run.process.terminate()
        self._followers.shutdown(wait=True)

    def _follow(self, run: Run) -> None:
        if run.ended or self._closed:
            return
        spawn = multiprocessing.get_context("spawn")
        reading, writing = spawn.Pipe(duplex=False)
        run.process = spawn.Process(target=work, args=(self._workspace, run.job, writing), name=f"run-{run.id}")
        run.state = "running"
        run.process.start()
        writing.close()
        try:
            while True:
                self._tell(run, reading.recv())
        except EOFError:
            run.process.join()
        finally:
            reading.close()
        if not run.ended:
            self._tell(
                run, {"state": "failed", "message": "it was stopped before its end; what was finished is kept, begin it again to go on"}
            )

    def _tell(self, run: Run, told: dict[str, Any]) -> None:
        number = run.events[-1].number + 1 if run.events else 1
        run.result = told.get("result", run.result)
        run.message = told.get("message", run.message)
        run.events.append(Event(number=number, told=told))
        if "state" in told:
            self._ended(run, told["state"])
            run.state = told["state"]


__all__ = ["Event", "Job", "Run", "RunKind", "Runs", "State"]
