"""Werkzeug's request with nothing worked out before it is asked for.

A request has a dozen fields and a view reads two of them. Each is found in the environ when first
read, and is an ordinary attribute from then on. Benchmark: ``tests/benchmarks/inprocess.py``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request as RequestBase

from .memo import Memo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


#: The key in a part of an environ of what puts the rest into it.
REST = "dualapp.rest"


class Late:
    """An attribute whose value is worked out from the environ at the first look.

    Not a data descriptor: what is in the instance's ``__dict__`` is found without it.

    Args:
        work_out: Gives the value, from the environ.
        of_head: That needs no more than :attr:`LateRequest._head`.
    """

    def __init__(self, work_out: Callable[[WSGIEnvironment], t.Any], of_head: bool = False) -> None:
        self._work_out = work_out
        self._of_head = of_head

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: LateRequest | None, owner: type) -> t.Any:
        if request is None:
            return self
        value = self._work_out(request._head if self._of_head else request.environ)
        setattr(request, self._name, value)
        return value


def _late(work_out: Callable[[WSGIEnvironment], t.Any], of_head: bool = False) -> t.Any:
    return Late(work_out, of_head)


def _whole(head: WSGIEnvironment) -> WSGIEnvironment:
    put_rest = head.get(REST)
    if put_rest is not None:
        put_rest(head)
        head.pop(REST, None)  # after it, so that no other thread takes a part for the whole
    return head


def _server(environ: WSGIEnvironment) -> tuple[str, int | None] | None:
    name = environ.get("SERVER_NAME")
    if name is None:
        return None
    try:
        return name, int(environ["SERVER_PORT"])
    except (KeyError, TypeError, ValueError):
        return name, None


def _root_path(environ: WSGIEnvironment) -> str:
    return _as_text(environ.get("SCRIPT_NAME") or "").rstrip("/")


def _as_text(written: str) -> str:
    """Read what :pep:`3333` writes as Latin-1: UTF-8, as far as it is."""
    return written if written.isascii() else written.encode("latin-1").decode(errors="replace")


class RequestHeaders(EnvironHeaders):
    """Werkzeug's, with names that were asked for before not translated anew."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        # Werkzeug's own would make a list of no headers by way of two more constructors.
        self._list = []
        self.environ = environ

    def __iter__(self) -> Iterator[tuple[str, str]]:
        _whole(self.environ)  # it must not grow while it is gone through
        return super().__iter__()

    def _get_key(self, key: str) -> str:
        if type(key) is not str:
            return super()._get_key(key)
        value: str = self.environ[_environ_keys[key]]
        return value


def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


_environ_keys = Memo(_environ_key)


class LateRequest(RequestBase):
    """A request as werkzeug makes it, later.

    Args:
        environ: The request as :pep:`3333` has it.
        populate_request: Put the request into the environ, as ``werkzeug.request``.
        shallow: Refuse to read the body.
    """

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        # Werkzeug's own would work out all that stands below. These every request needs.
        self._head = environ
        if REST not in environ:
            self.environ = environ
        self.method: str = _methods[environ.get("REQUEST_METHOD", "GET")]
        path = environ.get("PATH_INFO") or ""
        is_plain = path.isascii() and path[:1] == "/" and path[1:2] != "/"
        self.path: str = path if is_plain else "/" + _as_text(path).lstrip("/")
        if shallow:
            self.shallow = True
        elif populate_request:
            environ["werkzeug.request"] = self

    shallow = False

    environ: WSGIEnvironment = _late(_whole, of_head=True)
    """The request as :pep:`3333` has it; on ASGI too, where most of it is made when asked for."""

    #: What of the environ is there already: at least method, path and headers.
    _head: WSGIEnvironment

    scheme: str = _late(lambda environ: environ.get("wsgi.url_scheme", "http"))
    """The scheme, such as ``https``."""

    server: tuple[str, int | None] | None = _late(_server)
    """The server's name and port; ``(path, None)`` for a unix socket, None if not known."""

    root_path: str = _late(_root_path)
    """The path that the application is mounted at, without a slash at its end."""

    query_string: bytes = _late(lambda environ: environ.get("QUERY_STRING", "").encode("latin-1"))
    """What comes behind the question mark, not decoded; see :attr:`args`."""

    headers: EnvironHeaders = _late(RequestHeaders, of_head=True)
    """The headers."""

    remote_addr: str | None = _late(lambda environ: environ.get("REMOTE_ADDR"))
    """The address of the client."""

    @property
    def mimetype(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return _mimetypes[self._known_environ().get("CONTENT_TYPE") or ""]

    def _known_environ(self) -> WSGIEnvironment:
        """Give the head as long as there is no more, or else what the environ is now."""
        return self._head if REST in self._head else self.environ


_methods: Memo[str, str] = Memo(str.upper, 64)
_mimetypes: Memo[str, str] = Memo(lambda header: parse_options_header(header)[0].lower(), 64)
