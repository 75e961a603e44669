"""Looking up templates, what they see, and rendering them at once or as a stream."""

from __future__ import annotations

import logging

import pytest
from jinja2 import DictLoader, Template, TemplateNotFound

from dualapp import (
    Blueprint,
    before_render_template,
    g,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
    template_rendered,
)
from dualapp.templating import (
    DispatchingJinjaLoader,
    Environment,
    _default_template_ctx_processor,
)

PARTS = "{% for number in numbers %}{{ number }},{% endfor %}"


@pytest.fixture(name="shop")
def shop_blueprint(app):
    """A blueprint with templates of its own, beside those of the application."""
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.jinja_loader = DictLoader({"page.html": "shop", "cart.html": "cart"})
    app.jinja_loader = DictLoader({"page.html": "app {{ name }}", "parts.html": PARTS})
    return blueprint


# Where templates are found


def test_the_application_goes_before_blueprints(app, shop):
    app.register_blueprint(shop)
    with app.app_context():
        assert render_template("page.html", name="<b>") == "app &lt;b&gt;"
        assert render_template("cart.html") == "cart"


def test_the_first_existing_name_of_a_list_is_rendered(app, shop):
    app.register_blueprint(shop)
    with app.app_context():
        assert render_template(["absent.html", "cart.html", "page.html"]) == "cart"
        assert render_template(Template("given {{ x }}"), x=1) == "given 1"


@pytest.mark.parametrize("render", [render_template, stream_template])
@pytest.mark.parametrize("explain", [False, True])
def test_absent_template(app, render, explain):
    app.config["EXPLAIN_TEMPLATE_LOADING"] = explain
    with app.app_context(), pytest.raises(TemplateNotFound, match=r"absent\.html"):
        render("absent.html")


def test_all_templates_are_listed_once(app, shop):
    app.register_blueprint(shop)
    assert sorted(DispatchingJinjaLoader(app).list_templates()) == [
        "cart.html",
        "page.html",
        "parts.html",
    ]


def test_no_loader_no_template(app):
    app.jinja_loader = None
    assert DispatchingJinjaLoader(app).list_templates() == []


def test_search_is_explained_on_demand(app, shop, caplog):
    app.register_blueprint(shop)
    app.config["EXPLAIN_TEMPLATE_LOADING"] = True
    with caplog.at_level(logging.INFO, app.logger.name), app.app_context():
        assert render_template("page.html", name="") == "app "
    (record,) = caplog.records
    assert record.getMessage().count("DictLoader") == 2


def test_environment_takes_a_loader_or_asks_the_application(app):
    loader = DictLoader({})
    given, made = Environment(app, loader=loader), Environment(app)
    assert given.app is made.app is app
    assert given.loader is loader
    assert isinstance(made.loader, DispatchingJinjaLoader)


# What templates see


def test_request_and_session_are_visible(app, client):
    app.secret_key = "key"

    @app.get("/")
    def view():
        g.mood, session["user"] = "fine", "ann"
        return render_template_string("{{ request.path }} {{ g.mood }} {{ session.user }}")

    assert client.get("/").text == "/ fine ann"


def test_without_a_request_only_g_is_there(app):
    with app.app_context():
        g.mood = "fine"
        assert render_template_string("{{ g.mood }}") == "fine"
        with pytest.raises(RuntimeError, match="request context"):
            render_template_string("{{ request.path }}")


def test_default_processor_gives_the_objects_themselves(app):
    assert _default_template_ctx_processor() == {}
    with app.app_context():
        assert list(_default_template_ctx_processor()) == ["g"]
    with app.test_request_context():
        visible = _default_template_ctx_processor()
        assert visible["request"] is request._get_current_object()
        assert visible["g"] is g._get_current_object()


def test_processors_run_from_the_outside_in_and_the_caller_wins(app, client, shop):
    inner = Blueprint("inner", __name__)
    shop.register_blueprint(inner)
    values = {name: name for name in ("all", "outer", "inner", "caller")}
    app.context_processor(lambda: dict.fromkeys(values, "app"))
    shop.context_processor(lambda: dict.fromkeys(["outer", "inner", "caller"], "shop"))

    @inner.context_processor
    async def asynchronous():
        return dict.fromkeys(["inner", "caller"], "inner")

    source = "{{ all }} {{ outer }} {{ inner }} {{ caller }}"

    @inner.get("/")
    @app.get("/")
    def view():
        return render_template_string(source, caller="view")

    app.register_blueprint(shop)
    assert client.get("/shop/").text == "app shop inner view"
    assert client.get("/").text == "app app app view"


