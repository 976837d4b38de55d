"""Schedules in the record: slots and what became of them, and the outbox."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rag.record import schema
from rag.record.faults import translated

SlotState = Literal["due", "running", "published", "no_change", "held", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotRow:
    """A slot and what became of it."""

    schedule: str
    slot: str
    """The wall clock's minute."""
    due: datetime
    state: SlotState
    reason: str = ""
    """Why it was skipped, held or failed."""
    tries: int = 0
    not_before: datetime
    definition: str = ""
    """As it was when the run began."""
    evidence: str = ""
    report: str = ""
    """Id of the report that was written."""
    started: datetime | None = None
    finished: datetime | None = None
    cancel: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A message to be delivered."""

    id: str
    schedule: str
    slot: str
    channel: str
    """JSON of the delivery."""
    subject: str
    body: str
    files: Mapping[str, str]
    """File name -> path relative to the workspace."""
    state: Literal["waiting", "sent", "given_up"] = "waiting"
    tries: int = 0
    not_before: datetime
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who runs a schedule."""

    host: str
    pid: int
    beat: datetime
    """When it was last heard of."""


_SLOT = "schedule, slot, due, state, reason, tries, not_before, definition, evidence, report, started, finished, cancel"
_LETTER = "id, schedule, slot, channel, subject, body, files, state, tries, not_before, error"


class Schedules:
    """The tables of schedules on a record's connection. Several processes may use them at once; each method is one transaction."""

    def __init__(self, connection: sqlite3.Connection, *, path: Path) -> None:
        self._connection = connection
        self._path = path

    # ── schedules ─────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, name: str, *, since: datetime) -> bool:
        """A schedule whose slots count from ``since``; one that is known keeps its own. Whether it is new."""
        with self._transaction():
            made = self._connection.execute("INSERT OR IGNORE INTO schedules (name, since) VALUES (?, ?)", [name, _text(since)])
            return made.rowcount > 0

    def pause(self, name: str, *, paused: bool) -> None:
        """Slots of a paused schedule are skipped."""
        with self._transaction():
            self._connection.execute("UPDATE schedules SET paused = ? WHERE name = ?", [int(paused), name])

    def remove(self, name: str) -> None:
        """The schedule; its slots stay as history, those still due are skipped."""
        with self._transaction():
            self._connection.execute("DELETE FROM schedules WHERE name = ?", [name])
            self._connection.execute(
                "UPDATE slots SET state = 'skipped', reason = 'the schedule was removed' WHERE schedule = ? AND state = 'due'", [name]
            )

    def known(self) -> dict[str, bool]:
        """Name -> whether it is paused."""
        return {name: bool(paused) for name, paused in self._rows("SELECT name, paused FROM schedules ORDER BY name")}

    def since(self, name: str) -> datetime:
        """Slots up to here have been considered: the last one known, or the schedule's beginning."""
        sql = "SELECT max(since, coalesce((SELECT max(due) FROM slots WHERE schedule = name), since)) FROM schedules WHERE name = ?"
        return datetime.fromisoformat(self._rows(sql, [name])[0][0])

    # ── slots ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def consider(
        self, name: str, *, rows: Callable[[datetime], Sequence[SlotRow]], letters: Callable[[Sequence[SlotRow]], Sequence[Letter]]
    ) -> int:
        """Notes the slots that ``rows`` gives for those after the last one considered, with the ``letters`` about them; gives how many are
        new. One process at a time.
        """
        with self._transaction():
            new = rows(self.since(name))
            self._write_down(letters(new))
            marks = ", ".join("?" * len(_SLOT.split(", ")))
            before = self._connection.total_changes
            self._connection.executemany(f"INSERT OR IGNORE INTO slots ({_SLOT}) VALUES ({marks})", [_slot_values(row) for row in new])
            return self._connection.total_changes - before

    def slots(self, name: str = "", *, states: Sequence[SlotState] = (), limit: int = -1) -> list[SlotRow]:
        """Newest first; of one schedule, or of all."""
        of_name = "schedule = ?" if name else "1"
        in_state = f"state IN ({', '.join('?' * len(states))})" if states else "1"
        sql = f"SELECT {_SLOT} FROM slots WHERE {of_name} AND {in_state} ORDER BY due DESC, schedule, slot DESC LIMIT ?"
        return [_slot(row) for row in self._rows(sql, [*([name] if name else []), *states, limit])]

    def slot(self, name: str, slot: str) -> SlotRow | None:
        """One of them."""
        found = self._rows(f"SELECT {_SLOT} FROM slots WHERE schedule = ? AND slot = ?", [name, slot])
        return _slot(found[0]) if found else None

    def put(self, row: SlotRow, *, letters: Sequence[Letter] = ()) -> None:
        """The slot as it is now, and the messages about it, together. A message that is there already stays as it is."""
        marks = ", ".join("?" * len(_SLOT.split(", ")))
        with self._transaction():
            self._connection.execute(f"INSERT OR REPLACE INTO slots ({_SLOT}) VALUES ({marks})", _slot_values(row))
            self._write_down(letters)

    def ask_to_cancel(self, name: str) -> None:
        """Whoever supervises the schedule's run stops it."""
        with self._transaction():
            self._connection.execute("UPDATE slots SET cancel = 1 WHERE schedule = ? AND state = 'running'", [name])

    # ── leases ────────────────────────────────────────────────────────────────────────────────────────────────────

    def beat(self, name: str, holder: Holder) -> None:
        """The holder of the schedule's lease is alive."""
        with self._transaction():
            values = [name, holder.host, holder.pid, _text(holder.beat)]
            self._connection.execute("INSERT OR REPLACE INTO leases (schedule, host, pid, beat) VALUES (?, ?, ?, ?)", values)

    def holder(self, name: str) -> Holder | None:
        """Who runs it, or ran it last; None where nobody ever did."""
        found = self._rows("SELECT host, pid, beat FROM leases WHERE schedule = ?", [name])
        return Holder(host=found[0][0], pid=found[0][1], beat=datetime.fromisoformat(found[0][2])) if found else None

    # ── outbox ────────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self, *, now: datetime) -> list[Letter]:
        """Messages whose time has come, oldest first."""
        sql = f"SELECT {_LETTER} FROM outbox WHERE state = 'waiting' AND not_before <= ? ORDER BY not_before, id"
        return [_letter(row) for row in self._rows(sql, [_text(now)])]

    def letters(self, *, state: str = "") -> list[Letter]:
        """All, or those in a state."""
        condition, values = ("state = ?", [state]) if state else ("1", [])
        return [_letter(row) for row in self._rows(f"SELECT {_LETTER} FROM outbox WHERE {condition} ORDER BY not_before, id", values)]

    def write_down(self, letters: Sequence[Letter]) -> None:
        """Messages to be sent; one that is there already stays as it is."""
        with self._transaction():
            self._write_down(letters)

    def put_letter(self, letter: Letter) -> None:
        """What became of the message; what it says stays as it is, and one that was given up meanwhile stays given up."""
        values = [letter.state, letter.tries, _text(letter.not_before), letter.error, letter.id]
        with self._transaction():
            self._connection.execute(
                "UPDATE outbox SET state = ?, tries = ?, not_before = ?, error = ? WHERE id = ? AND state <> 'given_up'", values
            )

    def erase_letters(self, letters: Sequence[Letter], *, why: str) -> None:
        """Of these messages nothing is left but what became of them; those that wait are given up, which ``why`` explains."""
        with self._transaction():
            for letter in letters:
                self._connection.execute("UPDATE outbox SET subject = '', body = '' WHERE id = ?", [letter.id])
                self._connection.execute(
                    "UPDATE outbox SET state = 'given_up', error = ? WHERE id = ? AND state = 'waiting'", [why, letter.id]
                )

    # ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _write_down(self, letters: Sequence[Letter]) -> None:
        marks = ", ".join("?" * len(_LETTER.split(", ")))
        self._connection.executemany(f"INSERT OR IGNORE INTO outbox ({_LETTER}) VALUES ({marks})", [_letter_values(one) for one in letters])

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated(self._path), schema.transaction(self._connection):
            yield


