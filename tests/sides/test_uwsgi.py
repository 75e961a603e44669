"""A chunked body under uWSGI, with a stand-in for the module that exists only in that server."""

from __future__ import annotations

import sys
import types
import typing as t

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import dualapp
from dualapp import request


@pytest.fixture
def ask(app: dualapp.DualApp, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """POST chunks as uWSGI hands them over; give status and body."""

    def ask(path: str, chunks: list[t.Any], **environ: str) -> tuple[str, bytes]:
        coming = iter([*chunks, b""])

        def chunked_read() -> bytes:
            chunk = next(coming)
            if isinstance(chunk, Exception):
                raise chunk
            return chunk

        uwsgi = types.ModuleType("uwsgi")
        uwsgi.chunked_read = chunked_read  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "uwsgi", uwsgi)
        given = create_environ(path, method="POST")
        given |= {"HTTP_TRANSFER_ENCODING": "chunked", "uwsgi.version": b"2.0", **environ}
        body, status, _ = run_wsgi_app(app, given, buffered=True)
        return status, b"".join(body)

    @app.post("/whole")
    def whole() -> bytes:
        return request.get_data()

    @app.post("/async")
    async def whole_async() -> bytes:
        return await request.body

    @app.post("/lines")
    def lines() -> str:
        return "|".join(line.decode().strip() for line in request.stream)

    return ask


@pytest.mark.parametrize("path", ["/whole", "/async"])
@pytest.mark.parametrize("chunks", [[], [b"a"], [b"ab", b"c" * 100_000, b"d"]])
def test_the_body_is_there(ask: t.Callable[..., t.Any], path: str, chunks: list[bytes]) -> None:
    assert ask(path, chunks) == ("200 OK", b"".join(chunks))


def test_lines_may_cross_chunks(ask: t.Callable[..., t.Any]) -> None:
    assert ask("/lines", [b"on", b"e\ntw", b"o\n"]) == ("200 OK", b"one|two")


def test_a_body_cut_short_is_a_bad_request(ask: t.Callable[..., t.Any]) -> None:
    status, _ = ask("/whole", [b"a", OSError("unable to receive chunked part")])
    assert status == "400 BAD REQUEST"


def test_a_body_of_just_the_limit_is_fine(
    app: dualapp.DualApp, ask: t.Callable[..., t.Any]
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert ask("/whole", [b"x" * 10])[0] == "200 OK"


def test_the_limit_holds_on_real_bytes(app: dualapp.DualApp, ask: t.Callable[..., t.Any]) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert ask("/whole", [b"x" * 11])[0].startswith("413")


def test_other_encodings_are_left_alone(ask: t.Callable[..., t.Any]) -> None:
    assert ask("/whole", [b"a"], HTTP_TRANSFER_ENCODING="gzip") == ("200 OK", b"")
