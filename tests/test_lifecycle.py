"""The order of what happens to a request, with callables of both colours mixed, on both sides."""

from __future__ import annotations

import functools
import http

import pytest
from markupsafe import Markup
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from dualapp import (
    Blueprint,
    Response,
    abort,
    after_this_request,
    g,
    jsonify,
    redirect,
    request,
    request_finished,
    request_started,
    request_tearing_down,
    session,
    stream_with_context,
)
from dualapp.sessions import SecureCookieSessionInterface

COLOURS = ["sync", "async"]

#: Where hooks are registered, from the outside in; two of each, to see their order.
INWARDS = [f"{owner} {number}" for owner in ("app", "outer", "inner") for number in (1, 2)]
OUTWARDS = INWARDS[::-1]

KINDS = [
    "open_session",
    "request_started",
    "url_value_preprocessor",
    "before_request",
    "view",
    "errorhandler",
    "after_this_request",
    "after_request",
    "save_session",
    "request_finished",
    "teardown_request",
    "request_tearing_down",
    "teardown_appcontext",
]
#: Which kinds are async: none, all, each of them alone, all but each of them.
MIXTURES = {
    "none": set(),
    "all": set(KINDS),
    **{f"only {kind}": {kind} for kind in KINDS},
    **{f"all but {kind}": {*KINDS} - {kind} for kind in KINDS},
}


def entries(kind, owners):
    return [f"{kind} {owner}" for owner in owners]


BEFORE_VIEW = [
    "open_session",
    "request_started",
    *entries("url_value_preprocessor", INWARDS),
    *entries("before_request", INWARDS),
]
AFTER_HOOKS = [*entries("after_request", OUTWARDS), "save_session", "request_finished"]
AFTER_VIEW = ["after_this_request 1", "after_this_request 2", *AFTER_HOOKS]
TEARDOWN = [
    *entries("teardown_request", OUTWARDS),
    "request_tearing_down",
    "teardown_appcontext 2",
    "teardown_appcontext 1",
]


class LoggingInterface(SecureCookieSessionInterface):
    """Sessions of an interface that is not the default one are opened when the request begins."""


class Instrumented:
    """An app, a blueprint and one nested in it, with every kind of hook; each writes to the log."""

    def __init__(self, app, paint, async_kinds):
        self.app = app
        self.paint = paint
        self.async_kinds = async_kinds
        self.log = []
        self.told = []  # what teardown functions were told
        self.fails = None
        self._register_on_app()
        outer = Blueprint("outer", __name__, url_prefix="/outer")
        inner = Blueprint("inner", __name__, url_prefix="/inner")
        for owner, scaffold in (("app", app), ("outer", outer), ("inner", inner)):
            for number in (1, 2):
                self._register_hooks(scaffold, f"{owner} {number}")
        inner.add_url_rule("/", "view", self.hook("view", "", self._view))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)

    def hook(self, kind, suffix, function):
        def hook(*args, **kwargs):
            self.log.append(f"{kind} {suffix}".strip())
            return function(*args, **kwargs)

        return self.paint(hook, "async" if kind in self.async_kinds else "sync")

    def _register_on_app(self):
        app, cookie = self.app, SecureCookieSessionInterface()
        app.session_interface = LoggingInterface()
        app.session_interface.open_session = self.hook("open_session", "", cookie.open_session)
        app.session_interface.save_session = self.hook("save_session", "", cookie.save_session)
        for number in (1, 2):
            app.teardown_appcontext(self.hook("teardown_appcontext", number, self.told.append))
        app.errorhandler(LookupError)(self.hook("errorhandler", "", lambda error: "handled"))
        app.add_url_rule("/plain", "plain", self.hook("view", "", lambda: "plain"))
        self.receivers = []  # signals hold them weakly
        for signal in (request_started, request_finished, request_tearing_down):
            kind = signal.name.replace("-", "_")
            self.receivers.append(self.hook(kind, "", lambda sender, **values: None))
            signal.connect(self.receivers[-1], app)

    def _register_hooks(self, scaffold, suffix):
        scaffold.url_value_preprocessor(
            self.hook("url_value_preprocessor", suffix, lambda endpoint, values: None)
        )
        scaffold.before_request(self.hook("before_request", suffix, lambda: None))
        scaffold.after_request(self.hook("after_request", suffix, lambda response: response))
        scaffold.teardown_request(self.hook("teardown_request", suffix, self.told.append))

    def _view(self):
        for number in (1, 2):
            after_this_request(self.hook("after_this_request", number, lambda response: response))
        if self.fails is not None:
            raise self.fails
        return "answer"


