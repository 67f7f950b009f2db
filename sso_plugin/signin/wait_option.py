"""What ``sso_login = wait`` means in this process."""

from __future__ import annotations

from typing import Literal

__all__ = ["meaning", "set_meaning"]

meaning: Literal["wait", "auto", "never"] = "wait"
"""Commands do not wait: their user is at the terminal, or their caller has a timeout."""


def set_meaning(other: Literal["auto", "never"]) -> None:
    """Let ``wait`` mean something else in this process from now on."""
    global meaning  # noqa: PLW0603 - it is about the whole process
    meaning = other
