"""Runs the test suites of Flask and its extensions, unmodified, on Flask and on dualapp.

    python tests/conformance/run.py              all suites
    python tests/conformance/run.py flask        one of them

Each suite's source archive is fetched as released and its tests run three times in the same pinned
environment: with Flask itself, which is the baseline; and with Flask's code removed and ``flask``
leading to dualapp, with the test client on the WSGI and on the ASGI side. Nothing is deselected and
no file is edited. A test is lost if it passes with Flask and not with dualapp. Ends with one table;
the exit status is 1 if a test was lost and 2 if a suite could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from suites import SUITES, Suite

PROJECT = Path(__file__).parents[2]
SECONDS = 1500  # for one run of one suite


@dataclass
class Run:
    """What one run of a suite reported."""

    passed: set[str]
    total: int
    requests: dict[str, int]
    flask_file: str


class SuiteError(Exception):
    """A suite could not be set up or did not report."""


def main() -> int:
    """Run what the command line names; print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="by default all")
    default_cache = Path(tempfile.gettempdir()) / "dualapp-suites"
    parser.add_argument("--cache", type=Path, default=default_cache, help="environments, archives")
    arguments = parser.parse_args()
    status, rows = 0, []
    for name in arguments.suites or SUITES:
        try:
            row, lost = compare(SUITES[name], arguments.cache.resolve())
        except (SuiteError, subprocess.SubprocessError, OSError) as error:
            row, lost, status = [name, "not run", str(error).splitlines()[-1], "", ""], [], 2
        rows.append(row)
        for test in lost:
            print(f"lost: {test}", flush=True)
            status = status or 1
    print_table([["suite", "Flask", "dualapp WSGI", "dualapp ASGI", "lost"], *rows])
    return status


def compare(suite: Suite, cache: Path) -> tuple[list[str], list[str]]:
    """Run a suite three times; give its row of the table and the lost tests."""
    say(f"{suite.name}: preparing")
    archive = fetched(suite, cache)
    with_flask = environment(suite, cache / suite.name / "flask")
    with_dualapp = environment(suite, cache / suite.name / "dualapp")
    put_dualapp_in(with_dualapp)
    say(f"{suite.name}: running with Flask")
    baseline = run(suite, archive, with_flask)
    row, lost = [suite.name, str(len(baseline.passed))], []
    for side in ("wsgi", "asgi"):
        say(f"{suite.name}: running with dualapp, {side}")
        result = run(suite, archive, with_dualapp, side)
        if "dualapp" not in result.flask_file:
            raise SuiteError(f"flask was {result.flask_file}, not dualapp")
        missing = sorted(baseline.passed - result.passed)
        lost += [f"{suite.name} [{side}] {test}" for test in missing]
        driven = result.requests.get(side, 0)
        row.append(f"{len(result.passed & baseline.passed)} ({driven} requests)")
    return [*row, str(len(lost))], lost


def fetched(suite: Suite, cache: Path) -> Path:
    """Give the unpacked source archive."""
    folder = cache / "archives" / f"{suite.distribution}-{suite.version}"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as name:
            target = Path(name)
            requirement = f"{suite.distribution}=={suite.version}"
            pip(sys.executable, "download", "--no-deps", "--no-binary", suite.distribution,
                "--dest", name, requirement)  # fmt: skip
            shutil.unpack_archive(next(target.glob("*.tar.gz")), target / "unpacked")
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(next((target / "unpacked").iterdir()), folder)
    return folder


def environment(suite: Suite, folder: Path) -> Path:
    """Give the interpreter of a virtual environment with exactly the suite's pins."""
    python = folder / "bin" / "python"
    stamp = folder / "pins.txt"
    if not stamp.exists() or stamp.read_text() != suite.pins.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        pip(python, "install", "--no-deps", "--requirement", str(suite.pins))
        shutil.copy(suite.pins, stamp)
    return python


def put_dualapp_in(python: Path) -> None:
    """Take Flask's code out, its metadata stays; put this checkout's dualapp in."""
    (packages,) = python.parents[1].glob("lib/python*/site-packages")
    shutil.rmtree(packages / "flask", ignore_errors=True)
    pins = str(python.parents[1] / "pins.txt")
    pip(python, "install", "--constraint", pins, str(PROJECT))
    pip(python, "install", "--force-reinstall", "--no-deps", str(PROJECT))
    if (packages / "flask").exists():
        raise SuiteError("installing dualapp brought Flask's code back")


def run(suite: Suite, archive: Path, python: Path, side: str | None = None) -> Run:
    """Run a suite's tests in a fresh copy of its archive."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) / "suite"
        shutil.copytree(archive, work)
        shutil.rmtree(work / suite.own_source, ignore_errors=True)
        report = Path(name) / "report.json"
        log = python.parents[1] / f"log-{side or 'flask'}.txt"
        command = [python, "-m", "pytest", "-q", "-p", "report_plugin", "--rootdir", work, "tests"]
        with log.open("w") as output:
            subprocess.run(
                command,
                cwd=work / suite.start_in,
                env=variables(python, report, side),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
        if not report.exists():
            raise SuiteError(f"pytest did not finish, see {log}")
        told = json.loads(report.read_text())
    passed = {test for test, outcome in told["outcomes"].items() if outcome == "passed"}
    return Run(passed, len(told["outcomes"]), told["requests"], told["flask"] or "not imported")


def variables(python: Path, report: Path, side: str | None) -> dict[str, str]:
    """Give the environment variables of a run: none of the caller's that could change it."""
    keep = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
    set_for_all = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "TZ": "UTC",
        "CONFORMANCE_REPORT": str(report),
    }
    ours = {"DUALAPP_AS_FLASK": "1", "DUALAPP_TEST_SIDE": side} if side else {}
    return {**keep, **set_for_all, **ours}


def pip(python: str | Path, *arguments: str) -> None:
    """Run this interpreter's pip for an environment that has none of its own."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if str(python) != sys.executable:
        command += ["--python", str(python)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SuiteError(f"pip {arguments[0]} failed: {done.stderr.strip()}")


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


def print_table(rows: list[list[str]]) -> None:
    """Print rows in aligned columns, the first as a heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    print("\n".join([lines[0], "-" * len(lines[0]), *lines[1:]]))


if __name__ == "__main__":
    sys.exit(main())
