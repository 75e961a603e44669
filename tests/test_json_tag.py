"""Tagged JSON: types survive, and the format is the one that existing cookies have."""

from __future__ import annotations

import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from dualapp.json.tag import JSONTag, TaggedJSONSerializer

UTC = datetime.UTC

WRITTEN = [
    ((1, (2,)), '{" t":[1,{" t":[2]}]}'),
    ([1, [()]], '[1,[{" t":[]}]]'),
    (b"\x00\xff", '{" b":"AP8="}'),
    (Markup("<i>"), '{" m":"<i>"}'),
    (uuid.UUID(int=5), '{" u":"00000000000000000000000000000005"}'),
    (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '{" d":"Fri, 02 Jan 2026 03:04:05 GMT"}'),
    ({" t": (1,)}, '{" di":{" t__":{" t":[1]}}}'),
    ({" di": b""}, '{" di":{" di__":{" b":""}}}'),
    ({" t": 1, "x": 2}, '{" t":1,"x":2}'),
    ({" zz": 1}, '{" zz":1}'),
    ({"a b": {"c": None}}, '{"a b":{"c":null}}'),
    ({}, "{}"),
    ("é", '"\\u00e9"'),
]


class Celsius(float):
    pass


class TagCelsius(JSONTag):
    __slots__ = ()
    key = " °"

    def check(self, value):
        return isinstance(value, Celsius)

    def to_json(self, value):
        return self.serializer.tag((float(value),))

    def to_python(self, value):
        return Celsius(value[0])


@pytest.fixture
def serializer():
    return TaggedJSONSerializer()


@pytest.mark.parametrize(("value", "text"), WRITTEN)
def test_format(serializer, value, text):
    assert serializer.dumps(value) == text
    assert serializer.loads(text) == value
    assert type(serializer.loads(text)) is type(value)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | st.text().map(Markup)
)
keys = st.text() | st.sampled_from([" di", " t", " b", " t__", " di__", " __"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.dictionaries(keys, inner, min_size=1, max_size=1)
    ),
)


@given(values)
def test_whatever_goes_in_comes_out(value):
    """S35: no two values share a text, whatever their keys look like."""
    serializer = TaggedJSONSerializer()
    assert serializer.loads(serializer.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "back"),
    [
        ({1: "a", "b": 2}, {"1": "a", "b": 2}),
        (
            datetime.datetime(2026, 1, 2, 3, 4, 5, 678901),
            datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
    ],
)
def test_what_is_lost(serializer, value, back):
    assert serializer.loads(serializer.dumps(value)) == back


def test_anything_with_html_becomes_markup(serializer):
    page = type("Page", (), {"__html__": lambda self: "<p>"})()
    back = serializer.loads(serializer.dumps(page))
    assert back == Markup("<p>")
    assert isinstance(back, Markup)


@pytest.mark.parametrize("text", ['{" u":"x"}', '{" b":"a"}', "{", "[" * 100_000])
def test_broken_text_is_a_value_error(serializer, text):
    with pytest.raises(ValueError, match=r"."):
        serializer.loads(text)


class TestRegister:
    def test_custom_tag(self, serializer):
        serializer.register(TagCelsius)
        assert serializer.dumps([Celsius(21)]) == '[{" \\u00b0":{" t":[21.0]}}]'
        [back] = serializer.loads(serializer.dumps([Celsius(21)]))
        assert type(back) is Celsius

    def test_serializers_are_independent(self, serializer):
        serializer.register(TagCelsius)
        assert TagCelsius.key not in TaggedJSONSerializer().tags

    def test_a_key_belongs_to_one_tag(self, serializer):
        serializer.register(TagCelsius)
        with pytest.raises(KeyError, match="already registered"):
            serializer.register(TagCelsius)
        assert sum(isinstance(tag, TagCelsius) for tag in serializer.order) == 1
        serializer.register(TagCelsius, force=True)
        assert serializer.order[-1] is serializer.tags[TagCelsius.key]

    @pytest.mark.parametrize(("index", "position"), [(None, -1), (0, 0), (-1, -2), (2, 2)])
    def test_order(self, serializer, index, position):
        serializer.register(TagCelsius, index=index)
        assert isinstance(serializer.order[position], TagCelsius)

    def test_an_earlier_tag_wins(self, serializer):
        class TagOrdered(TagCelsius):
            key = " o"

            def check(self, value):
                return type(value) is dict

            def to_json(self, value):
                return [[key, self.serializer.tag(inner)] for key, inner in value.items()]

            def to_python(self, value):
                return dict(map(tuple, value))

        serializer.register(TagOrdered, index=0)
        assert serializer.dumps({"a": (1,)}) == '{" o":[["a",{" t":[1]}]]}'
        assert serializer.loads(serializer.dumps({"a": (1,)})) == {"a": (1,)}

    def test_without_a_key_it_only_prepares(self, serializer):
        class PassCelsius(JSONTag):
            __slots__ = ()

            def check(self, value):
                return isinstance(value, Celsius)

            def tag(self, value):
                return f"{value}°"

        before = dict(serializer.tags)
        serializer.register(PassCelsius)
        assert serializer.tags == before
        assert serializer.tag([Celsius(21)]) == ["21.0°"]


def test_the_interface_has_to_be_filled_in(serializer):
    tag = JSONTag(serializer)
    for use in (tag.check, tag.to_json, tag.to_python):
        with pytest.raises(NotImplementedError):
            use(None)


def test_untag_looks_at_one_object_only(serializer):
    assert serializer.untag({" t": [1]}) == (1,)
    assert serializer.untag({" t": [1], "more": 2}) == {" t": [1], "more": 2}
    assert serializer.untag({}) == {}
