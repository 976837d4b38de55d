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

from benchmarks.week import writing_with
from rag.app import Library, create
from rag.errors import SettingsError
from rag.ingest import drain
from rag.record.schedules import SlotRow
from rag.report import from_json
from rag.schedule import caps_of, consider, healths, read_definition, run_due
from rag.schedule.desk import end_silent, recover
from rag.schedule.run import publish
from tests.post_office import free_port
from tests.scripted_models import good, serving

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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one document, read on the Sunday before, and one schedule, known since before the first Monday."""
    workspace = tmp_path_factory.mktemp("prepared") / "ws"
    create(workspace, embedder="small")
    (workspace / "docs" / "note.md").write_text(NOTE, encoding="utf-8")
    (workspace / "schedules").mkdir()
    (workspace / "schedules" / "weekly.toml").write_text(ZONE + TO_FOLDER, encoding="utf-8")
    with Library.open(workspace) as library:
        library.record.schedules.begin("weekly", since=datetime(2026, 1, 1, tzinfo=UTC))
        drain(library.ingest(now=datetime(2026, 1, 4, 12, tzinfo=UTC)))
        library.write("Heat storage, Varland", as_of=MONDAYS[0].date())  # its questions are embedded, so that most runs load no model
    return workspace


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(prepared, tmp_path / "ws"))


def _clock(start: datetime) -> Callable[[], datetime]:
    """A clock that shows ``start`` now."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def _weekly(workspace: Path, text: str) -> None:
    (workspace / "schedules" / "weekly.toml").write_text(text, encoding="utf-8")


def _states(workspace: Path) -> dict[str, str]:
    with Library.open(workspace) as library:
        return {row.slot[:10]: row.state for row in library.record.schedules.slots("weekly")}


def test_a_report_comes_with_the_first_monday_and_again_only_with_news(desk: Path) -> None:
    """No change is recorded, said in one line, and asks no model; a new document brings a new edition; each is delivered once."""
    calls = []
    with serving(good) as endpoint, writing_with(endpoint):
        for monday in MONDAYS:
            if monday == MONDAYS[2]:
                (desk / "docs" / "later.md").write_text(LATER, encoding="utf-8")
            done = run_due(desk, now=_clock(monday))
            assert done.ok, done
            calls.append(len(endpoint.requests))
    assert calls[0] > 0
    assert [calls[1] - calls[0], calls[3] - calls[2]] == [0, 0]
    assert calls[2] > calls[1]
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
    """In every format. What came, changed and went on Tuesday is not in it."""
    _weekly(desk, ZONE.replace('["json"]', '["json", "html", "md", "pdf", "docx", "csv"]') + TO_FOLDER)
    late = desk.parent / "late"
    shutil.copytree(desk, late)
    assert run_due(desk, now=_clock(MONDAYS[0])).ok
    (late / "docs" / "later.md").write_text(LATER.replace("2026-01-10", "2026-01-03"), encoding="utf-8")
    (late / "docs" / "note.md").write_text(NOTE.replace("12%", "13%"), encoding="utf-8")
    assert run_due(late, now=_clock(MONDAYS[0] + timedelta(days=1))).ok
    made, in_time = ({path.name: path.read_bytes() for path in (one / "out").iterdir()} for one in (late, desk))
    assert len(in_time) == 6
    assert {name for name, content in in_time.items() if made[name] != content} == set()


def test_a_missed_monday_leaves_out_what_was_read_after_its_hour(desk: Path) -> None:
    """Somebody added a document on Monday afternoon, and the run of the morning was made on Tuesday."""
    late = Path(shutil.copytree(desk, desk.parent / "late"))
    assert run_due(desk, now=_clock(MONDAYS[0])).ok
    (late / "docs" / "later.md").write_text(LATER.replace("2026-01-10", "2026-01-03"), encoding="utf-8")
    with Library.open(late) as library:
        drain(library.ingest(now=MONDAYS[0].replace(hour=15)))
    assert run_due(late, now=_clock(MONDAYS[0] + timedelta(days=1))).ok
    name = "heat-storage-varland-2026-01-05.json"
    assert (late / "out" / name).read_bytes() == (desk / "out" / name).read_bytes()


def test_a_try_knows_what_the_first_one_knew(desk: Path) -> None:
    """A document that came between two tries is for the next slot, so that the second try asks the model nothing new."""
    _weekly(desk, ZONE + TO_FOLDER)
    with Library.open(desk) as library:
        book = library.record.schedules
        definition = read_definition(ZONE + TO_FOLDER, at="weekly.toml")
        consider(book, "weekly", definition, now=MONDAYS[0])
        (row,) = book.slots("weekly")
        made, _ = publish(library, row, definition, now=lambda: MONDAYS[0])
        (desk / "docs" / "later.md").write_text(LATER.replace("2026-01-10", "2026-01-03"), encoding="utf-8")
        drain(library.ingest(now=MONDAYS[0] + timedelta(hours=1)))
        again, _ = publish(library, book.slots("weekly")[0], definition, now=lambda: MONDAYS[0] + timedelta(hours=2))
    assert (made.report, made.evidence) == (again.report, again.evidence)


