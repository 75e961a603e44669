"""The lifecycle's steps under their public names, replaceable at any time.

Each step is a coroutine function of :mod:`dualapp.core.lifecycle` and, under the same name, a sync
method of the application. Whoever overrides the method in a subclass, patches it on the class or
sets it on the instance is honoured: then the step is the replacement. Otherwise the coroutine
function is used as it is, without the detour through the method.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

from .calls import Call, done

if t.TYPE_CHECKING:
    from ..ctx import RequestContext

Phase = Callable[..., t.Any]

#: The steps that only a request takes in which something failed.
OF_ERRORS = frozenset({"handle_user_exception", "handle_http_exception", "handle_exception"})


class PhaseTable:
    """Which methods of a class are steps, and what they were when the class was made.

    Args:
        owner: The class with the public methods.
        phases: Name to coroutine function, called as ``phase(ctx, call, *args)``.
    """

    def __init__(self, owner: type, phases: dict[str, Phase]) -> None:
        self.phases = phases
        self.originals = {name: vars(owner)[name] for name in phases}

    def of(self, app: object) -> Phases:
        """Look at an application as it is now."""
        replaced = {name: getattr(app, name) for name in self.phases if self._replaced(app, name)}
        return Phases(self.phases, replaced)

    def _replaced(self, app: object, name: str) -> bool:
        return getattr(getattr(app, name), "__func__", None) is not self.originals[name]


class Phases:
    """The steps of one application; each attribute is called ``await step(ctx, call, *args)``.

    Attributes:
        replaced: The replacements by name, as bound methods or whatever was put there.
        replaced_always: Those of them that every request takes.
    """

    full_dispatch_request: Phase
    preprocess_request: Phase
    dispatch_request: Phase
    make_response: Phase
    finalize_request: Phase
    process_response: Phase
    handle_user_exception: Phase
    handle_http_exception: Phase
    handle_exception: Phase
    do_teardown_request: Phase
    do_teardown_appcontext: Phase

    def __init__(self, ours: dict[str, Phase], replaced: dict[str, Callable[..., t.Any]]) -> None:
        self.replaced = replaced
        self.replaced_always = {
            name: method for name, method in replaced.items() if name not in OF_ERRORS
        }
        vars(self).update(ours)
        for name, method in replaced.items():
            setattr(self, name, functools.partial(_call_replacement, method))


async def _call_replacement(
    method: Callable[..., t.Any], ctx: RequestContext, call: Call, *args: t.Any, **kwargs: t.Any
) -> t.Any:
    return await done(call(method, args, kwargs))
