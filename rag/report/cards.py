"""Trend cards: what a metric does, from series of checked facts or from what several documents say of its direction.

Titles, directions and confidence are functions of the card's own data, so that a check can compute them again.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from rag.numbers import comparable, find_numbers, find_periods, period_order, period_shape, period_when
from rag.patterns import regex
from rag.report.claims import cell_claim, change_claim, direction_of, direction_of_step, sentence_claim
from rag.report.conflicts import Disagreement, agree, family, retired, same_moment
from rag.report.facts import Stated, segment_of
from rag.report.gather import Candidate, repeats
from rag.report.legal import without_form
from rag.report.names import Names
from rag.report.wording import Vocabulary, tokens
from rag.text import stem_set
from rag.types import CardKey, Claim, Confidence, ConfidenceReason, Direction, Evidence, SeriesPoint, Source, TrendCard

MOST_CARDS = 12
MOST_CLAIMS = 6
"""Claims of one card, calculation included."""
MOST_COUNTER = 2
FLAT = Decimal("0.01")
"""Relative change within which a series counts as flat."""
_WORDS: tuple[Confidence, ...] = ("low", "medium", "high")
_FRESH_DAYS = 548
"""A newest source older than a year and a half cannot carry a high confidence."""
_REPEAT = 0.6
_RECENT_YEARS = 2
"""Years before its document that a sentence may speak of and still tell how things go."""
_CONDITIONAL = regex(r"\b(?:would|could|might|if|unless|were to)\b", re.IGNORECASE)
_DIFFERENCE = regex(r"\s(?:lower|higher|less|more|greater|smaller|fewer|above|below|better|worse)\s(?:than\b|the\b)", re.IGNORECASE)
"""After a number: it is how far two figures are apart."""
_RESTATED = regex(r"\brestate[ds]?\b", re.IGNORECASE)
_LARGEST_STEP = 20
"""A point this many times its neighbour is another thing."""

_WAYS: tuple[Direction, ...] = ("up", "down", "flat")
VERBS: Mapping[Direction, str] = {"up": "rose", "down": "fell", "flat": "held"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftCard:
    """A card before its confidence and title are known, with the claims it prints."""

    key: CardKey
    metric: str
    section: str
    series: tuple[SeriesPoint, ...]
    claims: tuple[Claim, ...]
    counter_claims: tuple[Claim, ...] = ()
    weight: float = 0.0
    used: frozenset[str] = field(default_factory=frozenset)
    """Evidence ids of its claims and series."""


def draft_cards(
    candidates: Sequence[Candidate],
    facts: Sequence[Stated],
    *,
    telling: Sequence[Candidate],
    found: Sequence[Disagreement],
    vocabulary: Vocabulary,
    names: Names,
    about: Mapping[str, str],
    market: str,
) -> list[DraftCard]:
    """The best cards, numeric series first considered, no evidence in two of them. ``telling``: the sentences that cards without figures
    may print."""
    old = retired(found, facts)
    usable = [candidate for candidate in candidates if candidate.evidence.id not in old]
    current = [item for item in facts if item.evidence.id not in old and item.is_exact and not item.is_withdrawn]
    drafts = _series_cards(current, usable, read=facts, vocabulary=vocabulary, names=names, market=market)
    own = _own_accounts(facts, names=names, vocabulary=vocabulary)
    named = stem_set(market)
    others = [
        candidate
        for candidate in telling
        if candidate.evidence.id not in old and (candidate.source.document not in own or named & stem_set(candidate.text))
    ]
    said = _said_of(others, vocabulary=vocabulary)

    def card(metric: str, *, but: Collection[str]) -> DraftCard | None:
        left = [(candidate, way) for candidate, way in said[metric] if candidate.evidence.id not in but]
        return _direction_card(metric, _best_of_documents(left), vocabulary=vocabulary, about=about, market=market)

    drafts += [draft for metric in sorted(said) if (draft := card(metric, but=())) is not None]
    return _best(drafts, again=card, places={metric: at for at, metric in enumerate(vocabulary.metrics)})


def _own_accounts(facts: Sequence[Stated], *, names: Names, vocabulary: Vocabulary) -> set[str]:
    """Documents in which a company gives account of itself: that its sales rose, and another's too, is no agreement on anything,
    unless they speak of the market."""
    return {
        item.source.document
        for item in facts
        if item.fact.entity
        and item.fact.entity == names.about.get(item.source.document)
        and vocabulary.metrics[item.fact.metric.removesuffix("_change")].company
    }


def _best(drafts: Sequence[DraftCard], *, again: Callable[..., DraftCard | None], places: Mapping[str, int]) -> list[DraftCard]:
    """The weightiest first; one whose sentences another prints is drafted ``again`` of what is left, where it has no series.
    ``places``: each metric's place in the vocabulary, which begins with what tells most."""
    kept: list[DraftCard] = []
    metrics: Counter[str] = Counter()
    taken: set[str] = set()
    waiting = list(drafts)
    while waiting and len(kept) < MOST_CARDS:
        best = min(waiting, key=lambda draft: (-draft.weight, places[draft.metric], draft.key.entity, draft.key.region, draft.key.segment))
        waiting.remove(best)
        if metrics[best.metric] >= 2:
            continue
        if not taken & best.used:
            kept.append(best)
            metrics[best.metric] += 1
            taken |= best.used
        elif not best.series and (less := again(best.metric, but=taken)) is not None:
            waiting.append(less)
    return kept


