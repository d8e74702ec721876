"""A page in a headless Chromium, driven by Selenium."""

from __future__ import annotations

import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)

# A browser is no Python package: a user may have none. .ci/run installs Debian's, so that it skips nothing.
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")


class Browser:
    """One page in one window."""

    def __init__(self, chrome: Chrome) -> None:
        self._chrome = chrome

    def open(self, path: Path, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Show a file on a screen of this size, as a phone does if it is narrow."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.cdp("Emulation.setDeviceMetricsOverride", size)
        colours = {"name": "prefers-color-scheme", "value": scheme}
        self.cdp("Emulation.setEmulatedMedia", {"features": [colours]})
        self._chrome.get(path.absolute().as_uri())

    def cdp(self, command: str, params: dict[str, Any]) -> Any:
        """A command of Chromium's own protocol."""
        return self._chrome.execute_cdp_cmd(command, params)

    def run(self, script: str) -> Any:
        """What a JavaScript function body returns."""
        return self._chrome.execute_script(script)

    def count(self, selector: str) -> int:
        """How many elements there are."""
        return len(self._chrome.find_elements(By.CSS_SELECTOR, selector))

    def text(self, selector: str) -> str:
        """The text that is seen in the first such element."""
        return self._find(selector).text

    def choose(self, selector: str, value: str) -> None:
        """Choose from a list, as a user does."""
        Select(self._find(selector)).select_by_value(value)

    def hover(self, selector: str) -> None:
        """Move the pointer over the middle of an element."""
        ActionChains(self._chrome, 0).move_to_element(self._in_sight(selector)).perform()

    def click(self, selector: str) -> None:
        """Press the mouse there."""
        ActionChains(self._chrome, 0).move_to_element(self._in_sight(selector)).click().perform()

    def log(self) -> list[str]:
        """Messages of the console since the last call."""
        return [str(entry["message"]) for entry in self._chrome.get_log("browser")]

    def picture(self, path: Path) -> None:
        """A PNG of the whole page."""
        shot = self.cdp("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        path.write_bytes(b64decode(shot["data"]))

    def _find(self, selector: str) -> WebElement:
        return self._chrome.find_element(By.CSS_SELECTOR, selector)

    def _in_sight(self, selector: str) -> WebElement:
        self._chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", self._find(selector))
        return self._find(selector)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own."""
    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    chrome = Chrome(options, Service(DRIVER))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
