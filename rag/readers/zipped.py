"""Office files are zip archives: what to check before a parser unpacks one, and what all of them say about themselves."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rag.errors import CorruptFileError, EncryptedError, NoTextError, ReadLimitError
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date, parse_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.ole import MAGIC
from rag.types import Metadata

_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
MOST_UNPACKED = 1_000_000_000
MOST_TIMES_LARGER = 150
"""Office text packs 3 to 30 times; bombs pack 1,000 times. Checked only above ``FREE_UNPACKED`` bytes."""
FREE_UNPACKED = 20_000_000
MOST_PARTS = 20_000
_MEGABYTE = 1_000_000
_TEMPLATE_MOMENTS = frozenset({"2013-12-23T23:15:00", "2013-01-27T09:14:16", "2013-01-27T09:15:58"})
"""What python-docx and python-pptx put into files they make: the birthdays of their templates, not of the document."""
_LIBRARIES = frozenset({"python-docx", "openpyxl", "steve canny"})
"""Authors that these libraries put into files nobody signed."""


def check_archive(path: Path, *, part: str, what: str) -> None:
    """Passes for an archive that is safe to unpack and holds ``part`` ("word/"); ``what`` names the kind in messages.

    Raises NoTextError, EncryptedError, CorruptFileError or ReadLimitError.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise NoTextError(f"cannot read {path.name}: the file is empty; check that it was saved or copied completely")
    if head == MAGIC:
        _refuse_ole(path, what=what)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CorruptFileError(
            f"cannot read {path.name}: it is not {what}, or not a complete one ({error}); open and save it again"
        ) from error
    check_sizes(parts, path=path)
    if any(entry.flag_bits & 1 for entry in parts):
        raise EncryptedError(f"cannot read {path.name}: its parts are encrypted; save a copy without a password")
    if not any(entry.filename.startswith(part) for entry in parts):
        raise CorruptFileError(f"cannot read {path.name}: it is a zip archive but not {what}; give it the suffix it should have")


def _refuse_ole(path: Path, *, what: str) -> None:
    if _ENCRYPTED_STREAM in path.read_bytes():
        raise EncryptedError(f"cannot read {path.name}: it wants a password; save a copy without one")
    raise CorruptFileError(f"cannot read {path.name}: it is an Office 97-2003 file, not {what}; open it and save it in the new format")


def check_sizes(parts: list[zipfile.ZipInfo], *, path: Path) -> None:
    """Raises ReadLimitError for what unpacks to far too much."""
    unpacked = sum(entry.file_size for entry in parts)
    packed = sum(entry.compress_size for entry in parts) or 1
    too_large = unpacked > MOST_UNPACKED or (unpacked > FREE_UNPACKED and unpacked / packed > MOST_TIMES_LARGER)
    if too_large or len(parts) > MOST_PARTS:
        size = f"{unpacked // _MEGABYTE:,} MB in {len(parts):,} parts, {unpacked // packed:,} times its size"
        raise ReadLimitError(f"cannot read {path.name}: it unpacks to {size}; a fault or an attack: split the file or leave it out")


@contextmanager
def office_errors(path: Path, *, what: str) -> Iterator[None]:
    """What the Office parsers raise on broken packages, as CorruptFileError with the parser's words."""
    from xml.etree.ElementTree import ParseError

    from lxml.etree import LxmlError

    try:
        yield
    except (
        zipfile.BadZipFile,
        LxmlError,
        ParseError,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        IndexError,
        EOFError,
        OSError,
        struct.error,
    ) as error:
        words = " ".join(str(error).replace(str(path), path.name).split())[:120]
        raise CorruptFileError(
            f"cannot read {path.name}: {what} with damaged parts ({type(error).__name__}: {words}); open and save it again"
        ) from error


def package_metadata(draft: Draft, *, content_title: str, path: Path) -> Metadata:
    """Metadata from the package's own property parts and the content's first lines. A part that is missing or damaged says nothing."""
    core = _properties(path, "docProps/core.xml")
    found = choose_date(opening=draft.opening_lines(), declared=_first_date(core.get("created", ""), core.get("modified", "")))
    byline = find_byline(draft.opening_lines(), title=content_title)
    author = core.get("creator", "")
    return Metadata(
        title=choose_title(content_title, core.get("title", ""), path=path),
        author=byline.author if not author or author.lower() in _LIBRARIES else author,
        publisher=_properties(path, "docProps/app.xml").get("Company", "") or byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=core.get("language", "").lower(),
        tags=tags_from(core.get("keywords", "")) or byline.tags,
    )


def _properties(path: Path, part: str) -> dict[str, str]:
    """Local name -> text of the elements of a property part; empty without the part."""
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        if part not in archive.namelist():
            return {}
        try:
            root = etree.fromstring(archive.read(part), etree.XMLParser(resolve_entities=False, no_network=True))
        except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error):
            return {}
    return {etree.QName(element).localname: one_line(element.text or "") for element in root.iterchildren("*")}


def has_macros(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("vbaProject.bin") for name in archive.namelist())


def _first_date(*moments: str) -> date | None:
    """The first that is a date and not a template's."""
    return next((day for moment in moments if moment[:19] not in _TEMPLATE_MOMENTS and (day := parse_date(moment)) is not None), None)
