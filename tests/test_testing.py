"""The test client on both sides, and its async form."""

from __future__ import annotations

import asyncio
import gc
import io
import time
import weakref

import pytest
from werkzeug.test import EnvironBuilder as WerkzeugBuilder

from dualapp import (
    Request,
    current_app,
    g,
    jsonify,
    redirect,
    request,
    session,
    stream_with_context,
)
from dualapp.globals import request_ctx
from dualapp.sessions import SecureCookieSessionInterface
from dualapp.testing import EnvironBuilder, FlaskClient, asgi, side_counts

COLOURS = ["sync", "async"]


def scope_in(request):
    return "asgi" if "asgi.scope" in request.environ else "wsgi"


@pytest.fixture
def told(app):
    """An application that answers with the side it was reached on."""
    app.add_url_rule("/", "side", lambda: scope_in(request))
    return app


class TestSides:
    def test_the_argument_decides(self, told, side):
        client = told.test_client(side=side)
        assert client.side == side
        assert client.get("/").text == side

    def test_else_the_environment_does(self, told, monkeypatch, side):
        monkeypatch.setenv("DUALAPP_TEST_SIDE", side)
        assert told.test_client().get("/").text == side
        assert told.test_client(side="asgi").get("/").text == "asgi"

    def test_else_wsgi(self, told, monkeypatch):
        monkeypatch.delenv("DUALAPP_TEST_SIDE", raising=False)
        assert told.test_client().get("/").text == "wsgi"

    def test_another_side_is_refused(self, app, monkeypatch):
        with pytest.raises(ValueError, match=r"'rsgi'.*side='wsgi' or side='asgi'"):
            app.test_client(side="rsgi")
        monkeypatch.setenv("DUALAPP_TEST_SIDE", "cgi")
        with pytest.raises(ValueError, match=r"'cgi'.*DUALAPP_TEST_SIDE"):
            app.test_client()

    def test_requests_are_counted(self, told, side):
        before = side_counts()
        FlaskClient(told, told.response_class, side=side).get("/")
        after = side_counts()
        assert {s: after[s] - before[s] for s in after} == {**dict.fromkeys(after, 0), side: 1}

    @pytest.mark.parametrize("colour", COLOURS)
    async def test_inside_a_running_loop(self, app, client, paint, colour):
        app.before_request(paint(lambda: setattr(g, "name", "hook")))
        app.add_url_rule("/", "view", paint(lambda: g.name, colour))
        assert client.get("/").text == "hook"

    @pytest.mark.parametrize("inner", COLOURS)
    @pytest.mark.parametrize("outer", COLOURS)
    def test_inside_a_request(self, app, client, side, paint, outer, inner):
        """The context around it is there again afterwards."""

        def view():
            text = app.test_client(side=side).get("/inner").text
            return f"{text} in {request.path}"

        app.add_url_rule("/outer", "outer", paint(view, outer))
        app.add_url_rule("/inner", "inner", paint(lambda: request.path, inner))
        assert client.get("/outer").text == "/inner in /outer"


