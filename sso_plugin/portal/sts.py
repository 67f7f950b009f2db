"""Asks STS whose role credentials these are: the user name is the name of the role session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..printable import one_line
from ..redact import hide_frames, mask_logs
from ..web.addresses import secrets_in, without_secrets
from .error_map import Caller
from .responses import InvalidResponseError
from .service_client import create_sts_client

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session

__all__ = ["session_name_of"]

_ARN = re.compile(r"arn:[a-z0-9-]+:sts::[0-9]{12}:assumed-role/[^/]+/(?P<name>[^/]+)")

_MAX_NAME = 256
"""Characters of the name. STS allows 64."""


class _StsCaller(Caller):
    """Who calls STS, for error messages."""

    @property
    def _portal(self) -> str:
        at = f", at {self.endpoint}" if self.endpoint else ""
        return f"STS (in {self.region}{at})"


def session_name_of(session: Session, region: str, keys: ReadOnlyCredentials) -> str:
    """Return the session name of role credentials: the user who logged in at Identity Center.

    :param session: the endpoints, proxies and CA bundle of its config are used, and no credentials.
    :raises PortalError: if STS cannot be reached, refuses the request, or returns no role session.
    :raises ConfigError: if this configuration is not valid for a request.
    """
    known = "The login", "sts", region, "sso-plugin doctor"
    secrets = tuple(filter(None, (keys.secret_key, keys.token)))
    with _StsCaller(*known, secrets).mapped_errors_of_config():
        client = create_sts_client(session, region, keys)
    mask_logs()
    url = client.meta.endpoint_url
    caller = _StsCaller(*known, secrets + secrets_in(url), without_secrets(url))
    with caller.mapped_errors_of_response():
        return _read_name(_send(client))


@hide_frames
def _send(client: Any) -> Any:
    return client.get_caller_identity()["Arn"]


def _read_name(arn: object) -> str:
    found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found is None:
        raise InvalidResponseError("its Arn is not that of a role session")
    return one_line(found["name"], _MAX_NAME)
