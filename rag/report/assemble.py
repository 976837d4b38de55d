"""Putting a report together: from drafts to the finished data, checked, with failing claims dropped before anything is printed."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag.language import NAMES
from rag.numbers import period_words
from rag.report.cards import DraftCard, finish, spoken_for
from rag.report.check import CheckResult, check_report
from rag.report.claims import side_claim
from rag.report.conflicts import SAME_QUANTITY, Disagreement, conflict_of, retired
from rag.report.facts import Stated
from rag.report.figures import COMPANIES, OUTLOOK, Figures
from rag.report.fit import length, of_cards, of_sections
from rag.report.gather import Candidate, Gathered
from rag.report.matrix import Piece, matrix_claims, room_for
from rag.report.plan import Plan
from rag.report.report_gates import LARGEST_SHARE, OFF_TOPIC, card_name, cited_documents, glance_values
from rag.report.seal import sealed
from rag.report.select import (
    FEWEST_LOOSE,
    MOST_ASKED,
    MOST_LOOSE,
    Chosen,
    besides_claims,
    bottom_line,
    by_importance,
    loose_claims,
    names_all,
    subject_claims,
)
from rag.report.tables import table_claims
from rag.report.when import span_of
from rag.report.wording import Vocabulary
from rag.text import squeeze
from rag.types import (
    CardKey,
    Claim,
    Conflict,
    Coverage,
    Document,
    Evidence,
    Fact,
    Gap,
    GlanceRow,
    Manifest,
    Report,
    Section,
    Source,
    TrendCard,
)

CONFLICTS = "conflicts"
BY_SUBJECT = "by_subject"
BESIDES = "besides"
FEW = 20
"""Cards and loose sentences below which a report has room for what its sections do not ask."""
_ATTACHMENT = "attachment: "
"""How the reader of mails names one: it is a document of its own, with its own line, and was not left out."""
BANNER = (
    "Written without a language model: sentences are quoted word for word from the documents named, headings and derived figures "
    "follow fixed rules, and every quote and number was checked against its source."
)


_KEPT_TO = " It was to have at most {words:,} words: the most important sentences were chosen, {fewer:,} fewer than without that limit."


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All that a report is made of, before claims are checked."""

    plan: Plan
    gathered: Gathered
    current: Sequence[Candidate]
    """The gathered sentences that no later document corrects."""
    pieces: Sequence[Piece]
    """Of them, where the report goes through one subject after the other, those of the subjects' documents, and their parts."""
    facts: Sequence[Stated]
    found: Sequence[Disagreement]
    drafts: Sequence[DraftCard]
    vocabulary: Vocabulary
    sources: Sequence[Source]
    failed: Mapping[str, str]
    """Path -> why the file could not be read."""
    copies: Mapping[str, str]
    """Document -> the oldest with nearly its text, for those that are copies."""
    sketches: Mapping[str, bytes]
    """Document -> what ``rag.kin.sketch`` gives of its text, as far as it is known."""
    companies: Sequence[str]
    """Names of those that documents of their own are about."""
    owners: Mapping[str, str]
    """Document -> the company whose paper it is, for those that are one company's."""
    as_of: date
    manifest: Manifest
    """With the counts that are known before writing."""


def assemble(parts: Parts, *, document: Callable[[str], Document]) -> Report:
    """The report. Claims that fail a gate are dropped, and counted in the manifest, until none is left that fails."""
    dropped: set[str] = set()
    limits: dict[str, int] = {}
    while True:
        report = _compose(parts, dropped=dropped, limits=limits)
        if parts.plan.outline.words and length(report.claims) > parts.plan.outline.words:
            report = _compose(parts, dropped=dropped, limits=limits, whole=report)
        result = check_report(report, document=document, vocabulary=parts.vocabulary, sketches=parts.sketches)
        failing = {name for name, verdict in result.verdicts.items() if verdict in ("unsupported", "contradicted")}
        tighter = _tighter(report, result, limits)
        if not failing and tighter != limits:
            limits = tighter
        elif not failing:
            claims = tuple(replace(claim, checks=result.claims[claim.id], verdict=result.verdicts[claim.id]) for claim in report.claims)
            return sealed(replace(report, claims=claims))
        else:
            dropped |= {item for claim in report.claims if claim.id in failing for item in (claim.id, _anchor(claim))}


