"""The page and the API behind their door, without a socket: who comes in, what each route gives, what is never said."""

import fcntl
import io
import json
import logging
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.errors import RagError, UnsupportedFormatError
from rag.readers import SUFFIXES
from rag.types import Block, Cell, Document, Metadata, Page
from rag.web import Key, app
from rag.web.leaf import leaf
from rag.web.uploads import keep, safe_name
from rag.web.watch import Lines

QUESTION = "How much zinc-air capacity will Marenland have in 2030?"
UNANSWERABLE = "Who won the chess championship of Patagonia in 1911?"
KEY = Key(port=8377)
HOST = "http://127.0.0.1:8377"
BEARER = {"authorization": f"Bearer {KEY.token}"}


@pytest.fixture(scope="module")
def web(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A copy of the sample workspace behind the application; what it writes are chats only."""
    workspace = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("web") / "workspace"))
    with TestClient(app(workspace, key=KEY, desks=2), base_url=HOST, follow_redirects=False) as client:
        yield client


@pytest.fixture
def person(web: TestClient) -> Iterator[TestClient]:
    """The same, with the token."""
    web.headers.update(BEARER)
    yield web
    del web.headers["authorization"]
    web.cookies.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An empty workspace behind the application."""
    create(tmp_path / "ws", embedder="small")
    with TestClient(app(tmp_path / "ws", key=KEY, desks=1), base_url=HOST, headers=BEARER, follow_redirects=False) as client:
        yield SimpleNamespace(client=client, folder=tmp_path / "ws")


# ── the door ──────────────────────────────────────────────────────────────────────────────────────────────────────


def routes(client: TestClient) -> list[tuple[str, str]]:
    """Every route of the application, with its parameters filled in."""
    made: Any = client.app
    inner = made._inner._inner
    paths = json.loads(client.get("/api/openapi.json", headers=BEARER).text)["paths"]
    pages = ["/", "/library", "/reports", "/schedules", "/health", "/search", "/chats/1", "/documents/x", "/compare", "/ask", "/runs/1"]
    assert inner.state.serving.key is KEY
    return [("GET", path) for path in pages] + [
        (method.upper(), re.sub(r"\{\w+(:path)?\}", "1", path)) for path, methods in paths.items() for method in methods
    ]


def test_a_stranger_is_told_one_sentence_at_every_address(web: TestClient) -> None:
    """Without the token every route but the probes answers 401 before anything is looked up."""
    found = [(method, path) for method, path in routes(web) if path not in ("/healthz", "/readyz")]
    assert len(found) > 30
    for method, path in found:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": f"{KEY.cookie_name}=wrong"}):
            assert web.request(method, path, headers=headers).status_code == 401, (method, path)


def test_every_operation_says_how_it_refuses(web: TestClient) -> None:
    """In the API's description: one sentence, in a shape of its own."""
    paths = json.loads(web.get("/api/openapi.json", headers=BEARER).text)["paths"]
    silent = [(method, path) for path, methods in paths.items() for method, said in methods.items() if "4XX" not in said["responses"]]
    assert silent == []


def test_the_printed_address_lets_a_browser_in_with_another_secret(web: TestClient) -> None:
    """The cookie is HttpOnly and SameSite=Strict, is not the token, and the token leaves the address bar."""
    answer = web.get("/", params={"token": KEY.token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert KEY.token not in cookie
    assert web.get("/").status_code == 200
    web.cookies.clear()
    assert web.get("/", params={"token": "x" * len(KEY.token)}).status_code == 401


def test_a_search_in_parts_without_a_model_is_a_wrong_call(person: TestClient) -> None:
    """The server is sound, so it says what is missing and is no server error."""
    refused = person.get("/api/search", params={"q": "zinc price", "parts": True})
    assert refused.status_code == 400
    assert "no model is set" in refused.json()["error"].lower()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example:8377"}, 421),
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"host": ""}, 421),
        ({"host": "localhost:8377"}, 200),
        ({"host": "[::1]:8377"}, 200),
    ],
)
def test_a_foreign_host_name_is_refused(person: TestClient, headers: dict[str, str], status: int) -> None:
    """A name that a foreign page had lead here (DNS rebinding) is not answered, token or not."""
    assert person.get("/api/status", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": HOST}, 303),
    ],
)
def test_a_cookie_alone_changes_nothing(web: TestClient, headers: dict[str, str], status: int) -> None:
    """A change that a cookie vouches for must come from this server's own page."""
    cookie = {"cookie": f"{KEY.cookie_name}={KEY.cookie}"}
    assert web.post("/ask", data={"question": QUESTION}, headers=cookie | headers).status_code == status


