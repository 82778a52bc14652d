"""The pages' tests see a real browser."""

from __future__ import annotations

from tests.browser import axe, browser, new_page, screenshot

__all__ = ["axe", "browser", "new_page", "screenshot"]
