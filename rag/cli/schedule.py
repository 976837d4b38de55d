"""``rag schedule`` and ``rag run-due``: reports that come by themselves."""

import json
import sys
from dataclasses import asdict
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.cli.door import Command, Day, find_workspace, in_workspace, json_option, open_library, utc_now
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.app import Library
    from rag.record.schedules import SlotRow
    from rag.schedule import Definition

_RUN_DUE = """\
\b
  */15 * * * * rag run-due -w /srv/research        # a line of a crontab
  rag run-due --json | jq '.ended'
"""

_ADD = """\
\b
  rag schedule add weekly-prices.toml
\b
  # weekly-prices.toml
  topic = "EV batteries, Europe, 2024-26"          # or plan = "plans/board.yaml"
  cron = "0 7 * * MON"                             # or first_working_day = "07:00"
  zone = "Europe/Berlin"
  [[deliver]]
  kind = "folder"                                  # or mail, webhook, slack
  path = "/srv/reports"
"""


@click.group(short_help="Reports that come by themselves.")
def schedule() -> None:
    """Reports that come by themselves: every Monday at 7:00, or on each month's first working day.

    `rag run-due` makes what is due; call it from cron, systemd, Kubernetes or an orchestrator every few minutes.
    """


@schedule.command(cls=Command, short_help="Take a schedule in.", examples=_ADD)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@in_workspace
def add(file: Path, workspace: Path | None) -> None:
    """Check the schedule in FILE, copy it to schedules/ of the workspace, and print when it is due next."""
    from rag.schedule import add as take_in
    from rag.schedule import name_of

    name, text = name_of(file), _text_of(file)
    with open_library(workspace) as library:
        definition = take_in(library, name, text, at=str(file), now=utc_now())
        click.echo(f"Schedule {name}: {definition.rhythm.explained()}")
        _print_next(definition)
        click.echo("Make what is due with: rag run-due")


@schedule.command("list", cls=Command, short_help="All schedules and how they do.")
@in_workspace
@json_option
def list_(workspace: Path | None, as_json: bool) -> None:
    """All schedules: when each is due next, what became of its last run, and which are late or failing. Exit status 1 when one is."""
    from rag.schedule import healths

    with open_library(workspace) as library:
        found = healths(library.workspace, library.record.schedules, now=utc_now())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=str, indent=2))
    elif not found:
        click.echo("No schedules; add one with: rag schedule add FILE.toml")
    for one in [] if as_json else found:
        click.echo(f"{one.name:<24} {one.state:<8} {one.said}")
    sys.exit(1 if any(one.needs_a_person for one in found) else 0)


@schedule.command(cls=Command, short_help="One schedule and its runs.")
@click.argument("name")
@click.option("-n", "count", type=click.IntRange(1), default=10, show_default=True, help="How many runs, newest first.")
@in_workspace
@json_option
def show(name: str, count: int, workspace: Path | None, as_json: bool) -> None:
    """When schedule NAME is due next, and what became of its last runs."""
    with open_library(workspace) as library:
        definition = _known(library, name)
        rows = library.record.schedules.slots(name, limit=count)
    if as_json:
        click.echo(json.dumps({"definition": definition.model_dump(), "slots": [asdict(row) for row in rows]}, default=str, indent=2))
        return
    click.echo(f"{name}: {definition.rhythm.explained()}")
    _print_next(definition)
    for row in rows:
        _print_slot(row)


@schedule.command(cls=Command, short_help="Skip its slots until it is resumed.")
@click.argument("name")
@in_workspace
def pause(name: str, workspace: Path | None) -> None:
    """Skip the slots of schedule NAME, each with the reason, until `rag schedule resume NAME`."""
    _set_paused(name, workspace=workspace, paused=True)


@schedule.command(cls=Command, short_help="Go on after a pause.")
@click.argument("name")
@in_workspace
def resume(name: str, workspace: Path | None) -> None:
    """Go on with schedule NAME; slots of the pause stay skipped."""
    _set_paused(name, workspace=workspace, paused=False)


@schedule.command(cls=Command, short_help="Remove a schedule.")
@click.argument("name")
@in_workspace
def remove(name: str, workspace: Path | None) -> None:
    """Remove schedule NAME. Its reports and the record of its runs stay."""
    from rag.schedule import remove as put_away

    with open_library(workspace) as library:
        put_away(library.workspace, name, book=library.record.schedules)
    click.echo(f"Schedule {name} is removed; its reports stay in reports/{name}")


