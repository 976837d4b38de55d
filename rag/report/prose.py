"""What holds for a sentence that a language model wrote, beyond the gates: it may say less than its evidence, and nothing else.

Each rule gives reasons in words that a model can act on. They are stricter than people are with each other: a true sentence in other
words is refused as well as a false one. What is refused is printed as its quotation, so that strictness costs style, never truth.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from rag.numbers import comparable, find_numbers, find_periods
from rag.patterns import regex
from rag.report.book import Book
from rag.report.check import check_claim
from rag.report.claim_gates import novel_run, supported
from rag.report.claims import quoted
from rag.report.quality import fault, is_instruction, supposes
from rag.report.wording import Vocabulary, tokens
from rag.text import STOPWORDS, sentences, stem, words
from rag.types import Claim, Evidence, Number, Source

MOST_WORDS = 40
"""Of a sentence."""
_PLAIN = frozenset(".,;:()'’%/&+-–−$€£¥ ")
"""Characters besides letters and digits that any sentence may hold; others only where the evidence has them."""
_LINKS = regex(r"(?i)https?:|www\.|\w@\w|\b[\w-]+\.(?:com|org|net|io|xyz|ru|cn|info|biz|site|dev|ai|co)\b|\]\(|!\[")
_FIRST_PERSON = regex(r"\b(?:[Ww]e|[Oo]urs?|[Uu]s|I|[Mm]y|[Mm]e|[Yy]ou|[Yy]our)\b")
_CLAUSE_END = regex(r"[;:]|,\s|\b(?:but|while|whereas|although|though|and|which|who|because)\b|[–—]")
_STATEMENT_END = regex(r";|,\s(?:and|but|while|whereas|although|though)\b")
_FIGURE = regex(r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)(?:\s?%|\sper\s?cent|\spercent|\s[a-zA-Z]+(?=\sto\s))?")
_REPEATED = 0.8
"""Share of a clause's content from which another repeats it."""
_JOINED = regex(r"\s*(?:to|and|or|[-–])\s*(?:[€$£]|[A-Z]{3}\s)?\s*")
"""Between the ends of a range."""
_NEGATIONS = frozenset("not no never none neither nor without cannot nobody nothing hardly scarcely barely".split())

