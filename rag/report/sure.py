"""Which of the figures read from sentences are exact: for each way of misreading one, a condition that must hold; else it is unsure.

owner    in a filing it is the registrant's, of whom the clause names no other; elsewhere the clause's or the document's (facts.py)
metric   its words leave nothing open: "retail sales", "prices of cement", not "unit sales" alone
segment  its phrase is whole: no first part of a list before it, no noun behind it, no name taken for a common word, no title run into it
region   in a report on one region no other body's count, no part of a place, no two places together, no place that the sentence before
         is on, no name that was not read
period   the time is said of the figure (before its metric, in front of its clause or behind its value, by a preposition, with no other
         clause between), or an annual filing's year holds for it; a survey's issue does not
value    no loss read as a gain, no part of a year, no stretch that has no length ("so far"); bounds and distances are none (facts.py)
kind     a forecast says so, and for when; a change is the difference of the two levels, where the document gives both

A condition is of words that say how parts of a sentence hang together, which are few and known; it never asks which noun is meant.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from rag.numbers import PeriodMention, comparable, period_order, period_shape
from rag.patterns import regex
from rag.report.clause import Scope, joins_on
from rag.report.gather import Candidate
from rag.report.names import Names
from rag.report.wording import Mention, Vocabulary, unit_family
from rag.types import Fact, Number

_UNSAID_LENGTH = regex(r"(?i)\b(?:year[- ]to[- ]date|ytd|so far|thus far|to date|season)\b")
_BY_MONTHS = regex(r"/\d+m$")
"""Of the label of a stretch of months, whose length is said."""
_JOINS = regex(
    r"(?i)(?:^|\b(?:in|for|during|of|at|by|on|over|through|throughout|ended|ending|closed|began|mid|the|our|its|fiscal)[\s-])"
    r"(?:(?:the|early|late|mid-|fiscal|full|year|month|end|of|beginning|middle|months?|quarter|years?)\s?)*$"
)
"""Before a time that is a figure's own."""
_PARTS = regex(
    r"(?i)[;:]|\b(?:following|after|before|since|until|till|from|than|versus|compared|relative|against|which|when|while|whereas|although|"
    r"though|but|because)\b"
)
"""Between a figure and a time: the time is another clause's, or what the figure is compared with."""
_NOT_ITS_OWN = regex(
    r"(?i)\b(?:since|from|than|below|above|versus|vs\.?|compared (?:with|to)|against|until|till|before|after)\s"
    r"(?:(?!(?:in|for|during|of|at|by|on)\s)[^\W\d][\w-]*\s){0,3}$"
)
_PART_OF = regex(r"(?i)\b(?:quarters?|half|halves|months?|weeks?|end|beginning)\s(?:of|in)\s(?:our\s|the\s)?$")
"""Before a year of which only a part is meant: "the first quarter of fiscal 2024"."""
_PARTS_OF_YEARS = regex(r"(?i)\b(?:quarters?|half|halves|months?)\s(?:of|in)\s(?:our\s|the\s)?(?:fiscal\s)?years?\b")
_STRAIGHT_BEHIND = regex(r"(?i)(?:\s[\w'’-]+){0,3}?\s(?:in|for|during|of|at|on|by)\s(?:the\s)?(?:end\sof\s|early\s|late\s|mid-)*")
"""Between a value and its own time."""
_LOSS = regex(r"(?i)\blos(?:s|ses|t)\b")
_EFFECT_OF = regex(r"(?i)\b(?:effects?|impacts?)\b")
"""Before a metric: what follows is what something did to it."""
_MARKET_VALUE = regex(r"(?i)market value\W*$")
"""In a filing: what shares, coins or notes would fetch, not how large a market is."""
_PARTIES = frozenset("companies employees people persons workers staff households customers members".split())
"""Units of counts of those who buy, sell or are asked, which are none of what is sold, made or ordered."""
_UNDER = regex(r"(?i)\s(?:under|pursuant to|on|against|from|related to|associated with)\s(?:the|our|its|an?)\b")
"""Behind what a company has one of only: the part of it that stands under one agreement."""
_ENDED = regex(r"(?i)\b(?:ended|ending)\b")
_ANOTHERS = regex(
    r"(?i)\b(?:according to|surveys?|polls?|economists?|analysts?|forecasters?|last (?:month|quarter)|for this|"
    r"national\w*|nationwide|nation['’]?s?|united states|"
    r"(?:proportion|share|percentage|fraction|half|third|majority)\s(?:of\s[\w\s-]{0,40})?(?:who|that|expecting|reporting|looking)|"
    r"(?:some|several|many|most|few|one|others)\s(?:[\w-]+\s){0,4}(?:reporting|noting|saying|expecting|seeing))\b|\bU\.S\."
)
"""In a report on one region: another body's count, the whole country's, or that of a part of those asked."""
_OPEN_END = regex(r"(?i)\s(?:and|or)\s(?:higher|lower|more|less|fewer|above|below|over|up|better)\b")
"""Behind a value that is a bound."""
_SOME_PLACE = regex(r"(?i)\b(?:the|that|this)\s(?:state|city|county|metro area)(?:['’]s)?\b|^(?:city|county|state|area)\s")
"""A place that another sentence names, or whose name a title that runs into the sentence has taken."""
_PLACES = regex(r"(?i)\b(?:states?|cit(?:y|ies)|count(?:y|ies)|areas?|region of)\b")
"""In the sentence before: of them may be what follows."""
_SUPPOSED = regex(r"\b(?:may|might|could|would|foresee\w*|expect\w*|anticipat\w*|predict\w*|project(?:s|ed|ing))\b")
"""What is no fact of a survey: it is supposed, or foreseen by those who were asked."""
_TOGETHER = r"{}(?:,\s[A-Z][\w.]+(?:\s[A-Z][\w.]+)?)*,?\s(?:and|or)\s(?:in\s)?[A-Z]"
"""From a place on: others that share its figure."""
_NAME = regex(r"(?<!^)\b[A-Z][a-z]\w+")
_NO_NAMES = frozenset(
    "District Districts First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth January February March April May "
    "June July August September October November December Christmas Easter Thanksgiving".split()
)
"""Written with a capital, and no place or company besides the report's region."""
_PART_OF_PLACE = r"(?i)\b(?:(?:north|south|east|west)(?:ern|east|west|eastern|western)?|central|upstate|downstate)\s+{}\b"
_JOINED_ON = regex(r"-[a-z]")
"""Behind a value: its unit is written on to it, "$20-per-barrel"."""
_ONE_PARTY = regex(
    r"(?i)\b(?:an?|one|another)\s(?:[\w’'-]+\s){1,8}?(?:expects?|forecasts?|predicts?|projects?|estimates?|plans?|says|said|reports?|"
    r"reported|noted|indicated)\b"
)
_TAKES_UP = regex(r"^(?:This|That|These|Those|It|Its|They|Their|Such|The (?:latter|former))\b|:")
"""Before a figure: what it is of stands in another sentence or before the colon."""
_SOME_SAY = regex(
    r"(?i)(?<!contacts)(?<!respondents)(?<!employers)(?<!firms)(?<!businesses)(?<!companies)(?<!district)(?<!directors)"
    r"\s(?:said|say|says|report|reports|reported|noted|note|expect|expected|indicated|indicate)\b"
)
"""Those of one trade say it."""
_RELATIVE = regex(r"(?i),\s(?:where|which|who|whose)\s")
"""Before a metric: it is of what stands before the comma."""
_OR_ELSE = regex(r"(?i)\d\s(?:or|and)\s(?:about\s|even\s)?$")
"""Before a value: one of two, "8 or 9 percent"."""
_WORD = regex(r"\s([^\W\d_][\w’'-]*)")
_JUST_BEFORE = 200
"""Characters: a sentence or two."""
_OPEN = frozenset(("sales", "sold", "unit sales", "units sold", "price", "prices", "selling prices", "pricing", "inventory", "inventories"))
"""Wordings that need a thing: of what."""
_OF_NO_THING = frozenset(
    "pending closed existing new prime unit total dollar current same average median final selling seasonal annual year-end first "
    "retail spot wholesale sales sale list effective asking".split()
)
"""Words before a metric that name no thing of which it could be."""
_OF_ALL = frozenset(
    "employment wages productivity optimism labour_market consumer_confidence utilisation output orders shipments investment".split()
)
"""Metrics of the whole economy, but in a section on one trade of that trade."""
_ON_ALL = regex(r"(?i)\b(?:labou?r|employment|wages?|prices|overview|summary|econom\w+|consumers?|households?|personnel)\b")
_NAMES_IT = regex(r",\s(?:the|its|our|their|an?)\s[^,]*$")
_OPENS = regex(r"(?i)(?:^|[,;]\s)(?:with|at|having been)\s(?:[\w-]+\s){0,2}$")
_LONGEST_GAP = 4
"""Words between a time and the metric that it is put before: "February 2008 year-to-date home sales"."""
_EFFECT = regex(r"(?i)\b(?:effects?|impacts?|increase|decrease|reduction|benefit|charge|adjustment)\b[^;]*\band\s(?:the\s|its\s|our\s)?$")
"""Before a phrase: what went before is a change of one thing, and so may this one be of another."""
_LISTED = regex(r"(?P<first>[^,;:.]*),\s(?:and|or)\s(?:the\s|its\s|our\s)?$")
_LONGEST_LISTED = 3
"""Words before ", and" up to which they are a list's item, not a clause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What kind of document a figure stands in."""

    is_filing: bool
    is_survey: bool
    """One of a family of reports, each on one region."""
    year: str
    """Of an annual filing; empty for others."""


