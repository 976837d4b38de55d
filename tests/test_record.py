"""The record: one file, one transaction a document, readers that see every commit."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from rag.errors import RecordError, UsageError, WorkspaceError
from rag.record import FileRow, Record
from rag.types import Document, Scope
from tests.conftest import REPOSITORY
from tests.fakes import HashingEmbedder, chunk_words, plain_document

MTIME_NS = int(datetime(2024, 5, 6, 12, tzinfo=UTC).timestamp()) * 10**9
EMBEDDER = HashingEmbedder()

Add = Callable[..., str]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An empty record."""
    with Record.create(tmp_path / "library.db") as record:
        yield record


def add(
    record: Record, path: str, text: str, *, identity: str = "", forget: tuple[str, ...] = (), embedder: HashingEmbedder = EMBEDDER
) -> str:
    """Commits a text under a path as ingest does; gives the document's id."""
    document, folder = plain_document(text, name=Path(path).stem), path.split("/")[0]
    identity = identity or f"{path:-<16}"[:16]
    chunks = chunk_words(document, document_id=identity, counter=embedder, budget=64)
    vectors = embedder.embed([chunk.embedded_text for chunk in chunks], kind="document")
    row = FileRow(path=path, folder=folder, document=identity, content=identity, size=len(text), mtime_ns=MTIME_NS, status="ok", reader="1")
    record.put_folder(folder, path=Path("/somewhere") / folder)
    space = record.begin_space(embedder.fingerprint)
    record.commit_document(row, document=document, chunks=chunks, vectors=vectors, space=space, forget=forget)
    return identity


def found(record: Record, question: str, **options: object) -> list[str]:
    """The documents of the chunks that a lexical search finds, best first."""
    ids = [identity for identity, _ in record.lexical(question, k=20, **options)]  # type: ignore[arg-type]
    return [chunk.document for chunk in record.chunks(ids)]


def test_a_document_comes_back_as_the_reader_gave_it(record: Record) -> None:
    """Text, pages, blocks and metadata survive the record unchanged."""
    text = "# Cells\n\ndate: 2025-03-01\n\ntags: lithium, cost\n\nPrices fell — 12 %.\fPage two: naïve 数."
    identity = add(record, "research/cells.md", text)
    assert record.document(identity) == plain_document(text, name="cells")
    source = record.source(identity)
    assert (source.path, source.title, source.published, source.tags) == (
        "research/cells.md",
        "Cells",
        date(2025, 3, 1),
        ("cost", "lithium"),
    )
    assert source.pages == 2


def test_an_undated_document_counts_as_published_when_its_file_was_modified(record: Record) -> None:
    """The day is the file's own, and the source says where it comes from."""
    source = record.source(add(record, "research/a.txt", "no date here"))
    assert (source.published, source.published_from) == (date(2024, 5, 6), "mtime")


def test_holders_counts_the_chunks_that_hold_each_word(record: Record) -> None:
    """In any form, in header or text; a word of none has 0, and stop words are not asked for."""
    add(record, "research/a.txt", "The mines shipped lithium.")
    add(record, "research/b.txt", "A mine for copper.")
    assert record.holders("What about mining copper, nickel and mine?") == {"mining": 2, "copper": 1, "nickel": 0, "mine": 2}


def test_surroundings_are_the_neighbours_on_the_same_page(record: Record) -> None:
    """Its own cosine, and the mean with those at most so many places away; another page or document is not around."""
    identity = add(record, "research/a.txt", " ".join(f"word{number}" for number in range(300)) + "\f" + "other " * 60)
    add(record, "research/b.txt", "words " * 60)
    ids, vectors = record.vectors()
    chunks = [chunk for chunk in record.chunks(ids) if chunk.document == identity]
    on_first = [at for at, chunk in enumerate(chunks) if chunk.first_page == 1]
    on_last = [at for at in range(len(chunks)) if at not in on_first]
    asked = EMBEDDER.embed(["word1 other"], kind="query")[0]
    around = record.surroundings([chunks[1].id, chunks[-1].id, "unknown"], asked, nearby=2)
    assert set(around) == {chunks[1].id, chunks[-1].id}
    for at, near in ((1, [at for at in on_first if at <= 3]), (len(chunks) - 1, on_last[-3:])):
        assert around[chunks[at].id] == pytest.approx((vectors[at] @ asked, (vectors[near] @ asked).mean()), abs=1e-6)
    assert len(on_first) > 4
    assert around[chunks[1].id][1] != pytest.approx((vectors[on_first] @ asked).mean(), abs=1e-3)
    of_first = record.vectors_of([chunks[0].id, "unknown"])
    assert list(of_first) == [chunks[0].id]
    assert np.array_equal(of_first[chunks[0].id], vectors[0])


