"""Runs the trials and prints their table; see the package's docstring.

The exit status is 1 if a case that should work does not, or the other way round, and 2 if the
environment could not be made.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .environment import PROJECT, prepared, versions
from .kit import Trial, all_trials
from .table import cases, page_with, table_of

PAGE = PROJECT / "docs" / "extensions.md"
SECONDS = 120  # for one case


def main() -> int:
    """Run what the command line names."""
    arguments = _arguments()
    try:
        python = prepared(arguments.environment.resolve())
    except subprocess.CalledProcessError as error:
        print(f"The environment could not be made: {error}", file=sys.stderr)
        return 2
    chosen = {
        name: trial
        for name, trial in all_trials().items()
        if name in (arguments.extensions or all_trials())
    }
    failed = _run(python, chosen)
    print(table_of(chosen, versions(), failed))
    surprises = [
        f"{name}, {case}: {'works now' if case in trial.fails else failed[name][case]}"
        for name, trial in chosen.items()
        for case in cases()
        if (case in failed[name]) != (case in trial.fails)
    ]
    print("\n".join(surprises or ["Everything is as it should be."]))
    if arguments.write:
        recorded = {name: trial.fails for name, trial in all_trials().items()}
        table = table_of(all_trials(), versions(), recorded)
        PAGE.write_text(page_with(table, PAGE.read_text("utf-8")), "utf-8")
    return 1 if surprises else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests.extensions.trial", description="Try Flask extensions on both sides."
    )
    parser.add_argument("extensions", nargs="*", metavar="EXTENSION", help="by default all")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    parser.add_argument(
        "--environment",
        type=Path,
        default=Path(tempfile.gettempdir()) / "dualapp-trials",
        help="the folder of the virtual environment, which is kept",
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.extensions) - set(all_trials()):
        parser.error(
            f"no trial of {', '.join(sorted(unknown))}; there are {', '.join(all_trials())}"
        )
    return arguments


def _run(python: Path, trials: dict[str, Trial]) -> dict[str, dict[str, str]]:
    """Run all cases, as many at once as there are cores; give the failed ones and their errors."""
    failed: dict[str, dict[str, str]] = {name: {} for name in trials}
    todo = [(name, case) for name in trials for case in cases()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = pool.map(lambda one: _error_of(python, *one), todo)
        for (name, case), error in zip(todo, errors, strict=True):
            if error:
                failed[name][case] = error
            print(f"{'failed' if error else 'passed'}: {name}, {case}", file=sys.stderr)
    return failed


def _error_of(python: Path, name: str, case: str) -> str:
    """Run one case in a process of its own; give the last line of its error, or nothing."""
    variables = {**os.environ, "DUALAPP_AS_FLASK": "" if case.startswith("flask") else "1"}
    command = [str(python), "-m", f"{__package__}.case", name, *case.split()]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS} seconds"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else (lines or [f"exit status {done.returncode}"])[-1]


if __name__ == "__main__":
    sys.exit(main())
