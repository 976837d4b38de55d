"""The outline: what a report is about and which sections it has. Made from a topic by rule, or written by the analyst as a YAML file.

Rules for a topic, in order:

1. Commas and semicolons part the topic. A part that is a period, or ends in one, gives the period.
2. "by district" or "by Federal Reserve district" at the end of a part gives the dimension; the part keeps the rest.
3. The first part is the market, of a question what it asks about; "X in Y" and "X of Y" before a capitalised Y gives the region Y.
4. Of the other parts, those that begin with a capital are regions ("A and the B" are two), the rest are themes.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from rag import fields
from rag.errors import SettingsError, UsageError
from rag.numbers import find_periods
from rag.patterns import regex
from rag.prompts import Facet, FacetPack, MetricVocabulary
from rag.text import content_stems

_BY = regex(r"\s*\bby\s+(?:[\w.]+\s+){0,3}(?P<dimension>[a-z]+)$")
_IN = regex(r"^(?P<market>.+?)\s+(?:in|on|for|across|of)\s+(?:the\s+)?(?P<region>[A-Z].*)$")
_QUESTION = regex(
    r"^(?:how|what|why|where)\s+(?:is|are|was|were|do|does|did|has|have|will|can|drives?|drove|moves?|moved|affects?|affected|happened\s+to|about)\s+"
    r"(?:the\s+)?(?P<market>.+?)(?:\s+(?:do|doing|been|going|develop(?:ed|ing)?|chang(?:e|ed|ing)|evol(?:ve|ved|ving)|mov(?:e|ed|ing)))*\s*\?*$",
    re.IGNORECASE,
)
"""A topic typed as a question."""
_AND = regex(r"\s+(?:and|&|\+)\s+(?:the\s+)?")
_UNFILLED = regex(r"\{\{|\}\}|\{%|%\}")
LONGEST_TOPIC = 400
"""Characters: it is the report's title, too."""
FEWEST_WORDS = 100
"""Below it a report is no report."""
_NAMES = ("entities", "segments", "regions", "themes")
_HEAD = """\
# What the report asks for. Change, add, remove or reorder anything; the report obeys it section by section.
# entities: companies or places to look at; segments: parts of the market; regions: the first is home to figures that name none.
# themes: further words for what is asked; dimension: "district" gives one sentence from each district's own document.
# A section needs a title only. question: what it sets out to answer; queries: its searches, {market} stands for the market;
# terms: words that tell that a sentence belongs to it, else two words of title and question do;
# metrics: ids from prompts/metrics.yaml whose figures are printed in it.
# words: at most so many in all sentences together, such as 400 for one page; 0 is no limit.
# binding: true prints a section without evidence too, with the reason; false reads the topic by rule: of one in particular, such as
# "wages" or "margins of Kordwell", nothing else is printed.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What is asked."""

    topic: str
    market: str
    entities: tuple[str, ...] = ()
    """Companies or places the report looks at."""
    segments: tuple[str, ...] = ()
    """Parts of the market."""
    regions: tuple[str, ...] = ()
    """The first is the report's home: facts that name no region belong to it."""
    themes: tuple[str, ...] = ()
    period: str = ""
    """Normalised label; empty when none is asked for."""
    dimension: str = ""
    """What one sentence is wanted of each: "district"; empty for nothing."""
    sections: tuple[Facet, ...]
    """In print order."""
    words: int = 0
    """Of all sentences together at most; 0 for no limit."""
    binding: bool = False
    """True for an analyst's own: each section is printed, one without evidence with the reason."""


