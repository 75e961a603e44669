"""What answers for the name ``flask``.

A finder at the front of ``sys.meta_path`` answers for ``flask`` and its submodules, so that tools
which watch imports see them happen. A submodule is dualapp's own module of that name; ``flask``
itself is a namespace of its own, as it is in Flask, since code sets names in it.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
import types
import typing as t
from collections.abc import Iterable, Sequence

from .alias import FLASK_VERSION, SUBMODULES

_REPORT = (
    "dualapp answers for the name 'flask' here (install_as_flask) and has the public names of Flask"
    f" {FLASK_VERSION}. If code written for that version needs this one, please report it on"
    " dualapp's issue tracker, with the name and where it is imported."
)


class FlaskFinder(importlib.abc.MetaPathFinder):
    """Finds ``flask`` and ``flask.*`` in dualapp, and Flask's metadata where there is none."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for Flask's modules and for no others.

        Raises:
            ModuleNotFoundError: It is a submodule that Flask does not have.
        """
        top, _, name = fullname.partition(".")
        if top != "flask":
            return None
        if name and name not in SUBMODULES:
            raise ModuleNotFoundError(f"No module named {fullname!r}. {_REPORT}", name=fullname)
        if not name:
            return importlib.machinery.ModuleSpec(fullname, _FlaskLoader(), is_package=True)
        ours = importlib.util.find_spec(f"dualapp.{name}")
        assert ours is not None
        return importlib.machinery.ModuleSpec(
            fullname,
            _ModuleOfOurs(ours),
            origin=ours.origin,
            is_package=ours.submodule_search_locations is not None,
        )

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context
    ) -> Iterable[importlib.metadata.Distribution]:
        """Give metadata of Flask where it is not installed: extensions ask for its version."""
        if context.name is None or context.name.lower() != "flask":
            return
        if not any(importlib.metadata.MetadataPathFinder.find_distributions(context)):
            yield _FlaskDistribution()


class _FlaskLoader(importlib.abc.Loader):
    """Makes the module ``flask``: dualapp's public names in a namespace of its own."""

    def exec_module(self, module: types.ModuleType) -> None:
        dualapp = importlib.import_module("dualapp")
        names = {name: value for name, value in vars(dualapp).items() if not name.startswith("_")}
        vars(module).update(names)
        module.__file__ = dualapp.__file__
        module.__doc__ = dualapp.__doc__
        vars(module)["__getattr__"] = functools.partial(_missing, "flask")


class _ModuleOfOurs(importlib.abc.InspectLoader):
    """Gives a module of dualapp under Flask's name for it."""

    def __init__(self, spec: importlib.machinery.ModuleSpec) -> None:
        self._spec = spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self._spec.name)
        self._spec = module.__spec__ or self._spec
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        # The import system has put in the spec that it was given; the module keeps its own.
        module.__spec__ = self._spec
        flask_name = f"flask.{self._spec.name.partition('.')[2]}"
        vars(module).setdefault("__getattr__", functools.partial(_missing, flask_name))

    def get_code(self, fullname: str) -> types.CodeType | None:
        """Give what ``python -m flask`` runs."""
        loader = t.cast(importlib.abc.InspectLoader, self._spec.loader)
        return loader.get_code(self._spec.name)

    def get_source(self, fullname: str) -> str | None:
        """Give the source, for tools that show it."""
        loader = t.cast(importlib.abc.InspectLoader, self._spec.loader)
        return loader.get_source(self._spec.name)


class _FlaskDistribution(importlib.metadata.Distribution):
    """What ``importlib.metadata`` finds for Flask where only dualapp is installed."""

    def read_text(self, filename: str) -> str | None:
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: Flask\nVersion: {FLASK_VERSION}\n"
        return None

    def locate_file(self, path: t.Any) -> t.Any:
        raise NotImplementedError("Flask's metadata is given by dualapp and has no files.")


def _missing(module: str, name: str) -> t.Any:
    """Answer for a name that a module of Flask does not hold yet, or not at all."""
    if module == "flask" and name in SUBMODULES:
        return importlib.import_module(f"flask.{name}")
    if module == "flask" and name == "__version__":
        return importlib.metadata.version("flask")
    from . import elsewhere  # few need it, and reading it takes time

    with contextlib.suppress(LookupError):
        return elsewhere.find(module.partition(".")[2], name)
    caller = sys._getframe(1)
    # `from flask import name` hides the message of an AttributeError behind one of its own.
    if caller.f_code.co_code[caller.f_lasti] == dis.opmap["IMPORT_FROM"]:
        raise ImportError(f"cannot import name {name!r} from {module!r}. {_REPORT}", name=module)
    raise AttributeError(f"module {module!r} has no attribute {name!r}. {_REPORT}")