_GLUE = frozenset(
    stem(word)
    for word in (
        "according also amid among amount amounted and at compared earlier figure figures following had in including last later "
        "level levels meanwhile next one other overall per period previous prior put reached remained respectively same second "
        "stood stand still than that the their then third total totalled up value values versus was were when with within year "
        "years quarter half month months say says said report reports reported state states stated show shows showed note notes "
        "noted find finds found give gives gave"
    ).split()
)
"""Words that join what the evidence says and add nothing to it."""
_OPERATIVE = (
    frozenset("all every each both entire whole always".split()),
    frozenset("most majority mainly mostly largely primarily".split()),
    frozenset("only just solely alone".split()),
    frozenset("few fewer fewest little less least".split()),
    frozenset("more many several numerous further another additional".split()),
    frozenset("because since due owing so therefore thus hence as-a-result led caused drove driven thanks".split()),
    frozenset("before until prior earlier ago".split()),
    frozenset("after since following".split()),
    frozenset("above over exceeding exceeds exceeded beyond".split()),
    frozenset("below under".split()),
    frozenset("against despite".split()),
    frozenset("should must shall".split()),
    frozenset("first second third half quarter third".split()),
    frozenset("last latest previous prior earlier ago before".split()),
    frozenset("next coming following".split()),
    frozenset("respectively".split()),
)
"""Small words that carry meaning: one of a set needs one of that set in the evidence."""
_PLAIN_WAYS = frozenset(
    (
        "rise rises rose risen rising increase increases increased increasing grow grows grew grown growing higher up "
        "fall falls fell fallen falling decline declines declined declining decrease decreases decreased decreasing lower down "
        "unchanged steady stable flat"
    ).split()
)
"""Words of a direction that say nothing of how far or how fast."""
_MODAL = (
    frozenset("may might could can possibly perhaps".split()),
    frozenset("would".split()),
    frozenset(
        "expect expects expected forecast forecasts forecasted project projects projected predict predicts predicted will likely "
        "anticipate anticipates anticipated foresee foresees foreseen should".split()
    ),
    frozenset(
        "plan plans planned propose proposes proposed intend intends intended target targets targeted aim aims guidance goal".split()
    ),
    frozenset("estimate estimates estimated preliminary provisional".split()),
    frozenset(
        "claim claims claimed argue argues argued believe believes believed think thinks allege alleged reportedly suggest suggests".split()
    ),
)
"""Words that make less of a statement: a sentence on that statement keeps one of the set."""
_BOUNDS = (
    ("about", regex(r"(?i)\b(?:about|around|approximately|roughly|circa|some|nearly|almost|close to|an estimated)\s(?:\S+\s){0,1}$")),
    (
        "at least",
        regex(r"(?i)\b(?:at least|more than|over|above|exceeding|beyond|no less than|upwards of|not less than)\s(?:\S+\s){0,1}$"),
    ),
    ("at most", regex(r"(?i)\b(?:at most|less than|fewer than|under|below|up to|no more than|within|not more than)\s(?:\S+\s){0,1}$")),
)
_ROLES = (
    ("from", regex(r"(?i)\b(?:from|against|compared (?:with|to)|versus|than)\s(?:the\s)?$")),
    ("to", regex(r"(?i)\b(?:to|reach(?:ed|es)?)\s(?:the\s)?$")),
    ("by", regex(r"(?i)\bby\s(?:the\s)?$")),
)
_AROUND = 5
"""Words on each side of a figure that tell what it is a figure of."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a written sentence stands on."""

    claims: tuple[Claim, ...]
    """The claims that quote its evidence, in the order of its numbers."""
    names: str
    """What the card is about, in words that the sentence may use too."""


def faults(claim: Claim, *, ground: Ground, book: Book, vocabulary: Vocabulary) -> list[str]:
    """Why the sentence may not be printed; nothing when it may."""
    evidence = book.quotes(claim)
    if form := list(_form(claim.text, evidence)):
        return form  # of a text that is no sentence nothing else can be said
    sources = [book.sources[item.document] for item in evidence if item.document in book.sources]
    near = replace(claim, mode="near_quote")
    found = [check.reason for check in check_claim(claim, book) if check.outcome == "fail"]
    found += [reason for gate in (supported, novel_run) for outcome, reason in [gate(near, book)] if outcome == "fail"]
    found += _new_words(claim.text, evidence, sources=sources, names=ground.names, vocabulary=vocabulary)
    found += _negation(claim.text, evidence, vocabulary=vocabulary)
    found += _weakened(claim.text, evidence)
    found += _turned(claim.text, evidence, vocabulary=vocabulary)
    found += _figures(claim, evidence)
    found += _ranges(claim.text, evidence)
    found += _joined(claim, evidence, ground=ground)
    found += _directions(claim, evidence, ground=ground, vocabulary=vocabulary)
    return list(dict.fromkeys(found))


# ── form ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _form(text: str, evidence: Sequence[Evidence]) -> Iterable[str]:
    held = {character for item in evidence for character in quoted(item)}
    strange = [one for one in text if not (one.isalnum() or one in _PLAIN or (one in held and not _is_hidden(one)))]
    if strange:
        yield f"it holds {strange[0]!r}: plain text only, without quotation marks, markup or links"
    elif _LINKS.search(text):
        yield "it holds an address or link"
    elif len(sentences(text)) != 1 or not text.endswith("."):
        yield "it is not one sentence with a full stop at its end"
    elif len(words(text)) > MOST_WORDS:
        yield f"it has {len(words(text))} words; {MOST_WORDS} at most"
    elif _FIRST_PERSON.search(text):
        yield "it speaks as we, our, I or you: name who it is"
    elif is_instruction(text):
        yield "it gives orders"
    elif fault(text):
        yield "it is not a statement that stands by itself"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ" or character in '<>[]{}|*_#`\\"“”„«»'


# ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _new_words(text: str, evidence: Sequence[Evidence], *, sources: Sequence[Source], names: str, vocabulary: Vocabulary) -> Iterable[str]:
    """Words that the evidence does not have, but for those that join, names of its metrics, and other words for the same direction."""
    own, held_text = words(text), " ".join(quoted(item) for item in evidence)
    said = " ".join((held_text, names, *(f"{source.publisher} {source.author} {source.title}" for source in sources)))
    held = {stem(_bare(word)) for word in words(said)}
    held |= {part for word in words(said) for part in map(stem, _bare(word).split("-"))}
    spare = _spare(held_text, vocabulary)
    new = [
        word
        for word in own
        if not _is_held(_bare(word), held) and _bare(word) not in STOPWORDS and stem(_bare(word)) not in _GLUE and _bare(word) not in spare
    ]
    if new:
        yield f"not in its evidence: {', '.join(dict.fromkeys(new))}; use the evidence's own words"
    own_words, held_words = {_bare(word) for word in own}, {_bare(word) for word in words(held_text)}
    for operative in _OPERATIVE:
        if (added := own_words & operative) and not held_words & operative:
            yield f"its evidence does not say {min(added)!r}"
    for number in own:
        if any(character.isdigit() for character in number) and number not in words(said):
            yield f"{number!r} does not stand so in its evidence"


def _is_held(word: str, held: set[str]) -> bool:
    return stem(word) in held or all(stem(part) in held for part in word.split("-"))


def _bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def _spare(held: str, vocabulary: Vocabulary) -> set[str]:
    """Words that may stand for the evidence's: names of the metrics it names, and words of the directions it says."""
    metrics = {mention.metric.id: mention.metric for mention in vocabulary.named(held)}
    spare = {_bare(word) for metric in metrics.values() for phrase in (metric.name, *metric.synonyms) for word in words(phrase)}
    for way in vocabulary.ways(held):
        spare |= vocabulary.words_of(way) & _PLAIN_WAYS
    return spare


# ── what makes less of a statement ────────────────────────────────────────────────────────────────────────────────


def _clauses(text: str) -> list[str]:
    return [part for part in _CLAUSE_END.split(text) if part.strip()]


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    return frozenset(stem(_bare(word)) for word in words(text) if _bare(word) not in STOPWORDS and not _is_negation(_bare(word)))


def _negated(text: str, vocabulary: Vocabulary) -> tuple[set[str], set[str]]:
    """(what the text denies, what it affirms): content stems of clauses with and without a negation; direction words by direction."""
    denied, affirmed = set[str](), set[str]()
    for clause in _clauses(text):
        side = denied if any(_is_negation(_bare(word)) for word in words(clause)) else affirmed
        side |= _content(clause) | {f"way {way}" for way in vocabulary.ways(clause)}
    return denied, affirmed


def _negation(text: str, evidence: Sequence[Evidence], *, vocabulary: Vocabulary) -> Iterable[str]:
    """A sentence denies what its evidence denies and affirms what it affirms."""
    held = [_negated(quoted(item), vocabulary) for item in evidence]
    denied, affirmed = set().union(*(one for one, _ in held)), set().union(*(one for _, one in held))
    own_denied, own_affirmed = _negated(text, vocabulary)
    for stems, counterpart, word in ((own_affirmed, denied - affirmed, "denies"), (own_denied, affirmed - denied, "affirms")):
        if turned := stems & counterpart:
            yield f"its evidence {word} what it says of {min(turned)!r}"


