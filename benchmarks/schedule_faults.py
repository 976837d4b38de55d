"""`rag run-due` killed with SIGKILL at every named step of a scheduled run, and what the next call makes of it.

    python -m benchmarks.schedule_faults [--every N] [--list]

Each step is one life: a real `rag run-due` with a child process, a model behind an OpenAI-compatible server, a mail server, a webhook and a
chat, all on loopback, is killed there. Then `rag run-due` is called twice more. The slot must end published once; the report's files must
be those of a run that nobody killed, byte for byte; at most one request to the model is made twice; and each channel gets the message once,
except where the killed process was between a channel's yes and its own mark: there it may come twice, under one identity.
"""

import argparse
import email
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Literal

REPOSITORY = Path(__file__).resolve().parent.parent
MONDAY = datetime(2026, 1, 12, 7, 30, tzinfo=UTC)
SLOT = "2026-01-12T07:00"
Victim = Literal["all", "child", "parent"]
_STEP, _NOW = "RAG_TEST_STEP", "RAG_TEST_NOW"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A place in a run."""

    name: str
    at: str
    """"module:name" of the function there; or "server:mail", "server:webhook", "server:model" for a server's side of it."""
    when: Literal["before", "after"] = "after"
    nth: int = 1
    """Which call of it, in one process."""
    victim: Victim = "all"
    """Who dies: the whole process group, as when the power fails; the child that makes the report; or its parent."""
    reads: bool = False
    """Whether the run has two files to read; otherwise all is in the record, and the run needs no embedder."""
    twice: str = ""
    """The channel that may hear of it twice: it had said yes, and nobody lived to note it."""


def _call(number: int) -> list[Step]:
    calls = "rag.record.calls:CallLog"
    return [
        Step(name=f"model call {number}: about to be made", at=f"{calls}.begin", when="before", nth=number),
        Step(name=f"model call {number}: noted, not sent", at=f"{calls}.begin", nth=number),
        Step(name=f"model call {number}: at the server", at="server:model", nth=number),
        Step(name=f"model call {number}: answered, not recorded", at=f"{calls}.end", when="before", nth=number),
        Step(name=f"model call {number}: recorded", at=f"{calls}.end", nth=number),
    ]


def _letter(number: int, channel: str) -> list[Step]:
    return [
        Step(name=f"{channel}: about to be sent", at="rag.schedule.deliver:send", when="before", nth=number),
        Step(name=f"{channel}: sent, not noted", at="rag.schedule.deliver:send", nth=number, twice=channel),
        Step(name=f"{channel}: noted", at="rag.record.schedules:Schedules.put_letter", nth=number),
    ]


CHANNELS = ("folder", "mail", "webhook", "slack")
CALLS = 3
"""Model calls of the report; `main` checks it."""