@pytest.fixture
def instrumented(app, paint):
    return functools.partial(Instrumented, app, paint)


@pytest.mark.parametrize("mixture", MIXTURES)
def test_order_of_a_request(instrumented, client, mixture):
    made = instrumented(MIXTURES[mixture])
    assert client.get("/outer/inner/").text == "answer"
    assert made.log == [*BEFORE_VIEW, "view", *AFTER_VIEW, *TEARDOWN]
    assert made.told == [None] * 8


@pytest.mark.parametrize("mixture", MIXTURES)
def test_order_when_a_handler_answers(instrumented, client, mixture):
    made = instrumented(MIXTURES[mixture])
    made.fails = KeyError("missing")
    assert client.get("/outer/inner/").text == "handled"
    assert made.log == [*BEFORE_VIEW, "view", "errorhandler", *AFTER_VIEW, *TEARDOWN]
    assert made.told == [None] * 8


@pytest.mark.parametrize("mixture", ["none", "all", "only view", "all but view"])
def test_order_when_nobody_handles_the_error(instrumented, client, mixture):
    made = instrumented(MIXTURES[mixture])
    made.app.config["PROPAGATE_EXCEPTIONS"] = False
    made.fails = ValueError("broken")
    assert client.get("/outer/inner/").status_code == 500
    assert made.log == [*BEFORE_VIEW, "view", *AFTER_VIEW, *TEARDOWN]
    assert made.told == [made.fails] * 8


@pytest.mark.parametrize("mixture", ["none", "all", "only view", "all but view"])
def test_order_when_the_error_reaches_the_server(instrumented, client, mixture):
    made = instrumented(MIXTURES[mixture])
    made.fails = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        client.get("/outer/inner/")
    assert made.log == [*BEFORE_VIEW, "view", *TEARDOWN]
    assert made.told == [made.fails] * 8


@pytest.mark.parametrize("mixture", ["none", "all"])
def test_requests_outside_a_blueprint_meet_only_the_apps_hooks(instrumented, client, mixture):
    made = instrumented(MIXTURES[mixture])
    for path, seen_by_view in (("/plain", ["view"]), ("/nowhere", [])):
        made.log.clear()
        client.get(path)
        assert made.log == [
            "open_session",
            "request_started",
            *entries("url_value_preprocessor", INWARDS[:2]),
            *entries("before_request", INWARDS[:2]),
            *seen_by_view,
            *entries("after_request", OUTWARDS[4:]),
            "save_session",
            "request_finished",
            *entries("teardown_request", OUTWARDS[4:]),
            *TEARDOWN[-3:],
        ]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("position", range(6))
