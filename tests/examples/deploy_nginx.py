"""nginx in front of the example ``deploy``, with the file that the example ships."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..servers.launch import free_port
from .deploy_client import Client
from .deploy_launch import DEPLOY, replaced
from .patience import PATIENCE, wait_until

#: What a distribution's own nginx.conf does: the rest of the configuration is the example's file.
_AROUND = """
{user}
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include notes.conf;
}}
"""


@dataclass
class Nginx:
    """A running nginx.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        folder: Where its configuration and logs are.
    """

    port: int
    folder: Path

    @property
    def log(self) -> str:
        """The access log so far."""
        return (self.folder / "access.log").read_text()

    def client(self, cookie: str = "") -> Client:
        return Client(self.port, cookie)

    def wait_to_note(self, what: str, times: int = 1) -> None:
        """Wait until something is in the access log."""
        wait_until(lambda: self.log.count(what) >= times, f"nginx notes {what!r}")


@contextlib.contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[Nginx]:
    """Start nginx in front of four ports, with the example's file; end it in any case."""
    folder.mkdir()
    port = free_port()
    write_nginx_files(folder, port, ports)
    command = ["nginx", "-p", str(folder), "-e", "error.log", "-c", "main.conf"]
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        running = Nginx(port, folder)
        wait_until(lambda: _answers(running), "nginx answers")
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE)


def write_nginx_files(folder: Path, port: int, ports: list[int]) -> None:
    """Put the example's files into a folder, with these ports and paths instead of theirs."""
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "main.conf").write_text(_AROUND.format(user=user))
    where = {
        "listen 80": f"listen 127.0.0.1:{port}",
        "/var/log/nginx/notes.log": str(folder / "access.log"),
    }
    (folder / "notes.conf").write_text(_filled("nginx.conf", where))
    (folder / "notes").mkdir()
    upstreams = {f"127.0.0.1:800{n}": f"127.0.0.1:{port}" for n, port in enumerate(ports, 1)}
    (folder / "notes" / "upstreams.conf").write_text(_filled("upstreams.conf", upstreams))


def _filled(name: str, replacements: dict[str, str]) -> str:
    text = (DEPLOY / "nginx" / name).read_text()
    assert [old for old in replacements if old not in text] == []
    return replaced(replacements, text)


def _answers(nginx: Nginx) -> bool:
    try:
        with nginx.client() as client:
            return client.call("GET", "/", Host="unknown").status == 421
    except OSError:
        return False
