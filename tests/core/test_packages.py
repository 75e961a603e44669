"""Where an import name lies on disk, and where its installation begins."""

from __future__ import annotations

import importlib
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from dualapp.core.packages import find_package, get_root_path


@pytest.fixture
def importable(tmp_path, monkeypatch):
    """Make modules importable for one test: ``importable(folder, *files)``."""
    before = set(sys.modules)

    def make(folder: str, *files: str) -> Path:
        root = tmp_path / folder
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        monkeypatch.syspath_prepend(root)
        return root

    monkeypatch.chdir(tmp_path)
    yield make
    for name in set(sys.modules) - before:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize(
    ("name", "folder"), [("pkg_a", "pkg_a"), ("pkg_a.inner", "pkg_a"), ("module_a", ".")]
)
def test_root_path_is_the_folder_of_the_module(importable, name, folder, imported):
    root = importable("code", "pkg_a/__init__.py", "pkg_a/inner.py", "module_a.py")
    if imported:
        importlib.import_module(name)
    assert get_root_path(name) == str((root / folder).resolve())


@pytest.mark.parametrize("name", ["no_such", "no_such.inner"])
def test_an_unknown_name_means_the_current_folder(importable, name):
    assert get_root_path(name) == str(Path.cwd())
    assert find_package(name) == (None, str(Path.cwd()))


def test_a_loader_may_tell_the_file(monkeypatch):
    class Loader:
        def get_filename(self, name):
            return f"/elsewhere/{name}.py"

    module = types.ModuleType("told")
    module.__spec__ = ModuleSpec("told", Loader())
    monkeypatch.setitem(sys.modules, "told", module)
    assert get_root_path("told") == "/elsewhere"


def test_no_file_is_an_error():
    with pytest.raises(RuntimeError, match=r"'sys' has no file.*root_path="):
        get_root_path("sys")


def test_an_imported_namespace_package_is_an_error(importable):
    importable("code", "spread_a/inner/__init__.py")
    importlib.import_module("spread_a.inner")
    with pytest.raises(RuntimeError, match="namespace"):
        get_root_path("spread_a")


@pytest.mark.parametrize("name", ["pkg_b", "pkg_b.inner", "module_b"])
def test_code_in_its_own_folder_is_not_installed(importable, name):
    root = importable("code", "pkg_b/__init__.py", "pkg_b/inner.py", "module_b.py")
    assert find_package(name) == (None, str(root))


@pytest.mark.parametrize(
    "below", ["lib/python3.11/site-packages", "Lib/site-packages", "site-packages"]
)
def test_the_prefix_of_an_installation(importable, tmp_path, below):
    root = importable(f"env/{below}", "pkg_c/__init__.py")
    assert find_package("pkg_c") == (str(tmp_path / "env"), str(root))


def test_what_lies_below_this_interpreters_prefix_is_installed_there(
    importable, tmp_path, monkeypatch
):
    root = importable("env/anywhere", "pkg_d/__init__.py")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    assert find_package("pkg_d") == (str(tmp_path / "env"), str(root))


def test_each_part_of_a_namespace_package_is_found_where_it_lies(importable):
    one = importable("one", "spread_b/x/__init__.py")
    two = importable("two", "spread_b/y/__init__.py")
    assert find_package("spread_b.x") == (None, str(one))
    assert find_package("spread_b.y") == (None, str(two))
    assert find_package("spread_b")[1] in {str(one), str(two)}