def steps(order: Sequence[str] = CHANNELS) -> list[Step]:
    """All of them, in the order of a run; the outbox is emptied in ``order``."""
    put, commit = "rag.record.schedules:Schedules.put", "rag.record.record:Record.commit_document"
    run, app = "rag.schedule.run", "rag.app"
    return [
        Step(name="the slot is noted", at="rag.record.schedules:Schedules.consider"),
        Step(name="the child has begun", at="rag.schedule.desk:perform", when="before"),
        Step(name="the lease is held", at="rag.schedule.desk:recover"),
        Step(name="the slot is claimed", at=put),
        Step(name="definition and plan are frozen", at=put, nth=2),
        Step(name="the ingest begins", at="rag.ingest:ingest", when="before", reads=True),
        Step(name="the first file is about to be committed", at=commit, when="before", reads=True),
        Step(name="the first file is committed", at=commit, reads=True),
        Step(name="the second file is committed", at=commit, nth=2, reads=True),
        Step(name="the ingest is done", at=f"{run}:drain", reads=True),
        Step(name="what is known is frozen", at=put, nth=3),
        Step(name="the evidence is gathered", at=f"{app}:Library.write"),
        Step(name="the golden questions are answered", at=f"{run}:why_held"),
        Step(name="the report without a model is made", at=f"{app}:Library.write", nth=2),
        Step(name="the report is noted as begun", at="rag.record.calls:CallLog.request"),
        *(step for number in range(1, CALLS + 1) for step in _call(number)),
        Step(name="the files are about to be put down", at=f"{app}:_put_down", when="before"),
        Step(name="one file is put down", at="pathlib:Path.replace"),
        Step(name="the files are put down", at=f"{app}:_put_down"),
        Step(name="the report is recorded", at="rag.record.record:Record.save_report"),
        Step(name="the report is noted as written", at="rag.record.calls:CallLog.fulfil"),
        Step(name="the report is checked", at=f"{app}:Library.check"),
        Step(name="the slot is about to be closed", at=put, when="before", nth=4),
        Step(name="the messages are written, not committed", at="rag.record.schedules:Schedules._write_down"),
        Step(name="the slot is closed with its messages", at=put, nth=4),
        Step(name="the outbox is about to be emptied", at=f"{run}:deliver", when="before"),
        *(step for number, channel in enumerate(order, start=1) for step in _letter(number, channel)),
        Step(name="mail: taken, yes not said", at="server:mail", twice="mail"),
        Step(name="webhook: taken, yes not said", at="server:webhook", twice="webhook"),
        Step(name="the round is over", at=f"{run}:deliver"),
        Step(name="the child alone dies: claimed", at=put, victim="child"),
        Step(
            name="the child alone dies: a model's answer is not recorded", at="rag.record.calls:CallLog.end", when="before", victim="child"
        ),
        Step(name="the child alone dies: the slot is closed", at=put, nth=4, victim="child"),
        Step(name="the parent alone dies: the child goes on", at=put, nth=2, victim="parent"),
    ]


# ── the victim's side: a real `rag run-due` that dies at a step ───────────────────────────────────────────────────


def _armed(step: Step) -> None:
    """Makes this process, and its children, die there."""
    module, _, name = step.at.partition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    inner, calls = getattr(owner, last), Counter[str]()

    @wraps(inner)
    def dying(*given: Any, **named: Any) -> Any:
        meant = _is_meant(step, given)
        calls["made"] += meant
        here = calls["made"] == step.nth and meant
        if here and step.when == "before":
            die(step.victim)
        made = inner(*given, **named)
        if here and step.when == "after":
            die(step.victim)
        return made

    setattr(owner, last, dying)


def _is_meant(step: Step, given: Sequence[Any]) -> bool:
    """Whether a call is of the kind and in the process that is meant."""
    if step.victim != "all" and multiprocessing.parent_process() is None:
        return False
    if step.at.endswith("._write_down"):
        return bool(given[1])
    return step.at != "pathlib:Path.replace" or given[0].parent.name.startswith(".report-")


def die(victim: Victim) -> None:
    """SIGKILL, and no return but for a child that outlives its parent."""
    if victim == "all":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getppid() if victim == "parent" else os.getpid(), signal.SIGKILL)


def arm() -> None:
    """In every process of the victim, before anything is run."""
    name = os.environ.get(_STEP, "")
    if name:
        _armed(Step(**json.loads(name)))


def run() -> None:
    """The command line, with the given moment for its clock."""
    import time

    from rag.cli import main as rag

    schedule: Any = importlib.import_module("rag.cli.schedule")  # the package has a command of that name
    start, begun = datetime.fromisoformat(os.environ[_NOW]), time.monotonic()
    schedule.utc_now = lambda: start + timedelta(seconds=time.monotonic() - begun)
    rag()


# ── the stage ─────────────────────────────────────────────────────────────────────────────────────────────────────

