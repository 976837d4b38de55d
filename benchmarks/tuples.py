"""Fact tuples of Beige Book reports and FinanceBench filings (RAG_EVAL_DATA), judged by reading: how many are right.

    python -m benchmarks.tuples                      # precision of the judged tuples, by set
    python -m benchmarks.tuples --sample 100         # prints that many of each set that nobody has judged, with their sentences
    python -m benchmarks.tuples --part last          # either, of documents that no rule was tuned on when they were judged
    python -m benchmarks.tuples --folder unseen      # either, of one's own: filings in PDF or HTML, folders 1984-01 and so on of reports

A tuple is right when entity, metric, segment, region, period, value, unit and kind are all what its sentence or cell says. The judgements
are benchmarks/tuples.jsonl: address, hash of the tuple, verdict; no text. A tuple that is judged wrong and is no longer made is gone; one
that is judged right and is no longer made is lost; what is made otherwise now is not judged.
"""

import argparse
import gzip
import hashlib
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.evaluate import REPOSITORY
from rag.prompts import facet_pack, metric_vocabulary
from rag.readers import ReaderPool
from rag.report.facts import Stated
from rag.report.harvest import harvest
from rag.report.outline import arranged, outline_of
from rag.report.plan import make_plan
from rag.report.wording import Vocabulary
from rag.statements import statements
from rag.types import Chunk, Document, Hit, Passage, SearchResult, Source

JUDGED = Path(__file__).with_name("tuples.jsonl")
SETS = {"beige": ("macro", "Economic conditions by Federal Reserve district, {year}"), "filings": ("filings", "Annual reports, 2015-23")}
"""Name -> facet pack and topic; ``year`` is the issue's."""
PARTS = ("tuned", "fresh", "half", "last")
"""Documents that rules were mended on from the start, and those judged at first sight one part after the other, each then tuned on but
the last."""
SEED = 7
FILINGS = 21
"""Tuned on; the others are fresh."""
OLDER = {"tuned": 12, "fresh": 40, "half": 28, "last": 40}
"""Beige Book issues of 1996 to 2010, 120 in all, drawn by seed for each part in turn; those of 2011 to 2018 are tuned on besides."""


def files_of(name: str, *, part: str, data: Path, folder: Path) -> list[Path]:
    """The documents of a set's part: filings drawn by seed, Beige Book issues written out as files; the last parts have no filings."""
    if name == "filings":
        every = sorted((data / "financebench" / "pdfs").glob("*.pdf"))
        tuned = set(random.Random(SEED).sample(every, FILINGS))
        return [path for path in every if (part == "tuned" if path in tuned else part == "fresh")]
    older = data / "beigebook_scale" / "corpus-1996-2010.jsonl.gz"
    drawn = _written(older, folder, wanted=_issues(older)[part])
    if part != "tuned":
        return drawn
    issues = {row["period"] for row in map(json.loads, (data / "beigebook" / "reports.jsonl").open(encoding="utf-8"))}
    return _written(data / "beigebook" / "corpus.jsonl", folder, wanted=issues) + drawn


def _issues(older: Path) -> dict[str, list[str]]:
    """Part -> its older issues."""
    with gzip.open(older, "rt", encoding="utf-8") as lines:
        left = sorted({str(json.loads(line)["published_at"])[:7] for line in lines})
    issues: dict[str, list[str]] = {}
    for part, count in OLDER.items():
        issues[part] = random.Random(SEED).sample(left, count)
        left = [issue for issue in left if issue not in issues[part]]
    return issues


def _written(corpus: Path, folder: Path, *, wanted: Collection[str]) -> list[Path]:
    """The district reports of the issues, as files in a folder an issue."""
    written = []
    with (gzip.open if corpus.suffix == ".gz" else open)(corpus, "rt", encoding="utf-8") as lines:
        for document in map(json.loads, lines):
            issue = str(document["published_at"])[:7]
            if issue in wanted:
                path = folder / issue / (re.sub(r"[^a-z0-9]+", "-", document["title"].lower()).strip("-") + ".txt")
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{document['title']}\n\nDate: {document['published_at']}\n\n{document['text']}\n", encoding="utf-8")
                written.append(path)
    return sorted(written)


