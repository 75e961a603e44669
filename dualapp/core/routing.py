"""From a request to its view: werkzeug's map, with a short way for fixed paths.

Werkzeug's matcher is the authority. A path that has no converter is looked up in a dictionary
first, which gives exactly werkzeug's answer for it: among rules for the same path, the first
registered one that takes the method. Whatever is not found there, or takes part in host,
subdomain, default or alias handling, is werkzeug's to answer.
"""

from __future__ import annotations

import re
import typing as t

from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect, Rule

if t.TYPE_CHECKING:
    from ..ctx import RequestContext
    from .application import Application

Match = tuple[Rule, dict[str, t.Any]]

_fixed_path = re.compile(r"/[A-Za-z0-9/_.-]*").fullmatch


class Router:
    """Finds the rule for a request of one application.

    Args:
        app: The application whose ``url_map`` is matched.
    """

    def __init__(self, app: Application) -> None:
        self._url_map = app.url_map
        self._adapter: MapAdapter | None = None
        self._fixed: dict[str, list[Rule]] = {}

    def match(self, ctx: RequestContext) -> None:
        """Set the request's rule and values, or the error to raise when its view is called."""
        request = ctx.request
        try:
            if ctx.has_url_adapter:
                adapter = ctx.url_adapter
                if adapter is not None:
                    rule, values = adapter.match(return_rule=True)
                    request.url_rule, request.view_args = rule, dict(values)
                return
            request.url_rule, request.view_args = self._find(ctx)
        except HTTPException as error:
            request.routing_exception = error

    def _find(self, ctx: RequestContext) -> Match:
        request = ctx.request
        path, method = request.path, request.method
        if self._adapter is None or self._url_map._remap:
            self._index()
        # A mounted application asked without the slash redirects; "/" would hide that.
        if path != "/" or request.environ.get("PATH_INFO"):
            for rule in self._fixed.get(path, ()):
                if rule.methods is None or method in rule.methods:
                    return rule, {}
            assert self._adapter is not None
            try:
                # Which host was asked matters only to where a redirect points.
                rule, values = self._adapter.match(path, method, return_rule=True)
            except RequestRedirect:
                pass
            else:
                return rule, dict(values)
        adapter = ctx.url_adapter
        assert adapter is not None
        rule, values = adapter.match(return_rule=True)
        return rule, dict(values)

    def _index(self) -> None:
        """Sort out the rules with a fixed path.

        A rule added behind our back is missed at worst, and then found by werkzeug's matcher.
        """
        subdomain = self._url_map.default_subdomain or ""
        fixed: dict[str, list[Rule]] = {}
        not_simple = set()
        for rule in self._url_map.iter_rules():
            if not _is_simple(rule, subdomain):
                not_simple.add(rule.rule)
            elif _fixed_path(rule.rule) and "//" not in rule.rule:
                fixed.setdefault(rule.rule, []).append(rule)
        self._fixed = {path: rules for path, rules in fixed.items() if path not in not_simple}
        self._adapter = self._url_map.bind("localhost", subdomain=subdomain)


def _is_simple(rule: Rule, subdomain: str) -> bool:
    return not (
        rule.defaults
        or rule.redirect_to
        or rule.alias
        or rule.build_only
        or rule.websocket
        or rule.host
        or (rule.subdomain or "") != subdomain
    )
