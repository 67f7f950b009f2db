"""Commands that set environment variables, for each shell, and the detection of the shell."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHELLS", "assignments", "detect_shell", "load_command"]

SHELLS = ("bash", "zsh", "fish", "powershell")

_ALIASES = {"pwsh": "powershell", **dict.fromkeys(("sh", "ash", "dash", "ksh"), "bash")}
"""Shells that run the commands for another shell."""

_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
"""The characters that PowerShell reads as a single quote, typographic ones included."""

_LOAD_COMMANDS = {
    "fish": "sso-plugin env {} | source",
    "powershell": "sso-plugin env {} | Out-String | Invoke-Expression",
}

_UNSET = {
    "fish": "set -e {};",
    "powershell": "Remove-Item -ErrorAction SilentlyContinue Env:{}",
}


def assignments(variables: Mapping[str, str | None], shell: str) -> str:
    """Return shell commands that set the variables, and unset those that are None."""
    return "\n".join(_assignment(name, value, shell) for name, value in variables.items())


def load_command(shell: str, options: str = "...") -> str:
    """Return the command that runs ``sso-plugin env`` and makes the shell run its output."""
    return _LOAD_COMMANDS.get(shell, 'eval "$(sso-plugin env {})"').format(options)


def detect_shell(
    environ: Mapping[str, str] = os.environ, platform: str = sys.platform, parent: int | None = None
) -> str:
    """Return the shell that runs this command; if it is not known, the one in ``SHELL``.

    Without both: PowerShell on Windows, and bash elsewhere, whose commands work in any POSIX shell.
    """
    parent_name = _shell_of(os.getppid() if parent is None else parent)
    for name in (parent_name, Path(environ.get("SHELL", "")).name):
        shell = _ALIASES.get(name, name)
        if shell in SHELLS:
            return shell
    return "powershell" if platform == "win32" else "bash"


def _shell_of(process: int) -> str:
    """Return the name of the shell that a process is; empty if it is not a shell."""
    import shellingham

    # For a login shell, such as "-fish", shellingham returns SHELL, which may be another shell.
    variable = os.environ.pop("SHELL", None)
    try:
        # Only the process itself: a shell further up does not read our output.
        return str(shellingham.detect_shell(process, max_depth=1)[0])
    except (OSError, RuntimeError, TypeError):
        # TypeError: shellingham expects that every process has a command line.
        return ""
    finally:
        if variable is not None:
            os.environ["SHELL"] = variable


def _assignment(name: str, value: str | None, shell: str) -> str:
    if value is None:
        return _UNSET.get(shell, "unset {}").format(name)
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}';"
    if shell == "powershell":
        doubled = _POWERSHELL_QUOTES.sub(r"\1\1", value)
        return f"$Env:{name} = '{doubled}'"
    # zsh expands =ls to the path of ls.
    quoted = f"'{value}'" if shlex.quote(value) == value and "=" in value else shlex.quote(value)
    return f"export {name}={quoted}"
