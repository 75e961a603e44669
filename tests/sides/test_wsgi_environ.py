"""W9, W10, W12, W14: how the WSGI side reads an environ, and how it leaves it."""

from __future__ import annotations

import gc
import weakref

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from dualapp import Blueprint, Response, g, redirect, request, session, url_for

from .asgi_recorder import Connection
from .wsgi_recorder import WSGIServer, environ_of


@pytest.mark.parametrize(
    ("path_info", "path"),
    [
        ("/caf\xc3\xa9", "/café"),
        ("/\xe6\xbc\xa2", "/漢"),
        ("/\xff", "/\ufffd"),
        ("/a\0b", "/a\0b"),
        ("/%41", "/%41"),
        ("/a b", "/a b"),
        ("/..", "/.."),
        ("/a;b?c", "/a;b?c"),
    ],
)
def test_w09_a_path_is_utf8_in_latin1(app, serve, path_info, path):
    @app.get("/<path:rest>")
    def view(rest):
        return {"path": request.path, "rest": f"/{rest}"}

    sent = serve(path_info)
    assert (sent.error, sent.code) == (None, 200)
    assert app.json.loads(sent.data) == {"path": path, "rest": path}


@pytest.mark.parametrize(
    ("query", "value"),
    [("q=%C3%A9", "é"), ("q=\xc3\xa9", "é"), ("q=%FF", "%FF"), ("q=%00", "\0"), ("q=%", "%")],
)
def test_w09_a_query_is_utf8_in_latin1(app, serve, query, value):
    app.add_url_rule("/", view_func=lambda: [request.args["q"]], endpoint="view")
    sent = serve("/", QUERY_STRING=query)
    assert (sent.error, sent.code) == (None, 200)
    assert app.json.loads(sent.data) == [value]


def test_w09_a_latin1_query_and_header_are_no_error(app, serve):
    @app.get("/")
    def view():
        return [request.args.get("q"), request.full_path, request.url, request.headers["X-A"]]

    sent = serve("/", QUERY_STRING="q=\xe9", HTTP_X_A="\xe9")
    assert (sent.error, sent.code) == (None, 200)
    assert app.json.loads(sent.data)[3] == "é"


@pytest.fixture
def mounted(app):
    """An application that tells where it is."""
    part = Blueprint("part", __name__, url_prefix="/part")

    @part.get("/there/")
    def there():
        return redirect(url_for("home"))

    @app.get("/")
    def home():
        session["a"] = 1
        return [request.root_path, request.path, url_for("part.there"), url_for("home")]

    app.register_blueprint(part)
    return app


@pytest.mark.parametrize("root", ["", "/app", "/a/b", "/caf\xc3\xa9"])
def test_w10_urls_and_redirects_keep_the_prefix(mounted, serve, root):
    shown = root.encode("latin-1").decode()
    quoted = shown.replace("é", "%C3%A9")
    home = serve("/", SCRIPT_NAME=root)
    assert mounted.json.loads(home.data) == [
        shown,
        "/",
        f"{shown}/part/there/",
        f"{shown}/",
    ]
    there = serve("/part/there/", SCRIPT_NAME=root)
    assert there.header("Location") == f"{quoted}/"
    slash = serve("/part/there", SCRIPT_NAME=root, QUERY_STRING="a=1")
    assert (slash.code, slash.header("Location")) == (
        308,
        f"http://localhost{quoted}/part/there/?a=1",
    )


def test_w10_an_empty_path_redirects_to_the_slash(mounted, serve):
    sent = serve("", SCRIPT_NAME="/app")
    assert (sent.code, sent.header("Location")) == (308, "http://localhost/app/")


def test_w10_an_absent_path_and_script_name(mounted, serve_bare):
    environ = environ_of()
    del environ["PATH_INFO"], environ["SCRIPT_NAME"]
    assert serve_bare.run(environ).code in (200, 308)


def test_w10_nested_mounts(mounted):
    middle = DispatcherMiddleware(not_found, {"/in": mounted})
    server = WSGIServer(DispatcherMiddleware(not_found, {"/out": middle}))
    assert mounted.json.loads(server("/out/in/").data)[0] == "/out/in"
    assert server("/out/in/part/there/").header("Location") == "/out/in/"
    assert server("/out/in").header("Location") == "http://localhost/out/in/"
    assert server("/out/inside").code == 404


def not_found(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b""]


def test_w12_the_same_environ_gives_the_same_answer_twice(app, serve_bare):
    @app.get("/")
    def view():
        g.seen = g.get("seen", 0) + 1
        session["seen"] = session.get("seen", 0) + 1
        return [request.path, request.args, request.headers.get("X-A"), g.seen, session["seen"]]

    environ = environ_of("/", QUERY_STRING="a=1", HTTP_X_A="b")
    before = dict(environ)
    first, second = serve_bare.run(environ), serve_bare.run(environ)
    assert first.data == second.data
    assert environ == before


@pytest.mark.parametrize("kind", ["text", "stream", "async", "error", "form", "close"])
def test_w12_the_environ_keeps_no_request(app, serve_bare, monkeypatch, kind):
    app.testing = False
    kept = []

    def stream():
        yield request.path

    async def asynchronous():
        return "x"

    def close():
        response = app.make_response("x")
        response.call_on_close(lambda: None)
        return response

    views = {"text": lambda: "x", "stream": stream, "error": lambda: 1 / 0, "close": close}
    views["form"] = lambda: request.form

    @app.route("/", methods=["GET", "POST"])
    def view():
        kept.append(weakref.ref(request._get_current_object()))
        return asynchronous() if kind == "async" else views[kind]()

    monkeypatch.setattr(app.logger, "disabled", True)  # a log record holds the request too
    environ = environ_of("/", "POST", b"")
    assert serve_bare.run(environ).error is None
    gc.collect()
    assert [reference() for reference in kept] == [None]
    assert environ == {**environ_of("/", "POST", b""), "wsgi.input": environ["wsgi.input"]}


