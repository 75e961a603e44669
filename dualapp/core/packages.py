"""Where the code behind an import name lies on disk, and the files that lie beside it."""

from __future__ import annotations

import os
import sys
import typing as t
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

_READ_MODES = frozenset({"r", "rt", "rb"})


def get_root_path(import_name: str) -> str:
    """Find the folder that holds a module or package, with its templates and static files.

    Args:
        import_name: The dotted name, normally the caller's ``__name__``.

    Returns:
        The absolute folder; the current directory for a name that stands for no file on disk yet,
        such as ``__main__`` in an interactive session.

    Raises:
        RuntimeError: The module exists but has no file, as a built-in or a namespace package.
    """
    file = getattr(sys.modules.get(import_name), "__file__", None)
    if file is None:
        spec = _find_spec(import_name)
        if spec is None or spec.loader is None:
            return os.getcwd()
        file = _file_told_by_loader(spec.loader, import_name)
    return os.path.dirname(os.path.abspath(file))


def find_package(import_name: str) -> tuple[str | None, str]:
    """Find where a package is installed, which decides where its instance folder belongs.

    Args:
        import_name: The dotted name of the package or of anything inside it.

    Returns:
        The installation prefix, or None when the package is not installed but used from where it
        was written; and the folder from which the package is imported.
    """
    folder = _import_folder(import_name)
    return _installation_prefix(folder), folder


def open_resource(
    root_path: str | os.PathLike[str], resource: str, mode: str = "rb", encoding: str | None = None
) -> t.IO[t.Any]:
    """Open a file that lies below an application's or a blueprint's root folder.

    Args:
        root_path: The folder that relative names start from.
        resource: The file's name, relative to it.
        mode: "rb" for bytes, "r" or "rt" for text.
        encoding: How text is decoded; not used for bytes.

    Raises:
        ValueError: The mode asks for more than reading.
    """
    if mode not in _READ_MODES:
        raise ValueError(
            f"The resource {resource!r} was asked for with mode {mode!r}. Resources are installed"
            " with the code and may be shared or read-only, so they can only be opened for"
            " reading: use 'r', 'rt' or 'rb', and the instance folder for files you write."
        )
    path = os.path.join(root_path, resource)
    return open(path, mode, encoding=None if "b" in mode else encoding)


def _find_spec(name: str) -> ModuleSpec | None:
    """Look a module up without an error for names that cannot be looked up."""
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # no such parent; or a module made by hand, without a spec
        return None


def _file_told_by_loader(loader: object, import_name: str) -> str:
    tell = getattr(loader, "get_filename", None)
    # Some import hooks know no file names; the module itself may still carry one.
    file = tell(import_name) if tell else getattr(import_module(import_name), "__file__", None)
    if file is None:
        raise RuntimeError(
            f"The module {import_name!r} has no file, so it gives no root path to find templates,"
            " static files and resources from. It is built in, a namespace package, or came from"
            " an import hook without file names. Pass root_path= to say which folder to use."
        )
    return t.cast(str, file)


def _import_folder(import_name: str) -> str:
    """Give the entry of the import path that the top-level package was found in."""
    spec = _find_spec(import_name.partition(".")[0])
    if spec is None:
        return os.getcwd()
    if spec.origin is None or spec.origin == "namespace":
        return _namespace_folder(spec, import_name)
    module = os.path.dirname(spec.origin)
    return module if spec.submodule_search_locations is None else os.path.dirname(module)


def _namespace_folder(namespace: ModuleSpec, import_name: str) -> str:
    """Choose, among the folders a namespace package is spread over, the one with this module."""
    portions = list(namespace.submodule_search_locations or ())
    if not portions:
        return os.getcwd()
    spec = _find_spec(import_name)
    home = Path(spec.origin) if spec is not None and spec.origin else None
    for portion in portions:
        if home is not None and home.is_relative_to(portion):
            return os.path.dirname(portion)
    return os.path.dirname(portions[0])


def _installation_prefix(folder: str) -> str | None:
    path = Path(folder).resolve()
    if path.is_relative_to(Path(sys.prefix).resolve()):
        return sys.prefix
    if path.name.lower() != "site-packages":
        return None
    above = path.parent
    if above.name.lower() == "lib":  # Windows: <prefix>\Lib\site-packages
        return str(above.parent)
    if above.parent.name.lower() == "lib":  # elsewhere: <prefix>/lib/python3.x/site-packages
        return str(above.parent.parent)
    return str(above)
