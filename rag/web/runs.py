"""Long work in child processes: begun, followed, stopped. What was asked and what was said is kept in the workspace's ``runs`` folder.

So a run outlives the server. When the server is killed its child goes on, and the next server follows it; a run whose child died too is
shown as cut off, and can be begun again. Reading documents, which goes on where it stopped, is begun again by itself, once.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from rag.errors import UsageError
from rag.runs.child import Job, work
from rag.runs.runfile import ENDS, RunFile, abandoned, files, number_of, read_lines, whole_bytes

State = Literal["waiting", "running", "done", "failed"]

FOLDER = "runs"
"""In the workspace."""
_AT_ONCE = 2
"""Child processes: an ingest beside a report."""
_EVENTS = 200
"""The last events of a run that are told."""
_KEPT = 100
"""Runs that are kept."""
_LOOK_S = 0.5
"""Between two looks at a run that an earlier server began."""
_LASTING = ("state", "message", "result", "pid", "cut")
"""Of all that a run says, what holds until it says otherwise."""
_CUT_OFF = "it was cut off before its end; what was finished is kept, begin it again to go on"
_STOPPED = "it was stopped before its end; what was finished is kept, begin it again to go on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something a run said."""

    number: int
    """1-based, rising."""
    told: Mapping[str, Any]
    """stage, done and total, the share of the work that is done, chunks and of_chunks while some are embedded; of a file its path, status
    and reason; at the end the state with the result or a message."""


@dataclass(kw_only=True)
class Run:
    """A piece of long work, as its file says."""

    id: int
    job: Job
    begun: datetime
    path: Path
    followed: bool = False
    """Whether this server still follows it; its end is told when it is counted."""
    process: Any = None
    """The child, where this server began it."""
    _read_to: int = 0
    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    _said: dict[str, Any] = field(default_factory=dict)
    """The last state, message, result, pid and cut of all that was said."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, path: Path) -> "Run":
        """Of its file. Raises OSError, KeyError and ValueError for one that is no run's."""
        head = next(read_lines(path))
        known = {one.name for one in fields(Job)}
        asked = {name: value for name, value in head["job"].items() if name in known}
        as_of = date.fromisoformat(asked["as_of"]) if asked.get("as_of") else None
        job = Job(**{**asked, "as_of": as_of})
        return cls(id=number_of(path), job=job, begun=datetime.fromisoformat(head["begun"]), path=path)

    def look(self) -> None:
        """Reads what was said since."""
        with self._lock:
            if not self.path.exists() or self.path.stat().st_size <= self._read_to:
                return
            end = whole_bytes(self.path, at=self._read_to)
            for line in read_lines(self.path, at=self._read_to):
                if "told" in line:
                    self._events.append(Event(number=line["number"], told=line["told"]))
                    self._said |= {name: value for name, value in line["told"].items() if name in _LASTING}
            self._read_to = end

    def said(self) -> State:
        """The state that it said last."""
        self.look()
        state: State = self._said.get("state", "waiting")
        return state

    @property
    def state(self) -> State:
        """As last said; not ended before its end was counted."""
        said = self.said()
        return "running" if said in ENDS and self.followed else said

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return self.state in ENDS

    @property
    def pid(self) -> int:
        """Of the child; 0 before it began."""
        return int(self._said.get("pid", 0))

    @property
    def was_cut(self) -> bool:
        """It has ended because its process was gone, or the server's end took it along."""
        return bool(self._said.get("cut"))

    def after(self, number: int) -> list[Event]:
        """The last events that came after that one."""
        self.look()
        return [event for event in tuple(self._events) if event.number > number]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        state = self.state
        last = self._events[-1] if self._events else None
        ended = state in ENDS
        return {
            "id": self.id,
            "kind": self.job.kind,
            "title": self.job.title,
            "state": state,
            "begun": self.begun.isoformat(),
            "message": self._said.get("message", "") if ended else "",
            "cut": ended and self.was_cut,
            "again": self.job.again,
            "result": dict(self._said.get("result", {})) if ended else {},
            "last": dict(last.told) if last else {},
        }


