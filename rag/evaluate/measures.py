"""The field's measures by ir-measures (Apache-2.0), and bootstrap intervals over questions.

A ranking is a list of entries, best first; an entry holds the gold things it answers for, or one name of its own where it answers none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

from rag.errors import UsageError

RESAMPLES = 2000
ALL = 100_000
"""A cut-off beyond every list: hit and recall are taken of lists that were cut before, by entries."""

Entry: TypeAlias = Sequence[str]
Values: TypeAlias = Mapping[str, float]
"""Question -> value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def measure_names(k: int) -> tuple[str, ...]:
    """In the order of a table's columns."""
    return (*dict.fromkeys(("hit@1", f"hit@{k}")), f"recall@{k}", "MRR@10", "nDCG@10", "R-precision")


def measured(rankings: Mapping[str, Sequence[Entry]], gold: Mapping[str, Sequence[str]], *, k: int) -> dict[str, dict[str, float]]:
    """Measure -> question -> value, 0 to 1. Raises UsageError where ir-measures is not installed."""
    at_one = _calculated("Success@{}", {name: ranking[:1] for name, ranking in rankings.items()}, gold, cut=ALL)
    cut = {name: ranking[:k] for name, ranking in rankings.items()}
    found = {
        "hit@1": at_one,
        f"hit@{k}": _calculated("Success@{}", cut, gold, cut=ALL),
        f"recall@{k}": _calculated("R@{}", cut, gold, cut=ALL),
        "MRR@10": _calculated("RR@{}", rankings, gold, cut=10),
        "nDCG@10": _calculated("nDCG@{}", rankings, gold, cut=10),
        "R-precision": _calculated("Rprec", rankings, gold, cut=ALL),
    }
    return {name: found[name] for name in measure_names(k)}


def _calculated(measure: str, rankings: Mapping[str, Sequence[Entry]], gold: Mapping[str, Sequence[str]], *, cut: int) -> dict[str, float]:
    library = _library()
    judged = [library.Qrel(name, thing, 1) for name, things in gold.items() for thing in things]
    ranked = [
        library.ScoredDoc(name, thing, -float(place))
        for name, ranking in rankings.items()
        for place, thing in enumerate(dict.fromkeys(thing for entry in ranking for thing in entry))
    ]
    calculated = library.iter_calc([library.parse_measure(measure.format(cut))], judged, ranked)
    values = {found.query_id: float(found.value) for found in calculated}
    return {name: values.get(name, 0.0) for name in gold}


def _library() -> ModuleType:
    try:
        import ir_measures
    except ImportError as error:
        raise UsageError("rag eval needs ir-measures, which is not installed; run: pip install 'rag-reports[eval]'") from error
    return ir_measures


def estimate(values: Sequence[float], *, seed: int = 0) -> Estimate:
    """The mean and where 95 % of the means of resampled questions lie. For a paired comparison: of the differences."""
    import numpy as np

    each = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, len(each), size=(RESAMPLES, len(each)))
    low, high = np.quantile(each[draws].mean(axis=1), (0.025, 0.975))
    return Estimate(value=float(each.mean()), low=float(low), high=float(high))
