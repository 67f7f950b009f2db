"""The responses of the portal, validated, as frozen values whose repr has no secret.

Each is read by ``of``, which raises `InvalidResponseError` for an invalid value: a wrong type, an
impossible number, or characters that are not allowed. Otherwise such a value could get into a
config file or control a terminal.
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

_MAX_SECONDS = 10 * 366 * 86400
"""Ten years: nothing that a portal grants is valid for longer."""

_MAX_TEXT = 4096
_MAX_SECRET = 65536
"""Characters. Real values are much shorter."""

_MAX_QUOTED = 60
"""Characters of an invalid value that a message quotes."""

_MIN_INTERVAL, _MAX_INTERVAL = 1.0, 60.0
"""Seconds between two polls: limits for the interval that the portal asks for."""

_MAX_LOGIN = 3600.0
"""Seconds until a device code expires, at most. Ten minutes are usual."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")


class InvalidResponseError(ValueError):
    """A value of a response is not valid. The message names it, and is one clean line."""


@dataclass(frozen=True)
class Account:
    """An AWS account the user has a role in; ``account_id`` is 12 digits.

    Names need not be unique. Neither name nor email has control characters.
    """

    account_id: str
    name: str
    email: str

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Account:
        """Read an entry of ``accountList``, from ListAccounts."""
        account_id = _text_matching(_ACCOUNT_ID, response, "accountId", "12 digits")
        name, email = (_line(response, key) for key in ("accountName", "emailAddress"))
        return cls(account_id, name, email)


def is_account_id(text: str) -> bool:
    """Return whether a text is an account ID."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def read_role_credentials(response: Mapping[str, Any]) -> tuple[ReadOnlyCredentials, float]:
    """Read the response of GetRoleCredentials; the expiration is in epoch seconds."""
    held = response.get("roleCredentials") or {}
    names = ("accessKeyId", "secretAccessKey", "sessionToken")
    expires_at = _number(held, "expiration", 1000 * END_OF_TIME) / 1000
    return ReadOnlyCredentials(*[_secret(held, name) for name in names]), expires_at


def read_role_name(response: Mapping[str, Any]) -> str:
    """Read an entry of ``roleList``, from ListAccountRoles; IAM defines which names are valid."""
    return _text_matching(_ROLE_NAME, response, "roleName", "the name of a role")


def read_page_token(response: Mapping[str, Any]) -> str | None:
    """Read the token of the next page; None on the last one."""
    return _line(response, "nextToken", _MAX_SECRET) or None


@dataclass(frozen=True)
class Registration:
    """The OAuth client that this program is registered as; ``expires_at`` in epoch seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Registration:
        """Read the response of RegisterClient."""
        return cls(
            _secret(response, "clientId"),
            _secret(response, "clientSecret"),
            _number(response, "clientSecretExpiresAt", END_OF_TIME),
        )


@dataclass(frozen=True)
class DeviceAuthorization:
    """A login that the user has to approve. ``expires_in`` and ``interval`` are in seconds.

    The user code and the addresses are clean lines that may be shown. The caller has to check an
    address before opening it.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> DeviceAuthorization:
        """Read the response of StartDeviceAuthorization.

        The default interval is that of RFC 8628, section 3.2:
        https://www.rfc-editor.org/rfc/rfc8628#section-3.2
        """
        page = _shown_text(response, "verificationUri")
        complete = response.get("verificationUriComplete")
        interval = _number({"interval": 5, **response}, "interval", _MAX_SECONDS)
        return cls(
            device_code=_secret(response, "deviceCode"),
            user_code=_shown_text(response, "userCode"),
            verification_uri=page,
            verification_uri_complete=_shown_text(response, "verificationUriComplete")
            if complete
            else page,
            expires_in=min(_number(response, "expiresIn", _MAX_SECONDS), _MAX_LOGIN),
            interval=min(max(_MIN_INTERVAL, interval), _MAX_INTERVAL),
        )


@dataclass(frozen=True)
class Grant:
    """The tokens that CreateToken returns; ``expires_in`` in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Grant:
        """Read the response of CreateToken, in which the refresh token is optional."""
        refresh_token = _secret(response, "refreshToken") if response.get("refreshToken") else None
        expires_in = _number(response, "expiresIn", _MAX_SECONDS)
        return cls(_secret(response, "accessToken"), refresh_token, expires_in)


def _text(response: Mapping[str, Any], key: str, limit: int = _MAX_TEXT) -> str:
    value = response.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidResponseError(
            f"{key} is {'missing' if value in (None, '') else 'not a string'}"
        )
    if len(value) > limit:
        raise InvalidResponseError(f"{key} has more than {limit} characters")
    return value


def _line(response: Mapping[str, Any], key: str, limit: int = _MAX_TEXT) -> str:
    """Read an optional text of one line."""
    value = "" if response.get(key) in (None, "") else _text(response, key, limit)
    if has_controls(value):
        raise InvalidResponseError(f"{key} has control characters ({_quoted(value)})")
    return value


def _shown_text(response: Mapping[str, Any], key: str) -> str:
    return one_line(_text(response, key))


def _text_matching(
    pattern: re.Pattern[str], response: Mapping[str, Any], key: str, what: str
) -> str:
    value = _text(response, key)
    if not pattern.fullmatch(value):
        raise InvalidResponseError(f"{key} is not {what} ({_quoted(value)})")
    return value


def _secret(response: Mapping[str, Any], key: str) -> str:
    """Read a value that has to be valid in a header. No message quotes it."""
    value = _text(response, key, _MAX_SECRET)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidResponseError(f"{key} has characters that a header cannot have")
    return value


def _number(response: Mapping[str, Any], key: str, limit: float) -> float:
    value = response.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidResponseError(f"{key} is {'missing' if value is None else 'not a number'}")
    if not 0 <= value <= limit:
        raise InvalidResponseError(f"{key} is not a possible number")
    return float(value)


def _quoted(value: str) -> str:
    return f'"{one_line(value, _MAX_QUOTED)}"'
