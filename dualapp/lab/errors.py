"""What can go wrong, for the one line that the user reads."""

from __future__ import annotations


class LabError(Exception):
    """Nothing can be measured; the message says why and what to do."""


class BadInputError(LabError):
    """An option, or a file that it names, cannot be used."""
