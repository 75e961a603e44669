"""What a trial is given, and the list of all trials."""

from __future__ import annotations

import asyncio
import functools
import importlib
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

#: Where a trial is run: with Flask itself, to compare, and on either side of dualapp.
SIDES = ("flask", "wsgi", "asgi")
COLOURS = ("sync", "async")

#: The modules of this package that hold trials.
SUBJECTS = ("accounts", "apis", "data", "monitoring", "pages", "traffic")


@dataclass
class Kit:
    """An application for one case of a trial.

    Attributes:
        app: A fresh application, with a secret key and in testing mode.
        side: "wsgi" or "asgi": what the client drives; "flask" with Flask itself, to compare.
        colour: "sync" or "async": what :meth:`view` makes.
    """

    app: Flask
    side: str
    colour: str

    def view(self, function: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Make a view of the wanted colour; below the decorators of the extension."""
        if self.colour == "sync":
            return function

        @functools.wraps(function)
        async def view(*arguments: t.Any, **named: t.Any) -> t.Any:
            await asyncio.sleep(0)
            return function(*arguments, **named)

        return view

    def client(self) -> FlaskClient:
        """Give a new browser, for the side under trial."""
        return self.client_of(self.app)

    def client_of(self, app: Flask) -> FlaskClient:
        """Give a new browser for an application that the extension made."""
        return app.test_client() if self.side == "flask" else app.test_client(side=self.side)


@dataclass(frozen=True)
class Trial:
    """One extension's application.

    Attributes:
        distribution: Its name on the package index.
        run: Builds the application and asks it; raises if something is wrong.
        note: What a user has to know, in a clause, for the page.
        fails: The cases, such as "asgi async", in which it does not work.
    """

    distribution: str
    run: Callable[[Kit], None]
    note: str
    fails: tuple[str, ...]


TRIALS: dict[str, Trial] = {}


def trial(
    distribution: str, note: str = "", fails: tuple[str, ...] = ()
) -> Callable[[Callable[[Kit], None]], Callable[[Kit], None]]:
    """Add the decorated function to the trials; its docstring says what it tries."""

    def add(run: Callable[[Kit], None]) -> Callable[[Kit], None]:
        TRIALS[distribution] = Trial(distribution, run, note, fails)
        return run

    return add


def all_trials() -> dict[str, Trial]:
    """Give every trial, by the names of the extensions, none of which is imported for that."""
    for subject in SUBJECTS:
        importlib.import_module(f"{__package__}.{subject}")
    return dict(sorted(TRIALS.items()))