def test_chunks_come_in_the_order_asked_and_unknown_ones_are_left_out(record: Record) -> None:
    """What a stale index still names does no harm."""
    identity = add(record, "research/a.txt", " ".join(f"word{number}" for number in range(200)))
    ids, _ = record.vectors()
    chunks = record.chunks([ids[2], "unknown", ids[0]])
    assert [chunk.id for chunk in chunks] == [ids[2], ids[0]]
    assert record.documents_of([ids[2], "unknown", ids[0]]) == {ids[0]: identity, ids[2]: identity}
    assert all(record.document(identity).text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_vectors_are_those_of_the_embedder(record: Record) -> None:
    """Within a six millionth of a row's largest value, and only those committed after the asked sequence."""
    add(record, "research/a.txt", "alpha beta")
    before = record.sequence()
    add(record, "research/b.txt", "gamma delta")
    ids, matrix = record.vectors(after=before)
    texts = [chunk.embedded_text for chunk in record.chunks(ids)]
    assert len(ids) == 1
    there = EMBEDDER.embed(texts, kind="document")
    assert np.abs(matrix - there).max() <= np.abs(there).max() / 6_000_000
    assert [identity for identity, _ in record.vector_rows()] == record.vectors()[0]
    assert record.vectors(after=record.sequence())[1].shape == (0, 64)


def test_words_are_stemmed_and_folded(record: Record) -> None:
    """Plurals, accents and case do not hide a document."""
    cafe = add(record, "research/a.txt", "The cafés of Zürich raised their prices")
    add(record, "research/b.txt", "Nothing of the kind")
    assert found(record, "cafe price in zurich") == [cafe]


@pytest.mark.parametrize("question", ['"', "a AND (b", "NEAR(x y)", "text:*", "-- ; DROP TABLE chunks", "^", "", "  ", "col:", "'\""])
def test_no_question_is_a_syntax_error(record: Record, question: str) -> None:
    """FTS syntax in a question is words."""
    add(record, "research/a.txt", "some text")
    assert isinstance(record.lexical(question, k=5), list)


def test_scores_are_positive_and_best_first(record: Record) -> None:
    """bm25 as a person reads it: higher is better."""
    best = add(record, "research/a.txt", "lithium lithium prices")
    other = add(record, "research/b.txt", "lithium and many other words that make this document a good deal longer than that one")
    scores = [score for _, score in record.lexical("lithium", k=5)]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
    assert found(record, "lithium") == [best, other]


def test_a_question_of_stop_words_still_finds(record: Record) -> None:
    """Leaving out everything would find nothing."""
    identity = add(record, "research/a.txt", "to be or not to be")
    assert found(record, "to be or not to be") == [identity]


SCOPES = [
    (Scope(), "a b c d"),
    (Scope(published_from=date(2025, 1, 1)), "a b"),
    (Scope(published_to=date(2024, 5, 6)), "c d"),
    (Scope(published_from=date(2025, 2, 1), published_to=date(2025, 2, 1)), "b"),
    (Scope(folders=("research",)), "a b"),
    (Scope(folders=("research/eu/",)), "b"),
    (Scope(folders=("re",)), ""),
    (Scope(folders=("research-old", "mail")), "c d"),
    (Scope(tags=("Cost",)), "a c"),
    (Scope(tags=("cost", "price")), "a b c"),
    (Scope(documents=("a", "d")), "a d"),
    (Scope(documents=("a", "d"), folders=("mail",)), "d"),
    (Scope(folders=("research/eu",), published_to=date(2020, 1, 1)), ""),
]


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_a_scope_is_the_same_for_every_way_of_searching(record: Record, scope: Scope, expected: str) -> None:
    """Sources, lexical search, vectors and chunk ids agree on what is in scope."""
    texts = {
        "a": ("research/a.txt", "date: 2025-01-01\ntags: cost\ncopper"),
        "b": ("research/eu/b.txt", "date: 2025-02-01\ntags: price\ncopper"),
        "c": ("research-old/c.txt", "date: 2020-01-01\ntags: cost\ncopper"),
        "d": ("mail/d.txt", "copper"),
    }
    for identity, (path, text) in texts.items():
        add(record, path, text, identity=identity)
    documents = expected.split()
    assert sorted(source.document for source in record.sources(scope)) == documents
    assert sorted(found(record, "copper", scope=scope)) == documents
    assert sorted(chunk.document for chunk in record.chunks(record.vectors(scope=scope)[0])) == documents
    ids = record.chunks_in(scope)
    assert (ids is None) == (scope == Scope())
    assert ids is None or sorted(chunk.document for chunk in record.chunks(sorted(ids))) == documents


def test_identical_content_at_two_paths_is_one_document(record: Record) -> None:
    """Two file rows, one source under the first path, and it goes with the last path."""
    identity = add(record, "research/b.txt", "twice", identity="same")
    record.put_folder("archive", path=Path("/somewhere/archive"))
    copy = FileRow(path="archive/z.txt", folder="archive", document=identity, content=identity, size=5, mtime_ns=MTIME_NS, status="ok")
    record.put_file(copy)
    assert [source.path for source in record.sources()] == ["archive/z.txt"]
    assert record.chunk_count() == 1
    assert [source.document for source in record.sources(Scope(folders=("research",)))] == [identity]
    record.forget_paths(["archive/z.txt"])
    assert [source.path for source in record.sources()] == ["research/b.txt"]
    record.forget_paths(["research/b.txt"])
    assert (record.sources(), record.chunk_count(), found(record, "twice"), record.files()) == ([], 0, [], [])


def test_sources_follow_paths_and_contents(record: Record) -> None:
    """What was asked for before is read again once a file has moved, changed or gone, by this connection or another."""
    one, two = add(record, "research/a.txt", "one text"), add(record, "research/b.txt", "other text")
    assert record.sources_of([one, two, "unknown"]) == {source.document: source for source in record.sources()}
    (file,) = (file for file in record.files() if file.document == one)
    with Record.open(record.path) as writer:
        writer.put_file(replace(file, path="research/c.txt"), forget=["research/a.txt"])
    assert record.sources_of([one])[one].path == "research/c.txt"
    add(record, "research/c.txt", "one text in " + "two pages\f of it", identity=one)
    assert record.sources_of([one])[one].pages == 2
    record.forget_paths(["research/c.txt"])
    assert set(record.sources_of([one, two])) == {two}


def test_a_new_version_replaces_the_old_one(record: Record) -> None:
    """Nothing of the old text is found, and its chunks are noted as deleted."""
    add(record, "research/a.txt", "old words", identity="one")
    (old,), before = record.vectors()[0], record.sequence()
    add(record, "research/a.txt", "new words", identity="two")
    assert found(record, "old") == []
    assert found(record, "new") == ["two"]
    assert record.deleted_after(before) == {old}
    assert record.deleted_after(record.sequence()) == frozenset()
    with pytest.raises(UsageError, match="no document 'one'"):
        record.document("one")


def test_what_comes_back_is_no_longer_deleted(record: Record) -> None:
    """Deleted and added again: the chunk counts as new."""
    add(record, "research/a.txt", "coming and going")
    before = record.sequence()
    record.forget_paths(["research/a.txt"])
    assert len(record.deleted_after(before)) == 1
    add(record, "research/a.txt", "coming and going")
    assert record.deleted_after(before) == frozenset()
    assert len(record.vectors(after=before)[0]) == 1


def test_a_commit_that_fails_leaves_nothing_behind(record: Record) -> None:
    """File row, document, chunks, lexical rows and sequence are one transaction."""
    add(record, "research/a.txt", "first")
    document = plain_document("second")
    chunks = chunk_words(document, document_id="x", counter=EMBEDDER, budget=64)
    row = FileRow(path="elsewhere/b.txt", folder="elsewhere", document="x", size=1, mtime_ns=0, status="ok")
    before = (record.sequence(), record.files(), record.sources(), record.chunk_count())
    space = record.begin_space(EMBEDDER.fingerprint)
    vectors = EMBEDDER.embed(["second"], kind="document")
    with pytest.raises(RecordError, match="FOREIGN KEY"):
        record.commit_document(row, document=document, chunks=chunks, vectors=vectors, space=space)
    assert (record.sequence(), record.files(), record.sources(), record.chunk_count()) == before
    assert found(record, "second") == []


def test_vectors_are_cached_by_text_kind_and_embedder(record: Record) -> None:
    """A query's vector is not a document's, and another model's is neither."""
    vectors = EMBEDDER.embed(["one", "two"], kind="query")
    record.cache_vectors(["one", "two"], vectors, fingerprint=EMBEDDER.fingerprint, kind="query")
    cached = record.cached_vectors(["two", "three"], fingerprint=EMBEDDER.fingerprint, kind="query")
    assert list(cached) == ["two"]
    assert np.array_equal(cached["two"], vectors[1])
    assert record.cached_vectors(["two"], fingerprint=EMBEDDER.fingerprint, kind="document") == {}
    assert record.cached_vectors(["two"], fingerprint=HashingEmbedder(model="other").fingerprint, kind="query") == {}


def test_a_snapshot_leaves_the_write_lock_free(record: Record) -> None:
    """What is asked inside one is kept beside it, so that another program may write as long as a report is being written."""
    asked = EMBEDDER.embed(["asked"], kind="query")
    with record.snapshot():
        record.sequence()
        record.cache_vectors(["asked"], asked, fingerprint=EMBEDDER.fingerprint, kind="query")
        assert record.cached_vectors(["asked"], fingerprint=EMBEDDER.fingerprint, kind="query") == {}
        other = sqlite3.connect(record.path, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.close()
    kept = record.cached_vectors(["asked"], fingerprint=EMBEDDER.fingerprint, kind="query")
    assert np.array_equal(kept["asked"], asked[0])


def test_a_write_inside_a_snapshot_is_refused_without_taking_the_lock(record: Record) -> None:
    """SQLite's own refusal would come once it has the lock."""
    with record.snapshot():
        record.sequence()
        with pytest.raises(RecordError, match="within a transaction"):
            record.prune_cache()
        other = sqlite3.connect(record.path, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.close()


def test_pruning_keeps_what_is_used(record: Record) -> None:
    """Vectors of live chunks and of queries stay; those of deleted text go."""
    add(record, "research/a.txt", "stays")
    add(record, "research/b.txt", "goes")
    record.cache_vectors(["asked"], EMBEDDER.embed(["asked"], kind="query"), fingerprint=EMBEDDER.fingerprint, kind="query")
    record.forget_paths(["research/b.txt"])
    record.prune_cache()
    assert list(record.cached_vectors(["a\nstays", "b\ngoes"], fingerprint=EMBEDDER.fingerprint, kind="document")) == ["a\nstays"]
    assert list(record.cached_vectors(["asked"], fingerprint=EMBEDDER.fingerprint, kind="query")) == ["asked"]


def test_a_second_space_is_filled_unseen_and_switched_to_at_once(record: Record) -> None:
    """Searches see the old chunks until the switch and only the new ones after it."""
    text = " ".join(f"word{number}" for number in range(100))
    add(record, "research/a.txt", text, identity="one")
    old = (record.active_space(), record.chunk_count(), record.lexical("word5", k=9), record.vectors()[0])
    other = HashingEmbedder(model="other", dimensions=32)
    space = record.begin_space(other.fingerprint)
    assert record.unfilled(space) == ["one"]
    with pytest.raises(RecordError, match="1 documents are not embedded with other"):
        record.switch(space)
    chunks = chunk_words(record.document("one"), document_id="one", counter=other, budget=32)
    record.fill(space, "one", chunks=chunks, vectors=other.embed([chunk.embedded_text for chunk in chunks], kind="document"))
    assert (record.active_space(), record.chunk_count(), record.lexical("word5", k=9), record.vectors()[0]) == old
    record.switch(space)
    assert record.active_space() == space
    assert record.vectors()[1].shape == (len(chunks), 32)
    assert [identity for identity, _ in record.lexical("word99", k=9)] == [chunks[-1].id]
    record.forget_paths(["research/a.txt"])
    assert record.lexical("word99", k=9) == []


def test_a_half_filled_space_does_not_hold_a_document_back(record: Record) -> None:
    """A document that goes or changes during a re-embedding goes from both spaces."""
    add(record, "research/a.txt", "first", identity="one")
    other = HashingEmbedder(model="other")
    space = record.begin_space(other.fingerprint)
    chunks = chunk_words(record.document("one"), document_id="one", counter=other, budget=64)
    record.fill(space, "one", chunks=chunks, vectors=other.embed([chunk.embedded_text for chunk in chunks], kind="document"))
    add(record, "research/a.txt", "second", identity="two", embedder=EMBEDDER)
    assert record.unfilled(space) == ["two"]


def test_reports_and_runs_are_kept(record: Record) -> None:
    """A report comes back by its id; a run says when, how and how much."""
    now = datetime(2026, 9, 30, 12, tzinfo=UTC)
    body = '{"title": "Zinc, für 2026", "as_of": "2026-09-30", "manifest": {"writer": "extractive"}}'
    record.save_report("r-1", now, body)
    assert record.report("r-1") == body
    assert record.reports() == [("r-1", now)]
    with pytest.raises(UsageError, match=r"no report 'r-2'; there is: r-1 \(Zinc, für 2026, as of 2026-09-30, 12:00\)"):
        record.report("r-2")
    run = record.start_run("ingest", started=now)
    assert record.runs()[0].status == "running"
    record.finish_run(run, finished=now, status="ok", counts={"added": 3})
    assert (record.runs()[0].status, record.runs()[0].counts, record.runs()[0].finished) == ("ok", {"added": 3}, now)


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_opening_what_is_not_there_names_the_next_step(tmp_path: Path) -> None:
    """And makes no file."""
    with pytest.raises(WorkspaceError, match="rag init"):
        Record.open(tmp_path / "library.db")
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_made_once(tmp_path: Path) -> None:
    """Creating over an existing one is refused."""
    Record.create(tmp_path / "library.db").close()
    with pytest.raises(WorkspaceError, match="exists already"):
        Record.create(tmp_path / "library.db")


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    """By one clear error that names both versions."""
    path = tmp_path / "library.db"
    Record.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(WorkspaceError, match=r"newer version of rag .record version 99"):
            Record.open(path, read_only=read_only)


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    """The message says that the documents are untouched."""
    path = tmp_path / "library.db"
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(RecordError, match=r"library\.db is damaged .*documents themselves are untouched"):
        Record.open(path)


def test_a_damaged_page_is_called_damaged(tmp_path: Path) -> None:
    """A record whose middle was overwritten says so instead of answering wrongly."""
    path = tmp_path / "library.db"
    with Record.create(path) as record:
        for number in range(60):
            add(record, f"research/{number}.txt", f"text {number} " * 50)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 8192))
    with pytest.raises(RecordError, match="damaged"):
        _read_everything(path)


def _read_everything(path: Path) -> None:
    with Record.open(path) as record:
        record.sources()
        record.vectors()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """A read-only record refuses writing and keeps no cache, silently by design."""
    path = tmp_path / "library.db"
    with Record.create(path) as record:
        add(record, "research/a.txt", "text")
    with Record.open(path, read_only=True) as reader:
        assert found(reader, "text") == ["research/a.txt--"[:16]]
        reader.cache_vectors(["x"], EMBEDDER.embed(["x"], kind="query"), fingerprint=EMBEDDER.fingerprint, kind="query")
        assert reader.cached_vectors(["x"], fingerprint=EMBEDDER.fingerprint, kind="query") == {}
        with pytest.raises(RecordError, match="cannot be written"):
            reader.forget_paths(["research/a.txt"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user for a moment")
def test_a_workspace_of_somebody_else_can_be_read() -> None:
    """Without write permission in the folder a closed record opens read-only, and writing is refused in words."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "library.db"
        with Record.create(path) as record:
            add(record, "research/a.txt", "text")
        Path(name).chmod(0o755)
        os.seteuid(65534)
        try:
            with Record.open(path, read_only=True) as reader:
                assert len(found(reader, "text")) == 1
            with pytest.raises(RecordError, match=r"cannot be (written|opened)"):
                Record.open(path)
        finally:
            os.seteuid(0)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(record: Record) -> None:
    """What was committed stays, what was not is not there in part."""
    add(record, "research/a.txt", "kept")
    pages = record._connection.execute("PRAGMA page_count").fetchone()[0]
    record._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(RecordError, match=r"disk is full .*nothing committed before is lost"):
        add(record, "research/b.txt", " ".join(f"too{number}" for number in range(5000)))
    assert [source.path for source in record.sources()] == ["research/a.txt"]
    assert found(record, "too1") == []
    record._connection.execute("PRAGMA max_page_count = 1000000")
    add(record, "research/b.txt", "fits now")
    assert len(record.sources()) == 2


# ── two processes ─────────────────────────────────────────────────────────────────────────────────────────────────

POLL = """
import sys, time
from pathlib import Path
from rag.record import Record

with Record.open(Path(sys.argv[1]), read_only=True) as reader:
    seen = 0
    print("ready", flush=True)
    deadline = time.monotonic() + 20
    while seen < int(sys.argv[2]) and time.monotonic() < deadline:
        ids = [identity for identity, _ in reader.lexical("token", k=100)]
        assert len(reader.chunks(ids)) == len(ids)
        for chunk in reader.chunks(ids)[seen:]:
            print(chunk.text.split()[1], time.time(), flush=True)
        seen = max(seen, len(ids))
"""


def test_a_reader_sees_every_commit_at_once(tmp_path: Path) -> None:
    """Another process that polls finds each document well within 2 s of its commit, while the writer goes on writing."""
    path, count = tmp_path / "library.db", 12
    record = Record.create(path)
    command = [sys.executable, "-c", POLL, str(path), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        committed = []
        for number in range(count):
            add(record, f"research/{number}.txt", f"token {number}")
            committed.append(time.time())
            time.sleep(0.02)
        times = [float(line.split()[1]) for line in reader.stdout]
    record.close()
    assert len(times) == count
    assert max(seen - done for seen, done in zip(sorted(times), committed, strict=True)) < 2.0


def test_two_processes_may_open_a_new_record_at_once(tmp_path: Path) -> None:
    """Both bring the schema up to date; one does the work."""
    path = tmp_path / "library.db"
    path.touch()
    code = "import sys; from pathlib import Path; from rag.record import Record; Record.open(Path(sys.argv[1])).close()"
    both = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=REPOSITORY) for _ in range(2)]
    assert [process.wait(20) for process in both] == [0, 0]


def test_a_document_is_a_document_of_its_own(record: Record) -> None:
    """An empty document has no chunks and is still known."""
    empty = Document(text="x", pages=(), blocks=(), metadata=plain_document("x").metadata, format="txt")
    row = FileRow(path="research/e.txt", folder="research", document="e", content="e", size=1, mtime_ns=MTIME_NS, status="ok")
    record.put_folder("research", path=Path("/somewhere/research"))
    record.commit_document(
        row, document=empty, chunks=[], vectors=EMBEDDER.embed([], kind="document"), space=record.begin_space(EMBEDDER.fingerprint)
    )
    assert [source.document for source in record.sources()] == ["e"]
    assert record.chunk_count() == 0


def test_a_deleted_chat_leaves_no_byte_whatever_was_kept_before(record: Record) -> None:
    """Of the chats that are asked in turns, worded anew and deleted: SQLite's secure_delete alone leaves something of two of these."""
    chance, now = random.Random(4), datetime(2026, 11, 23, tzinfo=UTC)
    chats: dict[int, list[bytes]] = {}
    left = []
    for _ in range(400):
        body = json.dumps({"understood_as": "x", "text": chance.randbytes(chance.choice([10, 300, 700, 1500, 3000])).hex()})
        what, marks = chance.random(), [zlib.compress(body.encode(), 6)[20:40]]
        if what < 0.6 or not chats:
            question = f"q{chance.getrandbits(64):016x}"
            chat, _ = record.chats.add(chance.choice([None, *chats]), asked=now, question=question * chance.choice([1, 3, 20]), answer=body)
            chats.setdefault(chat, []).extend([question.encode(), *marks])
        elif what < 0.8:
            chat = chance.choice(list(chats))
            record.chats.revise(chat, 1, answer=body)
            chats[chat] += marks
        else:
            chat = chance.choice(list(chats))
            record.delete_chat(chat)
            assert record.empty_log(wait_s=1)
            data = record.path.read_bytes()
            left += [mark for mark in chats.pop(chat) if mark in data]
    assert left == []
    assert {turn.chat for turn in record.chats.turns()} == set(chats)
    assert record.faults() == []
