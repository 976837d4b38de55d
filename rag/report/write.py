"""The report in a model's words: each card and section written from its own numbered evidence, each sentence checked on it alone.

The extractive report comes first and stays what it is: the model only words it. It sees numbered sentences and answers with sentences and
their numbers; a sentence that fails its checks gets one repair, and is then printed as its quotation. What a model leaves out is quoted
too, and a card's direction and confidence are those of its quotations: no wording changes what a report says, or how sure it is.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from rag.errors import AnswerError
from rag.model_prompts import CardPrompt, EvidenceLine, FaultyLine, Prompt, Prompts, RepairPrompt, Rules, SummaryPrompt
from rag.numbers import find_numbers, find_periods
from rag.patterns import regex
from rag.ports import Checker
from rag.report.book import BOTTOM_LINE, open_book
from rag.report.check import check_report
from rag.report.claims import claim_id, direction_of
from rag.report.delta import delta
from rag.report.judge import Asks as Asks
from rag.report.judge import is_written, quotes_of
from rag.report.prose import MOST_WORDS, Ground, faults
from rag.report.restate import Homes, fixed_claims, restate
from rag.report.seal import sealed
from rag.report.select import HEADLINE_WORDS, MOST_FINDINGS
from rag.report.wording import Vocabulary
from rag.text import words
from rag.types import Claim, Document, Message, Period, Progress, Report

MOST_WORDS_OF_A_CARD = 120
MOST_USES = 2
"""Sentences of one card that may rest on one piece of evidence."""
MOST_LINES = 12
"""Pieces of evidence that the bottom line is written from."""
USELESS = 3
"""Answers of no use one after the other, with none of use before, after which the endpoint is held to be wrong."""

Parsed = TypeVar("Parsed")

_TEXT = {"type": "string"}
_NUMBERS = {"type": "array", "items": {"type": "integer"}}
_BEGUN = regex(r'\A\s*(?:```(?:json)?\s*)?\{\s*"sentences"\s*:\s*\[\s*')
_FENCE = regex(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


SENTENCES = _object(sentences=_list_of(_object(text=_TEXT, evidence=_NUMBERS)))
"""What a card's prompt is answered with."""
REPAIRS = _object(repairs=_list_of(_object(sentence={"type": "integer"}, text=_TEXT, evidence=_NUMBERS)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence as a model gives it."""

    text: str
    evidence: tuple[int, ...]
    """Numbers, from 1."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What one call writes: a card's text, a section's loose sentences, or the bottom line."""

    home: str
    """The card's or section's id, or BOTTOM_LINE."""
    section: str
    """Of its claims."""
    heading: str
    question: str
    claims: tuple[Claim, ...]
    """The quotations it is written from; evidence number n is that of the n-th."""
    metric: str = ""
    """The id of the card's metric."""
    names: str = ""
    """What it is about, in words that its sentences may use."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A unit in the model's words."""

    claims: tuple[Claim, ...]
    written: int = 0
    """Sentences of the model's, repaired ones included."""
    repaired: int = 0
    replaced: int = 0
    """Sentences of the model's that failed twice, and are printed as quotations."""
    left_out: int = 0
    """Pieces of evidence that the model did not use, and that are quoted."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every unit is written with."""

    report: Report
    calls: Asks
    prompts: Prompts
    document: Callable[[str], Document]
    vocabulary: Vocabulary

    def messages(self, prompt: Prompt) -> tuple[Message, ...]:
        """The rules, then what is asked."""
        rules = self.prompts.fill(Rules(market=self.report.market, most_words=MOST_WORDS))
        return Message(role="system", content=rules), Message(role="user", content=self.prompts.fill(prompt))

    def lines(self, unit: Unit) -> tuple[EvidenceLine, ...]:
        """The unit's evidence as the model sees it: numbered, with who said it and when; neither ids nor pages."""
        evidence = {item.id: item for item in self.report.evidence}
        sources = {source.document: source for source in self.report.sources}
        lines = []
        for number, claim in enumerate(unit.claims, 1):
            source = sources[evidence[claim.evidence[0]].document]
            said_by = source.publisher or source.author or _undated(source.title)
            lines.append(EvidenceLine(number=number, text=claim.text, source=said_by, date=f"{source.published:%B %Y}"))
        return tuple(lines)

    def ask(
        self, prompt: Prompt, *, schema: Mapping[str, Any], parse: Callable[[str], Parsed], hear: Callable[[str], object] | None = None
    ) -> Parsed:
        return self.calls.ask(self.messages(prompt), schema=schema, parse=parse, hear=hear)


def write(
    report: Report,
    *,
    calls: Asks,
    model: str,
    prompts: Prompts,
    document: Callable[[str], Document],
    vocabulary: Vocabulary,
    before: Report | None = None,
    checker: Checker | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """The extractive report, worded by the model: it passes every gate that the extractive one passes.

    ``before`` is the edition that it is compared with. Sentences that ``checker`` doubts are quoted instead.
    Raises ModelError's children when the model cannot be had; an answer of no use costs its card the wording only.
    """
    named = replace(report, manifest=replace(report.manifest, writer=model))
    desk = Desk(report=named, calls=calls, prompts=prompts, document=lru_cache(maxsize=None)(document), vocabulary=vocabulary)
    homes: dict[str, Written] = {}
    asked = units(report, vocabulary=vocabulary)
    useless = 0
    for at, unit in enumerate(asked):
        tell(Progress(stage="write", done=at, total=len(asked) + 1))
        try:
            homes[unit.home] = word_unit(desk, unit, prompt=_card_prompt(desk, unit), homes=homes)
        except AnswerError:
            useless += 1
            if useless >= USELESS and not any(one.written for one in homes.values()):
                raise
            homes[unit.home] = Written(claims=unit.claims, replaced=len(unit.claims))
    tell(Progress(stage="write", done=len(asked), total=len(asked) + 1))
    homes |= _bottom_line(desk, homes)
    homes = _without_failures(desk, homes)
    opinion: dict[str, int] = {}
    if checker is not None:
        homes, opinion = _judged(desk, homes, checker, units=[*asked, _summary_unit(desk, homes)])
        homes = _without_failures(desk, homes)
    return _finished(desk, homes, model=model, before=before, checker=checker, opinion=opinion)


def prompts_of(report: Report, *, prompts: Prompts, vocabulary: Vocabulary) -> list[tuple[Message, ...]]:
    """The first prompt of every unit, and an upper bound of the bottom line's: what an estimate is made from."""
    nobody: Any = None
    desk = Desk(report=report, calls=nobody, prompts=prompts, document=nobody, vocabulary=vocabulary)
    asked = [desk.messages(_card_prompt(desk, unit)) for unit in units(report, vocabulary=vocabulary)]
    last = _summary_unit(desk, {})
    return [*asked, desk.messages(_summary_prompt(desk, last))] if last.claims else asked


def units(report: Report, *, vocabulary: Vocabulary) -> list[Unit]:
    """What is written, in print order. Sides of a disagreement, counter-evidence, tables and calculations stay as they are."""
    claims = {claim.id: claim for claim in report.claims}
    cards = {card.id: card for card in report.cards}
    metrics = {metric.name: metric.id for metric in vocabulary.metrics.values()}
    fixed = fixed_claims(report)
    made: list[Unit] = []
    for section in report.sections:
        for card in (cards[item] for item in section.cards):
            key = card.key
            made.append(
                Unit(
                    home=card.id,
                    section=card.section,
                    heading=card.title,
                    question=section.question,
                    claims=tuple(claims[item] for item in card.claims if item not in fixed and claims[item].section == card.section),
                    metric=metrics.get(key.metric, ""),
                    names=f"{key.metric} {key.entity} {key.region} {key.segment}",
                )
            )
        loose = tuple(claims[item] for item in section.claims if item not in fixed)
        made.append(Unit(home=section.id, section=section.id, heading=section.title, question=section.question, claims=loose))
    return [unit for unit in made if unit.claims]


# ── one unit ──────────────────────────────────────────────────────────────────────────────────────────────────────


def word_unit(
    desk: Desk, unit: Unit, *, prompt: Prompt, homes: Mapping[str, Written] | None = None, hear: Callable[[str], object] | None = None
) -> Written:
    """The unit as the model words it, asked by ``prompt``; ``homes`` are those before it. Raises ModelError's children.

    ``hear`` is told what has come of the first draft, as the model writes it.
    """
    answer = desk.ask(prompt, schema=SENTENCES, parse=lambda text: parse_sentences(text, most=len(unit.claims)), hear=hear)
    return _settled(desk, unit, answer, homes or {})


def _settled(desk: Desk, unit: Unit, answer: Sequence[Sentence], homes: Mapping[str, Written]) -> Written:
    """The unit with every sentence checked, repaired once, or replaced."""
    made = [_claim(desk, unit, sentence) for sentence in answer]
    reasons = _reasons(desk, unit, answer, made, homes)
    failing = [at for at, why in enumerate(reasons) if why]
    repaired: set[int] = set()
    if failing:
        mended = _mended(desk, unit, answer, reasons, failing)
        tried = [mended.get(at, sentence) for at, sentence in enumerate(answer)]
        remade = [_claim(desk, unit, sentence) for sentence in tried]
        reasons = _reasons(desk, unit, tried, remade, homes)
        repaired = {at for at in failing if at in mended and not reasons[at]}
        answer, made = tried, remade
    kept = {at: claim for at, claim in enumerate(made) if claim is not None and not reasons[at]}
    return _completed(desk, unit, answer, kept, repaired=repaired, homes=homes)


def _mended(
    desk: Desk, unit: Unit, answer: Sequence[Sentence], reasons: Sequence[Sequence[str]], failing: Sequence[int]
) -> dict[int, Sentence]:
    """Place -> the sentence that the model gives instead; nothing when its answer is of no use."""
    lines = tuple(
        FaultyLine(number=at + 1, text=answer[at].text[:400], evidence=", ".join(map(str, answer[at].evidence)), reasons=tuple(reasons[at]))
        for at in failing
    )
    prompt = RepairPrompt(heading=unit.heading, evidence=desk.lines(unit), sentences=lines)
    try:
        return desk.ask(prompt, schema=REPAIRS, parse=lambda text: parse_repairs(text, places=failing))
    except AnswerError:  # counted: each sentence that is not mended is replaced by its quotation
        return {}


def _completed(
    desk: Desk, unit: Unit, answer: Sequence[Sentence], kept: Mapping[int, Claim], *, repaired: set[int], homes: Mapping[str, Written]
) -> Written:
    """The sentences that hold, with quotations in the place of the others and of what was left out, none of which changes the card."""
    for droppable in ({at for at in kept if len(kept[at].evidence) > 1}, set(kept)):
        made = _with_quotations(unit, answer, kept, repaired=repaired)
        if _says_the_same(desk, unit, made, homes):
            return made
        kept = {at: claim for at, claim in kept.items() if at not in droppable}
    return _with_quotations(unit, answer, kept, repaired=repaired)


def _with_quotations(unit: Unit, answer: Sequence[Sentence], kept: Mapping[int, Claim], *, repaired: set[int]) -> Written:
    by_evidence = {claim.evidence[0]: claim for claim in unit.claims}
    covered = {item for claim in kept.values() for item in claim.evidence}
    claims: dict[str, Claim] = {}
    for at, sentence in enumerate(answer):
        if at in kept:
            claims.setdefault(kept[at].id, kept[at])
            continue
        for number in sentence.evidence:
            quote = unit.claims[number - 1] if 0 < number <= len(unit.claims) else None
            if quote is not None and quote.evidence[0] not in covered:
                covered.add(quote.evidence[0])
                claims.setdefault(quote.id, quote)
    rest = [claim for item, claim in by_evidence.items() if item not in covered] if unit.home != BOTTOM_LINE else []
    own = {claim.id for claim in unit.claims}
    return Written(
        claims=(*claims.values(), *rest),
        written=sum(claim.id not in own for claim in kept.values()),
        repaired=sum(at in repaired and claim.id not in own for at, claim in kept.items()),
        replaced=len(answer) - len(kept),
        left_out=len(rest),
    )


def _says_the_same(desk: Desk, unit: Unit, made: Written, homes: Mapping[str, Written]) -> bool:
    """True when the card's direction and confidence are what its quotations give."""
    card = next((card for card in desk.report.cards if card.id == unit.home), None)
    if card is None:
        return True
    place = [one.id for one in desk.report.cards].index(card.id)
    again = restate(desk.report, _claims({**homes, unit.home: made})).cards[place]
    return (again.direction, again.confidence) == (card.direction, card.confidence)


# ── sentences ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _claim(desk: Desk, unit: Unit, sentence: Sentence) -> Claim | None:
    """The sentence as a claim; None when its numbers name no evidence."""
    if not _names_evidence(unit, sentence):
        return None
    ground = [unit.claims[number - 1] for number in sentence.evidence]
    same = next((claim for claim in ground if claim.text == sentence.text and len(ground) == 1), None)
    if same is not None:
        return same
    evidence = tuple(claim.evidence[0] for claim in ground)
    return Claim(
        id=claim_id(unit.section, sentence.text, evidence),
        section=unit.section,
        kind=ground[0].kind,
        mode="prose",
        text=sentence.text,
        evidence=evidence,
        numbers=find_numbers(sentence.text),
        period=_period(sentence.text, ground),
        direction=direction_of(sentence.text, vocabulary=desk.vocabulary, metric=unit.metric),
    )


def _names_evidence(unit: Unit, sentence: Sentence) -> bool:
    numbers = sentence.evidence
    return bool(numbers) and len(set(numbers)) == len(numbers) and all(0 < number <= len(unit.claims) for number in numbers)


def _period(text: str, ground: Sequence[Claim]) -> Period | None:
    """The one period that the text names, else the one that its quotations have."""
    labels = {period.label for period in find_periods(text)}
    if len(labels) == 1:
        return Period(label=labels.pop(), found_in="sentence")
    known = {claim.period for claim in ground}
    return known.pop() if not labels and len(known) == 1 else None


def _reasons(
    desk: Desk, unit: Unit, answer: Sequence[Sentence], made: Sequence[Claim | None], homes: Mapping[str, Written]
) -> list[list[str]]:
    """Why each sentence may not be printed; nothing for one that may."""
    tried = Written(claims=tuple({claim.id: claim for claim in (*made, *unit.claims) if claim is not None}.values()))
    trial = restate(desk.report, _claims({**homes, unit.home: tried}))
    book = open_book(trial, document=desk.document, vocabulary=desk.vocabulary)
    found: list[list[str]] = []
    uses: dict[int, int] = {}
    length = 0
    for sentence, claim in zip(answer, made, strict=True):
        if claim is None:
            found.append([f"its evidence numbers must be different ones from 1 to {len(unit.claims)}"])
            continue
        reasons = [] if claim in unit.claims else faults(claim, ground=_ground(unit, claim), book=book, vocabulary=desk.vocabulary)
        reasons += _beyond(unit, sentence, uses=uses, length=length)
        if not reasons:
            length += len(words(sentence.text))
            uses |= {number: uses.get(number, 0) + 1 for number in sentence.evidence}
        found.append(reasons)
    return found


def reasons_of(desk: Desk, unit: Unit, sentence: Sentence) -> list[str]:
    """Why one sentence may not be printed in a unit, by itself."""
    return _reasons(desk, unit, [sentence], [_claim(desk, unit, sentence)], {})[0]


def _ground(unit: Unit, claim: Claim) -> Ground:
    return Ground(claims=tuple(one for item in claim.evidence for one in unit.claims if one.evidence[0] == item), names=unit.names)


def _beyond(unit: Unit, sentence: Sentence, *, uses: Mapping[int, int], length: int) -> Iterable[str]:
    most = 1 if unit.home == BOTTOM_LINE else MOST_USES
    if over := [number for number in sentence.evidence if uses.get(number, 0) >= most]:
        yield f"evidence {over[0]} carries {most} other sentence{'s' if most > 1 else ''} already"
    own = len(words(sentence.text))
    if unit.home == BOTTOM_LINE and not length and own > HEADLINE_WORDS:
        yield f"the first sentence has {own} words; {HEADLINE_WORDS} at most"
    if length + own > max(MOST_WORDS_OF_A_CARD, sum(len(words(claim.text)) for claim in unit.claims)):
        yield f"the text has {length + own} words with it; {MOST_WORDS_OF_A_CARD} at most"


# ── the bottom line ───────────────────────────────────────────────────────────────────────────────────────────────


def _bottom_line(desk: Desk, homes: Mapping[str, Written]) -> dict[str, Written]:
    unit = _summary_unit(desk, homes)
    if not unit.claims:
        return {}
    try:
        answer = desk.ask(_summary_prompt(desk, unit), schema=SENTENCES, parse=lambda text: parse_sentences(text, most=1 + MOST_FINDINGS))
        made = _led_briefly(desk, unit, _settled(desk, unit, answer, homes))
    except AnswerError:  # counted as replaced: the extractive bottom line stands
        return {BOTTOM_LINE: Written(claims=(), replaced=len(desk.report.bottom_line))}
    return {BOTTOM_LINE: made} if made.written else {BOTTOM_LINE: replace(made, claims=())}


def _led_briefly(desk: Desk, unit: Unit, made: Written) -> Written:
    """The bottom line with a headline first that is short enough; the quoted one where the model's was replaced by a long quotation."""
    short = [claim for claim in made.claims if len(words(claim.text)) <= HEADLINE_WORDS]
    lead = short[0] if short else next(claim for claim in unit.claims if claim.id == desk.report.bottom_line[0])
    claims = tuple(dict.fromkeys((lead, *made.claims)))[: 1 + MOST_FINDINGS]
    return replace(made, claims=claims, written=sum(claim.section == BOTTOM_LINE for claim in claims))


def _summary_unit(desk: Desk, homes: Mapping[str, Written]) -> Unit:
    """Written from what the bottom line quotes now, and from the first quotation of each card."""
    report = desk.report
    claims = {claim.id: claim for claim in report.claims}
    old = {claims[side.claim].evidence for conflict in report.conflicts for side in conflict.sides if side.claim in claims}
    leading = [claims[item] for item in report.bottom_line]
    of_cards = [claim for card in report.cards for claim in [claims[item] for item in card.claims] if claim.evidence not in old][
        :MOST_LINES
    ]
    first = {claim.evidence: claim for claim in (*leading, *of_cards) if claim.calculation is None and len(claim.evidence) == 1}
    lines = tuple(first.values())[:MOST_LINES]
    return Unit(home=BOTTOM_LINE, section=BOTTOM_LINE, heading="Bottom line", question=report.market, claims=lines, names=report.market)


def _summary_prompt(desk: Desk, unit: Unit) -> SummaryPrompt:
    findings = min(MOST_FINDINGS, max(0, len(unit.claims) - 1))
    return SummaryPrompt(market=desk.report.market, headline_words=HEADLINE_WORDS, findings=findings, evidence=desk.lines(unit))


def _card_prompt(desk: Desk, unit: Unit) -> CardPrompt:
    return CardPrompt(heading=unit.heading, question=unit.question, evidence=desk.lines(unit), most_words=MOST_WORDS_OF_A_CARD)


# ── the whole ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _undated(title: str) -> str:
    """A title without its figures, which a sentence that names its source could not have."""
    return " ".join(word for word in title.split() if not any(character.isdigit() for character in word)) or title


def _claims(homes: Mapping[str, Written]) -> Homes:
    return {home: made.claims for home, made in homes.items()}


def _without_failures(desk: Desk, homes: dict[str, Written]) -> dict[str, Written]:
    """The units, some of them quoted again where their wording fails a gate on the whole, such as one document carrying too much."""
    most = _failures(desk, {})
    while homes and (now := _failures(desk, homes)) > most:
        worth = {home: now - _failures(desk, {key: made for key, made in homes.items() if key != home}) for home in homes}
        home = max(worth, key=lambda name: (worth[name], name))
        homes = {key: made for key, made in homes.items() if key != home}
    return homes


def _judged(
    desk: Desk, homes: Mapping[str, Written], checker: Checker, *, units: Sequence[Unit]
) -> tuple[dict[str, Written], dict[str, int]]:
    """(the units without the written sentences that the checker doubts, how many it judged, doubted and could not judge)."""
    evidence = {item.id: item for item in desk.report.evidence}
    counts: Counter[str] = Counter(judged=0, doubted=0, unjudged=0)
    made = dict(homes)
    for unit in (unit for unit in units if unit.home in homes):
        own = [claim for claim in homes[unit.home].claims if is_written(claim)]
        verdicts = dict(zip(own, checker.supports([(claim.text, quotes_of(claim, evidence)) for claim in own]), strict=True))
        doubted = {claim for claim, verdict in verdicts.items() if verdict not in ("supported", "unchecked")}
        counts.update(judged=len(own), doubted=len(doubted), unjudged=sum(verdict == "unchecked" for verdict in verdicts.values()))
        if doubted:
            made[unit.home] = _requoted(desk, unit, homes[unit.home], doubted, made)
    return made, {name: counts[name] for name in ("judged", "doubted", "unjudged") if name != "unjudged" or counts[name]}


def _requoted(desk: Desk, unit: Unit, written: Written, doubted: Collection[Claim], homes: Mapping[str, Written]) -> Written:
    """The unit with quotations in the place of the doubted sentences; all quoted where that alone would change what its card says."""
    quotations = {claim.evidence[0]: claim for claim in unit.claims}
    covered = {item for claim in written.claims if claim not in doubted for item in claim.evidence}
    claims: dict[str, Claim] = {}
    for claim in written.claims:
        quoted = [quotations[item] for item in claim.evidence if item not in covered and item in quotations]
        claims |= {one.id: one for one in (quoted if claim in doubted else [claim])}
    counts = replace(written, written=written.written - len(doubted), replaced=written.replaced + len(doubted))
    if unit.home == BOTTOM_LINE:
        return _led_briefly(desk, unit, replace(counts, claims=tuple(claims.values())))
    made = replace(counts, claims=tuple(claims.values()))
    if _says_the_same(desk, unit, made, homes):
        return made
    return replace(written, claims=unit.claims, written=0, repaired=0, replaced=written.replaced + written.written)


def _failures(desk: Desk, homes: Mapping[str, Written]) -> int:
    trial = restate(desk.report, _claims(homes))
    return check_report(sealed(trial), document=desk.document, vocabulary=desk.vocabulary).counts.get("fail", 0)


def _finished(
    desk: Desk,
    homes: Mapping[str, Written],
    *,
    model: str,
    before: Report | None,
    checker: Checker | None,
    opinion: Mapping[str, int],
) -> Report:
    counts = {name: sum(getattr(made, name) for made in homes.values()) for name in ("written", "repaired", "replaced", "left_out")}
    made = restate(desk.report, _claims(homes))
    manifest = replace(
        made.manifest,
        run=_run(desk, model=model, checker=checker),
        writer=model,
        prompts=dict(sorted({**made.manifest.prompts, **desk.prompts.versions}.items())),
        counts={**made.manifest.counts, **counts, **opinion},
    )
    told = banner(model, counts) + (second_opinion(checker.model, opinion) if checker is not None else "")
    made = replace(made, manifest=manifest, banner=told)
    result = check_report(made, document=desk.document, vocabulary=desk.vocabulary)
    claims = tuple(replace(claim, checks=result.claims[claim.id], verdict=result.verdicts[claim.id]) for claim in made.claims)
    made = replace(made, claims=claims)
    return sealed(replace(made, changes=delta(before, made) if before is not None else None))


def _run(desk: Desk, *, model: str, checker: Checker | None) -> str:
    """The content hash of the inputs: those of the extractive report, the model and its prompts, and who judged it."""
    parts = [desk.report.manifest.run, model, *(f"{name} {sha256}" for name, sha256 in sorted(desk.prompts.versions.items()))]
    parts += [f"judged by {checker.model}"] if checker is not None else []
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def banner(model: str, counts: Mapping[str, int]) -> str:
    """How the text was written, and what that means."""
    return (
        f"Worded by the language model {model} from numbered quotations: {in_words(counts)}. It chose no figure, quote or source, every "
        "sentence was checked against its quotations alone, and directions and confidence are computed without it."
    )


def second_opinion(model: str, counts: Mapping[str, int]) -> str:
    """What the checker said, as the banner's last sentence."""
    doubted = counts["doubted"]
    left = f"; {counts['unjudged']} it could not judge" if counts.get("unjudged") else ""
    return (
        f" {model} compared each of {counts['judged']} written sentences with its quotations as well: {doubted} "
        f"{'was' if doubted == 1 else 'were'} doubted and {'is' if doubted == 1 else 'are'} quoted instead{left}."
    )


def in_words(counts: Mapping[str, int]) -> str:
    """ "31 sentences written, 4 repaired, 2 replaced by quotation"."""
    left_out = f", {counts['left_out']} quoted that it left out" if counts.get("left_out") else ""
    return (
        f"{counts['written']} sentence{'' if counts['written'] == 1 else 's'} written, {counts['repaired']} repaired, "
        f"{counts['replaced']} replaced by quotation{left_out}"
    )


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_sentences(text: str, *, most: int) -> tuple[Sentence, ...]:
    """The sentences of an answer. Raises AnswerError when it does not fit SENTENCES, or has none, or three times ``most``."""
    found = _items(text, "sentences", keys=("text", "evidence"))
    if not found or len(found) > 3 * most:
        raise AnswerError(f"the model answered with {len(found)} sentences, where 1 to {3 * most} were asked for")
    return tuple(Sentence(text=_tidy(item["text"]), evidence=tuple(item["evidence"])) for item in found)


def sentences_so_far(text: str) -> Iterator[Sentence]:
    """The whole sentences of an answer that is still being written; none of one that does not begin as SENTENCES does."""
    begun = _BEGUN.match(text)
    at, decode = (begun.end() if begun else len(text)), json.JSONDecoder().raw_decode
    while text[at : at + 1] == "{":
        try:
            item, at = decode(text, at)
        except ValueError:  # the rest of it has not come yet
            return
        if set(item) != {"text", "evidence"} or not all(_fits(key, value) for key, value in item.items()):
            return
        yield Sentence(text=_tidy(item["text"]), evidence=tuple(item["evidence"]))
        at += len(text[at:]) - len(text[at:].lstrip(", \t\r\n"))


def parse_repairs(text: str, *, places: Sequence[int]) -> dict[int, Sentence]:
    """Place of a failing sentence -> what stands for it. Raises AnswerError when the answer does not fit REPAIRS."""
    found = _items(text, "repairs", keys=("sentence", "text", "evidence"))
    return {
        item["sentence"] - 1: Sentence(text=_tidy(item["text"]), evidence=tuple(item["evidence"]))
        for item in found
        if item["sentence"] - 1 in places
    }


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _items(text: str, name: str, *, keys: Sequence[str]) -> list[dict[str, Any]]:
    fenced = _FENCE.match(text)
    try:
        data = json.loads(fenced[1] if fenced else text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"the model answered with no JSON ({text[:60]!r}...)") from error
    if not isinstance(data, dict) or set(data) != {name} or not isinstance(data[name], list):
        raise AnswerError(f"the model's answer is not an object with the one key {name!r}")
    for item in data[name]:
        if not isinstance(item, dict) or set(item) != set(keys) or not all(_fits(key, item[key]) for key in keys):
            raise AnswerError(f"an entry of the model's {name!r} does not have {', '.join(keys)} as asked")
    return list(data[name])


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _fits(key: str, value: Any) -> bool:
    if key == "text":
        return isinstance(value, str) and bool(value.strip())
    if key == "sentence":
        return type(value) is int
    return isinstance(value, list) and all(type(item) is int for item in value)
