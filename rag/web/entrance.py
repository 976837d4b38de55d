"""The page's entrance: logging in and out, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from rag.errors import AccessError, UsageError
from rag.passwords import LEAST, MOST
from rag.types import STRANGER
from rag.web.accounts import WrongPasswordError
from rag.web.forms import page, same_twice, sentence_of
from rag.web.serving import Here, Serving

routes = APIRouter(include_in_schema=False)


def own_path(given: str) -> str:
    """Where to go after logging in: a path of this server, and nothing that a browser could take for another one."""
    plain = given.startswith("/") and not given.startswith("//") and "\\" not in given and given.isprintable()
    return given if plain and not given.startswith(("/login", "/logout")) else "/"


@routes.get("/login")
async def ask_who(next: str = "/") -> Response:
    """The form."""
    return _form(next, said="", status=200)


@routes.post("/login")
async def log_in(
    here: Here,
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
    next: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Lets a browser in with a cookie of its own, never with one that it brought."""
    before = request.cookies.get(here.session, "")
    address = request.client.host if request.client else ""
    try:
        secret = await here.accounts.log_in(name, password, address=address, before=before)
    except AccessError as error:
        return _form(next, said=sentence_of(error), status=error.http_status)
    answer = RedirectResponse(own_path(next), status_code=303)
    answer.set_cookie(here.session, secret, httponly=True, samesite="strict", path="/", secure=here.secure)
    return answer


@routes.post("/logout")
async def log_out(here: Here, request: Request) -> Response:
    """Ends the session, here and in the record."""
    await here.accounts.log_out(request.cookies.get(here.session, ""))
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(here.session, path="/", secure=here.secure, httponly=True, samesite="strict")
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@routes.get("/you")
async def you(here: Here) -> Response:
    """Who one is here."""
    return _you(here)


@routes.post("/you/password")
async def change_password(
    here: Here,
    request: Request,
    before: Annotated[str, Form(max_length=2_000)] = "",
    password: Annotated[str, Form(max_length=MOST)] = "",
    again: Annotated[str, Form(max_length=MOST)] = "",
) -> Response:
    """One's own password, by whoever knows the one before; every session ends, this one too."""
    address = request.client.host if request.client else ""
    try:
        await here.accounts.change_password(here.reader.name, before, same_twice(password, again), address=address)
    except WrongPasswordError:
        return _you(here, problem="Your present password is another one.", status=400)
    except (AccessError, UsageError) as error:
        return _you(here, problem=sentence_of(error), status=error.http_status)
    return RedirectResponse("/login?next=/you", status_code=303)


def _you(here: Serving, *, problem: str = "", status: int = 200) -> Response:
    return page("you.html.j2", here="you", status=status, reader=here.reader, team=bool(here.reader.user), problem=problem, least=LEAST)


def _form(next_path: str, *, said: str, status: int) -> Response:
    return page("login.html.j2", here="", reader=STRANGER, status=status, next=own_path(next_path), said=said)
