"""`rag serve` as it is started, met by real clients on loopback: OpenAI's SDK, LangChain, a browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rag.app import create
from tests.conftest import heed_ctrl_c

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUESTION = "How much zinc-air capacity will Marenland have in 2030?"
NOTE = "# Velox cells\n\nPublished 2026-03-02\n\nShipments of zinc cells by Velox came to 420 MWh in 2025, up from 310 MWh in 2024.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A running server."""

    base: str
    """Such as http://127.0.0.1:40123."""
    token: str
    log: Path


@contextmanager
def serving(workspace: Path, log: Path) -> Iterator[Served]:
    """The command, until the end; what it prints is one address, without a token where there are users."""
    command = [sys.executable, "-m", "rag", "serve", "--port", "0", "--workspace", str(workspace)]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, preexec_fn=heed_ctrl_c) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline()
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/(?:\?token=([\w-]{43})| \(log in by name\))\n", address)
        assert found, log.read_text()
        try:
            yield Served(base=found[1], token=found[2] or "", log=log)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 130  # as after any Ctrl-C
            assert process.stdout.read() == ""
            told = log.read_text()
            assert not found[2] or found[2] not in told
            assert "Traceback" not in told


@pytest.fixture(scope="module")
def sample(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A copy of the sample workspace, served."""
    workspace = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("served") / "workspace"))
    with serving(workspace, tmp_path_factory.mktemp("log") / "stderr") as served:
        yield served


@pytest.fixture(scope="module")
def client(sample: Served) -> Any:
    """OpenAI's own client."""
    from openai import OpenAI

    with OpenAI(base_url=f"{sample.base}/v1", api_key=sample.token, max_retries=0) as made:
        yield made


def test_the_openai_sdk_gets_an_answer_with_its_sources(client: Any) -> None:
    """[n] in the text, a url_citation for each that leads to the passage, and usage."""
    answer = client.chat.completions.create(model="rag", messages=[{"role": "user", "content": QUESTION}])
    message, usage = answer.choices[0].message, answer.usage
    assert answer.choices[0].finish_reason == "stop"
    assert "\n\nSources:\n[1] " in message.content
    assert "Sources disagree" in message.content
    cited = [(note.type, message.content[note.url_citation.start_index : note.url_citation.end_index]) for note in message.annotations]
    assert cited == [("url_citation", mark) for mark in re.findall(r"\[\d\]", message.content.split("\n\nSources:")[0])]
    assert all(re.search(r"/documents/[0-9a-f]{16}\?start=\d+&end=\d+#mark$", note.url_citation.url) for note in message.annotations)
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > usage.prompt_tokens > 5


def test_the_openai_sdk_streams_the_same_answer(client: Any) -> None:
    """Piece by piece the same text, the annotations with the last, usage where it is asked for."""
    asked: dict[str, Any] = {"model": "rag", "messages": [{"role": "user", "content": QUESTION}]}
    whole = client.chat.completions.create(**asked)
    text, notes, usage = "", [], None
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            notes += (choice.delta.model_extra or {}).get("annotations", [])
    message = whole.choices[0].message
    assert text == message.content
    assert notes == [note.model_dump() for note in message.annotations]
    assert usage == whole.usage


def test_a_conversation_of_a_client_is_understood_and_not_kept(client: Any, sample: Served) -> None:
    """A follow-up is read with the questions before it; the history of chats does not know of it."""
    import httpx2

    asked = [
        {"role": "user", "content": "What was Halvex's revenue in 2025?"},
        {"role": "assistant", "content": "(whatever)"},
        {"role": "user", "content": [{"type": "text", "text": "And in 2024?"}]},
    ]
    answer = client.chat.completions.create(model="rag", messages=asked).choices[0].message.content
    assert "Halvex" in answer
    assert "2024" in answer
    chats = httpx2.get(f"{sample.base}/api/chats", headers={"authorization": f"Bearer {sample.token}"}).text
    assert "And in 2024?" not in chats


def test_the_documents_do_not_say_is_an_answer(client: Any) -> None:
    """A question without an answer gets the reason and what came nearest, no annotation."""
    asked = [{"role": "user", "content": "Who won the chess championship of Patagonia in 1911?"}]
    message = client.chat.completions.create(model="rag", messages=asked).choices[0].message
    assert message.content.startswith("The documents do not say.")
    assert message.annotations == []


def test_embeddings_and_models_of_the_openai_sdk(client: Any) -> None:
    """The workspace's embedder, in the SDK's base64 and as numbers; a query's vector where it is asked for."""
    names = [model.id for model in client.models.list()]
    assert names == ["rag", "sentence-transformers/all-MiniLM-L6-v2"]
    packed = client.embeddings.create(model=names[1], input=["zinc-air", "tariff"])
    plain = client.embeddings.create(model=names[1], input=["zinc-air", "tariff"], encoding_format="float")
    asked = client.embeddings.create(model=names[1], input="zinc-air", extra_body={"input_type": "query"})
    assert [len(one.embedding) for one in packed.data] == [384, 384]
    assert packed.data[1].embedding == pytest.approx(plain.data[1].embedding, abs=1e-6)
    assert sum(value * value for value in packed.data[0].embedding) == pytest.approx(1, abs=1e-4)
    assert sum(one * other for one, other in zip(asked.data[0].embedding, plain.data[0].embedding, strict=True)) > 0.99
    assert packed.usage.total_tokens > 0


def test_what_cannot_be_served_is_an_error_of_the_sdk(client: Any) -> None:
    """Unknown models, pictures, tokens, texts that are too long, a wrong key: each its class, one sentence, no traceback."""
    import openai

    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    with pytest.raises(openai.NotFoundError, match="No model 'gpt-x' here"):
        client.chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": "hi"}])
    with pytest.raises(openai.BadRequestError, match="Only text"):
        client.chat.completions.create(model="rag", messages=picture)
    with pytest.raises(openai.UnprocessableEntityError, match="The field n cannot be used"):
        client.chat.completions.create(model="rag", messages=[{"role": "user", "content": "hi"}], n=3)
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length"):
        client.embeddings.create(model="rag", input=[1, 2, 3])
    with pytest.raises(openai.BadRequestError, match="tokens and 254 are allowed"):
        client.embeddings.create(model="rag", input="zinc " * 400)
    with pytest.raises(openai.AuthenticationError, match="rag serve"):
        client.with_options(api_key="wrong").models.list()


def test_langchain_asks_and_streams(sample: Served) -> None:
    """ChatOpenAI as it comes: the same text at once and in pieces."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(base_url=f"{sample.base}/v1", api_key=SecretStr(sample.token), model="rag", max_retries=0)
    whole = model.invoke(QUESTION)
    assert "[1]" in str(whole.content)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] > 10
    assert "".join(str(piece.content) for piece in model.stream(QUESTION)) == whole.content


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_from_an_empty_workspace_to_a_marked_passage_in_a_browser(tmp_path: Path) -> None:
    """Open, choose a file, send it, ask, click the citation: the passage is marked; by keyboard, at 390 pixels, nothing foreign fetched."""
    from playwright.sync_api import sync_playwright

    create(tmp_path / "ws", embedder="small")
    (tmp_path / "velox.md").write_text(NOTE, encoding="utf-8")
    with serving(tmp_path / "ws", tmp_path / "stderr") as served, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], env=dict(os.environ))
        page: Any = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(served.base) else told.append(request.url))
        page.set_default_timeout(120_000)

        page.goto(f"{served.base}/?token={served.token}")  # 1
        assert "token" not in page.url
        page.set_input_files("#files", tmp_path / "velox.md")  # 2
        page.get_by_role("button", name="Add and read").click()  # 3
        page.get_by_label("Now ask").wait_for()
        page.wait_for_load_state("load")  # a page's own script comes after its text,
        page.locator("#question:focus").wait_for()  # and the cursor after both
        page.keyboard.type("How many zinc cells did Velox ship in 2025?")  # 4
        page.keyboard.press("Enter")
        link = page.locator(".answer a.cite").first
        link.wait_for()  # the answer is there
        page.wait_for_load_state("load")
        link.focus()
        page.keyboard.press("Enter")  # 5
        mark = page.locator("#panel mark")
        mark.wait_for()
        assert mark.inner_text() == NOTE.splitlines()[4]
        assert mark.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.classList.contains('cite')")
        assert told == []
        browser.close()
