"""Folders -> record: new, changed, moved, copied and deleted files, one transaction a file, and a generation of the index at the end.

The caller holds the writer's lock. Everything committed stays, whatever ends the run.
"""

import hashlib
import os
import shlex
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from rag.errors import CorruptFileError, FingerprintError, ModelError, NoTextError, ReadError, UnreadableError, UsageError, WorkspaceError
from rag.named import Named
from rag.ports import Embedder, VectorStore, embedded, telling
from rag.record import FileRow, KnownStatus, Record, Space
from rag.types import Chunk, Document, Enclosed, FileOutcome, FileStatus, Fingerprint, Progress

if TYPE_CHECKING:
    from rag.ports import Vectors

WINDOW_CHUNKS = 512
"""Chunks read ahead and embedded together: an embedder sorts by length and fills its batches, which is worth a factor of 1.5 to 3."""
FIRST_CALL = 32
SMALLEST_CALL = 8
CALL_S = 5.0
"""An embedding call lasts about so long, and its vectors are kept when it ends: what a kill costs, whether a second embeds 2 passages or
200. The first call, before the embedder's speed is known, takes FIRST_CALL texts."""
COMPLETING_S = 600.0
"""How long one ingest goes on telling of the words of passages that it did not embed."""
WINDOW_FILES = 64
"""Files read ahead at most: what a kill costs to read again."""
WINDOW_CHARACTERS = 4_000_000
"""Text read ahead at most, besides the last file: bounds memory."""
BRAKE_FILES = 5
BRAKE_SHARE = 0.2
"""More files than both gone at once, or more than the first that are all of a folder, look like an unmounted disk rather than an
intention."""
READY_FROM = 5_000
"""Chunks; the first search of a smaller library takes 20 ms more at most."""
TOGETHER_FROM = 100_000
"""Chunks from which on codes are kept in larger pieces too: they take a tenth of the record more, and save half a microsecond a chunk."""
PUBLISH_SHARE = 0.05
PUBLISH_CHUNKS = 1_000
"""What a search scans exactly beside the index: 5 ms for 1,000 chunks, nearly all of it reading them from the record. A publication takes
1.5 CPU seconds at least, so a small change is not worth one."""
OWN_NAMES = frozenset(("index", "reports", "prompts", "templates", "rag.toml", "library.db", "library.db-wal", "library.db-shm"))
"""What the workspace keeps for itself, where documents lie in the workspace's own folder."""

UNPACKED = ".unpacked"
"""The workspace's folder for files while they are taken out of another; what a killed run left there goes with the next."""
MOST_DEPTH = 3
"""Files in files in files are read; deeper ones are named with a reason."""

_LARGEST_HASHED = 1_000_000_000
"""Bytes; no reader takes as many, and reading them takes minutes."""
_BEGINNING = 1_000_000
_UNDECIDED = "\0undecided"  # a reader version no reader has: such a file is looked at again


class Chunker(Protocol):
    """Cuts a document for the embedder in use."""

    def __call__(self, document: Document, *, document_id: str) -> Sequence[Chunk]:
        """The document's chunks in order."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestSummary:
    """What a run did."""

    files: Mapping[FileStatus, int]
    """Files by what became of them."""
    chunks: int
    """In search at the end."""
    embedded: int
    """Vectors computed; the others came from the cache."""
    published: bool
    """Whether a new generation of the index was made."""
    seconds: Mapping[str, float]
    """Wall time by step: find, read, chunk, embed, commit, publish."""


Steps: TypeAlias = Generator[Progress, None, IngestSummary]


def drain(steps: Steps, *, show: Callable[[Progress], None] = lambda progress: None) -> IngestSummary:
    """Runs to the end, showing each step. What ends it early, such as Ctrl-C, ends the run's row in the record too."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                summary: IngestSummary = end.value
                return summary
            show(step)


def ingest(
    folders: Sequence[Path],
    *,
    record: Record,
    store: VectorStore,
    read: Callable[[Path], Document],
    suffixes: Collection[str],
    reader_version: str,
    embedder: Embedder,
    chunk: Chunker,
    now: datetime,
    unpack: Callable[[Path, Path], Sequence[Enclosed]] | None = None,
    leave_out: Callable[[str], str] = lambda path: "",
    allow_deletes: bool = False,
) -> Steps:
    """Brings the record up to date with the folders; yields a Progress with an outcome for each file.

    ``unpack`` puts the files that a file encloses into a folder; they are documents under its path: "docs/mail.eml/offer.pdf".
    ``leave_out``: path below its folder -> why it is not read, empty when it is.

    What cannot be read stays in search as it was: a file's earlier version, all files of a folder that cannot be listed. Raises UsageError
    for a folder that is unknown or holds nothing to read, WorkspaceError when none can be listed (both before anything is changed),
    FingerprintError when the record was embedded with another model.
    """
    shutil.rmtree(record.path.parent / UNPACKED, ignore_errors=True)
    named = _named(folders, record=record)
    exclusion = _Exclusion(leave_out=leave_out, forgotten=record.forgotten())
    listing = {
        name: [exclusion.applied(file) for file in _walk(folder, name=name, suffixes=suffixes, workspace=record.path.parent)]
        for name, folder in named.items()
    }
    known = {row.path: row for row in record.files() if row.folder in named}
    listing |= {} if allow_deletes else _unmounted(named, listing, known=known)
    _refuse_unlisted(named, listing, known=record.folders())
    _refuse_empty(named, listing, known=known, suffixes=suffixes, allow_deletes=allow_deletes)
    space = _space(record, embedder)
    for name, folder in named.items():
        record.put_folder(name, path=folder)
    tools = _Tools(record=record, store=store, embedder=embedder, chunk=chunk, space=space)
    with _recorded(record, tools.tally, now=now):
        if store.applied > record.sequence():  # a backup of library.db was put back: the index is of another past
            yield from _publish(tools)
        found = [file for files in listing.values() for file in files]
        looked_at = _Pass(
            tools=tools,
            read=read,
            unpack=unpack,
            exclusion=exclusion,
            reader=reader_version,
            found=found,
            known=known,
            allow_deletes=allow_deletes,
        )
        yield from looked_at.steps()
        yield from _end(tools, publishes=_is_due(tools))
    return tools.summary()


