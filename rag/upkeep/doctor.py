"""The health of a workspace: settings, record, index, model, folders and disk, each with what to do."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from rag import config
from rag.config import EmbedderSettings, RerankerSettings, Settings, StoreSettings
from rag.embedders.engine import Engine
from rag.errors import RagError
from rag.ports import Embedder, Index, telling
from rag.prompts import query_prompt
from rag.readers import tesseract
from rag.record import Record, Space
from rag.weights import is_here

Indexes: TypeAlias = Callable[[StoreSettings, Record, Space], Index]
State = Literal["ok", "warning", "broken"]

_FREE_BYTES = 1_000_000_000
_TIMES_RECORD = 3
"""Compacting and a new generation of the index each need about the record's size beside it."""
_MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was looked at and how it is."""

    about: str
    """settings, record, index, model, reranker, ocr, folder or disk."""
    state: State
    message: str
    next: str = ""
    """What to do; empty when nothing is."""


def examine(workspace: Path, *, embedder: Callable[[EmbedderSettings], Embedder], index: Indexes) -> list[Finding]:
    """Everything that can be looked at without a download or a network. Reads all of the record and the index."""
    settings, found = _settings(workspace)
    found += _record(workspace, settings, embedder=embedder, index=index)
    if settings:
        found += _reranker(settings.reranker)
        found += _ocr(settings)
        found += [_folder(workspace / Path(folder).expanduser()) for folder in settings.folders]
    return [*found, _disk(workspace)]


def _settings(workspace: Path) -> tuple[Settings | None, list[Finding]]:
    try:
        settings = config.load(workspace)
    except RagError as error:
        return None, [_broken("settings", error)]
    try:
        query_prompt(settings.search.query_prompt, workspace=workspace)
    except RagError as error:
        return settings, [_broken("settings", error)]
    return settings, [Finding(about="settings", state="ok", message=f"{workspace / config.FILE_NAME} can be used")]


def _broken(about: str, error: RagError) -> Finding:
    what, _, then = str(error).partition("; ")
    return Finding(about=about, state="broken", message=what, next=then)


def _record(
    workspace: Path, settings: Settings | None, *, embedder: Callable[[EmbedderSettings], Embedder], index: Indexes
) -> list[Finding]:
    try:
        with Record.open(workspace / "library.db") as record:
            found = list(_faults(record))
            if settings:
                found += _index(workspace, record, opened=lambda space: index(settings.store, record, space))
                found += _model(settings.embedder, record, embedder=embedder)
            return found
    except RagError as error:
        return [_broken("record", error)]


def _faults(record: Record) -> Iterator[Finding]:
    faults = record.faults()
    for fault in faults:
        if fault.startswith(("the lexical index", "codes that were put together")):
            yield Finding(about="record", state="broken", message=fault, next="run `rag doctor --repair`: it is made anew")
        else:
            then = "put a backup in its place with `rag restore`, or move it away and run `rag init` and `rag ingest`"
            yield Finding(about="record", state="broken", message=f"{record.path} is damaged: {fault}", next=then)
    if not faults:
        failed = sum(row.status == "failed" for row in record.files())
        message = f"{len(record.sources()):,} documents, {record.chunk_count():,} chunks; file, references and lexical index agree"
        yield Finding(about="record", state="ok", message=message)
        if record.is_erasing:
            message = "a `rag forget` goes on, or was cut off: bytes of what it erased may still stand in the workspace"
            yield Finding(about="record", state="warning", message=message, next="run the same `rag forget` again: it finishes")
        if failed:
            yield Finding(about="record", state="warning", message=f"{failed:,} files could not be read", next="see `rag status --failed`")


def _index(workspace: Path, record: Record, *, opened: Callable[[Space], Index]) -> Iterator[Finding]:
    space = record.active_space()
    if space is None:
        yield Finding(about="index", state="ok", message="none yet: nothing was ingested")
        return
    try:
        index = opened(space)
    except RagError as error:
        yield _broken("index", error)
        return
    with index as store:
        store.read_through()
        for note in store.notes:
            what, _, then = note.partition("; ")
            yield Finding(about="index", state="broken", message=what, next=then)
        applied, delta = store.applied, record.changed_since(store.applied)
        if applied > record.sequence():
            message = "the index is newer than the record: a backup was put back"
            yield Finding(about="index", state="warning", message=message, next="run `rag ingest`: it makes a new one without embedding")
        elif not store.notes:
            yield Finding(
                about="index", state="ok", message=f"{store.count:,} chunks; {delta:,} changed since, which searches scan exactly"
            )
    if leftovers := [path for path in (workspace / "index").glob("build-*") if path.is_dir()]:
        message = f"{len(leftovers)} unfinished generations of killed runs, or one in the making"
        yield Finding(about="index", state="ok", message=message, next="the next `rag ingest` removes them")


def _model(setting: EmbedderSettings, record: Record, *, embedder: Callable[[EmbedderSettings], Embedder]) -> Iterator[Finding]:
    try:
        if setting.kind == "sentence-transformers" and not is_here(setting.model, revision=setting.revision):
            message = f"{setting.model} is not on this machine"
            yield Finding(
                about="model", state="broken", message=message, next=f"run `hf download {setting.model}`, or set another embedder"
            )
            return
        chosen = embedder(setting)
        fingerprint, space = chosen.fingerprint, record.active_space()
    except RagError as error:
        yield _broken("model", error)
        return
    if space and space.fingerprint != fingerprint:
        stored = space.fingerprint
        message = f"the library was embedded with {stored.beside(fingerprint)}, the settings name {fingerprint.beside(stored)}"
        yield Finding(about="model", state="broken", message=message, next="run `rag ingest --re-embed`, or set the former model again")
        return
    where = f"is asked at {setting.base_url}, not tried here" if setting.kind == "openai" else f"is on this machine{_engine(chosen)}"
    yield Finding(about="model", state="ok", message=f"{fingerprint.model} {where}")
    if space and telling(chosen) and (waiting := record.count_without_token_codes()):
        message = f"{waiting:,} passages wait to be told of word by word; searches that meet one compare no single words"
        yield Finding(about="model", state="warning", message=message, next="run `rag ingest`: it goes on with them, ten minutes each time")


def _reranker(setting: RerankerSettings) -> list[Finding]:
    """Nothing where none is set."""
    if not setting.model:
        return []
    if setting.kind != "cross-encoder":
        return [Finding(about="reranker", state="ok", message=f"{setting.model} is asked at {setting.base_url}, not tried here")]
    if is_here(setting.model, revision=setting.revision):
        return [Finding(about="reranker", state="ok", message=f"{setting.model} is on this machine")]
    then = f'run `hf download {setting.model}`, or leave reranker.model empty ("")'
    return [Finding(about="reranker", state="broken", message=f"{setting.model} is not on this machine", next=then)]


def _engine(embedder: Embedder) -> str:
    engine: Engine | None = getattr(embedder, "engine", None)
    return f" and runs by {engine.described}" if engine else ""


def _ocr(settings: Settings) -> list[Finding]:
    if settings.ocr == "off":
        return []
    try:
        ocr = tesseract(settings.ocr_languages)
    except RagError as error:
        return [_broken("ocr", error)]
    return [Finding(about="ocr", state="ok", message=f"{ocr.program} reads {', '.join(settings.ocr_languages)}")]


def _folder(folder: Path) -> Finding:
    then = "mount it, make it readable for this user, or change folders in rag.toml; until then nothing of it is deleted"
    if not folder.is_dir():
        return Finding(about="folder", state="broken", message=f"{folder} is not there", next=then)
    try:
        with os.scandir(folder) as entries:
            filled = next(entries, None) is not None
    except OSError as error:
        return Finding(about="folder", state="broken", message=f"{folder} cannot be read: {error.strerror}", next=then)
    if not filled:
        return Finding(
            about="folder", state="warning", message=f"{folder} is empty", next="put documents into it, or mount the disk it is on"
        )
    return Finding(about="folder", state="ok", message=f"{folder} can be read")


def _disk(workspace: Path) -> Finding:
    record = workspace / "library.db"
    needed = max(_FREE_BYTES, _TIMES_RECORD * (record.stat().st_size if record.exists() else 0))
    free = shutil.disk_usage(workspace if workspace.exists() else Path.cwd()).free
    message = f"{free // _MEGABYTE:,} MB free"
    if free >= needed:
        return Finding(about="disk", state="ok", message=message)
    then = f"free some: {needed // _MEGABYTE:,} MB are enough for an index, a backup and a compaction"
    return Finding(about="disk", state="warning", message=message, next=then)
