"""JSON by orjson or msgspec, with the results of the standard library.

Either is an extra, ``pip install "dualapp[orjson]"``, and is used by setting ``app.json`` or
``json_provider_class``. The text that the library writes is taken if it is known to be the one that
:class:`~dualapp.json.provider.DefaultJSONProvider` writes, and so is the value that it reads.
Whatever else there is, errors among it, is left to that class.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Set
from gc import get_referents
from json.encoder import encode_basestring_ascii
from uuid import UUID

from .provider import _COMPACT, _LAYOUT, DefaultJSONProvider, _default

if t.TYPE_CHECKING:
    from ..app import DualApp

Default = Callable[[t.Any], t.Any]


class _FastProvider(DefaultJSONProvider):
    """What the providers of this module have in common: when to trust the library."""

    def _write(self, value: t.Any) -> bytes:
        """Write a value in UTF-8 and without blanks. Any error means that the library cannot."""
        raise NotImplementedError

    def _read(self, data: bytes) -> t.Any:
        """Read JSON in UTF-8. Any error means that the library cannot."""
        raise NotImplementedError

    def _known(self) -> frozenset[type]:
        """Give the types that the library writes as this provider is to write them."""
        return _PLAIN

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON text.

        Args:
            obj: The value.
            **kwargs: Options of :func:`json.dumps`; they win over this provider's attributes. The
                library is used with ``separators=(",", ":")`` alone, as for responses: it writes
                no other layout.

        Returns:
            The text.

        Raises:
            TypeError: Something in the value has no form in JSON.
        """
        if kwargs != _LAYOUT:
            return super().dumps(obj, **kwargs)
        try:
            data = self._write(obj)
        except Exception:  # the standard library can write it, or tells better why not
            return self._dumps_unknown(obj)
        if _is_written_alike([obj], self._known()):
            return self._text_of(data)
        return super().dumps(obj, **kwargs)

    def _dumps_unknown(self, value: t.Any) -> str:
        """Write what the library alone cannot write."""
        return super().dumps(value, **_LAYOUT)

    def _text_of(self, data: bytes) -> str:
        return _escaped(data) if self.ensure_ascii else data.decode()

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        Args:
            s: Text, or bytes in UTF-8, UTF-16 or UTF-32.
            **kwargs: Options of :func:`json.loads`, which then reads instead of the library.

        Returns:
            The value.

        Raises:
            ValueError: This is no JSON, or it is nested too deeply.
        """
        if not kwargs and isinstance(s, str | bytes):
            try:
                return self._read(s.encode() if isinstance(s, str) else s)
            except Exception:  # the standard library reads more, or tells better what is wrong
                pass
        return super().loads(s, **kwargs)


class OrjsonProvider(_FastProvider):
    """JSON by orjson, of which it needs the extra ``orjson``.

    Its attributes are those of :class:`~dualapp.json.provider.DefaultJSONProvider`, to be set and
    extended in the same way.

    Args:
        app: The application.

    Raises:
        ImportError: orjson is not installed.
    """

    def __init__(self, app: DualApp) -> None:
        super().__init__(app)
        try:
            import orjson
        except ImportError as error:
            raise _not_installed("orjson", self) from error
        self._orjson = orjson
        self._unsorted = (
            orjson.OPT_PASSTHROUGH_DATACLASS
            | orjson.OPT_PASSTHROUGH_DATETIME
            | orjson.OPT_PASSTHROUGH_SUBCLASS
        )
        self._sorted = self._unsorted | orjson.OPT_SORT_KEYS

    def _write(self, value: t.Any, default: Default | None = None) -> bytes:
        option = self._sorted if self.sort_keys else self._unsorted
        return self._orjson.dumps(value, default, option)

    def _read(self, data: bytes) -> t.Any:
        if _has_long_number(data):
            raise ValueError("orjson reads integers of more than 64 bits as floats.")
        return self._orjson.loads(data)

    def _known(self) -> frozenset[type]:
        # It does not ask for UUIDs.
        return _PLAIN_AND_UUID if self.default is _default else _PLAIN

    def _dumps_unknown(self, value: t.Any) -> str:
        answers = _Answers(self.default)
        try:
            data = self._write(value, answers.ask)
        except Exception:  # as in dumps
            return self._dumps_again(value, answers)
        known = self._known() | {type(o) for o, _ in answers.given}
        if _is_written_alike([value, *(answer for _, answer in answers.given)], known):
            return self._text_of(data)
        return self._dumps_again(value, answers)

    def _dumps_again(self, value: t.Any, answers: _Answers) -> str:
        return json.dumps(
            value,
            default=answers.repeat,
            ensure_ascii=self.ensure_ascii,
            sort_keys=self.sort_keys,
            separators=_COMPACT,
        )


class MsgspecProvider(_FastProvider):
    """JSON by msgspec, of which it needs the extra ``msgspec``.

    Its attributes are those of :class:`~dualapp.json.provider.DefaultJSONProvider`, to be set and
    extended in the same way. msgspec has forms of its own for dates, dataclasses and others, so
    the standard library writes whatever holds one of these.

    Args:
        app: The application.

    Raises:
        ImportError: msgspec is not installed.
    """

    def __init__(self, app: DualApp) -> None:
        super().__init__(app)
        try:
            import msgspec.json
        except ImportError as error:
            raise _not_installed("msgspec", self) from error
        self._unsorted = msgspec.json.Encoder()
        self._sorted = msgspec.json.Encoder(order="deterministic")
        self._decoder = msgspec.json.Decoder()

    def _write(self, value: t.Any) -> bytes:
        return (self._sorted if self.sort_keys else self._unsorted).encode(value)

    def _read(self, data: bytes) -> t.Any:
        return self._decoder.decode(data)


class _Answers:
    """What ``default`` gave for each value that the library does not know.

    Asked twice, a method that uses up what it is given, such as a generator, has two answers. So
    when the value is written again, the answers are the same.

    Args:
        default: The provider's method.
    """

    __slots__ = ("_default", "_repeated", "given")

    def __init__(self, default: Default) -> None:
        self._default = default
        self._repeated = 0
        #: The values and what became of them, in the order of the text.
        self.given: list[tuple[t.Any, t.Any]] = []

    def ask(self, value: t.Any) -> t.Any:
        """Call ``default`` for a value, unless the standard library would not."""
        if isinstance(value, _BASES):
            raise TypeError("The standard library writes it as what it derives from.")
        answer = self._default(value)
        self.given.append((value, answer))
        return answer

    def repeat(self, value: t.Any) -> t.Any:
        """Give the next answer again; call ``default`` where there is none for this value."""
        if self._repeated < len(self.given):
            asked, answer = self.given[self._repeated]
            if asked is value:
                self._repeated += 1
                return answer
        return self._default(value)


def _not_installed(library: str, provider: _FastProvider) -> ImportError:
    return ImportError(
        f"{type(provider).__name__} needs {library}, which is not installed. Install it:"
        f' pip install "dualapp[{library}]".'
    )


_CONTAINERS: frozenset[type] = frozenset({dict, list, tuple})
#: The types that are the same to all, themselves and not what derives from them.
_PLAIN: frozenset[type] = _CONTAINERS | {str, int, float, bool, type(None)}
_PLAIN_AND_UUID = _PLAIN | {UUID}
_BASES = (str, int, float, *_CONTAINERS)


def _is_written_alike(level: list[t.Any], known: Set[type]) -> bool:
    """Tell whether a library has written values as the standard library does.

    They are looked at level by level, so that the loops are CPython's and take little beside the
    writing. It would not end for what contains itself; that is an error to the library before.

    Args:
        level: The values.
        known: The types that are written alike; inside others than :data:`_PLAIN` it does not look.
    """
    while level:
        kinds = set(map(type, level))
        if not kinds <= known or (float in kinds and not _are_written_alike(level)):
            return False
        if not kinds <= _PLAIN:
            level = [o for o in level if type(o) in _CONTAINERS]
        level = get_referents(*level)  # of a dictionary the values, and keys other than str
    return True


def _are_written_alike(values: list[t.Any]) -> bool:
    """Tell it of the floats among values: out of this range, notations of the exponent differ.

    Neither is NaN in it, nor infinity, which the libraries write as ``null``.
    """
    return all(1e-4 <= abs(o) < 1e16 or o == 0 for o in values if type(o) is float)


def _escaped(data: bytes) -> str:
    """Decode JSON text, with each character that is not printable ASCII as a ``\\u`` escape."""
    if data.isascii() and b"\x7f" not in data:
        return data.decode()
    # As one string it is escaped by C code, which also escapes what is part of the JSON text.
    escaped = encode_basestring_ascii(data.decode())[1:-1]
    return escaped.replace('\\"', '"').replace("\\\\", "\\")


_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")


def _has_long_number(data: bytes) -> bool:
    """Tell whether there may be an integer in a JSON text that needs more than 64 bits."""
    if b"0000" not in data[::4].translate(_DIGITS_TO_0):
        return False  # 19 digits in a row have four at every fourth byte
    digits = data.translate(_DIGITS_TO_0)
    return b"0" * 19 in digits and (b"0" * 20 in digits or b"-" + b"0" * 19 in digits)
