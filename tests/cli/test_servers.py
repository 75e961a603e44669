"""How production servers are started; that they serve is in ``test_real_servers.py``."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

from dualapp import DualApp
from dualapp.cli import FlaskGroup
from dualapp.cli.servers import default_workers
from dualapp.cli.target import load_app


class ReplacedError(Exception):
    """The process would be another program now."""


@pytest.fixture
def started(monkeypatch):
    commands = []

    def execvp(file, args):
        assert file == args[0] == sys.executable
        commands.append(args[1:])
        raise ReplacedError

    monkeypatch.setattr(os, "execvp", execvp)
    return commands


@pytest.fixture(autouse=True)
def _shop(write):
    write(
        "src/shop.py",
        """
        from dualapp import DualApp

        web = DualApp("web")

        def create_app(name="made"):
            raise LookupError("factories are for the server's workers")
        """,
    )


def run(runner, *args, app="src/shop.py:web", **kwargs):
    return runner.invoke(FlaskGroup(), ["--app", app, "run", *args], **kwargs)


def test_gunicorn(runner, started, tmp_path):
    result = run(runner, "--server", "gunicorn", "--workers", "3", "-p", "8000")
    assert isinstance(result.exception, ReplacedError)
    assert started == [
        [
            "-m",
            "gunicorn",
            "--worker-class=gthread",
            "--workers=3",
            "--threads=8",
            "--graceful-timeout=30",
            "--access-logfile=-",
            "--bind=127.0.0.1:8000",
            f"--pythonpath={tmp_path / 'src'}",
            "shop:web",
        ]
    ]
    assert "Starting gunicorn --worker-class=gthread" in result.output


def test_uvicorn(runner, started, tmp_path):
    result = run(runner, "--server", "uvicorn", "--workers", "3", "-h", "0.0.0.0", app="src/shop")
    assert isinstance(result.exception, ReplacedError)
    assert started == [
        [
            "-m",
            "uvicorn",
            "--workers=3",
            "--timeout-graceful-shutdown=30",
            "--lifespan=auto",
            "--no-server-header",
            "--host=0.0.0.0",
            "--port=5000",
            f"--app-dir={tmp_path / 'src'}",
            "shop:web",
        ]
    ]


@pytest.mark.parametrize("app", ["src/shop.py:create_app", "src/shop.py:create_app('x')"])
def test_factories_are_called_by_the_workers(runner, started, app):
    run(runner, "--server", "gunicorn", app=app)
    run(runner, "--server", "uvicorn", app=app)
    assert started[0][-1] == "dualapp.cli.target:load_app()"
    assert started[1][-2:] == ["--factory", "dualapp.cli.target:load_app"]
    assert os.environ["DUALAPP_APP"] == app


def test_what_the_workers_load(monkeypatch, write):
    write("made.py", "from dualapp import DualApp\nasync def make(n): return DualApp(n)\n")
    monkeypatch.setenv("DUALAPP_APP", "made:make('late')")
    assert load_app().import_name == "late"
    monkeypatch.delenv("DUALAPP_APP")
    write("wsgi.py", "from dualapp import DualApp\ndef create_app(): return DualApp('d')\n")
    assert load_app().import_name == "d"


def test_ipv6(runner, started):
    run(runner, "--server", "gunicorn", "-h", "::1")
    run(runner, "--server", "uvicorn", "-h", "::1")
    assert "--bind=[::1]:5000" in started[0]
    assert "--host=::1" in started[1]


@pytest.mark.parametrize(
    ("server", "options"),
    [
        ("gunicorn", ["--certfile={}", "--keyfile={}"]),
        ("uvicorn", ["--ssl-certfile={}", "--ssl-keyfile={}"]),
    ],
)
def test_certificate(runner, started, write, server, options):
    pem = str(write("some.pem"))
    run(runner, "--server", server, "--cert", pem, "--key", pem)
    assert {option.format(pem) for option in options} <= set(started[0])


def test_certificate_that_is_no_file(runner, started, monkeypatch):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    monkeypatch.setitem(sys.modules, "my_context", context)
    result = run(runner, "--server", "gunicorn", "--cert", "my_context")
    assert result.exit_code == 2
    assert "from a file" in result.stderr
    assert started == []


def test_workers_by_default(runner, started, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert default_workers() == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5})
    assert default_workers() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_workers() == 1


@pytest.mark.parametrize(
    "variable", ["DUALAPP_RUN_WORKERS", "FLASK_RUN_WORKERS", "WEB_CONCURRENCY"]
)
def test_workers_from_the_environment(runner, started, variable):
    run(runner, "--server", "gunicorn", env={variable: "7"})
    assert "--workers=7" in started[0]


def test_threads(runner, started):
    run(runner, "--server", "gunicorn", "--threads", "20")
    assert "--threads=20" in started[0]


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_reload_only_if_asked_for(runner, started, server):
    run(runner, "--server", server, "--debug")
    run(runner, "--server", server, "--reload", "--workers", "3")
    assert "--reload" not in started[0]
    assert {"--reload", "--workers=1"} <= set(started[1])


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
@pytest.mark.parametrize(
    "option",
    ["--debugger", "--no-debugger", "--with-threads", "--extra-files=x", "--exclude-patterns=x"],
)
def test_options_of_the_development_server_are_refused(runner, started, server, option):
    result = run(runner, "--server", server, option)
    assert result.exit_code == 2
    assert f"does not go with --server {server}" in result.stderr
    assert started == []


def test_threads_are_refused_for_uvicorn(runner, started):
    result = run(runner, "--server", "uvicorn", "--threads", "20")
    assert result.exit_code == 2
    assert "SYNC_THREADS" in result.stderr


def test_settings_of_the_development_server_are_no_error(runner, started):
    env = {"FLASK_RUN_EXTRA_FILES": "x", "FLASK_RUN_DEBUGGER": "1"}
    run(runner, "--server", "gunicorn", env=env)
    assert len(started) == 1
    assert not any("debug" in argument for argument in started[0])


def test_debug_mode_is_warned_about(runner, started):
    assert "Debug mode is on" in run(runner, "--server", "gunicorn", "--debug").stderr
    assert "Debug mode" not in run(runner, "--server", "gunicorn", "--no-debug").stderr


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_a_server_that_is_not_installed(runner, started, monkeypatch, server):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == server else find(name, *a)
    )
    result = run(runner, "--server", server)
    assert result.exit_code == 1
    assert f"{server} is not installed" in result.stderr
    assert "pip install 'dualapp[servers]'" in result.stderr
    assert started == []


def test_no_application(runner, started):
    result = run(runner, "--server", "gunicorn", app="src/shop.py:nothing")
    assert result.exit_code == 2
    assert "has nothing called 'nothing'" in result.stderr
    assert started == []


def test_an_application_that_no_other_process_can_reach(runner, started):
    group = FlaskGroup(create_app=lambda: DualApp("shop"))
    result = runner.invoke(group, ["run", "--server", "gunicorn"])
    assert result.exit_code == 2
    assert "cannot reach it" in result.stderr
    assert started == []


def test_unknown_server(runner):
    result = run(runner, "--server", "waitress")
    assert result.exit_code == 2
    assert "'dev', 'gunicorn', 'uvicorn'" in result.stderr
