"""A schedule that a person looks at, pauses or asks for, whichever door they come by."""

from datetime import datetime
from pathlib import Path

from rag.errors import UsageError
from rag.record.schedules import Schedules, SlotRow
from rag.schedule.definition import FOLDER, Definition, definitions, read_definition
from rag.schedule.desk import consider, note_now


def text_of(workspace: Path, name: str) -> str:
    """What its file says. Raises UsageError for an unknown one."""
    found = definitions(workspace)
    if name not in found:
        raise UsageError(f"no schedule {name!r}; there is: {', '.join(found) or 'none'}")
    return found[name]


def definition_of(workspace: Path, name: str, *, book: Schedules, now: datetime) -> Definition:
    """The schedule, whose slots count from now on where it was not known. Raises UsageError, SettingsError."""
    definition = read_definition(text_of(workspace, name), at=f"{FOLDER}/{name}.toml")
    book.begin(name, since=now)
    return definition


def set_paused(workspace: Path, name: str, *, book: Schedules, paused: bool, now: datetime) -> None:
    """From now on; what was due until now counts as before. Raises UsageError, SettingsError."""
    definition = definition_of(workspace, name, book=book, now=now)
    consider(book, name, definition, now=now)
    book.pause(name, paused=paused)


def ask_for(workspace: Path, name: str, *, book: Schedules, now: datetime) -> SlotRow:
    """A run beside its slots, due now. Raises UsageError where one waits or goes on already, and for an unknown schedule."""
    definition = definition_of(workspace, name, book=book, now=now)
    if waiting := [row for row in book.slots(name, states=["due", "running"]) if row.state == "running" or row.not_before <= now]:
        raise UsageError(
            f"the run of {waiting[-1].slot} {'goes on' if waiting[-1].state == 'running' else 'waits'} already; look again later"
        )
    return note_now(book, name, zone=definition.zone, now=now)
