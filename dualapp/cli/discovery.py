"""From an imported module to the application in it.

The application is named by the user, ``name`` or ``name(literal, ...)``, or found by the usual
names. A function that is found is a factory; it may be ``async``.
"""

from __future__ import annotations

import ast
import inspect
import sys
import traceback
import typing as t
from collections.abc import Callable
from types import ModuleType

from ..sides.blocking import call_and_wait
from .errors import NoAppException
from .importing import import_or_none, import_required

if t.TYPE_CHECKING:
    from ..app import DualApp

Factory = Callable[..., t.Any]

INSTANCE_NAMES = ("app", "application")
FACTORY_NAMES = ("create_app", "make_app")


def find_best_app(module: ModuleType) -> DualApp:
    """Choose the application in a module when no name was given.

    Looked at in this order: the attributes ``app`` and ``application``, the only application
    among all attributes, and what the factories ``create_app`` and ``make_app`` return.

    Args:
        module: An imported module.

    Returns:
        The application.

    Raises:
        NoAppException: Nothing was found, several applications were, or the factory needs
            arguments.
    """
    instance = _name_of_instance(module)
    if instance is not None:
        return t.cast("DualApp", getattr(module, instance))
    for name, factory in _usual_factories(module).items():
        reference = f"{module.__name__}:{name}"
        app = _call_factory(factory, (), {}, reference)
        if _is_app(app):
            return app
        _refuse_flask(app, reference)
    raise _nothing_found(module)


def find_app_by_string(module: ModuleType, app_name: str) -> DualApp:
    """Take the application that a name, or a call with literal arguments, stands for.

    Args:
        module: An imported module.
        app_name: ``name``, or ``name(...)`` whose arguments are Python literals. A factory
            named without parentheses is called without arguments.

    Returns:
        The application.

    Raises:
        NoAppException: The text cannot be read so, the name is not there, the call does not fit
            the factory, or the result is no application.
    """
    name, args, kwargs = _parse(app_name)
    value = _attribute(module, name)
    reference = f"{module.__name__}:{app_name}"
    _refuse_flask(value, reference)
    if callable(value) and not _is_app(value):
        value = _call_factory(value, args, kwargs, reference)
    if _is_app(value):
        return value
    _refuse_flask(value, reference)
    raise NoAppException(
        f"'{reference}' gives an object of type {type(value).__name__!r}, not a"
        " dualapp application. Name an application, or a function that returns one."
    )


def app_in(module: ModuleType, app_name: str | None) -> DualApp:
    """Find the application in an imported module, by name if there is one."""
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)


def name_in(module: ModuleType, app_name: str | None) -> tuple[str, bool]:
    """Name the attribute that leads to the application, without calling a factory.

    Returns:
        The attribute's name, and whether it holds the application itself.

    Raises:
        NoAppException: There is no such attribute.
    """
    if app_name is not None:
        name, _, _ = _parse(app_name)
        value = _attribute(module, name)
        _refuse_flask(value, f"{module.__name__}:{name}")
        return name, _is_app(value)
    instance = _name_of_instance(module)
    if instance is not None:
        return instance, True
    for name in _usual_factories(module):
        return name, False
    raise _nothing_found(module)


@t.overload
def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: t.Literal[True] = True
) -> DualApp: ...


@t.overload
def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: bool
) -> DualApp | None: ...


def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: bool = True
) -> DualApp | None:
    """Import a module and find the application in it.

    Args:
        module_name: Dotted name of the module.
        app_name: As for :func:`find_app_by_string`; None to choose by the usual names.
        raise_if_not_found: Whether a missing module is an error.

    Returns:
        The application, or None for a missing module if that is no error.

    Raises:
        NoAppException: The module is missing, an import in it fails, or it holds no application.
            Other errors of the module are passed on.
    """
    importer = import_required if raise_if_not_found else import_or_none
    module = importer(module_name)
    return None if module is None else app_in(module, app_name)


