"""Whether the service is well."""

from __future__ import annotations

from flask import Blueprint

from .extensions import db

bp = Blueprint("health", __name__)
pools_bp = Blueprint("pools", __name__)


@bp.get("/health")
def health():
    """Ask the database something; what fails is answered with 500."""
    db.session.execute(db.text("SELECT 1"))
    return {"status": "well"}


@pools_bp.get("/health/pools")
def pools():
    """Tell what this process keeps open between requests. Only for tests: see ``SHOW_POOLS``."""
    return {
        "sessions": len(db.session.registry.registry),
        "connections_in_use": db.engine.pool.checkedout(),
    }
