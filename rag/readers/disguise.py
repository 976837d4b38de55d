"""What an Office file is by its bytes: web programs send HTML and text as .xls or .doc, people rename, Office saves "strict" files, and
programs that edit packages leave parts out that the package still names."""

import os
import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.readers.encoding import marked_as
from rag.readers.ole import MAGIC
from rag.readers.zipped import check_sizes

if TYPE_CHECKING:
    from lxml.etree import _Element

_ZIP = b"PK\x03\x04"
_OLD = {"WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt"}
_LOCKED = "EncryptedPackage"
_NEW = {"word/document.xml": ".docx", "xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb", "ppt/presentation.xml": ".pptx"}
_OPEN = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp"}
_OPEN_TYPE = "application/vnd.oasis.opendocument."
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_KINDS = "[Content_Types].xml"
_HEAD = 4096
_HTML = re.compile(
    rb"^\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*(?:<!doctype\s+html|<html|<head|<body|<table|<meta\s)", re.IGNORECASE | re.DOTALL
)
_OFFICE_2003 = re.compile(rb"^\s*<\?xml.*urn:schemas-microsoft-com:office:spreadsheet|schemas.microsoft.com/office/word/2003", re.DOTALL)
_WEB_ARCHIVE = re.compile(rb"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/related\b", re.IGNORECASE)
_SEPARATED = re.compile(rb"^[^\r\n]*(?:\t|;[^\r\n]*;|,[^\r\n]*,)")
_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)((?:/\w+)*)")
_OTHERWISE: Mapping[bytes, bytes] = {
    b"extendedProperties": b"extended-properties",
    b"customProperties": b"custom-properties",
}
"""Names that are not the same in both dialects (ISO/IEC 29500-4, annex A)."""


