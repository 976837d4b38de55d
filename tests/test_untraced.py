"""LANGSMITH_* sends nothing of ours anywhere, unless the program that uses us says so; against a LangSmith of our own on loopback."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from rag.chain import PassageRetriever
from rag.llms.langchain import LangChainLlm
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened
from tests.test_llms_langchain import ASKED, Chat

TEXTS = {"cells.txt": "date: 2025-03-01\n\n# Cell prices\n\nCell prices at Veltrane fell by 12.5 percent."}
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def langsmith() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was sent."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            got.append(f"{self.command} {self.path}")
            body = b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._any()

        def do_POST(self) -> None:
            self._any()

        def do_PATCH(self) -> None:
            self._any()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()
    thread.join()


def replied(folder: Path, *, traced: bool) -> None:
    """A model answers at once."""
    LangChainLlm(Chat(), model="scripted", traced=traced).reply(ASKED, most_tokens=50, timeout_s=20)


def streamed(folder: Path, *, traced: bool) -> None:
    """A model answers piece by piece."""
    assert list(LangChainLlm(Chat(), model="scripted", traced=traced).stream(ASKED, most_tokens=50, timeout_s=20))


def found(folder: Path, *, traced: bool) -> None:
    """A retriever is asked."""
    add(folder, TEXTS, embedder=HashingEmbedder())
    with PassageRetriever(open=partial(opened, folder, embedder=HashingEmbedder()), traced=traced) as retriever:
        assert retriever.invoke("How far did cell prices fall?")


def awaited(folder: Path, *, traced: bool) -> None:
    """A retriever is asked by a program that awaits."""
    add(folder, TEXTS, embedder=HashingEmbedder())
    with PassageRetriever(open=partial(opened, folder, embedder=HashingEmbedder()), traced=traced) as retriever:
        assert asyncio.run(retriever.ainvoke("How far did cell prices fall?"))


@pytest.mark.parametrize("does", [replied, streamed, found, awaited])
def test_the_environment_alone_sends_nothing(langsmith: tuple[str, list[str]], does: Callable[..., None], tmp_path: Path) -> None:
    """With every variable set that asks for it; with ``traced`` the same program sends it, so that the test would see it."""
    address, got = langsmith
    asking = dict.fromkeys(("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"), "true")
    asking |= {
        f"{name}_{key}": value for name in ("LANGSMITH", "LANGCHAIN") for key, value in (("ENDPOINT", address), ("API_KEY", "lsv2_x"))
    }
    sent = {}
    for traced in (False, True):
        (folder := tmp_path / str(traced)).mkdir()
        code = (
            f"from tests.test_untraced import Path, {does.__name__}\n"
            f"{does.__name__}(Path({str(folder)!r}), traced={traced})\n"
            "from langchain_core.tracers.langchain import wait_for_all_tracers\n"
            "wait_for_all_tracers()"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, env=os.environ | asking, timeout=120)
        sent[traced] = [one for one in got if not one.startswith("GET")]
        got.clear()
    assert sent[False] == []
    assert sent[True]
