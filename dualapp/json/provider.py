"""How an application speaks JSON: the interface, and the implementation on the standard library.

Replace ``app.json`` by an instance of another provider, or set ``json_provider_class`` on a
subclass of the application, and everything follows: ``dualapp.json``, ``jsonify``,
``request.get_json``, the ``tojson`` filter and the test client.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
import weakref
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
)
from json.encoder import encode_basestring as encode_any
from json.encoder import encode_basestring_ascii as encode_ascii
from uuid import UUID

from werkzeug.http import http_date

from ..core.memo import Memo
from ..core.returns import response_of

if t.TYPE_CHECKING:
    from ..app import DualApp
    from ..wrappers import Response


class JSONProvider:
    """What an application needs of a JSON library.

    A subclass has to give :meth:`dumps` and :meth:`loads`; the rest builds on them.

    Args:
        app: The application. Held by a weak reference, since it holds the provider.
    """

    def __init__(self, app: DualApp) -> None:
        self._app = t.cast("DualApp", weakref.proxy(app))

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON text.

        Args:
            obj: The value.
            **kwargs: Options of the library behind this provider.

        Returns:
            The text.
        """
        raise NotImplementedError

    def dump(self, obj: t.Any, fp: t.IO[str], **kwargs: t.Any) -> None:
        """Write a value as JSON into a text file.

        Args:
            obj: The value.
            fp: The open file. Use UTF-8 for it (RFC 8259, section 8.1).
            **kwargs: As for :meth:`dumps`.
        """
        fp.write(self.dumps(obj, **kwargs))

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        Args:
            s: Text, or bytes in UTF-8.
            **kwargs: Options of the library behind this provider.

        Returns:
            The value.

        Raises:
            ValueError: This is no JSON. In ``request.get_json`` it becomes a 400.
        """
        raise NotImplementedError

    def load(self, fp: t.IO[t.AnyStr], **kwargs: t.Any) -> t.Any:
        """Read a value from a JSON file.

        Args:
            fp: The open file, text or binary.
            **kwargs: As for :meth:`loads`.

        Returns:
            The value.
        """
        return self.loads(fp.read(), **kwargs)

    def response(self, *args: t.Any, **kwargs: t.Any) -> Response:
        """Make the response that ``jsonify`` returns.

        Args:
            *args: One value, or several, which become an array; none at all is ``null``.
            **kwargs: The members of an object, instead of positional arguments.

        Returns:
            A response of type ``application/json``.

        Raises:
            TypeError: Both positional and keyword arguments were given.
        """
        body = self.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(body, mimetype="application/json")

    def _prepare_response_obj(self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]) -> t.Any:
        """Find the one value that the arguments of :meth:`response` stand for."""
        if not kwargs:
            return args[0] if len(args) == 1 else args or None
        if args:
            raise TypeError(
                "app.json.response() takes either args or kwargs, not both: positional arguments"
                " are the value itself, keyword arguments the members of an object. Put everything"
                " into one dictionary."
            )
        return kwargs


def _default(o: t.Any) -> t.Any:
    """Turn a value that JSON has no type for into one that it has.

    Args:
        o: A date or datetime (given as an HTTP date, RFC 9110 section 5.6.7), a Decimal or UUID,
            an instance of a dataclass, or anything with ``__html__``.

    Returns:
        A value that the JSON encoder can write.

    Raises:
        TypeError: It is none of these.
    """
    match o:
        case date():
            return http_date(o)
        case Decimal() | UUID():
            return str(o)
    if dataclasses.is_dataclass(o) and not isinstance(o, type):
        return dataclasses.asdict(o)
    if hasattr(o, "__html__"):
        return str(o.__html__())
    raise TypeError(
        f"Object of type {type(o).__name__} is not JSON serializable. Convert it first, or teach"
        " the application: subclass DefaultJSONProvider, extend its default()."
    )


def decode(s: str | bytes, options: dict[str, t.Any]) -> t.Any:
    """Read JSON with the standard library; whatever is wrong with the text is a ValueError."""
    try:
        if type(s) is bytes and not options:
            # What is all there in UTF-8 is in no other encoding: those have zeros, and JSON none.
            text = s.decode()
            value, end = _scan_once(text, 0)
            if end == len(text) or not text[end:].strip(" \t\n\r"):
                return value
    except (StopIteration, ValueError):
        pass  # json.loads reads more, or tells better where
    except RecursionError:
        raise _too_deep() from None
    try:
        return json.loads(s, **options)
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> ValueError:
    # It is the sender's doing, so it must not pass for a bug of the application.
    return ValueError("This JSON is nested too deeply to be read.")


_scan_once = t.cast("t.Any", json.JSONDecoder()).scan_once

_COMPACT = (",", ":")
#: The options of :meth:`DefaultJSONProvider.dumps` for responses.
_LAYOUT = {"separators": _COMPACT}


def _encoder(options: tuple[t.Any, ...]) -> Callable[[t.Any], str]:
    default, ensure_ascii, sort_keys, *others = options
    ours = {"default": default, "ensure_ascii": ensure_ascii, "sort_keys": sort_keys}
    encoder = json.JSONEncoder(**{**ours, **dict(others)})
    if dict(others).keys() <= {"separators"} and c_make_encoder is not None:
        return _short_way(encoder)
    return encoder.encode


def _short_way(encoder: json.JSONEncoder) -> Callable[[t.Any], str]:
    """Do what ``encoder.encode`` does, without making anew what is the same for all calls.

    Benchmark: ``tests/benchmarks/inprocess.py``, workload "JSON + hooks".
    """
    write_text = encode_ascii if encoder.ensure_ascii else encode_any
    options = (
        *(encoder.default, write_text, None, encoder.key_separator, encoder.item_separator),
        *(encoder.sort_keys, encoder.skipkeys, encoder.allow_nan),
    )
    free: list[Callable[[t.Any, int], tuple[str, ...]]] = []

    def encode(value: t.Any) -> str:
        try:
            write = free.pop()  # so that no other call, within this one or beside it, has it too
        except IndexError:
            write = c_make_encoder({}, *options)
        text = "".join(write(value, 0))
        free.append(write)  # not after an error, when it still knows the containers around that
        return text

    return encode


#: What :func:`json.dumps` makes anew for each call, by options.
_encoders = Memo(_encoder, limit=64)
#: The same with :data:`_LAYOUT`, by the other options.
_response_encoders: Memo[tuple[t.Any, ...], Callable[[t.Any], str]] = Memo(
    lambda options: _encoder((*options, *_LAYOUT.items())), limit=64
)


class DefaultJSONProvider(JSONProvider):
    """JSON by the standard library, with a few more types.

    Beyond what :mod:`json` writes: dates and datetimes as HTTP dates, decimals and UUIDs as
    strings, dataclasses as objects, and what has ``__html__`` (``Markup``) as that HTML.
    """

    #: Called with each value that :mod:`json` cannot write; gives one that it can, or TypeError.
    default: Callable[[t.Any], t.Any] = staticmethod(_default)

    #: Write other characters than ASCII as ``\\u`` escapes.
    ensure_ascii = True

    #: Write the members of an object in the order of their names. Equal objects then give equal
    #: bytes, which caches like. Keys of mixed types cannot be sorted: set it to False for these.
    sort_keys = True

    #: Write responses without needless blanks. None means: except in debug mode.
    compact: bool | None = None

    #: The ``Content-Type`` of responses.
    mimetype = "application/json"

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON text.

        Args:
            obj: The value.
            **kwargs: Options of :func:`json.dumps`; they win over this provider's attributes.

        Returns:
            The text.

        Raises:
            TypeError: Something in the value has no form in JSON.
        """
        try:
            if kwargs == _LAYOUT:
                encode = _response_encoders[self.default, self.ensure_ascii, self.sort_keys]
            else:
                encode = _encoders[self.default, self.ensure_ascii, self.sort_keys, *kwargs.items()]
        except TypeError:  # an encoder class of its own, or an option that cannot be a key
            options: dict[str, t.Any] = {
                "default": self.default,
                "ensure_ascii": self.ensure_ascii,
                "sort_keys": self.sort_keys,
            }
            return json.dumps(obj, **(options | kwargs))
        return encode(obj)

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        Args:
            s: Text, or bytes in UTF-8, UTF-16 or UTF-32.
            **kwargs: Options of :func:`json.loads`.

        Returns:
            The value.

        Raises:
            ValueError: This is no JSON, or it is nested too deeply.
        """
        return decode(s, kwargs)

    def response(self, *args: t.Any, **kwargs: t.Any) -> Response:
        """Make the response that ``jsonify`` returns.

        Args:
            *args: One value, or several, which become an array; none at all is ``null``.
            **kwargs: The members of an object, instead of positional arguments.

        Returns:
            A response of type :attr:`mimetype` that ends in a newline; indented by two blanks in
            debug mode, unless :attr:`compact` says otherwise.

        Raises:
            TypeError: Both positional and keyword arguments were given, or a value has no form
                in JSON.
        """
        app = self._app
        compact = not app.config["DEBUG"] if self.compact is None else self.compact
        value = self._prepare_response_obj(args, kwargs)
        text = self.dumps(value, separators=_COMPACT) if compact else self.dumps(value, indent=2)
        return response_of(app.response_class, f"{text}\n", self.mimetype)
