"""E-books: the chapters in the order of the spine, a page each."""

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zipfile import ZipFile

from rag.errors import CorruptFileError, EncryptedError
from rag.readers import html
from rag.readers.clean import one_line
from rag.readers.dates import choose_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.encoding import decode
from rag.readers.zipped import check_archive, office_errors
from rag.types import Document, Metadata

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

suffixes: frozenset[str] = frozenset({".epub"})

_WHAT = "an e-book"
_CONTAINER = "META-INF/container.xml"


def read(path: Path) -> Document:
    """Pages are labelled "chapter N". Raises ReadError and its children."""
    check_archive(path, part=_CONTAINER, what=_WHAT)
    draft = Draft()
    with office_errors(path, what=_WHAT), ZipFile(path) as archive:
        names = set(archive.namelist())
        package = _package(archive, path=path)
        base = posixpath.dirname(package[0])
        chapters = [posixpath.normpath(posixpath.join(base, unquote(name))) for name in _spine(package[1])]
        locked = _locked(archive) if "META-INF/encryption.xml" in names else frozenset()
        if chapters and locked.issuperset(chapters):
            raise EncryptedError(f"cannot read {path.name}: its chapters are locked against copying; get a copy without a lock")
        if missing := sum(name not in names for name in chapters):
            draft.notice(f"{missing} of {len(chapters)} chapters are listed and not in the file")
        for number, name in enumerate((name for name in chapters if name in names), start=1):
            draft.open_page(f"chapter {number}")
            if name in locked:
                draft.notice(f"chapter {number} is locked against copying and was left out")
                continue
            page = html.parse(decode(archive.read(name), path=path))
            html.add_sheets(
                page, [decode(archive.read(sheet), path=path) for sheet in _sheets(page, base=posixpath.dirname(name)) if sheet in names]
            )
            html.add_page(draft, page)
        metadata = _metadata(package[1], draft, path=path)
    return draft.finish(metadata=metadata, format="epub", path=path)


def _package(archive: ZipFile, *, path: Path) -> tuple[str, "_Element"]:
    """(name, tree) of the package part."""
    root = next(_tree(archive.read(_CONTAINER)).iter("{*}rootfile"), None)
    name = "" if root is None else root.get("full-path") or ""
    if name not in archive.namelist():
        raise CorruptFileError(f"cannot read {path.name}: {_WHAT} without its list of chapters; get it again")
    return name, _tree(archive.read(name))


def _spine(package: "_Element") -> list[str]:
    """Chapters in the order in which they are read, those that a reader turns to by a link (notes, answers, tables) in their place; without
    an order all there are. A table of contents that nobody comes to in reading is none."""
    pages = [item for item in package.iter("{*}item") if "html" in (item.get("media-type") or "")]
    parts = {item.get("id"): item.get("href") or "" for item in pages}
    contents = {item.get("id") for item in pages if "nav" in (item.get("properties") or "").split()}
    order = [(item.get("idref"), item.get("linear") == "no") for item in package.iter("{*}itemref")] or [(name, True) for name in parts]
    return [parts[name] for name, is_aside in order if name in parts and not (is_aside and name in contents)]


def _sheets(page: "HtmlElement", *, base: str) -> list[str]:
    """Names of the style sheets that a chapter is shown with."""
    links = (link.get("href") or "" for link in page.iter("link") if "stylesheet" in (link.get("rel") or "").lower())
    return [posixpath.normpath(posixpath.join(base, unquote(link))) for link in links]


def _locked(archive: ZipFile) -> frozenset[str]:
    found = _tree(archive.read("META-INF/encryption.xml")).iter("{*}CipherReference")
    return frozenset(unquote(reference.get("URI") or "") for reference in found)


def _metadata(package: "_Element", draft: Draft, *, path: Path) -> Metadata:
    about: dict[str, list[str]] = {}
    for element in package.iter("{http://purl.org/dc/elements/1.1/}*"):
        about.setdefault(element.tag.rpartition("}")[2], []).append(one_line(element.text or ""))
    found = choose_date(stated=next((text[:10] for text in about.get("date", [])), None), opening=draft.opening_lines())
    return Metadata(
        title=choose_title(next(iter(about.get("title", [])), ""), draft.first_heading(), path=path),
        author=", ".join(about.get("creator", [])),
        publisher=next(iter(about.get("publisher", [])), ""),
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=next(iter(about.get("language", [])), "").lower(),
        tags=tags_from(*about.get("subject", [])),
    )


def _tree(data: bytes) -> "_Element":
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
