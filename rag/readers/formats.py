"""Which reader takes which file."""

from pathlib import Path

from rag.errors import UnsupportedFormatError
from rag.ports import Reader
from rag.readers import csv, docx, eml, html, markdown, pdf, pptx, txt, xlsx
from rag.types import Document

_READERS: tuple[Reader, ...] = (markdown, txt, html, pdf, docx, xlsx, csv, pptx, eml)
_BY_SUFFIX = {suffix: reader for reader in _READERS for suffix in reader.suffixes}

SUFFIXES: frozenset[str] = frozenset(_BY_SUFFIX)
"""Every suffix some reader takes: lower case, with the dot."""


def reader_for(path: Path) -> Reader:
    """Raises UnsupportedFormatError."""
    reader = _BY_SUFFIX.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(sorted(SUFFIXES))
        raise UnsupportedFormatError(
            f"cannot read {path.name}: no reader for {path.suffix or 'files without a suffix'}; save it as {kinds}"
        )
    return reader


def read_file(path: Path) -> Document:
    """The document, read in this process without limits: for files you made yourself. Raises ReadError and its children."""
    return reader_for(path).read(path)
