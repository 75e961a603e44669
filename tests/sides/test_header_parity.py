"""Bad and unusual cookies and headers, both ways, and what else must be alike on both sides."""

from __future__ import annotations

import pytest

from dualapp import Response, g, redirect, request, session


@pytest.fixture(autouse=True)
def _views(app):
    """Views that show what they are sent; every error has an answer."""
    app.testing = False

    @app.get("/cookies")
    def cookies():
        return {"cookies": request.cookies.to_dict(False), "session": dict(session)}

    @app.get("/headers")
    async def headers():
        return {"one": request.headers.get("X-A"), "all": request.headers.getlist("X-A")}


# cookies


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", {}),
        ("a", {"a": [""]}),
        ("a=b=c", {"a": ["b=c"]}),
        ("a=1; a=2", {"a": ["1", "2"]}),
        ("a=1,b=2", {"a": ["1,b=2"]}),
        ('a="q\\""', {"a": ['q"']}),
        ("=x", {}),
        ("=__Host-s=bad; __Host-s=good", {"__Host-s": ["good"]}),
        (";;;;", {}),
        pytest.param(", a=1", {}, marks=pytest.mark.werkzeug_fix),
        ("a=\x01", {"a": ["\x01"]}),
        ("\xff=\xff", {"\xff": ["\xff"]}),
        ("a=\xc3\xa4", {"a": ["\xc3\xa4"]}),
    ],
)
def test_odd_cookies(app, alike, header, cookies):
    sent = alike("/cookies", HTTP_COOKIE=header)
    assert (sent.code, app.json.loads(sent.data)["cookies"]) == (200, cookies)


def signed(app, value):
    """Sign a session as the application does."""
    return app.session_interface.get_signing_serializer(app).dumps(value)


@pytest.mark.parametrize(
    "cookie",
    ["abc", "..", "a.b.c", "", "\xff", "x" * 100_000, "eyJhIjoxfQ", "eyJhIjoxfQ.aaaaaa.bbbbbbbb",
     ".eJyrVkpUslIyVKoFAA.a.b", "eyIgdCI6W119.a.b"],
)  # fmt: skip
def test_a_bad_session_cookie_is_an_empty_session(app, alike, cookie):
    sent = alike("/cookies", HTTP_COOKIE=f"session={cookie}")
    assert (sent.code, app.json.loads(sent.data)["session"]) == (200, {})


def test_a_session_signed_otherwise_is_an_empty_session(app, alike):
    good = signed(app, {"user": "ann"})
    app.secret_key = "another"
    other = signed(app, {"user": "eve"})
    payload, _, signature = other.partition(".")
    app.secret_key = "the key of the tests"
    for cookie, found in [
        (good, {"user": "ann"}),
        (other, {}),
        # Not the very last character: two of its bits are not a part of the signature.
        (good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1], {}),
        (f"{payload}.{good.partition('.')[2]}", {}),
        (f"{good}.{signature}", {}),
        (good[:-5], {}),
    ]:
        sent = alike("/cookies", HTTP_COOKIE=f"session={cookie}")
        assert app.json.loads(sent.data)["session"] == found


# headers


@pytest.mark.parametrize(
    "value", ["1,2", "\xe4", "", "a\tb", "a b", '"quoted, here"', "x" * 70_000]
)
def test_request_headers_arrive_as_they_are(app, alike, value):
    sent = alike("/headers", HTTP_X_A=value)
    assert app.json.loads(sent.data) == {"one": value, "all": [value]}


