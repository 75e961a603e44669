"""The requests that are to be measured, as the user writes them.

``POST /predict @body.json``: the method, the path, headers as ``-H "Name: value"``, and the body,
either ``@file`` or text. In a file there is one such request a line; ``#`` begins a comment.
"""

from __future__ import annotations

import mimetypes
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import BadInputError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Those whose length is told even if there is no body.
_WITH_BODY = ("POST", "PUT", "PATCH")

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+): *([\t -~\xa0-\xff]*)")
_PATH = re.compile(r"/[!-~]*")
_EXAMPLE = "Write it as in: GET /report, or: POST /predict @body.json"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request.

    Attributes:
        name: ``GET /report``; unique among those of one comparison.
        method: In capitals.
        path: With the query, percent-encoded.
        headers: Names and values.
        body: None for a request without one.
    """

    name: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def on_the_wire(self) -> bytes:
        """Give the bytes that are sent."""
        headers = list(self.headers)
        given = {name.lower() for name, _ in headers}
        usual = {"Host": "127.0.0.1", "Accept": "*/*"}
        if self.body is not None or self.method in _WITH_BODY:
            usual["Content-Length"] = str(len(self.body or b""))
        headers += [(name, value) for name, value in usual.items() if name.lower() not in given]
        lines = [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join([f"{self.method} {self.path} HTTP/1.1", *lines, "", ""])
        return head.encode("latin-1") + (self.body or b"")


def get(path: str) -> Wanted:
    """Make the plainest request: GET a path."""
    return Wanted(name=f"GET {path}", method="GET", path=path)


def parse(text: str, folder: Path) -> Wanted:
    """Read a request.

    Args:
        text: As the user writes it.
        folder: Where files for bodies are looked for.

    Raises:
        BadInputError: It cannot be read.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadInputError(f"The request {text!r} cannot be read: {error}. {_EXAMPLE}") from None
    if len(words) < 2:
        raise BadInputError(f"The request {text!r} needs a method and a path. {_EXAMPLE}")
    method, path, *rest = words
    if method.upper() not in METHODS:
        raise BadInputError(f"{method!r} in {text!r} is none of {', '.join(METHODS)}. {_EXAMPLE}")
    if _PATH.fullmatch(path) is None:
        raise BadInputError(
            f"The path {path!r} in {text!r} must begin with '/' and be percent-encoded. {_EXAMPLE}"
        )
    headers, bodies = _split(rest, text)
    if len(bodies) > 1:
        raise BadInputError(
            f"The request {text!r} has two bodies: put quotes around the one. {_EXAMPLE}"
        )
    body = None
    if bodies:
        body, kind = _body(bodies[0], folder, text)
        if "content-type" not in {name.lower() for name, _ in headers}:
            headers = [*headers, ("Content-Type", kind)]
    name = f"{method.upper()} {path}"
    return Wanted(name=name, method=method.upper(), path=path, headers=tuple(headers), body=body)


def parse_file(file: Path) -> list[Wanted]:
    """Read a file of requests, one a line.

    Raises:
        BadInputError: It cannot be read; with the line's number.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"The file of requests cannot be read: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(parse(line, file.parent))
            except BadInputError as error:
                raise BadInputError(f"{file}, line {number}: {error}") from None
    if not found:
        raise BadInputError(f"{file} holds no request. {_EXAMPLE}, one a line")
    return found


def with_unique_names(requests: Iterable[Wanted]) -> list[Wanted]:
    """Number the requests that have the same method and path: ``GET /report (2)``."""
    seen: dict[str, int] = {}
    named = []
    for request in requests:
        count = seen[request.name] = seen.get(request.name, 0) + 1
        named.append(request if count == 1 else replace(request, name=f"{request.name} ({count})"))
    return named


def _split(words: Sequence[str], text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Tell headers from bodies."""
    headers, bodies = [], []
    rest = iter(words)
    for word in rest:
        if word != "-H":
            bodies.append(word)
            continue
        header = _HEADER.fullmatch(next(rest, ""))
        if header is None:
            raise BadInputError(
                f'After -H in {text!r} a header is missing. Write: GET / -H "Accept: text/html"'
            )
        headers.append((header[1], header[2]))
    return headers, bodies


def _body(word: str, folder: Path, text: str) -> tuple[bytes, str]:
    """Give a body and its media type, guessed from the file's name."""
    if not word.startswith("@"):
        return word.encode(), "application/json" if word[:1] in "{[" else "text/plain"
    file = folder / word[1:]
    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInputError(f"The body of {text!r} cannot be read: {error}") from None
    return body, mimetypes.guess_type(file.name)[0] or "application/octet-stream"