def _tighter(report: Report, result: CheckResult, limits: Mapping[str, int]) -> dict[str, int]:
    """Lower limits for documents that carry too many claims; the same limits where lowering them did not help."""
    evidence = {item.id: item.document for item in report.evidence}
    carried = Counter(document for claim in report.claims for document in {evidence[item] for item in claim.evidence})
    made = dict(limits)
    for found in result.report:
        if found.gate == "B11" and found.outcome == "fail" and carried[found.about] >= limits.get(found.about, 0):
            count = carried[found.about]
            surplus = math.ceil((count - LARGEST_SHARE * len(report.claims)) / (1 - LARGEST_SHARE))
            made[found.about] = min(limits.get(found.about, count), count - surplus)
    return made


def _anchor(claim: Claim) -> str:
    """What a dropped claim is known by wherever it would be printed."""
    return f"{claim.text}\x1f{' '.join(claim.evidence)}"


def _compose(parts: Parts, *, dropped: set[str], limits: Mapping[str, int], whole: Report | None = None) -> Report:
    """The report; kept to the outline's words where ``whole`` is the one that is too long."""
    evidence = _all_evidence(parts)
    candidates = {candidate.evidence.id: candidate for candidate in parts.gathered.candidates}
    sources = {source.document: source for source in parts.sources}
    chosen = Chosen(limits=limits)
    disputed = {_key(made.sides[0], parts) for made in parts.found if made.kind != "superseded" and made.reason != SAME_QUANTITY}
    by_subject = _by_subject(parts, chosen=chosen, dropped=dropped)
    cards, card_claims = _cards(parts, shared=by_subject, evidence=evidence, disputed=disputed, dropped=dropped)
    conflict_claims, conflicts = _conflicts(parts, printed=card_claims, dropped=dropped)
    metrics = _most_telling_first(parts)
    if whole is not None:
        only = of_cards(
            by_importance(cards, plan=parts.plan, metrics=metrics),
            conflicts=conflicts,
            claims={claim.id: claim for claim in (*card_claims, *conflict_claims)},
            words=parts.plan.outline.words,
            by_subject=bool(by_subject),
        )
        cards, card_claims = _cards(parts, shared=by_subject, evidence=evidence, disputed=disputed, dropped=dropped, only=only)
        conflict_claims, conflicts = _conflicts(parts, printed=card_claims, dropped=dropped, about={card.key for card in cards})
    for claim in (*card_claims, *conflict_claims):
        if claim.section != BY_SUBJECT:
            chosen.take(claim, documents={evidence[item].document for item in claim.evidence})
    sections, loose = _sections(parts, by_subject=by_subject, cards=cards, chosen=chosen, dropped=dropped)
    if whole is not None:
        left = parts.plan.outline.words - length([*card_claims, *conflict_claims])
        untold = _untold(parts, cards)
        sections = of_sections(sections, claims={claim.id: claim for claim in loose}, barred=untold, left=left)
        sections = [section for section in sections if section.cards or section.claims or parts.plan.outline.binding]
        loose = [claim for claim in loose if any(claim.id in section.claims for section in sections)]
    if conflict_claims:
        sections.append(
            Section(
                id=CONFLICTS,
                title="Figures that disagree or were replaced",
                question="What does each side say, word for word?",
                claims=tuple(claim.id for claim in conflict_claims),
            )
        )
    claims = _in_print_order(sections, cards, {claim.id: claim for claim in (*loose, *card_claims, *conflict_claims)})
    by_id = {claim.id: claim for claim in claims}
    lead = bottom_line(parts.plan, cards=cards, claims=by_id, candidates=candidates, metrics=metrics)
    used = {item for claim in claims for item in claim.evidence} | {point.evidence for card in cards for point in card.series}
    report = Report(
        id="",
        title=parts.plan.outline.topic,
        market=parts.plan.market,
        as_of=parts.as_of,
        cut_off=_newest(parts.gathered.sources.values()),
        banner=BANNER + (_KEPT_TO.format(words=parts.plan.outline.words, fewer=len(whole.claims) - len(claims)) if whole else ""),
        bottom_line=lead,
        sections=tuple(sections),
        cards=tuple(cards),
        claims=claims,
        evidence=tuple(evidence[item] for item in sorted(used, key=lambda item: (evidence[item].document, evidence[item].start))),
        sources=(),
        glance=tuple(_glance_row(card, by_id) for card in by_importance(cards, plan=parts.plan, metrics=metrics)),
        conflicts=tuple(conflicts),
        gaps=whole.gaps if whole is not None else tuple(_gaps(parts, sections, by_id, evidence)),
        warnings=parts.gathered.warnings,
        facts=tuple(_facts(parts, used)),
        manifest=parts.manifest,
    )
    report = replace(report, sources=tuple(sources[document] for document in cited_documents(report)))
    report = replace(report, coverage=tuple(_coverage(parts, report)))
    counts = _counts(parts, report, dropped=len([item for item in dropped if item.startswith("c-")]))
    return replace(report, manifest=replace(parts.manifest, counts=counts))


