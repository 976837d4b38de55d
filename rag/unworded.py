"""What waits for a model, with all that the model needs for it, so that no library is held meanwhile: answers, questions to take apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from rag.chat.worded import loose_claims, worded
from rag.config import WriterSettings
from rag.llms.calls import Calls, Limits
from rag.model_prompts import Prompts
from rag.parted import parts_of
from rag.ports import Ledger, Llm
from rag.report.wording import Vocabulary
from rag.types import Answer, Document

ANSWER_S = 60.0
"""Who asks waits no longer than this for an answer's wording, pauses included; then it stands as it is quoted."""

_LIMITS = [limit.name for limit in fields(Limits) if limit.name != "set_by"]
"""Each is a setting of [writer] too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unworded:
    """Values only: any thread may hold it."""

    answer: Answer
    """In the documents' own sentences."""
    documents: Mapping[str, Document]
    """Those that it cites, by id."""
    setting: WriterSettings
    prompts: Prompts
    vocabulary: Vocabulary

    @property
    def wanted(self) -> bool:
        """Whether there is anything to word."""
        return bool(loose_claims(self.answer))

    def by(self, model: Llm, *, ledger: Ledger, now: datetime, heard: Callable[[str], object] | None = None) -> Answer:
        """In the model's words where they hold; ``heard`` as in rag.chat.worded. ``ledger`` records the calls."""
        return worded(
            self.answer,
            calls=Calls(llm=model, limits=answer_limits(self.setting), ledger=ledger, now=lambda: now),
            model=model.model,
            prompts=self.prompts,
            document=self.documents.__getitem__,
            vocabulary=self.vocabulary,
            heard=heard,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Unparted:
    """A question that a model may take apart. Values only: any thread may hold it."""

    question: str
    setting: WriterSettings
    prompts: Prompts

    def by(self, model: Llm, *, ledger: Ledger, now: datetime) -> tuple[str, ...]:
        """Its parts, as rag.parted.parts_of gives and raises; none of an empty question. ``ledger`` records the calls."""
        if not self.question:
            return ()
        calls = Calls(llm=model, limits=answer_limits(self.setting), ledger=ledger, now=lambda: now)
        return parts_of(self.question, calls=calls, prompts=self.prompts)


def limits_of(setting: WriterSettings) -> Limits:
    """Of a run of model calls, as rag.toml says."""
    return Limits(**{name: getattr(setting, name) for name in _LIMITS})


def answer_limits(setting: WriterSettings) -> Limits:
    """The same for somebody who waits for an answer."""
    own = limits_of(setting)
    return replace(own, timeout_s=min(own.timeout_s, ANSWER_S), run_timeout_s=min(own.run_timeout_s, ANSWER_S))
