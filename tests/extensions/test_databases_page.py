"""The page on databases: what it shows for async views, tried with SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ..docs.fenced import BLOCKS

REASON = "SQLAlchemy and aiosqlite are not installed: pip install 'dualapp[shop]'"
pytest.importorskip("aiosqlite", reason=REASON)
sqlalchemy = pytest.importorskip("sqlalchemy", reason=REASON)

REQUESTS = 3


@pytest.fixture
def page(tmp_path):
    """What the block with ``open_session`` defines, for a database with one number in it."""
    [block] = [b for b in BLOCKS if b.page == "docs/databases.md" and "open_session():" in b.text]
    defined: dict = {}
    exec(compile(block.text, block.page, "exec"), defined)
    file = tmp_path / "numbers.sqlite"
    defined["DATABASE"] = f"sqlite+aiosqlite:///{file}"
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("CREATE TABLE numbers AS SELECT 7 AS number")
    connection.close()
    return SimpleNamespace(engines=defined["_engines"], open_session=defined["open_session"])


@pytest.fixture
def opened():
    """One entry for each connection that was opened."""
    found: list = []

    def note(connection, record):
        found.append(record)

    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "connect", note)
    yield found
    sqlalchemy.event.remove(sqlalchemy.pool.Pool, "connect", note)


@pytest.fixture
def app(app, page):
    @app.get("/")
    async def view():
        async with await page.open_session() as session:
            return {"number": await session.scalar(sqlalchemy.text("SELECT number FROM numbers"))}

    return app


@pytest.mark.parametrize(("mode", "connections", "kept"), [("request", 3, 0), ("worker", 1, 1)])
def test_in_a_thread_of_a_wsgi_server(app, page, opened, mode, connections, kept):
    app.config["WSGI_EVENT_LOOP"] = mode

    def serve():
        client = app.test_client(side="wsgi")
        answers = [client.get("/").json for _ in range(REQUESTS)]
        return answers, len(page.engines)

    with ThreadPoolExecutor(1) as thread:
        answers, engines = thread.submit(serve).result(30)
    assert answers == [{"number": 7}] * REQUESTS
    assert (len(opened), engines) == (connections, kept)
    assert page.engines == {}, "the thread has ended"


def test_on_the_loop_of_an_asgi_server(app, page, opened):
    async def serve():
        client = app.async_test_client(side="asgi")
        answers = [(await client.get("/")).json for _ in range(REQUESTS)]
        return answers, len(page.engines)

    answers, engines = asyncio.run(serve())
    assert answers == [{"number": 7}] * REQUESTS
    assert (len(opened), engines) == (1, 1)
    assert page.engines == {}, "the loop has ended"
