"""Passwords, keys and cookies as the record keeps them: nothing in it opens a door.

A password is hashed with scrypt (RFC 7914, of hashlib) at N = 2^15, r = 8, p = 1: 32 MB and some 70 ms a try. The figures stand in each
hash, so that they can be raised. A key or a cookie is 256 random bits that nobody can guess, so its SHA-256 is enough.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable

from rag.errors import UsageError

LEAST = 10
"""Characters of a password."""
MOST = 1_024
"""Bytes of a password, so that nobody can make hashing dear."""

_LOG_N, _R, _P = 15, 8, 1
_SALT = 16
_LENGTH = 32


def hashed(password: str, *, salt: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """What is kept of a password. Raises UsageError for one that is too short or too long."""
    if len(password) < LEAST:
        raise UsageError(f"a password has {LEAST} characters at least; take a longer one, such as four words")
    if len(password.encode()) > MOST:
        raise UsageError(f"a password has {MOST} bytes at most; take a shorter one")
    grain = salt(_SALT)
    digest = _scrypt(password, salt=grain, log_n=_LOG_N, r=_R, p=_P)
    return "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(grain), _text(digest)))


def fits(password: str, kept: str) -> bool:
    """Whether this is the password. It takes as long where there is none, so that time does not tell who has an account."""
    name, log_n, r, p, salt, digest = (kept or _NOBODY).split("$")
    assert name == "scrypt"
    tried = _scrypt(password, salt=_bytes(salt), log_n=int(log_n), r=int(r), p=int(p)) if len(password.encode()) <= MOST else b""
    return hmac.compare_digest(tried, _bytes(digest)) and bool(kept)


def secret() -> str:
    """256 random bits, to be shown once."""
    return secrets.token_urlsafe(32)


def digest_of(given: str) -> bytes:
    """What is kept of a key or a cookie."""
    return hashlib.sha256(given.encode()).digest()


def _scrypt(password: str, *, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << log_n, r=r, p=p, maxmem=256 * r * (1 << log_n), dklen=_LENGTH)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


_NOBODY = "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(bytes(_SALT)), _text(bytes(_LENGTH))))
"""A hash that no password has."""
