"""Embedding elsewhere: what goes out comes back as what a local embedding would have been, or is refused."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from rag.app import Library, create
from rag.bulk import MANIFEST, ShardWriter, embed_shard, take_in
from rag.errors import FingerprintError, ModelError, RagError, UsageError
from rag.ingest import drain
from rag.record import Record
from tests.conftest import REPOSITORY
from tests.fakes import HashingEmbedder, TellingEmbedder

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEXTS = ["cell prices fell", "blades grew longer", "smelters ran short"]


def shards(folder: Path, *, embedder: HashingEmbedder, texts: list[str] = TEXTS) -> Path:
    """Exported, and embedded by the embedder."""
    folder.mkdir()
    writer = ShardWriter(embedder, folder, known=lambda texts: ())
    writer.embed(texts, kind="document")
    writer.finish()
    np.save(folder / "texts-00000.npy", embedder.embed(texts, kind="document"))
    return folder


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """An empty one."""
    return Record.create(tmp_path / "library.db")


def test_vectors_that_come_back_are_those_of_the_embedder(record: Record, tmp_path: Path) -> None:
    """Half precision will do; each text is known from then on."""
    embedder = HashingEmbedder()
    folder = shards(tmp_path / "shards", embedder=embedder)
    np.save(folder / "texts-00000.npy", np.load(folder / "texts-00000.npy").astype(np.float16) * 2)
    assert take_in(folder, record=record, embedder=embedder).texts == 3
    known = record.cached_vectors(TEXTS, fingerprint=embedder.fingerprint, kind="document")
    assert set(known) == set(TEXTS)
    for text, vector in known.items():
        assert vector == pytest.approx(embedder.embed([text], kind="document")[0], abs=1e-3)
    record.close()


def test_what_is_known_is_not_exported_again(tmp_path: Path) -> None:
    """And what stands twice is exported once; no shard is written for nothing."""
    folder = tmp_path / "shards"
    folder.mkdir()
    writer = ShardWriter(HashingEmbedder(), folder, known=lambda texts: TEXTS[:2])
    writer.embed([*TEXTS, TEXTS[2]], kind="document")
    out = writer.finish()
    assert (out.shards, out.texts) == (1, 1)
    assert json.loads((folder / "texts-00000.jsonl").read_text(encoding="utf-8"))["text"] == TEXTS[2]


def rewrite(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Changes a text file of the folder."""

    def changed(folder: Path) -> None:
        (folder / name).write_text(change((folder / name).read_text(encoding="utf-8")), encoding="utf-8")

    return changed


