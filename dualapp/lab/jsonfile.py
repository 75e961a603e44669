"""Results as JSON, and back."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .results import FORMAT, Results

T = t.TypeVar("T")


def dumps(results: Results) -> str:
    """Write results as JSON, with the number of the layout in ``format``."""
    return json.dumps({"format": FORMAT, **dataclasses.asdict(results)}, indent=1) + "\n"


def loads(text: str) -> Results:
    """Read what :func:`dumps` has written.

    Raises:
        ValueError: It is no such JSON, or of another layout.
    """
    data = json.loads(text)
    found = data.pop("format", None) if isinstance(data, dict) else None
    if found != FORMAT:
        raise ValueError(
            f"This is not what this version of 'dualapp tradeoff --json' writes: its format is"
            f" {found!r}, not {FORMAT}. Measure again, or read it with the version that wrote it."
        )
    return _made(Results, data)


def _made(kind: type[T], data: t.Any) -> T:
    """Make a dataclass, and those in it, of plain data."""
    hints = t.get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in data.items()})


def _value(hint: t.Any, value: t.Any) -> t.Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _made(hint, value)
    arguments = t.get_args(hint)
    if t.get_origin(hint) is list:
        return [_value(arguments[0], each) for each in value]
    # Of a union, such as ``Advice | None``, the dataclass is what plain data was made from.
    inner = next((each for each in arguments if dataclasses.is_dataclass(each)), None)
    return value if value is None or inner is None else _value(inner, value)