def is_sure(
    candidate: Candidate,
    fact: Fact,
    number: Number,
    mention: Mention,
    scope: Scope,
    *,
    standing: Standing,
    vocabulary: Vocabulary,
    names: Names,
) -> bool:
    """Whether every condition holds."""
    text = candidate.text
    if _JOINED_ON.match(text, fact.number.end) or _OPEN_END.match(text, fact.number.end):
        return False
    if number.printed == fact.number.printed and _OR_ELSE.search(text[: number.start]):
        return False
    if standing.is_filing and (_LOSS.search(text[mention.start : mention.end]) or _EFFECT_OF.search(text, 0, mention.start)):
        return False
    if number.unit in _PARTIES and number.unit not in mention.metric.units:
        return False
    if standing.is_filing and (
        _MARKET_VALUE.fullmatch(text[mention.start : mention.end]) or (mention.metric.whole and _UNDER.match(text, mention.end))
    ):
        return False
    if standing.is_survey and (fact.kind == "forecast" or (mention.metric.company and fact.entity not in text)):
        return False  # what others foresee; some company's, which it does not name
    if standing.is_survey and not _is_of_survey(candidate, fact, mention, scope, names=names):
        return False
    return (
        _is_one_phrase(text, fact.number, mention)
        and _is_whole(text, number, mention, scope, ordinary=names.ordinary)
        and _is_timed(candidate, fact, number, mention, standing=standing)
        and _is_of_kind(candidate, fact, number, vocabulary=vocabulary, standing=standing)
    )


