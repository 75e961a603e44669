"""Blueprints: what is registered on one reaches the application under the right name and URL."""

from __future__ import annotations

import functools
import sys
import types
from datetime import timedelta
from pathlib import Path

import pytest

from dualapp import (
    Blueprint,
    DualApp,
    abort,
    g,
    render_template,
    render_template_string,
    request,
    url_for,
)
from dualapp.blueprints import BlueprintSetupState


def rules(app: DualApp, endpoint: str) -> list[str]:
    return [rule.rule for rule in app.url_map.iter_rules(endpoint)]


def says(text: str):
    return lambda **values: text


class TestNames:
    @pytest.mark.parametrize("name", ["", None])
    def test_a_name_is_needed(self, name):
        with pytest.raises(ValueError, match="no name"):
            Blueprint(name, __name__)

    def test_a_dot_in_the_name_is_refused(self):
        with pytest.raises(ValueError, match=r"dot.*'shop\.cart'"):
            Blueprint("shop.cart", __name__)

    def test_a_dot_in_an_endpoint_is_refused(self):
        with pytest.raises(ValueError, match=r"endpoint.*'cart\.show'"):
            Blueprint("shop", __name__).add_url_rule("/", endpoint="cart.show")

    def test_a_dot_in_the_views_name_is_refused(self):
        def view():
            return ""

        view.__name__ = "cart.show"
        with pytest.raises(ValueError, match=r"'cart\.show'"):
            Blueprint("shop", __name__).route("/")(view)

    def test_a_view_without_a_name_needs_an_endpoint(self, app):
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/", endpoint="show", view_func=functools.partial(says("ok")))
        app.register_blueprint(shop)
        assert rules(app, "shop.show") == ["/"]

    def test_neither_endpoint_nor_view_is_an_error_on_registration(self, app):
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/")
        with pytest.raises(AssertionError, match="view function is needed"):
            app.register_blueprint(shop)

    def test_endpoint_decorator_names_the_applications_endpoint(self, app, client):
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/cart", endpoint="cart")
        shop.endpoint("shop.cart")(says("cart"))
        app.register_blueprint(shop)
        assert client.get("/cart").text == "cart"

    @pytest.mark.parametrize("second", ["same", "other"])
    def test_a_taken_name_is_refused(self, app, second):
        shop = Blueprint("shop", __name__)
        app.register_blueprint(shop)
        again = shop if second == "same" else Blueprint("shop", __name__)
        which = "this same" if second == "same" else "another"
        with pytest.raises(ValueError, match=f"'shop' is already registered for {which}.*name="):
            app.register_blueprint(again)
        assert app.blueprints == {"shop": shop}

    def test_a_taken_nested_name_is_told_in_full(self, app):
        outer = Blueprint("outer", __name__)
        outer.register_blueprint(Blueprint("inner", __name__))
        outer.register_blueprint(Blueprint("inner", __name__))
        with pytest.raises(ValueError, match=r"'outer\.inner' is already registered for another"):
            app.register_blueprint(outer)

    def test_one_blueprint_under_two_names(self, app, client):
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/where", "where", lambda: f"{request.blueprint} {url_for('.where')}")
        app.register_blueprint(shop, url_prefix="/a")
        app.register_blueprint(shop, url_prefix="/b", name="other")
        assert client.get("/a/where").text == "shop /a/where"
        assert client.get("/b/where").text == "other /b/where"
        assert list(app.iter_blueprints()) == [shop, shop]

    def test_repr_names_it(self):
        assert repr(Blueprint("shop", __name__)) == "<Blueprint 'shop'>"


