"""Typed front doors of prompts/: the query prompt, the facet packs, the metric vocabulary.

Each file is read whole, checked strictly (an unknown or missing key is one SettingsError naming file and key) and carries the SHA-256
of its bytes for the report's manifest. A workspace's own file of the same name wins.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag import assets, fields
from rag.errors import SettingsError, UsageError
from rag.language import NAMES
from rag.numbers import COUNTED
from rag.patterns import regex

_SLOT = regex(r"\{([^{}]*)\}")
_KEPT = 16
"""Files that are not read anew while their text is the same."""
UNIT_FAMILIES = ("money", "money/", "%", "pp", "x", "energy", "power", "mass", "volume", "time", "count", "any")


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryPrompt:
    """What an embedder puts before a question, and never before a passage."""

    text: str
    """Exactly as it goes in front, trailing space included."""
    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """One section of a report and how to look for it."""

    id: str
    title: str
    question: str
    queries: tuple[str, ...]
    """Searches with the slot {market}."""
    terms: tuple[str, ...]
    """Words that tell that a sentence is about this facet; without any, it needs two words of title and question."""
    metrics: tuple[str, ...] = ()
    """Ids of the vocabulary's metrics that are printed here whatever their own facet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FacetPack:
    """The facets of one kind of report, in print order."""

    name: str
    file: str
    facets: tuple[Facet, ...]
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """Something that is measured, and the words that name it."""

    id: str
    name: str
    facet: str
    change: bool
    """True when a percentage beside a word of change is the metric's change rather than its level."""
    units: tuple[str, ...]
    """What a value may be in: unit families, of UNIT_FAMILIES, and counted things, of numbers.COUNTED."""
    synonyms: tuple[str, ...]
    company: bool = False
    """True when it belongs to one company or place, so that what several say is not pooled."""
    whole: bool = False
    """True when a company has one only, which no division has: earnings per share, debt, the tax rate."""
    stock: bool = False
    """True when it is what there is on a day, not what flows in a time: debt, cash, a backlog."""
    outflow: bool = False
    """True when it is money that goes out, which statements print below zero: (1,749) of capital expenditure are 1,749."""
    figures: tuple[str, ...] = ()
    """Wordings that name the metric only beside a figure with one of its units, such as "capacity"."""
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    abroad: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language -> its words for the metric, the commonest first: "de" German, "fr" French."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricVocabulary:
    """The controlled vocabulary: metrics, direction words, segments, and the words that mark forecasts and estimates."""

    file: str
    metrics: tuple[Metric, ...]
    directions: Mapping[str, tuple[str, ...]]
    """Words by "up", "down", "flat", "slower" and "negations"."""
    segments: tuple[str, ...]
    forecast_words: tuple[str, ...]
    estimate_words: tuple[str, ...]
    sha256: str


def query_prompt(domain: str = "", *, workspace: Path | None = None) -> QueryPrompt:
    """prompts/query.txt, or prompts/query/<domain>.txt, less the newline at its end.

    Raises SettingsError when it is empty or more than one line, UsageError for an unknown domain.
    """
    if domain and domain not in (known := query_prompts(workspace=workspace)):
        raise UsageError(f"no query prompt {domain!r} in prompts/query; there is: {', '.join(known)}")
    name, text, sha256 = _read(f"query/{domain}.txt" if domain else "query.txt", workspace=workspace)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip() or "\n" in text:
        raise SettingsError(f"{name} must hold the query prompt on one line; it holds {len(text.splitlines())}")
    return QueryPrompt(text=text, name=name, sha256=sha256)


def query_prompts(*, workspace: Path | None = None) -> list[str]:
    """Domains that have a query prompt of their own, the workspace's own files included."""
    return _stems("query", ".txt", workspace=workspace)


def facet_pack(name: str = "market", *, workspace: Path | None = None) -> FacetPack:
    """prompts/facets/<name>.yaml. Raises SettingsError naming file and key, UsageError for an unknown name."""
    known = facet_packs(workspace=workspace)
    if name not in known:
        raise UsageError(f"no facet pack {name!r} in prompts/facets; there is: {', '.join(known)}, or auto, which goes by the topic")
    return _pack(*_read(f"facets/{name}.yaml", workspace=workspace))


@lru_cache(maxsize=_KEPT)
def _pack(file: str, text: str, sha256: str) -> FacetPack:
    data = fields.mapping(fields.load(text, at=file), needed=("name", "facets"), at=file)
    facets = tuple(_facet(item, at=f"{file}: facets[{i}]") for i, item in enumerate(fields.items(data["facets"], at=f"{file}: facets")))
    fields.refuse_twice([facet.id for facet in facets], at=f"{file}: facets")
    return FacetPack(name=fields.text(data["name"], at=f"{file}: name"), file=file, facets=facets, sha256=sha256)


def facet_packs(*, workspace: Path | None = None) -> list[str]:
    """Names of the packs there are, the workspace's own included."""
    return _stems("facets", ".yaml", workspace=workspace)