_NOTES = {
    "demand": "Demand for heat storage in Varland rose by 12% in 2025. Installed capacity of heat storage in Varland rose to 2,610 MWh "
    "at the end of 2025, from 1,840 MWh a year before.",
    "price": "The system price of heat storage in Varland fell to EUR 212 per kWh in the fourth quarter of 2025.",
    "orders": "Orders for heat storage in Varland rose to EUR 44 million in the fourth quarter of 2025.",
    "supply": "Lead times for tanks of heat storage in Varland lengthened to 16 weeks in the fourth quarter of 2025.",
}
_PLAN = """\
topic: Heat storage, Varland
market: heat storage
regions: [Varland]
sections:
  - {title: Demand and capacity, queries: ["{market} demand installed capacity orders"], metrics: [installed_capacity, orders]}
  - {title: Prices and supply, queries: ["{market} system price lead times"], metrics: [price, lead_time]}
"""
_SCHEDULE = """\
plan = "plan.yaml"
cron = "0 7 * * MON"
zone = "UTC"
formats = ["json", "html"]
tries = 20

[gate]
questions = "golden.jsonl"
least = 1.0

[[deliver]]
kind = "folder"
path = "out"

[[deliver]]
kind = "mail"
to = ["board@example.org"]
sender = "reports@example.org"
server = "MAIL"
security = "none"

[[deliver]]
kind = "webhook"
url = "HOOK"
secret_env = "RAG_TEST_KEY"

[[deliver]]
kind = "slack"
url_env = "RAG_TEST_CHAT"
"""


@dataclass(kw_only=True)
class Stage:
    """Prepared workspaces to copy, the servers, and what they got in one life."""

    read: Path
    """All documents are in its record."""
    unread: Path
    """Two are not."""
    environment: dict[str, str]
    requests: Counter[str] = field(default_factory=Counter)
    mail: Any = None
    hook: Any = None
    chat: Any = None
    victim: subprocess.Popen[str] | None = None
    dies_at: Step | None = None
    control: dict[str, bytes] = field(default_factory=dict)
    order: tuple[str, ...] = CHANNELS
    """The channels as the outbox is emptied."""

    def clear(self) -> None:
        """A new life."""
        self.requests.clear()
        for box in (self.mail.messages, self.hook.posts, self.chat.posts):
            box.clear()

    def seen(self, server: str, number: int) -> None:
        """A server has got something: its sender dies now, if this is the step."""
        step = self.dies_at
        if step is not None and step.at == f"server:{server}" and step.nth == number and self.victim is not None:
            os.killpg(self.victim.pid, signal.SIGKILL)
            self.victim.wait()

    def run_due(self, workspace: Path, *, at: datetime, step: Step | None = None) -> tuple[int, str]:
        """(exit status, stderr) of one `rag run-due`."""
        inside = step is not None and not step.at.startswith("server:")
        said = {
            _NOW: at.isoformat(),
            _STEP: json.dumps(asdict(step)) if step and inside else "",
        }
        self.dies_at = step
        self.victim = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.schedule_faults_victim", "run-due", "-w", str(workspace)],
            env=self.environment | said,
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        _, complained = self.victim.communicate(timeout=300)
        self.dies_at = None
        return self.victim.returncode, complained


def _prepare(workspace: Path, *, mail: str, hook: str) -> None:
    """A workspace with four documents in its record, and the vectors of all that will be asked."""
    from rag.app import Library, create
    from rag.ingest import drain
    from rag.report import read_outline

    create(workspace, embedder="small")
    for name, text in _NOTES.items():
        note = f"---\ndate: 2026-01-02\n---\n\n# {name.title()} of heat storage\n\n{text}\n"
        (workspace / "docs" / f"{name}.md").write_text(note, encoding="utf-8")
    golden: dict[str, Any] = {
        "question": "How did demand for heat storage move?",
        "gold": [{"document": "docs/demand.md", "quote": "rose by 12% in 2025"}],
    }
    (workspace / "golden.jsonl").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    (workspace / "plan.yaml").write_text(_PLAN, encoding="utf-8")
    (workspace / "schedules").mkdir()
    (workspace / "schedules" / "weekly.toml").write_text(_SCHEDULE.replace("MAIL", mail).replace("HOOK", hook), encoding="utf-8")
    day = datetime(2026, 1, 3, tzinfo=UTC)
    with Library.open(workspace) as library:
        drain(library.ingest(now=day))
        library.write(read_outline(_PLAN, at="plan"), as_of=day.date())
        library.retrieval.find(golden["question"], k=10)
        library.record.schedules.begin("weekly", since=day + timedelta(days=5))


