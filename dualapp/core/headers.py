"""The headers of a response: what may be sent, and a collection that knows what was checked.

No hop-by-hop header comes from an application (:pep:`3333`, "Other HTTP Features"), and no control
character is in a header (RFC 9110 section 5.5).
"""

from __future__ import annotations

import re
import typing as t

from werkzeug.datastructures import Headers

from .memo import Memo

HeaderList = list[tuple[str, str]]

#: What a server decides for its own connection; an application has no say in it.
_OF_A_CONNECTION = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
_header_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_header_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch

#: What has to be known of a header, by its name.
TYPE, LENGTH, ORDINARY, HOP_BY_HOP, LOCATION, NO_NAME = range(6)

_KINDS = {
    **dict.fromkeys(_OF_A_CONNECTION, HOP_BY_HOP),
    "content-type": TYPE,
    "content-length": LENGTH,
    "location": LOCATION,
    "content-location": LOCATION,
}


def _kind_of(name: str) -> int:
    return _KINDS.get(name.lower(), ORDINARY if _header_name(name) else NO_NAME)


kinds = Memo(_kind_of)


def checked_header(name: str, value: str) -> tuple[str, str]:
    """Give a header as the exact types that :pep:`3333` asks for.

    Raises:
        ValueError: It holds what must not reach the wire.
    """
    if kinds[name] == NO_NAME or not _header_value(value):
        raise ValueError(
            f"The response header {name!r}: {value!r} holds a character that cannot be sent. A"
            " control character would let whoever chose the text write headers or a body of"
            " their own, and what is not in Latin-1 has no encoding there (RFC 9110, section"
            " 5.5). Check or quote the text before it becomes a header."
        )
    # Space at the ends is not a part of the value, and some servers refuse it.
    return str.__str__(name), str.strip(value, " \t")


def is_sent_as_it_is(name: t.Any, value: t.Any) -> bool:
    """Tell whether a header is an ordinary one in ASCII that needs no further look."""
    return (
        type(name) is str
        and type(value) is str
        and kinds[name] == ORDINARY
        and value.isascii()
        and value.isprintable()
        and value.strip() == value
    )


class ResponseHeaders(Headers):
    """Werkzeug's headers, which remember what was checked when it was set.

    Pickled they are werkzeug's own. Benchmark: ``tests/benchmarks/inprocess.py``, "JSON + hooks".
    """

    #: Content type, length, and what was set after them, as long as that is all. No list equals
    #: the default.
    clean: HeaderList = t.cast("HeaderList", ())

    def __setitem__(self, key: t.Any, value: t.Any) -> None:
        if Headers.set is not _WERKZEUGS_SET or not is_sent_as_it_is(key, value):
            return super().__setitem__(key, value)
        pairs, pair, lowered = self._list, (key, value), key.lower()
        is_clean = pairs == self.clean
        for name, _ in pairs[2:] if is_clean else pairs:  # type and length are not this one
            if name.lower() == lowered:
                return super().__setitem__(key, value)
        if is_clean:
            self.clean.append(pair)
        pairs.append(pair)

    def __eq__(self, other: object) -> bool:
        return _plain(self) == (_plain(other) if type(other) is ResponseHeaders else other)

    __hash__ = None

    def __reduce__(self) -> t.Any:
        return Headers, (), {"_list": self._list}

    def __repr__(self) -> str:
        return repr(_plain(self))


_WERKZEUGS_SET = Headers.set


def _plain(headers: ResponseHeaders) -> Headers:
    plain = Headers()
    plain._list = headers._list
    return plain


def headers_of_body(content_type: tuple[str, str], length: tuple[str, str]) -> ResponseHeaders:
    """Make the headers of a body, of which these two are known to be clean."""
    headers = ResponseHeaders.__new__(ResponseHeaders)
    headers._list = [content_type, length]
    headers.clean = [content_type, length]
    return headers