class TestUrls:
    @pytest.mark.parametrize(
        ("prefix", "rule", "expected"),
        [
            (None, "/x", "/x"),
            ("/", "/x", "/x"),
            ("", "/x", "/x"),
            ("/p", "", "/p"),
            ("/p/", "", "/p/"),
            ("/p", "/", "/p/"),
            ("/p", "x", "/p/x"),
            ("/p/", "/x", "/p/x"),
            ("/p/", "//x", "/p/x"),
        ],
    )
    def test_prefix_and_rule_are_joined_by_one_slash(self, app, prefix, rule, expected):
        shop = Blueprint("shop", __name__, url_prefix=prefix)
        shop.add_url_rule(rule, "view", says(""))
        app.register_blueprint(shop)
        assert rules(app, "shop.view") == [expected]

    @pytest.mark.parametrize(
        ("outer", "inner", "option", "expected"),
        [
            (None, None, None, "/x"),
            (None, "/i", None, "/i/x"),
            ("/o", None, None, "/o/x"),
            ("/o", "/i", None, "/o/i/x"),
            ("/o/", "i/", None, "/o/i/x"),
            ("/o", "/i", "/n", "/o/n/x"),
            ("/o", "/i", "", "/o/x"),
        ],
    )
    def test_nested_prefixes(self, app, outer, inner, option, expected):
        parent = Blueprint("parent", __name__, url_prefix=outer)
        child = Blueprint("child", __name__, url_prefix=inner)
        child.add_url_rule("/x", "view", says(""))
        parent.register_blueprint(child, **({} if option is None else {"url_prefix": option}))
        app.register_blueprint(parent)
        assert rules(app, "parent.child.view") == [expected]

    @pytest.mark.parametrize(
        ("outer", "inner", "option", "expected"),
        [
            (None, None, None, ""),
            ("api", None, None, "api"),
            (None, "v1", None, "v1"),
            ("api", "v1", None, "v1.api"),
            ("api", "v1", "v2", "v2.api"),
        ],
    )
    def test_nested_subdomains(self, outer, inner, option, expected):
        app = DualApp(__name__, subdomain_matching=True)
        parent = Blueprint("parent", __name__, subdomain=outer)
        child = Blueprint("child", __name__, subdomain=inner)
        child.add_url_rule("/", "view", says(""))
        child.add_url_rule("/own", "own", says(""), subdomain="own")
        parent.register_blueprint(child, **({} if option is None else {"subdomain": option}))
        app.register_blueprint(parent)
        found = {rule.endpoint: rule.subdomain for rule in app.url_map.iter_rules()}
        assert found["parent.child.view"] == expected
        assert found["parent.child.own"] == "own"

    def test_subdomains_are_served(self, side):
        app = DualApp(__name__, subdomain_matching=True)
        app.config["SERVER_NAME"] = "shop.test"
        parent = Blueprint("parent", __name__, subdomain="api")
        child = Blueprint("child", __name__, subdomain="v1")
        child.route("/")(lambda: request.host)
        parent.register_blueprint(child)
        app.register_blueprint(parent)
        client = app.test_client(side=side)
        assert client.get("/", base_url="http://v1.api.shop.test").text == "v1.api.shop.test"
        assert client.get("/", base_url="http://shop.test").status_code == 404

    def test_url_defaults_of_blueprint_registration_and_rule(self, app, client):
        shop = Blueprint("shop", __name__, url_defaults={"a": 1, "b": 1, "c": 1})
        shop.route("/", defaults={"c": 3})(lambda **values: values)
        app.register_blueprint(shop, url_defaults={"b": 2})
        assert client.get("/").json == {"a": 1, "b": 2, "c": 3}

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
    def test_one_decorator_per_method(self, app, client, method):
        shop = Blueprint("shop", __name__)
        getattr(shop, method.lower())("/")(lambda: request.method)
        app.register_blueprint(shop)
        assert client.open("/", method=method).text == method
        other = "POST" if method != "POST" else "PUT"
        assert client.open("/", method=other).status_code == 405

    def test_a_method_decorator_takes_no_methods(self):
        with pytest.raises(TypeError, match="'route' decorator"):
            Blueprint("shop", __name__).get("/", methods=["POST"])

    def test_automatic_options_can_be_turned_off(self, app, client):
        shop = Blueprint("shop", __name__)
        shop.route("/", provide_automatic_options=False)(says("x"))
        app.register_blueprint(shop)
        assert client.options("/").status_code == 405

    def test_a_leading_dot_in_url_for_means_this_blueprint(self, app, client):
        outer = Blueprint("outer", __name__, url_prefix="/o")
        inner = Blueprint("inner", __name__, url_prefix="/i")

        @inner.route("/")
        def index():
            return f"{url_for('.index')} {url_for('outer.index')} {url_for('index')}"

        outer.add_url_rule("/index", "index", says(""))
        app.add_url_rule("/app", "index", says(""))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        assert client.get("/o/i/").text == "/o/i/ /o/index /app"