def test_every_answer_carries_the_policy(person: TestClient) -> None:
    """Nothing foreign is loaded, nothing inline runs, nobody frames it, nothing is sniffed or cached: errors included."""
    for path in ("/", "/library", "/nothing", "/api/nothing", "/static/page.css", "/healthz"):
        headers = person.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"


def test_a_request_larger_than_allowed_is_refused_whatever_its_head_says(person: TestClient) -> None:
    """By its stated length, and by what really comes."""
    stated = person.post("/api/ask", content=b"x" * (5 << 20))
    assert stated.status_code == 413
    chunked = person.post("/api/ask", content=iter([b"x" * (1 << 20)] * 5), headers={"content-type": "application/json"})
    assert chunked.status_code == 413
    assert chunked.json()["error"].endswith("send less at once.")


# ── nothing is said that should not be ────────────────────────────────────────────────────────────────────────────


def test_no_secret_question_or_text_is_logged(person: TestClient) -> None:
    """The log of a session holds routes and times; not the token, the cookie, a question, a file name or an answer."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(Lines())
    handler.addFilter(lambda record: not record.name.startswith("httpx"))  # the test's own client
    log = logging.getLogger()
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.DEBUG)
    logging.getLogger("rag.web").propagate = True
    try:
        person.get("/", params={"token": KEY.token, "q": "canaryone"})
        person.get("/search", params={"q": "canarytwo zinc"})
        person.get("/canarythree", headers={"cookie": f"{KEY.cookie_name}={KEY.cookie}"})
        person.post("/api/ask", json={"question": "canaryfour zinc?", "keep": False})
        person.post("/api/documents", files={"files": ("canaryfive.exe", b"canarysix")})
        person.post("/v1/chat/completions", json={"model": "canaryseven", "messages": [{"role": "user", "content": "canaryeight"}]})
        person.post("/ask", data={"question": "canarynine"})
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    lines = [line for line in kept.getvalue().splitlines() if '"request"' in line]
    assert len(lines) == 7
    assert {json.loads(line)["route"] for line in lines} >= {"/", "/search", "/api/ask", "none"}
    assert "canary" not in kept.getvalue()
    assert KEY.token not in kept.getvalue()
    assert KEY.cookie not in kept.getvalue()


def test_what_no_one_foresaw_is_one_sentence(person: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A defect is answered without a traceback; the log names the place and not the value."""

    def broken(library: Library, *, kin: bool = True) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(Library, "status", broken)
    with caplog.at_level(logging.INFO, logger="rag.web"):
        answer = person.get("/api/status")
    assert answer.status_code == 500
    assert answer.json() == {"error": "This is a defect of the program (ValueError); its log says where."}
    told = [record.__dict__["data"] for record in caplog.records if record.message == "defect"]
    assert told[0]["error"] == "ValueError"
    assert "canary" not in str(told)


