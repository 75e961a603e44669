"""Monitoring: errors, figures and traces."""

from __future__ import annotations

from .kit import Kit, trial


@trial("sentry-sdk")
def sentry_sdk(kit: Kit) -> None:
    """An error of a view is reported, with its request."""
    import sentry_sdk

    events = []

    def keep(event, hint):
        events.append(event)

    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", before_send=keep, default_integrations=True)
    kit.app.config["TESTING"] = False
    app = type(kit.app)("after_init")

    @app.get("/<name>")
    @kit.view
    def index(name):
        raise LookupError(name)

    assert kit.client_of(app).get("/ada").status_code == 500
    reports = [e for e in events if e["exception"]["values"][-1]["type"] == "LookupError"]
    assert reports, events
    assert reports[0]["request"]["url"] == "http://localhost/ada"
    assert reports[0]["transaction"] == "index"


@trial("prometheus-flask-exporter")
def prometheus_flask_exporter(kit: Kit) -> None:
    """Requests are counted."""
    from prometheus_flask_exporter import PrometheusMetrics

    PrometheusMetrics(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "hello"

    client = kit.client()
    client.get("/")
    client.get("/")
    figures = client.get("/metrics").text
    assert 'flask_http_request_total{method="GET",status="200"} 2.0' in figures


@trial("opentelemetry-instrumentation-flask")
def opentelemetry_instrumentation_flask(kit: Kit) -> None:
    """A span for the request, and one of the view's below it."""
    from opentelemetry import trace
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    FlaskInstrumentor().instrument_app(kit.app)

    @kit.app.get("/<name>")
    @kit.view
    def index(name):
        with trace.get_tracer("trial").start_as_current_span("inner"):
            return name

    assert kit.client().get("/ada").text == "ada"
    inner, request = spans.get_finished_spans()
    assert (inner.name, request.name) == ("inner", "GET /<name>")
    assert inner.parent.span_id == request.context.span_id
    assert request.attributes["http.status_code"] == 200
