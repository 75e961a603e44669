"""Application and request contexts, by hand and by requests, in threads and in event loops."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import io
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.local import LocalProxy

import dualapp
from dualapp import (
    DualApp,
    Request,
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    url_for,
)
from dualapp.ctx import AppContext, RequestContext
from dualapp.globals import _cv_app, _cv_request, app_ctx, request_ctx

COLOURS = ["sync", "async"]


def in_thread(function, *args):
    """Call in a new thread, without this one's context; give the result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results[0]


@pytest.fixture
def log(app, paint):
    """What teardown functions, one of each colour and kind, were told."""
    log = []
    for kind in ("request", "appcontext"):
        for colour in COLOURS:
            tear_down = paint(lambda error, kind=kind: log.append((kind, error)), colour)
            getattr(app, f"teardown_{kind}")(tear_down)
    return log


class TestWithoutAContext:
    @pytest.mark.parametrize("name", ["current_app", "g", "app_ctx"])
    def test_application_proxies(self, name):
        proxy = getattr(dualapp.globals, name)
        assert not proxy
        assert repr(proxy) == "<LocalProxy unbound>"
        for access in (lambda: proxy.name, lambda: setattr(proxy, "name", 1)):
            with pytest.raises(
                RuntimeError, match=r"outside of application context[\s\S]*app_context"
            ):
                access()

    @pytest.mark.parametrize("name", ["request", "session", "request_ctx"])
    def test_request_proxies(self, app, name):
        proxy = getattr(dualapp.globals, name)
        with app.app_context():
            assert not proxy
            assert repr(proxy) == "<LocalProxy unbound>"
            for access in (lambda: proxy.name, lambda: setattr(proxy, "name", 1)):
                with pytest.raises(
                    RuntimeError, match=r"outside of request context[\s\S]*test_request_context"
                ):
                    access()

    @pytest.mark.parametrize("name", ["current_app", "g", "app_ctx", "request", "request_ctx"])
    def test_a_proxy_reads_and_writes_the_object_itself(self, app, name):
        proxy = getattr(dualapp.globals, name)
        with app.test_request_context():
            meant = proxy._get_current_object()
            assert proxy.__class__ is type(meant)
            assert proxy.__doc__ == meant.__doc__
            assert issubclass(type(proxy), LocalProxy)
            assert (proxy == meant, repr(proxy)) == (True, repr(meant))
            assert proxy.__dict__ is vars(meant)
            proxy.own = 1
            assert (meant.own, proxy.own) == (1, 1)
            del proxy.own
            with pytest.raises(AttributeError, match="own"):
                proxy.own  # noqa: B018

    def test_an_error_of_a_property_is_told_as_it_is(self, app):
        class Own(Request):
            @property
            def lost(self):
                return {}["lost"]

        app.request_class = Own
        with app.test_request_context(), pytest.raises(KeyError, match="lost"):
            request.lost  # noqa: B018

    @pytest.mark.parametrize("function", [after_this_request, copy_current_request_context])
    def test_functions_that_need_a_request(self, function):
        with pytest.raises(RuntimeError, match=function.__name__):
            function(lambda response: response)

    @pytest.mark.parametrize(
        "method", ["full_dispatch_request", "preprocess_request", "dispatch_request"]
    )
    def test_steps_that_need_a_request(self, app, method):
        with app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
            getattr(app, method)()

    def test_has_context(self, app):
        assert (has_app_context(), has_request_context()) == (False, False)
        with app.app_context():
            assert (has_app_context(), has_request_context()) == (True, False)
        with app.test_request_context():
            assert (has_app_context(), has_request_context()) == (True, True)
        assert (has_app_context(), has_request_context()) == (False, False)


