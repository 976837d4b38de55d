"""What the command line prints: results on stdout, JSON on request."""

import json
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from rag.cli import worded
from rag.patterns import regex
from rag.types import Passage, Report, SearchResult

if TYPE_CHECKING:
    from pathlib import Path

    from rag.app import KnownFolder, Status, WrittenReport
    from rag.ingest import IngestSummary
    from rag.record import FileRow
    from rag.report import CheckResult
    from rag.report.report_gates import ReportCheck
    from rag.schedule import Health
    from rag.upkeep import Backup, Erased, Finding

_CONTROL = regex(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REASONS = {
    "dense": "its meaning",
    "lexical": "its words",
    "name": "its document is named",
    "date": "the day it was published",
    "document": "its document is what the title asks for",
    "statement": "its page prints the statement asked for",
    "words": "its words one by one",
    "rerank": "the reranker",
}
"""Why a passage was found, by the list it stood in."""
_LISTED = 20
"""Files of one kind listed under a summary."""


def plain(value: Any) -> Any:
    """A value of ours as lists, dictionaries, numbers and text; dates and decimals as text."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_python(value, mode="json")


def print_json(value: Any) -> None:
    """Indented, for programs and for reading."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


# ── results ───────────────────────────────────────────────────────────────────────────────────────────────────────


def unarmed(text: str) -> str:
    """Without what steers a terminal or turns a line round: a document's text and its file's name come from outside."""
    return _CONTROL.sub(" ", text)


def ingested(summary: "IngestSummary", state: "Status", *, engine: str, as_json: bool) -> None:
    """What became of the files, what is in search now, and the time each step took; ``engine`` embedded, where anything was."""
    if as_json:
        print_json({"summary": plain(summary), "status": plain(state), "engine": engine})
        return
    if engine:
        click.echo(f"note: embedded by {engine}", err=True)
    parts = ", ".join(f"{count} {status}" for status, count in sorted(summary.files.items()) if count) or "no files"
    click.echo(f"Ingested: {parts}")
    click.echo(f"In search: {state.documents} documents, {summary.chunks:,} chunks; {summary.embedded:,} embedded now")
    _list_files("failed", state.failed)
    _list_files("missing", state.missing)
    _list_files("skipped", state.skipped)
    click.echo(f"Time: {_seconds(summary.seconds)}")


def status(state: "Status", *, schedules: Sequence["Health"], failed: bool, as_json: bool) -> None:
    """The workspace at a glance, or only what could not be read."""
    if as_json:
        print_json({**plain(state), "schedules": [plain(one) for one in schedules]})
        return
    most = sys.maxsize if failed else _LISTED
    if not failed:
        model = f"{state.embedder.model} ({state.embedder.dimensions} dimensions)" if state.embedder else "none yet"
        click.echo(f"Workspace:  {state.workspace}")
        click.echo(f"In search:  {state.documents} documents, {state.chunks:,} chunks")
        click.echo(f"Embedder:   {model}")
        click.echo(f"Index:      {_index(state)}")
        click.echo(f"Last run:   {_last_run(state)}")
        for place, folder in enumerate(state.folders):
            click.echo(f"{'' if place else 'Folders:':11} {_folder(folder)}")
        for group in state.alike:
            click.echo(unarmed(f"  same text {', '.join(group)}"))
        for path, newer in state.superseded.items():
            click.echo(unarmed(f"  {path} is superseded by {newer}"))
        for one in schedules:
            click.echo(f"Schedule:   {one.name} {one.state}, {one.said}")
    _list_files("failed", state.failed, most=most)
    _list_files("missing", state.missing, most=most)
    _list_files("skipped", state.skipped, most=most)
    if failed and not (state.failed or state.missing or state.skipped):
        click.echo("every file was read")


def _folder(folder: "KnownFolder") -> str:
    """ "docs: 12 documents, /home/ann/docs, not in rag.toml"."""
    asides = [] if folder.is_set or folder.forgotten else ["not in rag.toml: `rag ingest FOLDER` looks at it again"]
    asides += [] if folder.is_there else ["not there now"]
    asides += [f"forgotten on {folder.forgotten}: `rag forget --undo {folder.name}` lets it in again"] if folder.forgotten else []
    return ", ".join((f"{folder.name}: {_count(folder.documents, 'document')}", folder.path, *asides))


def _index(state: "Status") -> str:
    waiting = f"{state.unindexed:,} chunks changed since, scanned exactly" if state.unindexed else "up to date"
    return "; ".join((*state.notes, waiting)) if state.chunks else "empty"


def _last_run(state: "Status") -> str:
    run = state.last_ingest
    if run is None:
        return "never; next: rag ingest"
    ended = "not ended: still running, or killed" if run.finished is None else run.status
    return f"{run.started:%Y-%m-%d %H:%M} UTC, {ended}"


def _list_files(word: str, files: "Sequence[FileRow]", *, most: int = _LISTED) -> None:
    for file in files[:most]:
        click.echo(unarmed(f"  {word:8} {file.path}" + (f": {file.reason}" if file.reason else "")))
    if len(files) > most:
        click.echo(f"  {word:8} {len(files) - most} more; all of them: rag status --failed")


def _seconds(steps: Mapping[str, float]) -> str:
    listed = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in steps.items())
    return f"{listed}; total {sum(steps.values()):.1f} s" if len(steps) > 1 else listed


