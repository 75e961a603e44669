"""A4: what comes from ``receive``, in whatever pieces a server gives it."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import threading

import pytest
from werkzeug.exceptions import ClientDisconnected

from dualapp import request
from dualapp.sides import inbox

from .asgi_recorder import Connection, body_events

DISCONNECT = {"type": "http.disconnect"}


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def app(app, colour, paint):
    """An application whose views read the body in different ways, sync or async."""
    app.testing = False

    def read():
        return request.get_data()

    def read_json():
        return {"json": request.get_json()}

    def ignore():
        return "ignored"

    def stream():
        return request.stream.read()

    async def stream_async():
        return b"".join([chunk async for chunk in request.body])

    for view in (read, read_json, ignore):
        app.add_url_rule(
            f"/{view.__name__}", methods=["GET", "POST"], view_func=paint(view, colour)
        )
    stream = stream if colour == "sync" else stream_async
    app.add_url_rule("/stream", methods=["POST"], view_func=stream, stream=True)
    return app


async def post(app, path, events, **scope):
    return await Connection(app, path, "POST", events=events, **scope).run()


def length(number):
    return [(b"content-length", str(number).encode())]


@pytest.mark.parametrize("path", ["/read", "/stream"])
@pytest.mark.parametrize(
    ("events", "body"),
    [
        ([{"type": "http.request"}], b""),
        ([{"type": "http.request", "body": None}], b""),
        ([{"type": "http.request", "body": b"abc"}], b"abc"),
        ([{"type": "http.request", "more_body": True}, {"type": "http.request"}], b""),
        ([{"type": "http.request", "body": b"a", "more_body": True, "extra": 1},
          {"type": "http.request", "body": b"b", "more_body": 1},
          {"type": "http.request", "body": b"c", "more_body": False}], b"abc"),
        ([{"type": "http.request", "body": b"", "more_body": True}] * 1000
         + [{"type": "http.request", "body": b"end"}], b"end"),
        (body_events(*[b"x"] * 10_000), b"x" * 10_000),
    ],
    ids=["no body", "None", "no more_body", "empty", "three", "1000 empty", "bytewise"],
)  # fmt: skip
async def test_a04_a_body_in_any_pieces(app, path, events, body):
    sent = await post(app, path, events)
    assert (sent.status, sent.data) == (200, body)


@pytest.mark.parametrize("path", ["/read", "/stream"])
async def test_a04_a_body_past_the_spool_size_is_whole(app, path):
    app.config["BODY_SPOOL_SIZE"] = 1000
    chunks = [bytes([number % 256]) * 999 for number in range(300)]
    sent = await post(app, path, body_events(*chunks))
    assert sent.data == b"".join(chunks)


@pytest.mark.parametrize("path", ["/read", "/stream", "/read_json"])
@pytest.mark.parametrize("headers", [[], length(10)])
async def test_a04_a_body_cut_short_is_a_bad_request(app, path, headers):
    events = [{"type": "http.request", "body": b"[1]", "more_body": True}, DISCONNECT]
    headers = [*headers, (b"content-type", b"application/json")]
    assert (await post(app, path, events, headers=headers)).status == 400


@pytest.mark.parametrize("path", ["/read", "/stream"])
async def test_a04_a_body_shorter_than_declared_is_a_bad_request(app, path):
    assert (await post(app, path, body_events(b"abc"), headers=length(10))).status == 400


async def test_a04_a_client_that_left_before_its_body_came(app):
    errors = []
    app.register_error_handler(ClientDisconnected, lambda e: errors.append(e) or ("left", 400))
    sent = await post(app, "/read", [DISCONNECT])
    assert sent.status == 400
    assert len(errors) == 1


@pytest.mark.parametrize("path", ["/read", "/stream"])
@pytest.mark.parametrize("declared", [None, 1, 2_000_000])
async def test_a04_the_limit_holds_on_real_bytes(app, path, declared):
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    asked = 0

    def events():
        nonlocal asked
        for _ in range(2000):
            asked += 1000
            yield {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    headers = [] if declared is None else length(declared)
    sent = await post(app, path, events(), headers=headers)
    assert sent.status == 413
    assert asked <= 110_000  # no more than the limit was taken in


async def test_a04_a_body_nobody_reads_past_the_limit_is_no_error(app):
    app.config["MAX_CONTENT_LENGTH"] = 10
    sent = await post(app, "/ignore", body_events(*[b"x" * 10] * 10), headers=length(100))
    assert sent.text == "ignored"


async def test_a04_a_get_without_a_body_is_not_waited_for(app):
    sent = await Connection(app, "/ignore", events=[]).run()
    assert (sent.text, sent.receive_calls) == ("ignored", 0)


@pytest.mark.parametrize("header", [(b"content-length", b"3"), (b"Transfer-Encoding", b"chunked")])
async def test_a04_a_get_with_a_body_is_read(app, header):
    sent = await Connection(app, "/read", headers=[header], events=body_events(b"abc")).run()
    assert sent.text == "abc"


async def test_a04_a_server_that_repeats_itself_is_not_asked_in_a_circle(app):
    """Some servers answer ``receive`` at once for ever, with the body's end again and again."""

    @app.post("/slow")
    async def slow():
        async def chunks():
            for _ in range(3):
                yield b"x"
                await asyncio.sleep(0.2)

        return chunks()

    calls = 0

    async def receive():
        nonlocal calls
        calls += 1
        return {"type": "http.request"}

    connection = Connection(app, "/slow", "POST")
    connection._receive = receive
    await connection.run()
    assert connection.data == b"xxx"
    assert calls < 20


