"""Async views behind the decorators of Flask's extensions, which know nothing of async.

The decorators run in a thread, where they may block; the views run on an event loop.
"""

from __future__ import annotations

import asyncio

import pytest

from dualapp import g, session
from dualapp.views import MethodView

REASON = "Flask's extensions are not installed: pip install 'dualapp[shop]'"
flask_cors = pytest.importorskip("flask_cors", reason=REASON)
flask_jwt_extended = pytest.importorskip("flask_jwt_extended", reason=REASON)
flask_login = pytest.importorskip("flask_login", reason=REASON)
flask_smorest = pytest.importorskip("flask_smorest", reason=REASON)
ma = pytest.importorskip("marshmallow", reason=REASON)


@pytest.fixture
def ran():
    """What ran, and where."""
    return []


# -- Flask-Login -----------------------------------------------------------------------------------


@pytest.fixture
def with_login(app, ran, where):
    manager = flask_login.LoginManager(app)

    @manager.user_loader
    def load_user(key):
        ran.append(("loader", where()))
        user = flask_login.UserMixin()
        user.id = key
        return user

    @app.post("/log-in/<key>")
    async def log_in(key):
        flask_login.login_user(load_user(key))
        ran.clear()
        return "", 204


async def test_login_required(app, browser, with_login, ran, where, in_coroutine):
    @app.get("/")
    @flask_login.login_required
    async def view():
        await asyncio.sleep(0)
        ran.append(("view", where()))
        session["visits"] = session.get("visits", 0) + 1
        return f"{flask_login.current_user.id}, {session['visits']}"

    assert (await browser.get("/")).status_code == 401
    await browser.post("/log-in/ada")
    assert (await browser.get("/")).text == "ada, 1"
    assert (await browser.get("/")).text == "ada, 2"
    assert ran == [("loader", "in a thread"), ("view", in_coroutine)] * 2


async def test_login_is_of_one_request_only(app, side, with_login):
    @app.get("/")
    @flask_login.login_required
    async def view():
        before = flask_login.current_user.id
        await asyncio.sleep(0.01)
        return f"{before} {flask_login.current_user.id}"

    names = [f"user-{number}" for number in range(10)]
    browsers = [app.async_test_client(side=side) for _ in names]
    for name, browser in zip(names, browsers, strict=True):
        await browser.post(f"/log-in/{name}")
    answers = await asyncio.gather(*(browser.get("/") for browser in browsers))
    assert [answer.text for answer in answers] == [f"{name} {name}" for name in names]


# -- Flask-JWT-Extended ----------------------------------------------------------------------------


@pytest.fixture
def authorization(app, ran, where):
    """A header with a token in it."""
    app.config["JWT_SECRET_KEY"] = "a key of the tests that is long enough"
    manager = flask_jwt_extended.JWTManager(app)

    @manager.user_lookup_loader
    def look_up(header, payload):
        ran.append(("loader", where()))
        return payload["sub"].upper()

    with app.app_context():
        return {"Authorization": f"Bearer {flask_jwt_extended.create_access_token('ada')}"}


async def test_jwt_required(app, browser, authorization, ran, where, in_coroutine):
    @app.get("/")
    @flask_jwt_extended.jwt_required()
    async def view():
        await asyncio.sleep(0)
        ran.append(("view", where()))
        return f"{flask_jwt_extended.get_jwt_identity()} {flask_jwt_extended.current_user}"

    assert (await browser.get("/")).status_code == 401
    assert (await browser.get("/", headers=authorization)).text == "ada ADA"
    assert ran == [("loader", "in a thread"), ("view", in_coroutine)]


# -- Flask-CORS ------------------------------------------------------------------------------------


async def test_cross_origin(app, browser, ran, where, in_coroutine):
    @app.route("/")
    @flask_cors.cross_origin(origins=["https://pages.example"], expose_headers=["X-View"])
    async def view():
        await asyncio.sleep(0)
        ran.append(("view", where()))
        return {"from": "the view"}, 202, {"X-View": "seen"}

    answer = await browser.get("/", headers={"Origin": "https://pages.example"})
    assert (answer.status_code, answer.json) == (202, {"from": "the view"})
    assert answer.headers["X-View"] == "seen"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://pages.example"
    assert answer.headers["Access-Control-Expose-Headers"] == "X-View"
    assert ran == [("view", in_coroutine)]

    preflight = {"Origin": "https://pages.example", "Access-Control-Request-Method": "GET"}
    answer = await browser.options("/", headers=preflight)
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert len(ran) == 1


# -- Flask-Smorest ---------------------------------------------------------------------------------


@pytest.fixture
def api(app):
    app.config.update(API_TITLE="test", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    return flask_smorest.Api(app)


@pytest.fixture
def blueprint():
    return flask_smorest.Blueprint("things", __name__, url_prefix="/things")


@pytest.fixture
def thing_schema(ran, where):
    """A schema that tells where it loads and dumps."""

    class ThingSchema(ma.Schema):
        name = ma.fields.String(required=True)

        @ma.post_load
        def note_load(self, data, **options):
            ran.append(("load", where()))
            return data

        @ma.post_dump
        def note_dump(self, data, **options):
            ran.append(("dump", where()))
            return data

    return ThingSchema


@pytest.fixture
def all_in_order(in_coroutine):
    return [("load", "in a thread"), ("view", in_coroutine), ("dump", "in a thread")]


async def test_smorest_arguments_and_response(
    api, blueprint, thing_schema, browser, ran, where, all_in_order
):
    @blueprint.post("")
    @blueprint.arguments(thing_schema)
    @blueprint.response(201, thing_schema)
    async def view(values):
        await asyncio.sleep(0)
        ran.append(("view", where()))
        return {"name": values["name"].upper(), "secret": "not in the schema"}

    api.register_blueprint(blueprint)
    answer = await browser.post("/things", json={"name": "loom"})
    assert (answer.status_code, answer.json) == (201, {"name": "LOOM"})
    assert ran == all_in_order
    answer = await browser.post("/things", json={})
    assert answer.status_code == 422
    assert answer.json["errors"] == {"json": {"name": ["Missing data for required field."]}}


async def test_smorest_pages_etags_and_documentation(api, blueprint, thing_schema, browser):
    @blueprint.get("")
    @blueprint.etag
    @blueprint.doc(summary="All things")
    @blueprint.response(200, thing_schema(many=True))
    @blueprint.paginate()
    async def view(pagination_parameters):
        await asyncio.sleep(0)
        pagination_parameters.item_count = 11
        return [{"name": f"number {pagination_parameters.first_item}"}]

    api.register_blueprint(blueprint)
    answer = await browser.get("/things?page=2")
    assert answer.json == [{"name": "number 10"}]
    assert '"total": 11' in answer.headers["X-Pagination"]
    etag = {"If-None-Match": answer.headers["ETag"]}
    assert (await browser.get("/things?page=2", headers=etag)).status_code == 304
    assert api.spec.to_dict()["paths"]["/things"]["get"]["summary"] == "All things"


async def test_an_error_of_the_view_reaches_smorest(api, blueprint, browser):
    @blueprint.get("")
    @blueprint.response(200)
    async def view():
        await asyncio.sleep(0)
        flask_smorest.abort(409, message="not now")

    api.register_blueprint(blueprint)
    answer = await browser.get("/things")
    assert (answer.status_code, answer.json["message"]) == (409, "not now")


# -- several together ------------------------------------------------------------------------------


async def test_a_class_of_views_behind_all_of_them(
    api, app, blueprint, thing_schema, browser, with_login, authorization, ran, where, all_in_order
):
    @blueprint.route("/<int:number>")
    class Things(MethodView):
        decorators = (flask_cors.cross_origin(),)

        @flask_login.login_required
        @flask_jwt_extended.jwt_required()
        @blueprint.arguments(thing_schema)
        @blueprint.response(200, thing_schema)
        async def put(self, values, number):
            await asyncio.sleep(0)
            ran.append(("view", where()))
            g.seen = f"{flask_login.current_user.id} {flask_jwt_extended.current_user}"
            return {"name": f"{values['name']} {number}"}

        @blueprint.response(200, thing_schema)
        def get(self, number):
            ran.append(("sync view", where()))
            return {"name": f"sync {number}"}

    @app.after_request
    def note_users(response):
        response.headers["X-Users"] = g.get("seen", "")
        return response

    api.register_blueprint(blueprint)
    assert (await browser.put("/things/7", json={"name": "loom"})).status_code == 401
    await browser.post("/log-in/ada")
    assert (await browser.put("/things/7", json={"name": "loom"})).status_code == 401
    ran.clear()
    answer = await browser.put("/things/7", json={"name": "loom"}, headers=authorization)
    assert (answer.status_code, answer.json) == (200, {"name": "loom 7"})
    assert answer.headers["X-Users"] == "ada ADA"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert ran == [("loader", "in a thread")] * 2 + all_in_order

    ran.clear()
    assert (await browser.get("/things/7")).json == {"name": "sync 7"}
    assert ran == [("sync view", "in a thread"), ("dump", "in a thread")]


async def test_an_async_decorator_around_one_of_an_extension(
    app, browser, authorization, ran, where, in_coroutine
):
    """Then the extension's decorator runs on the loop, and what it gives back is to be awaited."""

    def logged(view):
        async def log_and_call():
            ran.append(("logged", where()))
            return await view()

        return log_and_call

    @app.get("/")
    @logged
    @flask_jwt_extended.jwt_required()
    async def view():
        await asyncio.sleep(0)
        return flask_jwt_extended.get_jwt_identity()

    assert (await browser.get("/", headers=authorization)).text == "ada"
    assert ran == [("logged", in_coroutine), ("loader", in_coroutine)]
