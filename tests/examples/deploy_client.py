"""A client that keeps its connection, and many of them at once."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

#: The name that nginx answers to.
HOST = "notes.example"

#: The failure of a POST whose answer ended within its body.
CUT = "cut"

#: Seconds to wait for an answer.
TIMEOUT = 40


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """The cookie that was set, as it is to be sent."""
        return self.headers["Set-Cookie"].partition(";")[0]


class Client:
    """One connection to a port of 127.0.0.1, kept for all requests.

    Args:
        port: Where to connect to.
        cookie: The cookie to send.
        address: The client's own; any that begins with 127 is of this machine.
    """

    def __init__(self, port: int, cookie: str = "", address: str = "127.0.0.1") -> None:
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=TIMEOUT, source_address=(address, 0)
        )
        self.cookie = cookie

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, value: Any = None, **headers: str) -> None:
        """Send a request with a JSON body. ``X_Name="…"`` is the header ``X-Name``."""
        sent = {"Host": HOST, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if self.cookie:
            sent["Cookie"] = self.cookie
        body = None
        if value is not None:
            body, sent["Content-Type"] = json.dumps(value).encode(), "application/json"
        self.connection.request(method, path, body, sent)

    def receive(self) -> Answer:
        """Receive the whole answer to the request that was sent."""
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def call(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        """Send a request, and receive the whole answer."""
        self.send(method, path, value, **headers)
        return self.receive()


@dataclass
class Load:
    """Dozens of clients that read, write and add notes, each on a connection that it keeps.

    Attributes:
        port: nginx's.
        cookie: A session's.
        user: Whose session it is.
        counts: How many requests of each method were answered as they should be.
        failures: All others: method, and status or error.
        cut: Methods of answers that ended within their body: nginx had passed the head on, so only
            the client could ask again, and did so where the method allows it.
        added: Texts that were told to be stored by POST.
        doubtful: Texts of POSTs that were answered otherwise, or not at all.
        written: Each note that is written by PUT, and the last text told to be stored.
    """

    port: int
    cookie: str
    user: int
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        jobs = [self._write] * 10 + [self._read] * 16 + [self._add] * 4
        self._threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def failed(self, *methods: str) -> list[tuple[str, str]]:
        """Give the failures of these methods."""
        return [failure for failure in self.failures if failure[0] in methods]

    def _repeat(self, job: Any) -> None:
        note, turn = str(uuid.uuid4()), 0
        with Client(self.port, self.cookie) as client:
            while not self._stopping.wait(0.08):
                job(client, note, f"{note} {(turn := turn + 1)}")

    def _read(self, client: Client, note: str, text: str) -> None:
        self._ask(client, 200, "GET", "/whoami", expected={"user": self.user})

    def _write(self, client: Client, note: str, text: str) -> None:
        if self._ask(client, 200, "PUT", f"/notes/{note}", text):
            self.written[note] = text
            self._ask(client, 200, "GET", f"/notes/{note}", expected={"text": text})

    def _add(self, client: Client, note: str, text: str) -> None:
        is_stored = self._ask(client, 201, "POST", "/notes", text)
        (self.added if is_stored else self.doubtful).append(text)

    def _ask(
        self,
        client: Client,
        status: int,
        method: str,
        path: str,
        text: str | None = None,
        expected: dict[str, Any] | None = None,
    ) -> bool:
        """Ask, and count how it went; give whether it went well."""
        try:
            answer = client.call(method, path, None if text is None else {"text": text})
        except http.client.IncompleteRead:
            client.connection.close()
            self.cut.append(method)
            if method == "POST":
                return self._count(method, CUT)
            return self._ask(client, status, method, path, text, expected)
        except (OSError, http.client.HTTPException) as error:
            client.connection.close()
            return self._count(method, repr(error))
        if answer.status != status:
            return self._count(method, str(answer.status))
        if expected is not None and not expected.items() <= answer.json.items():
            return self._count(method, f"{answer.json} without {expected}")
        return self._count(method, None)

    def _count(self, method: str, problem: str | None) -> bool:
        with self._lock:
            if problem is None:
                self.counts[method] += 1
            else:
                self.failures.append((method, problem))
        return problem is None
