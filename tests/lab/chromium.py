"""A real browser that opens a page at several widths and measures what it made of it."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

Scheme = t.Literal["light", "dark"]

#: Chromium's numbers for what pages ask by ``prefers-color-scheme``.
SCHEMES: dict[Scheme, int] = {"dark": 0, "light": 1}

#: Seconds that the browser may take on a busy machine.
_PATIENCE = 120

# A window cannot be narrower than 500 pixels, a frame can.
_FRAMES = """<!doctype html>
<meta charset="utf-8">
<body>
{frames}
<script>
const box = (element) => {{
  const {{left, right, top, bottom}} = element.getBoundingClientRect();
  return {{left, right, top, bottom, text: element.textContent}};
}};
const seen = (frame) => {{
  const page = frame.contentDocument, root = page.documentElement;
  for (const details of page.querySelectorAll("details")) details.open = true;
  return {{
    width: root.clientWidth,
    needed: root.scrollWidth,
    ground: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
    pictures: [...page.querySelectorAll("svg[role=img]")].map(
      (svg) => [...svg.querySelectorAll("text")].map(box)
    ),
  }};
}};
onload = () => {{
  const found = JSON.stringify([...document.querySelectorAll("iframe")].map(seen));
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = found;
}};
</script>
"""


@dataclass(frozen=True)
class Box:
    """Where a piece of text is on the page, in pixels."""

    left: float
    right: float
    top: float
    bottom: float
    text: str

    def covers(self, other: Box) -> bool:
        """Tell whether some of the other's text cannot be read for this one's."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > 0.5
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 0.5
        )


@dataclass(frozen=True)
class Seen:
    """A page as the browser laid it out, everything that can be opened opened.

    Attributes:
        width: Pixels that there are across.
        needed: Pixels that its contents take.
        ground: The background's colour, as CSS writes it.
        pictures: The pieces of text of each picture.
    """

    width: int
    needed: int
    ground: str
    pictures: list[list[Box]]


@functools.cache
def chromium() -> str:
    """Give the browser's path; without one the test is skipped, and in CI it fails."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    message = f"needs a browser to look at pages; none of {', '.join(names)} is on PATH"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def command_line(scheme: Scheme, folder: Path, *arguments: str) -> list[str]:
    """Give the command that opens a page of our own without a window.

    Args:
        scheme: What the reader prefers.
        folder: Where the browser may keep its files.
        *arguments: Further options, and the page's address.
    """
    return [
        chromium(),
        "--headless",
        "--no-sandbox",  # there is none for root, and in most containers; the page is our own
        "--disable-gpu",
        "--hide-scrollbars",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        f"--user-data-dir={folder / 'profile'}",
        *arguments,
    ]


def look(page: str, widths: list[int], scheme: Scheme, folder: Path) -> tuple[list[Seen], str]:
    """Open a page in frames of these widths.

    Args:
        page: The HTML document.
        widths: Pixels across.
        scheme: What the reader prefers.
        folder: Where the browser may keep its files.

    Returns:
        What was seen at each width, and what the browser wrote on its console.
    """
    frames = "\n".join(
        f'<iframe width="{width}" height="900" style="border: 0" srcdoc="{html.escape(page)}">'
        "</iframe>"
        for width in widths
    )
    (folder / "frames.html").write_text(_FRAMES.format(frames=frames), "utf-8")
    page_of_frames = (folder / "frames.html").as_uri()
    command = command_line(scheme, folder, "--enable-logging=stderr", "--dump-dom", page_of_frames)
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.S)
    assert found is not None, f"the browser showed nothing:\n{done.stderr}"
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return [_seen(**seen) for seen in json.loads(html.unescape(found[1]))], console


def _seen(pictures: list[list[dict[str, t.Any]]], **others: t.Any) -> Seen:
    """Leave out text that is not shown at this width, which takes no room."""
    shown = [
        [box for box in (Box(**found) for found in picture) if box.right > box.left]
        for picture in pictures
    ]
    return Seen(pictures=shown, **others)
