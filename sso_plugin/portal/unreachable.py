"""The kinds of `PortalUnreachable`: each is also the error that botocore raises for this failure.

So an ``except`` clause that was written for botocore catches the same failures.
"""

from __future__ import annotations

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from ..errors import PortalUnreachable

__all__ = [
    "UNREACHABLE",
    "PortalConnectTimeout",
    "PortalConnectionClosed",
    "PortalEndpointError",
    "PortalHTTPError",
    "PortalProxyError",
    "PortalReadTimeout",
    "PortalSSLError",
    "PortalUnreadable",
]


class PortalEndpointError(PortalUnreachable, EndpointConnectionError):
    """The host cannot be resolved, or refuses the connection."""


class PortalUnreadable(PortalUnreachable, EndpointConnectionError):
    """The response is not valid. botocore raises `KeyError`, `TypeError` and the like for it."""


class PortalSSLError(PortalUnreachable, SSLError):
    """The TLS handshake failed, or the certificate is not trusted."""


class PortalProxyError(PortalUnreachable, ProxyConnectionError):
    """The proxy cannot be reached, or refuses the connection."""


class PortalConnectTimeout(PortalUnreachable, ConnectTimeoutError):
    """No connection was made in time."""


class PortalReadTimeout(PortalUnreachable, ReadTimeoutError):
    """No response came in time."""


class PortalConnectionClosed(PortalUnreachable, ConnectionClosedError):
    """The connection was closed before the end of the response."""


class PortalHTTPError(PortalUnreachable, HTTPClientError):
    """The request failed in another way, such as a CA bundle that does not exist."""


UNREACHABLE: dict[str, type[PortalUnreachable]] = {
    "EndpointConnectionError": PortalEndpointError,
    "SSLError": PortalSSLError,
    "ProxyConnectionError": PortalProxyError,
    "ConnectTimeoutError": PortalConnectTimeout,
    "ReadTimeoutError": PortalReadTimeout,
    "ConnectionClosedError": PortalConnectionClosed,
    "HTTPClientError": PortalHTTPError,
    "ResponseParserError": PortalUnreadable,
}
"""Our error for each error of botocore, by the name of botocore's class."""
