"""What stands around the application: wrappers in ``wsgi_app`` and ``asgi_app``, a patched call.

A wrapper may be what authenticates. So it is never skipped, on whichever side it cannot be at home.
"""

from __future__ import annotations

import asyncio

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from dualapp import DualApp, request
from dualapp.sides.placement import workers_of

from .asgi_recorder import Connection


class Guard:
    """A WSGI middleware that lets nobody in without a key, and leaves its mark."""

    def __init__(self, app):
        self.app = app
        self.calls = 0

    def __call__(self, environ, start_response):
        self.calls += 1
        if environ.get("HTTP_KEY") != "k":
            start_response("401 UNAUTHORIZED", [("Content-Type", "text/plain")])
            return [b"who are you?"]

        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Guard", "passed")], exc_info)

        environ["guard.user"] = "ann"
        return self.app(environ, start)


@pytest.fixture
def app(app):
    app.testing = False
    app.add_url_rule("/", "sync", lambda: f"sync for {request.environ.get('guard.user')}")

    async def view():
        await asyncio.sleep(0)
        return f"async for {request.environ.get('guard.user')}"

    app.add_url_rule("/async", "async", view)
    app.add_url_rule("/echo", "echo", lambda: request.get_data(), methods=["POST"])
    return app


def by_instance(app):
    app.wsgi_app = Guard(app.wsgi_app)


def by_subclass_method(app):
    class Guarded(type(app)):
        def wsgi_app(self, environ, start_response):
            return Guard(super().wsgi_app)(environ, start_response)

    app.__class__ = Guarded


def by_subclass_call(app):
    class Guarded(type(app)):
        def __call__(self, environ, start_response):
            return Guard(super().__call__)(environ, start_response)

    app.__class__ = Guarded


def by_mixin_call(app):
    class Mixin:
        def __call__(self, environ, start_response):
            return Guard(super().__call__)(environ, start_response)

    app.__class__ = type("Guarded", (Mixin, type(app)), {})


def by_patched_method(app):
    class Own(DualApp):
        pass

    original = Own.wsgi_app

    def patched(self, environ, start_response):
        return Guard(lambda *args: original(self, *args))(environ, start_response)

    Own.wsgi_app = patched
    app.__class__ = Own


def by_patched_call(app):
    """As tools that trace do it: the old function is kept and called inside."""

    class Own(DualApp):
        pass

    original = Own.__call__

    def patched(self, environ, start_response):
        return Guard(lambda *args: original(self, *args))(environ, start_response)

    Own.__call__ = patched
    app.__class__ = Own


def by_two_patches(app):
    by_patched_call(app)
    own, inner = type(app), type(app).__call__
    own.__call__ = lambda self, environ, start_response: inner(self, environ, start_response)


def by_callable_object(app):
    """A class attribute without ``__get__`` is called without self, as in Python."""

    class Own(DualApp):
        pass

    original = Own.__call__
    Own.__call__ = Guard(lambda *args: original(app, *args))
    app.__class__ = Own


def with_proxy_fix_outside(app):
    by_instance(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)


def with_proxy_fix_inside(app):
    app.wsgi_app = ProxyFix(app.wsgi_app)
    by_instance(app)


def with_proxy_fix_around_a_method(app):
    by_subclass_method(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)


def with_proxy_fix_around_a_patch(app):
    by_patched_method(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)


WAYS = [
    by_instance, by_subclass_method, by_subclass_call, by_mixin_call, by_patched_method,
    by_patched_call, by_two_patches, by_callable_object, with_proxy_fix_outside,
    with_proxy_fix_inside, with_proxy_fix_around_a_method, with_proxy_fix_around_a_patch,
]  # fmt: skip


