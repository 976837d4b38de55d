"""The library: the one place that builds things from settings, opens and closes them."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, get_args

from rag import assets, config
from rag.config import EmbedderKind, EmbedderSettings, Format, RerankerSettings, Settings
from rag.embedders.openai import OpenAIEmbedder
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
from rag.embedders.small import SmallEmbedder
from rag.errors import UsageError, WorkspaceError
from rag.ports import Embedder, Reranker
from rag.record import FileRow, KnownStatus, Record, Run, space_of, writer_lock
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.endpoint import EndpointReranker
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval
from rag.stores.chroma import ChromaStore
from rag.types import Chunk, Document, Fingerprint, Report, Scope, SearchResult

if TYPE_CHECKING:  # each verb loads its own rooms: what a search does not need would cost more than the search (test_imports.py)
    from rag.ingest import Steps
    from rag.report import CheckResult
    from rag.upkeep import Backup, Erased, Finding

RECORD = "library.db"
INDEX = "index"
REPORTS = "reports"
DOCUMENTS = "docs"

PASSAGES_A_QUERY = 16
"""What a sub-query of a report brings in; a report asks 30 to 80."""

_LOOKED_AT = 10_000
"""Entries of a folder looked at for documents before a workspace is made in it."""

_EVERYTHING = Scope()

_OWN_FILES = """\
A file in this folder comes before the one of the same name that ships with the program, which is in
{shipped}
Copy what you want to change from there, with its folder, and edit the copy. It now holds: {names}.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What is in a workspace."""

    workspace: str
    embedder: Fingerprint | None
    """None before the first ingest."""
    documents: int
    chunks: int
    unindexed: int
    """Chunks that came or went since the index was made; searches scan them exactly."""
    failed: tuple[FileRow, ...]
    skipped: tuple[FileRow, ...]
    missing: tuple[FileRow, ...]
    """Gone from disk, still searched: deletions were held back."""
    alike: tuple[tuple[str, ...], ...]
    """Paths of documents with nearly the same text, group by group."""
    superseded: Mapping[str, str]
    """Path -> path of the newer version of the same document."""
    last_ingest: Run | None
    notes: tuple[str, ...]
    """What a person should know about the index."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenReport:
    """A report, what its gates said, and where it was written."""

    report: Report
    check: "CheckResult"
    paths: tuple[Path, ...]
    seconds: Mapping[str, float]
    """Wall time by step: write (searches included), check, render."""


