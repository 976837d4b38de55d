"""Numbers and periods as printed and as meant: exact spans, signs, scales, units; decimal throughout.

``find_numbers`` reads English print: ``EUR 4.2 billion``, ``(12.5)%``, ``3-5 %``, ``92 EUR/kWh``, ``two percentage points``, ``5.1x``.
Digits inside names such as ``KX-4471``, ``Q2`` or ``CO2`` are not numbers. ``comparable`` brings a number to a base unit, ``same``
compares two exactly. ``find_periods`` reads years, quarters, halves, months, days, fiscal years, spans and parts of a year.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from rag.language import in_english_figures, in_english_times
from rag.patterns import regex
from rag.remembered import remembered
from rag.types import Number, NumberKind

# ── units ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_SCALES = {
    "thousand": 3, "thousands": 3, "k": 3, "million": 6, "millions": 6, "m": 6, "mn": 6, "mln": 6, "mm": 6,
    "billion": 9, "billions": 9, "bn": 9, "b": 9, "trillion": 12, "trillions": 12, "tn": 12, "trn": 12,
    "mio": 6, "mrd": 9, "millionen": 6, "milliarden": 9, "milliard": 9, "milliards": 9, "lakh": 5, "lakhs": 5, "crore": 7, "crores": 7,
}  # fmt: skip
_SYMBOLS = {
    "US$": "USD", "HK$": "HKD", "A$": "AUD", "C$": "CAD", "S$": "SGD", "R$": "BRL", "NT$": "TWD", "NZ$": "NZD", "MX$": "MXN",
    "AU$": "AUD", "CA$": "CAD",
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₪": "ILS",
}  # fmt: skip
_CODES = (
    "EUR USD GBP JPY CNY INR CHF SEK NOK DKK PLN CZK HUF AUD CAD NZD HKD SGD KRW BRL MXN ZAR ILS THB TWD TRY RUB UAH RON ISK AED SAR QAR "
    "IDR MYR VND PKR NGN EGP"
).split()
_MARKS = {"RMB": "CNY", "Rs.": "INR", "Rs": "INR"} | {code: code for code in _CODES}
"""Written with letters alone, before a figure or behind it."""
_CURRENCY_WORDS = {
    "euro": "EUR", "euros": "EUR", "us dollars": "USD", "u.s. dollars": "USD", "dollars": "USD", "dollar": "USD", "pounds sterling": "GBP",
    "yen": "JPY", "yuan": "CNY", "rmb": "CNY", "rupees": "INR", "swiss francs": "CHF", "kronor": "SEK", "kroner": "NOK", "zloty": "PLN",
}  # fmt: skip
_SHARES = {
    "%": "%", "per cent": "%", "percent": "%", "pct": "%", "% points": "pp", "%-points": "pp", "per cent points": "pp", "pp": "pp",
    "percentage points": "pp", "percentage point": "pp", "percentage-point": "pp", "ppt": "pp", "ppts": "pp", "p.p.": "pp",
    "basis points": "bp", "basis point": "bp", "basis-point": "bp", "bps": "bp", "bp": "bp",
}  # fmt: skip
_BASES = {
    "Wh": {"Wh": "1", "kWh": "1e3", "MWh": "1e6", "GWh": "1e9", "TWh": "1e12"},
    "W": {"W": "1", "kW": "1e3", "MW": "1e6", "GW": "1e9", "TW": "1e12"},
    "kg": {"mg": "1e-6", "g": "1e-3", "kg": "1", "t": "1e3", "kt": "1e6", "Mt": "1e9", "short ton": "907.18474"},
    "l": {"ml": "1e-3", "l": "1", "m³": "1e3"},
    "m": {"mm": "1e-3", "cm": "1e-2", "m": "1", "km": "1e3"},
    "m²": {"m²": "1", "km²": "1e6", "ha": "1e4"},
    "second": {"second": "1", "minute": "60", "hour": "3600", "day": "86400", "week": "604800"},
    "month": {"month": "1", "year": "12"},
    "V": {"mV": "1e-3", "V": "1", "kV": "1e3"},
    "Ah": {"mAh": "1e-3", "Ah": "1"},
}
"""Base unit -> unit as kept -> factor to the base."""
_WORDS = {
    "kilowatt-hour": "kWh", "kilowatt-hours": "kWh", "kilowatt hour": "kWh", "kilowatt hours": "kWh", "megawatt-hour": "MWh",
    "megawatt-hours": "MWh", "megawatt hours": "MWh", "gigawatt-hours": "GWh", "gigawatt hours": "GWh", "terawatt-hours": "TWh",
    "terawatt hours": "TWh", "kilowatt": "kW", "kilowatts": "kW", "megawatt": "MW", "megawatts": "MW", "gigawatt": "GW",
    "gigawatts": "GW", "tonne": "t", "tonnes": "t", "metric tons": "t", "metric ton": "t", "short tons": "short ton",
    "short ton": "short ton", "tons": "ton", "ton": "ton",
    "kilogram": "kg", "kilograms": "kg", "kilogrammes": "kg", "grams": "g", "litre": "l", "litres": "l", "liter": "l", "liters": "l",
    "m3": "m³", "cubic metre": "m³", "cubic metres": "m³", "cubic meters": "m³", "m2": "m²", "square metres": "m²",
    "square meters": "m²", "square kilometres": "km²", "hectare": "ha", "hectares": "ha", "kilometre": "km", "kilometres": "km",
    "kilometers": "km", "metre": "m", "metres": "m", "meters": "m", "seconds": "second", "minutes": "minute", "hours": "hour", "h": "hour",
    "days": "day", "weeks": "week", "months": "month", "years": "year", "volt": "V", "volts": "V", "second": "second",
    "minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month", "year": "year",
    "barrel": "barrel", "barrels": "barrel", "degrees celsius": "°C", "°C": "°C", "mile": "mile", "miles": "mile",
    "working days": "working day", "working day": "working day", "cycle": "cycle", "cycles": "cycle", "bushel": "bushel",
    "bushels": "bushel", "acre": "acre", "acres": "acre", "gallon": "gallon", "gallons": "gallon", "cent": "cent", "cents": "cent",
    "square feet": "square foot", "square foot": "square foot", "pounds": "pound", "pound": "pound",
}  # fmt: skip
COUNTED = (
    "cycle "
    "jobs people persons employees workers staff technicians engineers electricians apprentices inhabitants households homes families "
    "customers companies firms sites plants projects units vehicles cars trucks systems batteries modules containers installations "
    "applications responses tenders bids patents shares posts vacancies permits licences countries beds flats stores outlets stations"
).split()
"""Things that are counted; the noun is the unit: "4,200 jobs"."""
_COUNTED_ONE = {noun.removesuffix("s"): noun for noun in COUNTED if noun not in ("people", "staff")} | {
    "person": "persons", "company": "companies", "family": "families", "battery": "batteries", "vacancy": "vacancies",
    "country": "countries", "head": "head", "capita": "capita", "cell": "cells",
}  # fmt: skip


def _measures() -> tuple[dict[str, str], dict[str, tuple[str, Decimal]]]:
    """(alias -> unit as kept, unit as kept -> (base unit, factor))."""
    factors = {name: (base, Decimal(factor)) for base, members in _BASES.items() for name, factor in members.items()}
    kept = {name: name for name in factors if name not in ("m", "second", "minute", "hour", "day", "week", "month", "year")}
    return kept | _WORDS | {noun: noun for noun in COUNTED}, factors | {"bp": ("pp", Decimal("0.01"))}


_UNITS, _FACTORS = _measures()
SHARES = frozenset(_SHARES.values())
"""Units that no scale word goes with: per cent, percentage points, basis points."""
CURRENCIES = frozenset(_SYMBOLS.values()) | frozenset(_CODES)
"""As units are kept: "EUR"."""
MEASURES = frozenset(_FACTORS) - {"second", "minute", "hour", "day", "week", "month", "year", "m", "pp", "bp"} | {"%"}
"""Units that say nothing but what a figure is counted in: "MWh", "t", "%"."""
_ALIASES = _UNITS | _SHARES | _CURRENCY_WORDS | _MARKS | _SYMBOLS
_LOWERED = {
    alias.lower(): unit for alias, unit in _ALIASES.items() if len(alias) > 3 or alias in ("%", "yen", "rmb", "pct", "pp", "bps", "bp")
}


def _either(names: Mapping[str, str] | list[str]) -> str:
    """Alternatives for a pattern, longest first; words of four letters and more in any case, symbols exactly."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(_loose(name) if name.lower() in _LOWERED else re.escape(name) for name in ordered)


