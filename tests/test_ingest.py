"""Ingest: what becomes of every file, what is embedded, and what is never lost."""

import json
import os
import shutil
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag import ingest as ingest_module
from rag.errors import FingerprintError, ModelError, ReadError, UsageError, WorkspaceError
from rag.globs import chooser
from rag.ingest import IngestSummary, _content_id, _paced, drain, ingest, re_embed
from rag.readers import ReaderPool, worker
from rag.record import Record, scan, space_of
from rag.stores.chroma import ChromaStore
from rag.types import Chunk, Document, FileOutcome, Progress, TextKind
from tests.fakes import HashingEmbedder, chunk_words, read_plain

if TYPE_CHECKING:
    from rag.ports import Vectors

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
SUFFIXES = frozenset({".txt", ".md"})


@dataclass
class PlainStore:
    """A vector store in memory, for tests only: exact, and gone with the process."""

    applied: int = 0
    rows: Mapping[str, "Vectors"] = field(default_factory=dict)
    published: int = 0

    def publish(self, rows: Iterable[tuple[str, "Vectors"]], *, sequence: int, space: str) -> None:
        """Keeps exactly these rows."""
        self.rows, self.applied, self.published = dict(rows), sequence, self.published + 1

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """By cosine."""
        scores = sorted(((float(row @ vector), identity) for identity, row in self.rows.items()), reverse=True)
        return [(identity, score) for score, identity in scores[:k]]


class Desk:
    """A workspace, a folder of notes and everything ingest needs; counts what is read."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "research"
        self.folder.mkdir()
        self.record = Record.create(root / "library.db")
        self.plain = PlainStore()
        self.store: PlainStore | ChromaStore = self.plain
        self.embedder = HashingEmbedder()
        self.version = "1"
        self.leave_out = chooser()
        self.read: list[str] = []
        self.shown: list[Progress] = []
        self.summary: IngestSummary

    def write(self, name: str, text: str) -> Path:
        """A file under research/."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def fill(self, count: int) -> None:
        """note-00.txt and so on, each with a word of its own."""
        for number in range(count):
            self.write(f"note-{number:02}.txt", f"token{number:02} in a note about copper")

    def ingest(self, *folders: Path, allow_deletes: bool = False) -> dict[str, str]:
        """Runs it; path -> status of every outcome."""
        self.read, self.shown, self.embedder.texts = [], [], []
        steps = ingest(
            folders or [self.folder],
            record=self.record,
            store=self.store,
            read=self._read,
            suffixes=SUFFIXES,
            reader_version=self.version,
            embedder=self.embedder,
            chunk=self._chunk,
            now=NOW,
            leave_out=self.leave_out,
            allow_deletes=allow_deletes,
        )
        self.summary = drain(steps, show=self.shown.append)
        return {path: outcome.status for path, outcome in self.outcomes.items()}

    def re_embed(self) -> IngestSummary:
        """Runs it."""
        self.read, self.embedder.texts = [], []
        steps = re_embed(record=self.record, store=self.store, embedder=self.embedder, chunk=self._chunk, now=NOW)
        return drain(steps)

    @property
    def outcomes(self) -> dict[str, FileOutcome]:
        """Of the last run, by path."""
        return {progress.outcome.path: progress.outcome for progress in self.shown if progress.outcome}

    def finds(self, word: str) -> list[str]:
        """Paths of the documents that the lexical search finds."""
        ids = [identity for identity, _ in self.record.lexical(word, k=50)]
        return sorted(self.record.source(chunk.document).path for chunk in self.record.chunks(ids))

    def _read(self, path: Path) -> Document:
        self.read.append(path.name)
        return read_plain(path)

    def _chunk(self, document: Document, *, document_id: str) -> list[Chunk]:
        return chunk_words(document, document_id=document_id, counter=self.embedder, budget=64)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty one."""
    desk = Desk(tmp_path)
    yield desk
    desk.record.close()


def touch(path: Path, *, seconds: int) -> None:
    """Moves a file's modification time."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + seconds * 10**9))


# ── what becomes of a file ────────────────────────────────────────────────────────────────────────────────────────


def test_new_files_are_found(desk: Desk) -> None:
    """By name of folder and file, with counts and a last step that says all is done."""
    desk.write("a.txt", "alpha prices")
    desk.write("eu/b.md", "# Beta\n\nbeta prices")
    assert desk.ingest() == {"research/a.txt": "added", "research/eu/b.md": "added"}
    assert desk.finds("prices") == ["research/a.txt", "research/eu/b.md"]
    assert desk.summary.files == {"added": 2}
    assert (desk.summary.chunks, desk.summary.embedded, desk.summary.published) == (2, 2, True)
    assert set(desk.summary.seconds) == {"find", "read", "chunk", "embed", "commit", "publish"}
    assert [(progress.done, progress.total) for progress in desk.shown if progress.outcome] == [(1, 2), (2, 2)]


