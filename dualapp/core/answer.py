"""What goes to the client, made from a Response once and sent by either side.

Both gateways get the same status, headers and body from here, and the rules that hold on both are
kept here: no body for HEAD, 1xx, 204 and 304 (RFC 9110 sections 9.3.2 and 15), no hop-by-hop
header from an application (:pep:`3333`, "Other HTTP Features"), no control character in a header
(RFC 9110 section 5.5).
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from functools import partial
from itertools import chain, islice
from operator import attrgetter

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as BaseResponse

from .headers import (
    HOP_BY_HOP,
    LENGTH,
    LOCATION,
    TYPE,
    HeaderList,
    ResponseHeaders,
    checked_header,
    is_sent_as_it_is,
    kinds,
)
from .memo import Memo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.exceptions import HTTPException

    from ..wrappers import Request

#: Whether a status may be sent.
is_status_line = re.compile(r"[1-9][0-9]{2}( [\t\x20-\x7e\x80-\xff]*)?").fullmatch

#: Codes of answers that never have a body.
_BODYLESS = frozenset({*range(200), 204, 304})


class Answer:
    """A status line, headers and a body, ready for either gateway.

    Attributes:
        status: Code and reason, such as ``200 OK``.
        code: The number alone.
        headers: Names and values, checked.
        body: Chunks of bytes; async for what an async generator makes.
        in_memory: The body is a list, nothing of the application runs while it is sent.
        close: To be called once, when the body was sent or given up; None if nothing needs it.
    """

    __slots__ = ("body", "close", "code", "headers", "in_memory", "status")

    def __init__(
        self,
        status: str,
        code: int,
        headers: HeaderList,
        body: t.Any,
        in_memory: bool,
        close: Callable[[], t.Any] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.headers = headers
        self.body = body
        self.in_memory = in_memory
        self.close = close

    @classmethod
    def checked(
        cls,
        status: str,
        headers: HeaderList,
        body: t.Any,
        in_memory: bool,
        close: Callable[[], t.Any] | None = None,
    ) -> Answer:
        """Make an answer of a status and headers that nobody has looked at yet.

        Raises:
            ValueError: The header or the status holds what must not reach the wire.
        """
        status = _checked_status[status]
        code = int(status[:3])
        return cls(status, code, _checked(headers, has_no_body(code)), body, in_memory, close)

    @classmethod
    def of(cls, response: BaseResponse, request: Request) -> Answer:
        """Make the answer to a request from its response.

        Raises:
            ValueError: A header or the status holds what must not reach the wire.
        """
        try:
            if request.method != "HEAD":
                headers = _headers_as_they_are(response)
                if headers is not None:
                    status = _checked_status[response._status]
                    return cls(status, response._status_code, headers, response.response, True)
            if _is_called(response):
                return cls._of_callable(response, request)
            return cls._of_response(response, request.environ)
        except BaseException:
            response.close()
            raise

    @classmethod
    def plain(cls, error: HTTPException) -> Answer:
        """Make the answer that stands in when the application's own cannot be sent."""
        body = error.get_body().encode()
        headers = [*error.get_headers(), ("Content-Length", str(len(body)))]
        return cls.checked(f"{error.code} {error.name.upper()}", headers, [body], True)

    @classmethod
    def _of_response(cls, response: BaseResponse, environ: WSGIEnvironment) -> Answer:
        """Ask a response what werkzeug would send."""
        status, headers = response.status, response.get_wsgi_headers(environ).to_wsgi_list()
        if _sends_no_body(environ, response.status_code):
            return cls.checked(status, headers, [], True, _closing(response))
        if is_async_body(response):
            chunks = EncodedChunks(t.cast("AsyncIterable[t.Any]", response.response))
            return cls.checked(status, headers, chunks, False, response.close)
        body = response.get_app_iter(environ)
        if response.is_sequence:
            return cls.checked(
                status, headers, [_as_bytes(chunk) for chunk in body], True, _closing(response)
            )
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):  # uWSGI's is a function
            # The server may recognise its own wrapper and send the file without reading it.
            close = response.close if response._on_close else getattr(body, "close", None)
            return cls.checked(status, headers, body, True, close)
        close = getattr(body, "close", None)
        if response.direct_passthrough or close is None:
            close = response.close
        return cls.checked(status, headers, map(_as_bytes, body), False, close)

    @classmethod
    def _of_callable(cls, response: BaseResponse, request: Request) -> Answer:
        """Ask a response whose class is a WSGI callable of its own, as a server would."""
        environ = request.environ
        rule = request.url_rule
        # Where an ASGI server is behind it, there is no connection to be used.
        may_take_over = rule is not None and rule.websocket and "asgi.scope" not in environ
        started: list[t.Any] = []
        written: list[bytes] = []

        def start_response(
            status: str, headers: HeaderList, exc_info: t.Any = None
        ) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return written.append

        try:
            body = response(environ, start_response)
        except StopIteration as stop:
            if not may_take_over:
                raise
            return TakenOver([], stop)
        chunks = iter(body)
        if not started:  # it may start as late as with its first chunk
            written += islice(chunks, 1)
        if may_take_over and not started:
            return TakenOver(body)
        if not started:
            raise RuntimeError(
                f"{type(response).__name__}.__call__ returned without calling start_response, so"
                " there is no status to send. Call it before returning, as PEP 3333 asks."
            )
        status, headers = started
        close = getattr(body, "close", None)
        if _sends_no_body(environ, int(_checked_status[status][:3])):
            return cls.checked(status, headers, [], True, close)
        return cls.checked(status, headers, map(_as_bytes, chain(written, chunks)), False, close)


