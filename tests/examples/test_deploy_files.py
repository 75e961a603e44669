"""The files of the example ``deploy`` agree with each other, and the application with them."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import deploy_service
from .deploy_launch import DEPLOY, compose, unit_entries

pytestmark = pytest.mark.skipif(
    bool(deploy_service.MISSING),
    reason=f"not installed: {', '.join(deploy_service.MISSING)}; pip install 'dualapp[deploy]'",
)

SERVERS = ("gunicorn", "uvicorn")


def seconds(pattern: str, text: str) -> int:
    """Give the one number that follows."""
    [found] = re.findall(pattern + r"(\d+)", text)
    return int(found)


def read(name: str) -> str:
    return (DEPLOY / name).read_text()


# -- the application -------------------------------------------------------------------------------


@pytest.fixture
def lonely(load):
    """The notes, where nobody listens at the ports of PostgreSQL and Redis."""
    return load("deploy", "notes").create_app(
        DATABASE_URL="postgresql://notes@127.0.0.1:1/notes", REDIS_URL="redis://127.0.0.1:1/0"
    )


@pytest.mark.filterwarnings("ignore:.*psycopg_pool")
def test_without_its_services_the_process_lives_and_is_not_ready(lonely, side):
    with lonely.test_client(side=side) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json == {"ready": False, "problems": ["postgresql", "redis"]}


def test_a_missing_setting_is_named(load, monkeypatch):
    monkeypatch.setenv("NOTES_REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(RuntimeError, match=r"^NOTES_DATABASE_URL must be set"):
        load("deploy", "notes").create_app()


# -- timeouts --------------------------------------------------------------------------------------


def test_nobody_kills_before_requests_had_their_time(load):
    stream = load("deploy", "notes.settings").DEFAULTS["LIVE_SECONDS"]
    gunicorn = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))["graceful_timeout"]
    for server in SERVERS:
        command = dict(unit_entries(server))["ExecStart"] + shlex.join(
            compose()["services"][f"{server}-1"]["command"]
        )
        asked = re.findall(r"--timeout-graceful-shutdown=(\d+)", command)
        assert asked == ([] if server == "gunicorn" else [str(gunicorn)] * 2)
        assert stream < gunicorn < int(dict(unit_entries(server))["TimeoutStopSec"])
        grace = compose()["services"][f"{server}-1"]["stop_grace_period"]
        assert gunicorn < int(grace.removesuffix("s"))


def test_nginx_closes_idle_connections_before_the_servers_do():
    nginx = seconds(r"keepalive_timeout ", read("nginx/nginx.conf"))
    assert nginx < runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))["keepalive"]
    for text in (read("systemd/dualapp-uvicorn@.service"), read("compose.yaml")):
        assert nginx < seconds(r"--timeout-keep-alive=", text)


def test_nginx_and_the_application_have_one_limit_for_uploads(load):
    limit = load("deploy", "notes.settings").DEFAULTS["MAX_CONTENT_LENGTH"]
    assert limit == seconds(r"client_max_body_size ", read("nginx/nginx.conf")) * 1024 * 1024


# -- systemd ---------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
@pytest.mark.parametrize("server", SERVERS)
def test_systemd_understands_the_units(server: str, tmp_path: Path) -> None:
    for kind in ("socket", "service"):
        unit = read(f"systemd/dualapp-{server}@.{kind}")
        # Where the program is on this machine; systemd looks whether it is there.
        unit = unit.replace(f"/opt/notes/venv/bin/{server}", f"{sys.executable} -m {server}")
        (tmp_path / f"dualapp-{server}@8001.{kind}").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"dualapp-{server}@8001.service"],
        cwd=tmp_path,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_differ_only_where_the_servers_do():
    gunicorn, uvicorn = (
        {(key, value.replace(server, "…")) for key, value in unit_entries(server)}
        for server in SERVERS
    )
    different = {key for key, _ in gunicorn ^ uvicorn}
    assert different == {"Type", "NotifyAccess", "ExecStart", "ExecReload"}
    assert unit_entries("gunicorn", "socket") == [
        (key, value.replace("uvicorn", "gunicorn"))
        for key, value in unit_entries("uvicorn", "socket")
    ]


# -- containers ------------------------------------------------------------------------------------


@pytest.fixture
def containerfile(tmp_path):
    """The instructions of the Containerfile as pairs: name, value."""
    from dockerfile_parse import DockerfileParser

    (tmp_path / "Dockerfile").write_text(read("Containerfile"))
    parser = DockerfileParser(str(tmp_path))
    assert parser.is_multistage
    found = [(entry["instruction"], entry["value"]) for entry in parser.structure]
    return [entry for entry in found if entry[0] != "COMMENT"]


def test_the_container_runs_one_program_as_nobody(containerfile):
    last_stage = containerfile[
        max(n for n, (name, _) in enumerate(containerfile) if name == "FROM") :
    ]
    values = dict(last_stage)
    assert values["USER"].isdigit()
    assert values["USER"] != "0"
    assert json.loads(values["CMD"]) == compose()["services"]["gunicorn-1"]["command"]
    options, _, check = values["HEALTHCHECK"].partition(" CMD ")
    assert "--timeout=" in options
    assert json.loads(check)[0] == "python"


def test_what_is_copied_into_the_image_is_there(containerfile):
    sources = [
        source
        for name, value in containerfile
        if name == "COPY" and not value.startswith("--from")
        for source in value.split()[:-1]
    ]
    assert {"notes", "gunicorn.conf.py"} <= set(sources)
    assert [source for source in sources if not (DEPLOY / source).exists()] == []


def test_nginx_asks_the_replicas_of_the_compose_file():
    services = compose()["services"]
    replicas = {name for name in services if name.startswith(SERVERS)}
    asked = re.findall(r"^server ([\w-]+):8000 ", read("nginx/upstreams.compose.conf"), re.M)
    assert set(asked) == replicas == set(services["nginx"]["depends_on"])
    mounted = [volume.split(":")[0] for volume in services["nginx"]["volumes"]]
    assert [file for file in mounted if not (DEPLOY / file).is_file()] == []


# -- the README ------------------------------------------------------------------------------------


def test_the_readmes_commands_are_those_that_are_tested():
    lines = [line.strip() for line in read("README.md").splitlines() if line.startswith("    ")]
    commands = [shlex.split(line) for line in lines if line.startswith((*SERVERS, "dualapp"))]
    tables, gunicorn, uvicorn = commands
    assert tables == compose()["services"]["tables"]["command"]
    unit = dict(unit_entries("gunicorn"))["ExecStart"].removeprefix("/opt/notes/venv/bin/")
    assert gunicorn == [*shlex.split(unit), "--bind=127.0.0.1:8001"]
    unit = dict(unit_entries("uvicorn"))["ExecStart"].removeprefix("/opt/notes/venv/bin/")
    assert uvicorn == shlex.split(unit.replace("--fd=3", "--port=8003"))
