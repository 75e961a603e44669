"""JSON that gives back the types it was given: what goes into the session's cookie.

A value of a type that JSON lacks is written as an object of one member, whose name is the *tag* of
that type: ``{" t": [1, 2]}`` is a tuple. The format is the one that Flask's cookies have, byte for
byte, so that sessions survive a move in either direction.
"""

from __future__ import annotations

import typing as t
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date, parse_date

from . import dumps, loads


class JSONTag:
    """One type, and how it is written as JSON and read back.

    Args:
        serializer: Tags and untags the values inside a value.
    """

    __slots__ = ("serializer",)

    #: The name that marks the type. Empty for a tag that only prepares what is inside a value.
    key: str = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: t.Any) -> bool:
        """Tell whether a value is of this type."""
        raise NotImplementedError

    def to_json(self, value: t.Any) -> t.Any:
        """Turn a value of this type into what JSON can hold, its inner values tagged."""
        raise NotImplementedError

    def to_python(self, value: t.Any) -> t.Any:
        """Turn what :meth:`to_json` gave back into the value. Its inner values are untagged."""
        raise NotImplementedError

    def tag(self, value: t.Any) -> dict[str, t.Any]:
        """Write a value of this type as an object of one member, named by the tag."""
        return {self.key: self.to_json(value)}


class _TypeTag(JSONTag):
    """A tag that is described rather than programmed: a type, and two functions for its values."""

    __slots__ = ()
    kind: t.ClassVar[type]
    write: Callable[[t.Any], t.Any]
    read: Callable[[t.Any], t.Any]

    def check(self, value: t.Any) -> bool:
        return isinstance(value, self.kind)

    def to_json(self, value: t.Any) -> t.Any:
        return self.write(value)

    def to_python(self, value: t.Any) -> t.Any:
        return self.read(value)


class _Untouched(_TypeTag):
    """A type that JSON has itself: only what is inside needs care."""

    __slots__ = ()

    def tag(self, value: t.Any) -> t.Any:
        return self.to_json(value)


class TagDict(_TypeTag):
    """A dictionary that looks like something tagged: its one key gets ``__`` at the end."""

    __slots__ = ()
    key = " di"
    kind = dict

    def check(self, value: t.Any) -> bool:
        if not isinstance(value, dict) or len(value) != 1:
            return False
        [name] = value
        return name in self.serializer.tags

    def to_json(self, value: t.Any) -> t.Any:
        return {f"{name}__": self.serializer.tag(inner) for name, inner in value.items()}

    def to_python(self, value: t.Any) -> t.Any:
        return {name.removesuffix("__"): inner for name, inner in value.items()}


class PassDict(_Untouched):
    """Any other dictionary. Its keys become strings, as JSON has it."""

    __slots__ = ()
    kind = dict

    def to_json(self, value: t.Any) -> t.Any:
        return {name: self.serializer.tag(inner) for name, inner in value.items()}


class TagTuple(_TypeTag):
    """A tuple, written as an array."""

    __slots__ = ()
    key = " t"
    kind = read = tuple

    def to_json(self, value: t.Any) -> t.Any:
        return list(map(self.serializer.tag, value))


class PassList(_Untouched):
    """A list."""

    __slots__ = ()
    kind = list

    def to_json(self, value: t.Any) -> t.Any:
        return list(map(self.serializer.tag, value))


class TagBytes(_TypeTag):
    """Bytes, written in base64."""

    __slots__ = ()
    key = " b"
    kind = bytes
    write = staticmethod(lambda value: b64encode(value).decode())
    read = staticmethod(b64decode)


class TagMarkup(_TypeTag):
    """Anything with ``__html__``; comes back as :class:`markupsafe.Markup`."""

    __slots__ = ()
    key = " m"
    write = staticmethod(lambda value: str(value.__html__()))
    read = Markup

    def check(self, value: t.Any) -> bool:
        return callable(getattr(value, "__html__", None))


class TagUUID(_TypeTag):
    """A UUID, written as 32 hexadecimal digits."""

    __slots__ = ()
    key = " u"
    kind = read = UUID
    write = staticmethod(attrgetter("hex"))


class TagDateTime(_TypeTag):
    """A datetime, written as an HTTP date: to the second, and comes back in UTC."""

    __slots__ = ()
    key = " d"
    kind = datetime
    write = staticmethod(http_date)
    read = staticmethod(parse_date)


class TaggedJSONSerializer:
    """Writes and reads values as JSON with tags.

    Beside what JSON has, it keeps tuples, bytes, ``Markup``, UUIDs and datetimes. More types come
    with :meth:`register`.
    """

    __slots__ = ("order", "tags")

    #: The tags that every serializer begins with, in the order they are tried.
    default_tags: t.ClassVar[list[type[JSONTag]]] = [
        TagDict,
        PassDict,
        TagTuple,
        PassList,
        TagBytes,
        TagMarkup,
        TagUUID,
        TagDateTime,
    ]

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Add a type.

        Args:
            tag_class: Its tag.
            force: Replace a tag of the same key.
            index: Where in the order of checking, for a type that an earlier tag would take, such
                as a subclass of dict. At the end if None.

        Raises:
            KeyError: The key is taken, and ``force`` is not set.
        """
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(
                    f"Tag {tag.key!r} is already registered, by {type(self.tags[tag.key])}. Choose"
                    " another key, or pass force=True to replace it."
                )
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: t.Any) -> t.Any:
        """Turn a value into what JSON can hold; the first tag whose check agrees does it."""
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        return value

    def untag(self, value: dict[str, t.Any]) -> t.Any:
        """Turn a tagged object back into its value; any other comes back as it is."""
        if len(value) != 1:
            return value
        [(key, inner)] = value.items()
        tag = self.tags.get(key)
        return value if tag is None else tag.to_python(inner)

    def _untag_scan(self, value: t.Any) -> t.Any:
        """Untag a value, from the inside out."""
        if isinstance(value, dict):
            return self.untag({key: self._untag_scan(inner) for key, inner in value.items()})
        if isinstance(value, list):
            return [self._untag_scan(inner) for inner in value]
        return value

    def dumps(self, value: t.Any) -> str:
        """Write a value as compact JSON with tags."""
        return dumps(self.tag(value), separators=(",", ":"))

    def loads(self, value: str) -> t.Any:
        """Read a value that :meth:`dumps` wrote.

        Raises:
            ValueError: It is no JSON, or a tag holds what it cannot hold.
        """
        return self._untag_scan(loads(value))
