"""What is answered when something is wrong: JSON below ``/api/``, a page elsewhere."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.exceptions import HTTPException

from .extensions import api


def prepare(app):
    """Take the place of the handler that Flask-Smorest has registered, which always sends JSON."""
    app.register_error_handler(HTTPException, show)


def show(error):
    if request.path.startswith("/api/"):
        return api.handle_http_exception(error)
    return render_template("problem.html", error=error), error.code
