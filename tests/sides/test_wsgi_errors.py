"""W4: errors while a response is sent."""

from __future__ import annotations

import pytest

from dualapp import signals

from .bodies import BODIES, FailingError, sync_generator

pytestmark = pytest.mark.usefixtures("notes_its_end")


def test_w04_error_before_first_chunk_replaces_200(stream, serve, log, caplog):
    stream(fails_at=0)
    sent = serve()
    assert (sent.error, sent.code) == (None, 500)
    assert b"Internal Server Error" in sent.data
    assert sent.header("Content-Length") == str(len(sent.data))
    assert log == ["closed", "on close", "teardown FailingError", "app teardown"]
    assert len(caplog.records) == 1


def test_w04_error_after_an_empty_chunk_replaces_200(app, serve):
    def chunks():
        yield ""
        yield b""
        raise FailingError

    app.add_url_rule("/", view_func=lambda: chunks(), endpoint="view")
    assert serve().code == 500


@pytest.mark.parametrize("handler_is_async", [False, True])
def test_w04_an_error_handler_answers_instead(app, stream, serve, log, paint, handler_is_async):
    stream(fails_at=0)
    handler = paint(lambda error: ("handled", 503), "async" if handler_is_async else "sync")
    app.register_error_handler(500, handler)
    sent = serve()
    assert (sent.error, sent.code, sent.data) == (None, 503, b"handled")
    assert log == ["closed", "on close", "teardown FailingError", "app teardown"]


@pytest.mark.parametrize("body", BODIES)
def test_w04_an_error_handler_may_answer_with_a_stream(app, stream, serve, log, body):
    stream(fails_at=0)
    app.register_error_handler(500, lambda error: body(log))
    sent = serve()
    assert (sent.error, sent.code, sent.data) == (None, 200, b"abc")
    assert log == ["closed", "on close", "closed", "teardown FailingError", "app teardown"]


@pytest.mark.parametrize("body", BODIES)
def test_w04_a_stream_instead_that_fails_too_reaches_the_server(app, stream, serve, log, body):
    stream(fails_at=0)
    app.register_error_handler(500, lambda error: body(log, fails_at=0))
    sent = serve()
    assert isinstance(sent.error, FailingError)
    assert sent.data == b""
    assert log == ["closed", "on close", "closed", "teardown FailingError", "app teardown"]


@pytest.mark.parametrize("fails_at", [1, 3])
def test_w04_error_after_a_chunk_is_raised_to_the_server(stream, serve, log, fails_at):
    stream(fails_at=fails_at)
    sent = serve()
    assert isinstance(sent.error, FailingError)
    assert (sent.code, sent.data) == (200, b"abc"[:fails_at])
    assert log == ["closed", "on close", "teardown FailingError", "app teardown"]


@pytest.mark.parametrize("fails_at", [0, 1])
def test_w04_error_is_raised_where_it_is_to_be_seen(app, stream, serve, log, fails_at):
    app.testing = True
    stream(fails_at=fails_at)
    assert isinstance(serve().error, FailingError)
    assert log == ["closed", "on close", "teardown FailingError", "app teardown"]


def test_w04_the_server_is_told_of_one_answer_only(app, log):
    """Gunicorn would send the headers of both."""
    seen = []

    def start_response(status, headers, exc_info=None):
        seen.append((status, exc_info and exc_info[0]))
        return seen.append

    app.add_url_rule("/", view_func=lambda: sync_generator(log, fails_at=0), endpoint="view")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http"}
    body = app({**environ, "SERVER_NAME": "a", "SERVER_PORT": "80"}, start_response)
    assert b"".join(body)
    body.close()
    assert seen == [("500 INTERNAL SERVER ERROR", None)]


def test_w04_got_request_exception_tells_of_an_error_in_a_stream(app, stream, serve):
    stream(fails_at=0)
    errors = []
    with signals.got_request_exception.connected_to(
        lambda sender, exception: errors.append(exception), app
    ):
        serve()
    assert [type(error) for error in errors] == [FailingError]
