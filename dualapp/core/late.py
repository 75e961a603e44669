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


#: The key in a part of an environ of its :class:`Rest`.
REST = "dualapp.rest"
#: The key of what has the keys of the headers as they came, where the environ has another order.
HEADER_KEYS = "dualapp.header_keys"


class Rest(t.Protocol):
    """How to get at what a part of an environ lacks."""

    def put(self, environ: WSGIEnvironment) -> None:
        """Put all of it in."""

    def get(self, environ: WSGIEnvironment, key: str) -> t.Any:
        """Give the value of one key that is no header's; None if there is none."""

    def may_have(self, header_key: str) -> bool:
        """Tell whether the header of this key may be what the part lacks."""


class Late:
    """An attribute whose value is worked out from the environ at the first look.

    Not a data descriptor: what is in the instance's ``__dict__`` is found without it.

    Args:
        work_out: Gives the value, from what there is of the environ.
        of_head: That is :attr:`LateRequest._head`, also where the environ was replaced since.
    """

    def __init__(self, work_out: Callable[[WSGIEnvironment], t.Any], of_head: bool = False) -> None:
        self._work_out = work_out
        self._of_head = of_head

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: LateRequest | None, owner: type) -> t.Any:
        if request is None:
            return self
        head = request._head
        value = self._work_out(head if self._of_head or REST in head else request.environ)
        setattr(request, self._name, value)
        return value


class LatePath:
    """``request.path``, as a :class:`Late`: of what the request was matched by, if it was.

    What is in the environ may change: a view that hands the request on to another WSGI application
    shifts the path in there.
    """

    def __get__(self, request: LateRequest | None, owner: type) -> t.Any:
        if request is None:
            return self
        sent = request._path_info
        request.path = path_of(request._head.get("PATH_INFO") if sent is None else sent)
        return request.path


def _late(work_out: Callable[[WSGIEnvironment], t.Any], of_head: bool = False) -> t.Any:
    return Late(work_out, of_head)


def _whole(head: WSGIEnvironment) -> WSGIEnvironment:
    rest: Rest | None = head.get(REST)
    if rest is not None:
        rest.put(head)
        head.pop(REST, None)  # after it, so that no other thread takes a part for the whole
    return head


def _peek(head: WSGIEnvironment, key: str, default: t.Any = None) -> t.Any:
    """Get a value that is no header's, without making the rest of the environ."""
    rest: Rest | None = head.get(REST)  # first, since another thread may put it in meanwhile
    if rest is None or key in head:
        return head.get(key, default)
    return rest.get(head, key)


def _server(head: WSGIEnvironment) -> tuple[str, int | None] | None:
    name = _peek(head, "SERVER_NAME")
    if name is None:
        return None
    try:
        return name, int(_peek(head, "SERVER_PORT"))
    except (TypeError, ValueError):
        return name, None


def _root_path(head: WSGIEnvironment) -> str:
    return _as_text(head.get("SCRIPT_NAME") or "").rstrip("/")


def path_of(path_info: str | None) -> str:
    """Read the ``PATH_INFO`` of an environ: the path with one slash in front, not quoted."""
    return "/" + _as_text(path_info or "").lstrip("/")


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
        environ = _whole(self.environ)  # it must not grow while it is gone through
        keys = environ.get(HEADER_KEYS)
        if keys is None:
            return super().__iter__()
        in_order = {key: environ[key] for key in (*keys, *environ) if key in environ}
        return EnvironHeaders(in_order).__iter__()

    def _get_key(self, key: str) -> str:
        if type(key) is not str:
            return super()._get_key(key)
        environ, environ_key = self.environ, _environ_keys[key]
        if environ_key not in environ:
            rest: Rest | None = environ.get(REST)
            if rest is not None and rest.may_have(environ_key):
                _whole(environ)
        value: str = environ[environ_key]
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
        # Werkzeug's own would work out all that stands below.
        self._head = environ
        if REST not in environ:
            self.environ = environ
        self.method: str = upper_methods[environ.get("REQUEST_METHOD", "GET")]
        if shallow:
            self.shallow = True
        elif populate_request:
            environ["werkzeug.request"] = self

    shallow = False

    environ: WSGIEnvironment = _late(_whole, of_head=True)
    """The request as :pep:`3333` has it; on ASGI too, where most of it is made when asked for."""

    #: What of the environ is there already: at least method, path, cookies, host,
    #: and what tells of the body.
    _head: WSGIEnvironment

    scheme: str = _late(lambda head: _peek(head, "wsgi.url_scheme", "http"))
    """The scheme, such as ``https``."""

    server: tuple[str, int | None] | None = _late(_server)
    """The server's name and port; ``(path, None)`` for a unix socket, None if not known."""

    #: The path that the request was matched by, as the environ had it then.
    _path_info: str | None = None

    path: str = t.cast("t.Any", LatePath())
    """The path below the one that the application is mounted at, not quoted."""

    root_path: str = _late(_root_path)
    """The path that the application is mounted at, without a slash at its end."""

    query_string: bytes = _late(lambda head: _peek(head, "QUERY_STRING", "").encode("latin-1"))
    """What comes behind the question mark, not decoded; see :attr:`args`."""

    headers: EnvironHeaders = _late(RequestHeaders, of_head=True)
    """The headers."""

    remote_addr: str | None = _late(lambda head: _peek(head, "REMOTE_ADDR"))
    """The address of the client."""

    @property
    def mimetype(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return _mimetypes[self._known_environ().get("CONTENT_TYPE") or ""]

    def _known_environ(self) -> WSGIEnvironment:
        """Give the head as long as there is no more, or else what the environ is now."""
        return self._head if REST in self._head else self.environ


upper_methods: Memo[str, str] = Memo(str.upper, 64)
_mimetypes: Memo[str, str] = Memo(lambda header: parse_options_header(header)[0].lower(), 64)
