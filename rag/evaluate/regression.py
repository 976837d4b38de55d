"""A gate: has search become worse since a baseline was saved?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import UsageError
from rag.evaluate.arms import FULL
from rag.evaluate.run import Evaluation


@dataclass(frozen=True, kw_only=True, slots=True)
class Fall:
    """A measure of the full arm that fell by more than was allowed."""

    measure: str
    before: float
    now: float
    questions: tuple[str, ...]
    """Those whose own value fell, most first."""


def read_baseline(path: Path) -> dict[str, dict[str, float]]:
    """Measure -> question -> value of the full arm, from what ``rag eval --json`` printed. Raises UsageError."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        full = next(arm for arm in saved["arms"] if arm["name"] == FULL)
        return {measure: {name: float(value) for name, value in each.items()} for measure, each in full["values"].items()}
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise UsageError(f"{path} is no baseline ({error}); save one with: rag eval QUESTIONS --json > {path}") from error


def falls(now: Evaluation, baseline: Mapping[str, Mapping[str, float]], *, max_drop: float) -> list[Fall]:
    """Measures whose mean over the questions fell by more than ``max_drop``. Raises UsageError for other questions or measures."""
    values = now.arms[0].values
    found = []
    for measure, before in baseline.items():
        if measure not in values:
            raise UsageError(f"the baseline has {measure}, which was not measured now; use the same --top for both")
        if missing := sorted(set(before) ^ set(values[measure])):
            raise UsageError(
                f"the baseline is of other questions ({len(missing)} differ, the first is {missing[0]}); save a new one with: "
                "rag eval QUESTIONS --json"
            )
        means = [sum(each.values()) / len(each) for each in (before, values[measure])]
        if means[0] - means[1] > max_drop + 1e-9:
            worse = {name: before[name] - value for name, value in values[measure].items() if value < before[name]}
            questions = tuple(sorted(worse, key=lambda name: (-worse[name], name)))
            found.append(Fall(measure=measure, before=means[0], now=means[1], questions=questions))
    return found
