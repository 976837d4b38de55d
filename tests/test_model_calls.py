"""Calls to a model survive what a server does: tried again at one pace, within budget and deadline, recorded, never paid for twice."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.errors import AnswerError, BudgetError, CutOffError, EndpointError, OverloadedError, TimeLimitError
from rag.llms.calls import ATTEMPTS, Calls, Limits, Pace, count_tokens, estimate
from rag.llms.openai import OpenAILlm
from rag.ports import Ledger
from rag.record import CallLog, Record
from rag.types import Message, Reply
from tests.llm_faults import FAULTS, GOOD, KEY, TEXT, Play, Server, Stage, playing
from tests.scripted_models import completion

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SCHEMA = {"type": "object"}
ROOMY = Limits(timeout_s=5, run_timeout_s=600, answer_tokens=500, context_tokens=8_000)


def asked(text: str = "What fell?") -> tuple[Message, ...]:
    """A prompt."""
    return (Message(role="user", content=text),)


def said(text: str) -> str:
    """What the answer says; an answer in another shape is of no use."""
    try:
        return str(json.loads(text)["said"])
    except (ValueError, LookupError, TypeError) as error:
        raise AnswerError("the answer is not as asked") from error


@dataclass
class Clock:
    """Time that passes by itself and by sleeping, which takes none of ours."""

    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        """Seconds."""
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Later."""
        self.slept.append(seconds)


