"""The line that says how far a run is: counts, rates and the time left, on a terminal and in a log."""

import os
import pty
import select
import sys

import pytest

from rag.cli.progress import ProgressLine
from rag.types import FileOutcome, Progress


class _Clock:
    """Tells the time that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """In place of the system's."""
    clock = _Clock()
    monkeypatch.setattr("rag.cli.progress.time", clock)
    return clock


def _embed(done: int, chunks: int, of_chunks: int, share: float) -> Progress:
    return Progress(stage="embed", done=done, total=40, chunks=chunks, of_chunks=of_chunks, share=share)


def test_a_long_file_moves_with_its_chunks(clock: _Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """What the first call of the embedder takes, which loads the model, is in no rate; the speed is that of the chunks in hand."""
    line = ProgressLine()
    for seconds, step in (
        (0, _embed(0, 0, 1_240, 0.0)),
        (20, _embed(0, 32, 1_240, 0.01)),
        (5, _embed(0, 132, 1_240, 0.05)),
        (5, _embed(0, 232, 1_240, 0.09)),
    ):
        clock.now += seconds
        line.draw(step)
    assert capsys.readouterr().err.splitlines() == [
        "embed: 0 of 40; 32 of 1,240 chunks",
        "embed: 0 of 40; 132 of 1,240 chunks, 20.0 a second; 119 s left",
        "embed: 0 of 40; 232 of 1,240 chunks, 20.0 a second; 114 s left",
    ]


def test_files_are_counted_over_the_whole_run(clock: _Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Not from the end of the last embedding, after which a window of them is reported at once."""
    line = ProgressLine()
    line.draw(_embed(0, 0, 10, 0.0))
    clock.now += 1
    line.draw(_embed(0, 8, 10, 0.001))
    clock.now += 100
    for done in range(1, 11):
        outcome = FileOutcome(path=f"docs/{done}.txt", status="added")
        line.draw(Progress(stage="ingest", done=done, total=40, outcome=outcome, share=done / 40))
    clock.now += 3
    line.draw(_embed(10, 0, 10, 0.25))
    assert capsys.readouterr().err.splitlines()[-1] == "embed: 10 of 40, 0.1 a second; 0 of 10 chunks; 5 min left"


def test_steps_without_a_share_are_like_each_other(clock: _Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as the cards of a report; hours are hours."""
    line = ProgressLine()
    for done in range(4):
        line.draw(Progress(stage="write", done=done, total=40))
        clock.now += 1_000
    assert capsys.readouterr().err.splitlines() == [
        "write: 1 of 40",
        "write: 2 of 40",
        "write: 3 of 40, 0.0 a second; 10 h 17 min left",
    ]


def test_on_a_terminal_one_line_moves_and_failures_stay(clock: _Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real pseudo-terminal, as a person has it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        line = ProgressLine()
        line.draw(_embed(0, 0, 9, 0.0))
        outcome = FileOutcome(path="docs/a.pdf", status="failed", reason="it is damaged")
        line.draw(Progress(stage="ingest", done=1, total=40, outcome=outcome, share=0.5))
        line.clear()
        terminal.flush()
        said = ""
        while select.select([ours], [], [], 1.0)[0]:  # a terminal hands over what it has so far
            said += os.read(ours, 10_000).decode()
    os.close(ours)
    erase = "\r\x1b[K"
    assert said == f"{erase}embed: 0 of 40; 0 of 9 chunks{erase}failed: docs/a.pdf: it is damaged\r\n{erase}ingest: 1 of 40{erase}"
