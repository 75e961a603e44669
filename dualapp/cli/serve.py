"""``dualapp run``: the application under a server."""

from __future__ import annotations

import os
import shlex
import typing as t

import click
from click.core import ParameterSource

from ..helpers import get_debug_flag
from .development import DEFAULT_HOST, DEFAULT_PORT, serve_for_development
from .development import run_development_server as run_development_server
from .environment import own_name
from .options import _as_flask_option, debug_option
from .scriptinfo import ScriptInfo, pass_script_info
from .servers import COMMANDS, DEFAULT_THREADS, Service, become, default_workers
from .target import find_target
from .tls import Certificate, CertParamType, _validate_key

_DEV_ONLY = dict.fromkeys(
    ("debugger", "with_threads", "extra_files", "exclude_patterns"),
    "only the development server has it",
)
#: Options that a server cannot honour, and why: refused rather than forgotten.
_REFUSED = {
    "dev": {
        "workers": "the development server is one process; use --server gunicorn or uvicorn",
        "threads": "the development server starts a thread per request",
    },
    "gunicorn": _DEV_ONLY,
    "uvicorn": {
        "threads": "sync views run in the application's own threads; see its SYNC_THREADS",
        **_DEV_ONLY,
    },
}


class SeparatedPathType(click.Path):
    """Several paths in one value, separated as in ``PATH``: by ``:``, on Windows by ``;``."""

    def convert(
        self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> t.Any:
        """Give the list of paths, each checked as :class:`click.Path` does."""
        paths = self.split_envvar_value(value)
        return [super(SeparatedPathType, self).convert(path, param, ctx) for path in paths]


def _option(*names: str, **attributes: t.Any) -> t.Callable[[t.Any], t.Any]:
    """Declare an option of ``run`` that DUALAPP_RUN_<NAME> sets too (FLASK_RUN_<NAME> always)."""
    name = next(name for name in names if name.startswith("--")).partition("/")[0]
    variables = [own_name("run", name.lstrip("-").replace("-", "_")), *attributes.pop("envvar", ())]
    return click.option(*names, envvar=variables, **attributes)


@click.command("run", short_help="Serve the application.")
@_option(
    "--server",
    type=click.Choice(("dev", *COMMANDS)),
    default="dev",
    show_default=True,
    help="The server: for development, or one for production on the WSGI or the ASGI side.",
)
@_option("--host", "-h", default=DEFAULT_HOST, show_default=True, help="The address to listen on.")
@_option(
    "--port", "-p", type=int, default=DEFAULT_PORT, show_default=True, help="The port to listen on."
)
@_option(
    "--workers",
    type=click.IntRange(min=1),
    envvar=["FLASK_RUN_WORKERS", "WEB_CONCURRENCY"],
    help="Processes of gunicorn or uvicorn; by default one per core, at most 4.",
)
@_option(
    "--threads",
    type=click.IntRange(min=1),
    default=DEFAULT_THREADS,
    show_default=True,
    help="Threads of each gunicorn worker.",
)
@_option(
    "--reload/--no-reload",
    default=None,
    help="Start anew when a file changes; by default the development server does in debug mode.",
)
@_option(
    "--debugger/--no-debugger",
    default=None,
    help="Show the interactive debugger for errors; by default in debug mode. Development only.",
)
@_option(
    "--with-threads/--without-threads",
    default=True,
    help="Let the development server answer several requests at once, as it does by default.",
)
@_option("--cert", type=CertParamType(), is_eager=True, help="Serve HTTPS with this certificate.")
@_option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    expose_value=False,
    callback=_validate_key,
    help="The certificate's key.",
)
@_option(
    "--extra-files",
    type=SeparatedPathType(),
    help=f"More files that make the development server reload, separated by {os.pathsep!r}.",
)
@_option(
    "--exclude-patterns",
    type=SeparatedPathType(),
    help=f"Files that do not, as fnmatch patterns separated by {os.pathsep!r}.",
)
@click.argument("application", required=False, metavar="[MODULE:APP]")
@pass_script_info
def run_command(
    info: ScriptInfo,
    application: str | None,
    server: str,
    host: str,
    port: int,
    workers: int | None,
    threads: int,
    reload: bool | None,
    debugger: bool | None,
    with_threads: bool,
    cert: Certificate | None,
    extra_files: list[str] | None,
    exclude_patterns: list[str] | None,
) -> None:
    """Serve the application, the one named here or with --app.

    The server 'dev' reloads and debugs (with --debug) and is for development only. 'gunicorn' and
    'uvicorn' are for production; they take this process's place and serve the same application on
    the WSGI and on the ASGI side.
    """
    _refuse_unsuitable_options(server)
    if application is not None:
        info.app_import_path = application
    if server == "dev":
        debug = get_debug_flag()
        serve_for_development(
            info,
            host,
            port,
            use_reloader=debug if reload is None else reload,
            use_debugger=debug if debugger is None else debugger,
            threaded=with_threads,
            ssl_context=cert,
            extra_files=extra_files,
            exclude_patterns=exclude_patterns,
        )
    else:
        reload = bool(reload)
        workers = 1 if reload else workers or default_workers()
        files = _certificate_files(cert)
        _run_production(
            server,
            Service(find_target(info), host, port, workers, threads, reload, files),
        )


run_command.params[:0] = [debug_option(own_name("run", "debug")), _as_flask_option]


def _refuse_unsuitable_options(server: str) -> None:
    ctx = click.get_current_context()
    for name, reason in _REFUSED[server].items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} does not go with --server {server}: {reason}."
            )


def _certificate_files(cert: Certificate | None) -> tuple[str, str] | None:
    if cert is None or isinstance(cert, tuple):
        return cert
    raise click.BadParameter(
        "A production server takes the certificate from a file, with --key.", param_hint="--cert"
    )


def _run_production(server: str, service: Service) -> None:
    if get_debug_flag():
        click.secho(
            f" * Debug mode is on under {server}: errors tell more than strangers should read."
            " Turn it off with --no-debug. (The interactive debugger is never active here.)",
            fg="yellow",
            err=True,
        )
    click.echo(f" * Starting {server} {shlex.join(COMMANDS[server](service))}")
    become(server, service)
