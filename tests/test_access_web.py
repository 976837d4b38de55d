"""The doors of a team: every route by seven kinds of people, logging in and out, keys, and what an outsider tries."""

import io
import json
import logging
import re
import time
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.errors import AccessError
from rag.ingest import drain
from rag.passwords import fits, hashed, secret
from rag.types import Reader, Role
from rag.web import Key, app
from rag.web.accounts import Accounts, Tries
from rag.web.entrance import own_path
from rag.web.rules import NEEDS, may, needs
from rag.web.watch import Lines
from tests.teams import EVERYTHING, NOW, Paper, leaked, papers, write

PASSWORD = "correct horse battery"
HOST = "http://127.0.0.1:8377"
COOKIE = "rag_session_8377"
MADE = papers(8)
BOARD = [paper for paper in MADE if "/board" in paper.path]
ROLES: dict[str, Role] = {"root": "admin", "ann": "member", "bob": "member", "eve": "reader"}
SEES: dict[str, Sequence[Paper]] = {"root": MADE, "ann": MADE, "bob": [paper for paper in MADE if paper not in BOARD], "eve": MADE[:1]}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A served library with four users, a removed one's session, a revoked key, and things of ann's that bob must not see."""
    root = tmp_path_factory.mktemp("served")
    write(root, MADE)
    create(root / "ws", folders=[root / EVERYTHING], embedder="small")
    keys = {}
    with Library.open(root / "ws") as library:
        drain(library.ingest(now=NOW))
        people, password = library.record.people, hashed(PASSWORD)
        for name, role in (ROLES | {"dan": "admin"}).items():
            people.add(name, role=role, password=password, now=NOW)
            keys[name] = people.add_key(name, label="test", secret=secret(), now=NOW)[1]
        people.put_into("board", ["ann"])
        people.put_into("spare", ["eve"])
        revoked, keys["revoked"] = people.add_key("root", label="old", secret=secret(), now=NOW)
        people.revoke(revoked)
        for path, names in {f"{EVERYTHING}/board": ["board"], EVERYTHING: ["ann", "bob"], MADE[0].path: ["ann", "bob", "eve"]}.items():
            library.record.access.put(path, names)
        report = library.report("Zinc-air storage, Marenland, 2023-26", as_of=NOW.date(), now=NOW, formats=["json"]).report.id
        hidden = next(source.document for source in library.record.sources() if source.path == BOARD[0].path)
    with TestClient(app(root / "ws", key=Key(port=8377), desks=1), base_url=HOST, follow_redirects=False) as client:
        sessions = {name: log_in(client, name) for name in ("ann", "dan")}
        with Library.open(root / "ws") as library:
            library.record.people.remove("dan")
        asked, spare = (
            client.post("/api/ask", json={"question": f"What did {BOARD[0].name} sell?"}, headers=bearer(keys["ann"])).json()
            for _ in range(2)
        )
        run = client.post("/api/ingest", headers=bearer(keys["ann"])).json()["id"]
        while client.get(f"/api/runs/{run}", headers=bearer(keys["ann"])).json()["state"] not in ("done", "failed"):
            time.sleep(0.2)
        yield SimpleNamespace(
            client=client,
            keys=keys,
            sessions=sessions,
            workspace=root / "ws",
            report=report,
            hidden=hidden,
            chat=asked["chat"],
            spare=spare["chat"],
            run=run,
        )


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def log_in(client: TestClient, name: str, **headers: str) -> str:
    """The cookie that a browser gets."""
    answer = client.post("/login", data={"name": name, "password": PASSWORD}, headers={"origin": HOST} | headers)
    client.cookies.clear()
    assert answer.status_code == 303, answer.text
    return str(re.findall(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"])[0])


def routes(team: SimpleNamespace) -> list[tuple[str, str, str]]:
    """(method, path as written, path with ann's and the board's things filled in) of every route of the application."""
    inner: Any = team.client.app
    filled = {"document": team.hidden, "report": team.report, "before": team.report, "after": team.report, "kind": "md", "model": "rag"}
    filled |= {"chat": team.chat, "number": 1, "run": team.run, "claim": "c-000000000000"}
    filled |= {"name": "eve", "group": "spare", "key": "00000000"}
    return [
        (method, route.path, _filled(route.path, filled | ({"chat": team.spare} if _deletes(method, route.path) else {})))
        for route in _all(inner._inner._inner.routes)
        for method in sorted(route.methods or ())
    ]


def _deletes(method: str, path: str) -> bool:
    return method == "DELETE" or path.endswith("/delete")


def _filled(path: str, values: dict[str, Any]) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: str(values[found[1]]), path)


def _all(found: Sequence[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _all(route.original_router.routes)


def call(team: SimpleNamespace, method: str, written: str, path: str, headers: dict[str, str]) -> Any:
    """The request, with a body that fits where one is asked for."""
    body: dict[str, Any] = {}
    if method == "POST":
        question = f"What did {BOARD[0].name} sell in 2026? Zinc-air capacity in Marenland?"
        bodies: dict[str, dict[str, Any]] = {
            "/api/ask": {"json": {"question": "zinc-air capacity in Marenland", "keep": False, "chat": team.chat}},
            "/ask": {"data": {"question": "zinc-air capacity in Marenland", "chat": team.chat}},
            "/v1/chat/completions": {"json": {"messages": [{"role": "user", "content": question}]}},
            "/v1/embeddings": {"json": {"input": "x"}},
            "/api/reports": {"json": {}},
            "/api/documents": {"files": {"files": ("x.exe", b"x")}},
            "/library": {"files": {"files": ("x.exe", b"x")}},
        }
        body = bodies.get(written, {})
    params = {"q": f"{BOARD[0].name} zinc-air capacity"} if written.endswith("/search") else {}
    params |= {"before": team.report, "after": team.report} if written == "/compare" else {}
    return team.client.request(method, path, headers=headers, params=params, **body)


# ── every route x every kind of person ────────────────────────────────────────────────────────────────────────────


def test_every_route_declares_what_it_asks(team: SimpleNamespace) -> None:
    """A new route needs a line in rag/web/rules.py; until then it is for admins only. No line is of a route that is gone."""
    found = {f"{method} {written}" for method, written, _ in routes(team)}
    assert len(found) > 45
    assert found == set(NEEDS)
    assert needs("GET", "/api/something/new") == "admin"


@pytest.mark.parametrize("kind", ["nobody", "wrong key", "revoked key", "removed user's session", "removed user's key", "wrong cookie"])
def test_strangers_get_nothing_anywhere(team: SimpleNamespace, kind: str) -> None:
    """Every route but the probes and the entrance answers 401, or leads to the entrance, and holds nothing of the library."""
    headers = {
        "nobody": {},
        "wrong key": bearer("rag_" + "x" * 43),
        "revoked key": bearer(team.keys["revoked"]),
        "removed user's session": {"cookie": f"{COOKIE}={team.sessions['dan']}", "origin": HOST},
        "removed user's key": bearer(team.keys["dan"]),
        "wrong cookie": {"cookie": f"{COOKIE}=x", "origin": HOST},
    }[kind]
    for method, written, path in routes(team):
        answer = call(team, method, written, path, headers)
        said = answer.text + str(answer.headers)
        assert not leaked(said, hidden=MADE), (method, path)
        if needs(method, written) == "open" and path != "/":
            continue
        assert answer.status_code in (401, 303), (method, path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("name", ["root", "ann", "bob", "eve"])
def test_users_get_what_they_may_see(team: SimpleNamespace, name: str) -> None:
    """Through every route: a role that is not enough is 403, and no answer holds a word of a document that is hidden from the person."""
    hidden = [paper for paper in MADE if paper not in SEES[name]]
    order = ["reader", "member", "admin"]
    for method, written, path in routes(team):
        least = needs(method, written)
        if written in ("/login", "/logout") or (ROLES[name] == "admin" and "ingest" in written):
            continue
        if written in ("/ingest", "/api/ingest") and name != "eve":
            continue  # one run is enough for this test
        answer = call(team, method, written, path, bearer(team.keys[name]))
        refused = least != "open" and order.index(ROLES[name]) < order.index(least)
        assert (answer.status_code == 403) == refused or answer.status_code == 400, (method, path, answer.status_code, answer.text)
        assert answer.status_code not in (401, 500), (method, path, answer.text)
        said = answer.text.replace(f"{BOARD[0].name} zinc-air capacity", "")  # what was searched for is told back in its field
        assert not leaked(said + str(answer.headers), hidden=hidden), (method, path)
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


@pytest.mark.parametrize("name", ["root", "ann", "eve"])
def test_no_page_offers_what_its_reader_may_not_do(team: SimpleNamespace, name: str) -> None:
    """Every form and link of every page leads to a route that the role is enough for: Health stands in an admin's menu only."""
    written = {(method, route) for method, route, _ in routes(team)}
    offered: set[str] = set()
    for method, route, path in routes(team):
        if method == "GET" and not route.startswith(("/api", "/v1", "/metrics", "/healthz", "/readyz", "/login")):
            page = call(team, method, route, path, bearer(team.keys[name])).text
            forms = re.findall(r'<form[^>]*?method="(\w+)"[^>]*?action="([^"]+)"', page) + [
                ("post", to) for to in re.findall(r'formaction="([^"]+)"', page)
            ]
            targets = [(kind.upper(), to) for kind, to in forms] + [("GET", to) for to in re.findall(r'<a [^>]*?href="(/[^"]*)"', page)]
            offered |= {_route_of(kind, to, written) for kind, to in targets}
    reader = Reader(user=1, name=name, role=ROLES[name])
    assert [route for route in sorted(offered) if not may(reader, route)] == []
    assert ("GET /health" in offered) == ("GET /people" in offered) == (name == "root")
    assert ("POST /library" in offered) == ("POST /reports" in offered) == (name != "eve")
    assert {"POST /ask", "POST /logout", "POST /you/password"} <= offered


