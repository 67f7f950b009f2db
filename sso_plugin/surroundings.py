"""Where this program runs: whether a browser can be opened here, and a person can be told."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Surroundings"]

_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_CONTAINER = ("KUBERNETES_SERVICE_HOST", "container", "CODESPACES", "DEVCONTAINER")
_ALWAYS_A_DISPLAY = ("win32", "darwin", "cygwin")
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")


@dataclass(frozen=True)
class Surroundings:
    """What the environment says of the place.

    :param no_browser: why a browser login cannot work here, or None. A browser must be able to
        call back to this machine's loopback address, which one beyond an SSH connection, outside
        a container or on the Windows side of WSL cannot.
    :param terminal: whether stderr is a terminal, where a person can be spoken to.
    :param browser_set: whether ``BROWSER`` says how to open a page, wherever that is.
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
            browser_set=bool(environ.get("BROWSER")),
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
        and not some("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
