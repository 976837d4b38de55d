"""The gates guarded by sabotage: seventeen kinds, each with several seeds on a clean report, all caught and none unseen."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest

from rag.numbers import find_numbers
from rag.prompts import metric_vocabulary
from rag.report import check_report
from rag.report.claims import claim_id
from rag.report.seal import sealed
from rag.types import Claim, Period, Report
from tests.report_fixture import corpus, small_report
from tests.test_check import _retold, _swap

SEEDS = range(5)
CORPUS = corpus()
Mutation = Callable[[Report, random.Random], Report]


@pytest.fixture(scope="module")
def clean() -> Report:
    """A report that passes."""
    return small_report(given=CORPUS)


def _any(report: Report, dice: random.Random, *, numbers: bool = False) -> Claim:
    """One verbatim claim that is no side of a conflict."""
    sides = {side.claim for conflict in report.conflicts for side in conflict.sides}
    open_claims = [claim for claim in report.claims if claim.mode == "verbatim" and claim.id not in sides]
    return dice.choice([claim for claim in open_claims if not numbers or any(letter.isdigit() for letter in claim.text)])


def _text(change: Callable[[str, random.Random], str], *, numbers: bool = False) -> Mutation:
    def mutation(report: Report, dice: random.Random) -> Report:
        claim = _any(report, dice, numbers=numbers)
        return _swap(report, claim, _retold(claim, change(claim.text, dice)))

    return mutation


def _digit(text: str, dice: random.Random) -> str:
    at = dice.choice([i for i, character in enumerate(text) if character.isdigit()])
    return text[:at] + str((int(text[at]) + dice.randint(1, 9)) % 10) + text[at + 1 :]


def _forged_quote(report: Report, dice: random.Random) -> Report:
    claim = _any(report, dice, numbers=True)
    text = _digit(claim.text, dice)
    forged = _swap(report, claim, _retold(claim, text))
    evidence = tuple(replace(item, quote=text) if item.id in claim.evidence else item for item in forged.evidence)
    return replace(forged, evidence=evidence)


def _evidence(report: Report, dice: random.Random, ids: Callable[[Claim], Sequence[str]]) -> Report:
    claim = _any(report, dice)
    given = tuple(ids(claim))
    return _swap(report, claim, replace(claim, evidence=given, id=claim_id(claim.section, claim.text, given)))


def _page(report: Report, dice: random.Random) -> Report:
    item = dice.choice(report.evidence)
    return replace(report, evidence=tuple(replace(one, page=one.page + 3) if one is item else one for one in report.evidence))


def _swapped(report: Report, dice: random.Random) -> Report:
    claim = _any(report, dice)
    other = dice.choice([one for one in report.claims if one.mode == "verbatim" and one.evidence != claim.evidence])
    return _evidence(report, random.Random(dice.random()), lambda one: other.evidence if one.evidence != other.evidence else claim.evidence)


def _card(report: Report, dice: random.Random, **changes: object) -> Report:
    card = dice.choice(report.cards)
    return replace(report, cards=tuple(replace(one, **changes) if one is card else one for one in report.cards))  # type: ignore[arg-type]


def _arrow(report: Report, dice: random.Random) -> Report:
    card = dice.choice(report.cards)
    flipped = replace(card, direction="down" if card.direction != "down" else "up")
    return replace(report, cards=tuple(flipped if one is card else one for one in report.cards))


def _sure(report: Report, dice: random.Random) -> Report:
    card = dice.choice([one for one in report.cards if one.confidence.word != "high"])
    surer = replace(card, confidence=replace(card.confidence, word="high"))
    return replace(report, cards=tuple(surer if one is card else one for one in report.cards))


def _hidden(report: Report, dice: random.Random) -> Report:
    conflict = next(one for one in report.conflicts if one.kind != "superseded")
    return replace(report, conflicts=tuple(one for one in report.conflicts if one is not conflict))


def _count(report: Report, dice: random.Random) -> Report:
    name = dice.choice(["claims", "evidence", "conflicts", "cards", "documents", "gaps"])
    counts = {**report.manifest.counts, name: report.manifest.counts[name] + dice.randint(1, 9)}
    return replace(report, manifest=replace(report.manifest, counts=counts))


def _period(report: Report, dice: random.Random) -> Report:
    claim = _any(report, dice)
    return _swap(report, claim, replace(claim, period=Period(label=str(dice.randint(1990, 2015)), found_in="sentence")))


def _date(report: Report, dice: random.Random) -> Report:
    conflict = dice.choice(report.conflicts)
    late = tuple(replace(side, published=date(2031, 1, dice.randint(1, 28))) for side in conflict.sides)
    return replace(report, conflicts=tuple(replace(one, sides=late) if one is conflict else one for one in report.conflicts))


def _told(report: Report, dice: random.Random) -> Report:
    claim = _any(report, dice)
    text = f"{claim.text.rstrip('.')} and rivals elsewhere quietly prepare bold expansions."
    return _swap(report, claim, replace(_retold(claim, text), mode="near_quote"))


def _guess(report: Report, dice: random.Random) -> Report:
    claim = _any(report, dice)
    text = f"{dice.choice(['Perhaps', 'Probably', 'Possibly'])} {claim.text[:1].lower()}{claim.text[1:]}"
    return _swap(report, claim, replace(_retold(claim, text), mode="prose"))


KINDS: dict[str, Mutation] = {
    "dropped citation": lambda report, dice: _evidence(report, dice, lambda claim: ()),
    "invented citation": lambda report, dice: _evidence(report, dice, lambda claim: (f"e-{dice.getrandbits(48):012x}",)),
    "swapped citations": _swapped,
    "changed digit in the text": _text(_digit, numbers=True),
    "changed digit in text and quote": _forged_quote,
    "page off by three": _page,
    "negation": _text(lambda text, dice: text.replace(" ", " not ", 1)),
    "another word": _text(lambda text, dice: f"{text.rstrip('.')} {dice.choice(['abroad', 'again', 'everywhere'])}."),
    "new run of words": _told,
    "flipped arrow": _arrow,
    "raised confidence": _sure,
    "hidden contradiction": _hidden,
    "inflated count": _count,
    "period of another year": _period,
    "date of a side": _date,
    "chatter": _text(lambda text, dice: f"{dice.choice(['As an AI,', 'Let me say:', '{{ text }}'])} {text}"),
    "likelihood out of scale": _guess,
    "title of a card": lambda report, dice: _card(report, dice, title=f"Everything rose by {dice.randint(11, 99)}%"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_sabotage_of_any_kind_is_caught(clean: Report, kind: str, seed: int) -> None:
    """Whatever the seed picks, some gate on the content fails: the forger gave the report the id of what it now says."""
    spoiled = sealed(KINDS[kind](clean, random.Random(seed)))
    assert spoiled != clean
    assert not check_report(spoiled, document=CORPUS.document, metrics=metric_vocabulary()).ok


def test_there_are_at_least_seventeen_kinds() -> None:
    """As the gates' design asks."""
    assert len(KINDS) >= 17


def test_a_direction_word_of_its_own_fails_a_near_quote(clean: Report) -> None:
    """B16: the quote says that demand rose."""
    claim = next(claim for claim in clean.claims if claim.mode == "verbatim" and " rose " in claim.text)
    text = claim.text.replace(" rose ", " fell ")
    forged = replace(claim, text=text, mode="near_quote", numbers=find_numbers(text), id=claim_id(claim.section, text, claim.evidence))
    result = check_report(_swap(clean, claim, forged), document=CORPUS.document, metrics=metric_vocabulary())
    assert any(line.startswith(f"B16 {forged.id}") for line in result.failures())


def test_a_run_of_new_words_is_named_by_its_own_gate(clean: Report) -> None:
    """B17 beside B6."""
    result = check_report(_told(clean, random.Random(1)), document=CORPUS.document, metrics=metric_vocabulary())
    assert any(line.startswith("B17 ") and "nothing in the quotes says" in line for line in result.failures())


def test_likelihood_is_said_in_words_of_the_scale(clean: Report) -> None:
    """B20 names the word."""
    result = check_report(_guess(clean, random.Random(1)), document=CORPUS.document, metrics=metric_vocabulary())
    assert any(line.startswith("B20 ") and "not a word of the scale" in line for line in result.failures())
