"""Two hundred thousand chunks: what adding, publishing, opening and searching cost as a library grows.

    python -m benchmarks.scale [--sizes 10000 50000 100000 200000] [--dimensions 384] [--keep FOLDER]

The texts are the 1,440 Beige Book reports of the evaluation data, cut by the product's own chunker, and replicas in which one word in
six is another of the same length. Vectors are random but not shapeless: a document's chunks lie near each other, and the directions'
variances fall as i^-0.8. Everything goes through the record and the store; every step runs in a process of its own. Times are CPU
milliseconds unless said otherwise; "first" is opening and the first search of a process, imports not counted.
"""

import argparse
import gzip
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from rag.chunking import MOST_TOKENS, chunk
from rag.embedders.small import SmallEmbedder
from rag.graphs import onnxruntime
from rag.ingest import WINDOW_FILES, get_ready, publish
from rag.record import FileRow, Near, Record, Space, is_scanned, space_of
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval
from rag.stores.chroma import SEARCH_WIDTH, ChromaStore
from rag.types import Chunk, Document, Fingerprint, Scope
from tests.fakes import HashingEmbedder, plain_document

REPOSITORY = Path(__file__).resolve().parent.parent
SIZES = (10_000, 50_000, 100_000, 200_000)
QUESTIONS = 100
SHARED = 0.6
"""How much of a vector is its document's; the rest is its own."""
NOISE = 0.5
"""How much of a question's vector is not its passage's."""
_WORD = re.compile(r"[A-Za-z]{3,}")
_RSS = re.compile(r"Vm(HWM|RSS):\s+(\d+)")


# ── texts and vectors ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Original:
    """A report as it is."""

    document: Document
    chunks: Sequence[Chunk]
    month: str


def originals(data: Path) -> list[Original]:
    """Every report, cut."""
    counter, found = SmallEmbedder(), []
    with gzip.open(data / "beigebook_scale" / "corpus-1996-2010.jsonl.gz", "rt", encoding="utf-8") as lines:
        for one in map(json.loads, lines):
            document = plain_document(f"{one['title']}\n\n{one['text']}\n", name=one["title"])
            chunks = chunk(document, document_id="0" * 16, counter=counter, budget=MOST_TOKENS)
            found.append(Original(document=document, chunks=chunks, month=one["published_at"]))
    return found


class Replicas:
    """The same reports in other words of the same lengths, so that every span holds."""

    def __init__(self, found: Sequence[Original]) -> None:
        self._originals = found
        self._words: dict[int, list[str]] = defaultdict(list)
        for word in sorted({word for one in found for word in _WORD.findall(one.document.text)}):
            self._words[len(word)].append(word)

    def __iter__(self) -> Iterator[tuple[int, Document, list[Chunk], int]]:
        """(number, document, chunks, replica), without end."""
        number = replica = 0
        while True:
            changed = self._changed(replica)
            for one in self._originals:
                yield number, *self._replica(one, changed, number=number, replica=replica), replica
                number += 1
            replica += 1

    def _changed(self, replica: int) -> dict[str, str]:
        chance = random.Random(replica)
        words = [word for same in self._words.values() for word in same]
        return {word: chance.choice(self._words[len(word)]) for word in words if replica and chance.random() < 1 / 6}

    @staticmethod
    def _replica(one: Original, changed: dict[str, str], *, number: int, replica: int) -> tuple[Document, list[Chunk]]:
        text = _WORD.sub(lambda match: changed.get(match[0], match[0]), one.document.text)
        about = replace(
            one.document.metadata,
            title=f"{one.document.metadata.title}, edition {replica}",
            published=date.fromisoformat(f"{one.month}-{1 + replica % 28:02}"),
            published_from="content",
            tags=(f"kind {number % 100}",),
        )
        chunks = [
            replace(piece, id=f"{number:08x}{piece.ordinal:08x}", document=f"{number:016x}", text=text[piece.start : piece.end])
            for piece in one.chunks
        ]
        return replace(one.document, text=text, metadata=about), chunks


@lru_cache(maxsize=1)
def _directions(dimensions: int) -> Any:
    """A rotation scaled so that variances fall: a model's coordinates are no axes of its vectors."""
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((dimensions, dimensions)))[0]
    return rotation * np.arange(1, dimensions + 1)[:, None] ** -0.4


