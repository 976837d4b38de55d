"""The page for people: users, groups, keys, and what the access lists say. For administrators; `rag users` and its kin do the same.

Nobody locks a team out from here: the first user is an admin with a password, nobody removes or demotes themselves, an admin who can log in
always remains, and what cannot be taken back is to be confirmed. Whoever has the workspace's files can mend everything by `rag users`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from rag.app import Library
from rag.errors import AccessError, RagError, UsageError
from rag.passwords import LEAST, MOST, secret
from rag.record.people import User
from rag.types import Role
from rag.upkeep import judged
from rag.web.forms import page, same_twice, sentence_of
from rag.web.guard import host_name
from rag.web.list_pages import FOLDERS_OFFERED
from rag.web.scoped import folders_in
from rag.web.serving import Here, Serving

routes = APIRouter(prefix="/people", include_in_schema=False)

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST_NAMES = 1_000
SAID = {
    "added": "The user is added.",
    "role": "The role is changed, from the next request on.",
    "password": "The new password holds, and every session of this user has ended. Tell it to them where nobody else reads it.",
}
"""What was done -> how it is said on the user's page."""

Name = Annotated[str, Form(max_length=64)]
Typed = Annotated[str, Form(max_length=MOST)]
Sure = Annotated[Literal["", "yes"], Form()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A user who is to be added, without the password."""

    name: str = ""
    role: Role = "member"
    problem: str = ""
    """Why it was refused."""


# ── everybody ─────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("")
async def people(
    here: Here,
    user: Annotated[str, Query(max_length=64)] = "",
    path: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """Users, groups, keys and lists. ``user`` and ``path``: whether that user sees that path, and why."""
    return await here.desks.do(lambda library: _room(library, here, asked=(user, path)))


def _room(library: Library, here: Serving, *, asked: tuple[str, str] = ("", ""), wish: Wish | None = None, problem: str = "") -> Response:
    record = library.record
    users = record.people.users()
    held = {
        "users": users,
        "groups": record.people.groups(),
        "keys": record.people.keys(),
        "lists": record.access.lists(),
        "folders": [name for name, _ in folders_in(record.sources()).most_common(FOLDERS_OFFERED)],
        "checked": _judged(library, *asked) if all(asked) else None,
        "asked": asked,
    }
    wish = wish or Wish(role="member" if users else "admin")
    status = 400 if problem or wish.problem else 200
    return page(
        "people.html.j2",
        here="you",
        reader=here.reader,
        status=status,
        you=here.reader.name,
        wish=wish,
        problem=problem,
        least=LEAST,
        **held,
    )


def _judged(library: Library, user: str, path: str) -> dict[str, Any]:
    """Whether a user sees a path, and why; or why that cannot be said."""
    try:
        told = judged(library.record, user, path, named=library.folders)
    except RagError as error:
        return {"seen": False, "why": str(error)}
    return {"seen": told.seen, "why": told.why}


@routes.post("/users")
async def add(
    here: Here, request: Request, role: Annotated[Role, Form()], name: Name = "", password: Typed = "", again: Typed = ""
) -> Response:
    """Adds a user; without a password, one that comes by keys alone. The first one is an admin with a password."""
    wish = Wish(name=name, role=role)
    try:
        kept = await here.accounts.hashed(same_twice(password, again)) if password or again else ""
        await here.desks.do(lambda library: _add(library, here, wish, kept=kept, host=request.headers.get("host", "")))
    except RagError as error:
        refused = replace(wish, problem=sentence_of(error))
        return await here.desks.do(lambda library: _room(library, here, wish=refused))
    return _to("/login" if not here.reader.user else _place(name, said="added"))


def _add(library: Library, here: Serving, wish: Wish, *, kept: str, host: str) -> None:
    people = library.record.people
    if not people.any():
        if wish.role != "admin" or not kept:
            raise UsageError("the first user is an admin with a password, since nobody else could come in then")
        if not here.secure and host_name(host) not in _LOOPBACK:
            raise AccessError(
                "passwords would go over the network in the clear; put a proxy that does TLS before this server, and name its address: "
                "rag serve --address https://HOST"
            )
    people.add(wish.name, role=wish.role, password=kept, now=here.clock())


# ── one user ──────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/users/{name}")
async def one(here: Here, name: str, said: Literal["", "added", "role", "password"] = "") -> Response:
    """What a user may do, and what can be done about them."""
    return await here.desks.do(lambda library: _one(library, here, name, said=SAID.get(said, "")))


def _one(library: Library, here: Serving, name: str, *, said: str = "", problem: str = "", made: tuple[str, str] | None = None) -> Response:
    """The page of one user. ``made``: (id, key) of a new key, which is shown this once."""
    user = library.record.people.user(name)
    keys = library.record.people.keys()
    lists = [one for one in library.record.access.lists() if not one.everyone and {user.name, *user.groups} & set(one.names)]
    told = {"said": said, "problem": problem, "made": made, "least": LEAST}
    status = 400 if problem else 200
    return page(
        "person.html.j2",
        here="you",
        reader=here.reader,
        status=status,
        user=user,
        keys=[key for key in keys if key.user == user.name],
        lists=lists,
        is_you=_is_you(here, user),
        **told,
    )


def _is_you(here: Serving, user: User) -> bool:
    return here.reader.user == user.id


async def _changed(here: Serving, name: str, change: Callable[[Library, User], None], *, to: str) -> Response:
    """Where to look next, or the user's page with what was wrong."""

    def job(library: Library) -> Response:
        user = library.record.people.user(name)
        try:
            change(library, user)
        except UsageError as error:
            return _one(library, here, name, problem=sentence_of(error))
        return _to(to)

    return await here.desks.do(job)


@routes.post("/users/{name}/role")
async def role(here: Here, name: str, role: Annotated[Role, Form()]) -> Response:
    """Another role; not one's own."""

    def change(library: Library, user: User) -> None:
        if _is_you(here, user):
            raise UsageError("this is you: ask another admin to change your role, so that nobody gives it up by mistake")
        library.record.people.set_role(user.name, role, keep_admin=True)

    return await _changed(here, name, change, to=_place(name, said="role"))


@routes.post("/users/{name}/password")
async def password(here: Here, name: str, password: Typed = "", again: Typed = "") -> Response:
    """A new password; every session of the user ends, one's own too."""
    try:
        kept = await here.accounts.hashed(same_twice(password, again))
    except UsageError as error:
        said = sentence_of(error)
        return await here.desks.do(lambda library: _one(library, here, name, problem=said))

    def change(library: Library, user: User) -> None:
        library.record.people.set_password(user.name, kept)

    return await _changed(here, name, change, to=_place(name, said="password"))


@routes.post("/users/{name}/remove")
async def remove(here: Here, name: str, sure: Sure = "") -> Response:
    """Removes a user with sessions and keys; not oneself, not the last admin."""

    def change(library: Library, user: User) -> None:
        if _is_you(here, user):
            raise UsageError("this is you: ask another admin to remove you, so that nobody does it by mistake")
        _confirmed(sure)
        library.record.people.remove(user.name, keep_admin=True)

    return await _changed(here, name, change, to="/people#users")


@routes.post("/users/{name}/keys")
async def add_key(here: Here, name: str, label: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Makes a key and shows it this once; a page that is loaded again does not have it."""

    def job(library: Library) -> Response:
        made = library.record.people.add_key(name, label=label.strip(), secret=secret(), now=here.clock())
        return _one(library, here, name, made=made)

    return await here.desks.do(job)


@routes.post("/keys/{key}/revoke")
async def revoke(here: Here, key: str) -> Response:
    """Ends a key, from the next request on."""

    def job(library: Library) -> str:
        held = library.record.people.keys()
        library.record.people.revoke(key)
        return next(one.user for one in held if one.id == key)

    return _to(_place(await here.desks.do(job)))


# ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.post("/groups")
async def add_group(here: Here, group: Name = "") -> Response:
    """Makes a group; its members are ticked then."""

    def job(library: Library) -> Response:
        try:
            library.record.people.put_into(group, ())
        except UsageError as error:
            return _room(library, here, problem=sentence_of(error))
        return _to("/people#groups")

    return await here.desks.do(job)


@routes.post("/groups/{group}")
async def members(here: Here, group: str, member: Annotated[list[str], Form(max_length=_MOST_NAMES)] = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Who is in a group: those who are ticked, and nobody else."""
    await here.desks.do(lambda library: library.record.people.set_members(group, member))
    return _to("/people#groups")


@routes.post("/groups/{group}/remove")
async def remove_group(here: Here, group: str, sure: Sure = "") -> Response:
    """Removes a group, and its entries in lists."""

    def job(library: Library) -> Response:
        try:
            _confirmed(sure)
            library.record.people.take_out(group, ())
        except UsageError as error:
            return _room(library, here, problem=sentence_of(error))
        return _to("/people#groups")

    return await here.desks.do(job)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _confirmed(sure: str) -> None:
    if not sure:
        raise UsageError("this cannot be taken back: tick the box that says so, and try again")


def _place(name: str, *, said: str = "") -> str:
    return f"/people/users/{quote(name.strip().lower(), safe='@')}{f'?said={said}' if said else ''}"


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
