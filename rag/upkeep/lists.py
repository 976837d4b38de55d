"""Access lists as people set them, whichever door they come by."""

from collections.abc import Sequence
from pathlib import Path

from rag.errors import UsageError
from rag.record import AccessList, Judged, Record
from rag.record.people import name_of
from rag.upkeep.erasure import as_recorded


def place_of(path: str, *, record: Record, named: Sequence[Path]) -> str:
    """A path as citations name it, "" for "/". ``named``: the folders of rag.toml; a list is best set before a folder is read.

    Raises UsageError for a path in no folder of the library, which a list could not protect.
    """
    place, known = as_listed(path, record=record, named=named), folders_of(record, named=named)
    if place and place.partition("/")[0] not in known:
        there = ", ".join(sorted(known)) or "none yet"
        raise UsageError(
            f"{path} is in no folder of this library; there is: {there}; name a path as a citation prints it, or / for everything"
        )
    return place


def as_listed(path: str, *, record: Record, named: Sequence[Path]) -> str:
    """The same for a list that may stand at a folder which is gone. Raises UsageError for no path."""
    if not path.strip():
        raise UsageError("name a folder or a document, or / for everything")
    return "" if path.strip() == "/" else as_recorded(path.strip(), folders_of(record, named=named))


def folders_of(record: Record, *, named: Sequence[Path]) -> dict[str, Path]:
    """Those that were read, and those that rag.toml names, by name."""
    return {folder.resolve().name: folder.resolve() for folder in named} | record.folders()


def set_list(record: Record, place: str, names: Sequence[str]) -> AccessList:
    """The list at a place, from the next request on. Raises UsageError for a name that is no user and no group."""
    record.access.put(place, [name_of(name) for name in names])
    return next(one for one in record.access.lists() if one.path == place)


def judged(record: Record, user: str, path: str, *, named: Sequence[Path]) -> Judged:
    """Whether a user may see a path, and which list says so. Raises UsageError for an unknown user and for a path of no folder."""
    return record.access.judge(record.people.user(user).reader, place_of(path, record=record, named=named))
