"""Scheduled reports from end to end: real documents, a real record, child processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.app import Library, create
from rag.ingest import drain
from rag.report import from_json
from rag.schedule import read_definition, run_due

ZONE = 'topic = "Heat storage, Varland"\ncron = "0 7 * * MON"\nzone = "Europe/Berlin"\nformats = ["json"]\n'
TO_FOLDER = '[[deliver]]\nkind = "folder"\npath = "out"\n'
MONDAYS = [datetime(2026, 1, day, 7, 30, tzinfo=UTC) for day in (5, 12, 19, 26)]
NOTE = (
    "---\ndate: 2026-01-02\n---\n\n# Heat storage in Varland\n\n## Demand\n\nDemand for heat storage in Varland rose by 12% in 2025. "
    "Installed capacity of heat storage in Varland rose to 2,610 MWh at the end of 2025, from 1,840 MWh a year before.\n"
)
LATER = (
    "---\ndate: 2026-01-10\n---\n\n# Heat storage in Varland, second note\n\n## Price\n\nThe price of heat storage in Varland fell "
    "to EUR 212 per kWh in the fourth quarter of 2025.\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A workspace with one document and one schedule, known since before the first Monday."""
    workspace = tmp_path / "ws"
    create(workspace, embedder="small")
    (workspace / "docs" / "note.md").write_text(NOTE, encoding="utf-8")
    (workspace / "schedules").mkdir()
    (workspace / "schedules" / "weekly.toml").write_text(ZONE + TO_FOLDER, encoding="utf-8")
    with Library.open(workspace) as library:
        library.record.schedules.begin("weekly", since=datetime(2026, 1, 1, tzinfo=UTC))
    return workspace


def _clock(start: datetime) -> Callable[[], datetime]:
    """A clock that shows ``start`` now."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def _states(workspace: Path) -> dict[str, str]:
    with Library.open(workspace) as library:
        return {row.slot[:10]: row.state for row in library.record.schedules.slots("weekly")}


def test_a_report_comes_with_the_first_monday_and_again_only_with_news(desk: Path) -> None:
    """No change is recorded and said in one line; a new document brings a new edition; each is delivered once."""
    for monday in MONDAYS[:2]:
        done = run_due(desk, now=_clock(monday))
        assert done.ok, done
    (desk / "docs" / "later.md").write_text(LATER, encoding="utf-8")
    for monday in MONDAYS[2:]:
        assert run_due(desk, now=_clock(monday)).ok
    assert _states(desk) == {"2026-01-05": "published", "2026-01-12": "no_change", "2026-01-19": "published", "2026-01-26": "no_change"}
    with Library.open(desk) as library:
        letters = library.record.schedules.letters()
    assert Counter(letter.state for letter in letters) == {"sent": 4}
    assert sorted(path.name for path in (desk / "out").iterdir()) == [
        "heat-storage-varland-2026-01-05.json",
        "heat-storage-varland-2026-01-19.json",
    ]
    second = from_json((desk / "out" / "heat-storage-varland-2026-01-19.json").read_bytes())
    assert {source.path for source in second.sources} >= {"docs/later.md"}


def test_a_missed_monday_made_on_tuesday_equals_mondays_bytes(desk: Path) -> None:
    """What came, changed and went on Tuesday is not in it."""
    with Library.open(desk) as library:
        drain(library.ingest((), now=datetime(2026, 1, 4, 12, tzinfo=UTC)))
    late = desk.parent / "late"
    shutil.copytree(desk, late)
    assert run_due(desk, now=_clock(MONDAYS[0])).ok
    (late / "docs" / "later.md").write_text(LATER.replace("2026-01-10", "2026-01-03"), encoding="utf-8")
    (late / "docs" / "note.md").write_text(NOTE.replace("12%", "13%"), encoding="utf-8")
    assert run_due(late, now=_clock(MONDAYS[0] + timedelta(days=1))).ok
    name = "heat-storage-varland-2026-01-05.json"
    assert (late / "out" / name).read_bytes() == (desk / "out" / name).read_bytes()


def test_a_plan_is_frozen_with_the_run(desk: Path) -> None:
    """What the analyst changes during a retry does not change the slot's report."""
    (desk / "plan.yaml").write_text("topic: Heat storage\nsections:\n  - {title: Demand}\n", encoding="utf-8")
    text = ZONE.replace('topic = "Heat storage, Varland"', 'plan = "plan.yaml"')
    (desk / "schedules" / "weekly.toml").write_text(text, encoding="utf-8")
    run_due(desk, now=_clock(MONDAYS[0]))
    with Library.open(desk) as library:
        (row,) = library.record.schedules.slots("weekly")
    assert "title: Demand" in json.loads(row.definition)["plan"]


