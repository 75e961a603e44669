"""The table of the trials, as text and as a part of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .kit import COLOURS, SIDES, Trial

HEAD = "| extension | Flask | WSGI | ASGI | note |\n|---|---|---|---|---|\n"

#: What is said of the two colours of views, sync and async.
WORDS = {
    (True, True): "both",
    (True, False): "sync",
    (False, True): "async",
    (False, False): "no",
}

#: What a page has before and after the table.
BEGIN, END = "<!-- trials: begin -->\n", "<!-- trials: end -->\n"


def cases() -> Iterable[str]:
    """Give the names of the cases that each trial is run in."""
    return [f"{side} {colour}" for side in SIDES for colour in COLOURS]


def table_of(
    trials: Mapping[str, Trial], versions: Mapping[str, str], failed: Mapping[str, Iterable[str]]
) -> str:
    """Write the table.

    Args:
        trials: Its rows.
        versions: The release of each extension.
        failed: The cases that failed, for each extension.
    """
    rows = (
        f"| {name} {versions[name]} | {_marks(failed[name])} | {trial.note} |\n"
        for name, trial in trials.items()
    )
    return HEAD + "".join(rows)


def _marks(failed: Iterable[str]) -> str:
    """Write on each side which views it works with."""
    return " | ".join(
        WORDS[tuple(f"{side} {colour}" not in failed for colour in COLOURS)] for side in SIDES
    )


def page_with(table: str, page: str) -> str:
    """Put the table between the two marks of the page."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{{.stacked}}\n{table}\n{END}{after}"
