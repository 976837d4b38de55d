"""Which sentences and table cells answer a question: each option is scored, the best few are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.chat.question import Asked, gives
from rag.closeness import closeness
from rag.numbers import find_periods
from rag.report.facts import cell_text
from rag.report.findings import Findings
from rag.report.gather import Candidate, CellEvidence
from rag.text import content_stems, words
from rag.types import Evidence, Passage, Source

MOST_SENTENCES = 5
VALUE = 0.05
"""What a value of the kind asked for counts."""
PERIOD = 0.08
"""What the period asked for counts; another period alone counts as much against."""
NAME = 0.10
"""What holding every name asked for counts."""
PASSAGE = 0.05
"""What the score of the passage around it counts."""
CLOSE_BEHIND = 0.75
"""A further sentence is taken when it scores so much of the best one's."""
_CELLS = 80
"""Table cells looked at closely: those whose labels share most words with the question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A sentence or a table's value that may answer."""

    text: str
    evidence: Evidence
    source: Source
    candidate: Candidate | None
    """None for a table's value."""
    closeness: float
    """Of its words to the question's, 0 and up."""
    names: float
    """Share of the names asked for that it, its headings or its document's title hold; 1 where none is asked for."""
    has_value: bool
    """It holds a value of the kind asked for."""
    period: int
    """1: the period asked for, -1: another one only, 0: none or none asked for."""
    passage: float
    """Score of the best passage it stands in."""

    @property
    def score(self) -> float:
        """Higher is nearer."""
        return self.closeness + VALUE * self.has_value + PERIOD * self.period + NAME * self.names + PASSAGE * self.passage


def options(asked: Asked, findings: Findings, *, passages: Sequence[Passage], holders: Mapping[str, int], among: int) -> list[Option]:
    """Every sentence and the likeliest table cells of the passages, best first; equal ones by place."""
    found: list[tuple[str, Evidence, Source, Candidate | None, Passage]] = []
    for candidate in findings.current:
        if passage := _around(candidate.evidence, passages):
            found.append((candidate.text, candidate.evidence, candidate.source, candidate, passage))
    for cell in _likely_cells(asked, findings.gathered.cells):
        if passage := _around(cell.evidence, passages):
            found.append((cell_text(cell.evidence), cell.evidence, cell.source, None, passage))
    chunks = [replace(passage.chunk, text=text, header=_header(evidence, source)) for text, evidence, source, _, passage in found]
    near = closeness(asked.text, chunks, holders=holders, among=among)
    made = [
        Option(
            text=text,
            evidence=evidence,
            source=source,
            candidate=candidate,
            closeness=value,
            names=_names(asked, f"{text} {chunk.header} {source.author} {source.publisher}"),
            has_value=bool(asked.wants) and gives(text, asked.wants, asked=asked),
            period=_period(asked, evidence, source, text),
            passage=passage.score,
        )
        for (text, evidence, source, candidate, passage), chunk, value in zip(found, chunks, near, strict=True)
    ]
    return sorted(made, key=lambda option: (-option.score, option.evidence.document, option.evidence.start))


def best(found: Sequence[Option]) -> list[Option]:
    """The answer's sentences in the order of their worth: the best, and those close behind it that say something else."""
    if not found:
        return []
    least = CLOSE_BEHIND * found[0].score
    taken: list[Option] = []
    for option in found:
        if option.score < least or len(taken) == MOST_SENTENCES:
            break
        stems = set(content_stems(option.text))
        if all(len(stems & set(content_stems(other.text))) < 0.8 * len(stems) for other in taken):
            taken.append(option)
    return taken


def _around(evidence: Evidence, passages: Sequence[Passage]) -> Passage | None:
    return next((p for p in passages if p.chunk.document == evidence.document and p.chunk.start <= evidence.start < p.chunk.end), None)


def _header(evidence: Evidence, source: Source) -> str:
    return " > ".join((source.title, *evidence.heading_path))


def _likely_cells(asked: Asked, cells: Sequence[CellEvidence]) -> list[CellEvidence]:
    """Cells whose labels share words with the question, the most first."""
    scored = [(len(asked.stems & set(content_stems(_labels(cell.evidence)))), at, cell) for at, cell in enumerate(cells)]
    return [cell for shared, _, cell in sorted(scored, key=lambda item: (-item[0], item[1]))[:_CELLS] if shared]


def _labels(evidence: Evidence) -> str:
    reference = evidence.table
    return " ".join((reference.row, reference.column, *evidence.heading_path[-1:])) if reference else ""


def _names(asked: Asked, text: str) -> float:
    if not asked.names:
        return 1.0
    held = {word.lower() for word in words(text)} | {word.lower().removesuffix("'s").removesuffix("’s") for word in words(text)}
    return sum(all(part.lower() in held for part in words(name)) for name in asked.names) / len(asked.names)


def _period(asked: Asked, evidence: Evidence, source: Source, text: str) -> int:
    if not asked.labels:
        return 0
    own = {mention.label for mention in find_periods(text, published=source.published)}
    around = own or {mention.label for heading in (*evidence.heading_path, source.title) for mention in find_periods(heading)}
    if any(_overlap(one, other) for one in asked.labels for other in around):
        return 1
    return -1 if own else 0


def _overlap(one: str, other: str) -> bool:
    """True for a period and a part of it: 2025 and 2025-Q3."""
    return one.startswith(other) or other.startswith(one)
