"""Which reader takes which file."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rag.errors import UnsupportedFormatError
from rag.ports import Reader
from rag.readers import (
    archive,
    csv,
    doc,
    docx,
    eml,
    epub,
    html,
    ipynb,
    iwork,
    markdown,
    mbox,
    mht,
    msg,
    odf,
    pdf,
    ppt,
    pptx,
    rtf,
    txt,
    xls,
    xlsb,
    xlsx,
    xml,
)
from rag.readers.desk import Desk
from rag.readers.disguise import readable, suffix_of_bytes
from rag.readers.locked import unlocked
from rag.readers.ocr import Ocr
from rag.types import Document, Enclosed

_READERS: tuple[Reader, ...] = (
    markdown,
    txt,
    html,
    pdf,
    docx,
    xlsx,
    xlsb,
    csv,
    pptx,
    eml,
    msg,
    odf,
    epub,
    rtf,
    doc,
    xls,
    ppt,
    archive,
    mbox,
    ipynb,
    iwork,
    xml,
    mht,
)
_BY_SUFFIX = {suffix: reader for reader in _READERS for suffix in reader.suffixes}
_SHEETS: tuple[Reader, ...] = (xls, xlsb, xlsx)
_LOOKED_AT: tuple[Reader, ...] = (doc, docx, rtf, ppt, pptx, csv, html, *_SHEETS)
"""Whose files are looked at before they are believed: web programs and people give them each other's suffixes."""
_LISTED = 5
_CONTAINERS = {suffix: container.enclosed for container in (eml, msg, archive, mbox) for suffix in container.suffixes}

SUFFIXES: frozenset[str] = frozenset(_BY_SUFFIX)
"""Every suffix some reader takes: lower case, with the dot."""


def reader_for(path: Path) -> Reader:
    """By the suffix alone; the file is not opened. Raises UnsupportedFormatError."""
    reader = _BY_SUFFIX.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(sorted(SUFFIXES))
        raise UnsupportedFormatError(
            f"cannot read {path.name}: no reader for {path.suffix or 'files without a suffix'}; save it as {kinds}"
        )
    return reader


def read_file(path: Path, *, ocr: Ocr | None = None, deadline: float = math.inf) -> Document:
    """The document, read in this process without limits: for files you made yourself. Raises ReadError and its children.

    An Office file with the bytes of another kind goes to that kind's reader. ``ocr`` reads pages that are pictures, until the
    ``deadline`` (of ``time.monotonic``).
    """
    named = reader_for(path)
    if named not in _LOOKED_AT:
        return pdf.read(path, ocr=ocr, deadline=deadline) if ocr and named is pdf else named.read(path)
    with unlocked(path) if named in _SHEETS else nullcontext(path) as plain:
        suffix = suffix_of_bytes(plain, is_sheet=named in _SHEETS)
        reader = _BY_SUFFIX[suffix] if suffix else named
        with readable(plain, is_sheet=reader in _SHEETS) as (copy, missing):
            document = pdf.read(path, ocr=ocr, deadline=deadline) if ocr and reader is pdf else reader.read(copy)
    notices = [f"parts that the file names are not in it: {_listed(missing)}"] if missing else []
    if plain is not path:
        notices.append("encrypted with the password that Excel itself knows, and read with it")
    if reader is not named:
        notices.append(f"named {path.suffix}, read as the {suffix} that its bytes are")
    return replace(document, notices=(*document.notices, *notices)) if notices else document


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


def may_be_scanned(path: Path) -> bool:
    """True for a kind of file whose pages may be pictures of text."""
    return path.suffix.lower() in pdf.suffixes


def holds_files(path: Path) -> bool:
    """True for a kind of file that may enclose others."""
    return path.suffix.lower() in _CONTAINERS


def unpack_file(path: Path, *, into: Path) -> list[Enclosed]:
    """Puts the files it encloses into an empty folder. Raises ReadError and its children."""
    desk = Desk(into, suffixes=SUFFIXES)
    _CONTAINERS[path.suffix.lower()](path, desk)
    return desk.found