def re_embed(*, record: Record, store: VectorStore, embedder: Embedder, chunk: Chunker, now: datetime) -> Steps:
    """Fills a second space from the stored documents, no file is read; switches to it at the end. A killed run goes on where it was.

    Searches see the old space until then.
    """
    space = record.begin_space(embedder.fingerprint)
    tools = _Tools(record=record, store=store, embedder=embedder, chunk=chunk, space=space)
    with _recorded(record, tools.tally, now=now):
        switched = record.active_space() != space
        if switched:
            yield from _fill(tools)
            record.switch(space)
        yield from _end(tools, publishes=switched or _is_due(tools))
    return tools.summary()


# ── what a run works with ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class _Tally:
    """What a run has done so far."""

    files: Counter[FileStatus] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    embedded: int = 0
    published: bool = False

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] += time.perf_counter() - start

    def counts(self) -> dict[str, int]:
        """For the record of runs and for a door's progress line."""
        return {**{str(status): count for status, count in self.files.items()}, "embedded": self.embedded}


@dataclass(frozen=True, kw_only=True)
class _Tools:
    """What every step of a run needs."""

    record: Record
    store: VectorStore
    embedder: Embedder
    chunk: Chunker
    space: Space
    tally: _Tally = field(default_factory=_Tally)

    def summary(self) -> IngestSummary:
        return IngestSummary(
            files=dict(self.tally.files),
            chunks=self.record.chunk_count(),
            embedded=self.tally.embedded,
            published=self.tally.published,
            seconds=dict(self.tally.seconds),
        )


@contextmanager
def _recorded(record: Record, tally: _Tally, *, now: datetime) -> Iterator[None]:
    """The run's row in the record, with how it ended."""
    run, start = record.start_run("ingest", started=now), time.monotonic()
    status = "interrupted"
    try:
        yield
        status = "ok"
    except Exception as error:
        status = f"failed: {error}"
        raise
    finally:
        record.finish_run(run, finished=now + timedelta(seconds=time.monotonic() - start), status=status, counts=tally.counts())


def _space(record: Record, embedder: Embedder) -> Space:
    active = record.active_space()
    if active is None:
        return record.begin_space(embedder.fingerprint)
    if active.fingerprint != embedder.fingerprint:
        raise FingerprintError(
            f"the library was embedded with {active.fingerprint.beside(embedder.fingerprint)} and the settings name "
            f"{embedder.fingerprint.beside(active.fingerprint)}; run `rag ingest --re-embed` to embed everything anew, "
            "or set the former model again"
        )
    return active


# ── finding files ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A file on disk, as listed."""

    path: str
    """As the record names it."""
    folder: str
    file: Path
    size: int
    mtime_ns: int
    skip: str = ""
    """Why it is not read."""
    depth: int = 0
    """How many files it lies inside of."""
    left_out: bool = False
    """Whether a person does not want it read: then it is looked at again when they change their mind."""
    forgotten: bool = False
    """Whether a person had it erased; its folder does not count as empty then."""
    unreadable: str = ""
    """Why nothing can be said about it: "Permission denied"."""
    is_folder: bool = False
    """Only for a folder that cannot be listed: all others are known by their files."""


def _named(folders: Sequence[Path], *, record: Record) -> dict[str, Path]:
    """Each folder under the name its files' paths begin with."""
    named: dict[str, Path] = {}
    known = record.folders()
    for folder in folders:
        where = folder.resolve()
        name = where.name or "root"
        if not os.path.isdir(where) and known.get(name) != where:  # noqa: PTH112 - Path.is_dir raises where a parent is closed
            raise UsageError(f"{folder} is not a folder; name the folders that hold the documents, in rag.toml or after `rag ingest`")
        other = named.get(name) or known.get(name, where)
        if other != where and other.is_dir():
            raise UsageError(f"two folders are called {name}: {other} and {where}; rename one, or ingest the folder that holds both")
        named[name] = where
    if not named:
        raise UsageError("no folder to ingest; name one after `rag ingest`, or in rag.toml")
    return named


