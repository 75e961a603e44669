"""A1, A2, A9 to A11, A14, A16: what an ASGI server says about a request, and how it is read."""

from __future__ import annotations

import json

import pytest

from dualapp import Response, request

from .asgi_recorder import Connection, http_scope


@pytest.fixture
def app(app):
    app.testing = False

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    async def tell(path):
        return {
            "path": request.path,
            "root": request.root_path,
            "url": request.url,
            "view_args": path,
            "args": request.args.to_dict(flat=False),
            "headers": request.headers.to_wsgi_list(),
            "cookies": request.cookies.to_dict(flat=False),
            "client": request.remote_addr,
            "scheme": request.scheme,
            "host": request.host,
            "data": request.get_data(as_text=True),
        }

    return app


async def told(app, path="/", **scope):
    sent = await Connection(app, path, **scope).run()
    assert sent.status == 200, sent.text
    return json.loads(sent.text)


def told_by_wsgi(app, path, query="", root=""):
    """Ask the WSGI side; path and root as the bytes that the client means."""
    client = app.test_client(side="wsgi")
    environ = {
        "PATH_INFO": path.decode("latin-1"),
        "SCRIPT_NAME": root.decode("latin-1") if root else "",
        "QUERY_STRING": query,
    }
    answer = client.open(environ_overrides=environ)
    return answer.status_code, answer.json


# -- A1: what may be missing -----------------------------------------------------------------------

OPTIONAL = (
    "asgi", "http_version", "scheme", "raw_path", "root_path", "client", "server", "state",
    "extensions", "query_string", "headers",
)  # fmt: skip


@pytest.mark.parametrize("missing", [*OPTIONAL, None])
async def test_a01_optional_keys_may_be_missing(app, missing):
    scope = http_scope("/x", raw_path=b"/x", root_path="", client=("10.0.0.1", 5), state={})
    for key in OPTIONAL if missing is None else (missing,):
        scope.pop(key, None)
    assert (await told(app, scope))["path"] == "/x"


@pytest.mark.parametrize("key", OPTIONAL)
async def test_a01_optional_keys_may_be_none(app, key):
    assert (await told(app, "/x", **{key: None}))["path"] == "/x"


async def test_a01_a_unix_socket_has_a_path_and_no_port(app):
    environs = []
    app.before_request(lambda: environs.append(request.environ))
    answer = await told(app, server=["/run/app.sock", None], client=["", None])
    assert (answer["path"], answer["scheme"]) == ("/", "http")
    await told(app, client=("10.0.0.1", None))
    assert environs[1]["REMOTE_ADDR"] == "10.0.0.1"
    assert "None" not in [*environs[0].values(), *environs[1].values()]


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda pairs: (pair for pair in pairs)])
@pytest.mark.parametrize("pair", [list, tuple])
async def test_a01_headers_are_any_iterable_of_pairs(app, kind, pair):
    headers = [(b"host", b"h.test"), (b"content-length", b"3"), (b"x-a", b"1")]
    events = [{"type": "http.request", "body": b"abc"}]
    answer = await told(
        app, method="POST", headers=kind([pair(header) for header in headers]), events=events
    )
    assert answer["host"] == "h.test"
    assert answer["data"] == "abc"
    assert ["X-A", "1"] in answer["headers"]


async def test_a01_further_keys_and_a_nested_scope_stay_as_they_are(app):
    scope = http_scope("/x", extensions={"a": {}}, state={"b": [1]}, **{"x.y": {"z": [1]}})
    assert (await told(app, scope))["path"] == "/x"  # the recorder compares the scope


async def test_a01_the_request_leads_to_its_scope(app):
    scopes = []
    app.before_request(lambda: scopes.append(request.scope))
    scope = http_scope("/")
    await told(app, scope)
    assert scopes == [scope]


# -- A2: what is unknown ---------------------------------------------------------------------------


async def test_a02_an_unknown_scope_type_is_named(app):
    with pytest.raises(ValueError, match="'x'"):
        await app({"type": "x"}, None, lambda event: None)


@pytest.mark.parametrize("stream", [False, True])
async def test_a02_an_unknown_event_is_named(app, stream):
    app.testing = True

    @app.post("/read", stream=stream)
    async def read():
        return await request.body

    events = [{"type": "http.nonsense"}]
    with pytest.raises(ValueError, match=r"http\.nonsense"):
        await Connection(app, "/read", "POST", events=events).run()


