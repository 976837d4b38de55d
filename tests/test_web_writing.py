"""Answers worded over HTTP: seen while they are written, kept before, and no desk waits for a model."""

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.chat.worded import UNFINISHED
from rag.desks import writing
from rag.ingest import drain
from rag.web import Key, app
from tests.llm_faults import FAULTS, playing
from tests.scripted_models import ATTACKS, Endpoint, good, puppet
from tests.scripted_models import serving as scripted
from tests.test_web_reports import NOTES

KEY = Key(port=8377)
HOST = "http://127.0.0.1:8377"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUESTION = "How did orders and lead times of heat storage develop?"
WAIT_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A server of one desk whose answers a scripted model words."""

    client: TestClient
    model: Endpoint


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three notes."""
    workspace = tmp_path_factory.mktemp("writing") / "ws"
    create(workspace, embedder="small")
    for name, text in NOTES.items():
        (workspace / "docs" / name).write_text(text, encoding="utf-8")
    with Library.open(workspace) as library:
        drain(library.ingest(now=NOW))
    return workspace


@pytest.fixture
def room(notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A careful model, which waits for nothing; no answer of another test is in the record."""
    workspace = Path(shutil.copytree(notes, tmp_path / "ws"))
    with scripted(good) as model:
        set_up(monkeypatch, model.base_url)
        with TestClient(app(workspace, key=KEY, desks=1), base_url=HOST, headers={"authorization": f"Bearer {KEY.token}"}) as client:
            yield Room(client=client, model=model)


def set_up(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    """A writer at this address."""
    for name, value in {"KIND": "openai", "MODEL": "scripted-1", "BASE_URL": base_url}.items():
        monkeypatch.setenv(f"RAG_WRITER__{name}", value)


class Gate:
    """Holds a model back until it is let go, once so many of its sentences are out."""

    def __init__(self, *, out: int = 1) -> None:
        self.out = out
        self.reached, self.let_go = threading.Event(), threading.Event()

    def __call__(self, sent: str) -> None:
        if sent.count('"text"') > self.out or not self.out:  # a sentence is whole when the next one begins
            self.reached.set()
            assert self.let_go.wait(WAIT_S)


def asked(client: TestClient, question: str = QUESTION, **more: Any) -> dict[str, Any]:
    """The turn of a question to the API."""
    answer = client.post("/api/ask", json={"question": question, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def events(client: TestClient, turn: dict[str, Any]) -> list[dict[str, Any]]:
    """What was told of a turn, to the end."""
    text = client.get(f"/api/chats/{turn['chat']}/turns/{turn['number']}/events").text
    assert text.rstrip().rpartition("\n\n")[2].startswith("event: end\n")
    return [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: ")]


def followed(room: Room, turn: dict[str, Any], gate: Gate, *, people: int) -> list[list[dict[str, Any]]]:
    """What each of them is told of a turn; the model goes on once all listen, for which a second is left."""
    with ThreadPoolExecutor(people) as threads:
        listening = [threads.submit(events, room.client, turn) for _ in range(people)]
        time.sleep(1)
        gate.let_go.set()
        return [one.result(WAIT_S) for one in listening]


def kept(client: TestClient, turn: dict[str, Any]) -> dict[str, Any]:
    """The turn as the history holds it."""
    return dict(next(one for one in client.get(f"/api/chats/{turn['chat']}").json() if one["number"] == turn["number"]))


def spoken(turn: dict[str, Any]) -> list[str]:
    """Its sentences."""
    return [claim["text"] for claim in turn["answer"]["claims"]]


def test_the_documents_own_sentences_are_there_while_a_model_writes(room: Room) -> None:
    """At once, checked and kept with a note; then the model's, one by one and unverified; in the end its checked ones in their place."""
    room.model.before = gate = Gate()
    turn = asked(room.client, wait=False)
    assert turn["answer"]["writer"] == "extractive"
    assert {claim["verdict"] for claim in turn["answer"]["claims"]} == {"supported"}
    assert gate.reached.wait(WAIT_S)
    assert UNFINISHED in kept(room.client, turn)["answer"]["notes"]
    page = room.client.get(f"/chats/{turn['chat']}").text
    assert f'data-writing="/api/chats/{turn["chat"]}/turns/{turn["number"]}/events"' in page
    ((*drafts, end),) = followed(room, turn, gate, people=1)
    after = kept(room.client, turn)
    assert end == {"chat": turn["chat"], "number": turn["number"]}
    assert drafts
    assert {draft["unverified"] for draft in drafts} <= set(spoken(after))
    assert after["answer"]["writer"] == "scripted-1"
    assert UNFINISHED not in after["answer"]["notes"]
    assert "data-writing" not in room.client.get(f"/chats/{turn['chat']}").text


def test_who_comes_again_in_the_middle_is_told_what_was_missed(room: Room) -> None:
    """From the first sentence on, or from the one after the last that was heard."""
    room.model.before = gate = Gate()
    turn = asked(room.client, wait=False)
    assert gate.reached.wait(WAIT_S)
    here = room.client.app._inner._inner.state.serving.writers.writers  # type: ignore[attr-defined]
    until = time.monotonic() + WAIT_S
    while not here._going[turn["chat"], turn["number"]].sentences:
        assert time.monotonic() < until
        time.sleep(0.01)
    first, second = followed(room, turn, gate, people=2)
    assert first == second
    assert len(first) > 1


def test_extractive_answers_and_pages_do_not_wait_for_a_model(room: Room) -> None:
    """Five people wait for a model that hangs, at one desk; whoever else comes is answered, and so are they when it goes on."""
    room.model.before = gate = Gate(out=0)
    questions = [f"{QUESTION} (note {number})" for number in range(5)]
    with ThreadPoolExecutor(5) as people:
        waiting = [people.submit(asked, room.client, question) for question in questions]
        assert gate.reached.wait(WAIT_S)
        assert room.client.get("/").status_code == 200
        quick = asked(room.client, "How many chess clubs are there in Patagonia?")
        assert quick["answer"]["abstained"]
        assert not any(one.done() for one in waiting)
        gate.let_go.set()
        worded = [one.result(WAIT_S) for one in waiting]
    assert {turn["answer"]["writer"] for turn in worded} == {"scripted-1"}


PARTS = ("How did orders of heat storage develop?", "How long are lead times of heat storage?")


def test_a_search_in_parts_holds_no_desk_while_the_model_takes_the_question_apart(room: Room) -> None:
    """With a model that hangs, at one desk, others search and ask; then the search has what was found for the parts, too."""
    room.model.model = lambda request: json.dumps({"questions": PARTS})
    room.model.before = gate = Gate(out=0)
    with ThreadPoolExecutor(1) as people:
        waiting = people.submit(room.client.get, "/api/search", params={"q": QUESTION, "parts": True})
        assert gate.reached.wait(WAIT_S)
        assert room.client.get("/api/search", params={"q": QUESTION}).json()["passages"]
        assert asked(room.client, "How many chess clubs are there in Patagonia?")["answer"]["abstained"]
        assert not waiting.done()
        gate.let_go.set()
        found = waiting.result(WAIT_S).json()
    assert found["notes"][:2] == [f"searched for a part, too: {part}" for part in PARTS]
    assert found["passages"]


def test_a_search_in_parts_by_a_model_of_no_use_is_told_in_a_sentence(room: Room) -> None:
    """As an endpoint's failure, and the desk goes on."""
    room.model.model = lambda request: "no JSON"
    refused = room.client.get("/api/search", params={"q": QUESTION, "parts": True})
    assert (refused.status_code, list(refused.json())) == (503, ["error"])
    assert room.client.get("/api/search", params={"q": QUESTION}).json()["passages"]


def test_too_many_searches_in_parts_are_told_to_come_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status that programs wait at."""
    monkeypatch.setattr(writing, "MOST_AT_ONCE", 0)
    assert room.client.get("/api/search", params={"q": QUESTION, "parts": True}).status_code == 429


def test_whoever_asks_when_too_many_are_worded_is_quoted(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, with a note that says so; the history holds the same."""
    monkeypatch.setattr(writing, "MOST_AT_ONCE", 1)
    room.model.before = gate = Gate()
    first = asked(room.client, wait=False)
    second = asked(room.client, f"{QUESTION} (second)")
    gate.let_go.set()
    events(room.client, first)
    assert any("many answers are being worded" in note for note in second["answer"]["notes"])
    assert kept(room.client, second) == second


def test_what_a_puppet_writes_is_not_even_seen_while_it_writes(room: Room) -> None:
    """Its sentences hold against no quotation, so that none is told; the quoted answer stands in the end."""
    room.model.model = puppet
    turn = asked(room.client, wait=False)
    told = json.dumps(events(room.client, turn))
    assert not [attack for attack in (*ATTACKS, "PWNED-7781") if attack in told]
    assert spoken(kept(room.client, turn)) == spoken(turn)


def test_a_model_that_cannot_be_had_leaves_the_answer_quoted(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream comes to its end, and the note says so."""
    with playing(FAULTS["401"].play) as stage:
        set_up(monkeypatch, stage.base_url)
        with TestClient(app(notes, key=KEY, desks=1), base_url=HOST, headers={"authorization": f"Bearer {KEY.token}"}) as client:
            turn = asked(client, wait=False)
            assert len(events(client, turn)) == 1
            assert any("could not be had" in note for note in kept(client, turn)["answer"]["notes"])


def test_openai_s_stream_holds_what_is_checked_and_nothing_before(room: Room) -> None:
    """While the model writes there is no content; then the checked sentences, equal to an answer at once."""
    body = {"model": "rag", "messages": [{"role": "user", "content": QUESTION}]}
    whole = room.client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    text = room.client.post("/v1/chat/completions", json={**body, "stream": True}).text
    pieces = [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: {")]
    assert "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces) == whole
    assert not re.search(r"unverified|word for word", text)


def test_another_person_s_writing_is_as_unknown_as_none(room: Room) -> None:
    """The events of a chat that is nobody's are refused before anything is told."""
    assert room.client.get("/api/chats/999/turns/1/events").status_code == 400


@pytest.mark.parametrize("waits", [False, True])
def test_a_chat_deleted_while_its_answer_is_written_is_gone_with_all_the_model_says(
    room: Room, waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Who follows the stream hears its end, who waits for the answer is told (410); nothing of it is kept, and that is no defect."""
    room.model.before = gate = Gate()
    mine = f"{QUESTION} (to be deleted)"
    other = asked(room.client, "How many chess clubs are there in Patagonia?")
    with ThreadPoolExecutor(2) as people:
        waiting = people.submit(room.client.post, "/api/ask", json={"question": mine, "wait": waits})
        assert gate.reached.wait(WAIT_S)
        turn = room.client.get("/api/chats").json()[0][0]
        assert turn["chat"] != other["chat"]
        listening = people.submit(events, room.client, turn)
        time.sleep(1)
        gone = room.client.delete(f"/api/chats/{turn['chat']}")
        assert (gone.status_code, gone.json()) == (200, {"chat": turn["chat"], "log_emptied": True})
        assert room.client.get(f"/api/chats/{turn['chat']}").status_code == 400
        gate.let_go.set()
        assert listening.result(WAIT_S)[-1] == {"chat": turn["chat"], "number": 1}
        answer = waiting.result(WAIT_S)
    assert answer.status_code == (410 if waits else 200), answer.text
    if waits:
        assert answer.json() == {
            "error": f"Question 1 of chat {turn['chat']} was deleted while its answer was worded; ask it again in a new chat."
        }
    workspace = room.client.app._inner._inner.state.serving.workspace  # type: ignore[attr-defined]
    with Library.open(workspace) as library:
        chats = {one.chat for one in library.turns()}
        assert (turn["chat"] in chats, other["chat"] in chats) == (False, True)
        assert library.calls.all()[-1].error == "", "it was answered"
        assert library.record.rows("SELECT 1 FROM model_calls WHERE answer IS NOT NULL") == []
        assert library.record.tables_with(lambda text: mine in text) == []
    assert "defect" not in [record.message for record in caplog.records]
    assert mine not in room.client.get("/", params={"q": "orders"}).text