class TakenOver(Answer):
    """No answer: the application has used the server's connection itself.

    So WebSocket extensions do on WSGI. They tell servers in the way that each of these knows.

    Args:
        given: What the response returned; eventlet knows an object of its own by its identity.
        stop: What it raised to tell the server, if it did.
    """

    __slots__ = ("_given", "_stop")

    def __init__(self, given: Iterable[bytes], stop: StopIteration | None = None) -> None:
        super().__init__("", 0, [], [], False)
        self._given = given
        self._stop = stop

    def hand_back(self) -> Iterable[bytes]:
        """Do to the server what the response did: raise, or return without having started."""
        if self._stop is not None:
            try:
                raise self._stop
            finally:
                self._stop = None  # its traceback holds what holds this
        return self._given


def _is_called(response: BaseResponse) -> bool:
    """Tell whether only calling a response, as WSGI servers do, gives what its class sends."""
    cls = type(response)
    if cls.__call__ is not _CALL:
        return True
    return cls.get_wsgi_response is not _GET_WSGI_RESPONSE and not is_async_body(response)


def has_no_body(code: int) -> bool:
    """Tell whether answers with this status code never have a body."""
    return code in _BODYLESS


def _sends_no_body(environ: WSGIEnvironment, code: int) -> bool:
    return environ["REQUEST_METHOD"] == "HEAD" or has_no_body(code)


def _closing(response: BaseResponse) -> Callable[[], t.Any] | None:
    """Give what is to be called at the end of a response that is not iterated; None if nothing."""
    if is_async_body(response):
        return partial(_close_unsent, response)
    if (
        response._on_close
        or hasattr(response.response, "close")
        or type(response).close is not _CLOSE
    ):
        return response.close
    return None


def closes_nothing(close: Callable[[], t.Any]) -> bool:
    """Tell whether this is how werkzeug closes a response, and there is nothing to close."""
    if getattr(close, "__func__", None) is not _CLOSE:
        return False
    response: BaseResponse = close.__self__  # type: ignore[attr-defined]
    return not (response._on_close or hasattr(response.response, "close"))


def _close_unsent(response: BaseResponse) -> Awaitable[None]:
    response.close()
    return EncodedChunks(t.cast("AsyncIterable[t.Any]", response.response)).aclose()


def is_async_body(response: BaseResponse) -> bool:
    """Tell whether the body is an async iterable, such as an async generator."""
    return hasattr(type(response.response), "__aiter__")


