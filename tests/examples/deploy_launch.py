"""How the example ``deploy`` is started: read off the files that it ships."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path
from typing import NamedTuple

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"


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
    fill = functools.partial(replaced, {"%i": str(port), "%t": str(run)})
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
    shown = replaced({"0.0.0.0": "127.0.0.1", "8000": str(port)}, shlex.join(command))
    drain_file = run / service / "draining"
    drain_file.parent.mkdir(parents=True)
    return Launch(
        shlex.split(shown), {"NOTES_INSTANCE": service, "NOTES_DRAIN_FILE": str(drain_file)}
    )


def compose() -> dict:
    """Give what ``compose.yaml`` says."""
    import yaml

    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def replaced(replacements: dict[str, str], text: str) -> str:
    """Replace each key by its value."""
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text