def found(result: SearchResult, *, as_json: bool) -> None:
    """The passages, best first, each with its source, its page and why it was found."""
    if as_json:
        print_json(plain(result))
        return
    for rank, passage in enumerate(result.passages, 1):
        source = passage.source
        why = "; ".join(f"{_REASONS[hit.by]} #{hit.rank} ({hit.score:.2f})" for hit in passage.hits)
        head = click.style(f"{rank}. {source.title}", bold=True)
        click.echo(f"{head}  {unarmed(source.path)}{_pages(passage)}  {source.published}")
        click.echo(textwrap.indent(textwrap.fill(" ".join((passage.context or passage.chunk.text).split()), 100), "   "))
        click.echo(click.style(f"   found by: {why}", dim=True) + "\n")
    if not result.passages:
        click.echo("nothing found in this scope")
    for note in result.notes:
        click.echo(f"note: {note}", err=True)


def _pages(passage: Passage) -> str:
    first, last = passage.chunk.first_page, passage.chunk.last_page
    if passage.source.pages <= 1:
        return ""
    return f", page {first}" if first == last else f", pages {first}-{last}"


def written(result: "WrittenReport", *, as_json: bool) -> None:
    """Counts, the gates' outcome, where the files are, and the time each step took."""
    report, check = result.report, result.check
    if as_json:
        summary = {"id": report.id, "passed": check.ok, "failures": check.failures(), "paths": [str(path) for path in result.paths]}
        made = {"writer": report.manifest.writer, "counts": dict(report.manifest.counts), "seconds": dict(result.seconds)}
        print_json(summary | made | {"notes": list(result.notes)} | ({"spent": plain(result.spent)} if result.spent else {}))
        return
    click.echo(
        f"Report: {_count(len(report.claims), 'claim')} on {_count(len(report.cards), 'trend card')}, citing {len(report.sources)} of "
        f"{_count(len(report.coverage), 'document')}; {_count(len(report.conflicts), 'disagreement')}, {_count(len(report.gaps), 'gap')}"
    )
    if told := worded.outcome(result):
        click.echo(told)
    click.echo(f"Checks: {_outcome(check)}")
    for path in result.paths:
        click.echo(f"  {path}")
    for note in result.notes:
        click.echo(f"Note: {note}.", err=True)
    click.echo(f"Time: {_seconds(result.seconds)}")


def checked(report: Report, check: "CheckResult", *, opinion: "Sequence[ReportCheck] | None" = None, as_json: bool) -> None:
    """Each gate with what it found; every failure with the claim it names; then the checker's ``opinion``, where there is one."""
    if as_json:
        extra = {} if opinion is None else {"judged": plain(list(opinion))}
        passed = check.ok and not any(one.outcome == "fail" for one in opinion or ())
        print_json({"report": report.id, "passed": passed, "failures": check.failures(), **plain(check), **extra})
        return
    click.echo(f"{report.title}: {len(report.claims)} claims, {len(report.evidence)} quotes, {len(report.sources)} sources")
    for gate, title, outcomes in _by_gate(check):
        mark = click.style("FAIL", fg="red", bold=True) if outcomes["fail"] else "open" if outcomes["unchecked"] else "ok"
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
        click.echo(f"  {gate:4} {title:20} {mark:5} {told}")
    for failure in check.failures():
        click.echo(f"FAIL {failure}")
    click.echo(_outcome(check))
    if opinion is not None:
        _second_opinion(opinion)