@pytest.mark.parametrize("path", ["/chats/99999", "/documents/nothing", "/reports/nothing", "/runs/77", "/compare", "/nothing", "/chats/x"])
def test_an_unknown_thing_is_a_page_with_one_sentence(person: TestClient, path: str) -> None:
    """People get a page, programs get JSON, neither a traceback."""
    page, data = person.get(path), person.get(f"/api{path}")
    assert 400 <= page.status_code < 500
    assert page.text.count('role="alert"') == 1
    assert 400 <= data.status_code < 500
    assert list(data.json()) == ["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/ask", r'{"question": "\ud800", "keep": false}'),
        ("POST", "/api/ask", r'{"question": "\u0000", "keep": false}'),
        ("POST", "/api/ask", '{"question": "x", "chat": 99999999999999999999999}'),
        ("POST", "/api/ask", '{"question": "x", "published_from": "2026-02-30"}'),
        ("POST", "/api/ask", '{"question": "x", "published_from": "2026-02-02", "published_to": "2026-02-01"}'),
        ("POST", "/api/ask", '{"question": ""}'),
        ("POST", "/api/ask", "[" * 100_000),
        ("POST", "/api/reports", "{}"),
        ("POST", "/api/reports", '{"topic": "a", "plan": "b"}'),
        ("GET", "/api/chats/99999999999999999999999", ""),
        ("GET", "/api/runs/99999999999999999999999", ""),
        ("GET", "/api/documents/%00", ""),
        ("GET", "/api/reports/last/files/exe", ""),
        ("GET", "/chats/99999999999999999999999", ""),
        ("POST", "/v1/chat/completions", '{"messages": []}'),
        ("POST", "/v1/chat/completions", '{"messages": [{"role": "system", "content": "x"}]}'),
        ("POST", "/v1/embeddings", '{"input": []}'),
        ("GET", "/static/../app.py", ""),
        ("GET", "/static/%2e%2e/app.py", ""),
    ],
)
def test_nonsense_is_the_clients_fault(person: TestClient, method: str, path: str, body: str) -> None:
    """Odd numbers, dates, characters and paths are refused or answered, and are never a defect."""
    answer = person.request(method, path, content=body.encode(), headers={"content-type": "application/json"} if body else {})
    assert answer.status_code < 500, answer.text
    assert "ASGI" not in answer.text


# ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_question_leads_to_a_passage_marked_in_its_page(person: TestClient) -> None:
    """Every [n] of the answer opens a document where exactly the quote is marked."""
    asked = person.post("/ask", data={"question": QUESTION})
    assert asked.status_code == 303
    page = person.get(asked.headers["location"]).text
    chat = int(re.findall(r"/chats/(\d+)", asked.headers["location"])[0])
    answer = person.get(f"/api/chats/{chat}").json()[0]["answer"]
    links = re.findall(r'class="cite" href="([^"]+)"', page)
    assert len(links) >= len(answer["claims"]) > 0
    assert "Sources disagree" in page
    quotes = {item["quote"] for item in answer["evidence"]}
    for link in links:
        opened = person.get(link.replace("&amp;", "&"))
        marked = " ".join(unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", opened.text, re.DOTALL))).split())
        assert marked in {" ".join(quote.split()) for quote in quotes}
    assert person.get(f"/api/chats/{chat}/markdown").text.startswith(f"## {QUESTION}")


def test_a_follow_up_stays_in_its_chat_and_silence_is_said(person: TestClient) -> None:
    """The second question of a chat is understood from the first; what is not in the documents is not answered."""
    first = person.post("/api/ask", json={"question": QUESTION}).json()
    then = person.post("/ask", data={"question": "And in 2029?", "chat": str(first["chat"])})
    page = person.get(then.headers["location"]).text
    assert "Understood as:" in page
    silent = person.post("/ask", data={"question": UNANSWERABLE})
    page = person.get(silent.headers["location"]).text
    assert "The documents do not say." in page
    assert "What came nearest" in page
    assert UNANSWERABLE in person.get("/", params={"q": "Patagonia"}).text


def test_a_chat_is_deleted_on_its_page(person: TestClient) -> None:
    """Once that is meant: it is in no list, search or export then, and its address is that of a chat that never was."""
    question = "How many Brisomar batteries are recalled, and where?"
    chat = person.post("/api/ask", json={"question": question}).json()["chat"]
    page = person.get(f"/chats/{chat}").text
    assert re.search(
        rf'<details class="confirm"><summary>Delete this chat</summary>\s*<form method="post" action="/chats/{chat}/delete">', page
    )
    gone = person.post(f"/chats/{chat}/delete")
    assert (gone.status_code, gone.headers["location"]) == (303, "/?said=deleted")
    home = person.get(gone.headers["location"]).text
    assert '<p class="good" id="said" role="status">The chat is deleted.</p>' in home
    assert 'aria-describedby="said" autofocus' in home, "whoever lands in the field is told"
    assert question not in home + person.get("/", params={"q": "brisomar"}).text + person.get("/api/chats").text
    for path in (f"/chats/{chat}", f"/api/chats/{chat}", f"/api/chats/{chat}/markdown"):
        assert person.get(path).status_code == 400
    told = [person.delete(f"/api/chats/{one}") for one in (chat, 99_999)]
    assert [answer.status_code for answer in told] == [400, 400]
    assert told[0].json()["error"].startswith(f"No chat {chat}; there is: ")
    assert person.post(f"/chats/{chat}/delete").status_code == 400


def test_what_a_document_or_a_person_wrote_is_never_markup(fresh: SimpleNamespace) -> None:
    """Tags in a question and in a document are printed as text; no picture, link or script of theirs is live."""
    evil = '<img src="https://evil.example/x.png"><script>alert(1)</script>'
    asked = fresh.client.get("/", params={"q": evil})
    assert evil not in asked.text
    document = Document(
        text=evil,
        pages=(Page(number=1, label="", start=0, end=len(evil)),),
        blocks=(Block(kind="paragraph", start=0, end=len(evil)),),
        metadata=Metadata(title="x"),
        format="txt",
    )
    assert leaf(document, start=0, end=4).pieces[0].runs[0].marked


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_uploaded_file_can_be_asked_about(fresh: SimpleNamespace) -> None:
    """Upload, follow the run over server-sent events, ask: with the file's own name in the citation."""
    note = b"# Velox cells\n\nPublished 2026-03-02\n\nShipments of zinc cells by Velox came to 420 MWh in 2025, up from 310 MWh in 2024.\n"
    taken = fresh.client.post("/api/documents", files=[("files", ("../../velox.md", note)), ("files", ("broken.pdf", b"no pdf"))])
    assert taken.status_code == 202
    assert taken.json()["files"] == ["velox.md", "broken.pdf"]
    run = taken.json()["run"]["id"]
    told = fresh.client.get(f"/api/runs/{run}/events").text
    assert '"status": "added"' in told
    assert "event: end" in told
    assert "velox.md" not in fresh.client.get(f"/api/runs/{run}/events", headers={"last-event-id": "999"}).text.split("event: end")[0]
    page = fresh.client.get(f"/runs/{run}").text
    assert "1 document is in search" in page
    assert "broken.pdf" in page
    assert "broken.pdf" in fresh.client.get("/library").text
    answer = fresh.client.post("/api/ask", json={"question": "How many zinc cells did Velox ship in 2025?"}).json()["answer"]
    assert answer["sources"][0]["path"] == "docs/velox.md"
    assert 'rag_runs_total{kind="ingest",state="done"} 1.0' in fresh.client.get("/metrics").text


def test_a_run_that_failed_is_begun_again_by_a_button(fresh: SimpleNamespace) -> None:
    """A report on nothing fails with the next step; once there are documents, the same is written, and one without claims says so."""
    begun = fresh.client.post("/reports", data={"topic": "Zinc cells, Velox, 2025"}).headers["location"]
    fresh.client.get(f"/api{begun}/events")
    failed = fresh.client.get(begun).text
    assert "nothing is ingested yet" in failed
    assert f'action="{begun}/again"' in failed
    note = b"# Velox cells\n\nPublished 2026-03-02\n\nShipments of zinc cells by Velox came to 420 MWh in 2025.\n"
    taken = fresh.client.post("/api/documents", files=[("files", ("velox.md", note))]).json()["run"]["id"]
    fresh.client.get(f"/api/runs/{taken}/events")
    again = fresh.client.post(f"{begun}/again")
    assert again.status_code == 303
    assert again.headers["location"] != begun
    fresh.client.get(f"/api{again.headers['location']}/events")
    assert "All its checks passed." in fresh.client.get(again.headers["location"]).text
    assert "Begin again" not in fresh.client.get(again.headers["location"]).text
    empty = fresh.client.post("/reports", data={"topic": "Chess, Patagonia, 1911"}).headers["location"]
    fresh.client.get(f"/api{empty}/events")
    assert "it has no claims" in fresh.client.get(empty).text


def test_a_file_that_cannot_be_read_here_is_refused_before_it_is_kept(fresh: SimpleNamespace) -> None:
    """An unknown kind is refused with the kinds there are, and with it all files of the request."""
    answer = fresh.client.post("/api/documents", files=[("files", ("a.md", b"a")), ("files", ("b.exe", b"b"))])
    assert answer.status_code == 422
    assert ".pdf" in answer.json()["error"]
    assert list((fresh.folder / "docs").iterdir()) == []


@settings(max_examples=200)
@given(name=st.text(max_size=300), suffix=st.sampled_from([*sorted(SUFFIXES), ".PDF", ".exe", ""]))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str, suffix: str) -> None:
    """Whatever a file is called, it is one visible name of a known kind in the folder, or refused."""
    for given_name in (name + suffix, f"../{name}{suffix}", f"C:\\{name}\\..\\{name}{suffix}", f"{name}\x00{suffix}"):
        try:
            safe = safe_name(given_name)
        except UnsupportedFormatError:
            continue
        path = Path("/srv/docs") / safe
        assert path.parent == Path("/srv/docs")
        assert path.suffix.lower() in SUFFIXES
        assert not safe.startswith((".", "~", "-"))
        assert len(safe.encode()) < 200
        assert safe.isprintable()