def _forget_two(workspace: Path) -> None:
    """Two documents are on disk and no longer in the record."""
    from rag.app import Library
    from rag.ingest import drain

    kept = {name: (workspace / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("orders", "supply")}
    for name in kept:
        (workspace / "docs" / f"{name}.md").unlink()
    with Library.open(workspace) as library:
        drain(library.ingest(now=datetime(2026, 1, 3, 1, tzinfo=UTC), allow_deletes=True))
    for name, text in kept.items():
        (workspace / "docs" / f"{name}.md").write_text(text, encoding="utf-8")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Servers, a prepared workspace, and one run that nobody kills."""
    from tests.post_office import Letterbox, hook_server, mail_server
    from tests.scripted_models import good, serving

    with ExitStack() as running:
        counting = threading.Lock()
        made = Stage(read=folder / "read", unread=folder / "unread", environment={})

        def model(request: dict[str, Any]) -> str:
            with counting:
                made.requests[json.dumps(request["messages"])] += 1
                number = made.requests.total()
            made.seen("model", number)
            return good(request)

        made.mail = Letterbox()
        endpoint = running.enter_context(serving(model))
        address = running.enter_context(mail_server(made.mail))
        made.hook, made.chat = running.enter_context(hook_server()), running.enter_context(hook_server())
        made.mail.taken = lambda: made.seen("mail", len(made.mail.messages))
        made.hook.taken = lambda: made.seen("webhook", len(made.hook.posts))
        made.environment = os.environ | {
            "PYTHONPATH": str(REPOSITORY),
            "OMP_NUM_THREADS": "1",
            "RAG_WRITER__KIND": "openai",
            "RAG_WRITER__MODEL": "scripted-1",
            "RAG_WRITER__BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "k",
            "RAG_TEST_KEY": "k",
            "RAG_TEST_CHAT": made.chat.url,
        }
        _prepare(made.read, mail=address, hook=made.hook.url)
        shutil.copytree(made.read, made.unread)
        _forget_two(made.unread)
        made.order = _control(made, folder / "control")
        yield made


def _control(stage: Stage, workspace: Path) -> tuple[str, ...]:
    """The run that nobody kills: keeps its files, gives the order in which the outbox was emptied."""
    from rag.app import Library

    shutil.copytree(stage.read, workspace)
    status, said = stage.run_due(workspace, at=MONDAY)
    found = "; ".join(faults(stage, workspace, steps=()))
    if status or found:
        raise SystemExit(f"the run that nobody kills does not do: {status} {said} {found}")
    stage.control = _files(workspace / "out")
    with Library.open(workspace) as library:
        return tuple(json.loads(letter.channel)["kind"] for letter in library.record.schedules.letters())


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _alike(files: Mapping[str, bytes], control: Mapping[str, bytes], *, reads: bool) -> bool:
    """To the byte. After an ingest of its own in all that the report says: its manifest names the ingest's moment, and texts that were
    embedded one by one have other last digits than those embedded together.
    """
    if not reads:
        return files == control
    return all(_said(files[name]) == _said(control[name]) for name in control if name.endswith(".json"))


def _said(report: bytes) -> dict[str, Any]:
    held = {name: value for name, value in json.loads(report).items() if name not in ("id", "manifest")}
    return held | {"evidence": [{name: value for name, value in one.items() if name != "retrieved_by"} for one in held["evidence"]]}


# ── a life, and what it left ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of killing one run."""

    step: Step
    faults: tuple[str, ...]
    repeated: int
    """Requests to the model that were made before."""
    heard: dict[str, int]
    """Channel -> how often it got the message."""


def live(stage: Stage, step: Step, *, workspace: Path) -> Outcome:
    """One life: killed at the step, then two more rounds."""
    shutil.copytree(stage.unread if step.reads else stage.read, workspace)
    stage.clear()
    status, said = stage.run_due(workspace, at=MONDAY, step=step)
    found = [] if _was_killed(step, status) else [f"nobody was killed: exit status {status} {said}"]
    if step.victim == "parent":
        _wait_for_orphan(workspace)
    for minutes in (10, 20):
        status, said = stage.run_due(workspace, at=MONDAY + timedelta(minutes=minutes))
        found += [f"run-due {minutes} minutes later: exit status {status} {said}"] if status else []
    found += faults(stage, workspace, steps=[step])
    repeated = sum(count - 1 for count in stage.requests.values())
    heard = {"mail": len(stage.mail.messages), "webhook": len(stage.hook.posts), "slack": len(stage.chat.posts)}
    return Outcome(step=step, faults=tuple(found), repeated=repeated, heard=heard)


def _was_killed(step: Step, status: int) -> bool:
    """The parent of a child that died goes on and tells of it."""
    return status == 0 if step.victim == "child" else status == -signal.SIGKILL


def _wait_for_orphan(workspace: Path) -> None:
    """Until the child that outlived its parent is through."""
    import time

    from rag.schedule.desk import lease

    while True:
        with lease(workspace, "weekly") as free:
            if free:
                return
        time.sleep(0.05)


def faults(stage: Stage, workspace: Path, *, steps: Sequence[Step]) -> list[str]:
    """What is wrong with the end of a slot that was killed at these steps."""
    from rag.app import Library

    with Library.open(workspace) as library:
        book = library.record.schedules
        rows, letters = book.slots("weekly"), book.letters()
    found = []
    if [(row.slot, row.state) for row in rows] != [(SLOT, "published")]:
        found.append(f"slots: {[(row.slot, row.state, row.reason) for row in rows]}")
    if rows and rows[0].tries > 1 + len(steps):
        found.append(f"{rows[0].tries} tries")
    if Counter(letter.state for letter in letters) != {"sent": len(CHANNELS)}:
        found.append(f"outbox: {[(letter.state, letter.error) for letter in letters]}")
    delivered = _files(workspace / "out")
    if stage.control and sorted(delivered) != sorted(stage.control):
        found.append(f"files: {sorted(delivered)}")
    elif stage.control and not _alike(delivered, stage.control, reads=any(step.reads for step in steps)):
        found.append("the files differ from those of a run that nobody killed")
    if (again := sum(count - 1 for count in stage.requests.values())) > len(steps):
        found.append(f"{again} requests to the model were made twice")
    return found + _heard(stage, twice={step.twice for step in steps})


def _heard(stage: Stage, *, twice: Collection[str]) -> list[str]:
    """Channels that got nothing, or more than they may, or a second message that cannot be known as one."""
    identities = {
        "mail": [str(email.message_from_bytes(message)["Message-ID"]) for message in stage.mail.messages],
        "webhook": [headers["Idempotency-Key"] for headers, _ in stage.hook.posts],
        "slack": [headers["Idempotency-Key"] for headers, _ in stage.chat.posts],
    }
    found = [f"{channel} got several identities: {ids}" for channel, ids in identities.items() if len(set(ids)) != 1]
    return found + [
        f"{channel} got {len(ids)} messages"
        for channel, ids in identities.items()
        if len(ids) != 1 and not (channel in twice and len(ids) == 2)
    ]


def main() -> None:
    """Prints a line a step, and exits with 1 when one left a fault."""
    options = argparse.ArgumentParser(description="kill -9 at every step of a scheduled run.")
    options.add_argument("--every", type=int, default=1, help="only each N-th step")
    options.add_argument("--only", default="", help="only steps whose name holds this")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as made:
        chosen = [step for step in steps(made.order)[:: given.every] if given.only in step.name]
        calls = made.requests.total()
        outcomes = []
        for number, step in enumerate(chosen):
            outcome = live(made, step, workspace=Path(folder) / f"life-{number}")
            outcomes.append(outcome)
            shutil.rmtree(Path(folder) / f"life-{number}")
            twice = ", ".join(f"{channel} twice" for channel, count in outcome.heard.items() if count > 1)
            told = "; ".join(outcome.faults) or f"ok, {outcome.repeated} calls repeated" + (
                f", {twice} under one identity" if twice else ""
            )
            print(f"{step.name:<58} {step.victim:<6} {told}", flush=True)  # noqa: T201 - a script's own output
    bad = sum(bool(outcome.faults) for outcome in outcomes)
    most = max(outcome.repeated for outcome in outcomes)
    doubled = sum(any(count > 1 for count in outcome.heard.values()) for outcome in outcomes)
    print(  # noqa: T201
        f"{len(outcomes)} kills at {len(chosen)} steps of a run of {calls} model calls and {len(CHANNELS)} deliveries: {bad} with a fault; "
        f"at most {most} call repeated; {doubled} messages twice, each under one identity"
    )
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