class Library:
    """A workspace, opened. Nothing heavy is loaded before it is needed; not shared between threads."""

    def __init__(self, workspace: Path, *, settings: Settings, record: Record) -> None:
        self.workspace = workspace
        self.settings = settings
        self.record = record

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def open(cls, workspace: Path) -> Self:
        """Raises WorkspaceError where there is none, SettingsError for a rag.toml that cannot be used."""
        settings = config.load(workspace)
        return cls(workspace, settings=settings, record=Record.open(workspace / RECORD))

    def close(self) -> None:
        """Idempotent."""
        if "store" in self.__dict__:
            self.store.close()
        self.record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def embedder(self) -> Embedder:
        """As rag.toml says; not loaded yet."""
        return _embedder(self.settings.embedder, workspace=self.workspace)

    @cached_property
    def reranker(self) -> Reranker:
        """As rag.toml says; the pass-through without one."""
        return _reranker(self.settings.reranker)

    @cached_property
    def store(self) -> ChromaStore:
        """The vector index of the space that searches see; of the embedder's own before the first ingest."""
        space = self.record.active_space() or space_of(self.embedder.fingerprint)
        return self._store(space.id)

    @cached_property
    def retrieval(self) -> Retrieval:
        """Search over this workspace; what it has read stays at hand until the record changes."""
        return Retrieval(
            record=self.record,
            store=self.store,
            embedder=self.embedder,
            reranker=self.reranker,
            reranked=self.settings.reranker.top,
        )

    def _store(self, space: str) -> ChromaStore:
        return ChromaStore(self.workspace / INDEX, space=space)

    # ── verbs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def ingest(
        self, folders: Sequence[Path] = (), *, now: datetime, re_embed: bool = False, allow_deletes: bool = False, wait_s: float = 0.0
    ) -> "Steps":
        """Brings the record up to date with the folders (default: those in rag.toml); yields progress, gives a summary.

        ``re_embed`` embeds the stored texts with the embedder of rag.toml instead and reads no file. Raises BusyError when another
        process still writes after ``wait_s`` seconds, UsageError for a folder that is unknown or empty.
        """
        from rag import ingest as stations
        from rag.chunking import CHUNKER_VERSION
        from rag.globs import chooser
        from rag.readers import READER_VERSION, SUFFIXES, ReaderPool

        with writer_lock(self.workspace, now=now, wait_s=wait_s), self._store(space_of(self.embedder.fingerprint).id) as store:
            if re_embed:
                return (yield from stations.re_embed(record=self.record, store=store, embedder=self.embedder, chunk=self._chunk, now=now))
            with ReaderPool() as pool:
                return (
                    yield from stations.ingest(
                        [Path(folder) for folder in folders] or self.folders,
                        record=self.record,
                        store=store,
                        read=pool.read,
                        unpack=pool.unpack,
                        leave_out=chooser(include=self.settings.include, exclude=self.settings.exclude),
                        suffixes=SUFFIXES,
                        reader_version=f"{READER_VERSION}.{CHUNKER_VERSION}",
                        embedder=self.embedder,
                        chunk=self._chunk,
                        now=now,
                        allow_deletes=allow_deletes,
                    )
                )

    def search(self, question: str, *, k: int = 10, scope: Scope = _EVERYTHING) -> SearchResult:
        """The best passages for a question, best first. Raises UsageError when nothing is ingested yet."""
        return self.retrieval.find(question, k=k, scope=scope)

    def write(self, topic: str, *, as_of: date, scope: Scope = _EVERYTHING, template: str = "market_trends") -> Report:
        """A report as data, from documents in scope published by ``as_of``. Raises UsageError when nothing is ingested or in scope."""
        from rag.prompts import facet_pack, metric_vocabulary, query_prompt
        from rag.report import write_report

        scope = replace(scope, published_to=min(as_of, scope.published_to or as_of))
        with self.record.snapshot():
            sources = self.record.sources(scope)
            if not sources:
                raise UsageError(self._why_nothing_is_in_scope(as_of))
            retrieval, query = self.retrieval, query_prompt(workspace=self.workspace)
            return write_report(
                topic,
                find=lambda questions: retrieval.find_all(questions, k=PASSAGES_A_QUERY, scope=scope),
                document=self.record.document,
                sources=sources,
                as_of=as_of,
                pack=facet_pack(workspace=self.workspace),
                metrics=metric_vocabulary(workspace=self.workspace),
                embedder=self.embedder.fingerprint,
                prompts={query.name: query.sha256},
                template=template,
                failed={file.path: file.reason for file in self.record.files() if file.status == "failed"},
                sequence=self.record.sequence(),
                chunks=self.record.chunk_count(),
            )

    def check(self, report: Report) -> "CheckResult":
        """Every gate on a report, its quotes looked up in this workspace's documents, and the report in those that it wrote."""
        from rag.prompts import metric_vocabulary
        from rag.report import check_report

        metrics = metric_vocabulary(workspace=self.workspace)
        return check_report(report, document=self.record.document, metrics=metrics, saved=self._saved)

    def _saved(self, identity: str) -> Report | None:
        from rag.report import from_json

        known = {name for name, _ in self.record.reports()}
        return from_json(self.record.report(identity)) if identity in known else None

    def report(
        self,
        topic: str,
        *,
        as_of: date,
        now: datetime,
        scope: Scope = _EVERYTHING,
        template: str = "",
        formats: Sequence[Format] = (),
        output: Path | None = None,
    ) -> WrittenReport:
        """Writes a report, checks it, renders it and puts its files down together. Nothing is written when a step fails."""
        from rag.report import to_json

        chosen = template or self.settings.report.template
        watch = _Watch()
        report = self.write(topic, as_of=as_of, scope=scope, template=chosen)
        watch.lap("write")
        texts = {kind: self._rendered(report, kind=kind, template=chosen) for kind in formats or self.settings.report.formats}
        stem = f"{_slug(topic)}-{as_of.isoformat()}"
        paths = _put_down(output or self.workspace / REPORTS, {f"{stem}.{kind}": text for kind, text in texts.items()})
        self.record.save_report(report.id, now, to_json(report))
        watch.lap("render")
        check = self.check(report)
        watch.lap("check")
        return WrittenReport(report=report, check=check, paths=tuple(paths), seconds=watch.seconds)

    def _rendered(self, report: Report, *, kind: Format, template: str) -> str:
        from rag.render import render
        from rag.report import to_json

        return to_json(report) if kind == "json" else render(report, format=kind, template=template, workspace=self.workspace)

    def _why_nothing_is_in_scope(self, as_of: date) -> str:
        everything = self.record.sources()
        if not everything:
            return f"nothing is ingested yet; put documents into {', '.join(map(str, self.folders))} and run: rag ingest"
        oldest = min(source.published for source in everything)
        return f"none of the {len(everything)} documents is in scope: the oldest is of {oldest}, the report as of {as_of}; widen the scope"

    def status(self, *, kin: bool = True) -> Status:
        """What is in, what failed and why. Without ``kin`` no documents are compared, which takes a second for 1,440 of them."""
        from rag.kin import alike, editions

        space = self.record.active_space()
        sources = self.record.sources()
        groups, versions = (alike(self.record.sketches()), editions(sources)) if kin else ([], {})
        paths = {source.document: source.path for source in sources}
        by_status = {status: tuple(file for file in self.record.files() if file.status == status) for status in get_args(KnownStatus)}
        return Status(
            workspace=str(self.workspace),
            embedder=space.fingerprint if space else None,
            documents=len(sources),
            alike=tuple(tuple(paths[document] for document in group) for group in groups),
            superseded={paths[one.document]: paths[one.superseded_by] for one in versions.values() if one.superseded_by},
            chunks=self.record.chunk_count(),
            unindexed=self.record.changed_since(self.store.applied) if space else 0,
            failed=by_status["failed"],
            skipped=by_status["skipped"],
            missing=by_status["missing"],
            last_ingest=next((run for run in self.record.runs() if run.kind == "ingest"), None),
            notes=tuple(self.store.notes) if space else (),
        )

    # ── upkeep ────────────────────────────────────────────────────────────────────────────────────────────────────

    def forget(self, what: Sequence[str], *, now: datetime, wait_s: float = 0.0) -> "Erased":
        """Erases documents for good and remembers to leave them out. Raises UsageError for what is not known, BusyError."""
        from rag.upkeep import erase

        with writer_lock(self.workspace, now=now, wait_s=wait_s):
            return erase(self.record, self.store, what, reports=self.workspace / REPORTS, now=now)

    def let_in_again(self, what: Sequence[str], *, now: datetime) -> tuple[str, ...]:
        """Undoes the leaving out; the next ingest reads the files anew."""
        from rag.upkeep import let_in_again

        with writer_lock(self.workspace, now=now):
            return let_in_again(self.record, what)

    def back_up(self, to: Path, *, now: datetime) -> "Backup":
        """A checked copy in one file. Raises UsageError for a file that exists."""
        from rag.upkeep import back_up

        return back_up(self.record, to=to, now=now)

    @property
    def folders(self) -> list[Path]:
        """The folders of rag.toml."""
        return [self.workspace / Path(folder).expanduser() for folder in self.settings.folders]

    def _chunk(self, document: Document, *, document_id: str) -> Sequence[Chunk]:
        from rag.chunking import budget_for, chunk

        return chunk(document, document_id=document_id, counter=self.embedder, budget=budget_for(self.embedder))


