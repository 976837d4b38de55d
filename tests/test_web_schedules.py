"""Schedules on the page: looked at, paused, gone on with and asked for, each person their own."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.ingest import drain
from rag.passwords import secret
from rag.schedule import healths, read_definition, run_due
from rag.web import Key, app
from tests.test_web_reports import NOTES

HOST = "http://127.0.0.1:8377"
WEEKLY = 'topic = "Heat storage, Varland, 2024-26"\ncron = "0 7 * * MON"\nzone = "Europe/Berlin"\nowner = "{owner}"\n'


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Ann and Bob, members who see different folders, with a schedule each; Eve, a reader with one; Root, an admin."""
    workspace = tmp_path_factory.mktemp("read") / "ws"
    create(workspace, embedder="small")
    for name, text in NOTES.items():
        (workspace / "docs" / name).write_text(text, encoding="utf-8")
    (workspace / "schedules").mkdir()
    now = datetime.now(UTC)
    with Library.open(workspace) as library:
        drain(library.ingest(now=now))
        people, keys = library.record.people, {}
        for name, role in (("root", "admin"), ("ann", "member"), ("bob", "member"), ("eve", "reader")):
            people.add(name, role=role, password="", now=now)  # type: ignore[arg-type]
            keys[name] = {"authorization": f"Bearer {people.add_key(name, label='test', secret=secret(), now=now)[1]}"}
            (workspace / "schedules" / f"of-{name}.toml").write_text(WEEKLY.format(owner=name), encoding="utf-8")
        library.record.access.put("docs", ["ann", "eve"])
    (workspace / "schedules" / "of-nobody.toml").write_text("topic = 3", encoding="utf-8")
    return SimpleNamespace(keys=keys, workspace=workspace)