def test_async_processors_serve_code_outside_requests(app):
    @app.context_processor
    async def asynchronous():
        return {"name": "async"}

    with app.app_context():
        assert render_template_string("{{ name }}") == "async"


def test_overridden_update_template_context_is_honoured(app, client):
    original = app.update_template_context

    def update(context):
        context["extra"] = "mine"
        return original(context)

    app.update_template_context = update
    app.context_processor(lambda: {"name": "theirs"})
    app.get("/")(lambda: render_template_string("{{ extra }} {{ name }}"))
    assert client.get("/").text == "mine theirs"


# Sync and async callers


@pytest.fixture(params=["sync", "async"])
def processor(request, app):
    """A context processor of either colour."""
    if request.param == "sync":
        app.context_processor(lambda: {"name": "sync"})
    else:

        @app.context_processor
        async def asynchronous():
            return {"name": "async"}

    return request.param


def test_sync_view_renders(app, client, processor):
    app.get("/")(lambda: render_template_string("{{ name }}"))
    assert client.get("/").text == processor


def test_async_view_returns_what_rendering_gives(app, client, processor):
    @app.get("/")
    async def view():
        return render_template_string("{{ name }}")

    assert client.get("/").text == processor


def test_async_view_awaits_rendering_that_is_async(app, client):
    @app.context_processor
    async def asynchronous():
        return {"name": "async"}

    @app.get("/")
    async def view():
        return (await render_template_string("{{ name }}")).upper()

    assert client.get("/").text == "ASYNC"


def test_async_view_streams(app, client, processor):
    @app.get("/")
    async def view():
        return stream_template_string("{{ name }}{{ request.path }}")

    assert client.get("/").text == f"{processor}/"


def test_async_jinja_environment(app, client):
    app.jinja_options = {"enable_async": True}

    @app.get("/")
    async def view():
        async def greet():
            return "hello"

        return render_template_string("{{ greet() }}", greet=greet)

    @app.get("/sync")
    def sync_view():
        return render_template_string("{{ 1 + 1 }}")

    assert client.get("/").text == "hello"
    assert client.get("/sync").text == "2"


# Signals


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_signals_surround_rendering(app, client, colour):
    told = []

    def before(sender, template, context):
        told.append(("before", sender, template.name, context["name"]))
        context["name"] = "changed"

    def after(sender, template, context):
        told.append(("after", sender, template.name, context["name"]))

    async def async_before(sender, **values):
        before(sender, **values)

    async def async_after(sender, **values):
        after(sender, **values)

    app.jinja_loader = DictLoader({"page.html": "{{ name }}"})
    app.get("/")(lambda: render_template("page.html", name="original"))
    receivers = (before, after) if colour == "sync" else (async_before, async_after)
    with (
        before_render_template.connected_to(receivers[0], app),
        template_rendered.connected_to(receivers[1], app),
    ):
        assert client.get("/").text == "changed"
    assert told == [
        ("before", app, "page.html", "original"),
        ("after", app, "page.html", "changed"),
    ]


def test_muted_signal_is_not_sent(app):
    told = []

    def receiver(sender, **values):
        told.append(sender)

    with template_rendered.connected_to(receiver), app.app_context():
        with template_rendered.muted():
            render_template_string("quiet")
        assert told == []
        render_template_string("loud")
    assert told == [app]


# Streams


def test_stream_comes_in_pieces_and_tells_its_end(app):
    told = []

    def receiver(sender, template, context):
        told.append(template.name)

    app.jinja_loader = DictLoader({"parts.html": PARTS})
    with template_rendered.connected_to(receiver, app), app.app_context():
        stream = stream_template("parts.html", numbers=[1, 2])
        assert next(stream) == "1"
        assert told == []
        assert "".join(stream) == ",2,"
    assert told == ["parts.html"]


def test_streamed_template_reads_the_request(app, client):
    app.jinja_loader = DictLoader({"page.html": "{{ request.args.name }} {{ g.mood }}"})

    @app.get("/")
    def view():
        g.mood = "fine"
        return stream_template("page.html")

    assert client.get("/?name=<ann>").text == "&lt;ann&gt; fine"


def test_request_ends_once_after_a_streamed_template(app, client):
    events = []
    app.teardown_request(lambda error: events.append("teardown"))

    def numbers():
        yield request.path
        events.append("streamed")

    app.get("/")(lambda: stream_template_string(PARTS, numbers=numbers()))
    assert client.get("/").text == "/,"
    assert events == ["streamed", "teardown"]
