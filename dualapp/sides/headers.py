"""From the headers of an ASGI scope to an environ's: the few that are looked at before the others.

A browser sends fifteen headers, and an application looks at the same few each time. Which these are
is learned from what requests are asked for, so that the others need not be translated. Benchmark:
``tests/benchmarks/inprocess.py``.
"""

from __future__ import annotations

import typing as t

from ..core.memo import Memo

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Headers = list[tuple[bytes, bytes]] | tuple[tuple[bytes, bytes], ...]

#: What dualapp itself looks at, whatever the request is.
_ALWAYS = frozenset(
    {
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "HTTP_COOKIE",
        "HTTP_HOST",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_UPGRADE",
    }
)
#: How many there can be; names that clients make up must not fill the memory.
_MOST = 32

#: The key of headers that must not be there.
_DROPPED = ""
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


class EarlyHeaders:
    """The headers that are translated for every request.

    Attributes:
        keys: Their keys in an environ.
    """

    def __init__(self, keys: frozenset[str] = _ALWAYS) -> None:
        self.keys = keys
        self._of_names: Memo[bytes, str | None] = Memo(self._key_of)

    def put(self, environ: WSGIEnvironment, headers: Headers) -> None:
        """Put those that were sent into an environ; others may be put in too."""
        of_names = self._of_names
        for name, value in headers:
            key = of_names[name]
            if key is not None:
                if key in environ:  # repeated
                    environ.update(translated(headers))
                    return
                environ[key] = value.decode("latin-1")

    def and_one_more(self, key: str) -> EarlyHeaders:
        """Give these and another one, as long as there are few."""
        return EarlyHeaders(self.keys | {key}) if len(self.keys) < _MOST else self

    def _key_of(self, name: bytes) -> str | None:
        key = _keys[name]
        return key if key in self.keys else None


def translated(headers: Headers) -> dict[str, str]:
    """Give all headers by their keys in an environ, repeated ones joined.

    A name with an underscore is dropped: it would pass for the name with a dash, which a proxy in
    front may have checked.
    """
    by_key = {_keys[name]: value.decode("latin-1") for name, value in headers}
    if len(by_key) < len(headers):
        by_key = _joined(headers)
    by_key.pop(_DROPPED, None)
    return by_key


def _joined(headers: Headers) -> dict[str, str]:
    all_values: dict[str, list[str]] = {}
    for name, value in headers:
        all_values.setdefault(_keys[name], []).append(value.decode("latin-1"))
    # RFC 9113 section 8.2.3: cookies that HTTP/2 split are joined by a semicolon.
    return {
        key: ("; " if key == "HTTP_COOKIE" else ",").join(values)
        for key, values in all_values.items()
    }


def _key_of(name: bytes) -> str:
    if b"_" in name:
        return _DROPPED
    # Bytes, since "\u00df".upper() is "SS": that would make one name pass for another.
    key = name.upper().replace(b"-", b"_").decode("latin-1")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


_keys = Memo(_key_of)
