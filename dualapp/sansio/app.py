"""Flask's name for :class:`dualapp.core.application.Application`."""

from __future__ import annotations

from ..core.application import Application as App

__all__ = ["App"]
