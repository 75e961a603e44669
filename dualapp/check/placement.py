"""DA2xx: hops, loops and threads that could be spared."""

from __future__ import annotations

from collections.abc import Iterator

from ..sides.usercode import is_users
from .application import Part, Registered, View
from .codes import (
    ASYNC_HOOK,
    HIDDEN_BY_PACKAGE,
    HIDDEN_COLOUR,
    MIXED_CLASS,
    PACKAGE_HOOKS,
    PACKAGE_STEP,
    SYNC_HOOK,
    SYNC_STEP,
)
from .findings import Finding
from .layers import Function, function_of, package_of
from .setup import is_wrapped

#: How many views a finding names.
_NAMED = 3


def find(registered: Registered) -> Iterator[Finding]:
    """Find what makes a request run elsewhere than its view says."""
    yield from _async_hooks(registered)
    if any(True in view.colours for view in registered.views):
        yield from _sync_steps(registered)
        for view in registered.views:
            if view.hides_async:
                yield from _hidden(view)
        if not is_wrapped(registered) and not any(registered.sync_steps()):
            yield from _sync_hooks(registered)


def _async_hooks(registered: Registered) -> Iterator[Finding]:
    without_loop = [view for view in registered.views if False in view.colours]
    for hook in registered.hooks:
        views = [view for view in without_loop if view.is_under(hook)]
        if hook.is_async and hook.place is not None and views:
            what = f"async {hook.kind} '{hook.name}' around {_named(views, 'sync')}"
            yield Finding(ASYNC_HOOK, what, hook.place)


def _sync_hooks(registered: Registered) -> Iterator[Finding]:
    on_loop = [view for view in registered.views if view.is_async]
    of_packages: set[str] = set()
    for hook in registered.hooks:
        views = [view for view in on_loop if view.is_under(hook)]
        if hook.runs_on_loop or not views:
            continue
        if hook.place is None:
            of_packages.add(f"{hook.kind} of {hook.package}")
        else:
            what = f"sync {hook.kind} '{hook.name}' around {_named(views, 'async')}"
            yield Finding(SYNC_HOOK, what, hook.place)
    if of_packages:
        yield Finding(PACKAGE_HOOKS, f"{', '.join(sorted(of_packages))}: around async views")


def _sync_steps(registered: Registered) -> Iterator[Finding]:
    of_packages: dict[str, list[str]] = {}
    for step in registered.sync_steps():
        if step.place is None:
            of_packages.setdefault(package_of(step.layers[0]), []).append(f"'{step.kind}'")
        else:
            what = f"'{step.kind}' is replaced by the sync '{step.name}'"
            yield Finding(SYNC_STEP, what, step.place)
    for package, steps in of_packages.items():
        what = f"{' and '.join(steps)} replaced by sync functions of {package}"
        yield Finding(PACKAGE_STEP, what)


def _named(views: list[View], colour: str) -> str:
    """Name some views: ``3 async views (a, b, c)``."""
    names = ", ".join(view.endpoint for view in views[:_NAMED])
    more = ", …" if len(views) > _NAMED else ""
    return f"{len(views)} {colour} view{'s' if len(views) > 1 else ''} ({names}{more})"


def _hidden(view: View) -> Iterator[Finding]:
    """Say what makes a view with async code in it run as a sync one."""
    if view.methods:
        if len(view.colours) > 1:
            what = f"'{view.name}' has sync methods and async ones"
            yield Finding(MIXED_CLASS, what, view.place)
            return
        outer = [layer for layer in view.layers if not _is_of_dualapp(layer)]
        for method in view.methods:
            if not method.is_async:
                yield _hidden_by(method.layers[0], method)
        if outer and all(method.is_async for method in view.methods):
            yield _hidden_by(outer[0], view)
    else:
        yield _hidden_by(view.layers[0], view)


def _hidden_by(layer: Function, part: Part) -> Finding:
    """Blame the outermost layer: it is what is registered, and what is looked at."""
    function = function_of(layer)
    if function is not None and is_users(function.__code__.co_filename, part.root):
        decorator = function.__code__.co_qualname.partition(".<locals>")[0]
        what = f"the sync decorator '{decorator}' is around the async '{part.name}'"
        return Finding(HIDDEN_COLOUR, what, part.place)
    what = f"a sync decorator of {package_of(layer)} is around the async '{part.name}'"
    return Finding(HIDDEN_BY_PACKAGE, what, part.place)


def _is_of_dualapp(layer: Function) -> bool:
    """Tell of the function that ``as_view`` has made."""
    return package_of(layer) == "dualapp"
