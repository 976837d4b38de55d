"""The numbers that Word prints before headings and list items: they are in no text, but counted when the page is made
(ISO/IEC 29500-1, 17.9)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.patterns import regex

if TYPE_CHECKING:
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_PLACE = regex(r"%([1-9])")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"))
_SMALL_ROMAN = ("", "i", "ii", "iii", "iv")
_LARGEST_ROMAN = 4_000
_OFF = frozenset({"0", "false", "off"})


def _value(element: "_Element | None") -> str:
    return "" if element is None else (element.get(f"{_W}val") or "")


def _whole(element: "_Element | None", *, otherwise: int) -> int:
    value = _value(element)
    return int(value) if value.isdecimal() and len(value) < 10 else otherwise


@dataclass(frozen=True, kw_only=True, slots=True)
class _Level:
    start: int
    form: str
    """As "decimal", "upperRoman", "bullet"."""
    text: str
    """As "%1.%2"."""
    style: str
    """The id of the paragraph style that is numbered by it; empty for none."""
    is_legal: bool
    """All numbers of it are decimal."""
    goes_on: bool
    """It does not begin again below another number of a higher level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _List:
    scheme: str
    """What it counts by; lists of one scheme go on with each other's numbers."""
    levels: Mapping[int, _Level]
    begins: Mapping[int, int]
    """Level -> the number with which this list begins anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """What stands before a paragraph."""

    level: int
    """0-based."""
    form: str
    count: int
    label: str
    """As printed; empty for signs and for ways of counting that are not followed here."""


class Numbers:
    """The lists of a document and how far they have counted."""

    def __init__(self, root: "_Element | None", *, of_style: Callable[[str], str]) -> None:
        """``root``: of the numbering part. ``of_style``: the number of the list that a style of lists names."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._begun: set[str] = set()
        if root is None:
            return
        schemes = {one.get(f"{_W}abstractNumId") or "": one for one in root.iterchildren(f"{_W}abstractNum")}
        owners = {one.get(f"{_W}numId") or "": _value(one.find(f"{_W}abstractNumId")) for one in root.iterchildren(f"{_W}num")}
        for number in root.iterchildren(f"{_W}num"):
            identity = number.get(f"{_W}numId") or ""
            scheme = owners[identity]
            if scheme in schemes and (linked := _value(schemes[scheme].find(f"{_W}numStyleLink"))):
                scheme = owners.get(of_style(linked), scheme)
            if scheme in schemes:
                self._lists[identity] = _list(number, schemes[scheme], scheme=scheme)

    def level_of(self, number: str, *, styles: Collection[str]) -> str:
        """The level of a list that one of these paragraph styles stands on; empty where the list names none."""
        levels = self._lists[number].levels if number in self._lists else {}
        return next((str(at) for at, level in levels.items() if level.style and level.style in styles), "")

    def next(self, number: str, level: int) -> Number:
        """Counts a paragraph of a list. One that the document does not describe has signs."""
        known = self._lists.get(number)
        if known is None or level not in known.levels:
            return Number(level=level, form="bullet", count=0, label="")
        if number not in self._begun:
            self._begun.add(number)
            for at, begin in known.begins.items():
                self._counts[known.scheme, at] = begin - 1
        own = known.levels[level]
        count = self._counts[known.scheme, level] = self._counts.get((known.scheme, level), own.start - 1) + 1
        for below in range(level + 1, _LEVELS):
            if below in known.levels and not known.levels[below].goes_on:
                self._counts.pop((known.scheme, below), None)
        return Number(level=level, form=own.form, count=count, label=self._label(known, own))

    def _label(self, known: _List, own: _Level) -> str:
        """The level's text with its numbers; a level above that was not met yet has its first."""
        parts: dict[str, str] = {}
        for place in _PLACE.findall(own.text):
            above = known.levels.get(int(place) - 1)
            if above is None:
                return ""
            count = self._counts.setdefault((known.scheme, int(place) - 1), above.start)
            printed = _printed(count, form="decimal" if own.is_legal and above.form != "none" else above.form)
            if printed is None:
                return ""
            parts[place] = printed
        return "" if own.form == "bullet" else _PLACE.sub(lambda place: parts[place[1]], own.text).strip()


def _list(number: "_Element", scheme_element: "_Element", *, scheme: str) -> _List:
    levels = {at: _level(one) for one in scheme_element.iterchildren(f"{_W}lvl") if (at := _at(one)) is not None}
    begins: dict[int, int] = {}
    for one in number.iterchildren(f"{_W}lvlOverride"):
        if (at := _at(one)) is None:
            continue
        if (other := one.find(f"{_W}lvl")) is not None:
            levels[at] = _level(other)
        if (begin := one.find(f"{_W}startOverride")) is not None:
            begins[at] = _whole(begin, otherwise=1)
    return _List(scheme=scheme, levels=levels, begins=begins)


def _at(element: "_Element") -> int | None:
    at = element.get(f"{_W}ilvl") or ""
    return int(at) if at.isdecimal() and len(at) == 1 and int(at) < _LEVELS else None


def _level(element: "_Element") -> _Level:
    legal = element.find(f"{_W}isLgl")
    return _Level(
        start=_whole(element.find(f"{_W}start"), otherwise=0),
        form=_value(element.find(f"{_W}numFmt")) or "decimal",
        text=_value(element.find(f"{_W}lvlText")),
        style=_value(element.find(f"{_W}pStyle")),
        is_legal=legal is not None and _value(legal).lower() not in _OFF,
        goes_on=_value(element.find(f"{_W}lvlRestart")) == "0",
    )


def _printed(count: int, *, form: str) -> str | None:
    """None for a way of counting that is not followed here."""
    if form in ("decimal", "decimalZero"):
        return f"{count:02}" if form == "decimalZero" else str(count)
    if form == "none":
        return ""
    if form in ("lowerLetter", "upperLetter") and count > 0:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < count < _LARGEST_ROMAN:
        return _roman(count) if form == "lowerRoman" else _roman(count).upper()
    return None


def _roman(count: int) -> str:
    said = ""
    for value, sign in _ROMAN:
        said += sign * (count // value)
        count %= value
    return said + _SMALL_ROMAN[count]
