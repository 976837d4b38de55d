"""A new schedule as a form: what is written in it, and what the reader of definitions says against it, each at its field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rag.errors import DefinitionError

DAYS = {
    "MON": "Monday",
    "TUE": "Tuesday",
    "WED": "Wednesday",
    "THU": "Thursday",
    "FRI": "Friday",
    "SAT": "Saturday",
    "SUN": "Sunday",
}
RHYTHMS = {
    "weekly": "every week",
    "workdays": "Monday to Friday",
    "monthly": "each month's first working day",
    "cron": "as a cron expression says",
}
FIELDS = ("topic", "title", "pack", "template", "rhythm", "day", "time", "cron", "zone", "always")
"""With one value; folders and keywords have several."""
NO_TOPIC = "Say what the report is about, such as: EV batteries, Europe, 2024-26"
_NO_TIME = "Write a time of day, such as 07:00."
_NO_CRON = "Write five fields, such as 0 7 * * MON."
_AT = {"": "topic", "plan": "topic", "first_working_day": "time"}
"""Key of a definition -> the field that is to blame, where it is called otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A new schedule as it stands in the form, right or wrong."""

    values: Mapping[str, str]
    """Field of FIELDS -> what is written in it."""
    folders: Sequence[str] = ()
    tags: Sequence[str] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    """Field -> what is wrong with it."""


def blank(*, zone: str) -> Wish:
    """The form as it is offered: Mondays at seven."""
    return Wish(values=dict.fromkeys(FIELDS, "") | {"rhythm": "weekly", "day": "MON", "time": "07:00", "zone": zone})


def looked_at(wish: Wish) -> Wish:
    """With what is wrong before a definition can be made of it."""
    values, problems = wish.values, {}
    if not values["topic"].strip():
        problems["topic"] = NO_TOPIC
    if values["rhythm"] == "cron" and not values["cron"].strip():
        problems["cron"] = _NO_CRON
    if values["rhythm"] != "cron" and _time(values["time"]) is None:
        problems["time"] = _NO_TIME
    return replace(wish, problems=problems)


def definition_of(wish: Wish) -> dict[str, Any]:
    """Key of a definition -> value, of a form in which nothing is wrong so far."""
    values = {name: value.strip() for name, value in wish.values.items()}
    made: dict[str, Any] = {name: values[name] for name in ("topic", "title", "pack", "template", "zone")}
    time = _time(values["time"])
    match values["rhythm"]:
        case "cron":
            made["cron"] = values["cron"]
        case "monthly":
            made["first_working_day"] = values["time"]
        case rhythm:
            assert time is not None
            made["cron"] = f"{time.minute} {time.hour} * * {'MON-FRI' if rhythm == 'workdays' else values['day']}"
    made["no_news"] = "report" if values["always"] else "note"
    return made | {"scope": {"folders": list(wish.folders), "tags": list(wish.tags)}}


def refused(wish: Wish, error: DefinitionError) -> Wish:
    """With what the reader of definitions said, each at its field."""
    told: dict[str, str] = {}
    for key, said in error.problems.items():
        at = _AT.get(key, key.partition(".")[0])
        told[at if at in FIELDS else "topic"] = f"{said[:1].upper()}{said[1:].rstrip('.')}."
    return replace(wish, problems=told)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007 - a time of day only
    except ValueError:
        return None
