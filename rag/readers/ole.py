"""Files of Office 97-2003 and Outlook are OLE containers: streams in folders, as in a small file system."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError, EncryptedError, ReadError
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.types import Metadata

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
    try:
        with olefile.OleFileIO(str(path)) as container:
            yield container
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


def metadata(container: Any, draft: Draft, *, content_title: str, path: Path) -> Metadata:
    """From the summary streams and the content's first lines."""
    about = container.get_metadata()
    declared = _day(about.create_time) or _day(about.last_saved_time)
    found = choose_date(opening=draft.opening_lines(), declared=declared)
    byline = find_byline(draft.opening_lines(), title=content_title)
    return Metadata(
        title=choose_title(content_title, _text(about.title, about.codepage), path=path),
        author=_text(about.author, about.codepage) or byline.author,
        publisher=_text(about.company, about.codepage) or byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        tags=tags_from(_text(about.keywords, about.codepage)) or byline.tags,
    )


def _text(value: Any, codepage: Any) -> str:
    if isinstance(value, bytes):
        encoding = f"cp{codepage}" if isinstance(codepage, int) and 0 < codepage < 65_000 else "utf-8" if codepage == 65_001 else "cp1252"
        try:
            value = value.decode(encoding, errors="replace")
        except LookupError:
            value = value.decode("cp1252", errors="replace")
    return one_line(value) if isinstance(value, str) else ""


def _day(moment: Any) -> date | None:
    return moment.date() if moment is not None and 1980 <= moment.year <= 2100 else None
