"""What must come back for a request, and in what an answer differs from it."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.exceptions import HTTPException

from .wire import Answer, Request

#: A header's value, exactly or as a pattern; a list where it is sent more than once.
Value = str | re.Pattern[str] | Sequence[str | re.Pattern[str]]

#: The answers so far, by the names of their exchanges.
Seen = Mapping[str, Answer]

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

#: In which order the hooks of ``apps/everything.py`` run.
STEPS = "before sync, before async, after async, after sync"


@dataclass(frozen=True)
class Expected:
    """What must come back.

    Attributes:
        status: The status code.
        body: The whole body.
        headers: All headers but the server's own; X-Steps goes without saying.
        streamed: The application gives no Content-Length; the server may find one out.
        is_whole: Whether the framing says that the body is complete.
        interim: Codes of answers before the final one.
    """

    status: int
    body: bytes
    headers: Mapping[str, Value]
    streamed: bool = False
    is_whole: bool = True
    interim: tuple[int, ...] = ()

    def differences(self, answer: Answer) -> list[str]:
        """Tell what is different in an answer."""
        found = []
        for name in ("status", "body", "is_whole", "interim"):
            wanted, got = getattr(self, name), getattr(answer, name)
            if wanted != got:
                found.append(f"{name}: {got!r:.300} instead of {wanted!r:.300}")
        return found + self._different_headers(answer.of_the_application)

    def _different_headers(self, got: dict[str, list[str]]) -> list[str]:
        if self.streamed:
            got.pop("content-length", None)
        wanted: dict[str, Value] = {"x-steps": STEPS, **self.headers}
        return [
            f"header {name}: {got.get(name)} instead of {wanted.get(name)}"
            for name in sorted(wanted.keys() | got.keys())
            if not _matches(name, wanted.get(name, ()), got.get(name, []))
        ]


def _matches(name: str, wanted: Value, got: list[str]) -> bool:
    if isinstance(wanted, str | re.Pattern):
        wanted = [wanted]
    if name == "allow":  # a set, in any order
        got = [", ".join(sorted(value.split(", "))) for value in got]
    return len(wanted) == len(got) and all(
        value == one if isinstance(one, str) else one.fullmatch(value)
        for one, value in zip(wanted, got, strict=True)
    )


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        name: Tells what it is about; sent along, and noted by the application's hooks.
        request: What is sent, or how to make it of the answers so far.
        expected: What must come back.
    """

    name: str
    request: Request | Callable[[Seen], Request]
    expected: Expected

    def request_after(self, seen: Seen) -> Request:
        """Give the request, made of the answers so far where it needs them."""
        return self.request if isinstance(self.request, Request) else self.request(seen)


@dataclass
class Conversation:
    """Collects exchanges; the methods are the shapes that most of them have."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(
        self, name: str, request: Request | Callable[[Seen], Request], status: int, **more: t.Any
    ) -> None:
        """Expect anything; without a body if none is given."""
        expected = Expected(status, more.pop("body", b""), **more)
        self.exchanges.append(Exchange(name, request, expected))

    def ok(self, name: str, request: Request, body: bytes | str, **headers: Value) -> None:
        """Expect 200 with a body of known length, HTML unless told otherwise."""
        if isinstance(body, str):
            body = body.encode()
        self.add(name, request, 200, body=body, headers=headers_of(body, **headers))

    def json(self, name: str, request: Request, value: object, status: int = 200) -> None:
        """Expect JSON."""
        body = as_json(value)
        self.add(name, request, status, body=body, headers=headers_of(body, content_type=JSON))

    def stream(self, name: str, request: Request, body: bytes, **more: t.Any) -> None:
        """Expect a streamed text."""
        headers = {"content-type": TEXT}
        self.add(name, request, 200, body=body, headers=headers, streamed=True, **more)

    def error(
        self, name: str, request: Request, error: type[HTTPException], **headers: Value
    ) -> None:
        """Expect the page of an HTTP error."""
        body = error().get_body().encode()
        assert error.code is not None
        self.add(name, request, error.code, body=body, headers=headers_of(body, **headers))


def headers_of(body: bytes, **headers: Value) -> dict[str, Value]:
    """Give the headers of a body of known length, with underscores for dashes in their names."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"content-type": HTML, "content-length": str(len(body)), **given}


def as_json(value: object) -> bytes:
    """Write JSON as the application does."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def digest(data: bytes) -> str:
    """Give length and hash of a body, as the application tells them."""
    return f"{len(data)} {hashlib.sha256(data).hexdigest()[:16]}"
