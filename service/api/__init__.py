"""REST under /api/v1: one module per noun. A route finds, calls, commits, answers."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Hang the API into `app`."""
