"""The exit codes of the commands, and the packages of the extra `cli`."""

from __future__ import annotations

__all__ = ["EXTRA_PACKAGES", "FAILED", "STOPPED", "USAGE_ERROR"]

FAILED = 1
USAGE_ERROR = 2
STOPPED = 130
"""By Ctrl-C: 128 and the number of SIGINT."""

EXTRA_PACKAGES = ("click", "rich", "shellingham")
"""What the commands import, except ``credential-process`` and ``--version``."""
