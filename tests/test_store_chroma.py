"""The vector index: generations that are never changed, checked when opened, and cheap to lose."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexDamagedError, WorkspaceError
from rag.ports import VectorStore
from rag.stores import chroma, generations
from rag.stores.chroma import ChromaStore
from tests.conftest import REPOSITORY

COUNT, DIMENSIONS = 300, 32

Vector = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Rows = list[tuple[str, Vector]]


def rows(count: int = COUNT, *, seed: int = 0) -> Rows:
    """Unit vectors in random directions."""
    matrix = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return [(f"{seed:04d}{number:012x}", row) for number, row in enumerate(matrix)]


def exact(found: Rows, vector: Vector, *, k: int) -> list[str]:
    """What an exact search gives."""
    scores = sorted(((float(row @ vector), identity) for identity, row in found), reverse=True)
    return [identity for _, identity in scores[:k]]


def contents(folder: Path) -> dict[str, bytes]:
    """Every byte below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of one published generation, to be laid out anew by each test that damages them."""
    folder = tmp_path_factory.mktemp("index")
    with ChromaStore(folder, space="a") as store:
        store.publish(rows(), sequence=7, space="a")
    return contents(folder)


@pytest.fixture
def index(tmp_path: Path, published: dict[str, bytes]) -> Path:
    """An index folder with that generation."""
    for name, data in published.items():
        path = tmp_path / "index" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "index"


@pytest.fixture
def store(index: Path) -> Iterator[ChromaStore]:
    """A reader of it."""
    with ChromaStore(index, space="a") as store:
        yield store


def test_an_index_that_was_never_published_is_empty(tmp_path: Path) -> None:
    """Nothing applied, nothing found, nothing wrong, and no folder made."""
    store: VectorStore = ChromaStore(tmp_path / "index", space="a")
    assert (store.applied, list(store.nearest(rows(1)[0][1], k=3))) == (0, [])
    assert not (tmp_path / "index").exists()


def test_the_nearest_are_the_exact_nearest_with_their_cosine(store: ChromaStore) -> None:
    """On a few hundred rows HNSW finds them all; scores are cosines."""
    published = rows()
    for identity, vector in published[::60]:
        found = store.nearest(vector, k=5)
        assert [name for name, _ in found] == exact(published, vector, k=5)
        assert found[0][0] == identity
        assert found[0][1] == pytest.approx(1.0, abs=1e-5)
    assert (store.applied, store.count, store.notes) == (7, COUNT, ())
    assert len(store.nearest(vector, k=10_000)) == COUNT


def test_reading_changes_no_byte(store: ChromaStore, index: Path, published: dict[str, bytes]) -> None:
    """A generation is the same before, while and after it is read."""
    store.nearest(rows()[0][1], k=3)
    assert contents(index) == published
    store.close()
    assert contents(index) == published


def test_a_generation_of_another_space_is_not_ours(index: Path) -> None:
    """Another embedder's vectors are never compared with."""
    with ChromaStore(index, space="b") as other:
        assert (other.applied, other.notes) == (0, ())


def _truncate(generation: Path) -> None:
    (level,) = generation.glob("chroma/*/data_level0.bin")
    level.write_bytes(level.read_bytes()[:1000])


