"""The suites that are run: what is fetched, and how its tests are started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Suite:
    """One project's own tests, as released.

    Attributes:
        name: What it is called on the command line.
        distribution: Its name on the package index.
        version: The release whose source archive holds the tests.
        own_source: Its folder of source, which is left out so that the installed one is imported.
        start_in: The folder, below the archive's, that pytest starts in.
    """

    name: str
    distribution: str
    version: str
    own_source: str = "src"
    start_in: str = "."

    @property
    def pins(self) -> Path:
        """The exact versions of everything installed with it, for Flask and for dualapp."""
        return HERE / "pins" / f"{self.name}.txt"


SUITES = {
    suite.name: suite
    for suite in (
        Suite("flask", "flask", "3.1.3"),
        Suite("flaskr", "flask", "3.1.3", start_in="examples/tutorial"),
        Suite("flask-login", "flask-login", "0.6.3"),
        Suite("flask-sqlalchemy", "flask-sqlalchemy", "3.1.1"),
        Suite("flask-migrate", "flask-migrate", "4.1.0"),
        Suite("flask-jwt-extended", "flask-jwt-extended", "4.7.4", "flask_jwt_extended"),
        Suite("flask-cors", "flask-cors", "6.0.5", "flask_cors"),
        Suite("flask-smorest", "flask-smorest", "0.47.0"),
    )
}
