"""Write the sample documents and their gold from the truth table.

    python tests/gold/make_sample_docs.py [--output DIR] [--seed 7]

DIR gets sample_docs/ and tests/gold/sample_docs.json; left out, it is the repository. The seed draws only background rows
(municipalities, weekly prices); the planted facts are the ones in truth.yaml. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, the package tests would not be found

from tests.gold.blocks import Block, Paragraph, Table, parse
from tests.gold.filings import write_pdf
from tests.gold.sheets import Sheet, sheets, write_csv, write_xlsx
from tests.gold.truth import HERE, Fact, Filled, Source, facts, printed, sources, truth
from tests.gold.writers import Page, Written, row_key, suffix, write_docx, write_html, write_mail, write_markdown, write_pptx, write_text

PROSE = {
    "pdf": write_pdf,
    "docx": write_docx,
    "pptx": write_pptx,
    "html": write_html,
    "eml": write_mail,
    "md": write_markdown,
    "txt": write_text,
}
WRITERS = ("python-docx", "python-pptx", "reportlab", "xlsxwriter")
BOOKS = {"xlsx": write_xlsx, "csv": write_csv}
PLANTED_TOWNS = {"Vessary": "{{ms-vessary:n}}", "Skerrow": "{{ms-skerrow:n}}"}
HIDDEN = {"html": "display:none", "pdf": "white text"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fact is printed."""

    fact: str
    document: str
    page: Page
    sentence: str | None = None
    cell: Mapping[str, str] | None = None
    """Table, row and column labels, the text as printed, and in a workbook the address."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One document with everything the gold says about it."""

    source: Source
    written: Written
    places: tuple[Place, ...]


def main() -> None:
    """Write the corpus and the gold."""
    options = argparse.ArgumentParser(description="Write the sample documents and their gold.")
    options.add_argument("--output", type=Path, default=HERE.parents[1], help="folder that gets sample_docs/ and tests/gold/")
    options.add_argument("--seed", type=int, default=7, help="draws the background rows; default 7")
    given = options.parse_args()
    table = truth()
    known = facts(table)
    documents = [make(source, known=known, table=table, seed=given.seed) for source in sources()]
    write(documents, copies=table["copies"], folder=given.output / "sample_docs")
    gold = given.output / "tests" / "gold" / "sample_docs.json"
    gold.parent.mkdir(parents=True, exist_ok=True)
    record = gold_record(documents, known=known, table=table, seed=given.seed)
    gold.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def make(source: Source, *, known: Mapping[str, Fact], table: Mapping[str, Any], seed: int) -> Made:
    """One document: its bytes, and the place of every fact in it."""
    kind = suffix(source.path)
    if kind in BOOKS:
        book = sheets(source, known=known, inserts={"weekly-zinc": weekly_zinc(seed)})
        return Made(source=source, written=BOOKS[kind](source, book), places=tuple(_places_in_book(source, book)))
    inserts = {"municipalities": municipalities(known, table["municipalities"], seed)}
    blocks = parse(source.body, known=known, inserts=inserts)
    written = PROSE[kind](source, blocks)
    return Made(source=source, written=written, places=tuple(_places_in_prose(source, blocks, written)))


def municipalities(known: Mapping[str, Fact], names: Mapping[str, Sequence[str]], seed: int) -> str:
    """Table rows that share out part of each region's capacity (the rest is not published); two towns' figures are planted."""
    draw = random.Random(f"municipalities {seed}")
    totals = dict(zip(names, ("ms-centre-25", "ms-ostvik-25", "ms-calder-25", "ms-harrow-25"), strict=True))
    rows: list[str] = []
    for region, towns in names.items():
        weights = [draw.uniform(0.4, 1.6) for _ in towns]
        total = 0.55 * float(str(known[totals[region]].value))
        for town, weight in zip(towns, weights, strict=True):
            capacity = PLANTED_TOWNS.get(town, str(round(total * weight / sum(weights))))
            rows.append(f"| {town} | {region} | {draw.randint(1, 8)} | {capacity} | {draw.uniform(7, 14):.1f} |\n")
    return "".join(rows)


def weekly_zinc(seed: int) -> list[list[str]]:
    """Friday and close, January to June 2026: a walk in EUR per tonne around the planted averages."""
    draw = random.Random(f"zinc {seed}")
    friday, close = datetime.date(2026, 1, 2), 2610.0
    rows: list[list[str]] = []
    while friday <= datetime.date(2026, 6, 26):
        rows.append([friday.isoformat(), f"{close:,.1f}"])
        friday += datetime.timedelta(days=7)
        close += draw.gauss(9, 14)
    return rows


def _places_in_prose(source: Source, blocks: Sequence[Block], written: Written) -> Iterator[Place]:
    for block in blocks:
        if isinstance(block, Paragraph):
            for line in block.lines:
                page = _page(written, line.text)
                yield from (Place(fact=fact, document=source.path, page=page, sentence=line.text) for fact in line.facts)
        elif isinstance(block, Table):
            for row in block.rows:
                page = _page(written, row_key(cell.text for cell in row))
                yield from _places_in_row(row, document=source.path, page=page, table=block.caption, header=block.header)


