"""Functions for views and hooks: responses, URLs, files, flashed messages, streams.

Most of them do what the method of the same name does on the current application, so that code can
use them without having the application at hand.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextvars import copy_context
from datetime import datetime
from functools import wraps

import werkzeug.utils
from werkzeug.exceptions import abort as _wz_abort
from werkzeug.utils import redirect as _wz_redirect
from werkzeug.wrappers import Response as BaseResponse

from .core.calls import call_in_place
from .core.packages import get_root_path as get_root_path
from .core.scaffold import _split_blueprint_path as _split_blueprint_path
from .core.signalling import emit
from .globals import _cv_app, _cv_request, app_ctx, current_app, request, request_ctx, session
from .sides.blocking import finish
from .signals import message_flashed

if t.TYPE_CHECKING:
    from blinker import Signal

    from .wrappers import Response

P = t.ParamSpec("P")
Piece = t.TypeVar("Piece", str, bytes)

_SETTINGS_PREFIXES = ("DUALAPP", "FLASK")


def _environment_flag(name: str) -> bool | None:
    """Read an on-off variable of the environment; None if it is unset or empty."""
    for prefix in _SETTINGS_PREFIXES:
        if value := os.environ.get(f"{prefix}_{name}"):
            return value.lower() not in {"0", "false", "no"}
    return None


def get_debug_flag() -> bool:
    """Tell whether the environment asks for debug mode: DUALAPP_DEBUG, or else FLASK_DEBUG.

    Returns:
        True for anything but 0, false, no and an empty value; False if neither variable is set.
    """
    return bool(_environment_flag("DEBUG"))


def get_load_dotenv(default: bool = True) -> bool:
    """Tell whether .env files are to be loaded: not if DUALAPP_SKIP_DOTENV says to skip them.

    FLASK_SKIP_DOTENV counts if that is unset.

    Args:
        default: The answer if neither variable is set.
    """
    skip = _environment_flag("SKIP_DOTENV")
    return default if skip is None else not skip


def _send(signal: Signal, sender: object, **values: t.Any) -> t.Any:
    """Send a signal from sync code; in ``async def`` code with async receivers, an awaitable."""
    return finish(emit(call_in_place, signal, sender, **values))


class _ContextStream(Iterator[t.Any]):
    """An iterator that is stepped in the request it was made in, wherever more is asked for.

    While the request lasts its own context is there already. Afterwards a copy of it is used and
    nothing is pushed, so that the request still ends exactly once.
    """

    def __init__(self, pieces: Iterator[t.Any]) -> None:
        self._pieces = pieces
        self._current = _cv_request.get()
        self._context = copy_context()

    def __next__(self) -> t.Any:
        try:
            if _cv_request.get(None) is self._current:
                return next(self._pieces)
            return self._context.run(next, self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the wrapped iterator, once, if it can be closed."""
        pieces, self._pieces = self._pieces, iter(())
        if (close := getattr(pieces, "close", None)) is not None:
            self._context.run(close)


class _AsyncStream(AsyncIterator[t.Any]):
    """An async iterator that always has ``aclose``; the side steps it in the request's context."""

    def __init__(self, pieces: AsyncIterator[t.Any]) -> None:
        self._pieces = pieces

    def __anext__(self) -> Awaitable[t.Any]:
        return self._pieces.__anext__()

    async def aclose(self) -> None:
        """Close the wrapped async iterator if it can be closed."""
        if (close := getattr(self._pieces, "aclose", None)) is not None:
            await close()


@t.overload
def stream_with_context(generator_or_function: Iterator[Piece]) -> Iterator[Piece]: ...
@t.overload
def stream_with_context(generator_or_function: AsyncIterator[Piece]) -> AsyncIterator[Piece]: ...
@t.overload
def stream_with_context(
    generator_or_function: Callable[P, Iterator[Piece]],
) -> Callable[P, Iterator[Piece]]: ...
@t.overload
def stream_with_context(
    generator_or_function: Callable[P, AsyncIterator[Piece]],
) -> Callable[P, AsyncIterator[Piece]]: ...
def stream_with_context(generator_or_function: t.Any) -> t.Any:
    """Keep ``request``, ``session`` and ``g`` at hand in a generator that streams the response.

    It wraps a generator, or decorates a generator function, which must then be called in a request:

        @app.get("/count")
        def count():
            @stream_with_context
            def lines():
                for number in range(int(request.args["to"])):
                    yield f"{number}\\n"

            return lines()

    Sync and async generators and iterators serve alike, on both sides. The request's teardown
    happens once, after the stream's end.

    Args:
        generator_or_function: What yields the pieces of text or bytes, or a function that makes it.

    Returns:
        An iterator of the same kind, or the decorated function.

    Raises:
        RuntimeError: No request is being answered where the generator is wrapped.
    """
    if hasattr(generator_or_function, "__aiter__"):
        return _in_this_request(_AsyncStream, aiter(generator_or_function))
    if hasattr(generator_or_function, "__iter__"):
        return _in_this_request(_ContextStream, iter(generator_or_function))

    @wraps(generator_or_function)
    def start(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return stream_with_context(generator_or_function(*args, **kwargs))

    return start


def _in_this_request(wrap: Callable[[t.Any], t.Any], pieces: t.Any) -> t.Any:
    if _cv_request.get(None) is None:
        raise RuntimeError(
            "stream_with_context was used where no request is being answered, so there is nothing"
            " to keep at hand for the generator. Wrap the generator, or call the decorated"
            " function, inside a view or a hook."
        )
    return wrap(pieces)


def make_response(*args: t.Any) -> Response:
    """Make a response from what a view could return, for instance to set a header on it.

    Args:
        args: Nothing for an empty response, one value, or the parts of a tuple: body, status,
            headers.

    Returns:
        A response of the application's ``response_class``.
    """
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: t.Any,
) -> str:
    """Build the URL of an endpoint, as ``url_for`` of the current application does.

    Args:
        endpoint: The endpoint. A leading dot stands for the blueprint of the current request.
        _anchor: What follows ``#``.
        _method: Take the rule for this HTTP method.
        _scheme: The scheme of an external URL.
        _external: Include scheme and host. The default is to do so outside requests only.
        values: The variable parts of the rule; those it has no place for become the query string.

    Raises:
        BuildError: No rule fits (:exc:`werkzeug.routing.BuildError`).
    """
    return current_app.url_for(
        endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
    )


