"""Environment variables that the command line reads, under both of their names.

``DUALAPP_X`` is this project's own name, ``FLASK_X`` the one that existing set-ups have. Both work
everywhere; where both are set, ours wins.
"""

from __future__ import annotations

import os


def own_name(*words: str) -> str:
    """Name this project's variable for an option; click finds ``FLASK_...`` by its prefix."""
    return "_".join(["DUALAPP", *(word.upper() for word in words)])


def set_debug_flag(on: bool) -> None:
    """Set debug mode for this process and those it starts, overruling both names."""
    value = "1" if on else "0"
    os.environ["FLASK_DEBUG"] = value
    if "DUALAPP_DEBUG" in os.environ:
        os.environ["DUALAPP_DEBUG"] = value
