"""What the tables of docs/differences.md tell, asked of the ``flask`` that is imported here.

Run with Flask itself or with DUALAPP_AS_FLASK=1; prints one JSON object, a row's name for each key.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import sys
import typing as t
from collections.abc import Callable
from unittest import mock

import click
from flask import Flask, g, request, stream_with_context
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.test import EnvironBuilder, run_wsgi_app

QUESTIONS: dict[str, Callable[[Flask], t.Any]] = {}


def row(name: str) -> Callable[[Callable[[Flask], t.Any]], Callable[[Flask], t.Any]]:
    """Add the decorated function, which tells what is so, as a row of a table."""

    def add(ask: Callable[[Flask], t.Any]) -> Callable[[Flask], t.Any]:
        QUESTIONS[name] = ask
        return ask

    return add


def get(app: Flask, **arguments: t.Any) -> t.Any:
    """Ask for the page and read it; the side is the one that DUALAPP_TEST_SIDE names."""
    return app.test_client().get("/", buffered=True, **arguments)


def raw(app: Flask, **environ: t.Any) -> str:
    """Post eight bytes with a changed environ, as a server may; give the status."""
    builder = EnvironBuilder(method="POST", data=b"x" * 8)
    _, status, _ = run_wsgi_app(app, {**builder.get_environ(), **environ})
    return status[:3]


@row("an async view or hook on WSGI")
def loops(app: Flask) -> int:
    seen = []

    @app.before_request
    async def hook():
        seen.append(asyncio.get_running_loop())

    @app.get("/")
    async def view():
        seen.append(asyncio.get_running_loop())
        return ""

    get(app)
    return len({id(loop) for loop in seen})


@row("the token of a ContextVar that an async hook set")
def token(app: Flask) -> str:
    variable, told = contextvars.ContextVar("variable"), []

    @app.before_request
    async def enter():
        g.token = variable.set("set")

    app.add_url_rule("/", view_func=lambda: variable.get())

    @app.teardown_request
    def leave(error):
        try:
            variable.reset(g.token)
        except ValueError as problem:
            told.append(type(problem).__name__)

    assert get(app).text == "set"
    return "".join(told)


@row("an async view behind a plain sync decorator")
def decorated(app: Flask) -> int:
    async def view():
        return "text"

    app.add_url_rule("/", "index", lambda: view())
    return get(app).status_code


@row("an async generator as a response")
def generator(app: Flask) -> int:
    @app.get("/")
    async def view():
        async def chunks():
            yield "text"

        return chunks()

    return get(app).status_code


@row("an async session interface, an async CLI command")
def session_and_command(app: Flask) -> list[t.Any]:
    class Interface(SecureCookieSessionInterface):
        async def open_session(self, app, request):
            return super().open_session(app, request)

    app.session_interface = Interface()
    app.add_url_rule("/", view_func=lambda: "text")

    @app.cli.command("greet")
    async def greet():
        click.echo("hello")

    return [get(app).status_code, app.test_cli_runner().invoke(args=["greet"]).output]


@row("`request` in a returned generator")
def request_in_generator(app: Flask) -> str:
    app.config["TESTING"] = True

    @app.get("/")
    def view():
        def chunks():
            yield request.path

        return chunks()

    try:
        return get(app).text
    except RuntimeError as error:
        return str(error).partition(".")[0]


@row("teardown functions with `stream_with_context`")
def teardowns(app: Flask) -> int:
    calls = []
    app.teardown_request(lambda error: calls.append(error))
    app.add_url_rule("/", view_func=lambda: stream_with_context(iter(["text"])))
    get(app)
    return len(calls)


@row("a teardown function that raises")
def failing_teardown(app: Flask) -> list[t.Any]:
    calls = []
    app.teardown_request(lambda error: calls.append("other"))
    app.teardown_request(lambda error: 1 / 0)
    app.add_url_rule("/", view_func=lambda: "text")
    try:
        return [get(app).status_code, calls]
    except ZeroDivisionError:
        return ["raised", calls]


@row("JSON that is nested too deeply")
def nested(app: Flask) -> list[int]:
    @app.post("/")
    def view():
        return {"json": request.get_json(silent="silent" in request.args)}

    post, body = app.test_client().post, {"data": "[" * 200_000, "content_type": "application/json"}
    return [post("/", **body).status_code, post("/?silent", **body).status_code]


@row("`Content-Length: -5`")
def negative_length(app: Flask) -> str:
    app.add_url_rule("/", view_func=lambda: request.get_data(), methods=["POST"])
    return raw(app, CONTENT_LENGTH="-5")


@row("a chunked body above `MAX_CONTENT_LENGTH`")
def chunked(app: Flask) -> str:
    app.config["MAX_CONTENT_LENGTH"] = 4
    app.add_url_rule("/", view_func=lambda: request.get_data(), methods=["POST"])
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    return raw(app, **chunked, **{"wsgi.input_terminated": True})


@row("a WebSocket handshake")
def websocket(app: Flask) -> int:
    app.add_url_rule("/", view_func=lambda: "text")
    return get(app, headers={"Connection": "Upgrade", "Upgrade": "websocket"}).status_code


@row("a 204 response")
def no_content(app: Flask) -> bool:
    app.add_url_rule("/", view_func=lambda: ("", 204))
    return "Content-Type" in get(app).headers


@row("the default session, of a request without its cookie")
def session_opened(app: Flask) -> int:
    app.add_url_rule("/", view_func=lambda: "text")
    made = mock.Mock(return_value=None)
    with mock.patch.object(SecureCookieSession, "__init__", made):
        get(app)
    return made.call_count


def main() -> None:
    """Ask everything, each of a fresh application; what they log is left away."""
    found = {}
    for name, ask in QUESTIONS.items():
        app = Flask("differing")
        app.secret_key = "the key of the tests"
        app.logger.disabled = True
        found[name] = ask(app)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
