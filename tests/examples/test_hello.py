"""The example ``hello``."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "Hello, world!\n"),
        ("/hello/Ada", '{"greeting":"Hello, Ada!"}\n'),
        ("/later", "Hello, a little later!\n"),
    ],
)
def test_answers(load, side, path, text):
    response = load("hello").app.test_client(side=side).get(path)
    assert (response.status_code, response.text) == (200, text)


@pytest.mark.servers
def test_both_servers_answer_alike(serve):
    wsgi, asgi = serve("hello")
    for path in ("/", "/hello/Zo%C3%AB", "/later", "/nowhere"):
        page = wsgi.get(path)
        assert page.status == (404 if path == "/nowhere" else 200)
        assert page.seen == asgi.get(path).seen
