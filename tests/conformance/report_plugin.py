"""A pytest plugin that writes each test's outcome to the file named by CONFORMANCE_REPORT."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

outcomes: dict[str, str] = {}
_process = os.getpid()


def pytest_runtest_logreport(report) -> None:
    """A test has passed if every phase has, and was not merely expected to fail."""
    outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
    if outcomes.get(report.nodeid, "passed") == "passed":
        outcomes[report.nodeid] = outcome


def pytest_unconfigure() -> None:
    """Write the report, with the requests that dualapp's test client drove on each side."""
    if os.getpid() != _process:
        return
    testing = sys.modules.get("dualapp.testing")
    report = {
        "outcomes": outcomes,
        "requests": testing.side_counts() if testing else {},
        "flask": getattr(sys.modules.get("flask"), "__file__", None),
    }
    Path(os.environ["CONFORMANCE_REPORT"]).write_text(json.dumps(report))
