"""Class-based views, with methods of both colours."""

from __future__ import annotations

import functools

import pytest
from werkzeug.routing import Rule

from dualapp import Blueprint, g, request
from dualapp.sides.colour import is_async
from dualapp.views import MethodView, View, http_method_funcs

#: The validator around the WSGI side warns of them.
unusual_methods = pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")


class Pages(MethodView):
    def get(self):
        return "get"

    def delete(self):
        return "delete"

    def purge_all(self):
        raise SystemError("a client must not be able to call this")


class AllAsync(MethodView):
    async def get(self):
        return "get"

    async def put(self):
        async def generate():
            yield "p"
            yield "ut"

        return generate()


class Mixed(AllAsync):
    def post(self):
        return "post"


class OverridingSync(AllAsync):
    def dispatch_request(self, **values):
        return super().dispatch_request(**values) + "!"


class OverridingAsync(Mixed):
    async def dispatch_request(self, **values):
        return f"{request.method}?"


class AsyncView(View):
    async def dispatch_request(self, name):
        return f"hello {name}"


def plain(function):
    @functools.wraps(function)
    def decorated(*args, **values):
        return function(*args, **values)

    return decorated


def awaiting(function):
    @functools.wraps(function)
    async def decorated(*args, **values):
        answer = function(*args, **values)
        return f"awaited {await answer if hasattr(answer, '__await__') else answer}"

    return decorated


class TestAnswers:
    def test_sync_methods(self, app, client):
        app.add_url_rule("/", view_func=Pages.as_view("pages"))
        assert client.get("/").text == "get"
        assert client.delete("/").text == "delete"

    def test_async_methods(self, app, client):
        app.add_url_rule("/", view_func=Mixed.as_view("mixed"))
        assert client.get("/").text == "get"
        assert client.post("/").text == "post"
        assert client.put("/").text == "put"

    def test_values_of_the_url(self, app, client):
        app.add_url_rule("/<name>", view_func=AsyncView.as_view("view"))
        assert client.get("/you").text == "hello you"

    def test_a_sync_dispatch_around_async_methods_sees_what_they_answer(self, app, client):
        app.add_url_rule("/", view_func=OverridingSync.as_view("view"))
        assert client.get("/").text == "get!"

    def test_an_async_dispatch(self, app, client):
        app.add_url_rule("/", view_func=OverridingAsync.as_view("view"))
        assert client.post("/").text == "POST?"

    def test_on_a_blueprint(self, app, client):
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.add_url_rule("/", view_func=Mixed.as_view("mixed"))
        app.register_blueprint(shop)
        assert client.get("/shop/").text == "get"

    @pytest.mark.parametrize(
        ("cls", "on_loop"),
        [
            (Pages, False),
            (AllAsync, True),
            (Mixed, False),
            (OverridingSync, False),
            (OverridingAsync, True),
            (AsyncView, True),
            (type("Empty", (MethodView,), {}), False),
            (type("Plain", (AllAsync,), {"decorators": [plain]}), False),
            (type("Awaiting", (Pages,), {"decorators": [awaiting]}), True),
        ],
    )
    def test_colour(self, cls, on_loop):
        """Async only where all of it is: one sync method must not run on the event loop."""
        assert is_async(cls.as_view("view")) is on_loop


