"""Fifty people chat with one `rag serve` for five minutes, then documents come in beside them, then the server is killed and started again.

    python -m benchmarks.load [--chats 50] [--seconds 300] [--pause 10] [--worded] [--workspace DIR]

The model of the load: each chat is a closed loop. It asks, waits for the answer, then pauses: 2 s that a scripted language model would take
to word it, and an exponential time of reading and typing with mean ``--pause`` less these 2 s. A third of the questions are follow-ups, a
third of the answers are also opened as a page. No two questions are alike, so that none is answered from a cache. Timed is everything
but the pause: from the request to its last byte. ``--pause 0`` asks without a pause, which finds the most that is answered in a second.
With ``--worded`` the server asks a scripted model over loopback, which takes these 2 s for each call: one for an answer, two where it is
repaired. What is timed then is the answer's whole time less the time that its own calls were with the model, from a call's arrival there to
its last byte; calls that overlap count once. An answer whose calls were recorded before has nothing taken off.

On a shared machine wall times depend on the neighbours, so CPU seconds of the server an answer are printed beside them, with how long its
threads stood ready and got no core (Linux counts that for each thread).
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.retrieval import GOLD, REPOSITORY
from rag.app import Library, create
from rag.ingest import drain
from rag.report import EXTRACTIVE
from tests.scripted_models import Took, good
from tests.scripted_models import serving as scripted

TOKEN = "the-token-of-the-load-benchmark"
MODEL_S = 2.0
"""What a scripted model would take."""
_OPENINGS = ("", "Please tell me: ", "For the board: ", "One more thing: ", "In short: ", "To be sure: ", "For my note: ", "Quickly: ")
_FOLLOW_UPS = ("And in 2024?", "And in 2025?", "Why?", "What about 2026?", "And before that?")
_MOST_CHATS = 1_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """One request, by time.perf_counter."""

    begun: float
    ended: float
    question: str = ""
    """As the answer understood it; a page has none."""
    worded: bool = False
    """In the model's words; it may have been asked in vain."""


@dataclass(kw_only=True)
class Seen:
    """What the chats of one phase saw."""

    asked: list[Timed] = field(default_factory=list)
    """Each answer."""
    opened: list[Timed] = field(default_factory=list)
    """Each page."""
    errors: list[str] = field(default_factory=list)
    away: int = 0
    """Requests that met no server while it was down; each was sent again."""
    turns: dict[tuple[int, int], str] = field(default_factory=dict)
    """(chat, number) of every answer that arrived -> its id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What the server has used so far."""

    cpu_s: float
    waited_s: float
    """Its threads' time on a run queue."""
    resident_mb: float


class Server:
    """`rag serve` on a port and with a token that stay."""

    def __init__(self, workspace: Path, *, port: int, writer: str = "") -> None:
        """``writer``: the address of a model that words the answers."""
        self.base = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "rag", "serve", "--port", str(port), "--workspace", str(workspace)]
        set_up = {"KIND": "openai", "MODEL": "scripted-1", "BASE_URL": writer} if writer else {}
        self._writer = {f"RAG_WRITER__{name}": value for name, value in set_up.items()}
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Returns once it listens."""
        environment = {**os.environ, **self._writer, "RAG_SERVE_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            self._command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        """With all its children, as a machine that stops."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def used(self) -> Used:
        """Of the server alone; its children are counted by themselves."""
        assert self.process is not None
        folder = Path("/proc") / str(self.process.pid)
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        waited = sum(int(path.read_text().split()[1]) for path in folder.glob("task/*/schedstat"))
        resident = int(re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())[1])  # type: ignore[index]
        return Used(cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS, waited_s=waited / 1e9, resident_mb=resident / 1024)


def questions(*, seed: int) -> Iterator[str]:
    """Different ones without end."""
    known = [question["question"] for question in json.loads(GOLD.read_text(encoding="utf-8"))["questions"]]
    draw, turn = random.Random(seed), 0
    while True:
        turn += 1
        yield f"{draw.choice(_OPENINGS)}{draw.choice(known)} (note {seed}-{turn})"


