"""Which names ``dualapp.cli`` has: all of ``flask.cli``, Flask 3.1.3."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import dualapp
import dualapp.cli

NAMES = """
AppGroup CertParamType F FlaskGroup ModuleType NoAppException ParameterSource ScriptInfo
SeparatedPathType _app_option _called_with_wrong_args _debug_option _env_file_callback
_env_file_option _path_is_ancestor _set_app _set_debug _validate_key annotations ast cabc cli click
current_app find_app_by_string find_best_app get_debug_flag get_load_dotenv get_version
import_string importlib inspect is_running_from_reloader itemgetter load_dotenv locate_app main os
pass_script_info platform prepare_import re routes_command run_command run_simple shell_command
show_server_banner sys t traceback update_wrapper version_option with_appcontext
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_name(name):
    assert hasattr(dualapp.cli, name)


def test_path_is_ancestor():
    assert dualapp.cli._path_is_ancestor("/a", "/a/b/c")
    assert not dualapp.cli._path_is_ancestor("/a", "/a")
    assert not dualapp.cli._path_is_ancestor("/a/b", "/a")
    assert not dualapp.cli._path_is_ancestor("/a", "/ab")


def test_main(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dualapp", "--version"])
    with pytest.raises(SystemExit) as ended:
        dualapp.cli.main()
    assert ended.value.code == 0
    assert "Werkzeug" in capsys.readouterr().out


def test_python_m():
    result = subprocess.run(
        [sys.executable, "-m", "dualapp", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(dualapp.__file__).parents[1])},
    )
    assert result.stdout.startswith("Usage: python -m dualapp")


def test_the_package_has_it_without_an_import_of_its_own():
    """As ``flask.cli``; it is imported when it is asked for."""
    code = """
        import sys, dualapp
        print("dualapp.cli" in sys.modules, dualapp.cli is sys.modules["dualapp.cli"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == "False True\n"