def pace(clock: Clock) -> Pace:
    """The pace of that clock."""
    return Pace(clock=clock.read, sleep=clock.sleep)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An empty record."""
    with Record.create(tmp_path / "library.db") as made:
        yield made


@contextmanager
def calls(
    *plays: Play, ledger: Ledger, limits: Limits = ROOMY, clock: Clock | None = None, afresh: bool = False
) -> Iterator[tuple[Calls, Server]]:
    """The calls of a run to a server that plays these."""
    with playing(*plays) as server:
        llm = OpenAILlm("gpt", base_url=server.base_url, api_key=KEY)
        yield Calls(llm=llm, limits=limits, now=lambda: NOW, ledger=ledger, pace=pace(clock or Clock()), afresh=afresh), server
        llm.close()


def good(stage: Stage) -> None:
    """A sound answer."""
    stage.send(GOOD)


def fault(name: str) -> Play:
    """What the server does."""
    return FAULTS[name].play


WHOLE = "Prices fell to EUR 212 per kWh."


def test_an_answer_in_the_record_is_not_asked_for_again(record: Record) -> None:
    """It counts as spent, since it was paid for; another prompt, or ``afresh``, asks."""
    log = CallLog(record)
    with calls(good, ledger=log) as (run, server):
        assert run.ask(asked(), schema=SCHEMA, parse=said) == WHOLE
    with calls(good, ledger=log) as (run, server):
        assert run.ask(asked(), schema=SCHEMA, parse=said) == WHOLE
        assert server.requests == []
        assert (run.spent.calls, run.spent.reused, run.spent.tokens_in, run.spent.tokens_out) == (0, 1, 300, 60)
        run.ask(asked("And what rose?"), schema=SCHEMA, parse=said)
        assert len(server.requests) == 1
    with calls(good, ledger=log, afresh=True) as (run, server):
        run.ask(asked(), schema=SCHEMA, parse=said)
        assert len(server.requests) == 1


def test_every_call_is_recorded_with_its_outcome(record: Record) -> None:
    """Prompt, parameters, times, tokens, and the class of what went wrong."""
    log = CallLog(record)
    with calls(fault("503, Retry-After 2"), fault("half of JSON"), good, ledger=log) as (run, _):
        run.ask(asked(), schema=SCHEMA, parse=said)
    rows = log.all()
    assert [row.error for row in rows] == ["OverloadedError", "AnswerError", ""]
    assert {row.prompt for row in rows} == {rows[0].prompt}
    assert {(row.model, row.parameters) for row in rows} == {("gpt", '{"answer_tokens": 500, "schema": true}')}
    assert all(row.started == row.finished == NOW for row in rows)
    assert (rows[2].tokens_in, rows[2].tokens_out) == (300, 60)
    assert [answer.text for answer in log.answers(rows[0].prompt)] == [TEXT]


def test_a_server_that_asks_for_rest_gets_it_from_every_caller(record: Record) -> None:
    """One pace for all calls of a process: 7 seconds, not the second that a first pause takes."""
    clock = Clock()
    with calls(fault("429, Retry-After 7"), good, ledger=CallLog(record), clock=clock) as (run, server):
        run.ask(asked(), schema=SCHEMA, parse=said)
        assert len(server.requests) == 2
    assert 6.5 < sum(clock.slept) <= 7
    shared = Pace(clock=lambda: 100.0, sleep=clock.sleep)
    shared.rest(30)
    shared.rest(5)
    shared.wait(until=1000, why=TimeLimitError("too late"))
    assert clock.slept[-1] == 30


def test_pauses_double_and_attempts_are_bounded(record: Record) -> None:
    """Five requests, and fifteen seconds between them."""
    clock = Clock()
    with calls(fault("500"), ledger=CallLog(record), clock=clock) as (run, server), pytest.raises(OverloadedError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert len(server.requests) == ATTEMPTS
    assert [round(pause) for pause in clock.slept if pause > 0.1] == [1, 2, 4, 8]


def test_an_absurd_wait_is_an_error_at_once(record: Record) -> None:
    """Eleven days are more than the run has."""
    clock = Clock()
    with calls(fault("429, Retry-After a million"), ledger=CallLog(record), clock=clock) as (run, server), pytest.raises(OverloadedError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert len(server.requests) == 1
    assert sum(clock.slept) == 0


@pytest.mark.parametrize(
    "name", ["429, insufficient_quota", "401", "404", "context_length_exceeded", "cut at the length", "a refusal", "sent on by 302"]
)
def test_what_does_not_pass_is_asked_once(record: Record, name: str) -> None:
    """Waiting would not help, and asking may cost."""
    with calls(fault(name), ledger=CallLog(record)) as (run, server), pytest.raises(EndpointError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert len(server.requests) == 1


def test_an_answer_of_no_use_is_asked_for_once_more_in_all_its_runs(record: Record) -> None:
    """A second run finds both answers, and does not pay for a third."""
    log, useless = CallLog(record), completion('{"wrong": 1}')
    with calls(lambda stage: stage.send(useless), ledger=log) as (run, server), pytest.raises(AnswerError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert len(server.requests) == 2
    with calls(good, ledger=log) as (run, server), pytest.raises(AnswerError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert server.requests == []
    assert [row.error for row in log.all()] == ["AnswerError", "AnswerError"]


def test_a_run_ends_at_its_deadline(record: Record) -> None:
    """In an error that says how to go on, and no later than that."""
    limits = Limits(timeout_s=0.4, run_timeout_s=1.0, answer_tokens=500, context_tokens=8_000)
    begin = time.monotonic()
    with playing(fault("it hangs")) as server:
        llm = OpenAILlm("gpt", base_url=server.base_url, api_key=KEY)
        run = Calls(llm=llm, limits=limits, now=lambda: NOW, ledger=CallLog(record))
        with pytest.raises(TimeLimitError):
            run.ask(asked(), schema=SCHEMA, parse=said)
        llm.close()
    assert time.monotonic() - begin < 2.5


@pytest.mark.parametrize(
    ("limits", "fit", "says"),
    [
        ({"context_tokens": 400}, 0, r"over writer\.context_tokens, 400"),
        ({"max_tokens": 1_300}, 3, r"over writer\.max_tokens, 1,300: raise it and --resume"),
        ({"price_in": 1.0, "price_out": 1000.0, "max_cost": 0.6}, 2, r"over writer\.max_cost, 0\.6"),
    ],
)
def test_a_call_that_could_break_the_budget_is_not_sent(record: Record, limits: Mapping[str, Any], fit: int, says: str) -> None:
    """By the most that it could take: 500 tokens, of which the answers before took 60 each. The first does not fit a small model at all."""
    base = {"timeout_s": 5.0, "run_timeout_s": 60.0, "answer_tokens": 500, "context_tokens": 8_000}
    with calls(good, ledger=CallLog(record), limits=Limits(**{**base, **limits})) as (run, server):
        for at in range(fit):
            run.ask(asked(f"What fell in {at}?"), schema=SCHEMA, parse=said)
        with pytest.raises(BudgetError, match=says):
            run.ask(asked(), schema=SCHEMA, parse=said)
    assert len(server.requests) == fit


def test_what_was_worked_on_for_nothing_counts_as_spent(record: Record) -> None:
    """A provider charges for an answer that the connection lost; nothing for a request that it refused."""
    with calls(fault("the body is cut"), good, ledger=CallLog(record)) as (run, _):
        run.ask(asked(), schema=SCHEMA, parse=said)
        assert run.spent.tokens_out == 500 + 60
    with calls(fault("429"), good, ledger=CallLog(record), afresh=True) as (run, _):
        run.ask(asked(), schema=SCHEMA, parse=said)
        assert run.spent.tokens_out == 60


def test_tokens_are_counted_high() -> None:
    """Against the usual four characters of English to a token, and three of figures."""
    text = "Installed capacity rose to 2,610 MWh in 2025 (+41.8%). " * 20
    assert count_tokens(asked(text)) > len(text) / 3
    assert count_tokens(asked("電" * 100)) >= 150


def test_an_estimate_has_a_likely_and_a_highest_cost() -> None:
    """Both from the prompts themselves."""
    made = estimate(
        [asked("word " * 100)] * 10,
        limits=Limits(timeout_s=1, run_timeout_s=1, answer_tokens=500, context_tokens=8_000, price_in=2, price_out=10),
    )
    assert made.prompts == 10
    assert 0 < made.likely_cost < made.most_cost
    assert made.most.tokens_out == 10_000


@dataclass
class Hoarse:
    """A model that breaks off every answer."""

    model: str = "hoarse"

    def reply(self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None) -> Reply:
        """Half of it."""
        raise CutOffError("it broke off")

    def stream(
        self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """Half of it."""
        yield "Prices"
        raise CutOffError("it broke off")

    def close(self) -> None:
        """Nothing."""


def test_half_an_answer_is_none(record: Record) -> None:
    """Nothing of it is recorded as an answer."""
    log = CallLog(record)
    run = Calls(llm=Hoarse(), limits=ROOMY, now=lambda: NOW, ledger=log, pace=pace(Clock()))
    with pytest.raises(CutOffError):
        run.ask(asked(), schema=SCHEMA, parse=said)
    assert [(row.error, row.tokens_out) for row in log.all()] == [("CutOffError", 0)] * 2


SLOW = ("it hangs", "its header drips", "its body drips")


def test_a_hundred_runs_of_faults_end_in_the_answer_or_in_an_honest_error(record: Record) -> None:
    """Up to six faults of any kind, then a sound server. What ends in an error ends in the answer when it is resumed; nothing cut
    passes for whole, nothing is asked for once it is recorded, and nothing takes longer than its deadlines allow."""
    dice, outcomes, log = random.Random(7), Counter[str](), CallLog(record)
    limits = Limits(timeout_s=0.3, run_timeout_s=900, answer_tokens=500, context_tokens=8_000)
    names = [name for name, one in FAULTS.items() if one.error is not None]
    for number in range(100):
        chosen = dice.choices(names, k=dice.randint(0, 6))
        chosen = [name for at, name in enumerate(chosen) if name not in SLOW or at == 0]
        begin = time.monotonic()
        with calls(*map(fault, chosen), good, ledger=log, limits=limits, clock=Clock()) as (run, server):
            outcomes[_outcome(run, number, server)] += 1
            assert len(server.requests) <= ATTEMPTS + 1
        assert time.monotonic() - begin < 2 * len(chosen) * limits.timeout_s + 3
    assert outcomes["answer"] + outcomes["resumed"] == 100
    assert min(outcomes.values()) > 20


def _outcome(run: Calls, number: int, server: Server) -> str:
    """ "answer", or "resumed" after an honest error."""
    prompt = asked(f"What fell in {number}?")
    try:
        answer = run.ask(prompt, schema=SCHEMA, parse=said)
    except EndpointError:
        del server.plays[:-1]
        again = Calls(llm=run.llm, limits=run.limits, now=run.now, ledger=run.ledger, pace=pace(Clock()))
        assert again.ask(prompt, schema=SCHEMA, parse=said) == WHOLE
        return "resumed"
    assert answer == WHOLE
    return "answer"