async def chat(client: httpx2.AsyncClient, seed: int, *, until: Callable[[], bool], pause: float, seen: Seen) -> None:
    """One person."""
    draw, asking, at, turn = random.Random(seed), questions(seed=seed), None, 0
    await asyncio.sleep(draw.random() * pause)
    while not until():
        turn, worded = turn + 1, False
        text = draw.choice(_FOLLOW_UPS) if at and turn % 3 == 0 else next(asking)
        answered = await _timed(client, "POST", "/api/ask", seen, seen.asked, json={"question": text, "chat": at})
        if answered is not None:
            told = answered.json()
            worded = told["answer"]["writer"] != EXTRACTIVE
            seen.asked[-1] = replace(seen.asked[-1], question=told["answer"]["understood_as"], worded=worded)
            at = told["chat"]
            seen.turns[told["chat"], told["number"]] = told["answer"]["id"]
            if turn % 3 == 1:
                await _timed(client, "GET", f"/chats/{at}", seen, seen.opened)
        if at and turn % 12 == 0:
            at = None  # another subject
        if pause:
            waited = MODEL_S if worded else 0.0
            await asyncio.sleep(MODEL_S - waited + draw.expovariate(1 / max(0.1, pause - MODEL_S)))


async def _timed(client: httpx2.AsyncClient, method: str, path: str, seen: Seen, times: list[Timed], **sent: Any) -> httpx2.Response | None:
    begun = time.perf_counter()
    try:
        response = await client.request(method, path, **sent)
    except httpx2.TransportError:
        seen.away += 1
        await asyncio.sleep(0.5)
        return None
    if response.status_code != 200:
        seen.errors.append(f"{response.status_code} {path}: {response.text[:200]}")
        return None
    times.append(Timed(begun=begun, ended=time.perf_counter()))
    return response


async def phase(
    server: Server, *, number: int, chats: int, seconds: float, pause: float, beside: Any = None
) -> tuple[Seen, Used, Used, list[float]]:
    """So many chats for so long; what they saw, what the server used before and after, and its memory every ten seconds.

    ``number``: the phase's; no two phases ask the same, so that none is answered from what another had a model say.
    """
    seen, ends, memory = Seen(), time.monotonic() + seconds, list[float]()
    limits = httpx2.Limits(max_connections=chats + 4)
    async with httpx2.AsyncClient(base_url=server.base, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60, limits=limits) as client:
        before = server.used()
        seeds = range(number * _MOST_CHATS, number * _MOST_CHATS + chats)
        people = [chat(client, seed, until=lambda: time.monotonic() > ends, pause=pause, seen=seen) for seed in seeds]

        async def watched() -> None:
            while time.monotonic() < ends:
                memory.append(server.used().resident_mb)
                await asyncio.sleep(10)

        others = [beside(client, seen, ends)] if beside else []
        await asyncio.gather(*people, *others, *([] if beside else [watched()]))
        after = server.used()
    return seen, before, after, memory


def with_model(answers: Sequence[Timed], took: Sequence[Took]) -> list[list[tuple[float, float]]]:
    """(begun, ended) of the model's calls for each answer, within its time."""
    heads = [(call.request["messages"][-1]["content"].partition("<evidence>")[0], call.begun, call.ended) for call in took]
    return [
        [
            (max(begun, one.begun), min(ended, one.ended))
            for head, begun, ended in heads
            if begun < one.ended and ended > one.begun and one.question in head
        ]
        for one in answers
    ]


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that lie in one span or more."""
    total, last = 0.0, float("-inf")
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, last))
        last = max(last, ended)
    return total


def _reported(name: str, seen: Seen, before: Used, after: Used, *, seconds: float, took: Sequence[Took]) -> None:
    calls = with_model(seen.asked, took)
    own = [one.ended - one.begun - covered(spans) for one, spans in zip(seen.asked, calls, strict=True)]
    answers = max(1, len(seen.asked))
    cpu, waited = after.cpu_s - before.cpu_s, after.waited_s - before.waited_s
    print_line(
        f"| {name} | {len(seen.asked)} ({len(seen.asked) / seconds:.1f}/s) | {_spread(own)} | "
        f"{_spread([one.ended - one.begun for one in seen.opened])} | "
        f"{len(seen.errors)} | {1000 * cpu / answers:.0f} | {1000 * waited / answers:.0f} | {after.resident_mb:.0f} |"
    )
    for error in seen.errors[:5]:
        print_line(f"  {error}")
    if took:
        for name, kind in (("in the model's words", True), ("quoted", False)):
            found = [(time, len(spans)) for time, spans, one in zip(own, calls, seen.asked, strict=True) if one.worded == kind]
            asked = ", ".join(f"{times} after {number} calls" for number, times in sorted(Counter(number for _, number in found).items()))
            print_line(f"  {len(found)} {name} ({asked}): {_spread([time for time, _ in found])} ms without the model")


def _spread(times: list[float]) -> str:
    ordered = sorted(times) or [0.0]
    return " / ".join(f"{1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.0f}" for share in (0.5, 0.95, 0.99))


def print_line(text: str) -> None:
    """At once, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# ── documents that come in ────────────────────────────────────────────────────────────────────────────────────────


