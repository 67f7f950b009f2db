"""Commands that set environment variables, for each shell, and the detection of the shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHELLS", "assignments", "check_value", "detect_shell", "load_command"]

SHELLS = ("bash", "zsh", "fish", "powershell", "cmd", "nushell")

_ALIASES = {
    "pwsh": "powershell",
    "nu": "nushell",
    **dict.fromkeys(("sh", "ash", "dash", "ksh"), "bash"),
}
"""Shells that run the commands for another shell."""

_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
"""The characters that PowerShell reads as a single quote, typographic ones included."""

_CMD_SPECIAL = re.compile(r"[%!&|<>^\x00-\x1f]")
"""Characters that cmd.exe expands or interprets, and for which it has no reliable quotes."""

_LOAD_COMMANDS = {
    "fish": "sso-plugin env {} | source",
    "powershell": "sso-plugin env {} | Out-String | Invoke-Expression",
    "cmd": "for /f \"delims=\" %i in ('sso-plugin env {}') do @%i",
    "nushell": "sso-plugin env {} | from json | load-env",
}

_UNSET = {
    "fish": "set -e {};",
    "powershell": "Remove-Item -ErrorAction SilentlyContinue Env:{}",
    "cmd": 'set "{}="',
}


def assignments(variables: Mapping[str, str | None], shell: str) -> str:
    """Return shell commands that set the variables, and unset those that are None.

    For nushell, which cannot run commands that it reads, they are an object for ``load-env``. It
    does not pass on a variable that is null.

    :raises ConfigError: if the shell has no quotes for a value.
    """
    if shell == "nushell":
        return json.dumps(variables, indent=2)
    return "\n".join(_assignment(name, value, shell) for name, value in variables.items())


def load_command(shell: str, options: str = "...") -> str:
    """Return the command that runs ``sso-plugin env`` and makes the shell run its output."""
    return _LOAD_COMMANDS.get(shell, 'eval "$(sso-plugin env {})"').format(options)


def check_value(name: str, value: str, reader: str, *, is_usable: bool) -> None:
    """Raise an error if a program could misread the value of a variable.

    :param reader: the shell or the format.
    """
    if not is_usable and value:
        # Imported here because it imports botocore, which the help does not need.
        from sso_plugin.errors import ConfigError

        raise ConfigError(
            subject=f"The value of {name}",
            problem=f"has characters that cannot be written for {reader}",
            fix="Use --format json.",
        )


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
    if shell == "cmd":
        check_value(name, value, "cmd", is_usable=not _CMD_SPECIAL.search(value))
        return f'set "{name}={value}"'
    # zsh expands =ls to the path of ls.
    quoted = f"'{value}'" if shlex.quote(value) == value and "=" in value else shlex.quote(value)
    return f"export {name}={quoted}"
