"""How servers look at the application before they call it, and how they call it."""

from __future__ import annotations

import abc
import asyncio
import copy
import functools
import gc
import inspect
import logging
import pickle
import weakref

import pytest
from asgiref.compatibility import guarantee_single_callable, is_double_callable

import dualapp
from dualapp import DualApp, current_app
from dualapp.sides import entry

from .asgi_recorder import Connection, http_scope
from .wsgi_recorder import WSGIServer, environ_of


@pytest.fixture
def app(app):
    app.add_url_rule("/", "view", lambda: "x")
    return app


@pytest.fixture
def own_class():
    """A class of its own, so that what is patched onto it is gone with the test."""
    return type("Own", (DualApp,), {})


# -- as servers look -------------------------------------------------------------------------------


def test_it_is_not_taken_for_a_factory(app):
    """uvicorn calls it with nothing; a TypeError of the call itself says that it is none."""
    with pytest.raises(TypeError) as raised:
        app()
    assert str(raised.traceback[-1].path) == __file__


def test_it_is_taken_for_asgi_3(app):
    # uvicorn.config, Config.load; hypercorn.utils, is_asgi
    assert not inspect.isclass(app)
    assert not inspect.isfunction(app)
    assert inspect.iscoroutinefunction(app.__call__)
    assert asyncio.iscoroutinefunction(app.__call__)
    # asgiref and daphne
    assert app._asgi_single_callable
    assert not is_double_callable(app)
    assert guarantee_single_callable(app) is app


def test_it_is_still_a_plain_callable_for_wsgi(app):
    assert callable(app)
    assert not inspect.iscoroutinefunction(app)
    assert not inspect.iscoroutinefunction(type(app).__call__)


def test_two_arguments_are_wsgi(app):
    assert WSGIServer(app)("/").text == "x"


async def test_three_arguments_are_asgi(app):
    assert (await Connection(app).run()).text == "x"


async def test_keywords_are_asgi_as_daphne_has_them(app):
    connection = Connection(app)
    connection.app = lambda scope, receive, send: app(scope=scope, receive=receive, send=send)
    assert (await connection.run()).text == "x"


def test_a_call_may_be_made_before_its_loop_runs(app):
    async def receive():
        return {"type": "http.disconnect"}

    async def send(event):
        sent.append(event["type"])

    sent = []
    asyncio.run(app(http_scope(), receive, send))
    assert sent == ["http.response.start", "http.response.body"]


async def test_the_attribute_that_detectors_read_can_be_called(app):
    assert (await Connection(app.__call__).run()).text == "x"


async def test_a_bound_class_call_can_be_used_as_both(app):
    call = functools.partial(type(app).__call__, app)
    assert (await Connection(call).run()).text == "x"
    assert WSGIServer(call)("/").text == "x"


async def test_rsgi_is_told_what_to_do(app):
    sent = []

    class Protocol:
        def response_str(self, status, headers, body):
            sent.append((status, dict(headers), body))

    await app.__rsgi__(None, Protocol())
    [(status, headers, body)] = sent
    assert status == 500
    assert headers["content-type"].startswith("text/plain")
    assert "--interface asgi" in body
    assert "--interface wsgi" in body


async def test_a_factory_in_a_subclass_works_alike():
    class App(DualApp, abc.ABC):
        def __init__(self):
            super().__init__("app", root_path=".")
            self.add_url_rule("/", "view", lambda: "sub")

    assert inspect.iscoroutinefunction(App().__call__)
    assert (await Connection(App()).run()).text == "sub"
    assert WSGIServer(App())("/").text == "sub"


def test_a_proxy_stays_an_instance_when_a_subclass_is_made(app):
    class Own(DualApp):
        pass

    with app.app_context():
        assert isinstance(current_app, DualApp)
        assert not isinstance(current_app, Own)


# -- its life --------------------------------------------------------------------------------------


@pytest.mark.parametrize("used", ["not at all", "wsgi", "asgi", "async", "wrapped", "error"])
def test_it_is_freed_as_soon_as_nobody_uses_it(used, monkeypatch):
    monkeypatch.setattr(logging.getLogger("app"), "disabled", True)
    gc.collect()
    gc.disable()
    try:
        app = DualApp("app", root_path=".")
        ref = weakref.ref(app)
        use(app, used)
        del app
        assert ref() is None
    finally:
        gc.enable()


def use(app, how):
    def view():
        if how == "error":
            raise KeyError
        return "x"

    async def async_view():
        return "x"

    app.add_url_rule("/", "view", async_view if how == "async" else view)
    if how == "wsgi":
        assert WSGIServer(app)("/").code == 200
    elif how == "wrapped":
        inner = weakref.WeakMethod(app.wsgi_app)
        app.wsgi_app = lambda *args: inner()(*args)
    if how not in ("not at all", "wsgi"):
        with asyncio.Runner() as runner:
            sent = runner.run(Connection(app).run())
            assert sent.status == (500 if how == "error" else 200)


