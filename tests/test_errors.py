"""Errors: who handles them, what is answered when nobody does, and what the messages say."""

from __future__ import annotations

import gc
import logging
import time
import weakref

import pytest
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
)
from werkzeug.routing import RequestRedirect

from dualapp import (
    Blueprint,
    Response,
    abort,
    g,
    got_request_exception,
    redirect,
    request,
    request_finished,
)

COLOURS = ["sync", "async"]


class OurError(Exception):
    pass


class SpecialError(OurError):
    pass


class MissingError(NotFound):
    description = "our own 404"


@pytest.fixture(params=COLOURS)
def handler(request, paint):
    """Make an error handler that answers with its name, in each colour."""

    def make(name, code=400):
        return paint(lambda error: (name, code), request.param)

    return make


def raises(error):
    def fail(*args, **values):
        raise error

    return fail


fails = raises(SpecialError("from a hook"))


class TestWhichHandler:
    @pytest.mark.parametrize(
        ("registered", "raised", "expected"),
        [
            ([OurError], OurError(), "OurError"),
            ([OurError], SpecialError(), "OurError"),
            ([OurError, SpecialError], SpecialError(), "SpecialError"),
            ([OurError, SpecialError], OurError(), "OurError"),
            ([Exception, OurError], SpecialError(), "OurError"),
            ([Exception], OurError(), "Exception"),
            ([404], NotFound(), "404"),
            ([404], MissingError(), "404"),
            ([404, MissingError], MissingError(), "MissingError"),
            ([NotFound], MissingError(), "NotFound"),
            ([HTTPException, 404], NotFound(), "404"),
            ([HTTPException], NotFound(), "HTTPException"),
            ([HTTPException, Exception], NotFound(), "HTTPException"),
            ([Exception], NotFound(), "Exception"),
            ([403, HTTPException], NotFound(), "HTTPException"),
            ([500], OurError(), "500"),
            ([InternalServerError], OurError(), "InternalServerError"),
            ([500, OurError], OurError(), "OurError"),
            ([500, HTTPException], InternalServerError(), "500"),
        ],
    )
    def test_the_nearest_class_wins(self, app, client, handler, registered, raised, expected):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        for key in registered:
            app.register_error_handler(key, handler(getattr(key, "__name__", str(key))))
        app.add_url_rule("/", "view", raises(raised))
        response = client.get("/")
        assert (response.status_code, response.text) == (400, expected)

    @pytest.mark.parametrize(
        ("on_app", "on_outer", "on_inner", "expected"),
        [
            (SpecialError, OurError, None, "outer"),
            (OurError, None, Exception, "inner"),
            (OurError, None, None, "app"),
            (OurError, SpecialError, SpecialError, "inner"),
            (404, OurError, None, "outer"),
        ],
    )
    def test_blueprints_come_before_the_app(
        self, app, client, handler, on_app, on_outer, on_inner, expected
    ):
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        for scaffold, key, name in (
            (app, on_app, "app"),
            (outer, on_outer, "outer"),
            (inner, on_inner, "inner"),
        ):
            if key is not None:
                scaffold.errorhandler(key)(handler(name))
        inner.add_url_rule("/", "view", raises(SpecialError()))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        assert client.get("/").text == expected

    def test_a_code_in_the_app_comes_before_a_class_in_the_blueprint(self, app, client, handler):
        shop = Blueprint("shop", __name__)
        shop.errorhandler(HTTPException)(handler("class in blueprint"))
        app.errorhandler(404)(handler("code in app"))
        shop.add_url_rule("/", "view", raises(NotFound()))
        app.register_blueprint(shop)
        assert client.get("/").text == "code in app"

    def test_app_errorhandler_of_a_blueprint_serves_all(self, app, client, handler):
        shop = Blueprint("shop", __name__)
        shop.app_errorhandler(404)(handler("from the blueprint"))
        app.register_blueprint(shop)
        assert client.get("/nowhere").text == "from the blueprint"

    def test_a_blueprint_does_not_handle_what_is_raised_elsewhere(self, app, client, handler):
        shop = Blueprint("shop", __name__)
        shop.errorhandler(404)(handler("shop"))
        app.register_blueprint(shop, url_prefix="/shop")
        assert client.get("/shop/nowhere").status_code == 404

    def test_error_of_a_before_request_hook(self, app, client, paint, handler):
        app.errorhandler(OurError)(handler("handled"))
        app.before_request(paint(raises(SpecialError())))
        app.add_url_rule("/", "view", lambda: "view")
        assert client.get("/").text == "handled"

    def test_the_handler_is_given_the_error_itself(self, app, client, paint):
        error = SpecialError("itself")
        seen = []
        app.errorhandler(OurError)(paint(lambda error: seen.append(error) or "handled"))
        app.add_url_rule("/", "view", raises(error))
        assert client.get("/").status_code == 200
        assert seen == [error]

    @pytest.mark.parametrize("colour", COLOURS)
    def test_an_error_in_the_handler_is_an_unhandled_one(self, app, client, paint, colour):
        app.errorhandler(OurError)(paint(raises(SpecialError("second")), colour))
        app.add_url_rule("/", "view", raises(OurError("first")))
        with pytest.raises(SpecialError, match="second") as caught:
            client.get("/")
        assert str(caught.value.__context__) == "first"