@contextmanager
def searching(workspace: Path) -> Iterator[Retrieval]:
    """Search over a workspace, closed at the end: what `rag.chain.PassageRetriever` opens in the thread it answers in."""
    with Library.open(workspace) as library:
        yield library.retrieval


def examine(workspace: Path) -> "list[Finding]":
    """The health of a workspace that may be too ill to be opened."""
    from rag import upkeep

    return upkeep.examine(workspace, embedder=lambda setting: _embedder(setting, workspace=workspace))


def create(workspace: Path, *, folders: Sequence[Path] = (), embedder: EmbedderKind = "sentence-transformers") -> Settings:
    """Makes a workspace: rag.toml, an empty record, folders for own prompts and templates, and docs/ unless folders are given.

    One that has lost its record gets an empty one and keeps its settings. Raises UsageError where one is already or where a folder is
    unknown, WorkspaceError where nothing can be written.
    """
    if (workspace / config.FILE_NAME).exists() and not (workspace / RECORD).exists() and not folders:
        shutil.rmtree(workspace / INDEX, ignore_errors=True)  # an index of a record that is gone
        Record.create(workspace / RECORD).close()
        return config.load(workspace)
    _refuse_unsuitable(workspace, folders)
    named = [_folder_setting(folder, workspace=workspace) for folder in folders] or [DOCUMENTS]
    settings = config.new(folders=named, embedder=embedder)
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        if not folders:
            (workspace / DOCUMENTS).mkdir(exist_ok=True)
        for room in ("prompts", "templates"):
            _own_room(workspace, room)
        Record.create(workspace / RECORD).close()
        (workspace / config.FILE_NAME).write_text(config.to_toml(settings), encoding="utf-8")  # last: with it, the workspace is one
    except OSError as error:
        raise WorkspaceError(f"cannot make a workspace in {workspace}: {error.strerror}; choose a folder you may write to") from error
    return settings


