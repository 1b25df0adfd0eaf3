"""Hands on the keyboard of a page in the browser."""

from playwright.sync_api import Page


def press(page: Page, *keys: str) -> None:
    """Press these keys one after another, once the page listens.

    A page that came by a link or a form shows its text before its modules run, and a program presses sooner than
    anybody reads.
    """
    for key in keys:
        page.wait_for_load_state()
        page.keyboard.press(key)