async def test_a02_an_unknown_event_while_a_stream_is_sent_ends_it(app, caplog):
    @app.get("/stream")
    async def stream():
        async def endless():
            while True:
                yield b"x"

        return endless()

    events = [{"type": "http.request"}, {"type": "http.nonsense"}]
    with pytest.raises(ValueError, match=r"http\.nonsense"):
        await Connection(app, "/stream", events=events).run()


async def test_a02_a_websocket_is_closed_before_it_is_accepted(app, caplog):
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(event):
        sent.append(event)

    await app({"type": "websocket", "path": "/ws", "headers": []}, receive, send)
    assert [event["type"] for event in sent] == ["websocket.close"]
    assert "'/ws'" in caplog.text


# -- A9: root_path ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "path", "expected_root", "expected_path"),
    [
        ("/rp", "/rp/x", "/rp", "/x"),
        ("/rp", "/x", "/rp", "/x"),
        ("/ap", "/apple", "/ap", "/apple"),
        ("/ap", "/x/ap/y", "/ap", "/x/ap/y"),
        ("/rp/", "/rp/x", "/rp", "/x"),
        ("/rp", "/rp/", "/rp", "/"),
        ("/rp", "/rp/rp/x", "/rp", "/rp/x"),
        ("/é", "/é/x", "/é", "/x"),
        ("/é", "/é/ü", "/é", "/ü"),
        ("/", "/x", "", "/x"),
        ("/a/b", "/a/b/c", "/a/b", "/c"),
    ],
)
async def test_a09_the_path_includes_the_root_path(app, root, path, expected_root, expected_path):
    answer = await told(app, path, root_path=root)
    assert answer["root"] == (expected_root or "")
    assert answer["path"] == expected_path


@pytest.mark.parametrize("path", ["/rp", "/rp/"])
async def test_a09_a_path_equal_to_the_root_is_answered_as_on_wsgi(app, path):
    status, _ = told_by_wsgi(app, path[3:].encode(), root=b"/rp")
    sent = await Connection(app, path, root_path="/rp").run()
    assert sent.status == status


async def test_a09_urls_keep_the_root(app):
    @app.get("/slash/", endpoint="slash")
    def slash():
        return ""

    sent = await Connection(app, "/rp/slash", root_path="/rp", headers=[(b"host", b"h")]).run()
    assert (sent.status, sent.header(b"location")) == (308, b"http://h/rp/slash/")


@pytest.mark.parametrize("raw_has_root", [True, False])
async def test_a09_bytes_that_are_not_utf8_stay_below_a_root(app, raw_has_root):
    raw = b"/rp/%ff" if raw_has_root else b"/%ff"
    environs = []
    app.before_request(lambda: environs.append(request.environ))
    await told(app, "/rp/\ufffd", raw_path=raw, root_path="/rp")
    assert environs[0]["PATH_INFO"] == "/\xff"


# -- A10: raw path and query -----------------------------------------------------------------------

PATHS = [
    (b"/a%2Fb", "/a/b", b"/a/b"),
    (b"/%ff", "/\ufffd", b"/\xff"),
    (b"/x%ff/%C3%A9", "/x\ufffd/é", b"/x\xff/\xc3\xa9"),
    (b"/%25", "/%", b"/%"),
    (b"/%2525", "/%25", b"/%25"),
    (b"/caf%C3%A9", "/café", b"/caf\xc3\xa9"),
    (b"/%EF%BF%BD", "/\ufffd", "/\ufffd".encode()),
    (b"/a%00b", "/a\0b", b"/a\0b"),
    (b"/a%20b;c", "/a b;c", b"/a b;c"),
    (b"/%e2%82%ac", "/€", "/€".encode()),
]


@pytest.mark.parametrize(("raw", "path", "meant"), PATHS)
async def test_a10_a_path_is_read_as_on_wsgi(app, raw, path, meant):
    status, expected = told_by_wsgi(app, meant)
    sent = await Connection(app, path, raw_path=raw, headers=[(b"host", b"localhost")]).run()
    assert sent.status == status == 200
    answer = json.loads(sent.text)
    for key in ("path", "view_args", "url"):
        assert answer[key] == expected[key]


@pytest.mark.parametrize(
    "query", ["a=1&a=2", "a=%ff", "a=\xff", "a=%e2%82%ac", "%", "a=b=c&&=", "a=%00", "é=\xe9"]
)
async def test_a10_a_query_is_read_as_on_wsgi(app, query):
    status, expected = told_by_wsgi(app, b"/", query)
    sent = await Connection(
        app, query_string=query.encode("latin-1"), headers=[(b"host", b"localhost")]
    ).run()
    assert sent.status == status == 200
    answer = json.loads(sent.text)
    assert (answer["args"], answer["url"]) == (expected["args"], expected["url"])


