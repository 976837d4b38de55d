"""Workbooks under the password that Excel tries before it asks for one: whoever marks a workbook as read-only or protects its structure
may get it encrypted so, and it opens for everybody."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.readers.ole import MAGIC

_PASSWORD = "VelvetSweatshop"  # published in [MS-OFFCRYPTO] 2.4.2.3, no secret
_LARGEST = 100_000_000
"""Bytes; it is opened in memory."""


@contextmanager
def unlocked(path: Path) -> Iterator[Path]:
    """A copy that is not encrypted, of a workbook under that password; any other file itself. Raises OSError."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        is_copied = _is_container(path) and _decrypted(path, copy)
        if is_copied:
            seconds = path.stat().st_mtime
            os.utime(copy, (seconds, seconds))
        yield copy if is_copied else path


def _is_container(path: Path) -> bool:
    """What is encrypted is one, whatever it was before."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC and path.stat().st_size <= _LARGEST


def _decrypted(path: Path, copy: Path) -> bool:
    """Whether it could be written. What is wrong with a file that could not be opened so is for its reader to say."""
    from msoffcrypto import OfficeFile

    try:
        with path.open("rb") as file, copy.open("wb") as out:
            book = OfficeFile(file)
            if not book.is_encrypted():
                return False
            book.load_key(password=_PASSWORD)
            book.decrypt(out)
    except Exception:  # noqa: BLE001 - a wrong password is an error of several kinds, and broken bytes of any
        return False
    return True