class Uploads:
    """A batch of documents every few seconds, each with a word of its own; every one must be found from the end of its run on."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.unfound: list[str] = []
        self.runs: list[int] = []
        self.slowest_s = 0.0

    async def __call__(self, client: httpx2.AsyncClient, seen: Seen, ends: float) -> None:
        """Until the phase ends."""
        while time.monotonic() < ends:
            words = [f"Quorvex{len(self.sent) + at}" for at in range(3)]
            files = [("files", (f"{word}.md", _note(word))) for word in words]
            begun = time.monotonic()
            response = await client.post("/api/documents", files=files)
            if response.status_code != 202:
                seen.errors.append(f"{response.status_code} upload: {response.text[:200]}")
                return
            self.sent += words
            self.runs.append(response.json()["run"]["id"])
            while (await client.get(f"/api/runs/{self.runs[-1]}")).json()["state"] not in ("done", "failed"):
                await asyncio.sleep(0.3)
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
            self.unfound += [word for word in self.sent if not await self._is_found(client, word)]
            await asyncio.sleep(3)

    @staticmethod
    async def _is_found(client: httpx2.AsyncClient, word: str) -> bool:
        found = (await client.get("/api/search", params={"q": f"installed capacity of {word}", "k": 3})).json()
        return any(word in passage["chunk"]["text"] for passage in found["passages"])


def _note(word: str) -> str:
    return f"# {word}\n\nPublished 2026-03-02\n\nThe installed capacity of {word} came to 420 MWh in 2025, up from 310 MWh in 2024.\n"


# ── a kill ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Kill:
    """In the middle of the phase the server is killed with its children, amid an ingest and a report, and started again."""

    def __init__(self, server: Server, *, after_s: float) -> None:
        self._server = server
        self._after_s = after_s
        self.runs: list[int] = []
        self.down_s = 0.0
        self.words = [f"Zelquor{at}" for at in range(30)]

    async def __call__(self, client: httpx2.AsyncClient, seen: Seen, ends: float) -> None:
        """Once."""
        await asyncio.sleep(self._after_s)
        files = [("files", (f"{word}.md", _note(word))) for word in self.words]
        self.runs.append((await client.post("/api/documents", files=files)).json()["run"]["id"])
        self.runs.append((await client.post("/api/reports", json={"topic": "Zinc-air storage, Marenland, 2024-26"})).json()["id"])
        await asyncio.sleep(3)
        begun = time.monotonic()
        await asyncio.to_thread(self._server.kill)
        await asyncio.to_thread(self._server.start)
        self.down_s = time.monotonic() - begun


async def kept(server: Server, seen: list[Seen], kill: Kill, uploads: Uploads) -> Iterator[str]:
    """What of all that was acknowledged is not there after the kill, in words."""
    async with httpx2.AsyncClient(base_url=server.base, headers={"authorization": f"Bearer {TOKEN}"}, timeout=120) as client:
        wanted = {turn: answer for one in seen for turn, answer in one.turns.items()}
        held: dict[tuple[int, int], str] = {}
        for number in sorted({number for number, _ in wanted}):
            for turn in (await client.get(f"/api/chats/{number}")).json():
                held[turn["chat"], turn["number"]] = turn["answer"]["id"]
        lost = [f"turn {turn}" for turn, answer in wanted.items() if held.get(turn) != answer]
        for _ in range(600):
            runs = {run["id"]: run for run in (await client.get("/api/runs")).json()}
            if all(run["state"] in ("done", "failed") for run in runs.values()):
                break
            await asyncio.sleep(0.5)
        lost += [f"run {run}" for run in (*kill.runs, *uploads.runs[-80:]) if run not in runs]
        report = runs[kill.runs[1]]
        print_line(f"the report that the kill met: {report['state']}, {'cut off' if report['cut'] else 'not cut off'}")
        lost += [f"document {word}" for word in (*kill.words, *uploads.sent) if not await uploads._is_found(client, word)]
        return iter(lost)


async def main() -> None:
    """All phases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pause", type=float, default=10.0)
    parser.add_argument("--worded", action="store_true", help="Answers in a scripted model's words.")
    parser.add_argument("--workspace", type=Path, help="One to copy; default: the sample documents, ingested anew.")
    parser.add_argument("--port", type=int, default=8399)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="rag-load-") as desk,
        workspace_of(asked.workspace, desk=Path(desk)) as workspace,
        scripted(good) as model,
    ):
        model.before = lambda sent: time.sleep(0.0 if sent else MODEL_S)
        server = Server(workspace, port=asked.port, writer=model.base_url if asked.worded else "")
        try:
            await _phases(server, asked, took=model.took)
        finally:
            server.kill()


