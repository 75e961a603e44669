"""What every peer is asked, what it must answer, and the work that its views do for it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

#: How many routes the application of the third workload has.
ROUTES = 200


def greet() -> str:
    """Answer "hello"."""
    return "Hello, World!"


def summarise(order: dict[str, t.Any]) -> dict[str, t.Any]:
    """Answer a JSON document with another."""
    return {"name": order["name"], "count": len(order["prices"]), "total": sum(order["prices"])}


def show(number: int) -> str:
    """Answer with the number that a URL holds; anything but an int is an error."""
    return f"Item {number + 0}"


def route_prefix(index: int) -> str:
    """Give the fixed part of one of the many routes."""
    return f"/section{index}/"


@dataclass(frozen=True)
class Request:
    """An HTTP request, for either protocol."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What must be equal between peers: not the order of headers, nor spaces in JSON."""

    status: int
    media_type: str
    content: t.Any
    request_id: str | None = None

    @classmethod
    def read(cls, status: int, headers: t.Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Read what came over either protocol."""
        named = {name.lower(): value for name, value in headers}
        media_type = named.get("content-type", "").partition(";")[0]
        content = json.loads(body) if media_type == "application/json" else body.decode()
        return cls(status, media_type, content, named.get("x-request-id"))


@dataclass(frozen=True)
class Workload:
    """One kind of request; ``name`` is also the method of a site that makes its application."""

    name: str
    title: str
    request: Request
    wanted: Answer


_ORDER = {"name": "Ada", "prices": list(range(1, 11))}
#: What every request says of its client.
BROWSER = (("Host", "localhost"), ("User-Agent", "benchmark/1.0"), ("Accept", "*/*"))
_BODY = json.dumps(_ORDER).encode()

WORKLOADS = (
    Workload(
        "hello",
        "hello",
        Request("GET", "/", BROWSER),
        Answer(200, "text/html", greet()),
    ),
    Workload(
        "json_with_hooks",
        "JSON + hooks",
        Request(
            "POST",
            "/orders",
            (
                *BROWSER,
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(_BODY))),
                ("X-Request-Id", "b3c1"),
            ),
            _BODY,
        ),
        Answer(200, "application/json", summarise(_ORDER), "b3c1"),
    ),
    Workload(
        "many_routes",
        f"one of {ROUTES} routes",
        Request("GET", f"{route_prefix(ROUTES - 1)}42", BROWSER),
        Answer(200, "text/html", show(42)),
    ),
)
