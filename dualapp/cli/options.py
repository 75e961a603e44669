"""The options that stand before the command: ``dualapp --app shop --debug routes``."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import platform
import typing as t

import click
from click.core import ParameterSource

from ..alias import AS_FLASK_VARIABLE, FLASK_VERSION, install_as_flask
from .environment import own_name, set_debug_flag
from .scriptinfo import ScriptInfo


def _set_app(ctx: click.Context, param: click.Option, value: str | None) -> str | None:
    if value is not None:
        ctx.ensure_object(ScriptInfo).app_import_path = value
    return value


def _set_debug(ctx: click.Context, param: click.Option, value: bool) -> bool | None:
    source = ctx.get_parameter_source(param.name or "")
    if source in {ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None}:
        return None  # not asked for: what the environment says stays in force
    # The application may read it while it is imported, so it cannot wait until it is loaded.
    set_debug_flag(value)
    return value


def _env_file_callback(ctx: click.Context, param: click.Option, value: str | None) -> str | None:
    from . import load_dotenv  # by its public name, under which it may have been replaced

    if value is not None and importlib.util.find_spec("dotenv") is None:
        raise click.BadParameter(
            "Only python-dotenv can read this file: pip install 'dualapp[dotenv]'.", ctx, param
        )
    defaults = ctx.ensure_object(ScriptInfo).load_dotenv_defaults
    if defaults or value is not None:
        load_dotenv(value, load_defaults=defaults)
    return value


def get_version(ctx: click.Context, param: click.Parameter, value: t.Any) -> None:
    """Print the versions of Python, dualapp and Werkzeug, and end the run."""
    if value and not ctx.resilient_parsing:
        click.echo(f"Python {platform.python_version()}")
        click.echo(f"dualapp {_version_of('dualapp')} (API of Flask {FLASK_VERSION})")
        click.echo(f"Werkzeug {_version_of('werkzeug')}")
        ctx.exit()


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def debug_option(variable: str) -> click.Option:
    """Make the option ``--debug/--no-debug``, which also reads an environment variable."""
    return click.Option(
        ["--debug/--no-debug"],
        envvar=variable,
        expose_value=False,
        callback=_set_debug,
        help="Turn debug mode on or off.",
    )


# Acted on before the others, whatever their order, and not passed to any function.
_early_option = functools.partial(click.Option, is_eager=True, expose_value=False)

# First in a group's options: what the files set is there when the others are read.
_env_file_option = _early_option(
    ["-e", "--env-file"],
    type=click.Path(exists=True, dir_okay=False),
    envvar=own_name("env_file"),
    callback=_env_file_callback,
    help=(
        "A file with environment variables. It overrules '.env', '.dualappenv' and '.flaskenv',"
        " which are read as well; variables that are set already overrule all files."
        " Needs python-dotenv."
    ),
)

_app_option = _early_option(
    ["-A", "--app"],
    metavar="IMPORT",
    envvar=own_name("app"),
    callback=_set_app,
    help=(
        "The application, as 'module:name'. The module is a dotted name or a file. The name may be"
        " left out if it is app, application, create_app or make_app; a factory takes arguments as"
        " 'name(args)'."
    ),
)

_debug_option = debug_option(own_name("debug"))


def _set_as_flask(ctx: click.Context, param: click.Option, value: bool) -> None:
    # Read here and not by click: a file may have set it, and what counts as set is the same for
    # the file in site-packages that reads it for other programs.
    if not value and os.environ.get(AS_FLASK_VARIABLE, "0") in {"", "0"}:
        return
    os.environ[AS_FLASK_VARIABLE] = "1"  # for the servers and reloaders that this starts
    try:
        install_as_flask()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


# Behind the option for files, which may set its variable.
_as_flask_option = _early_option(
    ["--as-flask"],
    is_flag=True,
    callback=_set_as_flask,
    help=(
        "Let 'import flask' mean dualapp, for an application written for Flask. The environment"
        f" variable {AS_FLASK_VARIABLE}=1 does the same."
    ),
)


version_option = _early_option(
    ["--version"],
    is_flag=True,
    callback=get_version,
    help="Print the versions of dualapp, Python and Werkzeug.",
)
