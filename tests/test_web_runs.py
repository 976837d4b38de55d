"""Runs outlive the server: what was asked and said is kept, what was cut off is told, and begun again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rag.app import Library, create
from rag.errors import UsageError
from rag.runs.child import Job, _step, seen_of
from rag.runs.runfile import RunFile, abandoned, read_lines
from rag.types import STRANGER, Progress
from rag.web.forms import page
from rag.web.runs import Run, Runs
from rag.web.stream import last_heard

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKEN = "a-token-that-stays-over-a-restart"


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_torn_line_is_passed_over_and_the_next_is_whole(tmp_path: Path) -> None:
    """A kill in the middle of a write costs that line only."""
    with RunFile.create(tmp_path / "runs", {"job": {"kind": "ingest"}, "begun": NOW.isoformat()}) as file:
        file.tell({"stage": "read", "done": 1, "total": 2})
    with file.path.open("ab") as torn:
        torn.write(b'{"number":2,"told":{"sta')
    assert [line.get("number") for line in read_lines(file.path)] == [None, 1]
    with RunFile.open(file.path) as again:
        again.tell({"state": "done"})
    assert [line["told"] for line in read_lines(file.path) if "told" in line] == [
        {"stage": "read", "done": 1, "total": 2},
        {"state": "done"},
    ]


def test_a_file_that_someone_works_on_is_not_abandoned(tmp_path: Path) -> None:
    """Two may hold it together, a server and its child; it is abandoned when both have gone."""
    first = RunFile.create(tmp_path / "runs", {"job": {"kind": "ingest"}, "begun": NOW.isoformat()})
    second = RunFile.open(first.path)
    first.close()
    with abandoned(first.path) as held:
        assert held is None
    second.close()
    with abandoned(first.path) as held:
        assert held is not None


def test_numbers_go_on_over_servers(tmp_path: Path) -> None:
    """A run's number is its own for good."""
    head = {"job": {"kind": "report", "as_of": "2026-06-30", "topic": "Zinc"}, "begun": NOW.isoformat()}
    paths = []
    for _ in range(3):
        with RunFile.create(tmp_path / "runs", head) as file:
            paths.append(file.path.name)
    assert paths == ["000001.jsonl", "000002.jsonl", "000003.jsonl"]
    assert Run.read(tmp_path / "runs" / paths[0]).job == Job(kind="report", topic="Zinc", as_of=date(2026, 6, 30))


def test_a_run_whose_server_and_child_are_gone_was_cut_off(tmp_path: Path) -> None:
    """It says so, keeps what it had said, and can be begun again; one that goes on cannot."""
    with RunFile.create(tmp_path / "runs", {"job": {"kind": "report", "topic": "Zinc"}, "begun": NOW.isoformat()}) as file:
        file.tell({"state": "running", "pid": 1, "stage": "writing", "done": 3, "total": 9})
        runs = Runs(tmp_path)
        assert runs.get(1).state == "running"
        with pytest.raises(UsageError, match="goes on"):
            runs.again(1, now=NOW)
    told = runs.get(1).as_data()
    assert (told["state"], told["cut"], "begin it again" in told["message"]) == ("failed", True, True)
    assert [event.told.get("done") for event in runs.get(1).after(0)] == [3, None]
    runs.close()


def test_reading_documents_goes_on_by_itself_once(tmp_path: Path) -> None:
    """A server takes over what an earlier one left; a second cut is left to a person, and so is a report, which may cost money."""
    create(tmp_path / "ws", embedder="small")
    (tmp_path / "ws" / "docs" / "note.md").write_text("# Velox\n\nShipments came to 420 MWh in 2025.\n")
    folder = tmp_path / "ws" / "runs"
    for job in ({"kind": "report", "topic": "Zinc"}, {"kind": "ingest"}):
        RunFile.create(folder, {"job": job, "begun": NOW.isoformat()}).close()
    counted: list[tuple[int, str]] = []
    runs = Runs(tmp_path / "ws", ended=lambda run, state: counted.append((run.id, state)))
    runs.take_over(now=NOW)
    until(lambda: runs.get(3).ended)
    assert [(run.id, run.job.kind, run.job.again) for run in runs.all()] == [(3, "ingest", 2), (2, "ingest", 0), (1, "report", 0)]
    assert [run.state for run in runs.all()] == ["done", "failed", "failed"]
    assert counted == [(3, "done")]
    runs.close()
    RunFile.create(folder, {"job": {"kind": "ingest", "again": 3}, "begun": NOW.isoformat()}).close()
    later = Runs(tmp_path / "ws")
    later.take_over(now=NOW)
    assert [run.id for run in later.all()] == [4, 3, 2, 1]
    assert later.get(4).was_cut
    later.close()


# ── kill -9 ───────────────────────────────────────────────────────────────────────────────────────────────────────


