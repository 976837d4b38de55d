"""Questions with known answers, one JSON object a line:

    {"question": "How far did cell prices fall?", "gold": [{"document": "docs/cells.pdf", "page": 3, "quote": "fell by 12.5 percent"}]}

``gold`` lists what a full answer needs. A place is a whole document, or its ``page``, or wherever its ``quote`` stands; ``also`` names
further places that say the same, of which one is enough. ``scope`` restricts the search as the options of ``rag search`` do.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import UsageError


class Place(BaseModel):
    """Where an answer stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str = Field(min_length=1)
    """Its path, as a citation prints it."""
    page: int | None = Field(default=None, ge=1)
    """1-based; any page when left out."""
    quote: str = ""
    """Words of the document, such as a sentence or a passage; anywhere when empty."""


class Gold(Place):
    """One thing a full answer needs."""

    also: tuple[Place, ...] = ()
    """Other places that say it; one of all is enough."""


class Within(BaseModel):
    """What a search may see; empty fields do not restrict."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    published_from: date | None = None
    published_to: date | None = None
    folders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    """Paths, as a citation prints them."""


class Question(BaseModel):
    """A question and what answers it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    """What a baseline knows it by; a hash of question, scope and gold where none is given."""
    question: str = Field(min_length=1)
    gold: tuple[Gold, ...] = Field(min_length=1)
    scope: Within = Within()

    @property
    def name(self) -> str:
        """The id, or "q-" and 12 hex digits of the hash of all the rest."""
        return self.id or f"q-{hashlib.sha256(self.model_dump_json(exclude={'id'}).encode()).hexdigest()[:12]}"


def read_questions(path: Path) -> list[Question]:
    """The questions of a file, in order. Raises UsageError naming the line that cannot be used, or a file without any."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read questions from {path} ({error}); give a file with one JSON object a line") from error
    questions = [_question(line, where=f"{path.name} line {number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not questions:
        raise UsageError(f"{path} holds no question; make some with: rag eval --generate 50 --output {path}")
    refuse_repeated(questions)
    return questions


def to_json_line(question: Question) -> str:
    """As ``read_questions`` reads it; what is left out is what is empty."""
    return json.dumps(question.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)


def refuse_repeated(questions: Sequence[Question]) -> None:
    """Raises UsageError for two questions of one name: a baseline could not tell them apart."""
    seen: set[str] = set()
    for question in questions:
        if question.name in seen:
            raise UsageError(f"the question {question.name!r} ({question.question!r}) stands in the file twice; give each an id of its own")
        seen.add(question.name)


def _question(line: str, *, where: str) -> Question:
    try:
        return Question.model_validate_json(line)
    except ValidationError as error:
        raise UsageError(f"{where}: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    return "; ".join(_problem(".".join(map(str, item["loc"])), item["msg"]) for item in error.errors())


def _problem(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def paths_of(question: Question) -> Iterable[str]:
    """Every document the question names, as it names it."""
    for gold in question.gold:
        yield gold.document
        yield from (place.document for place in gold.also)
    yield from question.scope.documents
