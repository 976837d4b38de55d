"""What a sentence says about a metric: which metric, which way it moves, which segment, and whether it is a forecast or an estimate."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.numbers import comparable
from rag.patterns import regex
from rag.prompts import Metric, MetricVocabulary
from rag.remembered import remembered
from rag.types import Direction, FactKind, Number

_TOKEN = regex(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_CLAUSE = regex(
    r"[;:]|,\s(?:and|but|while|whereas|although|though|with|as|since|because|which|who|so)\b|\b(?:while|whereas|although|but|though|because)\b|[–—]"
)
_AND_THEN = regex(r";|,\s(?:and|but|while|whereas|although|though)\b")
_ROUGHLY = frozenset("about some roughly around approximately".split())
"""Words that make an estimate only of the figure they stand before."""
_JUST_BEFORE = 24
"""Characters before a figure."""
_NO_FORECAST = regex(
    r"\b(?:of|than|as|the|[a-z]{3,}s) expected\b|\bexpected (?:use|volumes?)\b|"
    r"\b(?:than|as|lower|higher|weaker|stronger|greater) (?:anticipated|projected|predicted|expected|forecast)\b(?! to\b)|"
    r"\b(?:met|exceeded|surpassed|achieved|missed|ahead of)\b(?:\s[\w’'-]+){0,6}?\s(?:targets?|forecasts?|guidance|expectations?)\b",
    re.IGNORECASE,
)
"""Words of a forecast that only describe a noun: "70% of expected use", "as expected", "lower anticipated demand"; or
say what became of one: "exceeded our initial annual targets"."""
_LOOKS_AHEAD = regex(r"\b(?:looks? for|looking for|base case|likely to|set to|on track to|due to (?:open|start|begin))\b", re.IGNORECASE)
_SHARE_OF = regex(r"(?:%|per\s?cent|share|part|half|third)\s(?:of|in)\s(?:the\s|its\s|their\s)?$", re.IGNORECASE)
_REACH, _REACH_BEFORE = 9, 4
"""Words behind and before a metric within which the word that tells its direction is looked for."""
_PREPOSITIONS = frozenset("of for in from on at among across to by".split())
_JOINTS = frozenset("and or but that which who than as with while".split())
_MODIFIER = 4
"""Words of a phrase such as "of heat storage" that may follow a metric before what it does."""
_SLOWER = 10
"""Words around a direction word within which a slowing makes it say nothing."""
_HELPERS = frozenset(
    (
        "is are was were be been being has have had do did does will would continue continued continues to remain "
        "remained remains keep kept district region state area across within "
        "appear appeared appears seem seemed tend tended a an the at by of in some somewhat again also still further even more most much "
        "little slight modest moderate sharp both all activity level levels growth conditions sector reported said overall generally "
        "now just rather quite very once on balance"
    ).split()
)
_LINKS = frozenset("in of for the a an their its district overall further and modest moderate slight sharp some continued".split())
_INFLECTED = {"de": (r"\w*", "(?:es|s|e|en|n)?"), "fr": ("", "(?:s|x)?")}
"""Language -> what may stand before and behind a word for a metric: German joins words, "Jahresumsatz", "Strompreise"."""
_ENERGY, _POWER, _MASS = ("Wh", "Ah"), ("W",), ("kg", "ton")
_DIRECTIONS: dict[str, Direction] = {"up": "up", "down": "down", "flat": "flat"}
_TIMES = ("second", "month", "working day")


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A word of a sentence."""

    word: str
    """Lower case."""
    form: str
    """Singular, as far as a final s tells: what phrases are matched by."""
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A metric named in a sentence."""

    metric: Metric
    first: int
    """Index of its first token."""
    last: int
    start: int
    end: int
    figures_only: bool = False
    """True for a wording too general to say which way the metric goes; it serves to name a figure."""


@remembered(16_384)
def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text with their spans."""
    return tuple(Token(word=m[0].lower(), form=_singular(m[0].lower()), start=m.start(), end=m.end()) for m in _TOKEN.finditer(text))


