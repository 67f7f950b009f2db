"""The credentials of a profile as environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sso_plugin.timestamps import format_timestamp

from ..aws_variables import IN_THE_WAY, with_note
from ..profile_credentials import ProfileCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Environment", "environment_of"]


@dataclass(frozen=True)
class Environment:
    """Variables that SDKs read credentials from, and until when these live, in epoch seconds.

    One that is None has to be taken away: with other keys it would be wrong.
    """

    variables: dict[str, str | None] = field(repr=False)
    expires_at: float | None


def environment_of(
    profile_name: str | None = None, environ: Mapping[str, str] = os.environ
) -> Environment:
    """Return the keys of a profile, as they are now: nobody renews an environment.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None,
        and not what the environment holds already.
    :param environ: the environment that the variables are for.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    """
    profile = ProfileCredentials.of(profile_name, environ)
    keys, expires_at = profile.fetch()
    variables = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_CREDENTIAL_EXPIRATION": format_timestamp(expires_at) if expires_at else None,
        **profile.region.variables,
    }
    others = {name: None for name in IN_THE_WAY if name not in variables}
    return Environment(with_note({**variables, **others}, environ), expires_at)
