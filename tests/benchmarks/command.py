"""What all commands have in common: their options, their progress, and how they end."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .report import data_of, text_of
from .table import Table


def options(command: str, purpose: str | None) -> argparse.ArgumentParser:
    """Make a command's parser, with the options that every command has."""
    parser = argparse.ArgumentParser(
        prog=f"tests.benchmarks.{command}",
        description=purpose,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="measure less, to try it out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to a file")
    return parser


def add_only(parser: argparse.ArgumentParser, default: list[str] | None = None) -> None:
    """Add the option that chooses rows."""
    parser.add_argument(
        "--only",
        type=lambda words: words.split(","),
        default=default or [],
        metavar="WORDS",
        help='rows that hold one of these words, such as "dualapp,flask"',
    )


def publish(table: Table, arguments: argparse.Namespace) -> None:
    """Print what was measured, and write it to the file that was asked for."""
    tell("")
    print(text_of(table))
    if arguments.json:
        arguments.json.write_text(json.dumps(data_of(table), indent=1) + "\n", encoding="utf-8")


def tell(progress: str) -> None:
    """Show progress in a line of its own, but not in a file."""
    if sys.stderr.isatty():
        print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)
