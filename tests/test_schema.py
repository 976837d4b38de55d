"""A report's JSON from anywhere: what fits is read, what does not is refused in one sentence, and nothing else ever happens."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import RagError, ReportError
from rag.numbers import is_period
from rag.prompts import metric_vocabulary
from rag.render import render
from rag.report import check_report, delta, from_json, to_json
from rag.types import Report
from tests.report_fixture import corpus, small_report

CORPUS = corpus()
Path = tuple[str | int, ...]

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**18), max_value=10**18),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["abcd", "0000", "2025-Q9", "2025-13", "9999-99", "\ud800", "NaN", "1e999", "-0", "2025-02-30", "", "{{x}}", "r-", [], {}, [[]]]
    ),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@cache
def _text() -> str:
    return to_json(small_report(given=CORPUS, before=small_report(given=CORPUS)))


@cache
def _places() -> tuple[Path, ...]:
    def walk(value: Any, path: Path) -> Iterator[Path]:
        yield path
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            yield from walk(inner, (*path, key))

    return tuple(path for path in walk(json.loads(_text()), ()) if path)


def _changed(data: Any, path: Path, value: Any, *, drop: bool) -> None:
    for key in path[:-1]:
        data = data[key]
    if drop:
        del data[path[-1]]
    else:
        data[path[-1]] = value


def _read(text: str | bytes) -> Report | None:
    """None for what is refused, as it should be: by ReportError, in one line."""
    with suppress(ReportError):
        return from_json(text)
    with pytest.raises(ReportError, match=r"\A[^\n]+\Z"):
        from_json(text)
    return None


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.integers(min_value=0), ODD, st.booleans()), min_size=1, max_size=2))
def test_a_report_changed_anywhere_is_read_or_refused_and_never_breaks_a_gate(changes: list[tuple[int, Any, bool]]) -> None:
    """Any place of a real report, any value: ReportError, or a report that can be checked, compared and printed, or says why not."""
    data = json.loads(_text())
    for at, value, drop in changes:
        try:
            _changed(data, _places()[at % len(_places())], value, drop=drop)
        except (KeyError, IndexError, TypeError):
            continue  # the second change's place went with the first
    report = _read(json.dumps(data))
    if report is None:
        return
    check_report(report, document=CORPUS.document, metrics=metric_vocabulary())
    delta(report, report)
    for kind in ("html", "md"):
        with suppress(RagError):
            render(report, format=kind)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.integers(min_value=0), length=st.integers(min_value=0, max_value=40), put=st.binary(max_size=6))
def test_bytes_cut_or_changed_anywhere_are_read_or_refused(start: int, length: int, put: bytes) -> None:
    """Also where they are no longer text."""
    text = _text().encode()
    at = start % len(text)
    _read(text[:at] + put + text[at + length :])


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "[" * 100_000, '{"a":' * 5_000, "1" * 10_000, "NaN", '"\\ud800"', b"\xff\xfe", b"\x00", '{"claims": 1}'],
)
def test_what_is_no_report_is_refused_in_one_sentence(text: str | bytes) -> None:
    """Nothing, a list, numbers without end, nesting without end, half a surrogate pair."""
    with pytest.raises(ReportError) as raised:
        from_json(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "label",
    [
        "abcd",
        "0000",
        "2025-Q5",
        "2025-Q0",
        "2025-13",
        "2025-00",
        "2025-H3",
        "2025-x",
        "25",
        "",
        "2025-13/12m",
        "2025-13/5m",
        "2025-5m",
        "2025-12m",
        "2025-06/m",
    ],
)
def test_a_period_that_is_none_is_refused(label: str) -> None:
    """Where it would be printed or compared."""
    data = json.loads(_text())
    next(card for card in data["cards"] if card["series"])["series"][0]["period"] = label
    with pytest.raises(ReportError, match="a period that is none"):
        from_json(json.dumps(data))
    assert not is_period(label)


@pytest.mark.parametrize(
    "label",
    [
        "2025",
        "2025-Q3",
        "2025-H1",
        "2025-09",
        "2025-09-30",
        "FY2025",
        "FY2024/2025",
        "2024/2025",
        "2024-2026",
        "2025-end",
        "2026-06/12m",
        "2025-05/5m",
    ],
)
def test_every_form_of_period_is_one(label: str) -> None:
    """Those that the reading of texts gives."""
    assert is_period(label)
