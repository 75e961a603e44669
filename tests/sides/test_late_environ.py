"""On ASGI the environ is made of the scope in two steps; nobody can tell but by the clock."""

from __future__ import annotations

import io
import json
from wsgiref.util import shift_path_info

import pytest
import werkzeug.wrappers

from dualapp import DualApp, Request, request
from dualapp.ctx import RequestContext
from dualapp.sides.environ import ScopeRest, environ_of
from dualapp.sides.headers import EarlyHeaders

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

    class Watched(ScopeRest):
        def put(self, environ):
            seen.append(look_of_another_thread())
            super().put(environ)

    def look_of_another_thread():
        request._head["dualapp.rest"] = ScopeRest(EarlyHeaders())
        return request.environ["wsgi.url_scheme"]

    @app.get("/path")
    async def view():
        request._head["dualapp.rest"] = Watched(EarlyHeaders())
        return request.environ["wsgi.url_scheme"]

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


@pytest.mark.parametrize("side", ["wsgi", "asgi"])
def test_the_path_stays_what_it_was_when_the_environ_is_handed_on(app, side):
    """Such as to another WSGI application, by a view that shifts the path for it."""
    seen = []
    app.testing = True
    app.after_request(lambda response: seen.append(request.path) or response)

    def view(rest):
        shift_path_info(request.environ)
        return request.environ["PATH_INFO"]

    app.add_url_rule("/mount/<rest>", "view", view)
    for _ in range(2):  # the first is matched in another way than those that know the route
        assert app.test_client(side=side).get("/mount/a").text == "/a"
        assert seen.pop() == "/mount/a"


# what is asked for by name is translated by itself


@pytest.fixture
def _nothing_learned(monkeypatch):
    monkeypatch.setattr(ScopeRest, "latest", ScopeRest(EarlyHeaders()))


ASKED = [
    ([(b"x-a", b"1")], "X-A", "1"),
    ([(b"x-a", b"1")], "x_a", "1"),
    ([(b"x-b", b"1")], "X-A", None),
    ([(b"x-a", b"1"), (b"x-b", b"2"), (b"x-a", b"3")], "X-A", "1,3"),
    ([(b"X-A", b"1"), (b"x-a", b"2")], "x-a", "1,2"),
    ([(b"x_a", b"spoof"), (b"x-a", b"1")], "X-A", "1"),
    ([(b"x_a", b"spoof")], "X-A", None),
    ([(b"x_a", b"spoof")], "X_A", None),
    ([(b"x-a", b"caf\xe9")], "X-A", "caf\xe9"),
    ([(b"x-acce\xdf", b"spoof")], "X-Access", None),
    ([(b"host", b"h"), (b"Host", b"i")], "Host", "h,i"),
    ([(b"cookie", b"a=1"), (b"x-a", b"2"), (b"cookie", b"b=2")], "Cookie", "a=1; b=2"),
    ([(b"Content-Type", b"text/x")], "Content-Type", "text/x"),
    ([(b"nt-type", b"x")], "Content-Type", None),
]


@pytest.mark.usefixtures("_nothing_learned")
@pytest.mark.parametrize("kind", [list, tuple, iter])
@pytest.mark.parametrize(("headers", "name", "value"), ASKED)
async def test_one_header_is_what_it_is_among_all(app, kind, headers, name, value):
    seen = []

    @app.get("/path")
    async def view():
        seen.append((request.headers.get(name), name in request.headers))
        seen.append((request.headers.get(name), name in request.headers))
        key = name.title().replace("_", "-")
        return dict(request.headers.items()).get(key, "none")

    for _ in range(3):
        scope = http_scope("/path", headers=kind(headers))
        assert (await Connection(app, scope).run()).text == (value or "none")
    assert set(seen) == {(value, value is not None)}


@pytest.mark.usefixtures("_nothing_learned")
async def test_headers_are_gone_through_as_they_came(app):
    sent = [(b"x-a", b"1"), (b"host", b"h.test"), (b"x-b", b"2"), (b"cookie", b"a=1")]

    @app.get("/path")
    async def view():
        request.headers.get("X-B")
        request.environ["HTTP_X_OWN"] = "3"
        del request.environ["HTTP_X_A"]
        return [*request.headers]

    for _ in range(2):
        answer = await Connection(app, http_scope("/path", headers=sent)).run()
        assert json.loads(answer.text) == [
            ["Host", "h.test"], ["X-B", "2"], ["Cookie", "a=1"], ["X-Own", "3"]
        ]  # fmt: skip


@pytest.mark.parametrize("side", ["wsgi", "asgi"])
def test_a_header_that_a_hook_sets_is_seen(app, side):
    @app.before_request
    def set_header():
        request.headers.get("X-Own")
        request.environ["HTTP_X_OWN"] = "set"

    app.add_url_rule("/path", "view", lambda: request.headers["X-Own"])
    for _ in range(2):
        assert app.test_client(side=side).get("/path").text == "set"
        sent = app.test_client(side=side).get("/path", headers={"X-Own": "sent"})
        assert sent.text == "set"


@pytest.mark.usefixtures("_nothing_learned")
async def test_names_that_clients_make_up_are_not_learned_without_end(app):
    @app.get("/path")
    async def view():
        return request.headers[request.args["name"]]

    for number in range(100):
        name = f"x-{number}"
        headers = [(b"host", b"h"), (name.encode(), b"1")]
        scope = http_scope("/path", query_string=f"name={name}".encode(), headers=headers)
        assert (await Connection(app, scope).run()).text == "1"
    assert len(ScopeRest.latest.early.keys) < 50


FIELDS = {
    "args": "ImmutableMultiDict([('q', '1')])",
    "remote_addr": "'10.0.0.1'",
    "root_path": "''",
    "path": "'/path'",
    "full_path": "'/path?q=1'",
    "scheme": "'https'",
    "server": "('h.test', 81)",
    "host_url": "'https://h.test/'",
}


@pytest.mark.parametrize("field", FIELDS)
async def test_fields_need_no_environ(app, field):
    @app.get("/path")
    async def view():
        value = repr(getattr(request, field))
        assert "dualapp.rest" in request._head
        request.environ  # noqa: B018
        again = Request(request.environ)
        assert repr(getattr(again, field)) == value
        return value

    answer = await Connection(app, http_scope("/path", **SCOPE)).run()
    assert (answer.status, answer.text) == (200, FIELDS[field])


@pytest.mark.parametrize("given", [{}, {"server": ["/run/app.sock", None]}, {"client": None}])
@pytest.mark.parametrize("field", ["server", "remote_addr", "scheme", "query_string"])
async def test_fields_are_what_the_environ_says(app, given, field):
    @app.get("/path")
    async def view():
        first = getattr(request, field)
        assert first == getattr(Request(request.environ), field)
        return "ok"

    assert (await Connection(app, http_scope("/path", **given)).run()).text == "ok"
