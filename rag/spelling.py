"""One spelling for words that English writes in two ways: "labour" is "labor", "organised" is "organized"."""

from functools import lru_cache

from rag.patterns import regex

_OUR = regex(r"^(arm|behavi|clam|col|endeav|fav|flav|harb|hon|hum|lab|misdemean|neighb|od|parl|ranc|rig|rum|sav|splend|tum|val|vap|vig)our")
_ISE = regex(r"^(?P<base>[a-z]{3,}[b-df-hj-np-tv-xz])is(?P<end>e|ed|es|er|ers|ing|ation|ations|ational)$")
_ONLY_S = frozenset(
    "advert circumc compr comprom conc enterpr exerc expert franch merchand parad prec prem prom superv surpr telev".split()
)
"""Beginnings of words in -ise that are written so everywhere."""
_YSE = regex(r"^(anal|cata|dia|paral)ys(e|ed|er|ers|ing)$")
_LL = regex(r"^(cancel|channel|fuel|label|level|marvel|model|signal|total|travel)l(ed|er|ers|ing)$")
_OTHERS = {
    "aeroplane": "airplane",
    "ageing": "aging",
    "aluminium": "aluminum",
    "catalogue": "catalog",
    "centre": "center",
    "centred": "centered",
    "cheque": "check",
    "defence": "defense",
    "fibre": "fiber",
    "fulfil": "fulfill",
    "grey": "gray",
    "judgement": "judgment",
    "licence": "license",
    "litre": "liter",
    "manoeuvre": "maneuver",
    "metre": "meter",
    "offence": "offense",
    "plough": "plow",
    "pretence": "pretense",
    "programme": "program",
    "sceptic": "skeptic",
    "sceptical": "skeptical",
    "sulphur": "sulfur",
    "theatre": "theater",
    "tyre": "tire",
}
_OTHERS |= {f"{british}s": f"{american}s" for british, american in _OTHERS.items()}


@lru_cache(maxsize=4_096)
def beginnings(stem: str, length: int) -> tuple[str, ...]:
    """The first letters of words that have this stem, in either spelling: "fibe" and "fibr" of "fiber"."""
    own = stem[:length]
    return tuple(dict.fromkeys((own, *(british[:length] for british, written in _OTHERS.items() if written.startswith(own)))))


def american(word: str) -> str:
    """The word, in lower case, as American English writes it; any other word as it is."""
    if word in _OTHERS:
        return _OTHERS[word]
    if "is" in word and (match := _ISE.match(word)):  # looked for first: every word of a library comes here once
        return word if match["base"] in _ONLY_S else f"{match['base']}iz{match['end']}"
    if "our" in word:
        word = _OUR.sub(r"\1or", word)
    if "ys" in word:
        word = _YSE.sub(r"\1yz\2", word)
    return _LL.sub(r"\1\2", word) if "ll" in word else word
