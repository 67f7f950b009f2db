"""The whole state of the emulator, and the operations on it. No HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .assignments import Assignments
from .authorization_codes import AuthorizationCodes
from .completed_sign_in import SignIn
from .console_sign_ins import ConsoleSignIns
from .device_authorizations import DeviceAuthorizations
from .fault_queue import Faults
from .issued_tokens import Token, Tokens
from .paging import Pager
from .rate_limit import RateLimit
from .registered_clients import Clients
from .request_log import RequestLog
from .role_sessions import RoleCredentials, RoleSessions
from .service_errors import UnexpectedRequestError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .organization import Organization
    from .settings import Settings

__all__ = ["State"]


class State:
    """All that the emulator knows.

    The methods take the lock. Code that uses `tokens`, `devices` and so on must hold it.
    """

    organization: Organization
    clients: Clients
    devices: DeviceAuthorizations
    authorization_codes: AuthorizationCodes
    tokens: Tokens
    assignments: Assignments
    role_sessions: RoleSessions
    console_sign_ins: ConsoleSignIns
    pager: Pager
    rate_limit: RateLimit

    def __init__(self, organization: Organization, settings: Settings, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.settings = settings
        self.faults = Faults(clock.now)
        self.requests = RequestLog()
        self.failures: list[str] = []
        self._first_organization = organization
        self._first_settings = settings.copy()
        self.reset()

    def reset(self, organization: Organization | None = None) -> None:
        """Reset everything. Clock, settings, faults and log stay the same objects.

        :param organization: replaces the first organization until the next reset.
        """
        with self.lock:
            self.organization = organization or self._first_organization
            self.clock.reset()
            self.settings.copy_from(self._first_settings)
            self.faults.clear()
            self.requests.clear()
            self.failures.clear()
            self.clients = Clients(self.clock, self.settings)
            self.devices = DeviceAuthorizations(self.clock, self.settings)
            self.authorization_codes = AuthorizationCodes(self.clock, self.settings, self.clients)
            self.tokens = Tokens(self.clock, self.settings)
            self.assignments = Assignments(self.organization)
            self.role_sessions = RoleSessions(self.organization, self.clock)
            self.console_sign_ins = ConsoleSignIns(self.clock, self.role_sessions)
            self.pager = Pager()
            self.rate_limit = RateLimit(self.clock, self.settings)

    def sign_in(self, user: str | None = None) -> SignIn:
        """Sign in a user, as if a client had been registered and approved."""
        with self.lock:
            client = self.clients.register(scopes=("sso:account:access",))
            tokens = self.tokens.sign_in(self.assignments.user(user), client)
            return SignIn.of(self.organization, client, tokens, now=self.clock.now())

    def approve(self, user_code: str, user: str | None = None) -> None:
        """Approve a device authorization as a user."""
        with self.lock:
            self.devices.decide(user_code, user=self.assignments.user(user))

    def deny(self, user_code: str) -> None:
        """Deny a device authorization."""
        with self.lock:
            self.devices.decide(user_code, user=None)

    def authorize(self, query: str, user: str | None = None) -> str:
        """Approve an authorization request as a user. Returns where the browser is redirected."""
        with self.lock:
            request = self.authorization_codes.read(query)
            return self.authorization_codes.approve(request, self.assignments.user(user))

    def refuse(self, query: str) -> str:
        """Deny an authorization request. Returns where the browser is redirected."""
        with self.lock:
            return self.authorization_codes.deny(self.authorization_codes.read(query))

    def revoke(self, *, user: str | None = None, access_token: str | None = None) -> None:
        """Revoke all sign-ins of a user, or the sign-in of an access token."""
        if (user is None) == (access_token is None):
            raise ValueError("Give either a user or an access token to revoke.")

        with self.lock:
            if access_token is not None:
                self.tokens.revoke(self._valid_token(access_token))
            else:
                self.tokens.revoke_user(self.assignments.user(user))

    def assign(self, user: str, account_id: str, role: str) -> None:
        """Assign a role in an account to a user."""
        with self.lock:
            self.assignments.add(user, account_id, role)

    def unassign(self, user: str, account_id: str, role: str) -> None:
        """Remove the assignment of a role to a user."""
        with self.lock:
            self.assignments.remove(user, account_id, role)

    def issue_role_credentials(self, user: str, account_id: str, role: str) -> RoleCredentials:
        """Issue role credentials. Neither token nor assignment is checked."""
        with self.lock:
            lifetime = self.settings.role_credentials
            return self.role_sessions.for_user(user, account_id, role, lifetime)

    def check(self) -> None:
        """Raise `UnexpectedRequestError` if there was an unknown request."""
        with self.lock:
            if self.failures:
                raise UnexpectedRequestError("\n".join(self.failures))

    def _valid_token(self, access_token: str) -> Token:
        token = self.tokens.find(access_token)
        if token is None:
            raise LookupError("This access token is not valid.")

        return token
