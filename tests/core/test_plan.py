"""What is worked out once for an application is worked out anew when something changes."""

from __future__ import annotations

import copy
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response as WerkzeugResponse

import dualapp
from dualapp import Config, DualApp, Request, Response, nonblocking, request, signals
from dualapp.core.plan import _MADE_OF, _SENT, drop_all
from dualapp.core.watched import WatchedLists
from dualapp.sessions import SecureCookieSessionInterface


@pytest.fixture
def asked(app, side):
    """An application that has answered requests, so that its plan is made; and its client."""
    app.add_url_rule("/", "view", lambda: "view")
    client = app.test_client(side=side)
    for _ in range(2):
        assert client.get("/").text == "view"
    assert app._plans.current is not None
    return app, client


def before(app):
    app.before_request_funcs[None].append(lambda: "before")


def before_for_a_blueprint_of_that_name(app):
    app.before_request_funcs.setdefault("bp", []).append(lambda: "before")
    app.url_map.add(Rule("/bp", endpoint="bp.view"))
    app.view_functions["bp.view"] = lambda: "view"


def before_in_a_new_dictionary(app):
    app.before_request_funcs = {None: [lambda: "before"]}


def before_in_a_list_of_that_dictionary(app):
    app.before_request_funcs = {}
    app.test_client().get("/")
    app.before_request_funcs[None] = [lambda: "before"]


CHANGES = {
    before: "before",
    before_in_a_new_dictionary: "before",
    before_in_a_list_of_that_dictionary: "before",
    lambda app: app.after_request_funcs[None].append(lambda _: Response("after")): "after",
    lambda app: app.view_functions.update(view=lambda: "other"): "other",
    lambda app: app.url_value_preprocessors[None].append(lambda *_: 1 / 0): "Internal Server Error",
    lambda app: setattr(app, "view_functions", {"view": lambda: "new"}): "new",
    lambda app: app.config.update(TRUSTED_HOSTS=["elsewhere"]): "Bad Request",
    lambda app: app.config.__ior__({"TRUSTED_HOSTS": ["elsewhere"]}): "Bad Request",
    lambda app: setattr(app, "preprocess_request", lambda: "replaced"): "replaced",
    lambda app: setattr(app, "response_class", Shouting): "VIEW",
    lambda app: setattr(app, "request_class", Own): "view",
    lambda app: setattr(
        app, "url_map", Map([Rule("/", endpoint="mapped")])
    ): "Internal Server Error",
    lambda app: setattr(app.url_map, "host_matching", True): "Not Found",
    lambda app: setattr(app, "create_url_adapter", lambda request: None): "Internal Server Error",
}


class Shouting(Response):
    def __init__(self, text=None, *args, **kwargs):
        super().__init__(text.upper(), *args, **kwargs)


class Own(Request):
    pass


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_honoured_by_the_next_request(asked, change):
    app, client = asked
    app.config["PROPAGATE_EXCEPTIONS"] = False
    change(app)
    assert CHANGES[change] in client.get("/").text


def test_hooks_of_a_blueprint_that_come_late(asked):
    app, client = asked
    before_for_a_blueprint_of_that_name(app)
    assert (client.get("/").text, client.get("/bp").text) == ("view", "before")


@pytest.mark.parametrize("signal", _SENT, ids=lambda signal: signal.name)
def test_a_receiver_is_heard_from_when_it_is_connected_until_it_is_not(asked, signal):
    app, client = asked
    heard = []

    def receive(sender, **values):
        heard.append(sender)

    client.get("/")
    assert heard == []
    with signal.connected_to(receive, app):
        client.get("/")
    assert heard == [app]
    client.get("/")
    assert heard == [app]
    assert app._plans.current is not None


@pytest.mark.parametrize("name", ["teardown_request_funcs", "teardown_appcontext_funcs"])
def test_a_teardown_function_that_comes_late(asked, name):
    app, client = asked
    seen = []
    registered = getattr(app, name)
    (registered if isinstance(registered, list) else registered[None]).append(seen.append)
    client.get("/")
    assert seen == [None]


def test_a_session_interface_that_comes_late(asked):
    app, client = asked
    opened = []

    class Interface(SecureCookieSessionInterface):
        def open_session(self, app, request):
            opened.append(request.path)
            return super().open_session(app, request)

    app.session_interface = Interface()
    client.get("/")
    assert opened == ["/"]


def test_a_session_interface_that_is_patched(asked, monkeypatch):
    _, client = asked
    opened = []
    open_session = SecureCookieSessionInterface.open_session

    def patched(self, app, request):
        opened.append(request.path)
        return open_session(self, app, request)

    monkeypatch.setattr(SecureCookieSessionInterface, "open_session", patched)
    client.get("/")
    assert opened == ["/"]


@pytest.mark.parametrize("cls", [Response, WerkzeugResponse])
def test_a_response_class_that_is_patched(asked, monkeypatch, cls):
    _, client = asked
    monkeypatch.setattr(cls, "default_mimetype", "text/x-patched")
    if cls is WerkzeugResponse:  # ours has one of its own
        monkeypatch.delattr(Response, "default_mimetype")
    assert client.get("/").mimetype == "text/x-patched"


