"""What the portal answers, as frozen values that show no secret."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Account", "DeviceAuthorization", "Grant", "Registration", "RoleKeys"]


@dataclass(frozen=True)
class Account:
    """An AWS account the user has a role in; ``account_id`` is 12 digits.

    Names need not be unique.
    """

    account_id: str
    name: str
    email: str


@dataclass(frozen=True)
class RoleKeys:
    """The answer of GetRoleCredentials; ``expires_at`` in epoch seconds."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class Registration:
    """The program as an OAuth client of one Identity Center; ``expires_at`` in epoch seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class DeviceAuthorization:
    """A login that waits for a person. ``expires_in`` and ``interval`` in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float


@dataclass(frozen=True)
class Grant:
    """The answer of CreateToken; ``expires_in`` in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float
