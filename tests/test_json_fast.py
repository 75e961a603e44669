"""The providers on orjson and msgspec, whose results have to be those of the standard library."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import itertools
import json as stdlib
import math
import sys
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from dualapp import DualApp, json, jsonify, render_template_string, request
from dualapp.json.fast import MsgspecProvider, OrjsonProvider
from dualapp.json.provider import DefaultJSONProvider

#: The providers, by the library that each needs, which is also the name of its extra.
PROVIDERS = {"orjson": OrjsonProvider, "msgspec": MsgspecProvider}

COMPACT = (",", ":")
#: The options with which a response is written.
LAYOUT = {"separators": COMPACT}


@pytest.fixture(params=PROVIDERS)
def library(request):
    pytest.importorskip(
        request.param, reason=f'needs {request.param}: pip install "dualapp[{request.param}]"'
    )
    return request.param


@pytest.fixture
def fast(app, library):
    """The provider under test."""
    return PROVIDERS[library](app)


@pytest.fixture
def default(app):
    """The provider that it is compared with."""
    return DefaultJSONProvider(app)


def outcome(function, *args, **kwargs):
    """Give the result in a form that tells ``1`` from ``1.0`` and ``True``, or the error's type."""
    try:
        return repr(function(*args, **kwargs))
    except Exception as error:
        return type(error)


# -- values ------------------------------------------------------------------------------------


@dataclasses.dataclass
class Point:
    x: object
    y: object


class Pair(collections.namedtuple("Pair", "a b")):
    __slots__ = ()


class Colour(enum.Enum):
    RED = "red"


class Name(enum.StrEnum):
    ADA = "Ada"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "something else"


class Number(int):
    def __repr__(self):
        return "something else"


class Ratio(float):
    def __repr__(self):
        return "something else"


class Page:
    def __html__(self):
        return "<p>é"


PLAIN = [
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**63,
    2**64 - 1,
    -(2**63),
    0.0,
    -0.0,
    0.1,
    1e-4,
    9999999999999998.0,
    123456789.123,
    "",
    "text",
    '"\\/\b\f\n\r\t\x00\x1f',
    "é€😀\u2028\x80",
    "\x7f",
    '\\"é\\\\u00e9"',
    [],
    {},
    (),
    [[[]], {"a": {"b": ()}}],
    {"b": 1, "a": 2, "é": 3, "\uffff": 4, "😀": 5, "": 6, "aa": 7, "\x7f": 8},
]
ODD = [
    2**64,
    -(2**63) - 1,
    10**30,
    math.nan,
    math.inf,
    -math.inf,
    1e16,
    1e-5,
    9.999e-5,
    1e22,
    5e-324,
    sys.float_info.max,
    "\ud800",
    "\udfff\ud800",
    {"\ud800": 1, "a": 2, "😀": 3},
    {1: 1},
    {10: 1, 9: 2},
    {1: 1, "1": 2},
    {1.5: 1, 1e16: 2, math.nan: 3},
    {True: 1},
    {None: 1},
    {(1, 2): 3},
    {b"a": 1},
    {uuid.UUID(int=1): 1},
    {datetime.date(2026, 1, 2): 1},
    {Name.ADA: 1},
    {Level.HIGH: 1},
    {Text("a"): 1},
    {Number(1): 1},
    Text("a"),
    Number(1),
    Ratio(1),
    Markup("<p>"),
    Name.ADA,
    Level.HIGH,
    Colour.RED,
    Colour,
    Pair(1, "é"),
    collections.OrderedDict(b=1, a=2),
    collections.defaultdict(list, a=[1]),
    Point(1, decimal.Decimal("1.50")),
    Point(math.nan, Colour.RED),
    Point(Point(1e-7, None), 2),
    Point,
    Page(),
    datetime.date(2026, 1, 2),
    datetime.datetime(2026, 1, 2, 3, 4, 5, 678),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=5))),
    datetime.time(1),
    datetime.timedelta(1),
    decimal.Decimal("1e-7"),
    decimal.Decimal("NaN"),
    uuid.UUID(int=1),
    b"bytes",
    bytearray(b"bytes"),
    memoryview(b"bytes"),
    {1, 2},
    frozenset({1}),
    1j,
    ...,
    object(),
    range(3),
    collections.deque([1]),
    iter([1, 2]),
    len,
]

