"""The headers of a response made by copying behave, and are sent, as werkzeug's are."""

from __future__ import annotations

import copy
import pickle

import pytest
from werkzeug.datastructures import Headers

from dualapp import DualApp
from dualapp.core.headers import headers_of_body

PAIRS = (("Content-Type", "text/plain"), ("Content-Length", "1"))


class Text(str):
    """Text that is not exactly a string."""


def outcome(change, headers):
    """Give what a change makes of headers, or its error."""
    try:
        change(headers)
    except Exception as error:
        return type(error), str(error), list(headers)
    return list(headers)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("X-A", "1"), ("x-a", "1"), ("content-TYPE", "a/b"), ("Content-Length", "2")),
        *(("X-A", value) for value in ("", " 1", "1 ", "\t1", "\u00e9", "\u20ac", "1\x7f", "\0")),
        *(("X-A", value) for value in ("1\n", "1\r\nX: 2", 1, None, b"1", Text("1"), Text("\n"))),
        *((Text("X-A"), "1"), ("X A", "1"), ("", "1"), ("Connection", "close"), ("Location", "/")),
        *((0, ("X-A", "1")), (slice(0, 1), [("X-A", "1")]), (9, ("X", "1")), (None, 1), (b"X", 1)),
    ],
)
@pytest.mark.parametrize("before", [(), (("X-a", "0"),), (("X-A", "0"), ("Y", "0"), ("x-a", "0"))])
def test_setting_does_what_it_does_to_werkzeugs(key, value, before):
    def change(headers):
        headers.extend(before)
        headers[key] = value

    ours, theirs = headers_of_body(*PAIRS), Headers(PAIRS)
    assert outcome(change, ours) == outcome(change, theirs)
    assert [tuple(map(type, pair)) for pair in ours] == [tuple(map(type, pair)) for pair in theirs]


def test_what_patches_werkzeugs_is_asked(monkeypatch):
    seen = []
    monkeypatch.setattr(Headers, "set", lambda headers, key, value: seen.append((key, value)))
    headers_of_body(*PAIRS)["X-A"] = "1"
    assert seen == [("X-A", "1")]


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        Headers.copy,
        Headers,
        lambda headers: headers[:],
        *(
            lambda headers, protocol=protocol: pickle.loads(pickle.dumps(headers, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
    ],
)
def test_copies_are_equal_and_independent(duplicate):
    headers, werkzeugs = headers_of_body(*PAIRS), Headers(PAIRS)
    headers["X-A"] = werkzeugs["X-A"] = "1"
    other = duplicate(headers)
    assert (headers == other, other == headers, werkzeugs == other, other == werkzeugs) == (
        True,
    ) * 4
    assert (repr(other), str(other)) == (repr(werkzeugs), str(werkzeugs))
    other["X-A"] = "2"
    other["X-B"] = "3"
    assert list(headers) == list(werkzeugs)
    assert (headers != other, other != headers, headers != list(headers)) == (True,) * 3


def test_pickled_they_are_werkzeugs():
    assert type(pickle.loads(pickle.dumps(headers_of_body(*PAIRS)))) is Headers


CHANGES = {
    "none": lambda headers: None,
    "set": lambda headers: headers.__setitem__("X-A", "1"),
    "set twice": lambda headers: (headers.set("X-A", "1"), headers.__setitem__("x-a", "2")),
    "set and changed": lambda headers: (
        headers.__setitem__("X-A", "1"),
        headers.__setitem__("x-a", "2"),
        headers.__setitem__("X-B", "3"),
    ),
    "set after added": lambda headers: (
        headers.add("X-A", "1"),
        headers.__setitem__("X-B", "2"),
        headers.add("X-B", " 3 "),
    ),
    "in Latin-1": lambda headers: headers.__setitem__("X-A", "\u00e9"),
    "beyond Latin-1": lambda headers: headers.__setitem__("X-A", "\u20ac"),
    "a control character": lambda headers: headers.__setitem__("X-A", "\0"),
    "a name that is none": lambda headers: headers.__setitem__("X A", "1"),
    "the list": lambda headers: headers._list.append(("X-A", "a\nb")),
    "the list, exchanged": lambda headers: setattr(headers, "_list", [*PAIRS, ("X-A", "1")]),
    "text of another class": lambda headers: (
        headers.__setitem__("X-A", "1"),
        headers._list.__setitem__(2, (Text("X-A"), Text("1"))),
    ),
    "another type": lambda headers: headers.__setitem__("Content-Type", "text/csv"),
    "another order": lambda headers: (headers.__setitem__("X-A", "1"), headers._list.reverse()),
    "no length": lambda headers: (
        headers.__delitem__("Content-Length"),
        headers.__setitem__("X-A", "1"),
    ),
    "all anew": lambda headers: (headers.clear(), headers.extend([*PAIRS[:1], ("X-A", "1")])),
    "of the connection": lambda headers: headers.__setitem__("Connection", "close"),
    "a place": lambda headers: headers.__setitem__("Content-Location", "/a b"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_sent_is_what_is_sent_of_werkzeugs(app: DualApp, client, name, method):
    def answered(make):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.json.response = make
        response = client.open("/", method=method)
        return response.status, list(response.headers), response.data

    def as_werkzeug(value):
        return app.response_class(f"{app.json.dumps(value)}\n", mimetype="application/json")

    @app.after_request
    def change(response):
        CHANGES[name](response.headers)
        return response

    app.add_url_rule("/", "view", dict)
    assert answered(app.json.response) == answered(as_werkzeug)
