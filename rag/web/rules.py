"""What each route asks of a person. A route without a line here is for admins only, and a test fails."""

from typing import Literal

from fastapi import Request

from rag.errors import AccessError
from rag.types import STRANGER, Reader, Role

Needs = Literal["open", "reader", "member", "admin"]
""""open": for strangers too."""

_ROLES: tuple[Role, ...] = ("reader", "member", "admin")

NEEDS: dict[str, Needs] = {
    "GET /healthz": "open",
    "GET /readyz": "open",
    "GET /metrics": "admin",
    # who is it
    "GET /login": "open",
    "POST /login": "open",
    "POST /logout": "reader",
    "GET /you": "reader",
    "POST /you/password": "reader",
    # documents
    "GET /api/status": "reader",
    "GET /api/documents": "reader",
    "POST /api/documents": "member",
    "POST /api/ingest": "member",
    "GET /api/documents/{document}": "reader",
    "GET /api/documents/{document}/text": "reader",
    "GET /api/search": "reader",
    "GET /search": "reader",
    "GET /library": "reader",
    "POST /library": "member",
    "POST /ingest": "member",
    "GET /documents/{document}": "reader",
    # asking
    "GET /": "open",  # the printed address leads here; without its token it lets in nobody whom the guard does not know
    "POST /ask": "reader",
    "POST /api/ask": "reader",
    "GET /chats/{chat}": "reader",
    "POST /chats/{chat}/delete": "reader",
    "GET /api/chats": "reader",
    "DELETE /api/chats/{chat}": "reader",
    "GET /api/chats/{chat}": "reader",
    "GET /api/chats/{chat}/markdown": "reader",
    "GET /api/chats/{chat}/turns/{number}/events": "reader",
    "GET /v1/models": "reader",
    "GET /v1/models/{model:path}": "reader",
    "POST /v1/chat/completions": "reader",
    "POST /v1/embeddings": "reader",
    # reports
    "GET /reports": "reader",
    "POST /reports": "member",
    "GET /reports/plan": "member",
    "POST /reports/plan": "member",
    "GET /reports/{report}": "reader",
    "GET /reports/{report}/read": "reader",
    "GET /compare": "reader",
    "GET /api/reports": "reader",
    "POST /api/reports": "member",
    "GET /api/reports/{report}": "reader",
    "GET /api/reports/{report}/files/{kind}": "reader",
    "GET /api/reports/{report}/reviews": "reader",
    "POST /api/reports/{report}/claims/{claim}/review": "member",
    "POST /reports/{report}/claims/{claim}/review": "member",
    "POST /reports/{report}/claims/{claim}/ask": "reader",
    "GET /api/reports/{before}/changes/{after}": "reader",
    # runs: one's own
    "GET /runs/{run}": "reader",
    "POST /runs/{run}/again": "member",
    "POST /runs/{run}/stop": "member",
    "GET /api/runs": "reader",
    "GET /api/runs/{run}": "reader",
    "POST /api/runs/{run}/again": "member",
    "POST /api/runs/{run}/stop": "member",
    "GET /api/runs/{run}/events": "reader",
    # schedules: one's own
    "GET /schedules": "reader",
    "POST /schedules": "member",
    "GET /schedules/{name}": "reader",
    "POST /schedules/{name}/pause": "member",
    "POST /schedules/{name}/resume": "member",
    "POST /schedules/{name}/run": "member",
    "POST /schedules/{name}/remove": "member",
    "GET /api/schedules": "reader",
    "POST /api/schedules": "member",
    "GET /api/schedules/{name}": "reader",
    "DELETE /api/schedules/{name}": "member",
    "POST /api/schedules/{name}/pause": "member",
    "POST /api/schedules/{name}/resume": "member",
    "POST /api/schedules/{name}/run": "member",
    # people: who may come in
    "GET /people": "admin",
    "POST /people/users": "admin",
    "GET /people/users/{name}": "admin",
    "POST /people/users/{name}/role": "admin",
    "POST /people/users/{name}/password": "admin",
    "POST /people/users/{name}/remove": "admin",
    "POST /people/users/{name}/keys": "admin",
    "POST /people/keys/{key}/revoke": "admin",
    "POST /people/groups": "admin",
    "POST /people/groups/{group}": "admin",
    "POST /people/groups/{group}/remove": "admin",
    "GET /people/list": "admin",
    "POST /people/list": "admin",
    "POST /people/list/remove": "admin",
    # how the server does
    "GET /health": "admin",
    "GET /api/health": "admin",
}
"""Method and path as the route is written -> the least role."""


def needs(method: str, path: str) -> Needs:
    """Of a route; "admin" where nobody has said."""
    return NEEDS.get(f"{method} {path}", "admin")


def may(reader: Reader, route: str) -> bool:
    """Whether a person's role is enough for a route, such as "GET /health"; a page shows no more than that."""
    least = needs(*route.split(" ", 1))
    return least == "open" or (reader != STRANGER and _ROLES.index(reader.role) >= _ROLES.index(least))


def allowed(request: Request) -> None:
    """Before every route. Raises AccessError where the person's role is not enough."""
    person, path = request.scope.get("person"), request.scope["route"].path
    if not may(person.reader if person else STRANGER, f"{request.method} {path}"):
        raise AccessError(f"this is for {needs(request.method, path)}s; ask whoever runs this server to make you one")
