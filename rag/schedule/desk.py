"""What is due, and whose turn it is: slots are noted once, a schedule runs in one process at a time, and a run that died is taken up again.

The lease is a file lock of the kernel's: it ends with its holder, however that ends, and needs no clock. States in the record:

    due -> running -> published | no_change | held        the run came to an end
              |-> due (not before a later time)           a try failed, or the process died
              |-> failed                                  the last try failed: the schedule's people are told
    due -> skipped                                        paused, missed, overtaken, or cancelled: with the reason
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

from rag.errors import RagError, SettingsError, UsageError
from rag.record.schedules import Letter, Schedules, SlotRow
from rag.schedule.definition import Definition
from rag.schedule.slots import Slot, zone_of

LATE = timedelta(hours=1)
"""With catch_up = "none", a slot is missed when nobody came for it within this time."""
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

    return book.consider(name, rows=rows)


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
        return "missed; the schedule does not catch up"
    return ""


def note_now(book: Schedules, name: str, *, zone: str, now: datetime) -> SlotRow:
    """A slot of its own, due now, whatever the rhythm says."""
    label = now.astimezone(zone_of(zone)).replace(tzinfo=None, second=0, microsecond=0).isoformat(timespec="minutes")
    row = SlotRow(schedule=name, slot=label, due=now, not_before=now, state="due", reason="asked for")
    book.put(row)
    return row


def note_past(book: Schedules, name: str, definition: Definition, *, first: date, last: date, now: datetime) -> list[SlotRow]:
    """The slots of those days that were never run, due now; a slot that was run stays as it is."""
    zone = zone_of(definition.zone)
    begin = datetime.combine(first, time(), tzinfo=zone) - timedelta(minutes=1)
    end = min(datetime.combine(last + timedelta(days=1), time(), tzinfo=zone), now)
    noted = []
    for slot in takewhile(lambda slot: slot.due < end, definition.rhythm.after(begin)):
        known = book.slot(name, slot.label)
        if known is None or known.state == "skipped":
            row = SlotRow(schedule=name, slot=slot.label, due=slot.due, not_before=now, state="due", reason="backfilled")
            book.put(row)
            noted.append(row)
    return noted


# ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────


def perform(
    book: Schedules, name: str, definition: Definition, *, workspace: Path, now: Callable[[], datetime], publish: Publish
) -> list[SlotRow]:
    """Runs the schedule's due slots, oldest first; gives those that came to an end. Another process at it decides by ``overlap``."""
    with lease(workspace, name) as held:
        if not held:
            return _overlap(book, name, definition, now=now())
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
        final = isinstance(error, UsageError | SettingsError)
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
    book.put(failed, letters=letters_for(failed, definition, subject=f"{row.schedule}: the run of {row.slot} failed", body=reason, now=now))
    return [failed]


def recover(book: Schedules, name: str, definition: Definition, *, now: datetime) -> list[SlotRow]:
    """Runs whose process is gone, as seen by the holder of the lease: cancelled ones are skipped, the others tried again."""
    ended = []
    for row in book.slots(name, states=["running"]):
        if row.cancel:
            skipped = replace(row, state="skipped", reason="cancelled by the next slot", finished=now)
            book.put(skipped)
            ended.append(skipped)
        elif row.reason:  # its own watch wrote it down before ending it
            ended += fail(book, row, definition, reason=row.reason, now=now)
        elif row.tries >= definition.tries:
            ended += fail(book, row, definition, reason="its process died", now=now)
        else:
            book.put(replace(row, state="due", reason="its process died", not_before=now))
    return ended


def _overlap(book: Schedules, name: str, definition: Definition, *, now: datetime) -> list[SlotRow]:
    """What becomes of slots that are due while a run of the same schedule goes on. The run's own retries are not meant."""
    fresh = [row for row in book.slots(name, states=["due"]) if not row.tries and row.not_before <= now]
    if definition.overlap == "skip":
        skipped = [replace(row, state="skipped", reason="the run before it still went on", finished=now) for row in fresh]
        for row in skipped:
            book.put(row)
        return skipped
    if definition.overlap == "cancel" and fresh:
        book.ask_to_cancel(name)
    return []


@contextmanager
def lease(workspace: Path, name: str) -> Iterator[bool]:
    """True while this process alone may run the schedule."""
    handle = os.open(workspace / f".schedule-{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────


def letters_for(
    row: SlotRow, definition: Definition, *, subject: str, body: str, now: datetime, files: dict[str, str] | None = None
) -> list[Letter]:
    """One message for each of the schedule's deliveries; the same slot, outcome and channel give the same id."""
    import hashlib

    made = []
    for delivery in definition.deliver:
        channel = delivery.model_dump_json()
        identity = hashlib.sha256("\x1f".join((row.schedule, row.slot, row.state, channel)).encode()).hexdigest()[:20]
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
