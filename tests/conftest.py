"""Fixtures of all tests. A test that uses ``side`` or ``client`` runs on WSGI and on ASGI."""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import os
import typing as t
from collections.abc import Callable, Iterator
from wsgiref.validate import validator

import pytest
from werkzeug.test import run_wsgi_app

import dualapp
from dualapp.globals import _cv_context
from dualapp.testing import FlaskClient

pytest_plugins = ["pytester"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what an older werkzeug, which is allowed for others' sake, does not do yet."""
    release = tuple(int(part) for part in importlib.metadata.version("werkzeug").split(".")[:3])
    if item.get_closest_marker("werkzeug_fix") and release < (3, 1, 9):
        pytest.skip("werkzeug mended this in a release up to 3.1.9")


class ValidatingClient(FlaskClient):
    """Passes every WSGI answer through the standard library's validator."""

    def call_application(self, environ: t.Any, buffered: bool) -> t.Any:
        if self.side == "wsgi":
            return run_wsgi_app(validator(self.application), environ, buffered=True)
        return super().call_application(environ, buffered)


@pytest.fixture
def app() -> dualapp.DualApp:
    """A fresh application with a secret key, in testing mode."""
    app = dualapp.DualApp("dualapp_tests", root_path=os.path.dirname(__file__))
    app.config.update(TESTING=True, SECRET_KEY="the key of the tests")
    app.test_client_class = ValidatingClient
    return app


@pytest.fixture
def client(app: dualapp.DualApp, side: str) -> FlaskClient:
    """A client for the side under test; its WSGI answers pass ``wsgiref.validate``."""
    return app.test_client(side=side)


@pytest.fixture
def paint() -> Callable[..., t.Any]:
    """Give a sync function the wanted colour: ``paint(function, "async")`` makes it async."""

    def paint(function: Callable[..., t.Any], colour: str = "async") -> Callable[..., t.Any]:
        if colour == "sync":
            return function

        @functools.wraps(function)
        async def painted(*args: t.Any, **kwargs: t.Any) -> t.Any:
            await asyncio.sleep(0)
            return function(*args, **kwargs)

        return painted

    return paint


@pytest.fixture(autouse=True)
def _no_context_is_left() -> Iterator[None]:
    """A context that a test leaves behind would be seen by the next one."""
    yield
    left = _cv_context.get(None)
    assert left is None, f"{left!r} was left behind"