def _walk(folder: Path, *, name: str, suffixes: Collection[str], workspace: Path) -> list[_Found]:
    """All files below, ordered by path; names that begin with "." or "~$" are passed over. A folder that cannot be listed stands
    there itself, so that its files do not look deleted."""
    found: list[_Found] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = _entries(here)
        except OSError as error:
            found.append(_out_of_reach(here, error, folder=folder, name=name, is_folder=True))
            continue
        for entry in entries:
            if entry.name.startswith((".", "~$")) or (entry.name in OWN_NAMES and here == workspace.resolve()):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                found.append(_listed(entry, folder=folder, name=name, suffixes=suffixes))
    return sorted(found, key=lambda file: file.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _out_of_reach(file: Path, error: OSError, *, folder: Path, name: str, is_folder: bool = False) -> _Found:
    why = error.strerror or str(error)
    path = _path_in(folder, file, name=name)
    return _Found(path=path, folder=name, file=file, size=0, mtime_ns=0, unreadable=why, is_folder=is_folder)


def _path_in(folder: Path, file: Path, *, name: str) -> str:
    """As the record names it; the folder's own name for the folder."""
    return _printable("/".join((name, *file.relative_to(folder).parts)))


def _listed(entry: os.DirEntry[str], *, folder: Path, name: str, suffixes: Collection[str]) -> _Found:
    file = Path(entry.path)
    try:
        skip = _why_not(entry, folder=folder, suffixes=suffixes)
        stat = entry.stat(follow_symlinks=not skip)
    except OSError as error:
        return _out_of_reach(file, error, folder=folder, name=name)
    return _Found(path=_path_in(folder, file, name=name), folder=name, file=file, size=stat.st_size, mtime_ns=stat.st_mtime_ns, skip=skip)


def _why_not(entry: os.DirEntry[str], *, folder: Path, suffixes: Collection[str]) -> str:
    """Why a file is not read; empty when it is."""
    target = Path(os.path.realpath(entry.path))  # Path.resolve raises for a link that leads to itself
    if entry.is_symlink() and not target.exists():
        return "a link to nothing"
    if entry.is_symlink() and not target.is_relative_to(folder):
        return "a link that leaves the folder"
    if entry.is_symlink() and target.is_dir():
        return "a link to a folder; the folder is read where it lies"
    if not entry.is_file():
        return "not a regular file"
    suffix = Path(entry.name).suffix.lower()
    return "" if suffix in suffixes else f"no reader for {suffix or 'files without a suffix'}"


def _unmounted(
    named: Mapping[str, Path], listing: Mapping[str, Sequence[_Found]], *, known: Mapping[str, FileRow]
) -> dict[str, list[_Found]]:
    """Folders that had documents and are empty beside others that are not: a place where a disk is mounted is there without it, too."""
    empty = [name for name, files in listing.items() if _is_empty(files)]
    had = {row.folder for row in known.values() if row.document}
    why = OSError(0, "it is empty, as it is when its disk is not mounted")
    return {
        name: [_out_of_reach(named[name], why, folder=named[name], name=name, is_folder=True)]
        for name in empty
        if name in had and len(empty) < len(named)
    }


def _is_empty(files: Sequence[_Found]) -> bool:
    return all(file.skip and not file.forgotten and not file.unreadable for file in files)


def _refuse_unlisted(named: Mapping[str, Path], listing: Mapping[str, Sequence[_Found]], *, known: Mapping[str, Path]) -> None:
    """A folder that was ingested before may be out of reach while another can be read: its files are kept as they are."""
    shut = {file.folder: file for files in listing.values() for file in files if file.is_folder and file.path == file.folder}
    refused = [file for name, file in shut.items() if name not in known or len(shut) == len(named)]
    if refused:
        raise WorkspaceError(
            f"cannot read the folder {refused[0].file}: {refused[0].unreadable}; nothing was changed. "
            "Mount it or make it readable for this user, or ingest without it"
        )


def _refuse_empty(
    named: Mapping[str, Path],
    listing: Mapping[str, Sequence[_Found]],
    *,
    known: Mapping[str, FileRow],
    suffixes: Collection[str],
    allow_deletes: bool,
) -> None:
    """An empty folder is a mistake or an unmounted disk, unless deletions are allowed and there is something to delete."""
    for name, folder in named.items():
        emptied = allow_deletes and any(row.folder == name for row in known.values())
        if not emptied and _is_empty(listing[name]):
            formats = ", ".join(sorted(suffix.lstrip(".") for suffix in suffixes))
            raise UsageError(f"{folder} holds nothing to ingest, and nothing was changed; formats that can be read: {formats}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Exclusion:
    """What a person does not want to be read."""

    leave_out: Callable[[str], str]
    forgotten: Mapping[str, str]
    """Path or content id -> the day."""

    def applied(self, file: _Found) -> _Found:
        """The same file, with the reason when it is not to be read."""
        why = "" if file.skip else self.why(file.path)
        return replace(file, skip=why, left_out=True, forgotten=bool(self._why_forgotten(file.path))) if why else file

    def why(self, path: str, *, content: str = "") -> str:
        """Why what lies there is not to be read."""
        return self._why_forgotten(path) or self.leave_out(path.partition("/")[2]) or self.why_content(content)

    def _why_forgotten(self, path: str) -> str:
        above = (*(path[:place] for place, character in enumerate(path) if character == "/"), path)
        return next((_forgotten_on(self.forgotten[part], what=part) for part in above if part in self.forgotten), "")

    def why_content(self, content: str) -> str:
        """Why a file with this content is not read, wherever it lies."""
        return _forgotten_on(self.forgotten[content], what=content) if content in self.forgotten else ""


def _forgotten_on(day: str, *, what: str) -> str:
    return f"forgotten on {day}; `rag forget --undo {shlex.quote(what)}` lets it in again"


# ── one pass over the files ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A file that was read and waits to be embedded and committed."""

    row: FileRow
    status: FileStatus
    reason: str
    document: Document | None
    """None for a file that only encloses others: its row follows theirs, so that a kill between them loses none."""
    chunks: Sequence[Chunk]


class _Pass:
    """Looks at every file once; holds the window of files read ahead."""

    def __init__(
        self,
        *,
        tools: _Tools,
        read: Callable[[Path], Document],
        unpack: Callable[[Path, Path], Sequence[Enclosed]] | None,
        exclusion: "_Exclusion",
        reader: str,
        found: Sequence[_Found],
        known: Mapping[str, FileRow],
        allow_deletes: bool,
    ) -> None:
        self._tools, self._record, self._tally = tools, tools.record, tools.tally
        self._read, self._unpack, self._reader = read, unpack, reader
        self._exclusion = exclusion
        self._found, self._known = found, known
        self._allow_deletes = allow_deletes
        here = {file.path for file in found}
        self._enclosed = _enclosed(known)
        inside = {path for file in found for path in self._enclosed.get(file.path, ())}
        self._held = {file.path: _below(file.path, known) for file in found if file.is_folder}
        held = {path for paths in self._held.values() for path in paths}
        self._gone = {path: row for path, row in known.items() if path not in here and path not in inside and path not in held}
        self._vanished = frozenset(self._gone)
        """Gone from the folders; what a container that is there holds no more comes to what is gone later."""
        self._window: list[_Read] = []
        self._work = {file.path: file.size for file in found if self._may_be_read(file)}
        self._bytes, self._bytes_done = max(sum(self._work.values()), 1), 0
        self._done, self._total = 0, len(found) + sum(row.document is not None for row in self._gone.values())
        self._orphans = False

    def steps(self) -> Iterator[Progress]:
        """One Progress with an outcome a file, and some between for a long embedding."""
        for file in self._found:
            yield from self._look(file)
            if self._window_is_full():
                yield from self._flush()
        yield from self._flush()
        yield from self._leave()
        if self._orphans:
            self._record.prune_cache()

    def _report(self, path: str, status: FileStatus, reason: str = "", *, chunks: int = 0, embedded: int = 0) -> Progress:
        self._done += 1
        self._tally.files[status] += 1
        self._bytes_done += self._work.pop(path, 0)
        outcome = FileOutcome(path=path, status=status, reason=reason, chunks=chunks, embedded=embedded)
        return replace(self._progress("ingest"), outcome=outcome)

    def _progress(self, stage: str, *, in_hand: float = 0.0) -> Progress:
        """``in_hand``: bytes of files that are not finished whose work is done."""
        share = (self._bytes_done + in_hand) / self._bytes
        return Progress(stage=stage, done=self._done, total=self._total, counts=self._tally.counts(), share=share)

    def _may_be_read(self, file: _Found) -> bool:
        """Whether more than a look at its size and time is to be done for a file."""
        return not (file.is_folder or file.unreadable or file.skip or self._is_as_it_was(file))

    def _is_as_it_was(self, file: _Found) -> bool:
        known = self._known.get(file.path)
        same = known is not None and known.reader == self._reader and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)
        return same and not file.depth and self._holds_what_it_did(file)

    def _holds_what_it_did(self, file: _Found) -> bool:
        """Whether each file in it that was read is still wanted, and each that was not still is not, for the same reason."""
        return all(self._stands(self._known[path]) for path in self._enclosed.get(file.path, ()))

    def _stands(self, row: FileRow) -> bool:
        return self._exclusion.why(row.path, content=row.content) == (row.reason if row.reader == _UNDECIDED else "")

    # ── one file ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _look(self, file: _Found) -> Iterator[Progress]:
        known = self._known.get(file.path)
        if file.is_folder:
            yield from self._hold_folder(file)
        elif file.unreadable:
            yield from self._hold(file, known, file.unreadable)
        elif file.skip:
            yield self._skip(file, known)
        elif known and self._is_as_it_was(file):
            yield self._keep(replace(known, status="ok", reason="") if known.status == "missing" else known, known)
            yield from self._keep_enclosed(file)
        else:
            yield from self._look_inside(file, known)

    def _skip(self, file: _Found, known: FileRow | None, *, content: str = "") -> Progress:
        undecided = _UNDECIDED if content or file.left_out else ""
        row = _row(file, document=None, content=content, status="skipped", reason=file.skip, reader=undecided)
        if row != known:
            self._put(row)
        self._leave_enclosed(file, but=())
        return self._report(file.path, "skipped", file.skip)

    def _keep(self, row: FileRow, known: FileRow) -> Progress:
        """What is known of the content still holds."""
        if row != known:
            self._put(row)
        return (
            self._report(row.path, row.status, row.reason) if row.status in ("failed", "skipped") else self._report(row.path, "unchanged")
        )

    def _keep_content(self, file: _Found, known: FileRow) -> Progress:
        """It was touched only."""
        touched = replace(known, size=file.size, mtime_ns=file.mtime_ns)
        return self._keep(replace(touched, status="ok", reason="") if known.document else touched, known)

    def _look_inside(self, file: _Found, known: FileRow | None) -> Iterator[Progress]:
        try:
            with self._tally.timed("find"):
                content = _content_id(file.file)
        except OSError as error:
            yield from self._hold(file, known, error.strerror or str(error))
            return
        same = known if known and known.content == content and known.reader == self._reader else None
        if same and self._holds_what_it_did(file):
            yield self._keep_content(file, same)
            yield from self._keep_enclosed(file)
            return
        if why := self._exclusion.why_content(content):
            yield self._skip(replace(file, skip=why), known, content=content)
            return
        try:
            holds = yield from self._look_at_enclosed(file)
        except UnreadableError as error:
            yield from self._hold(file, known, _cause(error))
            return
        if same:
            yield self._keep_content(file, same)
            return
        if any(waiting.row.document == content for waiting in self._window):
            yield from self._flush()
        if self._record.reader_of(content) == self._reader:
            yield self._link(file, known, content=content)
        else:
            yield from self._take(file, known, content=content, holds=holds)

    # ── what is out of reach ──────────────────────────────────────────────────────────────────────────────────────

    def _hold(self, file: _Found, known: FileRow | None, why: str) -> Iterator[Progress]:
        """An earlier version stays in search, with the files it encloses: nothing says that the file holds anything else now."""
        enclosed = self._enclosed.get(file.path, ())
        if known is None or not (known.document or enclosed):
            reason = f"unreadable ({why}); make it readable for this user and run `rag ingest` again"
            self._put(_row(file, document=None, status="failed", reason=reason, reader=_UNDECIDED))
            yield self._report(file.path, "failed", reason)
            return
        self._total += len(enclosed)
        for row in (known, *(self._known[path] for path in enclosed)):
            yield self._kept(row, f"unreadable ({why})")

    def _hold_folder(self, folder: _Found) -> Iterator[Progress]:
        """It may hold what it held: all known files below it stay in search."""
        held = [self._known[path] for path in self._held[folder.path]]
        with_text = sum(row.document is not None for row in held)
        reason = f"the folder cannot be read ({folder.unreadable}), so its {with_text} known documents are kept as they were"
        self._total += len(held)
        for row in held:
            yield self._kept(row, f"unreadable (its folder {folder.path}: {folder.unreadable})")
        self._put(_row(folder, document=None, status="failed", reason=reason, reader=_UNDECIDED))
        yield self._report(folder.path, "failed", reason)

    def _kept(self, row: FileRow, why: str) -> Progress:
        """What had no text before has none now."""
        if row.document is None and row.path not in self._enclosed:
            return self._report(row.path, "skipped" if row.status == "skipped" else "failed", row.reason)
        reason = f"{why}: kept the version of {row.mtime:%Y-%m-%d}"
        self._put(replace(row, status="missing", reason=reason))
        return self._report(row.path, "missing", reason)

    # ── files in files ────────────────────────────────────────────────────────────────────────────────────────────

    def _look_at_enclosed(self, file: _Found) -> Generator[Progress, None, int]:
        """Looks at every file that this one encloses, before it is committed itself; how many there are."""
        if self._unpack is None:
            return 0
        with desk(self._record.path.parent) as room:
            with self._tally.timed("read"):
                enclosed = self._unpacked(file.file, room)
            children = [self._exclusion.applied(_found_inside(one, container=file)) for one in enclosed]
            self._leave_enclosed(file, but={child.path for child in children})
            self._total += len(children)
            inside = {child.path: child.size for child in children if self._may_be_read(child)}
            self._work |= inside
            self._bytes += sum(inside.values())
            for child in children:
                yield from self._look(child)
                if self._window_is_full():
                    yield from self._flush()
        return len(children)

    def _unpacked(self, file: Path, desk: Path) -> Sequence[Enclosed]:
        """None for a damaged file: reading it says so. Raises UnreadableError."""
        assert self._unpack is not None
        try:
            return self._unpack(file, desk)
        except UnreadableError:
            raise
        except ReadError:
            return ()

    def _keep_enclosed(self, file: _Found) -> Iterator[Progress]:
        """The container did not change, so its files did not."""
        for path in self._enclosed.get(file.path, ()):
            known = self._known[path]
            self._total += 1
            yield self._keep(replace(known, status="ok", reason="") if known.status == "missing" else known, known)

    def _leave_enclosed(self, file: _Found, *, but: Collection[str]) -> None:
        """What the container held and holds no more is gone, with what that held in turn."""
        for path in self._enclosed.get(file.path, ()):
            if path not in but and not any(path.startswith(f"{kept}/") for kept in but):
                self._total += self._known[path].document is not None and path not in self._gone
                self._gone.setdefault(path, self._known[path])

    def _link(self, file: _Found, known: FileRow | None, *, content: str) -> Progress:
        """The record has this content already: nothing is read, nothing is embedded."""
        row = _row(file, document=content, content=content, reader=self._reader)
        if known and known.document == content:
            return self._keep(row, known)
        origins = [path for path, other in self._gone.items() if other.document == content]
        for path in origins:
            del self._gone[path]
        self._total -= len(origins)
        first = origins[0] if origins else self._record.source(content).path
        self._put(row, forget=origins)
        if known and known.document:
            return self._report(file.path, "changed", f"now the same as {first}")
        kept = "; it keeps its access list, which is narrower than the one here" if self._record.access.kept(file.path) else ""
        return self._report(file.path, "moved" if origins else "copied", f"{first}{kept}")

    def _take(self, file: _Found, known: FileRow | None, *, content: str, holds: int) -> Iterator[Progress]:
        """Reads and cuts the file and puts it in the window."""
        status: FileStatus = "changed" if known and (known.document or known.path in self._enclosed) else "added"
        try:
            with self._tally.timed("read"):
                document = _readable(self._read(file.file), file.file)
        except UnreadableError as error:
            yield from self._hold(file, known, _cause(error))
            return
        except ReadError as error:
            if isinstance(error, NoTextError) and holds:
                row = _row(file, document=None, content=content, reader=self._reader)
                self._window.append(_Read(row=row, status=status, reason=f"holds {holds} files", document=None, chunks=()))
                return
            yield self._fail(file, known, str(error), content=content, reader=self._reader)
            return
        if _stat(file.file) != (file.size, file.mtime_ns):
            yield self._changing(file, known)
            return
        with self._tally.timed("chunk"):
            chunks = self._tools.chunk(document, document_id=content)
        again = known is not None and known.document == content
        self._window.append(
            _Read(
                row=_row(file, document=content, content=content, reader=self._reader),
                status=status,
                reason="read again by newer readers" if again else "",
                document=document,
                chunks=chunks,
            )
        )

    def _changing(self, file: _Found, known: FileRow | None) -> Progress:
        """Somebody writes it at this moment: what was known of it stays, and the next run looks again."""
        if known and (known.document or known.path in self._enclosed):
            return self._kept(known, "it changed while it was being read")
        reason = "it changed while it was being read; run `rag ingest` again"
        self._put(_row(file, document=None, status="failed", reason=reason, reader=_UNDECIDED))
        return self._report(file.path, "failed", reason)

    def _fail(self, file: _Found, known: FileRow | None, reason: str, *, content: str, reader: str) -> Progress:
        """An earlier version is not left in search: it is not what the file says any more."""
        if known and known.document:
            reason = f"{reason}; the earlier version is no longer searched"
        self._put(_row(file, document=None, content=content, status="failed", reason=reason, reader=reader))
        return self._report(file.path, "failed", reason)

    def _put(self, row: FileRow, *, forget: Sequence[str] = ()) -> None:
        self._orphans = True
        with self._tally.timed("commit"):
            self._record.put_file(row, forget=forget)

    # ── the window ────────────────────────────────────────────────────────────────────────────────────────────────

    def _window_is_full(self) -> bool:
        return (
            len(self._window) >= WINDOW_FILES
            or sum(len(waiting.chunks) for waiting in self._window) >= WINDOW_CHUNKS
            or sum(len(waiting.document.text) for waiting in self._window if waiting.document) >= WINDOW_CHARACTERS
        )

    def _flush(self) -> Iterator[Progress]:
        """Embeds what is missing for the whole window, then commits file by file."""
        window, self._window = self._window, []
        texts = [chunk.embedded_text for waiting in window for chunk in waiting.chunks]
        in_hand = sum(self._work.get(waiting.row.path, 0) for waiting in window)
        vectors, computed = yield from _vectors(self._tools, texts, progress=lambda share: self._progress("embed", in_hand=share * in_hand))
        for waiting in window:
            if waiting.document is None:
                self._put(waiting.row)
                yield self._report(waiting.row.path, waiting.status, waiting.reason)
                continue
            own = [chunk.embedded_text for chunk in waiting.chunks]
            with self._tally.timed("commit"):
                self._record.commit_document(
                    waiting.row,
                    document=waiting.document,
                    chunks=waiting.chunks,
                    vectors=_matrix(own, vectors, dimensions=self._tools.space.fingerprint.dimensions),
                    space=self._tools.space,
                )
            self._orphans = self._orphans or waiting.status == "changed"
            embedded = sum(text in computed for text in own)
            computed.difference_update(own)
            yield self._report(waiting.row.path, waiting.status, waiting.reason, chunks=len(own), embedded=embedded)
        if texts:
            with self._tally.timed("commit"):
                self._record.add_words()

    # ── files that are gone ───────────────────────────────────────────────────────────────────────────────────────

    def _leave(self) -> Iterator[Progress]:
        """Forgets the files that are gone, unless there are too many of them for that to be meant."""
        with_text = [row for row in self._gone.values() if row.document]
        before = Counter(row.folder for row in self._known.values() if row.document)
        vanished = Counter(row.folder for row in with_text if row.path in self._vanished)
        emptied = any(count > BRAKE_FILES and count == before[folder] for folder, count in vanished.items())
        if not self._allow_deletes and (emptied or len(with_text) > max(BRAKE_FILES, BRAKE_SHARE * before.total())):
            yield from self._miss(with_text, before=before.total())
            return
        if self._gone:
            self._orphans = True
            with self._tally.timed("commit"):
                self._record.forget_paths(list(self._gone))
        for row in with_text:
            yield self._report(row.path, "deleted")

    def _miss(self, gone: Sequence[FileRow], *, before: int) -> Iterator[Progress]:
        reason = (
            f"{len(gone)} of {before} files are gone from disk at once, so nothing was deleted and this one is still searched; "
            "if that is meant, run `rag ingest --allow-deletes`"
        )
        for row in gone:
            self._put(replace(row, status="missing", reason=reason))
            yield self._report(row.path, "missing", reason)


@contextmanager
def desk(workspace: Path) -> Iterator[Path]:
    """A folder for unpacked files and the like, gone at the end. It lies in the workspace: they are as confidential as what they are of.

    The caller holds the writer's lock: what a killed run left there goes with the next.
    """
    room = workspace / UNPACKED
    with tempfile.TemporaryDirectory(dir=_made(room)) as made:
        yield Path(made)


def _made(room: Path) -> Path:
    try:
        room.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"cannot write in {room.parent}: {error.strerror}; make it writable for this user") from error
    return room


