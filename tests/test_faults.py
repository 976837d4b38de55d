"""Thirty write points of an ingest where it is killed or the disk fails, and a dozen kinds of damage; `make faults` does hundreds."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import faults
from rag.errors import RagError
from rag.record import Record
from rag.stores.chroma import ChromaStore
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened

EMBEDDER = HashingEmbedder()


@pytest.mark.skipif(not faults.available(), reason="faults are injected on Linux with a C compiler")
def test_nothing_is_lost_doubled_or_unfindable_after_kills_and_failing_disks(tmp_path: Path) -> None:
    """Most of them kills while files are committed; the index takes seconds a point."""
    command = [sys.executable, "-m", "benchmarks.faults", "--record-kills", "26", "--index-kills", "1", "--errors", "1"]
    done = subprocess.run(
        command, env=faults.environment(tmp_path), cwd=faults.REPOSITORY, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "{'killed': 26}; 0 with a fault" in done.stdout
    assert done.stdout.count("; 0 with a fault") == 6


# ── damage ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty notes."""
    workspace = tmp_path_factory.mktemp("damage") / "w"
    add(
        workspace, {f"n{number:02}.txt": f"zebra{number:02} in a note about copper and {number}" for number in range(60)}, embedder=EMBEDDER
    )
    return workspace


def _page(path: Path, number: int) -> None:
    """Overwrites one page of 4,096 bytes."""
    with path.open("r+b") as file:
        file.seek(4096 * number)
        file.write(random.Random(number).randbytes(4096))


def _cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def _level(workspace: Path) -> Path:
    return next((workspace / "index").glob("gen-*/chroma/*/data_level0.bin"))


RECORD_DAMAGE: dict[str, Callable[[Path], object]] = {
    "the first page is noise": lambda workspace: _page(workspace / "library.db", 0),
    "a page in the middle is noise": lambda workspace: _page(workspace / "library.db", 20),
    "the last page is noise": lambda workspace: _page(workspace / "library.db", (workspace / "library.db").stat().st_size // 4096 - 1),
    "half of it is gone": lambda workspace: _cut(workspace / "library.db", 0.5),
    "it is empty": lambda workspace: _cut(workspace / "library.db", 0),
    "it is another file": lambda workspace: (workspace / "library.db").write_bytes(b"PK\x03\x04" * 5000),
}
INDEX_DAMAGE: dict[str, Callable[[Path], object]] = {
    "a page of its vectors is noise": lambda workspace: _page(_level(workspace), 1),
    "its vectors are gone": lambda workspace: _level(workspace).unlink(),
    "its database is noise": lambda workspace: _page(next((workspace / "index").rglob("chroma.sqlite3")), 3),
}


@pytest.mark.parametrize("damage", RECORD_DAMAGE.values(), ids=RECORD_DAMAGE)
def test_a_damaged_record_is_found_and_told(made_once: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """At opening or when it is looked over; as one of our errors, never as a dead process or as silence."""
    workspace = _copy(made_once, tmp_path)
    damage(workspace)
    try:
        with Record.open(workspace / "library.db") as record:
            told = record.faults()
    except RagError as error:
        told = [str(error)]
    assert told


@pytest.mark.parametrize("damage", INDEX_DAMAGE.values(), ids=INDEX_DAMAGE)
def test_a_damaged_index_is_found_and_made_anew_without_the_embedder(
    made_once: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    """Searches go on meanwhile, exactly; the next ingest embeds nothing and everything is found."""
    workspace = _copy(made_once, tmp_path)
    damage(workspace)
    with opened(workspace, embedder=EMBEDDER) as retrieval:
        found = retrieval.find("zebra17", k=1)
        assert found.passages[0].source.path == "docs/n17.txt"
    embedder = HashingEmbedder()
    add(workspace, {}, embedder=embedder)
    assert embedder.texts == []
    with Record.open(workspace / "library.db") as record, ChromaStore(workspace / "index", space=record.active_space().id) as store:  # type: ignore[union-attr]
        assert (store.applied, store.count, store.notes) == (record.sequence(), 60, ())


def _copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))
