"""Role credentials: issued by the portal or by AssumeRole, looked up when STS checks a caller."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import ServiceError

if TYPE_CHECKING:
    from .clock import Clock
    from .identities import Role
    from .organization import Organization

_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SHORTEST, _LONGEST = 900, 3600


@dataclass(frozen=True)
class Caller:
    """Whom a set of credentials speaks for."""

    partition: str
    account_id: str
    role: str
    session_name: str

    @property
    def arn(self) -> str:
        """The ARN GetCallerIdentity answers with."""
        name = f"assumed-role/{self.role}/{self.session_name}"
        return f"arn:{self.partition}:sts::{self.account_id}:{name}"

    @property
    def user_id(self) -> str:
        """The role's unique id and the name of the session."""
        return f"AROA{_digest(self.account_id, self.role)[:17].upper()}:{self.session_name}"


@dataclass(frozen=True)
class RoleCredentials:
    """The four values, and whom they speak for."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float
    caller: Caller


class RoleSessions:
    """Every set of role credentials ever issued, by access key."""

    def __init__(self, organization: Organization, clock: Clock) -> None:
        self._clock = clock
        self._partition = organization.partition
        self._roles = {(role.account_id, role.name): role for role in organization.roles}
        self._issued: dict[str, RoleCredentials] = {}

    def find(self, access_key_id: str) -> RoleCredentials | None:
        """Return the credentials with this access key, dead or alive."""
        return self._issued.get(access_key_id)

    def for_user(self, user: str, account_id: str, role: str, lifetime: float) -> RoleCredentials:
        """Issue credentials for a permission set, under the role Identity Center makes for it."""
        name = f"AWSReservedSSO_{role}_{_digest(account_id, role)[:16]}"
        return self._issue(Caller(self._partition, account_id, name, user), lifetime)

    def assume(
        self, caller: Caller, role_arn: str, session_name: str, seconds: int
    ) -> RoleCredentials:
        """Issue credentials for an IAM role to a caller its trust policy names."""
        if not _SHORTEST <= seconds <= _LONGEST:
            raise ServiceError("ValidationError", _duration_message(seconds))

        if not _SESSION_NAME.fullmatch(session_name):
            raise ServiceError("ValidationError", f"{session_name!r} is no role session name")

        role = self._role(role_arn)
        if role is None or (role.trusts and caller.account_id not in role.trusts):
            action = f"is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            raise ServiceError("AccessDenied", f"User: {caller.arn} {action}")

        return self._issue(
            Caller(self._partition, role.account_id, role.name, session_name), seconds
        )

    def _role(self, arn: str) -> Role | None:
        """Find a role; to a caller, one that is missing looks like one that is closed."""
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
    if seconds > _LONGEST:
        return (
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining"
        )

    return f"DurationSeconds must be at least {_SHORTEST}, not {seconds}"


def _digest(account_id: str, role: str) -> str:
    """Give each role of each account an id that stays the same from run to run."""
    return hashlib.sha256(f"{account_id}/{role}".encode()).hexdigest()
