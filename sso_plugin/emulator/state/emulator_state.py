"""Everything the emulator knows, and what can be done to it; knows nothing of HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .assignments import Assignments
from .authorizations import Authorizations
from .budget import Budget
from .clients import Clients
from .console import ConsoleSignIns
from .devices import Devices
from .errors import UnexpectedRequestError
from .faults import Faults
from .paging import Pager
from .request_log import RequestLog
from .role_sessions import RoleCredentials, RoleSessions
from .signin import SignIn
from .tokens import Token, Tokens

if TYPE_CHECKING:
    from .clock import Clock
    from .organization import Organization
    from .settings import Settings


class State:
    """The whole memory of the emulator.

    Its methods take the lock. Whoever goes past them, to `tokens` or `devices`, holds it.
    """

    organization: Organization
    clients: Clients
    devices: Devices
    authorizations: Authorizations
    tokens: Tokens
    assignments: Assignments
    role_sessions: RoleSessions
    console: ConsoleSignIns
    pager: Pager
    budget: Budget

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
        """Forget all that happened; clock, settings, faults and log stay the same objects.

        With an organization, begin with that one instead of the first; until the next reset.
        """
        with self.lock:
            self.organization = organization or self._first_organization
            self.clock.reset()
            self.settings.copy_from(self._first_settings)
            self.faults.clear()
            self.requests.clear()
            self.failures.clear()
            self.clients = Clients(self.clock, self.settings)
            self.devices = Devices(self.clock, self.settings)
            self.authorizations = Authorizations(self.clock, self.settings, self.clients)
            self.tokens = Tokens(self.clock, self.settings)
            self.assignments = Assignments(self.organization)
            self.role_sessions = RoleSessions(self.organization, self.clock)
            self.console = ConsoleSignIns(self.clock, self.role_sessions)
            self.pager = Pager()
            self.budget = Budget(self.clock, self.settings)

    def sign_in(self, user: str | None = None) -> SignIn:
        """Sign somebody in at once, as if a client had been registered and approved."""
        with self.lock:
            client = self.clients.register(scopes=("sso:account:access",))
            grant = self.tokens.sign_in(self.assignments.user(user), client)
            return SignIn.of(self.organization, client, grant, now=self.clock.now())

    def approve(self, user_code: str, user: str | None = None) -> None:
        """Approve a device authorization in the name of a user."""
        with self.lock:
            self.devices.decide(user_code, user=self.assignments.user(user))

    def deny(self, user_code: str) -> None:
        """Deny a device authorization."""
        with self.lock:
            self.devices.decide(user_code, user=None)

    def authorize(self, query: str, user: str | None = None) -> str:
        """Consent to what the authorization page was asked; returns where the browser goes."""
        with self.lock:
            request = self.authorizations.read(query)
            return self.authorizations.approve(request, self.assignments.user(user))

    def refuse(self, query: str) -> str:
        """Withhold consent; returns where the browser goes."""
        with self.lock:
            return self.authorizations.deny(self.authorizations.read(query))

    def revoke(self, *, user: str | None = None, access_token: str | None = None) -> None:
        """End all sign-ins of a user, or the one an access token comes from."""
        if (user is None) == (access_token is None):
            raise ValueError("Name either a user or an access token to revoke.")

        with self.lock:
            if access_token is not None:
                self.tokens.revoke(self._living(access_token))
            else:
                self.tokens.revoke_user(self.assignments.user(user))

    def assign(self, user: str, account_id: str, role: str) -> None:
        """Let a user take a role in an account."""
        with self.lock:
            self.assignments.add(user, account_id, role)

    def unassign(self, user: str, account_id: str, role: str) -> None:
        """Take a role away from a user."""
        with self.lock:
            self.assignments.remove(user, account_id, role)

    def issue_role_credentials(self, user: str, account_id: str, role: str) -> RoleCredentials:
        """Issue role credentials without asking for a token or an assignment."""
        with self.lock:
            lifetime = self.settings.role_credentials
            return self.role_sessions.for_user(user, account_id, role, lifetime)

    def check(self) -> None:
        """Raise if a request came that nobody could answer."""
        with self.lock:
            if self.failures:
                raise UnexpectedRequestError("\n".join(self.failures))

    def _living(self, access_token: str) -> Token:
        token = self.tokens.find(access_token)
        if token is None:
            raise LookupError("This access token is not valid.")

        return token
