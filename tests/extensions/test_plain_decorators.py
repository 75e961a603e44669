"""Async views behind decorators of one's own, written as those of extensions are: without async.

And the two functions that such decorators call, ``ensure_sync`` and ``make_response``.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools

import pytest

from dualapp import abort, current_app, g, make_response, request


@pytest.fixture
def ran():
    """What ran, and where."""
    return []


# -- decorators ------------------------------------------------------------------------------------


def wrapping(view):
    @functools.wraps(view)
    def call(**values):
        g.decorated = True
        return view(**values)

    return call


def not_wrapping(view):
    def call(**values):
        g.decorated = True
        return view(**values)

    call.__name__ = view.__name__
    return call


def waiting(view):
    @functools.wraps(view)
    def call(**values):
        g.decorated = True
        return current_app.ensure_sync(view)(**values).upper().lower()

    return call


def answering(view):
    @functools.wraps(view)
    def call(**values):
        g.decorated = True
        response = make_response(view(**values))
        assert response.data == b"from the view"
        return response

    return call


class Calling:
    """A decorator that is a class."""

    def __init__(self, view):
        self.view = view
        functools.update_wrapper(self, view)

    def __call__(self, **values):
        g.decorated = True
        return self.view(**values)


@contextlib.contextmanager
def block():
    g.decorated = True
    yield


DECORATORS = {
    "wraps": wrapping,
    "does not wrap": not_wrapping,
    "ensure_sync": waiting,
    "make_response": answering,
    "a class": Calling,
    "a context manager": block(),
    "a partial": lambda view: functools.partial(wrapping(view)),
    "one around the other": lambda view: wrapping(answering(waiting(view))),
}


@pytest.mark.parametrize("name", DECORATORS)
async def test_a_decorator_that_knows_nothing_of_async(app, browser, where, in_coroutine, name):
    async def view(number):
        await asyncio.sleep(0)
        assert g.decorated
        assert where() == in_coroutine
        g.from_view = number
        return "from the view"

    app.add_url_rule("/<int:number>", "view", DECORATORS[name](view))

    @app.after_request
    def note(response):
        response.headers["X-Number"] = g.from_view
        return response

    answer = await browser.get("/7")
    assert (answer.status_code, answer.text, answer.headers["X-Number"]) == (
        200,
        "from the view",
        "7",
    )


async def test_a_decorator_catches_what_the_view_raises(app, browser):
    def forgiving(view):
        @functools.wraps(view)
        def call():
            try:
                return current_app.ensure_sync(view)()
            except LookupError as error:
                return f"caught {error}"

        return call

    @app.get("/")
    @forgiving
    async def view():
        await asyncio.sleep(0)
        raise LookupError("it")

    assert (await browser.get("/")).text == "caught it"


async def test_what_a_decorated_view_raises_finds_its_handler(app, browser):
    @app.errorhandler(409)
    def handle(error):
        return f"handled {error.description}", 409

    @app.get("/")
    @wrapping
    async def view():
        await asyncio.sleep(0)
        abort(409, "it")

    assert (await browser.get("/")).text == "handled it"


# -- ensure_sync -----------------------------------------------------------------------------------


async def test_ensure_sync_in_a_sync_view(app, browser, ran, where, in_coroutine):
    """In the view's thread it waits; the coroutine runs on the loop that serves."""

    async def fetch(name):
        await asyncio.sleep(0)
        ran.append(where())
        return f"{name} for {request.path}"

    @app.get("/")
    def view():
        ran.append(where())
        return app.ensure_sync(fetch)("one") + ", " + current_app.ensure_sync(fetch)("two")

    assert (await browser.get("/")).text == "one for /, two for /"
    assert ran == ["in a thread", in_coroutine, in_coroutine]


async def test_ensure_sync_in_an_async_view(app, browser, ran, where, in_coroutine):
    """On the loop's own thread nothing can wait: the caller gets what is to be awaited."""

    async def fetch():
        await asyncio.sleep(0)
        ran.append(where())
        return "fetched"

    @app.get("/")
    async def view():
        return await current_app.ensure_sync(fetch)()

    assert (await browser.get("/")).text == "fetched"
    assert ran == [in_coroutine]


async def test_a_sync_helper_in_an_async_view_hands_the_awaitable_on(app, browser):
    """As an extension's function does that calls what the application has registered with it."""

    async def look_up():
        await asyncio.sleep(0)
        return "found"

    def helper():
        return current_app.ensure_sync(look_up)()

    @app.get("/awaited")
    async def awaited():
        return await helper()

    @app.get("/returned")
    async def returned():
        return helper()

    assert (await browser.get("/awaited")).text == "found"
    assert (await browser.get("/returned")).text == "found"


# -- make_response ---------------------------------------------------------------------------------


async def test_make_response_of_an_awaitable_in_a_sync_view(app, browser, ran, where, in_coroutine):
    async def compute():
        await asyncio.sleep(0)
        ran.append(where())
        return {"computed": request.path}, 201, {"X-Inner": "yes"}

    @app.get("/")
    def view():
        response = make_response(compute())
        ran.append(where())
        assert response.status_code == 201
        response.headers["X-Outer"] = response.headers["X-Inner"]
        return response

    answer = await browser.get("/")
    assert (answer.status_code, answer.json) == (201, {"computed": "/"})
    assert answer.headers["X-Outer"] == "yes"
    assert ran == [in_coroutine, "in a thread"]


async def test_make_response_of_an_awaitable_in_an_async_view(app, browser):
    """There it is awaited, as all that may wait."""

    async def compute():
        await asyncio.sleep(0)
        return "computed"

    @app.get("/")
    async def view():
        response = await make_response(compute())
        response.headers["X-Outer"] = "yes"
        return response

    answer = await browser.get("/")
    assert (answer.text, answer.headers["X-Outer"]) == ("computed", "yes")


async def test_make_response_raises_what_the_awaitable_raises(app, browser):
    async def compute():
        await asyncio.sleep(0)
        abort(418)

    @app.get("/")
    def view():
        return make_response(compute())

    assert (await browser.get("/")).status_code == 418
