"""Fixtures of the tests of both sides."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable, Iterator

import pytest

from dualapp import Response
from dualapp.sides.lazyloop import LazyLoop
from dualapp.testing import asgi

from .bodies import BODIES
from .wsgi_recorder import Sent, WSGIServer, environ_of


@pytest.fixture(autouse=True)
def _logger_is_enabled() -> Iterator[None]:
    """A logger outlives its application, and the test that silenced it."""
    yield
    logging.getLogger("dualapp_tests").disabled = False


@pytest.fixture
def serve(app: t.Any) -> WSGIServer:
    """A strict WSGI server that runs the application behind the standard library's validator."""
    return WSGIServer(app)


@pytest.fixture
def serve_bare(app: t.Any) -> WSGIServer:
    """The same without the validator, which hides what is returned and catches no signals."""
    return WSGIServer(app, validate=False)


@pytest.fixture
def alike(app: t.Any, serve_bare: WSGIServer) -> Callable[..., Sent]:
    """Make a request on both sides, whose answers must be the same; gives the answer."""

    def ask(*args: t.Any, chunked: bool = False, **kwargs: t.Any) -> Sent:
        answers = []
        for run in (serve_bare.run, lambda environ: _run_on_asgi(app, environ)):
            environ = environ_of(*args, **kwargs)
            if chunked:
                environ.pop("CONTENT_LENGTH")
                environ |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            answers.append(run(environ))
        on_wsgi, on_asgi = answers
        assert (on_wsgi.error, on_asgi.error) == (None, None)
        assert on_wsgi.code == on_asgi.code
        assert _comparable(on_wsgi) == _comparable(on_asgi)
        return on_wsgi

    return ask


def _run_on_asgi(app: t.Any, environ: dict[str, t.Any]) -> Sent:
    sent = Sent()
    try:
        body, sent.status, headers = asgi.run(app, environ, buffered=True)
        sent.headers, sent.chunks = headers.to_wsgi_list(), list(body)
    except BaseException as error:
        sent.error = error
    return sent


def _comparable(sent: Sent) -> tuple[list[tuple[str, str]], bytes]:
    headers = [(name.lower(), value) for name, value in sent.headers]
    return sorted(header for header in headers if header[0] != "date"), sent.data


@pytest.fixture
def log() -> list[str]:
    """A list for hooks to write down what happened."""
    return []


@pytest.fixture
def notes_its_end(app: t.Any, log: list[str]) -> None:
    """The application answers its errors, and writes down how each of its requests ends."""
    app.testing = False

    @app.teardown_request
    def on_teardown(error: BaseException | None) -> None:
        log.append("teardown" if error is None else f"teardown {type(error).__name__}")

    @app.teardown_appcontext
    async def on_teardown_appcontext(error: BaseException | None) -> None:
        log.append("app teardown")


@pytest.fixture(params=BODIES, ids=lambda body: body.__name__)
def stream(request: pytest.FixtureRequest, app: t.Any, log: list[str]) -> Callable[..., None]:
    """Make the view of "/" answer with a body, of each kind in turn, that writes down its end."""

    def stream(**kwargs: t.Any) -> None:
        def view() -> Response:
            response = Response(request.param(log, **kwargs))
            response.call_on_close(lambda: log.append("on close"))
            return response

        app.add_url_rule("/", view_func=view, endpoint="view")

    return stream


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> list[LazyLoop]:
    """The event loops that were made for WSGI requests during the test."""
    made: list[LazyLoop] = []

    class Recorded(LazyLoop):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr("dualapp.sides.loops.LazyLoop", Recorded)
    return made
