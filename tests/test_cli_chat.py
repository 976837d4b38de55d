"""Asking on the command line: what is printed, how a script uses it, how a person leaves."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from rag.cli.show_chat import drafts
from tests.conftest import heed_ctrl_c
from tests.test_cli import assert_refused, rag


@pytest.fixture
def workspace(sample_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample workspace, below where the test stands."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(sample_workspace, tmp_path / "x"))


def test_an_answer_prints_sentences_sources_and_status(workspace: Path) -> None:
    """[n] behind a sentence, the source with its page below; what is about the run goes to stderr."""
    result = rag("ask", "What was the revenue of Kordwell in 2025?", "-w", workspace)
    assert result.exit_code == 0
    assert "Revenue, 2025: EUR 1,842,600 thousand (table: Five-line summary). [1]" in result.stdout
    assert "[1] Kordwell Energi Annual Report 2025, p. 1, row Revenue, 2026-03-12" in result.stdout
    assert "chat 1, question 1" in result.stderr
    follow = rag("ask", "And in 2024?", "--chat", "1", "-w", workspace)
    assert "understood as: What was the revenue of Kordwell in 2024?" in follow.stdout


def test_what_is_not_said_has_a_status_of_its_own(workspace: Path) -> None:
    """A script tells an answer from none by the status, and JSON says why."""
    result = rag("ask", "How many employees does Tesla have?", "-w", workspace)
    assert result.exit_code == 8
    assert result.stdout.startswith("The documents do not say. No passage found names “Tesla”.")
    assert "Nearest passages:" in result.stdout
    told = json.loads(rag("ask", "How many employees does Tesla have?", "-w", workspace, "--json").stdout)
    assert (told["answer"]["abstained"], told["answer"]["claims"], len(told["answer"]["nearest"])) == (True, [], 3)


def test_a_conversation_from_a_pipe(workspace: Path, tmp_path: Path) -> None:
    """Questions and commands line by line; a mistake is one line and the talk goes on."""
    lines = ["What was the revenue of Kordwell in 2025?", "/open 1", "/open 9", "/scope folder=sample_docs/notes", "/nope"]
    lines += ["/scope all", "And in 2024?", "/sources", f"/export {tmp_path / 'chat.md'}", "/quit", "never asked"]
    result = rag("chat", "-w", workspace, stdin="\n".join(lines) + "\n")
    assert result.exit_code == 0
    assert "[1] Kordwell Energi Annual Report 2025, p. 1" in result.stdout
    assert "in sample_docs/notes" in result.stdout
    assert "the last answer cites 1" in result.stderr
    assert "no command /nope; /help lists them" in result.stderr
    assert "Kept as chat 1" in result.stderr
    assert "## And in 2024?" in (tmp_path / "chat.md").read_text(encoding="utf-8")
    assert "never asked" not in result.stdout


def test_chats_are_listed_searched_shown_exported_and_deleted(workspace: Path, tmp_path: Path) -> None:
    """Newest first; an unknown one is refused in one line."""
    rag("ask", "What was the revenue of Kordwell in 2025?", "-w", workspace)
    assert "What was the revenue" in rag("chats", "-w", workspace).stdout
    assert rag("chats", "--search", "unicorn", "-w", workspace).stdout == "no chats\n"
    assert "1,842,600" in rag("chats", "show", "1", "-w", workspace).stdout
    rag("chats", "show", "1", "--export", tmp_path / "one.md", "-w", workspace)
    assert "[^1-1]:" in (tmp_path / "one.md").read_text(encoding="utf-8")
    assert_refused(rag("chats", "show", "7", "-w", workspace), status=2, saying="no chat 7; there is: 1")
    assert rag("chats", "delete", "1", "-w", workspace).stdout == "Chat 1 is deleted\n"
    assert rag("chats", "-w", workspace).stdout == "no chats\n"
    assert_refused(rag("chats", "delete", "1", "-w", workspace), status=2, saying="no chat 1; there is: none yet")
    assert_refused(rag("ask", "why?", "--claim", "c-1", "-w", workspace), status=2, saying="both --claim ID and --report FILE")


def test_ctrl_c_at_the_prompt_leaves_with_the_chat_kept(workspace: Path) -> None:
    """The status is 0, and the chat can be gone on with."""
    command = [sys.executable, "-m", "rag", "chat", "-w", str(workspace)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=heed_ctrl_c,
    ) as talk:
        assert talk.stdin
        assert talk.stdout
        talk.stdin.write("How many employees does Tesla have?\n")
        talk.stdin.flush()
        while "Nearest" not in talk.stdout.readline():
            pass
        while talk.stdout.readline().strip():
            pass
        for _ in range(10):  # one that comes while the answer is still being printed stops only that
            talk.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                talk.wait(timeout=6)
                break
        assert talk.returncode == 0
        assert talk.stderr
        assert "Kept as chat 1: rag chat --chat 1" in talk.stderr.read()


def test_what_is_being_written_passes_on_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked as unverified, no control character of it, and gone at the end; nothing of it where there is no terminal."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with drafts() as heard:
        assert heard is not None
        heard("Prices\x1b[31m fell. " * 20)
    shown = terminal.getvalue()
    assert "being written, unverified: Prices [31m fell." in shown
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[K")
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with drafts() as heard:
        assert heard is None
