"""Where the files that another file encloses are put down to be read, under limits on number and size."""

from pathlib import Path, PurePosixPath

from rag.patterns import regex
from rag.readers.clean import one_line
from rag.types import Enclosed

MOST_FILES = 1_000
MOST_BYTES = 1_000_000_000
"""Of all files of one container together."""
LARGEST_FILE = 100_000_000
_LONGEST_NAME = 120
_UNSAFE = regex(r'[/\\:*?"<>|\0]')


class Desk:
    """A folder that fills up with enclosed files; each lies in a folder of its own, under its own name."""

    def __init__(self, folder: Path, *, suffixes: frozenset[str]) -> None:
        """``suffixes``: what can be read; other files are named, not put down."""
        self._folder = folder
        self._suffixes = suffixes
        self._left = MOST_BYTES
        self._names: set[str] = set()
        self.found: list[Enclosed] = []

    def wants(self, name: str, *, size: int) -> bool:
        """True when the file is to be put down; else it is noted with the reason."""
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in self._suffixes:
            return self._leave(name, f"no reader for {suffix or 'files without a suffix'}")
        if len(self.found) >= MOST_FILES:
            return self._leave(name, f"more than {MOST_FILES:,} files in one; split it")
        if size > min(LARGEST_FILE, self._left):
            return self._leave(
                name, f"{size // 1_000_000:,} MB, more than one enclosed file or all of them together may have; save it beside"
            )
        return True

    def put(self, name: str, data: bytes, *, seconds: float | None = None) -> None:
        """``seconds``: since 1970, when the file says when it was made."""
        if not self.wants(name, size=len(data)):
            return
        self._left -= len(data)
        folder = self._folder / f"{len(self.found):04d}"
        folder.mkdir()
        file = folder / _file_name(name)
        file.write_bytes(data)
        self.found.append(Enclosed(name=self._unique(name), file=str(file), seconds=seconds))

    def _leave(self, name: str, reason: str) -> bool:
        if len(self.found) < MOST_FILES * 2:
            self.found.append(Enclosed(name=self._unique(name), reason=reason))
        return False

    def refuse(self, name: str, reason: str) -> None:
        """Notes a file that cannot be put down."""
        self._leave(name, reason)

    def _unique(self, name: str) -> str:
        """The name as part of a path: never absolute, never upwards, each once."""
        parts = [one_line(part)[:_LONGEST_NAME] for part in name.replace("\\", "/").split("/")]
        clean = "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"
        unique, number = clean, 2
        while unique in self._names:
            path = PurePosixPath(clean)
            unique, number = str(path.with_name(f"{path.stem} ({number}){path.suffix}")), number + 1
        self._names.add(unique)
        return unique


def _file_name(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    stem = _UNSAFE.sub("_", one_line(path.stem)).encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{stem or 'unnamed'}{path.suffix.lower()}"
