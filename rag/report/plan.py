"""The plan: the searches that answer an outline."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.prompts import Facet
from rag.report.asked import Asked
from rag.report.outline import Outline
from rag.text import content_stems, words

MOST_QUERIES = 80
"""Past it no section is looked for place by place; its own searches are always made."""
MOST_TITLES = 40
_GENERAL = frozenset(
    "market markets industry industries sector sectors trend trends report reports overview global annual quarterly interim financial "
    "result results performance figures".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubQuery:
    """One search and the facet it serves."""

    facet: str
    """A facet's id; empty for the overview."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is asked and how it is looked for."""

    outline: Outline
    queries: tuple[SubQuery, ...]
    asked: Asked | None = None
    """What the topic asks for in particular; None for a market."""

    @property
    def market(self) -> str:
        """What the report is about."""
        return self.outline.market

    @property
    def facets(self) -> tuple[Facet, ...]:
        """The sections asked for, in print order."""
        return self.outline.sections

    @property
    def stems(self) -> frozenset[str]:
        """Stems of the words that say what the report is about."""
        asked = self.outline
        return frozenset(content_stems(" ".join((asked.market, *asked.entities, *asked.segments, *asked.themes, *asked.regions))))

    @property
    def market_words(self) -> dict[str, str]:
        """Stem -> word of the market's name, general words such as "market" left out."""
        return {stems[0]: word for word in words(self.market) if (stems := content_stems(word)) and word.lower() not in _GENERAL}


def make_plan(outline: Outline, *, subjects: Sequence[str] = (), titles: Sequence[str] = (), asked: Asked | None = None) -> Plan:
    """The searches for an outline.

    With subjects (the names documents are about) it has one overview search for each; with titles, most wanted first, a search for
    each of the first forty, so that a small corpus is seen whole however alike its documents' words are to the market's name.
    """
    queries = _queries(outline, subjects=subjects, asked=asked)
    known = {query.text.casefold() for query in queries}
    queries += tuple(SubQuery(facet="", text=title) for title in dict.fromkeys(titles[:MOST_TITLES]) if title.casefold() not in known)
    return Plan(outline=outline, queries=queries, asked=asked)


def _queries(outline: Outline, *, subjects: Sequence[str], asked: Asked | None) -> tuple[SubQuery, ...]:
    """Of a topic that is a name, or tied to one, each search has the name: documents that are called by it come first then."""
    tied = asked.named if asked is not None else ()
    aspects = [aspect.text for aspect in asked.aspects] if asked is not None else []
    about = " ".join((outline.market, *outline.themes))
    texts = [SubQuery(facet="", text=outline.topic), SubQuery(facet="", text=f"{about} summary and key findings")]
    texts += [SubQuery(facet="", text=aspect) for aspect in aspects]
    named = dict.fromkeys((*outline.entities, *outline.segments, *subjects))
    texts += [SubQuery(facet="", text=f"{subject} {about} overview") for subject in named]
    asking = [(facet.id, query.replace("{market}", about)) for facet in outline.sections for query in facet.queries]
    texts += [SubQuery(facet=facet, text=text) for facet, text in asking if not tied]
    texts += [SubQuery(facet=facet, text=text if name in text else f"{name}: {text}") for name in tied for facet, text in asking]
    places = [
        SubQuery(facet=facet.id, text=f"{place}: {facet.title}, {facet.question}")
        for place in (*outline.entities, *(outline.regions[1:] or outline.regions))
        for facet in outline.sections
    ]
    texts += places[: max(0, MOST_QUERIES - len(texts))]
    unique = {query.text.casefold(): query for query in reversed(texts)}
    return tuple(query for query in texts if unique[query.text.casefold()] is query)
