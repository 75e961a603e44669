"""The name ``flask`` leads to dualapp. It is global, so each test has an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

TOO_LATE = """
import legacy_extension, dualapp
try: dualapp.install_as_flask()
except RuntimeError as error: print(error)
"""
SETUP = "import dualapp; dualapp.install_as_flask()"


def run(code: str, path: Path, **environ: str) -> str:
    """Run code in a fresh interpreter, ``path`` on its search path; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd=path,
        env={"PATH": "", "PYTHONPATH": str(path), **environ},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def real_flask(tmp_path: Path) -> Path:
    """A folder with a stand-in for the real Flask in it, and a module that imports it."""
    (tmp_path / "flask").mkdir()
    (tmp_path / "flask" / "__init__.py").write_text(
        "from werkzeug.local import LocalProxy\n"
        "request = LocalProxy(lambda: unbound)\n"
        "class Flask: pass\n"
    )
    (tmp_path / "flask" / "helpers.py").write_text("def redirect(): pass\n")
    (tmp_path / "legacy_extension.py").write_text("from flask import Flask\n")
    return tmp_path


def test_all_modules_of_flask_lead_to_dualapp(tmp_path: Path) -> None:
    assert run(
        f"""
        {SETUP}
        import importlib, sys
        from dualapp.alias import SUBMODULES
        for name in sorted(SUBMODULES):
            module = importlib.import_module("flask." + name)
            assert module is sys.modules["flask." + name]
            assert module.__spec__.name == "dualapp." + name, module.__spec__
        import flask, flask.app, dualapp
        assert flask.Flask is flask.app.Flask is dualapp.DualApp
        assert flask.globals.request is flask.request
        print(len(SUBMODULES))
        """,
        tmp_path,
    ) == str(24)


def test_python_m_flask_is_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "wsgi.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "flask", "routes"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "DUALAPP_AS_FLASK": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "/static/<path:filename>" in done.stdout


def test_specs_say_where_a_module_lies(tmp_path: Path) -> None:
    # A reloader starts "python -m flask" again if there is such a file.
    code = f"""
    {SETUP}
    import importlib.util, os
    for name in ("__main__", "app", "json.tag"):
        assert os.path.isfile(importlib.util.find_spec("flask." + name).origin)
    print("ok")
    """
    assert run(code, tmp_path) == "ok"


def test_what_flask_holds_can_be_replaced_without_touching_dualapp(tmp_path: Path) -> None:
    code = f"{SETUP}; import flask; flask.Flask = int; print(dualapp.Flask is dualapp.DualApp)"
    assert run(code, tmp_path) == "True"


def test_the_version_is_known_where_flask_is_not_installed(tmp_path: Path) -> None:
    code = f"""
    {SETUP}
    import importlib.metadata, sys, flask
    # Only the folder of the test and the standard library: no metadata of a real Flask.
    assert importlib.metadata.version("flask") == flask.__version__
    print(flask.__version__)
    """
    assert run(code, tmp_path) == "3.1.3"


def test_installed_metadata_of_flask_comes_first(tmp_path: Path) -> None:
    info = tmp_path / "flask-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Flask\nVersion: 9.8.7\n")
    code = f"{SETUP}; import importlib.metadata as m; print(m.version('flask'))"
    assert run(code, tmp_path) == "9.8.7"


def test_installing_twice_and_from_threads_is_fine(tmp_path: Path) -> None:
    code = f"""
    {SETUP}
    import sys, threading
    threads = [threading.Thread(target=dualapp.install_as_flask) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(sum(type(finder).__name__ == "FlaskFinder" for finder in sys.meta_path))
    """
    assert run(code, tmp_path) == "1"


def test_a_real_flask_beside_it_does_not_matter(real_flask: Path) -> None:
    code = f"{SETUP}; import legacy_extension as e; print(e.Flask is dualapp.DualApp)"
    assert run(code, real_flask) == "True"


@pytest.mark.parametrize(
    "statement",
    [
        "import flask",
        "import flask.helpers as h",
        "from flask import Flask",
        "from flask.helpers import redirect",
        "from flask import request",
        "class MyApp(__import__('flask').Flask): pass",
    ],
)
def test_too_late_is_refused_and_says_who_imported_flask(statement: str, real_flask: Path) -> None:
    (real_flask / "legacy_extension.py").write_text(f"{statement}\n")
    message = run(TOO_LATE, real_flask)
    assert "imported already, by legacy_extension." in message
    assert "DUALAPP_AS_FLASK=1" in message


