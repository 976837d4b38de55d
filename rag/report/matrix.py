"""The same questions for every subject: where a topic asks for each district, each section quotes each district's own document.

Sentences, or parts of them, are taken one by one, those first that say most of what is not said of their subject yet for the words they
take. Cards without figures are made of what is so taken, so that no subject is told twice of one thing.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.report.cards import ways_told
from rag.report.claims import sentence_claim
from rag.report.excerpt import excerpted
from rag.report.gather import Candidate
from rag.report.select import LEAST_STANDING, Chosen
from rag.report.wording import Vocabulary
from rag.text import content_stems, words
from rag.types import Claim

MOST_WORDS = 2_950
"""Of all subjects together: half an hour's reading, and what the Beige Book's own national summaries come to."""
MOST_WORDS_OF_SUBJECT = 330
_OVERHEAD = 6
"""Words that a citation costs the reader."""
_DIRECTION, _STEM = 0.3, 0.08
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


def room_for(asked: int) -> int:
    """Words for all subjects together where a report is asked to have so many; 0: as many as it takes."""
    return min(MOST_WORDS, asked or MOST_WORDS)


def with_parts(candidates: Iterable[Candidate], *, vocabulary: Vocabulary) -> list[Candidate]:
    """Sentences, and behind them the parts of them that may be quoted alone."""
    whole = list(candidates)
    return [*whole, *(part for one in whole for part in excerpted(one, vocabulary=vocabulary))]


def most_telling(candidates: Sequence[Candidate], *, subjects: Mapping[str, str], vocabulary: Vocabulary, room: int) -> list[Candidate]:
    """What cards may group: of the subjects the sentences, or parts of them, that would be printed in so many words if nothing else were,
    and all that other documents say."""
    by_document = _by_document(with_parts(candidates, vocabulary=vocabulary), subjects)
    told = _told(by_document, room=room, printed=(), chosen=Chosen(), vocabulary=vocabulary)
    return [*told, *(candidate for candidate in candidates if candidate.source.document not in subjects)]


def matrix_claims(
    candidates: Sequence[Candidate],
    *,
    subjects: Mapping[str, str],
    facets: Sequence[str],
    printed: Collection[tuple[str, str]],
    chosen: Chosen,
    vocabulary: Vocabulary,
    room: int,
) -> dict[str, list[Claim]]:
    """Facet -> claims, in the order of the subjects' names. ``candidates``: sentences and parts of them; ``subjects``: document -> name;
    ``printed``: (evidence, text) of those in print; ``room``: words of all subjects together, those in print counted."""
    taken = _told(_by_document(candidates, subjects), room=room, printed=printed, chosen=chosen, vocabulary=vocabulary)
    made: dict[str, list[Claim]] = defaultdict(list)
    for candidate in sorted(taken, key=lambda item: (subjects[item.source.document], item.evidence.document, item.evidence.start)):
        section = candidate.facet or facets[0]
        made[section].append(sentence_claim(candidate, section=section, vocabulary=vocabulary))
    return dict(made)


def _by_document(candidates: Iterable[Candidate], subjects: Collection[str]) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.source.document in subjects:
            found[candidate.source.document].append(candidate)
    return found


def _told(
    by_document: Mapping[str, Sequence[Candidate]],
    *,
    room: int,
    printed: Collection[tuple[str, str]],
    chosen: Chosen,
    vocabulary: Vocabulary,
) -> list[Candidate]:
    """Of all sentences the one that tells most of its subject for its words, then the next, until the room is full: a subject of which
    much is to be told gets more of it than one of which little is."""
    weights = _weights(by_document)
    everything = [candidate for own in by_document.values() for candidate in own]
    ways = {_name(candidate): _ways(candidate, vocabulary) for candidate in everything}
    stems = {_name(candidate): content_stems(candidate.text) for candidate in everything}
    told = {document: Told() for document in by_document}
    for candidate in everything:
        if _name(candidate) in printed:
            told[candidate.source.document].add(candidate, ways=ways[_name(candidate)])

    def worth(item: Candidate) -> float:
        of = told[item.source.document]
        return of.gain(item, ways=ways[_name(item)], stems=stems[_name(item)], weights=weights)

    left = room - sum(of.words for of in told.values())
    taken: list[Candidate] = []
    for best in _best_first([item for item in everything if item.standing >= LEAST_STANDING], worth=worth):
        length, of = len(words(best.text)), told[best.source.document]
        if length > left or of.words + length > MOST_WORDS_OF_SUBJECT or chosen.repeats(best):
            continue
        of.add(best, ways=ways[_name(best)])
        chosen.take_candidate(best)
        taken.append(best)
        left -= length
    return taken


def _name(candidate: Candidate) -> tuple[str, str]:
    """What tells a sentence from its own parts."""
    return candidate.evidence.id, candidate.text


def _best_first(candidates: Iterable[Candidate], *, worth: Callable[[Candidate], float]) -> Iterator[Candidate]:
    """Each once, the worthiest first. What a sentence is worth only falls while others are taken, so that one is asked again only when
    it comes up (lazy greedy: Minoux 1978)."""
    waiting = [(-worth(item), _name(item), item) for item in candidates]
    heapq.heapify(waiting)
    while waiting:
        _, name, item = heapq.heappop(waiting)
        now = -worth(item)
        if waiting and (now, name) > waiting[0][:2]:
            heapq.heappush(waiting, (now, name, item))
        else:
            yield item


def _weights(by_document: Mapping[str, Sequence[Candidate]]) -> dict[str, float]:
    """Metric or stem -> the share of the subjects whose documents speak of it: what many speak of can be compared."""
    counts = Counter[str]()
    for candidates in by_document.values():
        counts.update({mention.metric.id for candidate in candidates for mention in candidate.mentions})
        counts.update({stem for candidate in candidates for stem in content_stems(candidate.text)})
    return {name: _LEAST + (1 - _LEAST) * count / len(by_document) for name, count in counts.items()}


def _ways(candidate: Candidate, vocabulary: Vocabulary) -> set[str]:
    """Metrics of which the sentence tells a direction as a fact."""
    metrics = {mention.metric.id for mention in candidate.mentions}
    return {metric for metric in metrics if ways_told(candidate, metric, vocabulary=vocabulary) - {"none"}}
