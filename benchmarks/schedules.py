"""Three years of slots in two zones and six rhythms, with sleeps, crashes and changes of the clocks; then five schedulers at once.

``make eval-schedules``; some minutes. Each slot must end published once, or recorded as skipped with a reason.
"""

import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.record import Record
from rag.record.schedules import Letter, SlotRow
from rag.schedule import Definition, consider, read_definition
from rag.schedule.desk import perform

ZONES = ("Europe/Berlin", "America/New_York")
RHYTHMS = (
    'cron = "0 7 * * MON"',
    'cron = "30 2 * * *"',
    'cron = "0 */3 * * *"',
    'cron = "15,45 1-3 * * *"',
    'cron = "0 9 1,15 * *"',
    'first_working_day = "07:00"',
)
START, YEARS = datetime(2024, 1, 1, tzinfo=UTC), 3
CRASHES = 0.05
"""Share of runs whose process dies in the middle."""
_NAP_MINUTES = (5, 15, 60, 600, 4_320)


class Crash(BaseException):
    """The process is gone, as the desk sees it."""


@dataclass(kw_only=True)
class Tally:
    """What became of the slots of one schedule."""

    expected: int = 0
    published: Counter[str]
    states: Counter[str]
    unexplained: int = 0
    """Skipped without a reason, or never ended."""

    @property
    def twice(self) -> int:
        """Slots published more than once."""
        return sum(count > 1 for count in self.published.values())


def definition_of(rhythm: str, zone: str, *, catch_up: str) -> Definition:
    """A schedule with nobody to deliver to."""
    return read_definition(f'topic = "x"\n{rhythm}\nzone = "{zone}"\ncatch_up = "{catch_up}"\ntries = 20\n', at="schedule")


def run_years(definition: Definition, *, folder: Path, seed: int, end: datetime) -> Tally:
    """One schedule from the start to ``end`` on a fake clock."""
    chance, published = random.Random(seed), Counter[str]()
    Record.create(folder / "library.db").close()
    with Record.open(folder / "library.db") as record:
        book = record.schedules
        book.begin("s", since=START)

        def publish(row: SlotRow) -> tuple[SlotRow, Sequence[Letter]]:
            if chance.random() < CRASHES:
                raise Crash
            published[row.slot] += 1
            return replace(row, state="published"), ()

        at = START
        while at < end + timedelta(days=4):
            at += timedelta(minutes=chance.choices(_NAP_MINUTES, weights=(30, 30, 25, 14, 1))[0])
            consider(book, "s", definition, now=at)
            try:
                perform(book, "s", definition, workspace=folder, now=lambda at=at: at, publish=publish)  # type: ignore[misc]
            except Crash:
                continue
        rows = [row for row in book.slots("s") if row.due <= end]
    expected = 0
    for slot in definition.rhythm.after(START):
        if slot.due > end:
            break
        expected += 1
    unexplained = sum(row.state not in ("published", "skipped") or (row.state == "skipped" and not row.reason) for row in rows)
    return Tally(expected=expected, published=published, states=Counter(row.state for row in rows), unexplained=unexplained)


def _race(folder: Path, seed: int) -> None:
    """One of several schedulers on one workspace, each with a clock of its own pace."""
    definition, chance = definition_of(RHYTHMS[2], ZONES[0], catch_up="all"), random.Random(seed)
    with Record.open(folder / "library.db") as record:
        at = START
        while at < START + timedelta(days=120):
            at += timedelta(minutes=chance.choice((30, 180, 700)))
            consider(record.schedules, "s", definition, now=at)

            def publish(row: SlotRow) -> tuple[SlotRow, Sequence[Letter]]:
                with (folder / "published").open("a", encoding="utf-8") as log:
                    log.write(f"{row.slot}\n")
                return replace(row, state="published"), ()

            perform(record.schedules, "s", definition, workspace=folder, now=lambda at=at: at, publish=publish)  # type: ignore[misc]


def race(folder: Path, *, schedulers: int) -> Tally:
    """Several processes at once."""
    Record.create(folder / "library.db").close()
    with Record.open(folder / "library.db") as record:
        record.schedules.begin("s", since=START)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_race, args=(folder, seed)) for seed in range(schedulers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    published = Counter((folder / "published").read_text(encoding="utf-8").split())
    with Record.open(folder / "library.db") as record:
        rows = record.schedules.slots("s")
    unexplained = sum(row.state not in ("published", "skipped") or (row.state == "skipped" and not row.reason) for row in rows)
    return Tally(expected=len(rows), published=published, states=Counter(row.state for row in rows), unexplained=unexplained)


def main() -> None:
    """Prints a line a schedule, and exits with 1 when a slot was lost or doubled."""
    end = START.replace(year=START.year + YEARS)
    begun, bad, total = time.process_time(), 0, 0
    for zone in ZONES:
        for seed, rhythm in enumerate(RHYTHMS):
            catch_up = ("all", "latest")[seed % 2]
            with tempfile.TemporaryDirectory() as folder:
                tally = run_years(definition_of(rhythm, zone, catch_up=catch_up), folder=Path(folder), seed=seed, end=end)
            lost = tally.expected - tally.states.total()
            bad += tally.twice + tally.unexplained + abs(lost)
            total += tally.expected
            told = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items()))
            print(f"{zone:<18} {rhythm:<30} {catch_up:<7} {tally.expected:>6} slots: {told}; lost {lost}, twice {tally.twice}")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        tally = race(Path(folder), schedulers=5)
    bad += tally.twice + tally.unexplained
    print(f"five schedulers at once: {tally.expected} slots, {tally.published.total()} published, twice {tally.twice}")  # noqa: T201
    print(f"{total:,} slots, {bad} lost, doubled or unexplained; {time.process_time() - begun:.0f} s CPU")  # noqa: T201
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