class TestG:
    def test_attributes(self, app):
        with app.app_context():
            g.a = 1
            assert ("a" in g, "b" in g, list(g)) == (True, False, ["a"])
            assert (g.get("a"), g.get("b"), g.get("b", 2)) == (1, None, 2)
            assert (g.setdefault("a", 3), g.setdefault("c", 3)) == (1, 3)
            assert (g.pop("c"), g.pop("c", 4)) == (3, 4)
            del g.a
            for access in (lambda: g.a, lambda: g.__delattr__("a")):
                with pytest.raises(AttributeError, match="a"):
                    access()
            with pytest.raises(KeyError):
                g.pop("a")
            assert repr(g) == "<flask.g of 'dualapp_tests'>"

    def test_class_may_be_replaced(self, app):
        class Own(app.app_ctx_globals_class):
            def greet(self):
                return "hello"

        app.app_ctx_globals_class = Own
        with app.app_context():
            assert g.greet() == "hello"


class TestNesting:
    def test_an_application_context_within_another_has_its_own_g(self, app):
        with app.app_context():
            g.name = "outer"
            with app.app_context():
                assert "name" not in g
            assert g.name == "outer"

    def test_a_request_context_shares_g_with_the_context_of_its_app(self, app, log):
        with app.app_context() as outer:
            g.name = "outer"
            with app.test_request_context():
                assert g.name == "outer"
                assert app_ctx._get_current_object() is outer
                g.inner = "set in the request"
            assert g.inner == "set in the request"
            assert log == [("request", None)] * 2
        assert log == [("request", None)] * 2 + [("appcontext", None)] * 2

    def test_a_request_context_of_another_app_does_not(self, app, log):
        other = DualApp("other", root_path=app.root_path)
        with other.app_context():
            g.name = "other"
            with app.test_request_context():
                assert current_app == app
                assert "name" not in g
            assert len(log) == 4
            assert current_app == other

    @pytest.mark.parametrize("colour", COLOURS)
    def test_a_clients_request_within_an_app_context_shares_g(
        self, app, client, paint, log, colour
    ):
        app.add_url_rule("/", "view", paint(lambda: g.name, colour))
        with app.app_context():
            g.name = "outer"
            assert client.get("/").text == "outer"
            assert log == [("request", None)] * 2
        assert len(log) == 4

    def test_an_application_context_within_a_request_keeps_the_request(self, app):
        with app.test_request_context("/path"):
            g.name = "request"
            with app.app_context():
                assert "name" not in g
                assert request.path == "/path"
            assert g.name == "request"

    def test_a_request_context_within_another_one(self, app):
        with app.test_request_context("/outer"):
            session["who"] = "outer"
            with app.test_request_context("/inner"):
                assert request.path == "/inner"
                assert "who" not in session
            assert request.path == "/outer"
            assert session["who"] == "outer"

    @pytest.mark.parametrize("make", [DualApp.app_context, DualApp.test_request_context])
    def test_the_last_of_several_pops_ends_it(self, app, log, make):
        ctx = make(app)
        with ctx:
            g.name = "first push"
            with ctx:
                assert g.name == "first push"
            assert log == []
            assert current_app == app
        assert {kind for kind, _ in log} >= {"appcontext"}
        assert not current_app

    @pytest.mark.parametrize("make", [DualApp.app_context, DualApp.test_request_context])
    def test_pops_in_the_wrong_order(self, app, make):
        outer, inner = make(app), make(app)
        outer.push()
        inner.push()
        with pytest.raises(AssertionError, match=r"wrong context[\s\S]*reverse order"):
            outer.pop()
        inner.pop()
        outer.pop()
        with pytest.raises(AssertionError, match="wrong context"):
            outer.pop()

    def test_each_push_can_be_told_apart(self, app):
        """Extensions keep things per context, by a weak reference."""
        contexts = [app.test_request_context() for _ in range(2)]
        seen = []
        for ctx in contexts:
            with ctx:
                seen.append(weakref.ref(request_ctx._get_current_object()))
        assert [reference() for reference in seen] == contexts


