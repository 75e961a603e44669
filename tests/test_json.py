"""JSON: the provider, the functions in front of it, and requests and responses that use it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import io
import json as stdlib
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from markupsafe import Markup

from dualapp import Request, json, jsonify, render_template_string, request
from dualapp.json.provider import DefaultJSONProvider, JSONProvider

DEEP = "[" * 100_000


@dataclasses.dataclass
class Point:
    x: int
    y: object


class Page:
    def __html__(self):
        return Markup("<p>")


CONVERTED = [
    (datetime.date(2026, 1, 2), "Fri, 02 Jan 2026 00:00:00 GMT"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "Fri, 02 Jan 2026 03:04:05 GMT"),
    (
        datetime.datetime(
            2026, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30))
        ),
        "Thu, 01 Jan 2026 21:30:00 GMT",
    ),
    (decimal.Decimal("1.50"), "1.50"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Point(1, decimal.Decimal(2)), {"x": 1, "y": "2"}),
    (Page(), "<p>"),
]


class Shouting(JSONProvider):
    """Records what it is asked for."""

    def dumps(self, obj, **kwargs):
        return f"DUMPED {obj!r} {kwargs}"

    def loads(self, s, **kwargs):
        return ["LOADED", s, kwargs]


def text_of(response):
    return response.get_data(as_text=True)


# The provider


class TestDefaultProvider:
    @pytest.fixture
    def provider(self, app):
        return DefaultJSONProvider(app)

    @pytest.mark.parametrize(("value", "expected"), CONVERTED)
    def test_more_types(self, provider, value, expected):
        assert provider.loads(provider.dumps([value])) == [expected]

    @pytest.mark.parametrize("value", [object(), {1}, b"x", datetime.time(1), Point])
    def test_types_that_have_no_form(self, provider, value):
        with pytest.raises(TypeError, match=f"type {type(value).__name__} is not JSON serial"):
            provider.dumps(value)

    def test_default_can_be_called_unbound_and_extended(self, app):
        class Provider(DefaultJSONProvider):
            def default(self, o):
                return sorted(o) if isinstance(o, set) else DefaultJSONProvider.default(o)

        assert Provider(app).dumps([{2, 1}, decimal.Decimal(3)]) == '[[1, 2], "3"]'

    def test_attributes(self, provider):
        assert provider.dumps({"b": 1, "a": "é"}) == '{"a": "\\u00e9", "b": 1}'
        provider.ensure_ascii = provider.sort_keys = False
        assert provider.dumps({"b": 1, "a": "é"}) == '{"b": 1, "a": "é"}'

    def test_arguments_win_over_attributes(self, provider):
        assert provider.dumps({"b": 1, 1: 2}, sort_keys=False) == '{"b": 1, "1": 2}'
        assert provider.dumps(object(), default=lambda o: "mine") == '"mine"'

    def test_files(self, provider):
        file = io.StringIO()
        provider.dump({"a": 1}, file, indent=1)
        assert file.getvalue() == '{\n "a": 1\n}'
        file.seek(0)
        assert provider.load(file) == {"a": 1}
        assert provider.load(io.BytesIO(b"[1.5]"), parse_float=str) == ["1.5"]

    def test_too_deep_is_a_value_error(self, provider):
        """S12: a RecursionError would be answered with 500."""
        with pytest.raises(ValueError, match="nested too deeply"):
            provider.loads(DEEP)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
    def test_bytes_in_any_unicode_encoding(self, provider, encoding):
        assert provider.loads('["é"]'.encode(encoding)) == ["é"]

    @pytest.mark.parametrize(
        ("compact", "debug", "text"),
        [
            (None, False, '{"a":[1]}\n'),
            (None, True, '{\n  "a": [\n    1\n  ]\n}\n'),
            (True, True, '{"a":[1]}\n'),
            (False, False, '{\n  "a": [\n    1\n  ]\n}\n'),
        ],
    )
    def test_layout_of_responses(self, app, provider, compact, debug, text):
        app.debug = debug
        provider.compact = compact
        assert text_of(provider.response({"a": [1]})) == text

    def test_mimetype(self, provider):
        provider.mimetype = "application/vnd.api+json"
        assert provider.response(1).mimetype == "application/vnd.api+json"

    @pytest.mark.parametrize(
        ("args", "kwargs", "expected"),
        [
            ((), {}, None),
            ((0,), {}, 0),
            (([],), {}, []),
            ((1, 2), {}, [1, 2]),
            ((), {"a": 1}, {"a": 1}),
        ],
    )
    def test_arguments_of_response(self, provider, args, kwargs, expected):
        assert provider.response(*args, **kwargs).json == expected

    def test_not_both_kinds_of_arguments(self, provider):
        with pytest.raises(TypeError, match="either args or kwargs"):
            provider.response(1, a=2)

    def test_response_class_of_the_application(self, app, provider):
        class Response(app.response_class):
            pass

        app.response_class = Response
        assert type(provider.response(1)) is Response


class TestProviderInterface:
    def test_needs_dumps_and_loads(self, app):
        provider = JSONProvider(app)
        for use in (lambda: provider.dumps(1), lambda: provider.loads("1")):
            with pytest.raises(NotImplementedError):
                use()

    def test_the_rest_builds_on_them(self, app):
        provider, file = Shouting(app), io.StringIO()
        provider.dump(1, file, a=2)
        assert file.getvalue() == "DUMPED 1 {'a': 2}"
        assert provider.load(io.StringIO("text"), b=3) == ["LOADED", "text", {"b": 3}]
        response = provider.response(a=1)
        assert text_of(response) == "DUMPED {'a': 1} {}"
        assert response.mimetype == "application/json"


# The functions


class TestFunctionsWithoutAnApplication:
    @pytest.mark.parametrize(("value", "expected"), CONVERTED)
    def test_more_types(self, value, expected):
        assert stdlib.loads(json.dumps(value)) == expected

    def test_no_options_of_a_provider(self):
        assert json.dumps({"b": 1, "a": 2}) == '{"b": 1, "a": 2}'
        assert json.dumps({1}, default=list) == "[1]"

    def test_files(self):
        file = io.StringIO()
        json.dump([decimal.Decimal(1)], file)
        file.seek(0)
        assert json.load(file) == ["1"]

    @pytest.mark.parametrize("load", [json.loads, lambda text: json.load(io.StringIO(text))])
    @pytest.mark.parametrize("text", [DEEP, "{", ""])
    def test_bad_text_is_a_value_error(self, load, text):
        with pytest.raises(ValueError, match=r"nested|line 1"):
            load(text)

    def test_jsonify_says_what_is_missing(self):
        with pytest.raises(RuntimeError, match="application context"):
            jsonify(1)


def test_functions_ask_the_application_at_work(app):
    app.json = Shouting(app)
    file = io.StringIO()
    with app.app_context():
        assert json.dumps(1, a=2) == "DUMPED 1 {'a': 2}"
        assert json.loads("x", b=3) == ["LOADED", "x", {"b": 3}]
        assert json.load(io.StringIO("y")) == ["LOADED", "y", {}]
        json.dump(4, file)
        assert text_of(jsonify(5)) == "DUMPED 5 {}"
    assert file.getvalue() == "DUMPED 4 {}"


def test_provider_class_of_the_application(app):
    class App(type(app)):
        json_provider_class = Shouting

    assert type(App(__name__).json) is Shouting


# Requests and responses


@pytest.mark.parametrize("value", [None, True, 0, -1, 3.5, "text", "", [], [1, 2], {"a": {}}])
def test_jsonify_sends_any_value(app, client, value):
    app.add_url_rule("/", view_func=lambda: jsonify(value))
    response = client.get("/")
    assert response.mimetype == "application/json"
    assert response.json == value


@pytest.mark.parametrize("value", [{"a": 1}, [1, {"b": 2}]])
def test_views_return_objects_and_arrays(app, client, value):
    app.add_url_rule("/", view_func=lambda: value)
    assert client.get("/").data == (stdlib.dumps(value, separators=(",", ":")) + "\n").encode()


@pytest.mark.parametrize(
    "body",
    ["", "{", '{"a": }', "\x00", DEEP, "1" * 1_000_000],
    ids=["empty", "open", "hole", "null byte", "deep", "long number"],
)
def test_bad_json_is_a_400(app, client, body):
    """S12: whatever is wrong with the body, it is the client's error."""

    @app.post("/")
    def read():
        return [request.get_json(silent="silent" in request.args)]

    assert client.post("/", data=body, content_type="application/json").status_code == 400
    silent = client.post("/?silent", data=body, content_type="application/json")
    assert (silent.status_code, silent.json) == (200, [None])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_json_of_another_type_is_a_415(app, client, kind):
    """S26: what a plain HTML form can send is not taken for JSON."""
    app.add_url_rule("/", view_func=lambda: request.json, methods=["POST"])
    silent = lambda: [request.get_json(silent=True)]  # noqa: E731
    app.add_url_rule("/silent", "silent", silent, methods=["POST"])
    assert client.post("/", data='{"a": 1}', content_type=kind).status_code == 415
    assert client.post("/silent", data='{"a": 1}', content_type=kind).json == [None]


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json"])
def test_json_types(app, client, kind):
    app.add_url_rule("/", view_func=lambda: request.json, methods=["POST"])
    assert client.post("/", data='{"a": 1}', content_type=kind).json == {"a": 1}


@pytest.mark.parametrize("debug", [False, True])
def test_reason_of_a_400_is_told_in_debug_mode_only(app, client, debug):
    app.debug = debug
    app.add_url_rule("/", view_func=lambda: request.json, methods=["POST"])
    answer = client.post("/", data="{", content_type="application/json")
    assert answer.status_code == 400
    assert ("Failed to decode JSON" in answer.text) is debug


def test_requests_and_test_client_use_the_applications_provider(app, client):
    class Provider(DefaultJSONProvider):
        def default(self, o):
            return {"point": [o.x, o.y]} if isinstance(o, Point) else super().default(o)

        def loads(self, s, **kwargs):
            kwargs.setdefault("object_hook", lambda o: Point(*o["point"]) if "point" in o else o)
            return super().loads(s, **kwargs)

    app.json = Provider(app)

    @app.post("/")
    def move():
        point = request.json
        return jsonify(Point(point.x + 1, point.y + 1))

    assert client.post("/", json=Point(1, 2)).json == Point(2, 3)


class TestTojsonFilter:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("</script>", r'"\u003c/script\u003e"'),
            ("\"<>&'", r'"\"\u003c\u003e\u0026\u0027"'),
            (["é"], '["\\u00e9"]'),
        ],
    )
    def test_is_safe_in_a_page(self, app, value, expected):
        """S36: data must not end the script element that it is in."""
        with app.test_request_context():
            assert render_template_string("{{ value|tojson }}", value=value) == expected

    def test_uses_the_applications_provider(self, app):
        with app.test_request_context():
            text = render_template_string("{{ value|tojson }}", value=decimal.Decimal(1))
        assert text == '"1"'


