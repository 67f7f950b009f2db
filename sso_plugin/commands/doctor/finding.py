"""One thing that was looked at: how it is, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "ok", "problem", "warning"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    :param check: what was looked at: versions, hook, config, provider, files, network, clock,
        role.
    :param status: ``ok``, ``warning`` (works, but not as one may think) or ``problem``.
    :param mend: what to do about it; empty if there is nothing to do.
    """

    check: str
    status: str
    message: str
    mend: str = ""


def ok(check: str, message: str) -> Finding:
    """Return a finding of what is as it should be."""
    return Finding(check, "ok", message)


def warning(check: str, message: str, mend: str) -> Finding:
    """Return a finding of what works, but may surprise."""
    return Finding(check, "warning", message, mend)


def problem(check: str, message: str, mend: str) -> Finding:
    """Return a finding of what does not work."""
    return Finding(check, "problem", message, mend)
