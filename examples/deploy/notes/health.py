"""For those who watch the process, and for balancers. nginx.conf keeps the public out."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg_pool import PoolTimeout

from dualapp import Blueprint, current_app, nonblocking

from . import store
from .database import ask

#: Seconds to wait for PostgreSQL: fewer than those who ask here wait for the answer.
PATIENCE = 1

bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
@nonblocking
def live():
    """The process answers. Asks nobody else: to restart it would not bring a database back."""
    return {"live": True}


@bp.get("/ready")
def ready():
    """Requests are welcome here: 200; or 503 and why not."""
    problems = [name for name, is_well in CHECKS.items() if not is_well()]
    return {"ready": not problems, "problems": problems}, 503 if problems else 200


def _postgresql_is_there() -> bool:
    try:
        return bool(ask("SELECT 1", patience=PATIENCE))
    except (psycopg.OperationalError, PoolTimeout):
        return False


def _is_staying() -> bool:
    """Whether nobody has announced that the process is going to end."""
    drain_file = current_app.config["DRAIN_FILE"]
    return not drain_file or not Path(drain_file).exists()


CHECKS = {"draining": _is_staying, "postgresql": _postgresql_is_there, "redis": store.is_there}