@pytest.mark.parametrize("path", ["@evil.test", "//evil.test/x", "", "http://evil.test/x", "*"])
async def test_a10_a_strange_target_is_no_error_of_ours(app, path):
    sent = await Connection(app, path, headers=[(b"host", b"localhost")]).run()
    assert sent.status < 500
    if sent.status == 200:
        assert json.loads(sent.text)["url"].startswith("http://localhost/")


# -- A11: headers ----------------------------------------------------------------------------------


async def test_a11_repeated_headers_are_joined_and_cookies_by_a_semicolon(app):
    headers = [(b"x-a", b"1"), (b"cookie", b"a=1"), (b"X-A", b"2"), (b"cookie", b"b=2; c=3")]
    answer = await told(app, headers=headers)
    assert ["X-A", "1,2"] in answer["headers"]
    assert answer["cookies"] == {"a": ["1"], "b": ["2"], "c": ["3"]}


@pytest.mark.parametrize("order", [1, -1])
async def test_a11_an_underscore_does_not_pass_for_a_dash(app, order):
    answer = await told(app, headers=[(b"x-user", b"real"), (b"x_user", b"spoof")][::order])
    assert [value for name, value in answer["headers"] if name == "X-User"] == ["real"]


async def test_a11_a_letter_does_not_pass_for_another(app):
    answer = await told(app, headers=[(b"x-acce\xdf", b"spoof")])
    assert "X-Access" not in dict(answer["headers"])


async def test_a11_names_in_capitals_are_read(app):
    events = [{"type": "http.request", "body": b"abc"}]
    headers = [(b"HOST", b"h.test"), (b"Content-Length", b"3"), (b"Content-TYPE", b"text/x")]
    answer = await told(app, method="POST", headers=headers, events=events)
    assert (answer["host"], answer["data"]) == ("h.test", "abc")
    assert ["Content-Type", "text/x"] in answer["headers"]


async def test_a11_latin1_comes_in_and_goes_out(app):
    @app.get("/echo")
    async def echo():
        return "", {"X-A": request.headers["X-A"]}

    sent = await Connection(app, "/echo", headers=[(b"x-a", b"caf\xe9")]).run()
    assert sent.header(b"x-a") == b"caf\xe9"


@pytest.mark.parametrize("streamed", [False, True])
async def test_a11_a_header_beyond_latin1_is_a_clean_500(app, streamed):
    @app.get("/euro")
    def euro():
        return Response((c for c in "x") if streamed else "x", headers={"X-A": "€"})

    assert (await Connection(app, "/euro").run()).status == 500


async def test_a11_three_cookies_stay_three(app):
    @app.get("/cookies")
    def cookies():
        response = Response()
        for name in "abc":
            response.set_cookie(name, name)
        return response

    sent = await Connection(app, "/cookies").run()
    assert [value[:4] for value in sent.all(b"set-cookie")] == [b"a=a;", b"b=b;", b"c=c;"]


@pytest.mark.parametrize("length", ["-5", "+1", "1_0", "0x1", "٣", "", "9" * 5000, "3, 3", " 3 "])
async def test_a11_a_strange_content_length_is_a_bad_request_at_most(app, length):
    headers = [(b"content-length", length.encode())]
    sent = await Connection(app, "/", "POST", headers=headers).run()
    assert sent.status in (200, 400)


# -- A14: state ------------------------------------------------------------------------------------


async def test_a14_state_of_one_request_is_not_seen_by_the_next(app):
    seen = []

    @app.before_request
    def look():
        seen.append(dict(request.state))
        request.state["mine"] = True

    state = {"pool": ["shared"]}
    for _ in range(2):
        await told(app, state=state)
    assert seen == [state, state]


# -- A16: HTTP/1.0 and HTTP/2 ----------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1", "2", "3"])
async def test_a16_every_version_of_http(app, version):
    answer = await told(app, http_version=version, server=("srv.test", 8000))
    assert answer["host"] == "srv.test:8000"


async def test_a16_cookies_split_by_http2_are_one(app):
    headers = [(b"host", b"h"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    answer = await told(app, http_version="2", headers=headers)
    assert answer["cookies"] == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a16_a_body_needs_no_header_in_http2(app, method):
    events = [{"type": "http.request", "body": b"ab", "more_body": True},
              {"type": "http.request", "body": b"c"}]  # fmt: skip
    answer = await told(app, method=method, http_version="2", events=events)
    assert answer["data"] == "abc"