any_text = st.text(st.characters(exclude_categories=()))
integers = st.integers() | st.integers(-(2**65), 2**65) | st.sampled_from([2**63, 2**64, -(2**63)])
plain_leaves = st.none() | st.booleans() | integers | st.floats() | any_text
odd_leaves = (
    st.sampled_from(PLAIN + ODD)
    | st.datetimes(min_value=datetime.datetime(1900, 1, 1))
    | st.uuids()
    | st.decimals()
    | st.builds(Point, plain_leaves, plain_leaves)
)
odd_keys = any_text | integers | st.floats() | st.booleans() | st.none() | st.builds(Text)


def trees(leaves, keys):
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner)
            | st.lists(inner).map(tuple)
            | st.dictionaries(keys, inner)
            | st.builds(Point, inner, inner)
        ),
        max_leaves=12,
    )


def plain_trees():
    return st.recursive(
        plain_leaves,
        lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
        max_leaves=12,
    )


options = st.fixed_dictionaries({"ensure_ascii": st.booleans(), "sort_keys": st.booleans()})

checked = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


BOOLEANS = (True, False)


def kind(value):
    return type(value).__name__


def both_write(fast, default, value, attributes=None, kwargs=LAYOUT):
    for name, chosen in (attributes or {}).items():
        setattr(fast, name, chosen)
        setattr(default, name, chosen)
    return (outcome(provider.dumps, value, **kwargs) for provider in (fast, default))


class TestDumps:
    @checked
    @given(value=plain_trees(), attributes=options)
    def test_plain_values(self, fast, default, value, attributes):
        ours, theirs = both_write(fast, default, value, attributes)
        assert ours == theirs

    @checked
    @given(value=trees(plain_leaves | odd_leaves, odd_keys), attributes=options)
    def test_any_values(self, fast, default, value, attributes):
        ours, theirs = both_write(fast, default, value, attributes)
        assert ours == theirs

    @pytest.mark.parametrize("value", [*PLAIN, *ODD, 10**5000], ids=kind)
    def test_each(self, fast, default, value):
        trees = (value, [value], {"b": [None, value], "a": (value,)}, Point(value, None))
        for tree, ensure_ascii, sort_keys in itertools.product(trees, BOOLEANS, BOOLEANS):
            attributes = {"ensure_ascii": ensure_ascii, "sort_keys": sort_keys}
            ours, theirs = both_write(fast, default, tree, attributes)
            assert ours == theirs

    @pytest.mark.parametrize("value", PLAIN, ids=repr)
    def test_the_library_writes_what_is_plain(self, fast, monkeypatch, value):
        """Or else nothing here would be any faster."""
        monkeypatch.setattr(DefaultJSONProvider, "dumps", None)
        assert fast.dumps([value], separators=COMPACT)

    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"indent": 2},
            {"separators": (", ", ":")},
            {"separators": COMPACT, "sort_keys": False},
            {"separators": COMPACT, "default": lambda o: "mine"},
            {"separators": COMPACT, "allow_nan": False},
            {"separators": COMPACT, "skipkeys": True},
            {"separators": COMPACT, "cls": stdlib.JSONEncoder},
            {"ensure_ascii": False},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("value", [{"b": ["é", 1.5, object], "a": {}}, {b"a": math.nan}])
    def test_options(self, fast, default, value, kwargs):
        ours, theirs = both_write(fast, default, value, kwargs=kwargs)
        assert ours == theirs

    @pytest.mark.parametrize("wrap", [lambda o: [o], lambda o: {"a": o}, lambda o: Point(o, 1)])
    @pytest.mark.parametrize("depth", [10, 200, 300, 600, 100_000])
    def test_depth(self, fast, default, wrap, depth):
        value = None
        for _ in range(depth):
            value = wrap(value)
        ours, theirs = both_write(fast, default, value)
        assert ours == theirs

    def test_cycles(self, fast):
        value = []
        value += [value, value]
        with pytest.raises(ValueError, match="Circular"):
            fast.dumps(value, separators=COMPACT)

    def test_messages_are_the_standard_librarys(self, fast):
        with pytest.raises(TypeError, match="type complex is not JSON serializable"):
            fast.dumps([1j], separators=COMPACT)
        with pytest.raises(TypeError, match="keys must be str, int"):
            fast.dumps({(): 1}, separators=COMPACT)

    def test_a_dictionary_that_had_other_keys(self, fast):
        value = {1: 1, "é": 2, "a": 3}
        del value[1]
        assert fast.dumps(value, separators=COMPACT) == '{"a":3,"\\u00e9":2}'