class TestHTTPErrors:
    def test_they_are_answers(self, app, client):
        app.add_url_rule("/<int:code>", "view", lambda code: abort(code))
        for code in (400, 403, 404, 409, 418, 429, 500, 503):
            response = client.get(f"/{code}")
            assert response.status_code == code
            assert response.content_type == "text/html; charset=utf-8"

    def test_404_and_405(self, app, client):
        app.add_url_rule("/", "view", methods=["PUT", "DELETE"])
        assert client.get("/nowhere").status_code == 404
        refused = client.get("/")
        assert refused.status_code == 405
        assert set(refused.headers["Allow"].split(", ")) == {"PUT", "DELETE", "OPTIONS"}

    def test_abort_with_a_response(self, app, client, handler):
        app.errorhandler(HTTPException)(handler("not asked"))
        app.add_url_rule("/", "view", lambda: abort(Response("as it is", 418)))
        response = client.get("/")
        assert (response.status_code, response.text) == (418, "as it is")

    def test_redirects_of_the_router_are_not_errors(self, app, client, handler):
        app.errorhandler(HTTPException)(handler("not asked"))
        app.add_url_rule("/slash/", "view", lambda: "view")
        assert client.get("/slash").headers["Location"] == "http://localhost/slash/"

    def test_a_handler_that_redirects(self, app, client):
        app.errorhandler(Forbidden)(lambda error: redirect("/login"))
        app.add_url_rule("/", "view", raises(Forbidden()))
        assert client.get("/").headers["Location"] == "/login"

    def test_a_hostile_path_is_escaped(self, app, client):
        """S36"""
        app.errorhandler(404)(lambda error: NotFound(request.path))
        assert "<script>" not in client.get("/<script>").text


