"""Immutable generations of an index: folders that are made beside the others, sealed, switched to by one rename, never changed.

::

    index/
      gen-000012/          .lock         readers hold it shared while they have the generation open
                           manifest.json space, sequence, count, size and hash of every other file
                           ...           the vendor's files
      build-4711/          a generation in the making; what a killed writer left is removed by the next one
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from rag.errors import IndexDamagedError, WorkspaceError
from rag.locks import alone

MANIFEST = "manifest.json"
LOCK = ".lock"
_FORMAT = 1
_TEMPORARY = ("build-", "trash-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What one file of a generation must be."""

    size: int
    sha256: str
    written: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)
    """Inode, time of the last write and of the last change to the inode, in ns, when it was hashed; zeros where nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a generation holds."""

    space: str
    sequence: int
    """Everything the record committed up to here is in it."""
    count: int
    dimensions: int
    dead: int
    """Rows deleted from it since it was last built from nothing."""
    files: Mapping[str, Mark]


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """A published generation, held open: nobody removes it before ``release``."""

    number: int
    path: Path
    manifest: Manifest
    handle: int
    """File descriptor of the shared lock."""

    def read_through(self) -> None:
        """Raises IndexDamagedError unless every byte is what was published."""
        verify(self.path, self.manifest, every_byte=True)

    def release(self) -> None:
        """Lets writers remove it."""
        os.close(self.handle)


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """What there is to read."""

    seen: int
    """The highest number in the folder, readable or not; 0 when there is none."""
    generation: Generation | None
    notes: tuple[str, ...] = ()
    """One sentence for each generation above it that fails its checks."""

    @classmethod
    def of(cls, folder: Path, *, space: str) -> Self:
        """Holds the highest generation of that space whose files are what its manifest says."""
        published = numbered(folder)
        notes: list[str] = []
        for number, path in published:
            try:
                generation = _hold(path, number=number, space=space)
            except IndexDamagedError as error:
                notes.append(str(error))
            else:
                if generation:
                    return cls(seen=published[0][0], generation=generation, notes=tuple(notes))
        return cls(seen=published[0][0] if published else 0, generation=None, notes=tuple(notes))


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """(number, path) of the published generations, highest first."""
    found = [(int(path.name[4:]), path) for path in folder.glob("gen-*") if path.name[4:].isdecimal()]
    return sorted(found, reverse=True)


