"""Zip archives: no text of their own; the files in them are documents."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import CorruptFileError, EncryptedError, NoTextError
from rag.readers.desk import Desk
from rag.readers.zipped import check_sizes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".zip"})


def read(path: Path) -> Document:
    """Always raises: NoTextError for a sound archive, else CorruptFileError, EncryptedError or ReadLimitError."""
    with _opened(path):
        raise NoTextError(f"cannot read {path.name}: the archive holds no file that can be read; unpack it to see what is in it")


def enclosed(path: Path, desk: Desk) -> None:
    """Puts the files down. Raises CorruptFileError, EncryptedError or ReadLimitError."""
    with _opened(path) as archive:
        for entry in archive.infolist():
            if not entry.is_dir() and not _is_furniture(entry.filename):
                _put(archive, entry, desk)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise CorruptFileError(
            f"cannot read {path.name}: it is not a zip archive, or not a complete one ({error}); get it again"
        ) from error
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    check_sizes(files, path=path)
    if files and all(entry.flag_bits & 1 for entry in files):
        raise EncryptedError(f"cannot read {path.name}: its files are encrypted; unpack them with the password")
    return archive


def _put(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, desk: Desk) -> None:
    if not desk.wants(entry.filename, size=entry.file_size):
        return
    if entry.flag_bits & 1:
        desk.refuse(entry.filename, "it wants a password; unpack it with the password")
        return
    try:
        data = archive.read(entry)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        desk.refuse(entry.filename, f"damaged in the archive ({type(error).__name__}: {error})")
        return
    desk.put(entry.filename, data, seconds=_seconds(entry))


def _is_furniture(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return any(part == "__MACOSX" or (part.startswith((".", "~$")) and part not in (".", "..")) for part in parts)


def _seconds(entry: zipfile.ZipInfo) -> float | None:
    """Archives say no time zone: taken as UTC. 1980 means that nothing was said."""
    try:
        moment = datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() if moment.year > 1980 else None
