"""From a request to its view: werkzeug's map, and a short way through it.

Werkzeug's matcher is the authority. Its state machine is followed here in its own order, but only
where the answer depends on path and method alone; what that led to is kept until the map changes
(:mod:`.knownroutes`). Whatever is not found in this way, and
whatever takes part in host, default, alias or slash handling, is werkzeug's to answer. Benchmark:
``tests/benchmarks/inprocess.py``, "one of 200 routes"; ``tests/core/test_routing.py`` holds that
both ways give the same.
"""

from __future__ import annotations

import re
import typing as t

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule, ValidationError

from .knownroutes import KnownRoutes, compiled, is_special, start_of
from .memo import Memo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing.matcher import State

    from ..ctx import RequestContext
    from .application import Application

#: In the place of a URL adapter that was not needed so far.
NOT_MADE: t.Any = object()

Match = tuple[Rule, dict[str, t.Any]]
#: A rule, and the texts for its converters.
Found = tuple[Rule, tuple[t.Any, ...]]


class Router:
    """Finds the rule for a request of one application.

    Args:
        app: The application whose ``url_map`` is matched.
    """

    def __init__(self, app: Application) -> None:
        self._url_map = app.url_map
        self._changes: int | None = None
        self._known = KnownRoutes()

    def match(self, ctx: RequestContext) -> None:
        """Set the request's rule and values, or the error to raise when its view is called."""
        request = ctx.request
        # A copy of a context finds that done, and what a hook made of it must stay.
        if request.routing_exception is not None or request.url_rule is not None:
            return
        try:
            if ctx._url_adapter is NOT_MADE and _path_decides(ctx.app, request._head):
                match = self._find(ctx.app.url_map, request.path, request.method)
                if match is not None:
                    request.url_rule, request.view_args = match
                    return
            adapter = ctx.url_adapter
            if adapter is not None:
                rule, values = adapter.match(return_rule=True)
                request.url_rule, request.view_args = rule, dict(values)
        except HTTPException as error:
            request.routing_exception = error

    def _find(self, url_map: Map, path: str, method: str) -> Match | None:
        """Find what werkzeug would; None if it is to be asked."""
        changes = getattr(url_map, "changes", None)
        if changes != self._changes or url_map is not self._url_map:
            self._known, self._changes, self._url_map = KnownRoutes(), changes, url_map
        known = self._known
        try:
            if path in known.fixed:
                return known.fixed_match(path, method)
            match = known.open_match(path, method)
            if match is not None:
                return match
            if url_map._remap:
                url_map.update()
            found = _follow_path(url_map, path, method)
            if found is None or is_special(found[0], url_map):
                return None
            rule, texts = found
            converters = rule._converters
            values = {}
            for name, text in zip(converters, texts, strict=True) if texts else ():
                values[name] = converters[name].to_python(text)
        except (_AskWerkzeugError, ValidationError):
            return None
        if changes is not None:
            known.note(url_map, path, len(texts))
        return rule, values


def _path_decides(app: Application, environ: WSGIEnvironment) -> bool:
    """Tell whether path and method alone decide which rule fits, and nothing else can fail."""
    return not (
        app.url_map.host_matching
        or app.subdomain_matching
        or app.config["TRUSTED_HOSTS"] is not None
        or app._has_own_url_adapters
        or not _is_plain_host[environ.get("HTTP_HOST", "")]
        # A mounted application asked without the slash redirects.
        or not environ.get("PATH_INFO")
        or "HTTP_UPGRADE" in environ
    )


#: Whether nothing about a Host header can fail, so that it need not be parsed to match.
_is_plain_host: Memo[str, bool] = Memo(
    lambda host: re.fullmatch(r"[A-Za-z0-9.-]*(:[0-9]{1,5})?", host) is not None
)


class _AskWerkzeugError(Exception):
    """What is asked for cannot be told from path and method."""


def _follow_path(url_map: Map, path: str, method: str) -> Found | None:
    start = start_of(url_map)
    return None if start is None else _follow(start, path.split("/"), 0, method)


def _follow(
    state: State, parts: list[str], at: int, method: str, texts: tuple[str, ...] = ()
) -> Found | None:
    """Follow the parts of a path from a state on, in werkzeug's order.

    Returns:
        The first rule that takes them; None if none does.

    Raises:
        _AskWerkzeugError: A slash at the end has a say in it.
    """
    while at < len(parts):
        part = parts[at]
        following = state.static.get(part)
        if following is None or state.dynamic or (not part and state.rules):
            return _branch(state, parts, at, method, texts)
        state, at = following, at + 1
    return _end(state, method, texts)


def _end(state: State, method: str, texts: tuple[str, ...]) -> Found | None:
    for rule in state.rules:
        if (rule.methods is None or method in rule.methods) and not rule.websocket:
            return rule, texts
    if "" in state.static:
        raise _AskWerkzeugError
    return None


def _branch(
    state: State, parts: list[str], at: int, method: str, texts: tuple[str, ...]
) -> Found | None:
    """Try one way after the other from a state that has several, or none."""
    part = parts[at]
    following = state.static.get(part)
    if following is not None:
        found = _follow(following, parts, at + 1, method, texts)
        if found is not None:
            return found
    for test, following in state.dynamic:
        target, end = ("/".join(parts[at:]), len(parts)) if test.final else (part, at + 1)
        match, groups = compiled[test.content]
        taken = match(target)
        if taken is not None:
            if test.suffixed and taken.groups()[-1] == "/":
                raise _AskWerkzeugError
            values = (taken[groups[0]],) if len(groups) == 1 else taken.group(*groups)
            found = _follow(following, parts, end, method, texts + values)
            if found is not None:
                return found
    if not part and at + 1 == len(parts) and not all(rule.strict_slashes for rule in state.rules):
        raise _AskWerkzeugError
    return None
