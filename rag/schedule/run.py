"""``rag run-due``: every schedule's due slots, each run in a child process of its own, then the outbox."""

import hashlib
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from rag import config
from rag.app import REPORTS, Library, Wording
from rag.errors import RagError, SettingsError
from rag.ingest import drain
from rag.llms.calls import Caps
from rag.record.schedules import Holder, Letter, Schedules, SlotRow
from rag.report import Outline, read_outline
from rag.schedule import desk
from rag.schedule.definition import FOLDER, Definition, definitions, read_definition
from rag.schedule.deliver import deliver
from rag.schedule.golden import why_held
from rag.schedule.slots import day_of, zone_of
from rag.types import Report, Scope

WRITER_WAIT_S = 600.0
"""For an ingest that somebody else runs."""
_WATCH_S = 2.0
_BEAT = 5
"""Turns of the watch from one sign of life to the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one call of ``run_due`` did."""

    ended: tuple[SlotRow, ...]
    """Slots that came to an end."""
    again: tuple[SlotRow, ...]
    """Slots whose try failed and is made again; the reason is in them."""
    letters: tuple[Letter, ...]
    """Messages sent or given up."""
    broken: dict[str, str]
    """Schedule -> why its definition cannot be used; the others went on."""

    @property
    def ok(self) -> bool:
        """False when a person should look."""
        return not self.broken and all(row.state != "failed" for row in self.ended) and all(one.state == "sent" for one in self.letters)


def run_due(workspace: Path, *, now: Callable[[], datetime], only: str = "") -> Round:
    """Notes what is due in all schedules, or one, runs it, and sends what waits. Any number of processes may do it at once."""
    ended: list[SlotRow] = []
    again: list[SlotRow] = []
    broken: dict[str, str] = {}
    started = now()
    for name, text in definitions(workspace).items():
        if only not in ("", name):
            continue
        try:
            definition = read_definition(text, at=f"{FOLDER}/{name}.toml")
            rows = _run_one(workspace, name, definition, now=now, started=started)
            ended += [row for row in rows if row.finished]
            again += [row for row in rows if not row.finished]
        except RagError as error:
            broken[name] = str(error)
            _tell_last_known(workspace, name, why=str(error), now=now())
    with Library.open(workspace) as library:
        letters = deliver(library.record.schedules, workspace=workspace, now=now(), secret=config.secret)
    return Round(ended=tuple(ended), again=tuple(again), letters=tuple(letters), broken=broken)


def work_waits(workspace: Path, *, now: datetime) -> bool:
    """Whether ``run_due`` would find something to run or to send. A schedule whose file cannot be used is left to it."""
    with Library.open(workspace) as library:
        book = library.record.schedules
        waits = bool(book.waiting(now=now))
        for name, text in definitions(workspace).items():
            with suppress(SettingsError):
                definition = read_definition(text, at=f"{FOLDER}/{name}.toml")
                book.begin(name, since=now)
                desk.consider(book, name, definition, now=now)
                waits = waits or _has_work(book, name, workspace=workspace, now=now)
    return waits


def _run_one(workspace: Path, name: str, definition: Definition, *, now: Callable[[], datetime], started: datetime) -> list[SlotRow]:
    """A child runs the slots, so that what it takes can be taken back; what it did is in the record. Gives what it touched."""
    with Library.open(workspace) as library:
        book = library.record.schedules
        book.begin(name, since=started)
        desk.consider(book, name, definition, now=now())
        desk.end_silent(book, name, workspace=workspace, now=now)
        if not _has_work(book, name, workspace=workspace, now=now()):
            return [row for row in book.slots(name, states=["skipped"]) if row.finished and row.finished >= started.replace(microsecond=0)]
    child = multiprocessing.get_context("spawn").Process(target=_perform, args=(workspace, name, definition.limits.minutes, now()))
    child.start()
    child.join()
    with Library.open(workspace) as library:
        book = library.record.schedules
        with desk.lease(workspace, name) as held:
            if held:
                desk.recover(book, name, definition, now=now())
        ended = [row for row in book.slots(name) if row.finished and row.finished >= started.replace(microsecond=0)]
        return ended + [row for row in book.slots(name, states=["due"]) if row.tries]


