"""The plan: what a topic asks for, and the searches that answer it.

Rules, in order:

1. Commas and semicolons part the topic. A part that is a period, or ends in one, gives the period.
2. "by district" or "by Federal Reserve district" at the end of a part gives the dimension; the part keeps the rest.
3. The first part is the market; "X in Y" and "X of Y" before a capitalised Y gives the region Y.
4. Of the other parts, those that begin with a capital are regions ("A and the B" are two), the rest are themes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import UsageError
from rag.numbers import find_periods
from rag.prompts import Facet, FacetPack
from rag.text import content_stems, words

MOST_QUERIES = 80
MOST_TITLES = 40
_GENERAL = frozenset("market markets industry industries sector sectors trend trends report reports overview global".split())
_BY = re.compile(r"\s*\bby\s+(?:[\w.]+\s+){0,3}(?P<dimension>[a-z]+)$")
_IN = re.compile(r"^(?P<market>.+?)\s+(?:in|on|for|across|of)\s+(?:the\s+)?(?P<region>[A-Z].*)$")
_AND = re.compile(r"\s+(?:and|&|\+)\s+(?:the\s+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class SubQuery:
    """One search and the facet it serves."""

    facet: str
    """A facet's id; empty for the overview."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is asked and how it is looked for. A model or an analyst may add queries."""

    topic: str
    market: str
    themes: tuple[str, ...]
    regions: tuple[str, ...]
    """The first is the report's home: facts that name no region belong to it."""
    period: str
    """Normalised label; empty when the topic names none."""
    dimension: str
    """The word after "by": "district"; empty otherwise."""
    facets: tuple[Facet, ...]
    queries: tuple[SubQuery, ...]

    @property
    def stems(self) -> frozenset[str]:
        """Stems of the words that say what the report is about."""
        return frozenset(content_stems(" ".join((self.market, *self.themes, *self.regions))))

    @property
    def market_words(self) -> dict[str, str]:
        """Stem -> word of the market's name, general words such as "market" left out."""
        return {stems[0]: word for word in words(self.market) if (stems := content_stems(word)) and word.lower() not in _GENERAL}


def make_plan(topic: str, *, pack: FacetPack, subjects: Sequence[str] = (), titles: Sequence[str] = ()) -> Plan:
    """The plan for a topic. Raises UsageError for an empty one.

    With subjects (the names documents are about) it has one overview search for each; with titles, most wanted first, a search for
    each of the first forty, so that a small corpus is seen whole however alike its documents' words are to the market's name.
    """
    parts = [part.strip() for part in re.split(r"[,;]", topic) if part.strip()]
    if not parts:
        raise UsageError('the topic is empty; say what the report is about, such as "EV batteries, Europe, 2024-26"')
    period, parts = _take_period(parts)
    dimension, parts = _take_dimension(parts)
    market, regions = _market(parts[0] if parts else topic.strip())
    for part in parts[1:]:
        if part[0].isupper() or part.lower().startswith("the "):
            regions += [name for name in _AND.split(re.sub(r"^the\s+", "", part, flags=re.IGNORECASE)) if name]
    themes = tuple(part for part in parts[1:] if part[0].islower() and not part.lower().startswith("the "))
    regions = list(dict.fromkeys(regions))
    queries = _queries(topic, market=market, themes=themes, regions=regions, pack=pack, subjects=subjects)
    known = {query.text.casefold() for query in queries}
    queries += tuple(SubQuery(facet="", text=title) for title in dict.fromkeys(titles[:MOST_TITLES]) if title.casefold() not in known)
    return Plan(
        topic=topic.strip(),
        market=market,
        themes=themes,
        regions=tuple(regions),
        period=period,
        dimension=dimension,
        facets=pack.facets,
        queries=queries,
    )


def _take_period(parts: list[str]) -> tuple[str, list[str]]:
    period, kept = "", []
    for part in parts:
        mentions = find_periods(part)
        if mentions and mentions[-1].end == len(part):
            period = period or mentions[-1].label
            part = re.sub(r"\s*\b(?:in|for|during|of)$", "", part[: mentions[-1].start].rstrip(" -–"))
        if part:
            kept.append(part)
    return period, kept


def _take_dimension(parts: list[str]) -> tuple[str, list[str]]:
    dimension, kept = "", []
    for part in parts:
        if match := _BY.search(part):
            dimension, part = dimension or match["dimension"], part[: match.start()]
        if part:
            kept.append(part)
    return dimension, kept


def _market(part: str) -> tuple[str, list[str]]:
    match = _IN.match(part)
    if match is None:
        return part, []
    return match["market"], _AND.split(match["region"])


def _queries(
    topic: str, *, market: str, themes: Sequence[str], regions: Sequence[str], pack: FacetPack, subjects: Sequence[str]
) -> tuple[SubQuery, ...]:
    about = " ".join((market, *themes))
    texts = [SubQuery(facet="", text=topic.strip()), SubQuery(facet="", text=f"{about} summary and key findings")]
    texts += [SubQuery(facet="", text=f"{subject} {about} overview") for subject in subjects]
    texts += [SubQuery(facet=facet.id, text=query.replace("{market}", about)) for facet in pack.facets for query in facet.queries]
    texts += [
        SubQuery(facet=facet.id, text=f"{region}: {facet.title}, {facet.question}")
        for region in regions[1:] or regions
        for facet in pack.facets
    ]
    unique = {query.text.casefold(): query for query in reversed(texts)}
    return tuple(query for query in texts if unique[query.text.casefold()] is query)[:MOST_QUERIES]