class TestRecording:
    def test_record_and_record_once(self, app):
        seen = []
        shop = Blueprint("shop", __name__)
        shop.record(lambda state: seen.append(("each", state.name)))
        shop.record_once(lambda state: seen.append(("once", state.name)))
        app.register_blueprint(shop)
        app.register_blueprint(shop, name="again")
        assert seen == [("each", "shop"), ("once", "shop"), ("each", "again")]

    def test_first_registration_is_counted_per_application(self):
        seen = []
        shop = Blueprint("shop", __name__)
        shop.record_once(lambda state: seen.append(state.app.name))
        DualApp("first", root_path=".").register_blueprint(shop)
        DualApp("second", root_path=".").register_blueprint(shop)
        assert seen == ["first", "second"]

    def test_the_state_tells_all_about_the_registration(self, app):
        states: list[BlueprintSetupState] = []
        outer = Blueprint("outer", __name__, url_prefix="/o")
        inner = Blueprint("inner", __name__, url_defaults={"a": 1})
        inner.record(states.append)
        outer.register_blueprint(inner, name="renamed", url_prefix="/r", own_option=7)
        app.register_blueprint(outer)
        (state,) = states
        assert (state.app, state.blueprint) == (app, inner)
        assert (state.name_prefix, state.name) == ("outer", "renamed")
        assert (state.url_prefix, state.subdomain) == ("/o/r", None)
        assert state.url_defaults == {"a": 1}
        assert state.options["own_option"] == 7
        assert state.first_registration
        assert app.blueprints == {"outer": outer, "outer.renamed": inner}

    def test_make_setup_state_can_be_overridden(self, app, client):
        class Suffixed(BlueprintSetupState):
            def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
                super().add_url_rule(f"{rule}.html", endpoint, view_func, **options)

        class Pages(Blueprint):
            def make_setup_state(self, app, options, first_registration=False):
                return Suffixed(self, app, options, first_registration)

        pages = Pages("pages", __name__)
        pages.route("/about")(says("about"))
        app.register_blueprint(pages)
        assert client.get("/about.html").text == "about"

    def test_a_patched_add_url_rule_of_the_state_is_used(self, app, monkeypatch):
        seen = []
        original = BlueprintSetupState.add_url_rule

        def patched(self, rule, endpoint=None, view_func=None, **options):
            seen.append((self.name, rule, endpoint))
            original(self, rule, endpoint, view_func, **options)

        monkeypatch.setattr(BlueprintSetupState, "add_url_rule", patched)
        shop = Blueprint("shop", __name__, static_folder="files")
        shop.add_url_rule("/x", "x", says(""))
        app.register_blueprint(shop)
        assert seen == [("shop", "/files/<path:filename>", "static"), ("shop", "/x", "x")]

    def test_register_can_be_overridden_also_for_nested_ones(self, app):
        seen = []

        class Noisy(Blueprint):
            def register(self, app, options):
                seen.append((self.name, options))
                super().register(app, options)

        outer, inner = Noisy("outer", __name__), Noisy("inner", __name__)
        outer.register_blueprint(inner)
        app.register_blueprint(outer, colour="red")
        assert seen == [("outer", {"colour": "red"}), ("inner", {"name_prefix": "outer"})]

    def test_a_blueprint_cannot_be_nested_in_itself(self):
        shop = Blueprint("shop", __name__)
        with pytest.raises(ValueError, match="'shop' cannot be nested in itself"):
            shop.register_blueprint(shop)

    def test_method_route_can_be_overridden(self, app, client):
        class Loud(Blueprint):
            def _method_route(self, method, rule, options):
                return super()._method_route(method, rule.upper(), options)

        loud = Loud("loud", __name__)
        loud.get("/x")(says("X"))
        app.register_blueprint(loud)
        assert client.get("/X").text == "X"


