"""The application object: rules, URLs, hosts, static files, commands, async code from sync code."""

from __future__ import annotations

import asyncio
import functools

import click
import pytest
from werkzeug.routing import BaseConverter, BuildError

from dualapp import (
    Blueprint,
    DualApp,
    current_app,
    g,
    request,
    url_for,
)

COLOURS = ["sync", "async"]


def says(text):
    return lambda **values: text


class TestRules:
    def test_endpoint_and_view_apart(self, app, client, paint):
        app.add_url_rule("/a", endpoint="ab")
        app.add_url_rule("/b", "ab")
        app.endpoint("ab")(paint(lambda: request.path))
        assert [client.get(path).text for path in ("/a", "/b")] == ["/a", "/b"]

    def test_a_view_names_its_endpoint(self, app):
        @app.route("/", methods=["POST"])
        def own_name():
            pass

        assert app.view_functions["own_name"] is own_name
        [rule] = app.url_map.iter_rules("own_name")
        assert rule.methods == {"POST", "OPTIONS"}

    @pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
    def test_shortcuts(self, app, client, method):
        getattr(app, method)("/")(says(method))
        with pytest.raises(TypeError, match="'route' decorator"):
            getattr(app, method)("/x", methods=["GET"])
        assert client.open("/", method=method.upper()).text == method
        other = "PUT" if method != "put" else "POST"
        assert client.open("/", method=other).status_code == 405

    def test_refused(self, app):
        app.add_url_rule("/", "taken", says("first"))
        with pytest.raises(AssertionError, match=r"overwriting an existing endpoint.*'taken'"):
            app.add_url_rule("/b", "taken", says("second"))
        with pytest.raises(TypeError, match=r"methods=\['GET'\]"):
            app.add_url_rule("/c", "c", says("c"), methods="GET")
        with pytest.raises(AssertionError, match="view function is needed"):
            app.add_url_rule("/d")

    def test_options_of_the_rule(self, app, client):
        app.add_url_rule("/strict", "strict", says("strict"), strict_slashes=False)
        app.add_url_rule("/old", "old", redirect_to="/new")
        app.add_url_rule("/page/", "page", lambda number: str(number), defaults={"number": 1})
        app.add_url_rule("/page/<int:number>", "page", app.view_functions["page"])
        app.add_url_rule("/built", "built", build_only=True)
        assert client.get("/strict/").text == "strict"
        assert client.get("/old").headers["Location"] == "http://localhost/new"
        assert client.get("/page/").text == "1"
        assert client.get("/page/1").headers["Location"] == "http://localhost/page/"
        assert client.get("/page/2").text == "2"
        assert client.get("/built").status_code == 404
        with app.test_request_context():
            assert url_for("built") == "/built"

    def test_methods_in_any_case_and_from_the_view(self, app, client):
        view = says("x")
        view.methods = ("put",)
        view.required_methods = ("trace",)
        app.add_url_rule("/", "view", view)
        assert client.put("/").text == "x"
        assert client.open("/", method="TRACE").text == "x"
        assert client.get("/").status_code == 405

    @pytest.mark.parametrize(
        ("setting", "argument", "attribute", "answered"),
        [
            (True, None, None, True),
            (False, None, None, False),
            (True, False, None, False),
            (False, True, None, True),
            (True, None, False, False),
            (False, None, True, True),
        ],
    )
    def test_automatic_options(self, app, client, setting, argument, attribute, answered):
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = setting
        view = says("x")
        if attribute is not None:
            view.provide_automatic_options = attribute
        app.add_url_rule("/", "view", view, argument, methods=["GET", "POST"])
        response = client.options("/")
        assert response.status_code == (200 if answered else 405)
        if answered:
            assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}

    def test_head_has_no_body(self, app, client, paint):
        app.add_url_rule("/", "view", paint(lambda: request.method))
        response = client.head("/")
        assert (response.data, response.headers["Content-Length"]) == (b"", "4")

    def test_a_converter_of_ones_own(self, app, client):
        class Plus(BaseConverter):
            def to_python(self, value):
                return value.split("+")

            def to_url(self, values):
                return "+".join(values)

        app.url_map.converters["plus"] = Plus
        app.add_url_rule("/<plus:values>", "view", lambda values: "|".join(values))
        assert client.get("/a+b").text == "a|b"
        with app.test_request_context():
            assert url_for("view", values=["c", "d"]) == "/c+d"

    def test_views_may_be_exchanged_later(self, app, client, paint):
        app.add_url_rule("/", "view", says("first"))
        assert client.get("/").text == "first"
        app.view_functions["view"] = paint(says("second"))
        assert client.get("/").text == "second"

    def test_hooks_changed_in_place_later(self, app, client, paint):
        hook = paint(lambda: "from the hook")
        app.add_url_rule("/", "view", says("view"))
        app.before_request(hook)
        assert client.get("/").text == "from the hook"
        app.before_request_funcs[None].remove(hook)
        assert client.get("/").text == "view"


