"""The command line: finding applications, running them, and giving them commands.

==================  ===================================================================
:mod:`.importing`   what ``--app`` says → an imported module
:mod:`.discovery`   a module → the application in it
:mod:`.scriptinfo`  the application of this run, and its context for commands
:mod:`.environment` variables under both names, ``DUALAPP_X`` and ``FLASK_X``
:mod:`.dotenv`      variables from files
:mod:`.options`     ``--app``, ``--env-file``, ``--debug``, ``--version``
:mod:`.plugins`     commands of installed packages
:mod:`.groups`      the group of commands around an application
:mod:`.serve`       ``run``: :mod:`.development`, or :mod:`.servers` with :mod:`.target`
:mod:`.tls`         ``--cert`` and ``--key``
:mod:`.routes`      ``routes``
:mod:`.shell`       ``shell``
:mod:`.check`       ``check``
:mod:`.main`        the command line itself
==================  ===================================================================

Every name that ``flask.cli`` has is here, also the modules it happens to import: programs and
tests reach, and replace, them by these names.
"""

from __future__ import annotations

import ast as ast
import collections.abc as cabc  # noqa: F401  part of the public names, see above
import importlib as importlib
import inspect as inspect
import os as os
import platform as platform
import re as re
import sys as sys
import traceback as traceback
import typing as t  # noqa: F401  as cabc
from functools import update_wrapper as update_wrapper
from operator import itemgetter as itemgetter
from types import ModuleType as ModuleType

import click as click
from click.core import ParameterSource as ParameterSource
from werkzeug import run_simple as run_simple
from werkzeug.serving import is_running_from_reloader as is_running_from_reloader
from werkzeug.utils import import_string as import_string

from ..commands import AppGroup as AppGroup
from ..commands import F as F
from ..commands import with_appcontext as with_appcontext
from ..globals import current_app as current_app
from ..helpers import get_debug_flag as get_debug_flag
from ..helpers import get_load_dotenv as get_load_dotenv
from .development import show_server_banner as show_server_banner
from .discovery import _called_with_wrong_args as _called_with_wrong_args
from .discovery import find_app_by_string as find_app_by_string
from .discovery import find_best_app as find_best_app
from .discovery import locate_app as locate_app
from .dotenv import load_dotenv as load_dotenv
from .errors import NoAppException as NoAppException
from .groups import DualAppGroup as DualAppGroup
from .groups import FlaskGroup as FlaskGroup
from .importing import prepare_import as prepare_import
from .main import cli as cli
from .main import main as main
from .options import _app_option as _app_option
from .options import _debug_option as _debug_option
from .options import _env_file_callback as _env_file_callback
from .options import _env_file_option as _env_file_option
from .options import _set_app as _set_app
from .options import _set_debug as _set_debug
from .options import get_version as get_version
from .options import version_option as version_option
from .routes import routes_command as routes_command
from .scriptinfo import ScriptInfo as ScriptInfo
from .scriptinfo import pass_script_info as pass_script_info
from .serve import SeparatedPathType as SeparatedPathType
from .serve import run_command as run_command
from .shell import shell_command as shell_command
from .tls import CertParamType as CertParamType
from .tls import _validate_key as _validate_key


def _path_is_ancestor(path: str, other: str) -> bool:
    """Tell whether ``other`` lies below the folder ``path``."""
    return path != other and os.path.join(path, os.path.relpath(other, path)) == other
