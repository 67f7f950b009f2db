"""Lifetimes and limits. They can be changed while the emulator runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

__all__ = ["REFRESH_TOKENS", "ROTATING", "STRICT", "Settings"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

STRICT = "rotate-strict"
"""A second use of a refresh token revokes the sign-in (replay detection)."""

ROTATING = ("rotate", STRICT)
"""Each refresh token works once, and a refresh returns the next one."""

REFRESH_TOKENS = ("reusable", *ROTATING, "off")
"""The values of `Settings.refresh_tokens`."""

_OPTIONAL = ("requests_per_second", "retry_after")
"""The settings that can be None."""


@dataclass
class Settings:
    """What an administrator of Identity Center can choose, and ways to disturb clients.

    Durations are in seconds. The last three disturb clients. `requests_per_second` of one user are
    served before the portal throttles with 429; None is no limit. That response has `retry_after`
    as its header. `date_offset` is added to every `Date` header.
    """

    access_token: float = 8 * _HOUR
    role_credentials: float = _HOUR
    registration: float = 90 * _DAY
    device_code: float = 10 * _MINUTE
    authorization_code: float = 10 * _MINUTE
    poll_interval: int = 5
    refresh_token: float = 7 * _DAY
    refresh_tokens: str = "reusable"
    page_size: int = 100
    requests_per_second: float | None = None
    retry_after: float | None = None
    date_offset: float = 0.0

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a value. Raises ValueError if name or value is invalid."""
        names = [field.name for field in fields(Settings)]
        if name not in names:
            raise ValueError(f"There is no setting {name!r}. Choose from {', '.join(names)}.")

        problem = _problem(name, value)
        if problem:
            raise ValueError(f"Setting {name!r}: {problem}, not {value!r}.")

        super().__setattr__(name, value)

    def update(self, changes: dict[str, Any]) -> None:
        """Change several settings. If one is invalid, change none."""
        changed = Settings(**asdict(self))
        for name, value in changes.items():
            setattr(changed, name, value)

        self.copy_from(changed)

    def copy_from(self, other: Settings) -> None:
        """Set every value to that of `other`. Tests keep their reference to this object."""
        for name, value in asdict(other).items():
            setattr(self, name, value)

    def copy(self) -> Settings:
        """Return an independent copy."""
        return Settings(**asdict(self))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)


def _problem(name: str, value: object) -> str | None:
    """Return what is wrong with a value; None if it is valid."""
    if name == "refresh_tokens":
        choices = ", ".join(REFRESH_TOKENS)
        return None if value in REFRESH_TOKENS else f"must be one of {choices}"

    if value is None and name in _OPTIONAL:
        return None

    # Every other setting is a number. bool is a subclass of int.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return "must be a number"

    return _out_of_range(name, value)


def _out_of_range(name: str, value: float) -> str | None:
    if name == "page_size":
        return None if isinstance(value, int) and 1 <= value <= 100 else "must be 1 to 100"  # noqa: PLR2004 - the limit of AWS

    if name == "poll_interval":
        return None if isinstance(value, int) and value >= 0 else "must be a whole number from 0"

    return None if value > 0 or name == "date_offset" else "must be greater than 0"
