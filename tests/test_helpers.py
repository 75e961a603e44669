"""The functions that views and hooks call."""

from __future__ import annotations

import io
import threading

import pytest
import werkzeug.exceptions
import werkzeug.utils
from jinja2 import DictLoader
from werkzeug.wrappers import Response as WerkzeugResponse

from dualapp import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    get_flashed_messages,
    get_template_attribute,
    helpers,
    make_response,
    message_flashed,
    redirect,
    request,
    send_file,
    send_from_directory,
    session,
    stream_with_context,
    url_for,
)

# Settings of the environment


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in ("DEBUG", "SKIP_DOTENV"):
        monkeypatch.delenv(f"DUALAPP_{name}", raising=False)
        monkeypatch.delenv(f"FLASK_{name}", raising=False)


@pytest.mark.parametrize("variable", ["DUALAPP_DEBUG", "FLASK_DEBUG"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", True),
        ("True", True),
        ("on", True),
        ("0", False),
        ("NO", False),
        ("False", False),
        ("", False),
    ],
)
def test_debug_flag(monkeypatch, variable, value, expected):
    monkeypatch.setenv(variable, value)
    assert helpers.get_debug_flag() is expected


def test_own_variable_goes_before_flasks(monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("DUALAPP_DEBUG", "0")
    assert helpers.get_debug_flag() is False
    monkeypatch.setenv("DUALAPP_DEBUG", "")
    assert helpers.get_debug_flag() is True


@pytest.mark.parametrize("variable", ["DUALAPP_SKIP_DOTENV", "FLASK_SKIP_DOTENV"])
@pytest.mark.parametrize(
    ("value", "expected"), [("1", False), ("yes", False), ("0", True), ("no", True)]
)
def test_load_dotenv(monkeypatch, variable, value, expected):
    monkeypatch.setenv(variable, value)
    assert helpers.get_load_dotenv() is helpers.get_load_dotenv(not expected) is expected


@pytest.mark.parametrize("default", [True, False])
def test_load_dotenv_default(default):
    assert helpers.get_load_dotenv(default) is default


def test_split_blueprint_path():
    assert helpers._split_blueprint_path("a.b.c") == ["a.b.c", "a.b", "a"]
    assert helpers._split_blueprint_path("a") == ["a"]


def test_werkzeug_is_visible():
    assert helpers.werkzeug.utils.send_file is werkzeug.utils.send_file


# Responses, URLs, errors


def test_make_response(app):
    with app.test_request_context():
        assert make_response().data == b""
        assert make_response("text").data == b"text"
        response = make_response({"a": 1}, 201, {"X-A": "b"})
    assert (response.status_code, response.json, response.headers["X-A"]) == (201, {"a": 1}, "b")
    assert isinstance(response, app.response_class)


def test_url_for_passes_everything_on(app):
    app.add_url_rule("/<int:page>", endpoint="book", methods=["GET"])
    app.add_url_rule("/<int:page>/edit", endpoint="book", methods=["POST"])
    with app.test_request_context():
        assert url_for("book", page=1, q="ä b", _anchor="x y") == "/1?q=%C3%A4+b#x%20y"
        assert url_for("book", page=1, _method="POST") == "/1/edit"
        assert url_for("book", page=1, _external=True, _scheme="https") == "https://localhost/1"
        app.url_for = lambda endpoint, **options: f"{endpoint} {options['page']}"
        assert url_for("book", page=2) == "book 2"


def test_url_for_relative_to_the_blueprint(app, client):
    part = Blueprint("part", __name__, url_prefix="/part")
    part.get("/here", endpoint="here")(lambda: url_for(".here"))
    app.register_blueprint(part)
    assert client.get("/part/here").text == "/part/here"


def test_redirect_without_an_application():
    class Own(WerkzeugResponse):
        pass

    response = redirect("/there", 303, Own)
    assert isinstance(response, Own)
    assert (response.status_code, response.location) == (303, "/there")


def test_redirect_with_an_application(app):
    with app.app_context():
        assert isinstance(redirect("/there"), app.response_class)
        app.redirect = lambda location, code: f"{location} {code}"
        assert redirect("/there", 307) == "/there 307"


def test_abort_without_an_application():
    with pytest.raises(werkzeug.exceptions.Gone, match="no more"):
        abort(410, "no more")
    with pytest.raises(LookupError):
        abort(299)


def test_abort_with_an_application(app, client):
    class Teapot(werkzeug.exceptions.HTTPException):
        code = 499

    app.aborter.mapping[499] = Teapot

    @app.get("/<int:code>")
    def error(code):
        abort(code)

    @app.get("/response")
    def response():
        abort(Response("own", 409))

    assert client.get("/499").status_code == 499
    assert client.get("/403").status_code == 403
    assert client.get("/response").text == "own"


def test_template_attribute(app):
    app.jinja_loader = DictLoader(
        {"m.html": "{% macro hi(name) %}hi {{ name }}{% endmacro %}{% set size = 3 %}"}
    )
    with app.app_context():
        assert get_template_attribute("m.html", "hi")("<ann>") == "hi &lt;ann&gt;"
        assert get_template_attribute("m.html", "size") == 3
        with pytest.raises(AttributeError):
            get_template_attribute("m.html", "absent")


# Flashed messages


@pytest.fixture(name="flashing")
def flashing_app(app):
    app.secret_key = "key"

    @app.get("/flash")
    def put():
        flash("hello")
        flash("wrong", "error")
        return ""

    @app.get("/show")
    def show():
        return get_flashed_messages(with_categories=True)

    return app


def test_messages_are_there_once(flashing, client):
    client.get("/flash")
    assert client.get("/show").json == [["message", "hello"], ["error", "wrong"]]
    assert client.get("/show").json == []


def test_messages_can_be_read_again_in_the_same_request(flashing):
    with flashing.test_request_context():
        flash("hello")
        flash("wrong", "error")
        assert get_flashed_messages() == get_flashed_messages() == ["hello", "wrong"]
        assert get_flashed_messages(category_filter=["error"]) == ["wrong"]
        assert get_flashed_messages(True, ["error", "x"]) == [("error", "wrong")]
        assert "_flashes" not in session


def test_asking_without_messages_leaves_the_session_alone(flashing):
    with flashing.test_request_context():
        assert get_flashed_messages() == []
        assert not session.modified


def test_flashing_marks_the_session_as_modified(flashing):
    with flashing.test_request_context():
        flash("one")
        session.modified = False
        flash("two")
        assert session.modified


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_message_flashed_is_sent(flashing, client, colour):
    told = []

    def receiver(sender, message, category):
        told.append((sender, message, category))

    async def async_receiver(sender, **values):
        receiver(sender, **values)

    with message_flashed.connected_to(receiver if colour == "sync" else async_receiver, flashing):
        client.get("/flash")
    assert told == [(flashing, "hello", "message"), (flashing, "wrong", "error")]


def test_flash_can_be_awaited_in_async_code(flashing, client):
    told = []

    async def receiver(sender, message, category):
        told.append(message)

    @flashing.get("/")
    async def view():
        await flash("hello")
        return get_flashed_messages()

    with message_flashed.connected_to(receiver, flashing):
        assert client.get("/").json == ["hello"]
    assert told == ["hello"]


# Files


def test_send_file_from_the_root_path(app, client, tmp_path):
    (tmp_path / "page.txt").write_text("content")
    app.root_path = str(tmp_path)
    app.get("/")(lambda: send_file("page.txt", download_name="p.txt", as_attachment=True))
    response = client.get("/")
    assert response.data == b"content"
    assert response.mimetype == "text/plain"
    assert response.headers["Content-Disposition"] == "attachment; filename=p.txt"
    response.close()
    with client.get("/", headers={"If-None-Match": response.headers["ETag"]}) as unchanged:
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    with client.get("/", headers={"Range": "bytes=1-3"}) as part:
        assert (part.status_code, part.data) == (206, b"ont")


def test_send_file_object(app, client):
    app.get("/")(lambda: send_file(io.BytesIO(b"bytes"), "application/x-own"))
    response = client.get("/")
    assert (response.data, response.mimetype) == (b"bytes", "application/x-own")


def test_max_age_comes_from_the_application_unless_given(app, client):
    @app.get("/default")
    def default():
        return send_file(io.BytesIO(b""), "text/css", download_name="a.css")

    @app.get("/given")
    def given():
        return send_file(io.BytesIO(b""), "text/css", max_age=5)

    assert client.get("/default").cache_control.max_age is None
    app.get_send_file_max_age = lambda name: 7
    assert client.get("/default").cache_control.max_age == 7
    assert client.get("/given").cache_control.max_age == 5


def test_x_sendfile(app, client, tmp_path):
    path = tmp_path / "page.txt"
    path.write_text("content")
    app.config["USE_X_SENDFILE"] = True
    app.get("/")(lambda: send_file(path))
    assert client.get("/").headers["X-Sendfile"] == str(path)


def test_send_from_directory(app, client, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("inside")
    (tmp_path / "secret.txt").write_text("outside")
    app.root_path = str(tmp_path)
    app.get("/<path:name>")(lambda name: send_from_directory("files", name, max_age=9))
    response = client.get("/a.txt")
    assert (response.text, response.cache_control.max_age) == ("inside", 9)
    response.close()
    for name in ("../secret.txt", "..%2fsecret.txt", "absent.txt", "a%00.txt", "%2fetc/passwd"):
        assert client.get(f"/{name}").status_code == 404


# Streams


def test_stream_sees_the_request(app, client):
    @app.get("/wrapped")
    def wrapped():
        def pieces():
            yield g.word
            yield request.args["name"]

        g.word = "hello "
        return stream_with_context(pieces())

    @app.get("/decorated")
    def decorated():
        @stream_with_context
        def pieces(word):
            """Doc."""
            yield word
            yield request.args["name"]

        assert pieces.__doc__ == "Doc."
        return Response(pieces("hello "))

    assert client.get("/wrapped?name=ann").text == "hello ann"
    assert client.get("/decorated?name=ann").text == "hello ann"


def test_async_stream_sees_the_request(app, client):
    async def pieces():
        yield g.word
        yield request.args["name"]

    @app.get("/wrapped")
    async def wrapped():
        g.word = "hello "
        return stream_with_context(pieces())

    @app.get("/decorated")
    def decorated():
        g.word = "hello "
        return stream_with_context(pieces)()

    assert client.get("/wrapped?name=ann").text == "hello ann"
    assert client.get("/decorated?name=ann").text == "hello ann"


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_l18_request_ends_once_after_the_stream(app, client, colour):
    events = []
    app.teardown_request(lambda error: events.append("teardown"))

    @stream_with_context
    def sync_pieces():
        yield "x"
        events.append("streamed")

    @stream_with_context
    async def async_pieces():
        yield "x"
        events.append("streamed")

    app.get("/")(sync_pieces if colour == "sync" else async_pieces)
    assert client.get("/").text == "x"
    assert events == ["streamed", "teardown"]


def test_stream_keeps_the_request_in_any_thread(app):
    def pieces():
        yield request.path
        yield request.path

    with app.test_request_context("/here"):
        stream = stream_with_context(pieces())
        assert next(stream) == "/here"
    collected = []
    thread = threading.Thread(target=lambda: collected.extend(stream))
    thread.start()
    thread.join()
    assert collected == ["/here"]


@pytest.mark.parametrize("started", [False, True])
def test_closing_a_stream_closes_the_generator(app, started):
    closed = []

    class Pieces:
        def __iter__(self):
            return self

        def __next__(self):
            return "x"

        def close(self):
            closed.append(request.path)

    with app.test_request_context("/here"):
        stream = stream_with_context(Pieces())
    if started:
        assert next(stream) == "x"
    stream.close()
    stream.close()
    assert closed == ["/here"]
    assert list(stream) == []


def test_failing_stream_is_closed(app):
    closed = []

    class Pieces:
        def __iter__(self):
            return self

        def __next__(self):
            raise ValueError("broken")

        def close(self):
            closed.append(True)

    with app.test_request_context(), pytest.raises(ValueError, match="broken"):
        next(stream_with_context(Pieces()))
    assert closed == [True]


def test_plain_iterators_can_be_wrapped(app):
    with app.test_request_context():
        stream = stream_with_context(iter(["a", "b"]))
        assert list(stream) == ["a", "b"]
        stream.close()


async def test_closing_an_async_stream_closes_the_generator(app):
    closed = []

    async def pieces():
        try:
            yield "x"
        finally:
            closed.append(True)

    class Endless:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return "y"

    with app.test_request_context():
        stream, endless = stream_with_context(pieces()), stream_with_context(Endless())
    assert await anext(stream) == "x"
    await stream.aclose()
    assert closed == [True]
    assert await anext(endless) == "y"
    await endless.aclose()


def test_stream_needs_a_request(app):
    def pieces():
        yield "x"

    async def async_pieces():
        yield "x"

    decorated = stream_with_context(pieces)
    with app.app_context():
        for make in (
            lambda: stream_with_context(pieces()),
            decorated,
            stream_with_context(async_pieces),
        ):
            with pytest.raises(RuntimeError, match="no request is being answered"):
                make()