@lru_cache(maxsize=65_536)
def _singular(word: str) -> str:
    """Stems would take "productivity" for "production"; only a plural or possessive s is dropped."""
    word = re.sub(r"['’]s?$", "", word)
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def unit_family(number: Number) -> str:
    """The family of a number's unit: money, money/, %, pp, x, energy, power, mass, volume, time, count."""
    simple = {"percent": "%", "percentage_points": "pp", "basis_points": "pp", "plain": "count", "year": "year"}
    if number.kind in simple:
        return simple[number.kind]
    _, base = comparable(number)
    above, _, below = base.partition("/")
    if base == "x":
        return "x"
    if number.kind == "money":
        return "money/" if below else "money"
    families = ((_ENERGY, "energy"), (_POWER, "power"), (_MASS, "mass"), (("l", "barrel", "gallon"), "volume"), (_TIMES, "time"))
    return next((family for bases, family in families if above in bases), "count")


_SUPPOSED = regex(
    r"(?i)^(?:when|if|unless|as long as|should|suppose|in order to|to)\b|\b(?:would|could|might|may|potential|arguably|scenarios?|"
    r"simulations?|models?|figure|panels?)\b"
)
"""A sentence about what could be, or about a drawing."""
_HEADS = frozenset(
    "cost costs price prices rate rates material materials loan loans lending worker workers firm firms company companies contact contacts "
    "industry pressure pressures expectations expectation outlook spending input inputs employment".split()
)
"""Nouns that a metric before them only describes: "construction costs", "output prices"."""
_NARROWED = frozenset("equity stock bond asset share".split())
"""Words that make another metric of the one behind them."""
_NOUNS = frozenset(
    "growth increase increases decrease decreases decline declines gain gains drop drops expansion contraction improvement".split()
)
_FINITE = frozenset("was were is are has have had been remained remains stayed stays continued continues continue edged trended".split())
_FINITE_FORMS = frozenset("rose fell grew shrank rises falls grows".split())
_PLAIN = frozenset("moderate modest strong robust solid steady slight brisk positive healthy broad-based widespread".split())
"""What a growth is that is one."""
_REPORTED = frozenset(
    "reported report reports noted note notes saw see sees seen experienced experience showed show shows shown posted cited cite indicated "
    "registered recorded described observed witnessed enjoyed said there mentioned had have pushed raised boosted drove led".split()
)
"""Words after which a movement is told as one that happened."""


