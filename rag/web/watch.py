"""What is seen of the server from outside: numbers for Prometheus, and one line of JSON a request. Never a question, a name or a token."""

import json
import logging
import secrets
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag import __version__
from rag.types import Answer
from rag.web.runs import Run, State
from rag.web.tracing import Traces

LOG = logging.getLogger("rag.web")

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Numbers:
    """The counters of one server."""

    def __init__(self, *, traces: Traces | None = None) -> None:
        self.traces = traces
        self.registry = CollectorRegistry()
        self.requests = Counter("rag_requests", "Requests by route and status.", ["method", "route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "rag_request_seconds", "Time to the end of the answer.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.runs = Counter("rag_runs", "Runs that ended.", ["kind", "state"], registry=self.registry)
        self.active = Gauge("rag_runs_active", "Runs that wait or work.", registry=self.registry)
        self.schedules = Gauge("rag_schedules", "Schedules by how they do.", ["state"], registry=self.registry)
        self.documents = Gauge("rag_documents", "Documents in search.", registry=self.registry)
        self.answers = Counter("rag_answers", "Questions by what became of them.", ["outcome"], registry=self.registry)
        self.waited = Histogram("rag_waited_seconds", "Time until a thread was free.", buckets=_BUCKETS, registry=self.registry)
        self.waiting = Gauge("rag_waiting", "Requests that wait for a thread.", registry=self.registry)
        Info("rag", "What is running.", registry=self.registry).info({"version": __version__})
        ProcessCollector(registry=self.registry)

    def answered(self, answer: Answer) -> None:
        """Counts an answer."""
        self.answers.labels("abstained" if answer.abstained else "answered").inc()

    def begun(self, run: Run) -> None:
        """Logs a run's beginning."""
        LOG.info("run", extra={"data": {"run": run.id, "kind": run.job.kind, "state": "begun", "again": run.job.again}})

    def ended(self, run: Run, state: State) -> None:
        """Counts a run, and logs its end."""
        self.runs.labels(run.job.kind, state).inc()
        now = datetime.now(UTC)
        seconds = round((now - run.begun).total_seconds(), 1)
        LOG.info("run", extra={"data": {"run": run.id, "kind": run.job.kind, "state": state, "seconds": seconds}})
        if self.traces is not None:
            self.traces.run(run.id, kind=run.job.kind, state=state, begun=run.begun, now=now)

    def text(self, *, schedules: Iterable[str], documents: int, active: int, waiting: int) -> bytes:
        """In Prometheus' text format; ``schedules`` are their states."""
        self.waiting.set(waiting)
        states = list(schedules)
        for state in ("ok", "paused", "thin", "missing", "late", "failing", "broken"):
            self.schedules.labels(state).set(states.count(state))
        self.documents.set(documents)
        self.active.set(active)
        return generate_latest(self.registry)


class Watch:
    """Around everything: counts and logs each request, and keeps what no one foresaw out of the answer and the log."""

    def __init__(self, inner: ASGIApp, *, numbers: Numbers) -> None:
        self._inner = inner
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        begun, status, request = time.perf_counter(), 500, secrets.token_hex(8)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request
            await send(message)

        try:
            await self._inner(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - the outermost door: the answer was sent by the handler inside, the place goes to the log
            defect(error)
        route = getattr(scope.get("route"), "path", "none")
        seconds = time.perf_counter() - begun
        self._numbers.requests.labels(scope["method"], route, status).inc()
        self._numbers.seconds.labels(route).observe(seconds)
        seen = {"request": request, "method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        LOG.info("request", extra={"data": seen | scope.get("rag_seen", {})})
        if self._numbers.traces is not None:
            self._traced(scope, request, route, status, seconds)

    def _traced(self, scope: Scope, request: str, route: str, status: int, seconds: float) -> None:
        assert self._numbers.traces is not None
        told = {"http.request.method": scope["method"], "http.route": route, "http.response.status_code": status, "rag.request": request}
        parent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        self._numbers.traces.span(f"{scope['method']} {route}", seconds=seconds, attributes=told, failed=status >= 500, parent=parent)


def defect(error: Exception) -> None:
    """Into the log: its kind and place; texts may hold a document's."""
    LOG.error("defect", extra={"data": {"error": type(error).__name__, "at": places(error)}})


def places(error: BaseException) -> list[str]:
    """Where it happened, innermost last; no values."""
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, what, and its data."""
        data: dict[str, Any] = getattr(record, "data", {})
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "level": record.levelname.lower(), "what": record.getMessage(), **data}, ensure_ascii=False)


def to_stderr() -> None:
    """Logs go to stderr, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
