"""Kills, full and broken disks at chosen write points of an ingest of 240 chunks, and what the next run finds.

    python -m benchmarks.faults [--record-kills 220] [--index-kills 90] [--errors 16]

A write point is one call of write, pwrite, writev, fsync, fdatasync, ftruncate, rename, mkdir, unlink or rmdir below the workspace,
by the ingest or by the process that builds the index. A kill writes half of the bytes and then ends all of them with SIGKILL.
Needs Linux and a C compiler.
"""

import argparse
import contextlib
import hashlib
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import click

from rag.errors import RagError
from rag.ingest import drain, ingest
from rag.ports import VectorStore
from rag.record import Record, space_of, writer_lock
from rag.stores.chroma import ChromaStore
from rag.types import Chunk, Document
from tests.fakes import HashingEmbedder, chunk_words, read_plain
from tests.libraries import UpToDate

How = Literal["kill", "full", "broken"]
_HOW: dict[How, int] = {"kill": 1, "full": 2, "broken": 3}
REPOSITORY = Path(__file__).resolve().parent.parent
FILES, PARAGRAPHS = 45, 6
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANGED = range(0, FILES, 5)
"""Files that the second version of the folder changes; the one after each is deleted."""


@dataclass(frozen=True, kw_only=True)
class Injector:
    """The shared control block of the preloaded library."""

    block: mmap.mmap

    def arm(self, under: Path, *, at: int = 0, how: How = "kill") -> None:
        """From now on writes below ``under`` count from 1; the ``at``-th fails, none with 0."""
        struct.pack_into("qqq488s", self.block, 0, 0, at, _HOW[how], f"{under.resolve()}/".encode())

    def disarm(self) -> int:
        """Nothing counts any more; how many were counted."""
        count: int = struct.unpack_from("q", self.block)[0]
        struct.pack_into("qqq488s", self.block, 0, 0, 0, 0, b"")
        return count


