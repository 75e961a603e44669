"""The request and the response: Werkzeug's, with what the application knows added to them."""

from __future__ import annotations

import io
import re
import typing as t
from collections.abc import AsyncIterator, Generator
from operator import attrgetter
from urllib.parse import quote

from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
)
from werkzeug.utils import cached_property
from werkzeug.wrappers import Response as ResponseBase
from werkzeug.wsgi import LimitedStream

from . import json
from .core.late import LateRequest
from .globals import _cv_context
from .helpers import _split_blueprint_path

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Authorization, MultiDict
    from werkzeug.routing import Rule

    from .config import Config

# RFC 9110, section 8.6: digits and nothing else. 19 of them count to eight exbibytes; more would
# only reach the length at which int() refuses, and Werkzeug reads a refused length as 0.
_WELL_FORMED_LENGTH = re.compile(r"[0-9]{1,19}", re.ASCII)
# Digits of the length up to which a body is read by one call; one that is a lie costs no memory.
_DIGITS_OF_SHORT = 5


def _config() -> Config | None:
    """Give the configuration of the application at work; None if none is."""
    context = _cv_context.get(None)
    return None if context is None else context.app.config


def _is_debugging() -> bool:
    """Tell whether an application is at work, and in debug mode."""
    context = _cv_context.get(None)
    return context is not None and context.app.debug


def _limit(name: str, meaning: str) -> t.Any:
    """Make the property for one size limit: set on the request, else configured, else Werkzeug's.

    Args:
        name: The attribute; in capitals it is the config key.
        meaning: The docstring of the property.
    """
    own_value, key = f"_{name}", name.upper()

    def read(request: Request) -> int | None:
        value: int | None = getattr(request, own_value)
        if value is None:
            context = _cv_context.get(None)
            if context is None:
                value = getattr(super(Request, request), name)
            else:
                value = context.app.config[key]
        return value

    def write(request: Request, value: int | None) -> None:
        setattr(request, own_value, value)

    return property(read, write, doc=meaning)


class Body:
    """A request's body as async code reads it, with the limits that hold for the stream.

    Args:
        request: The request.
    """

    def __init__(self, request: Request) -> None:
        self._request = request

    def __await__(self) -> Generator[t.Any, t.Any, bytes]:
        return self._read_all().__await__()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        request = self._request
        raw = getattr(request.environ["wsgi.input"], "raw", None)
        arriving = getattr(raw, "body", None)
        if arriving is None or arriving.has_all:
            while chunk := request.stream.read(64 * 1024):
                yield chunk
            return
        request._check_declared_length()
        limit, received = request.max_content_length, 0
        if limit is not None and (request.content_length or 0) > limit:
            raise RequestEntityTooLarge()
        async for chunk in arriving.chunks():
            received += len(chunk)
            if limit is not None and received > limit:
                raise RequestEntityTooLarge()
            yield chunk

    async def _read_all(self) -> bytes:
        return b"".join([chunk async for chunk in self])


def _read(stream: t.IO[bytes], length: int) -> bytes:
    """Read exactly so many bytes; a server may give them in pieces."""
    try:
        data = stream.read(length)
        while len(data) < length:
            more = stream.read(length - len(data))
            if not more:
                raise ClientDisconnected()
            data += more
    except (OSError, ValueError) as error:
        raise ClientDisconnected() from error
    return data


class _StreamUpToLimit(LimitedStream):
    """A stream that ends by itself: exactly at the limit is fine, one byte more is a 413.

    Werkzeug's own stops reading at the limit, so that a longer body passes as a whole one, and
    refuses a body of just that size if it is read piece by piece.
    """

    def on_exhausted(self) -> None:
        if self._stream.read(1):
            raise RequestEntityTooLarge()

    def on_disconnect(self, error: Exception | None = None) -> None:
        if error is not None:
            raise ClientDisconnected() from error

    def readall(self) -> bytes:
        data = super().readall()
        if data and self.is_exhausted:
            self.on_exhausted()
        return data