def _route_of(method: str, address: str, written: set[tuple[str, str]]) -> str:
    """The route that an address leads to, as it is written."""
    path = unescape(address).partition("#")[0].partition("?")[0]
    found = [route for kind, route in written if kind == method and re.fullmatch(re.sub(r"\{\w+(:path)?\}", "[^/]+", route), path)]
    assert found, (method, address)
    return f"{method} {min(found, key=lambda route: route.count('{'))}"


@pytest.mark.parametrize(
    ("written", "of"),
    [
        ("/api/documents/{}", "hidden"),
        ("/api/documents/{}/text", "hidden"),
        ("/documents/{}", "hidden"),
        ("/api/reports/{}", "report"),
        ("/api/reports/{}/files/pdf", "report"),
        ("/reports/{}", "report"),
        ("/reports/{}/read", "report"),
        ("/api/chats/{}", "chat"),
        ("/api/chats/{}/markdown", "chat"),
        ("/chats/{}", "chat"),
        ("/api/runs/{}", "run"),
        ("/api/runs/{}/events", "run"),
        ("/runs/{}", "run"),
    ],
)
def test_another_s_thing_is_as_unknown_as_none(team: SimpleNamespace, written: str, of: str) -> None:
    """By its very address bob is told what he is told of an address that never was; ann gets it."""
    real = str(getattr(team, of))
    never = "7" * len(real)
    headers = bearer(team.keys["bob"])
    mine, theirs = (team.client.get(written.format(one), headers=headers) for one in (real, never))
    assert mine.status_code == theirs.status_code >= 400
    said = [re.sub(r"(?i)(no (?:chat|run|document|report)) \S+", r"\1", answer.text) for answer in (mine, theirs)]
    assert said[0] == said[1]
    assert team.client.get(written.format(real), headers=bearer(team.keys["ann"])).status_code == 200