def _name_of_instance(module: ModuleType) -> str | None:
    """Name the attribute that holds the module's application object, if there is one."""
    for name in INSTANCE_NAMES:
        if _is_app(getattr(module, name, None)):
            return name
    names = [name for name, value in vars(module).items() if _is_app(value)]
    if len(names) > 1:
        raise NoAppException(
            f"Module {module.__name__!r} holds several applications: {', '.join(names)}."
            f" Say which one to use, for instance '{module.__name__}:{names[0]}'."
        )
    return names[0] if names else None


def _usual_factories(module: ModuleType) -> dict[str, Factory]:
    found = {name: getattr(module, name, None) for name in FACTORY_NAMES}
    return {name: value for name, value in found.items() if callable(value)}


def _nothing_found(module: ModuleType) -> NoAppException:
    for name, value in vars(module).items():
        _refuse_flask(value, f"{module.__name__}:{name}")
    return NoAppException(
        f"Module {module.__name__!r} holds no dualapp application, nor a factory 'create_app' or"
        f" 'make_app' that returns one. If yours has another name, say '{module.__name__}:name'."
    )


def _refuse_flask(value: object, reference: str) -> None:
    """Say what to do with an application of Flask itself, which cannot be run here.

    Raises:
        NoAppException: It is one.
    """
    flask = sys.modules.get("flask")
    if flask is None or _is_app(value) or not isinstance(value, getattr(flask, "Flask", ())):
        return
    raise NoAppException(
        f"'{reference}' gives an application of Flask itself. To run it on dualapp, use the option"
        " '--as-flask': then 'import flask' means dualapp there."
    )


def _attribute(module: ModuleType, name: str) -> t.Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise NoAppException(
            f"Module {module.__name__!r} has nothing called {name!r}; is the name spelled right?"
        ) from None


def _parse(text: str) -> tuple[str, list[t.Any], dict[str, t.Any]]:
    """Take ``name`` or ``name(literal, ...)`` apart."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        node = None
    if isinstance(node, ast.Name):
        return node.id, [], {}
    if not isinstance(node, ast.Call):
        raise NoAppException(f"{text!r} is neither a name nor the call of a factory.")
    if not isinstance(node.func, ast.Name):
        raise NoAppException(f"The factory in {text!r} must be one plain name, without dots.")
    try:
        args = [ast.literal_eval(value) for value in node.args]
        kwargs = {_keyword(pair): ast.literal_eval(pair.value) for pair in node.keywords}
    except ValueError:
        raise NoAppException(
            f"The arguments in {text!r} must be literals: text, numbers, lists, dicts, True, None."
        ) from None
    return node.func.id, args, kwargs


def _keyword(pair: ast.keyword) -> str:
    if pair.arg is None:
        raise ValueError("** is not a literal")
    return pair.arg


def _call_factory(
    factory: Factory, args: t.Sequence[t.Any], kwargs: dict[str, t.Any], reference: str
) -> t.Any:
    try:
        return call_and_wait(factory, *args, **kwargs)
    except TypeError as error:
        if not _called_with_wrong_args(factory):
            raise
        raise NoAppException(
            f"The factory {reference!r} cannot be called like this: {error}. Give its arguments"
            " in parentheses, for instance 'shop:create_app(\"test\", workers=2)'."
        ) from error


def _called_with_wrong_args(f: Factory) -> bool:
    """Tell, while a TypeError is handled, whether the call of ``f`` itself raised it.

    It did if the traceback never enters the body of ``f``.
    """
    body = getattr(inspect.unwrap(f), "__code__", None)
    error = sys.exception()
    frames = traceback.walk_tb(error.__traceback__ if error else None)
    return all(frame.f_code is not body for frame, _ in frames)


def _is_app(value: object) -> t.TypeGuard[DualApp]:
    from ..app import DualApp  # app.py imports this package

    return isinstance(value, DualApp)