def test_a_plan_is_frozen_with_the_run(desk: Path) -> None:
    """What the analyst changes during a retry does not change the slot's report."""
    (desk / "plan.yaml").write_text("topic: Heat storage\nsections:\n  - {title: Demand}\n", encoding="utf-8")
    text = ZONE.replace('topic = "Heat storage, Varland"', 'plan = "plan.yaml"')
    _weekly(desk, text)
    run_due(desk, now=_clock(MONDAYS[0]))
    with Library.open(desk) as library:
        (row,) = library.record.schedules.slots("weekly")
    assert "title: Demand" in json.loads(row.definition)["plan"]


def test_golden_questions_hold_a_report_back(desk: Path) -> None:
    """A report from a library that no longer finds what it should is not sent; people are told which questions fell."""
    golden = {"question": "How did demand for heat storage move?", "gold": [{"document": "docs/note.md", "quote": "rose by 12% in 2025"}]}
    lost = golden | {"scope": {"published_to": "2020-01-01"}}
    gate = '[gate]\nquestions = "golden.jsonl"\nleast = 1.0\n'
    _weekly(desk, ZONE + gate + TO_FOLDER)
    (desk / "golden.jsonl").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    assert run_due(desk, now=_clock(MONDAYS[0])).ended[0].state == "published"
    (desk / "docs" / "later.md").write_text(LATER, encoding="utf-8")
    (desk / "golden.jsonl").write_text(f"{json.dumps(golden)}\n{json.dumps(lost)}\n", encoding="utf-8")
    (row, *_) = run_due(desk, now=_clock(MONDAYS[2])).ended
    assert (row.state, row.reason[:52]) == ("held", "1 of 2 golden questions find their passage, fewer th")


def test_a_template_that_is_gone_fails_the_run_and_is_told(desk: Path) -> None:
    """In the run's record, by the schedule's own channel, with exit status 1."""
    _weekly(desk, ZONE + 'template = "glossy"\n' + TO_FOLDER)
    done = run_due(desk, now=_clock(MONDAYS[0]))
    assert not done.ok
    assert [(row.state, "'glossy'" in row.reason) for row in done.ended] == [("failed", True)]
    with Library.open(desk) as library:
        assert [letter.subject for letter in library.record.schedules.letters()] == ["weekly: the run of 2026-01-05T07:00 failed"]


# ── what goes wrong ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("limits", "said"), [("max_tokens = 900", "limits.max_tokens, 900: raise it"), ("max_cost = 0.001", "limits.max_cost, 0.001")]
)
def test_a_run_over_its_cap_ends_before_the_call_that_would_break_it(desk: Path, limits: str, said: str) -> None:
    """Failed at once, with the cap in the record, in the message and in the schedule's health; no second try pays again."""
    _weekly(desk, ZONE + f"[limits]\n{limits}\n" + TO_FOLDER)
    prices = {"RAG_WRITER__PRICE_IN": "1", "RAG_WRITER__PRICE_OUT": "10"}
    with serving(good) as endpoint, writing_with(endpoint), pytest.MonkeyPatch.context() as patch:
        for name, price in prices.items():
            patch.setenv(name, price)
        done = run_due(desk, now=_clock(MONDAYS[0]))
        assert len(endpoint.requests) <= 1
    assert [(row.state, row.tries, said in row.reason) for row in done.ended] == [("failed", 1, True)]
    assert not done.ok
    with Library.open(desk) as library:
        (letter,) = library.record.schedules.letters()
        (health,) = healths(desk, library.record.schedules, now=MONDAYS[0])
    assert said in letter.body
    assert (health.state, said in health.said) == ("failing", True)


def test_a_cap_on_costs_without_prices_is_refused(desk: Path) -> None:
    """It would never be reached."""
    with Library.open(desk) as library, pytest.raises(SettingsError, match=r"limits\.max_cost needs prices"):
        caps_of(library, read_definition(ZONE + "[limits]\nmax_cost = 1.0\n", at="weekly.toml"))


_HOLDER = """
import os, signal, sys, time
from datetime import datetime, timedelta
from pathlib import Path
from rag.app import Library
from rag.schedule import run
from rag.schedule.desk import lease
if __name__ == "__main__":
    workspace, ahead = Path(sys.argv[1]), timedelta(minutes=float(sys.argv[2]))
    start = datetime.fromisoformat(sys.argv[3])
    with lease(workspace, "weekly"):
        if sys.argv[4] == "hangs":
            run._WATCH_S = 3600.0
        run._watch(workspace, "weekly", 1, lambda: start + ahead)
"""