def available() -> bool:
    """Whether faults can be injected here."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def environment(folder: Path) -> dict[str, str]:
    """Compiles the library into the folder; what a process needs in its environment to have it."""
    library, control = folder / "faults.so", folder / "control"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(Path(__file__).with_suffix(".c")), "-ldl"], check=True)
    control.write_bytes(b"\0" * 512)
    return {**os.environ, "LD_PRELOAD": str(library), "FAULT_CONTROL": str(control), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def injector() -> Injector:
    """In a process that was started with that environment."""
    with Path(os.environ["FAULT_CONTROL"]).open("r+b") as file:
        return Injector(block=mmap.mmap(file.fileno(), 512))


# ── what is run ───────────────────────────────────────────────────────────────────────────────────────────────────


def write_folder(workspace: Path, *, version: int) -> None:
    """Notes of six paragraphs, each with a word of its own; version 2 changes, deletes and renames a fifth each: 252 chunks are left."""
    folder = workspace / "research"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        edition = version if number in CHANGED else 1
        paragraphs = [
            f"zebra{number:02}x{part}e{edition} " + f"copper and {number} other things of part {part} " * 4 for part in range(PARAGRAPHS)
        ]
        path = folder / f"note-{number:02}.txt"
        gone = version == 2 and number - 1 in CHANGED
        moved = version == 2 and number - 2 in CHANGED
        if gone or moved:
            path.unlink(missing_ok=True)
        if not gone:
            target = folder / f"moved-{number:02}.txt" if moved else path
            text = "\n\n".join(paragraphs)
            if not target.exists() or target.read_text() != text:
                target.write_text(text)


def run_ingest(workspace: Path, *, publish: bool, calls: list[int] | None = None) -> None:
    """A whole run; without ``publish`` the index is left alone."""
    embedder, database = HashingEmbedder(), workspace / "library.db"
    space = space_of(embedder.fingerprint).id
    with (
        writer_lock(workspace, now=NOW),
        Record.open(database) if database.exists() else Record.create(database) as record,
        ChromaStore(workspace / "index", space=space) as index,
    ):
        store: VectorStore = index if publish else UpToDate(record)
        steps = ingest(
            [workspace / "research"],
            record=record,
            store=store,
            read=read_plain,
            suffixes=frozenset({".txt"}),
            reader_version="1",
            embedder=embedder,
            chunk=partial(_chunk, embedder),
            now=NOW,
            allow_deletes=True,
        )
        drain(steps)
    if calls is not None:
        calls.append(len(embedder.texts))


def _chunk(embedder: HashingEmbedder, document: Document, *, document_id: str) -> list[Chunk]:
    return chunk_words(document, document_id=document_id, counter=embedder, budget=40)


def faults_of(workspace: Path, *, indexed: bool) -> list[str]:
    """What is lost, doubled, half or not findable, in words; empty when every chunk of every file on disk finds itself, once."""
    embedder, found = HashingEmbedder(), []
    with Record.open(workspace / "library.db") as record:
        found += record.faults()
        on_disk = {f"research/{path.name}": path.read_text() for path in (workspace / "research").iterdir()}
        sources = {source.path: source.document for source in record.sources()}
        found += [f"lost {path}" for path in on_disk.keys() - sources.keys()]
        found += [f"not deleted {path}" for path in sources.keys() - on_disk.keys()]
        ids, matrix = record.vectors()
        expected = sorted(span for path in (workspace / "research").iterdir() for span in _spans(_chunks_of(path, embedder=embedder)))
        if len(ids) != len(set(ids)) or sorted(_spans(record.chunks(ids))) != expected:
            found.append(f"{len(ids)} chunks, {len(set(ids))} of them different, instead of {len(expected)}")
        position = {identity: place for place, identity in enumerate(ids)}
        for path, text in on_disk.items():
            for word in (word for word in text.split() if word.startswith("zebra")):
                hits = [chunk for chunk in record.chunks([identity for identity, _ in record.lexical(word, k=5)]) if word in chunk.text]
                if len(hits) != 1 or hits[0].document != sources.get(path):
                    found.append(f"{word} found {len(hits)} times")
                    continue
                (vector,) = embedder.embed([hits[0].embedded_text], kind="document")
                if matrix[position[hits[0].id]] @ vector < 0.9999:
                    found.append(f"{word} does not find itself")
        if indexed:
            found += _index_faults(workspace, record, ids=ids)
    return found


def _spans(chunks: Iterable[Chunk]) -> list[tuple[str, int, int]]:
    return [(chunk.document, chunk.start, chunk.end) for chunk in chunks]


def _chunks_of(path: Path, *, embedder: HashingEmbedder) -> list[Chunk]:
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return _chunk(embedder, read_plain(path), document_id=content)


def _index_faults(workspace: Path, record: Record, *, ids: list[str]) -> Iterator[str]:
    embedder = HashingEmbedder()
    with ChromaStore(workspace / "index", space=space_of(embedder.fingerprint).id) as store:
        if (store.applied, store.count, store.notes) != (record.sequence(), len(ids), ()):
            yield f"index applied {store.applied} of {record.sequence()}, holds {store.count} of {len(ids)}: {store.notes}"
            return
        for chunk in record.chunks(ids[::7]):
            (vector,) = embedder.embed([chunk.embedded_text], kind="document")
            if chunk.id not in [identity for identity, cosine in store.nearest(vector, k=3) if cosine > 0.9999]:
                yield f"the index does not find {chunk.id}"
        if stray := [path.name for path in (workspace / "index").iterdir() if not path.name.startswith("gen-")]:
            yield f"left in the index folder: {stray}"


# ── trials ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One fault and what came after."""

    at: int
    how: How
    ended: str
    """"killed", "ok" (the run was shorter), or the error's class that was told."""
    faults: tuple[str, ...]
    """After the next run."""
    embedded: int
    """Texts embedded by the next run."""


def points(prepared: Path, *, publish: bool, inject: Injector) -> int:
    """How many write points a run over this workspace has."""
    with _copied(prepared) as workspace:
        inject.arm(workspace)
        _in_child(partial(run_ingest, workspace, publish=publish))
        return inject.disarm()


