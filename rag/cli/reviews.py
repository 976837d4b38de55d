"""``rag reviews``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.door import Command, in_workspace, json_option, open_library, utc_now

if TYPE_CHECKING:
    from rag.reviewing import Reviewed
    from rag.types import Report

_REVIEWS = """\
\b
  rag reviews                                      # of the newest report
  rag reviews r-51c0 --all                         # claims without a verdict too
  rag reviews r-51c0 --claim c-66f5516abfb7 --reject --note "the tender was withdrawn"
  rag reviews last --json | jq '.reviews[] | select(.verdict == "rejected")'
"""


@click.command(cls=Command, short_help="What analysts accepted and rejected of a report.", examples=_REVIEWS)
@click.argument("report", default="last")
@click.option("--all", "everything", is_flag=True, help="List the claims without a verdict too.")
@click.option("--claim", default="", metavar="ID", help="Give a verdict on this claim; with one of the three below.")
@click.option("--accept", "verdict", flag_value="accepted", help="It stands.")
@click.option("--reject", "verdict", flag_value="rejected", help="It does not.")
@click.option("--take-back", "verdict", flag_value="open", help="No verdict any more.")
@click.option("--note", default="", help="Why.")
@click.option("--by", "reviewer", default="owner", show_default=True, help="Who says so.")
@in_workspace
@json_option
def reviews(
    report: str, everything: bool, claim: str, verdict: str | None, note: str, reviewer: str, workspace: Path | None, as_json: bool
) -> None:
    """List the verdicts on the claims of REPORT: an id, its beginning, or "last". With --claim, give one.

    A verdict stands beside a claim and changes nothing in the report; the next edition says what was said of a claim in this one.
    """
    from rag.cli import show
    from rag.reviewing import review, reviewed

    if bool(claim) != bool(verdict):
        raise click.UsageError("name a claim with --claim ID and one of --accept, --reject and --take-back")
    with open_library(workspace) as library:
        made = library.saved(report)
        if claim and verdict:
            review(library.record, made, claim, verdict=verdict, note=note, reviewer=reviewer, now=utc_now())  # type: ignore[arg-type]
        said = reviewed(library.record, made)
    if as_json:
        show.print_json(show.plain(said))
    else:
        _print(made, said, everything=everything)


def _print(made: "Report", said: "Reviewed", *, everything: bool) -> None:
    done = len(said.reviews)
    click.echo(f"{made.title}, as of {made.as_of} ({made.id})")
    click.echo(f"{done} of {said.claims} claims reviewed: {said.count('accepted')} accepted, {said.count('rejected')} rejected")
    standing = {one.claim: one for one in said.reviews}
    for claim in made.claims:
        now, before = standing.get(claim.id), said.before.get(claim.id)
        if now is None and before is None and not everything:
            continue
        click.echo(f"  {now.verdict if now else '-':10} {claim.id}  {claim.text}")
        if now is not None:
            click.echo(f"{'':13}{now.reviewer}, {now.at:%Y-%m-%d %H:%M} UTC{f': {now.note}' if now.note else ''}")
        if before is not None:
            one, what = before.review, "a claim on the same figures was " if before.reworded else ""
            click.echo(f"{'':13}{what}{one.verdict} in {one.report} by {one.reviewer}{f': {one.note}' if one.note else ''}")
