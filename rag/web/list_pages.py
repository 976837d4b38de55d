"""Who may see a folder or a document: its access list, seen and changed by administrators; `rag access` does the same."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from rag.app import Library
from rag.errors import UsageError
from rag.record.access import EVERYONE, NOBODY, above, sees
from rag.upkeep import as_listed, place_of, set_list
from rag.web.forms import page, sentence_of
from rag.web.scoped import folders_in
from rag.web.serving import Here, Serving

routes = APIRouter(prefix="/people/list", include_in_schema=False)

_MOST_NAMES = 2_000
FOLDERS_OFFERED = 200
"""Folders that the field for a path offers."""
SAID = {
    "set": "The list is kept and holds from the next request on.",
    "cleared": "The list is taken away; what is said below holds from the next request on.",
}
"""What was done -> how it is said."""

Who = Literal["everyone", "nobody", "named"]
Place = Annotated[str, Form(max_length=4_000)]
Names = Annotated[list[str], Form(max_length=_MOST_NAMES)]


@routes.get("")
async def one(here: Here, path: Annotated[str, Query(max_length=4_000)] = "", said: Literal["", "set", "cleared"] = "") -> Response:
    """Who may see what lies at a path, which list says so, and a form for the path's own."""
    return await here.desks.do(lambda library: _one(library, here, path, said=SAID.get(said, "")))


@routes.post("")
async def put(here: Here, path: Place = "", who: Annotated[Who, Form()] = "named", name: Names = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Sets the path's list: everyone, nobody, or those who are ticked."""

    def job(library: Library) -> Response:
        try:
            place = place_of(path, record=library.record, named=library.folders)
        except UsageError:
            return _one(library, here, path)
        try:
            set_list(library.record, place, _names(who, name))
        except UsageError as error:
            return _one(library, here, path, chosen=(who, name), problem=sentence_of(error))
        return _to(place, said="set")

    return await here.desks.do(job)


@routes.post("/remove")
async def remove(here: Here, path: Place = "") -> Response:
    """Takes the path's list away, so that the one above decides again; the page has asked whether that is meant."""

    def job(library: Library) -> Response:
        place = as_listed(path, record=library.record, named=library.folders)
        library.record.access.clear(place)
        return _to(place, said="cleared")

    return await here.desks.do(job)


def _names(who: Who, ticked: Sequence[str]) -> Sequence[str]:
    if who == "named" and not ticked:
        raise UsageError("tick a user or a group, or choose nobody")
    return ticked if who == "named" else [EVERYONE if who == "everyone" else NOBODY]


def _one(
    library: Library, here: Serving, path: str, *, said: str = "", chosen: tuple[Who, Sequence[str]] | None = None, problem: str = ""
) -> Response:
    """The page of a path's list. ``chosen``: what was wished for, and refused because of ``problem``."""
    record = library.record
    lists = {one.path: one for one in record.access.lists()}
    values: dict[str, Any] = {
        "path": path,
        "said": said,
        "problem": problem,
        "path_problem": "",
        "own": None,
        "decides": None,
        "seen_by": [],
    }
    values["folders"] = [name for name, _ in folders_in(record.sources()).most_common(FOLDERS_OFFERED)]
    try:
        # a list may stand at a folder that is gone: it is shown, so that it can be taken away
        place = as_listed(path, record=record, named=library.folders)
        place = place if place in lists else place_of(path, record=record, named=library.folders)
    except UsageError as error:
        values["path_problem"] = sentence_of(error)
        return page("list.html.j2", here="you", reader=here.reader, status=400, **values)
    users = record.people.users()
    own = lists.get(place)
    standing: tuple[Who, Sequence[str]] = (
        ("everyone", ()) if own is None or own.everyone else ("named", own.names) if own.names else ("nobody", ())
    )
    values |= {
        "path": place or "/",
        "own": own,
        "decides": next((lists[up] for up in above(place) if up in lists), None),
        "above": next((lists[up] for up in above(place)[1:] if up in lists), None),
        "seen_by": [user.name for user in users if sees(record.access.grants(user.reader), place)],
        "users": [user.name for user in users],
        "groups": list(record.people.groups()),
        "chosen": chosen or standing,
    }
    return page("list.html.j2", here="you", reader=here.reader, status=400 if problem else 200, **values)


def _to(place: str, *, said: str) -> Response:
    return RedirectResponse(f"/people/list?{urlencode({'path': place or '/', 'said': said})}", status_code=303)
