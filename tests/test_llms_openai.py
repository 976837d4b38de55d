"""The real OpenAI SDK against a loopback server that does everything wrong: nothing hangs, nothing cut passes for whole."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from rag.errors import CutOffError, EndpointError, FilteredError, OverloadedError, TimeLimitError, UnreachableError
from rag.llms.openai import OpenAILlm
from rag.ports import Llm
from rag.types import Message, Usage
from tests.llm_faults import FAULTS, GOOD, KEY, TEXT, Fault, Play, Stage, playing

ASKED = (Message(role="system", content="Be brief."), Message(role="user", content="What fell?"))
LIMIT_S = 0.6


_OPEN: list[Llm] = []


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """The SDK's import takes seconds on a busy machine, which are not counted; a socket's first use loads more."""
    with playing(good) as server:
        model = OpenAILlm("gpt", base_url=server.base_url, api_key=KEY)
        model.reply(ASKED, most_tokens=5, timeout_s=30)
        model.close()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Each test's connections end with it."""
    yield
    while _OPEN:
        _OPEN.pop().close()


def llm(base_url: str, *, json_schema: bool = True) -> Llm:
    """A model at that address."""
    _OPEN.append(OpenAILlm("gpt", base_url=base_url, api_key=KEY, json_schema=json_schema))
    return _OPEN[-1]


def good(stage: Stage) -> None:
    """A sound answer."""
    stage.send(GOOD)


def test_a_whole_answer_is_its_text_and_what_it_took() -> None:
    """Asked once, with the schema, the limit and the key."""
    with playing(good) as server:
        reply = llm(server.base_url).reply(ASKED, most_tokens=500, timeout_s=5, schema={"type": "object"})
    assert (reply.text, reply.usage) == (TEXT, Usage(tokens_in=300, tokens_out=60))
    assert server.requests == [
        {
            "model": "gpt",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What fell?"}],
            "max_tokens": 500,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}}},
        }
    ]
    assert server.keys == [f"Bearer {KEY}"]


def test_an_endpoint_without_schemas_is_asked_without_one() -> None:
    """Whoever reads the answer checks it all the same."""
    with playing(good) as server:
        llm(server.base_url, json_schema=False).reply(ASKED, most_tokens=500, timeout_s=5, schema={"type": "object"})
    assert "response_format" not in server.requests[0]


def test_there_are_enough_faults() -> None:
    """The issue asks for thirty-eight."""
    assert sum(fault.error is not None for fault in FAULTS.values()) >= 38


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_its_class_within_the_limit_and_one_line_without_the_key(name: str) -> None:
    """One request each: trying again is somebody else's decision."""
    fault: Fault = FAULTS[name]
    begin = time.monotonic()
    with playing(fault.play) as server:
        if fault.error is None:
            assert llm(server.base_url).reply(ASKED, most_tokens=500, timeout_s=5).text == TEXT
            return
        with pytest.raises(EndpointError) as caught:
            llm(server.base_url).reply(ASKED, most_tokens=500, timeout_s=LIMIT_S)
        assert time.monotonic() - begin < LIMIT_S + 1.0  # a second for a busy machine
        assert len(server.requests) == 1
    message = str(caught.value)
    assert type(caught.value) is fault.error, message
    assert caught.value.retryable is fault.retryable
    assert server.base_url in message
    assert fault.says in message
    assert KEY not in message
    assert "\n" not in message
    if isinstance(caught.value, OverloadedError):
        assert caught.value.retry_after_s == fault.after_s


def test_nobody_at_the_address_is_told_from_a_bad_certificate_and_a_bad_name() -> None:
    """The first may be started; the second will not get better."""
    with pytest.raises(UnreachableError, match="cannot be reached") as refused:
        llm("http://user:password@127.0.0.1:9/v1").reply(ASKED, most_tokens=5, timeout_s=LIMIT_S)
    assert refused.value.retryable
    assert "password" not in str(refused.value)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        llm("http://no-such-host.invalid/v1").reply(ASKED, most_tokens=5, timeout_s=5)
    with untrusted() as port, pytest.raises(UnreachableError, match="certificate") as refused:
        llm(f"https://127.0.0.1:{port}/v1").reply(ASKED, most_tokens=5, timeout_s=5)
    assert not refused.value.retryable


def test_an_address_that_is_none_is_an_error_in_words() -> None:
    """Such as a port of letters."""
    with pytest.raises(EndpointError, match=r"check writer\.base_url"):
        llm("http://127.0.0.1:port/v1").reply(ASKED, most_tokens=5, timeout_s=LIMIT_S)


def test_a_model_that_hung_can_be_asked_again() -> None:
    """The broken connection is not kept."""
    with playing(FAULTS["it hangs"].play, good) as server:
        model = llm(server.base_url)
        with pytest.raises(TimeLimitError):
            model.reply(ASKED, most_tokens=5, timeout_s=LIMIT_S)
        assert model.reply(ASKED, most_tokens=5, timeout_s=5).text == TEXT


# ── streams ───────────────────────────────────────────────────────────────────────────────────────────────────────


def event(text: str | None = None, *, finish: str | None = None) -> bytes:
    """A piece of a stream."""
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    data = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [choice]}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def stream(*events: bytes, pause_s: float = 0.0) -> Play:
    """A response of these events, the connection closed behind them."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    return lambda stage: stage.raw(head, *events, pause_s=pause_s)


DONE = b"data: [DONE]\n\n"


def test_a_stream_comes_piece_by_piece_and_has_an_end() -> None:
    """Usage events and empty pieces are no pieces."""
    with playing(stream(event("Prices "), event(""), event("fell."), event(finish="stop"), DONE)) as server:
        assert list(llm(server.base_url).stream(ASKED, most_tokens=50, timeout_s=5)) == ["Prices ", "fell."]


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (stream(event("Prices "), event("fell")), CutOffError),
        (stream(event("Prices "), DONE), CutOffError),
        (stream(event("Prices "), event(finish="length"), DONE), CutOffError),
        (stream(event("Prices "), event(finish="content_filter"), DONE), FilteredError),
        (stream(event("Prices "), b"data: {broken\n\n"), EndpointError),
        (stream(event("Prices "), b'data: {"error": {"message": "overloaded"}}\n\n'), EndpointError),
        (stream(*[event("x")] * 100, pause_s=0.05), TimeLimitError),
    ],
)
def test_a_stream_that_does_not_come_to_its_end_raises_behind_its_pieces(play: Play, error: type[EndpointError]) -> None:
    """So that what was shown is not taken for the answer."""
    pieces: list[str] = []
    with playing(play) as server, pytest.raises(error):
        pieces.extend(llm(server.base_url).stream(ASKED, most_tokens=50, timeout_s=LIMIT_S))
    assert pieces


@contextmanager
def untrusted() -> Iterator[int]:
    """The port of a server that shows a certificate which it signed itself: tests/untrusted.pem, made for nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def shake_hands() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection, context.wrap_socket(connection, server_side=True):
                    pass

        thread = Thread(target=shake_hands)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
