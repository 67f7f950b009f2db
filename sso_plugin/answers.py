"""What the portal answers, as frozen values that show no secret.

Each is read from the answer by ``of``, which raises a KeyError, a TypeError or a ValueError if
that is not what the service promises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Account", "DeviceAuthorization", "Grant", "Registration", "RoleKeys"]

_END_OF_TIME = 253402300799
"""The last second of the year 9999: no timestamp can be later."""

_LONGEST = 10 * 366 * 86400
"""Seconds; nothing that a portal grants lives longer than ten years."""


@dataclass(frozen=True)
class Account:
    """An AWS account the user has a role in; ``account_id`` is 12 digits.

    Names need not be unique.
    """

    account_id: str
    name: str
    email: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Account:
        """Read one of the accounts that ListAccounts names."""
        name, email = answer.get("accountName", ""), answer.get("emailAddress", "")
        return cls(answer["accountId"], name, email)


@dataclass(frozen=True)
class RoleKeys:
    """The answer of GetRoleCredentials; ``expires_at`` in epoch seconds."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> RoleKeys:
        """Read the answer, which counts in milliseconds."""
        keys = answer["roleCredentials"]
        return cls(
            keys["accessKeyId"],
            keys["secretAccessKey"],
            keys["sessionToken"],
            _seconds(keys["expiration"] / 1000, _END_OF_TIME),
        )


@dataclass(frozen=True)
class Registration:
    """The program as an OAuth client of one Identity Center; ``expires_at`` in epoch seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Registration:
        """Read the answer of RegisterClient."""
        expires_at = _seconds(answer["clientSecretExpiresAt"], _END_OF_TIME)
        return cls(answer["clientId"], answer["clientSecret"], expires_at)


@dataclass(frozen=True)
class DeviceAuthorization:
    """A login that waits for a person. ``expires_in`` and ``interval`` in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DeviceAuthorization:
        """Read the answer of StartDeviceAuthorization; RFC 8628 gives the default interval."""
        return cls(
            device_code=answer["deviceCode"],
            user_code=answer["userCode"],
            verification_uri=answer["verificationUri"],
            verification_uri_complete=answer["verificationUriComplete"],
            expires_in=_seconds(answer["expiresIn"], _LONGEST),
            interval=_seconds(answer.get("interval", 5), _LONGEST),
        )


@dataclass(frozen=True)
class Grant:
    """The answer of CreateToken; ``expires_in`` in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Grant:
        """Read the answer, in which the refresh token is optional."""
        expires_in = _seconds(answer["expiresIn"], _LONGEST)
        return cls(answer["accessToken"], answer.get("refreshToken"), expires_in)


def _seconds(value: float, longest: float) -> float:
    if not 0 <= value <= longest:
        raise ValueError("this is no time that a portal can mean")
    return value
