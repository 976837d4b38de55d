"""What a search costs from process start to ranked passages, with 10,000 chunks and the embedded model.

    python -m benchmarks.cold [--runs 5] [--keep FOLDER]

CPU seconds of the process and its children, the product and the plain LangChain script (benchmarks/plain_langchain.py) in turn, over
the same passages: the Beige Book of the evaluation data. The passages' vectors are random, since embedding them is not what is measured;
the question's is the model's. Every question is new, so that none is answered from the cache. Each has run once before, so that all of
Python's bytecode is compiled, as after any first use.
"""

import argparse
import gzip
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rag.app import Library, create
from rag.embedders.small import SmallEmbedder
from rag.ingest import drain
from rag.record import Record
from rag.types import TextKind

CHUNKS = 10_000
NOW = datetime(2026, 11, 23, tzinfo=UTC)
DATA = Path(os.environ.get("RAG_EVAL_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
QUESTIONS = ("steel tariffs in the Chicago district, round {}", "what did retailers in the Dallas district say about sales, round {}?")


class RandomVectors(SmallEmbedder):
    """The small model's name and tokens; a random direction for each text."""

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> np.ndarray:
        """Unit rows, the same for the same text."""
        assert kind == "document"
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") for text in texts]
        rows = np.stack([np.random.default_rng(seed).standard_normal(384, dtype=np.float32) for seed in seeds])
        unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def prepare(folder: Path) -> None:
    """A workspace and a LangChain store of the same passages."""
    documents = folder / "docs"
    documents.mkdir()
    create(folder / "library", folders=[documents], embedder="small")
    written = _documents(documents)
    with Library.open(folder / "library") as library:
        library.__dict__["embedder"] = RandomVectors()
        while library.record.chunk_count() < CHUNKS:
            for _ in range(100):
                next(written)
            drain(library.ingest(now=NOW))
    _langchain_store(folder)


def _documents(folder: Path) -> Iterator[None]:
    with gzip.open(DATA / "beigebook_scale" / "corpus-1996-2010.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            document = json.loads(line)
            head = f"---\ntitle: {json.dumps(document['title'])}\ndate: {document['published_at']}\n---\n\n"
            (folder / f"{number:05}.md").write_text(head + document["text"], encoding="utf-8")
            yield


def _langchain_store(folder: Path) -> None:
    if not find_spec("langchain_chroma"):
        return
    from langchain_chroma import Chroma

    with Record.open(folder / "library" / "library.db") as record:
        ids, vectors = record.vectors()
        chunks = record.chunks(ids)
    store = Chroma("chunks", persist_directory=str(folder / "langchain"))
    for start in range(0, len(ids), 5_000):
        batch = slice(start, start + 5_000)
        store._collection.add(
            ids=ids[batch],
            embeddings=vectors[batch],
            documents=[chunk.text for chunk in chunks[batch]],
            metadatas=[{"path": chunk.document} for chunk in chunks[batch]],
        )


def cpu_of(command: Sequence[str], *, environment: Mapping[str, str]) -> float:
    """CPU seconds, user and system, of a child process that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Builds what is not there yet, measures in turn, prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the workspace, used again by the next run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "library").exists():
            prepare(folder)
        _measure(folder, runs=arguments.runs)


def _measure(folder: Path, *, runs: int) -> None:
    commands = {
        "rag search": ["-m", "rag", "search", "--workspace", str(folder / "library")],
        "plain LangChain": ["-m", "benchmarks.plain_langchain", "search", str(folder / "langchain")],
    }
    if not (folder / "langchain").exists():
        del commands["plain LangChain"]
        sys.stderr.write("langchain-chroma and langchain-huggingface are not installed: no comparison\n")
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    stamp = os.getpid()
    compiled = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    compiled["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    for command in commands.values():
        cpu_of([sys.executable, *command, f"the first run, {stamp}"], environment=compiled)
    for run in range(runs):
        for name, command in commands.items():
            question = QUESTIONS[run % len(QUESTIONS)].format(f"{stamp}-{run}")
            seconds[name].append(cpu_of([sys.executable, *command, question], environment=compiled))
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, median in medians.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        sys.stdout.write(f"{name:16} {median:6.2f} s CPU ({spread}), {median / medians['rag search']:.1f}x\n")


if __name__ == "__main__":
    main()