def put(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Callable[[Path], None]:
    """Other vectors in the shard."""
    return lambda folder: np.save(folder / "texts-00000.npy", array)


@pytest.mark.parametrize(
    ("harm", "error", "said"),
    [
        (rewrite(MANIFEST, lambda text: text.replace('"hashing"', '"another"')), FingerprintError, "are for another"),
        (rewrite(MANIFEST, lambda text: "{"), UsageError, "holds no shards of ours"),
        (rewrite("texts-00000.jsonl", lambda text: text.replace("fell", "rose")), UsageError, "was changed"),
        (lambda folder: (folder / "texts-00000.npy").unlink(), UsageError, "have no vectors yet"),
        (put(np.ones((2, 64), dtype=np.float32)), ModelError, "for 3 texts"),
        (put(np.zeros((3, 64), dtype=np.float32)), ModelError, "a row that is none"),
        (put(np.ones((3, 64), dtype=np.float32)), ModelError, "is another than this machine"),
    ],
)
def test_vectors_that_cannot_be_right_are_refused(
    record: Record, tmp_path: Path, harm: Callable[[Path], None], error: type[RagError], said: str
) -> None:
    """And none is kept."""
    embedder = HashingEmbedder(dimensions=64)
    folder = shards(tmp_path / "shards", embedder=embedder)
    harm(folder)
    with pytest.raises(error, match=said):
        take_in(folder, record=record, embedder=embedder)
    assert record.cached_vectors(TEXTS, fingerprint=embedder.fingerprint, kind="document") == {}
    record.close()


def codes(*told: bytes) -> Callable[[Path], None]:
    """What is told of the words of so many texts."""
    lengths = [len(code) for code in told]
    return lambda folder: np.savez(folder / "texts-00000.npz", codes=np.frombuffer(b"".join(told), dtype=np.uint8), lengths=lengths)


def test_what_is_told_of_words_comes_back_with_the_vectors(record: Record, tmp_path: Path) -> None:
    """As the embedder tells it; a shard without it is taken in too, and an embedder that tells nothing writes none."""
    embedder = TellingEmbedder()
    folder = shards(tmp_path / "shards", embedder=embedder)
    take_in(folder, record=record, embedder=embedder)
    assert told(record) == []
    embed_shard(folder / "texts-00000.jsonl", embedder=embedder)
    take_in(folder, record=record, embedder=embedder)
    assert told(record) == sorted(embedder.embed_with_tokens(TEXTS)[1])
    plain = shards(tmp_path / "plain", embedder=HashingEmbedder())
    (plain / "texts-00000.npy").unlink()
    embed_shard(plain / "texts-00000.jsonl", embedder=HashingEmbedder())
    assert {path.suffix for path in plain.glob("texts-*")} == {".jsonl", ".npy"}
    record.close()


@pytest.mark.parametrize(
    ("harm", "error", "said"),
    [
        (codes(b"12345678"), ModelError, "of the words of 1 texts"),
        (codes(b"12345678", b"12345678", b"12345678"), ModelError, "told otherwise"),
        (lambda folder: (folder / "texts-00000.npz").write_bytes(b"PK"), UsageError, "cannot be read"),
    ],
)
def test_words_that_cannot_be_right_are_refused(
    record: Record, tmp_path: Path, harm: Callable[[Path], None], error: type[RagError], said: str
) -> None:
    """And nothing is kept."""
    embedder = TellingEmbedder()
    folder = shards(tmp_path / "shards", embedder=embedder)
    harm(folder)
    with pytest.raises(error, match=said):
        take_in(folder, record=record, embedder=embedder)
    assert told(record) == []
    assert record.cached_vectors(TEXTS, fingerprint=embedder.fingerprint, kind="document") == {}
    record.close()


def told(record: Record) -> list[bytes]:
    """What is kept of passages' words."""
    with sqlite3.connect(record.path) as connection:
        return sorted(code for (code,) in connection.execute("SELECT codes FROM token_codes"))


def test_a_library_embedded_by_the_documented_script_embeds_nothing_itself(tmp_path: Path) -> None:
    """Export, docs/interop.md's script in a process of its own, load, ingest: found, and no vector was computed by the ingest."""
    workspace, folder = tmp_path / "w", tmp_path / "shards"
    create(workspace, embedder="small")
    (workspace / "docs" / "cells.md").write_text("# Cells\n\nCell prices fell by 12.5 percent.\n", encoding="utf-8")
    (workspace / "docs" / "wind.md").write_text("# Wind\n\nBlades of turbines grew longer.\n", encoding="utf-8")
    script = tmp_path / "embed_shards.py"
    page = (REPOSITORY / "docs" / "interop.md").read_text(encoding="utf-8")
    script.write_text(
        next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "embed_shards" in block), encoding="utf-8"
    )
    with Library.open(workspace) as library:
        assert library.export_texts(folder, now=NOW).texts == 2
        assert library.record.files() == []
        with pytest.raises(UsageError, match="is not empty"):
            library.export_texts(folder, now=NOW)
        subprocess.run([sys.executable, str(script), str(folder)], check=True, cwd=REPOSITORY)
        assert library.load_vectors(folder, now=NOW).texts == len(told(library.record)) == 2
        summary = drain(library.ingest(now=NOW))
        assert (summary.chunks, summary.embedded) == (2, 0)
        assert library.record.count_without_token_codes() == 0
        assert library.search("How far did cell prices fall?", k=1).passages[0].source.path == "docs/cells.md"
