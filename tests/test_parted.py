"""A question taken apart by a model behind a real server: its parts are searched for beside it; nonsense is refused aloud."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.parted import LONGEST, MOST_PARTS, merged
from rag.types import Passage, SearchResult
from tests.scripted_models import serving
from tests.test_around import passage
from tests.test_cli import assert_refused, rag

QUESTION = "How do Veltrane and Kordwell differ, in the cost of a cell and in the price of a system?"
PARTS = ["What does a cell of Veltrane cost?", "At what price does Kordwell sign orders in the second quarter?"]


@pytest.fixture
def workspace(sample_workspace: Path, tmp_path: Path) -> Path:
    """A copy, since answers are recorded."""
    return shutil.copytree(sample_workspace, tmp_path / "workspace")


def answering(*questions: str) -> Any:
    """A model that takes every question apart like this."""
    return lambda request: json.dumps({"questions": list(questions)})


def searched(workspace: Path, base_url: str, monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    """What ``rag search --parts`` gives with a model at that address."""
    monkeypatch.setenv("RAG_WRITER__MODEL", "scripted")
    monkeypatch.setenv("RAG_WRITER__BASE_URL", base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    return rag("search", QUESTION, "-w", workspace, "--parts", "--json", *options)


def test_each_part_is_searched_for_and_the_result_says_so(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a part finds first is among the first of the whole; the question goes to the model as data."""
    with serving(answering(*PARTS)) as endpoint:
        result = searched(workspace, endpoint.base_url, monkeypatch)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["question"] == QUESTION
    assert [note for note in found["notes"] if "part" in note] == [f"searched for a part, too: {part}" for part in PARTS]
    firsts = [json.loads(rag("search", part, "-w", workspace, "--json", "-k", "1").stdout)["passages"][0] for part in PARTS]
    ids = [one["chunk"]["id"] for one in found["passages"]]
    assert len(ids) == len(set(ids)) == 10
    assert {first["chunk"]["id"] for first in firsts} <= set(ids)
    assert f"<question>\n{QUESTION}\n</question>" in endpoint.requests[0]["messages"][-1]["content"]


def test_a_question_that_asks_for_one_thing_is_searched_as_it_is(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the plain search."""
    with serving(answering()) as endpoint:
        found = json.loads(searched(workspace, endpoint.base_url, monkeypatch).stdout)
    plain = json.loads(rag("search", QUESTION, "-w", workspace, "--json").stdout)
    assert [one["chunk"]["id"] for one in found["passages"]] == [one["chunk"]["id"] for one in plain["passages"]]


@pytest.mark.parametrize(
    "answer",
    [
        "no JSON",
        "[]",
        '{"questions": [1]}',
        '{"questions": "x"}',
        json.dumps({"questions": ["x" * (LONGEST + 1)]}),
        json.dumps({"questions": [str(at) for at in range(MOST_PARTS + 1)]}),
    ],
)
def test_an_answer_of_no_use_is_an_error(answer: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a search for something else."""
    monkeypatch.setattr("rag.llms.calls.FIRST_PAUSE_S", 0.01)
    with serving(lambda request: answer) as endpoint:
        result = searched(workspace, endpoint.base_url, monkeypatch)
    assert result.exit_code != 0
    assert result.stdout == ""
    assert len(endpoint.requests) == 2


def test_without_a_model_and_with_what_does_not_go_together_it_is_refused(workspace: Path) -> None:
    """In one line."""
    assert_refused(rag("search", QUESTION, "-w", workspace, "--parts"), status=2, saying="no model is set")
    refused = rag("search", QUESTION, "-w", workspace, "--parts", "--recent")
    assert_refused(refused, status=2, saying="--parts puts several lists together")


def result_of(question: str, found: Sequence[Passage]) -> SearchResult:
    """A list with one note of its own."""
    return SearchResult(question=question, passages=tuple(found), notes=("not reranked",))


def test_lists_are_put_together_by_ranks() -> None:
    """What two lists have comes before what one has; a note that all have is told once."""
    from dataclasses import replace

    a, b, c = (
        replace(one, chunk=replace(one.chunk, id=one.source.title)) for one in (passage(name, days_ago=1) for name in ("a", "b", "c"))
    )
    found = merged("all", [result_of("all", [a, b]), result_of("part", [b, c])])
    assert [one.source.title for one in found.passages] == ["b", "a", "c"]
    assert found.passages[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert found.notes == ("searched for a part, too: part", "not reranked")
