"""A session with the credentials of one role, which no profile describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..portal.responses import is_account_id
from .login_provider import LOGIN_COMPONENT, LoginProvider
from .rejected_requests import RejectedCredentials

if TYPE_CHECKING:
    from botocore.session import Session

    from ..config.profile import SsoProfile

__all__ = ["serve", "serve_role", "with_role"]


def with_role(login: SsoProfile, account: str, role: str) -> SsoProfile:
    """Return a login with a role.

    :param account: the id or the name of an account.
    :raises ConfigError: if the account or the role is empty.
    """
    account, role = account.strip(), role.strip()
    if not account or not role:
        raise ConfigError(
            problem="An account and a role are required",
            fix="Set account to the id or the name of an account, and role to the name of a role.",
        )
    is_id = is_account_id(account)
    return login._replace(
        account_id=account if is_id else None,
        account_name=None if is_id else account,
        role_name=role,
    )


def serve_role(session: Session, login: SsoProfile, account: str, role: str) -> None:
    """Make a session use the credentials of a login and a role only."""
    provider = LoginProvider(session, with_role(login, account, role))
    serve(session, login, provider, RejectedCredentials(session))


def serve(session: Session, login: SsoProfile, provider: LoginProvider, rejected: Any) -> None:
    """Make a session use the credentials of a provider only.

    :param rejected: replaces credentials that AWS rejects: `RejectedCredentials`.
    """
    from botocore.tokens import TokenProviderChain

    tokens: Any = provider
    session.register_component(LOGIN_COMPONENT, login)
    session.register_component("credential_provider", provider.resolver())
    session.register_component("token_provider", TokenProviderChain([tokens]))
    session.register("before-sign", rejected.record_credentials)
    session.register("needs-retry", rejected.retry)
