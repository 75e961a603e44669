"""The application's logger, and the handler it gets when nobody configured logging."""

from __future__ import annotations

import logging
import sys
import typing as t

from werkzeug.local import LocalProxy

from .globals import _cv_request

if t.TYPE_CHECKING:
    from .app import DualApp


def _errors_stream() -> t.TextIO:
    context = _cv_request.get(None)
    if context is None:
        return sys.stderr
    stream: t.TextIO = context.request.environ["wsgi.errors"]
    return stream


#: Where errors go right now: ``environ["wsgi.errors"]`` of the request being answered (:pep:`3333`;
#: on ASGI the environ that is made from the scope has it too), else ``sys.stderr``.
wsgi_errors_stream = LocalProxy(_errors_stream)

#: Writes to :data:`wsgi_errors_stream`. Remove it from ``app.logger`` to silence the default.
default_handler = logging.StreamHandler(t.cast(t.TextIO, wsgi_errors_stream))
default_handler.setFormatter(
    logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s")
)


def has_level_handler(logger: logging.Logger) -> bool:
    """Tell whether a record at the logger's effective level would be handled by anyone.

    Args:
        logger: Asked together with the ancestors that it propagates to.

    Returns:
        True if one of their handlers takes that level.
    """
    threshold = logger.getEffectiveLevel()
    asked: logging.Logger | None = logger
    while asked is not None:
        if any(handler.level <= threshold for handler in asked.handlers):
            return True
        asked = asked.parent if asked.propagate else None
    return False


def create_logger(app: DualApp) -> logging.Logger:
    """Give the logger that bears the application's name, ready to use.

    In debug mode it logs from ``DEBUG`` on, unless a level was chosen. It gets
    :data:`default_handler` only if no other handler would take its records, so that configuring
    logging before the first use of ``app.logger`` is enough to take over.

    Args:
        app: The application.

    Returns:
        The same logger for every application of that name.
    """
    own = logging.getLogger(app.name)
    if app.debug and own.level == logging.NOTSET:
        own.setLevel(logging.DEBUG)
    if not has_level_handler(own):
        own.addHandler(default_handler)
    return own
