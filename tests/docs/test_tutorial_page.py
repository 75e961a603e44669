"""The tutorial: its first page answers, its tests pass. Its other code is the example's own."""

from __future__ import annotations

import re
import subprocess
import sys
import types

from .fenced import BLOCKS, DOCS, ROOT

PAGE = (DOCS / "tutorial.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "tutorial"


def test_the_first_factory_makes_an_application_that_answers(side: str) -> None:
    [block] = [b for b in BLOCKS if b.page == "docs/tutorial.md" and b.language == "python"]
    module = types.ModuleType("blog")
    exec(block.text, module.__dict__)
    assert module.create_app().test_client(side=side).get("/").text == "Nothing here yet.\n"


def test_the_tests_that_it_shows_pass_on_both_sides() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
    assert "Four tests, eight passed." in PAGE


def test_it_shows_every_module_and_names_every_file() -> None:
    modules = {path.name for path in (EXAMPLE / "blog").iterdir() if path.is_file()}
    modules |= {path.name for path in (EXAMPLE / "tests").glob("*.py")}
    tree = PAGE.partition("```text\n")[2].partition("```")[0]
    assert {name for name in modules if f"  {name}" not in tree} == set()
    shown = set(re.findall(r"^```\{literalinclude\} \.\./examples/tutorial/(\S+)$", PAGE, re.M))
    assert {name for name in modules if not any(path.endswith(name) for path in shown)} == set()