def test_an_unchanged_file_is_not_opened(desk: Desk) -> None:
    """Size and time say so; nothing is read, embedded or published, and the model is not asked for."""
    desk.fill(3)
    desk.ingest()
    sequence, calls = desk.record.sequence(), desk.embedder.calls
    assert set(desk.ingest().values()) == {"unchanged"}
    assert (desk.read, desk.embedder.calls, desk.record.sequence(), desk.plain.published) == ([], calls, sequence, 1)


def test_a_touched_file_is_not_read(desk: Desk) -> None:
    """A new time with the same content is unchanged, and the day of an undated document follows it."""
    path = desk.write("a.txt", "alpha")
    desk.ingest()
    before = desk.record.sources()[0].published
    touch(path, seconds=-400 * 86_400)
    assert desk.ingest() == {"research/a.txt": "unchanged"}
    assert desk.read == []
    assert (before - desk.record.sources()[0].published).days == 400


def test_a_changed_file_replaces_its_old_text(desk: Desk) -> None:
    """Only what is new in it is embedded."""
    same = " ".join(f"same{number}" for number in range(54))
    desk.write("a.txt", f"{same} before")
    desk.ingest()
    desk.write("a.txt", f"{same} afterwards")
    assert desk.ingest() == {"research/a.txt": "changed"}
    assert (desk.finds("before"), desk.finds("afterwards"), desk.finds("same3")) == ([], ["research/a.txt"], ["research/a.txt"])
    assert desk.embedder.texts == ["a\nafterwards"]
    assert desk.outcomes["research/a.txt"].embedded == 1


def test_a_renamed_file_is_neither_read_nor_embedded(desk: Desk) -> None:
    """It is the same document under its new path, and the outcome says from where."""
    path = desk.write("a.txt", "alpha prices")
    desk.ingest()
    path.rename(desk.folder / "z.txt")
    assert desk.ingest() == {"research/z.txt": "moved"}
    assert desk.outcomes["research/z.txt"].reason == "research/a.txt"
    assert (desk.read, desk.embedder.texts, desk.finds("alpha")) == ([], [], ["research/z.txt"])
    assert desk.shown[-1].done == desk.shown[-1].total


def test_a_copy_is_the_same_document_at_a_second_path(desk: Desk) -> None:
    """Also when both are new in the same run; it goes with the last of its paths."""
    desk.write("a.txt", "alpha prices")
    desk.write("b.txt", "alpha prices")
    assert desk.ingest() == {"research/a.txt": "added", "research/b.txt": "copied"}
    assert (len(desk.record.sources()), desk.read) == (1, ["a.txt"])
    (desk.folder / "a.txt").unlink()
    assert desk.ingest() == {"research/b.txt": "unchanged", "research/a.txt": "deleted"}
    assert desk.finds("alpha") == ["research/b.txt"]


def test_files_that_swap_their_names_embed_nothing(desk: Desk) -> None:
    """Content follows the file, vectors come from the cache."""
    first, second = desk.write("a.txt", "title: x alpha"), desk.write("b.txt", "title: x beta")
    desk.ingest()
    first.rename(desk.folder / "c")
    second.rename(first)
    (desk.folder / "c").rename(second)
    touch(first, seconds=1)
    touch(second, seconds=2)
    assert desk.ingest() == {"research/a.txt": "changed", "research/b.txt": "changed"}
    assert (desk.finds("beta"), desk.finds("alpha")) == (["research/a.txt"], ["research/b.txt"])


def test_a_deleted_file_is_gone_from_search(desk: Desk) -> None:
    """With everything that was made of it, the cached vectors included."""
    desk.fill(4)
    desk.ingest()
    (desk.folder / "note-02.txt").unlink()
    assert desk.ingest()["research/note-02.txt"] == "deleted"
    assert (desk.finds("token02"), len(desk.finds("copper"))) == ([], 3)
    gone = "note-02\ntoken02 in a note about copper"
    assert desk.record.cached_vectors([gone], fingerprint=desk.embedder.fingerprint, kind="document") == {}


def test_many_files_gone_at_once_are_kept_and_called_missing(desk: Desk) -> None:
    """More than five and more than a fifth looks like an unmounted disk; --allow-deletes says that it is meant."""
    desk.fill(20)
    desk.ingest()
    for number in range(6):
        (desk.folder / f"note-{number:02}.txt").unlink()
    outcomes = desk.ingest()
    assert [path for path, status in outcomes.items() if status == "missing"] == [f"research/note-{number:02}.txt" for number in range(6)]
    assert "6 of 20 files" in desk.outcomes["research/note-00.txt"].reason
    assert "--allow-deletes" in desk.outcomes["research/note-00.txt"].reason
    assert len(desk.finds("copper")) == 20
    desk.write("note-00.txt", "token00 in a note about copper")
    assert desk.ingest()["research/note-00.txt"] == "unchanged"
    assert [row.path for row in desk.record.files() if row.status == "missing"] == []
    assert desk.ingest(allow_deletes=True) == {f"research/note-{number:02}.txt": "unchanged" for number in (0, *range(6, 20))}
    assert len(desk.finds("copper")) == 15


