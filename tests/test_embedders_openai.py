"""The real OpenAI SDK against a loopback server: right order, every failure in one line, the key in none of them."""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest

from rag.embedders.openai import OpenAIEmbedder
from rag.embedders.small import SmallEmbedder
from rag.errors import EndpointError, ModelError
from rag.ports import Embedder

KEY = "sk-secret-key-1234567890"
PROMPT = "Represent this: "

Answer = tuple[int, str, dict[str, str]]


def vector(text: str) -> list[float]:
    """Three numbers that tell texts apart."""
    return [float(len(text)), float(sum(map(ord, text)) % 97), 1.0]


def good(request: dict[str, Any]) -> Answer:
    """The answer of a sound server, in an order of its own."""
    rows = [{"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(request["input"])]
    return 200, json.dumps({"object": "list", "model": request["model"], "data": rows[::-1], "usage": {}}), {}


@dataclass
class Endpoint:
    """What the server answers, and what it was asked."""

    base_url: str = ""
    answers: list[Callable[[dict[str, Any]], Answer]] = field(default_factory=list)
    """One a request, the last for all that follow."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    pause_s: float = 0.0
    """Between the bytes of an answer."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A real HTTP server on loopback."""
    state = Endpoint(answers=[good])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(request)
            state.keys.append(self.headers["Authorization"])
            answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            status, body, headers = answer(request)
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body.encode())), "Retry-After": "0.01"} | headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.send(body.encode())

        def send(self, body: bytes) -> None:
            try:
                for at in range(0, len(body), 1 if state.pause_s else len(body)):
                    self.wfile.write(body[at : at + (1 if state.pause_s else len(body))])
                    time.sleep(state.pause_s)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def embedder(endpoint: Endpoint, *, timeout_s: float = 5.0, max_tokens: int = 512, retries: int = 2) -> OpenAIEmbedder:
    """One for that server."""
    return OpenAIEmbedder(
        "mxbai",
        base_url=endpoint.base_url,
        api_key=KEY,
        query_prompt=PROMPT,
        dimensions=3,
        max_tokens=max_tokens,
        timeout_s=timeout_s,
        retries=retries,
    )


def test_only_a_query_gets_the_query_prompt(endpoint: Endpoint) -> None:
    """Seen by the server."""
    embedder(endpoint).embed(["cells"], kind="query")
    embedder(endpoint).embed(["cells"], kind="document")
    assert [request["input"] for request in endpoint.requests] == [["Represent this: cells"], ["cells"]]
    assert {request["model"] for request in endpoint.requests} == {"mxbai"}
    assert set(endpoint.keys) == {f"Bearer {KEY}"}


def test_rows_come_back_in_the_order_of_the_texts(endpoint: Endpoint) -> None:
    """Sent in batches of at most 32 by length, answered backwards, returned as asked, at unit length."""
    texts = ["cell " * (at % 7 + 1) + str(at) for at in range(70)]
    vectors = embedder(endpoint).embed(texts, kind="document")
    expected = np.array([vector(text) for text in texts])
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert vectors.dtype.name == "float32"
    assert [len(request["input"]) for request in endpoint.requests] == [32, 32, 6]


def test_nothing_to_embed_asks_nobody(endpoint: Endpoint) -> None:
    """Not even for the model's name."""
    assert embedder(endpoint).embed([], kind="document").shape == (0, 3)
    assert endpoint.requests == []


def test_a_busy_server_is_asked_again(endpoint: Endpoint) -> None:
    """The SDK waits and repeats what is worth repeating."""
    endpoint.answers = [lambda _: (429, "{}", {}), lambda _: (503, "{}", {}), good]
    assert embedder(endpoint).embed(["cells"], kind="query").shape == (1, 3)
    assert len(endpoint.requests) == 3


def test_a_server_that_takes_fewer_texts_at_once_is_asked_for_fewer(endpoint: Endpoint) -> None:
    """Nobody can set how many: it is found out, and remembered."""

    def eight_at_most(request: dict[str, Any]) -> Answer:
        many = len(request["input"]) > 8
        return (413, json.dumps({"error": {"message": "batch size 32 > maximum allowed batch size 8"}}), {}) if many else good(request)

    endpoint.answers = [eight_at_most]
    texts = [f"a cell {'x' * at}" for at in range(40)]
    one = embedder(endpoint)
    rows = one.embed(texts, kind="document")
    raw = np.array([vector(text) for text in texts])
    assert np.allclose(rows, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)
    refused = sum(len(request["input"]) > 8 for request in endpoint.requests)
    endpoint.requests.clear()
    one.embed(texts, kind="document")
    assert refused >= 2
    assert max(len(request["input"]) for request in endpoint.requests) <= 8


