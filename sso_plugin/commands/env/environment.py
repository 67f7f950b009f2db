"""The credentials of a profile or a role as environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sso_plugin.credentials.role_credentials import members
from sso_plugin.timestamps import format_timestamp

from ..aws_variables import switch_variables
from ..chosen_credentials import ChosenCredentials
from ..credentials_choice import CredentialsChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Environment", "environment_of"]


@dataclass(frozen=True)
class Environment:
    """Credentials as environment variables. A variable that is None has to be unset.

    :param switch: the variables that switch a shell to the credentials, with a record of that.
    :param values: the credentials and the region only, for programs that read a list.
    :param document: the credentials in the form of a credential process.
    :param expires_at: in epoch seconds; None for never.
    """

    switch: dict[str, str | None] = field(repr=False)
    values: dict[str, str | None] = field(repr=False)
    document: dict[str, str] = field(repr=False)
    expires_at: float | None


def environment_of(
    choice: CredentialsChoice = CredentialsChoice(),  # noqa: B008 - it cannot change
    environ: Mapping[str, str] = os.environ,
) -> Environment:
    """Return credentials as variables: never the keys in the environment.

    :param environ: the environment in which the variables will be set.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    """
    chosen = ChosenCredentials.of(choice, environ)
    keys, expires_at = chosen.fetch()
    new = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_CREDENTIAL_EXPIRATION": format_timestamp(expires_at) if expires_at else None,
        **chosen.region.variables,
    }
    switch = switch_variables({**new, **chosen.labels}, environ)
    return Environment(switch, new, members(keys, expires_at), expires_at)
