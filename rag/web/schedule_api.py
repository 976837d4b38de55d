"""Schedules as JSON."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from rag.app import Library
from rag.config import Format
from rag.schedule import Health, ask_for, remove, set_paused
from rag.schedule.definition import CatchUp, NoNews, Overlap
from rag.web import serving
from rag.web.refuse import REFUSALS
from rag.web.serving import Here, Serving

routes = APIRouter(prefix="/api/schedules", tags=["rag"], responses=REFUSALS)

_MOST = 200


class NewSchedule(BaseModel):
    """A report that comes by itself; what is left out is as in docs/schedules.md. It runs as whoever makes it, and delivers to nobody."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(max_length=1_000)
    title: str = Field(default="", max_length=200, description="Its name is made of this, else of the topic.")
    cron: str = Field(default="", max_length=200, description='When: five fields, such as "0 7 * * MON"; or:')
    first_working_day: str = Field(default="", max_length=10, description='A time on each month\'s first working day, such as "07:00".')
    zone: str = Field(max_length=200, description='By whose clocks, such as "Europe/Berlin".')
    pack: str = Field(default="", max_length=100)
    template: str = Field(default="", max_length=100)
    formats: list[Format] = []
    folders: list[str] = Field(default=[], max_length=_MOST)
    tags: list[str] = Field(default=[], max_length=_MOST)
    catch_up: CatchUp = "latest"
    overlap: Overlap = "skip"
    no_news: NoNews = "note"


class Removed(BaseModel):
    """A schedule that is gone."""

    name: str


@routes.get("")
async def schedules(here: Here) -> list[Health]:
    """Every schedule: how it does, when it is due."""
    return await here.desks.do(lambda library: serving.schedules(library, now=here.clock(), reader=here.reader))


@routes.post("", status_code=201)
async def make(here: Here, wish: NewSchedule) -> Health:
    """Makes a schedule that runs as whoever asks, checked as `rag schedule add` checks one."""
    values: dict[str, Any] = wish.model_dump(exclude={"folders", "tags"})
    values["scope"] = {"folders": wish.folders, "tags": wish.tags}

    def job(library: Library) -> Health:
        name = serving.make_schedule(library, values, now=here.clock(), reader=here.reader)
        return serving.own_schedule(library, name, now=here.clock(), reader=here.reader)

    return await here.desks.do(job)


@routes.get("/{name}")
async def schedule(here: Here, name: str) -> Health:
    """One of them."""
    return await _after(here, name, lambda library: None)


@routes.post("/{name}/pause")
async def pause(here: Here, name: str) -> Health:
    """Its slots are skipped from now on."""
    return await _after(here, name, lambda library: _set_paused(library, here, name, paused=True))


@routes.post("/{name}/resume")
async def resume(here: Here, name: str) -> Health:
    """It goes on; slots of the pause stay skipped."""
    return await _after(here, name, lambda library: _set_paused(library, here, name, paused=False))


@routes.post("/{name}/run", status_code=202)
async def run(here: Here, name: str) -> Health:
    """Its report is made beside its slots, by whoever makes what is due."""
    return await _after(here, name, lambda library: ask_for(library.workspace, name, book=library.record.schedules, now=here.clock()))


@routes.delete("/{name}")
async def put_away(here: Here, name: str) -> Removed:
    """It makes no report any more; its reports and the record of its runs stay."""

    def job(library: Library) -> Removed:
        serving.own_schedule(library, name, now=here.clock(), reader=here.reader)
        remove(library.workspace, name, book=library.record.schedules)
        return Removed(name=name)

    return await here.desks.do(job)


def _set_paused(library: Library, here: Serving, name: str, *, paused: bool) -> None:
    set_paused(library.workspace, name, book=library.record.schedules, paused=paused, now=here.clock())


async def _after(here: Serving, name: str, change: Callable[[Library], object]) -> Health:
    """How this person's schedule does after a change."""

    def job(library: Library) -> Health:
        serving.own_schedule(library, name, now=here.clock(), reader=here.reader)
        change(library)
        return serving.own_schedule(library, name, now=here.clock(), reader=here.reader)

    return await here.desks.do(job)