def _facts(parts: Parts, used: Collection[str]) -> Iterable[Fact]:
    """What the quotes state, each once; figures without an exact value, or that their own sentence takes back, are left out."""
    stated = {item.fact.id: item for item in parts.facts if item.evidence.id in used and item.is_exact and not item.is_withdrawn}
    for item in sorted(stated.values(), key=lambda item: (item.evidence.document, item.evidence.start, item.fact.id)):
        yield replace(item.fact, metric=_key(item, parts).metric)


def _newest(sources: Iterable[Source]) -> date | None:
    """The latest date a source says of itself; files' own dates where none does."""
    known = list(sources)
    dated = [source for source in known if source.published_from != "mtime"]
    return max((source.published for source in dated or known), default=None)


def _all_evidence(parts: Parts) -> dict[str, Evidence]:
    made = {candidate.evidence.id: candidate.evidence for candidate in parts.gathered.candidates}
    return made | {cell.evidence.id: cell.evidence for cell in parts.gathered.cells}


def _kept(claims: Sequence[Claim], dropped: set[str]) -> list[Claim]:
    return [claim for claim in claims if claim.id not in dropped and _anchor(claim) not in dropped]


# ── cards and conflicts ───────────────────────────────────────────────────────────────────────────────────────────


def _most_telling_first(parts: Parts) -> list[str]:
    """Names of metrics as the vocabulary orders them; in a report on a company as its sections list them."""
    listed = {name: at for facet in parts.plan.facets for at, name in enumerate(facet.metrics)} if parts.gathered.own else {}
    return [metric.name for metric in sorted(parts.vocabulary.metrics.values(), key=lambda metric: listed.get(metric.id, len(listed)))]


def _cards(
    parts: Parts,
    *,
    shared: Sequence[Claim],
    evidence: Mapping[str, Evidence],
    disputed: set[CardKey],
    dropped: set[str],
    only: Collection[str] | None = None,
) -> tuple[list[TrendCard], list[Claim]]:
    """(cards, what they print); ``only``: ids of the claims that they may print."""
    sources = spoken_for(parts.sources, parts.copies)
    homes = {claim.evidence: claim for claim in shared}
    cards: list[TrendCard] = []
    printed: list[Claim] = []
    for draft in parts.drafts:
        claims, against = ([_at_home(claim, homes) for claim in _kept(own, dropped)] for own in (draft.claims, draft.counter_claims))
        if only is not None:
            claims, against = ([claim for claim in own if claim.id in only] for own in (claims, against))
        if not claims:
            continue
        card = finish(
            draft,
            claims=claims,
            counter_claims=against,
            evidence=evidence,
            sources=sources,
            about=parts.gathered.subjects,
            as_of=parts.as_of,
            disputed=draft.key in disputed,
        )
        if not _is_borne_out(card):
            continue
        cards.append(card)
        printed += [*claims, *against]
    return cards, printed


