"""The command: what cannot be used is refused before anything is started."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from dualapp.cli import cli
from dualapp.cli.tradeoff import _publish

from . import small_results as small


def invoke(*arguments):
    return CliRunner().invoke(cli, ["tradeoff", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--servers", "nginx"], "There is no server 'nginx'. Known are: gunicorn-sync"),
        (["--concurrency", "1,many"], "'1,many' is not a list of numbers from 1 to 10000"),
        (["--concurrency", "0"], "is not a list of numbers"),
        (["--request", "FETCH /"], "'FETCH' in 'FETCH /' is none of GET, POST"),
        (["--requests", "missing.txt"], "The file of requests cannot be read"),
        (["--html", "no/such/report.html"], "--html: there is no folder"),
        (["--json", "no/such/file.json"], "--json: there is no folder"),
        (["--html", "."], "--html: . cannot be written. Name another file."),
        (["--threads", "1"], "1 is not in the range"),
        (["--seconds", "0"], "is not in the range"),
        (["--seconds", "nan"], "'nan' is no number of seconds"),
        (["--seconds", "inf"], "'inf' is no number of seconds"),
        (["--html", "-"], "--html: a page cannot be printed. Name a file."),
    ],
)
def test_bad_usage(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("shop:app", *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_more_connections_than_the_system_allows(tmp_path):
    command = f"ulimit -n 100; exec {sys.executable} -m dualapp tradeoff --concurrency 1,200"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: 200 requests at once need 264 open files, and a process may have 100 here. Raise"
        " that with: ulimit -n 264, or ask for fewer: --concurrency"
    )


def test_figures_are_not_lost_when_a_file_cannot_be_written(tmp_path, capsys):
    page = tmp_path / "page.html"
    found = small.results([small.figures(small.SYNC, "GET /report", 10)])
    with pytest.raises(click.ClickException, match="--json: No space left on device"):
        _publish(found, "/dev/full", str(page))
    assert "requests a second at" in capsys.readouterr().out
    assert page.exists()


def test_the_line_of_a_file_is_named(tmp_path):
    file = tmp_path / "requests"
    file.write_text("GET /\nGET report\n")
    result = invoke("shop:app", "--requests", str(file))
    assert result.exit_code == 2
    assert (
        "requests, line 2: The path 'report' in 'GET report' must begin with '/'" in result.output
    )


def test_without_the_extra(monkeypatch):
    real = importlib.util.find_spec

    def find_spec(name, *more):
        return None if name == "psutil" else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    result = invoke()
    assert result.exit_code == 1
    assert result.output.startswith("Error: psutil is not installed for ")
    assert result.output.count("\n") == 1
    assert "pip install 'dualapp[lab]'" in result.output
