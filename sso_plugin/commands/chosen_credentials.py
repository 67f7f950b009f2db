"""The credentials of a profile, from any provider of botocore, or those of a role.

All commands that print or pass on credentials get them here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.errors import ConfigError, NoAccess
from sso_plugin.session.plugin import enable

from .aws_variables import chosen_profile
from .credentials_choice import PROFILE_LABEL, SESSION_LABEL, CredentialsChoice
from .own_sessions import open_own_session
from .regions import Region, region_of, region_of_role, sso_setting
from .role_login import RoleLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import Session

    from sso_plugin.errors import SsoPluginError

__all__ = ["ChosenCredentials"]


@dataclass(frozen=True)
class ChosenCredentials:
    """Credentials with their session and region. They are renewed when needed.

    :param subject: what they belong to, such as ``The profile "dev"``.
    :param start_url: of their login; None without one.
    :param labels: variables that name them in shell prompts.
    :param explain: returns a better error if Identity Center refuses them.
    """

    subject: str
    session: Session
    region: Region
    credentials: Credentials
    start_url: str | None
    labels: dict[str, str]
    explain: Callable[[NoAccess], SsoPluginError] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        choice: CredentialsChoice = CredentialsChoice(),  # noqa: B008 - it cannot change
        environ: Mapping[str, str] = os.environ,
    ) -> ChosenCredentials:
        """Return the credentials that are asked for, even if the environment contains keys.

        Without a profile or a role, they are those of ``AWS_PROFILE`` or ``default``.

        :raises ConfigError: if the profile has no credentials, or there is no such role.
        :raises botocore.exceptions.BotoCoreError: if they are not available.
        """
        found = _of_role(choice, environ) if choice.is_role else cls.find(choice, environ)
        if found is None:
            raise ConfigError(
                subject=f'The profile "{choice.profile or chosen_profile(environ)}"',
                problem="has no credentials",
                fix="Add sso_session, sso_account_id and sso_role_name to it.",
            )
        return found

    @classmethod
    def find(
        cls, choice: CredentialsChoice, environ: Mapping[str, str] = os.environ
    ) -> ChosenCredentials | None:
        """Return the credentials of a profile; None if it has none."""
        name = choice.profile or chosen_profile(environ)
        session = open_own_session(environ, name)
        enable(session)
        region = region_of(session, name, environ, choice.region)
        session.set_config_variable("region", region.call_region)
        credentials = session.get_credentials()
        if credentials is None:
            return None
        return cls(
            subject=f'The profile "{name}"',
            session=session,
            region=region,
            credentials=_unhurried(credentials),
            start_url=sso_setting(session, name, "sso_start_url"),
            labels=_labels({PROFILE_LABEL: name}, sso_setting(session, name, "sso_session")),
        )

    def fetch(self) -> tuple[ReadOnlyCredentials, float | None]:
        """Return valid credentials, and when they expire.

        The time is in epoch seconds; None for credentials that do not expire.
        """
        try:
            self.credentials.get_frozen_credentials()
        except NoAccess as exc:
            if self.explain is None:
                raise
            raise self.explain(exc) from exc
        # Read the time before the keys. If another thread renews them in between, the time is too
        # early, and never too late.
        expiry = getattr(self.credentials, "_expiry_time", None)
        return self.credentials.get_frozen_credentials(), expiry.timestamp() if expiry else None


def _of_role(choice: CredentialsChoice, environ: Mapping[str, str]) -> ChosenCredentials:
    found = RoleLogin.find(choice, environ)
    region = region_of_role(found.session, found.login, environ, choice.region)
    found.serve()
    found.session.set_config_variable("region", region.call_region)
    credentials: Any = found.session.get_credentials()
    return ChosenCredentials(
        subject=found.subject,
        session=found.session,
        region=region,
        credentials=_unhurried(credentials),
        start_url=found.login.start_url,
        labels=_labels(found.labels, found.login.session_name),
        explain=found.explain,
    )


def _labels(labels: dict[str, str], sso_session: str | None) -> dict[str, str]:
    return {**labels, **({SESSION_LABEL: sso_session} if sso_session else {})}


def _unhurried(credentials: Credentials) -> Credentials:
    """Return credentials that wait for a renewal when it is due.

    Programs call these commands when their credentials expire.
    """
    if isinstance(credentials, SsoCredentials):
        credentials.background = False
    return credentials