@pytest.fixture
def team(read: SimpleNamespace, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A copy of it, served."""
    workspace = Path(shutil.copytree(read.workspace, tmp_path / "ws"))
    with TestClient(app(workspace, key=Key(port=8377), desks=1), base_url=HOST, follow_redirects=False) as client:
        yield SimpleNamespace(client=client, keys=read.keys, workspace=workspace)


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


FORM = {"topic": "Heat storage, Varland, 2024-26", "rhythm": "weekly", "day": "TUE", "time": "06:30", "zone": "Europe/Berlin"}


def file_of(team: SimpleNamespace, name: str) -> str:
    """What was written down."""
    return str((team.workspace / "schedules" / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("form", "written", "explained"),
    [
        ({}, 'cron = "30 6 * * TUE"', "At 06:30 on Tuesday"),
        ({"rhythm": "workdays"}, 'cron = "30 6 * * MON-FRI"', "At 06:30 on Monday through Friday"),
        ({"rhythm": "monthly"}, 'first_working_day = "06:30"', "on the first working day of the month"),
        ({"rhythm": "cron", "cron": "15 5 1 * *", "time": ""}, 'cron = "15 5 1 * *"', "At 05:15 on the first day of every month"),
    ],
)
def test_a_schedule_is_made_on_the_page(team: SimpleNamespace, form: dict[str, str], written: str, explained: str) -> None:
    """Whatever its rhythm; it is its maker's, its page says when it is due, and nobody else but an admin sees it."""
    title = 'Heat \x7f "weekly" \\ für alle'
    made = team.client.post("/schedules", data=FORM | {"title": title, "folder": ["docs"]} | form, headers=team.keys["ann"])
    assert (made.status_code, made.headers["location"]) == (303, "/schedules/heat-weekly-fur-alle?said=added")
    text = file_of(team, "heat-weekly-fur-alle")
    assert written in text
    definition = read_definition(text, at="x")
    assert (definition.title, definition.owner, definition.scope.folders) == (title, "ann", ["docs"])
    assert (definition.deliver, definition.no_news) == ([], "note")
    page = team.client.get(made.headers["location"], headers=team.keys["ann"]).text
    assert "The schedule is added." in page
    assert explained in page
    assert "they are sent to nobody" in page
    assert team.client.get("/schedules/heat-weekly-fur-alle", headers=team.keys["bob"]).status_code == 400
    assert states(team)["heat-weekly-fur-alle"] == "ok"


def test_a_made_schedule_runs_as_its_maker(team: SimpleNamespace) -> None:
    """Ann's stands on what she sees; Bob, who sees nothing of it, gets no report of his."""
    wanted = FORM | {"always": "yes"}
    names = [
        team.client.post("/schedules", data=wanted | {"title": f"By {name}"}, headers=team.keys[name]).headers["location"][
            len("/schedules/") :
        ]
        for name in ("ann", "bob")
    ]
    assert names == ["by-ann?said=added", "by-bob?said=added"]
    assert read_definition(file_of(team, "by-ann"), at="x").no_news == "report"
    for name in ("ann", "bob"):
        assert team.client.post(f"/schedules/by-{name}/run", headers=team.keys[name]).status_code == 303
    done = run_due(team.workspace, now=lambda: datetime.now(UTC) + timedelta(seconds=1))
    ended = {row.schedule: row for row in done.ended}
    assert ended["by-ann"].state == "published"
    assert team.client.get(f"/reports/{ended['by-ann'].report}", headers=team.keys["ann"]).status_code == 200
    assert team.client.get(f"/reports/{ended['by-ann'].report}", headers=team.keys["bob"]).status_code == 400
    assert not ended["by-bob"].report


@pytest.mark.parametrize(
    ("form", "at", "told"),
    [
        ({"topic": " "}, "topic", "Say what the report is about"),
        ({"time": "25:00"}, "time", "Write a time of day, such as 07:00."),
        ({"time": ""}, "time", "Write a time of day, such as 07:00."),
        ({"zone": "Berlin"}, "zone", "The time zone &#39;Berlin&#39; is unknown"),
        ({"zone": ""}, "zone", "Field required."),
        ({"rhythm": "cron", "cron": ""}, "cron", "Write five fields"),
        ({"rhythm": "cron", "cron": "0 7 * * MOON"}, "cron", "Cron &#39;0 7 * * MOON&#39; is never due or no cron expression"),
        ({"pack": "nothing"}, "pack", "No facet pack &#39;nothing&#39;"),
        ({"template": "../x"}, "template", "&#39;../x&#39; is a path, not a name in templates"),
    ],
)
def test_what_is_wrong_with_a_new_schedule_is_told_at_its_field(team: SimpleNamespace, form: dict[str, str], at: str, told: str) -> None:
    """In the words of `rag schedule add`; nothing is made, and the form is as it was filled in."""
    before = states(team)
    answer = team.client.post("/schedules", data=FORM | {"title": "Kept <b>"} | form, headers=team.keys["ann"])
    assert answer.status_code == 422
    assert re.search(rf'id="{at}"[^>]*aria-invalid="true" aria-describedby="{at}-problem" autofocus', answer.text)
    assert re.search(rf'<p class="bad problem" id="{at}-problem" role="alert">{re.escape(told)}', answer.text)
    assert 'value="Kept &lt;b&gt;"' in answer.text
    assert '<option value="TUE" selected>' in answer.text
    assert states(team) == before


def test_two_schedules_of_one_title_have_two_names_and_none_inherits_the_past(team: SimpleNamespace) -> None:
    """Neither of a schedule that another has nor of one that was removed with runs in the record: Bob learns nothing of Ann's."""
    client, wanted = team.client, FORM | {"title": "Of Ann"}
    assert client.post("/schedules", data=wanted, headers=team.keys["bob"]).headers["location"] == "/schedules/of-ann-2?said=added"
    assert client.post("/schedules/of-ann/run", headers=team.keys["ann"]).status_code == 303
    assert client.post("/schedules/of-ann/remove", headers=team.keys["ann"]).status_code == 303
    assert client.post("/schedules", data=wanted, headers=team.keys["bob"]).headers["location"] == "/schedules/of-ann-3?said=added"


def test_a_schedule_is_removed_by_its_owner(team: SimpleNamespace) -> None:
    """The page asks whether it is meant; another's is as unknown as none, an admin removes one whose file is spoilt or gone, too."""
    client = team.client
    assert '<form method="post" action="/schedules/of-ann/remove">' in client.get("/schedules/of-ann", headers=team.keys["ann"]).text
    theirs, never = (client.post(f"/schedules/{name}/remove", headers=team.keys["bob"]) for name in ("of-ann", "of-zoe"))
    assert theirs.status_code == never.status_code == 400
    assert theirs.text.replace("of-ann", "") == never.text.replace("of-zoe", "")
    assert client.post("/schedules/of-eve/remove", headers=team.keys["eve"]).status_code == 403
    gone = client.post("/schedules/of-ann/remove", headers=team.keys["ann"])
    assert (gone.status_code, gone.headers["location"]) == (303, "/schedules?said=removed")
    assert "The schedule is removed." in client.get(gone.headers["location"], headers=team.keys["ann"]).text
    client.post("/schedules/of-bob/pause", headers=team.keys["bob"])
    (team.workspace / "schedules" / "of-bob.toml").unlink()
    assert states(team) == {"of-bob": "broken", "of-eve": "ok", "of-nobody": "broken", "of-root": "ok"}
    for name in ("of-bob", "of-nobody"):
        assert client.post(f"/schedules/{name}/remove", headers=team.keys["root"]).status_code == 303
    assert states(team) == {"of-eve": "ok", "of-root": "ok"}


def test_programs_make_pause_ask_for_and_remove_schedules(team: SimpleNamespace) -> None:
    """As the page does, by JSON; what is wrong is one sentence that names the key."""
    client, mine = team.client, team.keys["ann"]
    wish = {"topic": "Heat storage, Varland", "cron": "0 7 * * MON", "zone": "UTC", "folders": ["docs"]}
    made = client.post("/api/schedules", json=wish, headers=mine)
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["state"]) == ("heat-storage-varland", "ok")
    assert read_definition(file_of(team, "heat-storage-varland"), at="x").owner == "ann"
    there = "/api/schedules/heat-storage-varland"
    assert client.post(f"{there}/pause", headers=mine).json()["state"] == "paused"
    assert client.post(f"{there}/resume", headers=mine).json()["state"] == "ok"
    assert [client.post(f"{there}/run", headers=mine).status_code for _ in range(2)] == [202, 400]
    for method, path in (("GET", there), ("POST", f"{there}/pause"), ("POST", f"{there}/run"), ("DELETE", there)):
        assert client.request(method, path, headers=team.keys["bob"]).status_code == 400
    assert client.get(there, headers=mine).json()["name"] == "heat-storage-varland"
    assert client.post(f"{there}/pause", headers=team.keys["eve"]).status_code == 403
    assert client.delete(there, headers=mine).json() == {"name": "heat-storage-varland"}
    assert client.get(there, headers=mine).status_code == 400
    assert client.post("/api/schedules/of-nobody/pause", headers=team.keys["root"]).status_code == 422
    wrong = client.post("/api/schedules", json=wish | {"zone": "x"}, headers=mine)
    assert (wrong.status_code, "time zone 'x' is unknown" in wrong.json()["error"]) == (422, True)
    assert client.post("/api/schedules", json=wish | {"deliver": []}, headers=mine).status_code == 422
    before = states(team)
    halves = client.post(
        "/api/schedules",
        content=b'{"topic": "\\ud800", "cron": "0 7 * * MON", "zone": "UTC"}',
        headers=mine | {"content-type": "application/json"},
    )
    assert halves.status_code == 422
    assert states(team) == before
