"""W7 and W8: how the WSGI side reads the body that a server gives it.

Where the body ends by itself, the validator is left out: it does not let ``read()`` be called
without a size, which :pep:`3333` asks servers to allow.
"""

from __future__ import annotations

import io

import pytest

from dualapp import request

from .wsgi_recorder import environ_of

BODY = b"first line\nsecond\n\n" + bytes(range(256)) * 270 + b"\nlast, without an end"
REST = b"GET /next HTTP/1.1\r\n\r\n"


class Pieces(io.RawIOBase):
    """A connection that gives at most so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._size = size

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self._data.read(min(self._size, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def read_all(stream):
    return [stream.read()]


def read_some(stream):
    return list(iter(lambda: stream.read(1000), b""))


def read_lines_in_part(stream):
    return list(iter(lambda: stream.readline(10), b""))


def read_lines(stream):
    return list(iter(stream.readline, b""))


def read_hinted_lines(stream):
    return [*stream.readlines(20), b"|", *stream.readlines()]


def read_in_turn(stream):
    return [stream.read(3), stream.readline(), stream.readline(3), stream.read()]


READERS = [read_all, read_some, read_lines_in_part, read_lines, read_hinted_lines, list]
READERS += [read_in_turn]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_w07_input_reads_like_a_file(app, serve, read, size):
    body = BODY if size > 1 and read in (read_all, read_some) else BODY[:3000]
    received = []

    @app.post("/")
    def view():
        received.extend(read(request.stream))
        received.append(request.stream.read(5))
        return "x"

    server_input = io.BufferedReader(Pieces(body + REST, size), 512)
    environ = environ_of("/", "POST", body, **{"wsgi.input": server_input})
    assert serve.run(environ).code == 200
    assert received == [*read(io.BytesIO(body)), b""]
    assert server_input.read() == REST


@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_w07_input_that_gives_less_than_was_asked_for(app, serve_bare, size):
    received = []

    @app.post("/<reader>")
    def view(reader):
        received.append(b"".join(globals()[reader](request.stream)))
        return "x"

    for reader in ("read_all", "read_some", "read_lines", "read_lines_in_part"):
        pieces = Pieces(BODY[:5000] + REST, size)
        environ = environ_of(f"/{reader}", "POST", BODY[:5000], **{"wsgi.input": pieces})
        assert serve_bare.run(environ).code == 200
        assert pieces.read(len(REST)) == REST[:size]
    assert received == [BODY[:5000]] * 4


@pytest.mark.parametrize("kind", ["data", "form", "json", "files"])
def test_w07_parsers_read_no_further_than_the_body(app, serve, kind):
    bodies = {
        "data": (b"abc", "text/plain"),
        "form": (b"a=1&b=2", "application/x-www-form-urlencoded"),
        "json": (b'{"a": 1}', "application/json"),
        "files": (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nabc\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
    }
    body, content_type = bodies[kind]

    @app.post("/")
    def view():
        found = request.get_data() if kind == "data" else getattr(request, kind)
        return {"found": bool(found)}

    server_input = io.BytesIO(body + REST)
    environ = environ_of(
        "/", "POST", body, CONTENT_TYPE=content_type, **{"wsgi.input": server_input}
    )
    sent = serve.run(environ)
    assert (sent.code, sent.text.strip()) == (200, '{"found":true}')
    assert server_input.read() == REST


def test_w07_an_unread_body_is_left_to_the_server(app, serve):
    class Untouched(io.BytesIO):
        def read(self, *args):
            raise AssertionError("nobody asked for the body")

        readline = readlines = read

    app.add_url_rule("/", view_func=lambda: "x", methods=["POST"], endpoint="view")
    environ = environ_of("/", "POST", b"abc", **{"wsgi.input": Untouched(b"abc")})
    assert serve.run(environ).data == b"x"


def test_w07_a_body_cut_short_is_not_a_whole_one(app, serve):
    @app.post("/")
    def view():
        return request.get_data()

    environ = environ_of(
        "/", "POST", b"", CONTENT_LENGTH="10", **{"wsgi.input": io.BytesIO(b"abc")}
    )
    assert serve.run(environ).code == 400


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("limit", [None, 10**6])
def test_w08_a_chunked_body_is_read_whole(app, serve_bare, size, limit):
    app.config["MAX_CONTENT_LENGTH"] = limit

    @app.post("/")
    def view():
        return request.get_data()

    body = BODY[:3000] if size == 1 else BODY
    server_input = io.BufferedReader(Pieces(body, size))
    keys = {"wsgi.input": server_input, "wsgi.input_terminated": True}
    environ = environ_of("/", "POST", HTTP_TRANSFER_ENCODING="chunked", **keys)
    assert serve_bare.run(environ).data == body


def test_w08_a_chunked_form_and_a_chunked_json(app, serve_bare):
    @app.post("/")
    def view():
        return {"form": request.form, "json": request.get_json(silent=True)}

    for content_type, body in [
        ("application/x-www-form-urlencoded", b"a=1"),
        ("application/json", b"[1]"),
    ]:
        keys = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
        sent = serve_bare.run(environ_of("/", "POST", CONTENT_TYPE=content_type, **keys))
        assert sent.text.strip() in ('{"form":{"a":"1"},"json":null}', '{"form":{},"json":[1]}')
        assert "1" in sent.text


def test_w08_a_chunked_body_past_the_limit_is_refused(app, serve):
    app.config["MAX_CONTENT_LENGTH"] = 1000

    @app.post("/")
    def view():
        return str(len(request.get_data()))

    read = []

    class Endless(io.BytesIO):
        def read(self, size=-1):
            read.append(size)
            return b"x" * size

    keys = {"wsgi.input": Endless(), "wsgi.input_terminated": True}
    assert serve.run(environ_of("/", "POST", **keys)).code == 413
    assert all(size > 0 for size in read)
    assert sum(read) < 100_000


def test_w08_without_a_length_there_is_no_body(app, serve):
    app.add_url_rule("/", view_func=lambda: request.get_data(), methods=["POST"], endpoint="view")
    environ = environ_of("/", "POST", **{"wsgi.input": io.BytesIO(REST)})
    assert serve.run(environ).data == b""
