"""Reports that come by themselves: how they do, what became of each run; making, pausing, asking for and removing one."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from rag.app import Library
from rag.errors import DefinitionError, UsageError
from rag.record.schedules import Schedules
from rag.schedule import Health, ask_for, definition_of, remove, set_paused, zone_of
from rag.types import Scope
from rag.web import schedule_form, serving
from rag.web.forms import page, sentence_of
from rag.web.plan_pages import choices
from rag.web.schedule_form import FIELDS, Wish
from rag.web.serving import Here, Serving

routes = APIRouter(prefix="/schedules", include_in_schema=False)

_COMING = 3
_PAST = 30
"""Runs that are listed."""
_LISTED = 200
"""Folders, and keywords, of a scope."""
SAID = {
    "added": "The schedule is added.",
    "removed": "The schedule is removed. Its reports, and the record of its runs, stay.",
}
"""What was done -> how it is said."""

Short = Annotated[str, Form(max_length=200)]
Several = Annotated[list[str], Form(max_length=_LISTED)]


@routes.get("")
async def schedules(here: Here, said: Literal["", "removed"] = "") -> Response:
    """How the schedules do, and a new one."""
    return await here.desks.do(lambda library: _room(library, here, said=SAID.get(said, "")))


@routes.post("")
async def add(
    here: Here,
    topic: Annotated[str, Form(max_length=1_000)] = "",
    title: Short = "",
    pack: Short = "",
    template: Short = "",
    rhythm: Annotated[Literal["weekly", "workdays", "monthly", "cron"], Form()] = "weekly",
    day: Annotated[Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"], Form()] = "MON",
    time: Short = "",
    cron: Short = "",
    zone: Short = "",
    always: Short = "",
    folder: Several = [],  # noqa: B006 - FastAPI copies it
    tag: Several = [],  # noqa: B006
) -> Response:
    """Makes a schedule that runs as whoever asks for it, checked as `rag schedule add` checks one."""
    given = (topic, title, pack, template, rhythm, day, time, cron, zone, always)
    wish = Wish(values=dict(zip(FIELDS, given, strict=True)), folders=folder, tags=tag)

    def job(library: Library) -> Response:
        seen = schedule_form.looked_at(wish)
        if seen.problems:
            return _room(library, here, wish=seen)
        try:
            made = serving.make_schedule(library, schedule_form.definition_of(seen), now=here.clock(), reader=here.reader)
        except DefinitionError as error:
            return _room(library, here, wish=schedule_form.refused(seen, error))
        return _to(f"/schedules/{made}?said=added")

    return await here.desks.do(job)


@routes.get("/{name}")
async def one(here: Here, name: str, said: Literal["", "added"] = "") -> Response:
    """One of them: when it is due, and its last runs."""
    return await here.desks.do(lambda library: _one(library, here, name, said=SAID.get(said, "")))


@routes.post("/{name}/pause")
async def pause(here: Here, name: str) -> Response:
    """Its slots are skipped from now on."""
    return await _changed(here, name, lambda workspace, book, now: set_paused(workspace, name, book=book, paused=True, now=now))


@routes.post("/{name}/resume")
async def resume(here: Here, name: str) -> Response:
    """It goes on; slots of the pause stay skipped."""
    return await _changed(here, name, lambda workspace, book, now: set_paused(workspace, name, book=book, paused=False, now=now))


@routes.post("/{name}/run")
async def run(here: Here, name: str) -> Response:
    """Its report is made beside its slots, by whoever makes what is due."""
    return await _changed(here, name, lambda workspace, book, now: ask_for(workspace, name, book=book, now=now))


@routes.post("/{name}/remove")
async def put_away(here: Here, name: str) -> Response:
    """It makes no report any more; the page has asked whether that is meant."""
    return await _changed(here, name, lambda workspace, book, now: remove(workspace, name, book=book), to="/schedules?said=removed")


async def _changed(here: Serving, name: str, change: Callable[[Path, Schedules, datetime], object], *, to: str = "") -> Response:
    def job(library: Library) -> Response:
        serving.own_schedule(library, name, now=here.clock(), reader=here.reader)
        try:
            change(library.workspace, library.record.schedules, here.clock())
        except (UsageError, DefinitionError) as error:
            return _one(library, here, name, problem=sentence_of(error))
        return _to(to or f"/schedules/{name}")

    return await here.desks.do(job)


def _room(library: Library, here: Serving, *, wish: Wish | None = None, said: str = "") -> Response:
    """All of them, and the form of a new one: as it was filled in, where something is wrong with it."""
    found = serving.schedules(library, now=here.clock(), reader=here.reader)
    looking = choices(library, Scope(folders=tuple(wish.folders), tags=tuple(wish.tags)) if wish else Scope())
    status = 422 if wish else 200
    return page(
        "schedules.html.j2",
        here="schedules",
        reader=here.reader,
        status=status,
        schedules=found,
        said=said,
        wish=wish or schedule_form.blank(zone=_usual_zone(library, found, now=here.clock())),
        rhythms=schedule_form.RHYTHMS,
        days=schedule_form.DAYS,
        zones=sorted(available_timezones()),
        **looking,
    )


def _usual_zone(library: Library, found: list[Health], *, now: datetime) -> str:
    """The one of the first schedule that can be used; empty where there is none: the browser knows better."""
    name = next((one.name for one in found if one.next is not None), "")
    return definition_of(library.workspace, name, book=library.record.schedules, now=now).zone if name else ""


def _one(library: Library, here: Serving, name: str, *, said: str = "", problem: str = "") -> Response:
    health = serving.own_schedule(library, name, now=here.clock(), reader=here.reader)
    told: dict[str, Any] = {"title": name, "rhythm": "", "coming": [], "owner": "", "channels": []}
    if health.next is not None:  # its file can be used
        definition = definition_of(library.workspace, name, book=library.record.schedules, now=here.clock())
        coming = islice(definition.rhythm.after(here.clock()), _COMING)
        told = {
            "title": definition.called(name),
            "rhythm": definition.rhythm.explained(),
            "coming": [slot.due.astimezone(zone_of(definition.zone)) for slot in coming],
            "owner": definition.owner,
            "channels": list(dict.fromkeys(delivery.kind for delivery in definition.deliver)),
        }
    status = 400 if problem else 200
    past = library.record.schedules.slots(name, limit=_PAST)
    return page(
        "schedule.html.j2",
        here="schedules",
        reader=here.reader,
        status=status,
        health=health,
        past=past,
        problem=problem,
        said=said,
        **told,
    )


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
