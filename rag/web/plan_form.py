"""A report's plan as a form: every field checked by the one reader of plans, every problem told at its field."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from rag.errors import SettingsError
from rag.prompts import MetricVocabulary
from rag.report import Outline, read_outline
from rag.report.outline import arranged

TOP = ("topic", "market", "period", "dimension", "words")
"""Fields with one value."""
LISTS = ("regions", "entities", "segments", "themes")
"""Fields with values between commas."""
OF_SECTION = ("id", "title", "question", "queries", "terms", "metrics")

NO_TOPIC = "Say what the report is about, such as: EV batteries, Europe, 2024-26"
_NO_TITLE = "Give the section a title."


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A plan as it stands in the form, right or wrong."""

    values: Mapping[str, str]
    """Field of TOP and LISTS -> what is written in it."""
    sections: tuple[Mapping[str, str], ...]
    """In print order: field of OF_SECTION -> what is written in it; searches one a line, the rest between commas."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Id of a field on the page -> what is wrong with it."""


def draft_of(outline: Outline, *, metrics: MetricVocabulary) -> Draft:
    """The form of a plan; metrics go by their names."""
    names = {metric.id: metric.name for metric in metrics.metrics}
    return Draft(
        values={name: str(getattr(outline, name) or "") for name in TOP} | {name: ", ".join(getattr(outline, name)) for name in LISTS},
        sections=tuple(
            {
                "id": one.id,
                "title": one.title,
                "question": one.question,
                "queries": "\n".join(one.queries),
                "terms": ", ".join(one.terms),
                "metrics": ", ".join(names.get(name, name) for name in one.metrics),
            }
            for one in outline.sections
        ),
    )


def draft_from(values: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> Draft:
    """What was posted. ``columns``: field of a section -> its value in each section, in order; a missing one is empty."""
    count = max((len(column) for column in columns.values()), default=0)
    rows = [{name: column[at] if at < len(column) else "" for name, column in columns.items()} for at in range(count)]
    return Draft(values=dict(values), sections=tuple(rows))


def changed(draft: Draft, what: str) -> Draft:
    """After a button of the form: "add", "up-N", "down-N", "remove-N"; anything else changes nothing."""
    sections = [dict(section) for section in draft.sections]
    if what == "add":
        return replace(draft, sections=(*sections, dict.fromkeys(OF_SECTION, "")))
    found = re.fullmatch(r"(up|down|remove)-(\d{1,3})", what)
    at = int(found[2]) if found else -1
    if found is None or at >= len(sections):
        return draft
    taken = sections.pop(at)
    if found[1] != "remove":
        sections.insert(max(0, at - 1 if found[1] == "up" else at + 1), taken)
    return replace(draft, sections=tuple(sections))


def checked(draft: Draft, *, metrics: MetricVocabulary) -> tuple[Draft, Outline | None]:
    """The draft with what is wrong told at its fields, and the plan where nothing is."""
    problems: dict[str, str] = {}
    plan: dict[str, Any] = {name: draft.values.get(name, "").strip() for name in TOP}
    plan |= {name: _parts(draft.values.get(name, "")) for name in LISTS}
    plan["words"] = int(plan["words"]) if plan["words"].isdecimal() else plan["words"] or 0
    if not plan["topic"]:
        problems["topic"] = NO_TOPIC
    elif told := _refused({**plan, "sections": [{"title": "x"}]}):
        problems[next((name for name in ("period", "words") if told.lower().startswith(name)), "topic")] = told
    sections = [_section(section, at, metrics=metrics, problems=problems) for at, section in enumerate(draft.sections)]
    if not sections:
        problems["add"] = "A report needs a section; add one."
    if problems:
        return replace(draft, problems=problems), None
    outline = read_outline(yaml.safe_dump({**plan, "sections": _with_ids(sections), "binding": True}, allow_unicode=True), at="the plan")
    arranged(metrics, outline)
    return draft, outline


def _section(section: Mapping[str, str], at: int, *, metrics: MetricVocabulary, problems: dict[str, str]) -> dict[str, Any]:
    """As a plan's YAML has it; problems are noted."""
    title = " ".join(section["title"].split())
    if not title:
        problems[f"title-{at}"] = _NO_TITLE
    known = {name.casefold(): metric.id for metric in metrics.metrics for name in (metric.id, metric.name)}
    wanted = _parts(section["metrics"])
    if unknown := [name for name in wanted if name.casefold() not in known]:
        problems[f"metrics-{at}"] = f"There is no metric called {unknown[0]}.{_hint(unknown[0], metrics)}"
    made = {
        "id": section["id"].strip(),
        "title": title,
        "question": " ".join(section["question"].split()),
        "queries": [" ".join(line.split()) for line in section["queries"].splitlines() if line.strip()],
        "terms": _parts(section["terms"]),
        "metrics": [known[name.casefold()] for name in wanted if name.casefold() in known],
    }
    if title and (told := _refused({"topic": "x", "sections": [{**made, "id": "x"}]})):
        problems[f"title-{at}"] = told
    return made


def _hint(name: str, metrics: MetricVocabulary) -> str:
    """The metrics whose names hold the words, else those spelt like it."""
    names = [metric.name for metric in metrics.metrics]
    folded = {known.casefold(): known for known in names}
    near = [known for known in names if name.casefold() in known.casefold()]
    near = near or [folded[known] for known in difflib.get_close_matches(name.casefold(), list(folded), cutoff=0.6)]
    return f" Did you mean {' or '.join(near[:3])}?" if near else ""


def _with_ids(sections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with an id of its own: the one it had, else made of its title."""
    taken: set[str] = set()
    for at, section in enumerate(sections, start=1):
        own = section["id"] if re.fullmatch(r"[a-z][a-z0-9_]*", section["id"]) else ""
        made = own or re.sub(r"^[0-9_]+", "", re.sub(r"[^a-z0-9]+", "_", section["title"].lower()).strip("_")) or f"section_{at}"
        section["id"] = made if made not in taken else next(name for n in range(2, 99) if (name := f"{made}_{n}") not in taken)
        taken.add(section["id"])
    return list(sections)


def _refused(plan: Mapping[str, Any]) -> str:
    """What the reader of plans says against one, as a sentence; empty for nothing."""
    try:
        read_outline(yaml.safe_dump(dict(plan), allow_unicode=True), at="plan")
    except SettingsError as error:
        told = re.sub(r"^plan: (sections\[\d+\])?\.?", "", str(error))
        return told[:1].upper() + told[1:] + "."
    return ""


def _parts(text: str) -> list[str]:
    """What stands between commas, semicolons and line ends."""
    return list(dict.fromkeys(part for part in (" ".join(piece.split()) for piece in re.split(r"[,;\n]", text)) if part))