def test_a_call_after_its_end_says_so():
    app = DualApp("app", root_path=".")
    call = app.__call__
    del app
    with pytest.raises(AssertionError):
        asyncio.run(call(http_scope(), None, None))


def test_its_class_can_be_pickled_and_copied():
    assert pickle.loads(pickle.dumps(DualApp)) is DualApp
    assert copy.copy(DualApp) is DualApp


# -- what is patched onto the class ----------------------------------------------------------------


def count_calls(cls):
    """Patch ``__call__`` as tools that trace do it; give the calls."""
    calls = []
    original = cls.__call__

    def patched(self, environ, start_response):
        calls.append(environ["PATH_INFO"])
        return original(self, environ, start_response)

    cls.__call__ = patched
    return calls


async def test_a_patched_call_sees_wsgi_calls_and_no_asgi_ones(own_class):
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    calls = count_calls(own_class)
    assert WSGIServer(app)("/").text == "x"
    assert calls == ["/"]
    assert (await Connection(app).run()).text == "x"
    assert calls == ["/", "/"]  # as the WSGI callable that it is
    assert inspect.iscoroutinefunction(app.__call__)
    with pytest.raises(TypeError):
        app()


def test_patches_nest(own_class):
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    first, second = count_calls(own_class), count_calls(own_class)
    assert WSGIServer(app)("/").text == "x"
    assert (first, second) == (["/"], ["/"])


@pytest.mark.parametrize("way", ["delete", "set back"])
def test_a_patch_can_be_taken_back(own_class, way):
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    original = own_class.__call__
    calls = count_calls(own_class)
    if way == "delete":
        del own_class.__call__
    else:
        own_class.__call__ = original
    assert own_class.__call__ is original is entry.own_call
    assert WSGIServer(app)("/").text == "x"
    assert calls == []


def test_the_same_environ_may_be_used_twice_with_a_patch(own_class):
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    calls = count_calls(own_class)
    environ = environ_of()
    for _ in range(2):
        assert WSGIServer(app).run(environ).text == "x"
    assert calls == ["/", "/"]


def test_a_patch_keeps_what_marks_it(own_class):
    """Tools look at such marks so as not to patch twice."""

    def patched(self, environ, start_response):
        """Traced."""

    patched.is_traced = True
    own_class.__call__ = patched
    assert own_class.__call__.is_traced
    assert own_class.__call__.__wrapped__ is patched
    assert own_class.__call__.__doc__ == "Traced."


def test_a_patch_of_a_base_class_holds_for_its_subclasses(own_class):
    class Sub(own_class):
        pass

    app = Sub("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    calls = count_calls(own_class)
    assert WSGIServer(app)("/").text == "x"
    assert calls == ["/"]


async def test_a_lazy_patch_does_not_go_round_in_circles(own_class):
    original = own_class.__call__

    def patched(self, environ, start_response):
        yield from original(self, environ, start_response)

    own_class.__call__ = patched
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    assert WSGIServer(app, validate=False)("/").chunks == [b"x"]
    assert (await Connection(app).run()).text == "x"


@pytest.mark.parametrize("name", ["dispatch_request", "wsgi_app", "full_dispatch_request"])
async def test_methods_that_are_patched_after_requests_are_seen(own_class, name):
    app = own_class("app", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    await Connection(app).run()
    original, calls = getattr(own_class, name), []

    def patched(self, *args):
        calls.append(name)
        return original(self, *args)

    setattr(own_class, name, patched)
    assert WSGIServer(app)("/").text == "x"
    assert (await Connection(app).run()).text == "x"
    assert calls == [name, name]


async def other_asgi_app(*args):
    send = args[-1]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"other"})


async def test_the_asgi_app_of_another_application_may_be_put_in_place(app):
    other = DualApp("other", root_path=".")
    other.add_url_rule("/", "view", lambda: "other")
    app.asgi_app = other.asgi_app
    assert (await Connection(app).run()).text == "other"
    del app.asgi_app
    assert (await Connection(app).run()).text == "x"


async def test_asgi_app_may_be_a_property_that_needs_what_comes_later():
    class Own(DualApp):
        def __init__(self):
            super().__init__("own", root_path=".")
            self.is_other = False

        @property
        def asgi_app(self):
            return other_asgi_app if self.is_other else super().asgi_app

    app = Own()
    app.add_url_rule("/", "view", lambda: "x")
    assert (await Connection(app).run()).text == "x"
    app.is_other = True
    assert (await Connection(app).run()).text == "other"


async def test_an_asgi_app_patched_onto_a_foreign_base_class_is_seen():
    base = type("Base", (), {})
    app = type("Own", (base, DualApp), {})("own", root_path=".")
    app.add_url_rule("/", "view", lambda: "x")
    assert (await Connection(app).run()).text == "x"
    base.asgi_app = other_asgi_app
    assert (await Connection(app).run()).text == "other"


def test_the_entry_is_the_public_class():
    assert dualapp.Flask is dualapp.DualApp
    assert issubclass(DualApp, entry.ServerEntry)
