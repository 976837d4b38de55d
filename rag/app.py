"""The library: the one place that builds things from settings, opens and closes them."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import cache, cached_property, partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from rag import assets, bulk, config, upkeep
from rag import ingest as stations
from rag.around import Context
from rag.chat import PASSAGES, SMALL_LIBRARY, Ground, answer, understand
from rag.chat.about import About
from rag.chat.question import spelt_out
from rag.chat.schema import from_json as answer_from_json
from rag.chat.schema import to_json as answer_to_json
from rag.chat.worded import unfinished
from rag.chat.words import to_markdown
from rag.checkers.cross_encoder import NliChecker
from rag.chunking import CHUNKER_VERSION, budget_for, chunk
from rag.config import AS_ASKED, EmbedderKind, Format, Settings, WriterKind
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
from rag.embedders.small import SmallEmbedder
from rag.errors import DeletedError, ReadError, UsageError, WorkspaceError
from rag.globs import chooser
from rag.kin import alike, editions, sketch
from rag.llms.calls import Calls, Caps, Estimate, FromRecord, Nowhere, Spent, estimate
from rag.llms.openai import OpenAILlm
from rag.model_prompts import Prompts
from rag.parted import merged
from rag.parts import INDEX, RECORD, embedder_of, index_of, llm_of, reranker_of, retrieval_of
from rag.ports import Checker, Embedder, Index, Llm, Reranker, VectorStore
from rag.prompts import facet_pack, metric_vocabulary, query_prompt
from rag.readers import READER_VERSION, SUFFIXES, Ocr, ReaderPool, tesseract
from rag.record import CallLog, Edition, FileRow, KeptTurn, KnownStatus, Record, Run, SeenRecord, Space, space_of, writer_lock
from rag.render import Printed, printed
from rag.report import (
    EXTRACTIVE,
    CheckResult,
    Outline,
    check_report,
    edition_name,
    from_json,
    outline_of,
    read_outline,
    to_json,
    write_report,
)
from rag.report.asked import is_name_in, narrowed
from rag.report.cover import COVER, cover_of, is_on
from rag.report.elsewhere import read_manuscript
from rag.report.judge import LlmJudge, judged
from rag.report.outline import arranged
from rag.report.report_gates import ReportCheck
from rag.report.verify import ManuscriptCheck, verify
from rag.report.when import within_reach
from rag.report.wording import Vocabulary
from rag.report.write import prompts_of
from rag.report.write import write as word
from rag.retrieval import Retrieval, empty_folders
from rag.text import file_stem
from rag.types import Answer, Chunk, Document, Fingerprint, Progress, Reader, Report, Scope, SearchResult, Source, Turn
from rag.unworded import Unparted, Unworded, limits_of
from rag.upkeep import Backup, Erased, Finding, back_up, erase, let_in_again

REPORTS = "reports"
DOCUMENTS = "docs"
REMEMBERED = 5
"""Turns of a chat from which a follow-up is completed."""

FILINGS_AMONG = 20
"""Passages, found by a topic's words alone, whose documents may be filings of a company that it is."""
PASSAGES_A_QUERY = 16
"""What a sub-query of a report brings in; a report asks 30 to 80."""

_LOOKED_AT = 10_000
"""Entries of a folder looked at for documents before a workspace is made in it."""