class TestTheShortWay:
    """What is written by the encoder in C is what the standard library writes."""

    @pytest.mark.parametrize(
        "value",
        [
            *(None, True, 1, -1.5, float("nan"), "text", "\u00e9\u2028\ud800", [], {}, (1, 2)),
            *({"b": 1, "a": [{}]}, {1: 2, 3: 4}, [[[]]], {"x": {"y": [1, "z", None]}}),
        ],
    )
    @pytest.mark.parametrize("ensure_ascii", [True, False])
    def test_equal(self, app, value, ensure_ascii):
        app.json.ensure_ascii = ensure_ascii
        expected = stdlib.dumps(
            value, ensure_ascii=ensure_ascii, sort_keys=True, separators=(",", ":")
        )
        assert app.json.dumps(value, separators=(",", ":")) == expected

    def test_a_circle_is_told(self, app):
        circle = []
        circle.append(circle)
        with pytest.raises(ValueError, match="Circular reference"):
            app.json.dumps(circle, separators=(",", ":"))

    def test_a_default_that_leads_back_is_told_at_once(self, app):
        asked = []
        provider = DefaultJSONProvider(app)
        provider.default = lambda value: asked.append(1) or {"again": value}
        with pytest.raises(ValueError, match="Circular reference"):
            provider.dumps(object())
        assert len(asked) == 1

    def test_an_error_leaves_nothing_behind(self, app):
        value = {"a": object()}
        for _ in range(2):
            with pytest.raises(TypeError, match="not JSON serializable"):
                app.json.dumps(value)
        value["a"] = 1
        assert app.json.dumps(value) == '{"a": 1}'

    def test_what_is_written_while_it_is_being_written_is_no_circle(self, app):
        """Neither within ``default`` nor in another thread, which may be at the same value."""

        class Writing:
            texts = ()

            def __html__(self):
                if not self.texts:
                    self.texts = ("inner",)
                    with ThreadPoolExecutor(1) as pool:
                        self.texts = (dumps(value), pool.submit(dumps, value).result())
                return " ".join(self.texts)

        def dumps(value):
            return app.json.dumps(value, separators=(",", ":"))

        value = [Writing()]
        assert stdlib.loads(dumps(value)) == ['["inner"] ["inner"]']

    @pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {"separators": (", ", ":")}])
    def test_attributes_set_meanwhile_are_followed(self, app, layout):
        value = {"b": "\u00e9", "a": 1}
        first = app.json.dumps(value, **layout)
        app.json.sort_keys = app.json.ensure_ascii = False
        assert app.json.dumps(value, **layout) == stdlib.dumps(value, ensure_ascii=False, **layout)
        del app.json.sort_keys, app.json.ensure_ascii
        assert app.json.dumps(value, **layout) == first


