"""What calls `rag run-due` from outside: the examples of docs/schedulers are checked by their own tools where those are installed."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cronsim import CronSim

from rag.app import Library, create
from rag.cli import cli
from tests.conftest import REPOSITORY

EXAMPLES = REPOSITORY / "docs" / "schedulers"
NOTE = "---\ndate: 2026-01-02\n---\n\n# Heat storage\n\nDemand for heat storage in Varland rose by 12% in 2025.\n"
DAILY = (
    'topic = "Heat storage, Varland"\ncron = "0 7 * * *"\nzone = "UTC"\nformats = ["json"]\n[[deliver]]\nkind = "folder"\npath = "out"\n'
)


def _takes(arguments: list[str]) -> bool:
    """Whether the command line has these options."""
    command = cli.get_command(None, arguments[0])  # type: ignore[arg-type]
    assert command is not None
    known = {name for option in command.params for name in option.opts}
    return {argument for argument in arguments if argument.startswith("-")} <= known


def test_the_crontab_can_be_used() -> None:
    """Five fields that are due some time, and a command that exists."""
    *fields, command = (EXAMPLES / "crontab").read_text(encoding="utf-8").split(maxsplit=5)
    next(CronSim(" ".join(fields), datetime(2026, 1, 1)))  # noqa: DTZ001 - a wall clock
    assert _takes(command.split(">>")[0].split()[1:])


def test_the_cronjob_is_one_of_kubernetes() -> None:
    """Where the API server would look: every mount has its volume, the command exists, nothing is started twice by a retry."""
    made = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8"))
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "CronJob")
    job = made["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert (job["backoffLimit"], pod["restartPolicy"], made["spec"]["concurrencyPolicy"]) == (0, "Never", "Allow")
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["command"][0] == "rag"
    assert _takes(container["command"][1:])
    next(CronSim(made["spec"]["schedule"], datetime(2026, 1, 1)))  # noqa: DTZ001 - a wall clock


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say."""
    for name in ("rag-run-due.service", "rag-run-due.timer"):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("/opt/rag/bin/rag", sys.executable).replace("User=reports", "User=root"), encoding="utf-8"
        )
    done = subprocess.run(["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "rag-run-due" in line]
    assert (done.returncode, complaints) == (0, [])


@pytest.fixture
def due(tmp_path: Path) -> Path:
    """A workspace with a document and a schedule of which a slot is due."""
    workspace = tmp_path / "ws"
    create(workspace, embedder="small")
    (workspace / "docs" / "note.md").write_text(NOTE, encoding="utf-8")
    (workspace / "schedules").mkdir()
    (workspace / "schedules" / "daily.toml").write_text(DAILY, encoding="utf-8")
    with Library.open(workspace) as library:
        library.record.schedules.begin("daily", since=datetime.now(UTC) - timedelta(days=1))
    return workspace


ENGINES = {
    "dagster": ["dagster", "job", "execute", "-f", str(EXAMPLES / "dagster_reports.py"), "-j", "scheduled_reports"],
    "prefect": ["prefect-python", str(EXAMPLES / "prefect_reports.py")],
}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_orchestrator_makes_what_is_due_once(due: Path, tmp_path: Path, engine: str) -> None:
    """The real engine runs its example twice, and a third time on a schedule that cannot be used: it fails then."""
    program = shutil.which(engine)
    if program is None:
        pytest.skip(f"{engine} is not installed: put an environment that has it on the PATH")
    command = [str(Path(program).with_name("python")) if part == "prefect-python" else part for part in ENGINES[engine]]
    own = tmp_path / "bin"
    own.mkdir()
    (own / "rag").write_text(f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m rag "$@"\n', encoding="utf-8")
    (own / "rag").chmod(0o755)
    settings = {"RAG_WORKSPACE": str(due), "PATH": f"{own}:{os.environ['PATH']}", "DAGSTER_HOME": str(own), "PREFECT_HOME": str(own)}
    quiet = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings | quiet
    for _ in range(2):
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    with Library.open(due) as library:
        rows, letters = library.record.schedules.slots("daily"), library.record.schedules.letters()
    assert [(row.state, row.tries) for row in rows] == [("published", 1)]
    assert [letter.state for letter in letters] == ["sent"]
    (due / "schedules" / "daily.toml").write_text("topic = ", encoding="utf-8")
    assert subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False).returncode != 0