class TestMethods:
    def test_worked_out_from_the_names(self):
        assert Pages.methods == {"GET", "DELETE"}
        assert Mixed.methods == {"GET", "PUT", "POST"}
        assert http_method_funcs == {
            "get", "post", "head", "options", "delete", "put", "trace", "patch",
        }  # fmt: skip

    def test_of_all_base_classes(self):
        class Other:
            def patch(self):
                return "patch"

        class Both(Pages, Other):
            pass

        assert Both.methods == {"GET", "DELETE", "PATCH"}

    def test_none_without_any(self):
        class Empty(MethodView):
            pass

        assert Empty.methods is None

    def test_head_is_answered_by_get(self, app, client):
        app.add_url_rule("/", view_func=Mixed.as_view("mixed"))
        response = client.head("/")
        assert (response.status_code, response.data) == (200, b"")

    def test_head_of_its_own(self, app, client):
        class WithHead(Pages):
            def head(self):
                return "", {"X-Head": "own"}

        app.add_url_rule("/", view_func=WithHead.as_view("view"))
        assert client.head("/").headers["X-Head"] == "own"

    @unusual_methods
    @pytest.mark.parametrize("path", ["/", "/any"])
    @pytest.mark.parametrize(
        "verb", ["PURGE_ALL", "purge_all", "__INIT__", "__init__", "DISPATCH_REQUEST", "AS_VIEW"]
    )
    def test_s25_the_client_does_not_choose_a_function(self, app, client, path, verb):
        app.add_url_rule("/", view_func=Pages.as_view("pages"))
        app.url_map.add(Rule("/any", endpoint="pages"))  # a rule for all methods
        refused = client.open(path, method=verb)
        assert refused.status_code == 405
        assert {"GET", "DELETE"} <= set(refused.headers["Allow"].split(", "))

    @unusual_methods
    def test_methods_that_http_does_not_name(self, app, client):
        class Dav(MethodView):
            methods = ("GET", "PROPFIND")

            def propfind(self):
                return "propfind"

            async def mkcol(self):
                return "mkcol"

        app.add_url_rule("/", view_func=Dav.as_view("listed"))
        app.add_url_rule("/rule", view_func=Dav.as_view("rule"), methods=["MKCOL"])
        assert client.open("/", method="PROPFIND").text == "propfind"
        assert client.open("/", method="MKCOL").status_code == 405
        assert client.open("/rule", method="MKCOL").text == "mkcol"
        assert client.get("/").status_code == 405  # listed, but not there

    def test_methods_of_a_view(self, app, client):
        class Posted(View):
            methods = ("POST",)

            def dispatch_request(self):
                return "posted"

        app.add_url_rule("/", view_func=Posted.as_view("view"))
        assert client.post("/").text == "posted"
        assert client.get("/").status_code == 405

    @pytest.mark.parametrize(("automatic", "allow"), [(None, True), (True, True), (False, False)])
    def test_automatic_options(self, app, client, automatic, allow):
        cls = type("Own", (Pages,), {"provide_automatic_options": automatic})
        app.add_url_rule("/", view_func=cls.as_view("view"))
        response = client.options("/")
        assert response.status_code == (200 if allow else 405)

    def test_own_options(self, app, client):
        class Own(Pages):
            async def options(self):
                return "own options"

        app.add_url_rule("/", view_func=Own.as_view("view"))
        assert client.options("/").text == "own options"

    def test_abstract_view(self, app, client):
        app.add_url_rule("/", view_func=View.as_view("view"))
        with pytest.raises(NotImplementedError):
            client.get("/")


class TestAsView:
    def test_the_function_tells_of_its_class(self):
        class Documented(Pages):
            """What it is for."""

        view = Documented.as_view("name")
        assert (view.__name__, view.__doc__, view.__module__) == (
            "name",
            "What it is for.",
            __name__,
        )
        assert view.view_class is Documented
        assert view.methods == Documented.methods

    @pytest.mark.parametrize("fresh", [True, False])
    def test_instances(self, app, client, fresh):
        class Counting(MethodView):
            init_every_request = fresh

            def __init__(self, start, step=1):
                self.count = start
                self.step = step

            async def get(self):
                self.count += self.step
                return str(self.count)

        app.add_url_rule("/", view_func=Counting.as_view("view", 10, step=5))
        answers = [client.get("/").text for _ in range(3)]
        assert answers == (["15"] * 3 if fresh else ["15", "20", "25"])

    def test_view_class_may_be_replaced(self, app, client):
        view = Pages.as_view("view")
        view.view_class = OverridingAsync
        app.add_url_rule("/", view_func=view)
        assert client.get("/").text == "GET?"

    @pytest.mark.parametrize("cls", [Pages, AllAsync])
    def test_decorators_are_applied_in_order(self, app, client, cls):
        def adding(word):
            def decorate(function):
                @functools.wraps(function)
                def decorated(*args, **values):
                    g.words = [*g.get("words", ()), word]
                    return function(*args, **values)

                return decorated

            return decorate

        decorated = type("Decorated", (cls,), {"decorators": [adding("inner"), adding("outer")]})
        app.add_url_rule("/", view_func=decorated.as_view("view"))
        app.after_request(lambda response: response.headers.extend({"X": g.words}) or response)
        response = client.get("/")
        assert response.text == "get"
        assert response.headers.getlist("X") == ["outer", "inner"]

    @pytest.mark.parametrize("cls", [Pages, AllAsync])
    def test_an_async_decorator(self, app, client, cls):
        decorated = type("Decorated", (cls,), {"decorators": [awaiting]})
        app.add_url_rule("/", view_func=decorated.as_view("view"))
        assert client.get("/").text == "awaited get"
