"""Which URLs are valid, which belong to AWS, and which may be opened in a browser.

It has the only list of AWS hosts of this package, and the only parser for URLs from outside.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

from ..printable import one_line

__all__ = [
    "Address",
    "is_aws_host",
    "is_aws_url",
    "may_be_opened",
    "parse",
    "secrets_in",
    "without_secrets",
]

_PORTALS = ("awsapps.com", "awsapps.cn", "app.aws")
"""Domains of access portals. Only AWS assigns the names below them."""

# Every AWS customer can have names below these, for example for a bucket. So only the exact names
# of the services of Identity Center in a region are accepted.
_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    # Dual-stack.
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "api.aws.hci.ic.gov",
)
_REGION = r"[a-z]{2,4}(?:-[a-z0-9]+)+-[0-9]+"
_SERVICE = re.compile(
    rf"(?:device\.sso|oidc|portal\.sso)\.{_REGION}\.(?:{'|'.join(map(re.escape, _SUFFIXES))})"
)
ISSUER_HOST = "identitycenter.amazonaws.com"
"""The host of the issuer URL, which the Identity Center console shows beside the start URL."""

_GOVCLOUD = re.compile(r"start\.us-gov(?:-[a-z0-9]+)+\.amazonaws-us-gov\.com")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PORTS = {"http": 80, "https": 443}

# RFC 3986, without user information and without quotes.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://"
    r"(?:(?P<name>[A-Za-z0-9._-]+)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?"
)
_LONGEST_URL = 8192
_LONGEST_SHOWN = 200
_LAST_PORT = 65535


class Address(NamedTuple):
    """Scheme, host and port of a valid URL, in lower case. ``port`` has a default by scheme."""

    scheme: str
    host: str
    port: int

    @property
    def is_safe(self) -> bool:
        """Whether other machines cannot read or change the connection: https, or loopback."""
        return self.scheme == "https" or (self.scheme == "http" and self.host in _LOOPBACK)


def parse(url: str) -> Address | None:
    """Return the address of an http or https URL; None if the URL is not valid. Never raise."""
    found = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in _PORTS:
        return None
    host = (found["name"] or found["ipv6"]).lower()
    port = int(found["port"]) if found["port"] else _PORTS[scheme]
    if not 0 < port <= _LAST_PORT or (found["ipv6"] and not _is_ipv6(host)):
        return None
    return Address(scheme, host, port)


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def is_aws_host(host: str) -> bool:
    """Return whether a host name in lower case belongs to Identity Center."""
    known = any(host == name or host.endswith(f".{name}") for name in _PORTALS)
    return (
        known or host == ISSUER_HOST or bool(_SERVICE.fullmatch(host) or _GOVCLOUD.fullmatch(host))
    )


def is_aws_url(url: str) -> bool:
    """Return whether a URL is https at a host of Identity Center."""
    address = parse(url)
    return address is not None and address.scheme == "https" and is_aws_host(address.host)


def without_secrets(url: str) -> str:
    """Return a URL without user information, query and fragment, so that it can be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid address"
    host = parts.netloc.rpartition("@")[2]
    return one_line(f"{parts.scheme}://{host}{parts.path}".rstrip("/"), _LONGEST_SHOWN)


def secrets_in(url: str) -> tuple[str, ...]:
    """Return the parts of a URL that `without_secrets` removes."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    user, at, _ = parts.netloc.rpartition("@")
    return tuple(filter(None, (user + at, parts.query, parts.fragment)))


def may_be_opened(url: str, *own_urls: str) -> bool:
    """Return whether a URL may be opened in a browser, or be used as a start URL.

    It must be https at a host of AWS or of one of the user's own URLs, or http on this machine at
    the host and port of one of those.

    :param own_urls: what the user has configured: the start URL, the endpoint.
    """
    address = parse(url)
    if address is None or not address.is_safe:
        return False
    own = [found for found in map(parse, own_urls) if found is not None]
    if address.scheme == "http":
        return any((address.host, address.port) == (one.host, one.port) for one in own)
    return is_aws_host(address.host) or any(address.host == one.host for one in own)