def metric_vocabulary(*, workspace: Path | None = None) -> MetricVocabulary:
    """prompts/metrics.yaml. Raises SettingsError naming file and key."""
    return _vocabulary(*_read("metrics.yaml", workspace=workspace))


@lru_cache(maxsize=_KEPT)
def _vocabulary(file: str, text: str, sha256: str) -> MetricVocabulary:
    needed = ("metrics", "directions", "segments", "forecast_words", "estimate_words")
    data = fields.mapping(fields.load(text, at=file), needed=needed, at=file)
    metrics = tuple(
        _metric(item, at=f"{file}: metrics[{i}]") for i, item in enumerate(fields.items(data["metrics"], at=f"{file}: metrics"))
    )
    fields.refuse_twice([metric.id for metric in metrics], at=f"{file}: metrics")
    words = fields.mapping(data["directions"], needed=("up", "down", "flat", "slower", "negations"), at=f"{file}: directions")
    return MetricVocabulary(
        file=file,
        metrics=metrics,
        directions={key: fields.texts(value, at=f"{file}: directions.{key}") for key, value in words.items()},
        segments=fields.texts(data["segments"], at=f"{file}: segments"),
        forecast_words=fields.texts(data["forecast_words"], at=f"{file}: forecast_words"),
        estimate_words=fields.texts(data["estimate_words"], at=f"{file}: estimate_words"),
        sha256=sha256,
    )


def _facet(item: Any, *, at: str) -> Facet:
    data = fields.mapping(item, needed=("id", "title", "question", "queries", "terms"), allowed=("metrics",), at=at)
    queries = fields.texts(data["queries"], at=f"{at}.queries")
    if not 3 <= len(queries) <= 6:
        raise SettingsError(f"{at}.queries has {len(queries)} searches; give 3 to 6")
    for query in queries:
        if unknown := set(_SLOT.findall(query)) - {"market"}:
            raise SettingsError(f"{at}.queries: unknown slot {{{min(unknown)}}} in {query!r}; the only slot is {{market}}")
    return Facet(
        id=fields.identifier(data["id"], at=f"{at}.id"),
        title=fields.text(data["title"], at=f"{at}.title"),
        question=fields.text(data["question"], at=f"{at}.question"),
        queries=queries,
        terms=fields.texts(data["terms"], at=f"{at}.terms"),
        metrics=fields.texts(data.get("metrics", []), at=f"{at}.metrics"),
    )


def _metric(item: Any, *, at: str) -> Metric:
    data = fields.mapping(
        item,
        needed=("id", "name", "facet", "change", "units", "synonyms"),
        allowed=("company", "whole", "stock", "outflow", "figures", "up", "down", *NAMES),
        at=at,
    )
    for key in ("change", "company", "whole", "stock", "outflow"):
        if not isinstance(data.get(key, False), bool):
            raise SettingsError(f"{at}.{key} must be true or false, not {data[key]!r}")
    units = fields.texts(data["units"], at=f"{at}.units")
    if unknown := [unit for unit in units if unit not in UNIT_FAMILIES and unit not in COUNTED]:
        raise SettingsError(f"{at}.units: unknown {unknown[0]!r}; there is: {', '.join(UNIT_FAMILIES)}, and counted things such as jobs")
    return Metric(
        id=fields.identifier(data["id"], at=f"{at}.id"),
        name=fields.text(data["name"], at=f"{at}.name"),
        facet=fields.identifier(data["facet"], at=f"{at}.facet"),
        change=data["change"],
        company=data.get("company", False),
        whole=data.get("whole", False),
        stock=data.get("stock", False),
        outflow=data.get("outflow", False),
        units=units,
        synonyms=fields.texts(data["synonyms"], at=f"{at}.synonyms"),
        figures=fields.texts(data.get("figures", []), at=f"{at}.figures"),
        up=fields.texts(data.get("up", []), at=f"{at}.up"),
        down=fields.texts(data.get("down", []), at=f"{at}.down"),
        abroad={language: fields.texts(data[language], at=f"{at}.{language}") for language in NAMES if language in data},
    )


def _stems(folder: str, ending: str, *, workspace: Path | None) -> list[str]:
    """Names of the files in a folder of prompts/ without their ending, the workspace's own included."""
    rooms = [assets.shipped("prompts")] + ([workspace / "prompts"] if workspace else [])
    return sorted({path.stem for room in rooms for path in (room / folder).glob(f"*{ending}")})


def _read(name: str, *, workspace: Path | None) -> tuple[str, str, str]:
    """(name for messages and the manifest, text, SHA-256 of the bytes)."""
    path = assets.find("prompts", name, workspace=workspace)
    try:
        raw = path.read_bytes()
        return f"prompts/{name}", raw.decode("utf-8").replace("\r\n", "\n"), hashlib.sha256(raw).hexdigest()
    except IsADirectoryError as error:
        raise UsageError(f"prompts/{name} is a folder; name a file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"prompts/{name} cannot be read as UTF-8 text: {error}; correct or remove {path}") from error
