"""A question taken apart by a model: each part is searched for beside the whole, and the lists are put together by ranks.

What is found is still found by the documents' words and vectors: a model that writes nonsense costs places in the list, never a wrong
citation, and the result says what was searched for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rag.errors import AnswerError
from rag.llms.calls import Calls
from rag.model_prompts import PartsPrompt, Prompts
from rag.order import RANK_OFFSET
from rag.types import Message, Passage, SearchResult

MOST_PARTS = 4
LONGEST = 300
"""Characters of a part."""
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"questions": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_PARTS}},
    "required": ["questions"],
    "additionalProperties": False,
}


def parts_of(question: str, *, calls: Calls, prompts: Prompts) -> tuple[str, ...]:
    """What the question asks for, part by part; empty where it asks for one thing. Raises what ``Calls.ask`` raises."""
    asked = Message(role="user", content=prompts.fill(PartsPrompt(question=question, most=MOST_PARTS)))
    found = calls.ask([asked], schema=SCHEMA, parse=_parsed)
    return tuple(part for part in found if part.casefold() != question.strip().casefold())


def merged(question: str, results: Sequence[SearchResult]) -> SearchResult:
    """One list of those of the whole question and its parts: by the sum of reciprocal ranks, equal ones by id.

    A passage is as it stands in the first list that has it; its score is the sum.
    """
    scores: dict[str, float] = {}
    first: dict[str, Passage] = {}
    for result in results:
        for rank, passage in enumerate(result.passages, start=1):
            scores[passage.chunk.id] = scores.get(passage.chunk.id, 0.0) + 1 / (RANK_OFFSET + rank)
            first.setdefault(passage.chunk.id, passage)
    ordered = sorted(first, key=lambda identity: (-scores[identity], identity))
    told = tuple(f"searched for a part, too: {result.question}" for result in results[1:])
    notes = tuple(dict.fromkeys(note for result in results for note in result.notes))
    passages = tuple(replace(first[identity], score=scores[identity]) for identity in ordered)
    return SearchResult(question=question, passages=passages, reranked_by=results[0].reranked_by, notes=(*told, *notes))


def _parsed(text: str) -> tuple[str, ...]:
    """Raises AnswerError for anything but a list of short texts."""
    try:
        listed = json.loads(text)["questions"]
    except (ValueError, LookupError, TypeError) as error:
        raise AnswerError(f"the answer is not the questions asked for: {error}") from error
    if not isinstance(listed, list) or not all(isinstance(part, str) for part in listed):
        raise AnswerError("the answer is not the questions asked for: they are no list of texts")
    parts = tuple(dict.fromkeys(found for part in listed if (found := " ".join(part.split()))))
    if len(parts) > MOST_PARTS or any(len(part) > LONGEST for part in parts):
        raise AnswerError(f"the answer has more than {MOST_PARTS} questions, or one of more than {LONGEST} characters")
    return parts