# ── series ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _series_cards(
    facts: Sequence[Stated],
    candidates: Sequence[Candidate],
    *,
    read: Sequence[Stated],
    vocabulary: Vocabulary,
    names: Names,
    market: str,
) -> list[DraftCard]:
    """``read``: all facts, those that are not sure of what they are figures included."""
    groups: dict[tuple[str, str, str, str, str], list[Stated]] = defaultdict(list)
    for item in facts:
        if _DIFFERENCE.match(item.text[item.text.find(item.fact.number.printed) + len(item.fact.number.printed) :]):
            continue
        if item.fact.period is not None and (item.fact.period.found_in != "document" or "Q" in item.fact.period.label):
            fact = item.fact
            groups[fact.metric, fact.entity, fact.region, segment_of(fact), comparable(fact.number)[1]].append(item)
    stated: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for item in facts:
        if not item.fact.segment and item.fact.period is not None and item.fact.period.found_in != "document":
            stated[item.evidence.id].add((item.fact.metric, item.fact.entity, item.fact.region))
    told: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for item in read:
        if item.evidence.table and item.fact.period:
            told[_row(item.evidence)].add(same_moment(item.fact.period.label))
    drafts = []
    for key in sorted(groups):
        chosen = _without_gap(_of_one_kind(_of_one_row(_on_one_basis(_one_voice(groups[key], names=names)))), told)
        if len(chosen) >= 2:
            drafts.append(_series_card(chosen, candidates, stated=stated, vocabulary=vocabulary, market=market))
    return [draft for draft in drafts if draft is not None]


def _one_voice(items: Sequence[Stated], *, names: Names) -> list[Stated]:
    """The run of comparable points of one source that reaches the latest period, forecasts aside, else the longest; in order of time."""
    runs: dict[tuple[str, str], dict[str, Stated]] = defaultdict(dict)
    newest_first = sorted(items, key=lambda item: (-item.source.published.toordinal(), item.evidence.table is not None, item.evidence.id))
    for item in sorted(newest_first, key=lambda item: item.source.published_from == "mtime"):
        label = item.fact.period.label if item.fact.period else ""
        runs[names.voice(item.source), period_shape(same_moment(label))].setdefault(same_moment(label), item)
    best = max(runs.values(), key=lambda run: (len(run) >= 2, _reach(run), len(run), sorted(run)))
    return [best[label] for label in sorted(best, key=period_order)]


def _reach(run: Mapping[str, Stated]) -> tuple[int, int, int]:
    """The end of the latest period that is not a forecast."""
    return max((period_order(label) for label, item in run.items() if item.fact.kind != "forecast"), default=(0, 0, 0))


def _on_one_basis(items: Sequence[Stated]) -> list[Stated]:
    """The points as they are, less those of earlier documents where a later one restates a figure: the bases differ."""
    restated = max((item.source.published for item in items if item.candidate and _RESTATED.search(item.text)), default=None)
    return [item for item in items if restated is None or item.source.published >= restated]


def _of_one_row(items: Sequence[Stated]) -> list[Stated]:
    """The points as they are, less those of other rows of a table than the latest that table gives."""
    latest = {_table(item.evidence): item.evidence for item in items if item.evidence.table}
    return [item for item in items if not item.evidence.table or not mixes_rows([item.evidence, latest[_table(item.evidence)]])]


