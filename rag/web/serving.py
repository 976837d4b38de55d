"""What one server works with, and the verbs over the library that the page and the API share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request

from rag.app import DOCUMENTS, Library
from rag.errors import UsageError
from rag.record import FileRow
from rag.report import to_json
from rag.schedule import Health, healths
from rag.types import Report, Scope, Source
from rag.web.desks import Desks
from rag.web.runs import Job, Run, Runs
from rag.web.uploads import folder_for, keep, safe_name
from rag.web.watch import Numbers
from rag.web.who import Key

MEDIA = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csl": "application/vnd.citationstyles.csl+json",
    "bib": "application/x-bibtex; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
"""Format of a report -> its media type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """The parts of one server."""

    workspace: Path
    desks: Desks
    runs: Runs
    numbers: Numbers
    key: Key
    clock: Callable[[], datetime]

    def begin(self, job: Job) -> Run:
        """Begins a run."""
        run = self.runs.begin(job, now=self.clock())
        self.numbers.begun(run)
        return run


def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.serving
    return serving


Here = Annotated[Serving, Depends(_serving)]
"""What a route asks for."""


def scope_of(published_from: date | None, published_to: date | None, folders: list[str], tags: list[str]) -> Scope:
    """Raises UsageError for days in the wrong order."""
    if published_from and published_to and published_from > published_to:
        raise UsageError(f"the first day, {published_from}, is after the last, {published_to}")
    return Scope(
        published_from=published_from,
        published_to=published_to,
        folders=tuple(folder.strip("/") for folder in folders),
        tags=tuple(tag.lower() for tag in tags),
    )


def documents(library: Library, *, words: str = "") -> list[Source]:
    """The documents whose title or path holds all the words, by path."""
    wanted = words.lower().split()
    return [one for one in library.record.sources() if all(word in f"{one.title} {one.path}".lower() for word in wanted)]


def take_in(library: Library, files: list[tuple[str, BinaryIO]]) -> list[str]:
    """Puts uploaded files where documents lie; their names there. Raises UsageError, UnsupportedFormatError before any is kept."""
    named = [(safe_name(name), file) for name, file in files]
    if not named:
        raise UsageError("no file came; choose one or more")
    folder = folder_for(library.folders, own=library.workspace / DOCUMENTS)
    return [keep(file, name=name, folder=folder).name for name, file in named]


def heads(library: Library) -> list[dict[str, Any]]:
    """id, title, as-of date and day of the saved reports, newest first."""
    return [
        {
            "id": head.id,
            "created": head.created.isoformat(timespec="minutes"),
            "title": head.title,
            "as_of": head.as_of.isoformat(),
            "writer": head.writer,
        }
        for head in library.record.report_heads()
    ]


def report_file(library: Library, what: str, kind: str) -> tuple[Report, bytes]:
    """A saved report in a format. Raises UsageError for an unknown report or format."""
    from rag.render import printed

    if kind not in MEDIA:
        raise UsageError(f"{kind!r} is not one of {', '.join(MEDIA)}")
    report = library.saved(what)
    if kind == "json":
        return report, to_json(report).encode()
    return report, printed(report, format=kind, template=report.manifest.template, workspace=library.workspace).data


def schedules(library: Library, *, now: datetime) -> list[Health]:
    """How each schedule does."""
    return healths(library.workspace, library.record.schedules, now=now)


def troubled(library: Library) -> dict[str, list[FileRow]]:
    """Files that are not in search, by what became of them."""
    files = library.record.files()
    return {state: [file for file in files if file.status == state] for state in ("failed", "missing", "skipped")}
