"""What was measured, as text for people and as JSON for programs."""

from __future__ import annotations

import importlib.metadata
import platform
import typing as t
from collections.abc import Mapping, Sequence

from .peers.roster import REFERENCES, Key
from .targets import verdicts
from .timing import Cost
from .workloads import Workload

#: Whose versions are named.
_DISTRIBUTIONS = (
    "dualapp",
    "werkzeug",
    "flask",
    "falcon",
    "quart",
    "starlette",
    "fastapi",
    "a2wsgi",
    "asgiref",
)

Costs = Mapping[Key, Cost]


def text_of(workload: Workload, costs: Costs, left_out: Sequence[str]) -> str:
    """Write the table of one workload, what is missing from it, and the verdicts."""
    lines = [workload.title, *_aligned([_HEAD, *(_cells(key, costs) for key in costs)])]
    lines += [f"not measured: {reason}" for reason in left_out]
    lines += [
        f"{'pass' if verdict.is_met else 'FAIL'}  {verdict.target.wording}"
        f" (measured {verdict.ratio:.3f}, limit {verdict.target.limit:.3f})"
        for verdict in verdicts(costs)
    ]
    return "\n".join(lines)


def data_of(workload: Workload, costs: Costs, left_out: Sequence[str]) -> dict[str, t.Any]:
    """Give the same as values for JSON, with every round."""
    return {
        "workload": workload.name,
        "rows": [
            {
                "side": key[0],
                "peer": key[1],
                "variant": key[2],
                "cpu_us": cost.median,
                "rounds": cost.rounds,
                "requests_per_round": cost.requests,
            }
            for key, cost in costs.items()
        ],
        "not_measured": list(left_out),
        "targets": [
            {
                "target": verdict.target.wording,
                "ratio": verdict.ratio,
                "limit": verdict.target.limit,
                "is_met": verdict.is_met,
            }
            for verdict in verdicts(costs)
        ],
    }


def heading() -> str:
    """Say what was measured, and how to read the tables."""
    what = machine()
    versions = ", ".join(f"{name} {version}" for name, version in what["versions"].items())
    references = "; ".join(
        f"{side}: {name}, {variant}" for side, (_, name, variant) in REFERENCES.items()
    )
    return (
        f"{what['python']}, {what['platform']}\n{versions}\n"
        "CPU µs of all threads for one request, median of the rounds; spread: middle half of the"
        f" rounds;\nratio: to the reference in the same round ({references})"
    )


def machine() -> dict[str, t.Any]:
    """Tell what was measured, and on what."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "versions": dict(_versions()),
    }


def _versions() -> t.Iterator[tuple[str, str]]:
    for name in _DISTRIBUTIONS:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "not installed"


_HEAD = ("side", "peer", "variant", "CPU µs", "spread", "ratio")


def _cells(key: Key, costs: Costs) -> tuple[str, ...]:
    cost = costs[key]
    reference = costs.get(REFERENCES[key[0]])
    ratio = "-" if reference is None else f"{cost.ratio_to(reference):.2f}"
    return (*key, f"{cost.median:.1f}", f"{cost.spread:.0%}", ratio)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Pad the columns: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < 3 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