def _page(written: Written, key: str) -> Page:
    return written.pages[key] if written.pages else 1


def _places_in_row(row: Sequence[Filled], *, document: str, page: Page, table: str, header: Sequence[str]) -> Iterator[Place]:
    for label, cell in zip(header, row, strict=True):
        at = {"table": table, "row": row[0].text, "column": label, "text": cell.text}
        yield from (Place(fact=fact, document=document, page=page, cell=at) for fact in cell.facts)


def _places_in_book(source: Source, book: Sequence[Sheet]) -> Iterator[Place]:
    for sheet in book:
        page = sheet.name if suffix(source.path) == "xlsx" else 1
        for index, row in enumerate(sheet.rows):
            for column, cell in enumerate(row):
                at = {"table": sheet.lines[0], "row": row[0].text, "column": sheet.header[column], "text": cell.text}
                at["address"] = sheet.address(index, column)
                yield from (Place(fact=fact, document=source.path, page=page, cell=at) for fact in cell.facts)


def write(documents: Sequence[Made], *, copies: Sequence[Mapping[str, str]], folder: Path) -> None:
    """Write the documents and their exact copies; other files in the folder are left alone, and the tests name them."""
    for made in documents:
        _write_file(folder / made.source.path, made.written.data)
    for copy in copies:
        _write_file(folder / copy["path"], (folder / copy["of"]).read_bytes())


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def gold_record(documents: Sequence[Made], *, known: Mapping[str, Fact], table: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Everything a test or a score needs to know, as JSON."""
    places = _places_by_fact(documents, table["copies"])
    planted = [_fact_record(fact, places.get(fact.id, [])) for fact in known.values()]
    return {
        "topic": "Zinc-air storage, Marenland and the Calder Coast, 2024-26",
        "seed": seed,
        "written_with": {name: importlib.metadata.version(name) for name in WRITERS},
        "documents": [_document_record(made) for made in documents],
        "facts": planted,
        "contradictions": table["contradictions"],
        "superseded": table["superseded"],
        "unit_traps": table["unit_traps"],
        "exact_duplicates": table["copies"],
        "near_duplicates": table["near_duplicates"],
        "injections": [_injection(made.source) for made in documents if "hidden" in made.source.options],
        "questions": _questions(planted, table),
    }


def _places_by_fact(documents: Sequence[Made], copies: Sequence[Mapping[str, str]]) -> dict[str, list[Place]]:
    """Every place of every fact, exact copies included, in the order of the documents."""
    found: dict[str, list[Place]] = {}
    for place in (place for made in documents for place in made.places):
        twins = [copy["path"] for copy in copies if copy["of"] == place.document]
        for path in [place.document, *twins]:
            found.setdefault(place.fact, []).append(
                Place(fact=place.fact, document=path, page=place.page, sentence=place.sentence, cell=place.cell)
            )
    return found


def _fact_record(fact: Fact, places: Sequence[Place]) -> dict[str, Any]:
    home = next((place for place in places if place.document == fact.document), None)
    if home is None:
        raise ValueError(f"fact {fact.id} is not in {fact.document}; name it there as {{{{{fact.id}}}}} or take it out of truth.yaml")
    also = {(place.document, place.page) for place in places} - {(home.document, home.page)}
    return {
        "id": fact.id,
        "entity": fact.entity,
        "metric": fact.metric,
        "region": fact.region,
        "segment": fact.segment,
        "period": fact.period,
        "value": fact.value,
        "unit": fact.unit,
        "kind": fact.kind,
        "printed": printed(fact),
        "document": home.document,
        "page": home.page,
        "sentence": home.sentence,
        "cell": home.cell,
        "also": [{"document": document, "page": page} for document, page in sorted(also, key=str)],
        "question": fact.question,
    }


def _document_record(made: Made) -> dict[str, Any]:
    source = made.source
    return {
        "path": source.path,
        "title": source.title,
        "author": source.author,
        "publisher": source.publisher,
        "date": source.date.isoformat(),
        "tags": list(source.tags),
        "token": source.token,
        "page_labels": list(made.written.labels),
    }


def _injection(source: Source) -> dict[str, str]:
    return {"document": source.path, "how": HIDDEN[suffix(source.path)], "text": source.options["hidden"]}


def _questions(planted: Sequence[Mapping[str, Any]], table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One question per fact, the ones that need several facts, and those that the documents cannot answer."""
    by_id = {fact["id"]: fact for fact in planted}
    single = [{"id": f"q-{fact['id']}", "question": fact["question"], "facts": [fact["id"]]} for fact in planted]
    answerable = [
        question | {"evidence": _evidence([by_id[name] for name in question["facts"]]), "answerable": True}
        for question in [*single, *table["questions"]]
    ]
    hopeless = [question | {"facts": [], "evidence": [], "answerable": False} for question in table["unanswerable"]]
    return answerable + hopeless


def _evidence(planted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    places = [{"document": fact["document"], "page": fact["page"]} for fact in planted]
    places += [place for fact in planted for place in fact["also"]]
    return [place for index, place in enumerate(places) if place not in places[:index]]


if __name__ == "__main__":
    main()
