"""``app.wsgi_app = Wrap(app.wsgi_app)`` on the ASGI side.

A wrapper is never skipped, since it may be what authenticates. ``ProxyFix`` only rewrites the
environ, so it does that on the loop. Any other wrapper is called as on a WSGI server, in a worker
thread; inside it async views still run on the server's loop.
"""

from __future__ import annotations

import copy
import functools
import logging
import typing as t
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import copy_context

import anyio
from werkzeug.middleware.proxy_fix import ProxyFix

from ..core.answer import Answer, has_no_body
from .entry import is_own_wsgi_app, own_call
from .loops import ServerLoop
from .placement import busy, is_nested, workers_of
from .wsgi import SERVER_LOOP

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import DualApp
    from .client import Client

T = t.TypeVar("T")
WSGICallable = Callable[..., t.Any]

logger = logging.getLogger("dualapp")


def wrapper_of(app: DualApp) -> WSGICallable | None:
    """Give the WSGI callable that stands around the application, or None.

    That is what ``app.wsgi_app`` was replaced by, a subclass's own method of that name, or a
    function that a tool or a subclass put in the place of ``__call__``.
    """
    if not app._is_wrapped:
        return None
    call = type(app).__call__
    return app.wsgi_app if call is own_call else functools.partial(call, app)


def apply_natively(app: DualApp, wrapper: WSGICallable, environ: WSGIEnvironment) -> bool:
    """Apply a chain of nothing but ``ProxyFix`` to the environ; False if it is another chain."""
    chain: list[ProxyFix] = []
    inner: t.Any = wrapper
    while type(inner) is ProxyFix:
        chain.append(inner)
        inner = inner.app
    if not is_own_wsgi_app(app, inner):
        return False
    for fix in chain:
        only_rewrite = copy.copy(fix)
        only_rewrite.app = _answer_nothing
        only_rewrite(environ, t.cast(t.Any, None))
    return True


def costly_wrapper_of(app: DualApp) -> WSGICallable | None:
    """Give the wrapper for which each request of this side takes a worker thread, or None."""
    wrapper = wrapper_of(app)
    if wrapper is None or apply_natively(app, wrapper, {"REQUEST_METHOD": "GET"}):
        return None
    return wrapper


def warn_of_wrapper(app: DualApp) -> None:
    """Say once, at startup if the server tells of it, what a wrapper costs on this side."""
    wrapper = None if "_warned_of_wrapper" in app.__dict__ else costly_wrapper_of(app)
    if wrapper is None:
        return
    app.__dict__["_warned_of_wrapper"] = True
    logger.warning(
        "app.wsgi_app is wrapped by %r. On ASGI every HTTP request goes through it in a worker"
        " thread, async views too (the view itself runs on the server's loop): at least one thread"
        " hop each, and as many requests at a time as SYNC_THREADS. An ASGI middleware in"
        " app.asgi_app costs neither.",
        wrapper,
    )


async def respond(
    app: DualApp,
    wrapper: WSGICallable,
    environ: WSGIEnvironment,
    client: Client,
    server: ServerLoop,
) -> None:
    """Answer an HTTP request by calling the wrapper as a WSGI server would."""
    warn_of_wrapper(app)
    workers, nested = workers_of(app), is_nested()
    if workers.is_full and not nested:
        await client.send_whole(busy())
        return
    environ[SERVER_LOOP] = server
    call = WSGICall(wrapper, environ)
    context = copy_context()

    def hop(function: Callable[[], T], must_run: bool = False) -> Awaitable[T]:
        work = functools.partial(context.run, function)
        return workers.submit(work, nested, server.cancel, must_run)

    try:
        if app.config["CANCEL_ON_DISCONNECT"]:
            async with client.watch():
                await hop(call.start)
        else:
            await hop(call.start)
        if client.has_left:
            logger.debug("The client left before it was answered.")
        elif call.is_over:
            await client.send_whole(call.answer)
        else:
            client.inbox.discard()
            await client.send_stream(call.answer, lambda: hop(call.next))
    finally:
        if not call.is_over:
            with anyio.CancelScope(shield=True):
                await hop(call.close, must_run=True)


class WSGICall:
    """One call of a WSGI callable (:pep:`3333`); its methods are for a worker thread.

    Attributes:
        answer: Status and headers, once it was started; and the body, if that is over by then.
        is_over: Nothing is left to be iterated or closed.
    """

    answer: Answer

    def __init__(self, application: WSGICallable, environ: WSGIEnvironment) -> None:
        self.is_over = True
        self._application = application
        self._environ = environ
        self._started: tuple[str, list[tuple[str, str]]] | None = None
        self._has_sent = False
        self._chunks: deque[bytes] = deque()
        self._iterable: t.Any = ()
        self._iterator: t.Iterator[bytes] = iter(())

    def start(self) -> None:
        """Call it, up to the first chunk: a callable may start its response as late as there."""
        self._iterable = self._application(self._environ, self._start_response)
        self.is_over = False
        self._iterator = iter(self._iterable)
        self._iterate()
        self.answer = self._make_answer()
        if self._environ["REQUEST_METHOD"] == "HEAD" or has_no_body(self.answer.code):
            self._chunks.clear()
            self.close()
        elif isinstance(self._iterable, list | tuple):
            self._chunks.extend(self._iterator)
            self.answer.body = list(self._chunks)
            self.close()

    def next(self) -> bytes | None:
        """Give the next chunk that is not empty, or None at the end."""
        if not self._chunks:
            self._iterate()
        return self._chunks.popleft() if self._chunks else None

    def close(self) -> None:
        """Close the iterable."""
        self.is_over = True
        close = getattr(self._iterable, "close", None)
        if close is not None:
            close()

    def _iterate(self) -> None:
        """Go on until there is a chunk; what is written meanwhile comes before it."""
        while not self._chunks:
            chunk = next(self._iterator, None)
            if chunk:
                self._chunks.append(chunk)
            elif chunk is None:
                break
        self._has_sent = self._has_sent or bool(self._chunks)

    def _make_answer(self) -> Answer:
        if self._started is None:
            raise RuntimeError(
                f"The WSGI wrapper {self._application!r} did not call start_response, so there is"
                " no status to send. PEP 3333 asks for it before the first chunk."
            )
        return Answer.checked(*self._started, [], False)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: t.Any = None
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self._has_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self._started is not None:
            raise RuntimeError(
                f"The WSGI wrapper {self._application!r} called start_response twice. PEP 3333"
                " allows that with exc_info only, to answer an error."
            )
        self._started = (status, headers)
        return self._chunks.append


def _answer_nothing(environ: WSGIEnvironment, start_response: t.Any) -> tuple[()]:
    return ()