# ── metric, region ────────────────────────────────────────────────────────────────────────────────────────────────


def _is_of_survey(candidate: Candidate, fact: Fact, mention: Mention, scope: Scope, *, names: Names) -> bool:
    """Whether a figure of a report on one region is that region's, not of a place that the text is on just before, and of a thing that is
    named in its own clause."""
    text = candidate.text
    if _ANOTHERS.search(text) or _ONE_PARTY.search(text, 0, fact.number.end) or _SUPPOSED.search(text):
        return False
    if not _is_placed(text, fact.number, scope, ordinary=names.ordinary):
        return False
    if "respectively" in text or _RELATIVE.search(text, 0, mention.start) or _TAKES_UP.search(text, 0, fact.number.start):
        return False
    following = _WORD.match(text, mention.end)
    if following is not None and not joins_on(following[1].lower()):
        return False
    before = _before(candidate)
    if not scope.places and (_SOME_PLACE.search(text) or _PLACES.search(before) or names.within(before) & names.places):
        return False
    if any(_is_name_in(text, word, till=mention.start) for word in scope.segment.split()):
        return False
    if text[mention.start : mention.end].lower() in _OPEN and set(scope.segment.split()) <= _OF_NO_THING:
        return False
    metric = fact.metric.removesuffix("_change")
    if "'s" in scope.segment or "’s" in scope.segment:
        return False
    if metric == "gdp" and not scope.places:
        return False  # the country's
    section = " ".join(candidate.evidence.heading_path[1:])
    if metric not in _OF_ALL or scope.segment or scope.places:
        return True
    return _ON_ALL.search(section) is not None and not _SOME_SAY.search(text, 0, mention.start)