def test_the_first_answer_of_before_request_skips_the_rest(
    instrumented, client, paint, colour, position
):
    made = instrumented(set(KINDS) if colour == "async" else set())
    scope = [None, "outer", "outer.inner"][position // 2]
    index = position % 2
    hooks = made.app.before_request_funcs[scope]
    hooks[index] = paint(lambda: (f"answered by {position}", 203), colour)
    response = client.get("/outer/inner/")
    assert (response.status_code, response.text) == (203, f"answered by {position}")
    ran = entries("before_request", INWARDS[:position])
    assert made.log == [*BEFORE_VIEW[:8], *ran, *AFTER_HOOKS, *TEARDOWN]


@pytest.mark.parametrize("falsy", ["", b"", {}, []])
def test_before_request_answers_with_anything_but_none(app, client, paint, falsy):
    app.before_request(paint(lambda: falsy))
    app.add_url_rule("/", "view", lambda: pytest.fail("the view was called"))
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("view", COLOURS)
@pytest.mark.parametrize("hook", COLOURS)
def test_preprocessors_change_the_views_arguments(app, client, paint, hook, view):
    app.url_value_preprocessor(paint(lambda endpoint, values: values.update(a=endpoint), hook))
    app.add_url_rule("/<b>", "endpoint", paint(lambda a, b: f"{a} {b}", view))
    assert client.get("/x").text == "endpoint x"


@pytest.mark.parametrize("view", COLOURS)
@pytest.mark.parametrize("hook", COLOURS)
def test_after_request_may_replace_the_response(app, client, paint, hook, view):
    app.after_request(paint(lambda response: Response(response.data + b" replaced"), hook))
    app.add_url_rule("/", "view", paint(lambda: "first", view))
    assert client.get("/").text == "first replaced"


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("code", [404, 405, 418])
def test_after_request_sees_http_errors(app, client, paint, colour, code):
    app.after_request(paint(lambda response: Response(str(response.status_code)), colour))
    app.add_url_rule("/418", "teapot", paint(lambda: abort(418), colour))
    app.add_url_rule("/405", "posted", methods=["POST"])
    assert client.get(f"/{code}").text == str(code)


@pytest.mark.parametrize("colour", COLOURS)
def test_after_request_changes_the_session_that_is_saved(app, client, paint, colour):
    def count(response):
        session["count"] = session.get("count", 0) + 1
        return response

    app.after_request(paint(count, colour))
    app.add_url_rule("/", "view", lambda: str(session.get("count")))
    assert [client.get("/").text for _ in range(3)] == ["None", "1", "2"]


@pytest.mark.parametrize("wrap", [lambda stream: stream, stream_with_context])
@pytest.mark.parametrize("kind", COLOURS)
def test_teardown_comes_once_after_the_stream(app, client, kind, wrap):
    log = []
    app.teardown_request(lambda error: log.append(f"teardown of {request.path}, {g.name}"))

    def make(number):
        log.append(number)
        return f"{number}{g.name} "

    def generate():
        for number in range(3):
            yield make(number)

    async def agenerate():
        for number in range(3):
            yield make(number)

    @app.get("/")
    def view():
        g.name = "x"
        return wrap(generate() if kind == "sync" else agenerate())

    assert client.get("/").text == "0x 1x 2x "
    assert log == [0, 1, 2, "teardown of /, x"]


# -- what becomes of return values -------------------------------------------------------------


async def _letters():
    yield "a"
    yield b"b"


class _Letters:
    def __aiter__(self):
        return _letters()


def _wsgi(environ, start_response):
    start_response("203 OK", [("X-From", environ["PATH_INFO"])])
    return [b"ws", b"gi"]


HTML = "text/html; charset=utf-8"
JSON = "application/json"
RETURNED = {
    # what is returned, status, content type, body
    "str": (lambda: "é", 200, HTML, "é"),
    "str subclass": (lambda: Markup("<b>"), 200, HTML, "<b>"),
    "bytes": (lambda: b"\xc3\xa9", 200, HTML, "é"),
    "bytearray": (lambda: bytearray(b"x"), 200, HTML, "x"),
    "empty": (lambda: "", 200, HTML, ""),
    "dict": (lambda: {"a": 1}, 200, JSON, '{"a":1}\n'),
    "list": (lambda: [1, 2], 200, JSON, "[1,2]\n"),
    "value, status": (lambda: ("x", 201), 201, HTML, "x"),
    "value, HTTPStatus": (lambda: ("x", http.HTTPStatus.CREATED), 201, HTML, "x"),
    "value, reason": (lambda: ("x", "299 Odd"), 299, HTML, "x"),
    "value, headers": (lambda: ("x", {"X-From": "/"}), 200, HTML, "x"),
    "value, pairs": (lambda: ("x", [("X-From", "/")]), 200, HTML, "x"),
    "value, Headers": (lambda: ("x", Headers({"X-From": "/"})), 200, HTML, "x"),
    "all three": (lambda: ("x", 201, {"Content-Type": "text/x"}), 201, "text/x", "x"),
    "dict, status": (lambda: ({"a": 1}, 201), 201, JSON, '{"a":1}\n'),
    "generator, status": (lambda: ((c for c in "ab"), 201), 201, HTML, "ab"),
    "async generator, all": (lambda: (_letters(), 201, {"X-From": "/"}), 201, HTML, "ab"),
    "response": (lambda: Response("x", 203, mimetype="text/plain"), 203, None, "x"),
    "response, status": (lambda: (Response("x", 203), 202), 202, HTML, "x"),
    "jsonify": (lambda: jsonify(a=1), 200, JSON, '{"a":1}\n'),
    "redirect": (lambda: redirect("/x", 303), 303, HTML, None),
    "werkzeug's response": (lambda: WerkzeugResponse("x", 203), 203, None, "x"),
    "http error": (lambda: NotFound("not here"), 404, HTML, None),
    "wsgi callable": (lambda: _wsgi, 203, None, "wsgi"),
    "generator": (lambda: (piece for piece in ("a", b"b")), 200, HTML, "ab"),
    "iterator": (lambda: iter(["a", b"b"]), 200, HTML, "ab"),
    "map": (lambda: map(str, range(3)), 200, HTML, "012"),
    "empty iterator": (lambda: iter(()), 200, HTML, ""),
    "async generator": (lambda: _letters(), 200, HTML, "ab"),
    "async iterable": (lambda: _Letters(), 200, HTML, "ab"),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("name", RETURNED)
def test_return_value(app, client, paint, colour, name):
    returned, status, content_type, body = RETURNED[name]
    app.add_url_rule("/", "view", paint(returned, colour))
    seen = []
    app.after_request(lambda response: seen.append(type(response)) or response)
    response = client.get("/")
    assert response.status_code == status
    assert content_type is None or response.content_type == content_type
    assert body is None or response.text == body
    assert response.headers.get("X-From", "/") == "/"
    assert seen == [Response]


@pytest.mark.parametrize("view", ["generator", "async generator"])
def test_the_view_itself_may_be_a_generator_function(app, client, view):
    def generate():
        yield request.path
        yield g.get("name", " none")

    async def agenerate():
        yield request.path
        yield g.get("name", " none")

    app.add_url_rule("/<path:_>", "view", generate if view == "generator" else agenerate)
    app.url_value_preprocessor(lambda endpoint, values: values.clear())
    assert client.get("/some/path").text == "/some/path none"


def test_a_plain_decorator_around_an_async_view(app, client, paint):
    """It makes a sync function that returns an awaitable; that is awaited wherever it appears."""

    def plain(function):
        @functools.wraps(function)
        def decorated(*args, **kwargs):
            return function(*args, **kwargs)

        return decorated

    log = []
    app.before_request(plain(paint(lambda: log.append("before"))))
    app.after_request(plain(paint(lambda response: log.append("after") or response)))
    app.teardown_request(plain(paint(lambda error: log.append("teardown"))))
    app.errorhandler(404)(plain(paint(lambda error: ("no such page", 404))))
    app.add_url_rule("/", "view", plain(paint(lambda: {"path": request.path})))
    assert client.get("/").json == {"path": "/"}
    assert client.get("/x").text == "no such page"
    assert log == ["before", "after", "teardown"] * 2


def test_an_awaitable_that_is_no_coroutine(app, client):
    class Later:
        def __await__(self):
            yield from ()
            return "later", 202

    app.add_url_rule("/", "view", Later)
    response = client.get("/")
    assert (response.status_code, response.text) == (202, "later")


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_after_this_request_inside_such_a_function(app, client, paint, colour):
    """What one of them registers is called too, in this very request."""

    def second(response):
        response.headers["Second"] = "2"
        return response

    def first(response):
        after_this_request(second)
        response.headers["First"] = "1"
        return response

    app.add_url_rule("/", "view", lambda: after_this_request(paint(first, colour)) and "")
    headers = client.get("/").headers
    assert (headers["First"], headers["Second"]) == ("1", "2")