def _tell_last_known(workspace: Path, name: str, *, why: str, now: datetime) -> None:
    """A schedule that cannot be run is told, once a reason, to those whom its last run was to reach."""
    with Library.open(workspace) as library:
        book = library.record.schedules
        ran = next((row for row in book.slots(name) if row.definition), None)
        if ran is not None:
            definition = Definition.model_validate_json(json.loads(ran.definition)["definition"])
            row = SlotRow(schedule=name, slot=ran.slot, due=ran.due, not_before=ran.due, state="failed", reason=why)
            subject = f"{definition.title or name}: the schedule cannot be run"
            letters = desk.letters_for(row, definition, subject=subject, body=desk.signed(why, definition), now=now)
            book.write_down(letters)


def _has_work(book: Schedules, name: str, *, workspace: Path, now: datetime) -> bool:
    """A slot is due, or a run goes on that nobody is at any more."""
    if any(row.not_before <= now for row in book.slots(name, states=["due"])):
        return True
    lost = desk.is_free(workspace, name) or desk.is_silent(book.holder(name), now=now)
    return lost and bool(book.slots(name, states=["running"]))


def _perform(workspace: Path, name: str, minutes: int, started: datetime) -> None:
    """In the child: all of the schedule's due slots. Its clock goes on from its parent's."""
    begun = time.monotonic()

    def now() -> datetime:
        return started + timedelta(seconds=time.monotonic() - begun)

    watch = threading.Thread(target=_watch, args=(workspace, name, minutes, now), daemon=True)
    definition = read_definition((workspace / FOLDER / f"{name}.toml").read_text(encoding="utf-8"), at=f"{FOLDER}/{name}.toml")
    with Library.open(workspace) as library:
        book = library.record.schedules
        desk.perform(
            book,
            name,
            definition,
            workspace=workspace,
            now=now,
            publish=lambda row: publish(library, row, definition, now=now),
            begun=watch.start,
        )


def _watch(workspace: Path, name: str, minutes: int, now: Callable[[], datetime]) -> None:
    """Says that this process lives, and ends it when its slot takes too long or is cancelled; the lease goes with it, the record says why.

    Where the record cannot be reached for so long that this ends, the process falls silent, and the next caller ends it.
    """
    with Library.open(workspace) as library:
        book = library.record.schedules
        for turn in count():
            if turn % _BEAT == 0:
                book.beat(name, Holder(host=desk.here(), pid=os.getpid(), beat=now()))
            for row in book.slots(name, states=["running"]):
                late = row.started is not None and now() - row.started >= timedelta(minutes=minutes)
                if late:
                    book.put(replace(row, reason=f"stopped after {minutes} minutes, the most that limits.minutes allows"))
                if late or row.cancel:
                    os._exit(75)
            threading.Event().wait(_WATCH_S)


# ── one slot ──────────────────────────────────────────────────────────────────────────────────────────────────────


