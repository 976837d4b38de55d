"""What the sample documents say: facts typed once in truth.yaml, named by id in prose/, printed here."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
WORDS = ("nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
PLACEHOLDER = re.compile(r"\{\{([a-z0-9-]+)(?::(\w+))?\}\}")

Value = float | str | tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One row of the truth table."""

    id: str
    entity: str
    metric: str
    region: str
    segment: str
    period: str
    digits: str
    """The number as documents print it, without its unit: `1,250`, `2.1–2.2`, or a date in words."""
    value: Value
    unit: str
    kind: str
    """actual, estimate or forecast."""
    question: str
    document: str
    """Path of the document that states it first, relative to the corpus."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A sentence or a table cell with its facts put in."""

    text: str
    facts: tuple[str, ...] = ()
    """Ids, in the order of the text."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The front matter of one file under prose/."""

    path: str
    title: str
    author: str
    publisher: str
    date: datetime.date
    tags: tuple[str, ...]
    token: str
    """A string that occurs in this document and its copies only."""
    options: Mapping[str, Any]
    """What only one format needs: mail headers, encoding, hidden text, sheets."""
    body: str


def truth(path: Path = HERE / "truth.yaml") -> Mapping[str, Any]:
    """The truth file as plain data."""
    loaded: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def facts(table: Mapping[str, Any]) -> dict[str, Fact]:
    """Facts by id; raises ValueError when an id is used twice."""
    found: dict[str, Fact] = {}
    for document, rows in table["facts"].items():
        for row in rows:
            fact = _fact(row, document=document)
            if fact.id in found:
                raise ValueError(f"fact {fact.id} is in truth.yaml twice; give one of them another id")
            found[fact.id] = fact
    return found


def _fact(row: list[Any], *, document: str) -> Fact:
    identity, entity, metric, region, segment, period, raw, unit, kind, question = row
    return Fact(
        id=identity,
        entity=entity,
        metric=metric,
        region=region,
        segment=segment,
        period=period,
        digits=_digits(raw),
        value=_value(raw),
        unit=unit,
        kind=kind,
        question=question,
        document=document,
    )


def _digits(raw: float | str | list[float]) -> str:
    if isinstance(raw, list):
        return "–".join(_digits(end) for end in raw)
    return raw if isinstance(raw, str) else f"{raw:,}"


def _value(raw: float | str | list[float]) -> Value:
    if isinstance(raw, list):
        return (raw[0], raw[1])
    if isinstance(raw, str):
        bare = raw.replace(",", "")
        return float(bare) if re.fullmatch(r"-?\d+(\.\d+)?", bare) else raw
    return raw


def printed(fact: Fact, form: str | None = None) -> str:
    """The fact in words. Forms: None (with unit), n (digits), abs (no sign), acc (brackets for a loss), word (small counts)."""
    bare = fact.digits.lstrip("-")
    match form:
        case None:
            return _with_unit(fact.digits, fact.unit)
        case "n":
            return fact.digits
        case "abs":
            return bare
        case "acc":
            return f"({bare})" if bare != fact.digits else bare
        case "word":
            return WORDS[int(fact.digits)]
        case _:
            raise ValueError(f"fact {fact.id} is asked for in the form {form!r}; use n, abs, acc or word")


def _with_unit(digits: str, unit: str) -> str:
    if unit in ("", "date"):
        return digits
    if unit == "%":
        return f"{digits}%"
    if unit == "EUR":
        return f"EUR {digits}"
    if unit.startswith("EUR/"):
        return f"EUR {digits} per {unit.removeprefix('EUR/')}"
    if unit in ("EUR million", "EUR billion", "EUR thousand"):
        return f"EUR {digits} {unit.removeprefix('EUR ')}"
    return f"{digits} {unit.replace('/', ' per ')}"


def fill(text: str, known: Mapping[str, Fact]) -> Filled:
    """The text with every `{{id}}` and `{{id:form}}` printed; raises KeyError for an id that is not in the truth table."""
    ids = tuple(match[1] for match in PLACEHOLDER.finditer(text))
    return Filled(text=PLACEHOLDER.sub(lambda match: printed(known[match[1]], match[2]), text), facts=ids)


def sources(folder: Path = HERE / "prose") -> list[Source]:
    """All documents to write, in the order of their paths."""
    files = [path for path in sorted(folder.iterdir()) if not path.name.endswith(".part.md")]
    return sorted((_source(path) for path in files), key=lambda source: source.path)


def _source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2) if path.suffix == ".md" else ("", text, "")
    options = yaml.safe_load(front)
    common = {name: options.pop(name) for name in ("path", "title", "author", "publisher", "date", "token")}
    return Source(**common, tags=tuple(options.pop("tags")), options=options, body=_with_parts(body, path.parent))


def _with_parts(body: str, folder: Path) -> str:
    """The body with each line `@name` replaced by the file name.part.md, where there is one."""

    def part(match: re.Match[str]) -> str:
        file = folder / f"{match[1]}.part.md"
        return file.read_text(encoding="utf-8").rstrip("\n") if file.exists() else match[0]

    return re.sub(r"^@([\w-]+)$", part, body, flags=re.MULTILINE)