class Untouchable:
    """A server's socket that must be left alone."""

    def __getattr__(self, name):
        raise AssertionError(f"the socket was asked for {name}")


HANDSHAKE = {
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "gunicorn.socket": Untouchable(),
    "werkzeug.socket": Untouchable(),
}


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "websocket, h2c"])
def test_w14_websocket_handshake_is_refused(app, serve, caplog, log, upgrade):
    app.add_url_rule("/", view_func=lambda: log.append("view") or "x", endpoint="view")
    sent = serve("/", **{**HANDSHAKE, "HTTP_UPGRADE": upgrade})
    assert (sent.error, sent.code, log) == (None, 426, [])
    assert "ASGI server" in sent.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_w14_websocket_handshake_for_a_mount(app, serve, caplog):
    server = WSGIServer(DispatcherMiddleware(not_found, {"/in": app}))
    assert server("/in/ws", **HANDSHAKE).code == 426
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/in": not_found})
    assert serve("/ws", **HANDSHAKE).code == 426


def test_w14_the_log_line_holds_no_control_characters(serve, caplog):
    assert serve("/\x1b[31m\nFAKE", **HANDSHAKE).code == 426
    assert caplog.records[0].getMessage().isprintable()


@pytest.mark.parametrize("upgrade", ["h2c", "TLS/1.0", ""])
def test_w14_another_upgrade_is_ignored(app, serve, upgrade):
    app.add_url_rule("/", view_func=lambda: "x", endpoint="view")
    sent = serve("/", HTTP_UPGRADE=upgrade, HTTP_CONNECTION="Upgrade")
    assert (sent.code, sent.data) == (200, b"x")


UPGRADE = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]


class Handed(Response):
    """A response after whose view the server's socket was used, as WebSocket extensions have it."""

    stops = False

    def __call__(self, environ, start_response):
        if self.stops:
            raise StopIteration
        return []


class Stopping(Handed):
    stops = True


@pytest.fixture
def socket_app(app, log):
    """An application with a WebSocket view of an extension's, and an ordinary one."""

    @app.get("/socket/<kind>", websocket=True)
    def socket(kind):
        log.append(f"socket {kind}")
        return Stopping() if kind == "stopping" else Handed()

    app.add_url_rule("/plain", view_func=lambda: "plain", endpoint="plain")
    app.teardown_request(lambda error: log.append(f"teardown {error}"))
    return app


def test_w14_an_extension_may_take_the_socket(socket_app, log):
    started = []
    environ = {**environ_of("/socket/x"), **HANDSHAKE}
    assert list(socket_app(environ, lambda *args: started.append(args))) == []
    assert (started, log) == ([], ["socket x", "teardown None"])


def test_w14_an_extension_may_tell_the_server_by_stopping(socket_app, log):
    with pytest.raises(StopIteration):
        socket_app({**environ_of("/socket/stopping"), **HANDSHAKE}, lambda *args: log.append(args))
    assert log == ["socket stopping", "teardown None"]


HANDED = iter(())


class Late(Response):
    """A response that starts with its first chunk, as a generator does."""

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"late"


class Known(Response):
    """A response that tells the server by an object of the server's own."""

    def __call__(self, environ, start_response):
        return HANDED


def test_w14_what_an_extension_gives_the_server_stays_the_same_object(app):
    app.add_url_rule("/", view_func=Known, endpoint="view", websocket=True)
    assert app({**environ_of("/"), **HANDSHAKE}, None) is HANDED


def test_w14_an_extension_may_answer_late(app, serve_bare):
    app.add_url_rule("/", view_func=Late, endpoint="view", websocket=True)
    sent = serve_bare("/", **HANDSHAKE)
    assert (sent.error, sent.code, sent.data) == (None, 200, b"late")


def test_w14_a_handed_over_request_is_freed_at_once(socket_app):
    kept = []
    socket_app.before_request(lambda: kept.append(weakref.ref(request._get_current_object())))
    gc.disable()
    try:
        with pytest.raises(StopIteration) as stopped:
            socket_app({**environ_of("/socket/stopping"), **HANDSHAKE}, None)
        del stopped
        assert [reference() for reference in kept] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["x", "stopping"])
async def test_w14_there_is_no_socket_to_take_on_asgi(socket_app, kind):
    """A server without WebSockets passes a handshake on as what it is, too: a request."""
    socket_app.testing = False
    assert (await Connection(socket_app, f"/socket/{kind}", headers=UPGRADE).run()).status == 500


@pytest.mark.parametrize("kind", ["x", "stopping"])
async def test_w14_nor_behind_a_wsgi_middleware_there(socket_app, log, caplog, kind):
    inner = socket_app.wsgi_app
    socket_app.wsgi_app = lambda *args: inner(*args)
    connection = await Connection(socket_app, f"/socket/{kind}", headers=UPGRADE).run()
    assert (connection.status, log) == (426, [])


@pytest.mark.parametrize(("path", "code"), [("/plain", 400), ("/none", 404)])
def test_w14_other_handshakes_are_errors_where_an_extension_takes_some(
    socket_app, serve, path, code
):
    assert serve("/plain").code == 200  # known to the router now
    assert serve(path, **HANDSHAKE).code == code


def test_w14_a_websocket_view_takes_nothing_else(socket_app, serve):
    assert serve("/socket/x").code == 400
