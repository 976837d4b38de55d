"""``rag ingest --watch`` as a process: follows changes, ends cleanly."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

CHILD = """
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from rag.app import Library, create
from rag.cli.watch import keep_up
from tests.fakes import HashingEmbedder

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background hands its children an ignored Ctrl-C
create(Path(sys.argv[1]), folders=[Path(folder) for folder in sys.argv[2:]], embedder="small")
if len(sys.argv) == 2:
    (Path(sys.argv[1]) / "docs" / "a.txt").write_text("copper prices")
with Library.open(Path(sys.argv[1])) as library:
    library.__dict__["embedder"] = HashingEmbedder()
    keep_up(library, (), now=lambda: datetime.now(UTC))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_changes_are_followed_until_it_is_interrupted(tmp_path: Path) -> None:
    """A new file, a changed one and a deleted one each make a line; Ctrl-C is no error."""
    docs = tmp_path / "w" / "docs"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "w")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as child:
        assert child.stdout is not None
        assert "1 added; 1 chunks" in child.stdout.readline()
        time.sleep(1)
        (docs / "b.txt").write_text("zinc demand")
        assert "1 added; 2 chunks" in child.stdout.readline()
        (docs / "a.txt").write_text("copper prices fell")
        assert "1 changed; 2 chunks" in child.stdout.readline()
        (docs / "b.txt").unlink()
        assert "1 deleted; 1 chunks" in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        try:
            assert child.wait(timeout=30) == 0
        finally:
            child.kill()
        assert child.stderr is not None
        assert "stopped watching" in child.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_folder_that_goes_away_does_not_end_the_watching(tmp_path: Path) -> None:
    """Its files are kept and counted as missing; changes in the other folder are followed."""
    for name in ("near", "share"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(f"{name} prices")
    command = [sys.executable, "-c", CHILD, str(tmp_path / "w"), str(tmp_path / "near"), str(tmp_path / "share")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY) as child:
        try:
            assert child.stdout is not None
            assert "2 added; 2 chunks" in child.stdout.readline()
            time.sleep(1)
            (tmp_path / "share").rename(tmp_path / "away")
            assert "1 failed, 1 missing; 2 chunks" in child.stdout.readline()
            time.sleep(1)
            (tmp_path / "near" / "b.txt").write_text("zinc demand")
            assert "1 added, 1 failed, 1 missing; 3 chunks" in child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=30) == 0
        finally:
            child.kill()
