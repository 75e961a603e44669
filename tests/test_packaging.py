"""What the project's files say about dependencies and commands agrees with one another."""

from __future__ import annotations

import configparser
import re
import tomllib
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, t.Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")

#: Extras whose packages are part of what runs, and not tools to develop it.
RUN_WITH = ("dotenv", "servers", "orjson", "msgspec")

_requirement = re.compile(r"(?P<name>[\w.-]+)(\[[\w,-]+\])?>=(?P<lowest>[\d.]+)").match


def _lower_bounds() -> dict[str, str]:
    """Give the lowest version that is allowed of each package."""
    extras = PROJECT["optional-dependencies"]
    bounds = {}
    for requirement in [*PROJECT["dependencies"], *(r for e in RUN_WITH for r in extras[e])]:
        found = _requirement(requirement)
        assert found is not None, f"{requirement!r} has no lower bound"
        bounds[found["name"]] = found["lowest"]
    return bounds


def test_the_tests_of_the_lowest_versions_use_the_lowest_versions() -> None:
    lines = (ROOT / "tests" / "requirements-min.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    assert pinned == _lower_bounds()


def _commands() -> list[str]:
    """Give the README's shell commands that set everything up."""
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", README, re.S)
        for line in block.splitlines()
    ]
    return [line for line in lines if line.startswith("python3 -m venv")]


def test_the_readme_has_one_command_for_the_trade_off_and_one_for_the_tests() -> None:
    measure, tests = _commands()
    assert measure.endswith("dualapp tradeoff")
    assert tests.endswith("python -m pytest")


@pytest.mark.parametrize("command", _commands())
def test_a_command_of_the_readme_names_extras_that_there_are(command: str) -> None:
    found = re.search(r'pip install .*"\.\[(.*)\]"', command)
    assert found is not None
    assert set(found[1].split(",")) <= set(PROJECT["optional-dependencies"])


def test_every_supported_python_has_an_environment() -> None:
    minors = [
        classifier.rpartition(".")[2]
        for classifier in PROJECT["classifiers"]
        if classifier.startswith("Programming Language :: Python :: 3.")
    ]
    found = re.search(r"py3\{([\d,]+)\}", (ROOT / "tox.ini").read_text("utf-8"))
    assert found is not None
    assert set(minors) <= set(found[1].split(","))


def test_ci_runs_every_environment() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", "utf-8")
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    found = re.search(r"^for environment in ([\w ]+); do$", run, re.M)
    assert found is not None
    named = {name for name in tox["tox"]["env_list"].split() if not name.startswith("py3")}
    assert set(found[1].split()) == named
