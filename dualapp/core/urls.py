"""Building URLs: for the request being answered, or for an application without one."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from werkzeug.routing import BuildError, MapAdapter

from ..globals import _cv_app, _cv_request
from .calls import done
from .scaffold import _split_blueprint_path

if t.TYPE_CHECKING:
    from ..app import DualApp
    from .application import Application
    from .calls import Call

#: https://url.spec.whatwg.org/#fragment-percent-encode-set, the other way round
_SAFE_IN_ANCHOR = "!#$%&'()*+,/:;=?@"


def build_url(
    app: DualApp,
    endpoint: str,
    values: dict[str, t.Any],
    anchor: str | None,
    method: str | None,
    scheme: str | None,
    external: bool | None,
) -> str:
    """Build the URL of an endpoint; see :meth:`dualapp.app.DualApp.url_for`."""
    endpoint, adapter, is_outside = _where_from(app, endpoint)
    if external is None:
        external = is_outside or scheme is not None
    if scheme is not None and not external:
        raise ValueError(
            "'_scheme' is part of an external URL only. Pass '_external=True' with it."
        )
    app.inject_url_defaults(endpoint, values)
    try:
        url = adapter.build(
            endpoint, values, method=method, url_scheme=scheme, force_external=external
        )
    except BuildError as error:
        values.update(_anchor=anchor, _method=method, _scheme=scheme, _external=external)
        return app.handle_url_build_error(error, endpoint, values)
    return url if anchor is None else f"{url}#{quote(anchor, safe=_SAFE_IN_ANCHOR)}"


async def inject_url_defaults(
    app: Application, call: Call, endpoint: str, values: dict[str, t.Any]
) -> None:
    """Let url_defaults functions add to the values of a URL being built."""
    blueprint, dot, _view = endpoint.rpartition(".")
    names = _split_blueprint_path(blueprint) if dot else []
    for scope in (None, *reversed(names)):
        for function in app.url_default_functions.get(scope, ()):
            await done(call(function, (endpoint, values)))


def _where_from(app: Application, endpoint: str) -> tuple[str, MapAdapter, bool]:
    """Give the endpoint's full name, what builds its URL, and whether that is outside a request.

    Raises:
        RuntimeError: Nothing says which host the URL is on.
    """
    ctx = _cv_request.get(None)
    if ctx is not None:
        adapter = ctx.url_adapter
        if endpoint.startswith("."):
            blueprint = ctx.request.blueprint
            endpoint = endpoint[1:] if blueprint is None else f"{blueprint}{endpoint}"
    else:
        app_context = _cv_app.get(None)
        adapter = app.create_url_adapter(None) if app_context is None else app_context.url_adapter
    if adapter is None:
        raise RuntimeError(
            "Unable to build URLs outside an active request without 'SERVER_NAME' configured:"
            " nothing says which host the URL is on. Set it, with 'APPLICATION_ROOT' and"
            " 'PREFERRED_URL_SCHEME' as needed, or use 'app.test_request_context()'."
        )
    return endpoint, adapter, ctx is None
