"""What others replace on the application is honoured: class attributes, and each public step."""

from __future__ import annotations

import functools
from uuid import UUID

import pytest
import werkzeug.wrappers
from werkzeug.exceptions import Aborter, Forbidden
from werkzeug.routing import Map, Rule

import dualapp
from dualapp import (
    Config,
    DualApp,
    Request,
    Response,
    abort,
    current_app,
    g,
    make_response,
    request,
    session,
)
from dualapp.core import returns
from dualapp.ctx import RequestContext
from dualapp.json.provider import DefaultJSONProvider
from dualapp.sessions import SecureCookieSession, SecureCookieSessionInterface
from dualapp.testing import FlaskClient, FlaskCliRunner

COLOURS = ["sync", "async"]


class TestClasses:
    """Each class that the application makes something of may be replaced in a subclass."""

    @pytest.fixture
    def make(self, app, side):
        """Make an application with attributes of its own, and its client."""

        def make(**attributes):
            made = type("Own", (DualApp,), attributes)("own", root_path=app.root_path)
            made.config.update(TESTING=True, SECRET_KEY="key")
            return made, made.test_client(side=side)

        return make

    def test_request_class(self, make):
        class Own(Request):
            @property
            def shouted(self):
                return self.path.upper()

        app, client = make(request_class=Own)
        app.add_url_rule("/path", "view", lambda: request.shouted)
        assert client.get("/path").text == "/PATH"

    @pytest.mark.parametrize("returned", ["x", b"x", {}, iter("x"), Response("x"), ("x", 201)])
    def test_response_class(self, make, returned):
        class Own(Response):
            default_mimetype = "text/plain"

        app, client = make(response_class=Own)
        seen = []
        app.after_request(lambda response: seen.append(type(response)) or response)
        app.add_url_rule("/", "view", lambda: returned)
        assert client.get("/").status_code in (200, 201)
        assert client.options("/").status_code == 200
        assert client.get("/nowhere").status_code == 404
        assert seen == [Own] * 3

    def test_a_response_that_calls_itself_otherwise(self, make, side):
        class Own(Response):
            def __call__(self, environ, start_response):
                start_response("299 Own", [("X-Own", environ["PATH_INFO"])])
                return [b"own"]

        app, client = make(response_class=Own)
        app.add_url_rule("/path", "view", lambda: "x")
        response = client.get("/path")
        assert (response.status_code, response.headers["X-Own"]) == (299, "/path")
        assert response.text == "own"

    @pytest.mark.parametrize("late", [False, True])
    def test_json_provider(self, make, late):
        class Own(DefaultJSONProvider):
            compact = False

            @staticmethod
            def default(value):
                return f"own {DefaultJSONProvider.default(value)}"

            def loads(self, text, **options):
                return {"own": super().loads(text, **options)}

        app, client = make(**{} if late else {"json_provider_class": Own})
        if late:
            app.json = Own(app)

        app.add_url_rule(
            "/", "view", lambda: {"a": UUID(int=0), "b": request.json}, methods=["PUT"]
        )
        answered = client.put("/", json={"c": 1})
        assert '"a": "own 00000000-0000-0000-0000-000000000000"' in answered.text
        assert answered.json["own"]["b"] == {"own": {"c": 1}}

    @pytest.mark.parametrize("late", [False, True])
    def test_session_interface(self, make, late):
        class Own(SecureCookieSessionInterface):
            def get_cookie_name(self, app):
                return "own"

        app, client = make(**{} if late else {"session_interface": Own()})
        app.add_url_rule("/", "view", lambda: session.update(a=1) or "")
        if late:
            client.get("/")
            app.session_interface = Own()
        client.get("/")
        assert client.get_cookie("own") is not None

    @pytest.mark.parametrize("colour", COLOURS)
    def test_a_session_interface_patched_on_the_instance(self, make, paint, colour):
        """Its methods are called for each request, also where the session is not used."""
        log = []

        def open_session(app, request):
            log.append("open")
            return SecureCookieSession({"from": "patch"})

        interface = SecureCookieSessionInterface()
        interface.open_session = paint(open_session, colour)
        interface.save_session = paint(lambda *args: log.append("save"), colour)
        app, client = make(session_interface=interface)
        app.add_url_rule("/", "view", lambda: dict(session))
        assert client.get("/").json == {"from": "patch"}
        client.get("/nowhere")
        assert log == ["open", "save"] * 2

    def test_others(self, make):
        class OwnMap(Map):
            pass

        class OwnRule(Rule):
            pass

        class OwnConfig(Config):
            pass

        class OwnAborter(Aborter):
            def __call__(self, code, *args, **values):
                super().__call__(403 if code == "own" else code, *args, **values)

        class OwnClient(FlaskClient):
            pass

        class OwnRunner(FlaskCliRunner):
            pass

        app, client = make(
            url_map_class=OwnMap,
            url_rule_class=OwnRule,
            config_class=OwnConfig,
            aborter_class=OwnAborter,
            test_client_class=OwnClient,
            test_cli_runner_class=OwnRunner,
            jinja_options={"variable_start_string": "<<", "variable_end_string": ">>"},
        )
        app.add_url_rule("/", "view", lambda: abort("own"))
        app.add_url_rule("/t", "t", lambda: dualapp.render_template_string("<< 1 + 1 >>"))
        assert (type(app.url_map), type(app.config)) == (OwnMap, OwnConfig)
        assert {type(rule) for rule in app.url_map.iter_rules()} == {OwnRule}
        assert (type(client), type(app.test_cli_runner())) == (OwnClient, OwnRunner)
        assert client.get("/").status_code == Forbidden.code
        assert client.get("/t").text == "2"

    def test_the_matching_of_a_request_context(self, make):
        class Own(RequestContext):
            def match_request(self):
                super().match_request()
                self.g.endpoint = self.request.endpoint

        app, client = make(request_context=lambda app, environ: Own(app, environ))
        app.add_url_rule("/", "view", lambda: g.endpoint)
        assert client.get("/").text == "view"

    def test_the_environ_and_extensions(self, app, client):
        @app.get("/")
        def view():
            request.environ["seen"] = True
            return f"{request.environ['HTTP_X_HEADER']} {current_app.extensions['e']}"

        app.extensions["e"] = "extension"
        assert client.get("/", headers={"X-Header": "header"}).text == "header extension"