def _is_borne_out(card: TrendCard) -> bool:
    """True for a card with a series; one without says what two voices, and most of those heard, agree on, or that they differ."""
    sure = card.confidence
    return len(card.series) >= 2 or (sure.agreeing >= 2 and (card.direction == "mixed" or 2 * sure.agreeing > sure.sources))


def _at_home(claim: Claim, homes: Mapping[tuple[str, ...], Claim]) -> Claim:
    """The claim under the id and section of the one that prints the same evidence already."""
    home = homes.get(claim.evidence)
    return replace(claim, id=home.id, section=home.section) if home is not None and claim.calculation is None else claim


def _conflicts(
    parts: Parts, *, printed: Sequence[Claim], dropped: set[str], about: Collection[CardKey] | None = None
) -> tuple[list[Claim], list[Conflict]]:
    """(claims printed for a conflict only, the conflicts); ``about``: those of these keys that are open, and no others.

    A side that a card prints already is that claim. A side whose claim is dropped goes, and with it a conflict of one side.
    """
    known = {claim.evidence: claim for claim in printed if claim.calculation is None}
    own: dict[str, Claim] = {}
    conflicts: list[Conflict] = []
    for made in parts.found:
        if about is not None and (made.kind == "superseded" or _key(made.sides[0], parts) not in about):
            continue
        sides = [
            (side, claim)
            for side in made.sides
            for claim in [known.get((side.evidence.id,)) or side_claim(side, section=CONFLICTS, vocabulary=parts.vocabulary)]
            if _kept([claim], dropped)
        ]
        if len(sides) < 2:
            continue
        own |= {claim.id: claim for _, claim in sides if claim.evidence not in known}
        conflicts.append(conflict_of(made, sides, key=_key(made.sides[0], parts)))
    return list(own.values()), conflicts


def _untold(parts: Parts, cards: Sequence[TrendCard]) -> set[str]:
    """Evidence of disputes that no card in print is about: one side alone would hide the other."""
    told = {card.key for card in cards}
    open_ones = [made for made in parts.found if made.kind != "superseded" and _key(made.sides[0], parts) not in told]
    return {side.evidence.id for made in open_ones for side in made.sides}


def _key(stated: Stated, parts: Parts) -> CardKey:
    """The key of a fact, its metric by its printed name."""
    fact = stated.fact
    name = parts.vocabulary.metrics[fact.metric.removesuffix("_change")].name
    return CardKey(
        market=parts.plan.market,
        metric=f"{name}, change" if fact.metric.endswith("_change") else name,
        segment=fact.segment,
        region=fact.region,
        entity=fact.entity,
    )


def _glance_row(card: TrendCard, claims: Mapping[str, Claim]) -> GlanceRow:
    latest, period, change = glance_values(card, claims)
    return GlanceRow(
        card=card.id,
        metric=card_name(card),
        latest=latest,
        period=period,
        change=change,
        direction=card.direction,
        claims=card.claims,
        confidence=card.confidence.word,
    )


# ── sections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_subject(parts: Parts, *, chosen: Chosen, dropped: set[str]) -> list[Claim]:
    """One overview sentence of each subject's document, where the topic asks for them ("by district")."""
    subjects = {key: name for key, name in parts.gathered.subjects.items() if key in parts.gathered.sources}
    if not subjects or not parts.plan.outline.dimension:
        return []
    usable = _usable(parts, dropped)
    return subject_claims(usable, subjects=subjects, section=BY_SUBJECT, chosen=chosen, vocabulary=parts.vocabulary)