def test_too_late_is_refused_also_if_nobody_is_left_to_name(real_flask: Path) -> None:
    (real_flask / "legacy_extension.py").write_text("__import__('flask')\n")
    assert "imported already, by a module that kept nothing." in run(TOO_LATE, real_flask)


def test_too_late_names_those_that_imported_flask_first(real_flask: Path) -> None:
    for number in range(5):
        (real_flask / f"part_{number}.py").write_text("from flask.helpers import redirect\n")
    imports = "".join(f"import part_{number}\n" for number in range(5))
    message = run(imports + textwrap.dedent(TOO_LATE).replace("legacy_extension, ", ""), real_flask)
    assert "imported already, by part_0, part_1, part_2 and 2 more." in message


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("from flask import no_such", "ImportError"),
        ("from flask.app import no_such", "ImportError"),
        ("from flask.helpers import no_such", "ImportError"),
        ("from flask.sansio.scaffold import no_such", "ImportError"),
        ("import flask.no_such", "ModuleNotFoundError"),
        ("import flask; flask.no_such", "AttributeError"),
        ("import flask.helpers; flask.helpers.no_such", "AttributeError"),
    ],
)
def test_a_name_that_is_missing_is_named_with_the_issue_tracker(
    statement: str, error: str, tmp_path: Path
) -> None:
    code = f"{SETUP}\ntry: exec({statement!r})\nexcept Exception as e: print(type(e).__name__, e)"
    message = run(code, tmp_path)
    assert message.startswith(error)
    assert "no_such" in message
    assert "issue tracker" in message


def test_a_name_is_found_in_the_modules_of_flask_that_import_it(tmp_path: Path) -> None:
    code = f"""
    {SETUP}
    import importlib
    from dualapp.elsewhere import ELSEWHERE
    for module, homes in ELSEWHERE.items():
        for entry in " ".join(homes.values()).split():
            getattr(importlib.import_module("flask." + module), entry.partition("=")[0])
    from flask.app import BadRequestKeyError
    from flask.helpers import request
    from flask.sansio.scaffold import T_route
    print(BadRequestKeyError.__module__, request is dualapp.request, T_route)
    """
    assert run(code, tmp_path) == "werkzeug.exceptions True ~T_route"


def test_such_a_name_can_be_replaced_there_and_put_back(tmp_path: Path) -> None:
    code = f"""
    {SETUP}
    from unittest import mock
    import flask.helpers, dualapp.globals
    with mock.patch("flask.app.request_ctx", "mine"):
        print(flask.app.request_ctx)
    print(flask.app.request_ctx is dualapp.globals.request_ctx)
    """
    assert run(code, tmp_path).split() == ["mine", "True"]


def test_probing_for_a_missing_name_stays_quiet(tmp_path: Path) -> None:
    code = f"{SETUP}; import flask; print(hasattr(flask, 'ext'), getattr(flask, 'ext', 'none'))"
    assert run(code, tmp_path) == "False none"


def test_an_environment_variable_does_it_without_an_edit(real_flask: Path) -> None:
    code = "import sys, flask; print('dualapp' in sys.modules, flask.Flask.__name__)"
    assert run(code, real_flask, DUALAPP_AS_FLASK="1") == "True DualApp"
    assert run(code, real_flask, DUALAPP_AS_FLASK="0") == "False Flask"
    assert run(code, real_flask) == "False Flask"


def test_it_holds_in_processes_that_the_program_starts(real_flask: Path) -> None:
    code = """
    import subprocess, sys
    code = "import legacy_extension as e; print(e.Flask.__module__)"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
    """
    assert run(code, real_flask, DUALAPP_AS_FLASK="1") == "dualapp.app"


def test_warnings_keep_the_module_name_that_filters_know(tmp_path: Path) -> None:
    code = f"""
    {SETUP}
    import warnings
    from flask import Flask
    app = Flask("x", subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.com"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Current server name", UserWarning, "flask.app")
        print(app.test_client().get("/", base_url="http://other.test/").status_code)
    """
    assert run(code, tmp_path) == "404"
