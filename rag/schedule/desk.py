"""What is due, and whose turn it is: slots are noted once, a schedule runs in one process at a time, and a run that died is taken up again.

The lease is a file lock of the kernel's: it ends with its holder, however that ends, and needs no clock. Its holder says every few seconds
that it lives; one that hangs keeps the lock and falls silent, and is ended by the next caller on its machine. States in the record:

    due -> running -> published | no_change | held        the run came to an end
              |-> due (not before a later time)           a try failed, or the process died
              |-> failed                                  the last try failed: the schedule's people are told
    due -> skipped                                        paused, missed, overtaken, or cancelled: with the reason
"""

import hashlib
import os
import signal
import socket
import time as clocks
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

from rag.errors import BudgetError, DeletedError, RagError, SettingsError, UsageError
from rag.locks import alone
from rag.record.schedules import Holder, Letter, Schedules, SlotRow
from rag.schedule.definition import Definition
from rag.schedule.slots import Slot, zone_of

LATE = timedelta(hours=1)
"""With catch_up = "none", a slot is missed when nobody came for it within this time."""
MISSED = "missed; the schedule does not catch up"
SILENT = timedelta(minutes=5)
"""A holder of the lease that was not heard of for so long hangs."""
_WAKING_S = 15.0
"""A machine that slept wakes all its processes at once: a silent holder has so long to speak again."""
_DYING_S = 10.0
_LOOKING_S = 2.0
"""For a lease that somebody holds who runs nothing: he looks after a run that ended."""
_FIRST_PAUSE = timedelta(minutes=2)
_LONGEST_PAUSE = timedelta(hours=2)

Publish = Callable[[SlotRow], tuple[SlotRow, Sequence[Letter]]]
"""Makes a slot's report: the slot in a finished state, and what is to be delivered. Raises RagError."""


# ── noting slots ──────────────────────────────────────────────────────────────────────────────────────────────────


def consider(book: Schedules, name: str, definition: Definition, *, now: datetime) -> int:
    """Notes every slot up to now that is not noted yet, each once whoever calls; gives how many are new."""
    paused = book.known()[name]

    def rows(since: datetime) -> list[SlotRow]:
        due = takewhile(lambda slot: slot.due <= now, (slot for slot in definition.rhythm.after(since) if slot.due > since))
        return _noted(list(due), name=name, definition=definition, paused=paused, now=now)

    return book.consider(name, rows=rows, letters=lambda noted: _missed(noted, definition, now=now))


def _missed(noted: Sequence[SlotRow], definition: Definition, *, now: datetime) -> list[Letter]:
    """One message about the slots that nobody came for and nothing makes up for."""
    missed = [row for row in noted if row.reason == MISSED]
    if not missed:
        return []
    last = missed[-1]
    subject = f"{definition.title or last.schedule}: the run of {last.slot} was missed"
    body = signed("\n".join(f"{row.slot}: {row.reason}" for row in missed), definition)
    return letters_for(last, definition, subject=subject, body=body, now=now)


def _noted(due: Sequence[Slot], *, name: str, definition: Definition, paused: bool, now: datetime) -> list[SlotRow]:
    rows = []
    for at, slot in enumerate(due):
        later = due[at + 1] if at + 1 < len(due) else None
        reason = _why_not(slot, later=later, last=due[-1], definition=definition, paused=paused, now=now)
        state: dict[str, object] = {"state": "skipped", "reason": reason, "finished": now} if reason else {"state": "due"}
        rows.append(SlotRow(schedule=name, slot=slot.label, due=slot.due, not_before=slot.due, **state))  # type: ignore[arg-type]
    return rows


def _why_not(slot: Slot, *, later: Slot | None, last: Slot, definition: Definition, paused: bool, now: datetime) -> str:
    """Empty for a slot that is to be run."""
    if paused:
        return "the schedule was paused"
    if later is not None and later.due == slot.due:
        return f"the clocks went forward; it is one with {later.label}"
    if definition.catch_up == "latest" and slot != last:
        return f"missed, and caught up by {last.label}"
    if definition.catch_up == "none" and now - slot.due > LATE:
        return MISSED
    return ""