def test_all_files_of_a_folder_gone_at_once_are_kept_however_few_they_are_of_all(desk: Desk) -> None:
    """A mount point that is not empty by itself, beside a large folder: six of forty files."""
    share = desk.root / "share"
    share.mkdir()
    for number in range(6):
        (share / f"{number}.txt").write_text(f"zinc {number}")
    desk.fill(34)
    desk.ingest(desk.folder, share)
    for file in share.iterdir():
        file.unlink()
    (share / "not mounted.txt").write_text("mount me")
    assert Counter(desk.ingest(desk.folder, share).values()) == {"unchanged": 34, "missing": 6, "added": 1}
    assert len(desk.finds("zinc")) == 6
    assert Counter(desk.ingest(desk.folder, share, allow_deletes=True).values()) == {"unchanged": 35, "deleted": 6}


def test_five_of_a_few_files_may_go(desk: Desk) -> None:
    """The brake is for many; a handful is housekeeping."""
    desk.fill(7)
    desk.ingest()
    for number in range(5):
        (desk.folder / f"note-{number:02}.txt").unlink()
    assert sorted(desk.ingest().values()) == ["deleted"] * 5 + ["unchanged"] * 2


def test_files_without_a_reader_are_skipped_with_the_reason(desk: Desk) -> None:
    """Hidden files, lock files of office programs and the workspace's own files are not even mentioned."""
    desk.write("a.txt", "alpha")
    for name in ("b.zip", "README", ".hidden.txt", "~$a.txt", ".git/c.txt"):
        desk.write(name, "x")
    desk.ingest()
    reasons = {path: outcome.reason for path, outcome in desk.outcomes.items() if outcome.status == "skipped"}
    assert reasons == {"research/b.zip": "no reader for .zip", "research/README": "no reader for files without a suffix"}
    assert {row.path: row.status for row in desk.record.files()}["research/b.zip"] == "skipped"


def test_a_workspace_of_documents_does_not_read_its_own_reports(desk: Desk) -> None:
    """Where the documents lie in the workspace itself, reports, index and templates are not documents."""
    for name in ("reports/r.md", "index/x.txt", "prompts/p.md", "templates/t.md"):
        (desk.root / name).parent.mkdir()
        (desk.root / name).write_text("not a document")
    desk.write("reports/mine.txt", "a folder of the same name further down is an ordinary one")
    assert list(desk.ingest(desk.root)) == [f"{desk.root.name}/research/reports/mine.txt"]


def test_links_are_followed_only_inside_the_folder(desk: Desk) -> None:
    """Everything else is skipped with its reason, and no loop is walked."""
    outside = desk.root / "secret.txt"
    outside.write_text("secret")
    inside = desk.write("a.txt", "alpha")
    (desk.folder / "same.txt").symlink_to(inside)
    (desk.folder / "out.txt").symlink_to(outside)
    (desk.folder / "nothing.txt").symlink_to(desk.root / "none.txt")
    (desk.folder / "loop").symlink_to(desk.folder)
    os.mkfifo(desk.folder / "pipe.txt")
    desk.ingest()
    assert {path.removeprefix("research/"): (outcome.status, outcome.reason) for path, outcome in desk.outcomes.items()} == {
        "a.txt": ("added", ""),
        "same.txt": ("copied", "research/a.txt"),
        "out.txt": ("skipped", "a link that leaves the folder"),
        "nothing.txt": ("skipped", "a link to nothing"),
        "loop": ("skipped", "a link to a folder; the folder is read where it lies"),
        "pipe.txt": ("skipped", "not a regular file"),
    }


def test_a_failed_file_says_why_and_its_earlier_version_goes(desk: Desk) -> None:
    """A reader's error is the file's reason, not the end of the run."""
    path = desk.write("a.txt", "alpha")
    desk.write("b.txt", "beta")
    desk.ingest()
    path.write_bytes(b"\xff\xfe not text")
    assert desk.ingest() == {"research/a.txt": "failed", "research/b.txt": "unchanged"}
    assert desk.outcomes["research/a.txt"].reason == "a.txt is not UTF-8 text; the earlier version is no longer searched"
    assert (desk.finds("alpha"), len(desk.record.sources())) == ([], 1)
    path.write_text("alpha again")
    assert desk.ingest()["research/a.txt"] == "added"


