"""The pages of the AWS console: a service, a path, or a whole URL in the right partition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError
from sso_plugin.web.addresses import parse, without_secrets

if TYPE_CHECKING:
    from ..regions import Region

__all__ = ["InvalidPageError", "domain_of", "page_url"]

_DOMAINS = {
    "aws": "aws.amazon.com",
    "aws-cn": "amazonaws.cn",
    "aws-eusc": "amazonaws-eusc.eu",
    "aws-us-gov": "amazonaws-us-gov.com",
}
"""The domain of each partition: https://signin.DOMAIN and https://console.DOMAIN. Only AWS assigns
the names below it."""

_PAGE = re.compile(
    r"(?P<service>[a-z0-9-]+)"
    r"(?P<path>/[A-Za-z0-9._~!$&()*+,;=:@%/-]*)?"
    r"(?P<query>\?[A-Za-z0-9._~!$&()*+,;=:@%/?-]*)?"
    r"(?P<fragment>#[A-Za-z0-9._~!$&()*+,;=:@%/?#-]*)?"
)
_REGION_PARAMETER = re.compile(r"[?&]region=")
_FIX = "Use a service (s3), a path (s3/buckets/my.bucket) or a URL of the console (https://...)."


class InvalidPageError(ConfigError):
    """A destination is not a page of the console in this partition."""


def domain_of(region: Region) -> str:
    """Return the domain of the console.

    :raises ConfigError: if it is not known for the partition.
    """
    if region.partition not in _DOMAINS:
        raise ConfigError(
            subject=f"The console of the region {region.call_region}",
            problem=f"is not known: its partition is not one of {', '.join(_DOMAINS)}",
            fix="Check sso_region, or update botocore.",
        )
    return _DOMAINS[region.partition]


def page_url(destination: str | None, region: str, domain: str) -> str:
    """Return the URL of a page. It is in the given region if the destination names none.

    :param destination: a service such as ``s3``, a path such as ``s3/buckets/my.bucket``, or a URL;
        None for the home page.
    :raises InvalidPageError: if it is neither, or the URL is not one of the console.
    """
    if destination is None:
        return f"https://console.{domain}/console/home?region={region}"
    if "://" in destination:
        return _checked_url(destination, domain)
    parts = _PAGE.fullmatch(destination.removeprefix("/"))
    if parts is None:
        raise InvalidPageError(problem=f'"{destination}" is not a page of the console', fix=_FIX)
    path = f"{parts['service']}{parts['path'] or '/home'}"
    query, fragment = parts["query"] or "?", parts["fragment"] or ""
    if not _REGION_PARAMETER.search(query):
        query += f"{'&' if len(query) > 1 else ''}region={region}"
    return f"https://console.{domain}/{path}{query}{fragment}"


def _checked_url(url: str, domain: str) -> str:
    address = parse(url)
    if address is None or address.scheme != "https":
        raise InvalidPageError(problem=f'"{url}" is not a page of the console', fix=_FIX)
    if not address.host.endswith(f".{domain}"):
        raise InvalidPageError(
            subject=f"The URL {without_secrets(url)}",
            problem=f"is not at a host of the console, which is console.{domain} here",
            fix=_FIX,
        )
    return url
