"""The example ``shop`` as a service: a database of its own, its migrations, a server."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..servers.launch import Running, running

SHOP = Path(__file__).parents[2] / "examples" / "shop"

#: The page of somebody else that may use the API.
ORIGIN = "https://pages.example"
SETTINGS = {
    "DUALAPP_AS_FLASK": "1",
    "SHOP_SECRET_KEY": "a key that is long enough to sign with",
    "SHOP_CORS_ORIGINS": f'["{ORIGIN}"]',
    "SHOP_SHOW_POOLS": "true",
}

#: Where databases can be made; it asks for no password.
POSTGRESQL = os.environ.get(
    "DUALAPP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"
)

_NEEDED = (
    "aiosqlite",
    "asyncpg",
    "flask_cors",
    "flask_jwt_extended",
    "flask_login",
    "flask_migrate",
    "flask_smorest",
    "flask_sqlalchemy",
    "gunicorn",
    "psycopg2",
    "uvicorn",
)
MISSING = [name for name in _NEEDED if importlib.util.find_spec(name) is None]


@contextlib.contextmanager
def database(kind: str, folder: Path, like: str | None = None) -> Iterator[str]:
    """Make a database, give its URL, and drop it afterwards.

    Args:
        kind: "sqlite" or "postgresql".
        folder: Where a file may be made.
        like: The URL of one to copy; without it, the database is empty.
    """
    if kind == "sqlite":
        file = folder / "shop.sqlite"
        if like:
            shutil.copyfile(like.removeprefix("sqlite:///"), file)
        yield f"sqlite:///{file}"
        return
    need_postgresql()
    server, name = POSTGRESQL.rpartition("/")[0], f"dualapp_shop_{secrets.token_hex(6)}"
    ask_postgresql(f"CREATE DATABASE {name} TEMPLATE {_name_in(like) if like else 'template1'}")
    try:
        yield f"{server}/{name}"
    finally:
        ask_postgresql(f"DROP DATABASE {name} WITH (FORCE)")


def _name_in(database_url: str) -> str:
    return database_url.rpartition("/")[2]


def need_postgresql() -> None:
    """Skip the test if PostgreSQL does not answer; fail where it has to be there."""
    import psycopg2

    try:
        ask_postgresql("SELECT 1")
    except psycopg2.OperationalError as error:
        message = f"PostgreSQL does not answer at {POSTGRESQL}: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)


def ask_postgresql(command: str, *values: str) -> list[tuple]:
    """Run a command outside of any transaction; give the rows of a query."""
    import psycopg2

    with contextlib.closing(psycopg2.connect(POSTGRESQL)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(command, values)
            return cursor.fetchall() if cursor.description else []


def connections(database_url: str) -> dict[int, str]:
    """Give what PostgreSQL knows of those who use a database: process id and state."""
    query = "SELECT pid, state FROM pg_stat_activity WHERE datname = %s"
    return dict(ask_postgresql(query, _name_in(database_url)))


def upgrade(database_url: str) -> str:
    """Run the migrations, as the README says; give what was told."""
    command = ["dualapp", "--app", "shop", "db", "upgrade"]
    return _run("-m", *command, DATABASE_URL=database_url).stderr


def fill(database_url: str) -> str:
    """Add rows to measure with, as the README says; give what was told."""
    return _run("-m", "dualapp", "--app", "shop", "fill", DATABASE_URL=database_url).stdout


def flask_is(**environment: str) -> str:
    """Tell who answers for the name ``flask`` in a process like the servers'."""
    return _run("-c", "import flask; print(flask.Flask)", **environment).stdout.strip()


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=SHOP,
        env={**os.environ, **SETTINGS, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done


def serving(
    side: str, database_url: str, folder: Path, **environment: str
) -> contextlib.AbstractContextManager[Running]:
    """Serve the shop, as the README says, under gunicorn ("wsgi") or uvicorn ("asgi")."""
    settings = {**SETTINGS, "DATABASE_URL": database_url, **environment}
    command = _under_gunicorn if side == "wsgi" else _under_uvicorn
    return running(command, folder, ready="/static/style.css", **settings)


def _under_gunicorn(port: int) -> list[str]:
    options = [f"--chdir={SHOP}", f"--bind=127.0.0.1:{port}", "--threads=4"]
    return [sys.executable, "-m", "gunicorn", *options, "shop:create_app()"]


def _under_uvicorn(port: int) -> list[str]:
    options = [f"--app-dir={SHOP}", f"--port={port}", "--factory"]
    return [sys.executable, "-m", "uvicorn", *options, "shop:create_app"]