def _weakened(text: str, evidence: Sequence[Evidence]) -> Iterable[str]:
    """What the evidence says is expected, planned, estimated or claimed is not said as a fact."""
    stems = _content(text)
    for item in evidence:
        for own in _STATEMENT_END.split(text):
            held = _likest(own, _STATEMENT_END.split(quoted(item)))
            for modal in _MODAL:
                if (kept := _bare_words(held) & modal) and not _bare_words(own) & modal:
                    yield f"its evidence says {min(kept)!r}, which it leaves out"
        if supposes(quoted(item), at=0) and not supposes(text, at=0) and len(stems & _content(quoted(item))) >= 2:
            yield "its evidence only supposes what it states"


def _turned(text: str, evidence: Sequence[Evidence], *, vocabulary: Vocabulary) -> Iterable[str]:
    """Clause by clause: each goes the way of the evidence's clause that it is likest to, and denies as often as one that it repeats."""
    theirs = [clause for item in evidence for clause in _clauses(quoted(item))]
    for own in _clauses(text):
        held = _likest(own, theirs)
        ways, said = vocabulary.ways(own).keys(), vocabulary.ways(held).keys()
        if ways and said and not ways & said:
            yield f"its evidence says {min(said)!r} where it says {min(ways)!r}"
        repeats = len(_content(own) & _content(held)) >= _REPEATED * len(_content(held)) > 0
        if repeats and _negations(own) != _negations(held):
            yield "it does not deny as often as its evidence"


def _likest(clause: str, others: Iterable[str]) -> str:
    """The other clause that shares the most content with it, two words at least; empty without one."""
    stems = _content(clause)
    best = max(others, key=lambda other: len(stems & _content(other)), default="")
    return best if len(stems & _content(best)) >= 2 else ""


def _bare_words(text: str) -> set[str]:
    return {_bare(word) for word in words(text)}


def _negations(text: str) -> int:
    return sum(_is_negation(_bare(word)) for word in words(text))


# ── figures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _figures(claim: Claim, evidence: Sequence[Evidence]) -> Iterable[str]:
    """Each figure in its own role, with its own period, of its own thing, as sure as it was."""
    for number in claim.numbers:
        if number.kind == "year":
            continue
        places = [(item, other) for item in evidence for other in find_numbers(quoted(item)) if comparable(other) == comparable(number)]
        reasons = [list(_misused(claim, number, item, other)) for item, other in places]
        if reasons and all(reasons):
            yield min(reasons, key=len)[0]


def _ranges(text: str, evidence: Sequence[Evidence]) -> Iterable[str]:
    """The ends of a range stand in the evidence's order."""
    held = {pair for item in evidence for pair in _pairs(quoted(item))}
    for low, high in _pairs(text):
        if (high, low) in held and (low, high) not in held:
            yield f"its evidence says {high} before {low}"


def _pairs(text: str) -> list[tuple[str, str]]:
    """Figures with nothing but "to", "and", "or" or a dash between them."""
    found = list(_FIGURE.finditer(text))
    return [(one[1], other[1]) for one, other in pairwise(found) if _JOINED.fullmatch(text[one.end() : other.start()])]


def _misused(claim: Claim, number: Number, item: Evidence, other: Number) -> Iterable[str]:
    """What is said of a number that one place in the evidence does not say of it."""
    text, held = claim.text, quoted(item)
    before, theirs = text[: number.start], held[: other.start]
    for name, pattern in _BOUNDS:
        if bool(pattern.search(before)) != bool(pattern.search(theirs)):
            yield f"{number.printed!r} is {'not ' if pattern.search(before) else ''}{name!r} in its evidence"
    own_role, role = _role(before), _role(theirs)
    if own_role != role and own_role and role:
        yield f"{number.printed!r} stands behind {role!r} in its evidence, not behind {own_role!r}"
    if (period := _period_beside(text, number)) and (right := _period_beside(held, other)) and period != right and _several(held):
        yield f"{number.printed!r} is of {right}, not of {period}"
    if rival := _rival(text, number, held, other):
        yield f"{number.printed!r} is said of what its evidence says of {rival!r}"


def _role(before: str) -> str:
    return next((name for name, pattern in _ROLES if pattern.search(before)), "")


