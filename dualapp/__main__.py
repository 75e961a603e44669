"""``python -m dualapp`` is the command ``dualapp``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