class TestUnhandled:
    """What nobody handles reaches the server when debugging or testing, else it becomes a 500."""

    @pytest.mark.parametrize("colour", COLOURS)
    @pytest.mark.parametrize(
        ("setting", "testing", "debug", "propagates"),
        [
            (None, False, False, False),
            (None, True, False, True),
            (None, False, True, True),
            (True, False, False, True),
            (False, True, True, False),
        ],
    )
    def test_propagation(
        self, app, client, paint, caplog, colour, setting, testing, debug, propagates
    ):
        app.config.update(PROPAGATE_EXCEPTIONS=setting, TESTING=testing, DEBUG=debug)
        error = OurError("unhandled")
        told = []
        app.teardown_request(told.append)
        app.add_url_rule("/", "view", paint(raises(error), colour))
        if propagates:
            with pytest.raises(OurError, match="unhandled"):
                client.get("/")
        else:
            assert client.get("/").status_code == 500
            [record] = caplog.records
            assert record.getMessage() == "Exception on / [GET]"
            assert record.exc_info[1] is error
        assert told == [error]

    @pytest.mark.parametrize("key", [500, InternalServerError])
    def test_the_500_handler_gets_the_original(self, app, client, paint, key):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        seen = []
        app.errorhandler(key)(paint(lambda error: seen.append(error) or ("sorry", 500)))
        original = OurError()
        app.add_url_rule("/raised", "raised", raises(original))
        app.add_url_rule("/aborted", "aborted", lambda: abort(500))
        assert client.get("/raised").text == client.get("/aborted").text == "sorry"
        assert [type(error) for error in seen] == [InternalServerError] * 2
        assert [error.original_exception for error in seen] == [original, None]

    @pytest.mark.parametrize("colour", COLOURS)
    def test_the_signal_is_sent_first(self, app, client, paint, colour):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        seen = []
        receiver = paint(lambda sender, exception: seen.append((sender, exception)), colour)
        error = OurError()
        app.errorhandler(500)(lambda error: seen.append("handler") or "sorry")
        app.add_url_rule("/", "view", raises(error))
        with got_request_exception.connected_to(receiver, app):
            client.get("/")
        assert seen == [(app, error), "handler"]

    def test_error_in_after_request(self, app, client, paint, caplog):
        """The answer to it goes through after_request too; failing again is only logged."""
        app.config["PROPAGATE_EXCEPTIONS"] = False
        calls = []
        app.after_request(lambda response: calls.append(response.status_code) or response)
        app.after_request(paint(fails))
        app.add_url_rule("/", "view", lambda: "fine")
        assert client.get("/").status_code == 500
        assert calls == []  # the failing one comes first, both times
        assert [record.getMessage() for record in caplog.records] == [
            "Exception on / [GET]",
            "Request finalizing failed with an error while handling an error",
        ]

    def test_error_once_in_after_request(self, app, client, paint):
        app.config["PROPAGATE_EXCEPTIONS"] = False

        def fail_once(response):
            if "failed" not in g:
                g.failed = True
                raise OurError
            return Response("second time", 500)

        app.after_request(paint(fail_once))
        app.add_url_rule("/", "view", lambda: "fine")
        assert client.get("/").text == "second time"

    def test_error_of_the_500_handler(self, app, client, paint):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        told = []
        app.teardown_request(told.append)
        app.errorhandler(500)(paint(fails))
        app.add_url_rule("/", "view", raises(OurError()))
        with pytest.raises(SpecialError, match="from a hook"):
            client.get("/")
        assert [type(error) for error in told] == [SpecialError]

    def test_error_in_request_finished(self, app, client, paint):
        receiver = paint(lambda sender, response: fails())
        app.add_url_rule("/", "view", lambda: "fine")
        with (
            request_finished.connected_to(receiver, app),
            pytest.raises(SpecialError, match="from a hook"),
        ):
            client.get("/")


class TestTraps:
    @pytest.mark.parametrize(
        ("config", "error", "trapped"),
        [
            ({}, NotFound, False),
            ({}, BadRequest, False),
            ({"TRAP_HTTP_EXCEPTIONS": True}, NotFound, True),
            ({"TRAP_HTTP_EXCEPTIONS": True}, BadRequest, True),
            ({"TRAP_BAD_REQUEST_ERRORS": True}, BadRequest, True),
            ({"TRAP_BAD_REQUEST_ERRORS": True}, Conflict, False),
            ({"DEBUG": True}, BadRequest, False),
        ],
    )
    def test_http_errors(self, app, client, config, error, trapped):
        app.config.update(config)
        app.add_url_rule("/", "view", raises(error()))
        if trapped:
            with pytest.raises(error):
                client.get("/")
        else:
            assert client.get("/").status_code == error.code

    @pytest.mark.parametrize(
        ("config", "raised", "shown"),
        [
            ({}, False, False),
            ({"DEBUG": True}, True, True),
            ({"DEBUG": True, "TRAP_BAD_REQUEST_ERRORS": False}, False, True),
            ({"TRAP_BAD_REQUEST_ERRORS": True}, True, True),
        ],
    )
    def test_missing_keys(self, app, client, config, raised, shown):
        """Debugging says which key was missing; without it the client learns nothing."""
        app.config.update(config)
        app.add_url_rule("/", "view", lambda: request.form["the_key"])
        if raised:
            with pytest.raises(KeyError) as caught:
                client.get("/")
            assert "the_key" in caught.value.get_description()
        else:
            response = client.get("/")
            assert response.status_code == 400
            assert ("the_key" in response.text) == shown

    def test_a_trapped_error_finds_the_handler_of_its_class(self, app, client, handler):
        app.config["TRAP_BAD_REQUEST_ERRORS"] = True
        app.errorhandler(KeyError)(handler("key"))
        app.add_url_rule("/", "view", lambda: request.form["missing"])
        assert client.get("/").text == "key"


