"""Create the botocore clients of the services ``sso``, ``sso-oidc`` and ``sts``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import __version__
from ..models import DATA_PATH

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session

    from ..config.profile import SsoProfile

__all__ = ["create_client", "create_sts_client"]

_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 10
"""Seconds. botocore's own 60 are long for a user who waits."""

_STS_TIMEOUT = 5
_STS_ATTEMPTS = 2
"""Seconds, and how often a request is sent at most. Calls wait, or can do without its response."""


def create_client(session: Session, service: str, profile: SsoProfile, attempts: int) -> Any:
    """Create a client on a session, so that the session's endpoints, proxies and CA bundle apply.

    FIPS has its own setting, because most regions have no FIPS host of these services.

    :param attempts: how often each request is sent at most.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        region_name=profile.region,
        signature_version=UNSIGNED,
        use_fips_endpoint=profile.options.use_fips_endpoint,
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra=f"sso-plugin/{__version__}",
    )
    return _nested_client(_with_pkce_models(session, service), service, config=config)


def create_sts_client(session: Session, region: str, keys: ReadOnlyCredentials) -> Any:
    """Create a client of STS that signs with the given keys."""
    from botocore.config import Config

    config = Config(
        connect_timeout=_STS_TIMEOUT,
        read_timeout=_STS_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _STS_ATTEMPTS},
        user_agent_extra=f"sso-plugin/{__version__}",
    )
    return _nested_client(
        session,
        "sts",
        region_name=region,
        config=config,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )


def _with_pkce_models(session: Session, service: str) -> Session:
    """Return the session, or a copy with our service models if botocore's do not support PKCE.

    Before 1.34.x botocore's models have the operations, but not all of their parameters. Our models
    have a lower priority than botocore's, so the copy puts them first.
    """
    if service != "sso-oidc":
        return session
    registration: Any = session.get_service_model(service).operation_model("RegisterClient")
    if "grantTypes" in registration.input_shape.members:
        return session
    copy = type(session)()
    for name, value in session.instance_variables().items():
        copy.set_config_variable(name, value)
    copy.set_default_client_config(session.get_default_client_config())
    copy.get_component("data_loader").search_paths.insert(0, DATA_PATH)
    return copy


def _nested_client(session: Session, service: str, **kwargs: Any) -> Any:
    try:
        # Newer botocore: does not load client plugins into clients that fetch credentials.
        from botocore.utils import create_nested_client
    except ImportError:
        return session.create_client(service, **kwargs)
    return create_nested_client(session, service, **kwargs)