def test_a_file_never_replaces_another(tmp_path: Path) -> None:
    """The same bytes are kept once; others under the same name get a number."""
    kept = [keep(io.BytesIO(data), name="a.md", folder=tmp_path).name for data in (b"1", b"1", b"2", b"3", b"2")]
    assert kept == ["a.md", "a.md", "a (2).md", "a (3).md", "a (2).md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a (2).md", "a (3).md", "a.md"]


def test_an_upload_that_a_kill_cut_off_is_taken_away_by_the_next_but_not_one_that_goes_on(tmp_path: Path) -> None:
    """It lies hidden among the documents, where nobody would find it."""
    for name in ("left", "held", "new"):
        (tmp_path / f".upload-{name}").write_bytes(b"" if name == "new" else b"half a docum")
    with (tmp_path / ".upload-held").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        keep(io.BytesIO(b"x"), name="a.md", folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".upload-held", ".upload-new", "a.md"]


def test_leaves_hold_a_whole_document_and_the_mark() -> None:
    """Leaf by leaf all of the text is shown, in order; a mark in a long table brings its rows."""
    words = [f"word{number} " * 400 for number in range(12)]
    text = "".join(words)
    ends = [len("".join(words[: at + 1])) for at in range(12)]
    blocks = [Block(kind="paragraph", start=end - len(word), end=end) for end, word in zip(ends, words, strict=True)]
    cells = tuple(Cell(row=row, column=0, start=row * 5, end=row * 5 + 4, header=row == 0) for row in range(400))
    page = Page(number=1, label="p. 1", start=0, end=len(text))
    document = Document(text=text, pages=(page,), blocks=tuple(blocks), metadata=Metadata(title="x"), format="txt")
    shown, at = "", 0
    while True:
        found = leaf(document, start=at, end=at)
        shown += "".join(run.text for piece in found.pieces for run in piece.runs)
        if found.after is None:
            break
        at = found.after
    assert shown == text
    table = Document(
        text=text, pages=(page,), blocks=(Block(kind="table", start=0, end=2000, cells=cells),), metadata=Metadata(title="x"), format="csv"
    )
    piece = leaf(table, start=1500, end=1504).pieces[0]
    assert len(piece.rows) == 61
    assert [run.text for row in piece.rows for _, runs in row for run in runs if run.marked] == [text[1500:1504]]


def test_a_tables_cells_stand_in_their_columns() -> None:
    """A second header row without a name for the first column does not move to the left."""
    words = (("", "Years", ""), ("", "2019", "2018"), ("Sales", "5", "4"))
    text, cells = "", []
    for row, texts in enumerate(words):
        for column, word in enumerate(texts):
            if word:
                cells.append(Cell(row=row, column=column, start=len(text), end=len(text) + len(word), header=row < 2))
                text += f"{word} "
    table = Block(kind="table", start=0, end=len(text), cells=tuple(cells))
    pages = (Page(number=1, label="1", start=0, end=len(text)),)
    piece = leaf(Document(text=text, pages=pages, blocks=(table,), metadata=Metadata(title="x"), format="md"), start=0, end=0).pieces[0]
    assert [tuple("".join(run.text for run in runs) for _, runs in row) for row in piece.rows] == list(words)