def redirect(
    location: str,
    code: int = 302,
    Response: type[BaseResponse] | None = None,  # noqa: N803
) -> BaseResponse:
    """Make a response that sends the client elsewhere.

    Args:
        location: The URL to go to.
        code: The status, one of 301, 302, 303, 305, 307 and 308.
        Response: The class of the response if no application is at work; one that is uses its own.
    """
    if _cv_app.get(None) is not None:
        return t.cast("BaseResponse", current_app.redirect(location, code=code))
    return _wz_redirect(location, code=code, Response=Response)


def abort(code: int | BaseResponse, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
    """End the work on this request with an HTTP error.

    Args:
        code: The status, or the response to answer with.
        args: For the exception, such as its description.
        kwargs: For the exception.

    Raises:
        HTTPException: The exception of this status.
        LookupError: There is no exception for this status.
    """
    if _cv_app.get(None) is not None:
        current_app.aborter(code, *args, **kwargs)
    _wz_abort(code, *args, **kwargs)


def get_template_attribute(template_name: str, attribute: str) -> t.Any:
    """Give a macro or a variable that a template defines at its top level.

    Args:
        template_name: The template.
        attribute: The name of the macro or variable.
    """
    template = current_app.jinja_env.get_template(template_name)
    return getattr(template.module, attribute)


def flash(message: str, category: str = "message") -> None:
    """Keep a message in the session until a template shows it, in this or a later request.

    In ``async def`` code with async receivers of ``message_flashed`` await the call; otherwise the
    receivers do not run.

    Args:
        message: What to tell the user.
        category: Its kind; "message", "error", "warning" and "info" are usual.
    """
    # Assigned, not appended in place: a session need not notice changes inside its values.
    session["_flashes"] = [*session.get("_flashes", ()), (category, message)]
    return t.cast(None, _send(message_flashed, app_ctx.app, message=message, category=category))


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Take the flashed messages out of the session; the same ones again later in this request.

    Args:
        with_categories: Give pairs of category and message instead of messages alone.
        category_filter: Give messages of these categories only. The others are gone all the same.
    """
    taken = request_ctx.flashes
    if taken is None:
        # pop() would mark a session without messages as modified.
        taken = request_ctx.flashes = session.pop("_flashes") if "_flashes" in session else []
    if category_filter:
        taken = [flashed for flashed in taken if flashed[0] in category_filter]
    return taken if with_categories else [message for _, message in taken]


def _prepare_send_file_kwargs(**kwargs: t.Any) -> dict[str, t.Any]:
    """Add to a file's options what the request and the application decide."""
    if kwargs.get("max_age") is None:
        kwargs["max_age"] = current_app.get_send_file_max_age
    return kwargs | {
        "environ": request.environ,
        "response_class": current_app.response_class,
        "use_x_sendfile": current_app.config["USE_X_SENDFILE"],
        "_root_path": current_app.root_path,
    }


def send_file(
    path_or_file: os.PathLike[t.AnyStr] | str | t.IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Response:
    """Answer with a file.

    Never pass a path that came from a client; ``send_from_directory`` is made for those.

    Args:
        path_or_file: A path, relative ones from the application's root path, or a file opened in
            binary mode and positioned at its start.
        mimetype: The media type. By default it is guessed from the name.
        as_attachment: Ask the browser to save the file instead of showing it.
        download_name: The name to save it under. By default that of the path.
        conditional: Answer conditional and range requests (RFC 9110, sections 13 and 14).
        etag: Send an entity tag made from size and time, or this one, or none.
        last_modified: When the content changed, as a time or in seconds since 1970. By default the
            file's own time.
        max_age: How long the file may be cached, in seconds, or a function that says so for a path.
            By default ``get_send_file_max_age`` of the application decides.

    Raises:
        TypeError: A file was given without ``download_name`` where a name is needed.
        ValueError: The file is open in text mode.
    """
    options = _prepare_send_file_kwargs(
        path_or_file=path_or_file,
        mimetype=mimetype,
        as_attachment=as_attachment,
        download_name=download_name,
        conditional=conditional,
        etag=etag,
        last_modified=last_modified,
        max_age=max_age,
    )
    return t.cast("Response", werkzeug.utils.send_file(**options))


def send_from_directory(
    directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: t.Any
) -> Response:
    """Answer with a file of a folder, safely even if the client chose the path.

    Args:
        directory: The folder, relative ones from the application's root path. Not from a client.
        path: The file, relative to the folder.
        kwargs: Options of ``send_file``.

    Raises:
        NotFound: The path leads out of the folder, or is not a regular file.
    """
    options = _prepare_send_file_kwargs(**kwargs)
    return t.cast("Response", werkzeug.utils.send_from_directory(directory, path, **options))
