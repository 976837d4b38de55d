"""What is printed: the loose sentences of each section, the sentences of each subject, and the bottom line."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rag.report.claims import sentence_claim
from rag.report.gather import Candidate, Shingles, same_numbers
from rag.report.plan import Plan
from rag.report.wording import Vocabulary
from rag.text import content_stems, overlap, shingles, words
from rag.types import Claim, Confidence, Number, Source, TrendCard

_OWN_VOICE = re.compile(r"\b(?:we|our|us|I|my)\b", re.IGNORECASE)
MOST_LOOSE = 6
"""Sentences of a section besides its cards."""
LEAST_SCORE = 3.2
"""Relevance a loose sentence must reach; measured on the sample documents and on the Beige Book."""
LEAST_STANDING = 0.7
HEADLINE_WORDS = 35
FEWEST_FINDINGS, MOST_FINDINGS = 3, 5
_REPEAT = 0.6
_REUSE_COST = 0.3
"""What each sentence already taken from a document costs the next one from it."""
_RANK: Mapping[Confidence, int] = {"high": 2, "medium": 1, "low": 0}


@dataclass(kw_only=True)
class Chosen:
    """What has been printed so far: no sentence twice, no near-repeat, no document too often."""

    evidence: set[str] = field(default_factory=set)
    said: list[tuple[Shingles, tuple[Number, ...]]] = field(default_factory=list)
    documents: Counter[str] = field(default_factory=Counter)
    limits: Mapping[str, int] = field(default_factory=dict)
    """Document -> claims it may carry at most (gate B11)."""

    def take(self, claim: Claim, *, documents: Collection[str]) -> None:
        """Note a claim as printed."""
        self.evidence |= set(claim.evidence)
        self.said.append((shingles(content_stems(claim.text)), claim.numbers))
        self.documents.update(documents)

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
    sources: Mapping[str, Source],
) -> tuple[str, ...]:
    """The headline, then up to five findings of different cards, the surest and newest first; all are printed below."""
    printed = [
        claim for claim in claims.values() if claim.evidence[0] in candidates and claim.mode != "prose" and claim.section != "conflicts"
    ]
    short = [claim for claim in printed if len(words(claim.text)) <= HEADLINE_WORDS]
    short = [claim for claim in short if claim.kind == "fact"] or short
    if not short:
        return ()
    shown = {item for card in cards for item in card.claims}
    of_cards = [claim for claim in short if claim.id in shown] or short
    headline = max(of_cards, key=lambda claim: (_headline_worth(plan, candidates[claim.evidence[0]]), claim.id))
    found = _findings(cards, claims, candidates, sources)
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
    return worth - 1.0 * own_voice


def _worth(candidates: Mapping[str, Candidate], claim: Claim) -> float:
    return max(candidates[claim.evidence[0]].scores.values())


def _plainness(claim: Claim) -> float:
    """What a finding loses by length, and by speaking of what may come instead of what is."""
    return 0.05 * len(words(claim.text)) + 0.5 * (claim.kind != "fact")


def _findings(
    cards: Sequence[TrendCard], claims: Mapping[str, Claim], candidates: Mapping[str, Candidate], sources: Mapping[str, Source]
) -> list[Claim]:
    """One claim of each card, cards by confidence, then by their newest source."""
    ordered = sorted(
        cards,
        key=lambda card: (-_RANK[card.confidence.word], -(card.confidence.newest.toordinal() if card.confidence.newest else 0), card.id),
    )
    found = []
    for card in ordered:
        own = [claims[item] for item in card.claims if item in claims]
        verbatim = [claim for claim in own if claim.mode != "prose" and claim.kind != "source_opinion" and claim.evidence[0] in candidates]
        derived = [claim for claim in own if claim.calculation is not None]
        first_hand = [claim for claim in verbatim if claim.evidence[0] in {point.evidence for point in card.series}]
        if first_hand or derived:
            found.append((first_hand or derived)[0])
        elif verbatim:
            found.append(max(verbatim, key=lambda claim: (_worth(candidates, claim) - _plainness(claim), claim.id)))
    return found
