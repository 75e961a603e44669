"""A6, A7: the client leaves; everything is given back, once."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from dualapp import request

from .asgi_parts import endless_async, endless_sync, free_threads, waiting_async
from .asgi_recorder import Connection


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def app(app, log):
    app.testing = False

    @app.teardown_request
    async def teardown(exc):
        await asyncio.sleep(0.01)
        log.append("teardown")

    return app


# -- A6: an endless stream -------------------------------------------------------------------------


def endless_wsgi(log):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return endless_sync(log)

    return application


STREAMS = [endless_sync, endless_async, endless_wsgi, waiting_async]


@pytest.mark.parametrize("stream", STREAMS)
async def test_a06_an_endless_stream_stops_when_the_client_leaves(
    app, paint, colour, log, stream, caplog
):
    app.add_url_rule("/", "view", paint(lambda: stream(log), colour))
    connection = Connection(app)
    connection.start()
    await connection.sent_bodies(1)
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["closed", "teardown"]
    await free_threads(app)
    assert not caplog.records


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("how", ["limit", "stream"])
async def test_a06_also_if_the_body_of_the_request_is_left_unread(
    app, paint, colour, log, stream, how
):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    options = {"stream": True} if how == "stream" else {}
    view = paint(lambda: stream(log), colour)
    app.add_url_rule("/", "view", view, methods=["POST"], **options)
    pieces = 3 if how == "stream" else 1000
    events = [{"type": "http.request", "body": b"x" * 1000, "more_body": True}] * pieces
    headers = [(b"content-length", b"10000000")]
    connection = Connection(app, "/", "POST", headers=headers, events=events)
    connection.start()
    await connection.sent_bodies(1)
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["closed", "teardown"]


async def test_a06_a_body_may_be_read_while_the_answer_is_streamed(app):
    """Full duplex: reading and watching share one ``receive``, which the recorder holds."""

    @app.post("/", stream=True)
    async def echo():
        async def chunks():
            async for chunk in request.body:
                yield chunk.upper()
                await asyncio.sleep(0)

        return chunks()

    pieces = [bytes([65 + number % 26]) * 30_000 for number in range(40)]
    events = [{"type": "http.request", "body": p.lower(), "more_body": True} for p in pieces]
    connection = Connection(app, "/", "POST", events=[*events, {"type": "http.request"}])
    await connection.run()
    assert connection.data == b"".join(pieces)


async def test_a06_reading_ahead_is_bounded(app, log):
    """A view that reads slowly makes the server, and so the client, wait."""
    given = 0

    def events():
        nonlocal given
        for _ in range(1000):
            given += 1
            yield {"type": "http.request", "body": b"x" * 10_000, "more_body": True}

    @app.post("/", stream=True)
    async def slow():
        async def chunks():
            async for _ in request.body:
                yield b"x"
                await asyncio.sleep(0.05)

        return chunks()

    connection = Connection(app, "/", "POST", events=events())
    connection.start()
    await connection.sent_bodies(4)
    assert given * 10_000 < 500_000
    await connection.cancelled_within(1)


async def test_a06_a_sync_view_reads_while_it_streams(app):
    @app.post("/", stream=True)
    def echo():
        stream = request.stream
        return (chunk.upper() for chunk in iter(lambda: stream.read(7), b""))

    events = [{"type": "http.request", "body": b"abcde" * 3, "more_body": True}] * 20
    connection = Connection(app, "/", "POST", events=[*events, {"type": "http.request"}])
    await connection.run()
    assert connection.data == b"ABCDE" * 60


async def test_a06_1000_streams_that_are_left_hold_no_thread(app, log):
    app.config["SYNC_THREADS"] = 2
    app.add_url_rule("/", "view", lambda: endless_sync(log))
    app.add_url_rule("/ping", "ping", lambda: "pong")
    connections = [Connection(app) for _ in range(100)]
    for connection in connections:
        connection.start()
    await asyncio.sleep(0.05)
    for connection in connections:
        connection.leave()
    await asyncio.wait([connection._task for connection in connections], timeout=5)
    assert log.count("closed") + log.count("teardown") >= len(connections)
    assert (await Connection(app, "/ping").run()).text == "pong"
    assert log.count("teardown") == len(connections) + 1


# -- A7: a view that is being answered -------------------------------------------------------------


@pytest.mark.parametrize("cancel", [True, False])
async def test_a07_an_async_view_is_cancelled_if_the_app_asks_for_it(app, log, cancel):
    app.config["CANCEL_ON_DISCONNECT"] = cancel

    @app.get("/")
    async def view():
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        log.append("finished")
        return "x"

    connection = Connection(app)
    connection.start()
    await asyncio.sleep(0.05)
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["cancelled" if cancel else "finished", "teardown"]
    assert (connection.status is None) == cancel


async def test_a07_a_sync_view_runs_to_its_end(app, log):
    app.config["CANCEL_ON_DISCONNECT"] = True

    @app.get("/")
    def view():
        time.sleep(0.1)
        log.append("finished")
        return "x"

    connection = Connection(app)
    connection.start()
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["finished", "teardown"]


@pytest.mark.parametrize("body", [False, True])
async def test_a07_watching_does_not_disturb_an_answer(app, body):
    app.config["CANCEL_ON_DISCONNECT"] = True

    @app.route("/", methods=["GET", "POST"])
    async def view():
        data = await request.body
        await asyncio.sleep(0.01)

        async def chunks():
            yield data
            await asyncio.sleep(0.01)
            yield b"end"

        return chunks()

    events = [{"type": "http.request", "body": b"body;"}] if body else None
    sent = await Connection(app, method="POST" if body else "GET", events=events).run()
    assert sent.text == ("body;end" if body else "end")


async def test_a07_a_stream_body_is_read_by_a_watched_view(app):
    app.config["CANCEL_ON_DISCONNECT"] = True

    @app.post("/", stream=True)
    async def view():
        await asyncio.sleep(0.01)
        return await request.body

    events = [{"type": "http.request", "body": b"a", "more_body": True},
              {"type": "http.request", "body": b"b"}]  # fmt: skip
    assert (await Connection(app, method="POST", events=events).run()).text == "ab"


async def test_a07_a_view_that_refuses_to_be_cancelled_ends_all_the_same(app, log):
    app.config["CANCEL_ON_DISCONNECT"] = True

    @app.get("/")
    async def view():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(5)
        return endless_async(log)

    connection = Connection(app)
    connection.start()
    await asyncio.sleep(0.01)
    connection.leave()
    await connection.over_within(0.5)
    assert connection._task.cancelling() == 0
    assert log[-1] == "teardown"
    assert connection.bodies_sent <= 1


async def test_a07_a_hook_in_a_thread_is_waited_for(app, log):
    """The request's context must not be entered while the thread is still in it."""
    app.config["CANCEL_ON_DISCONNECT"] = True

    @app.before_request
    def hook():
        log.append("hook")
        time.sleep(0.1)
        log.append("hook is over")

    app.add_url_rule("/", "view", endless_async)
    connection = Connection(app)
    connection.start()
    await asyncio.sleep(0.02)
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["hook", "hook is over", "teardown"]
