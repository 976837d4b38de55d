"""Who is it, where there are no users: whoever holds the token that `rag serve` printed. A team's people are in accounts."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.types import OWNER, Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Someone who may come in."""

    reader: Reader
    by_cookie: bool
    """Came with a browser's cookie, which a foreign page can make a browser send; then the Origin is looked at too."""

    @property
    def name(self) -> str:
        """What they are called."""
        return self.reader.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What opens the door of one serving process. Nothing of it is ever written down."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """In the printed address, and in ``Authorization: Bearer``."""
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """What a browser gets in its place, so that the token does not stay in it."""
    port: int
    """Cookies do not tell ports apart, so the name does."""

    @property
    def cookie_name(self) -> str:
        """A name of its own for every port."""
        return f"rag_{self.port}"


def who_is(*, authorization: str, cookies: Mapping[str, str], key: Key) -> Person | None:
    """The person behind a request; None for a stranger. Compares in constant time."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer" and same(given.strip(), key.token):
        return Person(reader=OWNER, by_cookie=False)
    if same(cookies.get(key.cookie_name, ""), key.cookie):
        return Person(reader=OWNER, by_cookie=True)
    return None


def same(given: str, wanted: str) -> bool:
    """Equal, found out in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())
