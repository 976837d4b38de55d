"""A workspace in one file: the record as of one moment, the settings, own prompts and templates; checked before it counts."""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from rag.errors import RecordError, UsageError, WorkspaceError
from rag.locks import alone
from rag.record import Record

_RECORD = "library.db"
_ROOMS = ("prompts", "templates")
_MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """What a backup holds."""

    path: str
    made: datetime
    documents: int
    chunks: int
    bytes: int
    """Of the file."""
    folders: tuple[str, ...]
    """Folders of the record that are not there, seen from the workspace."""


def back_up(record: Record, *, to: Path, now: datetime) -> Backup:
    """Writes the file, reads it back, and only then gives it its name. Others may read and write the workspace meanwhile.

    Raises UsageError for a file that exists, RecordError for a record that is damaged, WorkspaceError where it cannot be written.
    """
    if to.exists():
        raise UsageError(f"{to} exists already and a backup never overwrites; choose another name")
    with _writing(to), _desk(to.parent, prefix=".backup-") as desk:
        record.copy_to(desk / _RECORD)
        with Record.open(desk / _RECORD) as copy:
            if faults := copy.faults():
                raise RecordError(f"{record.path} is damaged ({faults[0]}), so no backup was made; see `rag doctor`")
            documents, chunks = len(copy.sources()), copy.chunk_count()
        members = {_RECORD: desk / _RECORD, **_own_files(record.path.parent)}
        archive = desk / "archive.tar"
        _write(archive, members, made=now)
        _verified(archive)
        with archive.open("rb") as file:
            os.fsync(file.fileno())
        archive.rename(to)
    return Backup(path=str(to), made=now, documents=documents, chunks=chunks, bytes=to.stat().st_size, folders=())


def restore(backup: Path, workspace: Path) -> Backup:
    """Makes a workspace of a backup, all or nothing. The index is made by the next ingest, without embedding; searches work at once.

    Raises UsageError for a workspace that exists or a file that is no backup, WorkspaceError where it cannot be written.
    """
    if workspace.exists() and (not workspace.is_dir() or any(workspace.iterdir())):
        raise UsageError(f"{workspace} exists already and nothing is overwritten; name a new folder")
    if not backup.is_file():
        raise UsageError(f"there is no file {backup}; name a file that `rag backup` made")
    manifest = _verified(backup)
    with _writing(workspace):
        workspace.parent.mkdir(parents=True, exist_ok=True)
        with _desk(workspace.parent, prefix=".restore-") as desk:
            _unpack(backup, desk, names=manifest.files)
            with Record.open(desk / _RECORD) as record:
                faults, documents, chunks = record.faults(), len(record.sources()), record.chunk_count()
            if faults:
                raise RecordError(f"the record in {backup} is damaged ({faults[0]}); use an older backup")
            for room in _ROOMS:
                (desk / room).mkdir(exist_ok=True)
            if workspace.exists():
                workspace.rmdir()
            desk.rename(workspace)
    with Record.open(workspace / _RECORD) as record:
        lost = tuple(str(path) for path in record.folders().values() if not path.is_dir())
    size = backup.stat().st_size
    return Backup(path=str(backup), made=manifest.made, documents=documents, chunks=chunks, bytes=size, folders=lost)


@contextmanager
def _desk(folder: Path, *, prefix: str) -> Iterator[Path]:
    """A folder of its own, gone at the end unless it was renamed. What killed runs left beside it goes first: each holds a library, where
    nobody sees it and `rag forget` does not come."""
    for left in folder.glob(f"{prefix}*"):
        with alone(left) as is_left:
            if is_left and any(left.iterdir()):  # one that is empty may have been made this moment
                shutil.rmtree(left)
    desk = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    try:
        with alone(desk):
            yield desk
    finally:
        if desk.exists():
            shutil.rmtree(desk)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(f"cannot write {path}: {error.strerror}; choose a place with room that you may write to") from error


def _own_files(workspace: Path) -> dict[str, Path]:
    """Name in the archive -> file: settings, own prompts and templates. Links are left out."""
    rooms = [path for room in _ROOMS for path in sorted((workspace / room).rglob("*"))]
    files = [path for path in (workspace / "rag.toml", *rooms) if path.is_file() and not path.is_symlink()]
    return {path.relative_to(workspace).as_posix(): path for path in files}


def _write(archive: Path, members: dict[str, Path], *, made: datetime) -> None:
    manifest = {"format": _FORMAT, "made": made.isoformat(), "files": {name: _sha256(path) for name, path in members.items()}}
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    with tarfile.open(archive, "w") as tar:
        head = tarfile.TarInfo(_MANIFEST)
        head.size, head.mtime = len(text), int(made.timestamp())
        tar.addfile(head, io.BytesIO(text))
        for name, path in members.items():
            tar.add(path, arcname=name, recursive=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Manifest:
    """The list an archive begins with."""

    made: datetime
    files: dict[str, str]
    """Name -> SHA-256."""


def _verified(archive: Path) -> _Manifest:
    """The manifest of an archive whose files are what it says. Raises UsageError."""
    try:
        with tarfile.open(archive, "r:") as tar:
            opened = tar.extractfile(_MANIFEST)
            plain = json.loads(opened.read()) if opened else {}
            manifest = _Manifest(made=datetime.fromisoformat(plain["made"]), files=dict(plain["files"]))
            fault = _fault(tar, manifest) if plain["format"] == _FORMAT else "it is of another version"
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise UsageError(f"{archive} is not a complete backup ({error}); use another one") from error
    if fault:
        raise UsageError(f"{archive} is not a complete backup ({fault}); use another one")
    return manifest


def _fault(tar: tarfile.TarFile, manifest: _Manifest) -> str:
    """What is not as the manifest says; empty when all is."""
    members = {member.name: member for member in tar.getmembers() if member.name != _MANIFEST}
    if set(members) != set(manifest.files) or _RECORD not in members:
        return "its list of files does not agree with its files"
    for name, digest in manifest.files.items():
        part = tar.extractfile(members[name]) if members[name].isreg() and _is_inside(name) else None
        if part is None or _digest(part) != digest:
            return f"{name} is not what was backed up"
    return ""


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _unpack(archive: Path, folder: Path, *, names: Iterable[str]) -> None:
    """Plain files under names that were checked; nothing else of the archive is believed."""
    with tarfile.open(archive, "r:") as tar:
        for name in names:
            part = tar.extractfile(name)
            assert part is not None
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("wb") as file:
                shutil.copyfileobj(part, file)
                os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
