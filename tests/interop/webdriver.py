"""A browser that is controlled by the WebDriver protocol, without a library.

https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

_QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_TIMEOUT = 60.0
"""Seconds until an element has its text."""


class BrowserMissingError(Exception):
    """There is no browser, or no driver for it."""


class WebDriverError(Exception):
    """The browser cannot run a command."""


class Browser:
    """Headless Chromium with a new profile."""

    def __init__(self, profile_folder: Path) -> None:
        driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
        if driver is None or chromium is None:
            raise BrowserMissingError

        # A browser also writes to the home directory.
        self._driver = subprocess.Popen(
            [driver, "--port=0"],
            env={**os.environ, "HOME": str(profile_folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._url = f"http://127.0.0.1:{self._port()}/session"
        options = {"binary": chromium, "args": [*_QUIET, f"--user-data-dir={profile_folder}"]}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options}}
        try:
            session = self._send("POST", "", {"capabilities": capabilities})
        except BaseException:
            self._stop_driver()
            raise
        self._url += f"/{session['sessionId']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._send("DELETE", "")
        finally:
            self._stop_driver()

    def open(self, url: str) -> None:
        """Open an address, and wait until the page is loaded."""
        self._send("POST", "/url", {"url": url})

    def reload(self) -> None:
        """Reload the page."""
        self._send("POST", "/refresh", {})

    def back(self) -> None:
        """Go back to the previous page."""
        self._send("POST", "/back", {})

    @property
    def address(self) -> str:
        """The current address."""
        return str(self._send("GET", "/url"))

    @contextmanager
    def screen(self, width: int) -> Iterator[None]:
        """Set the width of the screen, as on a phone; windows cannot be so small.

        https://chromedevtools.github.io/devtools-protocol/tot/Emulation/
        """
        size = {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": True}
        self._command("Emulation.setDeviceMetricsOverride", size)
        try:
            yield
        finally:
            self._command("Emulation.clearDeviceMetricsOverride", {})

    def page_width(self) -> int:
        """Return the width of the page, with the part outside of the window."""
        return int(self.evaluate("document.documentElement.scrollWidth"))

    def evaluate(self, expression: str, *arguments: object) -> Any:
        """Return the value of an expression of JavaScript; ``arguments`` has the arguments."""
        body = {"script": f"return {expression}", "args": arguments}
        return self._send("POST", "/execute/sync", body)

    @contextmanager
    def new_page(self, selector: str) -> Iterator[None]:
        """Click a link that opens a new page, work there, and return to this page."""
        (here,) = self._send("GET", "/window/handles")
        self.click(selector)
        (there,) = set(self._send("GET", "/window/handles")) - {here}
        self._send("POST", "/window", {"handle": there})
        yield
        self._send("DELETE", "/window")
        self._send("POST", "/window", {"handle": here})

    def screenshot(self, file: Path) -> None:
        """Save what the window shows as PNG."""
        file.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def expect(self, selector: str, text: str) -> None:
        """Wait until an element has this text."""
        end = time.monotonic() + _TIMEOUT
        while (found := self._find_text(selector)) != text:
            assert time.monotonic() < end, f"{selector} has the text {found!r}, not {text!r}"
            time.sleep(0.05)

    def value(self, selector: str) -> str:
        """Return the value of a field."""
        return str(self._send("GET", f"{self._element(selector)}/property/value"))

    def name_for_screen_readers(self, selector: str) -> str:
        """Return the accessible name, as the browser computes it."""
        return str(self._send("GET", f"{self._element(selector)}/computedlabel"))

    def click(self, selector: str) -> None:
        """Click; `expect` waits for the result."""
        self._send("POST", f"{self._element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Type into a field, after its text; a newline is the enter key."""
        self._send("POST", f"{self._element(selector)}/value", {"text": text})

    def clear(self, selector: str) -> None:
        """Empty a field."""
        self._send("POST", f"{self._element(selector)}/clear", {})

    def choose(self, selector: str, label: str) -> None:
        """Choose from a list."""
        self.type(selector, label)

    def _command(self, name: str, parameters: Mapping[str, object]) -> None:
        self._send("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def _find_text(self, selector: str) -> str | None:
        try:
            return str(self._send("GET", f"{self._element(selector)}/text"))
        except WebDriverError:
            return None  # the page has not loaded yet

    def _element(self, selector: str) -> str:
        found = self._send("POST", "/element", {"using": "css selector", "value": selector})
        (identifier,) = found.values()
        return f"/element/{identifier}"

    def _send(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)["value"]
            raise WebDriverError(f"{method} {path}: {problem['message']}") from None

    def _port(self) -> str:
        assert self._driver.stdout
        for line in self._driver.stdout:
            if match := re.search(r"started successfully on port (\d+)", line):
                return match[1]
        raise WebDriverError("The driver of the browser does not start.")

    def _stop_driver(self) -> None:
        self._driver.terminate()
        self._driver.communicate()
