"""A real headless browser, driven by its own WebDriver over HTTP: no library is needed for a few commands."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)


def installed() -> tuple[str, str] | None:
    """Paths of a browser and of its driver, or None."""
    chrome = next((path for name in CHROMES if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (chrome, driver) if chrome and driver else None


class Browser:
    """One session."""

    def __init__(self, address: str, session: str) -> None:
        self.address, self.session = address, session

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return request(f"{self.address}/session/{self.session}/{path}", body)

    def cdp(self, command: str, **parameters: Any) -> Any:
        """A command of the browser's developer protocol."""
        return self.call("goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, page: Path, width: int, height: int = 900, dark: bool = False) -> None:
        """Show a file on a screen of a width, as a phone does if it is narrow."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        self.call("url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        """The value that a script returns."""
        return self.call("execute/sync", {"script": script, "args": []})

    def log(self) -> list[str]:
        """What the console says since the last call."""
        return [entry["message"] for entry in self.call("se/log", {"type": "browser"})]

    def screenshot(self, path: Path) -> None:
        """All of the page as a PNG."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a new profile in ``folder``, and its driver; both end with the block."""
    found = installed()
    if found is None:
        raise RuntimeError("no browser is installed")
    chrome, driver = found
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = {"binary": chrome, "args": [*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"]}
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    process = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_ready(address)
        body = {"capabilities": {"alwaysMatch": wanted}}
        session = Browser(address, request(f"{address}/session", body)["sessionId"])
        try:
            yield session
        finally:
            request(f"{address}/session/{session.session}", method="DELETE")
    finally:
        process.terminate()
        process.wait(20)


def await_ready(address: str) -> None:
    for _ in range(200):
        try:
            if request(f"{address}/status")["ready"]:
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError("the browser's driver does not answer")


def request(url: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(call, timeout=120) as answer:
        return json.loads(answer.read())["value"]
