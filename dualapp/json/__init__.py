"""JSON as the application at work speaks it, or plain :mod:`json` where none is at work.

Without an application these functions still write the types that
:class:`~dualapp.json.provider.DefaultJSONProvider` knows, but read none of its options.
"""

from __future__ import annotations

import json as _json
import typing as t

from ..globals import _cv_app, current_app
from .provider import _default, decode

if t.TYPE_CHECKING:
    from ..wrappers import Response
    from .provider import JSONProvider


def _provider() -> JSONProvider | None:
    context = _cv_app.get(None)
    return None if context is None else t.cast("JSONProvider", context.app.json)


def dumps(obj: t.Any, **kwargs: t.Any) -> str:
    """Write a value as JSON text.

    Args:
        obj: The value.
        **kwargs: Passed on to ``app.json.dumps``, or to :func:`json.dumps`.

    Returns:
        The text.

    Raises:
        TypeError: Something in the value has no form in JSON.
    """
    provider = _provider()
    if provider is not None:
        return provider.dumps(obj, **kwargs)
    return _json.dumps(obj, **({"default": _default} | kwargs))


def dump(obj: t.Any, fp: t.IO[str], **kwargs: t.Any) -> None:
    """Write a value as JSON into a text file.

    Args:
        obj: The value.
        fp: The open file. Use UTF-8 for it (RFC 8259, section 8.1).
        **kwargs: Passed on to ``app.json.dump``, or to :func:`json.dump`.

    Raises:
        TypeError: Something in the value has no form in JSON.
    """
    provider = _provider()
    if provider is not None:
        provider.dump(obj, fp, **kwargs)
    else:
        _json.dump(obj, fp, **({"default": _default} | kwargs))


def loads(s: str | bytes, **kwargs: t.Any) -> t.Any:
    """Read a value from JSON.

    Args:
        s: Text, or bytes in UTF-8.
        **kwargs: Passed on to ``app.json.loads``, or to :func:`json.loads`.

    Returns:
        The value.

    Raises:
        ValueError: This is no JSON, or it is nested too deeply.
    """
    provider = _provider()
    return decode(s, kwargs) if provider is None else provider.loads(s, **kwargs)


def load(fp: t.IO[t.AnyStr], **kwargs: t.Any) -> t.Any:
    """Read a value from a JSON file.

    Args:
        fp: The open file, text or binary.
        **kwargs: Passed on to ``app.json.load``, or to :func:`json.loads`.

    Returns:
        The value.

    Raises:
        ValueError: This is no JSON, or it is nested too deeply.
    """
    provider = _provider()
    return decode(fp.read(), kwargs) if provider is None else provider.load(fp, **kwargs)


def jsonify(*args: t.Any, **kwargs: t.Any) -> Response:
    """Make a response that carries JSON. Needs an application context.

    A view may also return a dictionary or a list as it is; ``jsonify`` is for other values, and for
    when the response itself is wanted, to set headers on it.

    Args:
        *args: One value, or several, which become an array; none at all is ``null``.
        **kwargs: The members of an object, instead of positional arguments.

    Returns:
        What ``app.json.response`` makes of them.

    Raises:
        TypeError: Both positional and keyword arguments were given.
    """
    return current_app.json.response(*args, **kwargs)
