"""Whose code a file is: the user's own, or that of Python, of dualapp, of an installed package."""

from __future__ import annotations

import functools
import os

_OWN_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PYTHON = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@functools.lru_cache(maxsize=4096)
def is_users(file: str, root: str | None = None) -> bool:
    """Tell whether a file is the user's own code.

    Args:
        file: The path, as a code object has it.
        root: The folder of the application, whose code counts wherever it is installed.
    """
    path = os.path.realpath(file)
    if not os.path.isfile(path):  # made by exec, or part of the interpreter
        return False
    if root is not None and path.startswith(os.path.realpath(root) + os.sep):
        return True
    return not (path.startswith((_OWN_PACKAGE, _PYTHON)) or any(i in path for i in _INSTALLED))
