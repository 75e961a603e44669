"""``dualapp routes``."""

from __future__ import annotations

import pytest

from dualapp import DualApp
from dualapp.cli import FlaskGroup
from dualapp.views import MethodView, View


@pytest.fixture
def app():
    app = DualApp("shop", static_folder=None)

    @app.get("/z")
    def a_sync():
        return ""

    @app.route("/b/<int:number>", methods=["GET", "POST"])
    async def c_async(number):
        return ""

    @app.post("/a")
    def b_post():
        return ""

    return app


@pytest.fixture
def lines(runner):
    """Run ``routes`` for an application; give the lines after the head."""

    def lines(app, *args):
        result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes", *args])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()[2:]

    return lines


def test_table(runner, app):
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes"])
    assert result.output == (
        "Endpoint  Methods    Rule             View\n"
        "--------  ---------  ---------------  -----\n"
        "a_sync    GET        /z               sync\n"
        "b_post    POST       /a               sync\n"
        "c_async   GET, POST  /b/<int:number>  async\n"
    )


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("endpoint", ["a_sync", "b_post", "c_async"]),
        ("methods", ["a_sync", "c_async", "b_post"]),
        ("rule", ["b_post", "c_async", "a_sync"]),
    ],
)
def test_sort(app, lines, sort, order):
    assert [line.split()[0] for line in lines(app, "--sort", sort)] == order
    assert [line.split()[0] for line in lines(app, "-s", sort)] == order


def test_sort_by_match_is_the_order_of_the_map(app, lines):
    order = [rule.endpoint for rule in app.url_map.iter_rules()]
    assert [line.split()[0] for line in lines(app, "-s", "match")] == order


def test_all_methods(app, lines):
    assert "GET, HEAD, OPTIONS, POST" in lines(app, "--all-methods")[2]


def test_subdomains(runner):
    app = DualApp("shop", static_folder=None)
    app.add_url_rule("/a", "a", subdomain="z", view_func=lambda: "")
    app.add_url_rule("/b", "b", view_func=lambda: "")
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes", "-s", "domain"])
    assert result.output == (
        "Endpoint  Methods  Subdomain  Rule  View\n"
        "--------  -------  ---------  ----  ----\n"
        "b         GET                 /b    sync\n"
        "a         GET      z          /a    sync\n"
    )


def test_hosts(runner):
    app = DualApp("shop", static_folder=None, host_matching=True)
    app.add_url_rule("/a", "a", host="a.example")
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes"])
    assert result.output.splitlines()[0] == "Endpoint  Methods  Host       Rule  View"
    assert result.output.splitlines()[2] == "a         GET      a.example  /a"


def test_class_based_views(lines):
    class Plain(View):
        async def dispatch_request(self):
            return ""

    class Mixed(MethodView):
        def get(self):
            return ""

        async def post(self):
            return ""

    app = DualApp("shop", static_folder=None)
    app.add_url_rule("/plain", view_func=Plain.as_view("plain"))
    app.add_url_rule("/mixed", view_func=Mixed.as_view("mixed"))
    shown = {line.split()[0]: line for line in lines(app)}
    assert shown["plain"].endswith("  async")
    assert shown["mixed"].endswith("  sync + async")


def test_no_routes(runner):
    app = DualApp("shop", static_folder=None)
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes"])
    assert result.output == "No routes were registered.\n"
