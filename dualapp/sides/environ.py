"""From an ASGI scope to a WSGI environ, once per request.

One Request class serves both sides, and it reads an environ (:pep:`3333`). The keys follow the
"WSGI compatibility" section of the ASGI HTTP specification.
"""

from __future__ import annotations

import io
import sys
import typing as t
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from ..core.late import HEADER_KEYS, REST
from ..core.memo import Memo
from .headers import EarlyHeaders, translated

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Where the test client hands over keys of an environ that a scope has no place for.
TEST_ENVIRON = "dualapp.environ"

#: What can be gone through twice, as other iterables may not.
_SEQUENCES = (list, tuple)
_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


class LargeBlockFile(FileWrapper):
    """A file as a response body, read in blocks that are worth a hop to a worker thread."""

    def __init__(self, file: t.IO[bytes], buffer_size: int = 8192) -> None:
        super().__init__(file, max(buffer_size, 256 * 1024))


def environ_of(scope: t.Any) -> WSGIEnvironment:
    """Make the environ of an HTTP scope; the scope stays as it is.

    ``wsgi.input`` is empty; whoever receives the body puts it there.

    Args:
        scope: An HTTP connection scope (ASGI 3). Only "type", "method" and "path" must be there;
            all others may be missing or None.
    """
    environ = head_of(scope)
    environ.pop(REST).put(environ)
    return environ


def head_of(scope: t.Any) -> WSGIEnvironment:
    """Make what of the environ every request needs: method, path, and the first headers.

    Under :data:`REST` is how to get at the rest, for :class:`.late.LateRequest`.
    """
    rest = ScopeRest.latest
    environ: WSGIEnvironment = {REST: rest, "asgi.scope": scope}
    environ["REQUEST_METHOD"] = scope["method"]
    root, path = scope.get("root_path"), scope["path"]
    if not root and path.isascii():
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = "", path
    else:
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = _split_path(scope)
    headers = scope.get("headers")
    if type(headers) in _SEQUENCES:
        rest.early.put(environ, headers)
    elif headers:
        environ.update(translated(list(headers)))
    if TEST_ENVIRON in scope:
        environ.update(scope[TEST_ENVIRON])
    return environ


class ScopeRest:
    """What the head of an environ lacks; a :class:`.late.Rest`.

    Attributes:
        latest: What heads are made with now.
        early: The headers that a head has, if they were sent.
    """

    latest: t.ClassVar[ScopeRest]

    def __init__(self, early: EarlyHeaders) -> None:
        self.early = early

    def put(self, environ: WSGIEnvironment) -> None:
        """Put it in; what is there stays as it is."""
        scope = environ["asgi.scope"]
        get = scope.get
        rest = _common_of(scope).copy()
        headers = get("headers")
        if type(headers) in _SEQUENCES:  # others are there already
            rest[HEADER_KEYS] = by_key = translated(headers)
            rest.update(by_key)
        rest["QUERY_STRING"] = _query_of(scope)
        rest["wsgi.input"] = io.BytesIO()
        rest["wsgi.errors"] = sys.stderr
        client = get("client")
        if client:
            address, port = client
            rest["REMOTE_ADDR"] = address
            if port is not None:
                rest["REMOTE_PORT"] = str(port)
        raw_path = get("raw_path")
        if raw_path:
            rest["REQUEST_URI"] = rest["RAW_URI"] = _target(raw_path, rest["QUERY_STRING"])
        if get("state") is not None:
            rest["dualapp.state"] = scope["state"]
        rest.update(environ)
        environ.update(rest)

    def get(self, environ: WSGIEnvironment, key: str) -> t.Any:
        """Give the value of one key that is no header's; None if there is none."""
        scope = environ["asgi.scope"]
        if key == "QUERY_STRING":
            return _query_of(scope)
        if key == "REMOTE_ADDR":
            client = scope.get("client")
            return client[0] if client else None
        return _common_of(scope).get(key)

    def may_have(self, header_key: str) -> bool:
        """Tell whether a header may be here; the heads from now on have it."""
        if header_key in self.early.keys:
            return False
        ScopeRest.latest = ScopeRest(ScopeRest.latest.early.and_one_more(header_key))
        return True


ScopeRest.latest = ScopeRest(EarlyHeaders())


def _query_of(scope: t.Any) -> str:
    query: bytes = scope.get("query_string") or b""
    return query.decode("latin-1")


def _common_of(scope: t.Any) -> WSGIEnvironment:
    server = scope.get("server")
    return _common[
        scope.get("scheme") or "http",
        scope.get("http_version") or "1.1",
        tuple(server) if server else (None, None),
    ]


def _of_server(key: tuple[str, str, tuple[str | None, int | None]]) -> WSGIEnvironment:
    """Give what all requests have in common that came by one scheme and version to one address."""
    scheme, version, (host, port) = key
    return {
        "SERVER_NAME": host or "localhost",
        # A unix socket has a path and no port.
        "SERVER_PORT": _DEFAULT_PORTS.get(scheme, "80") if port is None else str(port),
        "SERVER_PROTOCOL": f"HTTP/{version}",
        "wsgi.url_scheme": scheme,
        "wsgi.version": (1, 0),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": LargeBlockFile,
    }


_common = Memo(_of_server)


def _split_path(scope: t.Any) -> tuple[str, str]:
    """Split the path at the root path; both as :pep:`3333` writes bytes in a str.

    The specification's path includes the root path; servers differ, so a path that does not begin
    with it, at a slash, is taken to be below it.
    """
    root = (scope.get("root_path") or "").rstrip("/")
    path: str = scope["path"]
    raw = scope.get("raw_path") or b""
    if not root or not path.startswith(root) or path[len(root) : len(root) + 1] not in ("", "/"):
        return _as_wsgi(root), _sent_path(path, raw)
    below = path[len(root) :]
    whole, root = _sent_path(path, raw), _as_wsgi(root)
    if whole != _as_wsgi(path) and whole.startswith(root):
        return root, whole[len(root) :]
    return root, _sent_path(below, raw)


def _sent_path(path: str, raw: bytes) -> str:
    """Give a path as the client sent it; bytes that are no UTF-8 are in the raw path alone."""
    if "\ufffd" in path:
        sent = unquote_to_bytes(raw)
        if sent.decode("utf-8", "replace") == path:
            return sent.decode("latin-1")
    return _as_wsgi(path)


def _as_wsgi(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _target(raw_path: bytes, query: str) -> str:
    """Give the request's target as the client wrote it."""
    target = raw_path.decode("latin-1")
    return f"{target}?{query}" if query and "?" not in target else target
