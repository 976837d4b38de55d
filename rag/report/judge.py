"""A second opinion on sentences in a model's words: do the quotations that they cite carry them? It comes after the gates.

A checker is a cross-encoder on this machine (rag/checkers) or a language model (LlmJudge). Quoted and computed sentences are not asked
about.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from rag.errors import AnswerError
from rag.model_prompts import JudgePrompt, Prompts, Statement
from rag.ports import Checker
from rag.report.report_gates import ReportCheck
from rag.types import Claim, Evidence, GateOutcome, Message, Report, Verdict

Parsed = TypeVar("Parsed")

JUDGE = "judge"
"""What a checker's findings are called among those of the gates."""
_GIVEN: tuple[Verdict, ...] = ("supported", "partial", "unsupported", "contradicted")
VERDICTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdicts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"sentence": {"type": "integer"}, "verdict": {"type": "string", "enum": list(_GIVEN)}},
                "required": ["sentence", "verdict"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["verdicts"],
    "additionalProperties": False,
}
"""What the judge's prompt is answered with."""
_OUTCOMES: Mapping[Verdict, GateOutcome] = {"supported": "pass", "partial": "warn", "unchecked": "unchecked"}
"""Verdict -> outcome; all others fail."""


class Asks(Protocol):
    """Calls to a language model, as rag.llms.calls makes them."""

    def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any],
        parse: Callable[[str], Parsed],
        hear: Callable[[str], object] | None = None,
    ) -> Parsed:
        """What ``parse`` makes of the answer; ``hear`` is told what has come of it. Raises ModelError's children."""
        ...


class LlmJudge:
    """A language model as a checker."""

    def __init__(self, calls: Asks, *, model: str, prompts: Prompts) -> None:
        self.model = model
        self._calls = calls
        self._prompts = prompts

    def supports(self, claims: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        """One verdict a sentence; "unchecked" for all when the answer is of no use. Raises ModelError's children when there is none."""
        if not claims:
            return []
        statements = tuple(Statement(number=at, text=sentence, quotes=quotes) for at, (sentence, quotes) in enumerate(claims, 1))
        prompt = Message(role="user", content=self._prompts.fill(JudgePrompt(statements=statements)))
        try:
            return self._calls.ask((prompt,), schema=VERDICTS, parse=lambda text: parse_verdicts(text, count=len(claims)))
        except AnswerError:  # counted and printed: these sentences have the gates' verdict only
            return ["unchecked"] * len(claims)


def parse_verdicts(text: str, *, count: int) -> list[Verdict]:
    """The verdicts in order. Raises AnswerError for an answer that does not give each of ``count`` sentences one."""
    try:
        rows = json.loads(text)["verdicts"]
        found = {row["sentence"]: row["verdict"] for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AnswerError(f"the judge answered with no verdicts ({text[:60]!r}...)") from error
    if len(rows) != count or set(found) != set(range(1, count + 1)) or not all(verdict in _GIVEN for verdict in found.values()):
        raise AnswerError(f"the judge did not give each of {count} sentences one verdict of {', '.join(_GIVEN)}")
    return [found[number] for number in range(1, count + 1)]


def is_written(claim: Claim) -> bool:
    """True for a sentence in somebody's own words."""
    return claim.mode == "prose" and claim.calculation is None


def quotes_of(claim: Claim, evidence: Mapping[str, Evidence]) -> str:
    """What a claim cites, each quotation in its marks."""
    return " ".join(f"“{' '.join(evidence[item].quote.split())}”" for item in claim.evidence if item in evidence)


def judged(report: Report, checker: Checker) -> list[ReportCheck]:
    """A finding for each written sentence of the report. Raises ModelError's children."""
    evidence = {item.id: item for item in report.evidence}
    written = [claim for claim in report.claims if is_written(claim)]
    verdicts = checker.supports([(claim.text, quotes_of(claim, evidence)) for claim in written])
    return list(_findings(written, verdicts, model=checker.model))


def _findings(written: Iterable[Claim], verdicts: Iterable[Verdict], *, model: str) -> Iterable[ReportCheck]:
    for claim, verdict in zip(written, verdicts, strict=True):
        reason = "" if verdict == "supported" else f"{model} finds it {verdict} on its quotations"
        yield ReportCheck(gate=JUDGE, outcome=_OUTCOMES.get(verdict, "fail"), about=claim.id, reason=reason)
