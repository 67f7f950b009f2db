"""The result of one check: what was found, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_plugin.errors import SsoPluginError

__all__ = ["Finding", "ok", "problem", "warning", "without_fix"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    :param check: its subject: versions, hook, config, provider, key, store, files,
        network, clock or role.
    :param status: ``ok``, ``warning`` (works, but maybe not as expected) or ``problem``.
    :param fix: a command or an instruction; empty if the status is ``ok``.
    """

    check: str
    status: str
    message: str
    fix: str = ""


def ok(check: str, message: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(check, "ok", message)


def warning(check: str, message: str, fix: str) -> Finding:
    """Return a finding about something that works, but maybe not as expected."""
    return Finding(check, "warning", message, fix)


def problem(check: str, message: str, fix: str) -> Finding:
    """Return a finding about something that does not work."""
    return Finding(check, "problem", message, fix)


def without_fix(exc: SsoPluginError) -> str:
    """Return the message of an error without its fix, since a finding has its own."""
    return f"{str(exc).removesuffix(exc.fix).rstrip(' .')}."
