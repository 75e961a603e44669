"""The command line's own error."""

from __future__ import annotations

import click


class NoAppException(click.UsageError):
    """No application could be found or loaded; the message says what was tried."""
