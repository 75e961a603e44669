"""The reference pages name all that there is, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import re
import typing as t
from datetime import timedelta

import click
import pytest

import dualapp
from dualapp.cli import cli
from dualapp.core.defaults import DEFAULT_CONFIG

from .fenced import DOCS, ROOT

_table_row = re.compile(
    r"^\| `(?P<key>[A-Z_]+)` \| (?P<types>[\w, ]+) \| `(?P<default>[^`]+)`"
    r" \| (?P<side>[\w, ]+) \| .+ \|$",
    re.M,
)
_types = {kind.__name__: kind for kind in (bool, bytes, int, list, str, timedelta)}


def _rows() -> list[dict[str, str]]:
    page = (DOCS / "configuration.md").read_text("utf-8")
    return [found.groupdict() for found in _table_row.finditer(page)]


def test_the_configuration_page_has_every_key_with_its_default() -> None:
    named = {row["key"]: eval(row["default"], {"timedelta": timedelta}) for row in _rows()}
    assert named == DEFAULT_CONFIG


def test_the_configuration_page_says_the_type_of_each_key() -> None:
    wrong = [
        row["key"]
        for row in _rows()
        if DEFAULT_CONFIG[row["key"]] is not None
        and type(DEFAULT_CONFIG[row["key"]]) not in {_types[n] for n in row["types"].split(", ")}
    ]
    assert wrong == []


def test_the_configuration_page_says_for_which_side_each_key_is() -> None:
    sides = {row["side"].partition(",")[0] for row in _rows()}
    assert sides == {"both", "WSGI", "ASGI"}


def test_the_api_page_has_every_public_name() -> None:
    named = set(re.findall(r"dualapp\.(\w+)", (DOCS / "api.md").read_text("utf-8")))
    signals = {name for name in vars(dualapp) if name in vars(dualapp.signals)}
    public = {name for name, value in vars(dualapp).items() if not name.startswith("_")}
    modules = {name for name in public if isinstance(vars(dualapp)[name], type(re))}
    assert public - named - signals - modules - {"Flask", "annotations"} == set()


def _described() -> dict[str, t.Any]:
    """Give what the API page has a directive for, and the public methods of its classes."""
    page = (DOCS / "api.md").read_text("utf-8")
    found: dict[str, t.Any] = {}
    for path in re.findall(r"^\.\. auto(?:class|function):: ([\w.]+)$", page, re.M):
        module, _, name = path.rpartition(".")
        found[path] = thing = getattr(importlib.import_module(module), name)
        for kind in getattr(thing, "__mro__", ()):
            if kind.__module__.startswith("dualapp"):
                functions = (n for n, value in vars(kind).items() if inspect.isroutine(value))
                found |= {f"{path}.{n}": getattr(thing, n) for n in functions if n[0] != "_"}
    return found


def test_what_the_api_page_describes_has_a_docstring() -> None:
    described = _described()
    assert {"dualapp.DualApp.before_serving", "dualapp.url_for"} <= described.keys()
    assert [path for path, thing in described.items() if not inspect.getdoc(thing)] == []


COMMANDS: dict[str, click.Command] = {
    "Options before the command": cli,
    **{f"`dualapp {name}`": command for name, command in cli.commands.items()},
}


@pytest.mark.parametrize("heading", COMMANDS)
def test_the_command_line_page_has_every_option(heading: str) -> None:
    page = (DOCS / "cli.md").read_text("utf-8")
    begin = page.index(f"## {heading}")
    section = page[begin : page.index("\n## ", begin)]
    options = {
        option
        for parameter in COMMANDS[heading].params
        for option in [*parameter.opts, *parameter.secondary_opts]
        if option.startswith("--") and option != "--help"
    }
    assert {option for option in options if f"`{option}" not in section} == set()


def test_every_page_can_be_found() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert {page for page in pages if f"\n{page}\n" not in index} == set()


def test_links_of_the_readme_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
