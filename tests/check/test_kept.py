"""DA3xx: what belongs to an event loop and outlives it."""

from __future__ import annotations

import pytest

pytest.importorskip("httpx")

HEAD = """
import httpx

from dualapp import DualApp

app = DualApp(__name__)

@app.get("/")
async def view():
    return ""

"""


@pytest.mark.parametrize(
    "kept",
    [
        "client = httpx.AsyncClient()  #! DA301",
        "client: httpx.AsyncClient = httpx.AsyncClient()  #! DA301",
        "clients = {'one': httpx.AsyncClient()}  #! DA301",
        "clients = [httpx.AsyncClient()]  #! DA301",
        "class Api:\n    def __init__(self):\n        self.client = httpx.AsyncClient()\n"
        "api = Api()  #! DA301",
        "class Own(httpx.AsyncClient):\n    pass\nclient = Own()  #! DA301",
        "client = httpx.Client()",
        "make_client = httpx.AsyncClient",
        "import asyncio\nlock = asyncio.Lock()\nqueue = asyncio.Queue()",
    ],
)
def test_what_a_module_keeps_is_found(found_as_marked, kept):
    found_as_marked(HEAD + kept, of="DA3")


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        ("app.extensions['api'] = httpx.AsyncClient()", "app.extensions['api']"),
        (
            "class Api:\n    pass\napi = app.extensions['api'] = Api()\n"
            "app.extensions['api'].client = httpx.AsyncClient()\ndel api",
            "app.extensions['api'].client",
        ),
        ("app.config['API'] = httpx.AsyncClient()", "app.config['API']"),
    ],
)
def test_what_the_application_keeps_is_found(report_on, kept, name):
    [finding] = report_on(HEAD + kept, select=["DA3"]).findings
    assert finding.code.name == "DA301"
    assert finding.what == f"'{name}' (AsyncClient) is made once for all requests"


def test_what_a_factory_keeps_for_its_views_is_found(found_as_marked):
    text = """
import httpx

from dualapp import DualApp

def create_app():
    app = DualApp(__name__)
    client = httpx.AsyncClient()

    @app.get("/")
    async def view():  #! DA301
        return (await client.get("http://127.0.0.1")).text

    return app

app = create_app()
"""
    [finding] = found_as_marked(text)
    assert finding.what == "'client' (AsyncClient) is made once for all requests"


def test_it_is_told_of_where_it_was_made(load, found_as_marked):
    load("import httpx\nclient = httpx.AsyncClient()", "checked_clients")
    [finding] = found_as_marked_elsewhere(load)
    assert finding.place.file.endswith("checked_clients.py")
    assert finding.place.line == 2


def found_as_marked_elsewhere(load):
    from dualapp.check.run import check

    app = load(f"{HEAD}\nfrom checked_clients import client\n").app
    return check(app, select=["DA3"]).findings


def test_a_loop_for_each_thread_makes_it_a_note(report_on):
    text = f"{HEAD}\napp.config['WSGI_EVENT_LOOP'] = 'worker'\nclient = httpx.AsyncClient()"
    assert [each.code.name for each in report_on(text).findings] == ["DA302"]


def test_it_matters_to_nobody_where_nothing_is_async(found_as_marked):
    found_as_marked(HEAD.replace("async def", "def") + "client = httpx.AsyncClient()")


def test_an_engine_without_a_pool_keeps_nothing(found_as_marked):
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("aiosqlite")
    found_as_marked(
        HEAD
        + """
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

kept = create_async_engine("sqlite+aiosqlite:///x.sqlite")  #! DA301
free = create_async_engine("sqlite+aiosqlite:///x.sqlite", poolclass=NullPool)
"""
    )
