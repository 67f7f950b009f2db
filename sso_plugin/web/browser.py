"""Opens a page in the user's browser: the one in ``BROWSER``, else the one of the system.

Python's `webbrowser` module finds the browsers. This module starts them itself, because
`webbrowser` lets some of them write to the output of the script, or waits until they are closed.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from typing import TYPE_CHECKING, Any

from .capabilities import is_text_browser
from .one_time_redirect import open_by_redirect_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["open_in_browser", "open_without_secret", "start_browser", "start_firefox"]

_logger = logging.getLogger(__name__)

_START_TIMEOUT = 5.0
"""Seconds to wait for a browser to fail. xdg-open, for example, first tries several browsers."""

_START_TIMEOUT_WITHOUT_EVENT = 1.0
"""Seconds, where no event reports that the browser works."""

_POLL_INTERVAL = 0.05
"""Seconds between two checks of a browser that was just started."""

_NO_BROWSER_ERRORS = (webbrowser.Error, ValueError, LookupError)
"""What `webbrowser` raises where there is no browser, or ``BROWSER`` is only a space."""

_PLATFORMS_WITHOUT_COMMAND = ("win32", "cygwin")
"""Values of `sys.platform` where a page is opened by a system call and not by a command."""

_MACOS_OPEN = "/usr/bin/open"

_FIREFOX = ("firefox", "firefox-esr", "firefox-developer-edition", "librewolf")
"""Programs of Firefox, and of browsers that have its containers."""

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@+,=%\[\]-]+")
"""A URL without characters that are special to a shell: ``BROWSER`` may start one."""


def open_in_browser(url: str) -> bool:
    """Open a page in a browser on this machine. Return False if none could be started.

    The URL may hold a secret: the browser is started with another URL, which redirects to it once.
    """
    return open_by_redirect_in_background(url, start_browser)


def open_without_secret(url: str) -> bool:
    """Open a page whose URL has no secret. Return False if no browser could be started.

    Other users of this machine can see the URL.
    """
    return bool(_PLAIN_URL.fullmatch(url)) and start_browser(url)


def start_browser(url: str, requested: threading.Event | None = None) -> bool:
    """Start a browser with a URL. Return False if none could be started.

    Its output is discarded where it is started as a command, as on Linux and macOS. Returns as soon
    as the browser has requested the URL or has ended, and at the latest after a few seconds.

    :param requested: is set when the browser requests the URL; None if that cannot be detected.
    """
    if sys.platform == "darwin" and not os.environ.get("BROWSER", "").strip():
        return _run([_MACOS_OPEN, url], requested)
    names = _names()
    if not names or (sys.platform in _PLATFORMS_WITHOUT_COMMAND and "BROWSER" not in os.environ):
        return _call(webbrowser.open, url)
    return any(_start(controller, url, requested) for controller in _controllers(names))


def start_firefox(url: str, requested: threading.Event | None = None) -> bool:
    """Start Firefox with a URL, such as one for an extension. Return False if it cannot be started.

    It is the Firefox in ``BROWSER``, otherwise the one that is installed.

    :param requested: see `start_browser`.
    """
    if command := _firefox():
        return _run([*command, url], requested)
    return False


def _firefox() -> list[str] | None:
    for choice in os.environ.get("BROWSER", "").split(os.pathsep):
        words = [word for word in _program(choice.strip()) if word != "%s"]
        if any(name in os.path.basename(words[0]).lower() for name in _FIREFOX if words):  # noqa: PTH119
            return words
    if found := next(filter(None, map(shutil.which, _FIREFOX)), None):
        return [found]
    return [_MACOS_OPEN, "-a", "Firefox"] if sys.platform == "darwin" else None


def _call(open_page: Callable[[str], object], url: str) -> bool:
    try:
        return open_page(url) is not False
    except (*_NO_BROWSER_ERRORS, OSError) as exc:
        _logger.info("Cannot start a browser: %s", exc)
        return False


def _names() -> list[str]:
    """Return the names of the browsers that `webbrowser` would try, in this order."""
    try:
        first = webbrowser.get()
    except _NO_BROWSER_ERRORS:
        first = None
    # Not public, but the only way to find more than the first one.
    names = getattr(webbrowser, "_tryorder", None)
    return list(names or ([] if first is None else [_name(first)]))


def _controllers(names: list[str]) -> Iterator[Any]:
    for name in names:
        try:
            controller = webbrowser.get(name)
        except _NO_BROWSER_ERRORS as exc:
            _logger.info("Cannot use the browser %s: %s", name, exc)
            continue
        if not is_text_browser(_name(controller).split(" ")[0]):
            yield controller


def _name(controller: Any) -> str:
    # Controllers of macOS, and those that a program has registered, may have no name.
    return str(getattr(controller, "name", ""))


def _start(controller: Any, url: str, requested: threading.Event | None) -> bool:
    command = _command(controller, url)
    return _run(command, requested) if command else _call(controller.open, url)


def _run(command: list[str], requested: threading.Event | None) -> bool:
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own browser
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        _logger.info("Cannot start the browser %s: %s", command[0], exc.strerror)
        return False
    # Without wait(), the process stays in the process list after its end.
    threading.Thread(target=process.wait, name="sso-plugin-browser", daemon=True).start()
    if _has_failed(process, requested):
        _logger.info("The browser %s ended with status %s", command[0], process.returncode)
        return False
    return True


def _command(controller: Any, url: str) -> list[str] | None:
    """Return the command that starts a browser; None if it takes more than one command."""
    if isinstance(controller, webbrowser.GenericBrowser):
        return [*_program(controller.name), *(arg.replace("%s", url) for arg in controller.args)]
    if isinstance(controller, webbrowser.UnixBrowser):
        action = controller.remote_action or ""
        args = [arg.replace("%action", action).replace("%s", url) for arg in controller.remote_args]
        return [*_program(controller.name), *filter(None, args)]
    return None


def _program(name: str) -> list[str]:
    """Split a command such as ``firefox --private-window``, which `webbrowser` does not split."""
    if " " not in name or shutil.which(name):
        return [name]
    try:
        words = shlex.split(name, posix=os.name != "nt")
    except ValueError:
        return [name]
    return [word for word in words if word != "&"] or [name]


def _has_failed(process: subprocess.Popen[bytes], requested: threading.Event | None) -> bool:
    end = time.monotonic() + (_START_TIMEOUT if requested else _START_TIMEOUT_WITHOUT_EVENT)
    requested = requested or threading.Event()
    while time.monotonic() < end and not requested.wait(_POLL_INTERVAL):
        if process.poll() is not None:
            return process.returncode != 0
    return False