STEPS = [
    "full_dispatch_request",
    "preprocess_request",
    "dispatch_request",
    "make_response",
    "finalize_request",
    "process_response",
    "handle_user_exception",
    "handle_http_exception",
    "handle_exception",
    "do_teardown_request",
    "do_teardown_appcontext",
]
EXPECTED = {
    "/fine": [
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "finalize_request",
        "make_response",
        "process_response",
        "do_teardown_request",
        "do_teardown_appcontext",
    ],
    "/nowhere": [
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "handle_user_exception",
        "handle_http_exception",
        "finalize_request",
        "make_response",
        "process_response",
        "do_teardown_request",
        "do_teardown_appcontext",
    ],
    "/broken": [
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "handle_user_exception",
        "handle_exception",
        "finalize_request",
        "make_response",
        "process_response",
        "do_teardown_request",
        "do_teardown_appcontext",
    ],
}


def logging_step(name, colour, log):
    """Make a method that notes its call and does what the original does."""
    original = getattr(DualApp, name)
    if colour == "sync":

        def step(self, *args, **values):
            log.append(name)
            return original(self, *args, **values)

    else:

        async def step(self, *args, **values):
            log.append(name)
            answer = original(self, *args, **values)
            return await answer if hasattr(answer, "__await__") else answer

    return step


def replace(app, how, name, step, monkeypatch):
    if how == "subclass":
        app.__class__ = type("Own", (type(app),), {name: step})
    elif how == "patched class":
        monkeypatch.setattr(DualApp, name, step)
    else:
        setattr(app, name, functools.partial(step, app))


HOWS = ["subclass", "patched class", "instance"]


