"""From ``--app`` to an imported module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dualapp.cli import NoAppException, prepare_import
from dualapp.cli.importing import import_or_none, open_import_path


@pytest.fixture
def tree(write):
    for name in ("shop/__init__.py", "shop/web.py", "shop/admin/__init__.py", "plain.py"):
        write(name)
    write("src/lib/__init__.py")
    write("src/lib/site.py")
    write("loose/page.py")


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("path", "module", "folder"),
    [
        ("plain.py", "plain", "."),
        ("plain", "plain", "."),
        ("./plain.py", "plain", "."),
        ("shop", "shop", "."),
        ("shop/", "shop", "."),
        ("shop/__init__.py", "shop", "."),
        ("shop/web.py", "shop.web", "."),
        ("shop.web", "shop.web", "."),
        ("shop/admin", "shop.admin", "."),
        ("shop/admin/__init__.py", "shop.admin", "."),
        ("src/lib/site.py", "lib.site", "src"),
        ("src/lib", "lib", "src"),
        ("loose/page.py", "page", "loose"),
        ("nothing/here.py", "here", "nothing"),
    ],
)
def test_prepare_import(path, module, folder):
    assert prepare_import(path) == module
    assert sys.path[0] == str(Path(folder).resolve())


def test_the_folder_is_put_on_the_path_once(write):
    write("plain.py")
    prepare_import("plain.py")
    length = len(sys.path)
    prepare_import("plain.py")
    assert len(sys.path) == length


def test_a_missing_module_is_none(write):
    write("shop/__init__.py")
    sys.path.insert(0, ".")
    assert import_or_none("no_such_module_at_all") is None
    assert import_or_none("shop.nothing") is None
    assert import_or_none("shop.nothing.deeper") is None


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("from os import no_such_name", "cannot import name 'no_such_name'"),
        ("raise ImportError('out of stock')", "out of stock"),
    ],
)
def test_a_failing_import_inside_is_told_with_its_traceback(write, source, cause):
    file = write("broken_inside.py", source)
    with pytest.raises(NoAppException) as caught:
        open_import_path("broken_inside.py")
    message = caught.value.format_message()
    assert "'broken_inside' was found" in message
    assert str(file) in message
    assert cause in message


def test_other_errors_of_the_module_are_passed_on(write):
    write("divides.py", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        open_import_path("divides.py")


@pytest.mark.parametrize(
    ("import_path", "name"),
    [
        ("plain", None),
        ("plain.py", None),
        ("plain:app", "app"),
        ("plain.py:make('a:b')", "make('a:b')"),
        ("plain:", ""),
    ],
)
def test_the_name_is_split_off(write, import_path, name):
    write("plain.py")
    module, found = open_import_path(import_path)
    assert (module.__name__, found) == ("plain", name)


def test_the_colon_of_a_drive_belongs_to_the_path():
    from dualapp.cli.importing import _split

    assert _split(r"C:\shop\web.py:app") == (r"C:\shop\web.py", "app")
    assert _split("C:/shop/web.py") == ("C:/shop/web.py", None)


def test_without_a_path_wsgi_comes_before_app(write):
    write("app.py")
    assert open_import_path(None)[0].__name__ == "app"
    write("wsgi.py")
    assert open_import_path(None)[0].__name__ == "wsgi"


def test_a_missing_module_that_was_named_is_an_error(tmp_path):
    with pytest.raises(NoAppException, match="Could not import 'nothing'") as caught:
        open_import_path("nothing")
    assert str(tmp_path) in caught.value.format_message()


def test_nothing_at_all_says_what_can_be_done():
    with pytest.raises(NoAppException, match=r"--app.*DUALAPP_APP.*FLASK_APP.*wsgi\.py"):
        open_import_path(None)
