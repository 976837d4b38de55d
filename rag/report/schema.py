"""A report as JSON and back: sorted keys, decimals as texts, ISO dates; unknown fields are refused."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rag.errors import ReportError
from rag.types import Report


@lru_cache(maxsize=1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)


def to_json(report: Report) -> str:
    """The report as indented JSON with sorted keys and a newline at the end; equal reports give equal bytes."""
    return json.dumps(_plain(report), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _plain(report: Report) -> Any:
    return _adapter().dump_python(report, mode="json")


def from_json(text: str) -> Report:
    """The report of a JSON text. Raises ReportError naming the place of the first thing that does not fit."""
    from pydantic import ValidationError

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReportError(f"the report is not JSON: {error.msg} in line {error.lineno}; give a report.json that rag wrote") from error
    try:
        report: Report = _adapter().validate_python(data, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ReportError(f"the report does not fit rag-report/1 at {_path(first['loc'])}: {first['msg']}") from error
    if unknown := _unknown(data, _plain(report), "report"):
        raise ReportError(f"the report has a field rag-report/1 does not know: {unknown}")
    return report


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