def note_now(book: Schedules, name: str, *, zone: str, now: datetime) -> SlotRow:
    """A slot of its own, due now, whatever the rhythm says."""
    label = now.astimezone(zone_of(zone)).replace(tzinfo=None, second=0, microsecond=0).isoformat(timespec="minutes")
    row = SlotRow(schedule=name, slot=label, due=now, not_before=now, state="due", reason="asked for")
    book.put(row)
    return row


def note_past(book: Schedules, name: str, definition: Definition, *, first: date, last: date, now: datetime) -> list[SlotRow]:
    """The slots of those days that have no report, due now; a slot that was published or had no news stays as it is."""
    zone = zone_of(definition.zone)
    begin = datetime.combine(first, time(), tzinfo=zone) - timedelta(minutes=1)
    end = min(datetime.combine(last + timedelta(days=1), time(), tzinfo=zone), now)
    noted = []
    for slot in takewhile(lambda slot: slot.due < end, definition.rhythm.after(begin)):
        known = book.slot(name, slot.label)
        if known is None or known.state in ("skipped", "held", "failed"):
            row = SlotRow(schedule=name, slot=slot.label, due=slot.due, not_before=now, state="due", reason="backfilled")
            book.put(row)
            noted.append(row)
    return noted


# ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────


def perform(
    book: Schedules,
    name: str,
    definition: Definition,
    *,
    workspace: Path,
    now: Callable[[], datetime],
    publish: Publish,
    begun: Callable[[], None] = lambda: None,
) -> list[SlotRow]:
    """Runs the schedule's due slots, oldest first; gives those that came to an end. Another process at it decides by ``overlap``.

    ``begun`` is called once the lease is held.
    """
    last = clocks.monotonic() + _LOOKING_S
    while True:
        with lease(workspace, name) as held:
            if held:
                begun()
                return _run_due(book, name, definition, now=now, publish=publish)
        if running := book.slots(name, states=["running"]):
            return _overlap(book, name, definition, since=min(row.started or row.due for row in running), now=now())
        if clocks.monotonic() > last:  # between two runs, or about to begin: its holder sees what is due
            return []
        clocks.sleep(0.05)


def _run_due(book: Schedules, name: str, definition: Definition, *, now: Callable[[], datetime], publish: Publish) -> list[SlotRow]:
    ended = recover(book, name, definition, now=now())
    for row in reversed(book.slots(name, states=["due"])):
        if row.not_before <= now():
            ended += _run(book, row, definition, now=now, publish=publish)
    return ended


def _run(book: Schedules, row: SlotRow, definition: Definition, *, now: Callable[[], datetime], publish: Publish) -> list[SlotRow]:
    running = replace(row, state="running", tries=row.tries + 1, started=now(), finished=None, reason="", cancel=False)
    book.put(running)
    try:
        made, letters = publish(running)
    except RagError as error:
        final = isinstance(error, UsageError | SettingsError | BudgetError) and not isinstance(error, DeletedError)
        return fail(book, running, definition, reason=str(error), now=now(), final=final)
    done = replace(made, finished=now())
    book.put(done, letters=letters)
    return [done]


def fail(book: Schedules, row: SlotRow, definition: Definition, *, reason: str, now: datetime, final: bool = False) -> list[SlotRow]:
    """A try that failed: again later, or, after the last, failed for good and told to the schedule's people."""
    if not final and row.tries < definition.tries:
        pause = min(_FIRST_PAUSE * 4 ** (row.tries - 1), _LONGEST_PAUSE)
        book.put(replace(row, state="due", reason=reason, not_before=now + pause))
        return []
    failed = replace(row, state="failed", reason=reason, finished=now)
    subject = f"{definition.title or row.schedule}: the run of {row.slot} failed"
    book.put(failed, letters=letters_for(failed, definition, subject=subject, body=signed(reason, definition), now=now))
    return [failed]


