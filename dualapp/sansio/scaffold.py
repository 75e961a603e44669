"""Flask's name for :mod:`dualapp.core.scaffold`."""

from __future__ import annotations

from ..core.packages import find_package
from ..core.scaffold import Scaffold, _endpoint_from_view_func, _sentinel, setupmethod

__all__ = ["Scaffold", "_endpoint_from_view_func", "_sentinel", "find_package", "setupmethod"]