def _text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _slot_values(row: SlotRow) -> list[Any]:
    times = (_text(row.started), _text(row.finished))
    known = (row.schedule, row.slot, _text(row.due), row.state, row.reason, row.tries, _text(row.not_before))
    return [*known, row.definition, row.evidence, row.report, *times, int(row.cancel)]


def _slot(values: Sequence[Any]) -> SlotRow:
    schedule, slot, due, state, reason, tries, not_before, definition, evidence, report, started, finished, cancel = values
    return SlotRow(
        schedule=schedule,
        slot=slot,
        due=datetime.fromisoformat(due),
        state=state,
        reason=reason,
        tries=tries,
        not_before=datetime.fromisoformat(not_before),
        definition=definition,
        evidence=evidence,
        report=report,
        started=_time(started),
        finished=_time(finished),
        cancel=bool(cancel),
    )


def _letter_values(letter: Letter) -> list[Any]:
    named = (letter.id, letter.schedule, letter.slot, letter.channel, letter.subject, letter.body, json.dumps(dict(letter.files)))
    return [*named, letter.state, letter.tries, _text(letter.not_before), letter.error]


def _letter(values: Sequence[Any]) -> Letter:
    identity, schedule, slot, channel, subject, body, files, state, tries, not_before, error = values
    return Letter(
        id=identity,
        schedule=schedule,
        slot=slot,
        channel=channel,
        subject=subject,
        body=body,
        files=json.loads(files),
        state=state,
        tries=tries,
        not_before=datetime.fromisoformat(not_before),
        error=error,
    )
