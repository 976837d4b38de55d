"""Measures what becomes of a model's sentences: those of a careful writer, of a sloppy one, of a puppet, and every slip one by one.

    python -m benchmarks.writer WORKSPACE "topic" [--as-of 2026-11-23] [--seeds 5]

The models are tests/scripted_models.py behind a real loopback server, the report is the workspace's own on the topic. Prints for each
model what was written, repaired, replaced, the gates that failed and the slips that were printed; then, for each kind of slip made in each
sentence that can be worded, how many the rules let through, and how many of the careful writer's sentences they refuse.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from rag.app import Library
from rag.llms.calls import Calls, Limits
from rag.llms.openai import OpenAILlm
from rag.model_prompts import Prompts
from rag.prompts import metric_vocabulary
from rag.report import check_report
from rag.report.wording import Vocabulary
from rag.report.write import Desk, Sentence, in_words, reasons_of, units, write
from rag.types import Document, Report
from tests.scripted_models import SLOPPY, Line, Model, Sloppy, good, puppet, reworded, serving

METRICS = metric_vocabulary()
LIMITS = Limits(timeout_s=30, run_timeout_s=900, answer_tokens=2_000, context_tokens=32_000)


def worded(base: Report, model: Model, *, document: Callable[[str], Document]) -> tuple[Report, int]:
    """The report in the model's words, and how many answers it took."""
    with serving(model) as endpoint:
        llm = OpenAILlm("scripted", base_url=endpoint.base_url, api_key="k")
        calls = Calls(llm=llm, limits=LIMITS, now=lambda: datetime.now(UTC))
        made = write(base, calls=calls, model="scripted", prompts=Prompts(), document=document, vocabulary=Vocabulary(METRICS))
        llm.close()
    return made, len(endpoint.requests)


def outcome(name: str, made: Report, asked: int, *, document: Callable[[str], Document]) -> str:
    """A line on a report."""
    failed = check_report(made, document=document, metrics=METRICS).counts.get("fail", 0)
    return f"{name}: {in_words(made.manifest.counts)}; {asked} answers, {failed} checks failed"


def sloppy(base: Report, *, seed: int, document: Callable[[str], Document]) -> None:
    """Prints a line on a sloppy writer's report, with its slips and how many of them it prints."""
    model = Sloppy(seed=seed)
    made, asked = worded(base, model, document=document)
    printed = {claim.text for claim in made.claims if claim.mode == "prose" and claim.calculation is None}
    through = Counter(kind for (text, _), (kind, _) in model.bad.items() if text in printed)
    line = outcome(f"sloppy, seed {seed}", made, asked, document=document)
    sys.stdout.write(f"{line}; {len(model.bad)} slips, printed {through.total()} {dict(through) or ''}\n")


class Unasked:
    """No model: each sentence is judged by itself."""

    def ask(self, messages: object, **_: object) -> object:
        """Not here."""
        raise AssertionError


def slips(base: Report, *, document: Callable[[str], Document]) -> None:
    """Prints, for each kind of slip in each sentence that can be worded, how many pass."""
    named = replace(base, manifest=replace(base.manifest, writer="scripted"))
    vocabulary = Vocabulary(METRICS)
    desk = Desk(report=named, calls=Unasked(), prompts=Prompts(), document=document, vocabulary=vocabulary)  # type: ignore[arg-type]
    tried, passed = Counter[str](), Counter[str]()
    for unit in units(named, vocabulary=vocabulary):
        lines = [Line(item.number, item.text, item.source) for item in desk.lines(unit)]
        for line in lines:
            for kind, slip in {"(none: a careful sentence)": lambda one, _: (reworded(one), [one.number]), **SLOPPY}.items():
                text, evidence = slip(line, len(lines))
                if kind in SLOPPY and (text, evidence) == (line.text, [line.number]):
                    continue
                tried[kind] += 1
                passed[kind] += not reasons_of(desk, unit, Sentence(text=text, evidence=tuple(evidence)))
    for kind in tried:
        sys.stdout.write(f"  {kind:32} {passed[kind]:4} of {tried[kind]:4} pass\n")
    made = tried.total() - tried["(none: a careful sentence)"]
    sys.stdout.write(f"  {made} slips of {len(tried) - 1} kinds\n")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("topic")
    parser.add_argument("--as-of", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    with Library.open(given.workspace) as library:
        base = library.write(given.topic, as_of=given.as_of, since="none")
        document = lru_cache(maxsize=None)(library.record.document)
        for name, model in (("careful", good), ("puppet", puppet)):
            made, asked = worded(base, model, document=document)
            sys.stdout.write(outcome(name, made, asked, document=document) + "\n")
        for seed in range(given.seeds):
            sloppy(base, seed=7 * seed, document=document)
        slips(base, document=document)


if __name__ == "__main__":
    main()
