"""The sources of a report for reference managers (CSL-JSON, BibTeX), and its figures as a table (CSV)."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from rag.errors import ReportError
from rag.numbers import period_words
from rag.patterns import regex
from rag.render.context import Plain, context
from rag.render.words import clean
from rag.types import CardKey, Report, Source

_KINDS = {
    "html": "webpage",
    "xlsx": "dataset",
    "xls": "dataset",
    "ods": "dataset",
    "csv": "dataset",
    "eml": "personal_communication",
    "msg": "personal_communication",
    "pptx": "speech",
    "ppt": "speech",
    "odp": "speech",
    "epub": "book",
}
"""Format -> type in CSL; all others are reports."""

_ENTRIES = {"report": "techreport", "book": "book"}
"""Type in CSL -> kind of entry in BibTeX; all others are @misc."""

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "#$%&_"},
}
"""Characters that mean something to TeX -> how they are printed; a brace only by name, since BibTeX counts escaped ones too."""

COLUMNS = tuple(
    "of claim metric entity segment region period value unit printed kind confidence verdict text quotes quote source publisher published "
    "page cell path document".split()
)

_FORMULA = regex(r"[=+\-@\t\r]")
"""What a spreadsheet takes for the beginning of a formula."""


def csl(report: Report) -> str:
    """The cited documents as CSL-JSON, in the order of their numbers."""
    items = [_item(number, source) for number, source in enumerate(report.sources, 1)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _item(number: int, source: Source) -> dict[str, Any]:
    day = source.published
    issued: dict[str, Any] = {"date-parts": [[day.year, day.month, day.day]]}
    if source.published_from == "mtime":
        issued["circa"] = True
    item = {
        "id": _key(number, source),
        "type": _KINDS.get(source.format, "report"),
        "title": clean(source.title),
        "author": [{"literal": clean(source.author)}] if source.author else [],
        "publisher": clean(source.publisher),
        "issued": issued,
        "number-of-pages": str(source.pages or ""),
        "archive_location": clean(source.path),
        "citation-label": str(number),
        "note": "undated; the file's own date" if source.published_from == "mtime" else "",
    }
    return {name: value for name, value in item.items() if value}


def _key(number: int, source: Source) -> str:
    """Unique, and the same in both files: s3-0f3a92c1."""
    return f"s{number}-{source.document[:8]}"


def bibtex(report: Report) -> str:
    """The cited documents as BibTeX, in the order of their numbers."""
    return "\n".join(_entry(number, source) for number, source in enumerate(report.sources, 1))


def _entry(number: int, source: Source) -> str:
    kind = _ENTRIES.get(_KINDS.get(source.format, "report"), "misc")
    undated = " (undated; the file's own date)" if source.published_from == "mtime" else ""
    values = {
        "title": f"{{{_tex(source.title)}}}",
        "author": f"{{{_tex(source.author)}}}" if source.author else "",
        "institution" if kind == "techreport" else "publisher": f"{{{_tex(source.publisher)}}}" if source.publisher else "",
        "year": str(source.published.year),
        "month": str(source.published.month),
        "day": str(source.published.day),
        "note": _tex(f"{source.path}{undated}"),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in values.items() if value)
    return f"@{kind}{{{_key(number, source)},\n{lines}}}\n"


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in clean(text))


def figures(report: Report) -> str:
    """Every fact, point of a series and number of a claim with its source, as CSV with the byte order mark that Excel asks for."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    table.writerows(_facts(report))
    table.writerows(_points(report))
    table.writerows(_numbers(report))
    return "\ufeff" + out.getvalue()


def _facts(report: Report) -> Iterator[dict[str, str]]:
    marks = {mark["id"]: mark for mark in context(report).evidence}
    for fact in report.facts:
        if fact.evidence not in marks:
            raise ReportError(f"the report's fact {fact.id} names the quote {fact.evidence!r} but does not hold it; run `rag check` on it")
        yield _row(
            report,
            [marks[fact.evidence]],
            value=f"{fact.number.value:f}",
            words={
                "of": "fact",
                "metric": fact.metric,
                "entity": fact.entity,
                "segment": fact.segment,
                "region": fact.region,
                "period": period_words(fact.period.label) if fact.period else "",
                "unit": fact.number.unit,
                "printed": fact.number.printed,
                "kind": fact.kind,
            },
        )


def _points(report: Report) -> Iterator[dict[str, str]]:
    printed = {card["id"]: card for section in context(report).sections for card in section["cards"]}
    for card in report.cards:
        for point, shown in zip(card.series, printed[clean(card.id)]["series"], strict=True):
            yield _row(
                report,
                [shown["mark"]],
                value=f"{point.value:f}",
                words={
                    "of": "series",
                    **_about(card.key),
                    "period": shown["period"],
                    "unit": point.unit,
                    "printed": point.printed,
                    "kind": point.kind,
                    "confidence": card.confidence.word,
                },
            )


def _numbers(report: Report) -> Iterator[dict[str, str]]:
    about = {claim: card for card in report.cards for claim in (*card.counter_claims, *card.claims)}
    printed = {claim["id"]: claim for claim in _claims(report)}
    for claim in report.claims:
        card, shown = about.get(claim.id), printed[clean(claim.id)]
        for number in (number for number in claim.numbers if number.kind != "year"):
            yield _row(
                report,
                shown["marks"],
                value=f"{number.value:f}",
                words={
                    "of": "claim",
                    "claim": str(shown["number"]),
                    **(_about(card.key) if card else {}),
                    "period": period_words(claim.period.label) if claim.period else "",
                    "unit": number.unit,
                    "printed": number.printed,
                    "kind": claim.kind,
                    "confidence": card.confidence.word if card else "",
                    "verdict": claim.verdict,
                    "text": claim.text,
                },
            )


def _claims(report: Report) -> Iterator[Plain]:
    made = context(report)
    yield from made.bottom_line
    for section in made.sections:
        for card in section["cards"]:
            yield from card["claims"] + card["counter"]
        yield from section["claims"]


def _about(key: CardKey) -> dict[str, str]:
    return {"metric": key.metric, "entity": key.entity, "segment": key.segment, "region": key.region}


def _row(report: Report, marks: list[Plain], *, value: str, words: dict[str, str]) -> dict[str, str]:
    """A row whose texts begin no formula; several quotes are kept apart by a bar."""
    sources = [report.sources[mark["source"] - 1] for mark in marks]
    joined = {
        "quotes": [mark["label"] for mark in marks],
        "quote": [mark["quote"] for mark in marks],
        "source": [source.title for source in sources],
        "publisher": [source.publisher for source in sources],
        "published": [source.published.isoformat() for source in sources],
        "page": [mark["page"] for mark in marks],
        "cell": [mark["cell"] for mark in marks],
        "path": [source.path for source in sources],
        "document": [source.document for source in sources],
    }
    texts = words | {name: " | ".join(parts) for name, parts in joined.items()}
    return {name: _inert(clean(text)) for name, text in texts.items()} | {"value": value}


def _inert(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
