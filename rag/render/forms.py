"""The templates there are, and how a new one begins."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.assets import names, shipped
from rag.errors import UsageError, WorkspaceError
from rag.help import field_help
from rag.patterns import regex
from rag.render.context import SHORT, MarketTrends
from rag.render.environment import FULL

STARTER = "_starter"
"""The folder that a new template is copied from; no template itself."""

WORD_FROM = "company_note"
"""Whose Word file a new template begins with: a short one, to be changed in Word."""

_BEGINNINGS = {"report.html.j2": "html", "report.md.j2": "md", "report.typ.j2": "pdf", "report.docx": "docx"}
_FIRST_COMMENT = regex(r"\{#\s*(.*?)\s*#\}", re.DOTALL)
_NAME = regex(r"[A-Za-z][A-Za-z0-9_-]{0,60}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A template, as a person chooses it."""

    name: str
    formats: tuple[str, ...]
    """What it makes; csl, bib, csv and json need no template."""
    own: bool
    """Whether the workspace has files for it that come before those that ship."""
    about: str
    """What it is for, in its own first comment."""


def forms(workspace: Path | None = None) -> tuple[Form, ...]:
    """The templates there are, by name."""
    return tuple(form for form in (_form(name, workspace=workspace) for name in names("templates", workspace=workspace)) if form.formats)


def _form(name: str, *, workspace: Path | None) -> Form:
    own = workspace / "templates" / name if workspace else None
    folders = [folder for folder in (own, shipped("templates") / name) if folder and folder.is_dir()]
    return Form(
        name=name,
        formats=tuple(kind for file, kind in _BEGINNINGS.items() if any((folder / file).is_file() for folder in folders)),
        own=own in folders,
        about=next(_about(folders), ""),
    )


def _about(folders: list[Path]) -> Iterator[str]:
    for path in (folder / file for folder in folders for file in _BEGINNINGS if file.endswith(".j2")):
        if path.is_file() and (found := _FIRST_COMMENT.match(path.read_text(encoding="utf-8"))):
            yield " ".join(found[1].split())


def start(name: str, *, workspace: Path, like: str = "") -> tuple[Path, ...]:
    """A new template in the workspace, copied from the commented starter, or from the one it shall be ``like``; the files it has.

    Raises UsageError for a name that is taken or no name, and for an unknown template to copy.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a template; take letters, digits, - and _, beginning with a letter")
    known = names("templates", workspace=workspace)
    if name in known:
        raise UsageError(
            f"there is a template {name!r} already; choose another name, or edit its files in {workspace / 'templates' / name}"
        )
    if like and like not in known:
        raise UsageError(f"no {like!r} in templates; there is: {', '.join(known)}")
    target = workspace / "templates" / name
    folders = [shipped("templates") / like, workspace / "templates" / like] if like else [shipped("templates") / STARTER]
    try:
        for folder in (folder for folder in folders if folder.is_dir()):
            shutil.copytree(folder, target, dirs_exist_ok=True)
        if not like:
            shutil.copyfile(shipped("templates") / WORD_FROM / "report.docx", target / "report.docx")
        (target / "FIELDS.md").write_text(fields_page(), encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"cannot write the template to {target}: {error.strerror}; choose a workspace you may write to") from error
    return tuple(sorted(path for path in target.rglob("*") if path.is_file()))


def fields_page() -> str:
    """Every field of a template with its meaning, in Markdown."""
    rows = [f"| `{name}` | {'yes' if name in SHORT else ''} | {_cell(told)} |" for name, told in field_help(MarketTrends).items()]
    general = " ".join((MarketTrends.__doc__ or "").split())
    return "\n".join(
        [
            "# What a template can print",
            "",
            f"Plain data only: texts, whole numbers, yes or no, and lists and dicts of them. {_cell(general)}",
            "",
            f"Fields with *yes* must be printed by every template, be it as a number; `{FULL}` prints all that have no default.",
            "",
            "| field | must | what it is |",
            "| --- | --- | --- |",
            *rows,
            "",
            "Filters and tests beside those of Jinja: `css_string` (a CSS string), `number` (a number for typst to compute with), "
            "`policy_hash` (an inline script's hash for the page's policy), `right_to_left`, `with_right_to_left`. In Word alone, each in "
            "a run of its own: `{{r claim.marks | footnotes }}` and `{{r card.chart | drawing }}`.",
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
