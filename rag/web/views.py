"""What the pages print, as plain values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from rag.chat.words import CONFLICTS, citations, place
from rag.types import Answer, Claim, Passage, Turn

Plain = dict[str, Any]

_NEVER = datetime.min.replace(tzinfo=UTC)
_VERDICTS = {
    "supported": ("✓", "checked: the words and figures stand in the source"),
    "partial": ("◐", "partly borne out by its source"),
}


def passage_address(document: str, *, start: int, end: int) -> str:
    """Where a passage is shown in its page."""
    return f"/documents/{document}?{urlencode({'start': start, 'end': end})}#mark"


def turn_view(turn: Turn) -> Plain:
    """A question and its answer."""
    answer = turn.answer
    numbers = citations(answer)
    claims = {claim.id: claim for claim in (*answer.claims, *answer.beside)}
    sources = _sources(answer, numbers)
    marks = {number: source for source in sources for number in [source["number"]]}
    return {
        "chat": turn.chat,
        "number": turn.number,
        "asked": turn.asked,
        "question": answer.question,
        "understood": answer.understood_as if answer.understood_by != "as_asked" else "",
        "abstained": answer.abstained,
        "reason": answer.reason[:1].upper() + answer.reason[1:],
        "sentences": [_sentence(claim, numbers, marks) for claim in answer.claims],
        "conflicts": [
            {
                "head": CONFLICTS[conflict.kind],
                "reason": conflict.reason,
                "replaced": conflict.kind == "superseded",
                "sides": [
                    {
                        "value": side.value,
                        "period": side.period,
                        "published": side.published,
                        "marks": _marks(claims[side.claim], numbers, marks),
                    }
                    for side in conflict.sides
                ],
            }
            for conflict in answer.conflicts
        ],
        "sources": sources,
        "nearest": [passage_view(passage) for passage in answer.nearest],
        "notes": [*answer.notes, *answer.warnings],
    }


def passage_view(passage: Passage) -> Plain:
    """A passage that was found."""
    chunk, source = passage.chunk, passage.source
    return {
        "title": source.title,
        "published": source.published,
        "path": source.path,
        "page": f"page {chunk.first_page}" if source.pages > 1 else "",
        "text": chunk.text,
        "address": passage_address(chunk.document, start=chunk.start, end=chunk.end),
    }


def _sources(answer: Answer, numbers: Mapping[str, int]) -> list[Plain]:
    by_document = {source.document: source for source in answer.sources}
    return [
        {
            "number": numbers[item.id],
            "title": by_document[item.document].title,
            "place": place(item),
            "published": by_document[item.document].published,
            "path": by_document[item.document].path,
            "quote": item.quote,
            "address": passage_address(item.document, start=item.start, end=item.end),
        }
        for item in answer.evidence
    ]


def _sentence(claim: Claim, numbers: Mapping[str, int], marks: Mapping[int, Plain]) -> Plain:
    sign, said = _VERDICTS.get(claim.verdict, ("?", claim.verdict))
    return {"text": claim.text, "marks": _marks(claim, numbers, marks), "sign": sign, "said": said, "verdict": claim.verdict}


def _marks(claim: Claim, numbers: Mapping[str, int], marks: Mapping[int, Plain]) -> list[Plain]:
    return [marks[number] for number in dict.fromkeys(numbers[item] for item in claim.evidence)]


def answer_text(answer: Answer) -> tuple[list[str], list[Plain]]:
    """An answer for a program that prints text: its paragraphs, with [n], and its sources. Joined by blank lines they are the whole text."""
    view = turn_view(Turn(chat=0, number=1, asked=_NEVER, answer=answer))
    parts = [_text(one) for one in view["sentences"]]
    for conflict in view["conflicts"]:
        sides = "; ".join(
            f"{side['value']} ({side['period'] or 'no period'}, published {side['published']}) {_signs(side)}" for side in conflict["sides"]
        )
        parts.append(f"{conflict['head']}: {conflict['reason']} {sides}")
    if answer.abstained:
        parts.append(f"The documents do not say. {view['reason']}.")
        nearest = [
            f"- {near['title']}{', ' + near['page'] if near['page'] else ''}, {near['published']}: {short(near['text'])}"
            for near in view["nearest"]
        ]
        parts += ["Nearest passages:\n" + "\n".join(nearest)] if nearest else []
    if view["sources"]:
        listed = [f"[{one['number']}] {one['title']}{one['place']}, {one['published']} ({one['path']})" for one in view["sources"]]
        parts.append("Sources:\n" + "\n".join(listed))
    return parts, view["sources"]


def _text(sentence: Plain) -> str:
    doubt = "" if sentence["verdict"] == "supported" else f" ({sentence['verdict']})"
    return f"{sentence['text']} {_signs(sentence)}{doubt}"


def _signs(marked: Plain) -> str:
    return "".join(f"[{one['number']}]" for one in marked["marks"])


def short(text: str, *, most: int = 240) -> str:
    """The beginning, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " …"
