"""The test client, its environ builder and the runner of CLI commands."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import typing as t
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from functools import cache
from types import TracebackType
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner, Result
from werkzeug.test import Client, TestResponse, run_wsgi_app
from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wsgi import get_current_url

from ..cli import ScriptInfo
from ..sessions import SessionMixin
from ..sides.blocking import call_and_wait
from . import asgi

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import DualApp

SIDES = ("wsgi", "asgi")
SIDE_VARIABLE = "DUALAPP_TEST_SIDE"

_driven: Counter[str] = Counter()


def side_counts() -> dict[str, int]:
    """Tell how many requests the test clients of this process have driven on each side."""
    return {side: _driven[side] for side in SIDES}


def chosen_side(side: str | None) -> str:
    """Give the side to drive: the given one, or what ``DUALAPP_TEST_SIDE`` says, or "wsgi".

    Raises:
        ValueError: It is neither "wsgi" nor "asgi".
    """
    chosen = side or os.environ.get(SIDE_VARIABLE) or "wsgi"
    if chosen not in SIDES:
        raise ValueError(
            f"The test client cannot drive {chosen!r}. Pass side='wsgi' or side='asgi', or set the"
            f" environment variable {SIDE_VARIABLE} to one of them."
        )
    return chosen


@cache
def _get_werkzeug_version() -> str:
    return importlib.metadata.version("werkzeug")


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Builds the environ of a test request with the application's own defaults.

    Args:
        app: Its ``SERVER_NAME``, ``APPLICATION_ROOT`` and ``PREFERRED_URL_SCHEME`` are used.
        path: The path, or a URL, whose host and scheme then count.
        base_url: Scheme, host and root path; not together with the next two.
        subdomain: Put before the server name.
        url_scheme: The scheme.
        *args: As for werkzeug's builder.
        **kwargs: Likewise; "json" is written by the application's provider.

    Raises:
        ValueError: A base URL was given and a subdomain or scheme too.
    """

    def __init__(
        self,
        app: DualApp,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: t.Any,
        **kwargs: t.Any,
    ) -> None:
        if base_url is not None and (subdomain or url_scheme):
            raise ValueError(
                "A 'base_url' says host and scheme already. Pass it alone, or 'subdomain' and"
                " 'url_scheme' without it."
            )
        if base_url is None:
            base_url, path = self._base_url_for(app, path, subdomain, url_scheme)
        self.app = app
        super().__init__(path, base_url, *args, **kwargs)

    @staticmethod
    def _base_url_for(
        app: DualApp, path: str, subdomain: str | None, url_scheme: str | None
    ) -> tuple[str, str]:
        host = app.config["SERVER_NAME"] or "localhost"
        if subdomain:
            host = f"{subdomain}.{host}"
        asked = urlsplit(path)
        scheme = url_scheme or asked.scheme or app.config["PREFERRED_URL_SCHEME"]
        root = app.config["APPLICATION_ROOT"].lstrip("/")
        if asked.netloc or asked.scheme:
            path = asked.path + (f"?{asked.query}" if asked.query else "")
        return f"{scheme}://{asked.netloc or host}/{root}", path

    def json_dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write JSON as the application does."""
        return self.app.json.dumps(obj, **kwargs)


def _built(builder: werkzeug.test.EnvironBuilder) -> BaseRequest:
    try:
        return builder.get_request()
    finally:
        builder.close()


class FlaskClient(Client):
    """Calls an application as a browser would, on the WSGI or on the ASGI side.

    ``with client:`` keeps the context of the last request, so that ``request``, ``session`` and
    ``g`` can be looked at after it, on both sides. It works inside a running event loop too.

    Args:
        *args: As for werkzeug's client; the first is the application.
        side: "wsgi" or "asgi"; see :func:`chosen_side`.
        **kwargs: As for werkzeug's client.

    Attributes:
        side: The side that is driven.
        environ_base: Put into each environ.
    """

    application: DualApp

    def __init__(self, *args: t.Any, side: str | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.side = chosen_side(side)
        self.preserve_context = False
        self.environ_base = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": f"Werkzeug/{_get_werkzeug_version()}",
        }
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: list[t.Any] = []
        self._entered = ExitStack()

    def open(
        self,
        *args: t.Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: t.Any,
    ) -> TestResponse:
        """Make a request.

        Args:
            *args: A path and more as for :class:`EnvironBuilder`, or a builder, an environ or a
                request.
            buffered: Read and close the whole response first.
            follow_redirects: Go on to where the response leads.
            **kwargs: As for :class:`EnvironBuilder`.
        """
        self._entered.close()
        response = self.request(args, kwargs, buffered, follow_redirects)
        self.enter_kept()
        return response

    def request(
        self, args: t.Any, kwargs: t.Any, buffered: bool, follow_redirects: bool
    ) -> TestResponse:
        """Make a request without entering the context that it leaves."""
        response = super().open(
            self._request_of(args, kwargs), buffered=buffered, follow_redirects=follow_redirects
        )
        response.json_module = self.application.json  # type: ignore[assignment]
        return response

    def enter_kept(self) -> None:
        """Make the contexts current that the last request left."""
        while self._kept:
            self._entered.enter_context(self._kept.pop(0))

    def run_wsgi_app(
        self, environ: WSGIEnvironment, buffered: bool = False
    ) -> tuple[t.Iterable[bytes], str, t.Any]:
        """Call the application with the client's cookies; werkzeug's client comes through here."""
        self._add_cookies_to_wsgi(environ)
        body, status, headers = self.call_application(environ, buffered)
        url = urlsplit(get_current_url(environ))
        self._update_cookies_from_response(
            url.hostname or "localhost", url.path, headers.getlist("Set-Cookie")
        )
        return body, status, headers

    def call_application(
        self, environ: WSGIEnvironment, buffered: bool
    ) -> tuple[t.Iterable[bytes], str, t.Any]:
        """Call the application on the chosen side; give body, status line and headers."""
        _driven[self.side] += 1
        if self.side == "wsgi":
            return run_wsgi_app(self.application, environ, buffered)
        return asgi.run(self.application, environ, buffered, self._loop)

    @contextmanager
    def session_transaction(self, *args: t.Any, **kwargs: t.Any) -> Iterator[SessionMixin]:
        """Open the session for the test to change; it is saved at the end of the block.

        Args:
            *args: As for ``app.test_request_context``, where the session depends on the request.
            **kwargs: Likewise.

        Raises:
            TypeError: The client keeps no cookies.
            RuntimeError: The session interface opened none.
        """
        if self._cookies is None:
            raise TypeError(
                "Cookies are disabled, so a session cannot be kept between requests. Make the"
                " client with 'use_cookies=True'."
            )
        app = self.application
        interface = app.session_interface
        ctx = app.test_request_context(*args, **kwargs)
        self._add_cookies_to_wsgi(ctx.request.environ)
        with ctx:
            session = call_and_wait(interface.open_session, app, ctx.request)
        if session is None:
            raise RuntimeError(
                "Session backend did not open a session, so there is none to change. The default"
                " one needs a 'SECRET_KEY': set it for the test."
            )
        yield session
        if interface.is_null_session(session):
            return
        response = app.response_class()
        with ctx:
            call_and_wait(interface.save_session, app, session, response)
        self._update_cookies_from_response(
            ctx.request.host.partition(":")[0],
            ctx.request.path,
            response.headers.getlist("Set-Cookie"),
        )

    def __enter__(self) -> t.Self:
        if self.preserve_context:
            raise RuntimeError(
                "This client is in a 'with' block already; a second one would keep two contexts"
                " and close them in the wrong order. Make another client."
            )
        self.preserve_context = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.preserve_context = False
        self._entered.close()

    def _request_of(self, args: t.Any, kwargs: t.Any) -> BaseRequest:
        """Make a request of all that :meth:`open` takes."""
        given = args[0] if args else None
        if isinstance(given, BaseRequest):
            return self._request_with_base(given)
        if isinstance(given, werkzeug.test.EnvironBuilder):
            builder = copy(given)
            builder.environ_base = self._copy_environ(builder.environ_base or {})
            return _built(builder)
        if isinstance(given, dict):
            base = self._copy_environ({})
            return _built(
                EnvironBuilder.from_environ(given, app=self.application, environ_base=base)
            )
        return self._request_from_builder_args(args, kwargs)

    def _request_from_builder_args(self, args: t.Any, kwargs: t.Any) -> BaseRequest:
        """Make a request of a builder's arguments; test clients of extensions call this."""
        kwargs["environ_base"] = self._copy_environ(kwargs.get("environ_base", {}))
        return _built(EnvironBuilder(self.application, *args, **kwargs))

    def _request_with_base(self, request: BaseRequest) -> BaseRequest:
        again = copy(request)
        again.environ = self._copy_environ(request.environ)
        return again

    def _copy_environ(self, environ: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        complete = {**self.environ_base, **environ}
        if self.preserve_context:
            complete["werkzeug.debug.preserve_context"] = self._kept.append
        return complete


class AsyncFlaskClient:
    """The test client for ``async def`` tests: every request is awaited.

    On the ASGI side the application runs on the test's own event loop, so that what a fixture made
    for that loop can be used. On the WSGI side it runs in a thread, as under a server.

    Args:
        client: The client that does the work; its cookies are this one's.
    """

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    @property
    def application(self) -> DualApp:
        """The application."""
        return self.client.application

    @property
    def side(self) -> str:
        """The side that is driven."""
        return self.client.side

    async def open(
        self, *args: t.Any, follow_redirects: bool = False, **kwargs: t.Any
    ) -> TestResponse:
        """Make a request; see :meth:`FlaskClient.open`. The response has been read."""
        client = self.client
        client._entered.close()
        client._loop = asyncio.get_running_loop()
        response = await asyncio.to_thread(
            client.request, args, kwargs, buffered=True, follow_redirects=follow_redirects
        )
        client.enter_kept()
        return response

    async def get(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a GET request."""
        return await self.open(*args, method="GET", **kwargs)

    async def post(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a POST request."""
        return await self.open(*args, method="POST", **kwargs)

    async def put(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a PUT request."""
        return await self.open(*args, method="PUT", **kwargs)

    async def patch(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a PATCH request."""
        return await self.open(*args, method="PATCH", **kwargs)

    async def delete(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a DELETE request."""
        return await self.open(*args, method="DELETE", **kwargs)

    async def head(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make a HEAD request."""
        return await self.open(*args, method="HEAD", **kwargs)

    async def options(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Make an OPTIONS request."""
        return await self.open(*args, method="OPTIONS", **kwargs)

    def session_transaction(self, *args: t.Any, **kwargs: t.Any) -> t.ContextManager[SessionMixin]:
        """Open the session for the test to change; a plain ``with`` block."""
        return self.client.session_transaction(*args, **kwargs)

    def get_cookie(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Give a cookie; see werkzeug's client."""
        return self.client.get_cookie(*args, **kwargs)

    def set_cookie(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Set a cookie; see werkzeug's client."""
        self.client.set_cookie(*args, **kwargs)

    def delete_cookie(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Delete a cookie; see werkzeug's client."""
        self.client.delete_cookie(*args, **kwargs)

    async def __aenter__(self) -> t.Self:
        self.client.__enter__()
        return self

    async def __aexit__(self, *exc: t.Any) -> None:
        self.client.__exit__(*exc)


class FlaskCliRunner(CliRunner):
    """Invokes an application's CLI commands in tests.

    Args:
        app: The application.
        **kwargs: As for click's runner.
    """

    def __init__(self, app: DualApp, **kwargs: t.Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: t.Any = None, args: t.Any = None, **kwargs: t.Any) -> Result:  # type: ignore[override]
        """Invoke a command.

        Args:
            cli: The command; by default the application's group.
            args: Its arguments, a list or a string.
            **kwargs: As for click's runner; "obj" is by default a ``ScriptInfo`` of the
                application.
        """
        if cli is None:
            cli = self.app.cli
        if "obj" not in kwargs:
            kwargs["obj"] = ScriptInfo(create_app=lambda: self.app)
        return super().invoke(cli, args, **kwargs)
