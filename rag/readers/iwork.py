"""Pages, Numbers and Keynote of Apple: the format is not public; the preview that many files carry is a PDF of the whole document."""

import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from rag.errors import UnsupportedFormatError
from rag.readers import pdf
from rag.readers.zipped import check_archive, office_errors
from rag.types import Document

suffixes: frozenset[str] = frozenset({".pages", ".numbers", ".key"})

_WHAT = "an Apple iWork document"
_PREVIEW = "QuickLook/Preview.pdf"


def read(path: Path) -> Document:
    """The preview's pages. Raises UnsupportedFormatError without one that is a PDF, ReadError and its children."""
    check_archive(path, part="", what=_WHAT)
    with office_errors(path, what=_WHAT), zipfile.ZipFile(path) as archive:
        preview = archive.read(_PREVIEW) if _PREVIEW in archive.namelist() else b""
    if not preview:
        raise UnsupportedFormatError(f"cannot read {path.name}: it carries no preview as PDF; export it as PDF or Word from the program")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{path.stem}.pdf"
        copy.write_bytes(preview)
        seconds = path.stat().st_mtime
        os.utime(copy, (seconds, seconds))
        document = pdf.read(copy)
    notices = (*document.notices, "read from the preview that the file carries")
    return replace(document, format=path.suffix.lower().lstrip("."), notices=notices)
