"""What is printed: the loose sentences of each section, the sentences of each subject, and the bottom line."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.patterns import regex
from rag.report.claims import sentence_claim
from rag.report.gather import Candidate, Shingles, same_numbers
from rag.report.plan import Plan
from rag.report.wording import Vocabulary
from rag.text import content_stems, overlap, shingles, stem_set, words
from rag.types import Claim, Confidence, Number, TrendCard

_OWN_VOICE = regex(r"\b(?:we|our|us|I|my)\b", re.IGNORECASE)
_YEAR = regex(r"\b(?:19|20)\d\d\b")
MOST_LOOSE = 5
"""Sentences of a section besides its cards."""
MOST_ASKED = 15
"""The same where the topic asks for so little that a section or two are all of the report."""
MOST_BESIDES = 8
"""Sentences on the topic that no section asks for."""
FEWEST_LOOSE = 2
"""Of them, how many there is room for beside tables and figures."""
LEAST_SCORE = 3.2
"""Relevance a loose sentence must reach; measured on the sample documents and on the Beige Book."""
LEAST_STANDING = 0.7
HEADLINE_WORDS = 35
FEWEST_FINDINGS, MOST_FINDINGS = 3, 5
_REPEAT = 0.6
_REUSE_COST = 0.15
"""What each sentence already taken from a document costs the next one from it."""
_RANK: Mapping[Confidence, int] = {"high": 2, "medium": 1, "low": 0}


@dataclass(kw_only=True)
class Chosen:
    """What has been printed so far: no sentence twice, no near-repeat, no document too often."""

    evidence: set[str] = field(default_factory=set)
    texts: set[tuple[str, str]] = field(default_factory=set)
    """(evidence, text) of what is printed of it."""
    said: list[tuple[Shingles, tuple[Number, ...]]] = field(default_factory=list)
    documents: Counter[str] = field(default_factory=Counter)
    limits: Mapping[str, int] = field(default_factory=dict)
    """Document -> claims it may carry at most (gate B11)."""

    def take(self, claim: Claim, *, documents: Collection[str]) -> None:
        """Note a claim as printed."""
        self.evidence |= set(claim.evidence)
        self.texts |= {(item, claim.text) for item in claim.evidence}
        self.said.append((shingles(content_stems(claim.text)), claim.numbers))
        self.documents.update(documents)

    def take_candidate(self, candidate: Candidate) -> None:
        """Note a sentence as printed."""
        self.evidence.add(candidate.evidence.id)
        self.said.append((candidate.shingles, candidate.numbers))
        self.documents[candidate.source.document] += 1

    def is_full(self, document: str) -> bool:
        """True when the document carries all the claims it may."""
        return document in self.limits and self.documents[document] >= self.limits[document]

    def repeats(self, candidate: Candidate) -> bool:
        """True when it, or nearly it, is printed already, or its document carries enough."""
        if candidate.evidence.id in self.evidence or self.is_full(candidate.source.document):
            return True
        return any(
            overlap(candidate.shingles, other) > _REPEAT and same_numbers(candidate.numbers, numbers) for other, numbers in self.said
        )


def loose_claims(
    candidates: Sequence[Candidate], *, section: str, chosen: Chosen, vocabulary: Vocabulary, most: int = MOST_LOOSE
) -> list[Claim]:
    """The best sentences whose best facet is the section's, spread over documents."""
    fitting = [
        candidate
        for candidate in candidates
        if candidate.facet == section and candidate.scores[section] >= LEAST_SCORE and candidate.standing >= LEAST_STANDING
    ]
    return _pick(
        fitting, most=most, chosen=chosen, section=section, vocabulary=vocabulary, worth=lambda candidate: candidate.scores[section]
    )


def names_all(candidate: Candidate, plan: Plan) -> bool:
    """Whether a sentence names all of what the topic is about, itself, in its headings or by its document's title."""
    return set(plan.market_words) <= stem_set(" ".join((candidate.text, *candidate.evidence.heading_path, candidate.source.title)))


def besides_claims(candidates: Sequence[Candidate], *, section: str, chosen: Chosen, vocabulary: Vocabulary) -> list[Claim]:
    """The sentences that would best begin an account, whatever section they are of."""
    fitting = [candidate for candidate in candidates if candidate.standing >= LEAST_STANDING]
    return _pick(
        fitting, most=MOST_BESIDES, chosen=chosen, section=section, vocabulary=vocabulary, worth=lambda candidate: candidate.scores[""]
    )


