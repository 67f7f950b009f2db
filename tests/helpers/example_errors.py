"""One error of each kind that this package raises."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import UnauthorizedSSOTokenError

from sso_plugin import KeyUnavailable, LoginFailed, LoginRequired, NoAccess, PortalError
from sso_plugin.errors import (
    ConfigValueError,
    PortalRefusal,
    RenewalRefusal,
    SsoPluginError,
    TokenLocked,
    also_as,
)
from sso_plugin.portal.unreachable import UNREACHABLE

RESPONSE = {
    "Error": {"Code": "InternalServerException", "Message": "Try again"},
    "ResponseMetadata": {
        "RequestId": "request-7",
        "HTTPStatusCode": 500,
        "HTTPHeaders": {"date": "today"},
        "RetryAttempts": 2,
    },
}
"""An error response as botocore parses it."""


def errors() -> list[SsoPluginError]:
    """Return one error of each kind."""
    plain: list[Any] = [
        ConfigValueError,
        KeyUnavailable,
        LoginFailed,
        LoginRequired,
        PortalError,
        TokenLocked,
    ]
    refused: list[Any] = [NoAccess, PortalRefusal, RenewalRefusal]
    more: dict[str, Any] = {"error_msg": "It failed", "problem": "failed", "retryable": True}
    return [
        *(kind(**more) for kind in (*plain, *UNREACHABLE.values())),
        also_as(UNREACHABLE["SSLError"], UnauthorizedSSOTokenError)(**more),
        *(kind(**more, response=RESPONSE, operation_name="CreateToken") for kind in refused),
    ]