class Request(LateRequest):
    """One HTTP request, the same class on WSGI and ASGI.

    Everything Werkzeug's request offers is here. Added are the result of routing, size limits that
    follow the configuration, and what only an ASGI server can tell. To use a subclass, assign it to
    ``request_class`` of the application class.
    """

    json_module: t.Any = json
    """What parses JSON bodies: an object with ``loads`` and ``dumps``."""

    url_rule: Rule | None = None
    """The rule that matched; None if none did. Its ``methods`` are what the rule accepts."""

    view_args: dict[str, t.Any] | None = None
    """The variable parts of the URL, converted; None if no rule matched."""

    routing_exception: HTTPException | None = None
    """Why no rule matched: the error (404, 405, a redirect) that answers the request."""

    may_have_files = False
    """Whether there may be something that :meth:`close` has to close."""

    # Whether anything asked for the body, and whether all of it was read at once. On the class,
    # and not looked for in __dict__: an object that was asked for it is slow from then on.
    _is_body_taken = False
    _has_read_body = False

    _max_content_length: int | None = None
    _max_form_memory_size: int | None = None
    _max_form_parts: int | None = None

    max_content_length: int | None = _limit(
        "max_content_length",
        """The number of body bytes after which reading ends with 413 Content Too Large.

        Set it in a view or hook, before the body is read, to give this request a limit of its own;
        None, the default, means the config key MAX_CONTENT_LENGTH, which itself defaults to None,
        no limit. On WSGI a body of unknown length counts as empty unless the server marks its
        input as ended (``wsgi.input_terminated``).
        """,
    )

    max_form_memory_size: int | None = _limit(
        "max_form_memory_size",
        """The bytes that one multipart field may hold in memory; a larger one is answered with 413.

        Files do not count, they go to disk. Set it on a request to differ from the config key
        MAX_FORM_MEMORY_SIZE (500 000).
        """,
    )

    # Werkzeug annotates only its default, but takes None as "no limit" too.
    max_form_parts: int | None = _limit(  # type: ignore[assignment]
        "max_form_parts",
        """The number of multipart fields and files after which a form is answered with 413.

        Set it on a request to differ from the config key MAX_FORM_PARTS (1000).
        """,
    )

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if not vars(cls).keys().isdisjoint(("close", "files", "_load_form_data")):
            cls.may_have_files = True

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the rule that matched; None if none did."""
        rule = self.url_rule
        return None if rule is None else rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """The full dotted name of the blueprint that was matched, as registered.

        None if the endpoint belongs to the application itself, or if nothing matched.
        """
        endpoint = self.endpoint
        if endpoint is None or "." not in endpoint:
            return None
        return endpoint.rpartition(".")[0]

    @property
    def blueprints(self) -> list[str]:
        """The names of the matched blueprint and of those around it, innermost first."""
        name = self.blueprint
        return [] if name is None else _split_blueprint_path(name).copy()

    @property
    def scope(self) -> dict[str, t.Any] | None:
        """The connection scope of the ASGI specification; None if the request came over WSGI."""
        return self._head.get("asgi.scope")

    @cached_property
    def state(self) -> dict[str, t.Any]:
        """What startup hooks left for requests, in a shallow copy that is this request's own.

        A key set here is not seen by other requests, while the objects in it are shared
        (ASGI lifespan specification, "Lifespan State"). On WSGI it works alike.
        """
        context = _cv_context.get(None)
        ours = {} if context is None else context.app.lifespan.state
        return {**ours, **self.environ.get("dualapp.state", {})}

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The parameters of the query. A byte that is not UTF-8 stays percent-encoded in them."""
        self._percent_encode_query()
        return super().args

    @cached_property
    def authorization(self) -> Authorization | None:
        """The Authorization header; None if there is none, or one that cannot be read."""
        try:
            return super().authorization
        except ValueError:  # text that is not ASCII in the place of base64
            return None

    @cached_property
    def full_path(self) -> str:
        """The path with the query."""
        self._percent_encode_query()
        return super().full_path

    def _percent_encode_query(self) -> None:
        """Quote bytes that may not be in a query (RFC 3986, 3.4) as the client should have."""
        if not self.query_string.isascii():
            self.query_string = quote(self.query_string, safe=bytes(range(128))).encode()

    @cached_property
    def stream(self) -> t.IO[bytes]:
        """The body as a binary stream that ends where the body ends. It can be read once.

        Raises:
            BadRequest: The Content-Length is not a number as HTTP defines it (RFC 9110, 8.6).
            RequestEntityTooLarge: The Content-Length exceeds ``max_content_length``. Bodies
                without a length meet the limit while they are read.
            RuntimeError: The request was made with ``shallow=True``.
        """
        self._is_body_taken = True
        if self._has_read_body:
            return io.BytesIO()
        self._check_declared_length()
        if self.environ.get("wsgi.input_terminated") is False:
            # Cheroot says so where Content-Length ends the body; werkzeug asks if the key is there.
            del self.environ["wsgi.input_terminated"]
        limit = self.max_content_length
        if limit is None or self.shallow or "wsgi.input_terminated" not in self.environ:
            return super().stream
        if (self.content_length or 0) > limit:
            raise RequestEntityTooLarge()
        return t.cast("t.IO[bytes]", _StreamUpToLimit(self.environ["wsgi.input"], limit))

    def _check_declared_length(self) -> None:
        length = self.environ.get("CONTENT_LENGTH", "").strip(" \t")
        if length and not _WELL_FORMED_LENGTH.fullmatch(length):
            raise BadRequest("The Content-Length header is not a plain decimal number.")

    @property
    def body(self) -> Body:
        """The body for async code: ``async for chunk in request.body``, ``await request.body``.

        With ``stream=True`` on the view's route the chunks are those that arrive, on the ASGI side
        without a thread. Like :attr:`stream` it can be read once.
        """
        return Body(self)

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> t.Any:
        """Read the body.

        Args:
            cache: Keep it for the next call.
            as_text: Decode it as UTF-8.
            parse_form_data: Parse a form first; the body is empty then, and the form is there.

        Raises:
            ClientDisconnected: The body ends before its declared length (400).
            RequestEntityTooLarge: It is larger than allowed (413).
        """
        if not (self._is_body_taken or parse_form_data):
            data = self._read_at_once(self._known_environ())
            if data is not None:
                if cache:
                    self._cached_data = data
                return data.decode(errors="replace") if as_text else data
        read: t.Any = super().get_data
        return read(cache, as_text, parse_form_data)

    def _read_at_once(self, environ: WSGIEnvironment) -> bytes | None:
        """Read a short body that :attr:`stream` would give just as it is; None for any other.

        Benchmark: ``tests/benchmarks/inprocess.py``, workload "JSON + hooks".
        """
        declared = environ.get("CONTENT_LENGTH", "")
        if not declared.isdecimal() or len(declared) > _DIGITS_OF_SHORT:
            return None
        cls = type(self)
        if cls is not Request and cls.stream is not Request.stream:
            return None
        length, limit = int(declared), self.max_content_length
        if (limit is not None and length > limit) or self.shallow:
            return None
        source: t.Any = environ.get("wsgi.input")
        if "wsgi.input_terminated" not in environ:
            if "HTTP_TRANSFER_ENCODING" in environ:
                return None
            data = _read(source, length)
        elif type(source) is io.BytesIO and limit is None:
            data = source.read()  # as long as it is, whatever was declared
        else:
            return None
        self._is_body_taken = self._has_read_body = True
        return data

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> t.Any:
        """Parse the body as JSON.

        Args:
            force: Parse whatever the Content-Type says.
            silent: Return None where an error would be raised.
            cache: Keep the result for the next call.

        Returns:
            The parsed value.

        Raises:
            UnsupportedMediaType: The Content-Type is not JSON (415).
            BadRequest: The body is not valid JSON, or is nested too deeply to be parsed (400).
        """
        value = self._json_at_once() if cache and not force else None
        if value is not None:
            return value
        try:
            return super().get_json(force, silent, cache)
        except RecursionError:
            if silent:
                return None
            return self.on_json_loading_failed(ValueError("nested too deeply"))

    def _json_at_once(self) -> t.Any:
        """Parse a short body that is plain JSON and was not read yet; None for any other.

        Benchmark: ``tests/benchmarks/inprocess.py``, workload "JSON + hooks".
        """
        environ = self._known_environ()
        if (
            environ.get("CONTENT_TYPE") != "application/json"
            or self._is_body_taken
            or _reading_json(type(self)) != _OWN_READING
        ):
            return None
        data = self._read_at_once(environ)
        if data is None:
            return None
        self._cached_data = data
        try:
            value = self.json_module.loads(data)
        except (ValueError, RecursionError):
            return None  # the ordinary way tells what is wrong with it
        self._cached_json = (value, value)
        return value

    def on_json_loading_failed(self, e: ValueError | None) -> t.Any:
        """Answer JSON that cannot be loaded; what it returns becomes the result of ``get_json``.

        Args:
            e: Why parsing failed; None if the Content-Type is not JSON.

        Raises:
            BadRequest: With the reason in debug mode, without it otherwise.
            UnsupportedMediaType: If ``e`` is None.
        """
        if e is None or _is_debugging():
            return super().on_json_loading_failed(e)
        raise BadRequest() from e

    def _load_form_data(self) -> None:
        """Parse the form; in debug mode make a missing file explain a wrong form encoding."""
        if "form" in self.__dict__:
            return
        self.may_have_files = True
        super()._load_form_data()
        if self.files or self.mimetype == "multipart/form-data" or not _is_debugging():
            return

        from .debughelpers import attach_enctype_error_multidict

        attach_enctype_error_multidict(self)


#: What a subclass may override to read JSON in another way.
_reading_json = attrgetter("get_data", "is_json", "mimetype")
_OWN_READING = _reading_json(Request)


class Response(ResponseBase):
    """One HTTP response, the same class on WSGI and ASGI: Werkzeug's, HTML unless told otherwise.

    Views seldom make one, since ``make_response`` of the application turns into it what they
    return. To use a subclass, assign it to ``response_class`` of the application class.
    """

    default_mimetype: str | None = "text/html"

    json_module: t.Any = json
    """What ``get_json`` parses with."""

    # RFC 9110, section 10.2.2 allows a relative Location, and it survives proxies.
    autocorrect_location_header = False

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """The cookie size in bytes above which a warning is issued: MAX_COOKIE_SIZE (4093)."""
        config = _config()
        return (
            super().max_cookie_size if config is None else t.cast("int", config["MAX_COOKIE_SIZE"])
        )
