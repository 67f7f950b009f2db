"""The exit codes of the commands, and the packages of the extra that they need."""

from __future__ import annotations

__all__ = ["EXTRA", "FAILED", "STOPPED", "USAGE_ERROR"]

FAILED = 1
USAGE_ERROR = 2
STOPPED = 130
"""By Ctrl-C."""

EXTRA = ("click", "rich")
