"""``rag templates``: what forms a report can take, and how to make one's own."""

from pathlib import Path

import click

from rag.cli.door import Command, Text, find_workspace, in_workspace, json_option
from rag.errors import UsageError

_LIST = """\
\b
  rag templates list
  rag report "EV batteries, Europe" --template company_note --format pdf,docx
"""

_NEW = """\
\b
  rag templates new house_style                          # a commented starter for html, md, pdf and docx
  rag templates new house_style --like market_trends     # a copy of the full report to change
"""


@click.group(short_help="The forms a report can take; make your own.")
def templates() -> None:
    """The forms a report can take: list them, or begin one of your own."""


@templates.command("list", cls=Command, short_help="The templates there are.", examples=_LIST)
@in_workspace
@json_option
def list_(workspace: Path | None, as_json: bool) -> None:
    """The templates there are, what formats each makes, and what for. Those of the workspace come before those that ship."""
    from rag.cli.show import print_json
    from rag.render.forms import forms

    found = forms(_workspace(workspace))
    if as_json:
        print_json([{"name": form.name, "formats": form.formats, "own": form.own, "about": form.about} for form in found])
        return
    width = max(len(form.name) for form in found)
    for form in found:
        click.echo(
            f"{form.name:{width}}  {', '.join(form.formats)}{' (in this workspace)' if form.own else ''}\n{'':{width}}  {form.about}"
        )


@templates.command("new", cls=Command, short_help="Begin a template of your own.", examples=_NEW)
@click.argument("name", type=Text())
@click.option("--like", default="", metavar="TEMPLATE", help="Copy this template instead of the commented starter.")
@in_workspace
@json_option
def new(name: str, like: str, workspace: Path | None, as_json: bool) -> None:
    """Put a commented starter into the workspace's templates/NAME, with FIELDS.md, which says what can be printed.

    Edit the .j2 files with any editor and report.docx with Word; remove those of formats you do not want.
    """
    from rag.cli.show import print_json
    from rag.render.forms import start

    files = start(name, workspace=workspace or find_workspace(Path.cwd()), like=like)
    if as_json:
        print_json({"name": name, "files": [str(path) for path in files]})
        return
    click.echo(f"Template {name} is ready:")
    for path in files:
        click.echo(f"  {path}")
    click.echo(f"What it can print is in FIELDS.md. Try it: rag report TOPIC --template {name}")


def _workspace(given: Path | None) -> Path | None:
    """The workspace given or found; without one, only what ships is listed."""
    try:
        return given or find_workspace(Path.cwd())
    except UsageError:
        return None
