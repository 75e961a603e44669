"""The database: one SQLite file, and one connection to it for each request that needs one."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from dualapp import current_app, g


def prepare(app):
    """Create what is missing, and let each request close its connection at its end."""
    file = Path(app.config["DATABASE"])
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(file)) as connection, app.open_resource("schema.sql", "r") as schema:
        connection.executescript(schema.read())
        app.config["SECRET_KEY"] = secret_key(connection)
    app.teardown_appcontext(close)


def secret_key(connection):
    """Give the key that signs sessions: made once, and the same in all worker processes."""
    with connection:
        connection.execute(
            "INSERT OR IGNORE INTO setting VALUES ('secret_key', ?)", [secrets.token_hex()]
        )
    return connection.execute("SELECT value FROM setting WHERE name = 'secret_key'").fetchone()[0]


def connect(file):
    # Around an async view each hook may run in another thread, though never two at one time.
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.row_factory = sqlite3.Row  # columns by name
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def database():
    """Give this request's connection, opened at the first call.

    ``with database() as db:`` keeps all changes of the block, or none if it raises.
    """
    if not hasattr(g, "connection"):
        g.connection = connect(current_app.config["DATABASE"])
    return g.connection


def close(error):
    if hasattr(g, "connection"):
        g.connection.close()
