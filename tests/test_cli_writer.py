"""The model path on the command line: told before what it takes, gone on with after a failure, rendered again without a model."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report_fixture import TOPIC, corpus
from tests.scripted_models import Endpoint, good, serving
from tests.test_cli import assert_refused, rag

REPORT = ("report", TOPIC, "--as-of", "2026-09-30", "--format", "json", "--format", "md")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the small corpus, made once."""
    workspace = tmp_path_factory.mktemp("writer") / "x"
    assert rag("init", workspace, "--embedder", "small").exit_code == 0
    given = corpus()
    for source in given.sources[:4]:
        day = f"Published {source.published.isoformat()}"
        path = workspace / "docs" / Path(source.path).name
        path.with_suffix(".md").write_text(f"# {source.title}\n\n{day}\n\n{given.document(source.document).text}\n", encoding="utf-8")
    assert rag("ingest", "-w", workspace).exit_code == 0
    assert rag(*REPORT, "-w", workspace).exit_code == 0  # so that the searches' vectors are in every copy's record
    shutil.rmtree(workspace / "reports")
    return workspace


@pytest.fixture
def workspace(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own copy, with a writer's settings but its address."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"MODEL": "scripted-1", "PRICE_IN": "0.5", "PRICE_OUT": "2"}.items():
        monkeypatch.setenv(f"RAG_WRITER__{name}", value)
    return Path(shutil.copytree(made, tmp_path / "x"))


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A careful writer's."""
    with serving(good) as state:
        monkeypatch.setenv("RAG_WRITER__BASE_URL", state.base_url)
        yield state


def test_a_report_tells_what_it_will_take_and_what_it_took(workspace: Path, endpoint: Endpoint) -> None:
    """The estimate on stderr before the first call, the counts on stdout; the same command again asks nobody."""
    result = rag(*REPORT, "--writer", "openai", "-w", workspace)
    assert result.exit_code == 0, result.output
    assert "Wording: " in result.stderr
    assert "; cost about 0." in result.stderr
    assert "Writer: model scripted-1; " in result.stdout
    assert " 0 repaired, 0 replaced by quotation" in result.stdout
    assert f"; {len(endpoint.requests)} calls, 0 answers from the record, " in result.stdout
    first = (workspace / "reports").glob("*.json").__next__().read_text("utf-8")
    asked = len(endpoint.requests)
    again = json.loads(rag(*REPORT, "--writer", "openai", "-w", workspace, "--json").stdout)
    assert (again["spent"]["calls"], again["spent"]["reused"], again["writer"]) == (0, asked, "scripted-1")
    assert (workspace / "reports").glob("*.json").__next__().read_text("utf-8") == first
    rag(*REPORT, "--writer", "openai", "-w", workspace, "--fresh")
    assert len(endpoint.requests) == 2 * asked


def test_a_failed_report_is_one_error_and_resume_goes_on_where_it_failed(
    workspace: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own topic, day and formats; what was answered is not asked again."""
    monkeypatch.setenv("RAG_WRITER__ANSWER_TOKENS", "500")
    monkeypatch.setenv("RAG_WRITER__MAX_TOKENS", "2400")
    result = rag(*REPORT, "--writer", "openai", "-w", workspace)
    assert result.exit_code == 6
    *_, hint, error = result.stderr.splitlines()
    assert hint == "rag: what the model has answered is recorded; go on with: rag report --resume"
    assert error == "rag: the next call could take the run over writer.max_tokens, 2,400: raise it and --resume"
    assert not (workspace / "reports").exists()
    answered = len(endpoint.requests)
    assert answered > 0
    monkeypatch.setenv("RAG_WRITER__MAX_TOKENS", "0")
    resumed = rag("report", "--resume", "-w", workspace)
    assert resumed.exit_code == 0, resumed.output
    assert f"{answered} answers from the record" in resumed.stdout
    assert len({json.dumps(request) for request in endpoint.requests}) == len(endpoint.requests) > answered
    assert sorted(path.suffix for path in (workspace / "reports").iterdir()) == [".json", ".md"]
    assert_refused(rag("report", "--resume", "-w", workspace), status=2, saying="no report waits to be finished")


def test_a_written_report_is_rendered_again_without_a_model(workspace: Path) -> None:
    """From its data alone, in other formats."""
    with serving(good) as gone:
        settings = {"RAG_WRITER__BASE_URL": gone.base_url}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            written = json.loads(rag(*REPORT, "--writer", "openai", "-w", workspace, "--json").stdout)
    shutil.rmtree(workspace / "reports")
    again = json.loads(rag("report", "--replay", written["id"], "--format", "json", "--format", "html", "-w", workspace, "--json").stdout)
    assert again["id"] == written["id"]
    assert again["failures"] == []
    assert sorted(path.suffix for path in (workspace / "reports").iterdir()) == [".html", ".json"]
    assert_refused(rag("report", "--replay", "r-none", "-w", workspace), status=2, saying="no report 'r-none'")


def test_wrong_calls_and_settings_are_told_at_once(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is searched or paid."""
    assert_refused(rag("report", "-w", workspace), status=2, saying="name a topic")
    assert_refused(rag("report", "x", "--resume", "-w", workspace), status=2, saying="give one of these")
    monkeypatch.setenv("RAG_WRITER__KIND", "openai")
    monkeypatch.setenv("RAG_WRITER__MODEL", "")
    assert_refused(rag("report", "x", "-w", workspace), status=2, saying='kind = "openai" needs model and base_url')
    monkeypatch.setenv("RAG_WRITER__KIND", "extractive")
    assert_refused(rag("report", "x", "--writer", "openai", "-w", workspace), status=2, saying="no model is set: give writer.model")
    monkeypatch.setenv("RAG_WRITER__MAX_COST", "1")
    monkeypatch.setenv("RAG_WRITER__PRICE_IN", "0")
    monkeypatch.setenv("RAG_WRITER__PRICE_OUT", "0")
    assert_refused(rag("report", "x", "-w", workspace), status=2, saying="max_cost needs price_in and price_out")


def test_prompts_are_shown_and_tried(workspace: Path) -> None:
    """What ships, and an own version that cannot be used."""
    listed = rag("prompts", "show", "-w", workspace)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        f"write/{name}.j2" for name in ("rules", "card", "repair", "summary", "answer", "parts", "judge")
    ]
    text = rag("prompts", "show", "write/card.j2", "-w", workspace).stdout
    assert "{{ heading }}" in text
    assert 'under the heading "Sales rose"' in rag("prompts", "try", "write/card.j2", "-w", workspace).stdout
    own = workspace / "prompts" / "write" / "card.j2"
    own.parent.mkdir(parents=True)
    own.write_text(text.replace("{{ question }}", ""), encoding="utf-8")
    assert_refused(rag("prompts", "try", "write/card.j2", "-w", workspace), status=2, saying="leaves out 'question'")
    assert_refused(rag("prompts", "show", "card", "-w", workspace), status=2, saying="no prompt 'card'; there is: write/rules.j2")
    assert json.loads(rag("prompts", "show", "write/rules.j2", "--json", "-w", workspace).stdout)["fields"] == ["market", "most_words"]


def test_a_second_opinion_is_asked_in_the_report_and_in_rag_check(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that doubts one sentence has it quoted; `rag check` prints its opinion after the gates and fails where it doubts."""
    doubted: list[str] = []

    def model(request: dict[str, Any]) -> str:
        told = request["messages"][-1]["content"]
        if not told.startswith("You judge"):
            return good(request)
        lines = [line for line in told.splitlines() if line.startswith("Sentence ")]
        verdicts = ["unsupported" if line.split(": ", 1)[1] in doubted else "supported" for line in lines]
        return json.dumps({"verdicts": [{"sentence": at, "verdict": verdict} for at, verdict in enumerate(verdicts, 1)]})

    with serving(model) as state:
        for name, value in {"WRITER__BASE_URL": state.base_url, "CHECKER__BASE_URL": state.base_url}.items():
            monkeypatch.setenv(f"RAG_{name}", value)
        assert rag(*REPORT, "--writer", "openai", "-w", workspace).exit_code == 0
        path = next((workspace / "reports").glob("*.json"))
        alone = json.loads(path.read_text("utf-8"))
        assert "checker" not in rag("check", path, "-w", workspace).stdout
        monkeypatch.setenv("RAG_CHECKER__KIND", "llm")
        monkeypatch.setenv("RAG_CHECKER__MODEL", "judge-1")
        written = [claim for claim in alone["claims"] if claim["mode"] == "prose" and not claim["calculation"]]
        agreed = rag("check", path, "-w", workspace)
        assert agreed.exit_code == 0, agreed.output
        assert f"checker: {len(written)} of {len(written)} written sentences supported by their quotations" in agreed.stdout
        doubted.append(written[0]["text"])
        monkeypatch.setenv("RAG_CHECKER__MODEL", "judge-2")
        doubts = rag("check", path, "-w", workspace)
        assert doubts.exit_code == 1
        assert f"DOUBT {written[0]['id']}: judge-2 finds it unsupported on its quotations" in doubts.stdout
        told = json.loads(rag("check", path, "-w", workspace, "--json").stdout)
        same = [claim["id"] for claim in written if claim["text"] in doubted]
        assert (told["passed"], [one["about"] for one in told["judged"] if one["outcome"] == "fail"]) == (False, same)
        assert rag(*REPORT, "--writer", "openai", "-w", workspace).exit_code == 0
        made = json.loads(path.read_text("utf-8"))
        assert written[0]["text"] not in [claim["text"] for claim in made["claims"]]
        assert made["manifest"]["counts"]["doubted"] >= 1
        assert rag("check", path, "-w", workspace, "--reproduce").exit_code == 0
