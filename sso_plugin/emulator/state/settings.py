"""Lifetimes and limits, checked when they are set and changeable while the emulator runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

# "rotate" refuses a replay; "rotate-strict" takes it for theft and ends the whole sign-in.
STRICT = "rotate-strict"
ROTATING = ("rotate", STRICT)
REFRESH_TOKENS = ("reusable", *ROTATING, "off")


@dataclass
class Settings:
    """What an administrator of Identity Center could choose; durations in seconds.

    The last three are bad days: portal requests per second and user before it answers 429 (None:
    any number), what that answer says of when to come back, and by how much the `Date` header lies.
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
        """Refuse a name that does not exist and a value that makes no sense."""
        problem = _problem(name, value)
        if problem:
            raise ValueError(f"Setting {name!r}: {problem}, not {value!r}.")

        super().__setattr__(name, value)

    def update(self, changes: dict[str, Any]) -> None:
        """Change several settings, or none of them if one is wrong."""
        wanted = Settings(**asdict(self))
        for name, value in changes.items():
            setattr(wanted, name, value)

        self.copy_from(wanted)

    def copy_from(self, other: Settings) -> None:
        """Take over every value of `other`; the object stays the one that tests hold."""
        for name, value in asdict(other).items():
            setattr(self, name, value)

    def copy(self) -> Settings:
        """Return an independent twin."""
        return Settings(**asdict(self))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name, as the control interface shows them."""
        return asdict(self)


def _problem(name: str, value: object) -> str | None:
    """Say what is wrong with a value; None if nothing is."""
    names = [field.name for field in fields(Settings)]
    if name not in names:
        return f"there is no such setting; choose from {', '.join(names)}"

    if name == "refresh_tokens":
        choices = ", ".join(REFRESH_TOKENS)
        return None if value in REFRESH_TOKENS else f"must be one of {choices}"

    if value is None and name in _OPTIONAL:
        return None

    # Every other setting is a number; a bool only looks like one.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return "must be a number"

    return _out_of_range(name, value)


_OPTIONAL = ("requests_per_second", "retry_after")


def _out_of_range(name: str, value: float) -> str | None:
    if name == "page_size":
        return None if isinstance(value, int) and 1 <= value <= 100 else "must be 1 to 100"  # noqa: PLR2004 - the service's own limit

    if name == "poll_interval":
        return None if isinstance(value, int) and value >= 0 else "must be a whole number from 0"

    return None if value > 0 or name == "date_offset" else "must be greater than 0"