def attempt(prepared: Path, *, at: int, how: How, publish: bool, inject: Injector) -> Trial:
    """A run with a fault over a copy of the workspace, then a run without one, then a look at everything."""
    with _copied(prepared) as workspace:
        inject.arm(workspace, at=at, how=how)
        ended = _in_child(partial(run_ingest, workspace, publish=publish))
        inject.disarm()
        calls: list[int] = []
        run_ingest(workspace, publish=publish, calls=calls)
        return Trial(at=at, how=how, ended=ended, faults=tuple(faults_of(workspace, indexed=publish)), embedded=calls[0])


@contextlib.contextmanager
def _copied(prepared: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        yield Path(shutil.copytree(prepared, Path(folder) / "w"))


def _in_child(work: Callable[[], None]) -> str:
    """Runs it in a forked process group of its own; how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        said = b"ok"
        try:
            work()
        except RagError as error:
            said = type(error).__name__.encode()
        except BaseException as error:  # noqa: BLE001 -- what is not told as one of our errors is what this looks for
            said = f"UNTOLD {type(error).__name__}: {error}".encode()
        os.write(writing, said)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else said.decode() or f"status {status}"


def prepared_record(folder: Path) -> Path:
    """A workspace whose folder has changed since it was ingested: half of it in the record; files to add, change, move and delete."""
    workspace = folder / "record"
    write_folder(workspace, version=1)
    for path in sorted((workspace / "research").iterdir())[FILES // 2 :]:
        path.rename(folder / path.name)
    run_ingest(workspace, publish=False)
    for path in sorted(folder.glob("note-*.txt")):
        path.rename(workspace / "research" / path.name)
    write_folder(workspace, version=2)
    return workspace


def prepared_index(folder: Path) -> Path:
    """A workspace with an index whose record has moved on, so that the next run only publishes."""
    workspace = folder / "index"
    write_folder(workspace, version=1)
    run_ingest(workspace, publish=True)
    write_folder(workspace, version=2)
    run_ingest(workspace, publish=False)
    return workspace


def spread(count: int, *, of: int, seed: int) -> list[int]:
    """Points over the whole run, one in each of ``count`` equal parts."""
    chance = random.Random(seed)
    return [1 + int((part + chance.random()) * of / count) for part in range(count)]


def main() -> None:
    """Starts itself again with the injector, or runs all trials and prints the sums. Exit status 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record-kills", type=int, default=220, help="kills while files are committed")
    parser.add_argument("--index-kills", type=int, default=90, help="kills while a generation of the index is made")
    parser.add_argument("--errors", type=int, default=16, help="points for each of full disk and broken write, in each of the two")
    options = parser.parse_args()
    if "FAULT_CONTROL" not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.faults", *sys.argv[1:]]
            sys.exit(subprocess.run(command, env=environment(Path(folder)), cwd=REPOSITORY, check=False).returncode)
    inject, failed = injector(), 0
    with tempfile.TemporaryDirectory() as folder:
        for publish, kills, prepare in ((False, options.record_kills, prepared_record), (True, options.index_kills, prepared_index)):
            prepared = prepare(Path(folder))
            total = points(prepared, publish=publish, inject=inject)
            click.echo(f"{'index' if publish else 'record'}: {total} write points")
            for how, count in (("kill", kills), ("full", options.errors), ("broken", options.errors)):
                failed += _series(prepared, how=how, count=count, total=total, publish=publish, inject=inject)  # type: ignore[arg-type]
    sys.exit(1 if failed else 0)


def _series(prepared: Path, *, how: How, count: int, total: int, publish: bool, inject: Injector) -> int:
    start, failed = time.monotonic(), 0
    ended: Counter[str] = Counter()
    embedded: list[int] = []
    for at in spread(count, of=total, seed=count):
        trial = attempt(prepared, at=at, how=how, publish=publish, inject=inject)
        ended[trial.ended] += 1
        embedded.append(trial.embedded)
        if trial.faults or trial.ended.startswith("UNTOLD"):
            failed += 1
            click.echo(f"  {how} at {at}: {trial.ended}; {trial.faults[:3]}")
    again = f"embedded again at most {max(embedded, default=0)} chunks"
    click.echo(f"  {how:7} {count:4} points: {dict(ended)}; {failed} with a fault; {again}; {time.monotonic() - start:.0f} s")
    return failed


if __name__ == "__main__":
    main()
