"""A request's time, taken apart."""

from __future__ import annotations

import time

import pytest

from dualapp import nonblocking
from dualapp.lab import served
from dualapp.lab.sampler import Sampler, place_of
from dualapp.lab.stopwatch import Stopwatch
from dualapp.lab.takenapart import parts
from dualapp.sides.colour import colour_of
from dualapp.sides.loops import OpenLoop, ServerLoop
from dualapp.sides.threads import Workers


def sums(**more):
    return {
        "requests": 2,
        "inside": 0.020,
        "view": 0.012,
        "computing": 0.004,
        "loop": 0.002,
        "hops": 0.0,
        **more,
    }


def test_the_parts_are_what_the_client_saw():
    found = parts(0.015, sums())
    assert found == pytest.approx(
        {
            "server and network": 0.005,
            "dualapp": 0.003,
            "event loop": 0.001,
            "view, computing": 0.002,
            "view, waiting": 0.004,
        }
    )
    assert next(iter(found)) == "server and network"
    assert sum(found.values()) == pytest.approx(0.015)


def test_what_happens_after_the_last_byte_is_not_the_clients_time():
    found = parts(0.008, sums())
    assert "server and network" not in found
    assert sum(found.values()) == pytest.approx(0.008)


def test_computing_is_never_more_than_the_view():
    assert "view, waiting" not in parts(0.015, sums(computing=0.013))


# -- stopwatches -----------------------------------------------------------------------------------


@pytest.fixture
def watch(monkeypatch):
    watch = Stopwatch()
    monkeypatch.setattr(served, "watch", watch)
    return watch


def test_wrapping_keeps_the_colour():
    async def of_loop(): ...

    @nonblocking
    def quick(): ...

    def plain(): ...

    for function in (of_loop, quick, plain):
        assert colour_of(served.timed(function)) == colour_of(function)
        assert served.timed(function).__name__ == function.__name__


def test_views_hooks_and_streams_are_measured_and_answer_as_before(app, side, watch):
    @app.before_request
    async def hook(): ...

    @app.get("/sync")
    def sync_view():
        time.sleep(0.01)
        return "sync"

    @app.get("/stream")
    def stream():
        def chunks():
            yield "a"
            time.sleep(0.01)
            yield "b"

        return chunks(), 201

    @app.get("/later")
    async def later():
        async def chunks():
            yield "c"

        return app.response_class(chunks())

    served._wrap_user_code(app)
    client = app.test_client(side=side)
    for path, text, status in (
        ("/sync", "sync", 200),
        ("/stream", "ab", 201),
        ("/later", "c", 200),
    ):
        before = watch.view
        response = client.get(path)
        assert (response.text, response.status_code) == (text, status)
        assert watch.view - before >= (0 if path == "/later" else 0.01)
    assert watch.computing < watch.view


async def test_an_awaitable_from_a_sync_function_is_measured_too(watch):
    async def work():
        return "done"

    assert await served.timed(lambda: work())() == "done"
    assert watch.view > 0


def test_user_code_inside_a_loop_is_not_the_loops_time(watch):
    with watch.around_user_code("loop"), watch.user_code(is_async=False):
        time.sleep(0.01)
    assert watch.view >= 0.01
    assert watch.loop < watch.view
    assert watch.read()["view"] >= 0.01
    assert watch.view == watch.loop == 0


@pytest.mark.parametrize(
    ("kind", "names"),
    [(OpenLoop, ("__init__", "block", "close")), (ServerLoop, ("block",)), (Workers, ("submit",))],
)
def test_what_is_wrapped_from_outside_is_still_there(kind, names):
    assert all(callable(vars(kind)[name]) for name in names)


def test_the_line_that_waits_is_seen(watch):
    sampler = Sampler(watch)
    assert sampler.toggle() is None
    with watch.user_code(is_async=False):
        deadline = time.monotonic() + 10
        while not sampler._seen and time.monotonic() < deadline:
            time.sleep(0.005)
    assert __name__ in sampler.toggle()
    assert watch.thread == 0
    assert place_of(None) is None
