"""The role that a user names by ``--account`` and ``--role``: its login, its session, its errors.

No profile describes the role. Its login is that of an sso-session or a profile, such as that in
``AWS_PROFILE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.account_names import AccountNames
from sso_plugin.errors import ConfigError, NoAccess, SsoPluginError
from sso_plugin.portal.account_choice import Wanted, choose, suggestions
from sso_plugin.session.providers import token_source
from sso_plugin.session.role_session import serve_role, with_role
from sso_plugin.signin.configured_login import login_in

from .aws_variables import login_of_shell
from .credentials_choice import ROLE_LABELS
from .own_sessions import open_own_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

    from .credentials_choice import CredentialsChoice

__all__ = ["RoleLogin"]


class RoleLogin(NamedTuple):
    """A role, and the session of its login.

    :param account: the id or the name of the account, as the user gave it.
    """

    session: Session
    login: SsoProfile
    account: str
    role: str

    @classmethod
    def find(cls, choice: CredentialsChoice, environ: Mapping[str, str]) -> RoleLogin:
        """Return the role that is asked for. Calls the portal only if the role is left out.

        :raises ConfigError: if there is no such login, account or role, or it is not clear which.
        :raises LoginRequired: if the role is left out, and the user has to log in.
        """
        session, login = _find_login(choice, environ)
        account = choice.account or _account_of_profile(session, login)
        role = choice.role or _only_role(session, login, account)
        return cls(session, login, account.strip(), role.strip())

    def serve(self) -> None:
        """Make the session use the credentials of the role only."""
        serve_role(self.session, self.login, self.account, self.role)

    @property
    def subject(self) -> str:
        """The subject of messages."""
        return f"The role {self.role} in the account {self.account}"

    @property
    def labels(self) -> dict[str, str]:
        """The variables that name the role in shell prompts."""
        return dict(zip(ROLE_LABELS, (self.account, self.role), strict=True))

    def account_id(self) -> str:
        """Return the id of the account. Calls the portal for a name that is not cached."""
        login = with_role(self.login, self.account, self.role)
        known = None if login.account_id else AccountNames(Login.of(self.session, login))
        cached = known.load(self.account) if known else None
        found = login.account_id or (cached and cached.account_id)
        return found or _account_id(self.session, self.login, self.account)

    def explain(self, refusal: NoAccess) -> SsoPluginError:
        """Return an error that lists the roles or accounts that the user has.

        :param refusal: the error if they cannot be listed.
        """
        try:
            account_id = _account_id(self.session, self.login, self.account)
            names = _role_names(self.session, self.login, account_id)
        except ConfigError as exc:
            return exc
        except SsoPluginError:
            return refusal
        return refusal.as_kind(
            NoAccess,
            subject="",
            problem=f'No role named "{self.role}" in the account {self.account}',
            fix=f"Available: {suggestions(names, self.role) or 'none'}.",
        )


def _find_login(
    choice: CredentialsChoice, environ: Mapping[str, str]
) -> tuple[Session, SsoProfile]:
    profile, sso_session = choice.profile, choice.sso_session
    if not (profile or sso_session):
        # Without an account, it is that of the profile.
        profile, sso_session = login_of_shell(environ, as_profile=not choice.account)
    if sso_session:
        session = open_own_session(environ, without_profile=True)
        return session, SsoProfile.of_sso_session(session, sso_session)
    session = open_own_session(environ, profile)
    return session, login_in(session)


def _account_of_profile(session: Session, login: SsoProfile) -> str:
    """Return the account of the profile that names the login."""
    found = SsoProfile.of(session) if login.name else None
    account = found and (found.account_id or found.account_name)
    if not account:
        raise ConfigError(
            subject=login.subject,
            problem="has no account",
            fix="Add --account NAME_OR_ID.",
        )
    return account


def _only_role(session: Session, login: SsoProfile, account: str) -> str:
    names = _role_names(session, login, _account_id(session, login, account))
    if len(names) != 1:
        problem = f"has {len(names)} roles" if names else "has no role for this user"
        raise ConfigError(
            subject=f"The account {account}",
            problem=problem,
            fix=f"Add --role, with one of: {suggestions(names, '')}." if names else "",
        )
    return names[0]


def _account_id(session: Session, login: SsoProfile, account: str) -> str:
    """Return the id of an account that the user has.

    :raises ConfigError: if the user does not have it; the error lists names.
    """
    accounts = token_source(session, login).listings().accounts()
    return choose(accounts, Wanted(account.strip())).account_id


def _role_names(session: Session, login: SsoProfile, account_id: str) -> list[str]:
    return token_source(session, login).listings().role_names(account_id)
