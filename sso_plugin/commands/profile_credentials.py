"""The credentials of a profile, from any provider of botocore.

All commands that print or pass on credentials get them here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.errors import ConfigError
from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable

from .aws_variables import chosen_profile
from .regions import Region, use_region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import Session

__all__ = ["ProfileCredentials"]


@dataclass(frozen=True)
class ProfileCredentials:
    """A profile with its session, its region and its credentials, which are renewed when needed."""

    name: str
    session: Session
    region: Region
    credentials: Credentials

    @classmethod
    def of(
        cls, profile_name: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> ProfileCredentials:
        """Return the credentials of a profile, even if the environment contains keys.

        :param profile_name: a profile in the AWS config file; ``AWS_PROFILE`` or ``default`` if
            None.
        :raises ConfigError: if it has no credentials.
        :raises botocore.exceptions.BotoCoreError: if they are not available.
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
        """Like `of`, but return None if the profile has no credentials."""
        name = profile_name or chosen_profile(environ)
        session = open_session(name)
        enable(session)
        region = use_region_of(session, name, environ)
        credentials = session.get_credentials()
        if credentials is None:
            return None
        if isinstance(credentials, SsoCredentials):
            # Programs call these commands when their credentials expire, so they have to wait.
            credentials.background = False
        return cls(name, session, region, credentials)

    def fetch(self) -> tuple[ReadOnlyCredentials, float | None]:
        """Return valid credentials, and when they expire.

        The time is in epoch seconds; None for credentials that do not expire.
        """
        self.credentials.get_frozen_credentials()
        # Read the time before the keys. If another thread renews them in between, the time is too
        # early, and never too late.
        expiry = getattr(self.credentials, "_expiry_time", None)
        return self.credentials.get_frozen_credentials(), expiry.timestamp() if expiry else None
