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


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A sentence, or a part of one, and what it tells."""

    candidate: Candidate
    metrics: frozenset[str]
    ways: frozenset[str]
    """Metrics of which it tells a direction as a fact."""
    stems: frozenset[str]
    words: int

    @property
    def name(self) -> tuple[str, str]:
        """What tells a sentence from its own parts."""
        return self.candidate.evidence.id, self.candidate.text

    @property
    def subject(self) -> str:
        """The document it is of."""
        return self.candidate.source.document


@dataclass(kw_only=True)
class Told:
    """What is printed of one subject."""

    metrics: set[str] = field(default_factory=set)
    ways: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)
    words: int = 0

    def add(self, piece: Piece) -> None:
        self.metrics |= piece.metrics
        self.ways |= piece.ways
        self.stems |= piece.stems
        self.words += piece.words

    def gain(self, piece: Piece, *, weights: Mapping[str, float]) -> float:
        """What the piece adds, for each word it takes."""
        metrics, ways, stems = (sorted(new) for new in (piece.metrics - self.metrics, piece.ways - self.ways, piece.stems - self.stems))
        told = sum(weights[metric] for metric in metrics) + _DIRECTION * sum(weights[way] for way in ways)
        return (told + _STEM * sum(weights[stem] for stem in stems)) / (piece.words + _OVERHEAD)


def room_for(asked: int) -> int:
    """Words for all subjects together where a report is asked to have so many; 0: as many as it takes."""
    return min(MOST_WORDS, asked or MOST_WORDS)


def pieces_of(candidates: Iterable[Candidate], *, subjects: Collection[str], vocabulary: Vocabulary) -> list[Piece]:
    """The sentences of the subjects' documents, and behind them the parts of them that may be quoted alone."""
    whole = [candidate for candidate in candidates if candidate.source.document in subjects]
    return [_piece(one, vocabulary) for one in (*whole, *(part for one in whole for part in excerpted(one, vocabulary=vocabulary)))]


def _piece(candidate: Candidate, vocabulary: Vocabulary) -> Piece:
    metrics = frozenset(mention.metric.id for mention in candidate.mentions)
    return Piece(
        candidate=candidate,
        metrics=metrics,
        ways=frozenset(metric for metric in metrics if ways_told(candidate, metric, vocabulary=vocabulary) - {"none"}),
        stems=frozenset(content_stems(candidate.text)),
        words=len(words(candidate.text)),
    )


def most_telling(pieces: Sequence[Piece], *, room: int) -> list[Candidate]:
    """The sentences, or parts of them, that would be printed in so many words if nothing else were: what cards may group."""
    return [piece.candidate for piece in _told(pieces, room=room, printed=(), chosen=Chosen())]


def matrix_claims(
    pieces: Sequence[Piece],
    *,
    subjects: Mapping[str, str],
    facets: Sequence[str],
    printed: Collection[tuple[str, str]],
    chosen: Chosen,
    vocabulary: Vocabulary,
    room: int,
) -> dict[str, list[Claim]]:
    """Facet -> claims, in the order of the subjects' names. ``subjects``: document -> name; ``printed``: (evidence, text) of those in
    print; ``room``: words of all subjects together, those in print counted."""
    taken = [piece.candidate for piece in _told(pieces, room=room, printed=printed, chosen=chosen)]
    made: dict[str, list[Claim]] = defaultdict(list)
    for candidate in sorted(taken, key=lambda item: (subjects[item.source.document], item.evidence.document, item.evidence.start)):
        section = candidate.facet or facets[0]
        made[section].append(sentence_claim(candidate, section=section, vocabulary=vocabulary))
    return dict(made)


def _told(pieces: Sequence[Piece], *, room: int, printed: Collection[tuple[str, str]], chosen: Chosen) -> list[Piece]:
    """Of all pieces the one that tells most of its subject for its words, then the next, until the room is full: a subject of which
    much is to be told gets more of it than one of which little is."""
    weights = _weights(pieces)
    told: dict[str, Told] = defaultdict(Told)
    for piece in pieces:
        if piece.name in printed:
            told[piece.subject].add(piece)
    left = room - sum(of.words for of in told.values())
    taken: list[Piece] = []
    sound = [piece for piece in pieces if piece.candidate.standing >= LEAST_STANDING]
    for best in _best_first(sound, worth=lambda piece: told[piece.subject].gain(piece, weights=weights)):
        of = told[best.subject]
        if best.words > left or of.words + best.words > MOST_WORDS_OF_SUBJECT or chosen.repeats(best.candidate):
            continue
        of.add(best)
        chosen.take_candidate(best.candidate)
        taken.append(best)
        left -= best.words
    return taken


def _best_first(pieces: Iterable[Piece], *, worth: Callable[[Piece], float]) -> Iterator[Piece]:
    """Each once, the worthiest first. What a piece is worth only falls while others are taken, so that one is asked again only when
    it comes up (lazy greedy: Minoux 1978)."""
    waiting = [(-worth(piece), piece.name, piece) for piece in pieces]
    heapq.heapify(waiting)
    while waiting:
        _, name, piece = heapq.heappop(waiting)
        now = -worth(piece)
        if waiting and (now, name) > waiting[0][:2]:
            heapq.heappush(waiting, (now, name, piece))
        else:
            yield piece


def _weights(pieces: Iterable[Piece]) -> dict[str, float]:
    """Metric or stem -> the share of the subjects whose documents speak of it: what many speak of can be compared."""
    metrics, stems = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for piece in pieces:
        metrics[piece.subject] |= piece.metrics
        stems[piece.subject] |= piece.stems
    counts = Counter(name for spoken in (*metrics.values(), *stems.values()) for name in spoken)
    return {name: _LEAST + (1 - _LEAST) * count / len(metrics) for name, count in counts.items()}