class TestDefault:
    """The method ``default`` of a subclass."""

    @pytest.fixture
    def providers(self, app, library):
        def extended(base):
            class Provider(base):
                def default(self, o):
                    match o:
                        case uuid.UUID():
                            return o.hex
                        case datetime.date():
                            return o.isoformat()
                        case set() | range():
                            return sorted(o)
                        case collections.abc.Iterator():
                            return list(o)
                        case Colour():
                            return Level.HIGH
                        case bytes():
                            raise KeyError(o)
                    return super().default(o)

            return Provider(app)

        return extended(PROVIDERS[library]), extended(DefaultJSONProvider)

    @pytest.mark.parametrize(
        "value",
        [
            uuid.UUID(int=1),
            datetime.datetime(2026, 1, 2),
            {3, 1, 2},
            {1e-7, 1e16},
            {math.nan},
            [{2**70}, {1, 2}],
            Colour.RED,
            b"",
            [{1}, b""],
            Point({1}, decimal.Decimal(1)),
            [Point({1}, Point(range(2), {math.inf})), {"a": {1}}],
            range(3),
            [range(3), "é"],
            [Page(), {1}, "\ud800"],
            object(),
        ],
        ids=repr,
    )
    def test_is_asked(self, providers, value):
        ours, theirs = both_write(*providers, value)
        assert ours == theirs

    @pytest.mark.parametrize("sort_keys", BOOLEANS)
    @pytest.mark.parametrize("odd", [1, math.nan, 10**30, Text("a"), Colour.RED, {1: 2}], ids=kind)
    def test_what_can_be_used_once_only(self, providers, odd, sort_keys):
        def value():
            return {"c": iter([1]), "b": map(iter, ["x", "y"]), "a": {3}, "z": [odd, iter("d")]}

        for provider in providers:
            provider.sort_keys = sort_keys
        ours, theirs = (outcome(provider.dumps, value(), **LAYOUT) for provider in providers)
        assert ours == theirs
        assert "[1]" in ours

    def test_of_the_instance(self, fast):
        fast.default = lambda o: "mine"
        assert fast.dumps([uuid.UUID(int=1), 1j], separators=COMPACT) == '["mine","mine"]'

    @pytest.mark.parametrize("value", ODD, ids=kind)
    def test_that_has_an_answer_for_everything(self, fast, default, value):
        attributes = {"default": lambda o: [type(o).__name__]}
        ours, theirs = both_write(fast, default, [value, {"a": value}], attributes)
        assert ours == theirs

    @pytest.mark.parametrize(
        "value",
        [
            datetime.datetime(2026, 1, 2),
            decimal.Decimal("1.50"),
            uuid.UUID(int=1),
            Point(1, uuid.UUID(int=2)),
            Page(),
        ],
        ids=kind,
    )
    def test_orjson_writes_what_it_gives(self, app, monkeypatch, value):
        pytest.importorskip("orjson", reason='needs orjson: pip install "dualapp[orjson]"')
        monkeypatch.setattr(OrjsonProvider, "_dumps_again", None)
        monkeypatch.setattr(DefaultJSONProvider, "dumps", None)
        assert OrjsonProvider(app).dumps([value, {"a": (value,)}], **LAYOUT)

    def test_none(self, fast, default):
        ours, theirs = both_write(fast, default, [1j], {"default": None})
        assert ours is theirs is TypeError


