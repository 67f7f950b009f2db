"""The shell that ``sso-plugin exec`` starts if no command is given."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["find_shell"]


def find_shell(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Return the program in ``SHELL``, otherwise the shell that runs this command, otherwise sh.

    On a terminal it is interactive by itself.
    """
    path = environ.get("PATH")
    for name in (environ.get("SHELL", ""), _running_shell()):
        if found := shutil.which(name, path=path):
            return found
    return environ.get("COMSPEC", "cmd.exe") if platform == "win32" else "sh"


def _running_shell() -> str:
    import shellingham

    try:
        return str(shellingham.detect_shell()[1])
    except (OSError, RuntimeError, TypeError):
        # TypeError: shellingham expects that every process has a command line.
        return ""