def recover(book: Schedules, name: str, definition: Definition, *, now: datetime) -> list[SlotRow]:
    """Runs whose process is gone, as seen by the holder of the lease: cancelled ones are skipped, the others tried again."""
    ended = []
    for row in book.slots(name, states=["running"]):
        if row.cancel:
            skipped = replace(row, state="skipped", reason="cancelled by the next slot", finished=now)
            subject = f"{definition.title or row.schedule}: the run of {row.slot} was cancelled"
            book.put(skipped, letters=letters_for(skipped, definition, subject=subject, body=signed(skipped.reason, definition), now=now))
            ended.append(skipped)
        elif row.reason:  # its own watch wrote it down before ending it
            ended += fail(book, row, definition, reason=row.reason, now=now)
        elif row.tries >= definition.tries:
            ended += fail(book, row, definition, reason="its process died", now=now)
        else:
            book.put(replace(row, state="due", reason="its process died", not_before=now))
    return ended


def _overlap(book: Schedules, name: str, definition: Definition, *, since: datetime, now: datetime) -> list[SlotRow]:
    """What becomes of slots that came due while a run of the same schedule goes on ``since`` then. Its retries are not meant, and not the
    slots that were caught up or asked for together with it.
    """
    fresh = [row for row in book.slots(name, states=["due"]) if not row.tries and row.not_before <= now and row.due > since]
    if definition.overlap == "skip":
        skipped = [replace(row, state="skipped", reason="the run before it still went on", finished=now) for row in fresh]
        for row in skipped:
            subject = f"{definition.title or row.schedule}: the run of {row.slot} was skipped"
            book.put(row, letters=letters_for(row, definition, subject=subject, body=signed(row.reason, definition), now=now))
        return skipped
    if definition.overlap == "cancel" and fresh:
        book.ask_to_cancel(name)
    return []


def lease(workspace: Path, name: str) -> AbstractContextManager[bool]:
    """True while this process alone may run the schedule."""
    return alone(workspace / f".schedule-{name}.lock", flags=os.O_RDWR | os.O_CREAT)


def here() -> str:
    """The machine, and on Linux which of its process numbers are meant: a container has its own."""
    with suppress(OSError):
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def end_silent(book: Schedules, name: str, *, workspace: Path, now: Callable[[], datetime], waking_s: float = _WAKING_S) -> bool:
    """Ends the process that holds the lease on this machine when it was silent for too long; the lease and the run are free then."""
    holder = book.holder(name)
    if holder is None or holder.host != here() or not is_silent(holder, now=now()) or is_free(workspace, name):
        return False
    clocks.sleep(waking_s)
    if book.holder(name) != holder or is_free(workspace, name):
        return False
    for row in book.slots(name, states=["running"]):
        book.put(replace(row, reason=f"its process hung: nothing was heard of it since {holder.beat:%H:%M} UTC"))
    with suppress(ProcessLookupError):
        os.kill(holder.pid, signal.SIGKILL)
    last = clocks.monotonic() + _DYING_S
    while not is_free(workspace, name) and clocks.monotonic() < last:
        clocks.sleep(0.05)
    return True


def is_silent(holder: Holder | None, *, now: datetime) -> bool:
    """True for one that was not heard of for too long."""
    return holder is not None and now - holder.beat >= SILENT


def is_free(workspace: Path, name: str) -> bool:
    """True when nobody runs the schedule at this moment."""
    with lease(workspace, name) as held:
        return held


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────


def signed(text: str, definition: Definition) -> str:
    """With the name of who looks after the schedule."""
    return f"{text}\nOwner: {definition.owner}" if definition.owner else text


def letters_for(
    row: SlotRow, definition: Definition, *, subject: str, body: str, now: datetime, files: dict[str, str] | None = None
) -> list[Letter]:
    """One message for each of the schedule's deliveries; the same slot, outcome, reason and channel give the same id."""
    made = []
    for delivery in definition.deliver:
        channel = delivery.model_dump_json()
        told = (row.schedule, row.slot, row.state, channel, row.reason)
        identity = hashlib.sha256("\x1f".join(told).encode()).hexdigest()[:20]
        letter = Letter(
            id=identity,
            schedule=row.schedule,
            slot=row.slot,
            channel=channel,
            subject=subject,
            body=body,
            files=files or {},
            not_before=now,
        )
        made.append(letter)
    return made
