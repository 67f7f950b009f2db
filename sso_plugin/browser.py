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

from .handover import hand_over_in_background
from .surroundings import is_text_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_in_browser", "open_without_secret", "start_browser"]

_logger = logging.getLogger(__name__)

_EARLY = 5.0
"""Seconds to wait for a browser to fail. xdg-open, for example, first tries several browsers."""

_LOOK = 0.05
"""Seconds between two looks at a browser that was just started."""

_NO_COMMAND = ("win32", "darwin", "cygwin")
"""Systems that open a page by a call, and have no command to start a browser with."""

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
    return bool(_PLAIN_URL.fullmatch(url)) and start_browser(url, threading.Event())


def start_browser(url: str, came: threading.Event) -> bool:
    """Start a browser with an address. Return False if none could be started.

    Its output is discarded. Returns as soon as the browser has requested the address or has ended,
    and at the latest after a few seconds.
    """
    names = _names()
    if not names or (sys.platform in _NO_COMMAND and "BROWSER" not in os.environ):
        return webbrowser.open(url) is not False
    return any(_start(controller, url, came) for controller in _controllers(names))


def _names() -> list[str]:
    """Return what `webbrowser` would try, in this order."""
    try:
        first = webbrowser.get()
    except (webbrowser.Error, ValueError):
        first = None
    # Not public, but the only way to know the second one.
    names = getattr(webbrowser, "_tryorder", None)
    return list(names or ([] if first is None else [_name(first)]))


def _controllers(names: list[str]) -> Iterator[Any]:
    for name in names:
        try:
            controller = webbrowser.get(name)
        except (webbrowser.Error, ValueError) as exc:
            _logger.info("Cannot use the browser %s: %s", name, exc)
            continue
        if not is_text_browser(_name(controller).split(" ")[0]):
            yield controller


def _name(controller: Any) -> str:
    # Those of macOS, and those that a program has registered, may have none.
    return str(getattr(controller, "name", ""))


def _start(controller: Any, url: str, came: threading.Event) -> bool:
    command = _command(controller, url)
    if command is None:
        return bool(controller.open(url))
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
    if _has_failed(process, came):
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
        words = shlex.split(name)
    except ValueError:
        return [name]
    return [word for word in words if word != "&"] or [name]


def _has_failed(process: subprocess.Popen[bytes], came: threading.Event) -> bool:
    end = time.monotonic() + _EARLY
    while time.monotonic() < end and not came.wait(_LOOK):
        if process.poll() is not None:
            return process.returncode != 0
    return False