@pytest.mark.parametrize("wrap", WAYS)
@pytest.mark.parametrize("path", ["/", "/async"])
async def test_a_wrapper_is_never_skipped_on_asgi(app, wrap, path):
    wrap(app)
    refused = await Connection(app, path).run()
    assert (refused.status, refused.text) == (401, "who are you?")
    sent = await Connection(app, path, headers=[(b"key", b"k")]).run()
    assert (sent.status, sent.header(b"x-guard")) == (200, b"passed")
    assert sent.text == ("sync for ann" if path == "/" else "async for ann")


@pytest.mark.parametrize("wrap", WAYS)
@pytest.mark.parametrize("path", ["/", "/async"])
def test_a_wrapper_is_never_skipped_on_wsgi(app, wrap, path):
    wrap(app)
    client = app.test_client(side="wsgi")
    assert client.get(path).status_code == 401
    answer = client.get(path, headers={"Key": "k"})
    assert (answer.status_code, answer.headers["X-Guard"]) == (200, "passed")


async def test_a_patch_that_is_taken_back_leaves_nothing(app, monkeypatch):
    def patched(self, environ, start_response):
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(DualApp, "__call__", patched)
    assert (await Connection(app).run()).text == "sync for None"
    assert workers_of(app).jobs_done == 1


# -- ProxyFix --------------------------------------------------------------------------------------

FORWARDED = [
    (b"host", b"inner"),
    (b"x-forwarded-for", b"203.0.113.7, 10.0.0.2"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"shop.test"),
    (b"x-forwarded-prefix", b"/shop"),
]


@pytest.mark.parametrize("hops", [1, 2, 3])
async def test_proxy_fix_is_applied_as_on_wsgi_without_a_hop(app, hops, caplog):
    async def tell():
        return [request.remote_addr, request.url, request.root_path]

    app.add_url_rule("/tell", "tell", tell)
    for _ in range(hops if hops < 3 else 1):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
    if hops == 3:
        app.wsgi_app.x_for = 3
    headers = {name.decode(): value.decode() for name, value in FORWARDED}
    expected = app.test_client(side="wsgi").get("/tell", headers=headers)
    sent = await Connection(
        app, "/tell", headers=FORWARDED, client=("10.0.0.1", 1), server=("localhost", 80)
    ).run()
    told = eval(sent.text, {"null": None})
    assert told[1:] == expected.json[1:]
    assert told[0] == ("10.0.0.1" if hops == 3 else "10.0.0.2")
    assert workers_of(app).threads == 0
    assert not caplog.records


async def test_proxy_fix_around_another_application_leads_to_that_one(app):
    other = DualApp("other", root_path=".")
    other.add_url_rule("/", "view", lambda: "the other one")
    app.wsgi_app = ProxyFix(other.wsgi_app)
    assert (await Connection(app).run()).text == "the other one"


# -- asgi_app --------------------------------------------------------------------------------------


async def test_an_asgi_wrapper_is_applied_on_asgi(app):
    inner = app.asgi_app
    seen = []

    async def middleware(scope, receive, send):
        seen.append(scope["type"])
        await inner({**scope, "path": "/async"}, receive, send)

    app.asgi_app = middleware
    assert (await Connection(app).run()).text == "async for None"
    assert seen == ["http"]


async def test_an_asgi_wrapper_stands_before_a_wsgi_wrapper(app):
    inner = app.asgi_app

    async def middleware(scope, receive, send):
        await inner({**scope, "headers": [(b"key", b"k")]}, receive, send)

    app.asgi_app = middleware
    app.wsgi_app = Guard(app.wsgi_app)
    assert (await Connection(app).run()).text == "sync for ann"


def test_an_asgi_wrapper_is_not_applied_on_wsgi_and_that_is_said_once(app, caplog):
    inner = app.asgi_app

    async def middleware(scope, receive, send):
        await inner(scope, receive, send)

    app.asgi_app = middleware
    client = app.test_client(side="wsgi")
    for _ in range(3):
        assert client.get("/").text == "sync for None"
    [record] = caplog.records
    assert "app.asgi_app" in record.getMessage()