def _enclosed(known: Mapping[str, FileRow]) -> dict[str, list[str]]:
    """For each known file that encloses others: their paths, those of files in files included."""
    found: dict[str, list[str]] = {}
    for path in known:
        for slash in (place for place, character in enumerate(path) if character == "/"):
            if path[:slash] in known:
                found.setdefault(path[:slash], []).append(path)
    return found


def _found_inside(one: Enclosed, *, container: _Found) -> _Found:
    """As if it lay in a folder of the container's name. It is as old as it says, else as its container."""
    path, depth = _printable(f"{container.path}/{one.name}"), container.depth + 1
    skip = one.reason or (f"more than {MOST_DEPTH} files deep in files; unpack it" if depth > MOST_DEPTH else "")
    mtime_ns = int(one.seconds) * 10**9 if one.seconds is not None and one.seconds > 0 else container.mtime_ns
    file = Path(one.file) if one.file else container.file
    if one.file:
        os.utime(file, ns=(mtime_ns, mtime_ns))
    size, mtime_ns = (_stat(file) or (0, mtime_ns)) if one.file else (0, mtime_ns)
    return _Found(path=path, folder=container.folder, file=file, size=size, mtime_ns=mtime_ns, skip=skip, depth=depth)


def _cause(error: UnreadableError) -> str:
    """ "cannot read a.txt: Permission denied; ..." says "Permission denied"."""
    return str(error).partition("; ")[0].rpartition(": ")[2]