def late_callback(*args):
    return None


LATE_CALLS = {
    "record": lambda b: b.record(late_callback),
    "record_once": lambda b: b.record_once(late_callback),
    "add_url_rule": lambda b: b.add_url_rule("/late", view_func=late_callback),
    "endpoint": lambda b: b.endpoint("late"),
    "route": lambda b: b.route("/late"),
    "get": lambda b: b.get("/late"),
    "before_request": lambda b: b.before_request(late_callback),
    "after_request": lambda b: b.after_request(late_callback),
    "teardown_request": lambda b: b.teardown_request(late_callback),
    "context_processor": lambda b: b.context_processor(late_callback),
    "url_value_preprocessor": lambda b: b.url_value_preprocessor(late_callback),
    "url_defaults": lambda b: b.url_defaults(late_callback),
    "errorhandler": lambda b: b.errorhandler(404),
    "register_error_handler": lambda b: b.register_error_handler(ValueError, late_callback),
    "register_blueprint": lambda b: b.register_blueprint(Blueprint("x", __name__)),
    "before_app_request": lambda b: b.before_app_request(late_callback),
    "after_app_request": lambda b: b.after_app_request(late_callback),
    "teardown_app_request": lambda b: b.teardown_app_request(late_callback),
    "app_context_processor": lambda b: b.app_context_processor(late_callback),
    "app_url_value_preprocessor": lambda b: b.app_url_value_preprocessor(late_callback),
    "app_url_defaults": lambda b: b.app_url_defaults(late_callback),
    "app_errorhandler": lambda b: b.app_errorhandler(404),
    "app_template_filter": lambda b: b.app_template_filter(),
    "app_template_test": lambda b: b.app_template_test(),
    "app_template_global": lambda b: b.app_template_global(),
    "add_app_template_filter": lambda b: b.add_app_template_filter(late_callback),
    "add_app_template_test": lambda b: b.add_app_template_test(late_callback),
    "add_app_template_global": lambda b: b.add_app_template_global(late_callback),
}


class TestTooLate:
    @pytest.mark.parametrize("name", LATE_CALLS)
    def test_after_registration_set_up_is_refused(self, app, name):
        shop = Blueprint("shop", __name__)
        app.register_blueprint(shop)
        with pytest.raises(AssertionError, match=rf"setup method '{name}' .*'shop'"):
            LATE_CALLS[name](shop)

    @pytest.mark.parametrize("name", ["before_request", "add_url_rule", "register_error_handler"])
    def test_the_refusal_names_the_function(self, app, name):
        shop = Blueprint("shop", __name__)
        app.register_blueprint(shop)
        with pytest.raises(AssertionError, match=r"register .*test_blueprints\.late_callback"):
            LATE_CALLS[name](shop)

    def test_registering_after_the_first_request_is_refused(self, app, client):
        client.get("/")
        with pytest.raises(AssertionError, match="'register_blueprint'"):
            app.register_blueprint(Blueprint("shop", __name__))


def coloured(function, colour):
    """Give the function as it is, or as an ``async def`` that does the same."""
    if colour == "sync":
        return function

    async def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    wrapper.__name__ = function.__name__
    return wrapper


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return functools.partial(coloured, colour=request.param)


