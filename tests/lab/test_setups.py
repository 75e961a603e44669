"""The servers' command lines."""

from __future__ import annotations

import pytest

from dualapp.lab import setups
from dualapp.lab.errors import BadInputError
from dualapp.lab.setups import FEW, WAYS, Target, choose, setup_of

APP = Target(module="shop", name="app")
FACTORY = Target(module="shop", name="create_app", call="()")
WITH_ARGUMENTS = Target(module="shop", name="create_app", call="('test')")
BY_NAME = {way.name: way for way in WAYS}


@pytest.fixture
def all_installed(monkeypatch):
    monkeypatch.setattr(setups.importlib.util, "find_spec", lambda name: "found")


def made(name, target=APP, *, workers=2, environment=None, **more):
    return setup_of(
        BY_NAME[name],
        target,
        workers=workers,
        threads=8,
        sync_threads=40,
        event_loop="request",
        environment=environment or {},
        **more,
    )


@pytest.mark.parametrize(
    ("name", "command", "threads"),
    [
        ("gunicorn sync", "gunicorn --worker-class=sync --workers=2 shop:app", 1),
        ("gunicorn gthread", "gunicorn --worker-class=gthread --workers=2 --threads=8 shop:app", 8),
        ("gunicorn gevent", "gunicorn --worker-class=gevent --workers=2 shop:app", 1),
        ("gunicorn asgi", "gunicorn --worker-class=asgi --workers=2 shop:app", 40),
        ("uvicorn", "uvicorn --workers=2 --no-access-log shop:app", 40),
        ("granian wsgi", "granian --interface=wsgi --workers=2 --blocking-threads=8 shop:app", 8),
        ("granian asgi", "granian --interface=asgi --workers=2 shop:app", 40),
        ("hypercorn", "hypercorn --workers=2 shop:app", 40),
    ],
)
def test_commands_to_deploy(name, command, threads):
    setup = made(name)
    assert (setup.command, setup.threads, setup.failure) == (command, threads, None)
    assert (setup.event_loop is None) == (setup.side == "asgi")


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("gunicorn sync", " 'shop:create_app()'"),
        ("hypercorn", " 'shop:create_app()'"),
        ("uvicorn", " --factory shop:create_app"),
        ("granian asgi", " --factory shop:create_app"),
    ],
)
def test_factories(name, end):
    assert made(name, FACTORY).command.endswith(end)


def test_arguments_of_a_factory():
    assert made("gunicorn sync", WITH_ARGUMENTS).failure is None
    assert "passes no arguments to a factory" in made("uvicorn", WITH_ARGUMENTS).failure


def test_a_server_of_one_process():
    assert made("waitress", workers=1).command == "waitress --threads=8 shop:app"
    assert "is one process" in made("waitress").failure


def test_variables_stand_before_the_command():
    setup = made("uvicorn", environment={"PYTHONPATH": "a b"}, name_the_loop=True)
    assert setup.command.startswith("PYTHONPATH='a b' uvicorn ")
    assert setup.name == "uvicorn"
    assert made("gunicorn sync", name_the_loop=True).name == "gunicorn sync (request loop)"


def test_choosing(all_installed):
    def names(*chosen, by_default=None):
        return [way.name for way in choose(chosen, by_default)]

    assert names() == list(BY_NAME)
    assert names(by_default=FEW) == list(FEW)
    assert names("uvicorn", "gunicorn-sync") == ["gunicorn sync", "uvicorn"]
    assert names("granian", by_default=FEW) == ["granian wsgi", "granian asgi"]
    assert names("Gunicorn", "gunicorn sync") == [
        name for name in BY_NAME if name.startswith("gunicorn")
    ]


def test_an_unknown_server(all_installed):
    with pytest.raises(BadInputError, match=r"no server 'nginx'. Known are: gunicorn-sync, "):
        choose(["nginx"])


def test_a_server_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(setups.importlib.util, "find_spec", lambda name: name != "gevent" or None)
    assert "gunicorn gevent" not in [way.name for way in choose([])]
    with pytest.raises(BadInputError, match=r"gunicorn-gevent \(gunicorn, gevent\) is not inst"):
        choose(["gunicorn-gevent"])
    monkeypatch.setattr(setups.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInputError, match="is not installed"):
        choose([])
