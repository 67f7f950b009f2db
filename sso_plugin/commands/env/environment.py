"""The credentials of a profile as environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sso_plugin.timestamps import format_timestamp

from ..aws_variables import OTHER_CREDENTIALS, with_undo
from ..profile_credentials import ProfileCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Environment", "environment_of"]


@dataclass(frozen=True)
class Environment:
    """Variables with credentials, and when these expire, in epoch seconds; None for never.

    A variable that is None has to be unset.
    """

    variables: dict[str, str | None] = field(repr=False)
    expires_at: float | None


def environment_of(
    profile_name: str | None = None, environ: Mapping[str, str] = os.environ
) -> Environment:
    """Return the credentials of a profile as variables.

    :param profile_name: a profile in the AWS config file; ``AWS_PROFILE`` or ``default`` if None,
        and never the keys in the environment.
    :param environ: the environment in which the variables will be set.
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
    others = {name: None for name in OTHER_CREDENTIALS if name not in variables}
    return Environment(with_undo({**variables, **others}, environ), expires_at)
