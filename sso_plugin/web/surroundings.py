"""Where this program runs: whether a browser can be opened here, and a person can be told."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Surroundings", "is_text_browser"]

_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_CONTAINER = ("KUBERNETES_SERVICE_HOST", "container", "CODESPACES", "DEVCONTAINER")
_ALWAYS_A_DISPLAY = ("win32", "darwin", "cygwin")
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_TEXT_BROWSERS = ("browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser")


@dataclass(frozen=True)
class Surroundings:
    """What the environment says of the place.

    :param no_browser: why a browser login cannot work here, or None. A browser must be able to
        call back to this machine's loopback address, which one beyond an SSH connection, outside
        a container or on the Windows side of WSL cannot.
    :param terminal: whether stderr is a terminal, where a person can be spoken to.
    :param browser_set: whether ``BROWSER`` says how to open a page, wherever that is. Text
        browsers do not count: they need the terminal, and cannot show the pages of a login.
    """

    no_browser: str | None
    terminal: bool
    browser_set: bool = False

    @property
    def can_open(self) -> bool:
        """Whether a page can be opened for the person, on this machine or another."""
        return self.browser_set or self.no_browser is None

    @classmethod
    def detect(
        cls,
        environ: Mapping[str, str] = os.environ,
        platform: str = sys.platform,
        stream: TextIO | None = None,
        root: Path = Path("/"),
    ) -> Surroundings:
        """Look around."""
        stream = sys.stderr if stream is None else stream
        return cls(
            no_browser=_why_no_browser(environ, platform, root),
            terminal=bool(stream and stream.isatty()),
            browser_set=_is_browser_set(environ),
        )


def _why_no_browser(environ: Mapping[str, str], platform: str, root: Path) -> str | None:
    def some(*names: str) -> bool:
        return any(environ.get(name) for name in names)

    container_file = any((root / name.lstrip("/")).exists() for name in _CONTAINER_FILES)
    reasons = {
        "this is an SSH connection": some(*_REMOTE),
        "this is a container": some(*_CONTAINER) or container_file,
        "this is a CI job": some("CI"),
        "this is WSL": some("WSL_DISTRO_NAME", "WSL_INTEROP"),
        "there is no display": platform not in _ALWAYS_A_DISPLAY
        and not some("DISPLAY", "WAYLAND_DISPLAY")
        and not _is_browser_set(environ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def is_text_browser(program: str) -> bool:
    """Return whether a program, given by its name or path, is a browser for the terminal."""
    paths = (program, os.path.realpath(shutil.which(program) or program))
    names = (Path(path).name.lower().removesuffix(".exe") for path in paths)
    return any(name in _TEXT_BROWSERS for name in names)


def _is_browser_set(environ: Mapping[str, str]) -> bool:
    commands = (command.split() for command in environ.get("BROWSER", "").split(os.pathsep))
    return any(words and not is_text_browser(words[0]) for words in commands)