def until(holds: Callable[[], Any], *, within_s: float = 120.0) -> Any:
    """What it gives once it is true."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError("it never held")


@contextmanager
def serving(workspace: Path) -> Iterator[tuple[httpx2.Client, subprocess.Popen[str]]]:
    """`rag serve` with a token that stays; killed at the end, with its children."""
    command = [sys.executable, "-m", "rag", "serve", "--port", "0", "--workspace", str(workspace)]
    environment = {**os.environ, "RAG_SERVE_TOKEN": TOKEN}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        base = process.stdout.readline().split("/ ")[0].strip()
        try:
            with httpx2.Client(base_url=base, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
                yield client, process
        finally:
            kill_all(process)


def kill_all(process: subprocess.Popen[str]) -> None:
    """The server and all of its children, as a machine that stops."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_what_was_begun_is_there_after_kill_9_and_a_restart(tmp_path: Path) -> None:
    """The server is killed with its children amid an upload's ingest and a report: no document, no turn and no run is lost."""
    workspace = tmp_path / "ws"
    create(workspace, embedder="small")
    texts = {
        f"note-{number}.md": f"# Velox note {number}\n\nShipments of cell type V{number} came to {number + 400} MWh in 2025.\n"
        for number in range(40)
    }
    with serving(workspace) as (client, process):
        first = client.post("/api/documents", files=[("files", ("note-0.md", texts["note-0.md"]))]).json()["run"]["id"]
        until(lambda: client.get(f"/api/runs/{first}").json()["state"] == "done")
        turn = client.post("/api/ask", json={"question": "How many MWh of cell type V0 were shipped in 2025?"}).json()
        rest = [("files", (name, text)) for name, text in texts.items() if name != "note-0.md"]
        upload = client.post("/api/documents", files=rest).json()["run"]["id"]
        report = client.post("/api/reports", json={"topic": "Velox cells, 2025"}).json()["id"]
        waiting = client.post("/api/reports", json={"topic": "Velox shipments, 2025"}).json()["id"]
        until(lambda: len(told(workspace, upload)) > 1)
        until(lambda: told(workspace, report))
        kill_all(process)
    before = told(workspace, report)
    with serving(workspace) as (client, _):
        runs = {run["id"]: run for run in client.get("/api/runs").json()}
        assert {first, upload, report, waiting} <= set(runs)
        assert runs[first]["state"] == "done"
        for number in (report, waiting):
            assert (runs[number]["state"], runs[number]["cut"]) == ("failed", True), runs[number]
        with client.stream("GET", f"/api/runs/{report}/events") as stream:
            events = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: ")]
        assert events[: len(before)] == before
        resumed = next(run["id"] for run in runs.values() if run["again"] == upload)
        until(lambda: client.get(f"/api/runs/{resumed}").json()["state"] == "done")
        assert client.get("/api/documents").json()["total"] == len(texts)
        assert client.get(f"/api/chats/{turn['chat']}").json() == [turn]
        again = client.post(f"/api/runs/{report}/again").json()
        assert (again["again"], again["title"]) == (report, "Velox cells, 2025")
        ended = until(lambda: (run := client.get(f"/api/runs/{again['id']}").json())["state"] in ("done", "failed") and run)
        assert ended["state"] == "done", ended
        assert client.get(f"/api/reports/{ended['result']['report']}").status_code == 200


def test_a_child_goes_on_when_only_the_server_is_killed(tmp_path: Path) -> None:
    """The next server follows it to its end; nothing is done twice."""
    workspace = tmp_path / "ws"
    create(workspace, embedder="small")
    text = "# Velox\n\nShipments of zinc cells by Velox came to 420 MWh in 2025, up from 310 MWh in 2024.\n"
    with serving(workspace) as (client, process):
        upload = client.post("/api/documents", files=[("files", ("note.md", text))]).json()["run"]["id"]
        until(lambda: told(workspace, upload))
        process.kill()
        process.wait()
        with serving(workspace) as (client, _):
            until(lambda: client.get(f"/api/runs/{upload}").json()["state"] == "done")
            assert [run["id"] for run in client.get("/api/runs").json()] == [upload]
            until(lambda: 'rag_runs_total{kind="ingest",state="done"} 1.0' in client.get("/metrics").text)
    with Library.open(workspace) as library:
        assert len(library.record.sources()) == 1


def told(workspace: Path, number: int) -> list[dict[str, Any]]:
    """What a run has said so far, by its file."""
    return [line["told"] for line in read_lines(workspace / "runs" / f"{number:06d}.jsonl") if "told" in line]


@pytest.mark.parametrize(("header", "number"), [("7", 7), ("0", 0), ("", 0), ("-1", 0), ("²", 0), ("1e3", 0), ("9" * 5_000, 0)])
def test_what_a_client_heard_last_is_a_number_or_nothing(header: str, number: int) -> None:
    """Whatever it sends, such as a superscript, which is a digit and no number."""
    assert last_heard(header) == number


def test_a_long_file_is_told_by_its_chunks_and_to_who_does_not_see_all_by_a_share() -> None:
    """How many chunks a hidden file has is not told."""
    told: list[dict[str, Any]] = []
    _step(told.append, Progress(stage="embed", done=3, total=31, chunks=96, of_chunks=1_240, share=0.12345))
    _step(told.append, Progress(stage="write", done=1, total=4))
    assert told == [
        {"stage": "embed", "done": 3, "total": 31, "chunks": 96, "of_chunks": 1_240, "share": 0.1235},
        {"stage": "write", "done": 1, "total": 4},
    ]
    assert [seen_of(step, sees=lambda path: False) for step in told] == [
        {"stage": "embed", "done": 12, "total": 100, "share": 0.1235},
        {"stage": "write", "done": 25, "total": 100},
    ]


def test_the_page_of_a_run_draws_its_share_and_its_chunks() -> None:
    """Without a script too; a run whose steps are like each other is drawn by them."""
    run = {"id": 1, "title": "Reading documents", "kind": "ingest", "state": "running"}
    begin = {"stage": "embed", "done": 3, "total": 30, "of_chunks": 0, "share": None}
    pages = [
        page("run.html.j2", here="library", reader=STRANGER, run=run, step={**begin, **step}, ended=False).body
        for step in ({}, {"chunks": 96, "of_chunks": 1_240, "share": 0.1235})
    ]
    drawn = [bytes(one).decode() for one in pages]
    assert ['max="1" value="0.1"' in drawn[0], 'max="1" value="0.1235"' in drawn[1]] == [True, True]
    assert ["embed: 3 of 30<" in drawn[0], "embed: 3 of 30; 96 of 1240 chunks<" in drawn[1]] == [True, True]
