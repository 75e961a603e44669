"""The example ``deploy``, deployed: replicas by its own command lines, nginx by its own file."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from ..servers.launch import free_port
from .deploy_client import Client

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"

#: Where databases can be made, and a Redis; they ask for no password.
POSTGRESQL = os.environ.get(
    "DUALAPP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("DUALAPP_TEST_REDIS", "redis://127.0.0.1:6379/0")

_NEEDED = ("dockerfile_parse", "flask_session", "gunicorn", "psycopg", "psycopg_pool", "redis")
MISSING = [name for name in (*_NEEDED, "uvicorn", "yaml") if importlib.util.find_spec(name) is None]

#: Seconds for whatever a busy machine may be slow at.
PATIENCE = 30

#: What systemd does before it becomes the service: the socket it holds is number 3.
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that comes about by itself."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)


# -- what has to be there --------------------------------------------------------------------------


def need_services() -> None:
    """Skip the test if nginx or a service is missing; fail where they have to be there."""
    import psycopg
    import redis

    if shutil.which("nginx") is None:
        _is_missing("nginx is not installed: apt-get install nginx-light")
    try:
        ask_postgresql("SELECT 1")
    except psycopg.OperationalError as error:
        _is_missing(f"PostgreSQL does not answer at {POSTGRESQL}: {error}")
    try:
        with redis.Redis.from_url(REDIS) as client:
            client.ping()
    except redis.RedisError as error:
        _is_missing(f"Redis does not answer at {REDIS}: {error}")


def _is_missing(message: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message)
    pytest.skip(message)


def ask_postgresql(query: str, *values: object, url: str = POSTGRESQL) -> list[tuple]:
    """Run a statement outside of any transaction; give the rows of a query."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Make an empty database, give its URL, and drop it afterwards."""
    name = f"dualapp_deploy_{secrets.token_hex(6)}"
    ask_postgresql(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRESQL.rpartition('/')[0]}/{name}"
    finally:
        ask_postgresql(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def redis_prefix() -> Iterator[str]:
    """Give a prefix for names in Redis, and delete all that has it afterwards."""
    import redis

    prefix = f"dualapp-deploy-{secrets.token_hex(6)}:"
    with redis.Redis.from_url(REDIS) as client:
        try:
            yield prefix
        finally:
            for key in client.scan_iter(f"{prefix}*"):
                client.delete(key)


# -- command lines, as they are shipped ------------------------------------------------------------


class Launch(NamedTuple):
    """How a server is started.

    Attributes:
        command: The arguments, the program first.
        environment: Variables that come with them.
    """

    command: list[str]
    environment: dict[str, str]


def systemd_launch(server: str, port: int, run: Path) -> Launch:
    """Read how systemd starts a replica off its unit; it listens on the socket that it is given."""
    entries = unit_entries(server)
    fill = functools.partial(_replaced, {"%i": str(port), "%t": str(run)})
    variables = (fill(value).split("=", 1) for key, value in entries if key == "Environment")
    [command] = (shlex.split(fill(value)) for key, value in entries if key == "ExecStart")
    command[0] = command[0].removeprefix("/opt/notes/venv/bin/")
    return Launch(command, dict(variables))


def unit_entries(server: str, kind: str = "service") -> list[tuple[str, str]]:
    """Give the keys and values of a unit, in order."""
    text = (DEPLOY / "systemd" / f"dualapp-{server}@.{kind}").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return [(key, value) for key, _, value in (line.partition("=") for line in lines)]


def container_launch(service: str, port: int, run: Path) -> Launch:
    """Read how a container starts a replica off ``compose.yaml``."""
    command = list(compose()["services"][service]["command"])
    shown = _replaced({"0.0.0.0": "127.0.0.1", "8000": str(port)}, shlex.join(command))
    drain_file = run / service / "draining"
    drain_file.parent.mkdir(parents=True)
    return Launch(
        shlex.split(shown), {"NOTES_INSTANCE": service, "NOTES_DRAIN_FILE": str(drain_file)}
    )


def compose() -> dict:
    """Give what ``compose.yaml`` says."""
    import yaml

    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def _replaced(replacements: dict[str, str], text: str) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


# -- processes -------------------------------------------------------------------------------------


@dataclass
class Replica:
    """A server with the notes, that can be ended and started again on the same port.

    Attributes:
        name: What it calls itself in ``X-Served-By``.
        port: Where it listens, on 127.0.0.1.
        launch: How it is started.
        log: The file it writes to.
        held: The socket that systemd would keep open; without, it opens one itself.
    """

    name: str
    port: int
    launch: Launch
    log: Path
    settings: dict[str, str]
    held: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, in a process group of its own."""
        arguments = [sys.executable, "-m", *self.launch.command]
        handed: tuple[int, ...] = ()
        if self.held is not None:
            handed = (self.held.fileno(),)
            arguments = [sys.executable, "-c", _AS_SYSTEMD, str(handed[0]), *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments,
                cwd=DEPLOY,
                env={**clean_environment(), **self.settings, **self.launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=handed,
            )

    def wait_until_ready(self) -> None:
        """Wait until it wants requests.

        Raises:
            AssertionError: It has ended, or does not become ready.
        """
        wait_until(self._is_ready, f"{self.name} is ready")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} has ended\n{self.text}"
        return self.health("ready") == 200

    def health(self, what: str) -> int | None:
        """Ask ``/health/…``, past nginx; give the status, or nothing if nobody answers."""
        with contextlib.suppress(OSError), Client(self.port) as client:
            return client.call("GET", f"/health/{what}").status
        return None

    @property
    def text(self) -> str:
        """All that it has written."""
        return self.log.read_text(errors="replace")

    def wait_to_note(self, what: str, times: int = 1) -> None:
        """Wait until something is in its log."""
        wait_until(lambda: self.text.count(what) >= times, f"{self.name} notes {what!r}")

    @property
    def drain_file(self) -> Path:
        return Path(self.launch.environment["NOTES_DRAIN_FILE"])

    def terminate(self) -> None:
        """Send SIGTERM to the main process, as systemd and container engines do."""
        assert self.process is not None
        self.process.terminate()

    def wait(self) -> int:
        """Wait for its end; give the exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and all its workers on the spot."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what would configure a server."""
    prefixes = ("DUALAPP_", "FLASK_", "GUNICORN_", "NOTES_", "UVICORN_", "WEB_CONCURRENCY")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def listening_socket() -> socket.socket:
    """Make a socket such as the units with ``.socket`` describe."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    return listener


@contextlib.contextmanager
def replicas(folder: Path, settings: dict[str, str]) -> Iterator[list[Replica]]:
    """Start two replicas as systemd does and two as containers do; end them in any case.

    Gives them in the order of ``upstreams.conf``.
    """
    run = folder / "run"
    started: list[Replica] = []
    with contextlib.ExitStack() as stack:
        for server in ("gunicorn", "uvicorn"):
            held = stack.enter_context(listening_socket())
            port = held.getsockname()[1]
            launch = systemd_launch(server, port, run)
            Path(launch.environment["NOTES_DRAIN_FILE"]).parent.mkdir(parents=True)
            name, log = launch.environment["NOTES_INSTANCE"], folder / f"{server}-systemd.log"
            started.append(Replica(name, port, launch, log, settings, held))

            port, name = free_port(), f"{server}-2"
            launch, log = container_launch(name, port, run), folder / f"{name}.log"
            started.append(Replica(name, port, launch, log, settings))
        for replica in started:
            stack.callback(replica.kill)
            replica.start()
        try:
            for replica in started:
                replica.wait_until_ready()
        except BaseException:
            for replica in started:
                print(f"--- log of {replica.name}\n{replica.text}\n---")
            raise
        yield started


# -- nginx -----------------------------------------------------------------------------------------

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
    return _replaced(replacements, text)


def _answers(nginx: Nginx) -> bool:
    try:
        with nginx.client() as client:
            return client.call("GET", "/", Host="unknown").status == 421
    except OSError:
        return False


# -- all of it -------------------------------------------------------------------------------------


class Deployed(NamedTuple):
    """The whole deployment.

    Attributes:
        replicas: In the order of ``upstreams.conf``: two gunicorn, two uvicorn.
        nginx: In front of them.
        settings: The environment variables of the replicas.
    """

    replicas: list[Replica]
    nginx: Nginx
    settings: dict[str, str]

    @property
    def database_url(self) -> str:
        return self.settings["NOTES_DATABASE_URL"]

    def ask(self, query: str, *values: object) -> list[tuple]:
        """Ask the database."""
        return ask_postgresql(query, *values, url=self.database_url)


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployed]:
    """Start all of it, and leave nothing behind."""
    with contextlib.ExitStack() as stack:
        settings = {
            "NOTES_DATABASE_URL": stack.enter_context(database()),
            "NOTES_REDIS_URL": REDIS,
            "NOTES_REDIS_PREFIX": stack.enter_context(redis_prefix()),
        }
        make_tables(settings)
        running = stack.enter_context(replicas(folder, settings))
        front = stack.enter_context(nginx(folder / "nginx", [replica.port for replica in running]))
        yield Deployed(running, front, settings)


def make_tables(settings: dict[str, str]) -> None:
    """Run the command for it, as ``compose.yaml`` does."""
    done = subprocess.run(
        [sys.executable, "-m", *compose()["services"]["tables"]["command"]],
        cwd=DEPLOY,
        env={**clean_environment(), **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
