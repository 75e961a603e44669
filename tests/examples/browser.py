"""A browser without a window: follows redirects, keeps cookies, sends forms and JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Page:
    """What a browser has before it: where it ended up, and what it got."""

    path: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def seen(self) -> tuple[str, int, str]:
        """What must be the same on both sides."""
        return self.path, self.status, self.text


class Browser:
    """Asks one server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def get(self, path: str, **headers: str) -> Page:
        return self._open(urllib.request.Request(self.url + path, headers=headers))

    def send_form(self, path: str, **fields: str) -> Page:
        """Send a form as the browser's user would by its button."""
        return self._open(urllib.request.Request(self.url + path, urlencode(fields).encode()))

    def send_json(self, path: str, value: Any, **headers: str) -> Page:
        headers = {"Content-Type": "application/json", **headers}
        body = json.dumps(value).encode()
        return self._open(urllib.request.Request(self.url + path, body, headers))

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            response = self._opener.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            path = urlsplit(response.url).path
            return Page(path, response.status, dict(response.headers), response.read().decode())
