"""A blog with a database of its own for each test, and a browser on either side."""

from __future__ import annotations

import pytest
from blog import create_app


@pytest.fixture
def app(tmp_path):
    return create_app(DATABASE=str(tmp_path / "blog.sqlite"), TESTING=True)


@pytest.fixture
def browser(app, side):
    """``side`` comes with dualapp: a test that asks for it runs twice, on WSGI and on ASGI."""
    return app.test_client(side=side)


@pytest.fixture
def member(browser):
    """The same browser, after signing up."""
    browser.post("/sign-up", data={"name": "ada", "password": "engine-1843"})
    return browser