class TestHosts:
    def test_subdomain_matching(self, side):
        app = DualApp(__name__, subdomain_matching=True)
        app.config["SERVER_NAME"] = "example.com"
        app.add_url_rule("/", "root", says("root"))
        app.add_url_rule("/", "sub", lambda name: name, subdomain="<name>")
        client = app.test_client(side=side)
        assert client.get("/").text == "root"
        assert client.get("/", base_url="http://shop.example.com").text == "shop"
        with app.app_context():
            assert url_for("sub", name="a") == "http://a.example.com/"

    def test_without_subdomain_matching_any_host_is_served(self, app, client):
        app.config["SERVER_NAME"] = "example.com"
        app.add_url_rule("/", "root", lambda: request.host)
        assert client.get("/", base_url="http://else.where").text == "else.where"

    def test_host_matching(self, side):
        app = DualApp(__name__, host_matching=True, static_folder=None)
        app.add_url_rule("/", "one", says("one"), host="one.test")
        app.add_url_rule("/", "other", lambda name: name, host="<name>.test")
        client = app.test_client(side=side)
        assert client.get("/", base_url="http://one.test").text == "one"
        assert client.get("/", base_url="http://two.test").text == "two"
        assert client.get("/", base_url="http://two.else").status_code == 404

    def test_static_host_goes_with_host_matching(self):
        for options in ({"static_host": "a.test"}, {"host_matching": True}):
            with pytest.raises(AssertionError, match="'static_host' and 'host_matching'"):
                DualApp(__name__, **options)

    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("example.com", 200),
            ("a.sub.test", 200),
            ("exampleXcom", 400),
            ("example.com.evil", 400),
        ],
    )
    def test_trusted_hosts(self, app, client, host, status):
        """S16: also where nothing about the host is needed to match."""
        app.config["TRUSTED_HOSTS"] = ["example.com", ".sub.test"]
        app.add_url_rule("/", "view", lambda: request.host)
        assert client.get("/", base_url=f"http://{host}").status_code == status

    @pytest.mark.werkzeug_fix
    @pytest.mark.parametrize("host", ["a b", "a/b?x=", "a@b", "foo\\bar", "a:b:c"])
    def test_a_malformed_host_is_refused_or_empty(self, app, client, host):
        app.add_url_rule("/path", "view", lambda: request.url)
        response = client.get("/path", headers={"Host": host})
        assert response.status_code in (200, 400)
        assert response.status_code == 400 or response.text == "http:///path"

    @pytest.mark.parametrize("where", ["subclass", "instance"])
    def test_create_url_adapter_overridden(self, app, client, where):
        app.add_url_rule("/", "plain", says("plain"))
        app.add_url_rule("/", "beta", says("beta"), subdomain="beta")

        def create(request):
            environ = None if request is None else request.environ
            subdomain = "beta" if "HTTP_X_BETA" in environ else ""
            return app.url_map.bind_to_environ(environ, subdomain=subdomain)

        if where == "subclass":
            app.__class__ = type("Own", (DualApp,), {"create_url_adapter": lambda _, r: create(r)})
        else:
            app.create_url_adapter = create
        assert client.get("/").text == "plain"
        assert client.get("/", headers={"X-Beta": "1"}).text == "beta"

    def test_an_adapter_of_none_matches_nothing(self, app, client):
        app.create_url_adapter = lambda request: None
        app.before_request(lambda: str(request.url_rule))
        assert client.get("/anything").text == "None"


