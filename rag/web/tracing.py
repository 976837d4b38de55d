"""OpenTelemetry traces of a server, where the environment names a collector. A span a request and a span a run.

A span holds what the log holds: route, method, status, the run's number, kind and end. Never a question, a text, a name or a token. A
request that comes with a ``traceparent`` goes on in that trace.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""The environment variables of OpenTelemetry's specification that name a collector."""
Attributes = Mapping[str, str | int | float | bool]


class Traces:
    """Makes spans with one provider."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("rag")

    def span(self, name: str, *, seconds: float, attributes: Attributes, failed: bool, parent: str = "") -> None:
        """One that ended just now. ``parent``: a ``traceparent`` header."""
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        ended = time.time_ns()
        context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
        span = self._tracer.start_span(
            name, context=context, kind=SpanKind.SERVER, attributes=dict(attributes), start_time=ended - int(seconds * 1e9)
        )
        span.set_status(Status(StatusCode.ERROR if failed else StatusCode.OK))
        span.end(end_time=ended)

    def run(self, number: int, *, kind: str, state: str, begun: datetime, now: datetime) -> None:
        """A run that ended just now."""
        attributes: Attributes = {"rag.run": number, "rag.kind": kind, "rag.state": state}
        self.span(f"run {kind}", seconds=(now - begun).total_seconds(), attributes=attributes, failed=state == "failed")

    def close(self) -> None:
        """Sends what waits."""
        self._provider.shutdown()


def to_collector() -> Traces:
    """To the collector that the environment names. Raises SettingsError where OpenTelemetry is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"traces are asked for by {' or '.join(ENDPOINTS)}, and OpenTelemetry is not installed; run: pip install 'rag-reports[traces]'"
        ) from error
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "rag"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)