def test_what_a_server_refuses_one_by_one_is_an_error(endpoint: Endpoint) -> None:
    """After one request for each halving."""
    endpoint.answers = [lambda request: (400, json.dumps({"error": {"message": "no"}}), {})]
    with pytest.raises(EndpointError, match="refuses the request"):
        embedder(endpoint).embed(["cells"] * 32, kind="document")
    assert [len(request["input"]) for request in endpoint.requests] == [32, 16, 8, 4, 2, 1]


def test_an_answer_cut_off_midway_is_asked_for_once_more(endpoint: Endpoint) -> None:
    """The SDK does not repeat these."""
    endpoint.answers = [lambda request: (200, good(request)[1], {"Content-Length": "100000", "Connection": "close"}), good]
    assert embedder(endpoint, timeout_s=0.5).embed(["cells"], kind="query").shape == (1, 3)
    assert len(endpoint.requests) == 2


def rows(*vectors: tuple[int, list[float]]) -> Callable[[dict[str, Any]], Answer]:
    """An answer with these (index, vector) pairs."""
    data = [{"index": index, "embedding": values} for index, values in vectors]
    return lambda _: (200, json.dumps({"data": data}), {})


ERROR = '{"error": {"message": "Incorrect API key provided: ' + KEY + '", "code": "%s"}}'


@pytest.mark.parametrize(
    ("answer", "retryable", "said"),
    [
        (
            lambda _: (401, ERROR % "invalid_api_key", {}),
            False,
            "refuses the key (401): check the variable",
        ),
        (lambda _: (403, "{}", {}), False, "refuses the key (403)"),
        (lambda _: (404, "{}", {}), False, "has no model 'mxbai' or no embeddings (404)"),
        (lambda _: (400, ERROR % "bad", {}), False, "refuses the request (Error code: 400"),
        (lambda _: (413, "<html>too large</html>", {}), False, "refuses the request"),
        (lambda _: (429, ERROR % "insufficient_quota", {"x-should-retry": "false"}), False, "has no quota left"),
        (lambda _: (429, "{}", {}), True, "is overloaded or failing (429)"),
        (lambda _: (502, "<html>bad gateway</html>", {}), True, "is overloaded or failing (502)"),
        (lambda _: (200, "<html>\n<body>Welcome</body>", {}), False, "did not answer with embeddings ('<html> <body>Welcome"),
        (lambda _: (200, '{"data": [{"index": 0}]}', {}), False, "did not answer with embeddings"),
        (lambda _: (200, "[]", {}), False, "did not answer with embeddings"),
        (rows((0, [1, 2, 3])), False, "was sent 2 texts and answered with 1 vectors"),
        (rows((0, [1, 2, 3]), (0, [1, 2, 3])), False, "was sent 2 texts and answered with 2 vectors"),
        (rows((1, [1, 2, 3]), (2, [1, 2, 3])), False, "was sent 2 texts"),
        (rows((0, [1, 2, 3]), (1, [1, 2])), False, "answers with 2 dimensions, not 3: set embedder.dimensions to 2"),
        (rows((0, [1, 2, 3]), (1, [1, 2, math.nan])), False, "zero or not a number"),
        (rows((0, [1, 2, 3]), (1, [0, 0, 0])), False, "zero or not a number"),
        (lambda _: (200, " " * 200_000, {}), False, "answered with more than"),
    ],
)
def test_a_failure_is_one_line_without_the_key(
    endpoint: Endpoint, answer: Callable[[dict[str, Any]], Answer], retryable: bool, said: str
) -> None:
    """It names the endpoint and the next step, and tells whether to try again."""
    endpoint.answers = [answer]
    with pytest.raises(EndpointError) as caught:
        embedder(endpoint).embed(["cells", "prices"], kind="document")
    message = str(caught.value)
    assert said in message
    assert endpoint.base_url in message
    assert KEY not in message
    assert "\n" not in message
    assert caught.value.retryable is retryable


def test_a_server_that_is_not_there_is_retryable() -> None:
    """It may be started."""
    nobody = Endpoint(base_url="http://user:password@127.0.0.1:9/v1")
    with pytest.raises(EndpointError, match=r"^http://127\.0\.0\.1:9/v1 cannot be reached") as caught:
        embedder(nobody, retries=0).embed(["cells"], kind="query")
    assert caught.value.retryable


