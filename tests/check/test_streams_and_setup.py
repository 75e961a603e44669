"""DA4xx and DA5xx: what comes in pieces, middleware, configuration."""

from __future__ import annotations

import pytest

HEAD = """
from dualapp import DualApp, Response, flash, request, session, stream_with_context
from dualapp.views import MethodView

app = DualApp(__name__)

def lines():
    yield "x"

async def events():
    yield "x"

@app.{method}("/"{options})
"""


@pytest.fixture
def found_in(found_as_marked):
    """Check a view made of text."""

    def found_in(view, method="get", options=""):
        return found_as_marked(HEAD.format(method=method, options=options) + view, of="DA4")

    return found_in


@pytest.mark.parametrize(
    "view",
    [
        "def view():  #! DA401 DA402\n    return lines()",
        "def view():  #! DA401 DA402\n    return lines(), 200, {}",
        "def view():  #! DA401 DA402\n    return Response(lines())",
        "def view():  #! DA401 DA402\n    return Response(status=200, response=lines())",
        "def view():  #! DA401 DA402\n    return app.response_class(lines())",
        "def view():  #! DA401 DA402\n    return stream_with_context(lines())",
        "def view():  #! DA401 DA402\n    body = lines()\n    return Response(body)",
        "def view():  #! DA401 DA402\n    return (each for each in 'abc')",
        "def view():  #! DA401 DA402\n    yield 'x'",
        "def view():  #! DA401 DA402\n    def own():\n        yield 'x'\n    return own()",
        "def view():  #! DA401 DA402\n    @stream_with_context\n    def own():\n        yield 'x'\n"
        "    return own()",
        "async def view():  #! DA401\n    return events()",
        "async def view():  #! DA401\n    return Response(events())",
        "async def view():  #! DA401\n    yield 'x'",
        "async def view():  #! DA401\n    return (each async for each in events())",
        "async def view():  #! DA401 DA402\n    return lines()",
        "def view():\n    return list(lines())",
        "def view():\n    return ''.join(lines())",
        "def view():\n    for each in lines():\n        return each",
        "def view():\n    def unused():\n        yield 'x'\n    return 'x'",
        "def view():\n    a = b\n    b = a\n    return a",
    ],
)
def test_a_streamed_response_is_found(found_in, view):
    found_in(view)


@pytest.mark.parametrize(
    ("view", "options"),
    [
        ("async def view():\n    return request.get_json()  #! DA403", ", stream=True"),
        ("async def view():\n    return request.form['x']  #! DA403", ", stream=True"),
        ("async def view():\n    return await request.body", ", stream=True"),
        ("async def view():\n    return request.get_json()", ""),
        ("def view():\n    return request.get_data()", ", stream=True"),
    ],
)
def test_a_streamed_body_is_not_to_be_read_in_a_sync_way(found_in, view, options):
    found_in(view, "post", options)


SESSION = """
from dualapp import DualApp, flash, session
from dualapp import session as ours

app = DualApp(__name__)

@app.get("/")
def view():
    session["x"] = 1  #! DA503
    ours.pop("x")  #! DA503
    del session["x"]  #! DA503
    flash("x")  #! DA503
    kept = {}
    kept["x"] = 1
    kept.pop("x")
    return session.get("x", session["x"])
"""


def test_a_session_that_is_changed_needs_a_secret_key(found_as_marked):
    found_as_marked(SESSION)
    found_as_marked(
        SESSION.replace("#! DA503", "").replace("\n@app", "\napp.secret_key = 'x'\n@app")
    )


PLAIN = """
from werkzeug.middleware.proxy_fix import ProxyFix

from dualapp import DualApp

app = DualApp(__name__)

class Wrapper:
    def __init__(self, inner):
        self.inner = inner
    def __call__(self, *args):
        return self.inner(*args)
"""


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("", []),
        ("app.wsgi_app = ProxyFix(app.wsgi_app)", []),
        ("app.wsgi_app = Wrapper(app.wsgi_app)", ["DA501"]),
        ("app.wsgi_app = Wrapper(ProxyFix(app.wsgi_app))", ["DA501"]),
        ("app.asgi_app = Wrapper(app.asgi_app)", ["DA502"]),
        ("app.debug = True", ["DA504"]),
    ],
)
def test_middleware_and_debug_mode(report_on, more, codes):
    findings = report_on(PLAIN + more).findings
    assert [each.code.name for each in findings] == codes
    assert all("Wrapper" in each.what for each in findings if each.code.name != "DA504")
