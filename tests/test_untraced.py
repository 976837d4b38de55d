"""LANGSMITH_* sends nothing of ours anywhere, unless the program that uses us says so; against a LangSmith of our own on loopback."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
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

        def do_PUT(self) -> None:
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


def all_of_them(folder: Path, address: str, *, traced: bool) -> None:
    """One after the other, each under its name, which the server is told before it."""
    import httpx2
    from langchain_core.tracers.langchain import wait_for_all_tracers

    for does in (replied, streamed, found, awaited):
        httpx2.put(f"{address}/{does.__name__}")
        (own := folder / f"{does.__name__}-{traced}").mkdir()
        does(own, traced=traced)
        wait_for_all_tracers()


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


def test_the_environment_alone_sends_nothing(langsmith: tuple[str, list[str]], tmp_path: Path) -> None:
    """With every variable set that asks for it; with ``traced`` the same program sends it, so that the test would see it."""
    address, got = langsmith
    asking = dict.fromkeys(("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"), "true")
    asking |= {
        f"{name}_{key}": value for name in ("LANGSMITH", "LANGCHAIN") for key, value in (("ENDPOINT", address), ("API_KEY", "lsv2_x"))
    }
    sent: dict[bool, dict[str, list[str]]] = {}
    for traced in (False, True):
        code = f"from tests.test_untraced import Path, all_of_them\nall_of_them(Path({str(tmp_path)!r}), {address!r}, traced={traced})"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, env=os.environ | asking, timeout=120)
        sent[traced] = {}
        for one in got:
            if one.startswith("PUT /"):
                sent[traced][now := one.removeprefix("PUT /")] = []
            elif not one.startswith("GET"):
                sent[traced][now].append(one)
        got.clear()
    assert sent[False] == {"replied": [], "streamed": [], "found": [], "awaited": []}
    assert all(sent[True].values())
    assert sent[True].keys() == sent[False].keys()


@pytest.mark.parametrize("command", [["search", "zinc-air storage"], ["ask", "Who makes zinc-air cells?"]])
def test_its_parts_report_to_nobody_and_leave_nothing_behind(command: list[str], sample_workspace: Path, tmp_path: Path) -> None:
    """onnxruntime's packages keep events for Microsoft in the home folder, and send them, unless they are told not to."""
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for place in places.values():
        Path(place).mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | places
    workspace = ["--workspace", str(shutil.copytree(sample_workspace, tmp_path / "workspace"))]
    subprocess.run([sys.executable, "-m", "rag", *command, *workspace], env=environment, check=True, capture_output=True, cwd=REPOSITORY)
    assert [path for place in places.values() for path in Path(place).rglob("*")] == []
