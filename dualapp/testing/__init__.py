"""Calling an application without a server: the test client, on either side."""

from __future__ import annotations

from .client import AsyncFlaskClient as AsyncFlaskClient
from .client import EnvironBuilder as EnvironBuilder
from .client import FlaskClient as FlaskClient
from .client import FlaskCliRunner as FlaskCliRunner
from .client import side_counts as side_counts