def subject_claims(
    candidates: Sequence[Candidate], *, subjects: Mapping[str, str], section: str, chosen: Chosen, vocabulary: Vocabulary
) -> list[Claim]:
    """The overview sentence of each subject's document, in the order of the subjects' names."""
    claims: list[Claim] = []
    for document in sorted(subjects, key=lambda key: subjects[key]):
        own = [candidate for candidate in candidates if candidate.source.document == document and candidate.standing >= LEAST_STANDING]
        claims += _pick(own, most=1, chosen=chosen, section=section, vocabulary=vocabulary, worth=lambda candidate: candidate.scores[""])
    return claims


def _pick(
    fitting: Sequence[Candidate],
    *,
    most: int,
    chosen: Chosen,
    section: str,
    vocabulary: Vocabulary,
    worth: Callable[[Candidate], float],
) -> list[Claim]:
    claims: list[Claim] = []
    open_candidates = list(fitting)
    while open_candidates and len(claims) < most:
        best = max(
            open_candidates,
            key=lambda candidate: (worth(candidate) - _REUSE_COST * chosen.documents[candidate.source.document], candidate.evidence.id),
        )
        open_candidates.remove(best)
        if chosen.repeats(best):
            continue
        claim = sentence_claim(best, section=section, vocabulary=vocabulary)
        chosen.take(claim, documents=[best.source.document])
        claims.append(claim)
    return claims


def bottom_line(
    plan: Plan,
    *,
    cards: Sequence[TrendCard],
    claims: Mapping[str, Claim],
    candidates: Mapping[str, Candidate],
    metrics: Sequence[str],
) -> tuple[str, ...]:
    """The headline, of the most important card that has a sentence, or what is computed where none has, and of a company's cards, since
    its sentences may speak of other years; then up to five findings of others; all are printed below.

    ``metrics`` are the vocabulary's metric names, most important first within each facet."""
    printed = [
        claim for claim in claims.values() if claim.evidence[0] in candidates and claim.mode != "prose" and claim.section != "conflicts"
    ]
    short = [claim for claim in printed if len(words(claim.text)) <= HEADLINE_WORDS]
    short = [claim for claim in short if claim.kind == "fact"] or short
    if not short:
        return ()
    ordered = by_importance(cards, plan=plan, metrics=metrics)
    leading = [[claim for claim in short if claim.id in card.claims] for card in ordered]
    of_cards = next((own for own in leading if own), short)
    series = {point.evidence for card in ordered for point in card.series}
    headline = max(
        of_cards, key=lambda claim: (claim.evidence[0] in series, _headline_worth(plan, candidates[claim.evidence[0]]), claim.id)
    )
    by_figure = not any(leading) or ordered[0].key.entity
    headline = next(_computed(ordered, claims), headline) if by_figure else _dated(headline, ordered, claims)
    found = _findings(ordered, claims, candidates)
    rest = sorted(short, key=lambda claim: (-_worth(candidates, claim), claim.id))
    taken, findings = [headline], list[Claim]()
    used = Counter([_document(headline, candidates)])
    for claim in (*found, *rest):
        enough = MOST_FINDINGS if claim in found else FEWEST_FINDINGS
        if len(findings) < enough and claim not in taken and used[_document(claim, candidates)] < 2 and not _repeats(claim, taken):
            findings.append(claim)
            taken.append(claim)
            used[_document(claim, candidates)] += 1
    return (headline.id, *(claim.id for claim in findings))


def _document(claim: Claim, candidates: Mapping[str, Candidate]) -> str:
    """The document a claim stands on; a calculation's own evidence when it is no sentence."""
    return candidates[claim.evidence[0]].source.document if claim.evidence[0] in candidates else claim.id


def _repeats(claim: Claim, others: Sequence[Claim]) -> bool:
    own = shingles(content_stems(claim.text))
    same_evidence = {item for other in others for item in other.evidence} & set(claim.evidence)
    return bool(same_evidence) or any(overlap(own, shingles(content_stems(other.text))) > _REPEAT for other in others)