def test_golden_questions_hold_a_report_back(desk: Path) -> None:
    """A report from a library that no longer finds what it should is not sent; people are told which questions fell."""
    golden = {"question": "How did demand for heat storage move?", "gold": [{"document": "docs/note.md", "quote": "rose by 12% in 2025"}]}
    lost = golden | {"scope": {"published_to": "2020-01-01"}}
    gate = '[gate]\nquestions = "golden.jsonl"\nleast = 1.0\n'
    (desk / "schedules" / "weekly.toml").write_text(ZONE + gate + TO_FOLDER, encoding="utf-8")
    (desk / "golden.jsonl").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    assert run_due(desk, now=_clock(MONDAYS[0])).ended[0].state == "published"
    (desk / "docs" / "later.md").write_text(LATER, encoding="utf-8")
    (desk / "golden.jsonl").write_text(f"{json.dumps(golden)}\n{json.dumps(lost)}\n", encoding="utf-8")
    (row, *_) = run_due(desk, now=_clock(MONDAYS[2])).ended
    assert (row.state, row.reason[:52]) == ("held", "1 of 2 golden questions find their passage, fewer th")


def test_a_template_that_is_gone_fails_the_run_and_is_told(desk: Path) -> None:
    """In the run's record, by the schedule's own channel, with exit status 1."""
    (desk / "schedules" / "weekly.toml").write_text(ZONE + 'template = "glossy"\n' + TO_FOLDER, encoding="utf-8")
    done = run_due(desk, now=_clock(MONDAYS[0]))
    assert not done.ok
    assert [(row.state, "'glossy'" in row.reason) for row in done.ended] == [("failed", True)]
    with Library.open(desk) as library:
        assert [letter.subject for letter in library.record.schedules.letters()] == ["weekly: the run of 2026-01-05T07:00 failed"]


_ROUND = """
import sys, time
from datetime import datetime, timedelta
from pathlib import Path
from rag.schedule import run_due
if __name__ == "__main__":
    now, begun = datetime.fromisoformat(sys.argv[2]), time.monotonic()
    run_due(Path(sys.argv[1]), now=lambda: now + timedelta(seconds=time.monotonic() - begun))
"""


def _running(workspace: Path) -> bool:
    with Library.open(workspace) as library:
        return bool(library.record.schedules.slots("weekly", states=["running"]))


def _start(workspace: Path, script: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(script), str(workspace), MONDAYS[0].isoformat()]
    return subprocess.Popen(command, start_new_session=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def test_a_killed_run_is_taken_up_and_delivers_once(desk: Path, tmp_path: Path) -> None:
    """Parent and child are killed at once; the next round finishes the slot."""
    script = tmp_path / "round.py"
    script.write_text(_ROUND, encoding="utf-8")
    process = _start(desk, script)
    while not _running(desk):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert run_due(desk, now=_clock(MONDAYS[0].replace(hour=9))).ok
    run_due(desk, now=_clock(MONDAYS[0].replace(hour=10)))
    assert _states(desk) == {"2026-01-05": "published"}
    assert [path.name for path in (desk / "out").iterdir()] == ["heat-storage-varland-2026-01-05.json"]


def test_three_schedulers_at_once_run_each_slot_once(desk: Path, tmp_path: Path) -> None:
    """One publishes; the others find it done or going on."""
    script = tmp_path / "round.py"
    script.write_text(_ROUND, encoding="utf-8")
    processes = [_start(desk, script) for _ in range(3)]
    assert [process.wait(timeout=300) for process in processes] == [0] * 3
    with Library.open(desk) as library:
        rows, letters = library.record.schedules.slots("weekly"), library.record.schedules.letters()
    assert [(row.state, row.tries) for row in rows] == [("published", 1)]
    assert len(letters) == 1


def test_the_example_definition_of_the_help_can_be_used() -> None:
    """It is what a newcomer copies."""
    from rag.cli.schedule import _ADD

    text = "\n".join(line[2:] for line in _ADD.splitlines() if "=" in line or "[[" in line)
    assert read_definition(text, at="help").deliver[0].kind == "folder"
