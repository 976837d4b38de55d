"""Answers in a model's words: the real SDK against a loopback server with a careful, a sloppy and an obedient model."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from rag.app import Library, create
from rag.chat.words import to_markdown
from rag.errors import SettingsError
from rag.ingest import drain
from rag.llms.openai import OpenAILlm
from rag.types import Answer, Claim, Turn
from tests.llm_faults import FAULTS, playing
from tests.scripted_models import ATTACKS, Endpoint, Model, Sloppy, good, puppet, serving
from tests.test_web_reports import NOTES

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUESTION = "How did orders and lead times of heat storage develop?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Three notes."""
    workspace = tmp_path_factory.mktemp("worded") / "ws"
    create(workspace, embedder="small")
    for name, text in NOTES.items():
        (workspace / "docs" / name).write_text(text, encoding="utf-8")
    with Library.open(workspace) as opened:
        drain(opened.ingest(now=NOW))
        yield opened


@contextmanager
def at(library: Library, base_url: str) -> Iterator[None]:
    """The library with an endpoint for a writer."""
    library.llm = OpenAILlm("scripted-1", base_url=base_url, api_key="k")
    yield
    library.llm.close()
    del library.llm


@contextmanager
def by(library: Library, model: Model) -> Iterator[Endpoint]:
    """The library with that model for a writer."""
    with serving(model) as endpoint, at(library, endpoint.base_url):
        yield endpoint


def ask(library: Library, question: str = QUESTION, *, keep: bool = False) -> Turn:
    """Worded."""
    return library.ask(question, now=NOW, keep=keep, writer="openai")


def quoted(library: Library, question: str = QUESTION) -> Answer:
    """The same answer without a model."""
    return library.ask(question, now=NOW, keep=False, writer="extractive").answer


def of_model(answer: Answer) -> list[Claim]:
    """The model's sentences."""
    return [claim for claim in answer.claims if claim.mode == "prose"]


def test_a_careful_writer_s_sentences_stand_on_the_same_quotations(library: Library) -> None:
    """Each is cited and checked, nothing that was quoted is lost, and the answer says who worded it."""
    with by(library, good) as endpoint:
        answer = ask(library).answer
    assert answer.writer == "scripted-1"
    assert of_model(answer)
    assert {claim.verdict for claim in answer.claims} == {"supported"}
    assert {item.id for item in answer.evidence} == {item.id for item in quoted(library).evidence}
    assert any(note.startswith("worded by scripted-1") for note in answer.notes)
    assert QUESTION in endpoint.requests[0]["messages"][-1]["content"]


@pytest.mark.parametrize("seed", range(6))
def test_no_slip_of_a_sloppy_writer_is_an_answer(library: Library, seed: int) -> None:
    """Invented figures, wrong citations and dropped negations are repaired or quoted."""
    sloppy = Sloppy(seed=seed)
    with by(library, sloppy):
        answer = ask(library).answer
    printed = {claim.text for claim in of_model(answer)}
    assert sloppy.bad
    assert not printed & {text for text, _ in sloppy.bad}
    assert {claim.verdict for claim in answer.claims} == {"supported"}
    assert {item.id for item in answer.evidence} == {item.id for item in quoted(library).evidence}


def test_a_puppet_s_master_is_not_heard(library: Library) -> None:
    """The answer is the quoted one, and says that it was not worded."""
    with by(library, puppet):
        turn = ask(library)
    assert [claim.text for claim in turn.answer.claims] == [claim.text for claim in quoted(library).claims]
    assert turn.answer.writer == "extractive"
    assert any(note.startswith("not worded") for note in turn.answer.notes)
    assert not [attack for attack in (*ATTACKS, "PWNED-7781") if attack in to_markdown([turn])]


def test_a_model_s_sentences_are_heard_while_it_writes(library: Library) -> None:
    """Each that holds by itself, in its order; nobody hears what a puppet says."""
    heard: list[str] = []
    with by(library, good) as endpoint:
        answer = library.ask(f"{QUESTION} Tell me.", now=NOW, keep=False, writer="openai", heard=heard.append).answer
    assert [request.get("stream") for request in endpoint.requests] == [True]
    assert heard
    assert set(heard) <= {claim.text for claim in answer.claims}
    with by(library, puppet):
        library.ask(f"{QUESTION} Tell me.", now=NOW, keep=False, writer="openai", heard=heard.append)
    assert not [said for said in heard for attack in (*ATTACKS, "PWNED-7781") if attack in said]


def test_what_disagrees_and_what_is_refused_is_not_worded(library: Library) -> None:
    """The sides of a disagreement are quoted; where the documents do not say, no model is asked."""
    with by(library, good) as endpoint:
        disputed = ask(library, "How much heat storage is installed in Varland?").answer
        silent = ask(library, "How many chess clubs are there in Patagonia?").answer
    sides = {side.claim for conflict in disputed.conflicts for side in conflict.sides}
    assert not sides & {claim.id for claim in of_model(disputed)}
    assert silent.abstained
    assert all("chess" not in request["messages"][-1]["content"] for request in endpoint.requests)


def test_an_answer_is_not_lost_with_its_model(library: Library) -> None:
    """A refused key leaves the documents' own sentences and a note, and no text of the endpoint's."""
    with playing(FAULTS["401"].play) as stage, at(library, stage.base_url):
        answer = ask(library).answer
    assert [claim.text for claim in answer.claims] == [claim.text for claim in quoted(library).claims]
    assert any("could not be had" in note for note in answer.notes)


def test_an_answer_does_not_wait_for_a_model_that_hangs(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, in which nothing is asked twice in vain, it stands quoted."""
    monkeypatch.setattr("rag.unworded.ANSWER_S", 0.5)
    with playing(FAULTS["it hangs"].play) as stage, at(library, stage.base_url):
        answer = ask(library).answer
    assert answer.claims
    assert any("could not be had" in note for note in answer.notes)


def test_a_kept_answer_is_paid_for_once(library: Library) -> None:
    """The same question on the same documents finds its calls in the record; an answer that is not kept leaves none there."""
    with by(library, good) as endpoint:
        ask(library)
        ask(library, keep=True)
        asked = len(endpoint.requests)
        ask(library, keep=True)
        assert len(endpoint.requests) == asked == 2


def test_a_writer_that_is_not_described_is_named(library: Library) -> None:
    """One sentence with the next step; nothing is answered."""
    with pytest.raises(SettingsError, match=r"no model is set: give writer\.model"):
        ask(library)


def test_a_person_who_sees_a_part_has_it_worded(library: Library) -> None:
    """The model is told nothing that its asker may not see."""
    library.record.people.add("eve", role="reader", password="x", now=NOW)
    library.record.people.add("ann", role="reader", password="x", now=NOW)
    library.record.access.put("docs/census.md", ["ann"])
    with library.seen_by(library.record.people.reader(library.record.people.user("eve").id)) as part, by(part, good) as endpoint:
        answer = ask(part, keep=True).answer
        ask(part, "How much heat storage is installed in Varland?", keep=True)
    assert of_model(answer)
    assert not [request for request in endpoint.requests if "2,610" in request["messages"][-1]["content"]]
