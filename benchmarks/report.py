"""Reports on a large invented corpus against its truth: tests/gold/markets.py, by two seeds, and more with ``--seeds``.

    python -m benchmarks.report [--seeds 1 2] [--show]

Each seed's files are written to a temporary folder, ingested with the small model, and reported on market by market, once by topic and
once by an outline whose sections ask what no document answers. A figure counts as held when a printed claim, table line or point of a
card cites the very sentence or cell that states it.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

from benchmarks.evaluate import machine
from rag.app import Library, create
from rag.ingest import drain
from rag.numbers import comparable, find_numbers, find_periods
from rag.prompts import Facet
from rag.render import render
from rag.report import to_json
from rag.text import squeeze
from rag.types import Conflict, Evidence, Period, Report
from tests.gold.markets import AS_OF, Corpus, Market, Pair, Place, Planted, corpus

TUNED, HELD_OUT = 1, 2


class Tally:
    """Counts of right and possible by measure, and what was wrong."""

    def __init__(self) -> None:
        self.right = Counter[str]()
        self.all = Counter[str]()
        self.wrong: list[str] = []

    def note(self, measure: str, *, ok: bool, about: object = "") -> None:
        self.right[measure] += ok
        self.all[measure] += 1
        if not ok:
            self.wrong.append(f"{measure}: {about}")

    def cell(self, measure: str) -> str:
        right, possible = self.right[measure], self.all[measure]
        return f"{right / possible:.3f} ({right} of {possible})" if possible else "none"


def library_on(made: Corpus, *, folder: Path) -> Library:
    """The corpus as files, ingested."""
    for path, data in made.files.items():
        (folder / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / path).write_bytes(data)
    create(folder / "workspace", folders=[folder / "docs"], embedder="small")
    library = Library.open(folder / "workspace")
    drain(library.ingest(now=datetime.combine(AS_OF, time(6), tzinfo=UTC)))
    return library


class Read:
    """A report with what its evidence stands for."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.paths = {row.source.document: row.source.path.removeprefix("docs/") for row in report.coverage}
        self.evidence = {item.id: item for item in report.evidence}
        self.claims = {claim.id: claim for claim in report.claims}
        printed = {item for claim in report.claims for item in claim.evidence} | {p.evidence for card in report.cards for p in card.series}
        self.printed = [self.evidence[item] for item in sorted(printed)]

    def states(self, item: Evidence, places: Iterable[Place]) -> bool:
        """Whether the evidence is one of the places."""
        return any(self._is_at(item, place) for place in places if place.path == self.paths[item.document])

    def _is_at(self, item: Evidence, place: Place) -> bool:
        quote = squeeze(item.quote)[0]
        if place.sentence:
            return item.table is None and (squeeze(place.sentence)[0] in quote or quote in squeeze(place.sentence)[0])
        reference = item.table
        same = reference is not None and squeeze(reference.row)[0] == squeeze(place.row)[0]
        return same and reference is not None and place.column in reference.column and quote == squeeze(place.printed)[0]

    def holds(self, planted: Planted) -> bool:
        return any(self.states(item, planted.places) for item in self.printed)

    def sides(self, conflict: Conflict) -> list[list[Evidence]]:
        return [[self.evidence[item] for item in self.claims[side.claim].evidence] for side in conflict.sides]

    def opposes(self, conflict: Conflict, pair: Pair) -> bool:
        """Whether different sides of the conflict quote the pair."""
        sides = self.sides(conflict)
        one = {at for at, side in enumerate(sides) if any(self.states(item, pair.one.places) for item in side)}
        other = {at for at, side in enumerate(sides) if any(self.states(item, pair.other.places) for item in side)}
        return any(first != second for first in one for second in other)


