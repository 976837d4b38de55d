"""Files that come in: named safely, of a kind that can be read, never over another."""

import fcntl
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from rag.errors import UnsupportedFormatError, UsageError
from rag.locks import alone
from rag.readers import SUFFIXES

LARGEST_UPLOAD = 256 * 1024 * 1024
"""Bytes of one request with files."""
MOST_FILES = 200
"""In one request."""
_LONGEST = 120
"""Bytes of a name without its suffix; file systems allow 255 with it."""
_PIECE = 1 << 20
_WAITING = ".upload-"


def safe_name(given: str) -> str:
    """What a file of that name is kept as: one part of a path, visible, with a known suffix. Raises UnsupportedFormatError."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    clean = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in last)
    clean = re.sub(r'[<>:"|?*]', "_", " ".join(clean.split())).lstrip(". ~-")
    stem, dot, suffix = clean.rpartition(".")
    suffix = f"{dot}{suffix.strip()}"
    if not stem.strip() or suffix.lower() not in SUFFIXES:
        raise UnsupportedFormatError(
            f"{clean[:80] or 'a file without a name'} is not of a kind that can be read: {', '.join(sorted(SUFFIXES))}"
        )
    short = stem.strip().encode()[:_LONGEST].decode(errors="ignore").strip()
    return f"{short}{suffix}"


def keep(file: BinaryIO, *, name: str, folder: Path) -> Path:
    """Puts the bytes into the folder under a safe name; the same bytes under the same name are kept once, others get a number."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = safe_name(name)
    _take_away_what_was_cut_off(folder)
    with tempfile.NamedTemporaryFile(prefix=_WAITING, dir=folder, delete=False) as waiting:
        try:
            fcntl.flock(waiting, fcntl.LOCK_EX)
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
                waiting.write(piece)
            waiting.flush()
            return _placed(Path(waiting.name), folder / wanted, digest=digest.hexdigest())
        finally:
            Path(waiting.name).unlink(missing_ok=True)


def _take_away_what_was_cut_off(folder: Path) -> None:
    """What a server that was killed in the middle of an upload left, which nobody sees and nothing reads."""
    for left in folder.glob(f"{_WAITING}*"):
        with suppress(FileNotFoundError), alone(left) as is_left:  # whoever was at it may just have done with it
            if is_left and left.stat().st_size:  # an empty one may have been made this moment
                left.unlink()


def _placed(waiting: Path, wanted: Path, *, digest: str) -> Path:
    waiting.chmod(0o644)
    for number in count(2):
        try:
            os.link(waiting, wanted)
        except FileExistsError:
            if wanted.is_file() and _sha256(wanted) == digest:
                break
            wanted = wanted.with_name(f"{re.sub(r' [(][0-9]+[)]$', '', wanted.stem)} ({number}){wanted.suffix}")
        else:
            break
    return wanted


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_for(folders: Sequence[Path], *, own: Path) -> Path:
    """Where uploads go: the workspace's own folder of documents where rag.toml names it, else the first that it names."""
    if not folders:
        raise UsageError("rag.toml names no folder; set folders")
    return next((folder for folder in folders if folder.resolve() == own.resolve()), folders[0])
