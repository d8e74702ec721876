"""A headless Chromium, driven by chromedriver's own protocol (W3C WebDriver) over plain HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


class Browser:
    """One page in one window."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Show a file in a page of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", size)
        self._call("url", {"url": path.absolute().as_uri()})

    def cdp(self, command: str, params: dict[str, Any]) -> Any:
        """A command of Chromium's own protocol."""
        return self._call("goog/cdp/execute", {"cmd": command, "params": params})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a JavaScript function body returns."""
        return self._call("execute/sync", {"script": script, "args": list(arguments)})

    def count(self, selector: str) -> int:
        """How many elements there are."""
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def text(self, selector: str) -> str:
        """The text that is seen in the first such element."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def choose(self, selector: str, value: str) -> None:
        """Choose from a list, as a user does."""
        self.run(
            "const it = document.querySelector(arguments[0]); it.value = arguments[1];"
            "it.dispatchEvent(new Event('change'))",
            selector,
            value,
        )

    def hover(self, selector: str) -> None:
        """Move the pointer over the middle of an element."""
        self._pointer([{"type": "pointerMove", "origin": self._find(selector), "x": 0, "y": 0}])

    def click(self, selector: str) -> None:
        """Press the mouse there."""
        down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        move = {"type": "pointerMove", "origin": self._find(selector), "x": 0, "y": 0}
        self._pointer([move, down, up])

    def log(self) -> list[str]:
        """Messages of the console since the last call."""
        return [str(entry["message"]) for entry in self._call("se/log", {"type": "browser"})]

    def picture(self, path: Path) -> None:
        """A PNG of what is seen."""
        shot = self.cdp("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(b64decode(shot["data"]))

    def _find(self, selector: str) -> dict[str, str]:
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        found: dict[str, str] = self._call("element", {"using": "css selector", "value": selector})
        return found

    def _pointer(self, actions: list[dict[str, Any]]) -> None:
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self._call("actions", {"actions": [mouse]})

    def _call(self, what: str, body: dict[str, Any]) -> Any:
        return _post(f"{self._url}/{what}", body)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own."""
    assert CHROMIUM
    assert DRIVER
    with tempfile.TemporaryDirectory() as profile:
        driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
        try:
            base = f"http://127.0.0.1:{_port(driver)}"
            options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            found = _post(f"{base}/session", {"capabilities": {"alwaysMatch": wanted}})
            session = f"{base}/session/{found['sessionId']}"
            try:
                yield Browser(session)
            finally:
                urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=30).close()
        finally:
            driver.terminate()
            driver.wait(30)
            if driver.stdout:
                driver.stdout.close()


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        found = re.search(r"on port (\d+)", line)
        if found and int(found[1]):
            return int(found[1])
    raise AssertionError("chromedriver did not start")


def _post(url: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.loads(error.read())["value"]["message"]) from error
