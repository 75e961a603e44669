"""Which code runs where on the ASGI side: on the server's loop, or in which thread."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import time

import pytest

from dualapp import DualApp, Response, abort, nonblocking, request, request_started, views
from dualapp.sessions import SecureCookieSessionInterface
from dualapp.sides.placement import workers_of

from .asgi_recorder import Connection

PHASES = ["url_value_preprocessor", "before", "view", "after", "teardown", "appcontext"]


class Trace:
    """Writes down in which thread each part of a request runs."""

    def __init__(self):
        self.loop = threading.get_ident()
        self.threads: dict[str, int] = {}
        self.order: list[str] = []

    def note(self, name):
        self.threads[name] = threading.get_ident()
        self.order.append(name)

    def on_loop(self, *names):
        return [name for name in names or self.order if self.threads[name] == self.loop]

    def sync(self, name, result=None):
        def part(*args):
            self.note(name)
            return args[0] if result is None and args else result

        return part

    def asynchronous(self, name, result=None):
        async def part(*args):
            self.note(name)
            await asyncio.sleep(0)
            assert threading.get_ident() == self.threads[name]
            return args[0] if result is None and args else result

        return part


@pytest.fixture
def trace():
    return Trace()


def build(app, view, hook):
    """Register a view and hooks; each is made by a function of its name."""
    app.url_value_preprocessor(hook("url_value_preprocessor"))
    app.before_request(hook("before"))
    app.after_request(hook("after"))
    app.teardown_request(hook("teardown"))
    app.teardown_appcontext(hook("appcontext"))
    app.add_url_rule("/", "view", view("view", "x"))


async def test_a_sync_view_and_all_around_it_run_in_one_thread(app, trace):
    build(app, trace.sync, trace.sync)
    assert (await Connection(app).run()).text == "x"
    assert trace.order == PHASES
    assert not trace.on_loop()
    assert len(set(trace.threads.values())) == 1
    assert workers_of(app).jobs_done == 1  # one hop


async def test_an_async_view_and_async_hooks_run_on_the_loop(app, trace):
    build(app, trace.asynchronous, trace.asynchronous)
    assert (await Connection(app).run()).text == "x"
    assert trace.order == trace.on_loop() == PHASES
    assert workers_of(app).threads == 0


async def test_sync_hooks_of_an_async_view_run_in_threads(app, trace):
    build(app, trace.asynchronous, trace.sync)
    assert (await Connection(app).run()).text == "x"
    assert trace.order == PHASES
    assert trace.on_loop() == ["view"]


async def test_async_hooks_of_a_sync_view_run_on_the_loop(app, trace):
    build(app, trace.sync, trace.asynchronous)
    assert (await Connection(app).run()).text == "x"
    assert trace.order == PHASES
    assert [name for name in PHASES if name not in trace.on_loop()] == ["view"]
    assert workers_of(app).jobs_done == 1


async def test_what_is_marked_nonblocking_stays_on_the_loop(app, trace):
    def mark(*args):
        return nonblocking(trace.sync(*args))

    build(app, mark, mark)
    assert (await Connection(app).run()).text == "x"
    assert trace.order == trace.on_loop() == PHASES
    assert workers_of(app).threads == 0


@pytest.mark.parametrize("blocking", [name for name in PHASES if name != "view"])
async def test_one_hook_that_blocks_moves_a_nonblocking_view_to_a_thread(app, trace, blocking):
    def mark(name, *args):
        part = trace.sync(name, *args)
        return part if name == blocking else nonblocking(part)

    build(app, mark, mark)
    assert (await Connection(app).run()).text == "x"
    assert not trace.on_loop()
    assert workers_of(app).jobs_done == 1


async def test_nonblocking_hooks_of_an_async_view_stay_on_the_loop(app, trace):
    build(app, trace.asynchronous, lambda *args: nonblocking(trace.sync(*args)))
    await Connection(app).run()
    assert trace.order == trace.on_loop() == PHASES


async def test_a_mark_does_not_pass_to_a_wrapper(app, trace):
    """What functools.wraps copies must not promise anything for the wrapper."""
    marked = nonblocking(trace.sync("view", "x"))

    @functools.wraps(marked)
    def wrapper():
        trace.note("wrapper")
        return marked()

    app.add_url_rule("/", "view", wrapper)
    await Connection(app).run()
    assert not trace.on_loop()


# -- a request without a view to be called ---------------------------------------------------------


@pytest.mark.parametrize("hook", ["none", "sync", "asynchronous", "nonblocking"])
@pytest.mark.parametrize("path", ["/nowhere", "/slash"])
async def test_an_error_of_routing_hops_only_for_hooks_that_block(app, trace, hook, path):
    app.add_url_rule("/slash/", "view", trace.asynchronous("view", "x"))
    if hook != "none":
        make = getattr(trace, hook, trace.sync)
        app.before_request(nonblocking(make("before")) if hook == "nonblocking" else make("before"))
    assert (await Connection(app, path).run()).status in (404, 308)
    assert workers_of(app).jobs_done == (1 if hook == "sync" else 0)


async def test_a_sync_error_handler_of_an_async_view_runs_in_a_thread(app, trace):
    async def view():
        raise KeyError

    app.add_url_rule("/", "view", view)
    app.register_error_handler(KeyError, lambda e: trace.note("handler") or "handled")
    assert (await Connection(app).run()).text == "handled"
    assert not trace.on_loop("handler")


# -- what decides ----------------------------------------------------------------------------------


async def test_a_view_is_judged_by_what_it_returns_too(app, trace):
    """A plain decorator around an async view costs a thread, and no wrong answer."""
    inner = trace.asynchronous("inner", "x")

    def plain(*args):
        trace.note("plain")
        return inner(*args)

    app.add_url_rule("/", "view", plain)
    assert (await Connection(app).run()).text == "x"
    assert trace.on_loop() == ["inner"]


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_view_class_runs_where_its_methods_are_for(app, trace, colour):
    if colour == "sync":

        class View(views.MethodView):
            def get(self):
                trace.note("view")
                return "x"
    else:

        class View(views.MethodView):
            async def get(self):
                trace.note("view")
                return "x"

    app.add_url_rule("/", view_func=View.as_view("view"))
    assert (await Connection(app).run()).text == "x"
    assert bool(trace.on_loop()) == (colour == "async")


async def test_a_callable_object_with_an_async_call_is_async(app, trace):
    class View:
        __name__ = "view"

        async def __call__(self):
            trace.note("view")
            return "x"

    app.add_url_rule("/", "view", View())
    assert (await Connection(app).run()).text == "x"
    assert trace.on_loop() == ["view"]


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_view_that_was_replaced_runs_where_the_new_one_is_for(app, trace, colour):
    app.add_url_rule("/", "view", trace.sync("old", "x"))
    await Connection(app).run()
    make = trace.sync if colour == "sync" else trace.asynchronous
    app.view_functions["view"] = make("new", "y")
    assert (await Connection(app).run()).text == "y"
    assert bool(trace.on_loop("new")) == (colour == "async")


OVERRIDES = [
    "full_dispatch_request", "preprocess_request", "dispatch_request", "make_response",
    "finalize_request", "process_response", "do_teardown_request", "do_teardown_appcontext",
]  # fmt: skip


@pytest.mark.parametrize("method", OVERRIDES)
@pytest.mark.parametrize("way", ["subclass", "class", "instance"])
async def test_an_overridden_step_that_is_sync_moves_the_request_to_a_thread(
    trace, method, way, monkeypatch
):
    class App(DualApp):
        pass

    original = getattr(DualApp, method)

    def override(self, *args, **kwargs):
        trace.note("override")
        return original(self, *args, **kwargs)

    if way == "subclass":
        App = type("App", (DualApp,), {method: override})  # noqa: N806
    app = App("app", root_path=".")
    if way == "class":
        setattr(App, method, override)
    elif way == "instance":
        setattr(app, method, lambda *args, **kwargs: override(app, *args, **kwargs))
    app.add_url_rule("/", "view", trace.asynchronous("view", "x"))
    assert (await Connection(app).run()).text == "x"
    assert trace.on_loop() == ["view"]


@pytest.mark.parametrize(
    "method", ["handle_user_exception", "handle_http_exception", "handle_exception"]
)
async def test_an_overridden_step_for_errors_costs_a_thread_only_where_one_is(app, trace, method):
    original = getattr(app, method)

    def override(error):
        trace.note("override")
        return original(error)

    setattr(app, method, override)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.register_error_handler(404, trace.asynchronous("handler", ("none", 404)))

    @app.get("/<kind>")
    async def view(kind):
        trace.note("view")
        if kind == "bad":
            abort(404) if method == "handle_http_exception" else 1 / 0
        return "x"

    assert (await Connection(app, "/good").run()).text == "x"
    assert (trace.on_loop(), app._workers) == (["view"], None)
    answer = await Connection(app, "/bad").run()
    assert answer.status == (404 if method == "handle_http_exception" else 500)
    assert trace.order[1:3] == ["view", "override"]
    assert "override" not in trace.on_loop()
    assert ("handler" in trace.on_loop()) == (method == "handle_http_exception")


async def test_an_overridden_step_that_is_async_stays_on_the_loop(trace):
    class App(DualApp):
        async def dispatch_request(self):
            trace.note("override")
            return await super().dispatch_request()

    app = App("app", root_path=".")
    app.add_url_rule("/", "view", trace.asynchronous("view", "x"))
    assert (await Connection(app).run()).text == "x"
    assert trace.on_loop() == ["override", "view"]


async def test_a_session_interface_that_blocks_runs_in_threads(app, trace):
    class Interface(SecureCookieSessionInterface):
        def open_session(self, app, request):
            trace.note("open")
            return super().open_session(app, request)

        def save_session(self, *args):
            trace.note("save")

    app.session_interface = Interface()
    app.add_url_rule("/", "view", trace.asynchronous("view", "x"))
    await Connection(app).run()
    assert trace.order == ["open", "view", "save"]
    assert trace.on_loop() == ["view"]


async def test_receivers_of_signals_run_where_they_are_for(app, trace):
    async def receive_async(sender):
        trace.note("async")

    def receive(sender):
        trace.note("sync")

    app.add_url_rule("/", "view", trace.asynchronous("view", "x"))
    with (
        request_started.connected_to(receive_async, app),
        request_started.connected_to(receive, app),
    ):
        await Connection(app).run()
    assert set(trace.on_loop()) == {"async", "view"}


# -- streams, context, concurrency -----------------------------------------------------------------


@pytest.mark.parametrize("view_colour", ["sync", "async"])
@pytest.mark.parametrize("stream_colour", ["sync", "async"])
async def test_a_stream_runs_where_its_own_colour_says(
    app, paint, trace, view_colour, stream_colour
):
    def chunks():
        for number in range(3):
            trace.note(f"chunk {number}")
            yield request.path
        trace.note("end")

    async def async_chunks():
        for chunk in chunks():
            yield chunk

    def view():
        response = Response(chunks() if stream_colour == "sync" else async_chunks())
        response.call_on_close(lambda: trace.note("close"))
        return response

    app.add_url_rule("/", "view", paint(view, view_colour))
    assert (await Connection(app).run()).text == "///"
    assert trace.order == ["chunk 0", "chunk 1", "chunk 2", "end", "close"]
    expected = ["chunk 0", "chunk 1", "chunk 2", "end"] if stream_colour == "async" else []
    assert trace.on_loop() == expected


async def test_a_context_variable_is_seen_by_all_that_follows(app, paint):
    variable = contextvars.ContextVar("variable", default="")

    def add(letter, *args):
        variable.set(variable.get() + letter)
        return args[0] if args else None

    app.before_request(lambda: add("a"))
    app.before_request(paint(lambda: add("b")))
    app.after_request(lambda response: add("d", response))
    app.after_request(paint(lambda response: add("c", response)))
    seen = []
    app.teardown_request(lambda exc: seen.append(variable.get()))
    app.add_url_rule("/", "sync", lambda: variable.get())
    app.add_url_rule("/async", "async", paint(lambda: variable.get()))
    for path in ("/", "/async"):
        assert (await Connection(app, path).run()).text == "ab"
    assert seen == ["abcd", "abcd"]
    assert variable.get() == ""


async def test_what_outer_middleware_sets_is_seen(app, paint):
    variable = contextvars.ContextVar("variable")
    app.add_url_rule("/", "sync", lambda: variable.get())
    app.add_url_rule("/async", "async", paint(lambda: variable.get()))
    inner = app.asgi_app

    async def middleware(scope, receive, send):
        variable.set("outer")
        await inner(scope, receive, send)

    app.asgi_app = middleware
    for path in ("/", "/async"):
        assert (await Connection(app, path).run()).text == "outer"


async def test_sync_views_run_at_the_same_time_in_different_threads(app):
    both = threading.Barrier(2)

    def view():
        both.wait(2)
        return str(threading.get_ident())

    app.add_url_rule("/", "view", view)
    connections = [Connection(app), Connection(app)]
    for connection in connections:
        connection.start()
    for connection in connections:
        await connection.over_within(2)
    assert connections[0].text != connections[1].text


async def test_a_sync_view_does_not_stop_the_loop(app):
    app.add_url_rule("/", "view", lambda: time.sleep(0.2) or "x")
    connection = Connection(app)
    connection.start()
    beats = 0
    while not connection.is_over:
        await asyncio.sleep(0.005)
        beats += 1
    assert beats > 10


async def test_an_async_stream_ends_without_a_thread(app, trace):
    @app.get("/")
    async def view():
        async def chunks():
            trace.note("chunk")
            yield "x"

        return chunks()

    assert (await Connection(app).run()).text == "x"
    assert (trace.on_loop(), app._workers) == (["chunk"], None)


async def test_a_function_that_waits_for_the_end_of_a_stream_runs_in_a_thread(app, trace):
    @app.get("/")
    async def view():
        async def chunks():
            response.call_on_close(lambda: trace.note("closed"))
            yield "x"

        response = Response(chunks())
        return response

    assert (await Connection(app).run()).text == "x"
    assert (trace.order, trace.on_loop()) == (["closed"], [])
