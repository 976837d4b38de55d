"""One suite for every index: what search asks of it holds for Chroma in the workspace, a Chroma server and any LangChain store."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from rag.errors import IndexDamagedError, SettingsError
from rag.ports import Index
from rag.stores.chroma import ChromaStore
from rag.stores.langchain import LangChainStore
from rag.stores.opening import opener

DIMENSIONS = 32
ENGINES = ("chroma", "chroma server", "in memory")

Vector = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Rows = dict[str, Vector]
Collections = dict[str, VectorStore]


def rows(count: int, *, seed: int = 0) -> Rows:
    """Unit vectors in random directions, by chunk ids as they are."""
    matrix = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return {f"{seed:04x}{number:012x}": row for number, row in enumerate(matrix)}


def exact(known: Rows, vector: Vector, *, k: int) -> list[tuple[str, float]]:
    """What an exact search gives."""
    scores = ((identity, float(row @ vector)) for identity, row in known.items())
    return sorted(scores, key=lambda entry: (-entry[1], entry[0]))[:k]


@pytest.fixture(scope="module")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a Chroma server on loopback."""
    import chromadb
    from chromadb.config import Settings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder = tmp_path_factory.mktemp("server")
    arguments = ["chroma", "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    code = f"import sys; sys.argv = {arguments!r}; from chromadb.cli.cli import app; app()"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        client = chromadb.HttpClient("127.0.0.1", port, settings=Settings(anonymized_telemetry=False, _env_file=None))
        yield client
        for api in (client._server, client._admin_client._server):
            api._session.close()  # chromadb 1.5.9 leaves both to the garbage collector, which warns
        client.close()
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int) -> None:
    """Until somebody listens there, a minute at most."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the Chroma server did not start")


def in_chroma_server(client: Any) -> Callable[[str, Embeddings], VectorStore]:
    """As docs/interop.md prints it."""
    from langchain_chroma import Chroma

    return lambda name, embedding: Chroma(name, embedding, client=client)


def in_memory(collections: Collections) -> Callable[[str, Embeddings], VectorStore]:
    """Collections that live as long as the dictionary does, as a server's do."""

    def open_store(name: str, embedding: Embeddings) -> VectorStore:
        opened = InMemoryVectorStore(embedding)
        if name in collections:
            opened.store = collections[name].store  # type: ignore[attr-defined]
        collections[name] = opened
        return opened

    return open_store