class EncodedChunks:
    """The chunks of an async body, text encoded; closes what it iterates."""

    def __init__(self, chunks: AsyncIterable[t.Any]) -> None:
        self._chunks = chunks.__aiter__()
        self._is_closed = False

    def __aiter__(self) -> EncodedChunks:
        return self

    async def __anext__(self) -> bytes:
        return _as_bytes(await self._chunks.__anext__())

    async def aclose(self) -> None:
        """Close the generator, or whatever else can be closed, once."""
        aclose = getattr(self._chunks, "aclose", None)
        if aclose is not None and not self._is_closed:
            self._is_closed = True
            await aclose()


def _as_bytes(chunk: t.Any) -> bytes:
    """Give a chunk of a body as servers want it: bytes, and no subclass of them."""
    if type(chunk) is bytes:
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    try:
        return memoryview(chunk).tobytes()
    except TypeError:
        raise TypeError(
            f"The response's body gave {chunk!r}, of type {type(chunk).__name__}, where only text"
            " and bytes can be sent. Convert it in the generator, with str() for example."
        ) from None


def _headers_as_they_are(response: BaseResponse) -> HeaderList | None:
    """Give the checked headers of a response that werkzeug would send just as it is, else None.

    That is: bytes in memory with their length, no location to be made absolute, nobody waiting for
    the end, and no method of werkzeug's overridden. Benchmark: ``tests/benchmarks/inprocess.py``.
    """
    body, headers = response.response, response.headers
    if (
        type(body) is not list
        or len(body) != 1
        or type(body[0]) is not bytes
        or response._on_close
        or response._status_code in _BODYLESS
        or sending_methods(type(response)) != WERKZEUGS_SENDING
    ):
        return None
    if type(headers) is ResponseHeaders:
        if headers._list == headers.clean:
            return headers.clean.copy()
        return _headers_with_length(headers._list, headers.clean)
    return _headers_with_length(headers._list, []) if type(headers) is Headers else None


def _headers_with_length(pairs: HeaderList, clean: HeaderList) -> HeaderList | None:
    """Check headers; None if they do without a length, or have what is to be made absolute.

    Args:
        pairs: The headers.
        clean: Some that were checked, a length among them. They count if these begin with them.
    """
    has_length = bool(clean) and pairs[: len(clean)] == clean
    checked = clean.copy() if has_length else []
    for pair in pairs[len(checked) :]:
        name, value = pair
        if is_sent_as_it_is(name, value):
            checked.append(pair)
            continue
        kind = kinds[name]
        if kind == LOCATION:
            return None
        if kind != HOP_BY_HOP:
            has_length = has_length or kind == LENGTH
            checked.append(checked_header(name, value))
    return checked if has_length else None


#: What of a response's class decides on what a server gets; asked each time, since a class may be
#: patched.
SENDING = (
    "__call__",
    "close",
    "get_app_iter",
    "get_wsgi_headers",
    "get_wsgi_response",
    "iter_encoded",
    "status",
)
sending_methods = attrgetter(*SENDING)
WERKZEUGS_SENDING = sending_methods(BaseResponse)
_CALL = BaseResponse.__call__
_CLOSE = BaseResponse.close
_GET_WSGI_RESPONSE = BaseResponse.get_wsgi_response


def _check_status(status: str) -> str:
    if not is_status_line(status):
        raise ValueError(
            f"The status {status!r} cannot be sent: it must be a number of three digits and a"
            " reason phrase in Latin-1 without control characters, which would let whoever chose"
            " the text write headers of their own. Return a plain number as the status."
        )
    return status if type(status) is str else str.__str__(status)


_checked_status = Memo(_check_status)


def _checked(headers: HeaderList, bodyless: bool) -> HeaderList:
    """Give the headers that may be sent, as the exact types that :pep:`3333` asks for."""
    checked = []
    for name, value in headers:
        kind = kinds[name]
        if kind != HOP_BY_HOP and not (bodyless and kind in (TYPE, LENGTH)):
            checked.append(checked_header(name, value))
    return checked