class TestHooks:
    @pytest.fixture
    def log(self):
        return []

    def add_hooks(self, target, name, log, colour):
        def note(text):
            log.append(f"{name} {text}")

        def after(response):
            note("after")
            return response

        target.url_value_preprocessor(colour(lambda endpoint, values: note("url")))
        target.before_request(colour(lambda: note("before")))
        target.after_request(colour(after))
        target.teardown_request(colour(lambda error: note("teardown")))

    def test_nested_hooks_run_from_the_outside_in_and_back(self, app, client, log, colour):
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        for target, name in ((app, "app"), (outer, "outer"), (inner, "inner")):
            self.add_hooks(target, name, log, colour)
            target.add_url_rule(f"/{name}", name, colour(says(name)))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)

        assert client.get("/inner").text == "inner"
        names = ["app", "outer", "inner"]
        back = names[::-1]
        assert log == [
            *(f"{name} url" for name in names),
            *(f"{name} before" for name in names),
            *(f"{name} after" for name in back),
            *(f"{name} teardown" for name in back),
        ]

        log.clear()
        assert client.get("/app").text == "app"
        assert log == ["app url", "app before", "app after", "app teardown"]

    def test_app_hooks_of_a_blueprint_see_every_request(self, app, client, log, colour):
        shop = Blueprint("shop", __name__)

        def note(text, answer=None):
            log.append(text)
            return answer

        shop.app_url_value_preprocessor(colour(lambda endpoint, values: note("url")))
        shop.before_app_request(colour(lambda: note("before")))
        shop.after_app_request(colour(lambda response: note("after", response)))
        shop.teardown_app_request(colour(lambda error: note("teardown")))
        app.register_blueprint(shop)
        app.register_blueprint(shop, name="again")
        app.add_url_rule("/", "index", colour(says("index")))
        assert client.get("/").text == "index"
        assert log == ["url", "before", "after", "teardown"]

    def test_before_request_of_a_blueprint_can_answer(self, app, client, colour):
        shop = Blueprint("shop", __name__)
        shop.before_request(colour(says("closed")))
        shop.add_url_rule("/shop", "index", says("open"))
        app.register_blueprint(shop)
        app.add_url_rule("/", "index", says("home"))
        assert client.get("/shop").text == "closed"
        assert client.get("/").text == "home"

    def test_hooks_follow_the_registered_name(self, app, client, colour):
        shop = Blueprint("shop", __name__)
        shop.after_request(colour(lambda response: response.headers.add("X-Shop", "1") or response))
        shop.add_url_rule("/", "index", says("x"))
        app.register_blueprint(shop, name="renamed")
        assert client.get("/").headers.getlist("X-Shop") == ["1"]
        assert "shop" not in app.after_request_funcs

    def test_url_values_can_be_taken_out_and_put_back(self, app, client):
        shop = Blueprint("shop", __name__, url_prefix="/<lang>")

        @shop.url_value_preprocessor
        def take(endpoint, values):
            g.lang = values.pop("lang")

        @shop.url_defaults
        def put_back(endpoint, values):
            values.setdefault("lang", g.lang)

        @shop.route("/page")
        def page():
            return url_for(".page")

        app.register_blueprint(shop)
        assert client.get("/de/page").text == "/de/page"

    def test_app_url_defaults(self, app, client):
        shop = Blueprint("shop", __name__)
        shop.app_url_defaults(lambda endpoint, values: values.update(page=2))
        app.register_blueprint(shop)
        app.add_url_rule("/<int:page>", "index", lambda page: url_for("index"))
        assert client.get("/1").text == "/2"

    def test_hooks_changed_in_place_on_the_application_count(self, app, client):
        shop = Blueprint("shop", __name__)
        hook = shop.before_request(says("closed"))
        shop.add_url_rule("/", "index", says("open"))
        app.register_blueprint(shop)
        app.before_request_funcs["shop"].remove(hook)
        assert client.get("/").text == "open"
        assert shop.before_request_funcs[None] == [hook]

    def test_hooks_kept_by_key_move_below_the_registered_name(self, app):
        shop = Blueprint("shop", __name__)
        shop.before_request_funcs["part"].append(late_callback)
        shop.error_handler_spec["part"][None][ValueError] = late_callback
        app.register_blueprint(shop, name="renamed")
        assert app.before_request_funcs["renamed.part"] == [late_callback]
        assert app.error_handler_spec["renamed.part"][None] == {ValueError: late_callback}


class ShopError(Exception):
    pass


class SoldOutError(ShopError):
    pass


