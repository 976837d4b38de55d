"""Calls to a language model that survive anything: looked up before they are made, tried again together, counted, capped, recorded.

    ask -> recorded? -> budget -> pace -> request (deadline) -> parsed? -> recorded -> answer

An answer that was recorded is never paid for again: what a killed run had asked for is found by the hash of its prompt.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from rag.errors import AnswerError, BudgetError, CutOffError, EndpointError, ModelMissingError, OverloadedError, TimeLimitError
from rag.ports import Ledger, Llm
from rag.types import Message, Recorded, Reply, Usage

ATTEMPTS = 5
"""Requests for one answer, as long as the endpoint fails in a way that passes."""
ATTEMPTS_AT_ANSWERS = 2
"""Of those, the ones that may end in something that is no answer: a model rarely does better at the third."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
_PER_MILLION = 1_000_000
_BYTES_A_TOKEN = 2
"""English has 4 to a token, figures 2 to 3, other scripts 2 to 3: an upper bound for want of the model's own tokenizer."""
_TOKENS_A_TURN = 8
_RULES_OF_A_REPAIR = 600
"""Tokens of the reasons that a repair names."""

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a run may take."""

    timeout_s: float
    """For one request, by the clock on the wall."""
    run_timeout_s: float
    """For all of them, pauses included."""
    answer_tokens: int
    """The most of one answer."""
    context_tokens: int
    """What the model can read and write in one call."""
    max_tokens: int = 0
    """The most of all calls together; 0 for no limit."""
    max_cost: float = 0.0
    """In the prices' currency; 0 for no limit."""
    price_in: float = 0.0
    """For a million tokens read; 0 where unknown."""
    price_out: float = 0.0
    set_by: Mapping[str, str] = field(default_factory=dict)
    """"max_tokens" or "max_cost" -> the setting that holds it, where that is not the one of [writer]."""

    def lowered(self, caps: "Caps") -> "Limits":
        """With the caps that are tighter."""
        asked = {"max_tokens": (caps.tokens, self.max_tokens), "max_cost": (caps.cost, self.max_cost)}
        tighter = {name: cap for name, (cap, own) in asked.items() if cap and cap < (own or math.inf)}
        return replace(self, **tighter, set_by={name: f"{caps.of}.{name}" for name in tighter})  # type: ignore[arg-type]

    def over(self, name: str, most: str) -> str:
        """Why a run stops at one of the caps, and what to do."""
        held = self.set_by.get(name, "")
        return f"the next call could take the run over {held or f'writer.{name}'}, {most}: raise it{'' if held else ' and --resume'}"

    def cost(self, usage: Usage) -> float:
        """In the prices' currency."""
        return (usage.tokens_in * self.price_in + usage.tokens_out * self.price_out) / _PER_MILLION


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """What one report may take at most, on top of the limits of every report."""

    tokens: int = 0
    """0 for no cap."""
    cost: float = 0.0
    """In the prices' currency; 0 for no cap."""
    of: str
    """The table that sets them, for messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a run will take, before it begins; failed requests come on top."""

    prompts: int
    likely: Usage
    """One call in four is followed by a repair, and answers are as long as what they are written from."""
    most: Usage
    """Each call is followed by a repair, and each answer is as long as it may be."""
    likely_cost: float
    """0 where the prices are unknown."""
    most_cost: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the answers of a run took, those included that an earlier run had recorded."""

    calls: int = 0
    """Requests made by this run."""
    reused: int = 0
    """Answers found in the record."""
    tokens_in: int = 0
    tokens_out: int = 0


class Nowhere:
    """A ledger that keeps nothing."""

    def answers(self, prompt: str) -> Sequence[Recorded]:
        """None."""
        return ()

    def begin(self, prompt: str, *, model: str, parameters: str, at: datetime) -> int:
        """Always 0."""
        return 0

    def end(self, number: int, *, at: datetime, answer: Recorded | None, error: str) -> None:
        """Nothing."""


@dataclass
class FromRecord:
    """A model that is not there: what it answered is in the record, or is lost."""

    model: str

    def reply(self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None) -> Reply:
        """Raises ModelMissingError."""
        raise ModelMissingError(f"an answer of {self.model} is not in the record, so that the report cannot be made again: write it anew")

    def stream(
        self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """Raises ModelMissingError."""
        yield self.reply(messages, most_tokens=most_tokens, timeout_s=timeout_s, schema=schema).text

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass(kw_only=True)
class Pace:
    """When the next request may go out: one for all calls, so that a server that asks for rest gets it from every caller."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    not_before: float = 0.0

    def rest(self, seconds: float) -> None:
        """No request for so long."""
        self.not_before = max(self.not_before, self.clock() + seconds)

    def wait(self, *, until: float, why: EndpointError) -> None:
        """Until a request may go out. Raises ``why`` at once when that is after ``until``."""
        if max(self.not_before, self.clock()) >= until:
            raise why
        self.sleep(max(0.0, self.not_before - self.clock()))


