"""Everything that goes wrong between a program and a language model, on a loopback server that speaks HTTP badly on purpose."""

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from rag import errors
from rag.errors import AnswerError, CutOffError, FilteredError, OverloadedError, QuotaError, RequestError, UnknownModelError
from tests.scripted_models import completion

KEY = "sk-secret-key-1234567890"
TEXT = '{"said": "Prices fell to EUR 212 per kWh."}'
GOOD = completion(TEXT)

Play = Callable[["Stage"], None]
"""What the server does with one request, once it has read it."""


@dataclass
class Stage:
    """One request's connection."""

    handler: BaseHTTPRequestHandler
    closing: Event
    """Set when the test is over, so that nothing hangs longer."""

    def send(self, body: str | bytes, *, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        """A response, whole unless ``length`` says that it is longer."""
        raw = body.encode() if isinstance(body, str) else body
        self.handler.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(length or len(raw))} | (headers or {})).items():
            if value:
                self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(raw)
        self.handler.wfile.flush()

    def raw(self, *parts: bytes, pause_s: float = 0.0) -> None:
        """Bytes as they are."""
        for part in parts:
            self.handler.wfile.write(part)
            self.handler.wfile.flush()
            self.closing.wait(pause_s)
        self.handler.close_connection = True

    def reset(self) -> None:
        """An end without a goodbye."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (self.handler.rfile, self.handler.wfile, self.handler.connection):
            end.close()

    def drip(self, body: bytes, *, every_s: float = 0.05) -> None:
        """A byte now and then."""
        for at in range(len(body)):
            if self.closing.wait(every_s):
                return
            self.handler.wfile.write(body[at : at + 1])
            self.handler.wfile.flush()


def error(message: str = "no", *, code: str = "", kind: str = "invalid_request_error") -> str:
    """An error's body as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": kind, "code": code or None, "param": None}})


