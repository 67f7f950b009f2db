"""Lines that set environment variables, for each kind of shell, and which shell that is."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHELLS", "assignments", "detect_shell", "recipe"]

SHELLS = ("bash", "zsh", "fish", "powershell")

_ALIASES = {"pwsh": "powershell"}

# What PowerShell takes for a single quote, typographic ones included.
_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")

_RECIPES = {
    "fish": "sso-plugin env {} | source",
    "powershell": "sso-plugin env {} | Out-String | Invoke-Expression",
}


def assignments(variables: Mapping[str, str | None], shell: str) -> str:
    """Return lines for the shell to read: they set the variables, and unset those that are None."""
    return "\n".join(_assignment(name, value, shell) for name, value in variables.items())


def recipe(shell: str, options: str = "...") -> str:
    """Return how the shell is made to read such lines."""
    return _RECIPES.get(shell, 'eval "$(sso-plugin env {})"').format(options)


def detect_shell(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    parent: int | None = None,
    proc: Path = Path("/proc"),
) -> str:
    """Return the shell that called, where the system tells; else the one in ``SHELL``.

    Where neither is known: PowerShell on Windows, bash elsewhere, whose lines every POSIX shell
    understands.
    """
    caller = _command_name(proc, os.getppid() if parent is None else parent)
    for name in (caller, Path(environ.get("SHELL", "")).name):
        known = _ALIASES.get(name, name)
        if known in SHELLS:
            return known
    return "powershell" if platform == "win32" else "bash"


def _command_name(proc: Path, process: int) -> str:
    try:
        return (proc / str(process) / "comm").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


_UNSET = {
    "fish": "set -e {};",
    "powershell": "Remove-Item -ErrorAction SilentlyContinue Env:{}",
}


def _assignment(name: str, value: str | None, shell: str) -> str:
    if value is None:
        return _UNSET.get(shell, "unset {}").format(name)
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}';"
    if shell == "powershell":
        doubled = _POWERSHELL_QUOTES.sub(r"\1\1", value)
        return f"$Env:{name} = '{doubled}'"
    # zsh takes =ls for the path of ls.
    quoted = f"'{value}'" if shlex.quote(value) == value and "=" in value else shlex.quote(value)
    return f"export {name}={quoted}"
