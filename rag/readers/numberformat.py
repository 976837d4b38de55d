"""Spreadsheet values as printed: the part of Excel's number formats that reports use."""

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from rag.patterns import regex

_LITERAL = regex(r"\"([^\"]*)\"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.")
_PLACES = regex(r"[#0?][#0?,]*(?:\.[#0?]+)?,*|\.[#0?]+")
_EMPTY_PLACE = regex(r"^([-+(])\s+(?=\d)")
"""What a small number leaves of "-# ##0"."""
_PLACEHOLDER = regex(r"[#0?]")
_CONDITION = regex(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_ELAPSED = regex(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DAY_TOKEN = regex(r"d", re.IGNORECASE)
_YEAR_TOKEN = regex(r"y", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MARKS = "\ue000"


def display(value: float | date | datetime | time | timedelta, *, number_format: str) -> str:
    """The value as the sheet shows it; empty for a number that the format hides. Dates are ISO unless the format shows no day ("Mar 2026")
    or only the year; a span of time is hours, minutes and, where the format has them, seconds."""
    if isinstance(value, date):
        return _date(value, number_format=number_format)
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        return _span(value, with_seconds="s" in number_format.lower())
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    return _number(value, sections=_sections(number_format))


def _date(value: date, *, number_format: str) -> str:
    bare = _LITERAL.sub("", number_format)
    if isinstance(value, datetime) and (value.hour or value.minute) and re.search("h", bare, re.IGNORECASE):
        return value.isoformat(sep=" ", timespec="minutes")
    if _YEAR_TOKEN.search(bare) and not _DAY_TOKEN.search(bare):
        return f"{_MONTHS[value.month - 1]} {value.year}" if re.search("m", bare, re.IGNORECASE) else str(value.year)
    return (value.date() if isinstance(value, datetime) else value).isoformat()


def _sections(number_format: str) -> list[str]:
    """Positive; negative; zero; text. Semicolons inside quotes do not count."""
    sections, inside = [""], False
    for character in number_format:
        inside = inside != (character == '"')
        if character == ";" and not inside:
            sections.append("")
        else:
            sections[-1] += character
    return sections


def is_span(number_format: str) -> bool:
    """True for a format that counts hours, minutes or seconds beyond a day: "[h]:mm"."""
    return bool(_ELAPSED.search(number_format))


def _span(value: timedelta, *, with_seconds: bool) -> str:
    seconds = round(value.total_seconds())
    hours, rest = divmod(abs(seconds), 3_600)
    return f"{'-' if seconds < 0 else ''}{hours}:{rest // 60:02}" + (f":{rest % 60:02}" if with_seconds else "")


def _number(value: float, *, sections: list[str]) -> str:
    if len(sections) > 1 and not any(section.strip() for section in sections[:3]):
        return ""
    section, own_negative = _section(value, sections=sections)
    template, literals = _without_literals(section)
    places = list(_PLACES.finditer(template))
    if not places and value == 0 and literals and "general" not in template.lower():
        return _restore(template, literals).strip()
    if not places or re.search(r"[eE][+-]|/|@|general", template, re.IGNORECASE):
        return _general(value)
    digits = _digits(value, pattern=places[-1][0], percent=template.count("%"))
    sign = "-" if value < 0 and not own_negative and re.search("[1-9]", digits) else ""
    shown = _restore(_filled(template, places, digits=digits), literals).strip()
    return sign + (_EMPTY_PLACE.sub(r"\1", shown) if len(places) > 1 else shown)


def _section(value: float, *, sections: list[str]) -> tuple[str, bool]:
    """The section for the value, and whether it is for negative values only and so brings their sign."""
    conditions = [_CONDITION.search(section) for section in sections[:3]]
    if any(conditions):
        last = len(conditions) - 1
        for place, (section, condition) in enumerate(zip(sections, conditions, strict=False)):
            if _HOLDS[condition[1]](value, float(condition[2])) if condition else place == last or (place == 1 and value < 0):
                return section, bool(condition and condition[1].startswith("<") and condition[1] != "<>" and float(condition[2]) <= 0)
    own_negative = value < 0 and len(sections) > 1 and bool(sections[1].strip())
    if value == 0 and len(sections) > 2 and sections[2].strip():
        return sections[2], False
    return sections[1] if own_negative else sections[0], own_negative


def _filled(template: str, places: list[re.Match[str]], *, digits: str) -> str:
    """The template with the digits in its places, from the right where there are several: "# ##0", "000-00-0000"."""
    whole, point, fraction = digits.partition(".")
    if len(places) > 1:
        whole = whole.replace(",", "").zfill(sum(place[0].partition(".")[0].count("0") for place in places))
    filled, end = "", len(template)
    for place in reversed(places):
        most = len(_PLACEHOLDER.findall(place[0].partition(".")[0]))
        own = whole[-most:] if most and place is not places[0] else whole if place is places[0] else ""
        whole = whole[: len(whole) - len(own)]
        tail = point + fraction if place is places[-1] else ""
        filled = own + tail + template[place.end() : end] + filled
        end = place.start()
    return template[:end] + filled


def _without_literals(section: str) -> tuple[str, list[str]]:
    """The section with a mark for each quoted or escaped piece, and the pieces; padding, colours and conditions are empty ones."""
    literals = [match[1] or match[2] or match[3] or "" for match in _LITERAL.finditer(section)]
    return _LITERAL.sub(_MARKS, section), literals


def _restore(text: str, literals: list[str]) -> str:
    parts = text.split(_MARKS)
    return parts[0] + "".join(literal + part for literal, part in zip(literals, parts[1:], strict=False))


def _digits(value: float, *, pattern: str, percent: int) -> str:
    """The absolute value with the pattern's decimals, thousands separators and scale."""
    whole, _, fraction = pattern.rstrip(",").partition(".")
    scale = len(pattern) - len(pattern.rstrip(","))
    try:
        number = (
            abs(Decimal(repr(value))).scaleb(2 * percent - 3 * scale).quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
        )
    except InvalidOperation:
        return _general(abs(value))
    least = whole.count("0") + (len(fraction) + 1 if fraction else 0)
    shown = f"{number:,f}" if "," in whole else f"{number:f}".zfill(least)
    optional = len(fraction) - len(fraction.rstrip("#?"))
    for _ in range(optional):
        if shown.endswith("0"):
            shown = shown[:-1]
    return shown.rstrip(".") if fraction else shown


def _general(value: float) -> str:
    """As Excel's General: up to eleven digits, no trailing zeros."""
    if isinstance(value, int) or value == int(value):
        return str(int(value)) if abs(value) < 1e15 else f"{value:.11g}"
    return f"{value:.11g}"
