"""DA2xx, and what is said of a view on either side: held against what does happen."""

from __future__ import annotations

import functools
import threading

import pytest

from dualapp import DualApp, nonblocking
from dualapp.check.run import check
from dualapp.sides.placement import workers_of
from dualapp.views import MethodView

from ..sides.asgi_recorder import Connection

HEAD = """
import functools

from dualapp import Blueprint, DualApp, nonblocking
from dualapp.views import MethodView

app = DualApp(__name__)


def plain(view):
    @functools.wraps(view)
    def wrapper(**values):
        return view(**values)
    return wrapper


def fitting(view):
    @functools.wraps(view)
    async def wrapper(**values):
        return await view(**values)
    return wrapper


def nameless(view):
    def wrapper(**values):
        return view(**values)
    return wrapper

"""

HOOKS = """
@app.before_request
def first():  #! DA201
    pass

@app.before_request
async def second():  #! DA202
    pass

@app.after_request
@nonblocking
def third(response):
    return response

@app.teardown_appcontext
def last(error):  #! DA201
    pass

@app.get("/a")
async def on_loop():
    return ""

@app.get("/b")
def in_thread():
    return ""
"""


def test_hooks_of_the_other_colour_are_found(found_as_marked):
    found = {finding.what for finding in found_as_marked(HEAD + HOOKS)}
    assert "sync before_request 'first' around 1 async view (on_loop)" in found
    assert "async before_request 'second' around 1 sync view (in_thread)" in found


BLUEPRINTS = """
outer, inner, other = (Blueprint(name, __name__) for name in ("outer", "inner", "other"))

@outer.before_request
def of_outer():  #! DA201
    pass

@inner.before_request
def of_inner():  #! DA201
    pass

@other.before_request
def of_other():
    pass

@inner.get("/a")
async def view():
    return ""

outer.register_blueprint(inner)
app.register_blueprint(outer)
app.register_blueprint(other)
"""


def test_hooks_of_blueprints_count_for_their_own_views(found_as_marked):
    found_as_marked(HEAD + BLUEPRINTS)


DECORATORS = """
@app.get("/a")
@plain
async def hidden():  #! DA203
    return ""

@app.get("/b")
@fitting
async def shown():
    return ""

@app.get("/c")
@plain
def sync():
    return ""

@nameless
async def given():  #! DA203
    return ""

app.add_url_rule("/d", "given", given)

class Mixed(MethodView):
    def get(self):  #! DA205
        return ""

    async def post(self):
        return ""

app.add_url_rule("/e", view_func=Mixed.as_view("mixed"))

class Decorated(MethodView):
    decorators = [plain]

    async def get(self):  #! DA203
        return ""

app.add_url_rule("/f", view_func=Decorated.as_view("decorated"))

class Inside(MethodView):
    @plain
    async def get(self):  #! DA203
        return ""

app.add_url_rule("/g", view_func=Inside.as_view("inside"))
"""


def test_what_hides_a_views_colour_is_found(found_as_marked):
    found = {finding.what for finding in found_as_marked(HEAD + DECORATORS)}
    assert "the sync decorator 'plain' is around the async 'hidden'" in found
    assert "the sync decorator 'nameless' is around the async 'given'" in found


STEPS = """
class Own(DualApp):
    def dispatch_request(self):  #! DA207
        return super().dispatch_request()

app = Own(__name__)

@app.before_request
def first():
    pass

@app.get("/")
async def view():
    return ""
"""


def test_a_sync_step_is_found_where_a_view_is_async(found_as_marked):
    found_as_marked(HEAD + STEPS)
    found_as_marked(HEAD + STEPS.replace("async def", "def").replace("#! DA207", ""))


# -- what is said of a view is what happens --------------------------------------------------------


class Watched:
    """An application that notes in which thread its view runs."""

    def __init__(self, app):
        self.app = app
        self.thread = None

    def note(self):
        self.thread = threading.get_ident()
        return "x"

    async def ask(self, monkeypatch):
        """Make a request on ASGI; give the hops that it took and whether the view was on the loop.

        The first one is not counted: it makes the pool.
        """
        await Connection(self.app).run()
        hops, workers = [], workers_of(self.app)
        submit = workers.submit
        monkeypatch.setattr(workers, "submit", lambda *a, **k: (hops.append(a), submit(*a, **k))[1])
        await Connection(self.app).run()
        return len(hops), self.thread == threading.get_ident()


