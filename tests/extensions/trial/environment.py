"""The virtual environment of the trials."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PROJECT = Path(__file__).parents[3]


def prepared(folder: Path) -> Path:
    """Make the environment, unless it is there with the same requirements; give its Python.

    Raises:
        subprocess.CalledProcessError: pip could not install something; it has said what.
    """
    python, done = folder / "bin" / "python", folder / REQUIREMENTS.name
    wanted = REQUIREMENTS.read_text("utf-8")
    if not done.exists() or done.read_text("utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        _install(python, "--requirement", str(REQUIREMENTS))
        _install(python, "--editable", str(PROJECT))
        done.write_text(wanted, "utf-8")
    return python


def _install(python: Path, *what: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *what], check=True, stdout=sys.stderr)


def versions() -> dict[str, str]:
    """Give the release of each distribution that is installed, by its name in lower case."""
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    pins = (line.partition("==") for line in lines if "==" in line)
    return {name.partition("[")[0].lower(): version for name, _, version in pins}
