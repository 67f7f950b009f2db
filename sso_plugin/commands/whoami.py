"""``sso-plugin whoami``: whose credentials a profile has, according to STS."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable

from .regions import use_region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Identity", "whoami"]

_FALLBACK_REGION = "us-east-1"

_WITHOUT_PROFILE = ("env", "assume-role-with-web-identity", "container-role", "iam-role")
"""Providers of credentials that no profile describes, so that their partition is not known."""


@dataclass(frozen=True)
class Identity:
    """The response of GetCallerIdentity."""

    account_id: str
    arn: str
    user_id: str


def whoami(profile_name: str | None = None, environ: Mapping[str, str] = os.environ) -> Identity:
    """Call GetCallerIdentity.

    :param profile_name: a profile in the AWS config file; None for the credentials that a script
        without a profile uses.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises botocore.exceptions.ClientError: if STS rejects the credentials.
    """
    session = open_session(profile_name)
    enable(session)
    found = session.get_credentials()
    if profile_name is None and found and found.method in _WITHOUT_PROFILE:
        region = (
            session.get_config_variable("region") or environ.get("AWS_REGION") or _FALLBACK_REGION
        )
    else:
        name = profile_name or session.get_config_variable("profile") or "default"
        region = use_region_of(session, name, environ).call_region
    sts: Any = session.create_client("sts", region_name=region)
    response = sts.get_caller_identity()
    return Identity(account_id=response["Account"], arn=response["Arn"], user_id=response["UserId"])
