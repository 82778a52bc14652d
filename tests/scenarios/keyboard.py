"""Somebody who has a keyboard and nothing else: whatever they do, they see where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from service.demo import people

#: what has the focus: its words, and whether anybody can see that it has it
FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  const label = it.labels?.[0]?.innerText || it.getAttribute('aria-label') || it.innerText || it.id;
  const box = it.getBoundingClientRect();
  const inView = it.id === 'main' || (box.bottom > 0 && box.top < innerHeight && box.width > 0);
  const around = [it, it.nextElementSibling];
  for (let each = it.parentElement; each && around.length < 6; each = each.parentElement) around.push(each);
  const marked = around.some((each) => each && getComputedStyle(each).outlineStyle !== 'none');
  const seen = it.matches(':focus-visible') && inView && (marked || it.id === 'main');
  return {words: label.trim().replace(/\\s+/g, ' '), seen};
}"""


@dataclass
class Keyboard:
    """One person; `pressed` counts the keys that did something, not those of texts."""

    page: Page
    pressed: int = field(default=0)

    def sign_in(self, name: str) -> None:
        """By name and password."""
        self.page.goto("/")
        self.reach("Name")
        self.page.keyboard.type(name)
        self.press("Tab")
        self.page.keyboard.type(people.PASSWORD)
        self.press("Enter")
        expect(self.page.get_by_role("link", name="My tasks")).to_be_visible()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def here(self) -> str:
        """What has the focus, in its words. Nothing may have lost it, and it can be seen."""
        found = self.page.evaluate(FOCUS)
        assert found, "the focus is lost"
        assert found["seen"], f"nobody sees that “{found['words']}” has the focus"
        return str(found["words"])

    def reach(self, words: str, key: str = "Tab", most: int = 40) -> None:
        """Go on with `key` until what has the focus begins with `words`."""
        passed = []
        for _ in range(most):
            found = self.page.evaluate(FOCUS)
            if found and re.match(words, found["words"]):
                self.here()
                return
            passed.append(found and found["words"])
            self.press(key)
        raise AssertionError(f"{key} does not lead to {words}: {passed}")

    def act(self, key: str, says: str) -> None:
        """One key, and the page says what became of it."""
        self.press(key)
        self.said(says)

    def said(self, words: str) -> None:
        """What the page told, in a part that is read out."""
        expect(self.page.get_by_role("status").filter(has_text=words)).to_be_visible()

    def fill(self, **answers: str) -> None:
        """Fill in the form: into each field by its label, `_` for a space; a radio button's label says all (`True`)."""
        expect(self.page.locator("[data-form][data-ready]")).to_be_visible()
        self.press("i")
        self.here()
        for label, answer in answers.items():
            self.answer(label.replace("_", " "), answer)

    def answer(self, label: str, answer: str) -> None:
        """Into one field; an empty answer chooses the button of that name."""
        self.reach(re.escape(label))
        if answer:
            self.page.keyboard.type(answer)
        else:
            self.press("Space")

    def complete(self, task: str) -> None:
        """Send the form that is shown, and come back to the case."""
        self.act("Control+Shift+Enter", f"“{task}” is done.")
