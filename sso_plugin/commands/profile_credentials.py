"""The credentials of a profile, from whichever provider of botocore has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.errors import ConfigError
from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable

from .aws_variables import chosen_profile
from .regions import Region, region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import Session

__all__ = ["ProfileCredentials"]


@dataclass(frozen=True)
class ProfileCredentials:
    """A profile, the session that serves it, its region and credentials, which renew themselves."""

    name: str
    session: Session
    region: Region
    credentials: Credentials

    @classmethod
    def of(
        cls, profile_name: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> ProfileCredentials:
        """Open a profile; ``AWS_PROFILE`` or ``default`` if None, whatever keys are in the way.

        :raises ConfigError: if it gives no credentials.
        :raises botocore.exceptions.BotoCoreError: if they cannot be had.
        """
        found = cls.find(profile_name, environ)
        if found is None:
            name = profile_name or chosen_profile(environ)
            raise ConfigError(
                subject=f'The profile "{name}"',
                problem="has no credentials",
                fix="Add sso_session, sso_account_id and sso_role_name to it.",
            )
        return found

    @classmethod
    def find(
        cls, profile_name: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> ProfileCredentials | None:
        """Do the same; return None if the profile gives no credentials."""
        name = profile_name or chosen_profile(environ)
        session = open_session(name)
        enable(session)
        region = region_of(session, name, environ)
        # The role of a chain is assumed there.
        session.set_config_variable("region", region.calls)
        credentials = session.get_credentials()
        if credentials is None:
            return None
        if isinstance(credentials, SsoCredentials):
            # Whoever asks here does so because what it had is running out: it can wait.
            credentials.background = False
        return cls(name, session, region, credentials)

    def fetch(self) -> tuple[ReadOnlyCredentials, float | None]:
        """Return current credentials, renewed if that is due, and when they expire.

        That is in epoch seconds; None for credentials that do not expire.
        """
        self.credentials.get_frozen_credentials()
        # The end is read before the keys: should another thread renew them in between, the answer
        # tells an end that is too early, and never one that is too late.
        end = getattr(self.credentials, "_expiry_time", None)
        return self.credentials.get_frozen_credentials(), end.timestamp() if end else None