def test_a_hook_may_register_another_for_the_same_request(asked):
    """What the lifecycle comes to later is looked up then."""
    app, client = asked

    def register_after():
        app.after_request_funcs[None] = [lambda response: Response("registered meanwhile")]
        return "view"

    app.view_functions["view"] = register_after
    assert client.get("/").text == "registered meanwhile"


def test_a_text_is_seen_by_who_listens_since_the_view_was_called(asked):
    app, client = asked
    seen = []

    def listen():
        signals.request_finished.connect(receive, app)
        return "view"

    def receive(sender, response):
        seen.append(response.get_data(as_text=True))

    app.view_functions["view"] = listen
    client.get("/")
    assert seen == ["view"]


class TestPlace:
    """Where the ASGI side runs a view is worked out once too."""

    @pytest.fixture
    def threads(self, app):
        self.seen = []
        app.add_url_rule("/", "view", self.view)
        client = app.test_client(side="asgi")
        client.get("/")
        return app, client

    def view(self):
        self.seen.append(threading.current_thread().name.startswith("dualapp-worker"))
        return "x"

    def test_another_view_in_its_place(self, threads):
        app, client = threads

        async def view():
            return self.view()

        app.view_functions["view"] = view
        client.get("/")
        assert self.seen == [True, False]

    def test_a_mark_that_comes_late(self, threads):
        app, client = threads
        app.view_functions["view"] = view = lambda: self.view()
        client.get("/")
        nonblocking(view)
        client.get("/")
        assert self.seen == [True, True, False]

    def test_a_hook_that_comes_late(self, threads):
        app, client = threads
        app.view_functions["view"] = nonblocking(lambda: self.view())
        app.before_request_funcs[None] = hooks = []
        client.get("/")
        hooks.append(lambda: None)
        client.get("/")
        assert self.seen == [True, False, True]


class TestKeeping:
    def test_the_plan_stays_as_long_as_nothing_changes(self, asked):
        app, client = asked
        plan = app._plans.current
        client.get("/")
        assert app._plans.current is plan

    @pytest.mark.parametrize("name", _MADE_OF)
    def test_none_is_kept_where_changes_are_not_told(self, asked, name):
        app, client = asked
        setattr(app, name, dict(getattr(app, name)))
        assert client.get("/").text == "view"
        assert app._plans.current is None

    def test_none_is_kept_of_a_configuration_with_values_of_its_own(self, asked):
        """As dynaconf's, which looks them up in its own settings."""
        app, client = asked
        hosts = []

        class Looking(Config):
            def __getitem__(self, key):
                return hosts or None if key == "TRUSTED_HOSTS" else super().__getitem__(key)

            def get(self, key, default=None):
                return self[key]

        app.config = Looking(".", app.config)
        assert client.get("/").text == "view"
        hosts.append("elsewhere")
        assert client.get("/").status_code == 400

    def test_one_that_was_outdated_while_it_was_made_is_not_kept(self, app):
        class Changing(WatchedLists):
            def __bool__(self):
                app.config["ANY"] = 1
                return False

        app._plans.make(app)
        assert app._plans.current is not None
        app.after_request_funcs = Changing(list)
        app._plans.make(app)
        assert app._plans.current is None

    def test_threads_that_change_it_are_all_heard(self, app):
        def change(number):
            for index in range(200):
                name = f"{number}-{index}"
                app.view_functions[name] = lambda: "x"
                plan = app._plans.current or app._plans.make(app)
                assert plan.around[name].view is not None

        with ThreadPoolExecutor(4) as executor:
            list(executor.map(change, range(4)))

    def test_other_applications_are_told_of_what_belongs_to_none(self, asked):
        app, _ = asked
        other = DualApp("other", root_path=".")
        other._plans.make(other)
        drop_all()
        assert app._plans.current is other._plans.current is None

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_a_child_process_makes_its_own(self, asked):
        app, _ = asked
        assert app._plans.current is not None
        child = os.fork()
        if not child:
            os._exit(0 if app._plans.current is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert app._plans.current is not None


def test_the_request_is_what_a_context_says(asked):
    """A context of its own is asked for by the next request."""
    app, client = asked
    made = []

    def request_context(environ):
        made.append(environ["PATH_INFO"])
        return dualapp.ctx.RequestContext(app, environ)

    app.request_context = request_context
    assert client.get("/").text == "view"
    assert made == ["/"]
    del app.request_context
    app.view_functions["view"] = lambda: request.path
    assert client.get("/").text == "/"
    assert made == ["/"]


def test_a_copy_of_an_application_has_a_plan_of_its_own(asked, side):
    app, client = asked
    other = copy.copy(app)
    other.before_request_funcs = {None: [lambda: "before"]}
    assert client.get("/").text == "view"
    assert other.test_client(side=side).get("/").text == "before"
    other.before_request_funcs = WatchedLists(list)
    other.preprocess_request = lambda: "replaced"
    assert other.test_client(side=side).get("/").text == "replaced"
    assert client.get("/").text == "view"


def test_no_change_brings_back_a_state_that_was_before_another(app):
    """As it would be with a number, of which threads that count at once lose some."""
    states = []
    for _ in range(100):
        states.append(app._plans._state)
        app._plans.drop()
        assert all(app._plans._state is not state for state in states)