def mixes_rows(evidence: Iterable[Evidence]) -> bool:
    """True when values of one table stand in one line with each other neither by row nor by column."""
    rows, columns = defaultdict[object, set[str]](set), defaultdict[object, set[str]](set)
    for item in evidence:
        if item.table is not None:
            rows[_table(item)].add(item.table.row)
            columns[_table(item)].add(item.table.column)
    return any(len(rows[table]) > 1 and len(columns[table]) > 1 for table in rows)


def _row(evidence: Evidence) -> tuple[str, ...]:
    """The row of a table that a value stands in; empty for a sentence."""
    return (*_table(evidence), evidence.table.row) if evidence.table else ()


def _table(evidence: Evidence) -> tuple[str, ...]:
    return evidence.document, *evidence.heading_path


def _of_one_kind(items: Sequence[Stated]) -> list[Stated]:
    """The points as they are, less any that is plainly another thing: of the other sign in another row, or many times its neighbour."""
    if not items:
        return []
    last = items[-1].fact.number
    scale = abs(comparable(last)[0])
    return [
        item
        for item in items
        if ((item.fact.number.value < 0) == (last.value < 0) or _row(item.evidence) == _row(items[-1].evidence) != ())
        and scale <= _LARGEST_STEP * abs(comparable(item.fact.number)[0])
        and abs(comparable(item.fact.number)[0]) <= _LARGEST_STEP * scale
    ]


def _without_gap(items: Sequence[Stated], told: Mapping[tuple[str, ...], Collection[str]]) -> list[Stated]:
    """The points as they are, less those before a time of which their own row has a value that is not among them: from 2020 to 2022 tells
    another story than from 2021. ``told``: the times of each row's values."""
    labels = [same_moment(item.fact.period.label) if item.fact.period else "" for item in items]
    for at in range(len(items) - 1, 0, -1):
        row = _row(items[at].evidence)
        first, last = period_order(labels[at - 1]), period_order(labels[at])
        if row and row == _row(items[at - 1].evidence) and any(first < period_order(label) < last for label in told[row]):
            return list(items[at:])
    return list(items)


def _series_card(
    chosen: Sequence[Stated],
    candidates: Sequence[Candidate],
    *,
    stated: Mapping[str, set[tuple[str, str, str]]],
    vocabulary: Vocabulary,
    market: str,
) -> DraftCard | None:
    fact = chosen[-1].fact
    metric = vocabulary.metrics.get(fact.metric.removesuffix("_change"))
    if metric is None or not metric.facet or fact.metric.endswith("_change") or (metric.company and not fact.entity):
        return None
    if fact.segment and without_form(fact.segment) == fact.entity:
        return None  # of the company itself, less what others own of it: the whole has a card
    if not fact.number.unit and "money" in metric.units:
        return None  # of what, only a heading that was not read could say
    segment = segment_of(fact)
    key = CardKey(market=market, metric=metric.name, segment=segment, region=fact.region, entity=fact.entity)
    series = _points(chosen)
    section = metric.facet
    claims = _series_claims(chosen, series, key=key, section=section, vocabulary=vocabulary, metric=metric.id)
    taken = {item for claim in claims for item in claim.evidence}
    room = MOST_CLAIMS - len(claims)
    own = (metric.id, fact.entity, fact.region)
    support = [] if segment else _supporting(candidates, key=own, stated=stated, vocabulary=vocabulary, taken=taken, room=room)
    way = series_direction(series)
    against = [item for item in support if _opposite(direction_of(item.text, vocabulary=vocabulary, metric=metric.id), way)]
    support = [item for item in support if item not in against]
    claims += [sentence_claim(candidate, section=section, vocabulary=vocabulary, metric=metric.id) for candidate in support]
    counter = [sentence_claim(candidate, section=section, vocabulary=vocabulary, metric=metric.id) for candidate in against]
    used = frozenset({point.evidence for point in series} | {item for claim in (*claims, *counter) for item in claim.evidence})
    documents = {item.source.document for item in chosen} | {candidate.source.document for candidate in support}
    plain = (not segment) + (not fact.entity) + (not fact.region)
    weight = 1.0 * min(len(series), 4) + 1.5 * len(documents) + 0.8 * plain + 1.0 * any(claim.mode == "verbatim" for claim in claims)
    return DraftCard(
        key=key,
        metric=metric.id,
        section=section,
        series=series,
        claims=tuple(claims),
        counter_claims=tuple(counter),
        weight=weight - 2.0 * bool(segment),
        used=used,
    )


