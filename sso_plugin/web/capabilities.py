"""What this machine offers for a login: a browser that can call back, and where a person reads.

Not called "environment", which in this package means environment variables.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .kernel import find_kernel_shell
from .terminal import is_background, is_foreground, is_open, is_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Capabilities", "is_text_browser"]

_SSH_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_CONTAINER_VARIABLES = ("KUBERNETES_SERVICE_HOST", "container", "CODESPACES", "DEVCONTAINER")
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
"""Docker and Podman create these; they set no variable by themselves."""

_JUPYTERHUB_VARIABLES = ("JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_USER")
_SAGEMAKER_VARIABLES = ("SAGEMAKER_APP_TYPE", "SAGEMAKER_INTERNAL_IMAGE_URI")

_PLATFORMS_WITH_DISPLAY = ("win32", "darwin", "cygwin")
"""Values of `sys.platform` where a display needs no variable."""

_TEXT_BROWSERS = ("browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser")


@dataclass(frozen=True)
class Capabilities:
    """Whether a browser can be opened here, and whether a prompt would be seen.

    :param no_browser: why a browser login cannot work here, or None. The browser must be able to
        reach this machine's loopback address. It cannot if it runs beyond an SSH connection,
        outside a container, or on the Windows side of WSL.
    :param has_terminal: whether stderr is a terminal where a person may read: not that of a shell
        that has put this process in the background.
    :param browser_is_set: whether ``BROWSER`` names a command that opens a page, on this machine
        or another. Text browsers do not count: they need the terminal, and cannot show the pages
        of a login.
    :param has_stderr: whether there is an open stderr, of any kind.
    :param has_tty: whether this process is in the foreground of its terminal, so that a prompt is
        seen there even if stderr is not the terminal.
    :param is_background: whether this process is in the background of its terminal.
    :param has_notebook: whether this process is an IPython kernel, which shows a prompt in the
        notebook.
    """

    no_browser: str | None
    has_terminal: bool
    browser_is_set: bool = False
    has_stderr: bool = True
    has_tty: bool = False
    is_background: bool = False
    has_notebook: bool = False

    @property
    def can_open_browser(self) -> bool:
        """Whether a page can be opened for the user, on this machine or another."""
        return self.browser_is_set or self.no_browser is None

    @property
    def no_terminal(self) -> str | None:
        """Why no terminal shows a prompt here, or None."""
        if self.has_terminal or self.has_tty:
            return None
        return "this is a background job" if self.is_background else "there is no terminal"

    @classmethod
    def detect(
        cls,
        environ: Mapping[str, str] = os.environ,
        platform: str = sys.platform,
        stream: TextIO | None = None,
        root: Path = Path("/"),
    ) -> Capabilities:
        """Detect them from environment variables, the platform, stderr and marker files."""
        stream = sys.stderr if stream is None else stream
        foreground = is_foreground()
        return cls(
            no_browser=_why_no_browser(environ, platform, root),
            has_terminal=is_terminal(stream) and not is_background(stream),
            browser_is_set=_is_browser_set(environ),
            has_stderr=is_open(stream),
            has_tty=foreground is True,
            is_background=foreground is False,
            has_notebook=find_kernel_shell() is not None,
        )


def _why_no_browser(environ: Mapping[str, str], platform: str, root: Path) -> str | None:
    def is_any_set(*names: str) -> bool:
        return any(environ.get(name) for name in names)

    container_file = any((root / name.lstrip("/")).exists() for name in _CONTAINER_FILES)
    reasons = {
        "this is JupyterHub": is_any_set(*_JUPYTERHUB_VARIABLES),
        "this is SageMaker": is_any_set(*_SAGEMAKER_VARIABLES),
        "this is an SSH connection": is_any_set(*_SSH_VARIABLES),
        "this is a container": is_any_set(*_CONTAINER_VARIABLES) or container_file,
        "this is a CI job": is_any_set("CI"),
        "this is WSL": is_any_set("WSL_DISTRO_NAME", "WSL_INTEROP"),
        "there is no display": platform not in _PLATFORMS_WITH_DISPLAY
        and not is_any_set("DISPLAY", "WAYLAND_DISPLAY")
        and not _is_browser_set(environ),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def is_text_browser(program: str) -> bool:
    """Return whether a program, given by its name or path, is a browser for the terminal."""
    paths = (program, os.path.realpath(shutil.which(program) or program))
    names = (Path(path).name.lower().removesuffix(".exe") for path in paths)
    return any(name in _TEXT_BROWSERS for name in names)


def _is_browser_set(environ: Mapping[str, str]) -> bool:
    commands = (command.split() for command in environ.get("BROWSER", "").split(os.pathsep))
    return any(words and not is_text_browser(words[0]) for words in commands)
