"""What Request and Response add to Werkzeug's."""

from __future__ import annotations

import io
import json
import warnings

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

from dualapp import Blueprint, Request, Response, abort, request
from dualapp.debughelpers import DebugFilesKeyError

LIMITS = ["max_content_length", "max_form_memory_size", "max_form_parts"]


def body_request(body: bytes, content_type: str = "application/json") -> Request:
    return Request.from_values(method="POST", data=body, content_type=content_type)


# Size limits


@pytest.mark.parametrize("name", LIMITS)
def test_limit_without_an_application_is_werkzeugs(name):
    assert getattr(Request({}), name) == getattr(WerkzeugRequest, name)


@pytest.mark.parametrize("name", LIMITS)
def test_limit_follows_the_configuration(app, name):
    app.config[name.upper()] = 7
    with app.app_context():
        assert getattr(Request({}), name) == 7


@pytest.mark.parametrize("name", LIMITS)
def test_limit_set_on_a_request_is_its_own(app, name):
    app.config[name.upper()] = 7
    mine, other = Request({}), Request({})
    setattr(mine, name, 3)
    with app.app_context():
        assert getattr(mine, name) == 3
        assert getattr(other, name) == 7
        setattr(mine, name, None)
        assert getattr(mine, name) == 7


@pytest.mark.parametrize("name", LIMITS)
def test_limit_can_be_fixed_by_a_subclass(app, name):
    subclass = type("Fixed", (Request,), {name: 11})
    with app.app_context():
        assert getattr(subclass({}), name) == 11


def test_limits_have_documentation():
    assert all("413" in getattr(Request, name).__doc__ for name in LIMITS)


def test_a_view_narrows_the_content_length(app, client):
    @app.post("/")
    def view():
        request.max_content_length = 4
        return request.get_data()

    assert client.post("/", data=b"four").data == b"four"
    assert client.post("/", data=b"fives").status_code == 413


def test_a_view_widens_the_number_of_parts(app, client):
    app.config["MAX_FORM_PARTS"] = 1

    @app.post("/<int:parts>")
    def view(parts):
        request.max_form_parts = parts
        return str(len(request.form))

    form = {"a": "1", "b": "2"}
    assert client.post("/2", data=form, content_type="multipart/form-data").text == "2"
    assert client.post("/1", data=form, content_type="multipart/form-data").status_code == 413


# What routing found


def test_endpoint_and_blueprints_of_a_nested_blueprint(app, client):
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    outer.register_blueprint(inner)

    @inner.get("/")
    def view():
        return [request.endpoint, request.blueprint, request.blueprints]

    app.register_blueprint(outer, name="renamed")
    assert client.get("/").json == [
        "renamed.inner.view",
        "renamed.inner",
        ["renamed.inner", "renamed"],
    ]


def test_endpoint_of_the_application_has_no_blueprint(app):
    app.add_url_rule("/<int:number>", endpoint="view")
    with app.test_request_context("/3"):
        assert (request.endpoint, request.blueprint, request.blueprints) == ("view", None, [])
        assert request.view_args == {"number": 3}
        assert "GET" in request.url_rule.methods


def test_unmatched_url_leaves_the_reason(app):
    with app.test_request_context("/nowhere"):
        assert request.endpoint is request.url_rule is request.view_args is None
        assert request.blueprints == []
        assert request.routing_exception.code == 404


def test_changing_the_list_of_blueprints_changes_nothing(app):
    blueprint = Blueprint("part", __name__)
    blueprint.add_url_rule("/", endpoint="view")
    app.register_blueprint(blueprint)
    with app.test_request_context("/"):
        request.blueprints.clear()
        assert request.blueprints == ["part"]


# JSON


@pytest.mark.parametrize(("debug", "explains"), [(False, False), (True, True)])
def test_malformed_json_is_explained_in_debug_mode_only(app, client, debug, explains):
    app.debug = debug
    app.post("/")(lambda: [request.json])
    response = client.post("/", data="{", content_type="application/json")
    assert response.status_code == 400
    assert ("Failed to decode JSON object" in response.text) is explains


def test_malformed_json_without_an_application_keeps_its_cause():
    with pytest.raises(BadRequest) as caught:
        body_request(b"{").get_json()
    assert caught.value.description == BadRequest.description
    assert isinstance(caught.value.__cause__, ValueError)


def test_json_of_another_content_type(app, client):
    @app.post("/")
    def strict():
        return [request.json]

    @app.post("/lenient")
    def lenient():
        return [request.get_json(silent=True), request.get_json(force=True)]

    assert client.post("/", data="[1]", content_type="text/plain").status_code == 415
    assert client.post("/lenient", data="[1]", content_type="text/plain").json == [None, [1]]


def test_json_is_parsed_by_the_application(app, client):
    app.json.loads = lambda text, **options: {"parsed": text.decode()}
    app.post("/")(lambda: request.json)
    answer = client.post("/", data="!", content_type="application/json")
    assert json.loads(answer.text) == {"parsed": "!"}


def test_s12_json_nested_too_deeply_is_a_bad_request(app, client):
    @app.post("/")
    def strict():
        return [request.get_json()]

    @app.post("/silent")
    def silent():
        return [request.get_json(silent=True)]

    deep = b"[" * 100_000
    assert client.post("/", data=deep, content_type="application/json").status_code == 400
    assert client.post("/silent", data=deep, content_type="application/json").json == [None]


def test_s12_a_parser_that_gives_up_is_no_server_error():
    class Lenient(Request):
        json_module = json

        def on_json_loading_failed(self, e):
            return str(e)

    deep = Lenient.from_values(method="POST", data=b"[" * 100_000, content_type="application/json")
    assert deep.get_json(silent=True) is None
    assert deep.json == "nested too deeply"