@pytest.mark.parametrize(
    "keys",
    [
        {"HTTP_IF_MODIFIED_SINCE": "nonsense"},
        {"HTTP_IF_MODIFIED_SINCE": "Thu, 99 Jan 99999 00:00:00 GMT"},
        {"HTTP_IF_NONE_MATCH": "\xff"},
        {"HTTP_IF_RANGE": "x"},
        {"HTTP_ACCEPT": "\xff;q=a"},
        {"HTTP_AUTHORIZATION": "Basic \xff"},
        {"HTTP_AUTHORIZATION": "x"},
        {"HTTP_RANGE": "bytes=,"},
        {"HTTP_RANGE": "nonsense"},
        {"HTTP_CONTENT_ENCODING": "gzip"},
        {"HTTP_EXPECT": "200-ok"},
        {"HTTP_X_FORWARDED_FOR": "\xff,,"},
    ],
    ids=str,
)
def test_odd_request_headers_are_no_error(app, alike, keys):
    @app.get("/read")
    def read():
        return Response(
            repr((request.if_modified_since, request.if_none_match, request.if_range,
                  request.accept_mimetypes, request.authorization, request.range,
                  request.access_route)),
        ).make_conditional(request)  # fmt: skip

    assert alike("/read", **keys).code == 200


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\0b", "漢"])
@pytest.mark.parametrize("place", ["value", "name", "cookie", "location", "status", "type"])
def test_what_would_split_a_response_never_reaches_the_wire(app, alike, text, place):
    @app.get("/split")
    def split():
        response = Response("x")
        if place == "value":
            response.headers["X-A"] = text
        elif place == "name":
            response.headers[text] = "b"
        elif place == "cookie":
            response.set_cookie("a", text, path=text)
        elif place == "location":
            return redirect(text)
        elif place == "status":
            response.status = f"200 {text}"
        else:
            response.content_type = text
        return response

    sent = alike("/split")
    assert sent.code in ({"cookie": (200, 500), "location": (302, 500)}.get(place, (500,)))
    assert all(ord(" ") <= ord(c) < 256 for header in sent.headers for c in "".join(header))
    assert [name for name, _ in sent.headers].count("Set-Cookie") <= 1


def test_repeated_response_headers_stay_apart(app, alike):
    @app.get("/cookies-out")
    async def cookies_out():
        response = Response("x")
        for name in "abc":
            response.set_cookie(name, "1")
            response.headers.add("Link", f"</{name}>")
        return response

    sent = alike("/cookies-out")
    for header in ("Set-Cookie", "Link"):
        values = [value for name, value in sent.headers if name == header]
        assert [value.strip("</>")[0] for value in values] == ["a", "b", "c"]


# answers without a body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("kind", ["text", "stream", "async stream", "nothing"])
def test_bodyless_answers(app, alike, method, status, kind):
    async def async_chunks():
        yield "ab"

    @app.get("/status")
    def view():
        bodies = {"text": "ab", "stream": iter(["ab"]), "async stream": async_chunks()}
        return bodies.get(kind, ""), status, {"ETag": '"e"', "Vary": "X", "Content-Language": "de"}

    sent = alike("/status", method)
    has_body = method == "GET" and status in (200, 404)
    assert (sent.code, sent.data) == (status, b"ab" if has_body and kind != "nothing" else b"")
    assert (sent.header("ETag"), sent.header("Vary")) == ('"e"', "X")
    if status in (204, 304):
        assert sent.header("Content-Type") is sent.header("Content-Length") is None


# faults of the application


def test_no_request_sees_another_ones_data_after_an_error(app, alike):
    @app.get("/leave/<name>")
    async def leave(name):
        found = g.get("name")
        g.name = name
        if name == "bad":
            raise KeyError(name)
        return repr(found)

    assert alike("/leave/a").text == "None"
    assert alike("/leave/bad").code == 500
    assert alike("/leave/b").text == "None"


@pytest.mark.parametrize("handled", [False, True])
def test_an_error_in_matching_the_url_is_a_500(app, alike, log, handled):
    class Broken(app.url_map.converters["default"]):
        def to_python(self, value):
            raise RuntimeError("the database of names is down")

    app.url_map.converters["broken"] = Broken
    app.add_url_rule("/by-name/<broken:name>", view_func=lambda name: name, endpoint="by_name")
    app.teardown_request(lambda error: log.append(type(error).__name__))
    if handled:
        app.register_error_handler(500, lambda error: ("handled", 503))
    assert alike("/by-name/x").code == (503 if handled else 500)
    assert log == ["RuntimeError", "RuntimeError"]