_EVERYTHING = Scope()
_FARTHEST_EAST = timedelta(hours=14)
"""How long before UTC's a day begins where it begins first."""
_LOG_WAIT_S = 5.0
"""Nobody can write while somebody waits to empty the record's log."""
_SUFFIXES = {"csl": "csl.json"}
"""Format -> how its file's name ends, where that is not the format's own name."""

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
    folders: tuple["KnownFolder", ...]
    """Those of rag.toml and those that were ingested by argument, by name."""
    last_ingest: Run | None
    notes: tuple[str, ...]
    """What a person should know about the index."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFolder:
    """A folder whose files are known."""

    name: str
    """The first part of its files' paths; what `rag forget` takes."""
    path: str
    documents: int
    is_set: bool
    """Whether rag.toml names it; otherwise `rag ingest` looks at it only when it is named."""
    is_there: bool
    forgotten: str
    """The day it was forgotten as a whole; empty when it was not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenReport:
    """A report, what its gates said, and where it was written."""

    report: Report
    check: CheckResult
    paths: tuple[Path, ...]
    seconds: Mapping[str, float]
    """Wall time by step: write (searches included), check, render."""
    notes: tuple[str, ...] = ()
    """What a person should know about the files, such as characters that a format could not print."""
    spent: Spent | None = None
    """What the model's answers took; None without a model."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How a door follows a report that a model words."""

    clock: Callable[[], datetime]
    """For the times of the calls in the record."""
    announce: Callable[[Estimate], None] = lambda _: None
    """Called once, before the first call."""
    tell: Callable[[Progress], None] = lambda _: None
    afresh: bool = False
    """True asks again for answers that the record holds."""
    caps: Caps | None = None
    """Tighter than those of rag.toml."""


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
        for part in ("llm", "judging"):
            if part in self.__dict__:
                self.__dict__[part].close()
        self.record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def seen_by(self, reader: Reader) -> "Library":
        """This workspace as that person may see it: nothing else can be reached through it. The caller closes it.

        Embedder, reranker and model are this library's.
        """
        path = self.workspace / RECORD
        record = SeenRecord.of(path, reader=reader) if self.record.access.grants(reader) else Record.open(path)
        record.turn_to(reader)
        seen = Library(self.workspace, settings=self.settings, record=record)
        for part in ("embedder", "reranker", "llm", "inference", "judging"):
            if part in self.__dict__:
                seen.__dict__[part] = self.__dict__[part]
        return seen

    # ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def embedder(self) -> Embedder:
        """As rag.toml says; not loaded yet."""
        return embedder_of(self.settings.embedder, workspace=self.workspace)

    @property
    def engine(self) -> str:
        """What computes documents' vectors on this machine and why, in words; empty where a server does. Mostly imports torch."""
        embedder = self.embedder
        if isinstance(embedder, SmallEmbedder):
            return embedder.described
        return embedder.engine.described if isinstance(embedder, SentenceTransformersEmbedder) else ""

    @cached_property
    def reranker(self) -> Reranker:
        """As rag.toml says; the pass-through without one."""
        return reranker_of(self.settings.reranker)

    @cached_property
    def llm(self) -> Llm:
        """The writer's model, as rag.toml says; any other can be put in its place. Raises SettingsError when rag.toml names none."""
        return llm_of(self.settings.writer)

    @property
    def checker(self) -> Checker | None:
        """What gives a second opinion on written sentences; None where rag.toml names none."""
        kind = self.settings.checker.kind
        return None if kind == "none" else self.inference if kind == "nli" else self._judge(self.judging)

    @cached_property
    def inference(self) -> NliChecker:
        """The checker's cross-encoder; not loaded yet."""
        return NliChecker(self.settings.checker.model, revision=self.settings.checker.revision)

    @cached_property
    def judging(self) -> Llm:
        """The checker's language model."""
        setting = self.settings.checker
        return OpenAILlm(setting.model, base_url=setting.base_url, api_key=config.secret(setting.api_key_env))

    def _judge(self, model: Llm, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> LlmJudge:
        """A language model as a checker; its calls are recorded as the writer's are, within the same limits."""
        calls = Calls(llm=model, limits=limits_of(self.settings.writer), ledger=self.calls, now=clock)
        return LlmJudge(calls, model=model.model, prompts=Prompts(workspace=self.workspace))

    @property
    def calls(self) -> CallLog:
        """What language models were asked and answered."""
        return CallLog(self.record)

    @cached_property
    def store(self) -> Index:
        """The vector index of the space that searches see; of the embedder's own before the first ingest."""
        space = self.record.active_space() or space_of(self.embedder.fingerprint)
        return self._store(space)

    @cached_property
    def retrieval(self) -> Retrieval:
        """Search over this workspace; what it has read stays at hand until the record changes."""
        return self._retrieval(self.record)

    def _retrieval(self, record: Record) -> Retrieval:
        return retrieval_of(self.settings, record=record, store=self.store, embedder=self.embedder, reranker=self.reranker)

    def _store(self, space: Space) -> Index:
        return index_of(self.settings.store, workspace=self.workspace, record=self.record, space=space)

    # ── verbs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def ingest(
        self, folders: Sequence[Path] = (), *, now: datetime, re_embed: bool = False, allow_deletes: bool = False, wait_s: float = 0.0
    ) -> stations.Steps:
        """Brings the record up to date with the folders (default: those in rag.toml); yields progress, gives a summary.

        ``re_embed`` embeds the stored texts with the embedder of rag.toml instead and reads no file. Raises BusyError when another
        process still writes after ``wait_s`` seconds, UsageError for a folder that is unknown or empty.
        """
        with writer_lock(self.workspace, now=now, wait_s=wait_s), self._store(space_of(self.embedder.fingerprint)) as store:
            self._sweep()
            self.record.keep_vectors(self.settings.store.precision)
            self.record.give_back()
            if re_embed:
                return (yield from stations.re_embed(record=self.record, store=store, embedder=self.embedder, chunk=self._chunk, now=now))
            with ReaderPool(ocr=self._ocr(), room=self.workspace / stations.UNPACKED) as pool:
                wanted = [Path(folder) for folder in folders] or self.folders
                reading = self._reading(
                    wanted, record=self.record, store=store, embedder=self.embedder, pool=pool, now=now, allow_deletes=allow_deletes
                )
                return (yield from reading)

    def _sweep(self) -> None:
        """Older states of the index go that were read when the newest was made, and no more; nothing is held from then on."""
        if space := self.record.active_space():
            with self._store(space) as store:
                store.sweep()

    def _reading(
        self,
        folders: Sequence[Path],
        *,
        record: Record,
        store: VectorStore,
        embedder: Embedder,
        pool: ReaderPool,
        now: datetime,
        allow_deletes: bool = False,
    ) -> stations.Steps:
        """Files by our readers into a record, cut for an embedder."""
        return stations.ingest(
            folders,
            record=record,
            store=store,
            read=pool.read,
            unpack=pool.unpack,
            leave_out=chooser(include=self.settings.include, exclude=self.settings.exclude),
            suffixes=SUFFIXES,
            reader_version=self._reader_version(),
            embedder=embedder,
            chunk=self._chunk,
            now=now,
            allow_deletes=allow_deletes,
        )

    def export_texts(self, folder: Path, *, now: datetime) -> bulk.Shards:
        """Writes what the next ingest would embed into shards, to be embedded elsewhere; the record stays as it is.

        The folders are read into a record that is thrown away; it lies where the next ingest or `rag forget` removes what a kill left of
        it. Raises UsageError for a folder that is not empty, BusyError while another process writes.
        """
        bulk.make_room(folder)
        known = partial(self.record.cached_vectors, fingerprint=self.embedder.fingerprint, kind="document")
        writer = bulk.ShardWriter(self.embedder, folder, known=known)
        with (
            writer_lock(self.workspace, now=now),
            stations.desk(self.workspace) as desk,
            Record.create(desk / RECORD) as record,
            ReaderPool(ocr=self._ocr(), room=desk) as pool,
        ):
            record.leave_out(self.record.forgotten())
            index = bulk.NoIndex(record)
            stations.drain(self._reading(self.folders, record=record, store=index, embedder=writer, pool=pool, now=now))
        return writer.finish()

    def load_vectors(self, folder: Path, *, now: datetime, wait_s: float = 0.0) -> bulk.Shards:
        """Takes in the vectors of exported texts, checked; the next ingest finds them. Raises as ``rag.bulk.take_in`` does, BusyError."""
        with writer_lock(self.workspace, now=now, wait_s=wait_s):
            return bulk.take_in(folder, record=self.record, embedder=self.embedder)

    def _ocr(self) -> Ocr | None:
        """Raises SettingsError when the program or a language is not there."""
        return tesseract(self.settings.ocr_languages) if self.settings.ocr == "tesseract" else None

    def _reader_version(self) -> str:
        by_ocr = "+".join(["", self.settings.ocr, *self.settings.ocr_languages]) if self.settings.ocr != "off" else ""
        return f"{READER_VERSION}.{CHUNKER_VERSION}{by_ocr}"

    def search(
        self,
        question: str,
        *,
        k: int = 10,
        scope: Scope = _EVERYTHING,
        per_document: int | None = None,
        diverse: bool = False,
        recent: bool = False,
        context: Context = "none",
    ) -> SearchResult:
        """What ``Retrieval.find`` gives for a question, best first. Raises UsageError when nothing is ingested yet."""
        return self.retrieval.find(question, k=k, scope=scope, per_document=per_document, diverse=diverse, recent=recent, context=context)

    def search_in_parts(
        self, question: str, *, now: datetime, k: int = 10, scope: Scope = _EVERYTHING, context: Context = "none"
    ) -> SearchResult:
        """As ``search``, for the question and for the parts that the writer's model takes it apart into.

        Raises UsageError where no model is set, and what the model's calls raise.
        """
        parts = self.unparted(question).by(self.llm, ledger=self.calls, now=now)
        return self.search_parts(question, parts, k=k, scope=scope, context=context)

    def unparted(self, question: str) -> Unparted:
        """The question with all that a model needs to take it apart; nothing of this library is held. Raises UsageError without a model."""
        if "llm" not in self.__dict__ and not self.settings.writer.model:
            raise UsageError(
                "no model is set that could take a question apart: set writer.model and writer.base_url in rag.toml, or leave out parts"
            )
        return Unparted(question=question.strip(), setting=self.settings.writer, prompts=Prompts(workspace=self.workspace))

    def search_parts(
        self, question: str, parts: Sequence[str], *, k: int = 10, scope: Scope = _EVERYTHING, context: Context = "none"
    ) -> SearchResult:
        """As ``search``, for the question and for parts of it; one list of all."""
        found = merged(question, self.retrieval.find_all([question, *parts], k=k, scope=scope, context=context))
        return replace(found, passages=found.passages[:k])

    def ask(
        self,
        question: str,
        *,
        now: datetime,
        chat: int | None = None,
        scope: Scope = _EVERYTHING,
        about: About | None = None,
        history: Sequence[Answer] = (),
        keep: bool = True,
        writer: WriterKind | None = None,
        heard: Callable[[str], object] | None = None,
    ) -> Turn:
        """An answer with checked citations, or why the documents do not say; a turn of ``chat``, else of a new one.

        ``history``: the answers before, oldest first, of a conversation that is kept elsewhere. ``about``: a report's claim, asked about
        in the documents that it cites. ``keep=False`` leaves no trace in the history. ``writer`` is the one of rag.toml unless given; a
        model that cannot be had leaves the answer quoted, and a note. ``heard`` is told the model's sentences while it writes: each holds
        against its own quotations, and is not checked beside the others yet. Raises UsageError for an unknown chat, an empty question or
        an empty library, SettingsError for a writer that rag.toml does not describe.
        """
        made = self._quoted(question, now=now, chat=chat, scope=scope, about=about, history=history)
        if (writer or self.settings.writer.kind) != "extractive":
            made = self.unworded(made).by(self.llm, ledger=self.calls if keep else Nowhere(), now=now, heard=heard)
        return self._kept(made, chat=chat, asked=now, keep=keep)

    def ask_to_word(
        self,
        question: str,
        *,
        now: datetime,
        chat: int | None = None,
        scope: Scope = _EVERYTHING,
        about: About | None = None,
        history: Sequence[Answer] = (),
        keep: bool = True,
    ) -> tuple[Turn, Unworded | None]:
        """The first half of ``ask``, for who lets no model hold this library: a turn in the documents' own sentences, and what a model
        needs to word it; None where rag.toml names none or nothing is to be worded.

        The turn is kept with a note that it waits; ``revise`` puts the worded answer in its place.
        """
        made = self._quoted(question, now=now, chat=chat, scope=scope, about=about, history=history)
        unworded = None if self.settings.writer.kind == "extractive" else self.unworded(made)
        if unworded is None or not unworded.wanted:
            return self._kept(made, chat=chat, asked=now, keep=keep), None
        return replace(self._kept(unfinished(made), chat=chat, asked=now, keep=keep), answer=made), unworded

    def _quoted(
        self, question: str, *, now: datetime, chat: int | None, scope: Scope, about: About | None, history: Sequence[Answer]
    ) -> Answer:
        if chat is not None:
            history = [answer_from_json(turn.answer) for turn in self.record.chats.last(chat, REMEMBERED)]
        if about is not None:
            history, scope = [about.answer], replace(scope, documents=about.documents)
        vocabulary = self._vocabulary
        understood = understand(question, history=history, vocabulary=vocabulary)
        self.retrieval.prepare([spelt_out(understood.text)])
        with self.record.snapshot():
            return answer(understood, ground=self._ground(scope, as_of=now.date(), vocabulary=vocabulary), scope=scope)

    def _kept(self, made: Answer, *, chat: int | None, asked: datetime, keep: bool) -> Turn:
        if not keep:
            return Turn(chat=chat or 0, number=0, asked=asked, answer=made)
        try:
            chat, number = self.record.chats.add(
                chat,
                asked=asked,
                question=made.question,
                answer=answer_to_json(made),
                documents=[source.document for source in made.sources],
            )
        except UsageError:
            self._forget_said([asked])
            raise
        return Turn(chat=chat, number=number, asked=asked, answer=made)

    def unworded(self, made: Answer) -> Unworded:
        """The answer with all that a model needs to word it; nothing of this library is held."""
        return Unworded(
            answer=made,
            documents={source.document: self.record.document(source.document) for source in made.sources},
            setting=self.settings.writer,
            prompts=Prompts(workspace=self.workspace),
            vocabulary=self._vocabulary,
        )

    def revise(self, turn: Turn, made: Answer) -> Turn:
        """The kept turn with this answer in the place of its own. Raises DeletedError where it is gone; what a model said goes too."""
        try:
            self.record.chats.revise(turn.chat, turn.number, answer=answer_to_json(made))
        except DeletedError:
            self._forget_said([turn.asked])
            raise
        return replace(turn, answer=made)

    def delete_chat(self, chat: int) -> bool:
        """A chat goes for good, its turns that may not be shown any more too: no text of it stays in the workspace's files.

        False where somebody reads the record all the while: its log (library.db-wal) then holds the text until it is emptied, at the next
        deletion or when the last process closes the record. Raises UsageError for an unknown chat, as for another person's.
        """
        with Record.open(self.workspace / RECORD) as record:
            record.user = self.record.user
            record.delete_chat(chat)
            return record.empty_log(wait_s=_LOG_WAIT_S)

    def _forget_said(self, asked: Sequence[datetime]) -> None:
        """What a model said, in calls that began then, for something that may not be kept any more."""
        with Record.open(self.workspace / RECORD) as record:
            record.forget_calls(asked)
            record.empty_log(wait_s=_LOG_WAIT_S)

    def turns(self, chat: int | None = None) -> list[Turn]:
        """What was asked and answered, oldest first; without a chat, of all of them. Raises UsageError for an unknown one."""
        return [_turn(kept) for kept in self.record.chats.turns(chat)]

    def chats(self, words: str = "", *, most: int | None = None) -> list[list[Turn]]:
        """The kept chats, newest first, each with its turns; with words, those that hold all of them in a question or an answer."""
        wanted = words.lower().split()
        kept = self.record.chats.turns() if wanted or most is None else self.record.chats.newest(most)
        by_chat: dict[int, list[Turn]] = {}
        for turn in map(_turn, kept):
            by_chat.setdefault(turn.chat, []).append(turn)
        found = [turns for turns in by_chat.values() if all(word in to_markdown(turns).lower() for word in wanted)]
        return sorted(found, key=lambda turns: -turns[0].chat)[:most]

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        """The metrics as prompts/metrics.yaml names them; read once, since a chat asks for them at every turn."""
        return Vocabulary(metric_vocabulary(workspace=self.workspace))

    def _ground(self, scope: Scope, *, as_of: date, vocabulary: Vocabulary) -> Ground:
        """What an answer stands on; read in one snapshot by the caller."""
        retrieval = self.retrieval
        return Ground(
            find=lambda question: retrieval.find(question, k=PASSAGES, scope=scope),
            document=self.record.document,
            on_pages=self.record.on_pages,
            holders=self.record.holders,
            among=max(self.record.chunk_count(), SMALL_LIBRARY),
            vocabulary=vocabulary,
            statements=retrieval.statements,
            near=retrieval.nearnesses,
            as_of=as_of,
        )

    def outline(self, topic: str, *, pack: str = "") -> Outline:
        """What a report on the topic would ask; the facet pack is rag.toml's unless named, and the one for companies where that is "auto"
        and the topic a company whose filings are in the library. A topic in particular ("wages") asks the sections that it belongs to
        alone. Raises UsageError for an empty topic."""
        asked = pack or self.settings.report.pack
        outline = outline_of(topic, pack=facet_pack("market" if asked == AS_ASKED else asked, workspace=self.workspace))
        if asked == AS_ASKED and self._has_filing_of(outline.market):
            outline = replace(outline, sections=facet_pack("filings", workspace=self.workspace).facets)
        return narrowed(outline, vocabulary=Vocabulary(arranged(metric_vocabulary(workspace=self.workspace), outline)))

    def _has_filing_of(self, market: str) -> bool:
        """Whether the library holds a filing of the company that a topic's market is: among the documents found first by its name."""
        if not self.record.chunk_count():
            return False
        found = self.retrieval.find(market, k=FILINGS_AMONG, dense=False).passages
        for source in {passage.source.document: passage.source for passage in found}.values():
            text = self.record.document(source.document).text
            cover = cover_of(text)
            if cover is not None and is_on(market, cover, source=source) and is_name_in(market, [text[:COVER]]):
                return True
        return False

    def write(
        self,
        asked: str | Outline,
        *,
        as_of: date,
        scope: Scope = _EVERYTHING,
        template: str = "market_trends",
        known_at: datetime | None = None,
        since: str = "",
    ) -> Report:
        """A report as data on a topic or an outline, from documents in scope published and ingested by ``as_of``; the day ends with UTC's.

        ``known_at`` is a moment of that day, or a later one, to end the record at instead. ``since`` names the edition to compare with, or
        is "none"; without it the latest saved one of the same topic, scope and template with an earlier as-of date is. Raises UsageError
        when nothing is ingested or in scope, or no report is called ``since``.
        """
        outline = asked if isinstance(asked, Outline) else self.outline(asked)
        scope = replace(scope, published_to=min(as_of, scope.published_to or as_of))
        before = self._edition_before(outline.topic, as_of=as_of, scope=scope, template=template, since=since)
        with self._as_known(as_of, known_at=known_at) as record, record.snapshot():
            sources = record.sources(scope)
            if not sources:
                raise UsageError(self._why_nothing_is_in_scope(as_of, scope))
            retrieval = replace(self._retrieval(record), tokens=False)  # a facet asks for a matter, not for words (docs/log.md)
            query = query_prompt(self.settings.search.query_prompt, workspace=self.workspace)
            reached = within_reach(scope, sources=sources, period=outline.period)
            return write_report(
                outline,
                find=lambda questions: retrieval.find_all(questions, k=PASSAGES_A_QUERY, scope=reached),
                document=record.document,
                sources=sources,
                as_of=as_of,
                metrics=metric_vocabulary(workspace=self.workspace),
                embedder=retrieval.embedder.fingerprint,
                statements=retrieval.statements,
                prompts={query.name: query.sha256},
                template=template,
                failed={file.path: file.reason for file in record.files() if file.status == "failed"},
                sketches=_sketches(record, sources),
                sequence=record.sequence(),
                chunks=record.chunk_count(),
                scope=scope,
                known_at=record.known_at(),
                before=before,
            )

    @contextmanager
    def _as_known(self, as_of: date, *, known_at: datetime | None) -> Iterator[Record]:
        """The record as of the end of that day, or of a moment: this one where nothing changed since, or where it was begun later."""
        end = known_at or datetime.combine(as_of, time_of_day.max, tzinfo=UTC)
        last, begun = self.record.known_at(), self.record.begun()
        if last is None or begun is None or last <= end or end < begun:
            yield self.record
            return
        with self.record.as_known(end, prepare=self._embed_again) as record:
            yield record

    def _embed_again(self, record: Record) -> None:
        """Documents that were gone before the library was embedded with the present model."""
        space = record.active_space()
        for document in record.unfilled(space) if space else ():
            if chunks := self._chunk(record.document(document), document_id=document):
                vectors = self.embedder.embed([piece.embedded_text for piece in chunks], kind="document")
                record.fill_aside(document, chunks=chunks, vectors=vectors)

    def _edition_before(self, topic: str, *, as_of: date, scope: Scope, template: str, since: str) -> Report | None:
        if since == "none":
            return None
        name = since or self.record.edition_before(edition_name(topic, scope=scope, template=template), as_of)
        return self.saved(name) if name else None

    def saved(self, what: str) -> Report:
        """A saved report by id, by the beginning of its id, or "last". Raises UsageError for none or several."""
        known = [identity for identity, _ in self.record.reports()]
        found = known[:1] if what == "last" else [identity for identity in known if identity.startswith(what)]
        if len(found) > 1 and what not in found:
            raise UsageError(f"several reports begin with {what!r}: {', '.join(sorted(found)[:5])}; give more of the id")
        identity = what if what in found else found[0] if found else what
        return from_json(self.record.report(identity), name=f"the saved report {identity}")

    def check(self, report: Report) -> CheckResult:
        """Every gate on a report, its quotes looked up in this workspace's documents, and the report in those that it wrote."""
        metrics = metric_vocabulary(workspace=self.workspace)
        return check_report(report, document=self.record.ever, metrics=metrics, saved=self._saved, of_run=self.record.reports_of_run)

    def second_opinion(self, report: Report) -> tuple[ReportCheck, ...] | None:
        """What the checker says of each written sentence, beside what ``check`` finds; None where rag.toml names no checker."""
        return tuple(judged(report, self.checker)) if self.checker is not None else None

    def _saved(self, identity: str) -> Report | None:
        known = {name for name, _ in self.record.reports()}
        return from_json(self.record.report(identity), name=f"the saved report {identity}") if identity in known else None

    def verify(self, text: str) -> ManuscriptCheck:
        """A Markdown report written elsewhere against this workspace's documents, named by path or title."""
        sources = {source.path: source for source in self.record.sources()}
        return verify(
            read_manuscript(text),
            paths=list(sources),
            titles=lambda: {path: source.title for path, source in sources.items()},
            document=lambda path: self.record.document(sources[path].document),
            vocabulary=Vocabulary(metric_vocabulary(workspace=self.workspace)),
        )

    def made_again(self, report: Report) -> Report:
        """The report that the inputs in a manifest give now; equal to it, byte for byte, where nothing of them is lost."""
        made = report.manifest
        again = self.write(
            read_outline(made.outline, at="the report's manifest"),
            as_of=report.as_of,
            scope=made.scope,
            template=made.template,
            known_at=made.known_at,
            since=made.predecessor or "none",
        )
        if made.writer == EXTRACTIVE:
            return again
        midnight = datetime.combine(report.as_of, time_of_day.min, tzinfo=UTC)
        judge = FromRecord(self.settings.checker.model) if self.settings.checker.kind == "llm" else None
        checker = self._judge(judge, clock=lambda: midnight) if judge is not None else self.checker
        return self._worded(again, FromRecord(made.writer), Wording(clock=lambda: midnight), checker=checker)[0]

    def report(
        self,
        asked: str | Outline,
        *,
        as_of: date,
        now: datetime,
        scope: Scope = _EVERYTHING,
        template: str = "",
        formats: Sequence[Format] = (),
        output: Path | None = None,
        since: str = "",
        known_at: datetime | None = None,
        writer: WriterKind | None = None,
        wording: Wording | None = None,
    ) -> WrittenReport:
        """Writes a report on a topic or an outline, checks it, renders it and puts its files down together.

        Nothing is written when a step fails. ``known_at`` as in ``write``; ``writer`` is the one of rag.toml unless given; ``wording``
        tells a door what a model is asked and at which cost. Raises UsageError for a day that has come nowhere on earth.
        """
        if as_of > (now + _FARTHEST_EAST).date():
            raise UsageError(f"a report cannot be as of {as_of}: that day has not come; give today's date or an earlier one")
        chosen = template or self.settings.report.template
        assets.find("templates", chosen, workspace=self.workspace)
        chosen_writer = writer or self.settings.writer.kind
        model = self.llm if chosen_writer != "extractive" else None
        watch = _Watch()
        report = self.write(asked, as_of=as_of, scope=scope, template=chosen, since=since, known_at=known_at)
        watch.lap("write")
        spent: Spent | None = None
        number: int | None = None
        if model is not None:
            request = _request(report, formats=formats, output=output, writer=chosen_writer)
            number = self.calls.request(request, at=now)
            report, spent = self._worded(report, model, wording or Wording(clock=lambda: now), checker=self.checker)
            watch.lap("word")
        paths, notes = self._files(report, template=chosen, formats=formats, output=output)
        name = edition_name(report.title, scope=report.manifest.scope, template=chosen)
        edition, named = Edition(name=name, as_of=as_of, run=report.manifest.run), [row.source.document for row in report.coverage]
        try:
            self.record.save_report(report.id, now, to_json(report), edition=edition, documents=named)
        except DeletedError:
            for path in paths:
                path.unlink(missing_ok=True)
            self._forget_said([call.started for call in self.calls.all()])  # a cache
            raise
        if number is not None:
            self.calls.fulfil(number, report=report.id)
        watch.lap("render")
        check = self.check(report)
        watch.lap("check")
        return WrittenReport(report=report, check=check, paths=paths, seconds=watch.seconds, notes=notes, spent=spent)

    def resume(self, *, now: datetime, wording: Wording | None = None) -> WrittenReport:
        """Goes on with the last report that was begun with a model and is not written. Raises UsageError when there is none."""
        asked = self.calls.unfinished()
        if asked is None:
            raise UsageError("no report waits to be finished; give a TOPIC to begin one")
        return self.report(
            read_outline(asked["outline"], at="the report that was begun"),
            as_of=date.fromisoformat(asked["as_of"]),
            now=now,
            scope=_scope(asked["scope"]),
            template=asked["template"],
            formats=asked["formats"],
            output=Path(asked["output"]) if asked["output"] else None,
            since=asked["since"],
            writer=asked["writer"],
            wording=wording,
        )

    def replay(self, what: str, *, template: str = "", formats: Sequence[Format] = (), output: Path | None = None) -> WrittenReport:
        """Renders a report that was written here once more, from its data alone; ``what`` as in ``saved``."""
        report = self.saved(what)
        watch = _Watch()
        paths, notes = self._files(report, template=template or report.manifest.template, formats=formats, output=output)
        watch.lap("render")
        check = self.check(report)
        watch.lap("check")
        return WrittenReport(report=report, check=check, paths=paths, seconds=watch.seconds, notes=notes)

    def _files(
        self, report: Report, *, template: str, formats: Sequence[Format], output: Path | None
    ) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The report's files, put down together, and what a person should know about them."""
        files = {kind: self._printed(report, kind=kind, template=template) for kind in formats or self.settings.report.formats}
        stem = file_stem(report.title, as_of=report.as_of.isoformat())
        named = {f"{stem}.{_SUFFIXES.get(kind, kind)}": file.data for kind, file in files.items()}
        paths = _put_down(output or self.workspace / REPORTS, named)
        return tuple(paths), tuple(note for file in files.values() for note in file.notes)

    def _worded(self, report: Report, model: Llm, wording: Wording, *, checker: Checker | None) -> tuple[Report, Spent]:
        """The report in the model's words, without those that the checker doubts, and what the wording took."""
        limits = limits_of(self.settings.writer).lowered(wording.caps) if wording.caps else limits_of(self.settings.writer)
        prompts = Prompts(workspace=self.workspace)
        outline = read_outline(report.manifest.outline, at="the report's manifest")
        vocabulary = Vocabulary(arranged(metric_vocabulary(workspace=self.workspace), outline))
        wording.announce(estimate(prompts_of(report, prompts=prompts, vocabulary=vocabulary), limits=limits))
        calls = Calls(llm=model, limits=limits, ledger=self.calls, now=wording.clock, afresh=wording.afresh)
        made = word(
            report,
            calls=calls,
            model=model.model,
            prompts=prompts,
            document=self.record.ever,
            vocabulary=vocabulary,
            before=self.saved(report.manifest.predecessor) if report.manifest.predecessor else None,
            checker=checker,
            tell=wording.tell,
        )
        return made, calls.spent

    def _printed(self, report: Report, *, kind: Format, template: str) -> Printed:
        if kind == "json":
            return Printed(data=to_json(report).encode())
        return printed(report, format=kind, template=template, workspace=self.workspace)

    def _why_nothing_is_in_scope(self, as_of: date, scope: Scope) -> str:
        everything = self.record.sources()
        if not everything:
            return f"nothing is ingested yet; put documents into {', '.join(map(str, self.folders))} and run: rag ingest"
        if said := empty_folders(scope, paths=[source.path for source in everything]):
            return "; ".join(said)
        oldest = min(source.published for source in everything)
        return f"none of the {len(everything)} documents is in scope: the oldest is of {oldest}, the report as of {as_of}; widen the scope"

    def status(self, *, kin: bool = True) -> Status:
        """What is in, what failed and why. Without ``kin`` no documents are compared, which takes a second for 1,440 of them."""
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
            folders=self._known_folders(),
            last_ingest=next((run for run in self.record.runs() if run.kind == "ingest"), None),
            notes=tuple(self.store.notes) if space else (),
        )

    def _known_folders(self) -> tuple[KnownFolder, ...]:
        named = {folder.resolve(): folder for folder in self.folders}
        places = ({folder.name: folder for folder in named} if self.record.sees_all else {}) | self.record.folders()
        forgotten, held = self.record.forgotten(), Counter(file.folder for file in self.record.files() if file.document)
        return tuple(
            KnownFolder(
                name=name,
                path=str(place),
                documents=held[name],
                is_set=place in named,
                is_there=place.is_dir(),
                forgotten=forgotten.get(name, ""),
            )
            for name, place in sorted(places.items())
        )

    # ── upkeep ────────────────────────────────────────────────────────────────────────────────────────────────────

    def forget(self, what: Sequence[str], *, now: datetime, wait_s: float = 0.0) -> Erased:
        """Erases documents for good and remembers to leave them out. Raises UsageError for what is not known, BusyError."""
        with writer_lock(self.workspace, now=now, wait_s=wait_s):
            return erase(self.record, self.store, what, reports=self.workspace / REPORTS, now=now)

    def let_in_again(self, what: Sequence[str], *, now: datetime) -> tuple[str, ...]:
        """Undoes the leaving out; the next ingest reads the files anew."""
        with writer_lock(self.workspace, now=now):
            return let_in_again(self.record, what)

    def back_up(self, to: Path, *, now: datetime) -> Backup:
        """A checked copy in one file. Raises UsageError for a file that exists."""
        return back_up(self.record, to=to, now=now)

    @property
    def folders(self) -> list[Path]:
        """The folders of rag.toml."""
        return [self.workspace / Path(folder).expanduser() for folder in self.settings.folders]

    def _chunk(self, document: Document, *, document_id: str) -> Sequence[Chunk]:
        return chunk(document, document_id=document_id, counter=self.embedder, budget=budget_for(self.embedder))