def _status(status: int, body: str = "{}", **headers: str) -> Play:
    return lambda stage: stage.send(body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _body(body: str | bytes, **headers: str) -> Play:
    return lambda stage: stage.send(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _cut(stage: Stage) -> None:
    stage.send(GOOD[: len(GOOD) // 2], length=len(GOOD))
    stage.handler.close_connection = True


def _chunked(stage: Stage) -> None:
    half = GOOD[:80].encode()
    stage.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(half), half))


def _dripping(stage: Stage) -> None:
    stage.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    stage.drip(GOOD.encode() * 9)


def _hanging(stage: Stage) -> None:
    stage.closing.wait(30)


def _without(*path: str | int) -> str:
    """The good answer less one thing."""
    data = json.loads(GOOD)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return json.dumps(data)


def _with(**message: Any) -> str:
    data = json.loads(GOOD)
    data["choices"][0]["message"] |= message
    return json.dumps(data)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the server does, and what becomes of it."""

    play: Play
    error: type[errors.EndpointError] | None
    """None where the answer survives it."""
    retryable: bool = False
    says: str = ""
    after_s: float | None = None
    """What the endpoint asks to wait."""


HTML = "<html><head><title>Welcome</title></head><body>Sign in</body></html>"
_TOO_LONG = errors.TooLongError
FAULTS: dict[str, Fault] = {
    # ── it is busy, broken or out of money ──
    "429": Fault(play=_status(429), error=OverloadedError, retryable=True, says="overloaded or failing (429)"),
    "429, Retry-After 7": Fault(play=_status(429, Retry_After="7"), error=OverloadedError, retryable=True, after_s=7),
    "429, Retry-After a date gone by": Fault(
        play=_status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), error=OverloadedError, retryable=True, after_s=0
    ),
    "429, Retry-After a million": Fault(play=_status(429, Retry_After="1000000"), error=OverloadedError, retryable=True, after_s=1_000_000),
    "429, Retry-After soon": Fault(play=_status(429, Retry_After="soon"), error=OverloadedError, retryable=True),
    "429, Retry-After nan": Fault(play=_status(429, Retry_After="nan"), error=OverloadedError, retryable=True),
    "429, Retry-After minus five": Fault(play=_status(429, Retry_After="-5"), error=OverloadedError, retryable=True, after_s=0),
    "429, retry-after-ms 1500": Fault(play=_status(429, retry_after_ms="1500"), error=OverloadedError, retryable=True, after_s=1.5),
    "429, insufficient_quota": Fault(
        play=_status(429, error("You exceeded your current quota", code="insufficient_quota")),
        error=QuotaError,
        says="no quota left",
    ),
    "402": Fault(play=_status(402, error("Insufficient credits")), error=QuotaError),
    "408": Fault(play=_status(408), error=OverloadedError, retryable=True),
    "409": Fault(play=_status(409), error=OverloadedError, retryable=True),
    "500": Fault(play=_status(500, error("The server had an error")), error=OverloadedError, retryable=True),
    "502, a page": Fault(play=_status(502, HTML, Content_Type="text/html"), error=OverloadedError, retryable=True),
    "503, Retry-After 2": Fault(play=_status(503, Retry_After="2"), error=OverloadedError, retryable=True, after_s=2),
    "504, empty": Fault(play=_status(504, ""), error=OverloadedError, retryable=True),
    "529": Fault(play=_status(529), error=OverloadedError, retryable=True),
    # ── the connection ──
    "the connection is reset": Fault(play=Stage.reset, error=errors.UnreachableError, retryable=True),
    "it hangs up without a word": Fault(play=lambda stage: stage.raw(), error=errors.UnreachableError, retryable=True),
    "it hangs": Fault(play=_hanging, error=errors.TimeLimitError, retryable=True, says="within 0.6 s"),
    "its header drips": Fault(
        play=lambda stage: stage.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400), error=errors.TimeLimitError, retryable=True
    ),
    "its body drips": Fault(
        play=_dripping,
        error=errors.TimeLimitError,
        retryable=True,
    ),
    "the body is cut": Fault(play=_cut, error=CutOffError, retryable=True, says="broke off"),
    "a chunked body is cut": Fault(play=_chunked, error=CutOffError, retryable=True),
    "no HTTP": Fault(play=lambda stage: stage.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), error=errors.UnreachableError, retryable=True),
    "gzip that is none": Fault(
        play=_body(b"\x1f\x8b\x08garbage", Content_Encoding="gzip"), error=AnswerError, retryable=True, says="cannot be unpacked"
    ),
    "gzip cut in half": Fault(play=_body(gzip.compress(GOOD.encode())[:60], Content_Encoding="gzip"), error=AnswerError, retryable=True),
    "gzip that is sound": Fault(play=_body(gzip.compress(GOOD.encode()), Content_Encoding="gzip"), error=None),
    "sent on to a foreign host": Fault(
        play=_status(307, "", Location="http://127.0.0.1:9/elsewhere"), error=RequestError, says="sends on to another address (307)"
    ),
    "sent on by 302": Fault(play=_status(302, "", Location="/v2"), error=RequestError, says="(302)"),
    # ── the request is refused ──
    "401": Fault(play=_status(401, error(f"Incorrect API key provided: {KEY}", code="invalid_api_key")), error=errors.KeyRefusedError),
    "403": Fault(play=_status(403), error=errors.KeyRefusedError, says="refuses the key (403)"),
    "404": Fault(play=_status(404), error=UnknownModelError, says="has no model 'gpt'"),
    "404, a page": Fault(play=_status(404, HTML, Content_Type="text/html"), error=UnknownModelError),
    "400, no such model": Fault(
        play=_status(400, error("The model `gpt` does not exist", code="model_not_found")), error=UnknownModelError
    ),
    "context_length_exceeded": Fault(
        play=_status(400, error("This model's maximum context length is 8192 tokens.", code="context_length_exceeded")), error=_TOO_LONG
    ),
    "prompt is too long": Fault(play=_status(400, error("prompt is too long: 210000 tokens > 200000 maximum")), error=_TOO_LONG),
    "exceed_context_size_error": Fault(
        play=_status(400, error("the request exceeds the available context size", kind="exceed_context_size_error")), error=_TOO_LONG
    ),
    "reduce the length, 422": Fault(play=_status(422, error("Please reduce the length of the messages or completion.")), error=_TOO_LONG),
    "input exceeds the context window, 500": Fault(
        play=_status(500, error("Your input exceeds the context window of this model.")), error=_TOO_LONG
    ),
    "413": Fault(play=_status(413, HTML, Content_Type="text/html"), error=RequestError),
    "no response_format": Fault(
        play=_status(400, error("Unsupported parameter: 'response_format'")),
        error=RequestError,
        says="set writer.json_schema to false",
    ),
    "content policy, 400": Fault(play=_status(400, error("blocked", code="content_filter")), error=FilteredError),
    # ── what came back is no answer ──
    "a page with status 200": Fault(
        play=_body(HTML, Content_Type="text/html"), error=AnswerError, retryable=True, says="did not answer with a completion"
    ),
    "an empty body": Fault(play=_body(""), error=AnswerError, retryable=True),
    "half of JSON": Fault(play=_body(GOOD[:-20]), error=AnswerError, retryable=True),
    "bytes that are no text": Fault(play=_body(b"\xff\xfe\x00{"), error=AnswerError, retryable=True),
    "a list": Fault(play=_body("[]"), error=AnswerError, retryable=True),
    "null": Fault(play=_body("null"), error=AnswerError, retryable=True),
    "an error with status 200": Fault(play=_body(error("You exceeded your current quota", code="insufficient_quota")), error=QuotaError),
    "no choices": Fault(play=_body(_without("choices")), error=AnswerError, retryable=True),
    "empty choices": Fault(play=_body('{"choices": []}'), error=AnswerError, retryable=True),
    "null choices": Fault(play=_body('{"choices": null}'), error=AnswerError, retryable=True),
    "no message": Fault(play=_body(_without("choices", 0, "message")), error=AnswerError, retryable=True),
    "null content": Fault(play=_body(_with(content=None)), error=AnswerError, retryable=True, says="no text"),
    "empty content": Fault(play=_body(_with(content=" \n")), error=AnswerError, retryable=True),
    "content that is a list": Fault(play=_body(_with(content=[{"type": "text", "text": TEXT}])), error=AnswerError, retryable=True),
    "a tool call": Fault(
        play=_body(completion(None, finish="tool_calls", tool_calls=[{"id": "1"}])), error=AnswerError, retryable=True, says="a tool"
    ),
    "a refusal": Fault(play=_body(completion(None, refusal="I cannot help")), error=FilteredError, says="refuses to answer"),
    "no finish reason": Fault(play=_body(completion(TEXT, finish=None)), error=CutOffError, retryable=True, says="finish reason None"),
    "a finish reason left out": Fault(play=_body(_without("choices", 0, "finish_reason")), error=CutOffError, retryable=True),
    "an unknown finish reason": Fault(play=_body(completion(TEXT, finish="error")), error=CutOffError, retryable=True),
    "cut at the length": Fault(play=_body(completion(TEXT, finish="length")), error=CutOffError, says="raise writer.answer_tokens"),
    "filtered, no text": Fault(play=_body(completion("", finish="content_filter")), error=FilteredError),
    "filtered, with text": Fault(play=_body(completion(TEXT, finish="content_filter")), error=FilteredError),
    "a huge body": Fault(play=_body(" " * 2_000_000), error=AnswerError, says="more than"),
    "nested a hundred thousand deep": Fault(play=_body("[" * 100_000), error=AnswerError, retryable=True),
    # ── odd, and yet an answer ──
    "no usage": Fault(play=_body(_without("usage")), error=None),
    "usage that is nonsense": Fault(play=_body(GOOD.replace('"prompt_tokens": 300', '"prompt_tokens": "many"')), error=None),
    "unknown fields": Fault(play=_body(GOOD.replace('"id": "x"', '"id": "x", "x_groq": {"id": 1}')), error=None),
    "text/plain": Fault(play=_body(GOOD, Content_Type="text/plain"), error=None),
    "no content type": Fault(play=_body(GOOD, Content_Type=""), error=None),
}


@dataclass
class Server:
    """What the server plays, one a request, the last for all that follow."""

    plays: list[Play] = field(default_factory=list)
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@contextmanager
def playing(*plays: Play) -> Iterator[Server]:
    """A server on loopback that plays these."""
    state, closing = Server(plays=list(plays)), Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            state.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.keys.append(self.headers["Authorization"])
            play = state.plays.pop(0) if len(state.plays) > 1 else state.plays[0]
            with suppress(OSError):  # the client has hung up, as it should
                play(Stage(handler=self, closing=closing))

        def handle(self) -> None:
            with suppress(OSError, ValueError):
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A connection that a fault broke."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
        time.sleep(0)
