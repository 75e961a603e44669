"""Flask's extensions import ``flask``: here that name leads to dualapp, be Flask installed or not.

It does so for the whole process, from the collection of these tests on; no other test may mind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import dualapp
from dualapp.testing import AsyncFlaskClient

dualapp.install_as_flask()


@pytest.fixture
async def where(side: str) -> Callable[[], str]:
    """Give a function that tells where it is called.

    On ASGI ``browser`` lets the application run on the test's own loop, which so is the server's.
    """
    servers_loop = asyncio.get_running_loop()

    def where() -> str:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return "in a thread"
        return "on the server's loop" if loop is servers_loop else "on a loop of the request"

    return where


@pytest.fixture
def in_coroutine(side: str) -> str:
    """What ``where`` has to tell in an async view."""
    return {"asgi": "on the server's loop", "wsgi": "on a loop of the request"}[side]


@pytest.fixture
def browser(app: dualapp.DualApp, side: str) -> AsyncFlaskClient:
    """A client for the side under test, whose requests are awaited."""
    return app.async_test_client(side=side)