class TestErrorHandlers:
    def test_the_innermost_handler_answers(self, app, client, colour):
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        for target, name in ((app, "app"), (outer, "outer"), (inner, "inner")):
            target.add_url_rule(f"/{name}", name, colour(lambda: abort(403)))
        app.register_error_handler(403, colour(lambda error: ("by app", 403)))
        outer.errorhandler(403)(colour(lambda error: ("by outer", 403)))
        inner.errorhandler(403)(colour(lambda error: ("by inner", 403)))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        for name in ("app", "outer", "inner"):
            response = client.get(f"/{name}")
            assert (response.status_code, response.text) == (403, f"by {name}")

    def test_a_nested_blueprint_falls_back_on_the_outer_one(self, app, client):
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)

        @inner.route("/")
        def index():
            raise SoldOutError

        outer.register_error_handler(ShopError, lambda error: type(error).__name__)
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        assert client.get("/").text == "SoldOutError"

    def test_the_nearest_class_wins(self, app, client):
        shop = Blueprint("shop", __name__)

        @shop.route("/<what>")
        def index(what):
            raise SoldOutError if what == "soldout" else ShopError

        shop.errorhandler(ShopError)(lambda error: "shop error")
        shop.errorhandler(SoldOutError)(lambda error: "sold out")
        app.register_blueprint(shop)
        assert client.get("/soldout").text == "sold out"
        assert client.get("/other").text == "shop error"

    def test_app_errorhandler_answers_unknown_urls(self, app, client, colour):
        shop = Blueprint("shop", __name__)
        shop.app_errorhandler(404)(colour(lambda error: ("nowhere", 404)))
        app.register_blueprint(shop)
        response = client.get("/nowhere")
        assert (response.status_code, response.text) == (404, "nowhere")

    def test_a_blueprints_own_404_does_not_answer_unknown_urls(self, app, client):
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.errorhandler(404)(lambda error: ("shop", 404))
        app.register_blueprint(shop)
        assert "shop" not in client.get("/shop/unknown").text

    @pytest.mark.parametrize(
        ("given", "error", "words"),
        [
            (
                SoldOutError("shoes"),
                TypeError,
                r"SoldOutError\('shoes'\) is an instance, not a class",
            ),
            ("404", TypeError, "'404' is neither"),
            (None, TypeError, "None is neither"),
            (dict, ValueError, "'dict' is not a subclass of Exception"),
            (KeyboardInterrupt, ValueError, "'KeyboardInterrupt' is not a subclass"),
            (999, ValueError, "999 is not .* Use a subclass of HTTPException"),
        ],
    )
    def test_what_cannot_be_handled_is_refused_at_once(self, given, error, words):
        with pytest.raises(error, match=words):
            Blueprint("shop", __name__).register_error_handler(given, late_callback)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder as a package with a blueprint has it."""
    files = {
        "templates/page.html": "{% extends 'base.html' %}{% block body %}page{% endblock %}",
        "templates/base.html": "shop's base: {% block body %}{% endblock %}",
        "templates/shared.html": "of the blueprint",
        "static/style.css": "h1 {}",
        "data.txt": "grün",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


class TestTemplates:
    def test_own_templates(self, app, client, package):
        shop = Blueprint("shop", __name__, root_path=str(package), template_folder="templates")
        shop.route("/")(lambda: render_template("page.html"))
        app.register_blueprint(shop)
        assert client.get("/").text == "shop's base: page"

    def test_the_applications_templates_win(self, package, tmp_path_factory, side):
        home = tmp_path_factory.mktemp("home")
        (home / "templates").mkdir()
        (home / "templates" / "shared.html").write_text("of the application")
        app = DualApp(__name__, root_path=str(home))
        shop = Blueprint("shop", __name__, root_path=str(package), template_folder="templates")
        shop.route("/")(lambda: render_template("shared.html"))
        app.register_blueprint(shop)
        assert app.test_client(side=side).get("/").text == "of the application"

    def test_without_a_template_folder_there_is_no_loader(self, package):
        assert Blueprint("shop", __name__).jinja_loader is None
        with_folder = Blueprint("x", __name__, root_path=str(package), template_folder="templates")
        assert with_folder.jinja_loader.list_templates() == [
            "base.html",
            "page.html",
            "shared.html",
        ]

    @pytest.mark.parametrize("named", [None, "other"])
    def test_filters_tests_and_globals_reach_the_application(self, app, client, named):
        def double(value=21):
            return value * 2

        def is_double(value):
            return value == 42

        shop = Blueprint("shop", __name__)
        assert shop.app_template_filter(named)(double) is double
        assert shop.app_template_test(named)(is_double) is is_double
        assert shop.app_template_global(named)(double) is double
        app.register_blueprint(shop)
        made = named or "double"
        asked = named or "is_double"
        text = f"{{{{ 4 | {made} }}}} {{{{ {made}() is {asked} }}}}"
        app.add_url_rule("/", "index", lambda: render_template_string(text))
        assert client.get("/").text == "8 True"

    def test_add_without_a_decorator(self, app):
        shop = Blueprint("shop", __name__)
        shop.add_app_template_filter(str.upper, "shout")
        shop.add_app_template_test(str.isupper, "loud")
        shop.add_app_template_global(late_callback)
        app.register_blueprint(shop)
        assert app.jinja_env.filters["shout"] is str.upper
        assert app.jinja_env.tests["loud"] is str.isupper
        assert app.jinja_env.globals["late_callback"] is late_callback

    def test_context_processors(self, app, client, colour):
        shop = Blueprint("shop", __name__)
        shop.context_processor(colour(lambda: {"own": "own"}))
        shop.app_context_processor(colour(lambda: {"everywhere": "everywhere"}))

        def index():
            return render_template_string("{{ own }},{{ everywhere }}")

        app.add_url_rule("/", view_func=index)
        shop.add_url_rule("/shop", view_func=index)
        app.register_blueprint(shop)
        assert client.get("/shop").text == "own,everywhere"
        assert client.get("/").text == ",everywhere"


class TestFiles:
    def test_static_files(self, app, client, package):
        shop = Blueprint("shop", __name__, "static", root_path=str(package), url_prefix="/shop")
        shop.route("/url")(lambda: url_for(".static", filename="style.css"))
        app.register_blueprint(shop)
        url = client.get("/shop/url").text
        assert url == "/shop/static/style.css"
        with client.get(url) as response:
            assert response.text == "h1 {}"
            assert response.mimetype == "text/css"

    @pytest.mark.parametrize("name", ["missing.css", "../data.txt", "%2e%2e/data.txt"])
    def test_no_file_is_served_from_elsewhere(self, app, client, package, name):
        shop = Blueprint("shop", __name__, "static", root_path=str(package), url_prefix="/shop")
        app.register_blueprint(shop)
        assert client.get(f"/shop/static/{name}").status_code == 404

    def test_static_url_path_is_below_the_prefix(self, app, client, package):
        shop = Blueprint(
            "shop", __name__, "static", "/files/", root_path=str(package), url_prefix="/shop"
        )
        app.register_blueprint(shop, name="renamed")
        assert rules(app, "renamed.static") == ["/shop/files/<path:filename>"]
        with client.get("/shop/files/style.css") as response:
            assert response.status_code == 200

    @pytest.mark.parametrize(
        ("folder", "url_path"), [("a/b/", "/b"), ("a\\", "/a"), (Path("a/c"), "/c"), ("", "")]
    )
    def test_the_static_url_path_follows_the_folder(self, folder, url_path):
        shop = Blueprint("shop", __name__, folder, root_path="/r")
        assert shop.static_url_path == url_path
        assert shop.has_static_folder
        assert shop.static_folder.startswith("/r/")

    def test_static_folder_can_be_set_and_unset(self):
        shop = Blueprint("shop", __name__, root_path="/r")
        assert (shop.has_static_folder, shop.static_folder, shop.static_url_path) == (
            False,
            None,
            None,
        )
        shop.static_folder = "files"
        assert (shop.static_folder, shop.static_url_path) == ("/r/files", "/files")
        shop.static_url_path = "/elsewhere/"
        assert shop.static_url_path == "/elsewhere"

    def test_no_static_folder_is_an_error_that_says_so(self, app):
        with app.app_context(), pytest.raises(RuntimeError, match="Set its 'static_folder'"):
            Blueprint("shop", __name__).send_static_file("style.css")

    @pytest.mark.parametrize(
        ("setting", "expected"), [(None, None), (60, 60), (timedelta(hours=1), 3600)]
    )
    def test_max_age_follows_the_current_application(self, app, setting, expected):
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = setting
        with app.app_context():
            assert Blueprint("shop", __name__).get_send_file_max_age("style.css") == expected

    def test_max_age_can_be_overridden(self, app, client, package):
        class Cached(Blueprint):
            def get_send_file_max_age(self, filename):
                return 10 if filename == "style.css" else None

        shop = Cached("shop", __name__, "static", root_path=str(package), url_prefix="/shop")
        app.register_blueprint(shop)
        with client.get("/shop/static/style.css") as response:
            assert response.cache_control.max_age == 10

    def test_open_resource(self, package):
        shop = Blueprint("shop", __name__, root_path=str(package))
        with shop.open_resource("data.txt") as file:
            assert file.read() == "grün".encode()
        with shop.open_resource("data.txt", "rt") as file:
            assert file.read() == "grün"
        with shop.open_resource("data.txt", "r", encoding="latin-1") as file:
            assert file.read() == "grün".encode().decode("latin-1")

    @pytest.mark.parametrize("mode", ["w", "r+", "a", "x", "rb+"])
    def test_resources_are_for_reading(self, package, mode):
        shop = Blueprint("shop", __name__, root_path=str(package))
        with pytest.raises(ValueError, match=r"'data.txt'.*reading"):
            shop.open_resource("data.txt", mode)

    def test_the_root_path_is_where_the_module_lies(self):
        assert Blueprint("shop", __name__).root_path == str(Path(__file__).parent)

    def test_a_module_without_a_file_needs_a_root_path(self):
        with pytest.raises(RuntimeError, match=r"'sys' has no file.*root_path="):
            Blueprint("shop", "sys")
        assert Blueprint("shop", "sys", root_path="/r").root_path == "/r"


class TestCommands:
    @pytest.mark.parametrize(
        ("arguments", "options", "expected"),
        [
            ({}, {}, ["shop", "hello"]),
            ({}, {"name": "renamed"}, ["renamed", "hello"]),
            ({"cli_group": "tools"}, {}, ["tools", "hello"]),
            ({"cli_group": "tools"}, {"cli_group": "other"}, ["other", "hello"]),
            ({"cli_group": None}, {}, ["hello"]),
            ({}, {"cli_group": None}, ["hello"]),
        ],
    )
    def test_the_group_of_a_blueprints_commands(self, app, arguments, options, expected):
        shop = Blueprint("shop", __name__, **arguments)
        shop.cli.command("hello")(lambda: print("hi"))
        app.register_blueprint(shop, **options)
        assert app.test_cli_runner().invoke(args=expected).output == "hi\n"

    def test_without_commands_there_is_no_group(self, app):
        app.register_blueprint(Blueprint("shop", __name__))
        assert "shop" not in app.cli.commands

    def test_the_group_of_a_nested_blueprint_has_its_full_name(self, app):
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        inner.cli.command("hello")(lambda: None)
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        assert list(app.cli.commands) == ["outer.inner"]


def test_request_tells_its_blueprints(app, client):
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.route("/")(lambda: {"one": request.blueprint, "all": request.blueprints})
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert client.get("/").json == {"one": "outer.inner", "all": ["outer.inner", "outer"]}


def test_a_module_made_by_hand_counts_from_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "by_hand", types.ModuleType("by_hand"))
    monkeypatch.chdir(tmp_path)
    assert Blueprint("shop", "by_hand").root_path == str(tmp_path)