class Shop:
    """Opens the index of one engine over one workspace, as often as asked."""

    def __init__(self, engine: str, folder: Path, *, open_store: Callable[[str, Embeddings], VectorStore] | None) -> None:
        self.engine = engine
        self.folder = folder
        self.known: Rows = {}
        self._open_store = open_store

    def open(self, *, space: str = "space") -> Index:
        """A store of its own opening."""
        if self._open_store is None:
            return ChromaStore(self.folder, space=space)
        return LangChainStore(self.folder, space=space, dimensions=DIMENSIONS, open_store=self._open_store, vectors_of=self.vectors_of)

    def vectors_of(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        """The record's part."""
        return {identity: self.known[identity] for identity in ids if identity in self.known}

    def publish(self, known: Rows, *, sequence: int, space: str = "space") -> None:
        """In a store of its own opening."""
        self.known = known
        with self.open(space=space) as store:
            store.publish(iter(known.items()), sequence=sequence, space=space)


@pytest.fixture(params=ENGINES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """Each engine in turn, empty."""
    if request.param == "chroma":
        return Shop(request.param, tmp_path, open_store=None)
    if request.param == "in memory":
        return Shop(request.param, tmp_path, open_store=in_memory({}))
    named = in_chroma_server(request.getfixturevalue("chroma_server"))
    own = tmp_path.name.replace("_", "-")[-20:].strip("-")  # the server is shared by the tests
    return Shop(request.param, tmp_path, open_store=lambda name, embedding: named(f"{name}-{own}", embedding))


def test_an_empty_index_finds_nothing(shop: Shop) -> None:
    """And has applied nothing; nothing is wrong with that."""
    with shop.open() as store:
        assert (store.applied, store.count, store.notes) == (0, 0, ())
        assert list(store.nearest(rows(1)["0000000000000000"], k=5)) == []


def test_what_was_published_is_found_nearest_first_with_its_cosine(shop: Shop) -> None:
    """As an exact search has it, by another opening than the one that published."""
    known = rows(120)
    shop.publish(known, sequence=7)
    question = rows(1, seed=9)["0009000000000000"]
    with shop.open() as store:
        assert (store.applied, store.count) == (7, 120)
        found = store.nearest(question, k=10)
    wanted = exact(known, question, k=10)
    assert [identity for identity, _ in found] == [identity for identity, _ in wanted]
    assert [score for _, score in found] == pytest.approx([score for _, score in wanted], abs=1e-4)


def test_a_publication_adds_what_is_new_and_drops_what_is_gone(shop: Shop) -> None:
    """A list longer than the index is all of it."""
    shop.publish(rows(40), sequence=1)
    changed = dict(list(rows(40).items())[10:]) | rows(20, seed=1)
    shop.publish(changed, sequence=2)
    with shop.open() as store:
        assert (store.applied, store.count) == (2, 50)
        assert {identity for identity, _ in store.nearest(changed["0001000000000000"], k=100)} == set(changed)


def test_another_space_is_another_index(shop: Shop) -> None:
    """What another embedder made is not applied here."""
    shop.publish(rows(20), sequence=3)
    with shop.open(space="other") as store:
        assert store.applied == 0
    shop.publish(rows(30, seed=1), sequence=4, space="other")
    with shop.open(space="other") as store:
        assert (store.applied, store.count) == (4, 30)


def test_a_cleared_index_holds_nothing(shop: Shop) -> None:
    """And can be published again."""
    shop.publish(rows(20), sequence=1)
    with shop.open() as store:
        assert store.clear() == 0
        assert (store.applied, store.count) == (0, 0)
    shop.publish(rows(5, seed=1), sequence=2)
    with shop.open() as store:
        assert {identity for identity, _ in store.nearest(rows(1)["0000000000000000"], k=50)} == set(rows(5, seed=1))


# ── what only a store elsewhere can do ────────────────────────────────────────────────────────────────────────────


def test_a_store_that_lost_its_rows_says_so_and_is_filled_anew(tmp_path: Path) -> None:
    """Search scans the record meanwhile: applied is 0 and the note names the remedy."""
    collections: Collections = {}
    shop = Shop("in memory", tmp_path, open_store=in_memory(collections))
    shop.publish(rows(20), sequence=1)
    collections.clear()
    with shop.open() as store:
        with pytest.raises(IndexDamagedError, match="20 of 20 sampled vectors are not there"):
            store.nearest(rows(1)["0000000000000000"], k=5)
        assert store.applied == 0
        assert "rag ingest" in store.notes[0]
        store.publish(iter(rows(20).items()), sequence=1, space="space")
        assert len(store.nearest(rows(1)["0000000000000000"], k=5)) == 5


def test_a_store_that_is_not_there_is_found_by_looking(tmp_path: Path) -> None:
    """As `rag doctor` does, before a search meets it."""

    def gone(name: str, embedding: Embeddings) -> VectorStore:
        raise ConnectionError("nobody answers at 127.0.0.1")

    Shop("in memory", tmp_path, open_store=in_memory({})).publish(rows(20), sequence=1)
    with Shop("in memory", tmp_path, open_store=gone).open() as store:
        assert (store.applied, store.notes) == (1, ())
        store.read_through()
        assert store.applied == 0
        assert "nobody answers" in store.notes[0]
    with Shop("in memory", tmp_path / "new", open_store=gone).open() as store:
        store.read_through()
        assert store.notes == ()


def test_an_update_that_was_cut_off_leaves_the_last_state_and_is_made_good(tmp_path: Path) -> None:
    """Rows that came too early are in the record already, so that they are no error; the next publication settles it."""
    collections: Collections = {}
    shop = Shop("in memory", tmp_path, open_store=in_memory(collections))
    shop.publish(rows(20), sequence=1)

    def cut_off() -> Iterator[tuple[str, Vector]]:
        yield from rows(1_500, seed=1).items()
        raise ConnectionError("the line went dead")

    with shop.open() as store, pytest.raises(IndexDamagedError, match="the line went dead"):
        store.publish(cut_off(), sequence=2, space="space")
    with shop.open() as store:
        assert (store.applied, store.count) == (1, 20)
    shop.publish(rows(20, seed=1), sequence=3)
    with shop.open() as store:
        assert (store.applied, store.count) == (3, 20)


@pytest.mark.parametrize(
    ("name", "said"),
    [("no_such_module:x", "cannot be imported"), ("json:nothing", "cannot be imported"), ("json:__name__", "not a function")],
)
def test_an_opener_that_is_none_is_refused_by_name(name: str, said: str) -> None:
    """In one sentence that says what to give."""
    with pytest.raises(SettingsError, match=said):
        opener(name)


SHARED: Collections = {}


def open_shared(name: str, embedding: Embeddings) -> VectorStore:
    """What the workspace of the next test names in its rag.toml."""
    return in_memory(SHARED)(name, embedding)


def test_a_workspace_searches_and_erases_in_the_store_of_its_rag_toml(tmp_path: Path) -> None:
    """Ingest fills it, search asks it, doctor and forget know it; the folder index/ holds no vector."""
    from rag.app import Library, create, examine
    from rag.ingest import drain

    workspace = tmp_path / "w"
    create(workspace, embedder="small")
    settings = (workspace / "rag.toml").read_text(encoding="utf-8")
    settings = settings.replace('kind = "chroma"', 'kind = "langchain"').replace('open = ""', f'open = "{__name__}:open_shared"')
    (workspace / "rag.toml").write_text(settings, encoding="utf-8")
    (workspace / "docs" / "cells.txt").write_text("Cell prices fell by 12.5 percent.", encoding="utf-8")
    (workspace / "docs" / "wind.txt").write_text("Blades of turbines grew longer.", encoding="utf-8")
    with Library.open(workspace) as library:
        drain(library.ingest(now=datetime(2026, 11, 23, tzinfo=UTC)))
        result = library.search("How far did cell prices fall?", k=1)
        assert [(passage.source.path, passage.hits[0].by) for passage in result.passages] == [("docs/cells.txt", "dense")]
        assert [len(opened.store) for opened in SHARED.values()] == [2]  # type: ignore[attr-defined]
        library.forget(["docs/wind.txt"], now=datetime(2026, 11, 23, tzinfo=UTC))
        assert [len(opened.store) for opened in SHARED.values()] == [1]  # type: ignore[attr-defined]
    assert [finding.message for finding in examine(workspace) if finding.about == "index"] == [
        "1 chunks; 0 changed since, which searches scan exactly"
    ]
    assert [path.name for path in (workspace / "index").iterdir()] == ["given.txt"]
