"""Environment variables from files."""

from __future__ import annotations

import os
import sys

import pytest

from dualapp.cli import load_dotenv


@pytest.fixture
def files(write):
    write(".flaskenv", "T_ALL=flaskenv\nT_FLASK=flaskenv\nT_EMPTY=\n")
    write(".dualappenv", "T_ALL=dualappenv\nT_FLASK=dualappenv\nT_OWN=dualappenv\n")
    write(".env", "T_ALL=env\nT_OWN=env\nT_NO_VALUE\nT_MADE=${T_ALL}!\n")
    write("my.env", "T_ALL=mine\n")


def values(prefix="T_"):
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}


@pytest.mark.usefixtures("files")
class TestFiles:
    def test_the_nearer_to_the_deployment_wins(self):
        assert load_dotenv() is True
        assert values() == {
            "T_ALL": "env",
            "T_FLASK": "dualappenv",
            "T_OWN": "env",
            "T_EMPTY": "",
            "T_MADE": "env!",
        }

    def test_a_named_file_wins_over_all(self):
        assert load_dotenv("my.env") is True
        assert values()["T_ALL"] == "mine"
        assert values()["T_OWN"] == "env"

    def test_only_the_named_file(self):
        assert load_dotenv("my.env", load_defaults=False) is True
        assert values() == {"T_ALL": "mine"}

    def test_what_is_set_stays(self, monkeypatch):
        monkeypatch.setenv("T_ALL", "real")
        assert load_dotenv("my.env") is True
        assert values()["T_ALL"] == "real"

    def test_found_from_a_folder_below(self, monkeypatch, tmp_path):
        below = tmp_path / "deep" / "down"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)
        assert load_dotenv() is True
        assert values()["T_ALL"] == "env"
        assert os.getcwd() == str(below)

    def test_without_python_dotenv_a_hint(self, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "dotenv", None)
        assert load_dotenv() is False
        assert values() == {}
        assert "pip install 'dualapp[dotenv]'" in capsys.readouterr().err


def test_nothing_to_read():
    assert load_dotenv() is False
    assert load_dotenv("missing.env") is False
    assert load_dotenv(load_defaults=False) is False


def test_without_python_dotenv_and_without_files_no_hint(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert load_dotenv() is False
    assert capsys.readouterr().err == ""