def vectors(number: int, count: int, *, dimensions: int) -> Any:
    """Unit rows of one document, always the same."""
    chance = np.random.default_rng(number)
    shared = chance.standard_normal(dimensions)
    rows = (SHARED * shared + (1 - SHARED**2) ** 0.5 * chance.standard_normal((count, dimensions))) @ _directions(dimensions)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def fingerprint(dimensions: int) -> Fingerprint:
    """Of no model there is."""
    return Fingerprint(model="synthetic", revision="1", dimensions=dimensions, query_prompt="")


@dataclass(kw_only=True)
class Asked(HashingEmbedder):
    """Knows the vectors of the questions it will be asked."""

    known: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> Fingerprint:
        """The library's."""
        return fingerprint(self.dimensions)

    def embed(self, texts: Sequence[str], *, kind: Any) -> Any:
        """One row a question."""
        return np.stack([self.known[text] for text in texts])


def questions(data: Path, *, documents: int, dimensions: int) -> dict[str, Any]:
    """Claims of national summaries, each with a vector that is near some passage."""
    lines = (data / "beigebook" / "queries.jsonl").read_text("utf-8").splitlines()
    asked = random.Random(5).sample([json.loads(line)["query"] for line in lines], QUESTIONS)
    chance, found = np.random.default_rng(5), {}
    for text in asked:
        near = vectors(int(chance.integers(documents)), 5, dimensions=dimensions)[int(chance.integers(5))]
        other = chance.standard_normal(dimensions) @ _directions(dimensions)
        mixed = near + NOISE * other / np.linalg.norm(other)
        found[text] = (mixed / np.linalg.norm(mixed)).astype(np.float32)
    return found


# ── steps, each in a process of its own ───────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Place:
    """Where a library lies and what it is."""

    workspace: Path
    data: Path
    dimensions: int
    chunks: int

    @property
    def space(self) -> Space:
        """The library's embedding space."""
        return space_of(fingerprint(self.dimensions))

    def record(self) -> Record:
        """Opened, made where there is none."""
        path = self.workspace / "library.db"
        return Record.open(path) if path.exists() else Record.create(path)

    def store(self) -> ChromaStore:
        """The index."""
        return ChromaStore(self.workspace / "index", space=self.space.id)