def verify_in(folder: Path, text: str) -> ManuscriptCheck:
    """A Markdown report written elsewhere against the files of a folder, which are read as they are cited. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; name the one that holds the files the report cites")
    files = {
        file.relative_to(folder).as_posix(): file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith((".", "~$"))
    }
    with ReaderPool() as pool:
        return verify(
            read_manuscript(text),
            paths=list(files),
            titles=cache(lambda: dict(_titles(files, read=pool.read))),
            document=lambda path: pool.read(files[path]),
            vocabulary=Vocabulary(metric_vocabulary()),
        )


def _titles(files: Mapping[str, Path], *, read: Callable[[Path], Document]) -> Iterator[tuple[str, str]]:
    """(path, title) of the files that can be read."""
    for path, file in files.items():
        with suppress(ReadError):
            yield path, read(file).metadata.title


def examine(workspace: Path) -> list[Finding]:
    """The health of a workspace that may be too ill to be opened."""
    return upkeep.examine(
        workspace,
        embedder=lambda setting: embedder_of(setting, workspace=workspace),
        index=lambda setting, record, space: index_of(setting, workspace=workspace, record=record, space=space),
    )


def _turn(kept: KeptTurn) -> Turn:
    return Turn(chat=kept.chat, number=kept.number, asked=kept.asked, answer=answer_from_json(kept.answer))


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


def _sketches(record: Record, sources: Sequence[Source]) -> dict[str, bytes]:
    """Of these documents; one that came before there were sketches, or is gone by now, is sketched from its text."""
    known = record.sketches()
    return {item.document: known.get(item.document) or sketch(record.document(item.document).text) for item in sources}


@dataclass(kw_only=True)
class _Watch:
    """Seconds by step."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        """What passed since the last lap was this step's."""
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


