"""What-changed sections against the truth: five editions over a growing corpus, by two seeds, and more with ``--seeds``.

    python -m benchmarks.editions

Every edition is a real report (rag.report.write_report) over the corpus of that week, found by shared word stems, so that no model is
needed. A change counts as told when kind, subject, both values and the document that caused it are right.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence

from rag.numbers import find_numbers, period_words
from rag.report import delta
from rag.types import Delta, Report
from tests.gold.editions import TOPIC, Expected, State, body, states
from tests.report_fixture import Corpus, corpus_of, small_report

TUNED, HELD_OUT = 11, 23


def edition(state: State, *, before: Report | None = None) -> Report:
    """The report of one week."""
    return small_report(topic=TOPIC, given=corpus_for(state), as_of=state.day, before=before)


def corpus_for(state: State) -> Corpus:
    """Documents known by their content, as the record knows them."""
    texts = {path: (paper.title, paper.publisher, paper.day, body(paper)) for path, paper in state.papers.items()}
    return corpus_of(texts, by_content=True)


def told(found: Delta, report: Report) -> set[Expected]:
    """The changes of a report as the truth words them."""
    paths = {row.source.document: row.source.path for row in report.coverage}
    paths |= {change.source.document: change.source.path for change in found.documents}
    made = {Expected(kind=f"document {change.event}", about=change.source.path) for change in found.documents}
    for one in found.figures:
        for cause in one.causes:
            about = f"{one.key.metric}, {period_words(one.period)}"
            made.add(Expected(kind=f"figure {one.kind}", about=about, was=_figure(one.was), now=_figure(one.now), cause=paths[cause]))
    made |= {Expected(kind=f"claim {one.kind}", about=one.text, cause=paths[cause]) for one in found.claims for cause in one.causes}
    return made


def _figure(printed: str) -> str:
    """Value and unit, whatever the print."""
    return "; ".join(f"{number.value.normalize():f} {number.unit}".strip() for number in find_numbers(printed)[:1])


def as_told(expected: Iterable[Expected]) -> set[Expected]:
    """The truth in the same words."""
    return {Expected(kind=one.kind, about=one.about, was=_figure(one.was), now=_figure(one.now), cause=one.cause) for one in expected}


def compared(seed: int, *, show: bool = False) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """(right, told too much, not told) by kind of change, over all weeks."""
    right, extra, missing = Counter[str](), Counter[str](), Counter[str]()
    before: Report | None = None
    for state in states(seed):
        report = edition(state, before=before)
        if before is not None:
            assert report.changes == delta(before, report)
            truth, found = as_told(state.truth), told(report.changes or delta(before, report), report)
            right.update(one.kind for one in truth & found)
            extra.update(one.kind for one in found - truth)
            missing.update(one.kind for one in truth - found)
            if show:
                for name, ones in (("told too much", found - truth), ("not told", truth - found)):
                    for one in sorted(ones, key=repr):
                        print(state.day, name, one)  # noqa: T201 - a script's own output
        before = report
    return right, extra, missing


def scores(right: int, extra: int, missing: int) -> tuple[float, float, float]:
    """(precision, recall, F1)."""
    precision = right / (right + extra) if right + extra else 1.0
    recall = right / (right + missing) if right + missing else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def main() -> None:
    options = argparse.ArgumentParser(description="Precision, recall and F1 of what-changed sections.")
    options.add_argument("--seeds", type=int, nargs="*", default=[TUNED, HELD_OUT])
    options.add_argument("--show", action="store_true", help="print each change that was missed or made up")
    given = options.parse_args()
    print("| seed | changes | right | too much | missed | precision | recall | F1 |\n|---|---|---|---|---|---|---|---|")  # noqa: T201
    for seed in given.seeds:
        counts: Sequence[Counter[str]] = compared(seed, show=given.show)
        for kind in ("document", "figure", "claim", ""):
            right, extra, missing = (sum(count for name, count in found.items() if name.startswith(kind)) for found in counts)
            row = f"{right + missing} | {right} | {extra} | {missing} | " + " | ".join(f"{x:.3f}" for x in scores(right, extra, missing))
            print(f"| {seed} {kind or 'all'} | {row} |")  # noqa: T201


if __name__ == "__main__":
    main()