def test_a_file_that_no_reader_takes_is_not_read_to_be_known(desk: Desk) -> None:
    """Of 20 GB the size and the beginning say which file it is; hashing all of it would take minutes."""
    path = desk.write("a.txt", "alpha")
    with path.open("r+b") as file:
        file.truncate(20_000_000_000)
    start = time.process_time()
    first = _content_id(path)
    assert time.process_time() - start < 5
    with path.open("r+b") as file:
        file.truncate(20_000_000_001)
    assert _content_id(path) != first


def test_a_failed_file_is_tried_again_only_for_a_reason(desk: Desk) -> None:
    """When it changes, or the readers do; until then its reason is repeated."""
    path = desk.write("a.txt", " ")
    desk.write("b.txt", "beta")
    desk.ingest()
    assert desk.ingest()["research/a.txt"] == "failed"
    assert (desk.read, desk.outcomes["research/a.txt"].reason) == ([], "a.txt holds no text")
    touch(path, seconds=5)
    assert (desk.ingest()["research/a.txt"], desk.read) == ("failed", [])
    desk.version = "2"
    assert desk.ingest() == {"research/a.txt": "failed", "research/b.txt": "changed"}
    assert sorted(desk.read) == ["a.txt", "b.txt"]
    assert desk.embedder.texts == []


def test_a_name_that_is_not_unicode_is_a_name(desk: Desk) -> None:
    """Bytes from an old archive do not stop a run."""
    Path(os.fsdecode(bytes(desk.folder) + b"/caf\xe9.txt")).write_text("alpha")
    assert desk.ingest() == {"research/caf\\udce9.txt": "added"}
    assert desk.ingest() == {"research/caf\\udce9.txt": "unchanged"}


def test_a_file_that_is_being_written_is_left_for_the_next_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known of it stays, and nothing half-written is committed; the status says so of both, the old and the new."""
    path = desk.write("a.txt", "alpha")
    desk.ingest()
    path.write_text("beta")
    desk.write("new.txt", "gamma")

    def writes_on(file: Path) -> Document:
        document = read_plain(file)
        file.write_text(f"{file.stem} and more")
        return document

    monkeypatch.setattr(desk, "_read", writes_on)
    assert desk.ingest() == {"research/a.txt": "missing", "research/new.txt": "failed"}
    assert "changed while it was being read: kept the version of 20" in desk.outcomes["research/a.txt"].reason
    assert {row.path: (row.status, row.reason) for row in desk.record.files()} == {
        path: (outcome.status, outcome.reason) for path, outcome in desk.outcomes.items()
    }
    assert desk.finds("alpha") == ["research/a.txt"]
    monkeypatch.undo()
    assert desk.ingest() == {"research/a.txt": "changed", "research/new.txt": "added"}
    assert desk.finds("more") == ["research/a.txt", "research/new.txt"]


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_folder_is_refused(desk: Desk) -> None:
    """Before anything is done."""
    with pytest.raises(UsageError, match="none is not a folder"):
        desk.ingest(desk.root / "none")


def test_an_empty_folder_is_refused_and_nothing_is_deleted(desk: Desk) -> None:
    """The error names the formats; --allow-deletes empties the library."""
    with pytest.raises(UsageError, match="nothing to ingest, and nothing was changed; formats that can be read: md, txt"):
        desk.ingest()
    path = desk.write("a.txt", "alpha")
    desk.ingest()
    path.unlink()
    with pytest.raises(UsageError, match="nothing was changed"):
        desk.ingest()
    assert desk.finds("alpha") == ["research/a.txt"]
    assert desk.ingest(allow_deletes=True) == {"research/a.txt": "deleted"}


def test_a_known_folder_that_is_empty_holds_up_no_other(desk: Desk) -> None:
    """As a share that is not mounted: what it held stays, and it is told; `--allow-deletes` says that it is meant."""
    share = desk.root / "share"
    share.mkdir()
    (share / "zinc.txt").write_text("zinc")
    desk.write("a.txt", "alpha")
    desk.ingest(desk.folder, share)
    (share / "zinc.txt").rename(desk.root / "zinc.txt")
    desk.write("b.txt", "bravo")
    assert desk.ingest(desk.folder, share) == {
        "research/a.txt": "unchanged",
        "research/b.txt": "added",
        "share": "failed",
        "share/zinc.txt": "missing",
    }
    assert "it is empty, as it is when its disk is not mounted" in desk.outcomes["share"].reason
    assert desk.finds("zinc") == ["share/zinc.txt"]
    (desk.root / "zinc.txt").rename(share / "zinc.txt")
    assert desk.ingest(desk.folder, share)["share/zinc.txt"] == "unchanged"
    assert [row.path for row in desk.record.files() if row.status != "ok"] == []
    (share / "zinc.txt").unlink()
    assert desk.ingest(desk.folder, share, allow_deletes=True)["share/zinc.txt"] == "deleted"


def test_two_folders_of_one_name_are_refused(desk: Desk) -> None:
    """Their files' paths could not be told apart; a folder that has moved is the same folder."""
    desk.write("a.txt", "alpha")
    desk.ingest()
    other = desk.root / "elsewhere" / "research"
    shutil.copytree(desk.folder, other)
    with pytest.raises(UsageError, match="two folders are called research"):
        desk.ingest(other)
    shutil.rmtree(desk.folder)
    assert desk.ingest(other) == {"research/a.txt": "unchanged"} or desk.read == []


