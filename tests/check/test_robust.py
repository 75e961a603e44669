"""Whatever is registered, and however it is written, reading it raises nothing."""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import operator
import string
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dualapp import DualApp
from dualapp.check.as_json import json_of
from dualapp.check.known import KNOWN, find_known
from dualapp.check.report import text_of
from dualapp.check.run import check
from dualapp.globals import request
from dualapp.views import View


class Hostile:
    """Nothing can be asked of it, but its class and to be called."""

    def __getattribute__(self, name):
        if name == "__class__":
            return Hostile
        raise RuntimeError(name)

    def __call__(self):
        return ""


class Unhashable:
    __hash__ = None

    def __call__(self):
        return ""


class Slotted:
    __slots__ = ()

    async def __call__(self):
        return ""


@dataclasses.dataclass
class Data:
    value: int = 1

    def __call__(self):
        return ""


def circle():
    return ""


circle.__wrapped__ = circle


def wraps_nothing():
    return ""


wraps_nothing.__wrapped__ = None


def with_an_empty_cell():
    def view():
        return never

    if view is None:
        never = 1
    return view


namespace: dict = {}
exec("async def made():\n    return ''", namespace)

ODD = [
    lambda: "",
    [lambda: "", lambda: ""][1],
    functools.partial(circle),
    functools.partial(functools.partial(len, "x")),
    functools.cache(lambda: ""),
    functools.singledispatch(lambda value: ""),
    len,
    str,
    operator.attrgetter("x"),
    "x".join,
    Hostile(),
    Unhashable(),
    Slotted(),
    Data(),
    Data.__init__,
    Data().__call__,
    circle,
    wraps_nothing,
    namespace["made"],
    with_an_empty_cell(),
    mock.Mock(),
    mock.AsyncMock(),
    request,
    type("Bare", (View,), {}).as_view("view"),
    classmethod(circle).__get__(None, Data),
    type("Made", (), {"__call__": lambda self: ""})(),
    compile("''", "<text>", "eval").co_consts.__len__,
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_anything_that_can_be_called_may_be_registered(number):
    odd = ODD[number]
    app = DualApp("odd", static_folder=None)
    app.add_url_rule("/", "odd")
    app.view_functions["odd"] = odd
    app.before_request(odd)
    app.after_request(odd)
    app.teardown_appcontext(odd)
    app.url_value_preprocessor(odd)
    app.context_processor(odd)
    app.register_error_handler(404, odd)
    app.extensions["odd"] = odd
    report = check(app)
    assert [view.endpoint for view in report.views] == ["odd"]
    assert text_of(report)
    assert json.loads(json.dumps(json_of(report)))["views"][0]["endpoint"] == "odd"


NAMES = st.sampled_from(["a", "b", "time", "open", "asyncio", "self", "view"])
EXPRESSIONS = st.recursive(
    NAMES | st.just("1") | st.just("'x'"),
    lambda inner: st.one_of(
        st.builds("{}({})".format, inner, inner),
        st.builds("({}).{}".format, inner, NAMES),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("(b := {})".format, inner),
        st.builds("(lambda a: {})".format, inner),
        st.builds("[{} for a in {}]".format, inner, inner),
        st.builds("({} for b in {})".format, inner, inner),
        st.builds("(await {})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
    ),
    max_leaves=8,
)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.builds("return {}".format, EXPRESSIONS),
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{} += {}".format, NAMES, EXPRESSIONS),
    st.builds("{}: {} = {}".format, NAMES, NAMES, EXPRESSIONS),
    st.builds("import time as {}".format, NAMES),
    st.builds("from time import sleep as {}".format, NAMES),
    st.builds("with {} as {}: {}".format, EXPRESSIONS, NAMES, EXPRESSIONS),
    st.builds("for {} in {}: {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("def {}(): return {}".format, NAMES, NAMES),
    st.builds("async def {}(): return {}".format, NAMES, EXPRESSIONS),
    st.builds("class {}: pass".format, NAMES),
    st.builds("global {}".format, st.sampled_from(["y", "z"])),
    st.builds("del {}".format, NAMES),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=6))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
def test_any_code_can_be_read(load, body):
    text = "import asyncio, time\nfrom dualapp import DualApp\napp = DualApp(__name__)\n"
    text += "@app.get('/')\nasync def view(a=None):\n    " + "\n    ".join(body)
    try:
        compile(text, "text", "exec")
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    report = check(load(text).app)
    assert [view.endpoint for view in report.views] == ["view"]
    assert text_of(report)


@given(st.lists(st.tuples(st.text(string.ascii_letters + "._"), st.text(min_size=1)), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_name_can_be_looked_up(names):
    find_known(names)


def test_each_known_call_is_found_by_each_of_its_names():
    for known in KNOWN:
        for owner in known.owners.split():
            for member in known.members.split():
                name = (owner.removesuffix(".*"), "anything" if member == "*" else member)
                found = find_known([name])
                assert found is not None
                assert found.code is known.code, name
