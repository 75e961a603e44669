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
from .late import path_of, upper_methods
from .memo import Memo

if t.TYPE_CHECKING:
    from werkzeug.routing.matcher import State

    from ..ctx import RequestContext

#: In the place of a URL adapter that was not needed so far.
NOT_MADE: t.Any = object()

Match = tuple[Rule, dict[str, t.Any]]
#: A rule, and the texts for its converters.
Found = tuple[Rule, tuple[t.Any, ...]]


def match_request(ctx: RequestContext) -> None:
    """Set the request's rule and values, or the error to raise when its view is called."""
    request = ctx.request
    try:
        match = _match_path(ctx)
        if match is not None:
            request.url_rule, request.view_args = match
            return
        adapter = ctx.url_adapter
        if adapter is not None:
            rule, values = adapter.match(return_rule=True)
            request.url_rule, request.view_args = rule, dict(values)
    except HTTPException as error:
        request.routing_exception = error


def _match_path(ctx: RequestContext) -> Match | None:
    """Match a request where path and method alone decide, and nothing else can fail, else None."""
    app, request = ctx.app, ctx.request
    plan = app._plans.current or app._plans.make(app)
    head = request._head
    path = request._path_info = head.get("PATH_INFO")
    url_map: t.Any = app.url_map
    if (
        not plan.path_decides
        or ctx._url_adapter is not NOT_MADE
        or not path  # a mounted application asked without the slash redirects
        or url_map.host_matching
        or "HTTP_UPGRADE" in head
        or not _is_plain_host[head.get("HTTP_HOST", "")]
    ):
        return None
    known: KnownRoutes | None = url_map.known
    if known is None:
        known = url_map.known = KnownRoutes()
    # Not by the request's own attributes: its class may have put something else in their place.
    return known.match(path, head["REQUEST_METHOD"]) or _find(
        url_map, known, path_of(path), upper_methods[head["REQUEST_METHOD"]]
    )


def _find(url_map: Map, known: KnownRoutes, path: str, method: str) -> Match | None:
    """Find what werkzeug would, and note it; None if werkzeug is to be asked."""
    try:
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
    known.note(url_map, path, len(texts))
    return rule, values


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
