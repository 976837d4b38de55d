"""The order in which weighed passages are handed over: pages take turns, newer versions go first; on request documents take turns too."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from rag.kin import superseded
from rag.types import Passage

if TYPE_CHECKING:
    from rag.ports import Vectors

SAME_PAGE = 0.05
"""What a passage loses for each better one of its page, so that a list is not one page in ten pieces."""
SAME_DOCUMENT = 0.5
"""What a passage loses for each better one of its document where a title asks for documents."""
RECENCY = 0.5
"""What a passage's place by date counts beside its place by score, where the newest are asked for: the newest overtakes those that fit a
little better, and comes from place 5 to the top, not from place 30."""
RANK_OFFSET = 60
"""Of reciprocal ranks (Cormack, Clarke and Buettcher 2009)."""
RELEVANCE = 0.7
"""What the score counts in an order by maximal marginal relevance (Carbonell and Goldstein 1998), unlikeness to what is taken the rest."""


def spread(passages: Sequence[Passage], *, by_document: bool) -> tuple[Passage, ...]:
    """Best first, equal ones by id; each but the best of a page, or of a document, has lost something for every one before it."""
    loss = SAME_DOCUMENT if by_document else SAME_PAGE
    taken: Counter[tuple[str, int]] = Counter()
    waiting = [(-passage.score, passage.chunk.id, 0, at) for at, passage in enumerate(passages)]
    heapify(waiting)
    ordered: list[Passage] = []
    while waiting:
        score, identity, counted, at = heappop(waiting)
        group = passages[at].chunk.document, 0 if by_document else passages[at].chunk.first_page
        if counted < taken[group]:  # a better one of its group was taken meanwhile
            heappush(waiting, (loss * taken[group] - passages[at].score, identity, taken[group], at))
            continue
        taken[group] += 1
        ordered.append(passages[at] if passages[at].score == -score else replace(passages[at], score=-score))
    return tuple(ordered)


def behind_newer(passages: Sequence[Passage], *, names: Mapping[str, float]) -> tuple[tuple[Passage, ...], dict[str, str]]:
    """Passages of an older version behind the first of its newest one, whose score they have then; and path -> path of the newer.

    Versions are told by titles, as `rag status` tells them. One that the question names better than the newer one, by ``names``, stays.
    """
    sources = {passage.source.document: passage.source for passage in passages}
    newer = {
        document: successor
        for document, successor in superseded(sources.values()).items()
        if names.get(document, 0.0) <= names.get(successor, 0.0)
    }
    ordered: list[Passage] = []
    waiting: dict[str, list[Passage]] = {}
    shown: dict[str, float] = {}
    for passage in passages:
        successor = newer.get(passage.chunk.document, "")
        if successor and successor not in shown:
            waiting.setdefault(successor, []).append(passage)
            continue
        ordered.append(passage)
        if passage.chunk.document not in shown:
            shown[passage.chunk.document] = passage.score
            ordered += [replace(older, score=passage.score) for older in waiting.pop(passage.chunk.document, ())]
    return tuple(ordered), {sources[older].path: sources[one].path for older, one in newer.items()}


def newest_sooner(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """By reciprocal ranks: the place in ``passages`` and, for RECENCY as much, the place by date; equal ones as they were.

    All of one day have one place. A document that only its file's clock dates comes after all that say when they were published: a copy
    made today is no news. Scores are then those sums.
    """
    dates = [None if passage.source.published_from == "mtime" else passage.source.published for passage in passages]
    counted = Counter(dates)
    place: dict[date | None, int] = {}
    for day in (*sorted((day for day in counted if day), reverse=True), None):
        place[day] = 1 + sum(counted[newer] for newer in place)
    scored = [
        replace(passage, score=1 / (RANK_OFFSET + rank) + RECENCY / (RANK_OFFSET + place[day]))
        for rank, (passage, day) in enumerate(zip(passages, dates, strict=True), start=1)
    ]
    return tuple(sorted(scored, key=lambda passage: -passage.score))


def at_most(passages: Sequence[Passage], *, per_document: int) -> tuple[Passage, ...]:
    """The first ``per_document`` of each document, in their order."""
    counted: Counter[str] = Counter()
    kept: list[Passage] = []
    for passage in passages:
        counted[passage.chunk.document] += 1
        if counted[passage.chunk.document] <= per_document:
            kept.append(passage)
    return tuple(kept)


def diverse(passages: Sequence[Passage], *, vectors: "Vectors", k: int) -> tuple[Passage, ...]:
    """The first ``k`` by maximal marginal relevance: each tells most that those before it don't. ``vectors``: unit rows, one a passage."""
    import numpy as np

    if not passages:
        return ()
    scores = np.array([passage.score for passage in passages])
    relevance = (scores - scores.min()) / (float(np.ptp(scores)) or 1.0)
    likeness = vectors @ vectors.T
    nearest = np.zeros(len(passages))
    taken: list[int] = []
    for _ in range(min(k, len(passages))):
        gain = RELEVANCE * relevance - (1 - RELEVANCE) * nearest
        gain[taken] = -np.inf
        taken.append(int(gain.argmax()))
        nearest = np.maximum(nearest, likeness[taken[-1]])
    return tuple(passages[at] for at in taken)
