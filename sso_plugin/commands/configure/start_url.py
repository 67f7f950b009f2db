"""The start URL as people know it: completed, checked, and what it says about region and name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from sso_plugin.errors import ConfigValueError
from sso_plugin.printable import one_line
from sso_plugin.web.addresses import Address, is_aws_host, parse
from sso_plugin.web.request import send

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["default_name", "find_region", "read_start_url", "region_in"]

_DIRECTORY = re.compile(r"d-[0-9a-z]{10}|ssoins-[0-9a-z]+")
"""The ids of a directory and of an instance."""

_ALIAS = re.compile(r"[A-Za-z0-9-]{1,63}")
_CLASSIC = re.compile(r"[a-z0-9-]+\.awsapps\.com")
"""A portal whose path is always ``/start``."""

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+"
_HOSTS = (
    re.compile(rf"[a-z0-9-]+\.portal\.({_REGION})\.(?:app\.aws|app\.amazonwebservices\.com\.cn)"),
    re.compile(rf"[a-z0-9-]+\.portal\.({_REGION})\.(?:app|api)\.amazonwebservices\.eu"),
    re.compile(rf"[a-z0-9-]+\.({_REGION})\.portal\.amazonaws\.(?:com|com\.cn|eu)"),
    re.compile(rf"start\.({_REGION})\.(?:us-gov-home\.awsapps\.com|home\.awsapps\.cn)"),
    re.compile(rf"start\.({_REGION})\.amazonaws-us-gov\.com"),
)
"""Hosts of portals that have the region of Identity Center in their name."""

_META = re.compile(rb"<meta\s[^>]*>", re.IGNORECASE)
_NAME = re.compile(rb"""\sname\s*=\s*["']?region["'\s/>]""", re.IGNORECASE)
_CONTENT = re.compile(rf"""\scontent\s*=\s*["']?({_REGION})["'\s/>]""".encode(), re.IGNORECASE)

_MOST_REQUESTS = 5
_TIMEOUT = 5
"""Seconds. A person waits for it, and can answer the question instead."""

_LONGEST_SHOWN = 200


def read_start_url(text: str) -> str:
    """Return the start URL that a person means: ``d-1234567890``, ``corp.awsapps.com`` or a URL.

    :raises ConfigValueError: if it is no address, or if it is neither https nor on this machine.
    """
    given = text.strip()
    if _ALIAS.fullmatch(given) and given.lower() != "localhost":
        given = f"{given.lower()}.awsapps.com"
    if "://" not in given:
        given = f"https://{given}"
    address = parse(given)
    if address is None or not ("." in address.host or _is_loopback(address)):
        raise _invalid(text, "is not a valid start URL")
    if not address.is_safe:
        raise _invalid(text, "is not a valid start URL: it has to begin with https://")
    return _completed(given)


def region_in(start_url: str) -> str | None:
    """Return the region that the host of a start URL has in its name, or None."""
    address = parse(start_url)
    host = address.host if address else ""
    return next((found[1] for each in _HOSTS if (found := each.fullmatch(host))), None)


def find_region(session: Session, start_url: str) -> str | None:
    """Return the region of Identity Center; None if its portal does not say it.

    The host may say it, or the page of the portal, in its tag ``meta``. Redirects are followed. No
    token and no cookie is sent.
    """
    url: str | None = start_url
    for _ in range(_MOST_REQUESTS):
        address = parse(url or "")
        if url is None or address is None or not address.is_safe:
            return None
        if region := region_in(url):
            return region
        body, location = _request(session, url)
        if location is None:
            return _region_of_page(body)
        url = _joined(url, location)
    return None


def _request(session: Session, url: str) -> tuple[bytes, str | None]:
    """Return the body of a page, and where it redirects to. No body if there is no page."""
    from botocore.exceptions import BotoCoreError

    try:
        response = send(session, "GET", url, timeout=_TIMEOUT)
    except BotoCoreError:
        return b"", None
    is_redirect = 300 <= response.status < 400  # noqa: PLR2004 - the class of redirects
    return response.body, response.headers.get("location") if is_redirect else None


def _joined(url: str, location: str) -> str | None:
    try:
        return urljoin(url, location)
    except ValueError:
        return None


def _region_of_page(body: bytes) -> str | None:
    for tag in _META.findall(body):
        if _NAME.search(tag) and (found := _CONTENT.search(tag)):
            return found[1].decode().lower()
    return None


def default_name(start_url: str) -> str:
    """Return a name for the sso-session of a start URL: that of the organization, if it has one."""
    address = parse(start_url)
    labels = address.host.split(".") if address else []
    path = urlsplit(start_url).path.strip("/").split("/")
    if path[0] == "directory" and len(path) > 1:
        found = path[1]
    elif address is None or labels[-1].isdigit() or len(labels) < 2:  # noqa: PLR2004 - a domain
        found = ""
    else:
        found = labels[0] if is_aws_host(address.host) else labels[-2]
    is_name = _ALIAS.fullmatch(found) and not _DIRECTORY.fullmatch(found)
    return found if is_name and found not in ("start", "identitycenter") else "sso"


def _is_loopback(address: Address) -> bool:
    return address._replace(scheme="http").is_safe


def _completed(url: str) -> str:
    """Return a URL without what browsers add, and with the path of its portal."""
    parts = urlsplit(url)
    host = parts.netloc.lower()
    path = parts.path.rstrip("/")
    if _CLASSIC.fullmatch(host) and not path:
        path = "/start"
    return urlunsplit((parts.scheme.lower(), host, path, "", ""))


def _invalid(text: str, problem: str) -> ConfigValueError:
    return ConfigValueError(
        problem=f'"{one_line(text, _LONGEST_SHOWN)}" {problem}',
        fix="Use the address of the AWS access portal, such as https://example.awsapps.com/start.",
    )