class Runs:
    """All runs of a workspace."""

    def __init__(self, workspace: Path, *, ended: Callable[[Run, State], None] = lambda run, state: None) -> None:
        """``ended`` is called once for each that ends under this server, just before its state says so, in a thread of its own."""
        self._workspace = workspace
        self._folder = workspace / FOLDER
        self._ended = ended
        self._runs: dict[int, Run] = {}
        self._own: dict[int, RunFile] = {}
        self._lock = threading.Lock()
        self._followers = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="run")
        self._closed = threading.Event()

    def begin(self, job: Job, *, now: datetime) -> Run:
        """Waits for its turn behind those that were begun before."""
        asked = {**asdict(job), "as_of": job.as_of.isoformat() if job.as_of else None}
        with self._lock:
            file = RunFile.create(self._folder, {"job": asked, "begun": now.isoformat()})
            run = Run.read(file.path)
            run.followed = True
            self._runs[run.id], self._own[run.id] = run, file
        self._forget_old()
        self._followers.submit(self._follow, run)
        return run

    def again(self, number: int, *, now: datetime) -> Run:
        """Begins what a run was asked anew. Raises UsageError for an unknown one and one that goes on."""
        run = self.get(number)
        if not run.ended:
            raise UsageError(f"run {number} goes on; stop it first")
        return self.begin(replace(run.job, again=number), now=now)

    def take_over(self, *, now: datetime) -> None:
        """At the start of a server: follows what goes on without one, notes what was cut off, and goes on reading documents."""
        runs = self.all()
        for run in runs:
            if not run.ended and run.id not in self._own:
                run.followed = True
                threading.Thread(target=self._follow_orphan, args=(run,), name=f"run-{run.id}", daemon=True).start()
        newest = next((run for run in runs if run.job.kind == "ingest"), None)
        if newest is not None and newest.ended and newest.was_cut and not newest.job.again:
            self.again(newest.id, now=now)

    def get(self, number: int) -> Run:
        """Raises UsageError for an unknown one."""
        path = self._folder / f"{number:06d}.jsonl"
        if number < 1 or (number not in self._runs and not path.is_file()):
            raise UsageError(f"no run {number}; /api/runs lists those there are")
        return self._known(path)

    def all(self) -> list[Run]:
        """Newest first."""
        return [self._known(path) for path in files(self._folder)[:_KEPT]]

    def stop(self, number: int) -> Run:
        """Ends it; what was finished is kept."""
        run = self.get(number)
        with self._lock:
            if run.process is None and number in self._own and not run.ended:
                self._own[number].tell({"state": "failed", "message": "stopped before it began"})
                return run
        if run.process is not None:
            run.process.terminate()
        elif not run.ended and run.pid:
            with suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGTERM)
        return run

    def close(self) -> None:
        """Ends all of its own; they say that they were cut off."""
        self._closed.set()
        self._followers.shutdown(wait=False, cancel_futures=True)
        for number in list(self._own):
            run = self._runs[number]
            if run.process is not None and run.process.is_alive():
                run.process.terminate()
        self._followers.shutdown(wait=True)
        for number in list(self._own):
            self._settle(self._runs[number], told={"state": "failed", "message": "the server ended before it began", "cut": True})

    def _known(self, path: Path) -> Run:
        """The run; one that nobody works on any more says so from now on."""
        number = number_of(path)
        with self._lock:
            run = self._runs.get(number) or self._runs.setdefault(number, Run.read(path))
        if number not in self._own and not run.followed and not run.ended:
            with abandoned(path) as file:
                if file is not None and not file.ended:
                    file.tell({"state": "failed", "message": _CUT_OFF, "cut": True})
        return run

    def _follow(self, run: Run) -> None:
        if self._closed.is_set():
            return
        with self._lock:
            stopped = self._own[run.id].ended
            if not stopped:
                spawn = multiprocessing.get_context("spawn")
                run.process = spawn.Process(target=work, args=(self._workspace, run.job, run.path), name=f"run-{run.id}")
                run.process.start()
        if not stopped:
            run.process.join()
        cut = self._closed.is_set()
        self._settle(run, told={"state": "failed", "message": _CUT_OFF if cut else _STOPPED, "cut": cut})

    def _follow_orphan(self, run: Run) -> None:
        while not self._closed.is_set():
            run.look()
            with abandoned(run.path) as file:
                if file is not None:
                    if not file.ended:
                        file.tell({"state": "failed", "message": _CUT_OFF, "cut": True})
                    break
            time.sleep(_LOOK_S)
        self._count(run)

    def _settle(self, run: Run, *, told: Mapping[str, Any]) -> None:
        """Says the end where the child has not, and counts it."""
        with self._lock:
            file = self._own.pop(run.id)
        with file, RunFile.open(run.path) as latest:
            if not latest.ended:
                latest.tell(told)
        self._count(run)

    def _count(self, run: Run) -> None:
        if (said := run.said()) in ENDS:
            self._ended(run, said)
        run.followed = False

    def _forget_old(self) -> None:
        for path in files(self._folder)[_KEPT:]:
            if self._known(path).ended:
                path.unlink(missing_ok=True)
                self._runs.pop(number_of(path), None)


__all__ = ["Event", "Job", "Run", "Runs", "State"]