@pytest.fixture
def watched():
    return Watched(DualApp("watched"))


def _sync(watched):
    watched.app.get("/")(lambda: watched.note())


def _async(watched):
    @watched.app.get("/")
    async def view():
        return watched.note()


def _marked(watched):
    watched.app.get("/")(nonblocking(lambda: watched.note()))


def _hidden(watched):
    async def view():
        return watched.note()

    @watched.app.get("/")
    @functools.wraps(view)
    def wrapper():
        return view()


def _mixed(watched):
    class Mixed(MethodView):
        async def get(self):
            return watched.note()

        def post(self):
            return ""

    watched.app.add_url_rule("/", view_func=Mixed.as_view("mixed"))


def _no_hook(app):
    pass


def _sync_hooks(app):
    app.before_request(lambda: None)
    app.after_request(lambda response: response)


def _async_hook(app):
    @app.before_request
    async def hook():
        pass


def _replaced(app):
    step = app.preprocess_request
    app.preprocess_request = lambda: step()


def _replaced_for_errors(app):
    step = app.handle_exception
    app.handle_exception = lambda error: step(error)


def _wrapped(app):
    inner = app.wsgi_app
    app.wsgi_app = lambda environ, start_response: inner(environ, start_response)


#: View, hooks, hops, whether the view is on the loop, what is said.
CASES = [
    (_async, _no_hook, 0, True, "on the server's loop, no hop"),
    (_async, _sync_hooks, 2, True, "on the server's loop, 2 hops for 2 sync hooks"),
    (_async, _async_hook, 0, True, "on the server's loop, no hop"),
    (_sync, _no_hook, 1, False, "one hop: the whole request in a worker thread"),
    (_sync, _sync_hooks, 1, False, "one hop: the whole request in a worker thread"),
    (
        _sync,
        _async_hook,
        1,
        False,
        "one hop: the whole request in a worker thread, 1 async hook sent to the loop",
    ),
    (_marked, _no_hook, 0, True, "on the server's loop, no hop (@nonblocking)"),
    (
        _marked,
        _sync_hooks,
        1,
        False,
        "one hop to a worker thread, since the hook '<lambda>' may wait",
    ),
    (
        _hidden,
        _no_hook,
        1,
        True,
        "one hop: a worker thread holds the request, its async code is sent to the loop",
    ),
    (
        _mixed,
        _no_hook,
        1,
        True,
        "one hop: a worker thread holds the request, its async code is sent to the loop",
    ),
    (
        _async,
        _replaced,
        1,
        True,
        "one hop: the whole request in a worker thread, since 'preprocess_request' is replaced",
    ),
    (_async, _replaced_for_errors, 0, True, "on the server's loop, no hop"),
    (
        _async,
        _wrapped,
        1,
        True,
        "one hop: the WSGI wrapper around it in a worker thread, the view on the server's loop",
    ),
]


@pytest.mark.parametrize(("view", "hooks", "hops", "on_loop", "said"), CASES)
@pytest.mark.filterwarnings("ignore:app.wsgi_app is wrapped")
async def test_what_is_said_of_asgi_is_what_happens(
    watched, monkeypatch, view, hooks, hops, on_loop, said
):
    view(watched)
    hooks(watched.app)
    [told] = [view for view in check(watched.app).views if "/" in view.rules[0].split()]
    assert told.asgi == said
    assert await watched.ask(monkeypatch) == (hops, on_loop)


def test_what_is_said_of_wsgi(watched):
    _async(watched)
    assert check(watched.app).views[0].wsgi == (
        "in an event loop of the request; holds a server thread until the response is made"
    )
    watched.app.config["WSGI_EVENT_LOOP"] = "worker"
    assert check(watched.app).views[0].wsgi == (
        "in the event loop that the thread keeps; holds a server thread until the response is made"
    )
