"""Whether Identity Center gives credentials for the role of a profile, or why not.

The credentials are not kept and not shown. The token is used as it is, and never renewed.
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
from sso_plugin.timestamps import format_timestamp

from .bounded import within
from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from sso_plugin.portal.responses import Account
    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["look_at_role"]

_LONGEST = 30.0
"""Seconds for all calls together."""

_MOST_PAGES = 20
_MOST_SHOWN = 10
_NOT_HIS = ("ForbiddenException", "ResourceNotFoundException")
_AGAIN = "Try again later."


def look_at_role(login: ConfiguredLogin, longest: float = _LONGEST) -> Iterator[Finding]:
    """Call GetRoleCredentials for the role of the profile, if there is a token."""
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
        yield within(longest, _Question(login, token.value).ask)
    except TimeoutError as exc:
        yield problem("role", f"GetRoleCredentials was called: {exc}.", _AGAIN)


@dataclass(frozen=True)
class _Question:
    login: ConfiguredLogin
    token: str

    def ask(self) -> Finding:
        # With a clock and without a budget, so that no file of ours is written.
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
            return problem("role", _without_command(exc), "See the findings above.")
        end = format_timestamp(expires_at)
        return ok("role", f"Identity Center gives credentials for {self._name}, valid until {end}.")

    def _account_by_name(self, portal: Portal) -> str:
        accounts = _pages(lambda page: portal.list_accounts(self.token, page))
        return choose(accounts, Wanted.of(self.login.profile)).account_id

    def _refused(self, portal: Portal, account: str | None, exc: PortalRefusal) -> Finding:
        message = f"Identity Center gives no credentials for {self._name}: {exc.explanation}."
        if exc.code == "UnauthorizedException":
            message = f"Identity Center does not accept the token: {exc.explanation}."
            return problem("role", message, f"{self.login.profile.login_command} --force")
        if exc.code in _NOT_HIS:
            message = f"You do not have {self._name} ({exc.explanation})."
            return problem("role", message, self._alternatives(portal, str(account)))
        if exc.code == "TooManyRequestsException":
            return warning("role", message, _AGAIN)
        return problem("role", message, _AGAIN if exc.retryable else "See the findings above.")

    def _alternatives(self, portal: Portal, account: str) -> str:
        try:
            roles = _pages(lambda page: portal.list_account_roles(self.token, account, page))
        except PortalRefusal as exc:
            if exc.code not in _NOT_HIS:
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
            return "Have a role assigned to you: you have none in any account."
        names = [f"{each.account_id} ({each.name})" for each in found]
        return f"Set sso_account_id to an account in which you have a role: {_listed(names)}."

    @property
    def _name(self) -> str:
        profile = self.login.profile
        account = profile.account_id or f'"{profile.account_name}"'
        return f"the role {profile.role_name} in the account {account}"


def _pages(ask: Callable[[str | None], tuple[list[Any], str | None]]) -> list[Any]:
    found, token = ask(None)
    for _ in range(_MOST_PAGES):
        if not token:
            break
        page, token = ask(token)
        found = [*found, *page]
    return found


def _listed(names: list[str]) -> str:
    more = [f"and {len(names) - _MOST_SHOWN} more"] if len(names) > _MOST_SHOWN else []
    return ", ".join([*names[:_MOST_SHOWN], *more])


def _without_command(exc: SsoPluginError) -> str:
    """Return the message of an error without the advice to run this command."""
    message = str(exc)
    for advice in (". Run: ", ". Try again later, or run: "):
        message = message.partition(advice)[0]
    return f"{message.rstrip('.')}."
