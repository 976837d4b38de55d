"""Ingest against a dictionary: whatever happens to the files and the process, the record says what is on disk."""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from rag.ingest import drain, ingest
from rag.record import Record
from rag.types import Chunk, Document
from tests.fakes import HashingEmbedder, chunk_words, read_plain
from tests.libraries import UpToDate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = st.sampled_from([f"{folder}{stem}.txt" for folder in ("", "eu/", "eu/old/") for stem in "abcd"])
TEXTS = st.sampled_from([f"{word} prices {'rose and fell again ' * times}" for word in ("copper", "zinc", "tin") for times in (1, 40)])


class _KilledError(Exception):
    """Stands for the end of the process between two commits."""


class Sync(RuleBasedStateMachine):
    """The model is a dictionary of paths and texts, and what the last whole run saw."""

    backups = Bundle("backups")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="sync-"))
        self.docs = self.root / "docs"
        self.docs.mkdir()
        Record.create(self.root / "library.db").close()
        self.files: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.clock = 0

    def teardown(self) -> None:
        """The folder goes."""
        shutil.rmtree(self.root)

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: str) -> None:
        """A new file or a changed one; its time always moves on."""
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.clock += 1
        os.utime(path, ns=(10**18 + self.clock * 10**9,) * 2)
        self.files[name] = text

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        """If it is there."""
        if self.files.pop(name, None) is not None:
            (self.docs / name).unlink()

    @rule(name=NAMES, to=NAMES)
    def move(self, name: str, to: str) -> None:
        """Over another file too."""
        if name in self.files and name != to:
            (self.docs / to).parent.mkdir(parents=True, exist_ok=True)
            (self.docs / name).rename(self.docs / to)
            self.files[to] = self.files.pop(name)

    @rule(name=NAMES, to=NAMES)
    def copy(self, name: str, to: str) -> None:
        """With its time, as copying programs do."""
        if name in self.files and name != to:
            (self.docs / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.docs / name, self.docs / to)
            self.files[to] = self.files[name]

    @rule()
    def run(self) -> None:
        """To the end: from here on the record holds what is on disk."""
        self._ingest()
        self.known = dict(self.files)

    @rule(commits=st.integers(0, 6))
    def run_and_kill(self, commits: int) -> None:
        """After so many outcomes; what was committed stays, each file as it was or as it is."""
        try:
            self._ingest(after=commits)
            self.known = dict(self.files)
        except _KilledError:
            with Record.open(self.root / "library.db") as record:
                for path, text in self._in(record).items():
                    assert text in (self.known.get(path), self.files.get(path))
                self.known = self._in(record)

    @rule(target=backups)
    def back_up(self) -> tuple[str, dict[str, str]]:
        """The record as it is now."""
        copy = self.root / f"backup-{self.clock}-{len(list(self.root.iterdir()))}.db"
        with Record.open(self.root / "library.db") as record:
            record.copy_to(copy)
        return str(copy), dict(self.known)

    @rule(backup=backups)
    def restore(self, backup: tuple[str, dict[str, str]]) -> None:
        """An older record; the next run brings it up to date."""
        for name in ("library.db", "library.db-wal", "library.db-shm"):
            (self.root / name).unlink(missing_ok=True)
        shutil.copy(backup[0], self.root / "library.db")
        self.known = dict(backup[1])

    @invariant()
    def the_record_says_what_it_was_told(self) -> None:
        """Every path with its text, nothing else; every chunk has its vector and lexical row."""
        with Record.open(self.root / "library.db") as record:
            assert self._in(record) == self.known
            ids, matrix = record.vectors()
            assert len(ids) == len(set(ids)) == len(matrix) == record.chunk_count()
            assert record.faults() == []

    def _in(self, record: Record) -> dict[str, str]:
        return {row.path.removeprefix("docs/"): record.document(row.document).text for row in record.files() if row.document}

    def _ingest(self, *, after: int | None = None) -> None:
        if not self.files and not self.known:
            return
        embedder, seen = HashingEmbedder(), 0

        def show(_step: object) -> None:
            nonlocal seen
            seen += 1
            if after is not None and seen > after:
                raise _KilledError

        with Record.open(self.root / "library.db") as record:
            steps = ingest(
                [self.docs],
                record=record,
                store=UpToDate(record),
                read=read_plain,
                suffixes=frozenset({".txt"}),
                reader_version="1",
                embedder=embedder,
                chunk=partial(_chunk, embedder),
                now=NOW,
                allow_deletes=True,
            )
            drain(steps, show=show)


def _chunk(embedder: HashingEmbedder, document: Document, *, document_id: str) -> list[Chunk]:
    return chunk_words(document, document_id=document_id, counter=embedder, budget=40)


TestSync = Sync.TestCase
TestSync.settings = settings(
    max_examples=int(os.environ.get("SYNC_EXAMPLES", "15")),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
