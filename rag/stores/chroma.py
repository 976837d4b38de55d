"""Chroma as an index of immutable generations.

Chroma's folder is neither crash-safe nor safe to share between processes while it is written, and merely opening it writes
into its SQLite file (chromadb 1.5.9). So a generation is built and checked by a child process in a folder of its own, is never
opened in place, and is read through a private view: a copy of its small SQLite file and links to its vector files, which
Chroma leaves as they are once all vectors have been written out.
"""

import hashlib
import json
import os
import resource
import shutil
import sqlite3
import struct
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag.errors import IndexDamagedError
from rag.stores import builder, generations
from rag.stores.generations import Generation, Manifest, Newest

if TYPE_CHECKING:
    from rag.ports import Vectors

COLLECTION = "chunks"
BATCH = 5_000
"""Chroma takes at most 5,461 rows a call."""
SEARCH_WIDTH = 200
"""HNSW's ef_search. Chroma's 100 finds .960 of the true 20 nearest at 100,000 x 1,024; a wider search finds no fewer, and at 8,600 x 384
a query for 50 takes 2.3 ms."""
SAMPLES = 200
"""Rows looked up and searched for in a new generation."""
FOUND_AT_LEAST = 0.95
"""Share of the samples that must find themselves: HNSW is approximate, but an index that lost its files finds 23 %."""
DELTA_FROM = 5_000
"""Smaller generations are always built from nothing: that takes two or three seconds, and their graph stays clean."""
MOST_DEAD = 0.2
"""Deleted rows stay in the graph; beyond this share of the live ones it is built from nothing."""

NICE = 5
"""How far the building stands behind searches where both want the processor: it takes minutes in a large library, and nobody waits."""
KEPT_TO = 32 * 2**20
"""Bytes of vectors that a child builds in its life, each order counted as a megabyte at least: so much does it not give back."""

_CHROMA = "chroma"
_ROWS = "rows.tsv"
_VECTORS = "vectors.f4"
_SQLITE = "chroma.sqlite3"
_HEADER = struct.Struct("=i4Q")
"""A version; where a row begins; room, rows, and bytes a row."""
_LENGTH = 4
"""Bytes of a row's length."""


