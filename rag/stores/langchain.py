"""Any LangChain vector store as the index, for those who outgrow one machine: Qdrant, Milvus, pgvector, OpenSearch, a Chroma server.

A store keeps a vector under each chunk's id and nothing else of ours. What it was given stands in a small file of the workspace, written
last; a store that has it and an update that was cut off both answer rightly, because a search scans what came after that file exactly.
Scores differ from store to store, so the cosine is computed from the record's own vectors.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from rag.errors import IndexDamagedError, WorkspaceError

if TYPE_CHECKING:
    from rag.ports import Vectors

Opener: TypeAlias = Callable[[str, Embeddings], VectorStore]
"""Opens or makes the collection of that name. The store must rank by cosine, dot product or distance: vectors have unit length."""
VectorsOf: TypeAlias = Callable[[Sequence[str]], "Mapping[str, Vectors]"]
"""The record's vectors of live chunks; others are left out."""

BATCH = 1_000
SAMPLES = 50
"""Rows looked up after a publication and when a store is opened."""
_FILE = "given.txt"
_NAMESPACE = uuid.UUID("6f1b3f0e-6d0b-4a7e-9a58-2f6f4f3f7c11")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Given:
    """What the store was given last."""

    space: str
    sequence: int
    ids: tuple[str, ...]


_NOTHING = _Given(space="", sequence=0, ids=())


class LangChainStore:
    """The vector index of one embedding space in a LangChain store. Not shared between threads; opened by the first question."""

    def __init__(self, folder: Path, *, space: str, dimensions: int, open_store: Opener, vectors_of: VectorsOf) -> None:
        self._path = folder / _FILE
        self._space = space
        self._ready = _Ready(dimensions=dimensions)
        self._open_store = open_store
        self._vectors_of = vectors_of
        self._opened: VectorStore | None = None
        self._lost = ""

    @property
    def applied(self) -> int:
        """The record's sequence number up to which the store has everything; 0 with none, or when it has lost some."""
        given = self._given()
        return 0 if self._lost or given.space != self._space else given.sequence

    @property
    def notes(self) -> tuple[str, ...]:
        """What is damaged and what to do about it; empty when all is well or the store was not asked yet."""
        return (self._lost,) if self._lost else ()

    @property
    def count(self) -> int:
        """Rows the store was given."""
        return len(self._given().ids) if self.applied else 0

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """(chunk id, cosine), nearest first. Empty when nothing was published. Raises IndexDamagedError for a store that cannot be used."""
        if self._lost:
            raise IndexDamagedError(self._lost)
        if not self.applied:
            return []
        asked = vector.reshape(-1)
        with self._translated():
            found = [document.page_content for document in self._store().similarity_search_by_vector(asked.tolist(), k=k)]
        vectors = self._vectors_of(found)
        near = [(identity, float(vectors[identity] @ asked) if identity in vectors else -1.0) for identity in found]
        return sorted(near, key=lambda entry: (-entry[1], entry[0]))

    def publish(self, rows: "Iterable[tuple[str, Vectors]]", *, sequence: int, space: str) -> None:
        """Gives the store what is new, takes away what is gone, looks up a sample. The caller holds the writer's lock.

        Raises IndexDamagedError when the store cannot be used or does not have what it was given; the next call starts again.
        """
        if space != self._space:
            self._space, self._opened = space, None
        given = self._given()
        known = set(given.ids) if given.space == space and not self._lost else set()
        self._lost = ""
        with self._translated():
            store = self._store() if known else self._open_store(f"rag-{space}", self._ready)
            ids = self._add(store, rows, known=known)
            self._delete(store, sorted(known - set(ids)))
            self._look_up(store, ids)
            self._opened = store
        self._write(_Given(space=space, sequence=sequence, ids=tuple(ids)))

    def read_through(self) -> None:
        """Opens it and looks up a sample; the store looks after its own bytes."""
        if self.applied:
            with suppress(IndexDamagedError), self._translated():  # what is wrong then stands in ``notes``
                self._store()

    def clear(self) -> int:
        """Takes away all that was given. Nobody holds an older state of it: 0."""
        given = self._given()
        if given.space == self._space:
            with self._translated():
                self._delete(self._open_store(f"rag-{self._space}", self._ready), given.ids)
        self._path.unlink(missing_ok=True)
        return 0

    def sweep(self) -> None:
        """There are no older states."""

    def close(self) -> None:
        """Lets go of the store; the next question opens it again."""
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ── the store ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _store(self) -> VectorStore:
        """Opened, and once looked into: a server may have lost what this workspace gave it."""
        if self._opened is None:
            opened = self._open_store(f"rag-{self._space}", self._ready)
            self._look_up(opened, self._given().ids if self.applied else ())
            self._opened = opened
        return self._opened

    def _add(self, store: VectorStore, rows: "Iterable[tuple[str, Vectors]]", *, known: set[str]) -> list[str]:
        """Gives what it does not have yet; all ids."""
        ids: list[str] = []
        remaining = iter(rows)
        while batch := list(islice(remaining, BATCH)):
            ids += [identity for identity, _ in batch]
            new = {identity: row.reshape(-1).tolist() for identity, row in batch if identity not in known}
            if new:
                self._ready.rows = new
                store.add_texts(list(new), metadatas=[{"chunk": identity} for identity in new], ids=self._keys(new))
        self._ready.rows = {}
        return ids

    def _delete(self, store: VectorStore, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            store.delete(self._keys(ids[start : start + BATCH]))

    def _look_up(self, store: VectorStore, ids: Sequence[str]) -> None:
        """Raises LookupError when a sample of them is not all there."""
        sample = ids[:: max(1, len(ids) // SAMPLES)]
        if sample:
            found = {document.page_content for document in store.get_by_ids(self._keys(sample))}
            if missing := [identity for identity in sample if identity not in found]:
                raise LookupError(f"{len(missing)} of {len(sample)} sampled vectors are not there, the first is {missing[0]}")

    def _keys(self, ids: Iterable[str]) -> list[str]:
        """Some engines take nothing but a UUID as a key."""
        return [str(uuid.uuid5(_NAMESPACE, f"{self._space}/{identity}")) for identity in ids]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Every engine has errors of its own."""
        try:
            yield
        except Exception as error:
            self._opened = None
            self._lost = (
                f"the vector store of rag.toml cannot be used ({type(error).__name__}: {' '.join(str(error).split())[:200]}); every "
                "document is in the record and is found without it. The next `rag ingest` gives it everything anew"
            )
            raise IndexDamagedError(self._lost) from error

    # ── what it was given ─────────────────────────────────────────────────────────────────────────────────────────

    def _given(self) -> _Given:
        try:
            head, *ids = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return _NOTHING
        about = json.loads(head)
        return _Given(space=about["space"], sequence=about["sequence"], ids=tuple(ids))

    def _write(self, given: _Given) -> None:
        """Whole or not at all."""
        text = "\n".join((json.dumps({"space": given.space, "sequence": given.sequence}), *given.ids))
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise WorkspaceError(f"cannot write {self._path}: {error.strerror}; free some space and run `rag ingest` again") from error


class _Ready(Embeddings):
    """Vectors that were computed before, by chunk id: what LangChain calls the text."""

    def __init__(self, *, dimensions: int) -> None:
        self.rows: Mapping[str, list[float]] = {}
        self._any = [1.0] + [0.0] * (dimensions - 1)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The rows; for a text that is none of ours, which an engine asks for to learn the dimensions, any unit vector."""
        return [self.rows.get(text, self._any) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Likewise; questions come as vectors."""
        return self.rows.get(text, self._any)
