"""One object that WSGI and ASGI servers both take for theirs.

How each server looks at an application, and what answers it here:

* WSGI servers call ``app(environ, start_response)``; gunicorn asks nothing before.
* uvicorn calls ``app()`` with nothing to see whether it is a factory (it must raise TypeError),
  then asks whether the attribute ``app.__call__`` is a coroutine function; hypercorn asks the same
  through ``inspect``. A call goes to the class's ``__call__``, an attribute look-up finds the
  instance's first: so the instance's ``__dict__`` holds an ``async def`` for them to read.
* daphne calls with the keywords ``scope``, ``receive`` and ``send``, and reads
  ``_asgi_single_callable``, as asgiref does.
* granian prefers ``__rsgi__`` unless told which interface to use; ours answers what to say.

Tools that trace Flask replace ``Flask.__call__`` by a function of two arguments, and applications
written for it override the method. Such a replacement is called as what it is, a WSGI callable
around the application; see :mod:`.wrapped` for what becomes of it on ASGI.
"""

from __future__ import annotations

import functools
import typing as t
import weakref
from abc import ABCMeta
from collections.abc import Awaitable, Callable

from . import wsgi

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: All applications, by identity since a subclass may compare as it likes.
_alive: weakref.WeakValueDictionary[int, ServerEntry] = weakref.WeakValueDictionary()


class EntryMeta(ABCMeta):
    """Notices what is patched onto application classes.

    It derives from ABCMeta so that applications can have abstract base classes.
    """

    def __init__(cls, name: str, bases: tuple[type, ...], *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(name, bases, *args, **kwargs)
        call = getattr(cls, "__call__")  # noqa: B004, B009 - the class's own, not its metaclass's
        if bases and not _takes_both(call):
            cls.__call__ = call  # type: ignore[method-assign]

    def __setattr__(cls, name: str, value: t.Any) -> None:
        if name == "__call__" and not _takes_both(value):
            value = _for_wsgi(value)
        super().__setattr__(name, value)
        cls._tell_instances()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        cls._tell_instances()

    def _tell_instances(cls) -> None:
        for app in list(_alive.values()):
            # Not isinstance(): ABCMeta sets attributes while a class shares its base's cache.
            if cls in type(app).__mro__:
                app._look_for_replaced()


def _takes_both(call: Callable[..., t.Any]) -> bool:
    return call is own_call or hasattr(call, "__wsgi_only__")


def _for_wsgi(replacement: t.Any) -> Callable[..., t.Any]:
    """Make a ``__call__`` of a replacement that knows of two arguments, so of WSGI alone."""

    @functools.wraps(replacement)
    def __call__(self: t.Any, scope: t.Any, receive: t.Any, send: t.Any = None) -> t.Any:  # noqa: N807
        if send is not None:
            return self.asgi_app(scope, receive, send)
        bind = getattr(type(replacement), "__get__", None)
        call = replacement if bind is None else bind(replacement, self, type(self))
        return call(scope, receive)

    __call__.__wsgi_only__ = True  # type: ignore[attr-defined]
    return __call__


class ServerEntry(metaclass=EntryMeta):
    """What servers call: two arguments mean WSGI, three mean ASGI."""

    _asgi_single_callable = True

    #: ``wsgi_app`` as it was written; anything else in its place is a wrapper to be honoured.
    _own_wsgi_app: t.ClassVar[Callable[..., t.Any]]
    #: The same for ``asgi_app``.
    _own_asgi_app: t.ClassVar[Callable[..., t.Any]]

    #: Whether another WSGI callable stands around this one, see :mod:`.wrapped`.
    _is_wrapped: bool

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        # Weak, so that an application nobody uses any more is freed at once.
        self.__dict__["__call__"] = _asgi_face(weakref.ref(self))
        _alive[id(self)] = self
        self._look_for_replaced()

    def _look_for_replaced(self) -> None:
        """Work out which methods are replaced; called when a class or this object was changed."""
        is_own = type(self).__call__ is own_call and is_own_wsgi_app(self, self.wsgi_app)
        self.__dict__["_is_wrapped"] = not is_own

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> t.Any:
        raise NotImplementedError

    async def asgi_app(self, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        raise NotImplementedError

    def __call__(self, scope: t.Any, receive: t.Any, send: t.Any = None) -> t.Any:
        """Answer a server.

        Args:
            scope: The connection scope (ASGI), or the environ (WSGI).
            receive: The channel to the client's events (ASGI), or ``start_response`` (WSGI).
            send: The channel to the client (ASGI); not given on WSGI.

        Returns:
            On WSGI the iterable of body chunks, on ASGI an awaitable.
        """
        if send is None:
            if self._is_wrapped:
                return self.wsgi_app(scope, receive)
            return wsgi.respond(self, scope, receive)  # type: ignore[arg-type]
        asgi_app = self.asgi_app
        if asgi_app == self._own_asgi_app:  # the same without a coroutine more
            return asgi_side().respond(self, scope, receive, send)
        return asgi_app(scope, receive, send)

    async def __rsgi__(self, scope: t.Any, protocol: t.Any) -> None:
        """Tell a Granian user what to do; RSGI is not one of the two protocols."""
        protocol.response_str(
            500,
            [("content-type", "text/plain; charset=utf-8")],
            "This application speaks ASGI and WSGI, and Granian asked for RSGI, which it prefers"
            " where nothing else is said. Start granian with --interface asgi or --interface"
            " wsgi.\n",
        )


#: What servers call, as long as nothing stands in its place.
own_call = ServerEntry.__call__


@functools.cache
def asgi_side() -> t.Any:
    """Import the ASGI side, with anyio and asgiref, when a server first asks for it."""
    from . import asgi

    return asgi


def is_own_wsgi_app(app: ServerEntry, method: t.Any) -> bool:
    """Tell whether this is the application's method ``wsgi_app`` as it was written."""
    return getattr(method, "__func__", None) is type(app)._own_wsgi_app and method.__self__ is app


def _asgi_face(app: weakref.ref[ServerEntry]) -> Callable[..., Awaitable[None]]:
    async def __call__(scope: t.Any, receive: t.Any, send: t.Any) -> None:  # noqa: N807
        target = app()
        assert target is not None
        await target(scope, receive, send)

    return __call__
