"""A real browser before a live server with the real database."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hands import press
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from annotation.models import User

NAMES = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else ["chromium", "google-chrome"]
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
expect.set_options(timeout=30_000)  # a machine that is busy with other tests is slow, and nothing here is timed
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: install it (Debian: apt install chromium) or name one in CHROMIUM")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, where Django would refuse the database; nothing here is concurrent.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def plain_settings(settings: Any) -> None:
    """Static files as they lie in the repository; passwords that are quick to check."""
    storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Trouble:
    """What no page may do: fetch from elsewhere, break the content security policy, log an error, open a dialog."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.seen: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self._fetched(request.url))
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.seen.append(f"dialog: {dialog.message}"))

    def _fetched(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.seen.append(f"fetched {url}")

    def _logged(self, message: ConsoleMessage) -> None:
        # The browser itself logs every answer of 400 and above.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.seen.append(message.text)


@pytest.fixture
def enter(browser: Browser, live_server: Any) -> Iterator[Callable[[str], Page]]:
    """Logs somebody in by keyboard and gives their page; in the end nothing untoward may have happened on any."""
    trouble = Trouble(live_server.url)
    contexts = []

    def logged_in(name: str) -> Page:
        person, _ = User.objects.get_or_create(username=name)
        person.set_password("correct horse")
        person.save()
        context = browser.new_context(
            base_url=live_server.url, reduced_motion="reduce", viewport={"width": 1280, "height": 800}
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        trouble.watch(page)
        page.goto("/login/")
        expect(page.locator("[name=username]")).to_be_focused()
        page.keyboard.type(name)
        press(page, "Tab")
        page.keyboard.type("correct horse")
        press(page, "Enter")
        page.wait_for_url(f"{live_server.url}/")
        return page

    yield logged_in
    for context in contexts:
        for page in context.pages:
            page.goto("about:blank")  # a page that is left still says something to the server
        context.close()
    wait_until_quiet()
    assert trouble.seen == []


def wait_until_quiet() -> None:
    """Until the server works on no request any more: emptying the database would meet one that does."""
    for _ in range(200):
        if not any("process_request_thread" in thread.name for thread in threading.enumerate()):
            return
        time.sleep(0.05)