class TestWithBlock:
    """``with client:`` keeps the context of the last request."""

    @pytest.mark.parametrize("colour", COLOURS)
    def test_the_context_is_kept(self, app, client, paint, colour):
        def view():
            g.name = session["name"] = request.args["name"]
            return ""

        app.add_url_rule("/", "view", paint(view, colour))
        with client:
            for name in "a", "b":
                client.get(f"/?name={name}")
                assert (request.args["name"], g.name, session["name"]) == (name, name, name)
                assert current_app == app
        assert not request

    def test_the_end_of_the_block_is_torn_down_too(self, app, client, paint):
        """As in Flask: what the test itself opened meanwhile, such as a database session."""
        log = []
        app.teardown_request(paint(lambda error: log.append("request")))
        app.teardown_appcontext(lambda error: log.append("app"))
        app.add_url_rule("/", "view", lambda: "")
        with client:
            client.get("/")
            assert log == ["request", "app"]
            log.clear()
        assert log == ["request", "app"]

    def test_after_an_error(self, app, client):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.add_url_rule("/", "view", lambda: 1 / 0)
        with client:
            assert client.get("/").status_code == 500
            assert request.path == "/"
            client.get("/nowhere")
            assert request.path == "/nowhere"

    def test_after_an_error_that_was_raised(self, app, client):
        app.add_url_rule("/", "view", lambda: 1 / 0)
        with client:
            with pytest.raises(ZeroDivisionError):
                client.get("/")
            client.get("/nowhere")
            assert request.path == "/nowhere"
        assert not request

    def test_without_it_no_context_is_left(self, told, client):
        client.get("/")
        assert not request

    def test_not_twice(self, client):
        with client, pytest.raises(RuntimeError, match="already"), client:
            pass

    def test_redirects_keep_the_last(self, app, client):
        app.add_url_rule("/", "first", lambda: redirect("/last"))
        app.add_url_rule("/last", "last", lambda: "last")
        with client:
            assert client.get("/", follow_redirects=True).text == "last"
            assert request.path == "/last"

    def test_the_body_that_was_sent(self, app, client):
        app.add_url_rule("/", "view", lambda: "", methods=["POST"])
        with client:
            client.post("/", json={"a": 1})
            assert request.json == {"a": 1}
            client.post("/", data={"b": "2"})
            assert request.form["b"] == "2"


class TestSessionTransaction:
    def test_it_is_read_and_written(self, app, client):
        app.add_url_rule("/", "view", lambda: dict(session))
        with client.session_transaction() as changed:
            changed["a"] = 1
        assert client.get("/").json == {"a": 1}
        with client.session_transaction() as changed:
            assert changed["a"] == 1
            changed["b"] = [2]
        assert client.get("/").json == {"a": 1, "b": [2]}

    def test_an_async_interface(self, app, client):
        class Own(SecureCookieSessionInterface):
            async def open_session(self, app, request):
                return super().open_session(app, request)

            async def save_session(self, app, session, response):
                super().save_session(app, session, response)

        app.session_interface = Own()
        self.test_it_is_read_and_written(app, client)

    async def test_inside_a_running_loop(self, app, client):
        self.test_an_async_interface(app, client)

    def test_teardown_functions_do_not_disturb(self, app, client):
        log = []
        app.teardown_request(lambda error: log.append(error))
        with client.session_transaction() as changed:
            changed["a"] = 1
        assert set(log) <= {None}

    def test_an_error_in_the_block_saves_nothing(self, app, client):
        app.add_url_rule("/", "view", lambda: dict(session))
        with pytest.raises(ZeroDivisionError), client.session_transaction() as changed:
            changed["a"] = 1 / 0
        assert client.get("/").json == {}

    def test_errors(self, app, side):
        with (
            pytest.raises(TypeError, match="use_cookies=True"),
            app.test_client(use_cookies=False, side=side).session_transaction(),
        ):
            pass
        app.secret_key = None
        with (
            pytest.raises(RuntimeError, match="SECRET_KEY"),
            app.test_client(side=side).session_transaction(),
        ):
            pass


