"""The configuration: a dictionary that knows how to fill itself from the usual places."""

from __future__ import annotations

import errno
import json
import os
import types
import typing as t
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress

from werkzeug.utils import import_string

from .core.watched import Watched

if t.TYPE_CHECKING:
    from .core.application import Application

T = t.TypeVar("T")

_NO_SUCH_FILE = frozenset({errno.ENOENT, errno.EISDIR, errno.ENOTDIR})


class ConfigAttribute(t.Generic[T]):
    """An attribute of the application that lives in ``app.config``.

    Args:
        name: The configuration key.
        get_converter: Turns the stored value into the attribute's value at each read.
    """

    def __init__(self, name: str, get_converter: Callable[[t.Any], T] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    @t.overload
    def __get__(self, obj: None, owner: type | None = None) -> t.Self: ...

    @t.overload
    def __get__(self, obj: Application, owner: type | None = None) -> T: ...

    def __get__(self, obj: Application | None, owner: type | None = None) -> T | t.Self:
        if obj is None:
            return self
        stored = obj.config[self.__name__]
        convert = self.get_converter
        return t.cast(T, stored) if convert is None else convert(stored)

    def __set__(self, obj: Application, value: t.Any) -> None:
        obj.config[self.__name__] = value


class Config(Watched[str, t.Any]):
    """A dictionary of settings. Only names in capitals are taken from files and objects.

    Args:
        root_path: The folder that relative file names start from.
        defaults: The settings to begin with.
    """

    def __init__(
        self, root_path: str | os.PathLike[str], defaults: dict[str, t.Any] | None = None
    ) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {super().__repr__()}>"

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Load the Python file that an environment variable names.

        Args:
            variable_name: The environment variable.
            silent: Do without if the variable or its file is missing.

        Returns:
            Whether a file was loaded.

        Raises:
            RuntimeError: The variable is missing or empty.
            OSError: The file cannot be read.
        """
        filename = os.environ.get(variable_name)
        if filename:
            return self.from_pyfile(filename, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"The configuration was not loaded: the environment variable {variable_name!r} is not"
            " set, or is empty. Let it name a Python file with the settings, or pass silent=True"
            " if the application can run without."
        )

    def from_prefixed_env(
        self, prefix: str = "FLASK", *, loads: Callable[[str], t.Any] = json.loads
    ) -> bool:
        """Take every environment variable whose name starts with a prefix and ``_``.

        The prefix is cut off. Two underscores lead into a nested dictionary, made where missing:
        ``FLASK_DB__POOL__SIZE=5`` becomes ``config["DB"]["POOL"]["SIZE"] == 5``. Variables are
        taken in the order of their names.

        Args:
            prefix: What the names start with, without the underscore.
            loads: Turns the text into a value; where it raises, the text itself is the value.

        Returns:
            Always True.

        Raises:
            TypeError: A nested name leads through a setting that is no dictionary.
        """
        start = f"{prefix}_"
        for variable in sorted(name for name in os.environ if name.startswith(start)):
            value: t.Any = os.environ[variable]
            with suppress(Exception):
                value = loads(value)
            *branches, leaf = variable.removeprefix(start).split("__")
            self._descend(branches, variable)[leaf] = value
        return True

    def _descend(self, branches: Iterable[str], variable: str) -> MutableMapping[str, t.Any]:
        """Find the nested dictionary that an environment variable writes into."""
        place: MutableMapping[str, t.Any] = self
        for branch in branches:
            inner = place.setdefault(branch, {})
            if not isinstance(inner, MutableMapping):
                raise TypeError(
                    f"The environment variable {variable!r} sets a key inside {branch!r}, but the"
                    f" value of {branch!r} is {type(inner).__name__}, not a dictionary. Remove one"
                    " of the two settings, or make the outer one a JSON object."
                )
            place = inner
        return place

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Run a Python file and take its names in capitals.

        Args:
            filename: The file, relative to the root path.
            silent: Do without if there is no such file.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
        """
        path = os.path.join(self.root_path, filename)
        source = self._open(path, "rb", silent)
        if source is None:
            return False
        module = types.ModuleType("config")
        module.__file__ = path
        with source:
            # Bytes, so that the file's own coding line counts (PEP 263).
            exec(compile(source.read(), path, "exec"), vars(module))
        self.from_object(module)
        return True

    def from_object(self, obj: object | str) -> None:
        """Take the attributes in capitals of a module, a class or any other object.

        A class is not instantiated; if it has properties, pass an instance. The items of a
        dictionary are no attributes: that is what :meth:`from_mapping` is for.

        Args:
            obj: The object, or its import name.

        Raises:
            ImportError: There is nothing of that import name.
        """
        source = import_string(obj) if isinstance(obj, str) else obj
        self.update({name: getattr(source, name) for name in dir(source) if name.isupper()})

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[t.IO[t.Any]], Mapping[str, t.Any]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Read a file with a loader such as ``json.load`` or ``tomllib.load``.

        Args:
            filename: The file, relative to the root path.
            load: Called with the open file, gives a mapping; its keys in capitals are taken.
            silent: Do without if there is no such file.
            text: Open the file as text; ``tomllib.load`` wants False.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
        """
        path = os.path.join(self.root_path, filename)
        source = self._open(path, "r" if text else "rb", silent)
        if source is None:
            return False
        with source:
            return self.from_mapping(load(source))

    @staticmethod
    def _open(path: str, mode: str, silent: bool) -> t.IO[t.Any] | None:
        """Open a file of settings; None if there is none and that is all right."""
        try:
            return open(path, mode)
        except OSError as error:
            if silent and error.errno in _NO_SUCH_FILE:
                return None
            error.strerror = f"Unable to load configuration file ({error.strerror})"
            raise

    def from_mapping(self, mapping: Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> bool:
        """Take the keys in capitals of a mapping and of the keyword arguments.

        Args:
            mapping: Anything that ``dict`` accepts.
            **kwargs: More settings; they win over the mapping.

        Returns:
            Always True.
        """
        given = dict(mapping or {}, **kwargs)
        self.update({key: value for key, value in given.items() if key.isupper()})
        return True

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, t.Any]:
        """Gather the settings whose names start alike, say as arguments for a constructor.

        Args:
            namespace: What the names start with, such as ``"MAIL_"``.
            lowercase: Give the names in lower case.
            trim_namespace: Cut the namespace off the names.

        Returns:
            A new dictionary.
        """
        found = {}
        for key, value in self.items():
            if key.startswith(namespace):
                name = key.removeprefix(namespace) if trim_namespace else key
                found[name.lower() if lowercase else name] = value
        return found
