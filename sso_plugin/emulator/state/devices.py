"""Device authorizations: a code on one screen, approved by a person on another."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .errors import ServiceError

if TYPE_CHECKING:
    from .clients import Registration
    from .clock import Clock
    from .settings import Settings

# No vowels, so that no code reads as a word, and nothing that looks like a digit.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ"

# A client that sleeps exactly the interval must not be called too fast for its timer's sake.
_TOLERANCE = 0.1


class Status(Enum):
    """What became of a device authorization."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


@dataclass
class Device:
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
    """A user code cannot be decided on: it is wrong, expired or decided already."""


class Devices:
    """The device authorizations, found by either of their codes."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._by_device_code: dict[str, Device] = {}
        self._by_user_code: dict[str, Device] = {}

    def start(self, client: Registration) -> Device:
        """Hand out a pair of codes."""
        device = Device(
            device_code=secrets.token_urlsafe(48),
            user_code=_new_user_code(),
            client_id=client.client_id,
            expires_at=self._clock.now() + self._settings.device_code,
            interval=self._settings.poll_interval,
        )
        self._by_device_code[device.device_code] = device
        self._by_user_code[device.user_code] = device
        return device

    def pending(self) -> list[Device]:
        """Return those that wait for a decision, oldest first."""
        now = self._clock.now()
        return [
            each
            for each in self._by_user_code.values()
            if each.status is Status.PENDING and now < each.expires_at
        ]

    def decide(self, user_code: str, *, user: str | None) -> None:
        """Approve in the name of a user, or deny if there is none."""
        device = self._by_user_code.get(normalized(user_code))
        if device is None:
            raise CodeError("This code is not known.")

        if self._clock.now() >= device.expires_at:
            raise CodeError("This code has expired.")

        if device.status is not Status.PENDING:
            raise CodeError("This code has been used already.")

        device.user = user
        device.status = Status.APPROVED if user else Status.DENIED

    def redeem(self, client: Registration, device_code: str) -> str:
        """Return the user who approved, once; until then, refuse as the service does."""
        device = self._by_device_code.get(device_code)
        if device is None or device.client_id != client.client_id or device.status is Status.USED:
            raise ServiceError("InvalidGrantException", "Invalid device code provided")

        if self._clock.now() >= device.expires_at:
            raise ServiceError("ExpiredTokenException", "Device code has expired")

        if device.status is Status.DENIED:
            raise ServiceError("AccessDeniedException", "The request was denied")

        if device.user is None:
            self._refuse_for_now(device)

        device.status = Status.USED
        return str(device.user)

    def _refuse_for_now(self, device: Device) -> None:
        """Say that nobody has decided yet, or that the client asks too often."""
        now = self._clock.now()
        last, device.polled_at = device.polled_at, now
        if last is not None and now - last < device.interval - _TOLERANCE:
            raise ServiceError("SlowDownException", "Polling faster than the interval")

        raise ServiceError("AuthorizationPendingException", "Nobody has approved the request yet")


def normalized(user_code: str) -> str:
    """Return a code as it was handed out, however a person typed it."""
    letters = "".join(each for each in user_code.upper() if each.isalpha())
    return f"{letters[:4]}-{letters[4:]}"


def _new_user_code() -> str:
    return normalized("".join(secrets.choice(_LETTERS) for _ in range(8)))
