"""Mails in one piece by S/MIME: sealed ones are for who has the key, signed ones are unwrapped. No signature is verified."""

from collections.abc import Iterator

_DATA = bytes.fromhex("06092a864886f70d010701")
"""The object identifier of plain data (RFC 5652), which stands before a signed content."""
_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")
_HEAD = 64
"""Bytes within which the kind is said."""
_EXPLICIT, _OCTETS, _PIECES = 0xA0, 0x04, 0x24


def is_sealed(data: bytes) -> bool:
    """True for what only the receiver's key opens."""
    return _ENVELOPED in data[:_HEAD] or _AUTH_ENVELOPED in data[:_HEAD]


def signed_content(data: bytes) -> bytes:
    """The mail that was signed; empty where there is none, or where it cannot be followed."""
    at = data.find(_DATA) + len(_DATA)
    if at < len(_DATA) or data[at : at + 1] != bytes((_EXPLICIT,)):
        return b""
    return b"".join(_octets(data, _length(data, at + 1)[0]))


def _octets(data: bytes, at: int) -> Iterator[bytes]:
    """The strings of octets that stand here, one or one in pieces."""
    while at < len(data) and data[at] in (_OCTETS, _PIECES):
        is_whole = data[at] == _OCTETS
        at, length = _length(data, at + 1)
        if is_whole:
            yield data[at : at + length]
            at += length


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(where the value begins, its length; 0 where it has no end of its own)."""
    first = data[at] if at < len(data) else 0
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    return at + 1 + count, int.from_bytes(data[at + 1 : at + 1 + count])