def _is_placed(text: str, number: Number, scope: Scope, *, ordinary: frozenset[str]) -> bool:
    """Whether a figure of a report on one region is of all of the places that it names, each whole, or, where it names none, of the region:
    no name that was not read stands before it, and it is no count, which may be the whole country's."""
    if scope.places:
        apart = (_PART_OF_PLACE, _TOGETHER)
        spelt = [r"\.?\s".join(map(re.escape, place.split())) for place in scope.places]  # "St. Louis"
        return not any(re.search(pattern.format(place), text) for pattern in apart for place in spelt)
    first = text.partition(" ")[0]
    if first.lower() not in ordinary and first not in _NO_NAMES:
        return False
    return unit_family(number) in ("%", "pp") and not set(_NAME.findall(text, 0, number.end)) - _NO_NAMES


def _is_one_phrase(text: str, number: Number, mention: Mention) -> bool:
    """Between a value and the metric behind it: a comma only where what follows names the value ("EUR 92 per kWh, the price of"), or where
    the value opens the sentence ("With 61 MW in 2025, new capacity")."""
    between = text[number.end : mention.start]
    return "," not in between or _NAMES_IT.search(between) is not None or _OPENS.search(text[: number.start]) is not None


def _is_name_in(text: str, word: str, *, till: int) -> bool:
    """True for a word of a segment that is a name: a place that was not known as one, "the Texas unemployment rate"."""
    at = text.lower().rfind(word.lower(), 0, till)
    return at > 0 and text[at].isupper()


# ── segment ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_whole(text: str, number: Number, mention: Mention, scope: Scope, *, ordinary: frozenset[str]) -> bool:
    """Whether the words of the part are all of its words, none of them a name at the sentence's start."""
    first = scope.segment.split()[:1]
    if not first:
        return _is_no_list(text, mention.start) and _EFFECT.search(text[: mention.start]) is None
    at = text.lower().rfind(first[0].lower(), 0, mention.start)
    is_title = at == 0 and text[mention.start].isupper()
    if is_title or (at == 0 and first[0].lower() not in ordinary) or _ENDED.search(scope.segment):
        return False
    if "respectively" in text[number.end :] and " and " in f" {scope.segment} ":
        return False
    return at < 0 or (_is_no_list(text, at) and _EFFECT.search(text[:at]) is None)


def _is_no_list(text: str, at: int) -> bool:
    """False behind ", and" with less than a clause before it: "professional, technical, and managerial salaries"."""
    listed = _LISTED.search(text[:at])
    return listed is None or len(listed["first"].split()) > _LONGEST_LISTED or any(character.isdigit() for character in listed["first"])


