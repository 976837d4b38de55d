"""What the pages print, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from rag.chat.words import CONFLICTS, citations, place, said
from rag.types import Answer, Claim, Evidence, Passage, Source, Turn

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
    by = {item.id: source["by"] for item, source in zip(answer.evidence, sources, strict=True)}
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
                        "by": next((by[item] for item in claims[side.claim].evidence), ""),
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
    return [_source(item, by_document[item.document], number=numbers[item.id]) for item in answer.evidence]


def _source(item: Evidence, source: Source, *, number: int) -> Plain:
    return {
        "number": number,
        "title": source.title,
        "by": source.publisher or source.author or source.title,
        "place": place(item),
        "published": source.published,
        "path": source.path,
        "quote": item.quote,
        "address": passage_address(item.document, start=item.start, end=item.end),
    }


def _sentence(claim: Claim, numbers: Mapping[str, int], marks: Mapping[int, Plain]) -> Plain:
    sign, meaning = _VERDICTS.get(claim.verdict, ("?", claim.verdict))
    return {"text": said(claim), "marks": _marks(claim, numbers, marks), "sign": sign, "said": meaning, "verdict": claim.verdict}


def _marks(claim: Claim, numbers: Mapping[str, int], marks: Mapping[int, Plain]) -> list[Plain]:
    return [marks[number] for number in dict.fromkeys(numbers[item] for item in claim.evidence)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """An answer for a program that prints text."""

    parts: tuple[str, ...]
    """Paragraphs; joined by blank lines they are the text."""
    marks: tuple[tuple[int, int, int], ...]
    """(start, end, source's number) of every [n] of ours in the text; a "[3]" that a document holds is none."""
    sources: tuple[Plain, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(self.parts)


class _Speech:
    """Paragraphs as they come, and where the marks stand."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.marks: list[tuple[int, int, int]] = []

    def add(self, *pieces: str | list[Plain]) -> None:
        """A paragraph of texts and marks."""
        begun = sum(len(part) + 2 for part in self.parts)
        text = ""
        for piece in pieces:
            if isinstance(piece, str):
                text += piece
                continue
            for one in piece:
                sign = f"[{one['number']}]"
                self.marks.append((begun + len(text), begun + len(text) + len(sign), one["number"]))
                text += sign
        self.parts.append(text)


def spoken(answer: Answer) -> Spoken:
    """Sentences with [n], disagreements, or why there is no answer; the sources below."""
    view, speech = turn_view(Turn(chat=0, number=1, asked=_NEVER, answer=answer)), _Speech()
    for one in view["sentences"]:
        speech.add(f"{one['text']} ", one["marks"], "" if one["verdict"] == "supported" else f" ({one['verdict']})")
    for conflict in view["conflicts"]:
        pieces: list[str | list[Plain]] = [f"{conflict['head']}: {conflict['reason']}"]
        for side in conflict["sides"]:
            told = f"{side['period'] or 'no period'}, {side['by']}, published {side['published']}"
            pieces += [f"\n- {side['value']} ({told}) ", side["marks"]]
        speech.add(*pieces)
    if answer.abstained:
        speech.add(f"The documents do not say. {view['reason']}.")
    if view["nearest"]:
        near = [", ".join(filter(None, (one["title"], one["page"], str(one["published"])))) for one in view["nearest"]]
        lines = [f"- {head}: {short(one['text'])}" for head, one in zip(near, view["nearest"], strict=True)]
        speech.add("Nearest passages:\n" + "\n".join(lines))
    if view["sources"]:
        listed = [f"[{one['number']}] {one['title']}{one['place']}, {one['published']} ({one['path']})" for one in view["sources"]]
        speech.add("Sources:\n" + "\n".join(listed))
    return Spoken(parts=tuple(speech.parts), marks=tuple(speech.marks), sources=tuple(view["sources"]))


def short(text: str, *, most: int = 240) -> str:
    """The beginning, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " …"