def publish(library: Library, row: SlotRow, definition: Definition, *, now: Callable[[], datetime]) -> tuple[SlotRow, Sequence[Letter]]:
    """Ingest, write, compare, check, put down. Raises RagError; a second call goes on where the first one died, with what that one knew."""
    frozen = json.loads(row.definition) if row.definition else _frozen(library, definition)
    row = replace(row, definition=json.dumps(frozen, ensure_ascii=False))
    definition = Definition.model_validate_json(frozen["definition"])
    library.record.schedules.put(row)
    if "known_at" not in frozen:
        drain(library.ingest((), now=now(), wait_s=WRITER_WAIT_S))
        frozen["known_at"] = _known_at(row, definition, now=now()).isoformat()
        row = replace(row, definition=json.dumps(frozen, ensure_ascii=False))
        library.record.schedules.put(row)
    known_at = datetime.fromisoformat(frozen["known_at"])
    asked = asked_by(library, definition, plan=frozen["plan"])
    as_of = day_of(row.slot).date()
    scope = Scope(folders=tuple(definition.scope.folders), tags=tuple(definition.scope.tags))
    before = _before(library.record.schedules, row)
    evidence = evidence_of(library.write(asked, as_of=as_of, scope=scope, since="none", known_at=known_at))
    row = replace(row, evidence=evidence)
    if before is not None and before.evidence == evidence and definition.no_news != "report":
        return _no_news(row, definition, since=before, now=now())
    if definition.gate is not None and (why := why_held(library, definition.gate)):
        return _held(row, definition, why=why, now=now())
    since = before.report if before is not None else "none"
    return _written(library, row, definition, asked=asked, scope=scope, since=since, known_at=known_at, now=now)


def asked_by(library: Library, definition: Definition, *, plan: str | None = None) -> Outline:
    """What the report is asked. Raises SettingsError and UsageError for a plan, pack or topic that cannot be used."""
    if not definition.plan:
        return library.outline(definition.topic, pack=definition.pack)
    return read_outline(_plan_of(library, definition) if plan is None else plan, at=definition.plan)


def caps_of(library: Library, definition: Definition) -> Caps | None:
    """Those on the model's answers; None for no caps. Raises SettingsError for a cap on costs where the prices are not known."""
    limits, writer = definition.limits, library.settings.writer
    if limits.max_cost and not (writer.price_in or writer.price_out):
        raise SettingsError(
            "limits.max_cost needs prices: give writer.price_in and writer.price_out in rag.toml, or limits.max_tokens instead"
        )
    return Caps(tokens=limits.max_tokens, cost=limits.max_cost, of="limits") if limits.max_tokens or limits.max_cost else None


def _plan_of(library: Library, definition: Definition) -> str:
    path = library.workspace / definition.plan
    try:
        return path.read_text(encoding="utf-8") if definition.plan else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the plan {path} cannot be read: {error}; write one with: rag plan TOPIC > {path}") from error


def _frozen(library: Library, definition: Definition) -> dict[str, str]:
    """The definition and its plan as they are now: what every try of this slot uses."""
    return {"definition": definition.model_dump_json(), "plan": _plan_of(library, definition)}


def _known_at(row: SlotRow, definition: Definition, *, now: datetime) -> datetime:
    """The moment whose documents the slot's report uses, in every try: now, on the slot's day; its own time, when that day is over."""
    return now if now.astimezone(zone_of(definition.zone)).date() <= day_of(row.slot).date() else row.due


def _before(book: Schedules, row: SlotRow) -> SlotRow | None:
    """The last slot before this one that was published."""
    return next((one for one in book.slots(row.schedule, states=["published"]) if one.due < row.due), None)


def evidence_of(report: Report) -> str:
    """Hash of what the report stands on: the quotes of each section, and the figures of its series, in no order."""
    quotes = {item.id: " ".join(item.quote.split()) for item in report.evidence}
    claims = {claim.id: claim for claim in report.claims}
    cards = {card.id: card for card in report.cards}
    stands = set()
    for section in report.sections:
        own = [*section.claims, *(claim for card in section.cards for claim in (*cards[card].claims, *cards[card].counter_claims))]
        stands |= {f"{section.id}\x1f{quotes[item]}" for claim in own for item in claims[claim].evidence}
        stands |= {f"{section.id}\x1f{quotes[point.evidence]}" for card in section.cards for point in cards[card].series}
    return hashlib.sha256("\x1e".join(sorted(stands)).encode()).hexdigest()[:20]


def _no_news(row: SlotRow, definition: Definition, *, since: SlotRow, now: datetime) -> tuple[SlotRow, Sequence[Letter]]:
    """Recorded, and told in one line where that is wanted."""
    said = f"No change: the documents say what they said on {since.slot[:10]}; that report stands."
    row = replace(row, state="no_change", reason=said, report=since.report)
    if definition.no_news == "silent":
        return row, ()
    return row, desk.letters_for(row, definition, subject=f"{definition.called(row.schedule)}: no change", body=said, now=now)


