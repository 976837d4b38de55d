"""A workspace's upkeep: is it healthy, a copy of it, and erasing a document for good."""

from rag.upkeep.backup import Backup, back_up, restore
from rag.upkeep.doctor import Finding, State, examine
from rag.upkeep.erasure import Erased, as_recorded, erase, let_in_again

__all__ = ["Backup", "Erased", "Finding", "State", "as_recorded", "back_up", "erase", "examine", "let_in_again", "restore"]