def documents_of(name: str, *, part: str, data: Path, own: Path | None = None) -> dict[str, Document]:
    """The part's documents, or those of a folder of one's own, read; by folder and file name."""
    with tempfile.TemporaryDirectory() as folder, ReaderPool() as pool:
        if own is not None:
            files = sorted(path for path in own.glob("*" if name == "filings" else "*/*.txt") if path.suffix in (".pdf", ".htm", ".txt"))
        else:
            files = files_of(name, part=part, data=data, folder=Path(folder))
        return {f"{path.parent.name}/{path.name}": pool.read(path) for path in files}


def facts_of(name: str, documents: Mapping[str, Document]) -> dict[str, Stated]:
    """Address and hash of each tuple -> the tuple, over whole documents; a Beige Book issue is a corpus, and so is each filing."""
    pack, topic = SETS[name]
    groups: dict[str, dict[str, Document]] = {}
    for path, document in documents.items():
        groups.setdefault(path.split("/")[0] if name == "beige" else path, {})[path] = document
    made: dict[str, Stated] = {}
    for key, group in groups.items():
        made |= {key_of(item): item for item in _facts(group, pack=pack, topic=topic.format(year=key[:4]))}
    return made


def _facts(documents: Mapping[str, Document], *, pack: str, topic: str) -> Sequence[Stated]:
    sources = [_source(path, document) for path, document in documents.items()]
    passages = tuple(_whole(source, documents[source.path]) for source in sources)

    def find(questions: Sequence[str]) -> list[SearchResult]:
        return [SearchResult(question=question, passages=passages) for question in questions]

    outline = outline_of(topic, pack=facet_pack(pack))
    plan = make_plan(outline, subjects=[source.title for source in sources])
    vocabulary = Vocabulary(arranged(metric_vocabulary(), outline))
    return harvest(
        plan, find=find, document=documents.__getitem__, sources=sources, vocabulary=vocabulary, statements=statements(), as_of=date.max
    ).facts


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


def table(data: Path, *, part: str, own: Path | None) -> Iterator[str]:
    """A line a set."""
    yield "| documents | judged | right | of those still made | wrong ones gone | right ones lost | exact a document | period known |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in SETS:
        documents = documents_of(name, part=part, data=data, own=own)
        made = {key: item for key, item in facts_of(name, documents).items() if item.is_exact}
        rows = [row for row in judged() if row["set"] == name and row["key"].split()[0] in documents]
        right = [row for row in rows if row["verdict"] == "right"]
        held = [row for row in rows if row["key"] in made]
        kept = sum(row["verdict"] == "right" for row in held)
        periods = sum(item.fact.period is not None for item in made.values())
        title = f"{name}, {own.name if own else part}"
        yield (
            f"| {title} | {len(rows)} | {len(right)} ({len(right) / max(1, len(rows)):.2f}) | {kept} of {len(held)} "
            f"({kept / max(1, len(held)):.2f}) | {len(rows) - len(right) - (len(held) - kept)} | {len(right) - kept} | "
            f"{len(made) / max(1, len(documents)):.1f} of {len(documents)} | {periods / max(1, len(made)):.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS, default=PARTS[0])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not given.sample:
        sys.stdout.write("".join(f"{line}\n" for line in table(data, part=given.part, own=given.folder)))
        return
    known = {row["key"] for row in judged()}
    for name in SETS:
        made = facts_of(name, documents_of(name, part=given.part, data=data, own=given.folder))
        made = {key: item for key, item in made.items() if key not in known}
        drawn = sampled(made, count=given.sample, seed=given.seed)
        sys.stdout.write("".join(f"{key}\n  {name} {shown(at, item)}\n" for at, (key, item) in enumerate(drawn)))


if __name__ == "__main__":
    main()