def _points(chosen: Sequence[Stated]) -> tuple[SeriesPoint, ...]:
    """The facts as points in the unit of the last one."""
    last = chosen[-1].fact.number
    scale = comparable(last)[0] / last.value if last.value else Decimal(1)
    return tuple(
        SeriesPoint(
            period=item.fact.period.label if item.fact.period else "",
            value=Decimal(format((comparable(item.fact.number)[0] / scale).normalize(), "f")),
            unit=last.unit,
            printed=item.shown,
            evidence=item.evidence.id,
            kind=item.fact.kind,
        )
        for item in chosen
    )


def _series_claims(
    chosen: Sequence[Stated], series: Sequence[SeriesPoint], *, key: CardKey, section: str, vocabulary: Vocabulary, metric: str
) -> list[Claim]:
    """The newest figure in its own words, the one before it, and the change between them where one document gives both."""
    claims: dict[str, Claim] = {}
    base, last = chosen[series.index(base_of(series))], chosen[series.index(last_of(series))]
    for item in (last, base):
        made = (
            sentence_claim(item.candidate, section=section, vocabulary=vocabulary, metric=metric)
            if item.candidate is not None
            else cell_claim(item, section=section)
        )
        claims.setdefault(made.id, made)
    if last.source.document == base.source.document:
        change = change_claim(base_of(series), last_of(series), section=section, name=subject(key))
        if change is not None:
            return [*(claim for claim in claims.values() if claim.mode == "verbatim"), change]
    return list(claims.values())


def _supporting(
    candidates: Sequence[Candidate],
    *,
    key: tuple[str, str, str],
    stated: Mapping[str, set[tuple[str, str, str]]],
    vocabulary: Vocabulary,
    taken: Collection[str],
    room: int,
) -> list[Candidate]:
    """Sentences that state a figure of the same metric, company and place, or the way it goes, one a document."""
    metric, entity, region = key
    fitting = [
        candidate
        for candidate in candidates
        if candidate.evidence.id not in taken
        and candidate.standing >= 0.8
        and not _CONDITIONAL.search(candidate.text)
        and (key in stated.get(candidate.evidence.id, ()) or _moves(candidate, metric, names=(entity, region), vocabulary=vocabulary))
    ]
    fitting.sort(key=lambda candidate: (-max(candidate.scores.values()), candidate.evidence.id))
    kept: list[Candidate] = []
    documents: Counter[str] = Counter()
    for candidate in fitting:
        if len(kept) < min(room, 2) and not documents[candidate.source.document] and _is_new(candidate, kept):
            kept.append(candidate)
            documents[candidate.source.document] += 1
    return kept


def _opposite(one: Direction, other: Direction) -> bool:
    return {one, other} == {"up", "down"}


def _moves(candidate: Candidate, metric: str, *, names: Sequence[str], vocabulary: Vocabulary) -> bool:
    """True when the sentence names company and place and says which way the metric goes."""
    if not all(name in candidate.text for name in names) or all(mention.metric.id != metric for mention in candidate.mentions):
        return False
    return direction_of(candidate.text, vocabulary=vocabulary, metric=metric) != "none"


def _is_new(candidate: Candidate, kept: Sequence[Candidate]) -> bool:
    return not any(repeats(candidate, other, most=_REPEAT) for other in kept)


# ── directions ────────────────────────────────────────────────────────────────────────────────────────────────────


def _said_of(candidates: Sequence[Candidate], *, vocabulary: Vocabulary) -> dict[str, list[tuple[Candidate, Direction]]]:
    """Metric -> sentences that tell as a fact which way it goes, with the way; companies' own metrics aside."""
    said: dict[str, list[tuple[Candidate, Direction]]] = defaultdict(list)
    for candidate in candidates:
        for metric in sorted({mention.metric.id for mention in candidate.mentions}):
            if vocabulary.metrics[metric].company:
                continue
            way = direction_of(candidate.text, vocabulary=vocabulary, metric=metric)
            if way != "none" and candidate.standing >= 0.7 and way in ways_told(candidate, metric, vocabulary=vocabulary):
                said[metric].append((candidate, way))
    return said


