"""Coverage of the Beige Book's own national summaries by extractive reports on the same twelve districts.

    python -m benchmarks.beige_book [--issues 6 | --only 2012-04 2018-12] [--length 1.2]

A claim of the human summary (queries.jsonl of the issue, RAG_EVAL_DATA) names districts. A pair of claim and district is covered when the
report prints a sentence that cites that district's document and shares the claim's topic: a metric of the vocabulary, or, where the claim
names none, two stems of its content words besides districts' names. Claims that name all districts but some count for those they name.
Length is the words of the report's claims over the words of the human summary; ``--length`` asks the report to keep to so much of it.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.evaluate import REPOSITORY, district_names, library_of, write_issue
from rag.prompts import metric_vocabulary
from rag.report.wording import Vocabulary, tokens
from rag.text import content_stems
from rag.types import Report

VOCABULARY = Vocabulary(metric_vocabulary())
CODES = {
    "bo": "Boston",
    "ny": "New York",
    "ph": "Philadelphia",
    "cl": "Cleveland",
    "ri": "Richmond",
    "at": "Atlanta",
    "ch": "Chicago",
    "sl": "St. Louis",
    "mi": "Minneapolis",
    "kc": "Kansas City",
    "da": "Dallas",
    "sf": "San Francisco",
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """One issue."""

    issue: str
    covered: int
    pairs: int
    named: int
    """District names in claims."""
    right: int
    """Of these with that district's document cited."""
    words: int
    human: int
    failures: int


def topic_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """(ids of metrics, stems) without the districts' names."""
    bare = re.sub("|".join(map(re.escape, CODES.values())), " ", text).replace("[DISTRICT]", " ")
    metrics = frozenset(mention.metric.id for mention in VOCABULARY.mentions(tokens(bare)))
    return metrics, frozenset(content_stems(bare)) - frozenset(content_stems("district districts reported report most several contacts"))


def covers(claim: tuple[frozenset[str], frozenset[str]], sentence: tuple[frozenset[str], frozenset[str]]) -> bool:
    """Whether a printed sentence speaks of the claim's topic."""
    return bool(claim[0] & sentence[0]) if claim[0] else len(claim[1] & sentence[1]) >= 2


def scored(issue: str, *, data: Path, queries: Sequence[Mapping[str, Any]], human: int, length: float | None = None) -> Score:
    """The report on one issue against its summary; ``length``: the words it may have, of the human's."""
    with tempfile.TemporaryDirectory() as folder:
        names = district_names(write_issue(data, Path(folder, "beigebook"), issue=issue))
        with library_of(Path(folder, "beigebook"), workspace=Path(folder, "workspace")) as library:
            asked = library.outline(f"Economic conditions by Federal Reserve district, {issue}", pack="macro")
            asked = asked if length is None else replace(asked, words=round(length * human))
            report = library.write(asked, as_of=date.today(), since="none")  # noqa: DTZ011 - after the ingest, whenever that is
            failures = library.check(report).failures()
    return _against(report, names, issue=issue, queries=queries, human=human, failures=len(failures))


def _against(
    report: Report, names: Mapping[str, str], *, issue: str, queries: Sequence[Mapping[str, Any]], human: int, failures: int
) -> Score:
    cities = {source.document: names[source.path] for source in report.sources}
    documents = {item.id: item.document for item in report.evidence}
    printed = [({cities[documents[item]] for item in claim.evidence}, topic_of(claim.text), claim.text) for claim in report.claims]
    pairs = [(CODES[gold["doc_id"].rpartition("-")[2]], topic_of(query["query"])) for query in queries for gold in query["evidence"]]
    named = [(city, cited) for cited, _, text in printed for city in CODES.values() if re.search(rf"\b{re.escape(city)}\b", text)]
    return Score(
        issue=issue,
        covered=sum(any(city in cited and covers(topic, own) for cited, own, _ in printed) for city, topic in pairs),
        pairs=len(pairs),
        named=len(named),
        right=sum(city in cited for city, cited in named),
        words=sum(len(claim.text.split()) for claim in report.claims),
        human=human,
        failures=failures,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=32, help="how many, spread over the years")
    parser.add_argument("--only", nargs="*", default=[], metavar="ISSUE", help="these, such as 2012-04")
    parser.add_argument("--length", type=float, help="words a report may have, of the human summary's; default: as many as it takes")
    given = parser.parse_args()
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    summaries = {row["period"]: row["reference_words"] for row in map(json.loads, (data / "beigebook" / "reports.jsonl").open())}
    queries = [json.loads(line) for line in (data / "beigebook" / "queries.jsonl").open()]
    issues = given.only or sorted(summaries)[:: max(1, len(summaries) // given.issues)][: given.issues]
    scores = []
    sys.stdout.write(
        "| issue | claims' districts covered | sentences naming a district that cite it | words, of the human's | checks failed |\n"
    )
    sys.stdout.write("|---|---|---|---|---|\n")
    for issue in issues:
        own = [query for query in queries if query["filters"]["published_at"] == issue]
        score = scored(issue, data=data, queries=own, human=summaries[issue], length=given.length)
        scores.append(score)
        sys.stdout.write(
            f"| {issue} | {score.covered / max(1, score.pairs):.3f} ({score.covered} of {score.pairs}) | {score.right} of {score.named} | "
            f"{score.words} ({score.words / score.human:.2f}) | {score.failures} |\n"
        )
        sys.stdout.flush()
    covered, pairs = sum(score.covered for score in scores), sum(score.pairs for score in scores)
    right, named = sum(score.right for score in scores), sum(score.named for score in scores)
    length = sum(score.words for score in scores) / sum(score.human for score in scores)
    sys.stdout.write(
        f"| all | {covered / pairs:.3f} ({covered} of {pairs}) | {right} of {named} | {length:.2f} | {sum(s.failures for s in scores)} |\n"
    )


if __name__ == "__main__":
    main()