async def _phases(server: Server, asked: argparse.Namespace, *, took: Sequence[Took]) -> None:
    print_line(f"{asked.chats} chats, a pause of {asked.pause:g} s; machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print_line(
        "| phase | answers | answer, ms p50/p95/p99 | page, ms | errors | CPU ms an answer | ms an answer ready without a core | MB |"
    )
    print_line("|---|---|---|---|---|---|---|---|")
    await phase(server, number=0, chats=min(8, asked.chats), seconds=15, pause=0)  # what is read once, is
    seen, before, after, memory = await phase(server, number=1, chats=asked.chats, seconds=asked.seconds, pause=asked.pause)
    _reported("chats", seen, before, after, seconds=asked.seconds, took=took)
    uploads, third = Uploads(), asked.seconds / 3
    beside, one, other, _ = await phase(server, number=2, chats=asked.chats, seconds=third, pause=asked.pause, beside=uploads)
    _reported("ingest beside them", beside, one, other, seconds=third, took=took)
    kill = Kill(server, after_s=asked.seconds / 12)
    killed, _, last, _ = await phase(server, number=3, chats=asked.chats, seconds=third, pause=asked.pause, beside=kill)
    _reported("killed and started again", killed, Used(cpu_s=0, waited_s=0, resident_mb=0), last, seconds=third, took=took)
    lost = list(await kept(server, [seen, beside, killed], kill, uploads))
    print_line(f"memory every ten seconds of the first phase, MB: {' '.join(f'{value:.0f}' for value in memory)}")
    print_line(
        f"uploads: {len(uploads.sent)} documents in {len(uploads.runs)} runs, slowest {uploads.slowest_s:.1f} s, not found at once: "
        f"{len(uploads.unfound)}; down for {kill.down_s:.1f} s, {killed.away} requests met no server; lost: {', '.join(lost) or 'nothing'}"
    )
    print_line(f"load at the end {os.getloadavg()[0]:.1f}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


@contextmanager
def workspace_of(given: Path | None, *, desk: Path) -> Iterator[Path]:
    """A copy of the workspace given, or the sample documents."""
    made = desk / "workspace"
    if given is not None:
        shutil.copytree(given, made)
    else:
        create(made, embedder="small")
        shutil.copytree(REPOSITORY / "sample_docs", made / "docs", dirs_exist_ok=True)
        with Library.open(made) as library:
            drain(library.ingest(now=datetime.now(UTC)))
    yield made


if __name__ == "__main__":
    asyncio.run(main())
