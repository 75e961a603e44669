"""On ASGI the environ is made of the scope in two steps; nobody can tell but by the clock."""

from __future__ import annotations

import io

import pytest
import werkzeug.wrappers

from dualapp import DualApp, Request, request
from dualapp.ctx import RequestContext
from dualapp.sides.environ import environ_of

from .asgi_recorder import Connection, body_events, http_scope

HEADERS = [(b"host", b"h.test"), (b"x-a", b"1"), (b"content-type", b"text/plain")]
SCOPE = {
    "headers": HEADERS,
    "query_string": b"q=1",
    "client": ["10.0.0.1", 7],
    "server": ["h.test", 81],
    "scheme": "https",
    "raw_path": b"/path",
}
#: What PEP 3333 asks for, and what clients and servers tell.
KEYS = {
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"),
    *("SERVER_PROTOCOL", "REMOTE_ADDR", "REMOTE_PORT", "HTTP_HOST", "HTTP_X_A", "CONTENT_TYPE"),
    *("wsgi.version", "wsgi.url_scheme", "wsgi.input", "wsgi.errors", "wsgi.multithread"),
    *("wsgi.multiprocess", "wsgi.run_once", "asgi.scope", "REQUEST_URI"),
}


@pytest.fixture
def app(app):
    app.testing = False
    return app


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("body", [None, b"body"])
async def test_it_is_whole_when_it_is_asked_for(app, paint, colour, body):
    seen = {}

    def view():
        request.environ["own"] = True
        seen.update(request.environ)
        assert request.environ is request._head
        assert request.get_data() == (body or b"")
        return ""

    app.add_url_rule("/path", view_func=paint(view, colour), methods=["GET", "POST"])
    headers = HEADERS if body is None else [*HEADERS, (b"content-length", b"4")]
    events = None if body is None else body_events(body)
    scope = http_scope("/path", "GET" if body is None else "POST", **{**SCOPE, "headers": headers})
    sent = await Connection(app, scope, events=events).run()
    assert sent.status == 200
    assert KEYS | {"own"} <= seen.keys()
    expected = environ_of(scope)
    for name in KEYS - {"wsgi.input"}:
        assert seen[name] == expected[name]
    assert not any(name.startswith("dualapp.rest") for name in seen)


@pytest.mark.parametrize("how", ["request_class", "subclass", "instance"])
async def test_who_makes_requests_in_a_way_of_his_own_gets_it_whole(how):
    seen = []

    class Own(Request):
        def __init__(self, environ, *args, **kwargs):
            seen.append(set(environ))
            super().__init__(environ, *args, **kwargs)

    def request_context(app, environ):
        seen.append(set(environ))
        return RequestContext(app, environ)

    own = {"request_class": Own} if how == "request_class" else {}
    if how == "subclass":
        own["request_context"] = request_context
    app = type("App", (DualApp,), own)("own", root_path=".")
    if how == "instance":
        app.request_context = lambda environ: request_context(app, environ)
    app.add_url_rule("/path", "view", lambda: "")
    assert (await Connection(app, http_scope("/path", **SCOPE)).run()).status == 200
    assert seen[0] >= KEYS


async def test_what_a_hook_puts_into_the_head_stays(app):
    @app.before_request
    def put():
        request._head["QUERY_STRING"] = "q=2"

    app.add_url_rule("/path", "view", lambda: request.args["q"])
    assert (await Connection(app, http_scope("/path", **SCOPE)).run()).text == "2"


def test_a_request_of_a_whole_environ_has_it_at_once():
    environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/x", "wsgi.input": io.BytesIO()}
    made = Request(environ)
    assert made.environ is made._head is environ
    assert (made.method, made.path, environ["werkzeug.request"]) == ("PUT", "/x", made)
    assert Request(environ, shallow=True).shallow


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("field", ["remote_addr", "url", "environ", "scheme", "query_string"])
async def test_headers_may_be_gone_through_while_others_are_read(app, paint, colour, field):
    def view():
        return str([(name, value, getattr(request, field)) for name, value in request.headers])

    app.add_url_rule("/path", view_func=paint(view, colour))
    assert (await Connection(app, http_scope("/path", **SCOPE)).run()).status == 200


async def test_a_part_is_never_taken_for_the_whole(app):
    """Another thread may look while the rest is put in."""
    seen = []

    @app.get("/path")
    async def view():
        head = request._head
        put_rest = head["dualapp.rest"]

        def look(environ):
            seen.append(Late_of_another_thread())
            put_rest(environ)

        def Late_of_another_thread():  # noqa: N802
            head["dualapp.rest"] = put_rest
            return request.environ["wsgi.url_scheme"]

        head["dualapp.rest"] = look
        return request.scheme

    assert (await Connection(app, http_scope("/path", **SCOPE)).run()).text == "https"
    assert seen == ["https"]


@pytest.mark.parametrize("side", ["wsgi", "asgi"])
def test_a_request_class_that_does_not_call_ours(app, side):
    class Own(Request):
        def __init__(self, environ, *args, **kwargs):
            werkzeug.wrappers.Request.__init__(self, environ, *args, **kwargs)

    app.request_class = Own
    app.add_url_rule("/path", "view", lambda: request.get_json()["a"], methods=["POST"])
    assert app.test_client(side=side).post("/path", json={"a": "b"}).text == "b"


@pytest.mark.parametrize("side", ["wsgi", "asgi"])
def test_an_environ_that_a_hook_replaces(app, side):
    @app.before_request
    def replace():
        new = {"wsgi.input": io.BytesIO(b"other"), "CONTENT_LENGTH": "5"}
        request.environ = {**request.environ, **new}

    app.add_url_rule("/path", "view", lambda: request.get_data(), methods=["POST"])
    assert app.test_client(side=side).post("/path", data=b"first!").text == "other"
