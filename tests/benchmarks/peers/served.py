"""The application that a server is told to serve: the environment says which row's it is."""

from __future__ import annotations

import os

from .roster import ROW_VARIABLE, peer_named

app = peer_named(os.environ[ROW_VARIABLE]).site().hello()