def measured(library: Library, market: Market, tally: Tally) -> None:
    """One market's report against its truth."""
    report = library.write(market.topic, as_of=AS_OF, since="none")
    check = library.check(report)
    read = Read(report)
    _gates(tally, check.failures(), market)
    for planted in market.planted:
        if planted.vital:
            tally.note("vital figures held", ok=read.holds(planted), about=_words(planted))
        tally.note("all figures held", ok=read.holds(planted), about=_words(planted))
    _disagreements(read, market, tally)
    _figures(read, market, tally)
    _orders(library, read, market, tally)
    _length(read, tally)


def _gates(tally: Tally, failures: Collection[str], market: Market) -> None:
    tally.note("reports that pass all gates", ok=not failures, about=(market.topic, list(failures)[:3]))
    for gate, name in (("B13", "directions recomputed"), ("B14", "confidences recomputed")):
        tally.note(name, ok=not any(gate in line for line in failures), about=market.topic)


def _disagreements(read: Read, market: Market, tally: Tally) -> None:
    listed = [conflict for conflict in read.report.conflicts if conflict.kind not in ("superseded", "unit")]
    replaced = [conflict for conflict in read.report.conflicts if conflict.kind == "superseded"]
    for pair in market.conflicts:
        tally.note("conflicts shown", ok=any(read.opposes(one, pair) for one in listed), about=(_words(pair.one), _words(pair.other)))
    for conflict in listed:
        ok = any(read.opposes(conflict, pair) for pair in market.conflicts)
        tally.note("conflicts shown that are planted", ok=ok, about=[read.claims[side.claim].text for side in conflict.sides])
    for pair in market.superseded:
        tally.note(
            "superseded figures told", ok=any(read.opposes(one, pair) for one in replaced), about=(_words(pair.one), _words(pair.other))
        )
        tally.note("superseded figures not printed as current", ok=not _is_current(read, pair.other), about=_words(pair.other))
    for pair in market.same:
        tally.note(
            "equal quantities not set against each other", ok=not any(read.opposes(one, pair) for one in listed), about=_words(pair.one)
        )


def _is_current(read: Read, old: Planted) -> bool:
    """Whether the figure stands in a section's claims, a card's series or the table at a glance."""
    told = {side.claim for conflict in read.report.conflicts for side in conflict.sides}
    items = [read.evidence[item] for claim in read.report.claims if claim.id not in told for item in claim.evidence]
    items += [read.evidence[point.evidence] for card in read.report.cards for point in card.series]
    return any(read.states(item, old.places) for item in items)


def _figures(read: Read, market: Market, tally: Tally) -> None:
    """Kinds and readings of printed figures."""
    points = [point for card in read.report.cards for point in card.series]
    for planted in market.planted:
        if planted.role == "forecast":
            kinds: list[str] = [
                claim.kind for claim in read.report.claims if any(read.states(read.evidence[i], planted.places) for i in claim.evidence)
            ]
            kinds += [point.kind for point in points if read.states(read.evidence[point.evidence], planted.places)]
            if kinds:
                tally.note("forecasts printed that are marked", ok=set(kinds) == {"forecast"}, about=(_words(planted), kinds))
        if planted.role == "denied":
            figures = [point.evidence for point in points] + [fact.evidence for fact in read.report.facts]
            tally.note(
                "denied figures that are nobody's figure",
                ok=not any(read.states(read.evidence[item], planted.places) for item in figures),
                about=_words(planted),
            )
    for fact in read.report.facts:
        item = read.evidence[fact.evidence]
        stated = [planted for planted in market.planted if read.states(item, planted.places)]
        if stated and not fact.metric.endswith(", change"):
            right = any(
                _same(planted, fact.metric, fact.entity, fact.region, _label(fact.period), comparable(fact.number)) for planted in stated
            )
            about = (fact.metric, fact.entity, fact.region, _label(fact.period), fact.number.printed, fact.segment, item.quote)
            tally.note("figures read rightly", ok=right, about=about)


def _label(period: Period | None) -> str:
    return period.label if period else ""


