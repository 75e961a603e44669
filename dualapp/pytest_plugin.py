"""The ``side`` fixture for your own tests: each test that uses it runs on WSGI and on ASGI.

Installed with dualapp; pytest finds it by its entry point. A test asks for ``side``, or for a
fixture that does::

    @pytest.fixture
    def client(app, side):
        return app.test_client(side=side)

``app.test_client()`` without an argument follows the fixture too, so helpers deep in a suite need
no change.
"""

from __future__ import annotations

import typing as t

import pytest

SIDES = ("wsgi", "asgi")


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """The side under test, "wsgi" or "asgi"; the default of test clients meanwhile."""
    monkeypatch.setenv("DUALAPP_TEST_SIDE", request.param)
    return request.param