@pytest.mark.parametrize(
    "data",
    [
        *(b"1", b" 1", b"1 \r\n\t", b"1 2", b"1\x0b", b"", b" ", b"\0", b"1\0", b"[\0]"),
        *(b'"\xed\xa0\x80"', b'"\xff"', b'"a\0"', b"\xef\xbb\xbf[1]", b"\xff\xfe", b"nul"),
        *("[1]".encode(encoding) for encoding in ("utf-16-le", "utf-16-be", "utf-32", "utf-32-le")),
        b"1" * 5000,
    ],
)
def test_what_is_read_is_what_the_standard_library_reads(app, data):
    assert outcome(app.json.loads, data) == outcome(stdlib.loads, data)


def outcome(function, *args):
    """Give the result of a call, or the class and text of its ValueError."""
    try:
        return function(*args)
    except ValueError as error:
        return type(error), str(error)


class TestJSONOfARequest:
    @pytest.mark.parametrize("name", ["is_json", "mimetype"])
    def test_a_request_class_that_decides_itself(self, app, client, name):
        value = False if name == "is_json" else "text/plain"
        app.request_class = type("Own", (Request,), {name: property(lambda request: value)})
        app.add_url_rule("/", "view", lambda: str(request.get_json(silent=True)), methods=["POST"])
        assert client.post("/", json=[1]).text == "None"

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("get_data", lambda request, **options: b"[2]", [2]),
            ("stream", property(lambda request: io.BytesIO(b"[2]")), [2]),
            ("max_content_length", 3, [1]),
            ("max_content_length", 2, 413),
            ("max_content_length", property(lambda request: 2), 413),
        ],
    )
    @pytest.mark.parametrize("patched", [False, True])
    def test_a_request_class_that_reads_itself(
        self, app, client, monkeypatch, name, value, expected, patched
    ):
        app.request_class = type("Own", (Request,), {} if patched else {name: value})
        app.add_url_rule("/", "view", lambda: [request.get_json()], methods=["POST"])
        if patched:
            assert client.post("/", json=[1]).json == [[1]]
            monkeypatch.setattr(app.request_class, name, value, raising=False)
        answer = client.post("/", json=[1])
        assert answer.status_code == 413 if expected == 413 else answer.json == [expected]

    @pytest.mark.parametrize("size", [2, 99_999, 100_000, 1_000_000])
    def test_a_body_of_any_length(self, app, client, size):
        @app.post("/")
        def view():
            value, data = request.get_json(), request.get_data()
            return [len(value), len(data), len(request.stream.read())]

        body = b'"' + b"x" * (size - 2) + b'"'
        answer = client.post("/", data=body, content_type="application/json")
        assert answer.json == [size - 2, size, 0]

    @pytest.mark.parametrize(
        ("body", "silent", "expected"),
        [
            ("null", False, None),
            ("[1]", False, [1]),
            ("{", True, None),
            ("\ufeff1", False, 1),
            ("{", False, 400),
        ],
    )
    @pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=x"])
    def test_get_json(self, app, client, body, silent, expected, content_type):
        @app.post("/")
        def view():
            first = request.get_json(silent=silent)
            assert request.get_json(silent=silent) is first or first == []
            assert request.get_data(as_text=True) == body
            return {"value": first}

        answer = client.post("/", data=body.encode(), content_type=content_type)
        if expected == 400:
            assert answer.status_code == 400
        else:
            assert answer.json == {"value": expected}

    def test_a_body_that_was_read_as_a_stream(self, app, client):
        @app.post("/")
        def view():
            read = request.stream.read().decode()
            return {"read": read, "json": request.get_json(silent=True)}

        assert client.post("/", json=[1]).json == {"read": "[1]", "json": None}

    def test_what_is_not_to_be_kept(self, app, client):
        @app.post("/")
        def view():
            return {"same": request.get_json(cache=False) == [1]}

        assert client.post("/", json=[1]).json == {"same": True}
