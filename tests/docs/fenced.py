"""The fenced blocks of the documentation, as the tests of this folder read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"

#: The mark of a block that is there to compare with; tests of its page run it.
OF_QUART = "of Quart, to compare"

_fence = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: The file that it is in.
        line: Where it begins there.
        language: What the fence says.
        mark: A comment right before the fence, which readers do not see.
        text: The code.
    """

    page: str
    line: int
    language: str
    mark: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The name in a first line such as ``# conftest.py``, if that is what the block shows."""
        found = re.match(r"# (\w+\.py)\n", self.text)
        return None if found is None else found[1]

    @property
    def is_app(self) -> bool:
        """Whether the block is a complete application."""
        return re.search(r"^app = ", self.text, re.M) is not None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> Iterator[Block]:
    """Give the fenced blocks of a page."""
    source = path.read_text("utf-8")
    for found in _fence.finditer(source):
        line = source.count("\n", 0, found.start()) + 1
        yield Block(
            path.relative_to(ROOT).as_posix(),
            line,
            found["language"],
            found["mark"] or "",
            found["text"],
        )


BLOCKS = [
    block
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
    for block in blocks_of(path)
]
