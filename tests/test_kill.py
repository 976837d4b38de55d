"""``kill -9`` at any moment of an ingest loses nothing and doubles nothing."""

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.ingest import IngestSummary, drain, ingest
from rag.record import Record, space_of, writer_lock
from rag.stores.chroma import ChromaStore
from rag.types import Chunk, Document
from tests.conftest import REPOSITORY
from tests.fakes import HashingEmbedder, chunk_words, read_plain

FILES, KILLS = 40, 12
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)


def run_ingest(workspace: Path, *, pace_s: float) -> IngestSummary:
    """Ingests ``workspace/research``; each read takes ``pace_s`` longer than it must."""
    embedder = HashingEmbedder()

    def read(path: Path) -> Document:
        time.sleep(pace_s)
        return read_plain(path)

    def chunk(document: Document, *, document_id: str) -> list[Chunk]:
        return chunk_words(document, document_id=document_id, counter=embedder, budget=64)

    database = workspace / "library.db"
    store = ChromaStore(workspace / "index", space=space_of(embedder.fingerprint).id)
    with writer_lock(workspace, now=NOW), Record.open(database) if database.exists() else Record.create(database) as record, store:
        steps = ingest(
            [workspace / "research"],
            record=record,
            store=store,
            read=read,
            suffixes=frozenset({".txt"}),
            reader_version="1",
            embedder=embedder,
            chunk=chunk,
            now=NOW,
        )
        return drain(steps, show=lambda step: print(step.stage, step.done, flush=True))  # noqa: T201  # the test reads it


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Forty notes, each with a word of its own."""
    (tmp_path / "research").mkdir()
    for number in range(FILES):
        (tmp_path / "research" / f"note-{number:02}.txt").write_text(f"zebra{number:02} in a note about copper and {number} other things")
    return tmp_path


CHILD = """
import sys
from pathlib import Path
import rag.ingest
from tests.test_kill import run_ingest

rag.ingest.WINDOW_FILES = 3
run_ingest(Path(sys.argv[1]), pace_s=0.01)
"""


def start(workspace: Path) -> "subprocess.Popen[str]":
    """Ingest in a process of its own, three files to a window, so that kills fall between commits."""
    return subprocess.Popen([sys.executable, "-c", CHILD, str(workspace)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)


def assert_complete(workspace: Path) -> None:
    """Every note is found once by its word, once by its vector in the record, and once in the index."""
    embedder = HashingEmbedder()
    with (
        Record.open(workspace / "library.db") as record,
        ChromaStore(workspace / "index", space=space_of(embedder.fingerprint).id) as store,
    ):
        ids, matrix = record.vectors()
        assert len(ids) == len(set(ids)) == FILES
        assert len(record.sources()) == len(record.files()) == FILES
        assert (store.applied, store.count) == (record.sequence(), FILES)
        for number in range(FILES):
            ((identity, _),) = record.lexical(f"zebra{number:02}", k=10)
            (chunk,) = record.chunks([identity])
            assert record.source(chunk.document).path == f"research/note-{number:02}.txt"
            (vector,) = embedder.embed([chunk.embedded_text], kind="document")
            assert ids[int((matrix @ vector).argmax())] == identity
            assert [name for name, cosine in store.nearest(vector, k=2) if cosine > 0.9999] == [identity]


def test_killed_at_any_moment_nothing_is_lost_or_doubled(workspace: Path) -> None:
    """A dozen kills spread over reading, embedding, committing and publishing; then a plain run completes."""
    chance = random.Random(20260930)
    for number in range(KILLS):
        with start(workspace) as child:
            assert child.stdout is not None
            child.stdout.readline()  # begun
            time.sleep(chance.uniform(0, 0.08 if number < KILLS // 2 else 1.6))
            child.send_signal(signal.SIGKILL)
    run_ingest(workspace, pace_s=0)
    assert_complete(workspace)
    assert [path.name for path in (workspace / "index").iterdir() if not path.name.startswith("gen-")] == []
