"""Is it alive, is it ready, how is it doing: for whoever runs the server."""

from collections import Counter
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from rag.app import Library
from rag.errors import RagError
from rag.parts import RECORD
from rag.record import Record
from rag.schedule import healths
from rag.web.refuse import REFUSALS
from rag.web.serving import Here, schedules

routes = APIRouter(tags=["operation"], responses=REFUSALS)


@routes.get("/healthz")
def healthz(here: Here) -> dict[str, Any]:
    """The process answers; and how many schedules are ok, paused, thin, late, failing or broken. On a connection of its own, so that no
    long question delays it.
    """
    try:
        with Record.open(here.workspace / RECORD, read_only=True) as record:
            states = Counter(one.state for one in healths(here.workspace, record.schedules, now=here.clock()))
    except RagError:
        return {"state": "alive", "schedules": "unknown"}  # /readyz says that the workspace cannot be read
    return {"state": "alive", "schedules": dict(states)}


@routes.get("/readyz", responses={503: {"model": dict[str, str]}})
async def readyz(here: Here) -> Response:
    """The workspace can be read; 503 when it cannot."""
    try:
        await here.desks.do(lambda library: library.record.sequence())
    except RagError:
        return JSONResponse({"state": "not ready"}, status_code=503)
    return JSONResponse({"state": "ready"})


@routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(here: Here) -> Response:
    """In Prometheus' text format."""

    def seen(library: Library) -> tuple[list[str], int]:
        return [one.state for one in schedules(library, now=here.clock(), reader=here.reader)], len(library.record.sources())

    states, documents = await here.desks.do(seen)
    active = sum(not run.ended for run in here.runs.all())
    text = here.numbers.text(schedules=states, documents=documents, active=active, waiting=here.desks.waiting)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
