"""Silence is an alarm: which schedules are late, missing, failing or thin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Literal

from rag.errors import RagError
from rag.record.schedules import Schedules, SlotRow
from rag.schedule.definition import FOLDER, Definition, definitions, read_definition
from rag.schedule.desk import is_silent
from rag.schedule.slots import zone_of

LATE = timedelta(minutes=30)
"""A slot that nobody has come to an end with for so long beyond the time a run may take."""

HealthState = Literal["ok", "paused", "thin", "missing", "late", "failing", "broken"]
_NOTHING_LOST = ("the schedule was paused", "the clocks went forward", "missed, and caught up")
"""How the reason of a skipped slot begins when its report is not missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How one schedule does."""

    name: str
    state: HealthState
    said: str
    """In one line: what is wrong and since when, or when it is due next."""
    next: datetime | None
    """UTC; None for one whose file cannot be used."""
    last: SlotRow | None
    """The last slot that was not skipped."""

    @property
    def needs_a_person(self) -> bool:
        """It does not get well by itself."""
        return self.state in ("missing", "late", "failing", "broken")


def healths(workspace: Path, book: Schedules, *, now: datetime) -> list[Health]:
    """Every schedule of the workspace, by name, then those that lost their file."""
    known = book.known()
    texts = definitions(workspace)
    found = [_health(name, text, book, paused=known.get(name, False), now=now) for name, text in texts.items()]
    gone = sorted(set(known) - set(texts))
    return found + [_broken(name, f"{FOLDER}/{name}.toml is gone; put it back, or run: rag schedule remove {name}") for name in gone]


def _broken(name: str, said: str) -> Health:
    return Health(name=name, state="broken", said=said, next=None, last=None)


def _health(name: str, text: str, book: Schedules, *, paused: bool, now: datetime) -> Health:
    try:
        definition = read_definition(text, at=f"{FOLDER}/{name}.toml")
    except RagError as error:
        return _broken(name, str(error))
    coming = next(definition.rhythm.after(now)).due
    last = next((row for row in book.slots(name) if row.state not in ("skipped", "due", "running")), None)
    state, said = _judged(name, definition, book, paused=paused, last=last, coming=coming, now=now)
    return Health(name=name, state=state, said=said, next=coming, last=last)


def _judged(
    name: str, definition: Definition, book: Schedules, *, paused: bool, last: SlotRow | None, coming: datetime, now: datetime
) -> tuple[HealthState, str]:
    if paused:
        return "paused", f"go on with: rag schedule resume {name}"
    if hung := _silent_run(name, book, now=now):
        return "late", hung
    if missed := _oldest_open(name, definition, book, now=now):
        return "late", f"the run of {missed} has not come to an end; is `rag run-due` called every few minutes?"
    if given_up := [letter for letter in book.letters(state="given_up") if letter.schedule == name]:
        return "failing", f"a message of {given_up[-1].slot} could not be delivered: {given_up[-1].error}"
    if last is not None and last.state in ("failed", "held"):
        return "failing", f"{last.slot}: {last.reason}"
    newest = next(iter(book.slots(name, limit=1)), None)
    if newest is not None and newest.state == "skipped" and not newest.reason.startswith(_NOTHING_LOST):
        return "missing", f"no report of {newest.slot}: {newest.reason}; make it with: rag schedule backfill {name} --from DAY --to DAY"
    due = f"next {coming.astimezone(zone_of(definition.zone)):%a %Y-%m-%d %H:%M}"
    if last is not None and last.state == "published" and last.reason:
        return "thin", f"{last.slot}: {last.reason}; {due}"
    return "ok", due + (f", last {last.slot} {last.state.replace('_', ' ')}" if last is not None else ", never run yet")


def _silent_run(name: str, book: Schedules, *, now: datetime) -> str:
    """Why a run that goes on is no good sign; empty when there is none, or it was heard of lately."""
    holder, running = book.holder(name), book.slots(name, states=["running"])
    if holder is None or not running or not is_silent(holder, now=now):
        return ""
    where = holder.host.partition(" ")[0]
    return f"nothing was heard of the run of {running[-1].slot} since {holder.beat:%Y-%m-%d %H:%M} UTC: call `rag run-due` on {where}"


def _oldest_open(name: str, definition: Definition, book: Schedules, *, now: datetime) -> str:
    """The oldest slot that is overdue: noted and not ended, or not even noted. Empty when there is none."""
    patience = now - LATE - timedelta(minutes=definition.limits.minutes)
    open_slots = [row for row in book.slots(name, states=["due", "running"]) if row.due < patience]
    if open_slots or name not in book.known():
        return open_slots[-1].slot if open_slots else ""
    since = book.since(name)
    return next((slot.label for slot in takewhile(lambda one: one.due < patience, definition.rhythm.after(since)) if slot.due > since), "")
