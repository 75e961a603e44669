"""Names for the types that users of the API annotate with.

Every callable may be ``async def``, so each alias that names one has both forms.
"""

from __future__ import annotations

import typing as t
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)

from werkzeug.datastructures import Headers
from werkzeug.sansio.response import Response

# The two protocols.

#: PEP 3333's environ.
Environ = dict[str, t.Any]
#: PEP 3333's ``start_response(status, headers, exc_info=None)``.
StartResponse = Callable[..., Callable[[bytes], object]]
#: A WSGI application (PEP 3333).
WSGICallable = Callable[[Environ, StartResponse], Iterable[bytes]]

#: The ASGI specification's scope.
Scope = MutableMapping[str, t.Any]
#: One ASGI event, either way.
Message = MutableMapping[str, t.Any]
#: Waits for the next event from the client.
Receive = Callable[[], Awaitable[Message]]
#: Sends an event to the client.
Send = Callable[[Message], Awaitable[None]]
#: An ASGI 3 application.
ASGICallable = Callable[[Scope, Receive, Send], Awaitable[None]]

# What a view may return.

#: The body: a response, or what one can be made of. Iterators are streamed on either side. It is a
#: mapping and not only a dict, for the sake of TypedDict.
ResponseValue = (
    Response
    | str
    | bytes
    | list[t.Any]
    | Mapping[str, t.Any]
    | Iterator[str]
    | Iterator[bytes]
    | AsyncIterable[str]
    | AsyncIterable[bytes]
)

#: One header's value, or several for a header that is repeated.
HeaderValue = str | list[str] | tuple[str, ...]

#: Headers, as a mapping or as pairs.
HeadersValue = Headers | Mapping[str, HeaderValue] | Sequence[tuple[str, HeaderValue]]

#: All that a view may return: a body, or a tuple of it with status and headers, or the whole
#: answer as a WSGI application.
ResponseReturnValue = (
    ResponseValue
    | tuple[ResponseValue, int]
    | tuple[ResponseValue, HeadersValue]
    | tuple[ResponseValue, int, HeadersValue]
    | WSGICallable
)

#: Any response class; what ``after_request`` functions take and give back.
ResponseClass = t.TypeVar("ResponseClass", bound=Response)

#: The name of a blueprint, or None for the application.
AppOrBlueprintKey = str | None

# What is registered with an application or a blueprint.

AfterRequestCallable = (
    Callable[[ResponseClass], ResponseClass] | Callable[[ResponseClass], Awaitable[ResponseClass]]
)
BeforeFirstRequestCallable = Callable[[], None] | Callable[[], Awaitable[None]]
BeforeRequestCallable = (
    Callable[[], ResponseReturnValue | None] | Callable[[], Awaitable[ResponseReturnValue | None]]
)
ShellContextProcessorCallable = Callable[[], dict[str, t.Any]]
TeardownCallable = (
    Callable[[BaseException | None], None] | Callable[[BaseException | None], Awaitable[None]]
)
TemplateContextProcessorCallable = (
    Callable[[], dict[str, t.Any]] | Callable[[], Awaitable[dict[str, t.Any]]]
)
TemplateFilterCallable = Callable[..., t.Any]
TemplateGlobalCallable = Callable[..., t.Any]
TemplateTestCallable = Callable[..., bool]
URLDefaultCallable = (
    Callable[[str, dict[str, t.Any]], None] | Callable[[str, dict[str, t.Any]], Awaitable[None]]
)
URLValuePreprocessorCallable = (
    Callable[[str | None, dict[str, t.Any] | None], None]
    | Callable[[str | None, dict[str, t.Any] | None], Awaitable[None]]
)

# The exception is Any: a handler for one class of exceptions takes that class, and to a type
# checker a function that takes less is no function that takes every exception.
ErrorHandlerCallable = (
    Callable[[t.Any], ResponseReturnValue] | Callable[[t.Any], Awaitable[ResponseReturnValue]]
)

RouteCallable = Callable[..., ResponseReturnValue] | Callable[..., Awaitable[ResponseReturnValue]]