class TestRequests:
    @pytest.fixture
    def echo(self, app):
        """Answer with what arrived."""

        @app.route("/", methods=["GET", "POST", "PUT"])
        def echo():
            return jsonify(
                method=request.method,
                url=request.url,
                body=request.get_data(as_text=True),
                cookies=request.cookies,
                agent=request.user_agent.string,
                address=request.remote_addr,
                header=request.headers.get("X-Header"),
            )

        return app

    def test_defaults(self, echo, client):
        seen = client.get("/").json
        assert seen["url"] == "http://localhost/"
        assert seen["address"] == "127.0.0.1"
        assert seen["agent"].startswith("Werkzeug/")

    def test_all_forms_of_open(self, echo, client):
        def build():
            return EnvironBuilder(echo, "/?a=1", method="PUT", data="body")

        werkzeugs = WerkzeugBuilder("/?a=1", method="PUT", data="body")
        for given in (build(), werkzeugs, build().get_environ(), Request(build().get_environ())):
            seen = client.open(given).json
            assert (seen["method"], seen["url"]) == ("PUT", "http://localhost/?a=1")
            assert (seen["body"], seen["address"]) == ("body", "127.0.0.1")

    def test_environ_base_and_headers(self, echo, client):
        client.environ_base["HTTP_X_HEADER"] = "base"
        assert client.get("/").json["header"] == "base"
        assert client.get("/", headers={"X-Header": "own"}).json["header"] == "own"
        base = {"REMOTE_ADDR": "192.0.2.1"}
        assert client.get("/", environ_base=base).json["address"] == "192.0.2.1"

    def test_urls(self, echo, client):
        echo.config.update(SERVER_NAME="example.com", PREFERRED_URL_SCHEME="https")
        assert client.get("/").json["url"] == "https://example.com/"
        assert client.get("/", subdomain="a").json["url"] == "https://a.example.com/"
        assert client.get("http://b.test/?c=ü").json["url"] == "http://b.test/?c=ü"
        assert client.get("/", base_url="http://d.test:81").json["url"] == "http://d.test:81/"

    def test_cookies(self, app, side):
        app.add_url_rule(
            "/set/<name>", "set", lambda name: ("", {"Set-Cookie": f"{name}=1; Path=/"})
        )
        app.add_url_rule("/get", "get", lambda: request.cookies)
        client = app.test_client(side=side)
        client.get("/set/a")
        client.set_cookie("b", "2")
        client.set_cookie("c", "3", domain="other.test")
        assert client.get("/get").json == {"a": "1", "b": "2"}
        assert client.get("/get", base_url="http://other.test").json == {"c": "3"}
        client.delete_cookie("a")
        assert client.get("/get").json == {"b": "2"}
        without = app.test_client(use_cookies=False, side=side)
        without.get("/set/a")
        assert without.get("/get").json == {}

    @pytest.mark.parametrize(
        ("code", "method", "body"),
        [
            (302, "GET", ""),
            (303, "GET", ""),
            (307, "POST", "the body"),
            (308, "POST", "the body"),
        ],
    )
    def test_redirects(self, echo, client, code, method, body):
        echo.add_url_rule("/from", "from", lambda: redirect("/", code), methods=["POST"])
        response = client.post("/from", data="the body")
        assert response.status_code == code
        followed = client.post("/from", data="the body", follow_redirects=True)
        assert (followed.json["method"], followed.json["body"]) == (method, body)
        assert [past.status_code for past in followed.history] == [code]

    def test_files_and_forms(self, app, client):
        @app.post("/")
        def view():
            upload = request.files["file"]
            return f"{request.form['a']} {upload.filename} {upload.read().decode()}"

        data = {"a": "1", "file": (io.BytesIO(b"content"), "name.txt")}
        assert client.post("/", data=data).text == "1 name.txt content"

    def test_errors_of_the_view(self, app, client):
        app.add_url_rule("/", "view", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            client.get("/")

    def test_json_of_the_response_is_read_by_the_provider(self, app, client):
        app.json.loads = lambda text, **options: "own"
        app.add_url_rule("/", "view", dict)
        assert client.get("/").json == "own"


@pytest.fixture(params=COLOURS)
def endless(request, app):
    """A stream without an end, and the log of what it and the teardown did."""
    log = []

    def stream():
        try:
            for number in range(100_000):
                time.sleep(0.001)
                yield f"{number} "
        finally:
            log.append("closed")

    async def astream():
        try:
            for number in range(100_000):
                await asyncio.sleep(0.001)
                yield f"{number} "
        finally:
            log.append("closed")

    app.add_url_rule(
        "/", "view", lambda: stream_with_context(stream() if request.param == "sync" else astream())
    )
    app.teardown_request(lambda error: log.append(error))
    return log


class TestStreams:
    def test_closed_early(self, app, side, endless):
        client = FlaskClient(app, app.response_class, side=side)
        response = client.get("/")
        chunks = response.iter_encoded()
        assert [next(chunks), next(chunks)] == [b"0 ", b"1 "]
        assert endless == []
        response.close()
        assert endless == ["closed", None]

    def test_closed_before_it_was_read(self, app, side, endless):
        FlaskClient(app, app.response_class, side=side).get("/").close()
        assert endless == ["closed", None]


class TestAsync:
    @pytest.fixture
    def aclient(self, app, side):
        return app.async_test_client(side=side)

    async def test_methods(self, app, aclient, side):
        app.add_url_rule(
            "/", "view", lambda: request.method, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
        )
        for method in ("get", "post", "put", "patch", "delete"):
            assert (await getattr(aclient, method)("/")).text == method.upper()
        assert (await aclient.head("/")).status_code == 200
        assert "PATCH" in (await aclient.options("/")).headers["Allow"]
        assert (aclient.side, aclient.application) == (side, app)

    async def test_asgi_runs_on_the_loop_of_the_test(self, app, aclient, side):
        event = asyncio.Event()

        @app.get("/")
        async def view():
            if side == "asgi":
                await asyncio.wait_for(event.wait(), 5)
            return str(asyncio.get_running_loop() is loop)

        loop = asyncio.get_running_loop()
        loop.call_later(0.01, event.set)
        assert (await aclient.get("/")).text == str(side == "asgi")

    async def test_requests_at_the_same_time(self, app, aclient):
        @app.get("/<name>")
        async def view(name):
            g.name = name
            await asyncio.sleep(0.01)
            return f"{g.name} {request.path}"

        names = [str(number) for number in range(10)]
        answers = await asyncio.gather(*(aclient.get(f"/{name}") for name in names))
        assert [answer.text for answer in answers] == [f"{name} /{name}" for name in names]

    async def test_with_block_session_and_cookies(self, app, aclient):
        app.add_url_rule("/", "view", lambda: dict(session))
        with aclient.session_transaction() as changed:
            changed["a"] = 1
        async with aclient:
            assert (await aclient.get("/")).json == {"a": 1}
            assert (request.path, session["a"]) == ("/", 1)
        assert not request
        aclient.set_cookie("session", "bad")
        assert (await aclient.get("/")).json == {}
        aclient.delete_cookie("session")
        assert aclient.get_cookie("session") is None

    async def test_redirects_and_errors(self, app, aclient):
        app.add_url_rule("/", "first", lambda: redirect("/last", 307), methods=["POST"])
        app.add_url_rule("/last", "last", lambda: request.data, methods=["POST"])
        app.add_url_rule("/broken", "broken", lambda: 1 / 0)
        followed = await aclient.post("/", data="body", follow_redirects=True)
        assert followed.text == "body"
        with pytest.raises(ZeroDivisionError):
            await aclient.get("/broken")


class TestStrictServer:
    """The client's ASGI server refuses what a server would stumble over."""

    @pytest.mark.parametrize(
        ("events", "error"),
        [
            ([], "before its response was complete"),
            ([{"type": "http.response.body"}], "was sent when the response was 'new'"),
            ([{"type": "http.response.start", "status": "200", "headers": []}], "status"),
            ([{"type": "http.response.start", "status": 200, "headers": [("a", "b")]}], "bytes"),
            ([{"type": "http.response.start", "status": 200, "headers": [(b"A", b"")]}], "lower"),
            ([{"type": "http.unknown"}], "Unknown event"),
        ],
    )
    def test_refused(self, app, events, error):
        async def broken(scope, receive, send):
            for event in events:
                await send(event)

        app.asgi_app = broken
        with pytest.raises((RuntimeError, TypeError, ValueError), match=error):
            app.test_client(side="asgi").get("/")

    def test_the_scope_says_what_the_environ_says(self, app):
        environ = EnvironBuilder(app, "/ü/%2f?q=1", headers={"X-A": "b"}).get_environ()
        scope = asgi.scope_of(environ)
        assert scope["path"] == "/ü//"
        assert scope["raw_path"].endswith(b"/%2f")
        assert scope["query_string"] == b"q=1"
        assert (b"x-a", b"b") in scope["headers"]


def test_a_preserved_context_is_freed_with_its_block(app, side):
    @app.get("/")
    async def view():
        return "x"

    gc.collect()
    gc.disable()
    try:
        with app.test_client(side=side) as client:
            client.get("/")
            left = weakref.ref(request_ctx._get_current_object())
        assert left() is None
    finally:
        gc.enable()
