"""The API's documentation page, as a person sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from tests.browser import serving


def test_the_documentation_page_is_readable_and_accessible(
    app: Flask, new_page: Any, axe: Callable[[Any], list[str]], screenshot: Callable[[Any, str], Path]
) -> None:
    with serving(app) as address:
        page = new_page(address)
        page.goto("/api/v1/docs")
        page.get_by_text("POST /tasks/{task_id}/complete").click()

        assert page.get_by_text("Finish your task with its form").is_visible()
        example = page.locator("details[id='tasks.complete'] pre").inner_text()
        assert "curl -X POST" in example and '-d \'{"data": {' in example
        assert "`" not in page.locator("main").inner_text()
        assert axe(page) == []
        screenshot(page, "api-docs")