def outline_of(topic: str, *, pack: FacetPack) -> Outline:
    """The outline of a topic with the pack's facets as sections. Raises UsageError for a topic that says nothing, or too much."""
    parts = [part.strip() for part in re.split(r"[,;]", topic) if part.strip()]
    if not parts:
        raise UsageError('the topic is empty; say what the report is about, such as "EV batteries, Europe, 2024-26"')
    if not content_stems(topic):
        raise UsageError(f'"{topic.strip()}" does not say what the report is about; write a topic such as "EV batteries, Europe, 2024-26"')
    if len(topic) > LONGEST_TOPIC:
        raise UsageError(
            f"the topic has {len(topic):,} characters, at most {LONGEST_TOPIC} are read; put what you want in detail into a plan (rag plan)"
        )
    if _UNFILLED.search(topic):
        raise UsageError(
            f'"{topic.strip()}" is a placeholder that nothing filled in; write a topic such as "EV batteries, Europe, 2024-26"'
        )
    period, parts = _take_period([part for part in parts if content_stems(part)])
    dimension, parts = _take_dimension(parts)
    market, regions = _market(parts[0] if parts else topic.strip())
    for part in parts[1:]:
        if part[0].isupper() or part.lower().startswith("the "):
            regions += [name for name in _AND.split(re.sub(r"^the\s+", "", part, flags=re.IGNORECASE)) if name]
    return Outline(
        topic=topic.strip(),
        market=market,
        regions=tuple(dict.fromkeys(regions)),
        themes=tuple(part for part in parts[1:] if part[0].islower() and not part.lower().startswith("the ")),
        period=period,
        dimension=dimension,
        sections=pack.facets,
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
    if question := _QUESTION.match(part):
        part = question["market"]
    match = _IN.match(part)
    if match is None:
        return part, []
    return match["market"], _AND.split(match["region"])


# ── as a file ─────────────────────────────────────────────────────────────────────────────────────────────────────


def to_yaml(outline: Outline) -> str:
    """The outline as a person edits it, explained at the top. ``read_outline`` gives the same outline back."""
    sections = [
        {"id": one.id, "title": one.title, "question": one.question, "queries": list(one.queries)}
        | {key: list(named) for key, named in (("terms", one.terms), ("metrics", one.metrics)) if named}
        for one in outline.sections
    ]
    names = {key: list(getattr(outline, key)) for key in _NAMES}
    data: dict[str, Any] = {
        "topic": outline.topic,
        "market": outline.market,
        **names,
        "period": outline.period,
        "dimension": outline.dimension,
    }
    data["words"] = outline.words
    data["binding"] = outline.binding
    return _HEAD + yaml.safe_dump({**data, "sections": sections}, sort_keys=False, allow_unicode=True, width=130)


def read_outline(text: str, *, at: str) -> Outline:
    """An analyst's own outline; ``at`` is the file's name for messages. Raises SettingsError naming file, key and what is wrong."""
    optional = (*_NAMES, "market", "period", "dimension", "words", "binding")
    data = fields.mapping(fields.load(text, at=at), needed=("topic", "sections"), allowed=optional, at=at)
    topic = fields.text(data["topic"], at=f"{at}: topic")
    sections = tuple(
        _section(item, at=f"{at}: sections[{i}]") for i, item in enumerate(fields.items(data["sections"], at=f"{at}: sections"))
    )
    fields.refuse_twice([section.id for section in sections], at=f"{at}: sections")
    return Outline(
        topic=topic,
        market=_optional(data, "market", at=at) or topic,
        period=_period(_optional(data, "period", at=at), at=f"{at}: period"),
        dimension=_optional(data, "dimension", at=at),
        sections=sections,
        words=_count(data.get("words", 0), at=f"{at}: words"),
        binding=_flag(data.get("binding", True), at=f"{at}: binding"),
        **{key: fields.texts(data.get(key) or [], at=f"{at}: {key}") for key in _NAMES},
    )


def _optional(data: Mapping[str, Any], key: str, *, at: str) -> str:
    """The text, empty where the key is missing, empty or null; a year written without quotes is text too."""
    value = data.get(key)
    return fields.text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value, at=f"{at}: {key}") if value else ""


def _flag(value: Any, *, at: str) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{at} must be true or false, not {value!r}")
    return value


def _count(value: Any, *, at: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or (value and value < FEWEST_WORDS):
        raise SettingsError(f"{at} must be 0 for no limit, or a whole number from {FEWEST_WORDS}, not {value!r}")
    return value


def _period(text: str, *, at: str) -> str:
    """Its label."""
    mentions = find_periods(text)
    if text and not (len(mentions) == 1 and mentions[0].start == 0 and mentions[0].end == len(text)):
        raise SettingsError(f"{at} is not a period: {text!r}; write one such as 2026, 2024-26, Q2 2026 or March 2026")
    return mentions[0].label if mentions else ""


def _section(item: Any, *, at: str) -> Facet:
    """A section; id, question and searches that are not given are made from its title and question."""
    data = fields.mapping(item, needed=("title",), allowed=("id", "question", "queries", "terms", "metrics"), at=at)
    title = fields.text(data["title"], at=f"{at}.title")
    question = _optional(data, "question", at=at) or title
    queries = fields.texts(data.get("queries") or [], at=f"{at}.queries")
    return Facet(
        id=fields.identifier(data["id"], at=f"{at}.id") if data.get("id") else _id_of(title, at=at),
        title=title,
        question=question,
        queries=queries or tuple(dict.fromkeys((f"{{market}} {title}", question))),
        terms=fields.texts(data.get("terms") or [], at=f"{at}.terms"),
        metrics=fields.texts(data.get("metrics") or [], at=f"{at}.metrics"),
    )


def _id_of(title: str, *, at: str) -> str:
    """The title as an id."""
    made = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    made = re.sub(r"^[0-9_]+", "", made)
    return fields.identifier(made or None, at=f'{at}: the title {title!r} gives no id; add one such as "id: section_one"; the id')


# ── metrics ───────────────────────────────────────────────────────────────────────────────────────────────────────


def arranged(metrics: MetricVocabulary, outline: Outline) -> MetricVocabulary:
    """The vocabulary with each metric in the section that prints it, and the outline's segments beside its own.

    A section takes the metrics that it lists, then those of the facet of its id. A metric that no section takes keeps no facet, and has
    no card. Raises SettingsError for a listed metric that the vocabulary does not have.
    """
    known = {metric.id for metric in metrics.metrics}
    home: dict[str, str] = {}
    for section in outline.sections:
        for name in section.metrics:
            if name not in known:
                raise SettingsError(f"section {section.id!r} lists the metric {name!r}, which {metrics.file} does not have; add it there")
            home.setdefault(name, section.id)
    ids = {section.id for section in outline.sections}
    placed = [replace(metric, facet=home.get(metric.id, metric.facet if metric.facet in ids else "")) for metric in metrics.metrics]
    return replace(metrics, metrics=tuple(placed), segments=_both(metrics.segments, outline.segments))


def only(metrics: MetricVocabulary, ids: Collection[str]) -> MetricVocabulary:
    """The vocabulary with a card for these metrics alone."""
    return replace(metrics, metrics=tuple(metric if metric.id in ids else replace(metric, facet="") for metric in metrics.metrics))


def _both(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