@pytest.mark.parametrize("body", [b"1" * 1_000_000, b"\xff\xfe\xff", b"\x00", b""])
def test_s12_odd_json_is_a_bad_request(body):
    with pytest.raises(BadRequest):
        body_request(body).get_json()


def test_s12_json_of_another_encoding_is_a_value():
    assert body_request('["\\ud800ä"]'.encode("utf-16")).get_json() == ["\ud800ä"]


# The body's length


@pytest.mark.parametrize("length", ["-5", "+1", "1_0", "0x1", "Ù£", "1, 1", "1 0", "9" * 5000])
def test_s8_malformed_content_length_is_refused_when_the_body_is_read(length):
    broken = Request({"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"x")})
    with pytest.raises(BadRequest, match="Content-Length"):
        broken.get_data()
    with pytest.raises(BadRequest, match="Content-Length"):
        _ = broken.form


@pytest.mark.parametrize(("length", "body"), [("2", b"ab"), (" 2\t", b"ab"), ("", b""), ("0", b"")])
def test_s8_well_formed_content_length_is_used(length, body):
    sound = Request({"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"abc")})
    assert sound.get_data() == body


def test_a_huge_content_length_meets_the_limit():
    huge = Request({"CONTENT_LENGTH": "9" * 19, "wsgi.input": io.BytesIO()})
    huge.max_content_length = 10
    with pytest.raises(RequestEntityTooLarge):
        huge.get_data()


def test_shallow_request_refuses_to_read():
    with pytest.raises(RuntimeError, match="shallow"):
        _ = Request({}, shallow=True).stream


# Forms in debug mode


@pytest.mark.parametrize("debug", [False, True])
def test_missing_file_explains_a_wrong_form_encoding_in_debug_mode(app, debug):
    app.debug = debug
    expected = DebugFilesKeyError if debug else KeyError
    with app.test_request_context(method="POST", data={"photo": "cat.png"}):
        with pytest.raises(expected) as caught:
            _ = request.files["photo"]
        assert isinstance(caught.value, DebugFilesKeyError) is debug
        assert request.form["photo"] == "cat.png"


def test_sent_file_is_there_in_debug_mode(app, client):
    app.debug = True
    app.post("/")(lambda: request.files["photo"].read())
    photo = FileStorage(io.BytesIO(b"meow"), "cat.png")
    assert client.post("/", data={"photo": photo}).data == b"meow"


# The ASGI side


def test_scope_tells_the_side(app, client, side):
    app.get("/")(lambda: [request.scope["type"] if request.scope else None])
    assert client.get("/").json == [{"wsgi": None, "asgi": "http"}[side]]


def test_state_is_a_shallow_copy_for_each_request():
    shared = {"pool": ["connection"]}
    first, second = (Request({"dualapp.state": shared}) for _ in range(2))
    first.state["mine"] = True
    assert first.state == {"pool": ["connection"], "mine": True}
    assert second.state == shared == {"pool": ["connection"]}
    assert second.state["pool"] is shared["pool"]
    assert Request({}).state == {}


# Responses


def test_response_is_html_with_a_location_as_given():
    response = Response("x", headers={"Location": "/there"})
    assert response.mimetype == "text/html"
    assert response.get_wsgi_headers({})["Location"] == "/there"


def test_response_json_uses_the_application(app):
    with app.app_context():
        assert Response('{"a": 1}', mimetype="application/json").get_json() == {"a": 1}


def test_cookie_size_follows_the_configuration(app):
    assert Response().max_cookie_size == WerkzeugResponse.max_cookie_size
    app.config["MAX_COOKIE_SIZE"] = 30
    with app.app_context():
        with pytest.warns(UserWarning, match="cookie"):
            Response().set_cookie("big", "x" * 40)
        app.config["MAX_COOKIE_SIZE"] = 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Response().set_cookie("big", "x" * 5000)


def test_replaced_classes_are_used(app, client):
    class Loud(Response):
        default_mimetype = "text/plain"

    class Counting(Request):
        max_form_parts = 1

    app.response_class, app.request_class = Loud, Counting

    @app.post("/")
    def view():
        if "stop" in request.args:
            abort(Loud("stopped", 418))
        return str(len(request.form))

    form = {"a": "1", "b": "2"}
    assert client.post("/", data=form, content_type="multipart/form-data").status_code == 413
    assert client.post("/").mimetype == "text/plain"
    assert client.post("/?stop=1").status_code == 418


@pytest.mark.parametrize("result", ["text", {"a": 1}])
def test_a_response_class_that_closes_more_is_closed(app, client, result):
    class Own(Response):
        def close(self):
            closed.append(self.status)
            super().close()

    closed = []
    app.response_class = Own
    app.add_url_rule("/", "view", lambda: result)
    for _ in range(2):
        assert client.get("/").status_code == 200
        assert closed.pop() == "200 OK"
    assert closed == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_class_may_answer_wsgi_servers_in_its_own_way(app, client, method):
    class Own(Response):
        def get_wsgi_response(self, environ):
            body, _, headers = super().get_wsgi_response(environ)
            return body, "299 OWN", [*headers, ("X-Own", environ["PATH_INFO"])]

    app.response_class = Own
    app.add_url_rule("/", "view", lambda: "text")
    response = client.open("/", method=method)
    assert (response.status_code, response.headers["X-Own"]) == (299, "/")
    assert response.text == ("text" if method == "GET" else "")
