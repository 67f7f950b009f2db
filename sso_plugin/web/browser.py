"""Opens a page in the person's browser: that of ``BROWSER``, else that of the system.

Python's `webbrowser` module knows which browsers there are. This module starts them, because
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

from .hand_over import hand_over_in_background
from .surroundings import is_text_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["open_in_browser", "open_without_secret", "start_browser"]

_logger = logging.getLogger(__name__)

_EARLY = 5.0
"""Seconds to wait for a browser to fail. xdg-open, for example, first tries several browsers."""

_EARLY_UNNOTICED = 1.0
"""Seconds, where nothing tells that it works."""

_LOOK = 0.05
"""Seconds between two looks at a browser that was just started."""

_NOT_KNOWN = (webbrowser.Error, ValueError, LookupError)
"""What `webbrowser` raises where there is no browser, or ``BROWSER`` is only a space."""

_NO_COMMAND = ("win32", "cygwin")
"""Systems that open a page by a call, and have no command to start a browser with."""

_OPEN_OF_MACOS = "/usr/bin/open"

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@+,=%\[\]-]+")
"""An address without characters that are special to a shell; ``BROWSER`` may start one."""


def open_in_browser(url: str) -> bool:
    """Open a page in a browser on this machine. Return False if none could be started.

    The address may hold what other users must not see: the browser is started with another one,
    which redirects there once.
    """
    return hand_over_in_background(url, start_browser)


def open_without_secret(url: str) -> bool:
    """Open a page in a browser on any machine. Return False if none could be started.

    Other users of this machine can see the address.
    """
    return bool(_PLAIN_URL.fullmatch(url)) and start_browser(url)


def start_browser(url: str, requested: threading.Event | None = None) -> bool:
    """Start a browser with an address. Return False if none could be started.

    Its output is discarded where it is started as a command, as on Linux and macOS. Returns as soon
    as the browser has requested the address or has ended, and at the latest after a few seconds.

    :param requested: is set when the browser requests the address; None if that cannot be noticed.
    """
    if sys.platform == "darwin" and not os.environ.get("BROWSER", "").strip():
        return _run([_OPEN_OF_MACOS, url], requested)
    names = _names()
    if not names or (sys.platform in _NO_COMMAND and "BROWSER" not in os.environ):
        return _call(webbrowser.open, url)
    return any(_start(controller, url, requested) for controller in _controllers(names))


def _call(open_page: Callable[[str], object], url: str) -> bool:
    try:
        return open_page(url) is not False
    except (*_NOT_KNOWN, OSError) as exc:
        _logger.info("Cannot start a browser: %s", exc)
        return False


def _names() -> list[str]:
    """Return what `webbrowser` would try, in this order."""
    try:
        first = webbrowser.get()
    except _NOT_KNOWN:
        first = None
    # Not public, but the only way to know the second one.
    names = getattr(webbrowser, "_tryorder", None)
    return list(names or ([] if first is None else [_name(first)]))


def _controllers(names: list[str]) -> Iterator[Any]:
    for name in names:
        try:
            controller = webbrowser.get(name)
        except _NOT_KNOWN as exc:
            _logger.info("Cannot use the browser %s: %s", name, exc)
            continue
        if not is_text_browser(_name(controller).split(" ")[0]):
            yield controller


def _name(controller: Any) -> str:
    # Those of macOS, and those that a program has registered, may have none.
    return str(getattr(controller, "name", ""))


def _start(controller: Any, url: str, requested: threading.Event | None) -> bool:
    command = _command(controller, url)
    return _run(command, requested) if command else _call(controller.open, url)


def _run(command: list[str], requested: threading.Event | None) -> bool:
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own browser
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        _logger.info("Cannot start the browser %s: %s", command[0], exc.strerror)
        return False
    # A process that is not waited for stays in the process list after its end.
    threading.Thread(target=process.wait, name="sso-plugin-browser", daemon=True).start()
    if _has_failed(process, requested):
        _logger.info("The browser %s ended with status %s", command[0], process.returncode)
        return False
    return True


def _command(controller: Any, url: str) -> list[str] | None:
    """Return what starts a browser; None if that is more than one command."""
    if isinstance(controller, webbrowser.GenericBrowser):
        return [*_program(controller.name), *(arg.replace("%s", url) for arg in controller.args)]
    if isinstance(controller, webbrowser.UnixBrowser):
        action = controller.remote_action or ""
        args = [arg.replace("%action", action).replace("%s", url) for arg in controller.remote_args]
        return [*_program(controller.name), *filter(None, args)]
    return None


def _program(name: str) -> list[str]:
    """Split a command such as ``firefox --private-window``; `webbrowser` takes it for one name."""
    if " " not in name or shutil.which(name):
        return [name]
    try:
        words = shlex.split(name, posix=os.name != "nt")
    except ValueError:
        return [name]
    return [word for word in words if word != "&"] or [name]


def _has_failed(process: subprocess.Popen[bytes], requested: threading.Event | None) -> bool:
    end = time.monotonic() + (_EARLY if requested else _EARLY_UNNOTICED)
    requested = requested or threading.Event()
    while time.monotonic() < end and not requested.wait(_LOOK):
        if process.poll() is not None:
            return process.returncode != 0
    return False
