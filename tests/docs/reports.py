"""Makes the reports in the docs of the results that are kept beside them, and the pictures of both.

The results were measured by ``dualapp tradeoff --json docs/_extra/reports/NAME.json``. After a new
measurement, or a change of the report's page, run this from the root of the repository:
``python -m tests.docs.reports``. The pictures need chromium.
"""

from __future__ import annotations

import subprocess
import tempfile
import typing as t
from pathlib import Path

from dualapp.lab.jsonfile import loads
from dualapp.lab.page import render

from ..lab.chromium import SCHEMES, Scheme, command_line

DOCS = Path(__file__).parents[2] / "docs"
REPORTS = DOCS / "_extra" / "reports"
PICTURES = DOCS / "_static"

#: Pixels of a picture for each pixel of the page.
_SCALE = 2
#: Leaves one part of a page, beside what it refers to.
_CUT_OUT = """<script>
addEventListener("DOMContentLoaded", () => {{
  const part = document.querySelector({selector!r});
  document.body.replaceChildren(document.querySelector(".markers"), part);
  document.body.style.padding = "0.5rem";
  part.style.margin = "0";
  for (const details of part.querySelectorAll("details")) details.remove();
}});
</script>"""


class Picture(t.NamedTuple):
    """A part of a report, to be shown in a page: which, and how large, in pixels."""

    report: str
    selector: str
    width: int
    height: int


SHOWN = {
    "tradeoff-wait": Picture("packaged", "#requests article:nth-of-type(3) .charts", 720, 700),
    "tradeoff-compute": Picture("packaged", "#requests article:nth-of-type(2) figure", 720, 345),
    "tradeoff-apart": Picture("packaged", "#apart article:nth-of-type(7) figure", 720, 410),
}


def reports() -> dict[str, str]:
    """Give the page of each report by its name."""
    return {file.stem: render(loads(file.read_text())) for file in sorted(REPORTS.glob("*.json"))}


def file_of(name: str, scheme: Scheme) -> Path:
    """Give the file of a picture."""
    return PICTURES / f"{name}-{scheme}.png"


def _take(picture: Picture, page: str, scheme: Scheme, file: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = Path(folder, "part.html")
        source.write_text(
            page.replace("</head>", f"{_CUT_OUT.format(selector=picture.selector)}</head>"), "utf-8"
        )
        command = command_line(
            scheme,
            Path(folder),
            f"--force-device-scale-factor={_SCALE}",
            f"--window-size={picture.width},{picture.height}",
            f"--screenshot={file}",
            source.as_uri(),
        )
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Write all pages and pictures."""
    pages = reports()
    for name, page in pages.items():
        (REPORTS / f"{name}.html").write_text(page, "utf-8")
    for name, picture in SHOWN.items():
        for scheme in SCHEMES:
            _take(picture, pages[picture.report], scheme, file_of(name, scheme))


if __name__ == "__main__":
    main()
