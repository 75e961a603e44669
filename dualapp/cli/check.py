"""``dualapp check``: what the application will do on either side, and what will go wrong."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
import typing as t

import click

from ..helpers import get_debug_flag
from ..sides.usercode import is_users
from .environment import own_name
from .errors import NoAppException
from .options import _as_flask_option, debug_option
from .scriptinfo import ScriptInfo, pass_script_info

if t.TYPE_CHECKING:
    from ..app import DualApp

#: The exit status if there are findings; click's own 2 stands for bad usage.
FOUND = 1


def _codes(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Give codes that are separated by commas; refuse what no code begins with."""
    from ..check.codes import CODES

    codes = ",".join(given).upper().replace(",", " ").split()
    for code in codes:
        if not any(known.startswith(code) for known in CODES):
            known_codes = ", ".join(CODES)
            raise click.BadParameter(f"{code!r} is no code: they are {known_codes}.", ctx, param)
    return tuple(codes)


def _codes_option(name: str, help: str) -> t.Callable[[t.Any], t.Any]:
    return click.option(name, multiple=True, metavar="CODES", callback=_codes, help=help)


@click.command("check", short_help="Say what the application does on either side.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for other programs.")
@_codes_option("--select", "Report these codes only, or what begins so: DA101,DA2.")
@_codes_option("--ignore", "Leave these codes out.")
@click.option(
    "--fail-on",
    type=click.Choice(("error", "warning", "note", "never")),
    default="warning",
    show_default=True,
    help="The least finding that makes the exit status 1.",
)
@click.argument("application", required=False, metavar="[MODULE:APP]")
@pass_script_info
def check_command(
    info: ScriptInfo,
    application: str | None,
    as_json: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
) -> None:
    """Say what the application, named here or with --app, will do on either side.

    Imports it and reads it; no view is called. Lists its views, with a line for WSGI and one for
    ASGI, and what will go wrong or cost more than it need: blocking calls in async code, hooks
    that hop, objects that outlive their event loop. A comment '# dualapp: ignore[DA101]' on the
    line silences one.

    The exit status is 0 if nothing was found, 1 if something was, 2 if the application cannot be
    loaded.
    """
    from ..check.as_json import json_of
    from ..check.codes import Severity
    from ..check.report import text_of
    from ..check.run import check

    if application is not None:
        info.app_import_path = application
    report = check(_load(info), select, ignore)
    if as_json:
        click.echo(json.dumps(json_of(report), indent=2))
    else:
        click.echo(text_of(report))
    if fail_on != "never" and report.has_any(Severity[fail_on.upper()]):
        click.get_current_context().exit(FOUND)


check_command.params[:0] = [debug_option(own_name("check", "debug")), _as_flask_option]


def _load(info: ScriptInfo) -> DualApp:
    """Load the application, with its debug mode as its own code sets it.

    Raises:
        click.UsageError: It does not load; the message says why in one line.
    """
    info.set_debug_flag = False
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints is no part of the report
            app = info.load_app()
    except NoAppException as error:
        if "\n" not in error.message or error.__context__ is None:
            raise
        raise _not_loaded(info, error.__context__) from error  # not the traceback that it holds
    except (Exception, SystemExit) as error:
        raise _not_loaded(info, error) from error
    if get_debug_flag():
        app.debug = False  # asked for, and so nothing to be told of
    return app


def _not_loaded(info: ScriptInfo, error: BaseException) -> click.UsageError:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_users(frame.filename)]
    where = f" ({os.path.relpath(own[-1].filename)}:{own[-1].lineno})" if own else ""
    text = " ".join(str(error).split())
    name = info.app_import_path or "the application"
    return click.UsageError(
        f"{name!r} does not load, so there is nothing to check:"
        f" {type(error).__name__}: {text}{where}"
    )