def _flip(generation: Path) -> None:
    (level,) = generation.glob("chroma/*/data_level0.bin")
    data = bytearray(level.read_bytes())
    data[len(data) // 2] ^= 1
    level.write_bytes(data)


def _delete(generation: Path) -> None:
    for path in generation.glob("chroma/*/*.bin"):
        path.unlink()


def _garbage(generation: Path) -> None:
    (generation / "manifest.json").write_bytes(b"\x00\xffgarbage")


def _list(generation: Path) -> None:
    (generation / "manifest.json").write_text("[1, 2]")


def _no_sqlite(generation: Path) -> None:
    (generation / "chroma" / "chroma.sqlite3").unlink()


def _stray(generation: Path) -> None:
    (generation / "chroma" / "chroma.sqlite3-journal").write_bytes(b"x")


def _no_lock(generation: Path) -> None:
    (generation / ".lock").unlink()


@pytest.mark.parametrize("damage", [_truncate, _flip, _delete, _garbage, _list, _no_sqlite, _stray, _no_lock])
def test_damage_is_found_when_the_index_is_opened(index: Path, damage: Callable[[Path], None]) -> None:
    """Nothing counts as applied, the note says what is wrong and what to do, and asking is an error rather than a wrong answer."""
    damage(index / "gen-000001")
    with ChromaStore(index, space="a") as store:
        assert store.applied == 0
        assert len(store.notes) == 1
        assert "is damaged" in store.notes[0]
        assert "the next `rag ingest` rebuilds it" in store.notes[0]
        with pytest.raises(IndexDamagedError, match="damaged"):
            store.nearest(rows()[0][1], k=3)


def test_a_damaged_generation_is_replaced_by_the_next(index: Path) -> None:
    """Publishing needs nothing of the damaged one and removes it with whatever a killed writer left."""
    _truncate(index / "gen-000001")
    (index / "build-killed" / "chroma").mkdir(parents=True)
    (index / "trash-gen-000000").mkdir()
    with ChromaStore(index, space="a") as store:
        store.publish(rows(40), sequence=8, space="a")
        assert (store.applied, store.count, store.notes) == (8, 40, ())
        assert [path.name for path in index.iterdir()] == ["gen-000002"]


HOLD = """
import sys
from pathlib import Path
from rag.stores.chroma import ChromaStore

store = ChromaStore(Path(sys.argv[1]), space="a")
print(store.applied, flush=True)
sys.stdin.readline()
print(store._newest.generation.path.exists(), flush=True)
print(store.applied, store.count, flush=True)
"""


def test_readers_keep_their_generation_until_they_look_again(index: Path) -> None:
    """A generation that another process holds is not removed; that process then moves on, and the next writer removes it."""
    with ChromaStore(index, space="a") as store:
        command = [sys.executable, "-c", HOLD, str(index)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline() == "7\n"
            store.publish([], sequence=8, space="a")
            assert sorted(path.name for path in index.iterdir()) == ["gen-000001", "gen-000002"]
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readlines() == ["True\n", "8 0\n"]
        store.publish([], sequence=9, space="b")
        assert [path.name for path in index.iterdir()] == ["gen-000003"]
        assert (store.applied, store.nearest(rows()[0][1], k=3)) == (9, [])


def test_a_change_gives_the_same_rows_as_a_build(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation made from a copy and its changes holds exactly the rows asked for: added, removed, and one whose vector changed."""
    monkeypatch.setattr(chroma, "DELTA_FROM", 10)
    changed, added = rows(1, seed=1)[0][1], rows(20, seed=2)
    wanted = [*rows()[30:-1], (rows()[-1][0], changed), *added]
    with ChromaStore(index, space="a") as store:
        store.publish(wanted, sequence=9, space="a")
        assert (store.applied, store.count) == (9, len(wanted))
        assert json.loads((index / "gen-000002" / "manifest.json").read_bytes())["dead"] == 31
        everything = dict(store.nearest(changed, k=len(wanted)))
        assert set(everything) == {identity for identity, _ in wanted}
        for identity, vector in wanted[::40] + wanted[-21:]:
            ((nearest, cosine),) = store.nearest(vector, k=1)
            assert nearest == identity
            assert cosine == pytest.approx(1.0, abs=1e-5)


def test_an_index_that_fails_its_checks_is_not_published(index: Path) -> None:
    """Vectors that are not numbers: the old generation stays, no folder is left."""
    bad = [(identity, vector * np.float32("nan")) for identity, vector in rows(10)]
    with ChromaStore(index, space="a") as store:
        with pytest.raises(IndexDamagedError, match="failed its checks and was not published"):
            store.publish(bad, sequence=9, space="a")
        assert store.applied == 7
        assert [path.name for path in index.iterdir()] == ["gen-000001"]


def test_nothing_but_its_rows_is_written_into_a_generation(index: Path) -> None:
    """hnswlib writes out room for a hundred rows as its memory lies there: what a builder held of other rows is not in it."""
    before = rows()
    with ChromaStore(index, space="a") as store:
        store.publish(before[:90], sequence=8, space="a")
        store.publish(before[:2], sequence=9, space="a")
        store.clear()
        store.publish(before[:2], sequence=9, space="a")
        assert [name for name, _ in store.nearest(before[1][1], k=1)] == [before[1][0]]
    files = contents(index)
    (level,) = [data for name, data in files.items() if name.endswith("data_level0.bin")]
    (length,) = [data for name, data in files.items() if name.endswith("length.bin")]
    each = len(level) // 100
    assert before[1][1].tobytes() in level
    assert not any(level[2 * each :])
    assert len(length) == 100 * 4
    assert not any(length[2 * 4 :])
    (database,) = [data for name, data in files.items() if name.endswith("chroma.sqlite3")]
    assert not any(vector.tobytes() in database for _, vector in before[:2]), "readers copy it"


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    """The documents are safe, and the message says so."""
    (tmp_path / "index").write_text("a file in the way")
    with ChromaStore(tmp_path / "index", space="a") as store, pytest.raises(WorkspaceError, match="every document is in the record"):
        store.publish(rows(3), sequence=1, space="a")


def test_a_single_row_is_an_index(tmp_path: Path) -> None:
    """Chroma writes its vectors out after two changes; one row is enough for us."""
    with ChromaStore(tmp_path, space="a") as store:
        store.publish(rows(1), sequence=1, space="a")
        assert [identity for identity, _ in store.nearest(rows(1)[0][1], k=3)] == [rows(1)[0][0]]


def test_a_generation_taken_away_between_listing_and_opening_is_not_damage(index: Path) -> None:
    """Another process's writer may sweep at any moment."""
    generations.sweep(index, keep=index / "gen-000002")
    found = generations.Newest.of(index, space="a")
    assert (found.generation, found.notes) == (None, ())


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A generation that lies where it was published."""
    with ChromaStore(tmp_path, space="a") as store:
        store.publish(rows(20), sequence=7, space="a")
    return tmp_path / "gen-000001"


def test_files_that_nobody_wrote_since_are_not_hashed_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an index costs no reading of it; a copy of it is read once."""
    hashed: list[Path] = []

    def noted(path: Path) -> str:
        hashed.append(path)
        return ""

    monkeypatch.setattr(generations, "_sha256", noted)
    with ChromaStore(made.parent, space="a") as store:
        assert (store.applied, store.notes, hashed) == (7, (), [])
    shutil.copytree(made.parent, made.parent.parent / "copy")
    with ChromaStore(made.parent.parent / "copy", space="a") as store:
        assert "has changed" in store.notes[0]
    assert len(hashed) == 1


def test_a_bit_changed_where_it_lies_is_found_at_opening_even_if_the_time_is_put_back(made: Path) -> None:
    """The inode's own time cannot be set."""
    (level,) = made.glob("chroma/*/data_level0.bin")
    before = level.stat()
    with level.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(level, ns=(before.st_atime_ns, before.st_mtime_ns))
    with ChromaStore(made.parent, space="a") as store:
        assert "the content of chroma" in store.notes[0]


def test_a_disk_that_returns_other_bytes_is_found_by_reading_through(made: Path) -> None:
    """As `rag doctor` does: here the manifest is made to say that the changed file was never written to."""
    with ChromaStore(made.parent, space="a") as store:
        store.read_through()
        assert store.notes == ()
    _flip(made)
    manifest = json.loads((made / "manifest.json").read_bytes())
    for name, mark in manifest["files"].items():
        there = (made / name).stat()
        mark["written"] = [there.st_ino, there.st_mtime_ns, there.st_ctime_ns]
    (made / "manifest.json").write_text(json.dumps(manifest))
    with ChromaStore(made.parent, space="a") as store:
        assert (store.applied, store.notes) == (7, ())
        store.read_through()
        assert store.applied == 0
        assert "the content of chroma" in store.notes[0]