def _below(folder: str, known: Mapping[str, FileRow]) -> list[str]:
    return [path for path in known if path.startswith(f"{folder}/")]


def _row(
    file: _Found, *, document: str | None, content: str = "", status: KnownStatus = "ok", reason: str = "", reader: str = ""
) -> FileRow:
    return FileRow(
        path=file.path,
        folder=file.folder,
        document=document,
        content=content,
        size=file.size,
        mtime_ns=file.mtime_ns,
        status=status,
        reason=reason,
        reader=reader,
    )


def _content_id(file: Path) -> str:
    """The first 16 hex digits of the SHA-256 of the file's bytes; of one that no reader takes, of its size and its beginning."""
    with file.open("rb") as opened:
        if (size := file.stat().st_size) > _LARGEST_HASHED:
            return hashlib.sha256(f"{size} ".encode() + opened.read(_BEGINNING)).hexdigest()[:16]
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _stat(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _readable(document: Document, file: Path) -> Document:
    """Half a surrogate pair is not text: SQLite, HTML and every model refuse it. In a title it comes from the file's name."""
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        raise CorruptFileError(f"{file.name} decodes to characters that are not Unicode text; save it again as UTF-8") from error
    about = document.metadata
    clean = replace(
        about,
        title=_printable(about.title),
        author=_printable(about.author),
        publisher=_printable(about.publisher),
        tags=tuple(map(_printable, about.tags)),
    )
    return replace(document, metadata=clean)


def _printable(text: str) -> str:
    """The text with half surrogate pairs written out: a file name that is not UTF-8 becomes ``caf\\udce9.txt``."""
    return text.encode(errors="backslashreplace").decode()


# ── embedding ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _vectors(
    tools: _Tools, texts: Sequence[str], *, progress: Callable[[float], Progress]
) -> Generator[Progress, None, tuple[dict[str, "Vectors"], set[str]]]:
    """(text -> vector, the texts embedded just now). What takes more than one call is cached as it comes, so that a kill costs one call.

    ``progress``: a step from the share of the work that is done, by characters, 0 to 1: the short texts come first.
    """
    fingerprint = tools.space.fingerprint
    with tools.tally.timed("embed"):
        vectors = tools.record.cached_vectors(texts, fingerprint=fingerprint, kind="document")
    missing = sorted({text for text in texts if text not in vectors}, key=lambda text: (len(text), text))  # like lengths share a call
    characters = list(accumulate(map(len, missing), initial=0))

    def step() -> Progress:
        return replace(progress(characters[done] / max(characters[-1], 1)), chunks=done, of_chunks=len(missing))

    done, size = 0, FIRST_CALL
    if missing:
        yield step()
    while done < len(missing):
        batch = missing[done : done + size]
        with tools.tally.timed("embed"):
            start = time.perf_counter()
            rows, codes = _embedded(tools.embedder, batch)
            size = _paced(len(batch), seconds=time.perf_counter() - start)
        vectors |= zip(batch, rows, strict=True)
        done += len(batch)
        tools.tally.embedded += len(batch)
        if codes:
            tools.record.put_token_codes(batch, codes, space=tools.space)
        if len(batch) < len(missing):
            tools.record.cache_vectors(batch, rows, fingerprint=fingerprint, kind="document")
            yield step()
    return vectors, set(missing)


