"""What tests do to an emulator and read from it, whether it serves or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .state.clock import Clock
    from .state.emulator_state import State
    from .state.faults import Faults
    from .state.organization import Organization
    from .state.request_log import RequestLog
    from .state.settings import Settings
    from .state.signin import SignIn


class Steering:
    """The part of an emulator that needs its state only."""

    state: State

    @property
    def organization(self) -> Organization:
        """The organization as it is after a reset."""
        return self.state.organization

    @property
    def start_url(self) -> str:
        """The `sso_start_url` of profiles."""
        return self.organization.start_url

    @property
    def region(self) -> str:
        """The `sso_region` of profiles."""
        return self.organization.region

    @property
    def clock(self) -> Clock:
        """The clock by which everything expires."""
        return self.state.clock

    @property
    def settings(self) -> Settings:
        """Lifetimes and limits, changeable at any time."""
        return self.state.settings

    @property
    def requests(self) -> RequestLog:
        """The log of all requests."""
        return self.state.requests

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.state.faults

    def sign_in(self, user: str | None = None) -> SignIn:
        """Sign a user (by default the first) in at once, without a browser."""
        return self.state.sign_in(user)

    def approve(self, user_code: str, user: str | None = None) -> None:
        """Approve a device authorization in the name of a user (by default the first)."""
        self.state.approve(user_code, user)

    def deny(self, user_code: str) -> None:
        """Deny a device authorization."""
        self.state.deny(user_code)

    def revoke(self, user: str | None = None, *, access_token: str | None = None) -> None:
        """End all sign-ins of a user, or the one an access token comes from."""
        self.state.revoke(user=user, access_token=access_token)

    def assign(self, user: str, account_id: str, role: str) -> None:
        """Let a user take a role in an account."""
        self.state.assign(user, account_id, role)

    def unassign(self, user: str, account_id: str, role: str) -> None:
        """Take a role away from a user."""
        self.state.unassign(user, account_id, role)

    def reset(self, organization: Organization | None = None) -> None:
        """Put everything back to the start: clock, settings, tokens, assignments, faults, log.

        With an organization, begin with that one instead of the first; until the next reset.
        """
        self.state.reset(organization)

    def check(self) -> None:
        """Raise `UnexpectedRequestError` if a request came that the emulator does not know."""
        self.state.check()