def test_an_answer_that_drips_ends_at_the_time_limit(endpoint: Endpoint) -> None:
    """A byte now and then keeps the SDK's own timeout from ever striking."""
    endpoint.pause_s = 0.05
    begin = time.monotonic()
    with pytest.raises(EndpointError, match=r"did not finish its answer within 0\.3 s") as caught:
        embedder(endpoint, timeout_s=0.3).embed(["cells"], kind="query")
    assert time.monotonic() - begin < 2
    assert caught.value.retryable


def test_the_fingerprint_names_the_model_and_not_the_address(endpoint: Endpoint) -> None:
    """The same model served elsewhere needs no new embedding."""
    port: Embedder = embedder(endpoint)
    assert port.fingerprint == embedder(Endpoint(base_url="http://localhost:1/v1")).fingerprint
    assert (port.fingerprint.dimensions, port.fingerprint.query_prompt, port.max_tokens) == (3, PROMPT, 512)


def test_the_first_dimensions_are_kept_at_length_one(endpoint: Endpoint) -> None:
    """Matryoshka without a word to the server, which may not know of it; the fingerprint says how many."""
    short = OpenAIEmbedder(
        "mxbai", base_url=endpoint.base_url, api_key=KEY, query_prompt="", dimensions=3, first_dimensions=2, max_tokens=512
    )
    rows, whole = short.embed(["cells", "prices of cells"], kind="document"), np.array([vector("cells"), vector("prices of cells")])
    assert np.allclose(rows, whole[:, :2] / np.linalg.norm(whole[:, :2], axis=1, keepdims=True), atol=1e-6)
    assert short.fingerprint.dimensions == 2
    assert "dimensions" not in endpoint.requests[0]


def mixedbread(request: dict[str, Any]) -> Answer:
    """An answer in the form of Mixedbread's own API: more fields, no error but its own."""
    rows = [{"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(request["input"])]
    usage = {"prompt_tokens": 5, "total_tokens": 5, "completion_tokens": 0}
    more = {"normalized": True, "encoding_format": "float", "dimensions": 3, "object": "list"}
    return 200, json.dumps({"usage": usage, "model": request["model"], "data": rows} | more), {}


def refused(_: dict[str, Any]) -> Answer:
    """Its error: fields at the top, nothing under "error"."""
    said = {"type": "validation_error", "code": "invalid_request", "message": "model not allowed", "url": None, "details": None}
    return 422, json.dumps(said), {}


def test_mixedbreads_own_api_is_spoken_without_its_own_fields(endpoint: Endpoint) -> None:
    """The prompt stands before the query, the rows have length one, and its errors are one line."""
    endpoint.answers = [mixedbread, refused]
    rows = embedder(endpoint).embed(["cells"], kind="query")
    assert endpoint.requests[0] == {"model": "mxbai", "input": [PROMPT + "cells"], "encoding_format": "float"}
    assert np.linalg.norm(rows) == pytest.approx(1)
    with pytest.raises(EndpointError, match=r"refuses the request \(.*model not allowed"):
        embedder(endpoint).embed(["cells"], kind="query")


def test_a_document_over_the_limit_is_an_error_and_a_query_is_cut(endpoint: Endpoint) -> None:
    """By the upper bound: three for a word of five letters."""
    with pytest.raises(ModelError, match="may have 60 tokens, over the endpoint's 38"):
        embedder(endpoint, max_tokens=40).embed(["cells " * 20], kind="document")
    embedder(endpoint, max_tokens=40).embed(["cells " * 20], kind="query")
    assert endpoint.requests[-1]["input"] == [PROMPT + "cells " * 9 + "cells"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("cells", 3), ("The cells", 5), ("2025", 4), ("EUR", 3), ("aB", 2), ("电", 3), (" \n", 0), ("don't", 4), ("x" * 30, 30)],
)
def test_tokens_are_counted_high(endpoint: Endpoint, text: str, count: int) -> None:
    """Words by two letters, everything else by bytes."""
    assert len(embedder(endpoint).token_spans(text)) == count


def test_the_count_is_above_a_real_tokenizers(endpoint: Endpoint) -> None:
    """MiniLM's own, on prose, figures, code and other scripts."""
    small, bound = SmallEmbedder(), embedder(endpoint)
    texts = (
        "Photolithography revenue at Umicore N.V. rose 12.5% (EUR 4.2bn) in Q3/2025; see www.example.org/a?b=c.",
        "Zürich, Łódź und Køge: Wärmepumpenabsatz fiel um 7 Prozent.",
        "deadbeef0123 QWERTYUIOP lowercase_identifier camelCaseName 0x7FFF",
        "电池价格下跌。 цена выросла на 5 процентов",
    )
    assert all(len(small.token_spans(text)) <= len(bound.token_spans(text)) for text in texts)
