"""From what the user typed after ``--app`` to an imported module.

``--app`` takes ``[module or file][:name]``, for instance ``shop``, ``src/shop/web.py``,
``shop.web:api``, ``shop:create_app('test')``.
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

from .errors import NoAppException

#: Looked for in the current folder where nothing is said.
DEFAULT_FILES = ("wsgi.py", "app.py")

# A drive letter's colon ("C:\web.py:app") does not end the module part.
_IMPORT_PATH = re.compile(r"(?P<module>(?:[A-Za-z]:(?=[\\/]))?[^:]*)(?::(?P<name>.*))?", re.DOTALL)


def prepare_import(path: str) -> str:
    """Make a file or folder importable and say under which name.

    The first folder upwards that is not itself a package goes to the front of ``sys.path``.

    Args:
        path: A file with or without ``.py``, a package's folder, or a dotted module name.

    Returns:
        The dotted name to import.
    """
    target = Path(path).resolve()
    if target.suffix == ".py":
        target = target.with_suffix("")
    if target.name == "__init__":
        target = target.parent
    names = [target.name]
    folder = target.parent
    while folder.name and (folder / "__init__.py").exists():
        names.append(folder.name)
        folder = folder.parent
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
    return ".".join(reversed(names))


def import_or_none(module_name: str) -> ModuleType | None:
    """Import a module, if there is one of that name.

    Raises:
        NoAppException: There is, but an import inside it fails; the message has the traceback.
    """
    try:
        __import__(module_name)  # leaves no frames of importlib in the traceback
        return sys.modules[module_name]
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _with_parents(module_name):
            return None
        trace = "".join(traceback.format_exception(error))
        raise NoAppException(
            f"{module_name!r} was found, but an import in it failed:\n\n{trace}"
        ) from None


def import_required(module_name: str) -> ModuleType:
    """Import a module that must be there.

    Raises:
        NoAppException: It is not there, or an import inside it fails.
    """
    module = import_or_none(module_name)
    if module is None:
        raise NoAppException(
            f"Could not import {module_name!r}: no such module was found from {sys.path[0]!r}"
            " or among what is installed. Check the spelling and the folder you are in."
        )
    return module


def open_import_path(import_path: str | None) -> tuple[ModuleType, str | None]:
    """Import the module that ``--app`` names, or else the first of the default files.

    Returns:
        The module, and the name given for the application in it.

    Raises:
        NoAppException: There is no such module, or none of the default files.
    """
    if import_path:
        path, name = _split(import_path)
        return import_required(prepare_import(path)), name
    for file in DEFAULT_FILES:
        module = import_or_none(prepare_import(file))
        if module is not None:
            return module, None
    raise NoAppException(
        "No application was named. Use the option '--app', the environment variable DUALAPP_APP"
        " (or FLASK_APP), or call the file 'wsgi.py' or 'app.py' and start from its folder."
    )


def _split(import_path: str) -> tuple[str, str | None]:
    match = _IMPORT_PATH.fullmatch(import_path)
    assert match is not None  # every text matches: both parts may be empty
    return match["module"], match["name"]


def _with_parents(module_name: str) -> list[str]:
    """Give ``a``, ``a.b``, ``a.b.c`` for ``a.b.c``: the imports that importing it means."""
    parts = module_name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
