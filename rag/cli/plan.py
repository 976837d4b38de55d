"""``rag plan``, and what ``rag report`` is asked for: a topic, a plan in a file, or a topic's plan that the analyst edits first."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.door import Command, Text, in_workspace, open_library
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.app import Library
    from rag.report import Outline

_PLAN = """\
\b
  rag plan "EV batteries, Europe, 2024-26" > plan.yaml
  rag plan "Regional economy, by district" --pack macro > plan.yaml
  rag report --plan plan.yaml
"""

EDIT = "edit"


@click.command(cls=Command, short_help="Print a topic's plan, to be edited.", examples=_PLAN)
@click.argument("topic", type=Text())
@click.option("--pack", default="", help="The questions to ask: a file in prompts/facets/; default: the one in rag.toml.")
@in_workspace
def plan(topic: str, pack: str, workspace: Path | None) -> None:
    """Print what a report on TOPIC asks for, section by section, as a file for `rag report --plan`."""
    from rag.report import to_yaml

    with open_library(workspace) as library:
        click.echo(to_yaml(replace(library.outline(topic, pack=pack), binding=True)), nl=False)


def asked_for(library: "Library", topic: str, *, plan: str | None, pack: str) -> "Outline":
    """What to report on. Raises UsageError when topic and plan do not go together, or when editing was given up."""
    if plan == EDIT:
        return _edited(library.outline(_needed(topic), pack=pack))
    if plan is None:
        return library.outline(_needed(topic), pack=pack)
    if topic or pack:
        raise UsageError(f"{plan} says the topic and the questions itself; leave out {'TOPIC' if topic else '--pack'}, or --plan")
    return _read(Path(plan))


def _needed(topic: str) -> str:
    if not topic:
        raise UsageError('name a topic, such as "EV batteries, Europe, 2024-26", or a plan with --plan FILE')
    return topic


def _read(path: Path) -> "Outline":
    from rag.report import read_outline

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plan {path} cannot be read: {error.strerror}; write one with: rag plan TOPIC > {path}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the plan {path} is not UTF-8 text; save it as UTF-8") from error
    return read_outline(text, at=str(path))


def _edited(outline: "Outline") -> "Outline":
    from rag.report import read_outline, to_yaml

    text = click.edit(to_yaml(replace(outline, binding=True)), extension=".yaml")
    if text is None:
        raise UsageError("the plan was closed without saving, so no report was written; save it in the editor to go on")
    return read_outline(text, at="the edited plan")