@dataclass(kw_only=True)
class Calls:
    """The calls of one run to one model, one after the other."""

    llm: Llm
    limits: Limits
    now: Callable[[], datetime]
    ledger: Ledger = field(default_factory=Nowhere)
    pace: Pace = field(default_factory=Pace)
    afresh: bool = False
    """True asks again for what is recorded."""
    spent: Spent = field(default_factory=Spent, init=False)

    def __post_init__(self) -> None:
        self._deadline = self.pace.clock() + self.limits.run_timeout_s

    def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any],
        parse: Callable[[str], Parsed],
        hear: Callable[[str], object] | None = None,
    ) -> Parsed:
        """What ``parse`` makes of the answer; ``parse`` raises AnswerError for one that is of no use.

        ``hear`` is told all that has come of a new answer whenever more comes; it may be of no use, and another may follow it.
        Raises EndpointError's children when all attempts failed or none is worth another, and BudgetError, before
        it is sent, for a call over the model's context or that could break the budget.
        """
        prompt = prompt_hash(messages, model=self.llm.model, schema=schema)
        bad, last = 0, None
        for recorded in () if self.afresh else self.ledger.answers(prompt):
            self.spent = _plus(self.spent, recorded.usage, reused=1)
            try:
                return parse(recorded.text)
            except AnswerError as error:
                bad, last = bad + 1, error
        once = partial(self._once, prompt, messages, schema=schema, parse=parse, hear=hear)
        return self._ask(once, bad=bad, last=last)

    def _ask(self, once: Callable[[EndpointError | None], Parsed], *, bad: int, last: EndpointError | None) -> Parsed:
        """Asked ``once`` again as long as that is worth it, which is told the error before."""
        for attempt in range(ATTEMPTS):
            if bad >= ATTEMPTS_AT_ANSWERS and last is not None:
                raise last
            try:
                return once(last)
            except EndpointError as error:
                if not error.retryable or attempt == ATTEMPTS - 1:
                    raise
                bad, last = bad + isinstance(error, AnswerError), error
                self.pace.rest(_pause(error, attempt=attempt))
        raise AssertionError("the loop returns or raises")

    def _once(
        self,
        prompt: str,
        messages: Sequence[Message],
        last: EndpointError | None,
        *,
        schema: Mapping[str, Any],
        parse: Callable[[str], Parsed],
        hear: Callable[[str], object] | None,
    ) -> Parsed:
        most = Usage(tokens_in=count_tokens(messages), tokens_out=self.limits.answer_tokens)
        self._afford(most)
        over = f"{self.llm.model} does not finish within writer.run_timeout_s, {self.limits.run_timeout_s:g} s: go on with --resume"
        self.pace.wait(until=self._deadline, why=last or TimeLimitError(over, retryable=False))
        left = max(0.0, self._deadline - self.pace.clock())
        parameters = json.dumps({"answer_tokens": self.limits.answer_tokens, "schema": bool(schema)}, sort_keys=True)
        number = self.ledger.begin(prompt, model=self.llm.model, parameters=parameters, at=self.now())
        answer: Recorded | None = None
        try:
            reply = self._reply(messages, timeout_s=min(self.limits.timeout_s, left), schema=schema, hear=hear)
            answer = Recorded(text=reply.text, usage=reply.usage or _counted(most, reply))
            parsed = parse(reply.text)
        except EndpointError as error:
            self._charge(answer, most=most, error=error)
            self.ledger.end(number, at=self.now(), answer=answer, error=type(error).__name__)
            raise
        self._charge(answer, most=most, error=None)
        self.ledger.end(number, at=self.now(), answer=answer, error="")
        return parsed

    def _reply(
        self, messages: Sequence[Message], *, timeout_s: float, schema: Mapping[str, Any], hear: Callable[[str], object] | None
    ) -> Reply:
        """The whole answer, heard while it comes where somebody hears; a stream does not say what it took."""
        most = self.limits.answer_tokens
        if hear is None:
            return self.llm.reply(messages, most_tokens=most, timeout_s=timeout_s, schema=schema)
        text = ""
        for piece in self.llm.stream(messages, most_tokens=most, timeout_s=timeout_s, schema=schema):
            text += piece
            hear(text)
        return Reply(text=text, usage=None)

    def _afford(self, most: Usage) -> None:
        """Raises BudgetError when the next call could break a limit of the run."""
        limits, spent = self.limits, self.spent
        tokens = spent.tokens_in + spent.tokens_out + most.tokens_in + most.tokens_out
        if most.tokens_in + most.tokens_out > limits.context_tokens:
            raise BudgetError(
                f"a call of up to {most.tokens_in:,} tokens and an answer of {most.tokens_out:,} are over writer.context_tokens, "
                f"{limits.context_tokens:,}: raise it if {self.llm.model} reads more, or lower writer.answer_tokens"
            )
        if limits.max_tokens and tokens > limits.max_tokens:
            raise BudgetError(limits.over("max_tokens", f"{limits.max_tokens:,}"))
        cost = limits.cost(Usage(tokens_in=spent.tokens_in + most.tokens_in, tokens_out=spent.tokens_out + most.tokens_out))
        if limits.max_cost and cost > limits.max_cost:
            raise BudgetError(limits.over("max_cost", f"{limits.max_cost:g}"))

    def _charge(self, answer: Recorded | None, *, most: Usage, error: EndpointError | None) -> None:
        """Counts a call; one that may have been worked on for nothing counts with the most that it can have taken."""
        worked_on = isinstance(error, TimeLimitError | CutOffError | AnswerError)
        used = answer.usage if answer else most if worked_on else Usage(tokens_in=0, tokens_out=0)
        self.spent = _plus(self.spent, used, calls=1)


