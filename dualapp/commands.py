"""The commands of an application, which :mod:`dualapp.cli` runs.

A process that serves the application needs them to be registered and no more, so nothing else of
the command line is imported with this.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import click

from .ctx import has_app_context
from .sides.blocking import call_and_wait

Callback = Callable[..., t.Any]
F = t.TypeVar("F", bound=Callback)


class AppGroup(click.Group):
    """A click group whose commands run inside the application's context and may be async."""

    @t.overload
    def command(self, __func: Callback) -> click.Command: ...

    @t.overload
    def command(self, *args: t.Any, **kwargs: t.Any) -> Callable[[Callback], click.Command]: ...

    def command(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Register a function as a command, as :meth:`click.Group.command` does.

        Args:
            *args: For click; the first is the command's name.
            **kwargs: For click, except ``with_appcontext``: False runs the command without an
                application context.

        Returns:
            The decorator, or the command if the function itself was given.
        """
        prepare = with_appcontext if kwargs.pop("with_appcontext", True) else awaited
        return _register(super().command, prepare, args, kwargs)

    @t.overload
    def group(self, __func: Callback) -> click.Group: ...

    @t.overload
    def group(self, *args: t.Any, **kwargs: t.Any) -> Callable[[Callback], click.Group]: ...

    def group(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Register a function as a nested group, an :class:`AppGroup` unless ``cls`` is given."""
        kwargs.setdefault("cls", AppGroup)
        return _register(super().group, awaited, args, kwargs)


def _register(
    decorate: Callable[..., t.Any],
    prepare: Callable[[Callback], Callback],
    args: tuple[t.Any, ...],
    kwargs: dict[str, t.Any],
) -> t.Any:
    """Hand a function to one of click's decorators after preparing it.

    The decorator may have been used without parentheses; then the function is the argument.
    """
    if len(args) == 1 and callable(args[0]):
        return decorate(**kwargs)(prepare(args[0]))
    return lambda function: decorate(*args, **kwargs)(prepare(function))


def awaited(callback: F) -> F:
    """Let a callback of click be async: what it returns is waited for, if there is need."""

    @functools.wraps(callback)
    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return call_and_wait(callback, *args, **kwargs)

    return t.cast(F, run)


def with_appcontext(f: F) -> F:
    """Run a click callback, sync or async, inside the application's context.

    Commands of ``app.cli`` have it already. A context of an application that is there is used
    as it is; otherwise the one of the run's :class:`ScriptInfo` is pushed until the run ends.

    Args:
        f: The callback.

    Returns:
        The callback to give to click.
    """
    callback = awaited(f)

    @click.pass_context
    def run_in_context(ctx: click.Context, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
        enter_app_context(ctx)
        return callback(*args, **kwargs)

    return t.cast(F, functools.update_wrapper(run_in_context, f))


def enter_app_context(ctx: click.Context) -> None:
    """Make the run's application the current one until the click context ends, if none is."""
    from .cli import ScriptInfo  # with all of the command line, which only a command needs

    if not has_app_context():
        ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())
