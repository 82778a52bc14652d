"""The browser, for the form tests that need one."""

from tests.browser import browser, new_page

__all__ = ["browser", "new_page"]
