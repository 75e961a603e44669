"""Errors and log lines that explain a mistake while an application is being written.

All of it works in debug mode only: the checks cost time, and the texts name what is inside.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from jinja2 import BaseLoader
from werkzeug.routing import RequestRedirect

from .globals import _cv_request

if t.TYPE_CHECKING:
    from .app import DualApp
    from .core.scaffold import Scaffold
    from .wrappers import Request

#: What a Jinja loader gives for a template: source, file name, and a check for being up to date.
_Found = tuple[str, str | None, Callable[[], bool] | None]


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """Text was met where bytes were expected, or the other way round."""


class DebugFilesKeyError(KeyError, AssertionError):
    """``request.files`` was asked for a file that came as an ordinary form field.

    Args:
        request: The request.
        key: The name of the form field.
    """

    def __init__(self, request: Request, key: str) -> None:
        names = request.form.getlist(key)
        hint = (
            f"There is no file {key!r} in request.files: the request's mimetype is"
            f" {request.mimetype!r} and not 'multipart/form-data', which means that no file"
            ' contents were transmitted. Give the form the attribute enctype="multipart/form-data".'
        )
        if names:
            hint += "\n\nOnly names of files came along. This was submitted: " + ", ".join(
                map(repr, names)
            )
        super().__init__(hint)

    def __str__(self) -> str:
        # KeyError's own str() is the repr of the key, which would hide the line breaks.
        return str(self.args[0])


class FormDataRoutingRedirect(AssertionError):  # noqa: N818 - the name is public API
    """A request with a body met a redirect that makes browsers drop the body.

    Args:
        request: The request; its ``routing_exception`` is the redirect.
    """

    def __init__(self, request: Request) -> None:
        redirect = request.routing_exception
        assert isinstance(redirect, RequestRedirect)
        hint = (
            f"The request for {request.url!r} is redirected to the canonical URL"
            f" {redirect.new_url!r}, and browsers drop form data on a redirect of status"
            f" {redirect.code}."
        )
        if urlsplit(redirect.new_url).path == urlsplit(request.base_url).path + "/":
            hint += " The URL rule ends in a slash, which the request left out."
        hint += (
            " Send requests to the canonical URL, or use 307 or 308 for routing redirects."
            "\n\nOutside debug mode the redirect is sent and this error is not raised."
        )
        super().__init__(hint)


def attach_enctype_error_multidict(request: Request) -> None:
    """Make ``request.files`` explain itself when a file came as an ordinary form field.

    Args:
        request: A request whose form is not ``multipart/form-data``.
    """
    files = request.files
    plain = type(files)

    def look_up(self: t.Any, key: str) -> t.Any:
        try:
            return plain.__getitem__(self, key)
        except KeyError:
            if key in request.form:
                raise DebugFilesKeyError(request, key) from None
            raise

    names = {"__getitem__": look_up, "__module__": plain.__module__}
    files.__class__ = type(plain.__name__, (plain,), names)


def _dump_loader_info(loader: BaseLoader) -> Iterator[str]:
    """Describe a template loader: its class, and the settings that are plain values."""
    yield f"class: {type(loader).__module__}.{type(loader).__name__}"
    for name, value in sorted(vars(loader).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, (str, int, float)):
            yield f"{name}: {value!r}"
        elif isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            yield f"{name}:"
            yield from (f"  - {item}" for item in value)


def _owner_name(owner: object, app: DualApp) -> str:
    if owner is app:
        return f"application {app.import_name!r}"
    name, import_name = getattr(owner, "name", None), getattr(owner, "import_name", None)
    return repr(owner) if import_name is None else f"blueprint {name!r} ({import_name})"


def _describe_attempt(
    number: int, loader: BaseLoader, owner: object, found: _Found | None, app: DualApp
) -> Iterator[str]:
    yield f"{number:5}: trying loader of {_owner_name(owner, app)}"
    yield from (f"       {line}" for line in _dump_loader_info(loader))
    outcome = "no match" if found is None else f"found ({found[1] or '<string>'!r})"
    yield f"       -> {outcome}"


def _conclude(matches: int) -> Iterator[str]:
    if matches > 1:
        yield "Warning: more than one loader has this template. The first one is used."
    if matches:
        return
    yield "Error: the template could not be found."
    context = _cv_request.get(None)
    blueprint = None if context is None else context.request.blueprint
    if blueprint is not None:
        yield f"  It was looked up from an endpoint that belongs to the blueprint {blueprint!r}."
        yield "  Is the file in the template folder of the blueprint, or of the application?"
        yield "  See https://flask.palletsprojects.com/blueprints/#templates"


def explain_template_loading_attempts(
    app: DualApp,
    template: str,
    attempts: list[tuple[BaseLoader, Scaffold, _Found | None]],
) -> None:
    """Log, at level INFO, where a template was looked for. See ``EXPLAIN_TEMPLATE_LOADING``.

    Args:
        app: The application.
        template: The template's name.
        attempts: For each loader in the order of trying: the loader, the application or blueprint
            it belongs to, and what it gave, None if it has no such template.
    """
    lines = [f"Locating template {template!r}:"]
    for number, (loader, owner, found) in enumerate(attempts, start=1):
        lines.extend(_describe_attempt(number, loader, owner, found, app))
    lines.extend(_conclude(sum(found is not None for *_, found in attempts)))
    app.logger.info("\n".join(lines))
