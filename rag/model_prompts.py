"""Typed front doors of prompts/write/: what a language model is told, one dataclass a file.

A file's variables and its dataclass's fields are the same, which is checked both ways. Every value is put in as data: on one line, with
nothing in it that could close the evidence's fence. A workspace's own file of the same name wins.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rag import assets
from rag.errors import SettingsError, UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceLine:
    """A piece of evidence as a model sees it."""

    number: int
    """From 1; all that the model ever names of it."""
    text: str
    source: str
    """Who says it."""
    date: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultyLine:
    """A sentence that failed its checks, and why."""

    number: int
    text: str
    evidence: str
    """Its evidence numbers: "1, 3"."""
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What holds for all that is written."""

    file: ClassVar[str] = "write/rules.j2"
    market: str
    most_words: int
    """Of a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardPrompt:
    """The text of a trend card, or of what stands loose in a section."""

    file: ClassVar[str] = "write/card.j2"
    heading: str
    question: str
    evidence: tuple[EvidenceLine, ...]
    most_words: int
    """Of all sentences together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairPrompt:
    """One more try for the sentences that failed."""

    file: ClassVar[str] = "write/repair.j2"
    heading: str
    evidence: tuple[EvidenceLine, ...]
    sentences: tuple[FaultyLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryPrompt:
    """The bottom line, written last."""

    file: ClassVar[str] = "write/summary.j2"
    market: str
    headline_words: int
    findings: int
    evidence: tuple[EvidenceLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPrompt:
    """An answer to a question in a chat."""

    file: ClassVar[str] = "write/answer.j2"
    question: str
    """That stands alone."""
    evidence: tuple[EvidenceLine, ...]
    most_words: int
    """Of all sentences together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartsPrompt:
    """A question to be taken apart before it is searched for."""

    file: ClassVar[str] = "write/parts.j2"
    question: str
    most: int
    """Parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A written sentence as a judge sees it."""

    number: int
    """From 1."""
    text: str
    quotes: str
    """What it cites, each in quotation marks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgePrompt:
    """Whether written sentences are carried by what they cite."""

    file: ClassVar[str] = "write/judge.j2"
    statements: tuple[Statement, ...]


Prompt: TypeAlias = Rules | CardPrompt | RepairPrompt | SummaryPrompt | AnswerPrompt | PartsPrompt | JudgePrompt

_KEPT = 64
"""Texts of prompts whose parsing is kept: a server reads the files at each answer, and parsing them took 14 ms of it."""

_LINES = (
    EvidenceLine(
        number=1, text="Sales of widgets in Erewhon rose to 120 units in 2025, from 100 units in 2024.", source="Butler", date="May 2026"
    ),
    EvidenceLine(number=2, text="Prices of widgets were about EUR 4 in 2025.", source="Higgs & Co", date="June 2026"),
)
EXAMPLES: Mapping[str, Prompt] = {
    example.file: example
    for example in (
        Rules(market="widgets, Erewhon", most_words=40),
        CardPrompt(heading="Sales rose", question="How does demand develop?", evidence=_LINES, most_words=120),
        RepairPrompt(
            heading="Sales rose",
            evidence=_LINES,
            sentences=(
                FaultyLine(number=1, text="Sales doubled to 240 units.", evidence="1", reasons=("'240 units' is not in the evidence",)),
            ),
        ),
        SummaryPrompt(market="widgets, Erewhon", headline_words=35, findings=3, evidence=_LINES),
        AnswerPrompt(question="How did sales of widgets develop?", evidence=_LINES, most_words=120),
        PartsPrompt(question="How did sales and prices of widgets develop?", most=4),
        JudgePrompt(statements=(Statement(number=1, text="Sales of widgets in Erewhon rose in 2025.", quotes=f"“{_LINES[0].text}”"),)),
    )
}
"""File -> values to try it with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptFile:
    """A prompt file as it stands."""

    name: str
    """Within prompts/."""
    text: str
    sha256: str
    path: Path
    fields: tuple[str, ...]
    """The variables it has, and must use."""


class Prompts:
    """The prompts of one workspace, read and checked once."""

    def __init__(self, *, workspace: Path | None = None) -> None:
        self.files = {name: read(name, workspace=workspace) for name in EXAMPLES}

    def fill(self, prompt: Prompt) -> str:
        """The prompt's text with its values in it."""
        file = self.files[prompt.file]
        try:
            return _template(file.text).render(_inert(asdict(prompt)))
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise SettingsError(f"prompts/{file.name} cannot be filled in: {error}; correct {file.path}") from error

    @property
    def versions(self) -> dict[str, str]:
        """File -> SHA-256 of what a report is written with, for its manifest: all but an answer's, a search's and a judge's."""
        apart = (AnswerPrompt.file, PartsPrompt.file, JudgePrompt.file)
        return {f"prompts/{name}": file.sha256 for name, file in self.files.items() if name not in apart}

    @property
    def judge(self) -> dict[str, str]:
        """File -> SHA-256 of what a judge is told."""
        return {f"prompts/{JudgePrompt.file}": self.files[JudgePrompt.file].sha256}


def read(name: str, *, workspace: Path | None = None) -> PromptFile:
    """A prompt file, its variables checked. Raises UsageError for an unknown name, SettingsError for a file that cannot be used."""
    if name not in EXAMPLES:
        raise UsageError(f"no prompt {name!r}; there is: {', '.join(EXAMPLES)}")
    path = assets.find("prompts", name, workspace=workspace)
    known = tuple(field.name for field in fields(EXAMPLES[name]))
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8").replace("\r\n", "\n")
        used = _variables(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"prompts/{name} cannot be read as UTF-8 text: {error}; correct or remove {path}") from error
    except TemplateSyntaxError as error:
        raise SettingsError(f"prompts/{name}, line {error.lineno}: {error.message}; correct {path}") from error
    for variable in sorted(used ^ set(known)):
        wrong = "asks for" if variable in used else "leaves out"
        raise SettingsError(f"prompts/{name} {wrong} {variable!r}; its variables are: {', '.join(known)}; correct {path}")
    return PromptFile(name=name, text=text, sha256=hashlib.sha256(raw).hexdigest(), path=path, fields=known)


@lru_cache(maxsize=_KEPT)
def _variables(text: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(_environment().parse(text)))


@lru_cache(maxsize=_KEPT)
def _template(text: str) -> Template:
    return _environment().from_string(text)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.globals.clear()
    environment.filters.pop("random")
    return environment


def _inert(value: Any) -> Any:
    """Texts on one line, without what could end the fence, hide from a reader or turn his reading."""
    if isinstance(value, str):
        plain = "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs") else one for one in value)
        return " ".join(plain.translate({ord("<"): "‹", ord(">"): "›"}).split())
    if isinstance(value, Mapping):
        return {key: _inert(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_inert(item) for item in value]
    return value