class TestTeardown:
    @pytest.mark.parametrize("make", [DualApp.app_context, DualApp.test_request_context])
    def test_is_told_of_the_error_in_a_with_block(self, app, log, make):
        error = ValueError("in the block")
        with pytest.raises(ValueError, match="in the block"), make(app):
            raise error
        assert {told for _, told in log} == {error}
        assert log[-1] == ("appcontext", error)

    def test_is_not_told_of_an_error_that_was_handled(self, app, log):
        try:
            raise ValueError("handled")
        except ValueError:
            with app.app_context():
                pass
        assert log == [("appcontext", None)] * 2

    def test_pop_within_except_tells_of_the_error(self, app, log):
        ctx = app.app_context()
        ctx.push()
        try:
            raise ValueError("being handled")
        except ValueError:
            ctx.pop()
        assert [str(error) for _, error in log] == ["being handled"] * 2

    def test_all_run_even_if_one_raises(self, app, log, paint):
        def fail(error):
            raise ValueError("in teardown")

        app.teardown_request(paint(fail))
        app.teardown_appcontext(fail)
        with pytest.raises(ExceptionGroup) as caught, app.test_request_context():
            pass
        assert [str(error) for error in caught.value.exceptions] == ["in teardown"] * 2
        assert len(log) == 4
        assert not current_app

    def test_uploaded_files_are_closed(self, app, client):
        files = []
        app.add_url_rule(
            "/", "view", lambda: files.append(request.files["f"]) or "", methods=["POST"]
        )
        client.post("/", data={"f": (io.BytesIO(b"x"), "f.txt")})
        assert files[0].closed


class TestByHand:
    def test_the_url_is_matched(self, app):
        app.add_url_rule("/<int:number>", "view")
        with app.test_request_context("/5?a=b"):
            assert (request.endpoint, request.view_args) == ("view", {"number": 5})
            assert request.args["a"] == "b"
        with app.test_request_context("/x"):
            assert request.endpoint is None
            assert request.routing_exception.code == 404

    def test_the_session_is_there_at_once(self, app):
        client = app.test_client()
        with client.session_transaction() as stored:
            stored["a"] = 1
        cookie = client.get_cookie("session").value
        with app.test_request_context(headers={"Cookie": f"session={cookie}"}):
            assert session["a"] == 1

    def test_copy_has_the_same_request_and_session(self, app):
        with app.test_request_context("/path"):
            session["a"] = 1
            g.name = "original"
            other = request_ctx.copy()
            assert (other.request, other.session) == (request, session)
        with other:
            assert (request.path, session["a"]) == ("/path", 1)
            assert "name" not in g

    def test_an_environ_of_ones_own(self, app):
        ctx = app.request_context({"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "HTTP_HOST": "h",
                                   "SERVER_NAME": "h", "SERVER_PORT": "80",
                                   "wsgi.url_scheme": "http"})  # fmt: skip
        with ctx:
            assert request.url == "http://h/x"
        assert isinstance(ctx, RequestContext)
        assert isinstance(ctx, AppContext)

    def test_current_variables_read_like_contextvars(self, app):
        assert (_cv_app.get(None), _cv_request.get(None)) == (None, None)
        with pytest.raises(LookupError):
            _cv_app.get()
        with app.test_request_context() as ctx:
            assert (_cv_app.get(), _cv_request.get()) == (ctx, ctx)

    def test_url_for_in_an_app_context(self, app):
        app.add_url_rule("/page", "page")
        with app.app_context(), pytest.raises(RuntimeError, match="SERVER_NAME"):
            url_for("page")
        app.config.update(SERVER_NAME="example.com", PREFERRED_URL_SCHEME="https")
        with app.app_context():
            assert url_for("page") == "https://example.com/page"


