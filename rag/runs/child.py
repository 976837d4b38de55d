"""What a child process does: one ingest or one report, told step by step into the run's file.

The child writes by itself, so that it goes on, and what it says is kept, when the server that began it is killed.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from rag.errors import RagError
from rag.runs.runfile import RunFile
from rag.types import Scope

RunKind = Literal["ingest", "report"]
Tell = Callable[[dict[str, Any]], None]

_WAIT_S = 3600.0
"""An ingest waits so long for another writer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is asked of a child."""

    kind: RunKind
    topic: str = ""
    """Of a report."""
    plan: str = ""
    """YAML as `rag plan` prints it; then there is no topic."""
    as_of: date | None = None
    """None: today."""
    template: str = ""
    since: str = ""
    by: int = 0
    """The user who began it, whose rights decide what it sees; 0 for whoever has the workspace."""
    scope: Mapping[str, Any] = field(default_factory=dict)
    """Of a report: published_from and published_to as ISO days, folders and tags as lists; empty for everything."""
    again: int = 0
    """The number of the run that this one does again; 0 for none."""

    @property
    def title(self) -> str:
        """What it is called on the page."""
        return self.topic or ("Report by plan" if self.kind == "report" else "Reading documents")


def work(workspace: Path, job: Job, path: Path) -> None:
    """The child's whole life. What goes wrong is told, so that nothing is printed. Nothing is done for a run that has ended meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends its runs and says so
    with RunFile.open(path) as file:
        if file.ended:
            return
        file.tell({"state": "running", "pid": os.getpid(), "stage": "starting", "done": 0, "total": 0})
        try:
            done = (_ingest if job.kind == "ingest" else _report)(workspace, job, file.tell)
            file.tell({"state": "done", "result": done})
        except RagError as error:
            file.tell({"state": "failed", "message": str(error)})
        except Exception as error:  # noqa: BLE001 - the outermost door of this process
            file.tell({"state": "failed", "message": f"a defect of this program ({type(error).__name__}); please report it"})


def _ingest(workspace: Path, job: Job, tell: Tell) -> dict[str, Any]:
    from rag.app import Library
    from rag.ingest import drain
    from rag.record.access import sees

    with Library.open(workspace) as library:
        reader = library.record.people.reader(job.by)
        grants = library.record.access.grants(reader)
        tell({"stage": "finding files", "done": 0, "total": 0})
        steps = library.ingest(now=datetime.now(UTC), wait_s=_WAIT_S)
        hiding = (lambda told: tell(seen_of(told, sees=partial(sees, grants)))) if grants else tell
        summary = drain(steps, show=partial(_step, hiding))
        with library.seen_by(reader) as seen:
            state = seen.status(kin=False)
        done = {"documents": state.documents, "failed": [_plain(file) for file in state.failed]}
        return done if grants else {"summary": _plain(summary), **done}


def _report(workspace: Path, job: Job, tell: Tell) -> dict[str, Any]:
    from rag.app import Library, Wording
    from rag.report import read_outline

    now = datetime.now(UTC)
    with Library.open(workspace) as whole, whole.seen_by(whole.record.people.reader(job.by)) as library:
        tell({"stage": "searching, writing and checking", "done": 0, "total": 0})
        written = library.report(
            read_outline(job.plan, at="the plan") if job.plan else job.topic,
            as_of=job.as_of or now.date(),
            now=now,
            template=job.template,
            since=job.since,
            scope=_scope(job.scope),
            wording=Wording(clock=lambda: datetime.now(UTC), tell=partial(_step, tell)),
        )
        report, check = written.report, written.check
        claims = sum(len(section.claims) for section in report.sections)
        return {"report": report.id, "title": report.title, "claims": claims, "ok": check.ok, "failures": check.failures()}


def seen_of(told: dict[str, Any], *, sees: Callable[[str], bool]) -> dict[str, Any]:
    """A step of reading as somebody may see it who does not see all: no path of a hidden file, and shares in place of counts."""
    kept = {name: value for name, value in told.items() if name not in ("chunks", "of_chunks")}
    if "path" in kept and not sees(str(kept["path"])):
        kept = {name: value for name, value in kept.items() if name not in ("path", "status", "reason")}
    if kept.get("total"):
        share = kept.get("share", kept["done"] / kept["total"])
        kept |= {"done": int(100 * share), "total": 100}
    return kept


def _scope(asked: Mapping[str, Any]) -> Scope:
    first, last = (date.fromisoformat(asked[name]) if asked.get(name) else None for name in ("published_from", "published_to"))
    return Scope(published_from=first, published_to=last, folders=tuple(asked.get("folders", ())), tags=tuple(asked.get("tags", ())))


def _step(tell: Tell, step: Any) -> None:
    told: dict[str, Any] = {"stage": step.stage, "done": step.done, "total": step.total}
    if step.of_chunks:
        told |= {"chunks": step.chunks, "of_chunks": step.of_chunks}
    if step.share is not None:
        told["share"] = round(step.share, 4)
    if step.outcome is not None:
        told |= {"path": step.outcome.path, "status": step.outcome.status, "reason": step.outcome.reason}
    tell(told)


def _plain(value: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_python(value, mode="json")
