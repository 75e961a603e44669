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

from ..core.late import REST
from ..core.memo import Memo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Where the test client hands over keys of an environ that a scope has no place for.
TEST_ENVIRON = "dualapp.environ"

#: The key of headers that must not be there.
_DROPPED = ""
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
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
    del environ[REST]
    put_rest(environ)
    return environ


def head_of(scope: t.Any) -> WSGIEnvironment:
    """Make what of the environ every request needs: method, path, headers.

    Under :data:`REST` is what puts the rest into it, for :attr:`.late.LateRequest.environ`.
    """
    environ: WSGIEnvironment = {REST: put_rest, "asgi.scope": scope}
    environ["REQUEST_METHOD"] = scope["method"]
    root, path = scope.get("root_path"), scope["path"]
    if not root and path.isascii():
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = "", path
    else:
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = _split_path(scope)
    headers = scope.get("headers") or ()
    _put_headers(environ, headers if type(headers) is list else list(headers))
    if TEST_ENVIRON in scope:
        environ.update(scope[TEST_ENVIRON])
    return environ


def put_rest(environ: WSGIEnvironment) -> None:
    """Put in what is not there yet."""
    scope = environ["asgi.scope"]
    get = scope.get
    query = get("query_string") or b""
    server = get("server")
    rest = _common[
        get("scheme") or "http",
        get("http_version") or "1.1",
        tuple(server) if server else (None, None),
    ].copy()
    rest["QUERY_STRING"] = query.decode("latin-1")
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
        rest["REQUEST_URI"] = rest["RAW_URI"] = _target(raw_path, query)
    if get("state") is not None:
        rest["dualapp.state"] = scope["state"]
    rest.update(environ)
    environ.update(rest)


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


def _target(raw_path: bytes, query: bytes) -> str:
    """Give the request's target as the client wrote it."""
    target = raw_path.decode("latin-1")
    return f"{target}?{query.decode('latin-1')}" if query and "?" not in target else target


def _put_headers(environ: WSGIEnvironment, headers: list[t.Any]) -> None:
    """Put each header in, repeated ones joined.

    A name with an underscore is dropped: it would pass for the name with a dash, which a proxy in
    front may have checked.
    """
    before = len(environ)
    for name, value in headers:
        environ[_keys[name]] = value.decode("latin-1")
    if len(environ) - before < len(headers):
        environ.update(_joined(headers))
    environ.pop(_DROPPED, None)


def _joined(headers: list[t.Any]) -> dict[str, str]:
    all_values: dict[str, list[str]] = {}
    for name, value in headers:
        all_values.setdefault(_keys[name], []).append(value.decode("latin-1"))
    # RFC 9113 section 8.2.3: cookies that HTTP/2 split are joined by a semicolon.
    return {
        key: ("; " if key == "HTTP_COOKIE" else ",").join(values)
        for key, values in all_values.items()
    }


def _key_of(name: bytes) -> str:
    if b"_" in name:
        return _DROPPED
    # Bytes, since "\u00df".upper() is "SS": that would make one name pass for another.
    key = name.upper().replace(b"-", b"_").decode("latin-1")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


_keys = Memo(_key_of)
