"""What ``sso_login`` means in this process."""

from __future__ import annotations

from typing import Literal

__all__ = ["is_unattended", "meaning", "set_meaning", "set_unattended"]

meaning: Literal["wait", "auto", "never"] = "wait"
"""Commands do not wait: their user is at the terminal, or their caller has a timeout."""


def set_meaning(other: Literal["auto", "never"]) -> None:
    """Let ``wait`` mean something else in this process from now on."""
    global meaning  # noqa: PLW0603 - it is about the whole process
    meaning = other


is_unattended = False
"""Whether no call of this process asks a person to log in, for every value of ``sso_login``."""


def set_unattended() -> None:
    """Let no call of this process ask a person to log in from now on."""
    global is_unattended  # noqa: PLW0603 - it is about the whole process
    is_unattended = True