def _written(
    library: Library,
    row: SlotRow,
    definition: Definition,
    *,
    asked: Outline,
    scope: Scope,
    since: str,
    known_at: datetime,
    now: Callable[[], datetime],
) -> tuple[SlotRow, Sequence[Letter]]:
    """The report's files, whole, and the messages that carry them."""
    output = library.workspace / REPORTS / row.schedule / row.slot.replace(":", "-")
    written = library.report(
        asked,
        as_of=day_of(row.slot).date(),
        now=now(),
        scope=scope,
        template=definition.template,
        formats=definition.formats,
        output=output,
        since=since,
        known_at=known_at,
        wording=Wording(clock=now, caps=caps_of(library, definition)),
    )
    report = written.report
    row = replace(row, report=report.id)
    if not written.check.ok:
        return _held(row, definition, why=f"{len(written.check.failures())} checks of the report fail", now=now())
    row = replace(row, state="published", reason=_thin(report))
    files = {path.name: path.relative_to(library.workspace).as_posix() for path in written.paths}
    subject = f"{definition.title or report.title}, {report.as_of.isoformat()}"
    return row, desk.letters_for(row, definition, subject=subject, body=message(report, thin=row.reason), now=now(), files=files)


def _held(row: SlotRow, definition: Definition, *, why: str, now: datetime) -> tuple[SlotRow, Sequence[Letter]]:
    """Not published, and said so."""
    row = replace(row, state="held", reason=why)
    subject = f"{definition.title or row.schedule}: the report of {row.slot} is held back"
    return row, desk.letters_for(row, definition, subject=subject, body=desk.signed(why, definition), now=now)


def _thin(report: Report) -> str:
    """Empty for a report that answers at least half of its sections."""
    asked = {section.id for section in report.sections} | {gap.section for gap in report.gaps if gap.section}
    empty = {gap.section for gap in report.gaps if gap.section} & {one for one in asked if not _answered(report, one)}
    return f"thin: {len(empty)} of {len(asked)} sections have no evidence" if 2 * len(empty) >= len(asked) else ""


def _answered(report: Report, section: str) -> bool:
    return any(one.id == section and (one.claims or one.cards) for one in report.sections)


def _news(report: Report) -> list[str]:
    """What a document changed since the last edition, in lines; empty for a first edition."""
    if report.changes is None or report.changes.is_empty:
        return []
    titles = {change.source.document: change.source.title for change in report.changes.documents}
    lines = ["", f"Changed since {report.changes.before_as_of.isoformat()}:"]
    lines += [f"- {change.event} document: {change.source.title}" for change in report.changes.documents]
    for figure in report.changes.figures:
        by = ", ".join(titles[cause] for cause in figure.causes if cause in titles)
        values = " -> ".join(value for value in (figure.was, figure.now) if value)
        lines.append(f"- {figure.kind} figure: {figure.key.metric} {figure.period}: {values}" + (f" ({by})" if by else ""))
    return lines + [f"- {card.kind} trend: {card.title}" for card in report.changes.cards]


def message(report: Report, *, thin: str = "") -> str:
    """The body of a mail: the bottom line as printed, what the report stands on, and what it lacks."""
    claims = {claim.id: claim.text for claim in report.claims}
    sources = len(report.sources)
    lines = [
        f"{report.title}, as of {report.as_of.isoformat()}",
        "",
        *(f"- {claims[item]}" for item in report.bottom_line if item in claims),
    ]
    lines += _news(report)
    lines += ["", f"{len(report.claims)} cited sentences from {sources} documents, all checked; {len(report.conflicts)} disagreements."]
    lines += [f"Gaps: {len(report.gaps)}."] if report.gaps else []
    return "\n".join(lines + ([thin.capitalize() + "."] if thin else [])) + "\n"
