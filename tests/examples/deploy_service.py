"""The example ``deploy``, deployed: replicas by its own command lines, nginx by its own file."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .deploy_launch import DEPLOY, compose
from .deploy_nginx import Nginx, nginx
from .deploy_replicas import Replica, clean_environment, replicas
from .deploy_stores import REDIS, ask_postgresql, database, redis_prefix
from .patience import PATIENCE

_NEEDED = ("dockerfile_parse", "flask_session", "gunicorn", "psycopg", "psycopg_pool", "redis")
MISSING = [name for name in (*_NEEDED, "uvicorn", "yaml") if importlib.util.find_spec(name) is None]


class Deployed(NamedTuple):
    """The whole deployment.

    Attributes:
        replicas: In the order of ``upstreams.conf``: two gunicorn, two uvicorn.
        nginx: In front of them.
        settings: The environment variables of the replicas.
    """

    replicas: list[Replica]
    nginx: Nginx
    settings: dict[str, str]

    @property
    def database_url(self) -> str:
        return self.settings["NOTES_DATABASE_URL"]

    def ask(self, query: str, *values: object) -> list[tuple]:
        """Ask the database."""
        return ask_postgresql(query, *values, url=self.database_url)


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployed]:
    """Start all of it, and leave nothing behind."""
    with contextlib.ExitStack() as stack:
        settings = {
            "NOTES_DATABASE_URL": stack.enter_context(database()),
            "NOTES_REDIS_URL": REDIS,
            "NOTES_REDIS_PREFIX": stack.enter_context(redis_prefix()),
        }
        make_tables(settings)
        running = stack.enter_context(replicas(folder, settings))
        front = stack.enter_context(nginx(folder / "nginx", [replica.port for replica in running]))
        yield Deployed(running, front, settings)


def make_tables(settings: dict[str, str]) -> None:
    """Run the command for it, as ``compose.yaml`` does."""
    done = subprocess.run(
        [sys.executable, "-m", *compose()["services"]["tables"]["command"]],
        cwd=DEPLOY,
        env={**clean_environment(), **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
