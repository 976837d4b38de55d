"""Topics as people type them: is there a report where the documents speak of it, is it about what was asked, and none where they don't?

    python -m benchmarks.topics [--sets sample_docs beigebook ...] [--print]

A printed sentence is on topic when it holds one of the words that a reader of that topic would accept (written down below, before the
reports were read); figures of a table count by their labels. "refused" is a report without a claim. Workspaces are made as in
benchmarks.chat, under RAG_EVAL_CACHE; of the Beige Book one issue, of the speeches the first sixty.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from benchmarks.evaluate import library_of as made_of
from benchmarks.evaluate import write_issue
from benchmarks.retrieval import SETS, cache_folder, data_folder
from rag.app import Library
from rag.types import Report

ISSUE = "2012-04"
SPEECHES = 60


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What is typed, and what may be printed."""

    text: str
    words: str
    """A pattern that a sentence on the topic holds; empty where the documents have nothing on it."""
    pack: str = ""


TOPICS: dict[str, Sequence[Topic]] = {
    "sample_docs": (
        Topic(text="Kordwell margins", words="margin|profit|EBIT|earnings|cost", pack="filings"),
        Topic(text="Kordwell", words="Kordwell"),
        Topic(text="Zinc prices", words="zinc|price|cost"),
        Topic(text="Competition in zinc-air storage", words="compet|share|maker|rival|capacity|order|Kordwell|Halvex|Tindral"),
        Topic(text="Revenue and employees of Halvex", words="revenue|sales|employ|staff|headcount|Halvex"),
        Topic(text="Prices and margins", words="price|margin|cost|EUR"),
        Topic(text="Cruise ship bookings in the Caribbean", words=""),
        Topic(text="Coffee harvest", words=""),
    ),
    "beigebook": (
        Topic(
            text="Wages and labour shortages",
            words="wage|salar|compensation|pay\\b|shortage|worker|labor|hir|employ|staff|skill|job",
            pack="macro",
        ),
        Topic(
            text="Agriculture and energy",
            words="crop|farm|livestock|agricult|energy|oil|gas|drill|min(?:es|ing|er)|coal|cattle|corn|wheat|plant",
            pack="macro",
        ),
        Topic(
            text="Commercial real estate",
            words="real estate|commercial|office|leas|vacanc|rent|construction|property|building",
            pack="macro",
        ),
        Topic(text="Input costs and selling prices", words="cost|price", pack="macro"),
        Topic(text="Auto sales", words="auto|vehicle|car\\b|cars\\b|truck|dealer", pack="macro"),
        Topic(text="Loan demand, credit quality", words="loan|credit|lend|borrow|bank|delinquen|deposit", pack="macro"),
        Topic(text="Home prices in Florida", words="home|hous|price|Florida|real estate", pack="macro"),
        Topic(text="Tourism", words="touris|hotel|travel|visitor|restaurant|leisure|occupancy|convention|casino|cruise", pack="macro"),
        Topic(text="Hiring in manufacturing", words="hir|employ|job|worker|payroll|staff|labor", pack="macro"),
        Topic(text="Semiconductor export controls", words="", pack="macro"),
        Topic(text="Satellite launches", words="", pack="macro"),
    ),
    "fed_speeches": (
        Topic(text="Inflation and monetary policy", words="inflation|price|monetary|policy|rate|FOMC|Committee", pack="macro"),
        Topic(text="Bank capital requirements", words="capital|leverage|bank|stress|regulat|buffer|requirement"),
        Topic(text="Community banks", words="community|bank"),
        Topic(text="Labor market slack", words="labor|labour|employ|slack|participation|job|wage", pack="macro"),
        Topic(text="Financial stability risks", words="financial|stabilit|risk|leverage|vulnerab|crisis|liquidity|system"),
        Topic(text="Household debt and student loans", words="household|debt|student|loan|borrow|credit|mortgage", pack="macro"),
        Topic(text="Coffee harvest", words=""),
    ),
    "multihop": (
        Topic(text="Artificial intelligence and copyright", words="AI\\b|artificial|copyright|model|OpenAI|ChatGPT|intelligence|generat"),
        Topic(text="Sports betting", words="bet|odds|wager|sportsbook|gambl|bonus|promo"),
        Topic(text="Google antitrust trial", words="Google|antitrust|trial|search|monopol|Justice|Epic"),
        Topic(text="Black Friday deals", words="deal|Friday|price|discount|sale|off\\b|\\$"),
        Topic(text="Copper smelting in Chile", words=""),
    ),
    "financebench": (
        Topic(text="Boeing revenue and backlog", words="revenue|sales|backlog|order|Boeing", pack="filings"),
        Topic(text="Microsoft operating margin", words="margin|operating|profit|income|Microsoft", pack="filings"),
        Topic(text="PepsiCo operating margin", words="", pack="filings"),
        Topic(text="Debt and liquidity of AMD", words="debt|liquid|cash|notes|credit|borrow|AMD|loan", pack="filings"),
        Topic(text="Coffee harvest", words="", pack="filings"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """One report."""

    topic: Topic
    claims: int
    on_topic: int
    cards: int
    failures: int
    told: str
    """The first warning."""


def library_of(name: str, *, data: Path, cache: Path) -> Library:
    """The set's workspace, made and ingested where it is not there."""
    folder, workspace = cache / name / "documents", cache / name / "workspace"
    make: Callable[[Path, Path], object] = SETS[name]
    if name in _PARTS:
        part, make = _PARTS[name]
        folder, workspace = cache / part / "documents", cache / part / "workspace"
    if not (workspace / "rag.toml").is_file():
        make(data, folder)
        return made_of(folder, workspace=workspace)
    return Library.open(workspace)


def _issue(data: Path, folder: Path) -> object:
    return write_issue(data, folder, issue=ISSUE)


def _speeches(data: Path, folder: Path) -> None:
    with (data / "fed_speeches" / "corpus.jsonl").open(encoding="utf-8") as lines:
        folder.mkdir(parents=True, exist_ok=True)
        for speech in map(json.loads, islice(lines, SPEECHES)):
            (folder / f"{speech['id'].replace('#', '-')}.txt").write_text(speech["text"] + "\n", encoding="utf-8")


_PARTS: dict[str, tuple[str, Callable[[Path, Path], object]]] = {
    "beigebook": (f"issue-{ISSUE}", _issue),
    "fed_speeches": ("sixty-speeches", _speeches),
}
"""Sets of which a part is enough: its folder and what writes it."""


def scored(library: Library, topic: Topic, *, show: bool) -> Score:
    """The report on a topic, each of its sentences against the topic's words."""
    report = library.write(library.outline(topic.text, pack=topic.pack), as_of=date.today(), since="none")  # noqa: DTZ011 - after the ingest, whenever that is
    accepted = re.compile(topic.words or r"(?!)", re.IGNORECASE)
    said = _said(report)
    right = [accepted.search(text) is not None for text in said]
    if show:
        for text, is_right in zip(said, right, strict=True):
            sys.stdout.write(f"{'  ' if is_right else '- '}{text}\n")
    return Score(
        topic=topic,
        claims=len(said),
        on_topic=sum(right),
        cards=len(report.cards),
        failures=len(library.check(report).failures()),
        told=next(iter(report.warnings), ""),
    )


def _said(report: Report) -> list[str]:
    """Each claim's text with the headings that its evidence stands under."""
    headings = {item.id: " > ".join(item.heading_path) for item in report.evidence}
    return [f"{claim.text} [{'; '.join(sorted({headings[item] for item in claim.evidence}))}]" for claim in report.claims]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=TOPICS, default=list(TOPICS))
    parser.add_argument("--print", action="store_true", help="every sentence, those off topic with a dash")
    given = parser.parse_args()
    sys.stdout.write("| set | topic | sentences | on topic | cards | checks failed | said of it |\n|---|---|---|---|---|---|---|\n")
    made: list[Score] = []
    for name in given.sets:
        with library_of(name, data=data_folder(), cache=cache_folder()) as library:
            for topic in TOPICS[name]:
                score = scored(library, topic, show=given.print)
                made.append(score)
                share = f"{score.on_topic} ({score.on_topic / score.claims:.2f})" if score.claims and topic.words else "-"
                sys.stdout.write(
                    f"| {name} | {topic.text} | {score.claims} | {share} | {score.cards} | {score.failures} | {score.told[:80]} |\n"
                )
                sys.stdout.flush()
    asked, absent = [score for score in made if score.topic.words], [score for score in made if not score.topic.words]
    claims, right = sum(score.claims for score in asked), sum(score.on_topic for score in asked)
    sys.stdout.write(
        f"\nTopics that the documents speak of: {sum(score.claims >= 3 for score in asked)} of {len(asked)} have three sentences or more, "
        f"{right} of {claims} sentences on topic ({right / max(1, claims):.2f}). Topics they don't: "
        f"{sum(score.claims == 0 for score in absent)} of {len(absent)} refused. Checks failed: {sum(score.failures for score in made)}.\n"
    )


if __name__ == "__main__":
    main()
