"""Where sources disagree, and which figures are superseded. Precision before recall: a false alarm costs trust.

Two facts are set against each other only when metric, entity, segment, region and period are the same, the unit is of one base, both are
actual (or estimated) or both forecasts, they come from different documents, and their values differ by more than printing explains.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from rag.numbers import comparable, period_order
from rag.report.facts import Stated
from rag.report.gather import Candidate
from rag.report.names import Names
from rag.text import content_stems
from rag.types import Number

Kind = Literal["value", "unit", "scope", "definition", "superseded"]

TOLERANCE = Decimal("0.005")
"""Relative difference up to which two values are the same."""
_LIKENESS = 0.2
"""Least share of content stems that two sentences about one thing have in common."""
_SCOPE = re.compile(
    r"\b(?:counting only|counts? only|only counts|leaves? out|left out|exclud\w+|includ\w+|not yet|in operation|contracted|"
    r"signed (?:connection|contract|agreement)\w*|"
    r"registered|mainland|part-built|under test|without|except|agency)\b[^.;]{0,60}",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"\b(?:quoted? separately|quoted separately|complete container|installed and connected|civil works|definition|on average|"
    r"averaged|last day|end of the quarter|own count|register|bottom-up|nameplate|usable|listed price|"
    r"list price|before tax|after tax|adjusted|reported)\b[^.;]{0,60}",
    re.IGNORECASE,
)
_REPLACES = re.compile(
    r"\b(?:revised|restated|corrected|replaces?|replaced|supersed\w+|raises? its|raised its|lowers? its|lowered its|"
    r"widened|updated|now expect\w*|delayed|instead of|earlier (?:figure|estimate))\b",
    re.IGNORECASE,
)
_EDITION = re.compile(
    r"\b(?:(?:19|20)\d\d|q[1-4]|h[12]|[1-4]q|first|second|third|fourth|quarter|half|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|edition|version|draft|final|revised|updated|v\d+|no\.?\s?\d+)\b|\d+|[^\w\s]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """Two or more facts of one key that do not agree."""

    id: str
    kind: Kind
    reason: str
    sides: tuple[Stated, ...]
    """Newest first; of a superseded pair the first is the one that holds."""


def family(title: str) -> str:
    """A title without dates and edition words: documents with the same one are editions of one another."""
    return " ".join(_EDITION.sub(" ", title.lower()).split())


def disagreements(stated: Sequence[Stated], *, names: Names) -> tuple[Disagreement, ...]:
    """All disagreements, each key at most once a kind, in a fixed order."""
    groups: dict[tuple[str, ...], list[Stated]] = defaultdict(list)
    for item in stated:
        if item.is_exact and item.fact.period is not None and _period_is_known(item):
            groups[_key(item)].append(item)
    found = [made for key in sorted(groups) for made in _of_group(groups[key], names=names)]
    return tuple(sorted(found, key=lambda made: (made.kind == "superseded", -_newest(made), made.id)))


_MOVED = re.compile(
    r"\b(?:widened|extended|raised|raises|lowered|lowers|revised|restated|corrected|"
    r"delayed|postponed|brought forward|now expect\w*|is now)\b",
    re.IGNORECASE,
)


def outdated(candidates: Sequence[Candidate], *, names: Names) -> frozenset[str]:
    """Evidence ids of sentences that a later document corrects. Such a sentence is not printed as current.

    The later one names the same thing, says that something changed ("has widened its recall to 7,450 units"), shares wording and gives
    another count or quantity in the same unit, or another date ahead.
    """
    news = [candidate for candidate in candidates if _MOVED.search(candidate.text)]
    found = {
        older.evidence.id
        for newer in news
        for older in candidates
        if older.source.published < newer.source.published
        and older.source.document != newer.source.document
        and _is_corrected(older, newer, names=names)
    }
    return frozenset(found)


def _is_corrected(older: Candidate, newer: Candidate, *, names: Names) -> bool:
    named = names.within(older.text) & names.within(newer.text)
    if not named:
        return False
    shared = {stem for stem in content_stems(older.text) if not stem[0].isdigit()} & set(content_stems(newer.text))
    shared -= {stem for name in named for stem in content_stems(name)}
    return (len(shared) >= 2 and _other_figure(older, newer)) or (len(shared) >= 3 and _other_period(older, newer))


def _other_figure(older: Candidate, newer: Candidate) -> bool:
    mine, theirs = ({comparable(number) for number in item.numbers if number.kind == "quantity"} for item in (older, newer))
    units = {unit for _, unit in mine} & {unit for _, unit in theirs}
    return bool(units) and not mine & theirs


def _other_period(older: Candidate, newer: Candidate) -> bool:
    mine, theirs = ({period.label for period in item.periods if not period.relative} for item in (older, newer))
    ahead = {label for label in mine if period_order(label) > (older.source.published.year, older.source.published.month, 0)}
    return bool(ahead and theirs) and not mine & theirs


def _period_is_known(item: Stated) -> bool:
    """A period that was only guessed from the document's date is no ground for a disagreement."""
    period = item.fact.period
    return period is not None and (period.found_in != "document" or len(period.label) == 4 or "Q" in period.label or "H" in period.label)


def _key(item: Stated) -> tuple[str, ...]:
    fact = item.fact
    label = same_moment(fact.period.label if fact.period else "")
    tense = "forecast" if fact.kind == "forecast" else "actual"
    return fact.metric, fact.entity, fact.segment, fact.region, label, tense, comparable(fact.number)[1]