def suffix_of_bytes(path: Path, *, is_sheet: bool) -> str:
    """The suffix that an Office file's bytes would have; empty when they say nothing. ``is_sheet``: its suffix is a workbook's, for which
    separated values are a kind of their own; elsewhere they are prose. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return _zip_suffix(path)
    if head.startswith(MAGIC):
        return _ole_suffix(path)
    return _text_suffix(head, is_sheet=is_sheet)


def _zip_suffix(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            kind = archive.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError):
        return ""
    if kind.startswith(_OPEN_TYPE):
        return _OPEN.get(kind.removeprefix(_OPEN_TYPE), "")
    return next((suffix for part, suffix in _NEW.items() if part in names), "")


def _ole_suffix(path: Path) -> str:
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as container:
            streams = {entry[0] for entry in container.listdir() if len(entry) == 1}
    except (OSError, ValueError, IndexError, TypeError, AttributeError):
        return ""
    return next((suffix for name, suffix in _OLD.items() if name in streams and _LOCKED not in streams), "")


def _text_suffix(head: bytes, *, is_sheet: bool) -> str:
    """Of a file that is neither a package nor a container."""
    marked = marked_as(head)
    plain = head.decode(marked, "ignore").encode() if marked else head
    if _HTML.match(plain):  # a page on PDFs may name their first bytes
        return ".html"
    if b"%PDF-" in head[:1024]:
        return ".pdf"
    if head.startswith(b"{\\rt"):
        return ".rtf"
    if _WEB_ARCHIVE.match(plain):
        return ".mht"
    if _OFFICE_2003.search(plain):
        return ".xml"
    is_text = b"\0" not in plain and not plain.lstrip().startswith((b"<", b"{"))
    return ".csv" if is_sheet and is_text and _SEPARATED.match(plain) else ""


@contextmanager
def readable(path: Path, *, is_sheet: bool) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """An Office file and the parts it names but does not hold. Where there are some, or it is a "strict Open XML" file, it is a copy that
    names only what it holds, with the names that every parser knows. A workbook's parser looks for itself. A package whose parts do not
    have the names that it gives them is a copy in which they do.

    Raises ReadLimitError for a bomb.
    """
    with _well_named(path) as named:
        yield from _readable(named, is_sheet=is_sheet)


def _readable(path: Path, *, is_sheet: bool) -> Iterator[tuple[Path, tuple[str, ...]]]:
    is_strict, missing = _is_strict(path), {} if is_sheet else _missing(path)
    if not is_strict and not any(missing.values()):
        yield path, ()
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        _translate(path, copy, missing=missing)
        seconds = path.stat().st_mtime
        os.utime(copy, (seconds, seconds))
        named = {part for parts in missing.values() for part in parts.values()}
        yield copy, tuple(sorted(part for part in named if not posixpath.basename(part).startswith("#")))  # a link within the file is none


@contextmanager
def _well_named(path: Path) -> Iterator[Path]:
    """The file, or a copy of a package whose names of parts are written as on another system: "XL\\Workbook.xml" is xl/workbook.xml
    (ISO/IEC 29500-2, 6.2.2: parts are told apart without regard to case, and their names have slashes)."""
    names = _other_names(path)
    if not names:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
            check_sizes(archive.infolist(), path=path)
            for entry in archive.infolist():
                out.writestr(names.get(entry.filename, entry.filename), archive.read(entry))
        os.utime(copy, (seconds := path.stat().st_mtime, seconds))
        yield copy


def _other_names(path: Path) -> dict[str, str]:
    """Name of a part -> the name by which the package itself calls it, where they differ. Of a file that is no sound package: nothing."""
    from lxml.etree import LxmlError

    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive.infolist(), path=path)
            slashed = {name: name.replace("\\", "/") for name in archive.namelist()}
            if _KINDS in slashed and all(name == slash for name, slash in slashed.items()):
                return {}
            if _KINDS.lower() not in map(str.lower, slashed.values()):
                return {}
            called = {_KINDS.lower(): _KINDS}
            for name, slash in slashed.items():
                if slash.endswith(".rels"):
                    called |= {part.lower(): part for _, part in _relations(archive, name, at=slash)}
    except (zipfile.BadZipFile, zlib.error, LxmlError, KeyError, ValueError, NotImplementedError, EOFError, OSError, RuntimeError):
        return {}
    for part in list(called.values()):  # what a part is related to goes by its name
        relations = f"{posixpath.dirname(part)}/_rels/{posixpath.basename(part)}.rels"
        called[relations.lower()] = relations
    return {name: called.get(slash.lower(), slash) for name, slash in slashed.items() if called.get(slash.lower(), slash) != name}


def _missing(path: Path) -> dict[str, dict[str, str]]:
    """Part of relations -> id of each relation that leads nowhere -> the part it names. Of a file that is no sound package: nothing."""
    from lxml.etree import LxmlError

    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive.infolist(), path=path)
            names, known = set(archive.namelist()), _kinds(archive)
            return {
                name: {identity: part for identity, part in _relations(archive, name) if part not in names or not known(part)}
                for name in names
                if name.endswith(".rels")
            }
    except (zipfile.BadZipFile, zlib.error, LxmlError, KeyError, ValueError, NotImplementedError, EOFError, OSError, RuntimeError):
        return {}


def _relations(archive: zipfile.ZipFile, name: str, *, at: str = "") -> Iterator[tuple[str, str]]:
    """(id, part) of the relations that stay in the package, of a part of that name, which should be ``at`` that place if one is given."""
    folder = posixpath.dirname(posixpath.dirname(at or name))
    for relation in _tree(archive.read(name)).iter(_RELATIONS):
        target = relation.get("Target") or ""
        if relation.get("TargetMode") != "External":
            yield relation.get("Id") or "", posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _kinds(archive: zipfile.ZipFile) -> Callable[[str], bool]:
    """Whether the package says of what kind a part is: without that no parser takes it."""
    entries = list(_tree(archive.read(_KINDS)))
    endings = {(entry.get("Extension") or "").lower() for entry in entries}
    named = {(entry.get("PartName") or "").lstrip("/").lower() for entry in entries}
    return lambda part: part.lower() in named or posixpath.splitext(part)[1].lstrip(".").lower() in endings


def _tree(data: bytes) -> "_Element":
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def _is_strict(path: Path) -> bool:
    """By the package's own relationships; a file that is no sound package is not."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _STRICT in archive.read("_rels/.rels")[:100_000]
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, EOFError, OSError, RuntimeError):
        return False


def _translate(path: Path, copy: Path, *, missing: Mapping[str, Iterable[str]]) -> None:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        check_sizes(archive.infolist(), path=path)
        for entry in archive.infolist():
            data = archive.read(entry)
            if nowhere := missing.get(entry.filename):
                data = _without(data, nowhere)
            out.writestr(entry.filename, _STRICT_NAME.sub(_common_name, data) if entry.filename.endswith((".xml", ".rels")) else data)


def _without(data: bytes, identities: Iterable[str]) -> bytes:
    """A part of relations without these."""
    from lxml import etree

    root, nowhere = _tree(data), set(identities)
    for relation in list(root.iter(_RELATIONS)):
        if relation.get("Id") in nowhere:
            root.remove(relation)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _common_name(name: "re.Match[bytes]") -> bytes:
    rest = b"/".join(_OTHERWISE.get(part, part) for part in name[3].split(b"/"))
    return b"http://schemas.openxmlformats.org/%s/2006/%s%s" % (name[1], _OTHERWISE.get(name[2], name[2]), rest)