def _loose(name: str) -> str:
    return "(?i:" + r"\s".join(re.escape(part) for part in name.split(" ")) + ")"


def _joined(name: str | None) -> str:
    """A unit's name as the tables have it, where a line ended within it."""
    return " ".join((name or "").split())


_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLED = {word: value for value, word in enumerate(_ONES.split())} | {word: 10 * (i + 2) for i, word in enumerate(_TENS.split())}
_CONTINENTAL = regex(r"\d{1,3}(?:\.\d{3})+,\d+")
"""1.842,6"""
_NUMERAL = regex(
    rf"(?<!\d)(?P<digits>{_CONTINENTAL.pattern}(?![\d,])|"
    r"(?:\d{1,3}(?:[,'’\u00a0\u202f\u2009]\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"|(?P<word>\b(?i:(?:" + "|".join(_TENS.split()) + r")-(?:" + "|".join(_ONES.split()[1:10]) + r")|" + "|".join(_SPELLED) + r")\b)"
)
_MARK = rf"(?:(?<![A-Za-z])(?:{_either(_SYMBOLS)})|\b(?:{'|'.join(map(re.escape, _MARKS))}))"
"""A currency's sign, its own letters included: the "$" of "TT$5" is none that is known here."""
_HEAD = regex(rf"(?P<sign>[-+−–])?(?P<currency>{_MARK}\s?)?(?P<sign2>[-+−–])?(?P<paren>\()?$")
_SCALE = "|".join(sorted((f"(?i:{word})" if len(word) > 3 else word for word in _SCALES), key=lambda word: (-len(word), word)))
_TAIL = regex(
    rf"(?P<close>\))?(?:(?P<gap>\s?)(?P<scale>{_SCALE}|K|M|MM|B|Bn|BN|(?:Mio|Mrd)\b\.?)(?!\w))?"
    rf"(?:[\s-]?(?P<unit>{_either(_ALIASES)}|(?<=\d)[xX×](?!\s?\d))(?!\w))?"
    rf"(?:\s?(?:/|\bper\s)\s?(?P<per>{_either(_UNITS | _COUNTED_ONE)})(?!\w))?"
)
_COMMA_DECIMAL = regex(
    rf",(\d{{1,2}})(?=\s?(?:%|per\s?cent\b|(?:Mio|Mrd|(?i:millions?|billions?|millionen|milliarden|milliards?|mln|bn|mn))\b|(?:{_either(_ALIASES)})(?!\w)))"
)
"""One or two digits behind a comma are no thousands: "3,5 %", "5,3 Mrd."."""
_SPACED = regex(rf"(?: \d{{3}})+(?!\d)(?=\s(?:{_either(_ALIASES)}|(?i:million|thousand|billion))(?!\w))")
_ORDINAL = regex(r"(?:st|nd|rd|th)\b")
_PREFIXES = frozenset("mid early late pre post sub non over under near end year about some plus minus".split())
_JOINED_BEFORE = regex(r"([^\W\d_][\w.]*)[-–/]$")
_MILLIONS_OF = regex(rf"\s(?:{_either(_UNITS)})\b")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A number before ranges are settled: what its own characters say."""

    number: Number
    exponent: int | None
    """Power of ten of its scale word; None without one."""


@remembered(16_384)
def find_numbers(text: str) -> tuple[Number, ...]:
    """Every number of the text in order, with its exact span, its value with sign and scale, and its unit.

    Brackets mean minus where the text is nothing else, as in a table's cell, and where the sign or the currency stands outside them:
    ``(12.5)%``, ``$(3)``. The ends of a range share the unit: ``3-5 %``, ``between 3 and 5 per cent``. A German or French sentence is read
    as it writes figures: ``305.000 Stück``, ``3,5 Prozent``, ``307 000 unités``.
    """
    english = in_english_figures(text)
    if english == text:
        return _find_numbers(text)
    return tuple(_as_written(number, text) for number in _find_numbers(english))


def _as_written(number: Number, text: str) -> Number:
    """A number of the same text with its figures as English writes them, as the text itself prints it, to the end of its last word."""
    end = number.end
    while end < len(text) and text[end - 1].isalpha() and text[end].isalpha():
        end += 1
    return replace(number, end=end, printed=text[number.start : end])


def _find_numbers(text: str) -> tuple[Number, ...]:
    readings: list[_Reading] = []
    for match in _NUMERAL.finditer(text):
        taken = readings[-1].number.end if readings else 0
        reading = _read(text, match, taken=taken) if match.start() >= taken else None
        if reading is not None:
            readings.append(reading)
    for at in range(len(readings) - 1):
        readings[at : at + 2] = _settle_range(text, readings[at], readings[at + 1])
    return tuple(reading.number for reading in readings)


def _read(text: str, match: re.Match[str], *, taken: int) -> _Reading | None:
    """What stands before ``taken`` is the number's before it: its unit is no currency of this one."""
    start, end = match.span()
    digits = match["digits"] or ""
    if digits and len(digits) <= 3 and "." not in digits and (comma := _COMMA_DECIMAL.match(text, end)):
        digits, end = f"{digits}.{comma[1]}", comma.end()
    elif digits and len(digits) <= 3 and (groups := _SPACED.match(text, end)):
        digits, end = digits + groups[0], groups.end()
    window = text[max(taken, start - 16) : start]
    head = _HEAD.search(window)
    tail = _TAIL.match(text, end)
    if head is None or tail is None or _is_name(text, start=start - len(head[0]), numeral=start, end=end, tail=tail, head=head):
        return None
    if ordinal := _ORDINAL.match(text, end):
        return _plain(text, start=start, end=ordinal.end(), digits=digits, unit="ordinal") if digits else None
    if match["word"] and not (tail["unit"] or tail["scale"]):
        return None
    return _Reader(text=text, start=start, end=end, head=head, tail=tail, magnitude=_magnitude(match["word"], digits)).read()