def fill(place: Place) -> dict[str, float]:
    """Documents until there are so many chunks, what was there stays; then what an ingest makes ready at its end, but no index."""
    with place.record() as record:
        record.put_folder("docs", path=place.workspace / "docs")
        space = record.begin_space(fingerprint(place.dimensions))
        there, before, cpu = len(record.files()), record.chunk_count(), 0.0
        count, marks = before, []
        for number, document, chunks, replica in Replicas(originals(place.data)):
            if count >= place.chunks:
                break
            if number < there:
                continue
            identity, rows = f"{number:016x}", vectors(number, len(chunks), dimensions=place.dimensions)
            file = FileRow(
                path=f"docs/{replica:02}/{number}.txt",
                folder="docs",
                document=identity,
                content=identity,
                size=1,
                mtime_ns=1,
                status="ok",
            )
            start = time.process_time()
            record.commit_document(file, document=document, chunks=chunks, vectors=rows, space=space)
            count += len(chunks)
            if not number % WINDOW_FILES:
                record.add_words()
            cpu += time.process_time() - start
            marks.append(_memory()["RSS"])
        start = time.process_time()
        record.index_words()
        get_ready(record)
        ready = time.process_time() - start
        size = sum(path.stat().st_size for path in place.workspace.glob("library.db*"))
    tenth = max(1, len(marks) // 10)
    return {
        "chunks": count,
        "us a chunk": 1e6 * cpu / max(1, count - before),
        "CPU s made ready": ready,
        "MB resident, first tenth": statistics.fmean(marks[:tenth] or [0]),
        "MB resident, last tenth": statistics.fmean(marks[-tenth:] or [0]),
        "record MB": size / 1e6,
    }


def publication(place: Place) -> dict[str, float]:
    """A new generation, while another process searches."""
    reader = subprocess.Popen(_command(place, "read"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())
    assert reader.stdin
    assert reader.stdout
    reader.stdout.readline()
    start = time.perf_counter()
    with place.record() as record, place.store() as store:
        publish(record, store, space=place.space)
    wall, peak = time.perf_counter() - start, _memory()["HWM"]
    slowest = json.loads(reader.communicate(b"\n")[0].splitlines()[-1])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    index = sum(path.stat().st_size for path in (place.workspace / "index").rglob("*") if path.is_file())
    return {
        "wall s": wall,
        "own CPU s": time.process_time(),
        "own peak MB": peak,
        "child's peak MB": used.ru_maxrss / 1e3,
        "index MB": index / 1e6,
        **slowest,
    }


def read(place: Place) -> dict[str, float]:
    """Searches until its input ends; the longest wall time."""
    import select

    with place.record() as record, place.store() as store:
        asked, retrieval = _asked(place, record, store)
        took = []
        for at, question in enumerate([*asked, *asked, *asked] * 100):
            start = time.perf_counter()
            retrieval.find(question)
            took.append(time.perf_counter() - start)
            if not at:
                click.echo("{}")
            if select.select([sys.stdin], [], [], 0.2)[0]:
                break
    return {"readers' searches": len(took), "readers' slowest wall s": max(took[1:], default=0.0)}


def first(place: Place) -> dict[str, float]:
    """Open and search once, imports not counted: who searches by the small model has onnxruntime from it."""
    import chromadb  # noqa: F401

    onnxruntime()

    known = questions(place.data, documents=place.chunks // 20, dimensions=place.dimensions)
    before, start = _memory()["RSS"], time.process_time()
    with place.record() as record, place.store() as store:
        _retrieval(place, record, store, known).find(next(iter(known)))
        spent = time.process_time() - start
        return {"first search ms": 1e3 * spent, "MB taken by it": _memory()["HWM"] - before}


def search(place: Place) -> dict[str, float]:
    """Warm searches of every kind."""
    with place.record() as record, place.store() as store:
        asked, retrieval = _asked(place, record, store)
        found: dict[str, float] = {}
        for name, scopes in _scopes(place, record).items():
            retrieval.find(next(iter(asked)), scope=scopes[-1])
            took = [_timed(partial(retrieval.find, q, scope=s)) for q, s in zip(asked, scopes, strict=False)]
            found |= {f"{name} p50": 1e3 * statistics.median(took), f"{name} p95": 1e3 * sorted(took)[int(0.95 * len(took))]}
        return {**found, "MB resident": _memory()["RSS"]}


def compare(place: Place) -> dict[str, float]:
    """Vectors alone beside Chroma with the same rows: what both find of the true nearest; in a scope Chroma has its ``where``. A library
    that is not scanned is searched by the sides of planes, as a search does it, and exactly besides."""
    from chromadb import PersistentClient

    with place.record() as record, tempfile.TemporaryDirectory() as folder:
        asked = list(questions(place.data, documents=len(record.files()), dimensions=place.dimensions).values())
        client = PersistentClient(folder)
        hnsw = {"space": "cosine", "ef_search": SEARCH_WIDTH, "sync_threshold": 5_000}
        collection = client.create_collection("rows", embedding_function=None, configuration={"hnsw": hnsw})
        _give(collection, record)
        ways = {"exact": record.nearest}
        if not is_scanned(record.chunk_count(), dimensions=place.dimensions):
            ways["by sides"] = record.near
            for vector in asked:  # until the record is ready
                record.near(vector, k=20)
        found: dict[str, float] = {}
        for name, scope, where in _comparisons():
            for way, find in ways.items():
                compared = _compared(record, collection, asked, find=partial(find, k=20, scope=scope), scope=scope, where=where)
                found |= {f"{name}, {way}, {key}": value for key, value in compared.items()}
        client.close()
    return found


def _give(collection: Any, record: Record) -> None:
    """Every row with its document, folder and year."""
    about = {source.document: source for source in record.sources()}
    ids, rows = record.vectors()
    for start in range(0, len(ids), 5_000):
        some = ids[start : start + 5_000]
        sources = [about[chunk.document] for chunk in record.chunks(some)]
        known = [
            {
                "document": source.document,
                "folder": source.path.rsplit("/", 1)[0],
                "year": source.published.year if source.published else 0,
            }
            for source in sources
        ]
        collection.add(ids=some, embeddings=rows[start : start + 5_000], metadatas=known)


def _compared(
    record: Record, collection: Any, asked: Sequence[Any], *, find: Callable[[Any], Sequence[Near]], scope: Scope, where: dict[str, Any]
) -> dict[str, float]:
    """Median CPU of both over the same questions, and the share of the true 20 nearest that each gives."""
    limits = {"where": where} if where else {}
    ours: list[float] = []
    theirs: list[float] = []
    shares: list[tuple[float, float]] = []
    for vector in asked:
        start = time.process_time()
        near = find(vector)
        between = time.process_time()
        given = collection.query(query_embeddings=[vector], n_results=20, include=["distances"], **limits)
        theirs.append(time.process_time() - between)
        ours.append(between - start)
        true = {identity for identity, _ in record.nearest(vector, k=20, scope=scope)}
        shares.append(
            (len(true & {identity for identity, _ in near}) / max(1, len(true)), len(true & set(given["ids"][0])) / max(1, len(true)))
        )
    own, other = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
    recall, chroma_s = (statistics.fmean(share) for share in zip(*shares, strict=True))
    return {"ours ms": own, "Chroma ms": other, "times": other / own, "recall@20": recall, "Chroma's recall@20": chroma_s}


def _comparisons() -> list[tuple[str, Scope, dict[str, Any]]]:
    two = (f"{3:016x}", f"{503:016x}")
    years = Scope(published_from=date(1998, 1, 1), published_to=date(2000, 12, 31))
    within: list[dict[str, Any]] = [{"year": {"$gte": 1998}}, {"year": {"$lte": 2000}}]
    return [
        ("everything", Scope(), {}),
        ("20 %", years, {"$and": within}),
        ("20 rows", Scope(documents=two), {"document": {"$in": list(two)}}),
        ("two clauses", replace(years, folders=("docs/00",)), {"$and": [*within, {"folder": "docs/00"}]}),
    ]


def _scopes(place: Place, record: Record) -> dict[str, list[Scope]]:
    """Kinds of searches, a scope a question."""
    months = [(1996 + at % 15, 1 + at % 12) for at in range(QUESTIONS)]
    replicas = max(1, len(record.files()) // 1_440)
    return {
        "everything": [Scope()] * QUESTIONS,
        "a month": [Scope(published_from=date(y, m, 1), published_to=date(y, m, 28)) for y, m in months],
        "three years (20 %)": [
            Scope(published_from=date(1996 + at % 13, 1, 1), published_to=date(1998 + at % 13, 12, 31)) for at in range(QUESTIONS)
        ],
        "two documents (20 rows)": [Scope(documents=(f"{at:016x}", f"{at + 500:016x}")) for at in range(QUESTIONS)],
        "folder and years (two clauses)": [
            Scope(
                folders=(f"docs/{at % replicas:02}",), published_from=date(1996 + at % 13, 1, 1), published_to=date(2000 + at % 10, 12, 31)
            )
            for at in range(QUESTIONS)
        ],
    }


def _timed(what: Callable[[], Any]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start


def _asked(place: Place, record: Record, store: ChromaStore) -> tuple[dict[str, Any], Retrieval]:
    known = questions(place.data, documents=len(record.files()), dimensions=place.dimensions)
    return known, _retrieval(place, record, store, known)


def _retrieval(place: Place, record: Record, store: ChromaStore, known: dict[str, Any]) -> Retrieval:
    embedder = Asked(dimensions=place.dimensions, known=known)
    return Retrieval(record=record, store=store, embedder=embedder, reranker=PassThrough())


def _memory() -> dict[str, float]:
    """MB resident, now and at most."""
    return {name: int(value) / 1e3 for name, value in _RSS.findall(Path("/proc/self/status").read_text())}


STEPS: dict[str, Callable[[Place], dict[str, float]]] = {
    "fill": fill,
    "publish": publication,
    "read": read,
    "first": first,
    "search": search,
    "compare": compare,
}


def _command(place: Place, step: str) -> list[str]:
    return [
        *(sys.executable, "-m", "benchmarks.scale", "--step", step, "--keep", str(place.workspace), "--data", str(place.data)),
        *("--sizes", str(place.chunks), "--dimensions", str(place.dimensions)),
    ]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def run(place: Place, step: str) -> dict[str, float]:
    """What a step gives."""
    done = subprocess.run(_command(place, step), stdout=subprocess.PIPE, check=True, cwd=REPOSITORY, env=_environment())
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Prints a line for every size and step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--keep", type=Path, help="where the library is made and left; one that is there is filled up")
    parser.add_argument("--step", nargs="+", choices=STEPS, help="only these")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data")))
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="rag-scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for size in options.sizes:
            place = Place(workspace=folder, data=options.data, dimensions=options.dimensions, chunks=size)
            if options.step and len(options.step) == 1:
                click.echo(json.dumps(STEPS[options.step[0]](place)))
                continue
            for step in options.step or [name for name in STEPS if name != "read"]:
                click.echo(f"| {size:,} x {options.dimensions} | {step} | {_shown(run(place, step))} |")
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def _shown(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.{0 if value >= 100 else 1 if value >= 1 else 2}f}" for name, value in found.items())


if __name__ == "__main__":
    main()
