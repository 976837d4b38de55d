"""``rag check``: the gates on a report's JSON, and Markdown reports written elsewhere against the files they cite."""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

import click

from rag.cli.door import Command, in_workspace, json_option, open_library, read_file
from rag.errors import ReportError, UsageError

if TYPE_CHECKING:
    from rag.report.findings import Finding
    from rag.report.verify import ManuscriptCheck

Output = Literal["text", "json", "junit", "sarif"]

_CHECK = """\
\b
  rag check reports/ev-batteries-europe-2026-06-30.json
  rag check - < report.json
  rag check report.json --format junit > check.xml
  rag check someone-elses-report.md --sources ~/Documents/battery-research
"""
_MARKS = {"supported": "ok", "partial": "look", "unsupported": "FAIL", "unchecked": "open", "uncited": "look"}


@click.command(cls=Command, short_help="Run the gates on a report: JSON, or Markdown from anywhere.", examples=_CHECK)
@click.argument("report", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--sources", type=click.Path(path_type=Path), help="For Markdown: the folder of the files it cites; default: the workspace.")
@click.option("--format", "output", type=click.Choice(["text", "json", "junit", "sarif"]), default="text", help="Default: text.")
@click.option("--reproduce", is_flag=True, help="Make the report again from its manifest too, and compare the bytes.")
@in_workspace
@json_option
def check(report: Path, sources: Path | None, output: Output, reproduce: bool, workspace: Path | None, as_json: bool) -> None:
    """Run the gates on REPORT ("-" reads stdin): are all quotes on their pages, all numbers in their quotes?

    The JSON of any report is checked against the documents in the workspace. A Markdown report (.md) with [n] citations and a reference
    list is checked sentence by sentence against the files its references name. Exit status 1 when something fails.

    With a [checker] in rag.toml the sentences of a JSON report that a model wrote get its opinion as well, printed after the gates: it
    can fail what the gates passed, never the other way round.
    """
    chosen: Output = "json" if as_json else output
    text = read_file(report)
    if sources is not None or report.suffix.lower() in (".md", ".markdown"):
        if reproduce:
            raise UsageError("a Markdown report has no manifest to make it again from; leave --reproduce out")
        _check_markdown(text, sources=sources, workspace=workspace, output=chosen, name=str(report))
    else:
        _check_json(text, reproduce=reproduce, workspace=workspace, output=chosen, name=str(report))


def _check_json(text: bytes, *, reproduce: bool, workspace: Path | None, output: Output, name: str) -> None:
    from rag.cli import show
    from rag.report import from_json, to_json
    from rag.report.findings import findings_of

    read = from_json(text, name="stdin" if name == "-" else name)
    with open_library(workspace) as library:
        result = library.check(read)
        opinion = library.second_opinion(read) if output in ("text", "json") else None
        again = to_json(library.made_again(read)).encode() == text if reproduce else True
    if output in ("text", "json"):
        show.checked(read, result, opinion=opinion, as_json=output == "json")
    else:
        _print(findings_of(read, result, source=text.decode()), output=output, name=name)
    if reproduce:
        click.echo("made again from its manifest: the same bytes" if again else "made again from its manifest: other bytes", err=True)
    doubted = any(one.outcome == "fail" for one in opinion or ())
    sys.exit(0 if result.ok and again and not doubted else 1)


def _check_markdown(text: bytes, *, sources: Path | None, workspace: Path | None, output: Output, name: str) -> None:
    from rag.app import verify_in
    from rag.cli import show

    try:
        words = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReportError(f"{name} is not text in UTF-8; save it as UTF-8") from error
    if sources is not None:
        result = verify_in(sources, words)
    else:
        with open_library(workspace) as library:
            result = library.verify(words)
    if output == "json":
        show.print_json({"passed": result.ok, **show.plain(result)})
    elif output == "text":
        _tell(result)
    else:
        _print(result.findings(), output=output, name=name)
    sys.exit(0 if result.ok else 1)


def _print(findings: "Sequence[Finding]", *, output: Output, name: str) -> None:
    from rag.report.findings import junit, sarif

    click.echo(junit(findings, name=name) if output == "junit" else sarif(findings, uri=Path(name).as_posix()), nl=False)


def _tell(result: "ManuscriptCheck") -> None:
    """A line a sentence, and under it why it is not supported."""
    for one in result.sentences:
        click.echo(f"{_MARKS[one.verdict]:5} line {one.written.line:<4} {shorten(one.written.text, 100, placeholder=' ...')}")
        if one.verdict != "supported":
            click.echo(f"{'':16} {one.rule} {one.verdict}: {one.reason}")
    for why in result.missing.values():
        click.echo(f"FAIL  {why}")
    for key in result.unused:
        click.echo(f"look  reference [{key}] is cited nowhere")
    counts = {verdict: sum(one.verdict == verdict for one in result.sentences) for verdict in _MARKS}
    click.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + f"; {len(result.missing)} references without a file")
