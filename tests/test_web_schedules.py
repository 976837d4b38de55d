"""Schedules on the page: looked at, paused, gone on with and asked for, each person their own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.ingest import drain
from rag.passwords import secret
from rag.schedule import healths, run_due
from rag.web import Key, app
from tests.test_web_reports import NOTES

HOST = "http://127.0.0.1:8377"
WEEKLY = 'topic = "Heat storage, Varland, 2024-26"\ncron = "0 7 * * MON"\nzone = "Europe/Berlin"\nowner = "{owner}"\n'


@pytest.fixture
def team(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Ann and Bob, members who see different folders, with a schedule each; Eve, a reader with one; Root, an admin."""
    create(tmp_path / "ws", embedder="small")
    for name, text in NOTES.items():
        (tmp_path / "ws" / "docs" / name).write_text(text, encoding="utf-8")
    (tmp_path / "ws" / "schedules").mkdir()
    now = datetime.now(UTC)
    with Library.open(tmp_path / "ws") as library:
        drain(library.ingest(now=now))
        people, keys = library.record.people, {}
        for name, role in (("root", "admin"), ("ann", "member"), ("bob", "member"), ("eve", "reader")):
            people.add(name, role=role, password="", now=now)  # type: ignore[arg-type]
            keys[name] = {"authorization": f"Bearer {people.add_key(name, label='test', secret=secret(), now=now)[1]}"}
            (tmp_path / "ws" / "schedules" / f"of-{name}.toml").write_text(WEEKLY.format(owner=name), encoding="utf-8")
        library.record.access.put("docs", ["ann", "eve"])
    (tmp_path / "ws" / "schedules" / "of-nobody.toml").write_text("topic = 3", encoding="utf-8")
    with TestClient(app(tmp_path / "ws", key=Key(port=8377), desks=1), base_url=HOST, follow_redirects=False) as client:
        yield SimpleNamespace(client=client, keys=keys, workspace=tmp_path / "ws")


def states(team: SimpleNamespace) -> dict[str, str]:
    """Schedule -> how it does."""
    with Library.open(team.workspace) as library:
        return {one.name: one.state for one in healths(team.workspace, library.record.schedules, now=datetime.now(UTC))}


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_its_owner_pauses_a_schedule_and_goes_on(team: SimpleNamespace, name: str) -> None:
    """Also one who sees a part of the library; the page says so, and the button is the other one then."""
    mine, client, headers = f"/schedules/of-{name}", team.client, team.keys[name]
    page = client.get(mine, headers=headers).text
    assert "Pause" in page
    assert "Monday" in page
    paused = client.post(f"{mine}/pause", headers=headers)
    assert (paused.status_code, paused.headers["location"]) == (303, mine)
    assert states(team)[f"of-{name}"] == "paused"
    page = client.get(mine, headers=headers).text
    assert "Its slots are skipped until it goes on" in page
    assert "/pause" not in page
    assert client.post(f"{mine}/resume", headers=headers).status_code == 303
    assert states(team)[f"of-{name}"] == "ok"


def test_a_run_that_is_asked_for_is_made_and_shows_its_report(team: SimpleNamespace) -> None:
    """By the next round of whoever makes what is due, as its owner; until then a second one is refused."""
    mine, headers = "/schedules/of-ann", team.keys["ann"]
    assert team.client.post(f"{mine}/run", headers=headers).status_code == 303
    again = team.client.post(f"{mine}/run", headers=headers)
    assert again.status_code == 400
    assert "waits already" in again.text
    assert '<span class="state due">due</span>' in team.client.get(mine, headers=headers).text
    done = run_due(team.workspace, now=lambda: datetime.now(UTC) + timedelta(seconds=1))
    assert [row.state for row in done.ended] == ["published"]
    page = team.client.get(mine, headers=headers).text
    assert f'<a href="/reports/{done.ended[0].report}">Report</a>' in page
    assert team.client.get(f"/reports/{done.ended[0].report}", headers=headers).status_code == 200


def test_another_s_schedule_is_as_unknown_as_none(team: SimpleNamespace) -> None:
    """Bob is told the same of Ann's and of one that never was, and changes nothing; a reader changes not even their own; an admin any."""
    client = team.client
    for path in ("", "/pause", "/run"):
        method = client.post if path else client.get
        theirs, never = (method(f"/schedules/{name}{path}", headers=team.keys["bob"]) for name in ("of-ann", "of-zoe"))
        assert theirs.status_code == never.status_code == 400
        assert theirs.text.replace("of-ann", "") == never.text.replace("of-zoe", "")
    assert client.post("/schedules/of-eve/pause", headers=team.keys["eve"]).status_code == 403
    assert client.get("/schedules/of-eve", headers=team.keys["eve"]).status_code == 200
    assert set(states(team).values()) == {"ok", "broken"}
    assert client.post("/schedules/of-ann/pause", headers=team.keys["root"]).status_code == 303
    assert states(team)["of-ann"] == "paused"


def test_a_schedule_whose_file_cannot_be_used_says_why(team: SimpleNamespace) -> None:
    """And offers nothing that would fail."""
    page = team.client.get("/schedules/of-nobody", headers=team.keys["root"])
    assert page.status_code == 200
    assert "topic" in page.text
    assert "/pause" not in page.text