def _usable(parts: Parts, dropped: set[str]) -> list[Candidate]:
    """Sentences that may be printed as current: not superseded, not dropped."""
    superseded = retired(parts.found, parts.facts)
    return [one for one in parts.current if one.evidence.id not in superseded and not _is_dropped(one, dropped)]


def _is_dropped(candidate: Candidate, dropped: set[str]) -> bool:
    """Whether the claim that would print it failed a gate."""
    return f"{candidate.text}\x1f{candidate.evidence.id}" in dropped


def _sections(
    parts: Parts, *, by_subject: Sequence[Claim], cards: Sequence[TrendCard], chosen: Chosen, dropped: set[str]
) -> tuple[list[Section], list[Claim]]:
    """(sections, claims that no card prints): the subjects' section first, then one for each facet that has something to print."""
    usable = _usable(parts, dropped)
    sections: list[Section] = []
    loose: list[Claim] = list(by_subject)
    if by_subject:
        sections.append(
            Section(
                id=BY_SUBJECT,
                title=f"By {parts.plan.outline.dimension}",
                question=f"What does each {parts.plan.outline.dimension}'s own document say?",
                claims=tuple(claim.id for claim in by_subject),
            )
        )
    old = retired(parts.found, parts.facts)
    shown = {point.evidence for card in cards for point in card.series} | chosen.evidence
    chosen.evidence |= {point.evidence for card in cards for point in card.series}
    figures = Figures(
        parts.facts,
        superseded=old,
        is_kept=lambda claim: bool(_kept([claim], dropped)),
        vocabulary=parts.vocabulary,
        as_of=parts.as_of,
    )
    asked = {facet.id for facet in parts.plan.facets}
    ahead = figures.forecasts(chosen=chosen) if OUTLOOK in asked else []
    rivals = figures.of_companies(parts.companies, chosen=chosen) if COMPANIES in asked else []
    loose += [*ahead, *rivals]
    companies = () if COMPANIES in asked else _companies_asked(parts)
    matrix = _matrix(parts, usable, chosen=chosen, dropped=dropped) if by_subject else {}
    lines = table_claims(parts.facts, taken=shown | chosen.evidence, superseded=old, as_of=parts.as_of, vocabulary=parts.vocabulary)
    room = MOST_ASKED if parts.gathered.asked is not None and parts.gathered.asked.aspects else MOST_LOOSE
    for facet in parts.plan.facets:
        own = [card.id for card in cards if card.section == facet.id]
        table = _kept(lines.get(facet.id, []), dropped)
        for claim in table:
            chosen.take(claim, documents={item.source.document for item in parts.facts if item.evidence.id in claim.evidence})
        first = [*(rivals if facet.id == COMPANIES else ()), *(ahead if facet.id == OUTLOOK else ())]
        latest = figures.of_section(facet.id, companies=companies, chosen=chosen)
        most = max(FEWEST_LOOSE, room - len(table) - len(latest) - len(first))
        claims = [*first, *table, *latest]
        if by_subject:
            claims += matrix.get(facet.id, [])
        else:
            claims += loose_claims(usable, section=facet.id, chosen=chosen, vocabulary=parts.vocabulary, most=most)
        loose += [claim for claim in claims if claim not in first]
        if own or claims or parts.plan.outline.binding:
            question = facet.question if facet.question != facet.title else ""
            said = tuple(claim.id for claim in claims)
            sections.append(Section(id=facet.id, title=facet.title, question=question, cards=tuple(own), claims=said))
    if len(cards) + len(loose) < FEW and not by_subject and not parts.plan.outline.binding:
        fitting = usable if parts.gathered.asked is not None else [one for one in usable if names_all(one, parts.plan)]
        besides = besides_claims(fitting, section=BESIDES, chosen=chosen, vocabulary=parts.vocabulary)
        loose += besides
        if besides:
            said = tuple(claim.id for claim in besides)
            question = "What do they say of it that answers none of the questions above?"
            sections.append(Section(id=BESIDES, title="Also in the documents", question=question, claims=said))
    return sections, loose