# ── period ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_timed(candidate: Candidate, fact: Fact, number: Number, mention: Mention, *, standing: Standing) -> bool:
    text, period = candidate.text, fact.period
    if period is None or (_UNSAID_LENGTH.search(text) and not _BY_MONTHS.search(period.label)):
        return False
    if "respectively" in text:
        if _PARTS_OF_YEARS.search(text) and period_shape(period.label) in ("year", "fiscal"):
            return False
        return len({period_shape(said.label) for said in candidate.periods}) == 1  # shared out in turn
    named = [said for said in candidate.periods if said.label == period.label]
    first, last = min(mention.start, number.start), max(mention.end, fact.number.end)
    if named:
        return any(_is_joined(text, said, first=first, last=last, value=fact.number.end) for said in named)
    if standing.is_filing:
        return period.found_in == "section" or (
            period.label == standing.year and not _is_on_another_year(candidate, fact.number, standing.year)
        )
    return not standing.is_survey  # "prices are 5 percent up": last month, or when they were asked


def _is_joined(text: str, said: PeriodMention, *, first: int, last: int, value: int) -> bool:
    """Whether a time is said of the figure whose metric and value stand from ``first`` to ``last``, the value's end at ``value``."""
    before = text[: said.start]
    if period_shape(said.label) in ("year", "fiscal") and _PART_OF.search(before):
        return False
    behind = text[value : said.start] if value <= said.start else ""
    if _STRAIGHT_BEHIND.fullmatch(behind) and not _PARTS.search(behind):
        return True
    if _NOT_ITS_OWN.search(before[-40:]):
        return False
    between = text[last : said.start] if said.start >= last else text[said.end : first] if said.end <= first else ""
    if _PARTS.search(between.replace("as of", "of")):
        return False
    is_modifier = said.end <= first and len(between.split()) <= _LONGEST_GAP and (before == "" or before.endswith(", "))
    return is_modifier or (said.start >= last and between.strip(" (,") == "") or _JOINS.search(before) is not None


def _is_on_another_year(candidate: Candidate, number: Number, year: str) -> bool:
    """True for a figure before which its sentence names another year than its paper's, and not only to compare with."""
    before = [said for said in candidate.periods if said.end <= number.start and period_order(said.label)[0] != period_order(year)[0]]
    return any(not _NOT_ITS_OWN.search(candidate.text[: said.start][-40:]) for said in before)


def _before(candidate: Candidate) -> str:
    """The end of what stands before the sentence."""
    return candidate.evidence.context_before[-_JUST_BEFORE:]


# ── a second reading ────────────────────────────────────────────────────────────────────────────────────────────


def is_borne_out(change: Number, *, now: Number, before: Number) -> bool:
    """Whether a change is the difference of the two levels that the same document gives; True where those are too rounded to tell."""
    level, base = comparable(now)[0], comparable(before)[0]
    if not base or min(_digits(now), _digits(before)) < _TELLING_DIGITS:
        return True
    moved, size = abs(level - base), abs(comparable(change)[0])
    if change.kind == "percent":
        return abs(moved / abs(base) * 100 - size) <= _ROUNDED_PERCENT
    return abs(moved - size) <= _ROUNDED * max(size, moved) + _LAST_DIGIT * abs(base)


def _digits(number: Number) -> int:
    return len(re.sub(r"\D", "", number.printed).lstrip("0"))


_TELLING_DIGITS = 4
_ROUNDED_PERCENT, _ROUNDED, _LAST_DIGIT = Decimal("0.6"), Decimal("0.06"), Decimal("0.0005")
"""How far printing to the last digit puts a change off: percentage points, of the change, of a level."""


# ── kind ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_of_kind(candidate: Candidate, fact: Fact, number: Number, *, vocabulary: Vocabulary, standing: Standing) -> bool:
    """False for a forecast that does not say that it is one, or for when, and for a rate's change that may be a change and a level."""
    metric = fact.metric.removesuffix("_change")
    if metric != fact.metric and not vocabulary.metrics[metric].change and " to " in fact.number.printed:
        return False  # "fell 0.1 percent to 6.3 percent"
    if fact.kind != "forecast":
        return True
    is_said = vocabulary.kind(candidate.text, at=number.start) == "forecast" or not (standing.is_survey or standing.is_filing)
    return is_said and any(said.label == fact.period.label for said in candidate.periods if fact.period is not None)
