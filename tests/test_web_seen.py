"""What is seen of the server from outside: logs with request and run numbers, metrics, traces, and never what anybody wrote."""

import json
import logging
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from rag.errors import SettingsError
from rag.web import Key, app
from rag.web.tracing import Traces, to_collector
from rag.web.watch import Lines
from tests.test_web_runs import until

KEY = Key(port=8377)
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def seen(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A session full of canaries: what it logged, traced and counted."""
    workspace = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("seen") / "workspace"))
    spans, provider, lines = InMemorySpanExporter(), TracerProvider(), list[str]()
    provider.add_span_processor(SimpleSpanProcessor(spans))

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Kept()
    handler.setFormatter(Lines())
    log = logging.getLogger("rag.web")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    headers = {"authorization": f"Bearer {KEY.token}"}
    with TestClient(app(workspace, key=KEY, desks=1, traces=Traces(provider)), base_url="http://127.0.0.1", headers=headers) as client:
        first = client.post(
            "/api/ask", json={"question": "How much canary zinc-air capacity will Marenland have in 2030?"}, headers={"traceparent": PARENT}
        )
        client.get("/api/search", params={"q": "canary"})
        client.get("/api/chats/canary")
        client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "Who is canary Smith of Canarytown?"}]})
        run = client.post("/api/reports", json={"topic": "Canary batteries, Nowhere, 2031", "as_of": "1990-01-01"}).json()["id"]
        until(lambda: client.get(f"/api/runs/{run}").json()["state"] == "failed")
        counted = client.get("/metrics").text
        kept = list(spans.get_finished_spans())
    log.removeHandler(handler)
    return SimpleNamespace(lines=lines, spans=kept, metrics=counted, first=first, run=run)


def test_a_line_names_its_request_and_a_run_its_number(seen: SimpleNamespace) -> None:
    """The answer carries the request's number too; a run's lines carry its own, from the beginning to the end."""
    told = [json.loads(line) for line in seen.lines]
    asked = next(one for one in told if one.get("route") == "/api/ask")
    assert asked["request"] == seen.first.headers["x-request-id"]
    runs = [(one["run"], one["kind"], one["state"]) for one in told if one["what"] == "run"]
    assert runs == [(seen.run, "report", "begun"), (seen.run, "report", "failed")]


def test_a_span_a_request_and_a_run_goes_on_in_the_callers_trace(seen: SimpleNamespace) -> None:
    """Route, status and run number are its attributes; the caller's trace is its trace."""
    by_name = {span.name: span for span in seen.spans}
    asked = by_name["POST /api/ask"]
    assert format(asked.context.trace_id, "032x") == PARENT.split("-")[1]
    assert asked.attributes["http.response.status_code"] == 200
    assert asked.attributes["rag.request"] == seen.first.headers["x-request-id"]
    assert by_name["run report"].attributes["rag.run"] == seen.run
    assert by_name["run report"].status.is_ok is False


def test_nothing_that_anybody_wrote_is_in_logs_traces_or_metrics(seen: SimpleNamespace) -> None:
    """No question, no topic, no token, in whatever field."""
    everything = "\n".join([*seen.lines, *(span.to_json() for span in seen.spans), seen.metrics]).lower()
    assert "canary" not in everything
    assert "marenland" not in everything
    assert KEY.token.lower() not in everything
    assert KEY.cookie.lower() not in everything


@pytest.mark.parametrize(
    "line",
    [
        'rag_answers_total{outcome="answered"} 1.0',
        'rag_answers_total{outcome="abstained"} 1.0',
        'rag_runs_total{kind="report",state="failed"} 1.0',
        "rag_runs_active 0.0",
        "rag_waiting 0.0",
        "rag_info{version=",
        "rag_documents 27.0",
        'rag_request_seconds_bucket{le="0.3",route="/api/ask"}',
        "rag_waited_seconds_count",
    ],
)
def test_the_metrics_count_what_an_operator_asks_for(seen: SimpleNamespace, line: str) -> None:
    """Answers, runs, waiting, what runs, what is in search, and times."""
    assert line in seen.metrics


def test_traces_that_cannot_be_sent_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector is named and OpenTelemetry is not there: it says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.grpc.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT .* pip install 'rag-reports\[traces\]'"):
        to_collector()