def _companies_asked(parts: Parts) -> list[str]:
    """The companies that the topic names, as their figures call them, or the only one that the figures found are of."""
    owners = {item.fact.entity for item in parts.facts if item.is_exact and item.fact.entity}
    named = {squeeze(name)[0] for name in (parts.gathered.asked.named if parts.gathered.asked else ())}
    return sorted(owner for owner in owners if squeeze(owner)[0] in named or (not named and len(owners) == 1))


def _matrix(parts: Parts, usable: Sequence[Candidate], *, chosen: Chosen, dropped: set[str]) -> dict[str, list[Claim]]:
    """Facet id -> a sentence or more of each subject's document, or parts of sentences."""
    kept = {one.evidence.id for one in usable}
    facets = [facet.id for facet in parts.plan.facets]
    return matrix_claims(
        [one for one in parts.pieces if one.candidate.evidence.id in kept and not _is_dropped(one.candidate, dropped)],
        subjects=parts.gathered.subjects,
        facets=facets,
        printed=frozenset(chosen.texts),
        chosen=chosen,
        vocabulary=parts.vocabulary,
        room=room_for(parts.plan.outline.words),
    )


def _in_print_order(sections: Sequence[Section], cards: Sequence[TrendCard], claims: Mapping[str, Claim]) -> tuple[Claim, ...]:
    by_id = {card.id: card for card in cards}
    order: list[str] = []
    for section in sections:
        for name in section.cards:
            order += [*by_id[name].claims, *by_id[name].counter_claims]
        order += section.claims
    return tuple(claims[name] for name in dict.fromkeys(order))


def _gaps(parts: Parts, sections: Sequence[Section], claims: Mapping[str, Claim], evidence: Mapping[str, Evidence]) -> list[Gap]:
    """Facets without an answer, or with one document's only; and asked regions that nothing speaks of."""
    by_id = {section.id: section for section in sections}
    printed: dict[str, set[str]] = {}
    for claim in claims.values():
        documents = {evidence[item].document for item in claim.evidence}
        printed.setdefault(claim.section, set()).update(parts.copies.get(document, document) for document in documents)
    gaps = []
    asked = parts.gathered.asked
    for facet in parts.plan.facets:
        if asked is not None and facet.id not in asked.facets:
            continue
        documents = printed.get(facet.id, set())
        if facet.id not in by_id or not (by_id[facet.id].cards or by_id[facet.id].claims):
            gaps.append(Gap(question=facet.question, reason=_why_nothing(parts), section=facet.id))
        elif len(documents) == 1 and not documents <= parts.gathered.own:
            gaps.append(Gap(question=facet.question, reason="Only one document is quoted on it.", section=facet.id))
    quoted = set[str]().union(*printed.values())
    if len(quoted) == 1 and quoted <= parts.gathered.own:
        gaps.append(Gap(question=f"What do others say of {parts.plan.market}?", reason=_OWN_PAPER))
    text = " ".join(claim.text for claim in claims.values())
    gaps += [
        Gap(question=f"What is known of {region}?", reason="No sentence of this report names it.")
        for region in (*parts.plan.outline.entities, *parts.plan.outline.regions)
        if region not in text
    ]
    return gaps


_OWN_PAPER = "All that is quoted is from one document, the company's own."


def _why_nothing(parts: Parts) -> str:
    missing = parts.gathered.missing
    if not parts.gathered.passages:
        return "The search found nothing."
    if missing and not parts.gathered.candidates:
        return f"No document speaks of {' '.join(missing)}."
    return "No sentence found passed the rules for this section."