def _embedded(embedder: Embedder, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
    """Vectors, and the tokens' codes where the embedder tells them."""
    rows, codes = embedded(embedder, texts)
    return _sound(rows, count=len(texts), fingerprint=embedder.fingerprint), codes


def _complete(tools: _Tools) -> Iterator[Progress]:
    """Tokens' codes for what has none yet: a library of an earlier version, or one whose vectors came from elsewhere.

    With a large model that takes as long as the first ingest did, so one ingest does as much as COMPLETING_S allow; searches that meet a
    passage that waits do without, and say so.
    """
    if not telling(tools.embedder):
        return
    total, done, size = tools.record.count_without_token_codes(), 0, FIRST_CALL
    begun = time.perf_counter()
    for texts in tools.record.without_token_codes(most=WINDOW_CHUNKS):
        at = 0
        while at < len(texts):
            if time.perf_counter() - begun > COMPLETING_S:
                return
            batch = texts[at : at + size]
            with tools.tally.timed("words"):
                start = time.perf_counter()
                tools.record.put_token_codes(batch, _embedded(tools.embedder, batch)[1], space=tools.space)
                size = _paced(len(batch), seconds=time.perf_counter() - start)
            at += len(batch)
            done += len(batch)
            yield Progress(stage="words of passages", done=done, total=total, counts=tools.tally.counts())


def _paced(count: int, *, seconds: float) -> int:
    """How many texts the next call takes, so that it lasts about CALL_S by the speed of the last one."""
    return max(SMALLEST_CALL, min(WINDOW_CHUNKS, int(count * CALL_S / max(seconds, 1e-6))))


def _sound(rows: "Vectors", *, count: int, fingerprint: Fingerprint) -> "Vectors":
    """A row of another length, or one that is not a number, would spoil every search after it."""
    import numpy as np

    if rows.shape != (count, fingerprint.dimensions) or not np.isfinite(rows).all():
        raise ModelError(
            f"{fingerprint.model} gave vectors of shape {rows.shape} for {count} texts of {fingerprint.dimensions} dimensions, "
            "or values that are not numbers; nothing of it was kept. See that the settings name the right model and dimensions"
        )
    return rows


def _matrix(texts: Sequence[str], vectors: Mapping[str, "Vectors"], *, dimensions: int) -> "Vectors":
    import numpy as np

    return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, dimensions), dtype=np.float32)