def _headline_worth(plan: Plan, candidate: Candidate) -> float:
    """An overview sentence that names the market itself and says a figure."""
    stems = set(content_stems(candidate.text))
    named = len(stems & plan.stems) / max(1, len(plan.stems))
    own_voice = _OWN_VOICE.search(candidate.text) is not None
    worth = candidate.scores[""] + 2.0 * named + 0.5 * bool(candidate.mentions) - 0.02 * len(words(candidate.text))
    worth += 0.5 * (re.search(r"[a-z] [A-Z]|^The [A-Z]", candidate.text) is not None)
    return worth - 1.0 * own_voice


def _worth(candidates: Mapping[str, Candidate], claim: Claim) -> float:
    return max(candidates[claim.evidence[0]].scores.values())


def _plainness(claim: Claim) -> float:
    """What a finding loses by length, and by speaking of what may come instead of what is."""
    return 0.05 * len(words(claim.text)) + 0.5 * (claim.kind != "fact")


def by_importance(cards: Sequence[TrendCard], *, plan: Plan, metrics: Sequence[str]) -> list[TrendCard]:
    """Cards on the whole market before those on a part of it, and on a whole company before those on a division, those of two sources and
    more before those of one, then in the order of facets and metrics, then by sources."""
    facets = {facet.id: at for at, facet in enumerate(plan.facets)}
    places = {name: at for at, name in enumerate(metrics)}
    return sorted(
        cards,
        key=lambda card: (
            bool(card.key.entity or card.key.segment or card.key.region),
            bool(card.key.entity and (card.key.segment or card.key.region)),
            card.confidence.sources < 2,
            facets.get(card.section, len(facets)),
            places.get(card.key.metric, len(places)),
            -card.confidence.sources,
            card.id,
        ),
    )


def _dated(headline: Claim, cards: Sequence[TrendCard], claims: Mapping[str, Claim]) -> Claim:
    """The headline, or, where it leaves open which year it speaks of, the calculation of its card, which says both periods."""
    home = next((card for card in cards if headline.id in card.claims), None)
    if home is None or _says_when(headline):
        return headline
    return next(_computed([home], claims), headline)


def _computed(cards: Sequence[TrendCard], claims: Mapping[str, Claim]) -> Iterator[Claim]:
    """The calculations of cards, in their order, that are short enough to lead."""
    derived = (claims[item] for card in cards for item in card.claims if item in claims and claims[item].calculation is not None)
    return (claim for claim in derived if len(words(claim.text)) <= HEADLINE_WORDS)


def _says_when(claim: Claim) -> bool:
    """True for a sentence that names a year itself."""
    return _YEAR.search(claim.text) is not None


def _findings(cards: Sequence[TrendCard], claims: Mapping[str, Claim], candidates: Mapping[str, Candidate]) -> list[Claim]:
    """One claim of each card: the first card of each section first, then the others, the surest before the rest, those on a company's
    divisions last. Of cards on parts of one company's or place's figure only the first."""
    seen: Counter[str] = Counter()
    turns: list[tuple[bool, int, int, int, TrendCard]] = []
    for at, card in enumerate(cards):
        is_part = bool(card.key.entity and (card.key.segment or card.key.region))
        turns.append((is_part, seen[card.section], -_RANK[card.confidence.word], at, card))
        seen[card.section] += 1
    found, told = [], set[tuple[str, str, str]]()
    for *_, card in sorted(turns, key=lambda turn: turn[:4]):
        whose = (card.key.metric, card.key.entity, card.key.region)
        if whose in told and (card.key.entity or card.key.region):
            continue
        told.add(whose)
        own = [claims[item] for item in card.claims if item in claims]
        verbatim = [claim for claim in own if claim.mode != "prose" and claim.kind != "source_opinion" and claim.evidence[0] in candidates]
        derived = [claim for claim in own if claim.calculation is not None]
        first_hand = [claim for claim in verbatim if claim.evidence[0] in {point.evidence for point in card.series}]
        if first_hand or derived:
            found.append(([claim for claim in first_hand if _says_when(claim)] or derived or first_hand)[0])
        elif verbatim:
            found.append(max(verbatim, key=lambda claim: (_worth(candidates, claim) - _plainness(claim), claim.id)))
    return found