def same_moment(label: str) -> str:
    """The year for its end and its last day: a stock at the end of 2025 is the stock of 2025."""
    return re.sub(r"-(?:end|12|12-31|Q4-end)$", "", label)


def _newest(made: Disagreement) -> int:
    return made.sides[0].source.published.toordinal()


def _of_group(items: Sequence[Stated], *, names: Names) -> Iterable[Disagreement]:
    """The clearest disagreement of a key: the newest fact against each older document's that differs from it."""
    ordered = sorted(items, key=lambda item: (-item.source.published.toordinal(), item.evidence.table is not None, item.evidence.id))
    used: set[str] = set()
    for at, newer in enumerate(ordered):
        if newer.source.document in used:
            continue
        others = [older for older in ordered[at + 1 :] if _opposes(newer, older, names=names) and older.source.document not in used]
        superseded = [older for older in others if _supersedes(newer, older, names=names)]
        rivals = [older for older in _one_a_document(others) if older not in superseded]
        for sides, is_old in ((_one_a_document(superseded), True), (rivals, False)):
            if sides:
                used |= {older.source.document for older in sides} if is_old else set()
                yield _made([newer, *sides], superseded=is_old)
        if others:
            return


def _one_a_document(items: Sequence[Stated]) -> list[Stated]:
    kept: dict[str, Stated] = {}
    for item in items:
        kept.setdefault(item.source.document, item)
    return list(kept.values())


def _opposes(one: Stated, other: Stated, *, names: Names) -> bool:
    if one.source.document == other.source.document or agree(one.fact.number, other.fact.number):
        return False
    if one.candidate and other.source.document in one.candidate.copies:
        return False
    return _likeness(one, other) >= _LIKENESS or _same_voice(one, other, names=names)


def _likeness(one: Stated, other: Stated) -> float:
    """Shared content stems, as a share of the shorter sentence's; table cells speak by their labels alone and count as alike."""
    if one.evidence.table or other.evidence.table:
        return 1.0
    first, second = ({stem for stem in content_stems(item.text) if not stem[0].isdigit()} for item in (one, other))
    return len(first & second) / max(1, min(len(first), len(second)))


def agree(one: Number, other: Number) -> bool:
    """True when the values are equal, but for sign conventions, tolerance and the rounding of the coarser one."""
    (first, base), (second, other_base) = comparable(one), comparable(other)
    if base != other_base:
        return False
    first, second = abs(first), abs(second)
    if first == second or abs(first - second) <= TOLERANCE * max(first, second):
        return True
    fewer = min(_significant(first), _significant(second))
    return fewer >= 2 and _rounded(first, fewer) == _rounded(second, fewer)


def _significant(value: Decimal) -> int:
    return len(value.normalize().as_tuple().digits)


def _rounded(value: Decimal, digits: int) -> Decimal:
    if not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=ROUND_HALF_EVEN)


def _same_voice(one: Stated, other: Stated, *, names: Names) -> bool:
    voice = names.voice(one.source)
    return bool(voice) and voice == names.voice(other.source)


def _supersedes(newer: Stated, older: Stated, *, names: Names) -> bool:
    """True when the same voice, or a newer edition of the same document, gives a later figure."""
    if newer.source.published <= older.source.published:
        return False
    return _same_voice(newer, older, names=names) or family(newer.source.title) == family(older.source.title)


def _made(sides: Sequence[Stated], *, superseded: bool) -> Disagreement:
    kind: Kind
    if superseded:
        kind, reason = "superseded", _why_superseded(sides)
    else:
        kind, reason = _why(sides)
    identity = " ".join([kind, *(side.fact.id for side in sides)])
    return Disagreement(id="x-" + hashlib.sha256(identity.encode()).hexdigest()[:12], kind=kind, reason=reason, sides=tuple(sides))


def _why_superseded(sides: Sequence[Stated]) -> str:
    newer = sides[0]
    around = f"{newer.evidence.context_before} {newer.text} {newer.evidence.context_after}"
    said = _REPLACES.search(around)
    words = f'; it says "{said[0].lower()}"' if said else ""
    return f"A later document of the same source gives a new figure{words}."


def _why(sides: Sequence[Stated]) -> tuple[Kind, str]:
    first, second = abs(comparable(sides[0].fact.number)[0]), abs(comparable(sides[1].fact.number)[0])
    low, high = sorted((first, second))
    for factor in (Decimal(1000), Decimal(1_000_000)):
        if low and abs(high / low / factor - 1) < Decimal("0.01"):
            return "unit", f"The values differ by a factor of {int(factor):,}: one may be printed in another scale."
    if all(side.fact.kind == "forecast" for side in sides):
        return "value", "These are forecasts by different sources, each with its own assumptions."
    for kind, pattern in _GROUNDS:
        for side in sides:
            if words := pattern.search(side.text) or pattern.search(_near(side)):
                thing = "what is counted" if kind == "scope" else "the definition"
                return kind, f'The difference may lie in {thing}: beside one figure stands "{_trimmed(words[0])}".'
    return "value", "The documents give different values; neither says why."


_GROUNDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (("scope", _SCOPE), ("definition", _DEFINITION))


def _near(side: Stated) -> str:
    return "" if side.evidence.table else " ".join(f"{side.evidence.context_before[-160:]} {side.evidence.context_after[:160]}".split())


def _trimmed(words: str) -> str:
    """At most eight words, none with a digit."""
    kept: list[str] = []
    for word in words.split()[:8]:
        if any(character.isdigit() for character in word):
            break
        kept.append(word)
    return " ".join(kept).rstrip(",;:")
