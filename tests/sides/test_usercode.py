"""Whose code a file is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import werkzeug

import dualapp
from dualapp.sides.usercode import is_users


@pytest.mark.parametrize(
    ("file", "is_own"),
    [
        (__file__, True),
        (asyncio.__file__, False),
        (werkzeug.__file__, False),
        (dualapp.__file__, False),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
        (__file__ + ".nothing", False),
    ],
)
def test_it_is_the_users_or_not(file, is_own):
    assert is_users(file) is is_own
    assert is_users(file, str(Path(__file__).parents[2])) is is_own, "whatever lies around it"


def test_a_virtual_environment_in_the_applications_folder_is_not_the_users(tmp_path):
    installed = tmp_path / "venv" / "lib" / "site-packages" / "tool.py"
    installed.parent.mkdir(parents=True)
    installed.touch()
    own = tmp_path / "app.py"
    own.touch()
    assert not is_users(str(installed), str(tmp_path))
    assert is_users(str(own), str(tmp_path))


def test_an_application_that_is_installed_is_the_users_who_serves_it():
    package = Path(werkzeug.__file__).parent
    assert is_users(werkzeug.__file__, str(package))
    assert not is_users(pytest.__file__, str(package))
    lab = Path(dualapp.__file__).parent / "lab"
    assert is_users(str(lab / "app.py"), str(lab))
    assert not is_users(dualapp.__file__, str(lab))