@schedule.command(cls=Command, short_help="Run one now.")
@click.argument("name")
@in_workspace
@json_option
def run(name: str, workspace: Path | None, as_json: bool) -> None:
    """Make the report of schedule NAME now, beside its slots, and deliver it."""
    from rag.schedule import ask_for

    with open_library(workspace) as library:
        ask_for(library.workspace, name, book=library.record.schedules, now=utc_now())
    _due_round(workspace, as_json=as_json, only=name)


@schedule.command(cls=Command, short_help="Make reports of slots in the past.")
@click.argument("name")
@click.option("--from", "first", type=Day(), required=True, help="The first day.")
@click.option("--to", "last", type=Day(last=True), required=True, help="The last day.")
@in_workspace
def backfill(name: str, first: date, last: date, workspace: Path | None) -> None:
    """Note the slots of schedule NAME from one day to another that have no report: never run, skipped, failed or held back.

    `rag run-due` then makes each as of its own day.
    """
    from rag.schedule import note_past

    if first > last:
        raise UsageError(f"the first day, {first}, is after the last, {last}")
    with open_library(workspace) as library:
        noted = note_past(library.record.schedules, name, _known(library, name), first=first, last=last, now=utc_now())
    click.echo(f"{len(noted)} slots are due now; make them with: rag run-due")


@schedule.command(cls=Command, short_help="Send a test message to its channels.")
@click.argument("name")
@in_workspace
def test(name: str, workspace: Path | None) -> None:
    """Send one line to each channel of schedule NAME: a wrong address shows today and not on Monday. Exit status 9 when one fails."""
    from rag.config import secret
    from rag.schedule import try_channels

    with open_library(workspace) as library:
        tried = try_channels(name, _known(library, name), workspace=library.workspace, now=utc_now(), secret=secret)
    for channel, error in tried:
        click.echo(f"{channel}: {error or 'sent'}", err=bool(error))
    if not tried:
        click.echo(f"{name} delivers to nobody; its reports are in reports/{name}")
    sys.exit(9 if any(error for _, error in tried) else 0)


@click.command("run-due", cls=Command, short_help="Make the scheduled reports that are due.", examples=_RUN_DUE)
@in_workspace
@json_option
def run_due(workspace: Path | None, as_json: bool) -> None:
    """Make every scheduled report that is due, deliver it, and try again what could not be delivered.

    Safe to call as often as you like and from several machines at once: each slot is run once. Exit status 1 when a run or a
    delivery failed for good or a schedule's file cannot be used; the other schedules go on.
    """
    _due_round(workspace, as_json=as_json)


def _due_round(workspace: Path | None, *, as_json: bool, only: str = "") -> None:
    from rag.schedule import run_due as one_round

    done = one_round(workspace or find_workspace(Path.cwd()), now=utc_now, only=only)
    if as_json:
        click.echo(json.dumps(asdict(done), default=str, indent=2))
    else:
        for row in done.ended:
            _print_slot(row)
        for row in done.again:
            click.echo(f"rag: {row.schedule} {row.slot}: {row.reason}; tried again from {row.not_before:%Y-%m-%d %H:%M} UTC", err=True)
        for letter in done.letters:
            click.echo(f"{letter.schedule} {letter.slot}: {letter.state.replace('_', ' ')} {letter.error}".rstrip())
        for name, why in done.broken.items():
            click.echo(f"rag: {name}: {why}", err=True)
        if not (done.ended or done.again or done.letters or done.broken):
            click.echo("Nothing is due.")
    sys.exit(0 if done.ok else 1)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text; save it as UTF-8") from error


def _known(library: "Library", name: str) -> "Definition":
    from rag.schedule import definition_of

    return definition_of(library.workspace, name, book=library.record.schedules, now=utc_now())


def _set_paused(name: str, *, workspace: Path | None, paused: bool) -> None:
    from rag.schedule import set_paused

    with open_library(workspace) as library:
        set_paused(library.workspace, name, book=library.record.schedules, paused=paused, now=utc_now())
    click.echo(f"Schedule {name} is {'paused' if paused else 'on again'}")


def _print_next(definition: "Definition") -> None:
    from rag.schedule import zone_of

    click.echo("Next: " + ", ".join(f"{slot.due.astimezone(zone_of(definition.zone)):%a %Y-%m-%d %H:%M}" for slot in _next(definition)))


def _next(definition: "Definition") -> list[Any]:
    return list(islice(definition.rhythm.after(utc_now()), 5))


def _print_slot(row: "SlotRow") -> None:
    told = row.reason or (f"report {row.report}" if row.report else "")
    click.echo(f"{row.schedule} {row.slot}  {row.state.replace('_', ' ')}{': ' + told if told else ''}")
