"""``rag prompts``: what a language model is told, and whether an own version of it can be used."""

from pathlib import Path

import click

from rag.cli.door import Command, find_workspace, in_workspace, json_option
from rag.errors import UsageError

_SHOW = """\
\b
  rag prompts show                      # the names
  rag prompts show write/card.j2
  rag prompts show write/card.j2 > prompts/write/card.j2
"""
_TRY = """\
\b
  rag prompts try write/card.j2 --workspace research
"""


@click.group(short_help="Show and try what a language model is told.")
def prompts() -> None:
    """Show and try the prompts of reports worded by a language model. A workspace's own file in prompts/ comes first."""


@prompts.command(cls=Command, short_help="Print a prompt file, or the names of all.", examples=_SHOW)
@click.argument("name", default="")
@in_workspace
@json_option
def show(name: str, workspace: Path | None, as_json: bool) -> None:
    """Print the prompt file NAME as it stands: the workspace's own, else the one that ships."""
    from rag.cli.show import print_json
    from rag.model_prompts import EXAMPLES, read

    here = _workspace(workspace)
    if not name:
        found = [read(one, workspace=here) for one in EXAMPLES]
        if as_json:
            print_json([{"name": file.name, "path": str(file.path), "sha256": file.sha256, "fields": file.fields} for file in found])
            return
        for file in found:
            click.echo(f"{file.name:18} {file.sha256[:12]}  {', '.join(file.fields)}")
        return
    file = read(name, workspace=here)
    if as_json:
        print_json({"name": file.name, "path": str(file.path), "sha256": file.sha256, "fields": file.fields, "text": file.text})
        return
    click.echo(file.text, nl=False)


@prompts.command("try", cls=Command, short_help="Fill a prompt in with example values.", examples=_TRY)
@click.argument("name")
@in_workspace
def attempt(name: str, workspace: Path | None) -> None:
    """Print what a model would read of the prompt file NAME, with example values in it. An own file that cannot be used is an error."""
    from rag.model_prompts import EXAMPLES, Prompts, read

    here = _workspace(workspace)
    read(name, workspace=here)
    click.echo(Prompts(workspace=here).fill(EXAMPLES[name]), nl=False)


def _workspace(given: Path | None) -> Path | None:
    """The workspace given or found; None outside of any, where the prompts that ship are meant."""
    if given is not None:
        return given
    try:
        return find_workspace(Path.cwd())
    except UsageError:  # no workspace is needed to look at what ships
        return None