@pytest.mark.parametrize(("method", "written"), [("DELETE", "/api/chats/{}"), ("POST", "/chats/{}/delete")])
def test_a_chat_is_deleted_by_its_owner(team: SimpleNamespace, method: str, written: str) -> None:
    """Bob and an admin are told of ann's what they are told of none; ann deletes it, with what she may not see any more."""
    asked = team.client.post("/api/ask", json={"question": f"What did {BOARD[0].name} sell?"}, headers=bearer(team.keys["ann"])).json()
    for name in ("bob", "root"):
        headers = bearer(team.keys[name])
        theirs, never = (team.client.request(method, written.format(chat), headers=headers) for chat in (asked["chat"], 777))
        assert theirs.status_code == never.status_code == 400
        assert theirs.text.replace(str(asked["chat"]), "777", 1) == never.text
    with Library.open(team.workspace) as library:
        library.record.access.put(f"{EVERYTHING}/board", ["nobody"])
        assert asked["chat"] in [turn.chat for turn in library.turns()]
    try:
        assert team.client.get(f"/api/chats/{asked['chat']}", headers=bearer(team.keys["ann"])).json() == []
        answer = team.client.request(method, written.format(asked["chat"]), headers=bearer(team.keys["ann"]))
        assert answer.status_code in (200, 303)
    finally:
        with Library.open(team.workspace) as library:
            library.record.access.put(f"{EVERYTHING}/board", ["board"])
            assert asked["chat"] not in [turn.chat for turn in library.turns()]