def _coverage(parts: Parts, report: Report) -> list[Coverage]:
    evidence = {item.id: item.document for item in report.evidence}
    carried = Counter(document for claim in report.claims for document in {evidence[item] for item in claim.evidence})
    cited = {source.document for source in report.sources}
    made = [
        Coverage(
            source=source,
            status="cited" if source.document in cited else "retrieved" if source.document in parts.gathered.sources else "never_retrieved",
            claims=carried.get(source.document, 0),
            reason="" if source.document in cited else _why_not_cited(source, parts),
            cut=tuple(cut for cut in parts.gathered.notices.get(source.document, ()) if not cut.startswith(_ATTACHMENT)),
            copy_of=parts.copies.get(source.document, ""),
            owner=parts.owners.get(source.document, ""),
        )
        for source in parts.sources
    ]
    return made + [
        Coverage(source=_unread(path, as_of=parts.as_of), status="failed", reason=reason) for path, reason in sorted(parts.failed.items())
    ]


def _why_not_cited(source: Source, parts: Parts) -> str:
    """Where on the way a document was left behind: too late, not found, off topic, no sentence fit, a copy, replaced, outranked."""
    document, gathered = source.document, parts.gathered
    if source.published > parts.as_of:
        return "published after the as-of date"
    span, period = span_of(parts.plan.outline.period), period_words(parts.plan.outline.period)
    if span is not None and not span.reaches(source):
        return f"of another time: published more than a year before or after {period}"
    if document not in gathered.sources:
        return f"no passage of it was among the best of any of the {len(parts.plan.queries)} searches"
    language = NAMES[gathered.languages[document]] if document in gathered.languages else ""
    if document in gathered.off_topic:
        if language:
            return f"{OFF_TOPIC} it is in {language}, and nothing found of it could be told to speak of the topic"
        if parts.gathered.asked is not None:
            return f"{OFF_TOPIC} nothing that was found of it speaks of what the topic asks for"
        return f"{OFF_TOPIC} left out as off topic: few of the market's words, or never together"
    own = [candidate for candidate in gathered.candidates if candidate.source.document == document]
    twins = sorted({one.source.title for one in gathered.candidates if document in one.copies})
    if not own and twins:
        return f'a copy: what was found of it stands in "{twins[0]}" too'
    if not own and language:
        return f"left out by the rules: it is in {language}, and no sentence found in it has a figure and a known word for what it measures"
    if not own:
        alone = "can stand alone as a quotation" + (f" and is about {period}" if span is not None else "")
        return f"left out by the rules: no sentence found in it {alone}, and no table of it was used"
    current = {candidate.evidence.id for candidate in parts.current} - retired(parts.found, parts.facts)
    if not any(candidate.evidence.id in current for candidate in own):
        return "replaced: later documents give other figures for what was found of it"
    best = min(own, key=lambda candidate: (candidate.evidence.retrieved_by.rank, candidate.evidence.id)).evidence.retrieved_by
    return f'outranked: {len(own)} sentences could have been quoted, others fit better; its best place was {best.rank} for "{best.query}"'


def _unread(path: str, *, as_of: date) -> Source:
    """A file that has no document, as a source: known by its path only."""
    name = path.rsplit("/", 1)[-1]
    stem, _, suffix = name.rpartition(".")
    identity = hashlib.sha256(path.encode()).hexdigest()[:16]
    return Source(
        document=f"failed-{identity}", path=path, title=stem or name, published=as_of, published_from="mtime", format=suffix, pages=0
    )


def _counts(parts: Parts, report: Report, *, dropped: int) -> dict[str, int]:
    return {
        **parts.manifest.counts,
        "documents": sum(item.status != "failed" for item in report.coverage),
        "failed": sum(item.status == "failed" for item in report.coverage),
        "queries": len(parts.plan.queries),
        "passages": parts.gathered.passages,
        "sentences": parts.gathered.sentences,
        "facts": len(parts.facts),
        "cards": len(report.cards),
        "claims": len(report.claims),
        "dropped": dropped,
        "evidence": len(report.evidence),
        "conflicts": len(report.conflicts),
        "gaps": len(report.gaps),
    }
