"""Check whether Identity Center returns credentials for the role of a profile.

The credentials are not stored or printed. The token is not renewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.clock import Clock
from sso_plugin.credentials.access_token import TokenState
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.errors import PortalRefusal, SsoPluginError
from sso_plugin.portal.account_choice import Wanted, choose
from sso_plugin.portal.client import Portal
from sso_plugin.timestamps import clock_time

from .bounded import within
from .finding import Finding, ok, problem, warning, without_fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from sso_plugin.portal.responses import Account
    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["check_role"]

_TIMEOUT = 30.0
"""Seconds, for all requests together."""

_MAX_PAGES = 20
_MAX_NAMES = 10
_NO_ACCESS_CODES = ("ForbiddenException", "ResourceNotFoundException")
_RETRY = "Try again later."


def check_role(login: ConfiguredLogin, timeout: float = _TIMEOUT) -> Iterator[Finding]:
    """Call GetRoleCredentials for the role of the profile, if there is a valid token."""
    token, now = TokenFile(login).load(), login.clock.now()
    if login.profile.role_name is None or token is None:
        return
    if token.state(now) is TokenState.EXPIRED:
        if token.can_be_renewed(now):
            yield ok(
                "role", "GetRoleCredentials was not called: the token has to be renewed first."
            )
        return
    try:
        yield within(timeout, _RoleRequest(login, token.value).send)
    except TimeoutError as exc:
        yield problem("role", f"GetRoleCredentials failed: {exc}.", _RETRY)


@dataclass(frozen=True)
class _RoleRequest:
    login: ConfiguredLogin
    token: str

    def send(self) -> Finding:
        # With a new clock and without a retry budget, so that no file is written.
        portal = Portal(self.login.session, self.login.profile, Clock())
        portal.attempts = 1
        account = self.login.profile.account_id
        try:
            account = account or self._account_by_name(portal)
            role = str(self.login.profile.role_name)
            _, expires_at = portal.get_role_credentials(self.token, account, role)
        except PortalRefusal as exc:
            return self._refused(portal, account, exc)
        except SsoPluginError as exc:
            return problem("role", without_fix(exc), "See the findings above.")
        end = clock_time(expires_at)
        return ok(
            "role", f"Identity Center returns credentials for {self._name}, valid until {end}."
        )

    def _account_by_name(self, portal: Portal) -> str:
        accounts = _pages(lambda page: portal.list_accounts(self.token, page))
        return choose(accounts, Wanted.of(self.login.profile)).account_id

    def _refused(self, portal: Portal, account: str | None, exc: PortalRefusal) -> Finding:
        message = f"Identity Center returns no credentials for {self._name}: {exc.explanation}."
        if exc.code == "UnauthorizedException":
            message = f"Identity Center does not accept the token: {exc.explanation}."
            return problem("role", message, f"{self.login.profile.login_command} --force")
        if exc.code in _NO_ACCESS_CODES:
            message = f"You do not have {self._name} ({exc.explanation})."
            return problem("role", message, self._alternatives(portal, str(account)))
        if exc.code == "TooManyRequestsException":
            return warning("role", message, _RETRY)
        return problem("role", message, _RETRY if exc.retryable else "See the findings above.")

    def _alternatives(self, portal: Portal, account: str) -> str:
        try:
            roles = _pages(lambda page: portal.list_account_roles(self.token, account, page))
        except PortalRefusal as exc:
            if exc.code not in _NO_ACCESS_CODES:
                return "Check sso_account_id and sso_role_name."
            roles = []
        except SsoPluginError:
            return "Check sso_account_id and sso_role_name."
        if roles:
            return f"Set sso_role_name to one of: {_listed(sorted(roles))}."
        return self._accounts(portal)

    def _accounts(self, portal: Portal) -> str:
        try:
            found: list[Account] = _pages(lambda page: portal.list_accounts(self.token, page))
        except SsoPluginError:
            return "Check sso_account_id: you have no role in this account."
        if not found:
            return "Ask your administrator for a role: you have none in any account."
        names = [f"{each.account_id} ({each.name})" for each in found]
        return f"Set sso_account_id to an account in which you have a role: {_listed(names)}."

    @property
    def _name(self) -> str:
        profile = self.login.profile
        account = profile.account_id or f'"{profile.account_name}"'
        return f"the role {profile.role_name} in the account {account}"


def _pages(fetch: Callable[[str | None], tuple[list[Any], str | None]]) -> list[Any]:
    found, token = fetch(None)
    for _ in range(_MAX_PAGES):
        if not token:
            break
        page, token = fetch(token)
        found = [*found, *page]
    return found


def _listed(names: list[str]) -> str:
    more = [f"and {len(names) - _MAX_NAMES} more"] if len(names) > _MAX_NAMES else []
    return ", ".join([*names[:_MAX_NAMES], *more])
