"""What one run of the command line knows about its application."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import click

from ..helpers import get_debug_flag, get_load_dotenv
from ..sides.blocking import call_and_wait
from .discovery import app_in
from .errors import NoAppException
from .importing import open_import_path

if t.TYPE_CHECKING:
    from ..app import DualApp


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
        app: DualApp | None = call_and_wait(self.create_app)
        if app is None:
            raise NoAppException(
                f"The application factory {self.create_app!r} returned None. It must return the"
                " application; a 'return app' is probably missing at its end."
            )
        return app


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)