def _magnitude(word: str | None, digits: str) -> Decimal:
    if word:
        return Decimal(sum(_SPELLED[part] for part in word.lower().split("-")))
    if _CONTINENTAL.fullmatch(digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    return Decimal(re.sub(r"[,'’ \u00a0\u202f\u2009]", "", digits))


def _plain(text: str, *, start: int, end: int, digits: str, unit: str) -> _Reading:
    number = Number(start=start, end=end, printed=text[start:end], value=_magnitude(None, digits), unit=unit, kind="plain")
    return _Reading(number=number, exponent=None)


def _is_name(text: str, *, start: int, numeral: int, end: int, tail: re.Match[str], head: re.Match[str]) -> bool:
    """True when the digits belong to a name: KX-4471, CO2, 3D, 10-K, MESO/D/2026/077."""
    before = text[start - 1 : start]
    if before.isalnum() and not _is_joined_number(text, start=start, numeral=numeral) and not (before.isdigit() and head["sign"]):
        return True
    if before in "_#@" and before:
        return True
    if re.search(r"\d\.$", text[max(0, numeral - 2) : numeral]):
        return True
    joined = _JOINED_BEFORE.search(text[max(0, numeral - 30) : numeral])
    if joined and not head["currency"] and joined[1] not in _UNITS and not _is_plain_prefix(joined[1]):
        return True
    if re.search(r"[A-Za-z][\w]*[-/]\w+[-/]$", text[max(0, numeral - 30) : numeral]):
        return True
    after = text[end : end + 2]
    unread = tail.end() == end and not _ORDINAL.match(text, end)
    in_name = bool(re.match(r"[^\W\d_]|-[A-Z](?![a-z]{3})|\.\d", after)) and not re.match(
        r"-Q[1-4]|-H[12]|[EFef]\b|s\b", text[end : end + 3]
    )
    return unread and in_name


def _is_joined_number(text: str, *, start: int, numeral: int) -> bool:
    """True for a hyphen between a plain word such as "mid" and the digits."""
    joined = _JOINED_BEFORE.search(text[max(0, numeral - 30) : numeral])
    return joined is not None and start <= numeral and (joined[1] in _UNITS or _is_plain_prefix(joined[1]))


def _is_plain_prefix(word: str) -> bool:
    return word.lower() in _PREFIXES or word.lower().endswith("year")


@dataclass(frozen=True, slots=True)
class _Reader:
    """One numeral with what stands before and after it."""

    text: str
    start: int
    end: int
    head: re.Match[str]
    tail: re.Match[str]
    magnitude: Decimal

    def read(self) -> _Reading:
        exponent = self._exponent()
        start, end = self._start(), self._end(exponent)
        unit = self._unit(exponent)
        value = self.magnitude.scaleb(exponent or 0) * (-1 if self._is_negative(start, end) else 1)
        kind = _kind(unit)
        if kind == "plain" and exponent is None and self._is_year(value):
            kind, value = "year", self._full_year(value)
        number = Number(start=start, end=end, printed=self.text[start:end], value=_tidy(value), unit=unit, kind=kind)
        return _Reading(number=number, exponent=exponent)

    def _exponent(self) -> int | None:
        scale = self.tail["scale"]
        if scale is None:
            return None
        if scale in ("k", "K", "b", "B", "M", "MM", "mm") and not self.head["currency"] and (self.tail["gap"] or scale in ("mm", "b")):
            return None
        if scale == "m" and not self.head["currency"]:
            counted = self.tail["unit"] or _MILLIONS_OF.match(self.text, self.tail.end("scale"))
            return 6 if counted else None
        return _SCALES[scale.lower().rstrip(".")]

    def _unit(self, exponent: int | None) -> str:
        per = _joined(self.tail["per"])
        below = "" if not per else _LOWERED.get(per.lower(), _UNITS.get(per, _COUNTED_ONE.get(per.lower(), per)))
        above = self._own_unit(exponent)
        return f"{above}/{below}" if below else above

    def _own_unit(self, exponent: int | None) -> str:
        if self.head["currency"]:
            sign = self.head["currency"].strip()
            return _SYMBOLS.get(sign) or _MARKS[sign]
        unit = _joined(self.tail["unit"])
        if unit in ("x", "X", "×"):
            return "x"
        if unit:
            return _LOWERED.get(unit.lower()) or _ALIASES[unit]
        return "m" if exponent is None and self.tail["scale"] == "m" else ""

    def _start(self) -> int:
        at = self.start - len(self.head[0])
        if self._sign() and self._sign() == self.head["sign"]:
            return at
        if self.head["currency"]:
            return at + len(self.head["sign"] or "")
        return self.start - 1 if self._sign() or self._brackets_are_minus() else self.start

    def _end(self, exponent: int | None) -> int:
        tail = self.tail
        if tail["per"]:
            end = tail.end("per")
        elif tail["unit"]:
            end = tail.end("unit")
        elif tail["scale"] and (exponent is not None or tail["scale"] == "m"):
            end = tail.end("scale")
        else:
            end = self.end
        if not self._brackets_are_minus():
            return end
        return max(end, tail.end("close")) if tail["close"] else self.text.index(")", end) + 1

    def _sign(self) -> str:
        """The sign in front, unless it is the hyphen of a range or a word."""
        sign = self.head["sign2"] or self.head["sign"] or ""
        at = self.start - len(self.head[0])
        before = self.text[at - 1 : at] if at else ""
        if self.head["sign2"] and not self.head["sign"]:
            return sign if self.head["currency"] else ""
        return "" if before.isalnum() or (before in ")%€$£" and before) else sign

    def _brackets_are_minus(self) -> bool:
        if not self.head["paren"]:
            return False
        if self.tail["close"]:
            alone = self.text[: self.start - len(self.head[0])].strip() == "" and self.text[self.tail.end() :].strip() == ""
            return alone or bool(self.head["currency"]) or bool(self.tail["unit"] or self.tail["scale"])
        return bool(re.fullmatch(r"\s*\(?\s*", self.text[: self.start])) and self.text[self.tail.end() :].strip() == ")"

    def _is_negative(self, start: int, end: int) -> bool:
        return self._sign() in ("-", "−", "–") if self._sign() else self._brackets_are_minus()

    def _is_year(self, value: Decimal) -> bool:
        printed = self.text[self.start : self.end]
        if self._sign() or "." in printed or not printed.isdigit():
            return False
        return (len(printed) == 4 and 1900 <= value <= 2100) or self._follows_year(printed)

    def _follows_year(self, printed: str) -> bool:
        """True for the 26 of 2024-26 and the 25 of 2024/25."""
        before = re.search(r"(?<!\d)(?:19|20)(\d\d)[-–/]$", self.text[max(0, self.start - 6) : self.start])
        return before is not None and len(printed) == 2 and int(printed) > int(before[1])

    def _full_year(self, value: Decimal) -> Decimal:
        if value >= 100:
            return value
        return Decimal(self.text[self.start - 5 : self.start - 3] + f"{int(value):02d}")


def _kind(unit: str) -> NumberKind:
    own = unit.split("/")[0]
    shares: dict[str, NumberKind] = {"%": "percent", "pp": "percentage_points", "bp": "basis_points", "": "plain"}
    return shares.get(own) or ("money" if own in CURRENCIES else "quantity")


def _tidy(value: Decimal) -> Decimal:
    """The same value written without an exponent, so that it prints as digits."""
    return Decimal(format(value, "f"))


_RANGE_GAP = regex(r"\s?(?:[-–—]|to|and|or)\s?")
_BETWEEN = regex(r"(?i:between|from)\s(?:about\s|roughly\s|around\s|approximately\s)?$")


def _settle_range(text: str, low: _Reading, high: _Reading) -> list[_Reading]:
    """The two ends of a range with the unit and scale that one of them lacks."""
    between = text[low.number.end : high.number.start]
    if (
        not _RANGE_GAP.fullmatch(between)
        or "year" in (low.number.kind, high.number.kind)
        or "ordinal" in (low.number.unit, high.number.unit)
    ):
        return [low, high]
    own = {reading.number.unit for reading in (low, high) if reading.number.unit and not reading.number.unit.startswith("/")}
    if len({unit.split("/")[0] for unit in own}) > 1:
        return [low, high]
    if between.strip() in ("and", "or") and not _BETWEEN.search(text[: low.number.start]):
        return [low, high]
    unit = low.number.unit or high.number.unit
    if high.number.unit.startswith("/") and low.number.unit:
        unit = low.number.unit + high.number.unit
    exponent = low.exponent if high.exponent is None else high.exponent
    if exponent is not None and unit in SHARES:
        return [low, high]  # "grew 13% to 61.3 million"
    return [_with_unit(low, unit=unit, exponent=exponent), _with_unit(high, unit=unit, exponent=exponent)]


def _with_unit(reading: _Reading, *, unit: str, exponent: int | None) -> _Reading:
    number = reading.number
    scaled = reading.exponent is not None or exponent is None or number.unit.startswith("/")
    if number.unit and scaled and not unit.startswith(number.unit + "/") and not number.unit.startswith("/"):
        return reading
    value = number.value if reading.exponent is not None else number.value.scaleb(exponent or 0)
    settled = replace(number, value=_tidy(value), unit=unit, kind=_kind(unit))
    return _Reading(number=settled, exponent=reading.exponent if reading.exponent is not None else exponent)


def comparable(number: Number) -> tuple[Decimal, str]:
    """The value in a base unit, and that unit: 4.2 GWh is (4200000000, "Wh"), 90 bp is (0.9, "pp"), EUR 92/MWh is in "EUR/Wh"."""
    if number.kind == "year":
        return number.value, "calendar year"
    above, _, below = number.unit.partition("/")
    base, factor = _FACTORS.get(above, (above, Decimal(1)))
    if not below:
        return number.value * factor, base
    base_below, factor_below = _FACTORS.get(below, (below, Decimal(1)))
    return number.value * factor / factor_below, f"{base}/{base_below}"


def same(one: Number, other: Number) -> bool:
    """True when both mean exactly the same: equal values once both are in the base unit."""
    return comparable(one) == comparable(other)


@remembered(8_192)
def unit_in(words: str) -> tuple[str, Decimal, str]:
    """(unit, scale factor, the words that say so) of a table's header, caption or label; ("", 1, "") without one.

    "EUR thousand" is ("EUR", 1000, "EUR thousand"), "Capacity, MWh" ("MWh", 1, "MWh"), "Price (EUR/kWh)" ("EUR/kWh", 1, "EUR/kWh").
    """
    words = _PER_YEAR.sub("", words)
    if money := _HEADER_MONEY.search(words):
        mark, size = _of_money(money)
        return _currency(mark), Decimal(1).scaleb(size), money[0]
    if alone := _MARK_ALONE.search(words):
        return _currency(alone[1]), Decimal(1), alone[1]
    for match in reversed(list(_HEADER_UNIT.finditer(words))):
        number = next(iter(find_numbers(f"1 {match[0]}")), None)
        if number is not None and number.unit:
            return number.unit, _tidy(number.value), match[0]
    return "", Decimal(1), ""


SCALE_SAID = r"(?:(?:[\w$€£]+ )?in (?:[\w$€£]+ )?|(?<=\())(?:thousands|millions|billions)"
"""How a table says the scale of its values, as an expression: "In thousands", "dollars in millions", "in USD millions", "(Millions)"."""
_PER_YEAR = regex(r"(?i:\s(?:a|per|each)\s(?:year|month|week|day))\b")
_LARGE = r"(?:(?i:thousand|million|billion|trillion|mln|crore|lakh)(?i:s)?|(?i:mio|mrd)\b\.?)"
_NOUN = r"(?i:euros?|(?:us |u\.s\. )?dollars|yen|yuan|rupees|kronor|kroner|zloty|swiss francs|pounds sterling)"
_HEADER_MONEY = regex(
    rf"(?P<mark>{_MARK}|\b{_NOUN})\s?(?:(?i:in)\s|\(in\s)?['’]?(?P<size>(?:{_LARGE}|MM|mm|(?:bn|mn|m|k)s?)(?!\w)|[MKB]\b|(?<!\d)000s?\b)|"
    rf"\b(?P<size2>{_LARGE})\s?(?:of\s)?(?P<mark2>{_MARK}|{_NOUN})(?!\w)|"
    rf"(?<![\w.])(?P<size3>[TMkKm])(?P<mark3>{'|'.join(_CODES)}|[€£])(?!\w)"
)
"""How a label says money and its scale: "EUR million", "US$'000", "RMB’Million", "dollars in millions", "millions of euros", "TEUR"."""
_MARK_ALONE = regex(rf"\(({_MARK})\)$")
"""A currency's mark in brackets, without a scale: "Price ($)"."""
_GLUED = {"t": 3, "k": 3, "m": 6}
"""Before a code: "TEUR" counts in thousands, as German print does."""
SCALE_WORDS = {
    10**power: word for power, word in {3: "thousand", 5: "lakh", 6: "million", 7: "crore", 9: "billion", 12: "trillion"}.items()
}
"""Scale -> how prose says it."""
_AS_PRINTED = frozenset("bn mn k".split())
"""Sizes that prose prints too."""


def _of_money(found: re.Match[str]) -> tuple[str, int]:
    """(the currency as printed, the power of ten of its scale)."""
    if found["mark3"]:
        return found["mark3"], _GLUED[found["size3"].lower()]
    size = (found["size"] or found["size2"]).lower().rstrip(".")
    return found["mark"] or found["mark2"], 3 if size.startswith("000") else _SCALES.get(size) or _SCALES[size.rstrip("s")]


def _currency(mark: str) -> str:
    return _SYMBOLS.get(mark) or _MARKS.get(mark) or _LOWERED[" ".join(mark.lower().split())]


def is_money(words: str) -> bool:
    """True for a currency alone, without a scale: "EUR", "US$", "dollars"."""
    return words in _SYMBOLS or words in _MARKS or re.fullmatch(_NOUN, words) is not None


def scaled_money(words: str, scale: str) -> str:
    """A currency with a scale that is said apart, as one unit: "US$ million", "million dollars"."""
    return f"{scale} {words}" if re.fullmatch(_NOUN, words) else f"{words} {scale}"


_LEADING_MONEY = regex(rf"{_MARK}(?!\w)\s?")
_HEADED = [name for name in _ALIASES if name == "%" or (len(name) > 1 and name not in ("second", "minute", "day"))]
_HEADER_UNIT = regex(
    rf"(?<![\w])(?:(?:thousand|million|billion)\s)?(?:{_either(_HEADED)})"
    rf"(?:\s?(?:/|per\s)\s?(?:{_either(_UNITS | _COUNTED_ONE)}))?(?!&?\w)"
)

# ── periods ───────────────────────────────────────────────────────────────────────────────────────────────────────

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|"
    r"Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "final": 4, "last": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_NTH_WORD = r"(?P<nth>" + "|".join(_NTH) + ")"


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodMention:
    """A period where a text names it."""

    label: str
    """Normalised: "2025", "2025-Q3", "2025-H1", "2025-09", "2025-09-30", "FY2025", "2024/2025", "2024-2026", "2025-end", "2026-06/12m",
    "2025-05/5m"."""
    start: int
    end: int
    relative: bool = False
    """True when the year was taken from the document's date: "this year", "in October"."""


def _month_number(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _century(short: str, *, like: str = "20") -> str:
    return short if len(short) == 4 else like + short


_COUNTS = "one two three four five six seven eight nine ten eleven twelve".split()
_MONTHS_LONG = r"(?P<count>[1-9]|1[0-2]|(?i:" + "|".join(_COUNTS) + "))"


def _months_to(year: str, month: int, count: int) -> str:
    """The label of so many months to the end of a month: a quarter or a half where they are one, else "2025-05/5m"."""
    if count == 3 and month % 3 == 0:
        return f"{year}-Q{month // 3}"
    if count == 6 and month % 6 == 0:
        return f"{year}-H{month // 6}"
    return f"{year}-{month:02d}/{count}m"


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _COUNTS.index(word.lower()) + 1


_EXPLICIT: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = tuple(
    (regex(pattern), label)
    for pattern, label in (
        (
            rf"(?i:(?:twelve|12)[\s-]months?|years?)\s(?i:to|ended|ending)\s(?:the\s)?(?:end\sof\s|end-)?(?:\d{{1,2}}\s)?(?i:{_MONTH})\s(?:\d{{1,2}},\s)?{_YEAR}\b",
            lambda m: f"{m['year']}-{_month_number(m['month']):02d}/12m",
        ),
        (
            rf"\b{_MONTHS_LONG}[\s-](?i:months?)\s(?:period\s)?(?i:to|ended|ending)\s(?:the\s)?(?:end\sof\s|end-)?(?:\d{{1,2}}\s)?(?i:{_MONTH})\s(?:\d{{1,2}},\s)?{_YEAR}\b",
            lambda m: _months_to(m["year"], _month_number(m["month"]), _count(m["count"])),
        ),
        (
            rf"(?i:\bquarter\s(?:ended|ending))\s(?:\d{{1,2}}\s)?(?i:{_MONTH})\s(?:\d{{1,2}},\s)?{_YEAR}\b",
            lambda m: _months_to(m["year"], _month_number(m["month"]), 3),
        ),
        (rf"(?i:\b{_MONTH})\s{_YEAR}\s(?i:quarter)\b", lambda m: _months_to(m["year"], _month_number(m["month"]), 3)),
        (
            rf"(?i:\b{_MONTH})\s{_YEAR}\s(?i:year[- ]to[- ]date)\b",
            lambda m: _months_to(m["year"], _month_number(m["month"]), _month_number(m["month"])),
        ),
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])-(?P<d>[0-3]\d)\b", lambda m: f"{m['year']}-{m['m']}-{m['d']}"),
        (
            rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th)?\s(?i:{_MONTH})\s{_YEAR}\b",
            lambda m: f"{m['year']}-{_month_number(m['month']):02d}-{int(m['d']):02d}",
        ),
        (
            rf"\b{_MONTH}\s(?P<d>[0-3]?\d)(?:st|nd|rd|th)?,\s{_YEAR}\b",
            lambda m: f"{m['year']}-{_month_number(m['month']):02d}-{int(m['d']):02d}",
        ),
        (
            r"\b(?:FY|(?i:fiscal(?:\syear)?|financial\syear))\s?(?P<year>(?:19|20)\d\d)(?:[/-](?P<to>\d\d))?\b",
            lambda m: f"FY{m['year']}" + (f"/{m['year'][:2]}{m['to']}" if m["to"] else ""),
        ),
        (r"\bFY\s?(?P<yy>\d\d)\b", lambda m: f"FY20{m['yy']}"),
        (
            r"\bQ(?P<q>[1-4])(?:\s|/|-|’|'|\sof\s)?(?P<year>(?:19|20)\d\d|(?<=['’])\d\d|(?<=Q\d)\d\d)\b",
            lambda m: f"{_century(m['year'])}-Q{m['q']}",
        ),
        (r"\b(?P<q>[1-4])Q\s?(?P<year>(?:20)?\d\d)\b", lambda m: f"{_century(m['year'])}-Q{m['q']}"),
        (r"\b(?P<year>(?:19|20)\d\d)[-\s]?Q(?P<q>[1-4])\b", lambda m: f"{m['year']}-Q{m['q']}"),
        (rf"(?i:\b{_NTH_WORD}[\s-]quarter)\s(?:of\s)?{_YEAR}\b", lambda m: f"{m['year']}-Q{_NTH[m['nth'].lower()]}"),
        (
            r"\bH(?P<h>[12])(?:\s|/|-|’|')?(?P<year>(?:19|20)\d\d|(?<=['’])\d\d|(?<=H\d)\d\d)\b",
            lambda m: f"{_century(m['year'])}-H{m['h']}",
        ),
        (r"\b(?P<h>[12])H\s?(?P<year>(?:20)?\d\d)\b", lambda m: f"{_century(m['year'])}-H{m['h']}"),
        (r"\b(?P<year>(?:19|20)\d\d)[-\s]?H(?P<h>[12])\b", lambda m: f"{m['year']}-H{m['h']}"),
        (rf"(?i:\b(?P<nth>first|second)[\s-]half)\s(?:of\s)?{_YEAR}\b", lambda m: f"{m['year']}-H{_NTH[m['nth'].lower()]}"),
        (rf"(?i:\b{_MONTH})\s(?:of\s)?{_YEAR}\b", lambda m: f"{m['year']}-{_month_number(m['month']):02d}"),
        (r"\b(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9])\b", lambda m: f"{m['year']}-{m['m']}"),
        (r"\b(?P<year>(?:19|20)\d\d)(?P<sep>[-–/])(?P<to>(?:(?:19|20)\d\d|\d\d))\b", lambda m: _span_of_years(m)),
        (rf"(?i:\b(?P<part>early|mid|late|end)[\s-](?:of\s)?){_YEAR}\b", lambda m: f"{m['year']}-{m['part'].lower()}"),
        (rf"(?i:\b(?:year-end|end-year)\s){_YEAR}\b", lambda m: f"{m['year']}-end"),
        (
            rf"(?i:\b(?P<part>spring|summer|autumn|fall|winter)\s(?:of\s)?){_YEAR}\b",
            lambda m: f"{m['year']}-{m['part'].lower().replace('fall', 'autumn')}",
        ),
    )
)