class Vocabulary:
    """The metric vocabulary, compiled: finds mentions, directions, segments and kinds in sentences."""

    def __init__(self, vocabulary: MetricVocabulary) -> None:
        self.metrics = {metric.id: metric for metric in vocabulary.metrics}
        self._phrases: dict[str, list[tuple[tuple[str, ...], Metric, bool]]] = defaultdict(list)
        for metric in vocabulary.metrics:
            for synonym in (*metric.synonyms, *metric.figures):
                forms = tuple(token.form for token in tokens(synonym))
                self._phrases[forms[0]].append((forms, metric, synonym in metric.figures))
        words = {way: frozenset(_split(words)) for way, words in vocabulary.directions.items()}
        self._ways: dict[str, frozenset[str]] = words
        self._negations = words["negations"]
        self._forecast = frozenset(vocabulary.forecast_words)
        self._estimate = frozenset(vocabulary.estimate_words)
        self.named = remembered(16_384)(self._named)
        """Metrics named in a text, as ``mentions`` finds them in its tokens."""
        self._abroad = {
            language: [
                (re.compile(rf"(?i)\b{joined}(?:{'|'.join(map(re.escape, said))}){ending}(?!\w)"), metric)
                for metric in vocabulary.metrics
                if (said := metric.abroad.get(language))
            ]
            for language, (joined, ending) in _INFLECTED.items()
        }
        self._segments = [(segment, re.compile(rf"(?i)(?<!\w){re.escape(segment)}(?!\w)")) for segment in vocabulary.segments]

    def _named(self, text: str) -> tuple[Mention, ...]:
        return tuple(self.mentions(tokens(text)))

    def mentions(self, text: Sequence[Token]) -> list[Mention]:
        """Metrics named in a sentence, the longest phrase first taken, no two overlapping, in order."""
        found: list[Mention] = []
        for first, token in enumerate(text):
            for forms, metric, figures in self._phrases.get(token.form, ()):
                last = first + len(forms) - 1
                if last < len(text) and all(text[first + i].form == part for i, part in enumerate(forms)):
                    span = {"start": token.start, "end": text[last].end}
                    found.append(Mention(metric=metric, first=first, last=last, figures_only=figures, **span))
        found.sort(key=lambda mention: (mention.first - mention.last, mention.first))
        kept: list[Mention] = []
        for mention in found:
            if all(mention.last < other.first or other.last < mention.first for other in kept):
                kept.append(mention)
        return sorted(kept, key=lambda mention: mention.first)

    def named_abroad(self, text: str, language: str) -> tuple[Mention, ...]:
        """Metrics that a German or French sentence has a word for, the longest first taken, no two overlapping; they tell no direction."""
        found = [
            Mention(metric=metric, first=0, last=0, start=match.start(), end=match.end(), figures_only=True)
            for pattern, metric in self._abroad[language]
            for match in pattern.finditer(text)
        ]
        kept: list[Mention] = []
        for mention in sorted(found, key=lambda mention: (mention.start - mention.end, mention.start)):
            if all(mention.end <= other.start or other.end <= mention.start for other in kept):
                kept.append(mention)
        return tuple(sorted(kept, key=lambda mention: mention.start))

    def words_abroad(self, facet: str, language: str) -> tuple[str, ...]:
        """The first words for each of a facet's metrics in a language."""
        return tuple(metric.abroad[language][0] for _, metric in self._abroad[language] if metric.facet == facet)

    def direction(self, text: str, words: Sequence[Token], mention: Mention) -> Direction:
        """Which way the sentence says the metric moves; "none" when it does not say or says it with a negation."""
        if mention.figures_only or _SHARE_OF.search(text[: mention.start]):
            return "none"
        for at in self._reachable(text, words, mention):
            way = self._way(text, words, at, mention.metric)
            if way != "none" and not self._parted(text, words[at], mention):
                return way
        return "none"

    def asserted(self, text: str, words: Sequence[Token], mention: Mention) -> Direction:
        """Which way the sentence tells as a fact that the metric itself moved; "none" for what is expected, meant, supposed or of a part.

        Narrower than ``direction``: "sales rose", "wages were up" and "reported higher prices" tell it; "policies designed to increase
        productivity", "demand growth", "increases in rates influence plans" and "rising construction costs" do not."""
        way = self.direction(text, words, mention)
        if way == "none" or self.kind(text, at=mention.start) == "forecast" or _SUPPOSED.search(text):
            return "none"
        following = words[mention.last + 1].word if mention.last + 1 < len(words) else ""
        if following in _HEADS and "," not in text[mention.end : words[mention.last + 1].start]:
            return "none"
        if mention.first and words[mention.first - 1].word in _NARROWED:
            return "none"
        at = next(
            at
            for at in self._reachable(text, words, mention)
            if self._way(text, words, at, mention.metric) != "none" and not self._parted(text, words[at], mention)
        )
        told = self._told_behind if at > mention.last else self._told_before
        return way if told(words, at) else "none"

    @staticmethod
    def _told_behind(words: Sequence[Token], at: int) -> bool:
        """True where the direction word is what the metric did or was: a past form, or one that an auxiliary makes finite."""
        before = {token.word for token in words[max(0, at - 4) : at]}
        word = words[at].word
        if word in _NOUNS:
            behind = {token.word for token in words[at + 1 : at + 5]}
            return bool(behind & _FINITE and behind & _PLAIN)
        if word in _FINITE_FORMS or (word.endswith("ed") and "to" not in before):
            return True
        return bool(before & _FINITE)

    @staticmethod
    def _told_before(words: Sequence[Token], at: int) -> bool:
        """True where somebody reports the movement: "saw higher prices", "reported an increase in wages", "rising wages were noted"."""
        return bool({token.word for token in words[max(0, at - 5) : at]} & _REPORTED)

    def _reachable(self, text: str, words: Sequence[Token], mention: Mention) -> Iterable[int]:
        """Where a direction word may stand: behind the metric with nothing but helping words between ("prices have generally risen"),
        or before it in the same way ("a modest increase in input prices", "rising wages")."""
        room = 0
        for at in range(mention.last + 1, min(len(words), mention.last + _REACH)):
            yield at
            room = _MODIFIER if words[at].word in _PREPOSITIONS else room - 1
            if not self._helps(text, words[at]) and (room <= 0 or words[at].word in _JOINTS):
                break
        for at in range(mention.first - 1, max(-1, mention.first - _REACH_BEFORE), -1):
            yield at
            if words[at].word not in _LINKS and not self._is_way(words[at].word, mention.metric) and at != mention.first - 1:
                break

    def _is_way(self, word: str, metric: Metric) -> bool:
        return self._plain_way(word, metric) != "none"

    @staticmethod
    def _helps(text: str, token: Token) -> bool:
        """True for a word that may stand between a metric and what it does: auxiliaries, adverbs, names of places."""
        return token.word in _HELPERS or token.word.endswith("ly") or text[token.start].isupper()

    def _way(self, text: str, words: Sequence[Token], at: int, metric: Metric) -> Direction:
        """The direction of one word, "flat" for a slowing beside a growing, turned by a negation before it."""
        word = words[at].word
        way = "none" if at and text[words[at].start].isupper() else self._plain_way(word, metric)
        following = words[at + 1].word if at + 1 < len(words) else ""
        if way == "none" or (word in ("up", "due") and following in ("than", "to")) or (word in ("up", "down") and following == "the"):
            return "none"
        before = [token.word for token in words[max(0, at - 3) : at]]
        if any(token in self._negations for token in before):
            return "none"
        if "less" in before[-1:]:
            return "down" if way == "up" else "none"
        if way == "slower" or any(self._is(token.word, "slower") for token in words[max(0, at - _SLOWER) : at + _SLOWER]):
            return "none"
        return _DIRECTIONS.get(way, "none")

    def ways(self, text: str) -> dict[str, frozenset[str]]:
        """up, down and flat -> the words of a text that say so."""
        found = {token.word for token in tokens(text)}
        return {way: frozenset(found & self._ways[way]) for way in ("up", "down", "flat") if found & self._ways[way]}

    def words_of(self, way: str) -> frozenset[str]:
        """The words that say up, down or flat."""
        return self._ways[way]

    def _plain_way(self, word: str, metric: Metric) -> str:
        for way, own in (("up", metric.up), ("down", metric.down)):
            if word in own:
                return way
        return next((way for way in ("flat", "down", "up", "slower") if self._is(word, way)), "none")

    def _is(self, word: str, way: str) -> bool:
        return word in self._ways[way]

    def _parted(self, text: str, token: Token, mention: Mention) -> bool:
        first, last = (mention.end, token.start) if token.start >= mention.end else (token.end, mention.start)
        return "," in text[first:last] or _CLAUSE.search(text[first:last]) is not None

    def segment(self, text: str, mentions: Iterable[Mention] = ()) -> str:
        """The segment the sentence names outside its metrics' own names; empty for none or several."""
        for mention in mentions:
            text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
        named = [segment for segment, pattern in self._segments if any(_is_plain(text, match, segment) for match in pattern.finditer(text))]
        return named[0].lower() if len(named) == 1 else ""

    def kind(self, text: str, *, at: int = 0) -> FactKind:
        """forecast, estimate or actual, by the words of the sentence's first clause and of the one that holds the offset."""
        ends = [match.start() for match in _AND_THEN.finditer(text)] + [len(text)]
        first, own = text[: ends[0]], text[max([0, *(end for end in ends if end <= at)]) : next((end for end in ends if end > at), None)]
        found = {token.word for token in tokens(_NO_FORECAST.sub(" ", f"{first} {own}"))}
        if found & self._forecast or _LOOKS_AHEAD.search(first):
            return "forecast"
        rough = self._estimate & _ROUGHLY
        near = {token.word for token in tokens(text[max(0, at - _JUST_BEFORE) : at])} if at else found
        return "estimate" if found & (self._estimate - rough) or near & rough else "actual"

    def accepts(self, metric: Metric, number: Number) -> bool:
        """True when the metric can have a value of that unit."""
        family = unit_family(number)
        return family in metric.units or number.unit in metric.units or "any" in metric.units or (metric.change and family in ("%", "pp"))


def _is_plain(text: str, match: re.Match[str], segment: str) -> bool:
    """False inside a proper name: the "New" of "New England"."""
    return segment[0].isupper() or match.start() == 0 or text[match.start()].islower()


def _split(words: Iterable[str]) -> Iterable[str]:
    """Single words; of "picked up" both stay out unless they stand alone elsewhere, "held steady" gives "steady"."""
    return (word for word in words if " " not in word)