def _fill(tools: _Tools) -> Iterator[Progress]:
    """Embeds the stored documents that the space lacks, as many together as make a good batch, and commits them one by one."""
    waiting = tools.record.unfilled(tools.space)
    total = len(tools.record.sources())
    sizes = {row.document: row.size for row in tools.record.files() if row.document}
    work = max(sum(sizes.values()), 1)
    left = sum(sizes.get(identity, 0) for identity in waiting)
    window: dict[str, Sequence[Chunk]] = {}
    for position, identity in enumerate(waiting):
        with tools.tally.timed("chunk"):
            window[identity] = tools.chunk(tools.record.document(identity), document_id=identity)
        last = position + 1 == len(waiting)
        if not last and len(window) < WINDOW_FILES and sum(map(len, window.values())) < WINDOW_CHUNKS:
            continue
        done, in_hand = total - len(waiting) + position + 1, sum(sizes.get(identity, 0) for identity in window)
        step = partial(_filling, tools, total=total, before=1 - left / work, in_hand=in_hand / work)
        yield from _fill_window(tools, window, progress=partial(step, done=done - len(window)))
        left -= in_hand
        yield step(1.0, done=done)
        window = {}


def _filling(tools: _Tools, part: float, *, done: int, total: int, before: float, in_hand: float) -> Progress:
    """``part`` of the documents in hand is done; ``before``, ``in_hand``: shares of all work."""
    return Progress(stage="re-embed", done=done, total=total, counts=tools.tally.counts(), share=before + part * in_hand)