class ChromaStore:
    """The vector index of one embedding space in a workspace's ``index`` folder. Not shared between threads.

    Nothing is opened before the first question; Chroma is imported by the first ``nearest``.
    """

    def __init__(self, folder: Path, *, space: str) -> None:
        self._folder = folder
        self._space = space
        self._newest = Newest(seen=-1, generation=None)
        self._view: _View | None = None
        self._is_cleared = False

    @property
    def applied(self) -> int:
        """The record's sequence number up to which everything is in the newest sound generation; 0 with none.

        Sees generations that other processes publish.
        """
        self._look()
        return self._newest.generation.manifest.sequence if self._newest.generation else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What is damaged and what to do about it, one sentence each; empty when all is well."""
        self._look()
        return self._newest.notes

    @property
    def count(self) -> int:
        """Rows in the newest sound generation."""
        self._look()
        return self._newest.generation.manifest.count if self._newest.generation else 0

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """(chunk id, cosine), nearest first; ``vector`` has shape (dimensions,) or (1, dimensions).

        Empty when nothing was published. Raises IndexDamagedError when what was published is damaged; ``applied`` is 0 from then on.
        """
        self._look()
        generation = self._newest.generation
        if generation is None and self._newest.notes:
            raise IndexDamagedError(self._newest.notes[0])
        if generation is None or generation.manifest.count == 0:
            return []
        try:
            return self._opened(generation).nearest(vector, k=min(k, generation.manifest.count))
        except IndexDamagedError as error:
            self._give_up(error)
            raise

    def publish(self, rows: Iterable[tuple[str, "Vectors"]], *, sequence: int, space: str) -> None:
        """Makes, checks and switches to a generation that holds exactly these rows; from then on this store reads that space.

        The caller holds the writer's lock. Raises IndexDamagedError when the new generation fails its checks: nothing is published then.
        """
        self._space = space
        self._look(again=True)
        with generations.building(self._folder) as build:
            work = _Work.prepare(rows, target=build, base=None if self._is_cleared else self._newest.generation)
            if work.ids:
                _run_child(work)
            shutil.rmtree(work.desk)
            manifest = Manifest(
                space=space,
                sequence=sequence,
                count=len(work.ids),
                dimensions=work.dimensions,
                dead=work.dead,
                files=generations.marks(build),
            )
            generations.seal(build, manifest)
            published = generations.promote(build, folder=self._folder)
        self._is_cleared = False
        self._look(again=True)
        generations.sweep(self._folder, keep=published)

    def read_through(self) -> None:
        """Hashes every byte of the newest generation, written to since or not; what is damaged then stands in ``notes``."""
        self._look()
        if self._newest.generation is None:
            return
        try:
            self._newest.generation.read_through()
        except IndexDamagedError as error:
            self._give_up(error)

    def clear(self) -> int:
        """Removes the index, so that the next publication holds nothing of it; how many generations other processes still read.

        The caller holds the writer's lock. Searches scan the record until then.
        """
        self.close()
        self._is_cleared = True
        return generations.clear(self._folder)

    def sweep(self) -> None:
        """Removes generations that were read when a newer one was published, and are read no more. The caller holds the writer's lock."""
        self._look()
        kept = self._newest.generation
        if kept and kept.number == self._newest.seen:
            generations.sweep(self._folder, keep=kept.path)

    def close(self) -> None:
        """Lets go of the generation; the next question opens the newest one again."""
        if self._view:
            self._view.close()
        if self._newest.generation:
            self._newest.generation.release()
        self._view = None
        self._newest = Newest(seen=-1, generation=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _look(self, *, again: bool = False) -> None:
        """Moves on to the newest generation. What is in hand is checked once, when it is taken in hand."""
        published = generations.numbered(self._folder)
        highest = published[0][0] if published else 0
        if again or highest != self._newest.seen:
            self.close()
            self._newest = Newest.of(self._folder, space=self._space)

    def _opened(self, generation: Generation) -> "_View":
        if self._view is None:
            self._view = _View(generation.path / _CHROMA)
        return self._view

    def _give_up(self, error: IndexDamagedError) -> None:
        """Chroma cannot use files that are what they were when published."""
        seen = self._newest.seen
        self.close()
        self._newest = Newest(seen=seen, generation=None, notes=(str(error),))


class _View:
    """A generation's Chroma folder, opened for reading without a byte of it changing."""

    def __init__(self, chroma: Path) -> None:
        scratch = Path(tempfile.mkdtemp(prefix="rag-index-"))
        try:
            with _translated(chroma.parent):
                shutil.copyfile(chroma / _SQLITE, scratch / _SQLITE)
                for segment in (path for path in chroma.iterdir() if path.is_dir()):
                    (scratch / segment.name).symlink_to(segment.resolve())
                client = _client(scratch)
                self.collection = client.get_collection(COLLECTION, embedding_function=None)
        except BaseException:
            shutil.rmtree(scratch)
            raise
        self._chroma = chroma
        self._discard = weakref.finalize(self, _discard, client, scratch)

    def nearest(self, vector: "Vectors", *, k: int) -> list[tuple[str, float]]:
        """(id, cosine), nearest first."""
        with _translated(self._chroma.parent):
            found = self.collection.query(query_embeddings=vector.reshape(1, -1), n_results=k, include=["distances"])
        return [(identity, 1.0 - distance) for identity, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def close(self) -> None:
        """Removes the view; also happens when the process ends."""
        self._discard()


def _discard(client: Any, scratch: Path) -> None:
    client.close()
    shutil.rmtree(scratch)


def _client(folder: Path) -> Any:
    """No telemetry, and no settings from a ``.env`` file that happens to lie in the current folder."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False, _env_file=None))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Chroma raises its own errors, plain ValueErrors, and Rust panics that are not even an Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise IndexDamagedError(
            f"the vector index {path} cannot be used ({type(error).__name__}: {error}); the next `rag ingest` rebuilds it without "
            "embedding anything"
        ) from error


# ── building: what the parent prepares ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What the child is to build."""

    target: Path
    """The folder that becomes the generation."""
    desk: Path
    """For what the child needs to know; gone before the generation is sealed."""
    ids: list[str]
    dimensions: int
    base: Path | None
    """Chroma folder to copy and change; None to build from nothing."""
    add: list[int]
    """Positions in ``ids``."""
    delete: list[str]
    dead: int

    @classmethod
    def prepare(cls, rows: Iterable[tuple[str, "Vectors"]], *, target: Path, base: Generation | None) -> Self:
        """Writes vectors and row list to the folder and decides what to build from."""
        desk = target / "desk"
        desk.mkdir()
        vectors = desk / _VECTORS
        digests = _spool(rows, vectors)
        (target / _ROWS).write_text("".join(f"{identity}\t{digest}\n" for identity, digest in digests.items()), "utf-8")
        dimensions = vectors.stat().st_size // 4 // len(digests) if digests else 0
        ids = list(digests)
        known = _known(base) if base and base.manifest.dimensions == dimensions else {}
        delete = [identity for identity, digest in known.items() if digests.get(identity) != digest]
        add = [position for position, identity in enumerate(ids) if known.get(identity) != digests[identity]]
        dead = base.manifest.dead + len(delete) if base else 0
        if base and _is_worth_changing(len(known), live=len(ids), dead=dead, changes=len(add) + len(delete)):
            source = base.path / _CHROMA
            return cls(target=target, desk=desk, ids=ids, dimensions=dimensions, base=source, add=add, delete=delete, dead=dead)
        everything = list(range(len(ids)))
        return cls(target=target, desk=desk, ids=ids, dimensions=dimensions, base=None, add=everything, delete=[], dead=0)


def _is_worth_changing(known: int, *, live: int, dead: int, changes: int) -> bool:
    """A single change cannot be flushed: Chroma writes its vectors out after two changes or more."""
    return known >= DELTA_FROM and dead <= MOST_DEAD * live and changes <= known and changes != 1


def _spool(rows: Iterable[tuple[str, "Vectors"]], path: Path) -> dict[str, str]:
    """Writes the vectors to a file, so that memory stays flat; gives id -> digest of the vector, in order."""
    import numpy as np

    digests: dict[str, str] = {}
    with path.open("wb") as file:
        for identity, vector in rows:
            data = np.ascontiguousarray(vector, dtype="<f4").tobytes()
            file.write(data)
            digests[identity] = hashlib.blake2b(data, digest_size=8).hexdigest()
    return digests


def _known(base: Generation) -> dict[str, str]:
    """id -> digest of the vector, as published."""
    lines = (base.path / _ROWS).read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def _run_child(work: _Work) -> None:
    """Builds and checks in a process of its own: Chroma can crash, hang, and write without end. Raises IndexDamagedError."""
    order = work.desk / "order.json"
    order.write_text(json.dumps(vars(work), default=lambda path: str(path.absolute())), "utf-8")
    if reason := builder.build(order, program=f"{__name__}:build_in_child", limit_s=_seconds(len(work.ids))):
        raise IndexDamagedError(
            f"the new vector index failed its checks and was not published: {reason}; every document is in the record and is found without "
            "it. Run `rag ingest` again; searches scan the record exactly until then"
        )


def _seconds(count: int) -> float:
    """Measured on two shared cores: 580 rows a second at 1,024 dimensions. A machine a hundred times slower still gets there."""
    return 300.0 + count / 6


# ── building: what the child does ─────────────────────────────────────────────────────────────────────────────────


def build_in_child(alive: int) -> None:
    """The child's whole program: one order after the other."""
    os.nice(NICE)
    built = 0

    def perform(order: Path) -> bool:
        nonlocal built
        built += max(_build_order(order), 2**20)
        return built < KEPT_TO

    builder.serve(alive, perform)


def _build_order(order: Path) -> int:
    """Build, write everything out, shrink, open again as a reader would, check; gives the bytes of the vectors. Exits with a reason."""
    import numpy as np

    work = json.loads(order.read_bytes())
    chroma, ids = Path(work["target"], _CHROMA), work["ids"]
    vectors = np.memmap(Path(work["desk"], _VECTORS), dtype="<f4", mode="r", shape=(len(ids), work["dimensions"]))
    _limit(vectors.nbytes, seconds=_seconds(len(ids)))
    if work["base"]:
        _change(chroma, work, vectors)
    else:
        _build(chroma, ids, vectors)
    _shrink(chroma)
    _wipe(chroma)
    before = generations.marks(chroma)
    _check(chroma, ids, vectors)
    if generations.marks(chroma) != before:
        sys.exit("opening it changed its files: not all vectors were written out")
    return int(vectors.nbytes)


def _limit(size: int, *, seconds: float) -> None:
    """Measured at 20,000 rows of 384 and of 1,024: 0.2 GB and 5 times the vectors' size in memory, under 3 times in all files together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    for what, value in (
        (resource.RLIMIT_DATA, 4 * 2**30 + 8 * size),
        (resource.RLIMIT_FSIZE, 2**30 + 6 * size),
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds * 4)),
    ):
        _, hard = resource.getrlimit(what)
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (soft, hard))


def _build(chroma: Path, ids: Sequence[str], vectors: "Vectors") -> None:
    """Chroma writes its vector files out after ``sync_threshold`` rows (two at least): once, after the last row."""
    chroma.mkdir()
    client = _client(chroma)
    hnsw = {"space": "cosine", "ef_search": SEARCH_WIDTH, "sync_threshold": max(2, len(ids))}
    collection = client.create_collection(COLLECTION, embedding_function=None, configuration={"hnsw": hnsw})
    _add(collection, list(range(len(ids))), ids, vectors)
    if len(ids) == 1:
        collection.upsert(ids=list(ids), embeddings=vectors)
    client.close()


def _change(chroma: Path, work: Mapping[str, Any], vectors: "Vectors") -> None:
    """The new threshold holds from the next opening on."""
    shutil.copytree(work["base"], chroma)
    changes = len(work["add"]) + len(work["delete"])
    if not changes:
        return
    client = _client(chroma)
    client.get_collection(COLLECTION, embedding_function=None).modify(configuration={"hnsw": {"sync_threshold": changes}})
    client.close()
    client = _client(chroma)
    collection = client.get_collection(COLLECTION, embedding_function=None)
    for start in range(0, len(work["delete"]), BATCH):
        collection.delete(ids=work["delete"][start : start + BATCH])
    _add(collection, work["add"], work["ids"], vectors)
    client.close()


def _add(collection: Any, positions: Sequence[int], ids: Sequence[str], vectors: "Vectors") -> None:
    for start in range(0, len(positions), BATCH):
        batch = list(positions[start : start + BATCH])
        collection.add(ids=[ids[position] for position in batch], embeddings=vectors[batch])


def _shrink(chroma: Path) -> None:
    """Chroma's own vacuum: its write-ahead log, 2 KB a row, is empty by now, and every reader copies the file."""
    from chromadb.cli.cli import app

    sys.argv = ["chroma", "vacuum", "--path", str(chroma), "--force"]
    app()


def _wipe(chroma: Path) -> None:
    """Zeros behind the last row: hnswlib writes out its first room of 100 rows as the memory lies there, what other rows left too. And in
    place of the last vector in the database, which every reader copies into a folder that a kill leaves behind.

    Chroma is not at work in the database while this is, and opens it anew to check. The layout is that of ``saveIndex`` in Chroma's
    hnswlib.
    """
    with closing(sqlite3.connect(chroma / _SQLITE)) as database, database:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("UPDATE embeddings_queue SET vector = zeroblob(length(vector)) WHERE vector IS NOT NULL")
    for header in chroma.rglob("header.bin"):
        _, _, room, rows, size = _HEADER.unpack_from(header.read_bytes())
        for name, each in (("data_level0.bin", size), ("length.bin", _LENGTH)):
            file = header.with_name(name)
            length = file.stat().st_size
            if not rows * each <= length <= room * each:
                sys.exit(f"{name} is laid out in a way this version does not know: install the chromadb of requirements.txt")
            with file.open("r+b") as opened:
                opened.seek(rows * each)
                opened.write(bytes(length - rows * each))


def _check(chroma: Path, ids: Sequence[str], vectors: "Vectors") -> None:
    """Count, sampled vectors, and whether they find themselves."""
    import numpy as np

    view = _View(chroma)
    count = view.collection.count()
    if count != len(ids):
        sys.exit(f"it holds {count:,} rows instead of {len(ids):,}")
    sample = sorted({int(position) for position in np.linspace(0, len(ids) - 1, num=min(SAMPLES, len(ids)))})
    stored = view.collection.get(ids=[ids[position] for position in sample], include=["embeddings"])
    rows = dict(zip(stored["ids"], stored["embeddings"], strict=True))
    wrong = [ids[p] for p in sample if ids[p] not in rows or not np.allclose(rows[ids[p]], vectors[p], atol=1e-5)]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(sample)} sampled vectors are missing or differ, the first is {wrong[0]}")
    found = view.collection.query(query_embeddings=vectors[sample], n_results=1, include=["distances"])
    near = sum(distances[0] < 1e-4 for distances in found["distances"])
    if near < FOUND_AT_LEAST * len(sample):
        sys.exit(f"only {near} of {len(sample)} sampled vectors are found by searching for them")
    view.close()
