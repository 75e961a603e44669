"""The command line itself: a group of commands around an application."""

from __future__ import annotations

import os
import traceback
import typing as t
from collections.abc import Callable

import click

from ..commands import AppGroup, enter_app_context
from .errors import NoAppException
from .options import (
    _app_option,
    _as_flask_option,
    _debug_option,
    _env_file_option,
    version_option,
)
from .plugins import plugin_commands
from .routes import routes_command
from .scriptinfo import ScriptInfo
from .serve import run_command
from .shell import shell_command

if t.TYPE_CHECKING:
    from ..app import DualApp


class FlaskGroup(AppGroup):
    """A command line around one application: its commands, the standard ones and plugins'.

    The application is loaded when a command that is not known otherwise is asked for.

    Args:
        add_default_commands: Whether ``run``, ``shell`` and ``routes`` are there.
        create_app: Makes the application, for a command line that belongs to one; it may be
            ``async``. Without it, ``--app`` and the environment say where the application is.
        add_version_option: Whether ``--version`` is there.
        load_dotenv: Whether ``.env``, ``.dualappenv`` and ``.flaskenv`` are read.
        set_debug_flag: Whether ``app.debug`` is set from the command line and environment.
        **extra: For :class:`click.Group`.
    """

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: Callable[..., DualApp] | None = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: t.Any,
    ) -> None:
        params = [
            *(extra.pop("params", None) or ()),
            _env_file_option,
            _as_flask_option,
            _app_option,
            _debug_option,
        ]
        if add_version_option:
            params.append(version_option)
        settings = {"auto_envvar_prefix": "FLASK", **(extra.pop("context_settings", None) or {})}
        super().__init__(params=params, context_settings=settings, **extra)
        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        self._loaded_plugin_commands = False
        if add_default_commands:
            for command in (run_command, shell_command, routes_command):
                self.add_command(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: t.Any,
    ) -> click.Context:
        """Start a run: with a :class:`ScriptInfo` of its own unless one is given as ``obj``."""
        # Tells app.run() in the imported module that a server is being started already.
        os.environ.update(FLASK_RUN_FROM_CLI="true")
        if "obj" not in self.context_settings:
            extra.setdefault("obj", self._new_run())
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; those that find the application also when only help is to be shown."""
        if not args and self.no_args_is_help:
            for option in (_env_file_option, _as_flask_option, _app_option):
                option.handle_parse_result(ctx, {}, [])
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give ``--help``, acted on after the options that say which application's help it is."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.is_eager = False
        return option

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands known; those of an application that fails to load are left out."""
        self._load_plugin_commands()
        names = set(super().list_commands(ctx))
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except NoAppException as error:
            _complain(f"Error: {error.format_message()}\n")
        except Exception:
            _complain(traceback.format_exc())
        return sorted(names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command: a plugin's, one of this group, else one of the application."""
        own = self._own_command(ctx, cmd_name)
        if own is not None:
            return own
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            _complain(f"Error: {error.format_message()}\n")
            return None
        return app.cli.get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run; one of the application gets the application's context.

        The context is pushed here and not by :meth:`get_command`, which also serves help pages
        and completion, where nothing would pop it.
        """
        found = super().resolve_command(ctx, args)
        if not ctx.resilient_parsing and self._own_command(ctx, args[0]) is None:
            enter_app_context(ctx)
        return found

    def _new_run(self) -> ScriptInfo:
        return ScriptInfo(None, self.create_app, self.set_debug_flag, self.load_dotenv)

    def _own_command(self, ctx: click.Context, name: str) -> click.Command | None:
        self._load_plugin_commands()
        return super().get_command(ctx, name)

    def _load_plugin_commands(self) -> None:
        if not self._loaded_plugin_commands:
            self._loaded_plugin_commands = True
            for name, command in plugin_commands():
                self.add_command(command, name)


DualAppGroup = FlaskGroup


def _complain(message: str) -> None:
    click.secho(message, err=True, fg="red")