# -- texts -------------------------------------------------------------------------------------

TOKENS = [
    *"{}[],:\"\\-+.eE0123456789 \t\n\r\v\f\x00\x1f\x7f\x85\xa0é😀\ud800\udc00\ufeff'/ntu",
    *("null", "true", "false", "nul", "True", "NaN", "Infinity", "-Infinity", "inf", "-0", "01"),
    *('"a"', '"a":1', '"\\u00e9"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u12"'),
    *('"\\x"', '"\\/\\b\\f\\n\\r\\t"', '"\n"', '"\x00"', '"\x7f"', "1.5", "1e5", "1E+5", "-1e-5"),
    *("1.", ".5", "1e", "0.1e400", "1e400", "-1e400", "1e-400", "9" * 18, "9" * 19, "9" * 20),
    *(str(2**63), str(2**63 - 1), str(-(2**63)), str(-(2**63) - 1), str(2**64), str(2**64 - 1)),
    *("9" * 400, "9" * 4301, "1" + "0" * 25 + ".5", "0.00012345678901234567", "123456789012345.67"),
    *("2.2250738585072011e-308", "8.41e21", "9007199254740993.0", "1" * 30 + "e-10", "[]", "{}"),
    *("/**/", "//", "#", "{'a':1}", '{"a":1,"a":2,"b":3}', "[1,]", '{"a":1,}', '{"":0}', "[[[[["),
]

written = st.builds(
    stdlib.dumps,
    plain_trees(),
    ensure_ascii=st.booleans(),
    indent=st.none() | st.just(1),
)


@st.composite
def mutated(draw):
    """JSON text in which a few places were changed."""
    text = draw(written)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 2)))
        text = text[:start] + draw(st.sampled_from(TOKENS)) + text[end:]
    return text


texts = (
    written
    | mutated()
    | st.lists(st.sampled_from(TOKENS), max_size=8).map("".join)
    | st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
    | any_text
)

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
encoded = st.builds(
    lambda text, encoding: text.encode(encoding, "surrogatepass"),
    texts,
    st.sampled_from(ENCODINGS),
)


@st.composite
def broken(draw):
    """JSON in UTF-8 with a few bytes among it."""
    data = draw(texts).encode("utf-8", "surrogatepass")
    start = draw(st.integers(0, len(data)))
    return data[:start] + draw(st.binary(max_size=3)) + data[start + draw(st.integers(0, 1)) :]


def both_read(fast, default, text):
    return (outcome(provider.loads, text) for provider in (fast, default))


