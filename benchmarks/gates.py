"""The gates under sabotage, and on clean reports.

    python -m benchmarks.gates

Seventeen kinds of sabotage and more, twenty seeds each, on a report over the sample documents. Each spoiled report is given the id of its
new content, as a careful forger would, so that only the gates on the content can tell; what each kind is caught by is printed. Then a
hundred clean reports: subsets of the documents, topics and as-of dates; every failure on one of them is a false alarm.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from rag.prompts import metric_vocabulary
from rag.readers import SUFFIXES, read_file
from rag.report import check_report
from rag.report.seal import sealed
from rag.types import Document, Report, Source
from tests.conftest import REPOSITORY
from tests.report_fixture import Corpus, finder, small_report
from tests.test_mutations import KINDS

SEEDS = 20
CLEAN = 100
TOPICS = (
    "Zinc-air storage, Marenland and the Calder Coast, 2024-26",
    "Home storage, Calder Coast, 2025-26",
    "Zinc-air storage, Harrow Islands, 2024-25",
    "Kordwell Energi, 2024-26",
    "Veltrane, Ostvik, 2025-26",
    "Grid connections, Marenland, 2026",
)
LAST = date(2026, 11, 23)
METRICS = metric_vocabulary()


def sample() -> Corpus:
    """The sample documents, found by shared word stems so that no model is needed."""
    documents: dict[str, Document] = {}
    sources: list[Source] = []
    for number, file in enumerate(sorted(path for path in (REPOSITORY / "sample_docs").rglob("*") if path.suffix.lower() in SUFFIXES)):
        document, identity = read_file(file), f"{number:016x}"
        about = document.metadata
        documents[identity] = document
        sources.append(
            Source(
                document=identity,
                path=file.relative_to(REPOSITORY).as_posix(),
                title=about.title,
                author=about.author,
                publisher=about.publisher,
                published=about.published or LAST,
                published_from=about.published_from,
                format=document.format,
                pages=len(document.pages),
            )
        )
    return Corpus(documents=documents, sources=sources, find=finder(documents, sources))


def subset(whole: Corpus, *, paths: frozenset[str]) -> Corpus:
    """Some of the documents."""
    sources = [source for source in whole.sources if source.path in paths]
    documents = {source.document: whole.documents[source.document] for source in sources}
    return Corpus(documents=documents, sources=sources, find=finder(documents, sources))


def clean_reports(whole: Corpus, *, count: int) -> Iterator[tuple[Corpus, Report]]:
    """Reports on subsets, topics and as-of dates drawn by number."""
    for number in range(count):
        dice = random.Random(f"clean {number}")
        paths = [source.path for source in whole.sources]
        given = subset(whole, paths=frozenset(dice.sample(paths, dice.randint(4, len(paths)))))
        as_of = LAST - timedelta(days=dice.randint(0, 500))
        yield given, small_report(topic=dice.choice(TOPICS), given=given, as_of=as_of)


def caught_by(report: Report, given: Corpus) -> set[str]:
    """The gates that fail on it."""
    return {line.split()[0] for line in check_report(report, document=given.document, metrics=METRICS).failures()}


def sabotaged(report: Report, given: Corpus, *, seeds: int) -> Iterator[tuple[str, list[set[str]]]]:
    """(kind, for each seed the gates that caught it)."""
    for kind, spoil in KINDS.items():
        yield kind, [caught_by(sealed(spoil(report, random.Random(seed))), given) for seed in range(seeds)]


def main() -> None:
    options = argparse.ArgumentParser(description="Sabotage caught, and false alarms on clean reports.")
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument("--clean", type=int, default=CLEAN)
    given = options.parse_args()
    whole = sample()
    report = small_report(topic=TOPICS[0], given=whole, as_of=LAST)
    print(f"{len(report.claims)} claims, {len(report.cards)} cards, {len(report.conflicts)} disagreements\n")  # noqa: T201
    print("| sabotage | caught | by |\n|---|---|---|")  # noqa: T201
    for kind, found in sabotaged(report, whole, seeds=given.seeds):
        gates = Counter(gate for one in found for gate in one)
        told = ", ".join(f"{gate} {count}" for gate, count in sorted(gates.items(), key=lambda pair: int(pair[0][1:])))
        print(f"| {kind} | {sum(bool(one) for one in found)} of {len(found)} | {told} |", flush=True)  # noqa: T201
    alarms, claims = 0, 0
    for number, (corpus, made) in enumerate(clean_reports(whole, count=given.clean)):
        failures = check_report(made, document=corpus.document, metrics=METRICS).failures()
        claims += len(made.claims)
        alarms += bool(failures)
        for line in failures:
            print(f"false alarm on clean report {number}: {line}", flush=True)  # noqa: T201
    print(f"\n{given.clean} clean reports, {claims} claims: {alarms} with a false alarm")  # noqa: T201


if __name__ == "__main__":
    main()
