"""Reports that come by themselves: how they do, what became of each run, and pausing or asking for one."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from rag.app import Library
from rag.errors import UsageError
from rag.record.schedules import Schedules
from rag.schedule import Health, ask_for, definition_of, set_paused, zone_of
from rag.web import serving
from rag.web.forms import page, sentence_of
from rag.web.serving import Here, Serving

routes = APIRouter(prefix="/schedules", include_in_schema=False)

_COMING = 3
_PAST = 30
"""Runs that are listed."""


@routes.get("")
async def schedules(here: Here) -> Response:
    """How the schedules do."""
    held = await here.desks.do(lambda library: serving.schedules(library, now=here.clock(), reader=here.reader))
    return page("schedules.html.j2", here="schedules", reader=here.reader, schedules=held)


@routes.get("/{name}")
async def one(here: Here, name: str) -> Response:
    """One of them: when it is due, and its last runs."""
    return await here.desks.do(lambda library: _one(library, here, name))


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


async def _changed(here: Serving, name: str, change: Callable[[Path, Schedules, datetime], object]) -> Response:
    def job(library: Library) -> Response:
        _own(library, here, name)
        try:
            change(library.workspace, library.record.schedules, here.clock())
        except UsageError as error:
            return _one(library, here, name, problem=sentence_of(error))
        return RedirectResponse(f"/schedules/{name}", status_code=303)

    return await here.desks.do(job)


def _one(library: Library, here: Serving, name: str, *, problem: str = "") -> Response:
    health = _own(library, here, name)
    told: dict[str, Any] = {"title": name, "rhythm": "", "coming": [], "owner": ""}
    if health.next is not None:  # its file can be used
        definition = definition_of(library.workspace, name, book=library.record.schedules, now=here.clock())
        coming = islice(definition.rhythm.after(here.clock()), _COMING)
        told = {
            "title": definition.called(name),
            "rhythm": definition.rhythm.explained(),
            "coming": [slot.due.astimezone(zone_of(definition.zone)) for slot in coming],
            "owner": definition.owner,
        }
    status = 400 if problem else 200
    past = library.record.schedules.slots(name, limit=_PAST)
    return page("schedule.html.j2", here="schedules", reader=here.reader, status=status, health=health, past=past, problem=problem, **told)


def _own(library: Library, here: Serving, name: str) -> Health:
    """Another's is as unknown as none."""
    found = serving.schedules(library, now=here.clock(), reader=here.reader)
    if name not in (known := [one.name for one in found]):
        raise UsageError(f"no schedule {name!r}; there is: {', '.join(known) or 'none'}")
    return found[known.index(name)]
