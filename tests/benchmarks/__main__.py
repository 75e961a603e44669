"""All commands one after the other, and at the end which goals are not met.

Run it from the root of the repository: ``python -m tests.benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .budget import Verdict, goals

#: The commands, in the order in which they run.
COMMANDS = ("inprocess", "served", "routing", "memory", "startup")


def main() -> None:
    """Run all commands, each as a process of its own, and print what falls short."""
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="measure less, to try it out")
    options = ["--quick"] if parser.parse_args().quick else []
    short: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            print(f"\n===== {command} =====\n", flush=True)
            short += _what_falls_short(command, options, Path(folder, f"{command}.json"))
    print("\n===== what falls short =====\n")
    print("\n".join(short) or "Nothing: all goals of budget.toml are met.")


def _what_falls_short(command: str, options: list[str], file: Path) -> Iterator[str]:
    """Run a command, and give its goals that are not met or were not measured."""
    module = f"{__package__}.{command}"
    done = subprocess.run([sys.executable, "-m", module, *options, "--json", str(file)])
    if done.returncode:
        yield from (str(Verdict(goal, None)) for goal in goals() if goal.command == command)
        return
    for verdict in json.loads(file.read_text(encoding="utf-8"))["verdicts"]:
        if not verdict["is_met"]:
            yield verdict["text"]


if __name__ == "__main__":
    main()
