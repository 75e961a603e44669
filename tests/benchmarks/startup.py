"""CPU time and memory of a new process until its first answer, beside Flask.

Run it from the root of the repository: ``python -m tests.benchmarks.startup``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from .command import options, publish, tell
from .table import Column, Table
from .timing import Figures, in_turns

#: The rows, and what they import.
MODULES = {"Flask": "flask", "dualapp": "dualapp"}
ROWS = tuple(MODULES)
COLUMNS = ("import", "application", "first_answer", "resident", "many_routes")

_NOTE = (
    "Each in new processes, median of the rounds: CPU ms to import, to have made an application and"
    " to have answered\na request, and resident MiB then; CPU ms to make an application of 10,000"
    " routes and to answer, without the import.\nratio: to Flask in the same round"
)

#: What is imported late is paid for later: so each step is told from the start on.
_SMALL = """
import json, time
began = time.process_time()
def passed():
    return (time.process_time() - began) * 1000
import {module} as module
told = [passed()]
app = module.Flask("app", root_path=".")
app.add_url_rule("/", "hello", lambda: "hello")
told.append(passed())
from werkzeug.test import create_environ
assert b"".join(app(create_environ("/"), lambda status, headers: None)) == b"hello"
told.append(passed())
import psutil
print(json.dumps([*told, psutil.Process().memory_info().rss / 2**20]))
"""

_LARGE = """
import json, time
import {module} as module
from werkzeug.test import create_environ
began = time.process_time()
app = module.Flask("app", root_path=".")
def show(number):
    return str(number)
for index in range(10_000):
    app.add_url_rule(f"/section{{index}}/<int:number>", f"section{{index}}", show)
environ = create_environ("/section9999/42")
assert b"".join(app(environ, lambda status, headers: None)) == b"42"
print(json.dumps([(time.process_time() - began) * 1000]))
"""


@dataclass(frozen=True)
class Program:
    """What a process does, as code, and the columns whose figures it prints."""

    code: str
    columns: Sequence[tuple[str, str, str]]
    rounds: int
    quick_rounds: int


_PROGRAMS = (
    Program(
        _SMALL,
        (
            ("import", "import", "ms"),
            ("application", "+ application", "ms"),
            ("first_answer", "+ answer", "ms"),
            ("resident", "memory", "MiB"),
        ),
        rounds=21,
        quick_rounds=5,
    ),
    Program(_LARGE, (("many_routes", "10,000 routes", "ms"),), rounds=7, quick_rounds=3),
)


def main() -> None:
    """Measure what the command line asks for, and print it."""
    arguments = options("startup", __doc__).parse_args()
    missing = [row for row, module in MODULES.items() if find_spec(module) is None]
    rows = {row: module for row, module in MODULES.items() if row not in missing}
    columns: list[Column] = []
    with tempfile.TemporaryDirectory() as bytecode:
        for program in _PROGRAMS:
            columns += _measure(program, rows, arguments.quick, bytecode)
    left_out = [f"{row}: it is not installed" for row in missing]
    publish(Table("startup", _NOTE, columns, left_out), arguments)


def _measure(program: Program, rows: Mapping[str, str], quick: bool, bytecode: str) -> list[Column]:
    """Run a program in new processes, one of each row in turn."""
    figures = [{row: Figures() for row in rows} for _ in program.columns]
    for module in rows.values():
        _run(program.code, module, bytecode)  # compiles what it imports
    for number, row in in_turns(rows, program.quick_rounds if quick else program.rounds):
        tell(f"round {number}: {row}")
        for column, value in zip(figures, _run(program.code, rows[row], bytecode), strict=True):
            column[row].rounds.append(value)
    references = dict.fromkeys(rows, "Flask")
    return [
        Column(*names, column, references)
        for names, column in zip(program.columns, figures, strict=True)
    ]


def _run(code: str, module: str, bytecode: str) -> list[float]:
    # Without settings and modules of the environment or this folder, and with its own bytecode.
    options = ["-I", "-X", f"pycache_prefix={bytecode}", "-c", code.format(module=module)]
    done = subprocess.run([sys.executable, *options], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


if __name__ == "__main__":
    main()
