"""What a profile gives, handed on: who its credentials belong to, its keys as an environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable
from sso_plugin.timestamps import format_timestamp

from ..aws_variables import IN_THE_WAY, with_note
from ..profile_credentials import ProfileCredentials
from ..regions import region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Environment", "Identity", "environment_of", "whoami"]

_ANY_REGION = "us-east-1"
# Credentials that come from the environment or the machine. No profile names their partition.
_NOT_OF_A_PROFILE = ("env", "assume-role-with-web-identity", "container-role", "iam-role")


@dataclass(frozen=True)
class Identity:
    """The answer of GetCallerIdentity."""

    account_id: str
    arn: str
    user_id: str


@dataclass(frozen=True)
class Environment:
    """Variables that SDKs read credentials from, and until when these live, in epoch seconds.

    One that is None has to be taken away: with other keys it would be wrong.
    """

    variables: dict[str, str | None] = field(repr=False)
    expires_at: float | None


def whoami(profile_name: str | None = None, environ: Mapping[str, str] = os.environ) -> Identity:
    """Ask STS who the credentials belong to.

    :param profile_name: a profile of the AWS config file; what a script finds if None.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises botocore.exceptions.ClientError: if STS does not take them.
    """
    session = open_session(profile_name)
    enable(session)
    found = session.get_credentials()
    if profile_name is None and found and found.method in _NOT_OF_A_PROFILE:
        region = session.get_config_variable("region") or environ.get("AWS_REGION") or _ANY_REGION
    else:
        name = profile_name or session.get_config_variable("profile") or "default"
        region = region_of(session, name, environ).calls
        # The role of a chain is assumed there, too.
        session.set_config_variable("region", region)
    sts: Any = session.create_client("sts", region_name=region)
    answer = sts.get_caller_identity()
    return Identity(account_id=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])


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