def _request(report: Report, *, formats: Sequence[Format], output: Path | None, writer: WriterKind) -> dict[str, Any]:
    """What `rag report --resume` needs to ask for the same report again."""
    made = report.manifest
    return {
        "outline": made.outline,
        "as_of": report.as_of.isoformat(),
        "scope": {
            "published_from": made.scope.published_from.isoformat() if made.scope.published_from else "",
            "published_to": made.scope.published_to.isoformat() if made.scope.published_to else "",
            "folders": list(made.scope.folders),
            "tags": list(made.scope.tags),
            "documents": list(made.scope.documents),
        },
        "template": made.template,
        "formats": list(formats),
        "output": str(output.absolute()) if output else "",
        "since": made.predecessor or "none",
        "writer": writer,
    }


def _scope(given: Mapping[str, Any]) -> Scope:
    """The scope of a request."""
    first, last = (date.fromisoformat(given[name]) if given[name] else None for name in ("published_from", "published_to"))
    folders, tags, documents = (tuple(given[name]) for name in ("folders", "tags", "documents"))
    return Scope(published_from=first, published_to=last, folders=folders, tags=tags, documents=documents)


def _put_down(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """All files or none: each is written beside its place first, then all are moved there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as waiting:
            for name, data in files.items():
                (Path(waiting) / name).write_bytes(data)
            return [(Path(waiting) / name).replace(folder / name) for name in files]
    except OSError as error:
        raise WorkspaceError(f"cannot write the report to {folder}: {error.strerror}; choose another folder with --output") from error