def count_tokens(messages: Sequence[Message]) -> int:
    """An upper bound of what a model reads."""
    return sum(len(message.content.encode()) // _BYTES_A_TOKEN + 1 + _TOKENS_A_TURN for message in messages)


def estimate(prompts: Sequence[Sequence[Message]], *, limits: Limits) -> Estimate:
    """Of a run that asks these prompts, each with one repair at most."""
    read = [count_tokens(messages) for messages in prompts]
    answers = [min(limits.answer_tokens, count_tokens(messages[-1:])) for messages in prompts]
    likely = Usage(tokens_in=sum(read) * 5 // 4 // 2, tokens_out=sum(answers) * 5 // 4 // 2)  # the count is an upper bound, twice too high
    most = Usage(
        tokens_in=2 * sum(read) + limits.answer_tokens * len(prompts) + _RULES_OF_A_REPAIR * len(prompts),
        tokens_out=2 * limits.answer_tokens * len(prompts),
    )
    return Estimate(prompts=len(prompts), likely=likely, most=most, likely_cost=limits.cost(likely), most_cost=limits.cost(most))


def prompt_hash(messages: Sequence[Message], *, model: str, schema: Mapping[str, Any]) -> str:
    """The SHA-256 of all that a whole answer depends on."""
    parts = [model, dict(schema), [[message.role, message.content] for message in messages]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _pause(error: EndpointError, *, attempt: int) -> float:
    """What the endpoint asks for, and at least a time that doubles."""
    own: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
    return max(own, error.retry_after_s or 0.0) if isinstance(error, OverloadedError) else own


def _counted(most: Usage, reply: Reply) -> Usage:
    """An upper bound for an endpoint that does not count."""
    return replace(most, tokens_out=min(most.tokens_out, len(reply.text.encode()) // _BYTES_A_TOKEN + 1))


def _plus(spent: Spent, usage: Usage, *, calls: int = 0, reused: int = 0) -> Spent:
    return Spent(
        calls=spent.calls + calls,
        reused=spent.reused + reused,
        tokens_in=spent.tokens_in + usage.tokens_in,
        tokens_out=spent.tokens_out + usage.tokens_out,
    )
