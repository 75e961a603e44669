"""An application made by a function, served as ``factory:create_app()``."""

from __future__ import annotations

import asyncio

from dualapp import DualApp


def create_app() -> DualApp:
    """Make the application."""
    app = DualApp(__name__)

    @app.get("/")
    def index():
        return "made by a factory"

    @app.get("/async")
    async def waits():
        await asyncio.sleep(0)
        return "made by a factory"

    return app
