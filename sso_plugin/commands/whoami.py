"""Who the credentials of a profile belong to, by STS."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable

from .regions import region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Identity", "whoami"]

_ANY_REGION = "us-east-1"
# Credentials that come from the environment or the machine. No profile names their partition.
_NOT_OF_A_PROFILE = ("env", "assume-role-with-web-identity", "container-role", "iam-role")


@dataclass(frozen=True)
class Identity:
    """The answer of GetCallerIdentity."""

    account_id: str
    arn: str
    user_id: str


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
