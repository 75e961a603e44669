"""What a view may return, and the Response that becomes of it."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ..globals import _cv_context
from .answer import SENDING, WERKZEUGS_SENDING, Answer, has_no_body, is_status_line, sending_methods
from .headers import headers_of_body
from .memo import Memo

if t.TYPE_CHECKING:
    from ..wrappers import Request, Response
    from .application import Application

#: Bodies that the response class takes as they are; whatever is iterated is streamed.
_BODIES = (str, bytes, bytearray, Iterator, AsyncIterable)

_ACCEPTED = (
    "a string, bytes, a dict or list (sent as JSON), a response, an iterator or a generator, sync"
    " or async (sent as it is made), a WSGI callable, or a tuple of one of these with a status"
    " and headers"
)


def make_response(app: Application, request: Request, result: t.Any) -> Response:
    """Turn what a view or a hook returned into a response of the application's class.

    Args:
        app: The application whose response class and JSON provider are used.
        request: The request being answered.
        result: The value, or a tuple ``(value, status)``, ``(value, headers)`` or
            ``(value, status, headers)``.

    Raises:
        TypeError: The value cannot be made a response; the message names the view.
    """
    cls: t.Any = app.response_class
    kind = type(result)
    if kind is str:
        return response_of(cls, result)
    if kind is dict or kind is list:
        return app.json.response(result)
    value, status, headers = _unpack(request, result)
    response: Response
    if isinstance(value, cls):
        response = value
    elif value is None:
        raise TypeError(
            f"{_name_of_view(app, request)} returned None: it has no return statement, or one"
            f" without a value, so there is nothing to answer with. Return {_ACCEPTED}."
        )
    elif isinstance(value, _BODIES):
        # Given to the class, status and headers decide on the content type too.
        response = cls(value, status=status, headers=headers)
        status = headers = None
    elif isinstance(value, dict | list):
        response = app.json.response(value)
    else:
        response = _forced(app, request, value)
    if status is not None:
        if isinstance(status, str):
            response.status = status
        else:
            response.status_code = status
    if headers:
        response.headers.update(headers)
    return response


def _unpack(request: Request, result: t.Any) -> tuple[t.Any, t.Any, t.Any]:
    """Take a returned tuple apart: value, status or None, headers or None."""
    if not isinstance(result, tuple):
        return result, None, None
    if len(result) == 3:
        return result
    if len(result) == 2:
        value, extra = result
        if isinstance(extra, Headers | Mapping | tuple | list):
            return value, None, extra
        return value, extra, None
    raise TypeError(
        f"The view of {request.endpoint!r} returned a tuple of length {len(result)}, which cannot"
        " be read as a response. The tuple must have the form (body, status), (body, headers)"
        " or (body, status, headers)."
    )


def _forced(app: Application, request: Request, value: t.Any) -> Response:
    """Let the response class make what it can of another response or of a WSGI callable."""
    if isinstance(value, HTTPException):
        # Called as WSGI, as any other callable, it would come back as a stream.
        value = value.get_response(request.environ)
    elif not (isinstance(value, BaseResponse) or callable(value)):
        raise TypeError(
            f"{_name_of_view(app, request)} did not return a valid response; it was a"
            f" {type(value).__name__}. Return {_ACCEPTED}."
        )
    try:
        return t.cast("Response", app.response_class.force_type(value, request.environ))
    except TypeError as error:
        raise TypeError(
            f"{error}\n{_name_of_view(app, request)} did not return a valid response; it was a"
            f" {type(value).__name__}, called as a WSGI application. Return {_ACCEPTED}."
        ).with_traceback(error.__traceback__) from None


def _name_of_view(app: Application, request: Request) -> str:
    view = app.view_functions.get(request.endpoint or "")
    if view is None:
        return f"The function that answered for {request.endpoint!r}"
    name = f"{view.__module__}.{getattr(view, '__qualname__', view)}"
    return f"The view function {name!r} of the endpoint {request.endpoint!r}"


def response_of(cls: t.Any, text: str, mimetype: str | None = None) -> Response:
    """Do what ``cls(text, mimetype=mimetype)`` does, by copying a response made before.

    Benchmark: ``tests/benchmarks/inprocess.py``, workload "hello".
    """
    template = _template_of(cls, mimetype)
    if template is None:
        response: Response = cls(text, mimetype=mimetype)
        return response
    body = text.encode()
    # One by one, since an object whose __dict__ was asked for is slow from then on.
    response = cls.__new__(cls)
    response.headers = headers_of_body(template.content_type, ("Content-Length", str(len(body))))
    response._status = template.status
    response._status_code = template.code
    response.direct_passthrough = False
    response._on_close = []
    response.response = [body]
    return response


@dataclass(slots=True)
class Template:
    """What responses of one class, made in the same way, have in common.

    Attributes:
        cls: The class.
        ways: What of it decided on that, when this was made.
    """

    cls: type[Response]
    status: str
    code: int
    content_type: tuple[str, str]
    ways: tuple[t.Any, ...]


def template_of_answers(cls: type[Response]) -> Template | None:
    """Give what ``Answer.of(cls(text))`` has in common for all texts; None if only that can tell.

    Args:
        cls: The application's response class.
    """
    ways = _ways_of_making_and_sending(cls)
    is_sent_as_it_is = sending_methods(cls) == WERKZEUGS_SENDING
    return _made_template(cls, None, ways) if is_sent_as_it_is else None


def answer_of_text(template: Template, text: str) -> Answer | None:
    """Make what ``Answer.of(cls(text))`` is, without the response; None if only that can tell.

    Benchmark: ``tests/benchmarks/inprocess.py``, workload "hello".
    """
    if _ways_of_making_and_sending(template.cls) != template.ways:  # patched since
        return None
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return None
    headers = [template.content_type, ("Content-Length", str(len(body)))]
    return Answer(template.status, template.code, headers, [body], True)


def _template_of(cls: type[Response], mimetype: str | None) -> Template | None:
    """Give what such responses have in common; None if the class makes them in a way of its own."""
    template, ways = _templates[cls, mimetype]
    if ways != _ways_of_making(cls):  # patched since
        _templates.pop((cls, mimetype), None)
        template, _ = _templates[cls, mimetype]
    return template


_making_methods = attrgetter("__init__", "set_data")
_WERKZEUGS_MAKING = _making_methods(BaseResponse)
_MAKING = ("__init__", "set_data", "default_mimetype", "default_status")
_ways_of_making = attrgetter(*_MAKING)
_ways_of_making_and_sending = attrgetter(*_MAKING, *SENDING)
_FIELDS = {"headers", "_status", "_status_code", "direct_passthrough", "_on_close", "response"}


def _look_at(key: tuple[type[Response], str | None]) -> tuple[Template | None, tuple[t.Any, ...]]:
    cls, mimetype = key
    ways = _ways_of_making(cls)  # before the rest, so that what another thread patches is seen
    return _made_template(cls, mimetype, ways), ways


_templates = Memo(_look_at, limit=64)


def _made_template(
    cls: type[Response], mimetype: str | None, ways: tuple[t.Any, ...]
) -> Template | None:
    if _making_methods(cls) != _WERKZEUGS_MAKING:
        return None
    made = cls("", mimetype=mimetype)
    names = [name for name, _ in made.headers]
    if (
        vars(made).keys() != _FIELDS
        or names != ["Content-Type", "Content-Length"]
        or has_no_body(made._status_code)
        or not is_status_line(made._status)
    ):
        return None
    return Template(cls, made._status, made._status_code, made.headers._list[0], ways)


def current_request() -> Request:
    """Give the request of the current context, which must have one."""
    ctx = _cv_context.get().request_context
    assert ctx is not None
    return ctx.request
