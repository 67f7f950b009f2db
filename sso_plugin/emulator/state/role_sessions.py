"""The role credentials that the portal and AssumeRole have issued."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .service_errors import ServiceError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .identities import Role
    from .organization import Organization

__all__ = ["Caller", "RoleCredentials", "RoleSessions"]

_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_MIN_DURATION, _MAX_DURATION = 900, 3600
"""The limits of AWS for DurationSeconds of a chained role."""


@dataclass(frozen=True)
class Caller:
    """The identity behind role credentials."""

    partition: str
    account_id: str
    role: str
    session_name: str

    @property
    def arn(self) -> str:
        """The ARN that GetCallerIdentity returns."""
        name = f"assumed-role/{self.role}/{self.session_name}"
        return f"arn:{self.partition}:sts::{self.account_id}:{name}"

    @property
    def user_id(self) -> str:
        """The id of the role and the name of the session."""
        return f"AROA{_digest(self.account_id, self.role)[:17].upper()}:{self.session_name}"


@dataclass(frozen=True)
class RoleCredentials:
    """The four values of role credentials, and their caller."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float
    caller: Caller


class RoleSessions:
    """All role credentials that were issued, by access key."""

    def __init__(self, organization: Organization, clock: Clock) -> None:
        self._clock = clock
        self._partition = organization.partition
        self._roles = {(role.account_id, role.name): role for role in organization.roles}
        self._issued: dict[str, RoleCredentials] = {}

    def find(self, access_key_id: str) -> RoleCredentials | None:
        """Return the credentials with this access key, valid or expired."""
        return self._issued.get(access_key_id)

    def for_user(self, user: str, account_id: str, role: str, lifetime: float) -> RoleCredentials:
        """Issue credentials for the role that Identity Center creates for a permission set."""
        name = f"AWSReservedSSO_{role}_{_digest(account_id, role)[:16]}"
        return self._issue(Caller(self._partition, account_id, name, user), lifetime)

    def assume(
        self, caller: Caller, role_arn: str, session_name: str, seconds: int
    ) -> RoleCredentials:
        """Issue credentials for an IAM role to a caller.

        :raises ServiceError: if a parameter is invalid, or the role does not trust the caller.
        """
        if not _MIN_DURATION <= seconds <= _MAX_DURATION:
            raise ServiceError("ValidationError", _duration_message(seconds))

        if not _SESSION_NAME.fullmatch(session_name):
            raise ServiceError(
                "ValidationError", f"{session_name!r} is not a valid role session name"
            )

        role = self._role(role_arn)
        if role is None or (role.trusts and caller.account_id not in role.trusts):
            action = f"is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            raise ServiceError("AccessDenied", f"User: {caller.arn} {action}")

        return self._issue(
            Caller(self._partition, role.account_id, role.name, session_name), seconds
        )

    def _role(self, arn: str) -> Role | None:
        """Return a role; None if there is none. AWS reports a missing role as access denied."""
        match = _ROLE_ARN.fullmatch(arn)
        if not match:
            raise ServiceError("ValidationError", f"{arn} is invalid")

        return self._roles.get((match["account"], match["name"]))

    def _issue(self, caller: Caller, lifetime: float) -> RoleCredentials:
        credentials = RoleCredentials(
            access_key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
            secret_access_key=base64.b64encode(secrets.token_bytes(30)).decode(),
            session_token=base64.b64encode(secrets.token_bytes(256)).decode(),
            expires_at=self._clock.now() + lifetime,
            caller=caller,
        )
        self._issued[credentials.access_key_id] = credentials
        return credentials


def _duration_message(seconds: int) -> str:
    if seconds > _MAX_DURATION:
        return (
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining"
        )

    return f"DurationSeconds must be at least {_MIN_DURATION}, not {seconds}"


def _digest(account_id: str, role: str) -> str:
    """Return an id for a role of an account. It is the same in every run."""
    return hashlib.sha256(f"{account_id}/{role}".encode()).hexdigest()
