"""German and French beside English: which one a text is in, and its figures as English writes them."""

import re
from typing import Literal

Language = Literal["", "de", "fr"]
"""Empty for English, and for what is in none of these."""
NAMES: dict[str, str] = {"de": "German", "fr": "French"}

_GERMAN = frozenset(
    "der das und ist nicht mit von für auf dem den des ein eine einer eines einem einen im zu zum zur sich auch wird wurde wurden werden "
    "sind bei nach aus über um als noch oder war waren hat haben wie sowie durch gegenüber bis ihre sein seit stieg lag betrug gegen die "
    "prozent mio mrd stück fielen stiegen".split()
)
_FRENCH = frozenset(
    "le la les du une et est dans qui que aux par sur avec sont ont été cette ces ses leur leurs plus à d l en de s'élève contre selon "
    "soit mais était depuis pour au milliard milliards".split()
)
_ENGLISH = frozenset(
    "the of and to in is was for that with are by from its has have which were at this it be as on not or an than their "
    "we our rose fell".split()
)
"""Words of each that say little; those that two languages share tell nothing, but where they are few."""
_ABROAD = _GERMAN | _FRENCH
_WORD = re.compile(r"[^\W\d_]+")
_BEGINNING = 20_000
"""Characters of a document by which its language is told."""
_FEWEST = 2
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[.\u00a0\u202f ]\d{3})+(?![\d]|[.\u00a0\u202f ]\d)")
_DECIMAL = re.compile(r"(?<![\d,])(\d+),(\d+)(?![\d,])")
_POINTED = re.compile(r"\d(?:[.\u00a0\u202f ]\d{3}|,\d)|\d\s(?:Prozent|pour\scent|[Mm]illi)")
"""In a text without these, figures are written as in English."""
_EUROS = {
    f"{scale}{ending} d{mark}euros": f"{english} euros"
    for scale, english in (("million", "million"), ("milliard", "billion"))
    for ending in ("", "s")
    for mark in "'’"
}
_UNITS = {
    "de": {"Prozent": "percent", "Stück": "units", "Einheiten": "units", "Tonnen": "tonnes"},
    "fr": {"pour cent": "per cent", "unités": "units", "tonnes": "tonnes", **_EUROS},
}
"""Each no longer in English, so that all stands where it stood."""


def language_of(text: str) -> Language:
    """German or French, by the small words that it has more of than of English ones; empty for neither."""
    beginning = text[:_BEGINNING].lower()
    if _ABROAD.isdisjoint(beginning.split()):  # most texts are English: this alone takes a third of the time
        return ""
    found = _WORD.findall(beginning)
    german, french, english = (sum(map(known.__contains__, found)) for known in (_GERMAN, _FRENCH, _ENGLISH))
    best, language = max((german, "de"), (french, "fr"))
    if best < _FEWEST or best <= english or german == french:
        return ""
    return "de" if language == "de" else "fr"


def in_english_figures(text: str) -> str:
    """A German or French text with its figures as English writes them, every character where it stood: "305.000 Stück" as "305,000 units";
    any other text as it is."""
    language = language_of(text) if _POINTED.search(text) else ""
    if not language:
        return text
    grouped = _GROUPED.sub(lambda found: re.sub(r"\D", ",", found[0]), _DECIMAL.sub(r"\1\v\2", text)).replace("\v", ".")
    for word, unit in _UNITS[language].items():
        grouped = re.sub(rf"(?<=\d[\s\u00a0\u202f]){word}(?!\w)", unit.ljust(len(word)), grouped)
    return grouped
