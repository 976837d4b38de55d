"""A week of a daily schedule with a model that words the reports: five days with news, two without, by two seeds.

    python -m benchmarks.week [--seeds 11 23]

Real files, a real workspace, `rag.schedule.run_due` each morning, a scripted model behind an OpenAI-compatible server that counts calls.
Documents appear, change in place, are superseded, confirmed, renamed and vanish (tests/gold/editions.py); what the editions say changed
is compared with what was drawn. A statement in the model's words counts by the quote that it stands on.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.editions import HELD_OUT, TUNED, as_told, scores, told
from rag.app import Library, create
from rag.report import from_json
from rag.schedule import run_due
from rag.types import Claim, Delta, Report
from tests.gold.editions import TOPIC, Expected, Paper, State, body, states
from tests.scripted_models import Endpoint, good, serving

MONDAY = date(2026, 8, 3)
NEWS = (0, 1, 3, 4, 6)
"""Days after Monday on which documents came, changed or went."""
_SCHEDULE = (
    f'topic = "{TOPIC}"\ncron = "0 7 * * *"\nzone = "Europe/Berlin"\nformats = ["json"]\n[[deliver]]\nkind = "folder"\npath = "out"\n'
)


@dataclass(frozen=True, kw_only=True)
class Morning:
    """What one day gave."""

    day: date
    state: str
    calls: int
    right: Counter[str]
    extra: Counter[str]
    missing: Counter[str]


def week(seed: int, *, workspace: Path, endpoint: Endpoint, show: bool = False) -> list[Morning]:
    """Seven mornings. The model is the one of the environment."""
    create(workspace, embedder="small")
    (workspace / "schedules").mkdir()
    (workspace / "schedules" / "daily.toml").write_text(_SCHEDULE, encoding="utf-8")
    with Library.open(workspace) as library:
        library.record.schedules.begin("daily", since=datetime.combine(MONDAY, datetime.min.time(), tzinfo=UTC))
    coming = iter(states(seed, days=[MONDAY + timedelta(days=day) for day in NEWS]))
    mornings: list[Morning] = []
    before: Report | None = None
    for day in range(7):
        news = next(coming) if day in NEWS else None
        if news is not None:
            _lay_out(workspace / "docs", news.papers)
        asked = len(endpoint.requests)
        done = run_due(workspace, now=_clock(datetime.combine(MONDAY, datetime.min.time(), tzinfo=UTC) + timedelta(days=day, hours=6)))
        (row,) = done.ended
        counts = (Counter[str](), Counter[str](), Counter[str]())
        if row.state == "published":
            with Library.open(workspace) as library:
                report = from_json(library.record.report(row.report))
            if news is not None and before is not None and report.changes is not None:
                counts = _compared(news, report, report.changes, before, show=show)
            before = report
        right, extra, missing = counts
        calls = len(endpoint.requests) - asked
        mornings.append(Morning(day=MONDAY + timedelta(days=day), state=row.state, calls=calls, right=right, extra=extra, missing=missing))
    return mornings


def _clock(start: datetime) -> Callable[[], datetime]:
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def _lay_out(folder: Path, papers: Mapping[str, Paper]) -> None:
    """The folder holds these and nothing else; a file whose text stays is left alone."""
    wanted = {
        folder / path.replace(".txt", ".md"): f"---\ndate: {paper.day}\npublisher: {paper.publisher}\n---\n\n{body(paper)}"
        for path, paper in papers.items()
    }
    for path in set(folder.rglob("*.md")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _compared(news: State, report: Report, found: Delta, before: Report, *, show: bool) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """(right, told too much, not told) by kind of change."""
    quoted = replace(
        found, claims=tuple(replace(one, text=_quote(one.claim or one.before, one.causes, report, before)) for one in found.claims)
    )
    truth, said = as_told(news.truth), {_as_drawn(one) for one in told(quoted, report)}
    if show:
        for name, ones in (("told too much", said - truth), ("not told", truth - said)):
            for one in sorted(ones, key=repr):
                print(news.day, name, one)  # noqa: T201 - a script's own output
    kinds = (Counter(one.kind for one in ones) for ones in (truth & said, said - truth, truth - said))
    right, extra, missing = kinds
    return right, extra, missing


def _quote(claim: str, causes: tuple[str, ...], report: Report, before: Report) -> str:
    """The sentence of the document that made the difference, or of the first, on which a statement stands."""
    for edition in (report, before):
        stated: dict[str, Claim] = {one.id: one for one in edition.claims}
        if claim in stated:
            evidence = {item.id: item for item in edition.evidence}
            own = [evidence[item] for item in stated[claim].evidence]
            return next((item.quote for item in own if item.document in causes), own[0].quote)
    return ""


def _as_drawn(one: Expected) -> Expected:
    """Paths as the truth names them."""
    return replace(one, about=_drawn(one.about), cause=_drawn(one.cause))


def _drawn(path: str) -> str:
    return path.removeprefix("docs/").replace(".md", ".txt") if path.startswith("docs/") else path


@contextmanager
def writing_with(endpoint: Endpoint) -> Iterator[None]:
    """Reports are worded by the model there, in this process and its children."""
    said = {"KIND": "openai", "MODEL": "scripted-1", "BASE_URL": endpoint.base_url}
    own = {**{f"RAG_WRITER__{name}": value for name, value in said.items()}, "OPENAI_API_KEY": "k"}
    was = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in was.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def main() -> None:
    """Prints a line a morning, and exits with 1 when a morning without news asked the model or the comparison falls below .95."""
    options = argparse.ArgumentParser(description="A real week, with a model.")
    options.add_argument("--seeds", type=int, nargs="*", default=[TUNED, HELD_OUT])
    options.add_argument("--show", action="store_true", help="print each change that was missed or made up")
    given = options.parse_args()
    bad = 0
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder, serving(good) as endpoint, writing_with(endpoint):
            mornings = week(seed, workspace=Path(folder) / "ws", endpoint=endpoint, show=given.show)
        for one in mornings:
            counts = [sum(count.values()) for count in (one.right, one.extra, one.missing)]
            changes = f"{counts[0]} changes right, {counts[1]} too much, {counts[2]} missed" if sum(counts) else ""
            print(f"{seed} {one.day:%a %Y-%m-%d}  {one.state:<10} {one.calls:>3} model calls  {changes}")  # noqa: T201
            bad += one.state == "no_change" and one.calls > 0
        total = [sum(sum(getattr(one, name).values()) for one in mornings) for name in ("right", "extra", "missing")]
        precision, recall, f1 = scores(*total)
        states_ = Counter(one.state for one in mornings)
        print(f"{seed} what changed: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}; {dict(states_)}")  # noqa: T201
        bad += f1 < 0.95 or states_ != {"published": 5, "no_change": 2}
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
