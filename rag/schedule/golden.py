"""Golden questions before publishing: a library whose search has fallen gives no report that anybody should trust."""

from rag.app import Library
from rag.evaluate import FULL, Question, arms_of, chosen, evaluate, read_questions
from rag.prompts import query_prompt
from rag.schedule.definition import Gate

FIRST = 10
"""A question counts when its passage is among so many."""
_NAMED = 3
"""Questions named when the gate holds a report."""


def golden_questions(library: Library, gate: Gate) -> list[Question]:
    """Raises UsageError for a file that cannot be used."""
    return read_questions(library.workspace / gate.questions)


def why_held(library: Library, gate: Gate) -> str:
    """Why the report must not be published; empty when enough questions find their passage. Raises UsageError for unusable questions."""
    questions = golden_questions(library, gate)
    arms = chosen(arms_of(library.retrieval, query_prompt=query_prompt(workspace=library.workspace).text), [FULL])
    result = evaluate(questions, arms=arms, record=library.record, k=FIRST)
    hits = result.arms[0].values[f"hit@{FIRST}"]
    found = sum(hits.values())
    if found >= gate.least * len(hits):
        return ""
    missed = [result.asked[name] for name, hit in hits.items() if not hit]
    named = "; ".join(f'"{question}"' for question in missed[:_NAMED])
    more = f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    return f"{found:.0f} of {len(hits)} golden questions find their passage, fewer than {gate.least:.0%}: {named}{more}"