def test_a_run_is_stopped_by_its_owner(team: SimpleNamespace) -> None:
    """Another's cannot be."""
    assert team.client.post(f"/api/runs/{team.run}/stop", headers=bearer(team.keys["bob"])).status_code == 400
    assert team.client.post(f"/api/runs/{team.run}/stop", headers=bearer(team.keys["ann"])).status_code == 200
    assert team.client.get("/api/runs", headers=bearer(team.keys["bob"])).json() == []


def test_the_conversation_of_one_key_is_nothing_to_another(team: SimpleNamespace) -> None:
    """The answers that /v1 remembers to understand follow-ups are of the person and of what they could see."""
    messages = [{"role": "user", "content": "What is the zinc-air capacity in Marenland?"}]
    messages += [{"role": "assistant", "content": "x"}, {"role": "user", "content": "And in 2026?"}]
    said: dict[str, list[str]] = {}
    for name in ("ann", "bob", "ann", "bob"):
        answer = team.client.post("/v1/chat/completions", json={"messages": messages}, headers=bearer(team.keys[name]))
        said.setdefault(name, []).append(answer.json()["choices"][0]["message"]["content"])
    assert not leaked(str(said["bob"]), hidden=BOARD)
    assert said["bob"][0] == said["bob"][1]


def test_uploads_go_where_the_person_sees_them(team: SimpleNamespace) -> None:
    """Whoever does not see a folder adds nothing to it."""
    with Library.open(team.workspace) as library:
        library.record.access.put(EVERYTHING, ["ann"])
        try:
            answer = team.client.post("/api/documents", files={"files": ("new.md", b"# New")}, headers=bearer(team.keys["bob"]))
        finally:
            library.record.access.put(EVERYTHING, ["ann", "bob"])
    assert answer.status_code == 403
    assert not (team.workspace.parent / EVERYTHING / "new.md").exists()