class TestMessages:
    """An error says what happened, names the function, and says what to do."""

    @pytest.mark.parametrize("colour", COLOURS)
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (None, ["returned None", "return statement", "Return a string"]),
            (42, ["did not return a valid response", "int", "Return a string"]),
            ({1, 2}, ["did not return a valid response", "set"]),
            ((None, 200), ["returned None"]),
            (("x",), ["tuple of length 1", "(body, status, headers)"]),
            (("x", 200, {}, 4), ["tuple of length 4"]),
            (print, ["did not return a valid response", "builtin_function_or_method"]),
        ],
    )
    def test_a_view_that_returns_nothing_of_use(self, app, client, paint, value, words, colour):
        def forgetful():
            return value

        app.add_url_rule("/", view_func=paint(forgetful, colour))
        with pytest.raises(TypeError) as caught:
            client.get("/")
        message = str(caught.value)
        assert "forgetful" in message
        assert [word for word in words if word not in message] == []

    def test_a_before_request_function_is_not_taken_for_the_view(self, app, client):
        app.before_request(lambda: 42)
        app.add_url_rule("/", "view", lambda: "x")
        with pytest.raises(TypeError, match="did not return a valid response"):
            client.get("/")

    @pytest.mark.parametrize(
        "register",
        [
            lambda app, function: app.add_url_rule("/late", view_func=function),
            lambda app, function: app.before_request(function),
            lambda app, function: app.register_error_handler(404, function),
            lambda app, function: app.teardown_appcontext(function),
        ],
    )
    def test_registering_after_the_first_request(self, app, client, register):
        def too_late():
            pass

        client.get("/")
        with pytest.raises(AssertionError) as caught:
            register(app, too_late)
        message = str(caught.value)
        assert "too_late" in message
        assert "first request" in message
        assert "before it is run" in message

    def test_a_routing_redirect_that_keeps_the_form(self, app, client):
        app.debug = True
        app.add_url_rule("/slash/", "view", lambda: "x", methods=["POST"])
        assert client.post("/slash", data={"a": 1}).status_code == 308

    def test_a_routing_redirect_that_loses_the_form(self, app, client):
        app.debug = True
        app.before_request(lambda: setattr(request, "routing_exception", _lossy_redirect()))
        with pytest.raises(AssertionError, match="http://localhost/other"):
            client.post("/", data={"a": 1})
        assert client.get("/").status_code == 302


def _lossy_redirect():
    error = RequestRedirect("http://localhost/other")
    error.code = 302
    return error


def test_log_exception_may_be_overridden(app, client):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    seen = []
    app.log_exception = lambda exc_info: seen.append(exc_info[0])
    app.add_url_rule("/", "view", raises(OurError()))
    assert client.get("/").status_code == 500
    assert seen == [OurError]


def test_the_log_goes_to_the_apps_logger(app, client, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", raises(OurError()))
    with caplog.at_level(logging.ERROR, app.logger.name):
        client.get("/")
    assert [record.name for record in caplog.records] == ["dualapp_tests"]


@pytest.mark.parametrize("hooks", [False, True])
@pytest.mark.parametrize("colour", COLOURS)
def test_an_error_that_is_the_answer_is_freed_at_once(app, client, side, paint, colour, hooks):
    """Its traceback holds the frames it came through, and these must not hold it."""
    if (side, colour) == ("wsgi", "async"):
        pytest.skip("asyncio's run_until_complete holds the task whose error it raises")
    left = []

    def made():
        error = Forbidden()
        left.append(weakref.ref(error))
        return error

    def view():
        raise made()

    app.add_url_rule("/", "view", paint(view, colour))
    if hooks:
        app.before_request(lambda: None)
    client.get("/")
    gc.collect()
    gc.disable()
    try:
        assert client.get("/").status_code == 403
        wait_until(lambda: left[-1]() is None)
    finally:
        gc.enable()


def wait_until(is_so):
    """Wait, a worker thread may hold what it was given for a moment yet."""
    until = time.monotonic() + 2
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)
