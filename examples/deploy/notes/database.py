"""PostgreSQL: one pool of connections for each process, opened and closed with it."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from dualapp import request

SCHEMA = Path(__file__).with_name("schema.sql")

#: Seconds that a request waits for a connection, and a connection for PostgreSQL.
PATIENCE = 5


def prepare(app) -> None:
    """Give the application a pool, the command ``init-db``, and an answer for when all is down."""

    @app.while_serving
    def pool():
        # Runs in each worker process, after the fork. Does not wait for PostgreSQL: while that is
        # away, the process lives and says at /health/ready that it is not ready.
        with ConnectionPool(
            app.config["DATABASE_URL"],
            min_size=1,
            max_size=app.config["POOL_SIZE"],
            timeout=PATIENCE,
            check=ConnectionPool.check_connection,  # one may be dead since PostgreSQL was restarted
            kwargs={"application_name": app.config["INSTANCE"], "connect_timeout": PATIENCE},
            open=False,  # by the "with"
        ) as pool:
            yield {"pool": pool}

    @app.cli.command("init-db")
    def init_db() -> None:
        """Make the tables that are not there yet."""
        with psycopg.connect(app.config["DATABASE_URL"]) as connection:
            connection.execute(SCHEMA.read_text("utf-8"))

    @app.errorhandler(PoolTimeout)
    @app.errorhandler(psycopg.OperationalError)
    def database_is_away(error):
        app.logger.error("PostgreSQL does not answer: %s", error)
        return {"error": "The database does not answer. Try again."}, 503, {"Retry-After": "5"}


def ask(query: str, *values, patience: float = PATIENCE) -> list[tuple]:
    """Run one statement in a transaction of its own; give the rows that it returns.

    Args:
        query: The statement.
        *values: What stands for each ``%s`` in it.
        patience: Seconds to wait for a connection.

    Raises:
        psycopg_pool.PoolTimeout: No connection became free in time.
        psycopg.Error: PostgreSQL refused the statement, or is gone.
    """
    with request.state["pool"].connection(timeout=patience) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []
