"""Reports that come by themselves: definitions, slots, runs, the outbox.

``run_due`` is the one entry for cron, systemd, an orchestrator or a serving process.
"""

from rag.schedule.definition import FOLDER, Definition, definitions, name_of, owners_of, read_definition
from rag.schedule.deliver import try_channels
from rag.schedule.desk import consider, note_now, note_past
from rag.schedule.golden import golden_questions
from rag.schedule.health import Health, healths
from rag.schedule.intake import add, make, remove
from rag.schedule.known import ask_for, definition_of, set_paused, text_of
from rag.schedule.run import Round, asked_by, caps_of, run_due, work_waits
from rag.schedule.slots import zone_of

__all__ = [
    "FOLDER",
    "Definition",
    "Health",
    "Round",
    "add",
    "ask_for",
    "asked_by",
    "caps_of",
    "consider",
    "definition_of",
    "definitions",
    "golden_questions",
    "healths",
    "make",
    "name_of",
    "note_now",
    "note_past",
    "owners_of",
    "read_definition",
    "remove",
    "run_due",
    "set_paused",
    "text_of",
    "try_channels",
    "work_waits",
    "zone_of",
]
