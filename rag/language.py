"""German and French beside English: which one a text is in, and its figures as English writes them."""

import re
from typing import Literal

from rag.patterns import regex

Language = Literal["", "de", "fr"]
"""Empty for English, and for what is in none of these."""
NAMES: dict[str, str] = {"de": "German", "fr": "French"}

_GERMAN = frozenset(
    "der das und ist nicht mit von für auf dem den des ein eine einer eines einem einen im zu zum zur sich auch wird wurde wurden werden "
    "sind bei nach aus über um als noch oder war waren hat haben wie sowie durch gegenüber bis ihre sein seit stieg lag betrug gegen die "
    "prozent mio mrd stück fielen stiegen hatte hatten quartal halbjahr jahr vom beim rund etwa".split()
)
_FRENCH = frozenset(
    "le les du des une et est dans qui aux par sur avec sont ont été cette ces ses leur leurs plus à contre selon soit mais était depuis "
    "pour au milliard milliards".split()
)
_ENGLISH = frozenset(
    "the of and to in is was for that with are by from its has have which were at this it be as on not or an than their "
    "we our rose fell".split()
)
_OTHERS = frozenset(
    "el los las una por con para como del se su sus lo al más o es esta este estos y di il gli dei della delle che non sono per nel uma os "
    "as dos não het een van voor niet zijn wordt met op ook door".split()
)
"""Of Spanish, Italian, Portuguese and Dutch; what they share with French (de, la, en, que) tells nothing."""
_ABROAD = _GERMAN | _FRENCH
_WORD = regex(r"[^\W\d_]+")
_GERMAN_LETTERS = regex(r"(?<!\w)[a-zäöü][a-z]*[äöüß]\w*|(?<!\w)[äöü]\w*")
_FRENCH_LETTERS = regex(r"(?<!\w)[a-zéèêàçù]*[éèêàçùœ]\w*")
_OTHER_LETTERS = regex(r"(?<!\w)[a-z]*[óíñáúãõ]\w*")
_BEGINNING = 20_000
"""Characters of a document by which its language is told."""
_FEWEST = 2
"""Different words: "S. de R.L. de C.V." has one."""
_GROUPED = regex(r"(?<![\d.,])\d{1,3}(?:[.\u00a0\u202f ]\d{3})+(?![\d]|[.\u00a0\u202f ]\d)")
_DECIMAL = regex(r"(?<![\d,])(\d+),(\d+)(?![\d,])")
_POINTED = regex(r"\d(?:[.\u00a0\u202f ]\d{3}|,\d)|\d\s(?:Prozent|pour\scent|[Mm]illi)")
"""In a text without these, figures are written as in English."""
_EUROS = {
    f"{scale}{ending} d{mark}euros": f"{english} euros"
    for scale, english in (("million", "million"), ("milliard", "billion"))
    for ending in ("", "s")
    for mark in "'’"
}
_STAFF = {"Mitarbeiter": "employees", "Beschäftigte": "employees", "Beschäftigten": "employees"}
_UNITS = {
    "de": {"Prozent": "percent", "Stück": "units", "Einheiten": "units", "Tonnen": "tonnes", **_STAFF},
    "fr": {"pour cent": "per cent", "unités": "units", "salariés": "workers", "employés": "workers", **_EUROS},
}
"""Each no longer in English, so that all stands where it stood."""


def language_of(text: str) -> Language:
    """German or French, by its small words, names aside, and its words with letters that English lacks, where it has more of them than of
    English small words; empty for neither."""
    beginning = text[:_BEGINNING]
    if beginning.isascii() and _ABROAD.isdisjoint(beginning.lower().split()):
        return ""  # most texts are English: this alone takes a third of the time
    found = [word.lower() for word in _WORD.findall(beginning)]
    german, french, english, other = (sum(map(known.__contains__, found)) for known in (_GERMAN, _FRENCH, _ENGLISH, _OTHERS))
    marks = {"de": _GERMAN_LETTERS.findall(beginning), "fr": _FRENCH_LETTERS.findall(beginning)}
    german, french, other = german + len(marks["de"]), french + len(marks["fr"]), other + len(_OTHER_LETTERS.findall(beginning))
    if german == french or max(german, french) <= max(english, other):
        return ""
    language: Language = "de" if german > french else "fr"
    different = {*(_GERMAN if language == "de" else _FRENCH).intersection(found), *marks[language]}
    return language if len(different) >= _FEWEST else ""


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


_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
}
_SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NUMBERED = {
    "de": (r"(?:erste[nsr]?|1\.)", r"(?:zweite[nsr]?|2\.)", r"(?:dritte[nsr]?|3\.)", r"(?:vierte[nsr]?|4\.)"),
    "fr": (r"(?:premier|1er)", r"(?:deuxième|second|2e)", r"(?:troisième|3e)", r"(?:quatrième|4e)"),
}
_PARTS = {"de": (r"Quartal", r"Halbjahr"), "fr": (r"trimestre", r"semestre")}
_TIMES = {
    language: [
        *((regex(rf"(?<!\w){month}(?=\s(?:19|20)\d\d\b)"), short) for month, short in zip(_MONTHS[language], _SHORT, strict=True)),
        *(
            (regex(rf"(?<!\w){number}\s{part}(?:\sde)?(?=\s(?:19|20)\d\d\b)"), f"{short}{at}")
            for part, short in zip(_PARTS[language], "QH", strict=True)
            for at, number in enumerate(_NUMBERED[language], 1)
        ),
    ]
    for language in NAMES
}
"""Language -> its words for months, quarters and halves of a year that is named, and what English writes for each."""


def in_english_times(text: str) -> str:
    """A German or French text with "Q1 2026" for "erstes Quartal 2026" and "Mar 2026" for "März 2026", each at the end of where it stood;
    any other text as it is."""
    for pattern, english in _TIMES.get(language_of(text), ()):
        for match in pattern.finditer(text):
            text = text[: match.start()] + english.rjust(len(match[0])) + text[match.end() :]
    return text