@pytest.fixture
def answering(app, paint):
    """An app that answers, well and with errors, and has hooks of both colours."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.before_request(paint(lambda: None))
    app.after_request(paint(lambda response: response))
    app.teardown_request(paint(lambda error: None))

    def broken():
        raise ValueError

    app.add_url_rule("/fine", "fine", lambda: "fine")
    app.add_url_rule("/async", "async", paint(lambda: "fine"))
    app.add_url_rule("/broken", "broken", broken)
    return app


class TestSteps:
    @pytest.mark.parametrize("after_first_request", [False, True])
    @pytest.mark.parametrize("colour", COLOURS)
    @pytest.mark.parametrize("how", HOWS)
    def test_all_at_once(self, answering, client, monkeypatch, how, colour, after_first_request):
        if after_first_request:
            assert client.get("/fine").text == "fine"
        log = []
        for name in STEPS:
            replace(answering, how, name, logging_step(name, colour, log), monkeypatch)
        for path, expected in EXPECTED.items():
            log.clear()
            client.get(path)
            assert log == expected
        log.clear()
        assert client.get("/async").text == "fine"
        assert log == EXPECTED["/fine"]

    @pytest.mark.parametrize("path", ["/fine", "/async"])
    @pytest.mark.parametrize("colour", COLOURS)
    @pytest.mark.parametrize("name", STEPS)
    def test_each_alone(self, answering, client, monkeypatch, name, colour, path):
        log = []
        replace(answering, "subclass", name, logging_step(name, colour, log), monkeypatch)
        assert client.get(path).text == "fine"
        assert log == [name] * (name in EXPECTED["/fine"])

    @pytest.mark.parametrize("how", HOWS)
    def test_undone(self, answering, client, how):
        log = []
        with pytest.MonkeyPatch.context() as patch:
            step = logging_step("preprocess_request", "sync", log)
            if how == "instance":
                patch.setattr(answering, "preprocess_request", step.__get__(answering))
            else:
                patch.setattr(DualApp, "preprocess_request", step)
            client.get("/fine")
            assert len(log) == 1
        client.get("/fine")
        assert len(log) == 1

    @pytest.mark.parametrize("colour", COLOURS)
    def test_what_a_step_returns_counts(self, app, client, paint, colour):
        app.add_url_rule("/", "view", lambda: "view")
        app.dispatch_request = paint(lambda: "dispatched", colour)
        assert client.get("/").text == "dispatched"
        app.make_response = paint(lambda value: Response(f"{value}, made"), colour)
        assert client.get("/").text == "dispatched, made"
        app.preprocess_request = paint(lambda: "preprocessed", colour)
        assert client.get("/").text == "preprocessed, made"
        app.full_dispatch_request = paint(lambda: Response("all at once"), colour)
        assert client.get("/").text == "all at once"

    @pytest.mark.parametrize("colour", COLOURS)
    def test_error_steps(self, app, client, paint, colour):
        app.handle_user_exception = paint(lambda error: f"user {error!r}", colour)
        assert client.get("/nowhere").text.startswith("user <NotFound")
        del app.handle_user_exception
        app.handle_http_exception = paint(lambda error: f"http {error.code}", colour)
        assert client.get("/nowhere").text == "http 404"

        def fail():
            raise ValueError("broken")

        app.before_request_funcs[None].append(fail)
        app.handle_exception = paint(lambda error: Response(f"all {error}"), colour)
        assert client.get("/").text == "all broken"

    def test_a_view_called_by_an_overridden_dispatch(self, answering, client):
        """A sync override gets the value of a sync view, wherever it runs."""

        def dispatch(self):
            return f"<{DualApp.dispatch_request(self)}>"

        answering.__class__ = type("Own", (DualApp,), {"dispatch_request": dispatch})
        assert client.get("/fine").text == "<fine>"
        assert client.get("/async").text == "<fine>"

    def test_raise_routing_exception(self, app, client):
        def instead(request):
            raise Forbidden(request.path)

        app.raise_routing_exception = instead
        assert client.get("/nowhere").status_code == 403

    @pytest.mark.parametrize("name", ["trap_http_exception", "should_ignore_error"])
    def test_questions(self, app, client, name):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        told = []
        app.teardown_request(told.append)
        setattr(app, name, lambda error: True)
        if name == "trap_http_exception":
            assert client.get("/nowhere").status_code == 500
            assert [type(error).__name__ for error in told] == ["NotFound"]
        else:
            app.before_request(lambda: abort(Response(1 / 0)))
            assert client.get("/").status_code == 500
            assert told == [None]


class TestByHand:
    """The steps as methods that one calls oneself."""

    @pytest.mark.parametrize("colour", COLOURS)
    def test_steps_in_a_test_request_context(self, app, paint, colour):
        app.before_request(paint(lambda: setattr(g, "name", "before"), colour))
        app.after_request(paint(lambda response: Response(response.data + b"!"), colour))
        app.errorhandler(404)(paint(lambda error: ("handled", 404), colour))
        app.add_url_rule("/", "view", paint(lambda: g.name, colour))
        with app.test_request_context("/"):
            assert app.preprocess_request() is None
            assert app.dispatch_request() == "before"
            assert app.process_response(app.make_response("x")).data == b"x!"
            assert app.full_dispatch_request().data == b"before!"
        with app.test_request_context("/nowhere"):
            assert app.full_dispatch_request().data == b"handled!"

    async def test_steps_in_a_running_loop(self, app, paint):
        """Where something awaitable was met, one awaits; otherwise the result is there."""
        app.add_url_rule("/sync", "sync", lambda: "sync")
        app.add_url_rule("/async", "async", paint(lambda: "async"))
        with app.test_request_context("/sync"):
            assert app.full_dispatch_request().data == b"sync"
        with app.test_request_context("/async"):
            assert (await app.full_dispatch_request()).data == b"async"

    @pytest.mark.parametrize(
        ("args", "status", "body"),
        [
            ((), 200, ""),
            (("x",), 200, "x"),
            (("x", 201), 201, "x"),
            (("x", 201, {"A": "b"}), 201, "x"),
            (({"a": 1},), 200, '{"a":1}\n'),
            ((Response("x", 203),), 203, "x"),
        ],
    )
    def test_make_response(self, app, args, status, body):
        with app.test_request_context():
            response = make_response(*args)
        assert type(response) is Response
        assert (response.status_code, response.get_data(as_text=True)) == (status, body)

    def test_test_request_context(self, app):
        app.config.update(SERVER_NAME="example.com", APPLICATION_ROOT="/below")
        with app.test_request_context(
            "/path?a=1", method="POST", json={"b": 2}, subdomain="sub", url_scheme="https"
        ):
            assert request.url == "https://sub.example.com/below/path?a=1"
            assert (request.method, request.json) == ("POST", {"b": 2})
        with app.test_request_context("http://other.test/x"):
            assert (request.host, request.path) == ("other.test", "/x")
        with pytest.raises(ValueError, match="'base_url'"):
            app.test_request_context("/", base_url="http://x", subdomain="y")


class TestWerkzeugsOwnClasses:
    """What is patched onto a class wins, also when requests were answered before it."""

    @pytest.fixture
    def client(self, app, side):
        app.add_url_rule("/", view_func=lambda: "x")
        client = app.test_client(side=side)
        assert client.get("/").text == "x"
        return client

    @pytest.mark.parametrize("cls", [Response, werkzeug.wrappers.Response])
    def test_how_a_response_is_sent(self, client, monkeypatch, cls):
        monkeypatch.setattr(cls, "get_app_iter", lambda response, environ: [b"patched"])
        assert client.get("/").text == "patched"

    @pytest.mark.parametrize("cls", [Response, werkzeug.wrappers.Response])
    def test_how_a_response_is_made(self, client, monkeypatch, cls):
        monkeypatch.setattr(
            cls, "set_data", lambda response, data: setattr(response, "response", [b"y"])
        )
        assert client.get("/").text == "y"

    def test_how_a_response_is_made_while_one_is_looked_at(self, client, app, monkeypatch):
        class Own(Response):
            pass

        def made_template(*args):
            template = _made_template(*args)
            Own.default_mimetype = "text/plain"  # as another thread may just now
            return template

        _made_template = returns._made_template
        monkeypatch.setattr(returns, "_made_template", made_template)
        app.response_class = Own
        client.get("/")
        assert client.get("/").mimetype == "text/plain"

    def test_the_end_of_a_request(self, client, monkeypatch):
        closed = []
        monkeypatch.setattr(werkzeug.wrappers.Request, "close", lambda request: closed.append(1))
        client.get("/")
        assert len(closed) == 1

    def test_how_a_session_is_opened(self, client, monkeypatch):
        opened = []
        monkeypatch.setattr(
            SecureCookieSessionInterface, "open_session", lambda *args: opened.append(args)
        )
        client.get("/")
        assert len(opened) == 1
