"""Shared fixtures: no network beyond loopback, evaluation data by name."""

import fcntl
import gc
import os
import shutil
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")

LONGEST = (
    "test_web_browser", "test_schedule_run", "test_formats", "test_mcp", "test_faults", "test_people_page", "test_ocr", "test_web",
    "test_scan", "test_access_web", "test_schedule_kill", "test_write_kill", "test_web_schedules", "test_access", "test_end_to_end",
    "test_web_real", "test_web_runs", "test_wheel", "test_web_writing", "test_untraced", "test_watch", "test_web_reports",
)  # fmt: skip
"""Files of half a minute and more on a busy machine, first: a worker that meets one last is waited for."""

gc.disable()  # until all is imported and collected, none of which is garbage
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a loaded machine is no fault of the program


def heed_ctrl_c() -> None:
    """For a child's ``preexec_fn``: a test run in the background hands its children an ignored Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the rest in their order."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector of garbage need not go through it again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def socket_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but loopback or a local socket fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            pytest.fail(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def eval_data() -> Path:
    """The folder of real evaluation data; a test that needs it is skipped by name where it is absent."""
    folder = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"evaluation data not found in {folder}; set RAG_EVAL_DATA")
    return folder


@pytest.fixture(scope="session")
def sample_docs() -> Path:
    """The sample documents of the repository."""
    return REPOSITORY / "sample_docs"


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory, sample_docs: Path) -> Path:
    """A workspace called "workspace" with the sample documents, embedded with the small model. Tests only read it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    original = shared / "sample-workspace"
    with (shared / "sample-workspace.lock").open("w") as lock:  # one worker embeds, the others copy
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not original.exists():
            _read_and_embedded(sample_docs, at=shared / "sample-workspace-in-the-making").rename(original)
    return Path(shutil.copytree(original, tmp_path_factory.mktemp("sample") / "workspace"))


def _read_and_embedded(documents: Path, *, at: Path) -> Path:
    """A new workspace."""
    from rag.app import Library, create
    from rag.ingest import drain

    create(at, folders=[documents], embedder="small")
    with Library.open(at) as library:
        drain(library.ingest(now=datetime(2026, 11, 23, tzinfo=UTC)))
    return at
