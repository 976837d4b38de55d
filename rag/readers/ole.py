"""Files of Office 97-2003 and Outlook are OLE containers: streams in folders, as in a small file system."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError, EncryptedError, ReadError
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.types import Metadata

_SUMMARIES = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
_CODEPAGE, _TITLE, _AUTHOR, _KEYWORDS, _CREATED, _SAVED = 1, 2, 4, 5, 12, 13
_COMPANY = 15
"""Numbers of properties, of the first summary and of the second."""
_NARROW_TEXT, _WIDE_TEXT, _MOMENT = 30, 31, 64
"""Kinds of values."""
_SET_OFFSET = 44
_MOST_PROPERTIES = 1_000
_LONGEST_PROPERTY = 10_000
_SECONDS_TO_1980, _SECONDS_TO_2101 = 11_960_006_400, 15_778_454_400
"""From 1601: dates outside are no dates of a document."""
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@contextmanager
def opened(path: Path, *, what: str) -> Iterator[Any]:
    """The container. What the parsing inside raises on broken bytes becomes CorruptFileError; ReadError and MemoryError pass."""
    import olefile

    with path.open("rb") as file:
        if file.read(8) != MAGIC:
            raise CorruptFileError(
                f"cannot read {path.name}: it is not {what}; give it the suffix it should have, or open and save it again"
            )
    with errors(path, what=what), olefile.OleFileIO(str(path)) as container:
        yield container


@contextmanager
def errors(path: Path, *, what: str) -> Iterator[None]:
    """What parsers raise on broken bytes, as CorruptFileError."""
    try:
        yield
    except (ReadError, MemoryError, RecursionError):
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:120]
        raise CorruptFileError(
            f"cannot read {path.name}: {what} with damaged parts ({type(error).__name__}: {words}); open and save it again"
        ) from error


def stream(container: Any, name: str) -> bytes:
    """The bytes of a stream; empty without it."""
    return bytes(container.openstream(name).read()) if container.exists(name) else b""


def encrypted(path: Path) -> EncryptedError:
    return EncryptedError(f"cannot read {path.name}: it wants a password; save a copy without one")


def metadata(container: Any | None, draft: Draft, *, content_title: str, path: Path) -> Metadata:
    """From the summary streams and the content's first lines. A summary that is damaged says what can be made out, a file that is no
    container nothing."""
    about, more = (_properties(stream(container, name)) if container else {} for name in _SUMMARIES)
    found = choose_date(opening=draft.opening_lines(), declared=_day(about, _CREATED) or _day(about, _SAVED))
    byline = find_byline(draft.opening_lines(), title=content_title)
    return Metadata(
        title=choose_title(content_title, _text(about, _TITLE), path=path),
        author=_text(about, _AUTHOR) or byline.author,
        publisher=_text(more, _COMPANY) or byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        tags=tags_from(_text(about, _KEYWORDS)) or byline.tags,
    )


def _properties(data: bytes) -> dict[int, bytes]:
    """Number -> kind and value of each property of a stream's first set ([MS-OLEPS] 2.20), up to where it breaks off."""
    if len(data) < _SET_OFFSET + 4:
        return {}
    (start,) = struct.unpack_from("<I", data, _SET_OFFSET)
    head = data[start : start + 8]
    count = struct.unpack("<II", head)[1] if len(head) == 8 else 0
    listed = data[start + 8 : start + 8 + 8 * min(count, _MOST_PROPERTIES)]
    places = struct.iter_unpack("<II", listed[: len(listed) // 8 * 8])
    return {number: data[start + offset : start + offset + _LONGEST_PROPERTY] for number, offset in places}


def _text(properties: dict[int, bytes], number: int) -> str:
    """Empty for a property that is not there or is no text."""
    kind, length = _two_numbers(properties.get(number, b""))
    if kind == _WIDE_TEXT:
        return one_line(properties[number][8 : 8 + 2 * length].decode("utf-16-le", "replace").partition("\0")[0])
    if kind != _NARROW_TEXT:
        return ""
    value = properties[number][8 : 8 + length].partition(b"\0")[0]
    codepage = _two_numbers(properties.get(_CODEPAGE, b""))[1] & 0xFFFF
    encoding = f"cp{codepage}" if 0 < codepage < 65_000 else "utf-8" if codepage == 65_001 else "cp1252"
    try:
        return one_line(value.decode(encoding, errors="replace"))
    except LookupError:
        return one_line(value.decode("cp1252", errors="replace"))


def _day(properties: dict[int, bytes], number: int) -> date | None:
    """Of a moment in units of 100 ns since 1601."""
    value = properties.get(number, b"")[:12]
    kind, ticks = struct.unpack("<IQ", value) if len(value) == 12 else (0, 0)
    if kind != _MOMENT or not _SECONDS_TO_1980 < ticks // 10_000_000 < _SECONDS_TO_2101:
        return None
    return (datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)).date()


def _two_numbers(value: bytes) -> tuple[int, int]:
    """A property's kind and the number behind it; zeros for one that is cut short."""
    first, second = struct.unpack("<II", value[:8]) if len(value) >= 8 else (0, 0)
    return first, second