def _fill_window(tools: _Tools, window: Mapping[str, Sequence[Chunk]], *, progress: Callable[[float], Progress]) -> Iterator[Progress]:
    texts = [chunk.embedded_text for chunks in window.values() for chunk in chunks]
    vectors, _ = yield from _vectors(tools, texts, progress=progress)
    for identity, chunks in window.items():
        rows = _matrix([chunk.embedded_text for chunk in chunks], vectors, dimensions=tools.space.fingerprint.dimensions)
        with tools.tally.timed("commit"):
            tools.record.fill(tools.space, identity, chunks=chunks, vectors=rows)


# ── publishing ────────────────────────────────────────────────────────────────────────────────────────────────────


def _end(tools: _Tools, *, publishes: bool) -> Iterator[Progress]:
    """What follows when every document is committed; what may take longest comes last."""
    if publishes:
        yield from _publish(tools)
    else:
        get_ready(tools.record)
    yield from _complete(tools)


def _publish(tools: _Tools) -> Iterator[Progress]:
    """A new generation of the index, from the record's vectors."""
    record, store = tools.record, tools.store
    count = record.chunk_count()
    yield Progress(stage="publish", done=0, total=count, counts=tools.tally.counts())
    with tools.tally.timed("publish"):
        publish(record, store, space=tools.space)
    tools.tally.published = True
    yield Progress(stage="publish", done=count, total=count, counts=tools.tally.counts())


def publish(record: Record, store: VectorStore, *, space: Space) -> int:
    """Postings of the words and a generation of everything the record holds; its sequence number. The caller holds the writer's lock.

    Words first: they take a fifth of the time, and every search gains by them at once.
    """
    record.index_words()
    get_ready(record)
    with record.snapshot():
        sequence = record.sequence()
        store.publish(record.vector_rows(), sequence=sequence, space=space.id)
    record.forget_deletions(up_to=sequence)
    return sequence


def get_ready(record: Record) -> None:
    """What a process would make of a large library at its first search. The caller holds the writer's lock."""
    if record.chunk_count() >= READY_FROM:
        record.tell()
        record.keep_called(lambda names: Named(names).packed())
    if record.chunk_count() >= TOGETHER_FROM:
        record.put_codes_together()


def _is_due(tools: _Tools) -> bool:
    """True when searches would otherwise scan too much beside the index, or there is none that is sound."""
    applied, sequence, chunks = tools.store.applied, tools.record.sequence(), tools.record.chunk_count()
    if applied == 0:
        return chunks > 0
    delta = tools.record.changed_since(applied)
    return applied > sequence or delta >= PUBLISH_CHUNKS or delta >= max(1, PUBLISH_SHARE * chunks)