class TestLoads:
    @checked
    @given(text=texts | encoded | broken() | st.binary())
    def test_any_text(self, fast, default, text):
        ours, theirs = both_read(fast, default, text)
        assert ours == theirs

    @pytest.mark.parametrize("text", TOKENS, ids=ascii)
    def test_each(self, fast, default, text):
        for whole in (text, f"[{text}]", f' {{"a": {text}}} ', f'"{text}"', f"-{text}", f"{text}0"):
            for given_as in (whole, whole.encode("utf-8", "surrogatepass")):
                ours, theirs = both_read(fast, default, given_as)
                assert ours == theirs

    @pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64 - 1, 2**64, -(2**64), 10**19])
    def test_long_numbers_anywhere(self, fast, number):
        for start in range(20):
            value = ["x" * start, number, "y"]
            assert outcome(fast.loads, stdlib.dumps(value)) == repr(value)

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_encodings(self, fast, encoding):
        assert fast.loads('["é"]'.encode(encoding)) == ["é"]

    @pytest.mark.parametrize(
        "text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000]
    )
    def test_too_deep_is_a_value_error(self, fast, text):
        with pytest.raises(ValueError, match="nested too deeply"):
            fast.loads(text)

    @pytest.mark.parametrize("value", [b"[1]", "[1]"])
    def test_options(self, fast, value):
        assert fast.loads(value, parse_int=str) == ["1"]

    @pytest.mark.parametrize("value", [bytearray(b"[1]"), memoryview(b"[1]"), 1, None, ["1"]])
    def test_other_types(self, fast, default, value):
        ours, theirs = both_read(fast, default, value)
        assert ours == theirs

    def test_messages_are_the_standard_librarys(self, fast, default):
        messages = []
        for provider in (fast, default):
            with pytest.raises(stdlib.JSONDecodeError) as caught:
                provider.loads(b'{"a": 1,}')
            messages.append(str(caught.value))
        assert messages[0] == messages[1]

    @pytest.mark.parametrize("text", ['{"a": [1, -2.5, "é", null, true]}', str(10**19 - 1), "-1"])
    def test_the_library_reads_what_is_plain(self, fast, monkeypatch, text):
        expected = stdlib.loads(text)
        monkeypatch.setattr(DefaultJSONProvider, "loads", None)
        assert fast.loads(text) == fast.loads(text.encode()) == expected


# -- applications ------------------------------------------------------------------------------


def test_all_of_an_application_speaks_by_it(app, client, fast, monkeypatch):
    """Over both sides; what is compared is what the default provider would have sent."""
    app.json = fast
    value = {"b": ["é", 1.5, None], "a": datetime.date(2026, 1, 2)}
    app.add_url_rule("/view", view_func=lambda: value)
    app.add_url_rule("/list", "list", lambda: [value])
    app.add_url_rule("/jsonify", "jsonify", lambda: jsonify(value))
    app.add_url_rule("/echo", "echo", lambda: [request.get_json()], methods=["POST"])
    text = b'{"a":"Fri, 02 Jan 2026 00:00:00 GMT","b":["\\u00e9",1.5,null]}'
    assert client.get("/view").data == client.get("/jsonify").data == text + b"\n"
    assert client.get("/list").data == b"[" + text + b"]\n"
    assert client.post("/echo", json=value).json == [stdlib.loads(text)]


def test_bad_json_is_a_400(app, client, fast):
    app.json = fast
    app.add_url_rule("/", view_func=lambda: [request.get_json()], methods=["POST"])
    for body in ("", "{", "[" * 100_000, "1" * 1_000_000, b"\xff", "[1,]"):
        assert client.post("/", data=body, content_type="application/json").status_code == 400


def test_functions_and_templates(app, fast):
    app.json = fast
    with app.test_request_context():
        assert json.dumps({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'
        assert json.dumps({"b": 1, "a": 2}, separators=COMPACT) == '{"a":2,"b":1}'
        assert json.loads("[NaN]")[0] is not None
        assert render_template_string("{{ '<é>'|tojson }}") == '"\\u003c\\u00e9\\u003e"'


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("compact", [None, False, True])
def test_layout_of_responses(app, fast, default, compact, debug):
    app.debug = debug
    fast.compact = default.compact = compact
    fast.mimetype = default.mimetype = "application/vnd.api+json"
    ours, theirs = fast.response({"a": [1, {}]}), default.response({"a": [1, {}]})
    assert ours.data == theirs.data
    assert ours.mimetype == theirs.mimetype


def test_as_the_class_of_an_application(library):
    class App(DualApp):
        json_provider_class = PROVIDERS[library]

    app = App(__name__)
    assert type(app.json) is PROVIDERS[library]


@pytest.mark.parametrize("library", PROVIDERS)
def test_a_library_that_is_missing_is_named(app, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, f"{library}.json", None)
    with pytest.raises(ImportError, match=rf'pip install "dualapp\[{library}\]"'):
        PROVIDERS[library](app)
