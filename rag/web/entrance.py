"""The page's entrance: logging in and out, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from rag.errors import AccessError
from rag.web.forms import page
from rag.web.serving import Here

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
        return _form(next, said=str(error), status=error.http_status)
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
async def you(here: Here, request: Request) -> Response:
    """Who one is here."""
    person = request.scope["person"]
    return page("you.html.j2", here="you", reader=person.reader, team=bool(person.reader.user))


def _form(next_path: str, *, said: str, status: int) -> Response:
    sentence = f"{said[:1].upper()}{said[1:]}." if said else ""
    return page("login.html.j2", here="", status=status, next=own_path(next_path), said=sentence)