async def test_a04_who_watches_the_client_knows_that_the_body_is_there(app, monkeypatch):
    """Then the first repetition is one, and what repeats itself is left alone for a while."""
    monkeypatch.setattr(inbox, "PAUSE", 60)

    @app.post("/slow")
    async def slow():
        async def chunks():
            for _ in range(10):
                yield b"x"
                await asyncio.sleep(0.001)

        return chunks()

    sent = await post(app, "/slow", [{"type": "http.request", "body": b"abc"}] * 10)
    assert (sent.data, sent.receive_calls) == (b"x" * 10, 2)


async def test_a04_a_slow_upload_holds_no_thread(app):
    app.config["SYNC_THREADS"] = 1
    arrived = asyncio.Event()

    async def receive():
        await arrived.wait()
        return {"type": "http.request", "body": b"late"}

    slow = Connection(app, "/read", "POST")
    slow._receive = receive
    slow.start()
    await asyncio.sleep(0)
    assert (await Connection(app, "/ignore").run()).text == "ignored"
    arrived.set()
    await slow.over_within(1)
    assert slow.text == "late"


async def test_a04_uploads_are_received_without_stopping_the_loop(app, monkeypatch):
    """S10: past the spool size each write may wait for a slow disk, so a thread does it."""
    writers = []

    class SlowFile(tempfile.SpooledTemporaryFile):
        def write(self, data):
            if self._rolled or self.tell() + len(data) > self._max_size:
                writers.append(threading.get_ident())
            return super().write(data)

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", SlowFile)
    app.config["BODY_SPOOL_SIZE"] = 1000
    await post(app, "/read", body_events(*[b"x" * 600] * 6))
    assert len(writers) == 5
    assert threading.get_ident() not in writers


@pytest.mark.parametrize("way", ["text", "json", "form", "files", "stream", "twice"])
async def test_a04_ways_to_read_a_body(app, colour, paint, way):
    def view():
        match way:
            case "text":
                return request.get_data(as_text=True)
            case "json":
                return str(request.get_json(force=True)["a"])
            case "form":
                return request.form["a"]
            case "files":
                return request.files["a"].read()
            case "stream":
                return request.stream.read()
            case _:
                return request.get_data() + request.stream.read()

    app.add_url_rule("/way", methods=["POST"], view_func=paint(view, colour))
    multipart = (
        b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n1\r\n--b--\r\n'
    )
    body, kind = {
        "json": (b'{"a": 1}', b"application/json"),
        "form": (b"a=1", b"application/x-www-form-urlencoded"),
        "files": (multipart, b"multipart/form-data; boundary=b"),
    }.get(way, (b"1", b"text/plain"))
    sent = await post(app, "/way", body_events(body), headers=[(b"content-type", kind)])
    assert (sent.status, sent.text) == (200, "1")


async def test_a04_spooled_files_are_closed(app):
    """A ResourceWarning, which is an error here, would tell of one that was left open."""
    app.config["BODY_SPOOL_SIZE"] = 10
    await post(app, "/ignore", body_events(b"x" * 50, b"y" * 50))
    gc.collect()
