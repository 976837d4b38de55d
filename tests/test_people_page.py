"""The page for people: an admin's work done by forms, and what nobody does by mistake."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.errors import UsageError
from rag.ingest import drain
from rag.passwords import fits, hashed
from rag.web import Key, app, rate
from tests.teams import NOW

HOST = "http://127.0.0.1:8377"
PASSWORD = "correct horse battery"
NEW = "another long password"
COOKIE = "rag_session_8377"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A workspace without users."""
    create(tmp_path / "ws", embedder="small")
    return tmp_path / "ws"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two admins, a member, a program that comes by keys, and a group with a list."""
    made = tmp_path_factory.mktemp("made") / "ws"
    create(made, embedder="small")
    password = hashed(PASSWORD)
    with Library.open(made) as library:
        people = library.record.people
        for name, role in (("root", "admin"), ("amy", "admin"), ("bob", "member")):
            people.add(name, role=role, password=password, now=NOW)  # type: ignore[arg-type]
        people.add("dashboard", role="admin", password="", now=NOW)
        people.put_into("board", ["bob"])
        library.record.access.put("docs/board", ["board"])
        library.record.access.put("docs/pay.md", ["amy"])
    return made


@pytest.fixture
def workspace(made_once: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copytree(made_once, tmp_path / "ws"))


@pytest.fixture
def client(workspace: Path) -> Iterator[TestClient]:
    """Nobody yet."""
    with TestClient(app(workspace, key=Key(port=8377), desks=1), base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as made:
        yield made


@pytest.fixture
def root(client: TestClient) -> TestClient:
    """Logged in as root."""
    log_in(client, "root")
    return client


def other(client: TestClient) -> TestClient:
    """Another browser at the same server."""
    return TestClient(client.app, base_url=HOST, headers={"origin": HOST}, follow_redirects=False)


def log_in(client: TestClient, name: str, password: str = PASSWORD) -> int:
    """The status; the client keeps the cookie."""
    return client.post("/login", data={"name": name, "password": password}).status_code


def post(client: TestClient, to: str, /, **data: Any) -> tuple[int, str]:
    """(status, where it leads or what is said to be wrong)."""
    answer = client.post(to, data=data)
    wrong = re.search(r'<p class="bad" role="alert"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return answer.status_code, answer.headers.get("location") or (wrong[1] if wrong else answer.text)


def named(workspace: Path) -> dict[str, str]:
    """Name -> role of the users there are."""
    with Library.open(workspace) as library:
        return {user.name: user.role for user in library.record.people.users()}


def test_the_first_user_is_an_admin_who_can_come_in(empty: Path) -> None:
    """Anything less would lock everybody out; after it the printed address opens nothing, and the entrance is where one is led."""
    key = Key(port=8377)
    with TestClient(app(empty, key=key, desks=1), base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as client:
        client.get(f"/?token={key.token}")
        assert "There are no users" in client.get("/people").text
        for wrong in ({"role": "member", "password": PASSWORD, "again": PASSWORD}, {"role": "admin"}):
            assert post(client, "/people/users", name="ann", **wrong)[1].startswith("The first user is an admin with a password")
        assert named(empty) == {}
        assert post(client, "/people/users", name="Ann", role="admin", password=PASSWORD, again=PASSWORD) == (303, "/login")
        assert client.get("/people").headers["location"].startswith("/login")
        assert client.get(f"/?token={key.token}").status_code != 200
        assert log_in(client, "ann") == 303
        assert "ann" in client.get("/people").text


def test_the_first_user_s_password_is_not_sent_in_the_clear(empty: Path) -> None:
    """Under another host's name without TLS, where `rag serve` would have refused to start with users."""
    key = Key(port=8377)
    base = "http://research.local:8377"
    made = app(empty, key=key, desks=1, names=["research.local"])
    with TestClient(made, base_url=base, headers={"origin": base}, follow_redirects=False) as client:
        client.get(f"/?token={key.token}")
        said = post(client, "/people/users", name="ann", role="admin", password=PASSWORD, again=PASSWORD)
    assert "in the clear" in said[1]
    assert named(empty) == {}


