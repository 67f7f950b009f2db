"""Starts ``sso-plugin exec`` with a Python program as its child."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(sys.path)}


def python(code: str, *arguments: str) -> list[str]:
    """Return the command that runs a Python program."""
    return [sys.executable, "-c", code, *arguments]


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start ``sso-plugin exec`` with pipes for its output."""
    return subprocess.Popen(
        [sys.executable, "-m", "sso_plugin", "exec", *arguments],
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