def _second_opinion(found: "Sequence[ReportCheck]") -> None:
    """What a checker says of written sentences, each doubt with its sentence's id."""
    for one in found:
        if one.outcome != "pass":
            click.echo(f"{'DOUBT' if one.outcome in ('fail', 'warn') else 'open':5} {one.about}: {one.reason}")
    click.echo(f"checker: {sum(one.outcome == 'pass' for one in found)} of {len(found)} written sentences supported by their quotations")


_MARKS = {"ok": "ok", "warning": "look", "broken": "BROKEN"}


def examined(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    """A line a finding, and under it what to do."""
    if as_json:
        print_json([plain(finding) for finding in findings])
        return
    for finding in findings:
        click.echo(f"{_MARKS[finding.state]:7} {finding.about:9} {finding.message}")
        if finding.next:
            click.echo(f"{'':18}-> {finding.next}")


def backed_up(backup: "Backup", *, as_json: bool) -> None:
    """Where, how large, and what is in it."""
    if as_json:
        print_json(plain(backup))
        return
    click.echo(f"Backup: {backup.path}, {backup.bytes / 1e6:,.1f} MB, {backup.documents} documents, {backup.chunks:,} chunks; checked")


def restored(backup: "Backup", *, workspace: "Path", as_json: bool) -> None:
    """What is in again and what is to be done."""
    if as_json:
        print_json(plain(backup))
        return
    click.echo(f"Restored: {backup.documents} documents, {backup.chunks:,} chunks of {backup.made:%Y-%m-%d %H:%M}, in {workspace}")
    for folder in backup.folders:
        click.echo(f"  folder {folder} is not there; set folders in {workspace / 'rag.toml'}")
    click.echo(f"Next: rag ingest --workspace {workspace} (makes the index; nothing is embedded again)")


def erased(gone: "Erased", *, as_json: bool) -> None:
    """What went, and what a person has to look at."""
    if as_json:
        print_json(plain(gone))
        return
    parts = (gone.paths, gone.reports, gone.turns, gone.letters, gone.files, (*gone.unchecked, *gone.elsewhere))
    for word, names in zip(("forgot", "report", "answer", "message", "removed", "look at"), parts, strict=True):
        for name in names:
            click.echo(f"  {word:8} {name}")
    for path in gone.alike:
        click.echo(f"rag: {path} says nearly the same and stays; forget it too where that is meant", err=True)
    for table in gone.quoted_in:
        click.echo(f"rag: words of it are still in the record's table {table}", err=True)
    if gone.held:
        click.echo("rag: another process still reads the former index; it goes with the next `rag ingest` after that has ended", err=True)
    click.echo("Erased from record, index and reports; the files themselves and any backups are untouched")


def let_in(names: "Sequence[str]", *, as_json: bool) -> None:
    """What the next ingest reads again."""
    if as_json:
        print_json(list(names))
        return
    click.echo(f"The next `rag ingest` reads again: {', '.join(names)}")


def _by_gate(check: "CheckResult") -> "list[tuple[str, str, Counter[str]]]":
    """(gate, title, outcomes) in the gates' own order; a report-wide gate counts as one pass when it found nothing."""
    from rag.report import GATES, REPORT_GATES

    titles = {gate.id: gate.title for gate in REPORT_GATES} | {gate.id: gate.title for gate in GATES}
    found: dict[str, Counter[str]] = {gate: Counter() for gate in titles}
    for several in check.claims.values():
        for one in several:
            found[one.gate][one.outcome] += 1
    for about in check.report:
        found[about.gate][about.outcome] += 1
    for outcomes in found.values():
        if not outcomes:
            outcomes["pass"] += 1
    return [(gate, titles[gate], found[gate]) for gate in sorted(found, key=lambda name: int(name[1:]))]


def _outcome(check: "CheckResult") -> str:
    failed, open_ones, warned = (check.counts.get(outcome, 0) for outcome in ("fail", "unchecked", "warn"))
    if failed:
        return f"{_count(failed, 'check')} failed"
    if not check.claims:
        return "no claim to check: the documents answer none of the questions, see the report's gaps"
    asides = [told for count, told in ((open_ones, f"{open_ones} unchecked"), (warned, _count(warned, "warning"))) if count]
    return f"all {check.counts.get('pass', 0):,} checks passed" + (f" ({', '.join(asides)})" if asides else "")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
