"""Spreadsheet values as printed: the part of Excel's number formats that reports use."""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_LITERAL = re.compile(r"\"([^\"]*)\"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.")
_PLACES = re.compile(r"[#0?][#0?,]*(?:\.[#0?]+)?,*|\.[#0?]+")
_DAY_TOKEN = re.compile(r"d", re.IGNORECASE)
_YEAR_TOKEN = re.compile(r"y", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MARKS = "\ue000"


def display(value: float | date | datetime | time | timedelta, *, number_format: str) -> str:
    """The value as the sheet shows it. Dates are ISO unless the format shows no day ("Mar 2026") or only the year."""
    if isinstance(value, date):
        return _date(value, number_format=number_format)
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        return str(value)
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


def _number(value: float, *, sections: list[str]) -> str:
    own_negative = value < 0 and len(sections) > 1 and bool(sections[1].strip())
    section = sections[1] if own_negative else sections[0]
    if value == 0 and len(sections) > 2 and sections[2].strip():
        section = sections[2]
    template, literals = _without_literals(section)
    places = _PLACES.search(template)
    if places is None and value == 0 and literals and "general" not in template.lower():
        return _restore(template, literals).strip()
    if places is None or re.search(r"[eE][+-]|/|@|general", template, re.IGNORECASE):
        return _general(value)
    digits = _digits(value, pattern=places[0], percent=template.count("%"))
    sign = "-" if value < 0 and not own_negative and re.search("[1-9]", digits) else ""
    return sign + _restore(template[: places.start()] + digits + template[places.end() :], literals).strip()


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
    shown = f"{number:,f}" if "," in whole else f"{number:f}"
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
