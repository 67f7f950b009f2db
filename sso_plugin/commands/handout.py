"""What a profile gives, handed on: who its credentials belong to, its keys as an environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sso_plugin.clock import format_timestamp
from sso_plugin.config import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.openlogin import open_session
from sso_plugin.plugin import enable

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["Environment", "Identity", "environment_of", "whoami"]

_ANY_REGION = "us-east-1"


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


def whoami(profile_name: str | None = None) -> Identity:
    """Ask STS who the credentials belong to.

    :param profile_name: a profile of the AWS config file; what a script finds if None.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    :raises botocore.exceptions.ClientError: if STS does not take them.
    """
    session = _session(profile_name)
    sts: Any = session.create_client("sts", region_name=_sts_region(session))
    answer = sts.get_caller_identity()
    return Identity(account_id=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])


def environment_of(profile_name: str | None = None) -> Environment:
    """Return the keys of a profile, as they are now: nobody renews an environment.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None,
        and not what the environment holds already.
    :raises botocore.exceptions.BotoCoreError: if there are no credentials.
    """
    if profile_name is None:
        profile_name = open_session().get_config_variable("profile") or "default"
    session = _session(profile_name)
    credentials = session.get_credentials()
    if credentials is None:
        raise ConfigError(
            error_msg=f'The profile "{profile_name}" gives no credentials: add sso_session, '
            "sso_account_id and sso_role_name to it."
        )
    keys = credentials.get_frozen_credentials()
    expiry = getattr(credentials, "_expiry_time", None)
    expires_at = expiry.timestamp() if expiry else None
    region = session.get_config_variable("region")
    variables = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_CREDENTIAL_EXPIRATION": format_timestamp(expires_at) if expires_at else None,
    }
    regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return Environment({**variables, **regions}, expires_at)


def _sts_region(session: Session) -> str:
    """Return a region to ask in: STS answers everywhere, so a profile need not name one for it."""
    profile = SsoProfile.of(session)
    portal = profile.region if profile else _ANY_REGION
    return str(session.get_config_variable("region") or portal)


def _session(profile_name: str | None) -> Session:
    session = open_session(profile_name)
    enable(session)
    return session