def ways_told(candidate: Candidate, metric: str, *, vocabulary: Vocabulary) -> set[Direction]:
    """The ways the sentence tells as a fact that the metric moved, at a time not long before its document."""
    years = [period_order(period.label)[0] for period in candidate.periods if not period.relative]
    if years and max(years) < candidate.source.published.year - _RECENT_YEARS:
        return set()
    words = tokens(candidate.text)
    own = (mention for mention in candidate.mentions if mention.metric.id == metric)
    return {vocabulary.asserted(candidate.text, words, mention) for mention in own}


def _best_of_documents(said: Sequence[tuple[Candidate, Direction]]) -> list[tuple[Candidate, Direction]]:
    """The best sentence of each document, best first."""
    ordered = sorted(said, key=lambda pair: (-max(pair[0].scores.values()), pair[0].evidence.id))
    kept: dict[str, tuple[Candidate, Direction]] = {}
    for candidate, way in ordered:
        if _is_new(candidate, [other for other, _ in kept.values()]):
            kept.setdefault(candidate.source.document, (candidate, way))
    return list(kept.values())


def _direction_card(
    metric_id: str, said: Sequence[tuple[Candidate, Direction]], *, vocabulary: Vocabulary, about: Mapping[str, str], market: str
) -> DraftCard | None:
    if len(said) < 2:
        return None
    metric = vocabulary.metrics[metric_id]
    if not metric.facet:
        return None
    counts = Counter(way for _, way in said)
    leading = max(_WAYS, key=lambda way: (counts[way], way))
    agreeing = [candidate for candidate, way in said if way == leading]
    against = [candidate for candidate, way in said if way != leading]
    if len({voice_of(candidate.source, about=about) for candidate in agreeing}) < 2:
        return None
    make = {"section": metric.facet, "vocabulary": vocabulary, "metric": metric_id}
    claims = tuple(sentence_claim(candidate, **make) for candidate in agreeing[:MOST_CLAIMS])  # type: ignore[arg-type]
    counter = tuple(sentence_claim(candidate, **make) for candidate in against[:MOST_COUNTER])  # type: ignore[arg-type]
    used = frozenset(item for claim in claims + counter for item in claim.evidence)
    quality = sum(max(candidate.scores.values()) for candidate in agreeing[:3]) / 3
    return DraftCard(
        key=CardKey(market=market, metric=metric.name),
        metric=metric_id,
        section=metric.facet,
        series=(),
        claims=claims,
        counter_claims=counter,
        weight=1.5 * min(len(agreeing), MOST_CLAIMS) + 0.5 * quality,
        used=used,
    )


# ── what a check computes again ───────────────────────────────────────────────────────────────────────────────────