# ── logging in and out ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_begins_at_the_entrance_and_ends_there(team: SimpleNamespace) -> None:
    """The cookie cannot be read by scripts or sent by other sites; after logging out it opens nothing."""
    client = team.client
    answer = client.post("/login", data={"name": "ANN ", "password": PASSWORD, "next": "/library"}, headers={"origin": HOST})
    client.cookies.clear()
    assert (answer.status_code, answer.headers["location"]) == (303, "/library")
    made = answer.headers["set-cookie"]
    assert all(part in made for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    cookie = {"cookie": f"{COOKIE}={re.findall(f'{COOKIE}=([^;]+)', made)[0]}"}
    assert "logged in as <strong>ann" in client.get("/you", headers=cookie).text
    assert client.post("/logout", headers=cookie).status_code == 403, "not by another page"
    out = client.post("/logout", headers=cookie | {"origin": HOST})
    client.cookies.clear()
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert client.get("/you", headers=cookie).status_code == 303
    assert client.get("/api/status", headers=cookie).status_code == 401


def test_a_cookie_that_a_browser_brings_is_never_made_good(team: SimpleNamespace) -> None:
    """Logging in gives a new secret, and ends the session that the browser came with (fixation)."""
    planted = {"cookie": f"{COOKIE}=planted", "origin": HOST}
    assert log_in(team.client, "bob", **planted) != "planted"
    assert team.client.get("/api/status", headers={"cookie": f"{COOKIE}=planted"}).status_code == 401
    first = log_in(team.client, "bob")
    second = log_in(team.client, "bob", cookie=f"{COOKIE}={first}")
    assert team.client.get("/api/status", headers={"cookie": f"{COOKIE}={first}"}).status_code == 401
    assert team.client.get("/api/status", headers={"cookie": f"{COOKIE}={second}"}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "none"}]
)
def test_no_other_page_logs_a_browser_in(team: SimpleNamespace, headers: dict[str, str]) -> None:
    """Nor with a right password: a person could be made to work in a stranger's account."""
    answer = team.client.post("/login", data={"name": "bob", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "given",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/login", "", "/a\r\nset-cookie: x", "\t//e"],
)
def test_the_entrance_leads_nowhere_else(given: str) -> None:
    """What stands in the address is a path of this server, or the first page."""
    assert own_path(given) == "/"
    assert own_path("/documents/x") == "/documents/x"


def test_a_new_password_and_a_lost_role_count_at_once(team: SimpleNamespace) -> None:
    """Sessions end with the password; a role is looked up with every request."""
    session = {"cookie": f"{COOKIE}={log_in(team.client, 'bob')}"}
    with Library.open(team.workspace) as library:
        library.record.people.set_password("bob", hashed(PASSWORD))
        assert team.client.get("/api/status", headers=session).status_code == 401
        library.record.people.set_role("root", "reader")
        try:
            assert team.client.get("/api/health", headers=bearer(team.keys["root"])).status_code == 403
        finally:
            library.record.people.set_role("root", "admin")


def test_a_session_ends_when_it_is_idle_or_old(team: SimpleNamespace) -> None:
    """12 hours without a request, 7 days in any case."""
    from datetime import timedelta

    with Library.open(team.workspace) as library:
        people = library.record.people
        people.begin_session(people.user("bob").id, secret="s", now=NOW)
        assert people.by_session("s", now=NOW + timedelta(hours=11)) is not None
        assert people.by_session("s", now=NOW + timedelta(hours=22)) is not None, "it was used in between"
        assert people.by_session("s", now=NOW + timedelta(hours=35)) is None
        for hours in range(0, 180, 10):
            known = people.by_session("s", now=NOW + timedelta(hours=22 + hours))
        assert known is None


def test_the_server_s_token_opens_nothing_once_there_are_users(team: SimpleNamespace) -> None:
    """Nor its cookie, nor the address that was printed."""
    key = team.client.app._inner._key
    for headers in (bearer(key.token), {"cookie": f"{key.cookie_name}={key.cookie}"}):
        assert team.client.get("/api/status", headers=headers).status_code == 401
    assert team.client.get("/", params={"token": key.token}).status_code == 303
    assert team.client.get("/?token=").headers["location"] == "/login"


def test_a_wrong_key_is_not_made_good_by_a_cookie(team: SimpleNamespace) -> None:
    """Who sends both is asked for both."""
    headers = {"cookie": f"{COOKIE}={log_in(team.client, 'bob')}"} | bearer("rag_wrong")
    assert team.client.get("/api/status", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/API/status", {}),
        ("GET", "/login/../api/status", {}),
        ("GET", "/static/../api/status", {}),
        ("GET", "/static/..%2f..%2fapi/status", {}),
        ("GET", "//api/status", {}),
        ("GET", "/healthz/../api/status", {}),
        ("HEAD", "/api/status", {}),
        ("OPTIONS", "/api/status", {}),
        ("TRACE", "/api/status", {}),
        ("PUT", "/login", {}),
        ("GET", "/api/status", {"x-original-url": "/healthz", "x-rewrite-url": "/healthz", "x-forwarded-user": "root"}),
        ("GET", "/api/status", {"x-http-method-override": "POST", "remote-user": "root", "x-forwarded-for": "127.0.0.1"}),
        ("GET", "/api/openapi.json", {}),
        ("GET", "/api/status", {"authorization": "Basic cm9vdDpjb3JyZWN0IGhvcnNlIGJhdHRlcnk="}),
        ("GET", "/api/status", {"authorization": "Bearer "}),
        ("GET", "/api/status", {"cookie": f"{COOKIE}="}),
    ],
)
def test_tricks_open_no_door(team: SimpleNamespace, method: str, path: str, headers: dict[str, str]) -> None:
    """Odd paths, verbs and headers."""
    answer = team.client.request(method, path, headers=headers)
    assert answer.status_code in (401, 403, 404, 405, 303), answer.status_code
    assert answer.status_code != 303 or answer.headers["location"].startswith("/login")


def test_a_cookie_behind_tls_is_bound_to_the_host(team: SimpleNamespace) -> None:
    """With an https address the cookie is Secure and carries the prefix that nobody can plant it under."""
    served = app(team.workspace, key=Key(port=8377), desks=1, names=["research.example"], address="https://research.example")
    with TestClient(served, base_url="https://research.example", follow_redirects=False) as client:
        sent = {"name": "bob", "password": PASSWORD}
        made = client.post("/login", data=sent, headers={"origin": "https://research.example"}).headers["set-cookie"]
        assert made.startswith("__Host-rag=")
        assert "Secure" in made
        assert "domain" not in made.lower()


# ── guessing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_guessing_is_slowed_and_an_unknown_name_is_told_as_a_wrong_password(team: SimpleNamespace) -> None:
    """The same sentence and status for both; after five tries it has to wait, whether the name exists or not."""
    said = {}
    for name in ("eve", "nosuch"):
        tries = [team.client.post("/login", data={"name": name, "password": "wrong"}, headers={"origin": HOST}) for _ in range(7)]
        said[name] = [(answer.status_code, re.sub(r"\d+", "n", answer.text)) for answer in tries]
        assert [status for status, _ in said[name]] == [401] * 5 + [429] * 2
    assert said["eve"] == said["nosuch"]