class TestElsewhere:
    """In other threads, tasks and event loops."""

    @pytest.mark.parametrize("colour", COLOURS)
    def test_copy_current_request_context_in_a_thread(self, app, client, paint, colour):
        def view():
            session["name"] = "s"

            @copy_current_request_context
            def work(argument):
                return f"{request.path} {session['name']} {argument}"

            return in_thread(work, "argument")

        app.add_url_rule("/path", "view", paint(view, colour))
        assert client.get("/path").text == "/path s argument"

    @pytest.mark.parametrize("colour", COLOURS)
    def test_a_copy_writes_to_the_session_of_the_request(self, app, client, paint, colour):
        def view(**values):
            in_thread(copy_current_request_context(lambda: session.update(name="thread")))
            return {"session": dict(session), "values": request.view_args}

        app.url_value_preprocessor(lambda endpoint, values: values.pop("lang"))
        app.add_url_rule("/<lang>/<page>", "view", paint(view, colour))
        response = client.get("/de/x")
        assert response.json == {"session": {"name": "thread"}, "values": {"page": "x"}}
        assert "Set-Cookie" in response.headers

    def test_calls_of_a_copy_at_the_same_time(self, app, client):
        @app.get("/")
        def view():
            together = threading.Barrier(3, timeout=5)

            @copy_current_request_context
            def work(number):
                g.number = number
                together.wait()
                return g.number, request.path

            with ThreadPoolExecutor(3) as executor:
                return list(executor.map(work, range(3)))

        assert client.get("/").json == [[number, "/"] for number in range(3)]

    def test_copy_current_request_context_after_the_request(self, app, client):
        made = []

        @app.get("/path")
        def view():
            made.append(copy_current_request_context(lambda: request.path))
            return ""

        client.get("/path")
        assert in_thread(made[0]) == "/path"
        assert in_thread(made[0]) == "/path"

    @pytest.mark.parametrize("colour", COLOURS)
    def test_copy_current_request_context_of_an_async_function(self, app, client, paint, colour):
        def view():
            @copy_current_request_context
            async def work():
                await asyncio.sleep(0)
                return request.path

            return in_thread(lambda: asyncio.run(work()))

        app.add_url_rule("/path", "view", paint(view, colour))
        assert client.get("/path").text == "/path"

    def test_another_thread_has_no_context(self, app, client):
        app.add_url_rule("/", "view", lambda: str(in_thread(has_app_context)))
        assert client.get("/").text == "False"

    def test_tasks_of_a_view_have_its_context(self, app, client):
        @app.get("/<name>")
        async def view(name):
            g.name = name

            async def work():
                await asyncio.sleep(0)
                g.seen = request.path
                return g.name

            results = await asyncio.gather(work(), asyncio.create_task(work()))
            return {"results": results, "seen": g.seen}

        assert client.get("/x").json == {"results": ["x", "x"], "seen": "/x"}

    async def test_with_blocks_in_a_running_loop(self, app, log):
        async def inner():
            await asyncio.sleep(0)
            return request.path

        with app.test_request_context("/path"):
            assert await inner() == "/path"
            assert await asyncio.create_task(inner()) == "/path"
        assert log == [("request", None)] * 2 + [("appcontext", None)] * 2

    async def test_an_async_session_in_a_running_loop(self, app, paint):
        app.session_interface = type(app.session_interface)()
        app.session_interface.open_session = paint(lambda app, request: {"opened": request.path})
        with app.test_request_context("/path"):
            assert session["opened"] == "/path"

    async def test_tasks_with_contexts_of_their_own(self, app):
        async def work(path):
            with app.test_request_context(path):
                await asyncio.sleep(0.001)
                return request.path

        paths = [f"/{number}" for number in range(20)]
        assert await asyncio.gather(*map(work, paths)) == paths
        assert not request

    def test_a_variable_set_in_one_hook_is_seen_by_the_others(self, app, client, paint):
        variable = contextvars.ContextVar("variable", default="unset")
        tokens, seen = [], []
        app.before_request(paint(lambda: tokens.append(variable.set("set"))))
        app.add_url_rule("/", "view", lambda: variable.get())
        app.after_request(paint(lambda response: seen.append(variable.get()) or response))
        app.teardown_request(lambda error: variable.reset(tokens.pop()))
        app.teardown_appcontext(paint(lambda error: seen.append(variable.get())))
        for _ in range(2):
            assert client.get("/").text == "set"
            assert seen == ["set", "unset"]
            seen.clear()
        assert variable.get() == "unset"


@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_is_left_in_memory(app, client, paint, colour):
    contexts = []
    app.before_request(lambda: contexts.append(weakref.ref(request_ctx._get_current_object())))
    app.add_url_rule("/", "view", paint(lambda: "x", colour))
    for _ in range(3):
        client.get("/")
    gc.collect()
    assert [reference() for reference in contexts][:2] == [None, None]
