"""Fact tuples of Beige Book reports and FinanceBench filings (RAG_EVAL_DATA), judged by reading: how many are right.

    python -m benchmarks.tuples                      # precision of the judged tuples, by set
    python -m benchmarks.tuples --sample 100         # prints that many of each set to be judged, with their sentences

A tuple is right when entity, metric, segment, region, period, value, unit and kind are all what its sentence or cell says. The judgements
are benchmarks/tuples.jsonl: address, hash of the tuple, verdict; no text. A tuple that is judged wrong and is no longer made is gone; one
that is judged right and is no longer made is lost; what is made otherwise now is not judged.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.evaluate import REPOSITORY, write_issue
from rag.prompts import facet_pack, metric_vocabulary
from rag.readers import ReaderPool
from rag.report.facts import Stated
from rag.report.harvest import harvest
from rag.report.outline import arranged, outline_of
from rag.report.plan import make_plan
from rag.report.wording import Vocabulary
from rag.types import Chunk, Document, Hit, Passage, SearchResult, Source

JUDGED = Path(__file__).with_name("tuples.jsonl")
SETS = {"beige": ("macro", "Economic conditions by Federal Reserve district, 2012"), "filings": ("filings", "Annual reports, 2015-23")}
SEED = 7
ISSUES, FILINGS = 5, 12


def files_of(name: str, *, data: Path, folder: Path) -> list[Path]:
    """The set's documents: drawn by seed."""
    dice = random.Random(SEED)
    if name == "filings":
        return sorted(dice.sample(sorted((data / "financebench" / "pdfs").glob("*.pdf")), FILINGS))
    issues = [row["period"] for row in map(json.loads, (data / "beigebook" / "reports.jsonl").open(encoding="utf-8"))]
    drawn = sorted(dice.sample(sorted(issues), ISSUES))
    return sorted(folder / issue / path.split("/")[-1] for issue in drawn for path in write_issue(data, folder / issue, issue=issue))


def facts_of(name: str, *, data: Path) -> dict[str, Stated]:
    """Address and hash of each tuple -> the tuple, over whole documents."""
    pack, topic = SETS[name]
    with tempfile.TemporaryDirectory() as folder, ReaderPool() as pool:
        files = files_of(name, data=data, folder=Path(folder))
        documents = {f"{path.parent.name}/{path.name}": pool.read(path) for path in files}
    groups: dict[str, dict[str, Document]] = {}
    for path, document in documents.items():
        groups.setdefault(path.split("/")[0] if name == "beige" else "", {})[path] = document
    made: dict[str, Stated] = {}
    for group in groups.values():
        made |= {key_of(item): item for item in _facts(group, pack=pack, topic=topic)}
    return made


def _facts(documents: Mapping[str, Document], *, pack: str, topic: str) -> Sequence[Stated]:
    sources = [_source(path, document) for path, document in documents.items()]
    passages = tuple(_whole(source, documents[source.path]) for source in sources)

    def find(questions: Sequence[str]) -> list[SearchResult]:
        return [SearchResult(question=question, passages=passages) for question in questions]

    outline = outline_of(topic, pack=facet_pack(pack))
    plan = make_plan(outline, subjects=[source.title for source in sources])
    vocabulary = Vocabulary(arranged(metric_vocabulary(), outline))
    return harvest(plan, find=find, document=documents.__getitem__, sources=sources, vocabulary=vocabulary, as_of=date.max).facts


def _source(path: str, document: Document) -> Source:
    known = document.metadata
    return Source(
        document=path,
        path=path,
        title=known.title,
        author=known.author,
        publisher=known.publisher,
        published=known.published or date(2024, 1, 1),
        published_from=known.published_from,
        format=document.format,
        pages=len(document.pages),
    )


def _whole(source: Source, document: Document) -> Passage:
    end = len(document.text)
    chunk = Chunk(
        id=source.document,
        document=source.document,
        ordinal=0,
        start=0,
        end=end,
        text=document.text,
        first_page=1,
        last_page=source.pages,
        tokens=1,
    )
    return Passage(chunk=chunk, source=source, score=1.0, hits=(Hit(by="lexical", rank=1, score=1.0),))


def key_of(item: Stated) -> str:
    """Document, span, and 12 hex digits of the hash of what the tuple says."""
    fact = item.fact
    period = fact.period.label if fact.period else ""
    said = (
        fact.metric,
        fact.entity,
        fact.segment,
        fact.region,
        period,
        str(fact.number.value),
        fact.number.unit,
        fact.kind,
        item.is_withdrawn,
    )
    digest = hashlib.sha256("\x1f".join(map(str, said)).encode()).hexdigest()[:12]
    return f"{item.source.path} {item.evidence.start}-{item.evidence.end} {fact.number.start} {digest}"


def shown(number: int, item: Stated) -> str:
    """A tuple with what it was read from."""
    fact = item.fact
    period = f"{fact.period.label} ({fact.period.found_in})" if fact.period else "-"
    flags = f"{fact.kind}{' old' if item.is_withdrawn else ''}{'' if item.is_exact else ' bound'}"
    parts = (
        fact.metric,
        f"e={fact.entity}",
        f"s={fact.segment}",
        f"r={fact.region}",
        period,
        item.shown,
        f"{fact.number.value} {fact.number.unit}",
    )
    around = " > ".join(item.evidence.heading_path[-2:])
    said = f"{' | '.join(parts)} | {fact.number.value} {fact.number.unit} | {flags}"
    return f"{number} [{said}] {item.source.path} {item.source.published} {{{around}}} {item.text}"


def sampled(made: Mapping[str, Stated], *, count: int, seed: int) -> Iterator[tuple[str, Stated]]:
    """Tuples drawn by seed; "more than" and its kin are no exact figures and are left out of reports, so of the sample too."""
    exact = sorted(key for key, item in made.items() if item.is_exact)
    yield from ((key, made[key]) for key in random.Random(seed).sample(exact, min(count, len(exact))))


def judged() -> list[dict[str, str]]:
    return [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]


def table(data: Path) -> Iterator[str]:
    """A line a set."""
    yield "| documents | judged | right | of those still made | wrong ones gone | right ones lost | period known |"
    yield "|---|---|---|---|---|---|---|"
    for name in SETS:
        made = facts_of(name, data=data)
        own = [row for row in judged() if row["set"] == name]
        right = [row for row in own if row["verdict"] == "right"]
        held = [row for row in own if row["key"] in made]
        kept = sum(row["verdict"] == "right" for row in held)
        periods = sum(item.fact.period is not None for item in made.values())
        yield (
            f"| {name} | {len(own)} | {len(right)} ({len(right) / max(1, len(own)):.2f}) | {kept} of {len(held)} "
            f"({kept / max(1, len(held)):.2f}) | {len(own) - len(right) - (len(held) - kept)} | {len(right) - kept} | "
            f"{periods / max(1, len(made)):.2f} of {len(made)} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not given.sample:
        sys.stdout.write("".join(f"{line}\n" for line in table(data)))
        return
    for name in SETS:
        drawn = sampled(facts_of(name, data=data), count=given.sample, seed=given.seed)
        sys.stdout.write("".join(f"{key}\n  {name} {shown(at, item)}\n" for at, (key, item) in enumerate(drawn)))


if __name__ == "__main__":
    main()