def finish(
    draft: DraftCard,
    *,
    claims: Sequence[Claim],
    counter_claims: Sequence[Claim],
    evidence: Mapping[str, Evidence],
    sources: Mapping[str, Source],
    about: Mapping[str, str],
    as_of: date,
    disputed: bool,
) -> TrendCard:
    """The card with the claims that passed their checks."""
    direction = card_direction(draft.series, [claim.direction for claim in claims], [claim.direction for claim in counter_claims])
    heard = voices_of(draft.series, claims, counter_claims, evidence=evidence, sources=sources, about=about)
    confidence = confidence_of(cited=heard.agreeing, against=heard.others, published=heard.newest, as_of=as_of, disputed=disputed)
    identity = "\x1f".join((draft.key.metric, draft.key.segment, draft.key.region, draft.key.entity, *(claim.id for claim in claims)))
    return TrendCard(
        id="t-" + hashlib.sha256(identity.encode()).hexdigest()[:12],
        key=draft.key,
        section=draft.section,
        title=title_of(draft.key, direction=direction, series=draft.series, is_disputed=confidence.agreeing < confidence.sources),
        direction=direction,
        series=draft.series,
        claims=tuple(claim.id for claim in claims),
        counter_claims=tuple(claim.id for claim in counter_claims),
        confidence=confidence,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Voices:
    """Whose documents stand behind a card."""

    agreeing: frozenset[str]
    others: frozenset[str]
    newest: Mapping[str, date]
    """Voice -> the date of its newest document here; no voice whose documents say none."""


def voice_of(source: Source, *, about: Mapping[str, str], houses: Collection[str] = ()) -> str:
    """Who speaks: the publisher, else the one of the ``houses`` that the author's name begins with ("Quill" of "Quill Data Desk"), else
    the author, else the title without its edition. A series of documents that differ in their subject
    (``about``: document -> subject), such as one a district, has a voice for each."""
    house = next((house for house in sorted(houses) if house and source.author.startswith(house)), "")
    return f"{source.publisher or house or source.author or family(source.title)} {about.get(source.document, '')}".strip()


def spoken_for(sources: Iterable[Source], copies: Mapping[str, str]) -> dict[str, Source]:
    """Document -> the source that counts for it: its own, or that of the document it is a copy of (``copies``: document -> original)."""
    known = {source.document: source for source in sources}
    return {document: known.get(copies.get(document, document), source) for document, source in known.items()}


def voices_of(
    series: Sequence[SeriesPoint],
    claims: Sequence[Claim],
    against: Sequence[Claim],
    *,
    evidence: Mapping[str, Evidence],
    sources: Mapping[str, Source],
    about: Mapping[str, str],
) -> Voices:
    """Who agrees: those that give the last points of the series, and those of a claim that gives a figure of the series for its period,
    or says the same direction of an overlapping time. Two documents of one voice count once; ``sources`` as ``spoken_for`` gives them."""
    ends = {last_of(series).evidence, base_of(series).evidence} if len(series) >= 2 else set[str]()
    agreeing, heard, newest = set[str](), set[str](), dict[str, date]()
    way = _way_of(series, claims)
    own = [claim for claim in claims if claim.direction == way]
    ids = [(item, item in ends) for item in (point.evidence for point in series)]
    for claim in (*claims, *against):
        agrees = claim not in against and (_gives_a_point(claim, series) or (claim.direction == way and _overlaps(claim, series, own)))
        ids += [(item, agrees) for item in claim.evidence]
    houses = {sources[evidence[item].document].publisher for item, _ in ids if item in evidence and evidence[item].document in sources}
    for item, agrees in ids:
        source = sources.get(evidence[item].document) if item in evidence else None
        if source is not None:
            voice = voice_of(source, about=about, houses=houses)
            heard.add(voice)
            agreeing |= {voice} if agrees else set()
            if source.published_from != "mtime":
                newest[voice] = max(newest.get(voice, source.published), source.published)
    return Voices(agreeing=frozenset(agreeing), others=frozenset(heard - agreeing), newest=newest)


def _way_of(series: Sequence[SeriesPoint], claims: Sequence[Claim]) -> Direction:
    if len(series) >= 2:
        step = _step(base_of(series).value, last_of(series).value)
        return direction_of_step(step)
    said: list[Direction] = [claim.direction for claim in claims if claim.direction != "none"]
    return max(said, key=lambda way: (said.count(way), way), default="none")


def _gives_a_point(claim: Claim, series: Sequence[SeriesPoint]) -> bool:
    """True when the claim prints a value of the series beside that value's period."""
    labels = {same_moment(period.label) for period in find_periods(claim.text)} | (
        {same_moment(claim.period.label)} if claim.period else set()
    )
    points = [number for point in series if same_moment(point.period) in labels for number in find_numbers(point.printed)[:1]]
    return claim.calculation is None and any(agree(number, point) for number in claim.numbers for point in points)


def _overlaps(claim: Claim, series: Sequence[SeriesPoint], own: Sequence[Claim]) -> bool:
    """True when the claim's time meets the series' last step; without a series, the years about the newest of the claims that agree. A
    claim that names no time is of its document's."""
    years = _years(claim)
    if not years:
        return True
    if len(series) >= 2:
        return min(years) <= int(last_of(series).period[:4]) and max(years) >= int(base_of(series).period[:4])
    return max(years) + 1 >= max((max(found) for other in own if (found := _years(other))), default=0)


def _years(claim: Claim) -> set[int]:
    labels = [period.label for period in find_periods(claim.text)] + ([claim.period.label] if claim.period else [])
    return {int(year) for label in labels for year in re.findall(r"\b(?:19|20)\d\d", label)}


def card_direction(series: Sequence[SeriesPoint], ways: Sequence[Direction], against: Sequence[Direction]) -> Direction:
    """From the series where there are two points, else what most claims say; mixed when as many say otherwise."""
    if len(series) >= 2:
        return series_direction(series)
    counts = Counter(way for way in (*ways, *against) if way != "none")
    if not counts:
        return "none"
    (leading, most), *rest = counts.most_common()
    return "mixed" if rest and rest[0][1] * 2 > most else leading


def base_of(series: Sequence[SeriesPoint]) -> SeriesPoint:
    """What the last point is compared with: the same quarter, half or month a year before where it is there, else the point before it."""
    told = _told(series)
    last = told[-1]
    if period_shape(last.period) in ("quarter", "half", "month"):
        label = f"{int(last.period[:4]) - 1}{last.period[4:]}"
        return next((point for point in told if point.period == label), told[-2])
    return told[-2]


def last_of(series: Sequence[SeriesPoint]) -> SeriesPoint:
    """What a series has come to: its last point, forecasts aside where two others are there."""
    return _told(series)[-1]


def _told(series: Sequence[SeriesPoint]) -> Sequence[SeriesPoint]:
    known = [point for point in series if point.kind != "forecast"]
    return known if len(known) >= 2 else series


def series_direction(series: Sequence[SeriesPoint]) -> Direction:
    """up, down or flat against the base; reversing when all steps before the last, two at least, went the other way."""
    told, base, last = _told(series), base_of(series), last_of(series)
    way = _step(base.value, last.value)
    earlier = {_step(one.value, other.value) for one, other in pairwise(told[:-1])}
    if base is told[-2] and way and len(told) >= 4 and earlier == {-way}:
        return "reversing"
    return direction_of_step(way)


def _step(one: Decimal, other: Decimal) -> int:
    if abs(other - one) <= FLAT * max(abs(one), abs(other)):
        return 0
    return 1 if other > one else -1


def confidence_of(
    *, cited: Collection[str], against: Collection[str], published: Mapping[str, date], as_of: date, disputed: bool
) -> ConfidenceReason:
    """high: three voices, three in four agreeing, the newest fresh. medium: two that mostly agree. Else low; a dispute lowers it."""
    sources = len(set(cited) | set(against))
    agreeing = len(set(cited))
    newest = max((published[document] for document in {*cited, *against} if document in published), default=None)
    fresh = newest is not None and (as_of - newest).days <= _FRESH_DAYS
    share = agreeing / sources if sources else 0.0
    level = 2 if sources >= 3 and share >= 0.75 and fresh else 1 if sources >= 2 and share >= 0.6 else 0
    level -= 1 if disputed and level else 0
    counted = f"{sources} source{'s' if sources != 1 else ''}, {agreeing} agree{'s' if agreeing == 1 else ''}"
    when = f", newest {newest:%Y-%m}" if newest else ""
    return ConfidenceReason(
        word=_WORDS[level],
        sources=sources,
        agreeing=agreeing,
        newest=newest,
        reason=counted + when + (", a figure is disputed" if disputed else ""),
    )


def subject(key: CardKey) -> str:
    """What a card is about, in words: "Revenue of Kordwell Energi, grid storage"."""
    words = key.metric + (f" of {key.entity}" if key.entity else "") + (f" ({key.region})" if key.region else "")
    return f"{words}, {key.segment}" if key.segment else words


def title_of(key: CardKey, *, direction: Direction, series: Sequence[SeriesPoint], is_disputed: bool) -> str:
    """A heading with a verb, by fixed templates, out of the card's own data only."""
    name = subject(key) + ("," if key.segment else "")
    if len(series) >= 2:
        first, last = base_of(series), last_of(series)
        ahead = last.kind == "forecast"
        start, end = f"{first.printed} {period_when(first.period)}", f"{last.printed} {period_when(last.period)}"
        if direction in ("up", "down"):
            verb = {"up": "rise", "down": "fall"}[direction] if ahead else VERBS[direction]
            return f"{name} {'is expected to ' if ahead else ''}{verb} from {start} to {end}"
        verb = {"flat": "stayed close to its level", "reversing": "turned"}.get(direction, "moved both ways")
        return f"{name} {verb}: {start}, {end}"
    if direction in ("up", "down", "flat"):
        verb = {"up": "rose", "down": "fell", "flat": "held steady"}[direction]
        return f"{name} {verb}, {'most sources say' if is_disputed else 'the sources agree'}"
    return f"{name} moved in different directions, the sources say"
