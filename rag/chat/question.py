"""What a question asks for: names, periods, a kind of value. Rules only; no model."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.numbers import PeriodMention, find_numbers, find_periods
from rag.patterns import regex
from rag.remembered import remembered
from rag.report.wording import Vocabulary
from rag.text import STOPWORDS, content_stems, sentences, words
from rag.types import Number

Wanted = Literal["number", "share", "date", "name", "place", "reason", ""]
"""The kind of value that answers; empty where the question does not tell."""
OF_FIGURES: tuple[Wanted, ...] = ("number", "share", "date")
"""Those that are read off a text."""
YEAR = regex(r"(?:19|20)\d\d")

Unit = Literal["share", "time", "money", "count", ""]
"""What a figure that answers is counted in; empty where the question does not tell."""

_OPENERS = frozenset(
    "what when where who whom whose which why how is are was were do does did has have had can could will would should shall may might "
    "and but or so then also tell show give list name explain describe compare please according based considering between among after "
    "before since during until while if in on at by for from to of with as assume about within basing using given".split()
)
_CALENDAR = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov "
    "dec monday tuesday wednesday thursday friday saturday sunday q1 q2 q3 q4 h1 h2 fy i usd eur gbp".split()
)
_PREAMBLE = regex(r"(?is)^.*:\s+(?=(?:what|which|who|when|where|why|how|is|are|was|were|does|do|did|has|have|by|in)\b)")
MORE = (
    r"why|how so|how come|what for|by how much|how much|how many|since when|until when|from when|by when|when|where|by whom|"
    r"for how long|how long"
)
"""Expression: what a follow-up may ask of the last question's matter and name nothing else."""
ABOUT_THE_ANSWER = (
    r"who (?:says|said|claims|claimed|reports|reported|wrote)(?: (?:so|that|this|it))?|says who|according to (?:whom|who|what)|"
    r"(?:what|which) (?:is|are|was|were) (?:the|your) sources?(?: (?:of|for) (?:that|this|it))?|"
    r"where (?:does|did|is|was) (?:that|this|it) (?:come from|taken from|from)|"
    r"do(?:es)? (?:any(?:one|body)|others?|other sources|the sources|sources|every(?:one|body)|all(?: sources)?) (?:dis)?agree|"
    r"is (?:that|this|it) (?:disputed|certain)|what do (?:the )?other(?:s| sources) (?:say|expect|think)|are you sure|"
    r"what (?:was (?:it|that)|did (?:they|he|she|it) (?:say|expect|forecast|predict|estimate|think)) (?:before|earlier|previously)"
)
"""Expression: what a follow-up may ask about the last answer."""
_MORE = regex(rf"(?i)^(?:{MORE}):\s+")
_OF_THE_ANSWER = regex(rf"(?i)^(?:{ABOUT_THE_ANSWER}):\s+")
_RUNS = regex(r"(?i)\bwho (?:runs|ran|leads|led|heads|headed|manages|managed|is in charge of|is (?:the )?(?:boss|head) of)\b")
_SAID = "sa(?:y|id|ying)|th(?:ink|ought)|report(?:ed)?|writ(?:e|ten)|argued?|mention(?:ed)?|noted?|t(?:ell|old)|concluded?"
_SAYING = regex(
    r"(?i)^\W*what (?:else )?(?:do|does|did|has|have|had|is|are|was|were) (?P<who>.{0,80}?)\b"
    rf"(?:{_SAID}) (?:us )?(?:about|on|of|regarding|concerning)\b"
)
"""Asks what somebody said of something, in whatever words."""
_PAST = regex(r"(?i)\b(?:was|were|did|had)\b")
"""Asks how something was ..."""
_AHEAD = regex(
    r"(?i)\b(?:forecast|expect|project(?!s\b)|plan|target|predict|guid|estimat|outlook|schedul|due\b|matur|anticipat|foresee|foresaw|aim|goal|assum|"
    r"commit|promis|intend|hope|would|will|(?:was|were) to\b)"
)
"""... unless how it was thought to become."""
_OF_THINGS = regex(r"(?i)(?:what|which|who) (?:are|were)\b|(?:name|list)\b")
_HEADS = "chief executive, president, managing director, chair"
_ABBREVIATION = 6
"""Capitals at most that are an abbreviation."""
_RUN = regex(r"(?<![\w.])[A-Z0-9][\w&.’'-]*[\w](?:\s(?:of\s|the\s|and\s|&\s)?[A-Z][\w&.’'-]*\w)*|(?<![\w.])[A-Z](?![\w.])")
_HOW = (
    r"(?i)\bhow (?:much|many|large|big|high|low|long|far|fast|old|deep|wide|heavy|often|small|sensitive|tall|dependent|efficient)\b|"
    r"\bby how\b"
)
_WANTS: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    ("number", regex(_HOW)),
    (
        "date",
        regex(r"(?i)^(?:\W*\w+,?\s)?when\b|\b(?:since|until|by) when\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|quarter|time)\b"),
    ),
    ("reason", regex(r"(?i)^why\b|\b(?:what (?:drove|caused|explains)|for what reason)\b")),
    ("share", regex(r"(?i)\b(?:what|which) (?:share|percentage|proportion|fraction|part|per\s?cent)\b")),
    (
        "number",
        regex(
            r"(?i)\bwhat (?:\w+['’]?s? ){0,6}(?:price|costs?|revenue|sales|turnover|number|rate|size|amount|"
            r"capacity|total|margin|profit|loss|ebit|output|volume|value|range|figure|level|ratio|average|budget|dividend|backlog|"
            r"debt|efficiency|yield|length|duration|weight|temperature|lifetime|fee|charge|tariff|investment|spending|headcount|"
            r"growth|increase|decrease|change|forecast|target)\b"
        ),
    ),
    ("place", regex(r"(?i)\bwhere\b|\b(?:what|which) (?:region|country|city|town|district|place|site|location|state|market)s?\b")),
    (
        "name",
        regex(
            r"(?i)\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:company|companies|firms?|banks?|suppliers?|makers?|person|people|player|"
            r"team|organi[sz]ation|agency|regulator|customers?|individual|figure|platform|manufacturers?|operators?|auditor|chief)\b"
        ),
    ),
)
_UNITS: tuple[tuple[Unit, re.Pattern[str]], ...] = (
    (
        "share",
        regex(
            r"(?i)\b(?:share|per\s?cent|percentage|proportion|fraction|margin|rate|how (?:fast|hard|dominant)|gr[eo]w|growth|efficien\w+|"
            r"utili[sz]ation)\b"
        ),
    ),
    ("time", regex(r"(?i)\bhow (?:long|old|soon)\b|\b(?:lead times?|wait|delivery|duration|payback|lifetime)\b")),
    (
        "money",
        regex(
            r"(?i)\b(?:costs?|prices?|revenues?|turnover|sales|ebit(?:da)?|profits?|loss|earn\w*|invest\w*|pay|paid|money|dividends?|expensive|"
            r"spen[dt]|spending|budget|worth|fees?|charges?|raise|subsid\w+|debt|backlog|value)\b"
        ),
    ),
    ("count", regex(r"(?i)\bhow many\b|\bnumber of\b")),
)
_PART = regex(r"(?i)\b(?:half|thirds?|quarters?|fifths?|tenths?|majority|(?:one|two|three|four) (?:in|out of|of) (?:every )?[a-z]+)\b")
_COUNTED = regex(r"(?i)\bhow many ((?:[a-z]+ )?[a-z]+)")
_PHYSICAL = regex(r"[kMGT]?(W|Wh|V|A|g|t|l|m|m²|m³|Hz)")
_OF_SOMETHING = regex(r"(?i)%|\bshare\b|\bper\s?cent\b|\d (?:of|in|out of) (?:the |every |all )?\d")
_TIMES = frozenset(("second", "minute", "hour", "day", "working day", "week", "month", "year"))
_SPELLED = regex(
    r"(?i)\b(?:half|third|quarter|double[ds]?|twice|tripled|dozen|hundred|thousand|million|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b"
)

