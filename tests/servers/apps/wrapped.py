"""An application with a middleware on either side, and with its class traced."""

from __future__ import annotations

import asyncio

from dualapp import DualApp


class Traced(DualApp):
    """A class of its own, since tracing changes the class."""


app = Traced(__name__)


@app.get("/")
def index():
    return "index"


@app.get("/async")
async def waits():
    await asyncio.sleep(0)
    return "async"


def with_header(wsgi_app):
    def wrapper(environ, start_response):
        def start(status, headers, *exc_info):
            return start_response(status, [*headers, ("X-Wrapped", "yes")], *exc_info)

        return wsgi_app(environ, start)

    return wrapper


def only_with_password(asgi_app):
    async def wrapper(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/secret":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"password?"})
        else:
            await asgi_app(scope, receive, send)

    return wrapper


def traced_call(self, environ, start_response):
    """What a tracing tool puts in the place of ``Flask.__call__``: two arguments, so WSGI."""
    environ["traced"] = True

    def start(status, headers, *exc_info):
        return start_response(status, [*headers, ("X-Traced", "yes")], *exc_info)

    return self.wsgi_app(environ, start)


app.wsgi_app = with_header(app.wsgi_app)
app.asgi_app = only_with_password(app.asgi_app)
Traced.__call__ = traced_call