# ── out of reach ──────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def as_someone_else() -> Iterator[None]:
    """Permissions hold for root too, who is nobody for a moment; for others they hold anyway."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Desk]:
    """A desk that another user may write to, with one file in a folder and one beside it, both in search."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        desk = Desk(Path(name))
        desk.write("a.txt", "alpha")
        desk.write("closed/b.txt", "beta")
        desk.ingest()
        yield desk
        (desk.folder / "closed").chmod(0o755)
        desk.record.close()


def test_a_file_that_cannot_be_opened_keeps_its_earlier_version_in_search(shared: Desk) -> None:
    """Permission denied says nothing about what it holds; the reason names the version; opened again, nothing is read."""
    path = shared.folder / "a.txt"
    touch(path, seconds=5)
    path.chmod(0)
    with as_someone_else():
        assert shared.ingest() == {"research/a.txt": "missing", "research/closed/b.txt": "unchanged"}
    kept = f"unreadable (Permission denied): kept the version of {shared.record.source(_id(shared, 'a.txt')).published}"
    assert {row.path: (row.status, row.reason) for row in shared.record.files()}["research/a.txt"] == ("missing", kept)
    assert shared.finds("alpha") == ["research/a.txt"]
    path.chmod(0o644)
    assert (shared.ingest()["research/a.txt"], shared.read) == ("unchanged", [])
    assert {row.status for row in shared.record.files()} == {"ok"}


def test_a_new_file_that_cannot_be_opened_fails_and_is_tried_again(shared: Desk) -> None:
    """There is nothing to keep; no change of the file is needed once it may be read."""
    path = shared.write("new.txt", "gamma")
    path.chmod(0)
    with as_someone_else():
        assert shared.ingest()["research/new.txt"] == "failed"
    assert shared.outcomes["research/new.txt"].reason.startswith("unreadable (Permission denied); make it readable")
    path.chmod(0o644)
    assert shared.ingest()["research/new.txt"] == "added"


