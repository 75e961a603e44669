"""Whose code a file is: the user's own, or that of Python, of dualapp, of an installed package."""

from __future__ import annotations

import functools
import os

_OWN_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
_PYTHON = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@functools.lru_cache(maxsize=4096)
def is_users(file: str, root: str | None = None) -> bool:
    """Tell whether a file is the user's own code.

    Args:
        file: The path, as a code object has it.
        root: The folder of the application. If it is an installed package itself, its code is the
            user's all the same.
    """
    path = os.path.realpath(file)
    if not os.path.isfile(path):  # made by exec, or part of the interpreter
        return False
    if not _is_others(path):
        return True
    folder = None if root is None else os.path.realpath(root) + os.sep
    return folder is not None and _is_others(folder) and path.startswith(folder)


def _is_others(path: str) -> bool:
    return path.startswith((_OWN_PACKAGE, _PYTHON)) or any(part in path for part in _INSTALLED)
