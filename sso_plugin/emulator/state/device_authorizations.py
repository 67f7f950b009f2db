"""Device authorizations: the client shows a user code, the user approves it in a browser."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .service_errors import ServiceError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .registered_clients import Registration
    from .settings import Settings

__all__ = [
    "CodeError",
    "DeviceAuthorization",
    "DeviceAuthorizations",
    "Status",
    "normalize_user_code",
]

_LETTERS = "BCDFGHJKMNPQRSTVWXZ"
"""The letters of user codes: no vowels, so that no word appears; none that looks like a digit."""

_TOLERANCE = 0.1
"""Seconds by which a poll may be early, because timers of clients are not exact."""


class Status(Enum):
    """The status of a device authorization."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


@dataclass
class DeviceAuthorization:
    """One device authorization."""

    device_code: str = field(repr=False)
    user_code: str
    client_id: str
    expires_at: float
    interval: int
    status: Status = Status.PENDING
    user: str | None = None
    polled_at: float | None = None


class CodeError(LookupError):
    """A user code is unknown, has expired or was used."""


class DeviceAuthorizations:
    """All device authorizations, by device code and by user code."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._by_device_code: dict[str, DeviceAuthorization] = {}
        self._by_user_code: dict[str, DeviceAuthorization] = {}

    def start(self, client: Registration) -> DeviceAuthorization:
        """Start a device authorization."""
        device = DeviceAuthorization(
            device_code=secrets.token_urlsafe(48),
            user_code=_new_user_code(),
            client_id=client.client_id,
            expires_at=self._clock.now() + self._settings.device_code,
            interval=self._settings.poll_interval,
        )
        self._by_device_code[device.device_code] = device
        self._by_user_code[device.user_code] = device
        return device

    def pending(self) -> list[DeviceAuthorization]:
        """Return those that are neither approved nor denied, oldest first."""
        now = self._clock.now()
        return [
            each
            for each in self._by_user_code.values()
            if each.status is Status.PENDING and now < each.expires_at
        ]

    def decide(self, user_code: str, *, user: str | None) -> None:
        """Approve as a user; deny if the user is None."""
        device = self._by_user_code.get(normalize_user_code(user_code))
        if device is None:
            raise CodeError("This code is unknown.")

        if self._clock.now() >= device.expires_at:
            raise CodeError("This code has expired.")

        if device.status is not Status.PENDING:
            raise CodeError("This code has already been used.")

        device.user = user
        device.status = Status.APPROVED if user else Status.DENIED

    def redeem(self, client: Registration, device_code: str) -> str:
        """Return the user who approved. This works once.

        :raises ServiceError: before the approval, after a denial, or if the code is invalid.
        """
        device = self._by_device_code.get(device_code)
        if device is None or device.client_id != client.client_id or device.status is Status.USED:
            raise ServiceError("InvalidGrantException", "Invalid device code provided")

        if self._clock.now() >= device.expires_at:
            raise ServiceError("ExpiredTokenException", "Device code has expired")

        if device.status is Status.DENIED:
            raise ServiceError("AccessDeniedException", "The request was denied")

        if device.user is None:
            self._raise_pending(device)

        device.status = Status.USED
        return str(device.user)

    def _raise_pending(self, device: DeviceAuthorization) -> None:
        """Raise the error for a poll before the approval, or for one that comes too early."""
        now = self._clock.now()
        last, device.polled_at = device.polled_at, now
        if last is not None and now - last < device.interval - _TOLERANCE:
            raise ServiceError("SlowDownException", "Polling faster than the interval")

        raise ServiceError("AuthorizationPendingException", "The request has not been approved yet")


def normalize_user_code(user_code: str) -> str:
    """Return a user code in the form XXXX-XXXX. Case, spaces and dashes do not matter."""
    letters = "".join(each for each in user_code.upper() if each.isalpha())
    return f"{letters[:4]}-{letters[4:]}"


def _new_user_code() -> str:
    return normalize_user_code("".join(secrets.choice(_LETTERS) for _ in range(8)))
