"""A reranker behind HTTP, asked over loopback: both APIs, every failure in one line, the key in none of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any, Literal

import pytest

from rag.errors import EndpointError
from rag.rerankers.endpoint import EndpointReranker

KEY = "sk-secret-key-1234567890"
PASSAGES = ["cells", "the prices of cells fell", "a b c"]

Answer = tuple[int, str, dict[str, str]]


def cohere(request: dict[str, Any]) -> Answer:
    """Longer passages are better; the answer is best first."""
    rows = [{"index": at, "relevance_score": len(text) / 100} for at, text in enumerate(request["documents"])]
    return 200, json.dumps({"results": sorted(rows, key=lambda row: -row["relevance_score"])}), {}


def mixedbread(request: dict[str, Any]) -> Answer:
    """The same in Mixedbread's words."""
    rows = [{"index": at, "score": len(text) / 100} for at, text in enumerate(request["input"])]
    return 200, json.dumps({"model": request["model"], "data": rows[::-1]}), {}


def failing(status: int, **headers: str) -> Callable[[dict[str, Any]], Answer]:
    """A status and nothing else."""
    return lambda _: (status, "{}", {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class Endpoint:
    """What the server answers, and what it was asked."""

    url: str = ""
    answers: list[Callable[[dict[str, Any]], Answer]] = field(default_factory=lambda: [cohere])
    """One a request, the last for all that follow."""
    asked: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    """Path, key, body."""
    wait_s: float = 0.0

    def reranker(self, *, api: Literal["cohere", "mixedbread"] = "cohere", timeout_s: float = 5.0) -> EndpointReranker:
        """One that asks this server."""
        return EndpointReranker("some-model", base_url=f"{self.url}/v1", api_key=KEY, api=api, timeout_s=timeout_s)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A real HTTP server on loopback."""
    state = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append((self.path, self.headers["Authorization"], request))
            answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            status, body, headers = answer(request)
            sleep(state.wait_s)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body.encode()))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("api", "answer", "path", "field_name"),
    [("cohere", cohere, "/v1/rerank", "documents"), ("mixedbread", mixedbread, "/v1/reranking", "input")],
)
def test_scores_come_in_the_order_of_the_passages(
    endpoint: Endpoint, api: Literal["cohere", "mixedbread"], answer: Callable[[dict[str, Any]], Answer], path: str, field_name: str
) -> None:
    """Whatever order the server has; one request for all of them."""
    endpoint.answers = [answer]
    assert endpoint.reranker(api=api).score("cell prices", PASSAGES) == [0.05, 0.24, 0.05]
    [(asked, key, body)] = endpoint.asked
    assert (asked, key) == (path, f"Bearer {KEY}")
    assert (body["model"], body["query"], body[field_name]) == ("some-model", "cell prices", PASSAGES)


def test_no_passages_ask_nobody(endpoint: Endpoint) -> None:
    """An empty list of scores."""
    assert endpoint.reranker().score("x", []) == []
    assert endpoint.asked == []


def test_what_may_pass_is_tried_again_when_the_server_says(endpoint: Endpoint) -> None:
    """Retry-After is kept."""
    endpoint.answers = [failing(429, Retry_After="0.2"), failing(503, Retry_After="0"), cohere]
    started = monotonic()
    assert endpoint.reranker().score("x", PASSAGES) is not None
    assert 0.2 <= monotonic() - started < 4
    assert len(endpoint.asked) == 3


def test_a_pause_longer_than_the_time_left_is_not_waited_for(endpoint: Endpoint) -> None:
    """The error comes at once and says that the same call may work later."""
    endpoint.answers = [failing(429, Retry_After="600")]
    started = monotonic()
    with pytest.raises(EndpointError, match=r"overloaded or failing \(429\)") as raised:
        endpoint.reranker().score("x", PASSAGES)
    assert raised.value.retryable
    assert monotonic() - started < 2
    assert len(endpoint.asked) == 1


def test_a_server_that_is_slow_meets_the_deadline(endpoint: Endpoint) -> None:
    """Not the sum of several tries."""
    endpoint.wait_s = 1.5
    started = monotonic()
    with pytest.raises(EndpointError, match=r"did not answer within 0\.3 s"):
        endpoint.reranker(timeout_s=0.3).score("x", PASSAGES)
    assert monotonic() - started < 1.4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failing(401), "refuses the key"),
        (failing(404), r"refuses the request \(404\): check reranker\.model"),
        (lambda _: (200, "<html>Welcome</html>", {}), "did not answer with scores"),
        (
            lambda _: (200, json.dumps({"results": [{"index": 0, "relevance_score": 1.0}]}), {}),
            "was sent 3 passages and answered with 1 usable",
        ),
        (lambda _: (200, '{"results": [{"index": 0, "relevance_score": NaN}]}', {}), "usable scores"),
    ],
)
def test_an_answer_that_cannot_be_used_is_one_line_without_the_key(
    endpoint: Endpoint, answer: Callable[[dict[str, Any]], Answer], message: str
) -> None:
    """What happened and what to do."""
    endpoint.answers = [answer]
    with pytest.raises(EndpointError, match=message) as raised:
        endpoint.reranker().score("x", PASSAGES)
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nobody_at_the_address_is_said(endpoint: Endpoint) -> None:
    """After a few tries within the deadline."""
    nobody = EndpointReranker("m", base_url="http://user:word@127.0.0.1:1/v1", api_key="", timeout_s=0.6)
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:1/v1/rerank cannot be reached") as raised:
        nobody.score("x", PASSAGES)
    assert "word" not in str(raised.value)
