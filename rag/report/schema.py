"""A report as JSON and back: sorted keys, decimals as texts, ISO dates; unknown fields are refused."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from rag import types
from rag.errors import ReportError
from rag.help import field_help
from rag.numbers import is_period
from rag.types import Report

MOST_DIGITS = 40
"""Before or behind the decimal point: beyond any sum of money, within decimal arithmetic."""


@lru_cache(maxsize=1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)


def to_json(report: Report) -> str:
    """The report as indented JSON with sorted keys and a newline at the end; equal reports give equal bytes."""
    return json.dumps(plain(report), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def plain(report: Report) -> Any:
    """As JSON's own kinds. A document that is no one company's has no owner: reports saved before there were owners keep their bytes."""
    data = _adapter().dump_python(report, mode="json")
    for row in data["coverage"]:
        if not row["owner"]:
            del row["owner"]
    return data


def from_json(text: str | bytes, *, name: str = "the report") -> Report:
    """The report of a JSON text. Raises ReportError naming the place of the first thing that does not fit; ``name``: what the text is
    called there, such as its file's path."""
    from pydantic import ValidationError

    data = _loaded(text, name=name)
    try:
        report: Report = _adapter().validate_python(data, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _no_report(name, f"does not fit rag-report/1 at {_path(first['loc'])}: {first['msg']}") from error
    except RecursionError as error:
        raise _no_report(name, "is nested too deeply") from error
    huge = next((number for number in _decimals(report) if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS), None)
    if huge is not None:
        raise _no_report(name, f"holds a number out of range: {str(huge)[:40]}")
    if (label := next((label for label in _labels(report) if not is_period(label)), None)) is not None:
        raise _no_report(name, f"names a period that is none: {label[:40]!r} (periods are such as 2025, 2025-Q3 or 2025-09)")
    if unknown := _unknown(data, plain(report), "report"):
        raise _no_report(name, f"has a field rag-report/1 does not know: {unknown}")
    return report


def _no_report(name: str, why: str) -> ReportError:
    return ReportError(f"{name} {why}; give a report.json that rag wrote")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a report, with the help of each field; an unknown field is refused, as ``from_json`` does."""
    schema: dict[str, Any] = _adapter().json_schema(mode="serialization")
    for name, described in {"Report": schema, **schema["$defs"]}.items():
        if "properties" in described:
            described["additionalProperties"] = False
            for field, told in field_help(getattr(types, name)).items():
                described["properties"][field]["description"] = told
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "rag-report/1", **schema}


def _loaded(text: str | bytes, *, name: str) -> Any:
    """The JSON as data; ReportError for what is no JSON text in Unicode."""
    try:
        data = json.loads(text if isinstance(text, str) else text.decode("utf-8"), parse_constant=_refused)
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise _no_report(name, "is not text in UTF-8") from error
    except RecursionError as error:
        raise _no_report(name, "is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _no_report(name, f"is not JSON: {error.msg} in line {error.lineno}") from error
    except ValueError as error:
        raise _no_report(name, f"holds a number that is none: {error}") from error
    return data


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not in JSON")


def _labels(report: Report) -> Iterator[str]:
    """Every period that is named; parts that may go without one do."""
    yield from (claim.period.label for claim in report.claims if claim.period is not None)
    yield from (fact.period.label for fact in report.facts if fact.period is not None)
    yield from (point.period for card in report.cards for point in card.series)
    loose = [row.period for row in report.glance] + [conflict.period for conflict in report.conflicts]
    loose += [side.period for conflict in report.conflicts for side in conflict.sides]
    loose += [one.period for one in report.changes.figures] if report.changes else []
    yield from filter(None, loose)


def _decimals(report: Report) -> Iterator[Decimal]:
    """Every value the gates compute with."""
    for claim in report.claims:
        yield from (number.value for number in claim.numbers)
        if claim.calculation:
            yield from (*claim.calculation.values, claim.calculation.result)
    yield from (point.value for card in report.cards for point in card.series)
    yield from (fact.number.value for fact in report.facts)


def _path(parts: tuple[int | str, ...]) -> str:
    return "report" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _unknown(given: Any, known: Any, path: str) -> str:
    """The path of the first key that was given but not understood; empty without one."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        for key in given:
            if key not in known:
                return f"{path}.{key}"
            if found := _unknown(given[key], known[key], f"{path}.{key}"):
                return found
    if isinstance(given, list) and isinstance(known, list):
        for at, (one, other) in enumerate(zip(given, known, strict=False)):
            if found := _unknown(one, other, f"{path}[{at}]"):
                return found
    return ""
