"""Which credentials a command is about: those of a profile, or those of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROFILE_LABEL", "ROLE_LABELS", "SESSION_LABEL", "CredentialsChoice", "label_text"]

PROFILE_LABEL = "SSO_PLUGIN_PROFILE"
ROLE_LABELS = ("SSO_PLUGIN_ACCOUNT", "SSO_PLUGIN_ROLE")
"""Variables for shell prompts: the profile, or else the account and the role."""

SESSION_LABEL = "SSO_PLUGIN_SSO_SESSION"
"""The same for the sso-session of their login."""


class CredentialsChoice(NamedTuple):
    """What the user asks for. Without an account and a role: the credentials of a profile.

    :param profile: a profile in the AWS config file; ``AWS_PROFILE`` or ``default`` if None. With
        an account or a role, it only names the login.
    :param account: the id or the name of an account; None for the account of the profile.
    :param role: the name of a role; None for the only one in the account.
    :param sso_session: an sso-session that names the login, instead of a profile.
    :param region: the region to use, instead of that of the profile.
    """

    profile: str | None = None
    account: str | None = None
    role: str | None = None
    sso_session: str | None = None
    region: str | None = None

    @property
    def is_role(self) -> bool:
        """Whether an account or a role is given, and not only a profile."""
        return self.account is not None or self.role is not None


def label_text(environ: Mapping[str, str]) -> str:
    """Return what the variables for shell prompts name, as a part of a sentence."""
    if profile := environ.get(PROFILE_LABEL):
        return f'the profile "{profile}"'
    account, role = (environ.get(name, "unknown") for name in ROLE_LABELS)
    return f"the role {role} in the account {account}"