def test_a_user_is_added_changed_and_removed(root: TestClient, workspace: Path) -> None:
    """Each step leads to where it shows; a removed one is out at once."""
    assert post(root, "/people/users", name="Cleo", role="reader", password=PASSWORD, again=PASSWORD) == (
        303,
        "/people/users/cleo?said=added",
    )
    assert post(root, "/people/users/cleo/role", role="member") == (303, "/people/users/cleo?said=role")
    assert "The role is changed" in root.get("/people/users/cleo?said=role").text
    cleo = other(root)
    assert log_in(cleo, "cleo") == 303
    assert cleo.get("/library").status_code == 200
    assert cleo.get("/people").status_code == 403
    assert post(root, "/people/users/cleo/password", password=NEW, again=NEW) == (303, "/people/users/cleo?said=password")
    assert cleo.get("/library").status_code == 303, "a new password ends sessions"
    assert log_in(cleo, "cleo", NEW) == 303
    assert post(root, "/people/users/cleo/remove", sure="yes") == (303, "/people#users")
    assert cleo.get("/library").status_code == 303
    assert "cleo" not in named(workspace)


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("/people/users", {"name": "bob", "role": "member"}, "is a user or a group already"),
        ("/people/users", {"name": "Ann Smith", "role": "member"}, "cannot be a name"),
        ("/people/users", {"name": "zoe", "role": "member", "password": "short", "again": "short"}, "10 characters at least"),
        ("/people/users", {"name": "zoe", "role": "member", "password": PASSWORD, "again": NEW}, "not the same"),
        ("/people/users", {"name": "zoe", "role": "member", "again": NEW}, "not the same"),
        ("/people/users/bob/password", {"password": "", "again": ""}, "10 characters at least"),
        ("/people/users/bob/password", {"password": PASSWORD, "again": NEW}, "not the same"),
        ("/people/users/bob/remove", {}, "cannot be taken back"),
        ("/people/users/root/remove", {"sure": "yes"}, "This is you"),
        ("/people/users/root/role", {"role": "reader"}, "This is you"),
        ("/people/users/nobody-here/role", {"role": "reader"}, "There is no user"),
        ("/people/keys/00000000/revoke", {}, "There is no key"),
        ("/people/groups", {"group": "bob"}, "is a user or a group already"),
        ("/people/groups/board/remove", {}, "cannot be taken back"),
        ("/people/groups/none", {"member": ["bob"]}, "There is no group"),
        ("/people/groups/board", {"member": ["zoe"]}, "There is no user"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(root: TestClient, workspace: Path, path: str, data: dict[str, Any], said: str) -> None:
    """In one sentence; names and roles, groups and lists stay."""

    def held() -> list[Any]:
        with Library.open(workspace) as library:
            return [library.record.people.users(), library.record.people.groups(), library.record.access.lists()]

    before = held()
    status, told = post(root, path, **data)
    assert status == 400
    assert said in told
    assert held() == before
    assert log_in(root, "bob") == 303, "the password stays, too"


def test_an_admin_who_can_log_in_always_remains(root: TestClient, workspace: Path) -> None:
    """Two admins who demote each other at once leave one; an admin without a password does not count."""
    amy = other(root)
    log_in(amy, "amy")
    assert post(amy, "/people/users/root/role", role="reader")[0] == 303
    assert post(root, "/people/users/amy/role", role="reader")[0] == 403, "root is no admin any more"
    assert [name for name, role in named(workspace).items() if role == "admin"] == ["amy", "dashboard"]
    with Library.open(workspace) as library:
        people = library.record.people
        with pytest.raises(UsageError, match="no admin would be left who can log in"):
            people.remove("amy", keep_admin=True)
        with pytest.raises(UsageError, match="no admin would be left who can log in"):
            people.set_role("amy", "member", keep_admin=True)
        people.remove("amy")  # whoever has the files may
    assert "amy" not in named(workspace)


def test_a_key_is_shown_once_and_revoked(root: TestClient) -> None:
    """It opens the API as its user; the page that is loaded again has its id alone; a revoked one opens nothing."""
    made = root.post("/people/users/bob/keys", data={"label": "<b>notebook</b>"})
    (key,) = re.findall(r"rag_[\w-]{43}", made.text)
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert "<b>notebook" not in made.text
    again = root.get("/people/users/bob").text
    (identity,) = re.findall(r"/people/keys/([0-9a-f]{8})/revoke", again)
    assert key not in again + root.get("/people").text
    program = {"authorization": f"Bearer {key}"}
    browser = other(root)
    assert browser.get("/api/status", headers=program).status_code == 200
    assert browser.get("/people", headers=program).status_code == 403
    assert post(root, f"/people/keys/{identity}/revoke") == (303, "/people/users/bob")
    assert browser.get("/api/status", headers=program).status_code == 401
    assert "sees every document" in root.post("/people/users/amy/keys", data={"label": "x"}).text


def test_groups_are_made_filled_and_removed(root: TestClient, workspace: Path) -> None:
    """Those who are ticked are in it and nobody else; a removed group leaves its list narrower."""
    assert post(root, "/people/groups", group="Desk") == (303, "/people#groups")
    assert post(root, "/people/groups/desk", member=["bob", "amy"]) == (303, "/people#groups")
    assert post(root, "/people/groups/desk", member=["amy"]) == (303, "/people#groups")
    assert post(root, "/people/groups/board/remove", sure="yes") == (303, "/people#groups")
    with Library.open(workspace) as library:
        assert library.record.people.groups() == {"desk": ("amy",)}
        assert library.record.access.lists()[0].who == "nobody"


@pytest.mark.parametrize(
    ("user", "path", "told"),
    [
        ("bob", "docs/board/agenda.pdf", "yes.</strong> the list at docs/board names board"),
        ("bob", "docs/pay.md", "no.</strong> the list at docs/pay.md is for amy"),
        ("bob", "/", "yes.</strong> no list is at this path or above it"),
        ("amy", "docs/pay.md", "yes.</strong> amy is an admin"),
        ("zoe", "docs/pay.md", "no.</strong> there is no user"),
    ],
)
def test_the_page_says_who_sees_what_and_why(root: TestClient, user: str, path: str, told: str) -> None:
    """As `rag access check` does; the lists stand beside it."""
    page = root.get("/people", params={"user": user, "path": path}).text
    assert told in page
    assert re.search(r"<code>docs/board</code></a>: board", page)


def test_a_list_is_set_changed_and_taken_away(root: TestClient, workspace: Path) -> None:
    """By the code of `rag access`; each step holds from the next request of the person concerned on, and the page says who sees it now."""
    for folder in ("board", "open"):
        (workspace / "docs" / folder).mkdir()
        (workspace / "docs" / folder / "note.md").write_text(f"# Note of the {folder}\n\nVelox sold 420 MWh.\n", encoding="utf-8")
    with Library.open(workspace) as library:
        drain(library.ingest(now=NOW))
        library.record.access.clear("docs/pay.md")
    bob = other(root)
    log_in(bob, "bob")

    def seen() -> list[str]:
        return [one["path"] for one in bob.get("/api/documents").json()["documents"]]

    both, there = ["docs/board/note.md", "docs/open/note.md"], "/people/list?path=docs%2Fopen"
    assert seen() == both
    page = root.get("/people/list", params={"path": "docs/open"}).text
    assert "No list is here or above: <strong>every user</strong>" in page
    assert re.search(r'value="everyone" checked', page)
    assert "Take this list away" not in page
    assert post(root, "/people/list", path="docs/open", who="named", name=["amy", "dashboard"]) == (303, f"{there}&said=set")
    assert seen() == both[:1]
    page = root.get(f"{there}&said=set").text
    assert "The list is kept" in page
    assert "<strong>amy, dashboard</strong>" in page
    assert "Decides about 1 file." in page
    assert "Now seen by amy, dashboard, root" in page
    assert re.search(r'name="name" value="amy" checked', page)
    assert post(root, "/people/list", path="/", who="nobody") == (303, "/people/list?path=%2F&said=set")
    assert "docs/open/note.md" not in seen()
    assert post(root, "/people/list", path="docs/open/", who="named", name=["Board"])[0] == 303
    assert seen() == both
    assert "The list at <code>/</code> decides then: nobody." in root.get(there).text
    assert post(root, "/people/list/remove", path="docs/open") == (303, f"{there}&said=cleared")
    assert seen() == both[:1]
    assert post(root, "/people/list", path="/", who="everyone")[0] == 303
    assert seen() == both
    document = bob.get("/api/documents").json()["documents"][1]["document"]
    assert 'href="/people/list?path=docs/open/note.md"' in root.get(f"/documents/{document}").text
    assert "/people/list" not in bob.get(f"/documents/{document}").text


@pytest.mark.parametrize(
    ("form", "told", "at"),
    [
        ({"path": "dosc/board", "who": "nobody"}, "Dosc/board is in no folder of this library; there is: docs;", "place-problem"),
        ({"path": "", "who": "nobody"}, "Name a folder or a document, or / for everything.", "place-problem"),
        ({"path": "docs/open", "who": "named"}, "Tick a user or a group, or choose nobody.", "who-problem"),
        ({"path": "docs/open", "who": "named", "name": ["zoe"]}, "&#39;zoe&#39; is no user and no group", "who-problem"),
        ({"path": "docs/open", "who": "named", "name": ["amy", "everyone"]}, "Everyone and nobody stand alone", "who-problem"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_at_its_field(
    root: TestClient, workspace: Path, form: dict[str, Any], told: str, at: str
) -> None:
    """And nothing is changed; what was ticked stays so."""
    answer = root.post("/people/list", data=form)
    assert answer.status_code == 400
    assert re.search(rf'id="{at}" role="alert">{told}', answer.text)
    assert f'aria-describedby="{at}"' in answer.text
    assert ('value="amy" checked' in answer.text) == ("amy" in form.get("name", []))
    with Library.open(workspace) as library:
        assert [one.path for one in library.record.access.lists()] == ["docs/board", "docs/pay.md"]


def test_a_list_at_a_folder_that_is_gone_is_taken_away(root: TestClient, workspace: Path) -> None:
    """The page shows it, and that it decides about nothing."""
    with Library.open(workspace) as library:
        library.record.access.put("old/board", ["amy"])
    assert "no known file lies here" in root.get("/people/list", params={"path": "old/board"}).text
    assert post(root, "/people/list/remove", path="old/board")[0] == 303
    assert post(root, "/people/list/remove", path="old/board")[0] == 400
    assert "old/board" not in root.get("/people").text


def test_one_changes_one_s_own_password_by_the_one_before(client: TestClient, workspace: Path) -> None:
    """A wrong one is told, and guessing it is throttled as at the entrance; every session ends."""
    log_in(client, "bob")
    right = {"before": PASSWORD, "password": NEW, "again": NEW}
    assert post(client, "/you/password", **right | {"before": "x"}) == (400, "Your present password is another one.")
    assert "not the same" in post(client, "/you/password", **right | {"again": PASSWORD})[1]
    assert "10 characters" in post(client, "/you/password", **right | {"password": "x", "again": "x"})[1]
    for _ in range(4):
        post(client, "/you/password", **right | {"before": "x"})
    assert post(client, "/you/password", **right | {"before": "x"})[0] == 429
    with Library.open(workspace) as library:
        assert fits(PASSWORD, library.record.people.password_of("bob")[1])
    log_in(client, "amy")
    assert post(client, "/you/password", **right) == (303, "/login?next=/you")
    assert client.get("/you").status_code == 303
    assert (log_in(client, "amy"), log_in(client, "amy", NEW)) == (401, 303)


def test_nothing_of_it_is_asked_for_by_another_page(root: TestClient, workspace: Path) -> None:
    """A foreign page cannot make an admin's browser add an admin."""
    body = {"name": "eve", "role": "admin", "password": PASSWORD, "again": PASSWORD}
    assert root.post("/people/users", data=body, headers={"origin": "https://evil.example"}).status_code == 403
    assert "eve" not in named(workspace)


def test_one_person_s_flood_is_refused_and_another_is_served(root: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status and the header that programs wait at; strangers are not counted, since they get nothing."""
    monkeypatch.setattr(rate, "AT_ONCE", 5.0)
    monkeypatch.setattr(rate, "A_SECOND", 0.01)
    answers = [root.get("/you") for _ in range(7)]
    assert {answer.status_code for answer in answers[5:]} == {429}
    assert answers[-1].headers["retry-after"] == "1"
    amy = other(root)
    assert log_in(amy, "amy") == 303
    assert amy.get("/you").status_code == 200