def test_an_unknown_name_takes_as_long() -> None:
    """A hash is worked out for it too."""
    kept = hashed(PASSWORD)

    def cpu_s(password: str, of: str) -> float:
        begun = time.process_time()
        fits(password, of)
        return time.process_time() - begun

    known, unknown = (min(cpu_s("wrong password", of) for _ in range(3)) for of in (kept, ""))
    assert 0.5 < unknown / known < 2
    assert fits(PASSWORD, kept)
    assert not fits(PASSWORD, "")
    assert kept.startswith("scrypt$15$8$1$")


def test_tries_wait_longer_and_are_forgotten() -> None:
    """Doubling up to five minutes; half an hour later it begins anew; what is counted has a bound."""
    from datetime import timedelta

    tries = Tries(free=2)
    waits = []
    for _ in range(14):
        tries.note("x", now=NOW)
        waits.append(tries.wait("x", now=NOW).total_seconds())
    assert waits[:5] == [0, 1, 2, 4, 8]
    assert waits[-1] == 300
    assert tries.wait("x", now=NOW + timedelta(hours=1)) == timedelta()
    for number in range(20_000):
        tries.note(str(number), now=NOW)
    assert len(tries._held) <= 10_000


# ── what is never said ────────────────────────────────────────────────────────────────────────────────────────────


def test_no_name_password_key_or_path_is_logged(team: SimpleNamespace) -> None:
    """A session of a user, at the level of debugging: routes, statuses and times."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(Lines())
    handler.addFilter(lambda record: not record.name.startswith("httpx"))
    log = logging.getLogger()
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.DEBUG)
    logging.getLogger("rag.web").propagate = True
    try:
        session = log_in(team.client, "bob")
        cookie = {"cookie": f"{COOKIE}={session}", "origin": HOST}
        team.client.post("/login", data={"name": "canaryname", "password": "canarypassword"}, headers={"origin": HOST})
        team.client.get(f"/api/documents/{team.hidden}", headers=cookie)
        team.client.post("/api/ask", json={"question": f"canaryquestion {BOARD[0].name}?", "keep": False}, headers=cookie)
        team.client.post("/api/documents", files={"files": ("canaryfile.exe", b"x")}, headers=cookie)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    told = kept.getvalue()
    assert told.count('"what": "request"') == 5
    for word in ("canary", "bob", session, PASSWORD, team.keys["bob"], team.hidden, *(paper.name for paper in MADE)):
        assert word.lower() not in told.lower(), word


def test_the_record_holds_no_password_key_or_cookie(team: SimpleNamespace) -> None:
    """Only hashes: whoever steals a backup gets in nowhere."""
    session = log_in(team.client, "ann")
    with Library.open(team.workspace) as library:
        library.record.copy_to(team.workspace / "stolen.db")
    stolen = (team.workspace / "stolen.db").read_bytes()
    for word in (PASSWORD, team.keys["ann"], team.keys["ann"].removeprefix("rag_"), session):
        assert word.encode() not in stolen


def test_a_removed_user_s_jobs_are_refused(tmp_path: Path) -> None:
    """What waits to be done in the name of somebody who is gone is not done."""
    create(tmp_path / "ws", embedder="small")
    with Library.open(tmp_path / "ws") as library, pytest.raises(AccessError, match="removed"):
        library.record.people.reader(7)


def test_a_workspace_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    """Without the record nobody is known, and the answer is one sentence."""
    with TestClient(app(tmp_path, key=Key(port=1), desks=1), base_url=HOST, follow_redirects=False) as client:
        answer = client.get("/api/status", headers=bearer("x"))
        assert answer.status_code == 500
        assert list(json.loads(answer.text)) == ["error"]
    assert Accounts.__doc__


def test_a_stream_ends_when_its_follower_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent after that is not sent; the application sees the client gone."""
    import asyncio

    from rag.web import leaving

    monkeypatch.setattr(leaving, "LOOK_S", 0.0)
    known, sent = [True, True, False], []

    async def still() -> bool:
        return known.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def stream() -> str:
        receiving, sending = leaving.while_known(receive, send, still=still)
        for number in range(5):
            await sending({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
        return str((await receiving())["type"])

    assert asyncio.run(stream()) == "http.disconnect"
    assert [message["body"] for message in sent] == [b"0", b"1", b""]
    assert not sent[-1]["more_body"]
