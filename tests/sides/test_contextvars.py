"""Context variables: what any hook sets is seen by all that follows, and by nobody else."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context

import pytest

from dualapp import (
    Response,
    after_this_request,
    render_template_string,
    signals,
    stream_with_context,
)

from .asgi_recorder import http_scope
from .wsgi_recorder import environ_of

variable: ContextVar[str] = ContextVar("variable", default="unset")

COLOURS = ["sync", "async"]
#: In the order in which they run.
PLACES = [
    "url value", "before", "view", "error", "after this", "after", "chunk",
    "teardown", "app teardown",
]  # fmt: skip


@pytest.fixture
def app(app):
    app.testing = False
    return app


@pytest.fixture
def seen(app, client):
    """What was found at each place of a request; the variable is set at one of them.

    Every place has the colour that it is given.
    """

    def ask(setter, colour_of, paint):
        found = {}

        def at(place, result=None):
            def visit(*args, **kwargs):
                found[place] = variable.get()
                if place == setter:
                    variable.set("set")
                if place == "view":
                    raise KeyError
                return args[0] if place.startswith("after") else result

            return paint(visit, colour_of(place))

        def error(error):
            found["error"] = variable.get()
            if setter == "error":
                variable.set("set")
            after_this_request(at("after this"))
            return (chunks if colour_of("chunk") == "sync" else async_chunks)()

        def chunks():
            yield "a"
            at_chunk()
            yield "b"

        async def async_chunks():
            yield "a"
            await asyncio.sleep(0)
            at_chunk()
            yield "b"

        def at_chunk():
            found["chunk"] = variable.get()
            if setter == "chunk":
                variable.set("set")

        app.url_value_preprocessor(at("url value"))
        app.before_request(at("before"))
        app.add_url_rule("/", view_func=at("view"), endpoint="view")
        app.register_error_handler(KeyError, paint(error, colour_of("error")))
        app.after_request(at("after"))
        app.teardown_request(at("teardown"))
        app.teardown_appcontext(at("app teardown"))
        assert client.get("/").text == "ab"
        return found

    return ask


@pytest.mark.parametrize("setter", PLACES)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("others", COLOURS)
def test_what_is_set_anywhere_is_seen_by_all_that_follows(seen, paint, setter, colour, others):
    found = seen(setter, lambda place: colour if place == setter else others, paint)
    position = PLACES.index(setter)
    assert found == {
        place: "unset" if PLACES.index(place) <= position else "set" for place in PLACES
    }


@pytest.mark.parametrize("colours", ["sync async", "async sync", "sync sync", "async async"])
@pytest.mark.parametrize("view_colour", COLOURS)
@pytest.mark.parametrize("end", ["after", "teardown"])
def test_a_token_is_reset_by_a_later_hook(app, client, paint, colours, view_colour, end):
    first, last = colours.split()
    tokens, found = [], []

    def before():
        tokens.append(variable.set("set"))

    def view():
        found.append(variable.get())
        return "x"

    def reset(argument):
        variable.reset(tokens.pop())
        found.append(variable.get())
        return argument

    app.before_request(paint(before, first))
    app.add_url_rule("/", view_func=paint(view, view_colour), endpoint="view")
    (app.after_request if end == "after" else app.teardown_request)(paint(reset, last))
    assert client.get("/").text == "x"
    assert found == ["set", "unset"]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_token_is_reset_by_the_end_of_a_stream(app, client, colour):
    found = []

    @app.get("/")
    def view():
        token = variable.set("set")

        def reset():
            variable.reset(token)
            found.append(variable.get())

        def chunks():
            yield variable.get()
            reset()

        async def async_chunks():
            yield variable.get()
            await asyncio.sleep(0)
            reset()

        return chunks() if colour == "sync" else async_chunks()

    assert client.get("/").text == "set"
    assert found == ["unset"]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_stream_keeps_what_it_sets_between_chunks(app, client, colour):
    @app.get("/")
    def view():
        variable.set("0")

        def chunk():
            number = int(variable.get())
            variable.set(str(number + 1))
            return str(number)

        async def async_chunks():
            for _ in range(4):
                await asyncio.sleep(0)
                yield chunk()

        return (chunk() for _ in range(4)) if colour == "sync" else async_chunks()

    found = []
    app.teardown_request(lambda error: found.append(variable.get()))
    assert client.get("/").text == "0123"
    assert found == ["4"]


def test_a_stream_with_context_shares_it_too(app, client):
    @app.get("/")
    def view():
        variable.set("view")

        @stream_with_context
        def chunks():
            yield variable.get()
            variable.set("stream")
            yield variable.get()

        return chunks()

    found = []
    app.teardown_request(lambda error: found.append(variable.get()))
    assert client.get("/").text == "viewstream"
    assert found == ["stream"]


@pytest.mark.parametrize("view_colour", COLOURS)
@pytest.mark.parametrize("colour", COLOURS)
def test_signals_templates_and_close_functions_share_it(app, client, paint, view_colour, colour):
    found = []

    def receive(sender, **kwargs):
        variable.set("signal")

    def process():
        found.append(variable.get())
        variable.set("context processor")
        return {}

    def view():
        return respond(render_template_string("x"))

    def respond(text):
        found.append(variable.get())
        response = Response(text)
        response.call_on_close(lambda: found.append(variable.get()))
        return response

    receiver = paint(receive, colour)
    signals.request_started.connect(receiver, app)
    app.context_processor(process)
    app.add_url_rule("/", view_func=paint(view, view_colour))
    assert client.get("/").text == "x"
    assert found == ["signal", "context processor", "context processor"]


def test_sync_code_sees_what_it_waited_for(app, client):
    async def fetch():
        variable.set("fetched")

    @app.get("/")
    def view():
        app.ensure_sync(fetch)()
        return variable.get()

    assert client.get("/").text == "fetched"


@pytest.mark.parametrize("kind", ["thread", "task"])
def test_tasks_and_threads_have_copies(app, client, kind):
    def work():
        found = variable.get()
        variable.set("inner")
        return found

    @app.get("/")
    async def view():
        variable.set("outer")
        inner = asyncio.to_thread(work) if kind == "thread" else asyncio.create_task(task())
        return await inner + variable.get()

    async def task():
        return work()

    assert client.get("/").text == "outerouter"


# nothing leaks


def leaking(app, colour):
    """Register a view, and hooks around it, that leave the variable set everywhere."""

    def leave(*args):
        variable.set("leaked")
        return args[0] if args else None

    async def leave_async(*args):
        return leave(*args)

    hook = leave if colour == "sync" else leave_async

    @app.before_request
    def first():
        found.append(variable.get())

    app.before_request(hook)
    app.teardown_request(hook)

    @app.get("/text")
    def text():
        return "x"

    @app.get("/async")
    async def asynchronous():
        return "x"

    @app.get("/stream")
    def stream():
        return (leave("x") for _ in range(2))

    @app.get("/async-stream")
    async def async_stream():
        yield leave("x")
        yield leave("x")

    found = []
    return found


PATHS = ["/text", "/async", "/stream", "/async-stream"]


@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_leaks_into_the_context_of_a_wsgi_server(app, colour):
    found = leaking(app, colour)
    for path in [*PATHS, *PATHS]:
        body = app(environ_of(path), lambda *args: None)
        assert set(body) == {b"x"}
        assert variable.get() == "unset"
        getattr(body, "close", lambda: None)()
        assert variable.get() == "unset"
    assert found == ["unset"] * 8
    assert "dualapp.context" not in {known.name for known in copy_context()}


@pytest.mark.parametrize("colour", COLOURS)
async def test_nothing_leaks_into_the_context_of_an_asgi_server(app, colour):
    """A server may answer all requests of a connection in one context."""
    found = leaking(app, colour)

    async def receive():
        calls.append(("receive", variable.get()))
        if not any(event == "http.request" for event in calls):
            await asyncio.Event().wait()

    async def send(event):
        calls.append((event["type"], variable.get()))

    calls = []
    for path in [*PATHS, *PATHS]:
        await app(http_scope(path), receive, send)
        assert variable.get() == "unset"
    assert found == ["unset"] * 8
    assert {value for _, value in calls} == {"unset"}


def test_what_surrounds_the_application_is_seen_in_it(app, client):
    app.add_url_rule("/", view_func=lambda: variable.get(), endpoint="view")

    def ask():
        variable.set("around")
        return client.get("/").text

    assert copy_context().run(ask) == "around"
    assert client.get("/").text == "unset"


def test_a_middleware_sees_nothing_of_the_inside(app, client):
    """Which is called in a context of its own on ASGI, and in the server's on WSGI."""
    inner, found = app.wsgi_app, []

    def middleware(environ, start_response):
        variable.set("middleware")
        body = inner(environ, start_response)
        found.append(variable.get())
        return body

    @app.get("/")
    async def view():
        found.append(variable.get())
        variable.set("view")
        return "x"

    app.wsgi_app = middleware
    assert copy_context().run(client.get, "/").text == "x"
    assert found == ["middleware", "middleware"]


def test_requests_at_the_same_time_are_kept_apart(app, side):
    meet = threading.Barrier(4, timeout=10)

    @app.before_request
    async def before():
        variable.set(threading.current_thread().name + str(id(asyncio.current_task())))

    @app.get("/<name>")
    def view(name):
        variable.set(name)
        meet.wait()
        return variable.get()

    @app.get("/async/<name>")
    async def async_view(name):
        variable.set(name)
        for _ in range(3):
            await asyncio.sleep(0.001)
        return variable.get()

    def ask(path):
        return app.test_client(side=side).get(path).text

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, ["/a", "/b", "/c", "/d"])) == ["a", "b", "c", "d"]
        names = [f"name{number}" for number in range(40)]
        assert list(threads.map(ask, [f"/async/{name}" for name in names])) == names
