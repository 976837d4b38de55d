"""An answer in words: what every door prints alike, and a chat as Markdown."""

from collections.abc import Mapping, Sequence

from rag.render.markdown import escape, tidy
from rag.types import Answer, Claim, Evidence, Turn

CONFLICTS: Mapping[str, str] = {
    "value": "Sources disagree",
    "unit": "Sources disagree on the unit",
    "scope": "Sources count differently",
    "definition": "Sources define it differently",
    "superseded": "Replaced figure",
}
"""Kind of conflict -> what stands before its reason."""


def citations(answer: Answer) -> dict[str, int]:
    """Evidence id -> the number that a citation prints, one a quote."""
    return {item.id: number for number, item in enumerate(answer.evidence, start=1)}


def said(claim: Claim) -> str:
    """A sentence of an answer as every door prints it: one that no document says, being computed, says so."""
    return f"Computed: {claim.text}" if claim.calculation else claim.text


def place(evidence: Evidence) -> str:
    """Page and table row of a quote, with a comma before; empty for a document without pages."""
    row = f"row {evidence.table.row}" if evidence.table else ""
    address = f"cell {evidence.table.address}" if evidence.table and evidence.table.address else ""
    return "".join(f", {part}" for part in (evidence.page_label, address or row) if part)


def to_markdown(turns: Sequence[Turn]) -> str:
    """A chat as Markdown: questions as headings, sentences with footnotes that hold the quotes."""
    return tidy("\n\n".join(_turn(turn) for turn in turns))


def _turn(turn: Turn) -> str:
    answer, numbers = turn.answer, citations(turn.answer)
    parts = [f"## {escape(answer.question)}", f"*{turn.asked:%Y-%m-%d %H:%M} UTC*"]
    if answer.understood_by != "as_asked":
        parts.append(f"Understood as: {escape(answer.understood_as)}")
    if answer.abstained:
        nearest = [f"- {escape(p.source.title)}, page {p.chunk.first_page}: {escape(p.chunk.text)}" for p in answer.nearest]
        return "\n\n".join((*parts, f"**The documents do not say.** {escape(answer.reason)}.", "\n".join(nearest)))
    parts.append("\n".join(f"- {_sentence(claim, turn, numbers)}" for claim in answer.claims))
    claims = {claim.id: claim for claim in (*answer.claims, *answer.beside)}
    for conflict in answer.conflicts:
        sides = [f"- {escape(side.value)} ({side.period}): {_sentence(claims[side.claim], turn, numbers)}" for side in conflict.sides]
        parts.append("\n".join((f"**{CONFLICTS[conflict.kind]}:** {escape(conflict.reason)}\n", *sides)))
    titles = {source.document: source for source in answer.sources}
    parts += [
        f"[^{turn.number}-{number}]: {escape(titles[item.document].title)}{escape(place(item))}, {titles[item.document].published}: "
        f"“{escape(item.quote)}”"
        for item, number in ((item, numbers[item.id]) for item in answer.evidence)
    ]
    return "\n\n".join(parts)


def _sentence(claim: Claim, turn: Turn, numbers: Mapping[str, int]) -> str:
    marks = "".join(f"[^{turn.number}-{numbers[item]}]" for item in claim.evidence)
    return f"{escape(said(claim))}{marks}"