def _several(text: str) -> bool:
    return len({period.label for period in find_periods(text)}) > 1


def _period_beside(text: str, number: Number) -> str:
    """The period nearest to a number, one behind it before one ahead of it; empty without one."""
    found = [period for period in find_periods(text) if not (period.start <= number.start < period.end)]
    behind = [period for period in found if period.start >= number.end]
    ahead = [period for period in found if period.end <= number.start]
    near = min(behind, key=lambda period: period.start, default=None)
    if near is not None and near.start - number.end <= 40:
        return near.label
    return max(ahead, key=lambda period: period.end).label if ahead else near.label if near else ""


def _rival(text: str, number: Number, held: str, place: Number) -> str:
    """Another figure of the evidence, of the same role, whose surroundings the number stands in rather than in its own."""
    own, role = _around(text, number), _role(text[: number.start])
    rivals = [other for other in find_numbers(held) if other.kind != "year" and role in ("", _role(held[: other.start]))]
    likeness = {other.printed: len(own & _around(held, other)) for other in rivals}
    right = len(own & _around(held, place))
    best = max(likeness, key=lambda name: likeness[name], default="")
    return best if best and best != place.printed and likeness[best] > right + 1 else ""


def _around(text: str, number: Number) -> set[str]:
    """Content stems beside a number."""
    before = [stem(_bare(word)) for word in words(text[: number.start]) if _bare(word) not in STOPWORDS][-_AROUND:]
    after = [stem(_bare(word)) for word in words(text[number.end :]) if _bare(word) not in STOPWORDS][:_AROUND]
    return set(before) | set(after)


# ── several pieces of evidence ────────────────────────────────────────────────────────────────────────────────────


def _joined(claim: Claim, evidence: Sequence[Evidence], *, ground: Ground) -> Iterable[str]:
    """Each piece of evidence carries part of the sentence; none is there for show."""
    if len(evidence) < 2:
        return
    own = _content(claim.text)
    for at, item in enumerate(evidence):
        others = frozenset[str]().union(*(_content(quoted(other)) for other in evidence if other is not item))
        held = _content(quoted(item))
        figures = {comparable(number) for number in find_numbers(quoted(item))}
        carries = any(comparable(number) in figures for number in claim.numbers if number.kind != "year")
        if len(own & held) < 2 or not ((own & held) - others or carries or len(own & held) >= len(own & others)):
            yield f"evidence {at + 1} of those it names says nothing of it"
    if len({one.kind for one in ground.claims}) > 1:
        yield "it joins a fact with a forecast or an opinion: write two sentences"


def _directions(claim: Claim, evidence: Sequence[Evidence], *, ground: Ground, vocabulary: Vocabulary) -> Iterable[str]:
    """Every metric goes the way that the evidence says, and the sentence as a whole the way of each of its quotations."""
    held = [_ways(quoted(item), vocabulary) for item in evidence]
    for metric, ways in _ways(claim.text, vocabulary).items():
        theirs = set().union(*(one.get(metric, set()) for one in held))
        if ways - {"none"} - theirs:
            yield f"its evidence does not say that {vocabulary.metrics[metric].name.lower()} goes {min(ways - {'none'} - theirs)}"
    if claim.direction != "none" and any(one.direction != claim.direction for one in ground.claims):
        said = next(one.direction for one in ground.claims if one.direction != claim.direction)
        yield f"it says {_WAY[claim.direction]}, its evidence {_WAY[said]}: keep the evidence's words for it"


_WAY = {"up": "a rise", "down": "a fall", "flat": "no change", "none": "no direction", "mixed": "both ways", "reversing": "a turn"}


def _ways(text: str, vocabulary: Vocabulary) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    read = tokens(text)
    for mention in vocabulary.mentions(read):
        found.setdefault(mention.metric.id, set()).add(vocabulary.direction(text, read, mention))
    return found


Judge = Callable[[Claim, Ground], list[str]]
