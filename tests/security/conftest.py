"""The office that lends money, under attack."""

from __future__ import annotations

from tests.api.conftest import office, program

__all__ = ["office", "program"]
