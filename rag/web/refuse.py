"""Errors as one sentence: a page for people, JSON for programs, and for /v1 the shape that OpenAI's clients read."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from rag.types import STRANGER
from rag.web.forms import rendered


class Refusal(BaseModel):
    """Why a request was not served."""

    error: str
    """One sentence."""


class OpenAIError(BaseModel):
    """What OpenAI's clients read."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIRefusal(BaseModel):
    """The same, as OpenAI's clients read it."""

    error: OpenAIError


REFUSALS: dict[int | str, dict[str, Any]] = {"4XX": {"model": Refusal}, "5XX": {"model": Refusal}}
"""For a router: whatever is no answer is one sentence."""
OPENAI_REFUSALS: dict[int | str, dict[str, Any]] = {"4XX": {"model": OpenAIRefusal}, "5XX": {"model": OpenAIRefusal}}
"""For the routes under /v1."""

_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def refusal(scope: Scope, *, status: int, message: str, code: str | None = None) -> Response:
    """The answer to a request that cannot be served. ``code`` is for /v1 only."""
    sentence = message[:1].upper() + message[1:].rstrip(".") + "."
    extra = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "1"}}.get(status, {})
    if scope["path"].startswith("/v1/"):
        kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        error = {"message": sentence, "type": kind, "param": None, "code": code}
        return JSONResponse({"error": error}, status_code=status, headers=extra)
    if scope["path"].startswith("/api/") or scope["path"] == "/metrics":
        return JSONResponse({"error": sentence}, status_code=status, headers=extra)
    person = scope.get("person")
    reader = person.reader if person else STRANGER
    page = rendered("error.html.j2", reader=reader, title=HTTPStatus(status).phrase, sentence=sentence, known=status != 401, here="")
    return HTMLResponse(page, status_code=status, headers=extra)
