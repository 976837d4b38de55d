"""The door: who may come in, from where, with how much; and what every answer carries. Nothing behind it is asked before it says yes."""

import ipaddress
from collections.abc import Collection
from functools import partial
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import RagError
from rag.web.accounts import Accounts, Known
from rag.web.leaving import while_known
from rag.web.rate import A_SECOND, Rates
from rag.web.refuse import refusal
from rag.web.uploads import LARGEST_UPLOAD
from rag.web.who import Key, Person, who_is

LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of a request without files."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_OPEN = ("/healthz", "/readyz", "/static/", "/login")
"""What strangers may see: nothing of the library."""
_FOR_PROGRAMS = ("/api/", "/v1/", "/metrics")
_UPLOADS = ("/library", "/api/documents")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Before the application: host, size, person, rate, origin."""

    def __init__(self, inner: ASGIApp, *, key: Key, names: Collection[str], accounts: Accounts, session: str) -> None:
        """``names``: the host names that this server answers to, besides localhost and IP addresses. ``session``: the cookie of users."""
        self._inner = inner
        self._key = key
        self._accounts = accounts
        self._session = session
        self._rates = Rates()
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands on what may come in."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = _with_headers(send)
        try:
            refused = self._host(headers) or _size(headers, scope) or await self._stranger(headers, scope)
        except RagError as error:
            refused = error.http_status, str(error)
        if refused and refused[0] == 303:
            await RedirectResponse(refused[1], status_code=303)(scope, receive, guarded)
            return
        if refused:
            await refusal(scope, status=refused[0], message=refused[1])(scope, receive, guarded)
            return
        receive, send = while_known(_counted(receive, most=_most(scope)), guarded, still=partial(self._still, headers, scope))
        await self._inner(scope, receive, send)

    def _host(self, headers: Headers) -> tuple[int, str] | None:
        """A foreign name that leads here is how a foreign page reads a server in a private network."""
        name = host_name(headers.get("host", ""))
        if name in self._names or _is_address(name):
            return None
        return 421, "this server does not answer to that host name; name it with: rag serve --name HOST"

    async def _known(self, headers: Headers) -> Known:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookie = cookie_parser(headers.get("cookie", "")).get(self._session, "")
        return await self._accounts.who(bearer=bearer.strip() if scheme.lower() == "bearer" else "", cookie=cookie)

    async def _still(self, headers: Headers, scope: Scope) -> bool:
        person: Person | None = scope.get("person")
        return person is None or not person.reader.user or (await self._known(headers)).reader == person.reader

    async def _stranger(self, headers: Headers, scope: Scope) -> tuple[int, str] | None:
        if any(scope["path"] == path or (path.endswith("/") and scope["path"].startswith(path)) for path in _OPEN):
            return None if scope["method"] in _SAFE else _origin(headers, by_cookie=True)
        cookies = cookie_parser(headers.get("cookie", ""))
        known = await self._known(headers)
        if known.team:
            person = Person(reader=known.reader, by_cookie=known.by_cookie) if known.reader else None
            if person is None:
                return _to_the_entrance(scope)
        else:
            person = who_is(authorization=headers.get("authorization", ""), cookies=cookies, key=self._key)
            if person is None and not (scope["path"] == "/" and b"token=" in scope["query_string"]):
                return 401, "open the address that `rag serve` printed, or send its token as: Authorization: Bearer TOKEN"
        scope["person"] = person
        if known.reader is not None and self._rates.wait(known.reader.user):
            return 429, f"one person sends {A_SECOND:g} requests a second at most; send the next one in a second"
        return _origin(headers, by_cookie=person.by_cookie) if person is not None and scope["method"] not in _SAFE else None


def _to_the_entrance(scope: Scope) -> tuple[int, str]:
    """People are led to the entrance and back, programs are told what to send."""
    path = scope["path"]
    if scope["method"] != "GET" or path.startswith(_FOR_PROGRAMS):
        return 401, "log in at /login; a program sends a key as Authorization: Bearer KEY, which an admin makes with: rag keys add"
    return 303, "/login" if path == "/" else f"/login?{urlencode({'next': path})}"


def _origin(headers: Headers, *, by_cookie: bool) -> tuple[int, str] | None:
    """A change asked for by a foreign page is refused; one that a cookie vouches for must say that it is from here."""
    origin = headers.get("origin")
    own = origin is not None and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    if own or (origin is None and (not by_cookie or headers.get("sec-fetch-site") == "same-origin")):
        return None
    return 403, "this was asked for by another page; open this server's own page and do it there"


def _most(scope: Scope) -> int:
    return LARGEST_UPLOAD if scope["path"] in _UPLOADS else LARGEST_REQUEST


def _too_large(most: int) -> str:
    return f"the request is larger than {most // (1024 * 1024)} MB; send less at once"


def _size(headers: Headers, scope: Scope) -> tuple[int, str] | None:
    stated = headers.get("content-length", "0")
    return (413, _too_large(_most(scope))) if not stated.isdigit() or int(stated) > _most(scope) else None


def _counted(receive: Receive, *, most: int) -> Receive:
    """The body, as long as it is not larger than it may be, whatever its head said."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, _too_large(most))  # what reads a body hands this one on
        return message

    return counting


def _with_headers(send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers.setdefault("cache-control", "no-store")
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers["x-frame-options"] = "DENY"
        await send(message)

    return adding


def host_name(host: str) -> str:
    """Of a Host header, without the port, lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """A name can be made to lead anywhere; an address cannot."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