def _refuse_unsuitable(workspace: Path, folders: Sequence[Path]) -> None:
    from rag.readers import SUFFIXES

    if (workspace / config.FILE_NAME).exists():
        raise UsageError(f"{workspace} is a workspace already; add documents and run: rag ingest --workspace {workspace}")
    if unknown := [folder for folder in folders if not folder.is_dir()]:
        raise UsageError(f"{unknown[0]} is not a folder; name the folder that holds the documents")
    inside = islice(workspace.rglob("*"), _LOOKED_AT) if workspace.is_dir() and not folders else ()
    if any(path.suffix.lower() in SUFFIXES for path in inside):
        raise UsageError(f"{workspace} holds documents itself; make the workspace beside it: rag init NAME --folder {workspace}")


def _folder_setting(folder: Path, *, workspace: Path) -> str:
    """As rag.toml names it: relative to the workspace when it was given as a relative path, so that both can move together."""
    if folder.is_absolute():
        return str(folder)
    return Path(os.path.relpath(folder.resolve(), workspace.resolve())).as_posix()


def _own_room(workspace: Path, room: assets.Room) -> None:
    (workspace / room).mkdir(exist_ok=True)
    text = _OWN_FILES.format(shipped=assets.shipped(room), names=", ".join(assets.names(room)))
    (workspace / room / assets.READ_ME).write_text(text, encoding="utf-8")


@dataclass(kw_only=True)
class _Watch:
    """Seconds by step."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        """What passed since the last lap was this step's."""
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


def _slug(topic: str) -> str:
    """The topic as a file name."""
    return re.sub(r"[^\w]+", "-", topic.lower()).strip("-")[:80] or "report"


def _put_down(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """All files or none: each is written beside its place first, then all are moved there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as waiting:
            for name, text in texts.items():
                (Path(waiting) / name).write_text(text, encoding="utf-8")
            return [(Path(waiting) / name).replace(folder / name) for name in texts]
    except OSError as error:
        raise WorkspaceError(f"cannot write the report to {folder}: {error.strerror}; choose another folder with --output") from error


def _embedder(setting: EmbedderSettings, *, workspace: Path) -> Embedder:
    if setting.kind == "small":
        return SmallEmbedder(engine=setting.engine)
    from rag.prompts import query_prompt

    prompt = query_prompt(workspace=workspace).text if setting.query_prompt else ""
    if setting.kind == "sentence-transformers":
        return SentenceTransformersEmbedder(
            setting.model,
            revision=setting.revision,
            query_prompt=prompt,
            dimensions=setting.first_dimensions or None,
            engine=setting.engine,
        )
    return OpenAIEmbedder(
        setting.model,
        base_url=setting.base_url,
        api_key=config.secret(setting.api_key_env),
        query_prompt=prompt,
        dimensions=setting.dimensions,
        max_tokens=setting.max_tokens,
    )


def _reranker(setting: RerankerSettings) -> Reranker:
    if not setting.model:
        return PassThrough()
    if setting.kind == "cross-encoder":
        return CrossEncoderReranker(setting.model, revision=setting.revision, budget_s=setting.budget_s)
    return EndpointReranker(
        setting.model,
        base_url=setting.base_url,
        api_key=config.secret(setting.api_key_env),
        api=setting.kind,
        timeout_s=setting.budget_s or 30.0,
    )