class TestURLFor:
    @pytest.fixture
    def routed(self, app):
        app.add_url_rule("/", "index")
        app.add_url_rule("/user/<name>", "user")
        app.add_url_rule("/read", "item", methods=["GET"])
        app.add_url_rule("/write", "item", methods=["POST"])
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.add_url_rule("/cart", "cart", lambda: url_for(".cart"))
        app.register_blueprint(shop)
        return app

    @pytest.mark.parametrize(
        ("endpoint", "values", "expected"),
        [
            ("index", {}, "/"),
            ("user", {"name": "a b/ü"}, "/user/a%20b/%C3%BC"),
            ("user", {"name": "x", "page": 2, "q": "a&b"}, "/user/x?page=2&q=a%26b"),
            ("index", {"tag": ["a", "b"]}, "/?tag=a&tag=b"),
            ("index", {"none": None}, "/"),
            ("index", {"_anchor": "to p#ü"}, "/#to%20p#%C3%BC"),
            ("item", {"_method": "POST"}, "/write"),
            ("item", {"_method": "GET"}, "/read"),
            ("index", {"_external": True}, "http://localhost/"),
            ("index", {"_scheme": "https"}, "https://localhost/"),
            ("index", {"_scheme": "https", "_external": True}, "https://localhost/"),
            ("shop.cart", {}, "/shop/cart"),
            ("static", {"filename": "a/b.css"}, "/static/a/b.css"),
        ],
    )
    def test_in_a_request(self, routed, endpoint, values, expected):
        with routed.test_request_context():
            assert url_for(endpoint, **values) == expected
            assert routed.url_for(endpoint, **values) == expected

    def test_relative_to_the_blueprint(self, routed, client):
        assert client.get("/shop/cart").text == "/shop/cart"
        with routed.test_request_context("/"):
            assert url_for(".index") == "/"

    def test_outside_a_request(self, routed):
        routed.config.update(SERVER_NAME="example.com:8080", APPLICATION_ROOT="/below")
        with routed.app_context():
            assert url_for("index") == "http://example.com:8080/below/"
            assert url_for("index", _external=False) == "/below/"
            assert url_for("index", _scheme="https") == "https://example.com:8080/below/"
        assert routed.url_for("index") == "http://example.com:8080/below/"

    def test_errors(self, routed):
        with routed.test_request_context():
            with pytest.raises(BuildError, match="nowhere"):
                url_for("nowhere")
            with pytest.raises(BuildError, match="name"):
                url_for("user")
            with pytest.raises(ValueError, match="_external=True"):
                url_for("index", _scheme="https", _external=False)
        with pytest.raises(RuntimeError, match="SERVER_NAME"):
            routed.url_for("index")

    def test_build_error_handlers(self, routed):
        def handle(error, endpoint, values):
            return f"/built/{endpoint}?{values['a']}" if endpoint == "other" else None

        routed.url_build_error_handlers.append(handle)
        with routed.test_request_context():
            assert url_for("other", a=1) == "/built/other?1"
            with pytest.raises(BuildError):
                url_for("nowhere")

    @pytest.mark.parametrize("view", COLOURS)
    @pytest.mark.parametrize("hook", COLOURS)
    def test_url_defaults_and_preprocessors(self, app, client, paint, hook, view):
        def take(endpoint, values):
            g.lang = values.pop("lang")

        def give(endpoint, values):
            values.setdefault("lang", g.lang)

        app.url_defaults(paint(give, hook))
        app.url_value_preprocessor(paint(take, hook))
        app.add_url_rule("/<lang>/", "index", paint(lambda: url_for("about"), view))
        app.add_url_rule("/<lang>/about", "about")
        assert client.get("/de/").text == "/de/about"

    def test_under_a_root_path(self, routed, client):
        routed.view_functions["index"] = lambda: url_for("shop.cart")
        response = client.get("/", base_url="http://localhost/mounted")
        assert response.text == "/mounted/shop/cart"


