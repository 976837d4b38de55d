"""`rag users`, `groups`, `keys` and `access`, typed as an admin types them; `rag mcp --http` and `rag serve` with users."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from click.testing import CliRunner, Result
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from rag.app import create
from rag.cli import cli
from rag.cli.serve import _refuse_unsafe
from rag.errors import UsageError
from tests.teams import EVERYTHING, leaked, library, papers, people

PASSWORD = "correct horse battery"


def typed(workspace: Path, *words: str, given: str = "") -> Result:
    """What a command prints; ``given`` is its stdin."""
    return CliRunner().invoke(cli, [*words, "-w", str(workspace)], input=given)


def test_a_team_is_set_up_in_five_commands(tmp_path: Path) -> None:
    """Users with passwords from stdin, a group, a list, a key that is shown once, and who sees what and why."""
    workspace = tmp_path / "ws"
    create(workspace, embedder="small")
    added = typed(workspace, "users", "add", "Ann", given=f"{PASSWORD}\n")
    assert added.stdout == "ann may come in as member\n"
    assert "users see every document" in added.stderr
    assert typed(workspace, "users", "add", "bob", "--role", "reader", "--no-password").exit_code == 0
    assert typed(workspace, "groups", "add", "board", "ann").stdout == "board: ann\n"
    closed = typed(workspace, "access", "set", "docs/board", "board")
    assert (closed.stdout, closed.exit_code) == ("docs/board: board  (0 files)\n", 0)
    assert "no known file lies there" in closed.stderr
    key = typed(workspace, "keys", "add", "bob", "--for", "notebook")
    assert key.stdout.startswith("rag_")
    listed = typed(workspace, "keys", "list", "--json")
    assert key.stdout.strip() not in listed.stdout
    assert json.loads(listed.stdout)[0]["label"] == "notebook"
    seen = typed(workspace, "access", "check", "bob", "docs/board/minutes.pdf")
    assert (seen.exit_code, seen.stdout) == (1, "no: the list at docs/board is for board\n")
    assert typed(workspace, "access", "check", "ann", "docs/board/minutes.pdf").exit_code == 0
    assert typed(workspace, "access", "check", "bob", str(workspace / "docs" / "x.pdf")).exit_code == 0
    assert "everything else: every user" in typed(workspace, "access", "show").stdout
    assert typed(workspace, "keys", "revoke", json.loads(listed.stdout)[0]["id"]).exit_code == 0
    assert typed(workspace, "groups", "remove", "board").exit_code == 0
    assert "docs/board: nobody" in typed(workspace, "access", "show").stdout
    assert typed(workspace, "users", "remove", "ann").exit_code == 0
    assert "no user is left" in typed(workspace, "users", "remove", "bob").stderr


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("users", "add", "ann"), "short\n", "a password has 10 characters at least"),
        (("users", "add", "ann"), "", "a password has 10 characters at least"),
        (("users", "add", "Ann Smith"), "", "cannot be a name"),
        (("users", "remove", "zoe"), "", "there is no user"),
        (("groups", "remove", "zoe"), "", "there is no group"),
        (("keys", "revoke", "rag_abcdef"), "", "that is a key itself"),
        (("keys", "add", "zoe"), "", "there is no user"),
        (("access", "set", "dosc/board", "everyone"), "", "is in no folder of this library"),
        (("access", "set", "", "nobody"), "", "name a folder or a document, or / for everything"),
        (("access", "set", "docs", "zoe"), "", "no user and no group"),
        (("access", "clear", "docs"), "", "there is no list at docs"),
        (("access", "check", "zoe", "docs"), "", "there is no user"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(tmp_path: Path, words: tuple[str, ...], given: str, said: str) -> None:
    """And changes nothing."""
    create(tmp_path / "ws", embedder="small")
    done = typed(tmp_path / "ws", *words, given=given)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "address", "team", "token", "said"),
    [
        ("0.0.0.0", "", True, "", "in the clear"),
        ("0.0.0.0", "http://research.example", True, "", "in the clear"),
        ("127.0.0.1", "https://research.example/rag", True, "", "without a path"),
        ("127.0.0.1", "research.example", False, "", "without a path"),
        ("127.0.0.1", "", True, "a-token-of-sixteen", "RAG_SERVE_TOKEN is set"),
    ],
)
def test_a_team_is_not_served_in_the_clear(host: str, address: str, team: bool, token: str, said: str) -> None:
    """Passwords go over a network by TLS or not at all."""
    with pytest.raises(UsageError, match=said):
        _refuse_unsafe(host, address=address, team=team, token=token)


def test_an_address_names_the_host() -> None:
    """So that browsers are answered under it."""
    assert _refuse_unsafe("0.0.0.0", address="https://research.example/", team=True, token="") == ["research.example"]
    assert _refuse_unsafe("127.0.0.1", address="", team=True, token="") == []


def test_mcp_over_http_shows_what_the_key_s_user_may_see(tmp_path: Path) -> None:
    """Tools give nothing of a hidden document; the process's own token opens nothing; a reader writes no report."""
    workspace = tmp_path / "ws"
    with library(workspace, count=8, small=True) as made:
        people(made, {"bob": ()})
        made.record.people.set_role("bob", "reader")
        made.record.access.put(f"{EVERYTHING}/board", ["nobody"])
    key = typed(workspace, "keys", "add", "bob").stdout.strip()
    hidden = [paper for paper in papers(8) if "/board" in paper.path]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, token = f"http://127.0.0.1:{port}/mcp", "a-token-for-this-test-only"
    command = [sys.executable, "-m", "rag", "mcp", "--http", "--allow-writes", "--port", str(port), "-w", str(workspace)]

    async def talk() -> tuple[str, Any, int]:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=120) as http:
            async with Client(streamable_http_client(url, http_client=http)) as client:
                calls = [
                    ("list_documents", {}),
                    ("search", {"question": f"zinc-air capacity {hidden[0].name}"}),
                    ("ask", {"question": "What is the zinc-air capacity in Marenland?"}),
                    ("read_passage", {"document": hidden[0].path.replace("research", "Research")}),
                    ("list_reports", {}),
                ]
                given = str([await client.call_tool(name, asked) for name, asked in calls])
                refused = await client.call_tool("report", {"topic": "Zinc-air storage"})
            wrong = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
            return given, refused, (await http.post(url, json={}, headers=wrong)).status_code

    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"RAG_MCP_TOKEN": token}) as process:
        try:
            _wait_for(port, process)
            given, refused, status = anyio.run(talk)
        finally:
            process.terminate()
    given = given.replace(hidden[0].path.replace("research", "Research"), "")
    assert not leaked(given, hidden=hidden)
    assert leaked(given, hidden=papers(8)[:1])
    assert refused.is_error
    assert "is for members" in str(refused.content)
    assert status == 401


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError
