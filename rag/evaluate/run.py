"""Every question searched by every arm, the gold looked for in what was found."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from rag.evaluate.arms import DOMAIN, FULL, Arm
from rag.evaluate.measures import Estimate, estimate, measured
from rag.evaluate.questions import Question
from rag.evaluate.targets import Shelf, Target, scope_of, targets_of
from rag.record import Record
from rag.types import Chunk, Passage, Scope, SearchResult

By: TypeAlias = Literal["passage", "page", "document"]
"""What is ranked: passages as a person sees them, or pages or documents, each where its best passage stands."""

DECIDES = "nDCG@10"
"""The measure by which one query prompt is better than another."""
DEPTH = 100
"""Passages asked for; the gold's rank is not known beyond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmResult:
    """What one arm reached."""

    name: str
    measures: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    """Against the full arm, question by question; empty for the full arm itself."""
    values: Mapping[str, Mapping[str, float]]
    """Measure -> question -> value, 0 to 1."""
    ms: float
    """Mean time of one search, wall clock, the question's vector known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """A question whose gold is not all among the first k."""

    name: str
    question: str
    gold: tuple[str, ...]
    """What was not among the first k, in words."""
    ranks: tuple[int | None, ...]
    """Where each stood instead; None when it was not found at all."""
    first: str
    """What was first: path and page; empty when nothing was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """The arms side by side; the first is the full one."""

    asked: Mapping[str, str]
    """The questions by name."""
    k: int
    by: By
    arms: tuple[ArmResult, ...]
    misses: tuple[Miss, ...]
    """Of the full arm."""
    never_found: tuple[str, ...]
    """Paths of documents that stand among the first k of none of the questions they are to answer, by the full arm."""
    notes: tuple[str, ...] = ()


def evaluate(
    questions: Sequence[Question], *, arms: Sequence[Arm], record: Record, k: int = 10, by: By = "passage", depth: int = DEPTH
) -> Evaluation:
    """Searches and measures. Raises UsageError for gold that is not in the library, and what ``Retrieval.find`` raises."""
    shelf = Shelf(record)
    targets = {question.name: targets_of(question, shelf=shelf) for question in questions}
    scopes = {question.name: scope_of(question, shelf=shelf) for question in questions}
    gold = {name: [target.id for target in found] for name, found in targets.items()}
    results: list[ArmResult] = []
    seen: dict[str, SearchResult] = {}
    rankings: dict[str, list[list[str]]] = {}
    notes: dict[str, None] = {}
    for arm in arms:
        found, seconds = _searched(questions, scopes, arm=arm, depth=max(depth, k))
        ranked = {name: _entries(result, targets[name], by=by) for name, result in found.items()}
        values = measured(ranked, gold, k=k)
        results.append(_result(arm, values, full=results[0] if results else None, ms=1000 * seconds / len(questions)))
        if arm.name == FULL:
            seen, rankings = found, ranked
            notes |= dict.fromkeys(note for result in found.values() for note in result.notes)
    return Evaluation(
        asked={question.name: question.question for question in questions},
        k=k,
        by=by,
        arms=tuple(results),
        misses=tuple(_misses(questions, targets, rankings, seen, k=k)),
        never_found=tuple(_never_found(targets, rankings, k=k)),
        notes=tuple(notes),
    )


def winning(result: Evaluation) -> ArmResult | None:
    """The best arm of a domain's query prompt, of those that are better than the full one beyond chance; None where none is."""
    better = [arm for arm in result.arms if arm.name.startswith(DOMAIN) and arm.differences[DECIDES].low > 0]
    return max(better, key=lambda arm: arm.differences[DECIDES].value, default=None)


def _result(arm: Arm, values: Mapping[str, Mapping[str, float]], *, full: ArmResult | None, ms: float) -> ArmResult:
    differences = {
        measure: estimate([each[name] - full.values[measure][name] for name in each])
        for measure, each in values.items()
        if full is not None
    }
    return ArmResult(
        name=arm.name,
        measures={measure: estimate(list(each.values())) for measure, each in values.items()},
        differences=differences,
        values=values,
        ms=ms,
    )


def _searched(questions: Sequence[Question], scopes: Mapping[str, Scope], *, arm: Arm, depth: int) -> tuple[dict[str, SearchResult], float]:
    """By question; those of one scope are embedded together. And the seconds it took."""
    together: dict[Scope, list[Question]] = {}
    for question in questions:
        together.setdefault(scopes[question.name], []).append(question)
    found: dict[str, SearchResult] = {}
    if arm.dense:  # opens the index and embeds what is new, so that the arms' times can be compared
        arm.retrieval.find_all([question.question for question in questions], k=1, lexical=False)
    started = time.perf_counter()
    for scope, several in together.items():
        texts = [question.question for question in several]
        results = arm.retrieval.find_all(texts, k=depth, scope=scope, dense=arm.dense, lexical=arm.lexical)
        found |= {question.name: result for question, result in zip(several, results, strict=True)}
    seconds = time.perf_counter() - started
    return {question.name: found[question.name] for question in questions}, seconds


# ── what was found ────────────────────────────────────────────────────────────────────────────────────────────────


def _entries(result: SearchResult, targets: Sequence[Target], *, by: By) -> list[list[str]]:
    """The list as it is ranked. A passage that only repeats gold takes its place all the same."""
    entries: list[list[str]] = []
    seen: set[str] = set()
    for passage in result.passages:
        for unit, chunk in _units(passage.chunk, by=by):
            things = [target.id for target in targets if target.holds(chunk)] or [unit]
            new = [thing for thing in things if thing not in seen] or ([f"again {chunk.id}"] if by == "passage" else [])
            if new:
                entries.append(new)
                seen.update(new)
    return entries


def _units(chunk: Chunk, *, by: By) -> list[tuple[str, Chunk]]:
    """What the passage stands for where it answers nothing, and what is held against the gold: a page's share of it for each page."""
    if by == "passage":
        return [(f"passage {chunk.id}", chunk)]
    if by == "document":
        return [(f"document {chunk.document}", chunk)]
    pages = range(chunk.first_page, chunk.last_page + 1)
    return [(f"page {chunk.document} {page}", replace(chunk, first_page=page, last_page=page)) for page in pages]


def _misses(
    questions: Sequence[Question],
    targets: Mapping[str, Sequence[Target]],
    rankings: Mapping[str, Sequence[Sequence[str]]],
    seen: Mapping[str, SearchResult],
    *,
    k: int,
) -> list[Miss]:
    misses = []
    for question in questions:
        places = {thing: place for place, entry in enumerate(rankings[question.name], start=1) for thing in entry}
        missed = [target for target in targets[question.name] if places.get(target.id, k + 1) > k]
        if missed:
            passages = seen[question.name].passages
            misses.append(
                Miss(
                    name=question.name,
                    question=question.question,
                    gold=tuple(target.words for target in missed),
                    ranks=tuple(places.get(target.id) for target in missed),
                    first=_where(passages[0]) if passages else "",
                )
            )
    return misses


def _where(passage: Passage) -> str:
    page = f", page {passage.chunk.first_page}" if passage.source.pages > 1 else ""
    return f"{passage.source.path}{page}"


def _never_found(targets: Mapping[str, Sequence[Target]], rankings: Mapping[str, Sequence[Sequence[str]]], *, k: int) -> list[str]:
    """Paths, sorted, of the documents that are gold and among the first k for none of their questions."""
    found = {thing for ranking in rankings.values() for entry in ranking[:k] for thing in entry}
    wanted: dict[str, bool] = {}
    for several in targets.values():
        for target in several:
            wanted[target.path] = wanted.get(target.path, False) or target.id in found
    return sorted(path for path, was_found in wanted.items() if not was_found)
