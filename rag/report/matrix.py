"""The same questions for every subject: where a topic asks for each district, each section quotes each district's own document.

Sentences are taken one by one, those first that say most of what is not said of their subject yet for the words they take.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.report.claims import sentence_claim
from rag.report.gather import Candidate
from rag.report.select import LEAST_STANDING, Chosen
from rag.report.wording import Vocabulary, tokens
from rag.text import content_stems, words
from rag.types import Claim

MOST_WORDS = 2_960
"""Of all subjects together: half an hour's reading, and what the Beige Book's own national summaries come to."""
MOST_WORDS_OF_SUBJECT = 247
_OVERHEAD = 6
"""Words that a citation costs the reader."""
_DIRECTION, _STEM = 0.4, 0.12
"""What a stated direction and a new word are worth beside a metric that was not told yet."""
_LEAST = 0.5
"""What a thing is worth that only one of many subjects has, beside one that all have."""


@dataclass(kw_only=True)
class Told:
    """What is printed of one subject."""

    metrics: set[str] = field(default_factory=set)
    ways: set[str] = field(default_factory=set)
    """Metrics of which a direction is told."""
    stems: set[str] = field(default_factory=set)
    words: int = 0

    def add(self, candidate: Candidate, *, ways: Collection[str]) -> None:
        self.metrics |= {mention.metric.id for mention in candidate.mentions}
        self.ways |= set(ways)
        self.stems |= set(content_stems(candidate.text))
        self.words += len(words(candidate.text))

    def gain(self, candidate: Candidate, *, ways: Collection[str], stems: Collection[str], weights: Mapping[str, float]) -> float:
        """What the sentence adds, for each word it takes."""
        metrics = {mention.metric.id for mention in candidate.mentions} - self.metrics
        new = sum(weights.get(stem, 0.0) for stem in sorted(set(stems) - self.stems))
        told = sum(weights[metric] for metric in sorted(metrics)) + _DIRECTION * sum(weights[way] for way in sorted(set(ways) - self.ways))
        return (told + _STEM * new) / (len(words(candidate.text)) + _OVERHEAD)


def matrix_claims(
    candidates: Sequence[Candidate],
    *,
    subjects: Mapping[str, str],
    facets: Sequence[str],
    printed: Collection[str],
    chosen: Chosen,
    vocabulary: Vocabulary,
) -> dict[str, list[Claim]]:
    """Facet -> claims, in the order of the subjects' names. ``subjects``: document -> name; ``printed`` are ids of evidence in print."""
    room = min(MOST_WORDS_OF_SUBJECT, MOST_WORDS // max(1, len(subjects)))
    by_document: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.source.document in subjects:
            by_document[candidate.source.document].append(candidate)
    weights = _weights(by_document)
    made: dict[str, list[Claim]] = defaultdict(list)
    for document in sorted(by_document, key=lambda key: subjects[key]):
        for candidate in _told(by_document[document], room=room, weights=weights, printed=printed, chosen=chosen, vocabulary=vocabulary):
            section = candidate.facet or facets[0]
            made[section].append(sentence_claim(candidate, section=section, vocabulary=vocabulary))
    return dict(made)


def _told(
    candidates: Sequence[Candidate],
    *,
    room: int,
    weights: Mapping[str, float],
    printed: Collection[str],
    chosen: Chosen,
    vocabulary: Vocabulary,
) -> Iterable[Candidate]:
    """One subject's sentences until its room is full, in the order of its document."""
    ways = {candidate.evidence.id: _ways(candidate, vocabulary) for candidate in candidates}
    stems = {candidate.evidence.id: content_stems(candidate.text) for candidate in candidates}
    told, taken = Told(), list[Candidate]()
    for candidate in candidates:
        if candidate.evidence.id in printed:
            told.add(candidate, ways=ways[candidate.evidence.id])

    def worth(item: Candidate) -> float:
        return told.gain(item, ways=ways[item.evidence.id], stems=stems[item.evidence.id], weights=weights)

    open_candidates = [candidate for candidate in candidates if candidate.standing >= LEAST_STANDING]
    while open_candidates:
        best = max(open_candidates, key=lambda item: (worth(item), item.evidence.id))
        open_candidates.remove(best)
        if told.words + len(words(best.text)) > room or chosen.repeats(best):
            continue
        told.add(best, ways=ways[best.evidence.id])
        chosen.take_candidate(best)
        taken.append(best)
    return sorted(taken, key=lambda candidate: candidate.evidence.start)


def _weights(by_document: Mapping[str, Sequence[Candidate]]) -> dict[str, float]:
    """Metric or stem -> the share of the subjects whose documents speak of it: what many speak of can be compared."""
    counts = Counter[str]()
    for candidates in by_document.values():
        counts.update({mention.metric.id for candidate in candidates for mention in candidate.mentions})
        counts.update({stem for candidate in candidates for stem in content_stems(candidate.text)})
    return {name: _LEAST + (1 - _LEAST) * count / len(by_document) for name, count in counts.items()}


def _ways(candidate: Candidate, vocabulary: Vocabulary) -> set[str]:
    """Metrics of which the sentence tells a direction."""
    found = tokens(candidate.text)
    return {m.metric.id for m in candidate.mentions if vocabulary.direction(candidate.text, found, m) != "none"}
