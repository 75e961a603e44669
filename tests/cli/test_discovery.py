"""Which object in a module is the application."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from dualapp import DualApp
from dualapp.cli import NoAppException, find_app_by_string, find_best_app, locate_app
from dualapp.cli.discovery import name_in

first = DualApp("first")
second = DualApp("second")


def module(**attributes):
    made = ModuleType("shop")
    vars(made).update(attributes)
    return made


def create(*args, **kwargs):
    app = DualApp("created")
    app.arguments = args, kwargs
    return app


async def create_async(name="created"):
    return DualApp(name)


def fail():
    raise TypeError("raised inside the factory")


class Factories:
    @classmethod
    def create_app(cls):
        return first


class TestBest:
    @pytest.mark.parametrize(
        "attributes",
        [
            {"app": first, "application": second},
            {"application": first, "other": second},
            {"shop": first},
            {"app": "text", "shop": first},
            {"create_app": lambda: first},
            {"make_app": lambda: first},
            {"create_app": lambda: "text", "make_app": lambda: first},
            {"create_app": lambda name="x", *args, **kwargs: first},
            {"create_app": lambda: second, "shop": first},
            {"create_app": Factories.create_app},
        ],
    )
    def test_finds(self, attributes):
        assert find_best_app(module(**attributes)) is first

    def test_finds_a_subclass(self):
        class Shop(DualApp):
            pass

        shop = Shop("shop")
        assert find_best_app(module(shop=shop)) is shop

    def test_waits_for_an_async_factory(self):
        assert find_best_app(module(create_app=create_async)).import_name == "created"

    @pytest.mark.parametrize(
        "attributes",
        [{}, {"app": "text"}, {"create_app": lambda: "text"}, {"create_app": 3}, {"App": DualApp}],
    )
    def test_nothing_found(self, attributes):
        with pytest.raises(NoAppException, match="'shop' holds no dualapp application"):
            find_best_app(module(**attributes))

    def test_several(self):
        with pytest.raises(NoAppException, match=r"several applications: one, two.*'shop:one'"):
            find_best_app(module(one=first, two=second))

    @pytest.mark.parametrize("factory", [lambda name: first, lambda *, name: first])
    def test_factory_that_needs_arguments(self, factory):
        with pytest.raises(NoAppException, match="'shop:create_app' cannot be called like this"):
            find_best_app(module(create_app=factory))

    def test_a_type_error_inside_the_factory_is_its_own(self):
        with pytest.raises(TypeError, match="raised inside"):
            find_best_app(module(create_app=fail))


class TestFlask:
    """An object of the real Flask, for which there is an option."""

    @pytest.fixture(autouse=True)
    def flask(self, monkeypatch):
        """Stand in for the module, which need not be installed."""

        class Flask:
            def __call__(self, environ, start_response):
                raise AssertionError("called as a factory")

        flask = ModuleType("flask")
        flask.Flask = Flask
        monkeypatch.setitem(sys.modules, "flask", flask)
        return flask

    @pytest.fixture(params=["the class", "a subclass"])
    def made(self, flask, request):
        kind = flask.Flask if request.param == "the class" else type("Shop", (flask.Flask,), {})
        return kind()

    @pytest.mark.parametrize("name", ["app", "shop"])
    def test_found_by_looking(self, made, name):
        shop = module(**{name: made})
        for look in (find_best_app, lambda shop: name_in(shop, None)):
            with pytest.raises(NoAppException, match=f"'shop:{name}'.*Flask itself.*--as-flask"):
                look(shop)

    def test_found_by_name(self, made):
        shop = module(app=made)
        for look in (find_app_by_string, name_in):
            with pytest.raises(NoAppException, match=r"'shop:app'.*Flask itself.*--as-flask"):
                look(shop, "app")

    def test_made_by_a_factory(self, made):
        shop = module(create_app=lambda name="x": made)
        with pytest.raises(NoAppException, match=r"'shop:create_app'.*Flask itself.*--as-flask"):
            find_best_app(shop)
        with pytest.raises(NoAppException, match=r"'shop:create_app\('y'\)'.*Flask.*--as-flask"):
            find_app_by_string(shop, "create_app('y')")

    def test_beside_an_application_of_ours(self, made):
        assert find_best_app(module(app=made, other=first)) is first
        assert find_best_app(module(app=made, create_app=lambda: first)) is first

    def test_where_the_name_leads_to_dualapp(self, flask):
        flask.Flask = DualApp
        assert find_best_app(module(app=first)) is first
        with pytest.raises(NoAppException, match="holds no dualapp application"):
            find_best_app(module(app="text"))


class TestByString:
    shop = module(app=first, create=create, create_async=create_async, fail=fail, number=3)

    @pytest.mark.parametrize("text", ["app", "app()", " app "])
    def test_instance(self, text):
        assert find_app_by_string(self.shop, text) is first

    @pytest.mark.parametrize(
        ("text", "args", "kwargs"),
        [
            ("create", (), {}),
            ("create()", (), {}),
            (" create ( ) ", (), {}),
            ("create('a')", ("a",), {}),
            ("create(1, -2, [3], {4: (5,)}, None, True)", (1, -2, [3], {4: (5,)}, None, True), {}),
            ("create('a:b', debug=False)", ("a:b",), {"debug": False}),
        ],
    )
    def test_factory(self, text, args, kwargs):
        assert find_app_by_string(self.shop, text).arguments == (args, kwargs)

    def test_async_factory(self):
        assert find_app_by_string(self.shop, "create_async('late')").import_name == "late"

    @pytest.mark.parametrize("text", ["", "1", "a.b", "app app", "create(", "[1]", "lambda: 1"])
    def test_not_a_name_nor_a_call(self, text):
        with pytest.raises(NoAppException, match="neither a name nor the call"):
            find_app_by_string(self.shop, text)

    @pytest.mark.parametrize("text", ["create.x()", "create()()"])
    def test_not_a_plain_name(self, text):
        with pytest.raises(NoAppException, match="one plain name"):
            find_app_by_string(self.shop, text)

    @pytest.mark.parametrize(
        "text", ["create(x)", "create(1 + 1)", "create(*[1])", "create(**{'a': 1})", "create(a=b)"]
    )
    def test_arguments_that_are_no_literals(self, text):
        with pytest.raises(NoAppException, match="must be literals"):
            find_app_by_string(self.shop, text)

    @pytest.mark.parametrize("text", ["nothing", "nothing()"])
    def test_missing_name(self, text):
        with pytest.raises(NoAppException, match="'shop' has nothing called 'nothing'"):
            find_app_by_string(self.shop, text)

    @pytest.mark.parametrize("text", ["number", "number()"])
    def test_not_an_application(self, text):
        with pytest.raises(NoAppException, match="gives an object of type 'int'"):
            find_app_by_string(self.shop, text)

    @pytest.mark.parametrize("text", ["create_async(1, 2)", "fail(1)"])
    def test_arguments_that_do_not_fit(self, text):
        with pytest.raises(NoAppException, match="cannot be called like this"):
            find_app_by_string(self.shop, text)

    def test_a_type_error_inside_the_factory_is_its_own(self):
        with pytest.raises(TypeError, match="raised inside"):
            find_app_by_string(self.shop, "fail")


class TestLocate:
    @pytest.fixture(autouse=True)
    def _importable(self, write, tmp_path):
        sys.path.insert(0, str(tmp_path))
        write("one_app.py", "from dualapp import DualApp\nweb = DualApp('web')\n")
        write("empty_module.py")

    def test_with_and_without_name(self):
        assert locate_app("one_app", None).import_name == "web"
        assert locate_app("one_app", "web").import_name == "web"

    def test_missing_module(self):
        with pytest.raises(NoAppException, match="Could not import 'not_there'"):
            locate_app("not_there", None)
        assert locate_app("not_there", None, raise_if_not_found=False) is None

    def test_a_module_without_application_is_an_error_either_way(self):
        with pytest.raises(NoAppException, match="holds no dualapp application"):
            locate_app("empty_module", None, raise_if_not_found=False)


class TestName:
    """For a server in another process: the attribute, without calling a factory."""

    @pytest.mark.parametrize(
        ("attributes", "text", "name", "is_app"),
        [
            ({"app": first}, None, "app", True),
            ({"web": first}, None, "web", True),
            ({"create_app": fail}, None, "create_app", False),
            ({"make_app": fail}, None, "make_app", False),
            ({"web": first}, "web", "web", True),
            ({"start": fail}, "start(1)", "start", False),
        ],
    )
    def test_found(self, attributes, text, name, is_app):
        assert name_in(module(**attributes), text) == (name, is_app)

    def test_not_found(self):
        with pytest.raises(NoAppException):
            name_in(module(), None)
        with pytest.raises(NoAppException):
            name_in(module(), "start")
