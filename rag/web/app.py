"""The application: routes, errors as one sentence, the guard before them and the watch around everything."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rag import __version__
from rag.desks import DESKS, Desks, OwnDesks, OwnWriters, Writers
from rag.errors import RagError
from rag.types import STRANGER
from rag.web import (
    api,
    asking,
    completions,
    entrance,
    health,
    list_pages,
    pages,
    people_pages,
    plan_pages,
    report_pages,
    review_api,
    schedule_api,
    schedule_pages,
)
from rag.web.accounts import Accounts, session_cookie
from rag.web.forms import STATIC
from rag.web.guard import Guard
from rag.web.own import OwnRuns
from rag.web.refuse import refusal
from rag.web.rules import allowed
from rag.web.runs import Runs
from rag.web.serving import Serving
from rag.web.timer import Timer
from rag.web.tracing import Traces
from rag.web.watch import Numbers, Watch, defect
from rag.web.who import Key

_ABOUT = "Questions, documents, reports, schedules and health of one workspace. Every request carries Authorization: Bearer TOKEN."


def app(
    workspace: Path,
    *,
    key: Key,
    names: Collection[str] = (),
    desks: int = DESKS,
    address: str = "",
    timer: Timer | None = None,
    traces: Traces | None = None,
) -> ASGIApp:
    """The ASGI application over a workspace.

    ``names``: further host names that it answers to; ``address``: where people reach it. ``timer`` makes what is due.
    """
    numbers = Numbers(traces=traces)
    accounts = Accounts(workspace, clock=_now)
    all_desks, all_runs = Desks(workspace, count=desks, waited=numbers.waited.observe), Runs(workspace, ended=numbers.ended)
    all_writers = Writers(workspace, defect=defect)
    serving = Serving(
        workspace=workspace,
        reader=STRANGER,
        desks=OwnDesks(desks=all_desks, reader=STRANGER),
        runs=OwnRuns(runs=all_runs, reader=STRANGER),
        writers=OwnWriters(writers=all_writers, reader=STRANGER),
        numbers=numbers,
        key=key,
        clock=_now,
        accounts=accounts,
        session=session_cookie(port=key.port, secure=address.startswith("https://")),
        address=address,
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        all_runs.take_over(now=_now())
        if timer is not None:
            timer.begin()
        yield
        if timer is not None:
            timer.close()
        all_runs.close()
        all_writers.close()
        all_desks.close()
        accounts.close()
        if traces is not None:
            traces.close()

    made = FastAPI(
        title="rag",
        version=__version__,
        description=_ABOUT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(allowed)],
    )
    made.state.serving = serving
    made.add_exception_handler(RagError, _told)
    made.add_exception_handler(RequestValidationError, _wrong)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(UnicodeEncodeError, _no_text)
    made.add_exception_handler(Exception, _unforeseen)
    rooms = (
        entrance,
        health,
        api,
        asking,
        review_api,
        schedule_api,
        completions,
        pages,
        plan_pages,
        report_pages,
        schedule_pages,
        people_pages,
        list_pages,
    )
    for part in (room.routes for room in rooms):
        made.include_router(part)
    made.mount("/static", StaticFiles(directory=STATIC), name="static")
    return Watch(Guard(made, key=key, names=names, accounts=accounts, session=serving.session), numbers=numbers)


def _now() -> datetime:
    return datetime.now(UTC)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, RagError)
    code = getattr(error, "code", None)
    return refusal(request.scope, status=error.http_status, message=str(error), code=code)


async def _wrong(request: Request, error: Exception) -> Response:
    """Says which field and what is wrong with it; the value stays out."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path")) or "the request"
    where = f"the field {where}" if where != "the request" else where
    return refusal(request.scope, status=422, message=f"{where} cannot be used: {first['msg']}")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: "there is nothing at this address", 405: "this address does not take that method", 413: error.detail}
    return refusal(request.scope, status=error.status_code, message=known.get(error.status_code, HTTPStatus(error.status_code).phrase))


async def _no_text(request: Request, error: Exception) -> Response:
    """JSON can hold halves of characters."""
    return refusal(request.scope, status=400, message="the request holds characters that are no text; send whole Unicode characters")


async def _unforeseen(request: Request, error: Exception) -> Response:
    return refusal(request.scope, status=500, message=f"this is a defect of the program ({type(error).__name__}); its log says where")
