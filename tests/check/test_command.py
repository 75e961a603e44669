"""``dualapp check``: which application, what is written, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from dualapp.cli import cli

CLEAN = "from dualapp import DualApp\napp = DualApp(__name__)\n"
NOTE = CLEAN + "@app.get('/')\nasync def v():\n    open('x')\n"
WARNING = CLEAN + "app.asgi_app = lambda *args: None\n"
ERROR = CLEAN + "import time\n@app.get('/')\nasync def v():\n    time.sleep(1)\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in a folder with a file ``shop.py``; each run has a process's own modules."""
    monkeypatch.chdir(tmp_path)
    for name in ("DUALAPP_APP", "FLASK_APP", "DUALAPP_DEBUG", "FLASK_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    environment = dict(os.environ)  # options set variables

    def run(text, *args, file="shop.py"):
        (tmp_path / file).write_text(text)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.delitem(sys.modules, file.removesuffix(".py"), raising=False)
        sys.path_importer_cache.pop(str(tmp_path), None)
        try:
            return CliRunner().invoke(cli, ["check", *args])
        finally:
            sys.modules.pop(file.removesuffix(".py"), None)
            os.environ.clear()
            os.environ.update(environment)

    return run


@pytest.mark.parametrize(
    ("text", "fails_on"),
    [
        (CLEAN, set()),
        (NOTE, {"note"}),
        (WARNING, {"note", "warning"}),
        (ERROR, {"note", "warning", "error"}),
    ],
    ids=["clean", "note", "warning", "error"],
)
@pytest.mark.parametrize("level", ["note", "warning", "error", "never"])
def test_exit_status(run, text, fails_on, level):
    result = run(text, "shop:app", "--fail-on", level)
    assert result.exit_code == (1 if level in fails_on else 0), result.output


def test_warnings_count_by_default(run):
    assert run(NOTE, "shop").exit_code == 0
    assert run(WARNING, "shop").exit_code == 1


def test_without_a_name_the_application_is_looked_for(run):
    assert run(CLEAN, file="app.py").output.startswith("app: 0 views")


def test_json(run):
    result = run(ERROR, "shop", "--json")
    assert [each["code"] for each in json.loads(result.stdout)["findings"]] == ["DA101"]


def test_what_the_application_prints_is_no_part_of_the_report(tmp_path):
    (tmp_path / "shop.py").write_text(CLEAN + "print('hello')")
    command = [sys.executable, "-m", "dualapp", "check", "shop", "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["app"] == "shop"
    assert "hello" in done.stderr


def test_select_and_ignore(run):
    assert "DA101" not in run(ERROR, "shop", "--ignore", "DA1").output
    assert "DA101" in run(ERROR, "shop", "--select", "da101,DA5", "--ignore", "DA103").output
    refused = run(ERROR, "shop", "--select", "DA9")
    assert refused.exit_code == 2
    assert "'DA9' is no code" in refused.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (shop.py:1)"),
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name' (shop.py:1)"),
        ("def f(:", "SyntaxError: invalid syntax (shop.py, line 1)"),
        ("raise SystemExit(0)", "SystemExit: 0 (shop.py:1)"),
        ("def create_app():\n    raise KeyError('SECRET')", "KeyError: 'SECRET' (shop.py:2)"),
        ("x = 1", "Module 'shop' holds no dualapp application"),
    ],
)
def test_an_application_that_does_not_load_is_told_of_in_a_line(run, text, told):
    result = run(text, "shop")
    assert result.exit_code == 2
    [line] = [each for each in result.output.splitlines() if each.startswith("Error: ")]
    assert told in line
    assert "Traceback" not in result.output


def test_debug_mode_that_was_asked_for_is_no_finding(run, monkeypatch):
    assert "DA504" in run(CLEAN + "app.debug = True", "shop").output
    assert "DA504" not in run(CLEAN, "shop", "--debug").output


def test_the_command_in_a_process_of_its_own(tmp_path):
    (tmp_path / "shop.py").write_text(ERROR)
    done = subprocess.run(
        [sys.executable, "-m", "dualapp", "check", "shop:app"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "shop.py:6: 'time.sleep(…)' sleeps in async 'v'" in done.stdout
    assert not (tmp_path / "instance").exists()
