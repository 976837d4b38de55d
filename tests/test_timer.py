"""A served workspace makes its scheduled reports by itself, and says to strangers how its schedules do, in numbers only."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.web import Key, app
from rag.web.timer import Timer

DAILY = 'topic = "Heat storage, Varland"\ncron = "0 7 * * *"\nzone = "UTC"\nformats = ["json"]\n'
NOTE = "---\ndate: 2026-01-02\n---\n\n# Heat storage\n\nDemand for heat storage in Varland rose by 12% in 2025.\n"
HOST = "http://127.0.0.1:8377"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """One document, not read yet, and a schedule of which a slot is due."""
    create(tmp_path / "ws", embedder="small")
    (tmp_path / "ws" / "docs" / "note.md").write_text(NOTE, encoding="utf-8")
    (tmp_path / "ws" / "schedules").mkdir()
    (tmp_path / "ws" / "schedules" / "daily.toml").write_text(DAILY, encoding="utf-8")
    with Library.open(tmp_path / "ws") as library:
        library.record.schedules.begin("daily", since=datetime.now(UTC) - timedelta(days=1))
    return tmp_path / "ws"


def _states(workspace: Path) -> list[str]:
    with Library.open(workspace) as library:
        return [row.state for row in library.record.schedules.slots("daily")]


def test_a_server_makes_what_is_due(workspace: Path) -> None:
    """In a process of its own, and leaves none behind."""
    timer = Timer(workspace, clock=lambda: datetime.now(UTC), every_s=0.1)
    with TestClient(app(workspace, key=Key(port=8377), timer=timer), base_url=HOST):
        last = time.monotonic() + 120
        while _states(workspace) != ["published"] and time.monotonic() < last:
            time.sleep(0.2)
    assert _states(workspace) == ["published"]
    assert all(one.process.wait(timeout=30) is not None for one in timer._rounds)


def test_health_counts_schedules_without_their_names(workspace: Path) -> None:
    """No token is asked for, so no name is given."""
    with Library.open(workspace) as library:
        library.record.schedules.begin("gone", since=datetime.now(UTC))
    with TestClient(app(workspace, key=Key(port=8377)), base_url=HOST) as client:
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["state"] == "alive"
    assert answer.json()["schedules"]["broken"] == 1
    assert "gone" not in answer.text
    assert "daily" not in answer.text
