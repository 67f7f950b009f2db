"""What the portal answers, validated, as frozen values that show no secret.

Each is read from the answer by ``of``, which raises `InvalidResponseError` for an invalid value:
another type, an impossible number, or characters that the value cannot have. Such a value could
otherwise get into a config file or control a terminal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.credentials import ReadOnlyCredentials

from ..printable import has_controls, one_line
from ..timestamps import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Account",
    "DeviceAuthorization",
    "Grant",
    "InvalidResponseError",
    "Registration",
    "is_account_id",
    "read_page_token",
    "read_role_credentials",
    "read_role_name",
]

_LONGEST = 10 * 366 * 86400
"""Seconds; nothing that a portal grants lives longer than ten years."""

_LONGEST_TEXT = 4096
_LONGEST_SECRET = 65536
_LONGEST_SHOWN = 60
"""Characters of a value from elsewhere in a message."""

_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 1.0, 60.0
"""Seconds between two polls: bounds for what the portal asks for."""

_LONGEST_LOGIN = 3600.0
"""Seconds until a device code expires, at most. Ten minutes are usual."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")


class InvalidResponseError(ValueError):
    """A value of an answer is not valid. The message names it, and is one clean line."""


@dataclass(frozen=True)
class Account:
    """An AWS account the user has a role in; ``account_id`` is 12 digits.

    Names need not be unique. Neither name nor email has control characters.
    """

    account_id: str
    name: str
    email: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Account:
        """Read one of the accounts that ListAccounts names."""
        account_id = _matching(_ACCOUNT_ID, answer, "accountId", "12 digits")
        name, email = (_line(answer, key) for key in ("accountName", "emailAddress"))
        return cls(account_id, name, email)


def is_account_id(text: str) -> bool:
    """Tell whether a text is the id of an account."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def read_role_credentials(answer: Mapping[str, Any]) -> tuple[ReadOnlyCredentials, float]:
    """Read the answer of GetRoleCredentials: credentials, and when they expire in epoch seconds."""
    held = answer.get("roleCredentials") or {}
    names = ("accessKeyId", "secretAccessKey", "sessionToken")
    expires_at = _number(held, "expiration", 1000 * END_OF_TIME) / 1000
    return ReadOnlyCredentials(*[_secret(held, name) for name in names]), expires_at


def read_role_name(answer: Mapping[str, Any]) -> str:
    """Read the name of one of the roles that ListAccountRoles names, as IAM allows it."""
    return _matching(_ROLE_NAME, answer, "roleName", "the name of a role")


def read_page_token(answer: Mapping[str, Any]) -> str | None:
    """Read the token of the next page; None on the last one."""
    return _line(answer, "nextToken", _LONGEST_SECRET) or None


@dataclass(frozen=True)
class Registration:
    """The program as an OAuth client of one Identity Center; ``expires_at`` in epoch seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Registration:
        """Read the answer of RegisterClient."""
        return cls(
            _secret(answer, "clientId"),
            _secret(answer, "clientSecret"),
            _number(answer, "clientSecretExpiresAt", END_OF_TIME),
        )


@dataclass(frozen=True)
class DeviceAuthorization:
    """A login that waits for a person. ``expires_in`` and ``interval`` in seconds.

    The user code and the addresses are clean lines, which may be shown. Whether an address may be
    opened is another question.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DeviceAuthorization:
        """Read the answer of StartDeviceAuthorization; RFC 8628 gives the default interval."""
        page = _shown(answer, "verificationUri")
        complete = answer.get("verificationUriComplete")
        interval = _number({"interval": 5, **answer}, "interval", _LONGEST)
        return cls(
            device_code=_secret(answer, "deviceCode"),
            user_code=_shown(answer, "userCode"),
            verification_uri=page,
            verification_uri_complete=_shown(answer, "verificationUriComplete")
            if complete
            else page,
            expires_in=min(_number(answer, "expiresIn", _LONGEST), _LONGEST_LOGIN),
            interval=min(max(_SHORTEST_INTERVAL, interval), _LONGEST_INTERVAL),
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
        refresh_token = _secret(answer, "refreshToken") if answer.get("refreshToken") else None
        expires_in = _number(answer, "expiresIn", _LONGEST)
        return cls(_secret(answer, "accessToken"), refresh_token, expires_in)


def _text(answer: Mapping[str, Any], key: str, longest: int = _LONGEST_TEXT) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidResponseError(
            f"{key} is {'missing' if value in (None, '') else 'not a string'}"
        )
    if len(value) > longest:
        raise InvalidResponseError(f"{key} has more than {longest} characters")
    return value


def _line(answer: Mapping[str, Any], key: str, longest: int = _LONGEST_TEXT) -> str:
    """Read a text that may be missing."""
    value = "" if answer.get(key) in (None, "") else _text(answer, key, longest)
    if has_controls(value):
        raise InvalidResponseError(f"{key} has control characters ({_quoted(value)})")
    return value


def _shown(answer: Mapping[str, Any], key: str) -> str:
    return one_line(_text(answer, key))


def _matching(pattern: re.Pattern[str], answer: Mapping[str, Any], key: str, what: str) -> str:
    value = _text(answer, key)
    if not pattern.fullmatch(value):
        raise InvalidResponseError(f"{key} is not {what} ({_quoted(value)})")
    return value


def _secret(answer: Mapping[str, Any], key: str) -> str:
    """Read what can be a part of a header. It is in no message."""
    value = _text(answer, key, _LONGEST_SECRET)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidResponseError(f"{key} has characters that a header cannot have")
    return value


def _number(answer: Mapping[str, Any], key: str, most: float) -> float:
    value = answer.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidResponseError(f"{key} is {'missing' if value is None else 'not a number'}")
    if not 0 <= value <= most:
        raise InvalidResponseError(f"{key} is not a possible number")
    return float(value)


def _quoted(value: str) -> str:
    return f'"{one_line(value, _LONGEST_SHOWN)}"'
