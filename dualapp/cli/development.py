"""The development server: werkzeug's, on the WSGI side, with reloader and debugger."""

from __future__ import annotations

import os
import shlex
import traceback
import typing as t
from urllib.parse import urlsplit

import click
from werkzeug.serving import is_running_from_reloader

from ..helpers import get_debug_flag, get_load_dotenv
from .scriptinfo import ScriptInfo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ..app import DualApp

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 5000


def show_server_banner(debug: bool | None, app_import_path: str | None) -> None:
    """Print what is served and whether debug mode is on; once, not at each reload."""
    if is_running_from_reloader():
        return
    if app_import_path is not None:
        click.echo(f" * Serving the dualapp application {app_import_path!r}")
    if debug is not None:
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")


def serve_for_development(info: ScriptInfo, host: str, port: int, **options: t.Any) -> None:
    """Run the development server for ``dualapp run``.

    Args:
        info: Says which application.
        host: The address to listen on.
        port: The port to listen on.
        **options: For :func:`werkzeug.serving.run_simple`.
    """
    # By their public names at call time: programs replace the banner to silence it.
    from . import run_simple, show_server_banner

    app = _load_or_show_error(info)
    show_server_banner(get_debug_flag(), info.app_import_path)
    if not is_running_from_reloader():
        click.echo(f" * For development only. {_production_advice(info)}")
    run_simple(host, port, app, **options)


def run_development_server(
    app: DualApp,
    host: str | None,
    port: int | None,
    debug: bool | None,
    load_dotenv: bool,
    options: dict[str, t.Any],
) -> None:
    """Run the development server for ``app.run()``, in a program that is started by itself.

    Where the command line imports that program it starts the server, and this does nothing.

    Args:
        app: The application.
        host: The address to listen on; None for that of ``SERVER_NAME``, or 127.0.0.1.
        port: The port; None for that of ``SERVER_NAME``, or 5000.
        debug: Whether debug mode is on; None for what environment and configuration say.
        load_dotenv: Whether files such as ``.env`` are read first.
        options: For :func:`werkzeug.serving.run_simple`; reloader and debugger follow debug mode
            and threads are on unless they say otherwise.
    """
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        _say_that_run_is_ignored()
        return

    # Both at call time, by the names under which programs replace them.
    from werkzeug.serving import run_simple

    from .. import cli

    if get_load_dotenv(load_dotenv):
        cli.load_dotenv()
        if {"DUALAPP_DEBUG", "FLASK_DEBUG"} & os.environ.keys():
            app.debug = get_debug_flag()
    if debug is not None:
        app.debug = bool(debug)

    address = urlsplit(f"//{app.config['SERVER_NAME'] or ''}")
    if port is None:
        port = DEFAULT_PORT if address.port is None else address.port
    defaults = {"use_reloader": app.debug, "use_debugger": app.debug, "threaded": True}
    cli.show_server_banner(app.debug, app.name)
    try:
        run_simple(host or address.hostname or DEFAULT_HOST, int(port), app, **defaults | options)
    finally:
        # In an interactive session more can be registered after the server was stopped.
        app._got_first_request = False


def _load_or_show_error(info: ScriptInfo) -> WSGIApplication:
    """Load the application; in the reloader's child a broken one becomes an app that fails.

    So the developer sees the error in the browser, and saving the file mends it.
    """
    try:
        return info.load_app()
    except Exception as error:
        if not is_running_from_reloader():
            raise
        click.echo(traceback.format_exc(), err=True)
        failure = error

    def fail(environ: WSGIEnvironment, start_response: StartResponse) -> t.NoReturn:
        raise failure from None

    return fail


def _production_advice(info: ScriptInfo) -> str:
    if info.create_app is not None:
        return "In production: gunicorn or uvicorn."
    which = ["--app", info.app_import_path] if info.app_import_path else []
    command = shlex.join(["dualapp", *which, "run", "--server", "gunicorn"])
    return f"In production: {command} (or uvicorn)"


def _say_that_run_is_ignored() -> None:
    if not is_running_from_reloader():
        click.secho(
            " * app.run() was not obeyed: the command line that imported this module starts a"
            " server itself.\n   Put the call under 'if __name__ == \"__main__\":'.",
            fg="red",
        )
