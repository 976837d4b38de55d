"""Adjectives of places: "the German market" is the market of Germany."""

import re
from collections.abc import Collection
from functools import lru_cache

from rag.patterns import regex

_ENDING = regex(r"(?:ean|ian|an|n|ish|ese|i)$")
_PLACE_ENDING = regex(r"(?:land|lands|any|en|y|ia|a|e|o)$")
_SHORTEST = 3
"""Letters that an adjective and its place begin with, less their endings."""
_IRREGULAR = {
    "American": "United States",
    "Belgian": "Belgium",
    "British": "United Kingdom",
    "Czech": "Czech Republic",
    "Danish": "Denmark",
    "Dutch": "Netherlands",
    "Finnish": "Finland",
    "French": "France",
    "Greek": "Greece",
    "Irish": "Ireland",
    "Norwegian": "Norway",
    "Polish": "Poland",
    "Portuguese": "Portugal",
    "Spanish": "Spain",
    "Swiss": "Switzerland",
    "Turkish": "Turkey",
    "Welsh": "Wales",
}


@lru_cache(maxsize=4_096)
def _stem(word: str, ending: re.Pattern[str]) -> str:
    stem = ending.sub("", word)
    return stem if len(stem) >= _SHORTEST else ""


def place_of(adjective: str, places: Collection[str]) -> str:
    """The known place that an adjective is of; empty for none or for several: "German" is of Germany, "Swedish" of Sweden."""
    if adjective in _IRREGULAR:
        return _IRREGULAR[adjective] if _IRREGULAR[adjective] in places else ""
    stem = _stem(adjective, _ENDING) if _ENDING.search(adjective) else ""
    if not stem:
        return ""
    found = {place for place in places if place != adjective and _stem(place, _PLACE_ENDING) in (stem, f"{stem}i")}
    found |= {place for place in places if stem == place or adjective == f"{place}n"}
    return found.pop() if len(found) == 1 else ""