def _same(planted: Planted, metric: str, entity: str, region: str, label: str, value: tuple[object, str]) -> bool:
    mentions = find_periods(planted.period)
    when = mentions[0].label if mentions else planted.period
    numbers = {comparable(number) for number in find_numbers(planted.shown)}
    return (planted.metric, planted.entity, planted.region, when.removesuffix("-end")) == (
        metric,
        entity,
        region,
        label.removesuffix("-end"),
    ) and value in numbers


def _orders(library: Library, read: Read, market: Market, tally: Tally) -> None:
    """No order's string in any text format; its document is named in the warnings."""
    bodies = [render(read.report, format=kind, workspace=library.workspace) for kind in ("html", "md", "csv")] + [to_json(read.report)]
    warned = " ".join(read.report.warnings)
    for path, trigger in market.triggers:
        tally.note("orders that reach no format", ok=not any(trigger in body for body in bodies), about=path)
        tally.note("orders that are reported", ok=path in warned, about=path)


def _length(read: Read, tally: Tally) -> None:
    tally.all["claims"] += len(read.report.claims)
    tally.all["cards"] += len(read.report.cards)


def asked_in_vain(library: Library, market: Market, tally: Tally) -> None:
    """A section for each question that nothing answers must say so and print nothing."""
    outline = library.outline(market.topic)
    wanted = tuple(
        Facet(id=f"u{at}", title=title, question=question, queries=(f"{{market}} {title}", question), terms=(), metrics=())
        for at, (title, question) in enumerate(market.questions)
    )
    report = library.write(replace(outline, sections=(*outline.sections[:2], *wanted), binding=True), as_of=AS_OF, since="none")
    sections = {section.id: section for section in report.sections}
    texts = {claim.id: claim.text for claim in report.claims}
    gaps = {gap.section for gap in report.gaps}
    for facet in wanted:
        section = sections.get(facet.id)
        printed = [texts[claim] for claim in section.claims] if section else []
        tally.note("gaps told", ok=facet.id in gaps and not printed and not (section and section.cards), about=(facet.question, printed))


def _words(planted: Planted) -> str:
    first = planted.places[0] if planted.places else None
    where = (first.sentence or f"{first.row} | {first.column} | {first.printed}") if first else ""
    return f"{planted.metric} {planted.entity}{planted.region} {planted.period} {planted.shown}: {where} [{first.path if first else ''}]"


def scored(seed: int) -> Tally:
    """All measures of one seed."""
    made, tally = corpus(seed), Tally()
    with tempfile.TemporaryDirectory() as folder, library_on(made, folder=Path(folder)) as library:
        for market in made.markets:
            measured(library, market, tally)
            asked_in_vain(library, market, tally)
    return tally


def table(tallies: Mapping[int, Tally]) -> list[str]:
    """Measures by seed."""
    measures = [name for name in next(iter(tallies.values())).all if name not in ("claims", "cards")]
    lines = [f"| measure | {' | '.join(f'seed {seed}' for seed in tallies)} |", f"|---{'|---' * len(tallies)}|"]
    lines += [f"| {measure} | {' | '.join(tally.cell(measure) for tally in tallies.values())} |" for measure in measures]
    sizes = [f"{tally.all['claims']}, {tally.all['cards']}" for tally in tallies.values()]
    lines.append(f"| claims, cards | {' | '.join(sizes)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[TUNED, HELD_OUT])
    parser.add_argument("--show", action="store_true", help="print what was wrong")
    given = parser.parse_args()
    tallies = {seed: scored(seed) for seed in given.seeds}
    sys.stdout.write(f"Measured {datetime.now(UTC).date()} ({machine()}).\n\n" + "\n".join(table(tallies)) + "\n")
    if given.show:
        sys.stdout.write("".join(f"{seed} {line}\n" for seed, tally in tallies.items() for line in tally.wrong))


if __name__ == "__main__":
    main()