def _span_of_years(match: re.Match[str]) -> str | None:
    first, last = match["year"], _century(match["to"], like=match["year"][:2])
    if last <= first:
        return f"{first}-{match['to']}" if len(match["to"]) == 2 and 1 <= int(match["to"]) <= 12 and match["sep"] != "/" else None
    return f"{first}/{last}" if match["sep"] == "/" else f"{first}-{last}"


_BARE_MONTH = regex(
    r"\b(?P<lead>(?i:in|during|since|of|for))\s(?i:early\s|late\s|mid-)?(?P<month>"
    + "|".join(m.capitalize() for m in _MONTHS)
    + r")\b(?!\s\d)"
)
_MONTH_OF = regex(r"\b(?P<month>" + "|".join(m.capitalize() for m in _MONTHS if m != "may") + r")\s(?=[a-z])(?!(?:to|and|through|or)\b)")
"""A month before what it is the month of: "October home sales"."""
_BARE_QUARTER = regex(rf"(?i:\b{_NTH_WORD}[\s-]quarter)\b(?!\sof\s(?:our\s|the\s)?(?:fiscal|FY))")
_BARE_HALF = regex(r"(?i:\b(?P<nth>first|second)[\s-]half)\b(?!\sof\slast)")
_MONTHS_AHEAD = regex(rf"(?i:\b(?:over|in|during|for|within)\sthe\s(?:next|coming))\s{_MONTHS_LONG}[\s-](?i:months)\b")
_NEAR_YEAR = regex(r"(?i:\b(?P<which>this|last|next)\syear)\b(?!['’]s)")


