"""The command: what cannot be used is refused before anything is started."""

from __future__ import annotations

import importlib.util

import pytest
from click.testing import CliRunner

from dualapp.cli import cli


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
    ],
)
def test_bad_usage(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("shop:app", *arguments)
    assert result.exit_code == 2
    assert said in result.output


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
