"""``sso-plugin whoami``: whose credentials a profile has, according to STS."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import ConfigError
from sso_plugin.models import open_session
from sso_plugin.session.plugin import enable

from .chosen_credentials import ChosenCredentials
from .credentials_choice import CredentialsChoice
from .own_sessions import open_own_session
from .regions import region_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials
    from botocore.session import Session

__all__ = ["Identity", "whoami"]

_FALLBACK_REGION = "us-east-1"
_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - the name of a variable

_WITHOUT_PROFILE = ("env", "assume-role-with-web-identity", "container-role", "iam-role")
"""Providers of credentials that no profile describes, so that their partition is not known."""


@dataclass(frozen=True)
class Identity:
    """The response of GetCallerIdentity."""

    account_id: str
    arn: str
    user_id: str


def whoami(
    choice: CredentialsChoice = CredentialsChoice(),  # noqa: B008 - it cannot change
    environ: Mapping[str, str] = os.environ,
) -> Identity:
    """Call GetCallerIdentity.

    :param choice: a profile or a role; without them, the credentials that a script without a
        profile uses.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises botocore.exceptions.ClientError: if STS rejects the credentials.
    """
    session, region = _session(choice, environ)
    sts: Any = session.create_client("sts", region_name=region)
    response = sts.get_caller_identity()
    return Identity(account_id=response["Account"], arn=response["Arn"], user_id=response["UserId"])


def _session(choice: CredentialsChoice, environ: Mapping[str, str]) -> tuple[Session, str]:
    """Return the session and the region of the call."""
    if choice.is_role:
        found = ChosenCredentials.of(choice, environ)
        found.fetch()
        return found.session, found.region.call_region
    session = open_own_session(environ, choice.profile) if choice.profile else open_session()
    enable(session)
    credentials = _credentials_of(session)
    if choice.profile is None and credentials and credentials.method in _WITHOUT_PROFILE:
        configured = session.get_config_variable("region") or environ.get("AWS_REGION")
        return session, choice.region or configured or _FALLBACK_REGION
    name = choice.profile or session.get_config_variable("profile") or "default"
    region = region_of(session, name, environ, choice.region).call_region
    session.set_config_variable("region", region)
    return session, region


def _credentials_of(session: Session) -> Credentials | None:
    """Return the credentials of a session.

    :raises ConfigError: if the file with the token of their endpoint is missing.
    """
    try:
        return session.get_credentials()
    except FileNotFoundError as exc:
        raise ConfigError(
            subject=_TOKEN_FILE,
            problem=f"is {exc.filename}, which does not exist: its service has ended",
            fix=f"Start sso-plugin serve again, or unset {_TOKEN_FILE}.",
        ) from exc
