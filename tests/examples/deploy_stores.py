"""PostgreSQL and Redis for the example ``deploy``, and whether they and nginx are there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from typing import NoReturn

import pytest

#: Where databases can be made, and a Redis; they ask for no password.
POSTGRESQL = os.environ.get(
    "DUALAPP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("DUALAPP_TEST_REDIS", "redis://127.0.0.1:6379/0")


def need_services() -> None:
    """Skip the test if nginx or a service is missing; fail where they have to be there."""
    import psycopg
    import redis

    if shutil.which("nginx") is None:
        _is_missing("nginx is not installed: apt-get install nginx")
    try:
        ask_postgresql("SELECT 1")
    except psycopg.OperationalError as error:
        _is_missing(f"PostgreSQL does not answer at {POSTGRESQL}: {error}")
    try:
        with redis.Redis.from_url(REDIS) as client:
            client.ping()
    except redis.RedisError as error:
        _is_missing(f"Redis does not answer at {REDIS}: {error}")


def _is_missing(message: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message)
    pytest.skip(message)


def ask_postgresql(query: str, *values: object, url: str = POSTGRESQL) -> list[tuple]:
    """Run a statement outside of any transaction; give the rows of a query."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Make an empty database, give its URL, and drop it afterwards."""
    name = f"dualapp_deploy_{secrets.token_hex(6)}"
    ask_postgresql(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRESQL.rpartition('/')[0]}/{name}"
    finally:
        ask_postgresql(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def redis_prefix() -> Iterator[str]:
    """Give a prefix for names in Redis, and delete all that has it afterwards."""
    import redis

    prefix = f"dualapp-deploy-{secrets.token_hex(6)}:"
    with redis.Redis.from_url(REDIS) as client:
        try:
            yield prefix
        finally:
            for key in client.scan_iter(f"{prefix}*"):
                client.delete(key)
