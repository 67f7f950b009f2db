"""Variables in formats that programs read. Those of the AWS CLI have its names.

https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .shells import assignments, check_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .environment import Environment

__all__ = ["FORMATS", "PROCESS", "SHELL_FORMATS", "VALUE_FORMATS", "text_of", "values_text"]

SHELL_FORMATS = {"env": "bash", "powershell": "powershell", "windows-cmd": "cmd", "fish": "fish"}
"""Formats that are commands of a shell, and the shell."""

VALUE_FORMATS = ("env-no-export", "dotenv", "json")
"""Formats that are a list of values, which cannot unset a variable."""

PROCESS = "process"
"""The format of a credential process."""

FORMATS = (
    "env",
    "env-no-export",
    "powershell",
    "windows-cmd",
    "fish",
    PROCESS,
    "dotenv",
    "json",
)

_PLAIN = re.compile(r"(?!=)(?!.*:=)[\w./+:@=,-]*", re.ASCII)
"""A value that needs no quotes in a shell or a list. zsh expands ``=ls`` and ``:=ls``."""

_QUOTABLE = re.compile(r"[^'\\$`\x00-\x1f\x7f]*")
"""A value that each reader of a dotenv file reads unchanged in single quotes."""


def text_of(environment: Environment, shell: str | None, format_name: str | None) -> str:
    """Return credentials as commands of a shell, or in a format.

    :param shell: None for a format that is not for a shell.
    :raises ConfigError: if a value cannot be written in the format.
    """
    if shell:
        return assignments(environment.switch, shell)
    if format_name == PROCESS:
        return json.dumps({"Version": 1, **environment.document})
    return values_text(environment.values, str(format_name))


def values_text(variables: Mapping[str, str | None], format_name: str) -> str:
    """Return variables in one of `VALUE_FORMATS`, without those that are None.

    :raises ConfigError: if a value cannot be written in the format.
    """
    values = {name: value for name, value in variables.items() if value is not None}
    if format_name == "json":
        return json.dumps(values, indent=2)
    return "\n".join(f"{name}={_word(name, value, format_name)}" for name, value in values.items())


def _word(name: str, value: str, format_name: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    is_usable = format_name == "dotenv" and bool(_QUOTABLE.fullmatch(value))
    check_value(name, value, format_name, is_usable=is_usable)
    return f"'{value}'"