@remembered(16_384)
def find_periods(text: str, *, published: date | None = None) -> tuple[PeriodMention, ...]:
    """Every period the text names, in order, no two overlapping.

    With the document's date, "this year", "in October" and "the second quarter" are read too: the latest one that had begun by then.
    A quarter or a month with its year is read in German and French, too.
    """
    text = in_english_times(text)
    found: list[PeriodMention] = []
    for start, end, label in _explicit(text):
        _keep(found, PeriodMention(label=label, start=start, end=end))
    for number in find_numbers(text):
        if number.kind == "year":
            _keep(found, PeriodMention(label=str(number.value), start=number.start, end=number.end))
    if published is not None:
        for mention in _relative(text, published):
            _keep(found, mention)
    return tuple(sorted(found, key=lambda mention: mention.start))


def _keep(found: list[PeriodMention], mention: PeriodMention) -> None:
    if all(mention.end <= other.start or other.end <= mention.start for other in found):
        found.append(mention)


def _explicit(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern, label in _EXPLICIT:
        for match in pattern.finditer(text):
            if (name := label(match)) is not None:
                yield match.start(), match.end(), name


def _relative(text: str, published: date) -> Iterator[PeriodMention]:
    def mention(match: re.Match[str], label: str) -> PeriodMention:
        return PeriodMention(label=label, start=match.start(), end=match.end(), relative=True)

    for match in _MONTHS_AHEAD.finditer(text):
        count = _count(match["count"])
        ends = published.year * 12 + published.month - 1 + count
        yield mention(match, f"{ends // 12}-{ends % 12 + 1:02d}/{count}m")
    for match in _NEAR_YEAR.finditer(text):
        yield mention(match, str(published.year + {"this": 0, "last": -1, "next": 1}[match["which"].lower()]))
    for match in _BARE_MONTH.finditer(text):
        month = _month_number(match["month"])
        yield replace(mention(match, f"{published.year - (month > published.month)}-{month:02d}"), start=match.start("month"))
    for match in _MONTH_OF.finditer(text):
        month = _month_number(match["month"])
        label = f"{published.year - (month > published.month)}-{month:02d}"
        yield replace(mention(match, label), end=match.end("month"))
    for match in _BARE_QUARTER.finditer(text):
        quarter = _NTH[match["nth"].lower()]
        yield mention(match, f"{published.year - (quarter * 3 - 2 > published.month)}-Q{quarter}")
    for match in _BARE_HALF.finditer(text):
        half = _NTH[match["nth"].lower()]
        yield mention(match, f"{published.year - (half * 6 - 5 > published.month)}-H{half}")


_PARTS = {"early": 3, "spring": 5, "mid": 6, "summer": 8, "late": 11, "autumn": 11, "winter": 12, "end": 12}
_MONTHLY = regex(r"\d{1,2}m")
"""The shape of so many months to the end of one."""
_ENDED = regex(r"\d\d/\d{1,2}m")
"""The part of a label that says which month's end, and how many."""
_LABEL = regex(r"(?:FY)?(?P<year>\d{4})(?:(?P<sep>[-/])(?P<part>.+))?")


def period_shape(label: str) -> str:
    """What a label names, so that only like is compared with like: year, fiscal, quarter, half, month, day, span, 12m, 5m, end, mid, ..."""
    match = _LABEL.fullmatch(label)
    part = match["part"] if match and match["part"] else ""
    if label.startswith("FY"):
        return "fiscal"
    shapes = (
        ("", "year"),
        (r"Q\d", "quarter"),
        (r"H\d", "half"),
        (r"\d\d", "month"),
        (r"\d\d-\d\d", "day"),
        (r"\d{4}", "span"),
    )
    if _ENDED.fullmatch(part):
        return part[3:]
    return next((shape for pattern, shape in shapes if re.fullmatch(pattern, part)), part)


def is_period(label: str) -> bool:
    """True for a label that ``find_periods`` can give: a year of four digits from 1000 on, with a part that there is."""
    match = _LABEL.fullmatch(label)
    if match is None or int(match["year"]) < 1000:
        return False
    shape, part = period_shape(label), match["part"] or ""
    if shape in ("quarter", "half"):
        return part[1] in ("1234" if shape == "quarter" else "12")
    if shape in ("month", "day") or _ENDED.fullmatch(part):
        return 1 <= int(part[:2]) <= 12 and (shape != "day" or int(part[3:5]) < 40)
    return shape in ("year", "fiscal", "span") or part in _PARTS


def period_words(label: str) -> str:
    """A period's label as people read it: "Q3 2025", "first half 2026", "September 2025", "end of 2025", "12 months to June 2026"."""
    year, _, part = label.partition("-")
    shape = period_shape(label)
    if shape == "quarter":
        return f"{part} {year}"
    if shape == "half":
        return f"{'first' if part == 'H1' else 'second'} half {year}"
    if shape == "month":
        return f"{_MONTHS[int(part) - 1].capitalize()} {year}"
    if shape == "day":
        return f"{int(part[3:])} {_MONTHS[int(part[:2]) - 1].capitalize()} {year}"
    if _MONTHLY.fullmatch(shape):
        return f"{shape[:-1]} months to {_MONTHS[int(part[:2]) - 1].capitalize()} {year}"
    if shape in ("end", "mid"):
        return f"{'end of' if shape == 'end' else 'middle of'} {year}"
    if shape == "span":
        return label.replace("-", "–")
    return f"{part} {year}" if part and shape not in ("year", "fiscal") else label


def period_when(label: str) -> str:
    """A period with its preposition: "in Q3 2025", "in the first half of 2026", "at the end of 2025", "on 30 June 2026"."""
    shape, words = period_shape(label), period_words(label)
    if shape == "half":
        return f"in the {words[:-5]} of {words[-4:]}"
    if shape in ("end", "mid") or _MONTHLY.fullmatch(shape):
        return f"{'in' if shape != 'end' else 'at'} the {words}"
    return f"{'on' if shape == 'day' else 'in'} {words}"


def with_unit(printed: str, words: str) -> str:
    """A table's value with the unit that its labels say, as prose prints it: "EUR 1,037.2 million", "EUR 212 per kWh", "320 MWh"."""
    if found := _HEADER_MONEY.fullmatch(words):
        return _printed_money(printed, found)
    money = _LEADING_MONEY.match(words)
    if not money:
        return f"{printed} {words}" if words and words != "%" else f"{printed}{words}"
    rest = words[money.end() :].strip()
    joined = "" if rest.startswith("/") or not rest else " "
    mark = money[0].strip()
    return f"{mark}{' ' if mark[-1].isalpha() else ''}{printed}{joined}{rest}"


def _printed_money(printed: str, found: re.Match[str]) -> str:
    mark, power = _of_money(found)
    size = (found["size"] or "").rstrip("s")
    said = SCALE_WORDS[10**power] if size not in _AS_PRINTED else size
    if re.fullmatch(_NOUN, mark):
        return f"{printed} {said} {mark.lower()}"
    front = f"{mark}{' ' if mark[-1].isalpha() or mark[-1] == '.' else ''}{printed}"
    return f"{front}m" if size in ("m", "M") else f"{front} {said}"


def period_order(label: str) -> tuple[int, int, int]:
    """(year, month, day) at which the period ends: what periods are sorted by."""
    match = _LABEL.fullmatch(label)
    if match is None:
        return (0, 0, 0)
    year, part, shape = int(match["year"]), match["part"] or "", period_shape(label)
    if shape in ("quarter", "half"):
        return year, int(part[1]) * (3 if shape == "quarter" else 6), 31
    if shape in ("month", "day") or _MONTHLY.fullmatch(shape):
        return year, int(part[:2]), int(part[3:5]) if shape == "day" else 31
    if shape == "span" or (shape == "fiscal" and part):
        return int(part), 12, 31
    return year, _PARTS.get(part, 12), 31
