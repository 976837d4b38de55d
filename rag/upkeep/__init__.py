"""A workspace's upkeep: is it healthy, a copy of it, erasing a document for good, and who may see what."""

from rag.upkeep.backup import Backup, back_up, restore
from rag.upkeep.doctor import Finding, State, examine
from rag.upkeep.erasure import Erased, erase, let_in_again
from rag.upkeep.lists import as_listed, folders_of, judged, place_of, set_list

__all__ = [
    "Backup",
    "Erased",
    "Finding",
    "State",
    "as_listed",
    "back_up",
    "erase",
    "examine",
    "folders_of",
    "judged",
    "let_in_again",
    "place_of",
    "restore",
    "set_list",
]
