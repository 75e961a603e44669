"""What a framework's module gives: a *site*, which makes the application for each workload.

Kinds say how a site's views and hooks are registered: :func:`plain` ones are sync functions,
:func:`as_async` ones are ``async def``.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Awaitable, Callable

Kind = Callable[[Callable[..., t.Any]], Callable[..., t.Any]]


class Site(t.Protocol):
    """One framework's applications; each method is named like a workload."""

    def hello(self) -> t.Any:
        """Answer ``greet()`` as HTML."""

    def json_with_hooks(self) -> t.Any:
        """Answer ``summarise()`` of the JSON body; the hooks pass X-Request-Id on."""

    def many_routes(self) -> t.Any:
        """Answer ``show()`` of the number in the URL, below each of the prefixes."""


class NotOfferedError(Exception):
    """The framework has no ordinary way to do this; the message says why."""


def plain(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Leave a function sync."""
    return function


def as_async(function: Callable[..., t.Any]) -> Callable[..., Awaitable[t.Any]]:
    """Make an ``async def`` function of a sync one; its signature stays visible."""

    @functools.wraps(function)
    async def call(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return function(*args, **kwargs)

    return call