def _hold(path: Path, *, number: int, space: str) -> Generation | None:
    """None for one of another space, or one that a writer has just removed. Raises IndexDamagedError."""
    handle = _share(path)
    if handle is None:
        return None
    try:
        manifest = read_manifest(path)
        if manifest.space == space:
            verify(path, manifest)
            return Generation(number=number, path=path, manifest=manifest, handle=handle)
    except OSError as error:
        os.close(handle)
        raise _damage(path, f"it cannot be read: {error.strerror}") from error
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _share(path: Path) -> int | None:
    """The generation's lock, shared; None when it was removed before the lock was had."""
    try:
        handle = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        if not path.exists():
            return None
        raise _damage(path, "its lock file is missing") from error
    except OSError as error:
        raise _damage(path, f"its lock file cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), (path / LOCK).stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass  # a writer holds it to remove it, or has removed it: it is not there any more
    os.close(handle)
    return None


def read_manifest(path: Path) -> Manifest:
    """Raises IndexDamagedError when it cannot be read as one."""
    try:
        plain = json.loads((path / MANIFEST).read_bytes())
        if plain.pop("format") != _FORMAT:
            raise _damage(path, "its manifest is of another version")
        files = {name: Mark(**{**mark, "written": tuple(mark.get("written", (0, 0, 0)))}) for name, mark in plain.pop("files").items()}
        return Manifest(**plain, files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damage(path, f"its manifest cannot be read: {error}") from error


def verify(path: Path, manifest: Manifest, *, every_byte: bool = False) -> None:
    """Every file is there with its size and its hash, and no other. Raises IndexDamagedError. About 1 GB/s.

    A file that nobody has written since it was hashed is not hashed again, unless ``every_byte``: a disk that returns other bytes than
    it was given is found by that only.
    """
    sizes = {name: (path / name).stat().st_size for name in _names(path)}
    for name, mark in manifest.files.items():
        if name not in sizes:
            raise _damage(path, f"{name} is missing")
        if sizes[name] != mark.size:
            raise _damage(path, f"{name} has {sizes[name]:,} bytes instead of {mark.size:,}")
    if stray := sorted(set(sizes) - set(manifest.files)):
        raise _damage(path, f"{stray[0]} does not belong to it")
    for name, mark in manifest.files.items():
        untouched = mark.written == _written(path / name) and not every_byte
        if not untouched and _sha256(path / name) != mark.sha256:
            raise _damage(path, f"the content of {name} has changed")


def marks(path: Path) -> dict[str, Mark]:
    """Size, hash and last writing of every file, by its path inside the generation."""
    return {name: _mark(path / name) for name in _names(path)}


def _mark(path: Path) -> Mark:
    written = _written(path)
    return Mark(size=path.stat().st_size, sha256=_sha256(path), written=written)


def _written(path: Path) -> tuple[int, int, int]:
    there = path.stat()
    return there.st_ino, there.st_mtime_ns, there.st_ctime_ns


def _names(path: Path) -> list[str]:
    files = (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    return sorted(name for name in files if name not in (MANIFEST, LOCK))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damage(path: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(f"the vector index {path} is damaged: {what}; the next `rag ingest` rebuilds it without embedding anything")


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A fresh folder beside the generations, gone at the end unless it was promoted. Removes what killed writers left first.

    The caller holds the writer's lock. Raises WorkspaceError when the folder cannot be written.
    """
    build = folder / f"build-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.iterdir():
            if leftover.name.startswith(_TEMPORARY):
                shutil.rmtree(leftover)
        build.mkdir()
        yield build
    except OSError as error:
        raise WorkspaceError(
            f"cannot write the vector index in {folder}: {error.strerror}; every document is in the record and is found without it. Make "
            "the folder writable or free some space, and run `rag ingest` again"
        ) from error
    finally:
        if build.exists():
            shutil.rmtree(build)


def seal(path: Path, manifest: Manifest) -> None:
    """Writes manifest and lock file and brings everything to the disk."""
    plain = {"format": _FORMAT, **asdict(manifest)}
    (path / MANIFEST).write_text(json.dumps(plain, indent=1, sort_keys=True), "utf-8")
    (path / LOCK).touch()
    for entry in (*path.rglob("*"), path):
        _to_disk(entry)


def promote(path: Path, *, folder: Path) -> Path:
    """Makes a sealed generation the newest by one rename."""
    published = numbered(folder)
    target = folder / f"gen-{(published[0][0] if published else 0) + 1:06d}"
    path.rename(target)
    _to_disk(folder)
    return target


def clear(folder: Path) -> int:
    """Removes every generation that no reader holds, and what killed writers left; how many are held. The writer's lock is held."""
    for leftover in folder.iterdir() if folder.is_dir() else ():
        if leftover.name.startswith(_TEMPORARY):
            shutil.rmtree(leftover)
    sweep(folder, keep=folder)
    return len(numbered(folder))


def sweep(folder: Path, *, keep: Path) -> None:
    """Removes every other generation that no reader holds."""
    for _, path in numbered(folder):
        if path != keep and _is_free(path):
            trash = folder / f"trash-{path.name}"
            path.rename(trash)
            shutil.rmtree(trash)


def _is_free(path: Path) -> bool:
    """True when nobody reads it. A reader that opens it a moment later finds it gone and takes the newest one."""
    try:
        with alone(path / LOCK) as is_free:
            return is_free
    except FileNotFoundError:
        return True  # without a lock file nobody can have opened it


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
