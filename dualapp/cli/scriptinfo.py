"""What one run of the command line knows about its application."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import click

from ..core.calls import call_in_place
from ..ctx import has_app_context
from ..helpers import get_debug_flag, get_load_dotenv
from ..sides.blocking import complete
from .discovery import app_in
from .errors import NoAppException
from .importing import open_import_path

if t.TYPE_CHECKING:
    from ..app import DualApp

F = t.TypeVar("F", bound=Callable[..., t.Any])


class ScriptInfo:
    """Loads the application once, when a command first needs it.

    Click hands it to commands as ``ctx.obj``; :func:`pass_script_info` passes it on.

    Args:
        app_import_path: What ``--app`` says, see :mod:`dualapp.cli.discovery`.
        create_app: Makes the application; wins over the import path. It may be ``async``.
        set_debug_flag: Whether ``app.debug`` is set from the command line and environment.
        load_dotenv_defaults: Whether ``.env``, ``.dualappenv`` and ``.flaskenv`` are read;
            ``DUALAPP_SKIP_DOTENV`` and ``FLASK_SKIP_DOTENV`` overrule it.
    """

    def __init__(
        self,
        app_import_path: str | None = None,
        create_app: Callable[..., DualApp] | None = None,
        set_debug_flag: bool = True,
        load_dotenv_defaults: bool = True,
    ) -> None:
        self.app_import_path = app_import_path
        self.create_app = create_app
        #: Free for commands and extensions to keep things in during this run.
        self.data: dict[t.Any, t.Any] = {}
        self.set_debug_flag = set_debug_flag
        self.load_dotenv_defaults = get_load_dotenv(load_dotenv_defaults)
        self._loaded_app: DualApp | None = None

    def load_app(self) -> DualApp:
        """Give the application, loaded at the first call.

        Raises:
            NoAppException: No application could be found; the message says why.
        """
        if self._loaded_app is None:
            app = self._load()
            if self.set_debug_flag:
                app.debug = get_debug_flag()
            self._loaded_app = app
        return self._loaded_app

    def _load(self) -> DualApp:
        if self.create_app is None:
            return app_in(*open_import_path(self.app_import_path))
        app: DualApp | None = complete(call_in_place(self.create_app))
        if app is None:
            raise NoAppException(
                f"The application factory {self.create_app!r} returned None. It must return the"
                " application; a 'return app' is probably missing at its end."
            )
        return app


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)


def awaited(callback: F) -> F:
    """Let a callback of click be async: what it returns is waited for, if there is need."""

    @functools.wraps(callback)
    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return complete(call_in_place(callback, *args, **kwargs))

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
    if not has_app_context():
        ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())
