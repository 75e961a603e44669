"""Signals: when each is sent and what with, to receivers of both colours, and to nobody."""

from __future__ import annotations

import contextlib

import pytest
from blinker import Namespace

import dualapp
from dualapp import (
    DualApp,
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    flash,
    g,
    got_request_exception,
    message_flashed,
    render_template_string,
    request,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)

COLOURS = ["sync", "async"]
SIGNALS = [
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
]


@pytest.fixture
def listen(paint):
    """Connect a receiver, and give the list of what it was sent: sender and keyword arguments."""
    with contextlib.ExitStack() as stack:

        def listen(signal, sender, colour="sync", then=lambda sender, **values: None):
            received = []

            def receive(sender, **values):
                received.append((sender, values))
                return then(sender, **values)

            stack.enter_context(signal.connected_to(paint(receive, colour), sender))
            return received

        yield listen


@pytest.fixture(params=COLOURS)
def colour(request):
    return request.param


def test_all_names():
    assert {signal.name for signal in SIGNALS} == set(dualapp.signals._signals)
    assert all(getattr(dualapp.signals, s.name.replace("-", "_")) is s for s in SIGNALS)


def test_with_nobody_connected_nothing_happens(app, client):
    @app.get("/")
    def view():
        flash("message")
        return render_template_string("{{ 1 }}")

    assert client.get("/").text == "1"
    assert [list(signal.receivers_for(app)) for signal in SIGNALS] == [[]] * len(SIGNALS)


@pytest.mark.parametrize("view_colour", COLOURS)
def test_order_around_a_request(app, client, paint, colour, view_colour, listen):
    log = []

    def note(name):
        return lambda sender, **values: log.append(name)

    for signal in SIGNALS:
        listen(signal, app, colour, note(signal.name))
    app.before_request(lambda: log.append("before_request"))
    app.after_request(lambda response: log.append("after_request") or response)
    app.teardown_request(lambda error: log.append("teardown_request"))
    app.teardown_appcontext(lambda error: log.append("teardown_appcontext"))
    app.add_url_rule("/", "view", paint(lambda: log.append("view") or "", view_colour))
    client.get("/")
    assert log == [
        "appcontext-pushed",
        "request-started",
        "before_request",
        "view",
        "after_request",
        "request-finished",
        "teardown_request",
        "request-tearing-down",
        "teardown_appcontext",
        "appcontext-tearing-down",
        "appcontext-popped",
    ]


def test_request_started(app, client, colour, listen):
    received = listen(request_started, app, colour, lambda sender: setattr(g, "name", "receiver"))
    app.add_url_rule("/", "view", lambda: g.name)
    assert client.get("/").text == "receiver"
    assert received == [(app, {})]


def test_request_finished(app, client, colour, listen):
    def change(sender, response):
        response.headers["X-Finished"] = request.path

    received = listen(request_finished, app, colour, change)
    app.add_url_rule("/path", "view", lambda: "x")
    assert client.get("/path").headers["X-Finished"] == "/path"
    assert client.get("/nowhere").headers["X-Finished"] == "/nowhere"
    assert [values["response"].status_code for _, values in received] == [200, 404]


@pytest.mark.parametrize("view_colour", COLOURS)
def test_got_request_exception(app, client, paint, colour, view_colour, listen):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    received = listen(got_request_exception, app, colour)
    error = ValueError("broken")

    def fail():
        raise error

    app.add_url_rule("/", "view", paint(fail, view_colour))
    assert client.get("/").status_code == 500
    assert client.get("/nowhere").status_code == 404
    assert received == [(app, {"exception": error})]


def test_tearing_down_tells_of_the_error(app, client, colour, listen):
    signals = (request_tearing_down, appcontext_tearing_down)
    received = [listen(signal, app, colour) for signal in signals]
    error = ValueError("broken")

    @app.get("/")
    def view():
        raise error

    client.get("/nowhere")
    with pytest.raises(ValueError, match="broken"):
        client.get("/")
    assert received == [[(app, {"exc": None}), (app, {"exc": error})]] * 2


def test_tearing_down_comes_even_if_a_teardown_function_raises(app, client, colour, listen):
    app.testing = False
    received = [
        listen(signal, app, colour)
        for signal in (request_tearing_down, appcontext_tearing_down, appcontext_popped)
    ]

    @app.teardown_request
    @app.teardown_appcontext
    def fail(error):
        raise ValueError

    client.get("/")
    assert [len(each) for each in received] == [1, 1, 1]


def test_appcontext_signals_of_a_with_block(app, colour, listen):
    received = [
        listen(signal, app, colour)
        for signal in (appcontext_pushed, appcontext_tearing_down, appcontext_popped)
    ]
    with app.app_context():
        assert received == [[(app, {})], [], []]
        with app.app_context():
            pass
        assert [len(each) for each in received] == [2, 1, 1]
    assert [len(each) for each in received] == [2, 2, 2]


@pytest.mark.parametrize("view_colour", COLOURS)
def test_templates(app, client, paint, colour, view_colour, listen):
    def add(sender, template, context):
        context["name"] = "added"

    before = listen(before_render_template, app, colour, add)
    after = listen(template_rendered, app, colour)

    def view():
        return render_template_string("{{ name }} {{ own }}", own="own")

    app.add_url_rule("/", "view", paint(view, view_colour))
    assert client.get("/").text == "added own"
    for received in (before, after):
        [(sender, values)] = received
        assert sender == app
        assert values["template"].name is None
        assert values["context"]["own"] == "own"


def test_message_flashed(app, client, colour, listen):
    received = listen(message_flashed, app, colour)

    @app.get("/")
    def view():
        flash("hello", "info")
        return ""

    client.get("/")
    assert received == [(app, {"message": "hello", "category": "info"})]


def test_message_flashed_in_an_async_view(app, client, colour, listen):
    """With async receivers flash gives an awaitable there."""
    received = listen(message_flashed, app, colour)

    @app.get("/")
    async def view():
        flashed = flash("hello")
        if flashed is not None:
            await flashed
        return ""

    client.get("/")
    assert received == [(app, {"message": "hello", "category": "message"})]


def test_only_the_sender_that_was_connected_to(app, client, colour, listen):
    other = DualApp("other", root_path=app.root_path)
    received = listen(request_started, other, colour)
    everybody = listen(request_started, Namespace().signal("x").ANY, colour)
    client.get("/")
    assert received == []
    assert everybody == [(app, {})]


def test_receivers_of_both_colours_at_once(app, client, listen):
    received = [listen(request_started, app, colour) for colour in COLOURS * 2]
    client.get("/")
    assert received == [[(app, {})]] * 4


def test_a_muted_signal_is_not_sent(app, client, colour, listen):
    received = listen(request_started, app, colour)
    with request_started.muted():
        client.get("/")
    assert received == []


def test_an_error_of_a_receiver_is_the_requests(app, client, colour, listen):
    def fail(sender):
        raise ValueError("in the receiver")

    listen(request_started, app, colour, fail)
    app.errorhandler(ValueError)(lambda error: f"handled: {error}")
    assert client.get("/").text == "handled: in the receiver"
