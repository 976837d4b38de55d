"""A schedule is taken in, made and put away, whichever door it comes by: what would fail on Monday fails today."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from rag.app import Library
from rag.assets import find
from rag.errors import DefinitionError, SettingsError, UsageError, WorkspaceError
from rag.record.schedules import Schedules
from rag.schedule.definition import FOLDER, Definition, definitions, read_definition
from rag.schedule.golden import golden_questions
from rag.schedule.run import asked_by, caps_of

_LONGEST_NAME = 50


def add(library: Library, name: str, text: str, *, at: str, now: datetime) -> Definition:
    """Takes in a schedule under a name, in the place of one that has it; its slots count from now on. ``at`` is its file for messages.

    Raises DefinitionError for what cannot be used, WorkspaceError where nothing can be written.
    """
    definition = _checked(library, text, at=at)
    _put_down(library.workspace, name, text.encode())
    library.record.schedules.begin(name, since=now)
    return definition


def make(library: Library, values: Mapping[str, Any], *, now: datetime) -> str:
    """A new schedule; gives its name, which no schedule has or had. ``values``: key of a definition -> value. Raises as ``add`` does."""
    text = _to_toml(values)
    data = text.encode()  # halves of characters are refused before anything is kept
    definition = _checked(library, text, at="the schedule")
    name = _claimed(_stem(definition.called("report")), library=library, now=now)
    try:
        _put_down(library.workspace, name, data)
    except WorkspaceError:
        library.record.schedules.remove(name)
        raise
    return name


def remove(workspace: Path, name: str, *, book: Schedules) -> None:
    """The schedule, also one that lost its file; its reports and the record of its runs stay. Raises UsageError for an unknown one."""
    known = sorted({*definitions(workspace), *book.known()})
    if name not in known:
        raise UsageError(f"no schedule {name!r}; there is: {', '.join(known) or 'none'}")
    book.remove(name)
    (workspace / FOLDER / f"{name}.toml").unlink(missing_ok=True)


def _claimed(stem: str, *, library: Library, now: datetime) -> str:
    """The stem, else with the first number that makes it a name of no schedule there is or was; it is taken from now on."""
    taken, book = definitions(library.workspace), library.record.schedules
    for number in count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        if name not in taken and not book.slots(name, limit=1) and book.begin(name, since=now):
            return name
    raise AssertionError("numbers do not end")


def _checked(library: Library, text: str, *, at: str) -> Definition:
    """The definition with all that it names: topic, pack, plan, template, golden questions, a cap and its prices."""
    definition = read_definition(text, at=at)
    asks = "plan" if definition.plan else "pack" if definition.pack else "topic"
    template = definition.template or library.settings.report.template
    checks: dict[str, Callable[[], object]] = {
        asks: lambda: asked_by(library, definition),
        "limits.max_cost": lambda: caps_of(library, definition),
        "gate.questions": lambda: golden_questions(library, definition.gate) if definition.gate else None,
        "template": lambda: find("templates", template, workspace=library.workspace),
    }
    for key, check in checks.items():
        try:
            check()
        except (UsageError, SettingsError) as error:
            raise DefinitionError(str(error), problems={key: str(error)}) from error
    return definition


def _to_toml(values: Mapping[str, Any]) -> str:
    """As a file; a mapping becomes a table. What is empty is left out."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items() if value not in ("", [], ())]
    for name, table in tables.items():
        filled = {key: value for key, value in table.items() if value not in ("", [], ())}
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in filled.items())] if filled else []
    return "\n".join(lines) + "\n"


def _value(value: str | int | Sequence[str]) -> str:
    """JSON is TOML here, but for one character."""
    plain = value if isinstance(value, str | int) else list(value)
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _stem(called: str) -> str:
    """A title as a name."""
    plain = unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_NAME].strip("-") or "report"


def _put_down(workspace: Path, name: str, data: bytes) -> None:
    path = workspace / FOLDER / f"{name}.toml"
    try:
        path.parent.mkdir(exist_ok=True)
        beside = path.with_name(f".{path.name}")
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise WorkspaceError(f"cannot write {path}: {error.strerror}; make the workspace writable for this user") from error
