"""What one server works with, and the verbs over the library that the page and the API share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request

from rag.app import DOCUMENTS, Library, Status
from rag.desks import OwnDesks, OwnWriters
from rag.errors import AccessError, UsageError
from rag.record import FileRow
from rag.report import to_json
from rag.schedule import Health, healths, make, owners_of
from rag.types import STRANGER, Reader, Report, Scope, Source
from rag.web.accounts import Accounts
from rag.web.own import OwnRuns
from rag.web.runs import Job, Run
from rag.web.uploads import folder_for, keep, safe_name
from rag.web.watch import Numbers
from rag.web.who import Key, Person

LARGEST_NUMBER = (1 << 63) - 1
"""SQLite's."""
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
    reader: Reader
    """Who asks; desks, runs and writers are theirs."""
    desks: OwnDesks
    runs: OwnRuns
    writers: OwnWriters
    numbers: Numbers
    key: Key
    clock: Callable[[], datetime]
    accounts: Accounts
    session: str
    """The cookie of users."""
    address: str = ""
    """Where people reach this server, such as "https://research.example.org"; empty: as each request says."""

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.address.startswith("https://")

    def of(self, reader: Reader) -> "Serving":
        """The same parts, as this person may use them."""
        own = {name: replace(getattr(self, name), reader=reader) for name in ("desks", "runs", "writers")}
        return replace(self, reader=reader, **own)

    def busy(self) -> list[dict[str, Any]]:
        """The runs that go on, newest first."""
        return [run.as_data() for run in self.runs.all() if not run.ended]

    def begin(self, job: Job) -> Run:
        """Begins a run."""
        run = self.runs.begin(job, now=self.clock())
        self.numbers.begun(run)
        return run


def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.serving
    person: Person | None = request.scope.get("person")
    return serving.of(person.reader if person else STRANGER)


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
    folder = folder_for(_open_to(library, [name for name, _ in named]), own=library.workspace / DOCUMENTS)
    return [keep(file, name=name, folder=folder).name for name, file in named]


def _open_to(library: Library, names: list[str]) -> list[Path]:
    """The folders in which this person would see the files that they add. Raises AccessError where there is none."""
    found = [folder for folder in library.folders if all(library.record.sees(f"{folder.resolve().name}/{name}") for name in names)]
    if library.folders and not found:
        raise AccessError("you may not see what is added to the folders of this library, so you cannot add to them; ask an admin")
    return found


def without_places(state: Status) -> Status:
    """The same, without where on the server's disk it all lies."""
    return replace(state, workspace="", folders=tuple(replace(folder, path="") for folder in state.folders))


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


def schedules(library: Library, *, now: datetime, reader: Reader) -> list[Health]:
    """How each schedule does; an admin's are all, others see those that they own."""
    owners = owners_of(library.workspace)
    found = healths(library.workspace, library.record.schedules, now=now)
    return [one for one in found if reader.sees_all or owners.get(one.name) == reader.name]


def own_schedule(library: Library, name: str, *, now: datetime, reader: Reader) -> Health:
    """One of those. Raises UsageError for another's as for none."""
    found = schedules(library, now=now, reader=reader)
    if name not in (known := [one.name for one in found]):
        raise UsageError(f"no schedule {name!r}; there is: {', '.join(known) or 'none'}")
    return found[known.index(name)]


def make_schedule(library: Library, values: Mapping[str, Any], *, now: datetime, reader: Reader) -> str:
    """A new one that runs as this person; its name. ``values``: key of a definition -> value. Raises DefinitionError, WorkspaceError.

    It delivers to nobody: channels name secrets and places of this machine, which are the business of whoever runs it.
    """
    return make(library, {**values, "owner": reader.name if reader.user else ""}, now=now)


def troubled(library: Library) -> dict[str, list[FileRow]]:
    """Files that are not in search, by what became of them."""
    files = library.record.files()
    return {state: [file for file in files if file.status == state] for state in ("failed", "missing", "skipped")}