def _holder(desk: Path, tmp_path: Path, *, ahead: float, how: str) -> subprocess.Popen[bytes]:
    """A process that holds the lease with a run that began so many minutes ago."""
    (tmp_path / "holder.py").write_text(_HOLDER, encoding="utf-8")
    with Library.open(desk) as library:
        row = SlotRow(
            schedule="weekly", slot="2026-01-05T07:00", due=MONDAYS[0], not_before=MONDAYS[0], state="running", tries=1, started=MONDAYS[0]
        )
        library.record.schedules.put(row)
    command = [sys.executable, str(tmp_path / "holder.py"), str(desk), str(ahead), MONDAYS[0].isoformat(), how]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def test_a_run_over_its_time_is_stopped_and_tried_again(desk: Path, tmp_path: Path) -> None:
    """Its own watch ends it and writes down why; after the last try the run has failed and people are told."""
    process = _holder(desk, tmp_path, ahead=1.5, how="works")
    assert process.wait(timeout=60) == 75
    definition = read_definition(ZONE + "tries = 1\n" + TO_FOLDER, at="weekly.toml")
    with Library.open(desk) as library:
        (row,) = recover(library.record.schedules, "weekly", definition, now=MONDAYS[0])
        (letter,) = library.record.schedules.letters()
    assert (row.state, row.reason) == ("failed", "stopped after 1 minutes, the most that limits.minutes allows")
    assert "limits.minutes" in letter.body


def test_a_holder_that_hangs_is_ended_by_the_next_caller(desk: Path, tmp_path: Path) -> None:
    """It keeps the lock and says nothing: health tells, and the next caller kills it and takes the run up."""
    process = _holder(desk, tmp_path, ahead=0.1, how="hangs")
    later = MONDAYS[0] + timedelta(minutes=8)
    with Library.open(desk) as library:
        book = library.record.schedules
        while book.holder("weekly") is None:
            time.sleep(0.05)
        assert not end_silent(book, "weekly", workspace=desk, now=lambda: MONDAYS[0] + timedelta(minutes=2), waking_s=0)
        (health,) = healths(desk, book, now=later)
        assert (health.state, "nothing was heard of the run" in health.said) == ("late", True)
        assert end_silent(book, "weekly", workspace=desk, now=lambda: later, waking_s=0.2)
        assert process.wait(timeout=10) == -signal.SIGKILL
        definition = read_definition(ZONE, at="weekly.toml")
        recover(book, "weekly", definition, now=later)
        (row,) = book.slots("weekly")
    assert (row.state, row.reason[:15]) == ("due", "its process hun")


def test_each_schedule_says_what_is_wrong_with_it_and_the_others_go_on(desk: Path) -> None:
    """Wrong cron, unknown zone, a lost template, an unreachable mail server, a delivery folder that cannot be made: one line each."""
    folder = desk / "schedules"
    nobody = f'[[deliver]]\nkind = "mail"\nto = ["a@b.c"]\nsender = "r@b.c"\nserver = "127.0.0.1:{free_port()}"\nsecurity = "none"\n'
    wrong = {
        "a-cron": ZONE.replace("MON", "MOON"),
        "b-zone": ZONE.replace("Berlin", "Atlantis"),
        "c-template": ZONE + 'template = "glossy"\n',
        "d-mail": ZONE + nobody,
        "e-folder": ZONE + '[[deliver]]\nkind = "folder"\npath = "rag.toml/out"\n',
    }
    with Library.open(desk) as library:
        for name, text in wrong.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
            library.record.schedules.begin(name, since=datetime(2026, 1, 1, tzinfo=UTC))
        done = run_due(desk, now=_clock(MONDAYS[0]))
        letters = {letter.schedule: letter for letter in library.record.schedules.letters()}
    assert {row.schedule: row.state for row in done.ended} == {"c-template": "failed"} | dict.fromkeys(
        ("d-mail", "e-folder", "weekly"), "published"
    )
    assert {name: len(why.splitlines()) for name, why in done.broken.items()} == {"a-cron": 1, "b-zone": 1}
    assert letters["weekly"].state == "sent"
    assert [
        (letters[name].state, said in letters[name].error) for name, said in (("d-mail", "cannot be reached"), ("e-folder", "cannot write"))
    ] == [
        ("waiting", True),
        ("waiting", True),
    ]


def test_a_source_folder_that_was_revoked_is_said_and_what_was_read_from_it_stays(desk: Path) -> None:
    """One clear error in the run's record, by the schedule's own channel."""
    (desk / "docs").rename(desk / "gone")
    done = run_due(desk, now=_clock(MONDAYS[0]))
    told = [*(row.reason for row in done.ended), *(row.reason for row in done.again)]
    assert len(told) == 1
    assert "docs" in told[0]
    with Library.open(desk) as library:
        assert len(library.record.sources()) == 1


def test_people_are_told_once_of_a_schedule_whose_file_was_spoilt(desk: Path) -> None:
    """By the channels of its last run."""
    run_due(desk, now=_clock(MONDAYS[0]))
    _weekly(desk, ZONE.replace("MON", "MOON"))
    for monday in (MONDAYS[0], MONDAYS[1]):
        assert "MOON" in run_due(desk, now=_clock(monday + timedelta(hours=1))).broken["weekly"]
    with Library.open(desk) as library:
        subjects = [letter.subject for letter in library.record.schedules.letters()]
    assert sorted(subjects) == ["Heat storage, Varland, 2026-01-05", "weekly: the schedule cannot be run"]


# ── kills and crowds ──────────────────────────────────────────────────────────────────────────────────────────────

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
