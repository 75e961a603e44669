"""CPU ms that a new process takes to import dualapp, beside Flask, and to do the first things.

What is not imported at once may be imported by the first application or request: so these are
measured as well, each from the start of the process.

Run it from the root of the repository: ``python -m tests.benchmarks.imports``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile

from .timing import Cost

MODULES = ("flask", "dualapp")

#: What is done, as code; each step goes on from the one before.
STEPS = {
    "import": """
import {module} as module
""",
    "and make an application": """
app = module.Flask("app", root_path=".")
app.add_url_rule("/", "hello", lambda: "hello")
""",
    "and answer a request": """
from werkzeug.test import create_environ
assert b"".join(app(create_environ("/"), lambda status, headers: None)) == b"hello"
""",
}

#: dualapp's import may take at most so much of Flask's.
LIMIT = 1.0

_PROGRAM = """
import time
begin = time.process_time()
{code}
print(time.process_time() - begin)
"""


def main() -> None:
    """Measure what the command line asks for, and print it."""
    rounds = _arguments().rounds
    print(f"CPU ms, median of {rounds} processes each; ratio: to Flask in the same round\n")
    print(f"{'':26}{'Flask':>8}{'dualapp':>9}{'ratio':>7}{'spread':>8}")
    ratios: list[float] = []
    program = ""
    with tempfile.TemporaryDirectory() as bytecode:
        for name, code in STEPS.items():
            program += code
            flask, dualapp = _measure(program, rounds, bytecode)
            ratios.append(dualapp.ratio_to(flask))
            print(
                f"{name:26}{flask.median:8.1f}{dualapp.median:9.1f}{ratios[-1]:7.2f}"
                f"{max(flask.spread, dualapp.spread):8.0%}",
                flush=True,
            )
    verdict = "pass" if ratios[0] <= LIMIT else "FAIL"
    print(f"\n{verdict}  import: at most Flask's (measured {ratios[0]:.3f}, limit {LIMIT:.3f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.benchmarks.imports")
    parser.add_argument("--rounds", type=int, default=41, metavar="N", help="processes of each")
    return parser.parse_args()


def _measure(code: str, rounds: int, bytecode: str) -> list[Cost]:
    """Run the code in new processes, one of each module in turn; every other round backwards."""
    costs = {module: Cost(requests=1) for module in MODULES}
    for module in MODULES:
        _milliseconds(code, module, bytecode)  # compiles what it imports
    order = list(MODULES)
    for _ in range(rounds):
        for module in order:
            costs[module].rounds.append(_milliseconds(code, module, bytecode))
        order.reverse()
    return list(costs.values())


def _milliseconds(code: str, module: str, bytecode: str) -> float:
    program = _PROGRAM.format(code=code.format(module=module))
    # Without settings and modules of the environment or this folder, and with its own bytecode.
    options = ["-I", "-X", f"pycache_prefix={bytecode}"]
    done = subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout) * 1000


if __name__ == "__main__":
    main()
