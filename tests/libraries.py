"""Small libraries for tests: a real record and a real Chroma index over text files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag import Library
from rag.app import create
from rag.chunking import chunk
from rag.ingest import drain, ingest
from rag.ports import Embedder, VectorStore
from rag.record import Record, space_of
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval
from rag.stores.chroma import ChromaStore
from rag.types import Report
from tests.fakes import read_plain

if TYPE_CHECKING:
    from rag.ports import Vectors

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class UpToDate:
    """A store that always has everything, so that ingest leaves the index as it is."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def applied(self) -> int:
        """The newest commit."""
        return self._record.sequence()

    def publish(self, rows: Iterable[tuple[str, "Vectors"]], *, sequence: int, space: str) -> None:
        """Never due."""
        raise AssertionError

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """Never asked."""
        raise AssertionError


def add(workspace: Path, texts: Mapping[str, str], *, embedder: Embedder, publish: bool = True, budget: int = 64) -> None:
    """Writes the texts into docs/ and ingests the folder; an empty text deletes its file. ``publish=False`` leaves the index behind."""
    docs = workspace / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        if text:
            (docs / name).write_text(text, encoding="utf-8")
        else:
            (docs / name).unlink()
    path = workspace / "library.db"
    with (
        Record.open(path) if path.exists() else Record.create(path) as record,
        ChromaStore(workspace / "index", space=space_of(embedder.fingerprint).id) as index,
    ):
        record.put_folder("docs", path=docs)  # a copied workspace still names the original's folder
        store: VectorStore = index if publish else UpToDate(record)
        steps = ingest(
            [docs],
            record=record,
            store=store,
            read=read_plain,
            suffixes={".txt"},
            reader_version="1",
            embedder=embedder,
            chunk=partial(chunk, counter=embedder, budget=budget),
            now=NOW,
            allow_deletes=True,
        )
        drain(steps)


@contextmanager
def opened(workspace: Path, *, embedder: Embedder, read_only: bool = False) -> Iterator[Retrieval]:
    """A Retrieval over the workspace, without a reranker."""
    with (
        Record.open(workspace / "library.db", read_only=read_only) as record,
        ChromaStore(workspace / "index", space=space_of(embedder.fingerprint).id) as store,
    ):
        yield Retrieval(record=record, store=store, embedder=embedder, reranker=PassThrough())


@contextmanager
def library_of(folder: Path, texts: Mapping[str, str], *, documents: str = "documents") -> Iterator[Library]:
    """All that lies in a folder below this one, with these texts, ingested once by the product's own readers and the small embedder."""
    for name, text in texts.items():
        path = folder / documents / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    create(folder / "workspace", folders=[folder / documents], embedder="small")
    with Library.open(folder / "workspace") as library:
        drain(library.ingest(now=NOW))
        yield library


def report_on(library: Library, topic: str) -> Report:
    """A checked report."""
    made = library.write(library.outline(topic), as_of=NOW.date(), since="none")
    assert library.check(made).failures() == []
    return made
