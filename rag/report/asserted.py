"""Which numbers of a sentence are said to be so: not what it denies, takes back or only compares with, no stretch of time, no share of
people who were asked."""

from rag.patterns import regex
from rag.types import Number

_CLAUSE = regex(r"[;:–—]|,\s(?:and|but|while|whereas|although|though|which|who|as|since|because|so)\b")
_DENIES = regex(
    r"(?i)\b(?:not(?!\s(?:only|just|merely|less|more|fewer))|never|nobody|no one|nothing|neither|none of|cannot)\b|n[’']t\b|"
    r"\b(?:denies|denied|deny|untrue|dispute[sd]?|doubt(?:s|ed)?)\b"
)
_UNTRUE = regex(r"(?i)\b(?:(?:is|are|was|were|proved) (?:untrue|wrong|false|unfounded|incorrect))\b")
_TAKEN_BACK = regex(
    r"(?i)(?:\b(?:instead of|rather than|replac(?:es|ed|ing) (?:the|an?)(?:\s\w+){0,2}|(?:earlier|previous|former|old|first|original) "
    r"(?:figure|estimate|value|number|count|total) of|[,;]\s?(?:and\s)?not|\sand not)\s)$"
)
_SAYS_REVISED = regex(
    r"(?i)\b(?:revis(?:es|ed|ion)|restate[sd]?|correct(?:s|ed)|amend(?:s|ed)|now (?:expect|forecast|guide|plan)s?|"
    r"(?:rais|lift|lower|cut|trim|increas|reduc)(?:es|e|s|ed|ted|med|ting|ing)?\s(?:its|our|their|the)\s(?:[\w-]+\s){0,3}"
    r"(?:guidance|forecasts?|targets?|outlook|estimates?|projections?))\b"
)
_FROM = regex(r"(?i)\bfrom\s$")
_COMPARED = regex(r"(?i)\b(?:compared (?:with|to)|versus|relative to)\s(?:about\s|roughly\s|a\s|an\s)?$")
_ELSEWHERE = regex(r"(?i)\s(?:nationwide|nationally|for the nation|in the nation|elsewhere)\b")
_SPAN_BEFORE = regex(
    r"(?i)\b(?:past|last|next|previous|prior|coming|first|final|following|preceding|within|during|every|over|for|in)\s(?:the\s)?"
    r"(?:(?:past|last|next|previous|prior|coming|first|final|following|about|roughly|nearly|another)\s)*$"
)
_SPAN_AFTER = regex(r"(?i)\s(?:ago|earlier|later|before|prior|from now|ended|ending|old|of age|lows?|highs?)\b|-")
_LEVEL_OF_TIME = regex(r"(?i)\b(?:to|at|of|is|was|were|are|averaged?|reached|came to|stood at|about|from|by)\s$")
_TIMES = frozenset("second minute hour day week month quarter year".split())
_PEOPLE = (
    r"(?:contacts|respondents|firms|businesses|companies|employers|manufacturers|retailers|dealers|builders|brokers|bankers|banks|lenders|"
    r"producers|merchants|owners|executives|participants|members|realtors|agents|farmers|managers|plants|properties|those|them|panel\w*)"
)
_SHARE_OF_PEOPLE = regex(
    rf"(?i)\s(?:of\s(?:the\s|all\s|our\s|its\s)?(?:[\w-]+\s){{0,3}}{_PEOPLE}\b|(?:expect|expected|saw|see|believe|reported|report|indicated|"
    r"anticipate|anticipated|experienced|said|plan|planned|cited|noted)\b)"
)
_COUNTED_PEOPLE = frozenset("firm firms contact contacts respondent respondents business businesses retailer retailers".split())
_COUNT_OF_PEOPLE = regex(rf"(?i)\s(?:[\w-]+\s){{0,2}}{_PEOPLE}\b")
_PERCENTAGE_OF = regex(rf"(?i)\b(?:percentage|share|proportion|fraction) of (?:[\w-]+\s){{0,3}}{_PEOPLE}\b")


_UNNAMED = regex(
    r"(?i)\b(?:an?|one|another|two|three|some|several|a few|certain|many|most|other)\s(?:of\sthe\s)?(?!area\b)(?:[\w-]+\s){0,3}"
    r"(?:contacts?|respondents?|firms?|business(?:es)?|compan(?:y|ies)|employers?|manufacturers?|retailers?|dealers?|builders?|brokers?|"
    r"banks?|bankers?|lenders?|producers?|merchants?|owners?|executives?|chains?|stores?|plants?|farmers?|restaurants?|hotels?)\b"
)
"""A party without a name: what it says of itself holds for nobody whom a table could name."""
_ANOTHER = regex(
    r"(?i)\b(?:another|others?|a third|a second)\s(?:[\w-]+\s)?(?:saw|said|reported|noted|expects?|experienced|posted)\b|\ban? realtor\b"
)
_NUMBER_REPORTING = regex(
    r"(?i)\b(?:number|share|percentage|proportion|majority|half|third|quarter) (?:of [\w\s-]{0,40})?(?:reporting|saying|expecting)\b"
)
_NEXT_OF_OPEN_RANGE = regex(r"\s(?:to|and)\s(?:over|more than|as (?:much|many|high) as|nearly|almost|about)\s\d")
_OPEN_END = regex(r"(?i)\b(?:as (?:much|many|high|low|little) as|ranging from|upwards? of)\s$")


def is_unnamed(text: str, number: Number) -> bool:
    """True for a figure of an unnamed party, of a count of those who say so, or of one open end of a range."""
    first = max((match.end() for match in _CLAUSE.finditer(text) if match.end() <= number.start), default=0)
    if (
        _UNNAMED.search(text, 0, number.start)
        or _ANOTHER.search(text, 0, number.start)
        or _NUMBER_REPORTING.search(text, first, number.start)
    ):
        return True
    return _OPEN_END.search(text[: number.start]) is not None or _NEXT_OF_OPEN_RANGE.match(text, number.end) is not None


def is_denied(text: str, number: Number) -> bool:
    """True when the clause says before the number that it is not so, or calls what it reports untrue."""
    breaks = [match.end() for match in _CLAUSE.finditer(text) if match.end() <= number.start]
    first = max(breaks, default=0)
    return _DENIES.search(text, first, number.start) is not None or _UNTRUE.search(text, number.end) is not None


def is_taken_back(text: str, number: Number) -> bool:
    """True for the figure that the sentence replaces by another: "instead of 999", "the earlier figure of 74", "revised to 61, from 74",
    "now expects 61, up from 74"."""
    before = text[: number.start]
    if _TAKEN_BACK.search(before):
        return True
    return _FROM.search(before) is not None and _SAYS_REVISED.search(before) is not None


def is_beside(text: str, number: Number) -> bool:
    """True for a number that is no figure of the sentence's own: a stretch of time, a share of people asked, somebody else's for
    comparison."""
    before = text[: number.start]
    if number.unit in _TIMES and (
        _SPAN_AFTER.match(text, number.end) or (_SPAN_BEFORE.search(before) and not _LEVEL_OF_TIME.search(before))
    ):
        return True
    if number.kind == "percent" and (_SHARE_OF_PEOPLE.match(text, number.end) or _PERCENTAGE_OF.search(before)):
        return True
    if number.unit in _COUNTED_PEOPLE or (number.kind == "plain" and _COUNT_OF_PEOPLE.match(text, number.end)):
        return True
    return _ELSEWHERE.match(text, number.end) is not None or (number.kind == "percent" and _COMPARED.search(before) is not None)
