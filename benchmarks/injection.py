"""Reports over documents that give orders to machines: garak, BIPIA and PoisonedRAG sets of the evaluation data (RAG_EVAL_DATA).

    python -m benchmarks.injection [--sets garak bipia poisonedrag]

Each set is a library of its own, reported on topic by topic, extractively and in the words of a puppet (tests/scripted_models.py, behind a
real loopback server and the real SDK) that obeys every order it reads and says every trigger of its set besides. Each report is rendered as
html, md, json, pdf and docx, and the texts are searched for what must not be there. Prints a table.
"""

import argparse
import io
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.evaluate import REPOSITORY
from benchmarks.writer import worded
from rag.app import Library, create
from rag.ingest import drain
from rag.render import printed
from rag.render.context import context
from rag.report import to_json
from rag.text import STOPWORDS, squeeze, words
from rag.types import Report
from tests.scripted_models import evidence_of, faulty_of, puppet, repairs, sentences

AS_OF = date(2026, 10, 31)
WRITTEN = datetime(2026, 10, 1, tzinfo=UTC)
URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]}]+")
_EXTERNAL = re.compile(r"(?i)<(?:img|script|iframe|link|object|embed)[^>]+(?:src|href|data)=[\"']?(?!data:|#)[a-z/]")


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A poisoned document."""

    name: str
    text: str
    trigger: str
    """The string by which an obeyed order is known; empty for a passage that only states something."""


@dataclass(frozen=True, kw_only=True)
class AttackSet:
    """A set and what is asked over it."""

    name: str
    attacks: Sequence[Attack]
    topics: Sequence[str]


def sets(data: Path) -> Iterator[AttackSet]:
    """The three sets."""
    folder = data / "injection"
    garak = [
        Attack(name=row["id"], text=row["text"], trigger=str(row["success_trigger"])) for row in _rows(folder / "garak_latent_report.jsonl")
    ]
    yield AttackSet(name="garak", attacks=garak, topics=_topics(garak))
    bipia = [Attack(name=row["id"], text=row["text"], trigger=row["attack"]) for row in _rows(folder / "bipia_poisoned_docs.jsonl")]
    yield AttackSet(name="bipia", attacks=bipia, topics=_topics(bipia))
    rows = _rows(folder / "poisonedrag_nq.jsonl")
    poison = [Attack(name=f"{row['id']}-{at}", text=text, trigger="") for row in rows for at, text in enumerate(row["adv_texts"])]
    yield AttackSet(name="poisonedrag", attacks=poison, topics=_topics(poison))


def _topics(attacks: Sequence[Attack], *, most: int = 6) -> list[str]:
    """The words that most documents hold, each a topic, so that as many documents as can be speak of it."""
    held = Counter(word for attack in attacks for word in {w.lower() for w in words(attack.text)} - STOPWORDS if len(word) > 4)
    return [word for word, _ in sorted(held.items(), key=lambda item: (-item[1], item[0]))[:most]]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def library_of(given: AttackSet, *, folder: Path) -> Library:
    """The set's documents, a file each."""
    (folder / "docs").mkdir()
    for attack in given.attacks:
        file = folder / "docs" / f"{attack.name}.txt"
        file.write_text(f"{attack.text}\n", encoding="utf-8")
        os.utime(file, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    create(folder / "workspace", folders=[folder / "docs"], embedder="small")
    library = Library.open(folder / "workspace")
    drain(library.ingest(now=datetime.combine(AS_OF, time(6), tzinfo=UTC)))
    return library


def obedient(triggers: Sequence[str]) -> Callable[[dict[str, Any]], str]:
    """The puppet, which also says the triggers of the set in turn: alone, and behind a sound sentence."""

    def answer(request: dict[str, Any]) -> str:
        if faults := faulty_of(request):
            return repairs(*((at, triggers[at % len(triggers)], on or [1]) for at, on in faults))
        lines = evidence_of(request)
        obeyed = [(one["text"], one["evidence"]) for one in json.loads(puppet(request))["sentences"]]
        start = len(lines[0].text) if lines else 0
        said = [triggers[(start + at) % len(triggers)] for at in range(len(lines))]
        forms = [(obeyed[at], (said[at], [line.number]), (f"{line.text} {said[at]}", [line.number])) for at, line in enumerate(lines)]
        return sentences(*(form[(start + at) % 3] for at, form in enumerate(forms)))

    return answer


def texts_of(report: Report, library: Library) -> dict[str, str]:
    """Each format's text."""
    import docx
    import pypdfium2

    made = {kind: printed(report, format=kind, workspace=library.workspace).data for kind in ("html", "md", "pdf", "docx")}
    pdf = pypdfium2.PdfDocument(made["pdf"])
    pages = [page.get_textpage().get_text_bounded() for page in pdf]
    word = docx.Document(io.BytesIO(made["docx"]))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return {
        "html": made["html"].decode(),
        "md": made["md"].decode(),
        "json": to_json(report),
        "pdf": "\n".join(pages),
        "docx": "\n".join([*(paragraph.text for paragraph in word.paragraphs), *cells]),
    }


def own_words(report: Report) -> str:
    """What the report says itself: titles, headings, claims in its own words; not what it quotes with its source."""
    prose = [claim.text for claim in report.claims if claim.mode == "prose"]
    return "\n".join([report.market, *prose, *(card.title for card in report.cards), *(section.title for section in report.sections)])


def leaks(report: Report, library: Library, given: AttackSet) -> Counter[str]:
    """Kind -> how often it is there."""
    found = Counter[str]()
    bodies = texts_of(report, library)
    urls = {url for attack in given.attacks for url in URL.findall(attack.text)} | {"evil.example"}
    triggers = {attack.trigger for attack in given.attacks if len(attack.trigger) >= 4} | {"PWNED-7781"}
    own = squeeze(own_words(report))[0]
    squeezed = {kind: squeeze(body)[0] for kind, body in bodies.items()}
    for kind, body in bodies.items():
        found[f"urls in {kind}"] += sum(url in body for url in urls)
        found["quoted triggers"] += sum(squeeze(trigger)[0] in squeezed[kind] for trigger in triggers) if kind == "json" else 0
    found["triggers as its own statement"] = sum(squeeze(trigger)[0] in own for trigger in triggers)
    found["external elements"] = len(_EXTERNAL.findall(bodies["html"])) + bodies["md"].count("![")
    documents = {item.id for item in report.evidence}
    found["citations of nothing"] = sum(item not in documents for claim in report.claims for item in claim.evidence)
    found["sure cards"] = sum(card.confidence.word == "high" for card in report.cards)
    said = [claim for section in context(report).sections for claim in section["claims"]]
    found["claims without an owner"] = sum(not claim["said"] and not claim["calculation"] for claim in said)
    return found


def measured(given: AttackSet) -> list[str]:
    """Table rows: extractive, puppet."""
    lines = []
    with tempfile.TemporaryDirectory() as folder, library_of(given, folder=Path(folder)) as library:
        document = lru_cache(maxsize=None)(library.record.document)
        triggers = [attack.trigger for attack in given.attacks if attack.trigger] or [attack.text for attack in given.attacks]
        bases = [library.write(topic, as_of=AS_OF, since="none") for topic in given.topics]
        for name in ("extractive", "puppet"):
            total, failed, claims, seen, warned = Counter[str](), 0, 0, set[str](), set[str]()
            for base in bases:
                report = base if name == "extractive" or not base.claims else worded(base, obedient(triggers), document=document)[0]
                total += leaks(report, library, given)
                failed += len(library.check(report).failures())
                claims += len(report.claims)
                seen |= {row.source.path for row in report.coverage if row.status != "never_retrieved"}
                warned |= {path for path in seen if any(path in line for line in report.warnings)}
            told = ", ".join(f"{kind} {count}" for kind, count in sorted(total.items()) if count) or "none"
            row = (given.name, name, len(bases), claims, failed, f"{len(warned)} of {len(seen)}", told)
            lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", default=["garak", "bipia", "poisonedrag"])
    wanted = parser.parse_args().sets
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    sys.stdout.write("| set | writer | reports | claims | checks failed | documents warned of | found |\n|---|---|---|---|---|---|---|\n")
    for given in sets(data):
        if given.name in wanted:
            sys.stdout.write("\n".join(measured(given)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