def test_lines_that_were_broken_to_fit_flow_on_a_screen_and_others_stay() -> None:
    """A mail's paragraph flows; an address, a list and a single line are as they stand."""
    mail = "It asks for storage that can carry the islands for a full day\nwhen the cable is out, and the lowest bid came in at EUR 239."
    texts = [mail, "From: Perrin\nTo: the team", "- prices\n- costs", "One line."]
    starts = [sum(len(text) + 2 for text in texts[:at]) for at in range(len(texts))]
    blocks = tuple(Block(kind="paragraph", start=at, end=at + len(text)) for at, text in zip(starts, texts, strict=True))
    whole = "\n\n".join(texts)
    pages = (Page(number=1, label="", start=0, end=len(whole)),)
    shown = leaf(Document(metadata=Metadata(title="x"), text=whole, pages=pages, blocks=blocks, format="eml"), start=0, end=0)
    assert [piece.flows for piece in shown.pieces] == [True, False, False, False]


# ── reports, schedules, health ────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_written_read_downloaded_and_compared(sample_workspace: Path, tmp_path: Path) -> None:
    """Through the page's forms; its own page runs in a sandbox under its own policy."""
    import shutil

    workspace = tmp_path / "workspace"
    shutil.copytree(sample_workspace, workspace)
    with TestClient(app(workspace, key=KEY, desks=1), base_url=HOST, headers=BEARER, follow_redirects=False) as client:
        for day in ("2026-06-30", "2026-11-01"):
            begun = client.post("/reports", data={"topic": "Zinc-air storage, Marenland, 2024-26", "as_of": day})
            assert begun.status_code == 303
            told = client.get(f"/api{begun.headers['location']}/events").text
            assert '"state": "done"' in told, told
        assert "Open the report" in client.get(begun.headers["location"]).text
        later, earlier = client.get("/api/reports").json()
        assert (earlier["as_of"], later["as_of"]) == ("2026-06-30", "2026-11-01")
        assert "Bottom line" in client.get(f"/reports/{later['id']}").text
        read = client.get(f"/reports/{later['id']}/read")
        assert "sandbox allow-scripts" in read.headers["content-security-policy"]
        assert "'sha256-" in read.headers["content-security-policy"]
        assert "script-src 'unsafe-inline'" not in read.headers["content-security-policy"]
        for kind, begins in (("json", b"{"), ("md", b"#"), ("html", b"\n<!DOCTYPE"), ("csv", b""), ("bib", b"@"), ("csl", b"[")):
            data = client.get(f"/api/reports/{later['id']}/files/{kind}")
            assert data.status_code == 200
            assert data.content.lstrip().startswith(begins.strip())
        assert "What changed" in client.get("/compare", params={"before": earlier["id"], "after": later["id"]}).text
        changed = client.get(f"/api/reports/{earlier['id']}/changes/{later['id']}").json()
        assert changed["documents"]


def test_the_other_rooms_have_something_to_say(person: TestClient) -> None:
    """Schedules, health and search as a page and as JSON; the probes without a token."""
    assert "No schedule yet" in person.get("/schedules").text
    assert person.get("/api/schedules").json() == []
    assert "Nothing is broken" in person.get("/health").text
    assert {one["about"] for one in person.get("/api/health").json()} >= {"settings", "record", "index"}
    assert person.get("/search", params={"q": "capacity"}).text.count("<blockquote>") == 20
    assert len(person.get("/api/search", params={"q": "capacity", "k": 3}).json()["passages"]) == 3
    assert person.get("/api/documents", params={"q": "outlook"}).json()["total"] == 1
    assert person.get("/readyz").json() == {"state": "ready"}
    assert 'rag_request_seconds_bucket{le="0.3",route="/health"}' in person.get("/metrics").text


def test_a_workspace_that_cannot_be_read_is_not_ready(tmp_path: Path) -> None:
    """The process is alive, and says that it cannot serve."""
    with TestClient(app(tmp_path, key=KEY, desks=1), base_url=HOST) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503


def test_errors_of_the_tree_have_a_status() -> None:
    """Every error has an HTTP status of an error."""
    kinds = [RagError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        assert 400 <= kind.http_status < 600