_REASON = regex(
    r"(?i)\b(?:because|owing to|due to|since|driven by|caused by|as a result of|thanks to|helped by|hurt by|held back by|"
    r"reflect(?:s|ed|ing)|explain(?:s|ed)|attributed to|so that|after)\b"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, taken apart."""

    text: str
    asked: str
    """Without the "Why:" or "By how much:" that a follow-up put before it."""
    names: tuple[str, ...]
    """Capitalised names and codes in order, without the word that only opens the question."""
    periods: tuple[PeriodMention, ...]
    wants: Wanted
    unit: Unit
    dimension: str
    """The physical unit that is counted in, without its size: "W" for "how many megawatts"; empty where none is asked for."""
    stems: frozenset[str]
    """Of the words that carry meaning."""
    matter: str
    """Of what, where it asks what was said of something; its period is when that was said. Empty for any other question."""
    speakers: tuple[str, ...]
    """The names of those whose words are asked for."""

    @property
    def is_of_things(self) -> bool:
        """Whether it asks which things there are, none of which is a figure: "What are the main risks?"."""
        return self.wants in ("", "name") and _OF_THINGS.match(self.asked) is not None

    @property
    def is_of_the_past(self) -> bool:
        """Whether it asks how something was, and not how it was thought to become."""
        return _PAST.search(self.asked) is not None and _AHEAD.search(self.asked) is None

    @property
    def content(self) -> str:
        """The question without its names and periods, which are looked for by themselves; all of it where nothing else is left."""
        bare = self.apart_from_periods
        for name in self.names:
            bare = bare.replace(name, " ")
        return bare if content_stems(bare) else self.text

    @property
    def apart_from_periods(self) -> str:
        """The question without its periods."""
        bare = self.text
        for period in sorted(self.periods, key=lambda period: -period.start):
            bare = f"{bare[: period.start]} {bare[period.end :]}"
        return bare

    @property
    def labels(self) -> frozenset[str]:
        """Labels of the periods that are named outright."""
        return frozenset(period.label for period in self.periods if not period.relative)


def take_apart(question: str) -> Asked:
    """Names, periods and the kind of value asked for; what only says how to answer is left aside."""
    question = _OF_THE_ANSWER.sub("", question)
    more = _MORE.match(question)
    asking = _asking(question[more.end() :]) if more else _asking(question)
    question = f"{more[0]}{asking}" if more else asking
    wanting = more[0].rstrip(": ") if more else question
    periods = find_periods(question)
    saying = _SAYING.search(question)
    matter = wanting[saying.end() :] if saying else wanting
    return Asked(
        text=question,
        asked=asking,
        names=tuple(dict.fromkeys(_names(question, periods))),
        periods=periods,
        wants=next((kind for kind, pattern in _WANTS if pattern.search(matter)), ""),
        unit=next((unit for unit, pattern in _UNITS if pattern.search(question)), ""),
        dimension=next((_dimension(number.unit) for match in _COUNTED.finditer(question) for number in find_numbers(f"5 {match[1]}")), ""),
        stems=frozenset(content_stems(question)),
        matter=question[saying.end() :] if saying else "",
        speakers=take_names(saying["who"]) if saying else (),
    )


def _asking(question: str) -> str:
    """The sentences that end in a question mark, less an order before a colon: "Answer the following: what ...?"; all without one."""
    spans = [question[start:end] for start, end in sentences(question)]
    asking = [_PREAMBLE.sub("", span) for span in spans if span.endswith("?")]
    return " ".join(asking) or question


def _names(question: str, periods: tuple[PeriodMention, ...]) -> Iterator[str]:
    for match in _RUN.finditer(question):
        if any(period.start < match.end() and match.start() < period.end for period in periods):
            continue
        parts = [re.sub(r"['’]s?$", "", part) for part in match[0].split()]
        while parts and (parts[0].lower() in _OPENERS | STOPWORDS | _CALENDAR or parts[0].isdigit()):
            parts = parts[1:]
        name = " ".join(parts)
        if name and any(character.isupper() for character in name) and name.lower() not in _CALENDAR:
            yield name


def gives(text: str, wanted: Wanted, *, asked: Asked) -> bool:
    """True when a text holds a value of the kind: a figure, a period, a name that the question does not have."""
    if wanted == "date":
        return bool(find_periods(text))
    if wanted in ("number", "share"):
        figures = figures_in(text)
        if asked.dimension:
            return any(_dimension(number.unit) == asked.dimension for number in figures)
        if wanted == "share":
            return "share" in units(text) or _PART.search(text) is not None or bool(figures and _OF_SOMETHING.search(text))
        return bool(figures) or _SPELLED.search(text) is not None
    if wanted in ("name", "place"):
        known = {part.lower() for name in asked.names for part in words(name)}
        return any(part.lower() not in known for name in take_names(text) for part in words(name))
    if wanted == "reason":
        return _REASON.search(text) is not None
    return False


@remembered(8_192)
def units(text: str) -> frozenset[Unit]:
    """What a text's figures are counted in."""
    return frozenset(_unit(number) for number in figures_in(text))


def figures_in(text: str) -> list[Number]:
    """Its numbers but for years and places in an order."""
    return [number for number in find_numbers(text) if number.kind != "year" and number.unit != "ordinal"]


def _dimension(unit: str) -> str:
    """Of a physical unit, without its size: the same for MW and GW; empty for any other."""
    found = _PHYSICAL.fullmatch(unit)
    return found[1] if found else ""


def _unit(number: Number) -> Unit:
    if number.kind == "money":
        return "money"
    if number.kind in ("percent", "percentage_points", "basis_points"):
        return "share"
    return "time" if number.unit in _TIMES else "count"


def telling(names: Sequence[str], *, vocabulary: Vocabulary) -> list[str]:
    """The names but for metrics ("EBIT"), and for abbreviations where there are others: a document may spell them out."""
    real = [name for name in names if not vocabulary.named(name)]
    return [name for name in real if not (name.isupper() and len(name) <= _ABBREVIATION)] or real


def spelt_out(question: str) -> str:
    """With what documents call whoever "runs" something: as it is to be looked for, and not as it is shown."""
    return _RUNS.sub(rf"\g<0> ({_HEADS})", question, count=1)


def take_names(text: str) -> tuple[str, ...]:
    """The names of any text."""
    return tuple(dict.fromkeys(_names(text, find_periods(text))))