class TestStaticFiles:
    @pytest.fixture
    def files(self, tmp_path):
        (tmp_path / "static").mkdir()
        (tmp_path / "static" / "a.txt").write_text("static file")
        (tmp_path / "static_private").mkdir()
        (tmp_path / "static_private" / "key").write_text("secret")
        (tmp_path / "secret").write_text("secret")
        return tmp_path

    def test_served(self, files, side):
        client = DualApp("files", root_path=files).test_client(side=side)
        with client.get("/static/a.txt") as response:
            assert response.text == "static file"
            assert response.headers["ETag"]
            known = {"If-None-Match": response.headers["ETag"]}
        with client.get("/static/a.txt", headers=known) as response:
            assert (response.status_code, response.data) == (304, b"")

    @pytest.mark.parametrize(
        "path",
        ["../secret", "%2e%2e/secret", "..%2fsecret", "..\\secret", "//etc/passwd", "%00",
         "a.txt/../../secret", "../static_private/key", "", "missing"],
    )  # fmt: skip
    def test_s23_traversal(self, files, side, path):
        client = DualApp("files", root_path=files).test_client(side=side)
        with client.get(f"/static/{path}", follow_redirects=True) as response:
            assert response.status_code == 404

    def test_elsewhere_and_not_at_all(self, files, side):
        moved = DualApp("moved", root_path=files, static_url_path="/files/", static_folder="static")
        with moved.test_client(side=side).get("/files/a.txt") as response:
            assert response.text == "static file"
        root = DualApp("root", root_path=files, static_url_path="", static_folder=files / "static")
        with root.test_client(side=side).get("/a.txt") as response:
            assert response.text == "static file"
        without = DualApp("without", root_path=files, static_folder=None)
        assert without.test_client(side=side).get("/static/a.txt").status_code == 404
        with pytest.raises(RuntimeError, match="static_folder"), without.test_request_context():
            without.send_static_file("a.txt")

    def test_max_age(self, files, side):
        app = DualApp("files", root_path=files)
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
        with app.test_client(side=side).get("/static/a.txt") as response:
            assert response.cache_control.max_age == 60
        app.get_send_file_max_age = lambda filename: 5 if filename == "a.txt" else None
        with app.test_client(side=side).get("/static/a.txt") as response:
            assert response.cache_control.max_age == 5


class TestColours:
    def test_ensure_sync(self, app, paint):
        def function(number):
            return number + 1

        assert app.ensure_sync(function) is function
        assert app.ensure_sync(paint(function))(1) == 2
        assert app.async_to_sync(paint(function))(2) == 3
        assert app.ensure_sync(functools.partial(paint(function), 3))() == 4

        class Callable:
            async def __call__(self):
                return 5

            async def method(self):
                return 6

        assert app.ensure_sync(Callable())() == 5
        assert app.ensure_sync(Callable().method)() == 6

    async def test_ensure_sync_in_a_running_loop(self, app, paint):
        assert await app.ensure_sync(paint(lambda: "x"))() == "x"

    @pytest.mark.parametrize("view", COLOURS)
    def test_ensure_sync_in_a_view(self, app, client, paint, view):
        """In a sync view it waits, also for a task of the request's own loop."""

        async def work():
            return request.path

        if view == "sync":
            app.add_url_rule("/path", "view", lambda: app.ensure_sync(work)())
        else:

            @app.get("/path")
            async def awaiting():
                return await app.ensure_sync(work)()

        assert client.get("/path").text == "/path"

    @pytest.mark.parametrize("view", COLOURS)
    def test_async_callables_of_a_request_share_one_loop(self, app, client, paint, view):
        """So a task that one starts can be awaited by another, or by a sync view in between."""

        @app.before_request
        async def start():
            g.task = asyncio.create_task(asyncio.sleep(0.001, "from the task"))

        async def wait():
            return await g.task

        app.add_url_rule("/", "view", (lambda: app.ensure_sync(wait)()) if view == "sync" else wait)
        assert client.get("/").text == "from the task"

    def test_nothing_is_left_open(self, app, paint):
        """A loop that was left open would warn, and warnings are errors here."""
        for _ in range(50):
            assert app.ensure_sync(paint(lambda: "x"))() == "x"


class TestCommands:
    @pytest.mark.parametrize("colour", COLOURS)
    def test_command(self, app, paint, colour):
        def greet(name):
            click.echo(f"hello {name} from {current_app.name}")

        app.cli.command("greet")(click.argument("name")(paint(greet, colour)))
        result = app.test_cli_runner().invoke(args=["greet", "you"])
        assert (result.exit_code, result.output) == (0, "hello you from dualapp_tests\n")

    @pytest.mark.parametrize("colour", COLOURS)
    def test_shell_context(self, app, paint, colour):
        app.shell_context_processor(paint(lambda: {"answer": 42}, colour))
        names = app.make_shell_context()
        assert (names["app"], names["answer"]) == (app, 42)
        assert names["g"] is g


def test_settings_and_names(app):
    assert app.name == "dualapp_tests"
    assert repr(app) == "<DualApp 'dualapp_tests'>"
    app.testing = False
    assert app.config["TESTING"] is False
    app.debug = True
    assert app.config["DEBUG"] is True
    app.permanent_session_lifetime = 60
    assert app.permanent_session_lifetime.total_seconds() == 60
    with pytest.raises(ValueError, match="must be absolute"):
        DualApp(__name__, instance_path="relative")