def test_a_file_that_vanishes_after_it_was_listed_is_kept_until_the_next_run(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """This run cannot tell a deletion from a mount that comes and goes; the next one lists the folder without it."""
    path = shared.write("a.txt", "changed")
    walked = ingest_module._walk

    def walks(*arguments: Any, **named: Any) -> Any:
        found = walked(*arguments, **named)
        path.unlink()
        return found

    monkeypatch.setattr(ingest_module, "_walk", walks)
    assert shared.ingest()["research/a.txt"] == "missing"
    assert shared.finds("alpha") == ["research/a.txt"]
    monkeypatch.undo()
    assert shared.ingest()["research/a.txt"] == "deleted"


def test_a_folder_that_cannot_be_listed_stops_nothing_and_deletes_nothing(shared: Desk) -> None:
    """Its files are missing, it is named as failed, all others go on; readable again, it is as if nothing had been."""
    shared.write("c.txt", "gamma")
    (shared.folder / "closed").chmod(0)
    with as_someone_else():
        expected = {
            "research/a.txt": "unchanged",
            "research/c.txt": "added",
            "research/closed": "failed",
            "research/closed/b.txt": "missing",
        }
        assert shared.ingest() == expected
        assert shared.ingest() == expected | {"research/c.txt": "unchanged"}
    assert "cannot be read (Permission denied), so its 1 known documents are kept" in shared.outcomes["research/closed"].reason
    assert (
        "unreadable (its folder research/closed: Permission denied): kept the version of" in shared.outcomes["research/closed/b.txt"].reason
    )
    assert (shared.finds("beta"), shared.finds("gamma")) == (["research/closed/b.txt"], ["research/c.txt"])
    (shared.folder / "closed").chmod(0o755)
    assert set(shared.ingest().values()) == {"unchanged"}
    assert {row.path: row.status for row in shared.record.files()} == dict.fromkeys(shared.outcomes, "ok")


def test_files_of_a_folder_that_may_be_listed_but_not_entered_are_kept(shared: Desk) -> None:
    """Mode r--: the names can be seen, the files cannot."""
    (shared.folder / "closed").chmod(0o444)
    with as_someone_else():
        assert shared.ingest()["research/closed/b.txt"] == "missing"
    assert shared.finds("beta") == ["research/closed/b.txt"]


def test_a_folder_that_vanishes_while_it_is_walked_is_kept_until_the_next_run(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the listing of its parent and its own."""
    entries = ingest_module._entries

    def listed(folder: Path) -> Any:
        if folder.name == "closed":
            shutil.rmtree(folder, ignore_errors=True)
        return entries(folder)

    monkeypatch.setattr(ingest_module, "_entries", listed)
    assert shared.ingest()["research/closed/b.txt"] == "missing"
    monkeypatch.undo()
    assert shared.ingest()["research/closed/b.txt"] == "deleted"
    (shared.folder / "closed").mkdir()


def test_a_file_that_became_a_link_to_itself_is_skipped(shared: Desk) -> None:
    """A loop of links ends nothing; what the file held before is gone with it."""
    path = shared.folder / "a.txt"
    path.unlink()
    path.symlink_to(path)
    (shared.folder / "closed" / "up").symlink_to(shared.folder)
    assert shared.ingest() == {"research/a.txt": "skipped", "research/closed/b.txt": "unchanged", "research/closed/up": "skipped"}


def test_one_of_two_known_folders_may_be_gone(shared: Desk) -> None:
    """A share that is not mounted holds up no other; the only folder, or one never seen, is refused as before."""
    second = shared.root / "share"
    second.mkdir()
    (second / "d.txt").write_text("delta")
    both = (shared.folder, second)
    shared.ingest(*both)
    second.rename(shared.root / "unmounted")
    shared.write("e.txt", "epsilon")
    outcomes = shared.ingest(*both)
    assert (outcomes["share"], outcomes["share/d.txt"], outcomes["research/e.txt"]) == ("failed", "missing", "added")
    assert shared.finds("delta") == ["share/d.txt"]
    with pytest.raises(WorkspaceError, match=r"cannot read the folder .*share: No such file or directory; nothing was changed"):
        shared.ingest(second)
    with pytest.raises(UsageError, match="never is not a folder"):
        shared.ingest(shared.folder, shared.root / "never")


def test_a_container_that_cannot_be_opened_keeps_the_files_in_it(shared: Desk) -> None:
    """A real archive, read by a real child process."""
    with zipfile.ZipFile(shared.folder / "pack.zip", "w") as archive:
        archive.writestr("inside.txt", "omega stands in the archive")
    with ReaderPool() as pool:
        _with_pool(shared, pool)
        assert shared.finds("omega") == ["research/pack.zip/inside.txt"]
        (shared.folder / "pack.zip").chmod(0)
        touch(shared.folder / "pack.zip", seconds=9)
        with as_someone_else():
            outcomes = _with_pool(shared, pool)
        assert (outcomes["research/pack.zip"], outcomes["research/pack.zip/inside.txt"]) == ("missing", "missing")
        assert shared.finds("omega") == ["research/pack.zip/inside.txt"]


def test_a_file_that_goes_before_its_reader_opens_it_is_kept(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share that drops out in the middle of a run."""
    path = shared.write("a.txt", "alpha and more")
    with ReaderPool() as pool:

        def read(file: Path) -> Document:
            file.rename(file.with_suffix(".gone"))
            return pool.read(file)

        monkeypatch.setattr(shared, "_read", read)
        assert shared.ingest()["research/a.txt"] == "missing"
    assert "unreadable (No such file or directory): kept the version of" in shared.outcomes["research/a.txt"].reason
    assert (shared.finds("alpha"), shared.finds("more")) == (["research/a.txt"], [])
    path.with_suffix(".gone").rename(path)


def test_a_reader_that_may_not_open_its_file_says_that_it_is_unreadable(shared: Desk) -> None:
    """Not damaged: the worker's own answer, given as another user."""
    path = shared.write("a.txt", "alpha")
    path.chmod(0)
    with as_someone_else():
        answer = json.loads(worker._answer(path, into=None))
    assert answer["error"] == "UnreadableError"
    assert "Permission denied" in answer["message"]


def _id(desk: Desk, name: str) -> str:
    return next(row.document or "" for row in desk.record.files() if row.path.endswith(name))


def _with_pool(desk: Desk, pool: ReaderPool) -> dict[str, str]:
    """An ingest with the real readers; path -> status."""
    steps = ingest(
        [desk.folder],
        record=desk.record,
        store=desk.store,
        read=pool.read,
        unpack=pool.unpack,
        suffixes=SUFFIXES | {".zip"},
        reader_version="real",
        embedder=desk.embedder,
        chunk=desk._chunk,
        now=NOW,
    )
    shown: list[Progress] = []
    drain(steps, show=shown.append)
    return {step.outcome.path: step.outcome.status for step in shown if step.outcome}


def test_another_model_is_refused_by_name(desk: Desk) -> None:
    """Both models and the command are in the error, and nothing is changed."""
    desk.write("a.txt", "alpha")
    desk.ingest()
    desk.embedder = HashingEmbedder(model="newer", dimensions=32)
    with pytest.raises(
        FingerprintError, match=r"embedded with hashing \(dimensions=64\) .* newer \(dimensions=32\); run `rag ingest --re-embed`"
    ):
        desk.ingest()
    assert desk.record.runs()[0].status == "ok"


class BrokenEmbedder(HashingEmbedder):
    """Gives what is not a number."""

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """Rows of NaN."""
        return super().embed(texts, kind=kind) * float("nan")


def test_vectors_that_are_not_numbers_are_refused(desk: Desk) -> None:
    """Nothing of that window is committed and the run's row says why it ended."""
    desk.write("a.txt", "alpha")
    desk.embedder = BrokenEmbedder()
    with pytest.raises(ModelError, match="values that are not numbers"):
        desk.ingest()
    assert desk.record.sources() == []
    assert desk.record.runs()[0].status.startswith("failed: hashing gave vectors")


def test_an_interrupt_keeps_what_was_committed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run goes on where it ended."""
    monkeypatch.setattr("rag.ingest.WINDOW_FILES", 2)
    desk.fill(6)
    read = desk._read

    def interrupted(path: Path) -> Document:
        if path.name == "note-04.txt":
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(desk, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.ingest()
    assert (len(desk.record.sources()), desk.record.runs()[0].status) == (4, "interrupted")
    monkeypatch.setattr(desk, "_read", read)
    assert sorted(desk.ingest().values()) == ["added"] * 2 + ["unchanged"] * 4


def test_a_reader_error_of_any_kind_is_one_files_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text with half a surrogate pair included."""
    desk.write("a.txt", "alpha")
    desk.write("b.txt", "beta")

    def odd(path: Path) -> Document:
        if path.name == "a.txt":
            raise ReadError("the reader died")
        document = read_plain(path)
        return Document(text="\ud800", pages=document.pages, blocks=(), metadata=document.metadata, format="txt")

    monkeypatch.setattr(desk, "_read", odd)
    assert set(desk.ingest().values()) == {"failed"}
    assert desk.outcomes["research/a.txt"].reason == "the reader died"
    assert "not Unicode text" in desk.outcomes["research/b.txt"].reason


# ── windows, publishing, re-embedding ─────────────────────────────────────────────────────────────────────────────


def test_small_files_are_embedded_together(desk: Desk) -> None:
    """Forty files are two calls of the embedder, the first a small one to learn its speed, and forty commits."""
    desk.fill(40)
    desk.ingest()
    assert (desk.embedder.calls, desk.record.sequence()) == (2, 40)


def test_a_long_file_is_embedded_piece_by_piece(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is cached as it comes, so that a kill costs one piece; progress is shown in between."""
    for bound in ("WINDOW_CHUNKS", "FIRST_CALL", "SMALLEST_CALL"):
        monkeypatch.setattr(f"rag.ingest.{bound}", 3)
    desk.write("a.txt", " ".join(f"word{number}" for number in range(500)))
    failing, calls = desk.embedder.embed, []

    def dies(texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        calls.append(len(texts))
        if len(calls) == 3:
            raise ModelError("out of memory")
        return failing(texts, kind=kind)

    monkeypatch.setattr(desk.embedder, "embed", dies)
    with pytest.raises(ModelError, match="out of memory"):
        desk.ingest()
    assert calls == [3, 3, 3]
    desk.ingest()
    assert desk.summary.embedded == desk.summary.chunks - 6
    assert [progress.stage for progress in desk.shown][:2] == ["embed", "embed"]


def test_progress_within_a_long_file_counts_its_chunks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done of all that are embedded, and a share of the work that rises from step to step to the whole."""
    for bound in ("WINDOW_CHUNKS", "FIRST_CALL", "SMALLEST_CALL"):
        monkeypatch.setattr(f"rag.ingest.{bound}", 3)
    desk.write("a.txt", " ".join(f"word{number}" for number in range(500)))
    desk.write("b.txt", "a short one")
    desk.ingest()
    of = desk.outcomes["research/a.txt"].chunks
    assert [(step.done, step.chunks, step.of_chunks) for step in desk.shown if step.stage == "embed" and step.of_chunks > 1] == [
        (0, min(done, of), of) for done in range(0, of + 3, 3)
    ]
    shares = [step.share for step in desk.shown if step.share is not None]
    assert len(shares) == sum(step.stage in ("embed", "ingest") for step in desk.shown)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_what_is_unchanged_is_no_work(desk: Desk) -> None:
    """Beside a file that is new, of whatever size it is."""
    desk.write("a.txt", "a long one " * 500)
    desk.ingest()
    desk.write("b.txt", "a short one")
    desk.ingest()
    assert [(step.outcome.path[-5:], step.share) for step in desk.shown if step.outcome] == [("a.txt", 0.0), ("b.txt", 1.0)]


@pytest.mark.parametrize(("count", "seconds", "following"), [(32, 5.0, 32), (32, 0.5, 320), (32, 0.001, 512), (32, 60.0, 8)])
def test_a_call_of_the_embedder_lasts_about_five_seconds(count: int, seconds: float, following: int) -> None:
    """A slow embedder gets fewer texts a call, so that a kill costs seconds and not the work of an hour."""
    assert _paced(count, seconds=seconds) == following


def test_words_are_indexed_before_vectors(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches beside a publication have the postings while the generation, which takes four times as long, is made."""
    monkeypatch.setattr(scan, "WORDS_FROM", 1)
    there: list[bool] = []

    def publish(rows: Iterable[tuple[str, "Vectors"]], *, sequence: int, space: str) -> None:
        with Record.open(desk.record.path, read_only=True) as reader:
            there.append(reader._scan.has_postings())
        PlainStore.publish(desk.plain, rows, sequence=sequence, space=space)

    monkeypatch.setattr(desk.plain, "publish", publish)
    desk.write("a.txt", "alpha prices")
    desk.ingest()
    assert there == [True]


def test_a_generation_is_published_only_when_it_pays(desk: Desk) -> None:
    """None yet, a twentieth changed, or an index from another past."""
    desk.fill(60)
    desk.ingest()
    assert (desk.plain.published, len(desk.plain.rows), desk.plain.applied) == (1, 60, desk.record.sequence())
    desk.write("new-1.txt", "one new note")
    desk.ingest()
    assert desk.plain.published == 1
    for number in range(2, 5):
        desk.write(f"new-{number}.txt", f"new note {number}")
    desk.ingest()
    assert (desk.plain.published, set(desk.plain.rows)) == (2, set(desk.record.vectors()[0]))
    desk.plain.applied = 10_000
    desk.ingest()
    assert (desk.plain.published, desk.plain.applied) == (3, desk.record.sequence())


def test_re_embedding_reads_no_file_and_goes_on_after_a_kill(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches see the old model until the last document is done; the files may even be gone."""
    monkeypatch.setattr("rag.ingest.WINDOW_FILES", 4)
    desk.fill(10)
    desk.ingest()
    shutil.rmtree(desk.folder)
    old, desk.embedder = desk.embedder, HashingEmbedder(model="newer", dimensions=32)
    embed, calls = desk.embedder.embed, []

    def dies(texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return embed(texts, kind=kind)

    monkeypatch.setattr(desk.embedder, "embed", dies)
    with pytest.raises(KeyboardInterrupt):
        desk.re_embed()
    space = desk.record.active_space()
    assert space is not None
    assert (space.fingerprint, desk.record.vectors()[1].shape) == (old.fingerprint, (10, 64))
    summary = desk.re_embed()
    assert (calls, desk.read, summary.published) == ([4, 4, 4, 2], [], True)
    assert desk.record.vectors()[1].shape == (10, 32)
    assert set(desk.plain.rows) == set(desk.record.vectors()[0])
    assert desk.finds("token07") == ["research/note-07.txt"]
    assert desk.re_embed().embedded == 0


def test_damage_to_the_index_is_repaired_without_the_embedder(desk: Desk) -> None:
    """A real index, truncated: the next ingest builds it from the record's vectors."""
    desk.fill(12)
    space = space_of(desk.embedder.fingerprint).id
    with ChromaStore(desk.root / "index", space=space) as store:
        desk.store = store
        desk.ingest()
    (level,) = (desk.root / "index").glob("gen-*/chroma/*/data_level0.bin")
    level.write_bytes(level.read_bytes()[:100])
    with ChromaStore(desk.root / "index", space=space) as store:
        assert store.applied == 0
        desk.store, calls = store, desk.embedder.calls
        assert set(desk.ingest().values()) == {"unchanged"}
        assert (desk.embedder.calls, store.applied, store.notes) == (calls, desk.record.sequence(), ())
        for identity, vector in desk.record.vector_rows():
            assert store.nearest(vector, k=1)[0][0] == identity


def test_excluded_files_leave_the_search_and_say_why(tmp_path: Path) -> None:
    """And come back when the pattern goes; files in containers are matched by their path inside."""
    desk = Desk(tmp_path)
    desk.write("a.txt", "alpha prices")
    desk.write("drafts/b.txt", "beta prices")
    desk.ingest()
    desk.leave_out = chooser(exclude=["drafts/**"])
    assert desk.ingest() == {"research/a.txt": "unchanged", "research/drafts/b.txt": "skipped"}
    assert desk.finds("prices") == ["research/a.txt"]
    assert 'exclude = "drafts/**"' in desk.outcomes["research/drafts/b.txt"].reason
    desk.leave_out = chooser(include=["drafts"])
    assert desk.ingest() == {"research/a.txt": "skipped", "research/drafts/b.txt": "added"}
    desk.record.close()
