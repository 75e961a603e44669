"""What an application holds, and what is said of one that cannot be imported."""

from __future__ import annotations

import pytest

from dualapp.lab.describing import asked, described
from dualapp.lab.errors import LabError
from dualapp.lab.options import PACKAGED
from dualapp.lab.wanted import get, parse

from .conftest import APPS


def test_an_application(bench, in_apps, tmp_path):
    paths = ("/item/7?x=1", "/nowhere", "/orders/ada")
    requests = [*map(get, paths), parse("POST /predict {}", tmp_path)]
    app = described(bench, "shop:app", requests)
    assert (app.module, app.name, app.call) == ("shop", "app", "")
    assert (app.folder, app.is_in_folder) == (str(APPS), True)
    assert (app.event_loop, app.sync_threads) == ("request", 40)
    assert app.plain == ["/", "/report", "/later", "/broken", "/old"]
    item, nowhere, orders, predict = (asked(request, app) for request in requests)
    assert (item.name, item.view, item.colour) == ("GET /item/7?x=1", "shop.item", "sync")
    assert predict.view == "shop.predict"
    assert (orders.view, orders.title) == ("shop.Orders.get", "All orders.")
    assert nowhere.view == "(no route of the application)"
    assert asked(get("/"), app).title == "A list of what there is."
    assert asked(get("/later"), app).colour == "async"


@pytest.mark.parametrize(
    ("name", "call"),
    [("shop:create_app", "()"), ("shop:create_app('test')", "('test')"), ("shop", "")],
)
def test_factories_and_usual_names(bench, in_apps, name, call):
    app = described(bench, name, [])
    assert app.call == call
    assert app.name == ("create_app" if call else "app")


def test_the_packaged_application_has_a_title_for_each_view(bench):
    app = described(bench, PACKAGED, [])
    assert len(app.plain) == 7
    assert not app.is_in_folder or app.folder == str(APPS.parents[2])
    for path in app.plain:
        assert asked(get(path), app).title.endswith(".")


def test_paths_are_percent_encoded(bench, in_apps):
    app = described(bench, "abroad:app", [get("/Stra%C3%9Fe/%e4%bd%a0%20%E5%A5%BD?x=%20")])
    [path] = app.plain
    assert path == "/Stra%C3%9Fe/%E4%BD%A0%20%E5%A5%BD"
    assert asked(get(path), app).view == "abroad.street"
    assert app.views["GET /Stra%C3%9Fe/%e4%bd%a0%20%E5%A5%BD?x=%20"].view == "abroad.street"
    assert get(path).on_the_wire().startswith(b"GET /Stra%C3%9F")


def test_a_thread_that_never_ends_does_not_keep_the_answer_back(bench, in_apps, monkeypatch):
    monkeypatch.setattr("dualapp.lab.describing._PATIENCE", 10)
    assert described(bench, "never_ends:app", []).name == "app"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cannot_be_imported:app", "No module named 'no_such_module_anywhere'"),
        ("missing:app", "Could not import 'missing'"),
        ("shop:nothing", r"'nothing'; is the name spelled right\? To see where"),
        ("ends_itself:app", r"ends the process .* sys.exit\('Set SHOP_SETTINGS first.'\)\. To"),
        ("of_flask:app", r"returns one\. To run it on dualapp instead of Flask, add: --as-flask"),
        ("for_flask:app", "'flask'. To run it on dualapp instead of Flask, add: --as-flask. To"),
        ("shop:report", "is not a dualapp application|cannot be called|not a"),
    ],
)
def test_one_that_cannot_be_measured(bench, in_apps, name, said):
    with pytest.raises(LabError, match=said) as caught:
        described(bench, name, [])
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"dualapp --app {name} routes")
