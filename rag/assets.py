"""Where prompts and templates are: the workspace's own file first, else the one that ships."""

from pathlib import Path
from typing import Literal

from rag.errors import UsageError

Room = Literal["prompts", "templates"]

READ_ME = "README.txt"
"""What `rag init` puts into a workspace's own rooms; neither a prompt nor a template."""

_PACKAGE = Path(__file__).resolve().parent


def shipped(room: Room) -> Path:
    """The folder that ships: inside the installed wheel, else at the top of the checkout."""
    installed = _PACKAGE / "_shipped" / room
    return installed if installed.is_dir() else _PACKAGE.parent / room


def find(room: Room, name: str, *, workspace: Path | None = None) -> Path:
    """The file or folder of that name; the workspace's own wins. Raises UsageError with the names there are."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"{name!r} is a path, not a name in {room}; there is: {', '.join(names(room, workspace=workspace))}")
    own = workspace / room / name if workspace else None
    if own is not None and own.exists():
        return own
    path = shipped(room) / name
    if not path.exists():
        raise UsageError(f"no {name!r} in {room}; there is: {', '.join(names(room, workspace=workspace))}")
    return path


def names(room: Room, *, workspace: Path | None = None) -> list[str]:
    """Names of all files and folders at the top of a room, the workspace's own included."""
    folders = [shipped(room)] + ([workspace / room] if workspace else [])
    found = (path.name for folder in folders if folder.is_dir() for path in folder.iterdir())
    return sorted({name for name in found if not name.startswith((".", "_")) and name != READ_ME})
