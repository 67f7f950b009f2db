"""Resolves a vanity start URL, at a host of the user's company, to the access portal of AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..errors import ConfigError, LoginFailed
from ..printable import one_line
from ..storage.keys import portal_key
from ..web.addresses import may_be_opened, parse
from ..web.request import send

if TYPE_CHECKING:
    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..storage.cache import Cache

__all__ = ["PortalRecord", "check_start_url", "resolve_start_url"]

_MOST_REDIRECTS = 3

_LONGEST = 200
"""Characters of a URL in a message."""


def resolve_start_url(session: Session, profile: SsoProfile, endpoint: str, own: Cache) -> str:
    """Follow the redirects of a start URL to a host of AWS. Return a URL of AWS as it is.

    Only https and at most three redirects are followed. No token and no cookie is sent.

    :param endpoint: a URL of the OIDC service in use. Its host counts as one of AWS: a user who has
        set an endpoint may have a start URL there too.
    :param own: the cache with the portal of the last login.
    :raises ConfigError: if the start URL is not a valid address.
    :raises LoginFailed: if the redirects lead to another host, or to another portal than before.
    """
    check_start_url(profile)
    current = url = profile.start_url
    for _ in range(_MOST_REDIRECTS + 1):
        if may_be_opened(current, endpoint):
            PortalRecord(profile, own).check(current)
            return current
        if not current.lower().startswith("https:"):
            raise _failed(url, f"{current} is not an https address")
        location = _request_location(session, url, current)
        current = _redirect_target(url, current, location)
    raise _failed(url, f"there are more than {_MOST_REDIRECTS} redirects")


class PortalRecord:
    """The portal that a vanity start URL led to at the last successful login.

    Without it, an attacker who can change the redirect could make a user log in to another
    organization.
    """

    def __init__(self, profile: SsoProfile, own: Cache) -> None:
        self._profile = profile
        self._own = own
        self._key = portal_key(profile)

    def check(self, resolved: str) -> None:
        """Compare with the portal of the last login.

        :raises LoginFailed: if it is another portal.
        """
        entry = self._own.get(self._key)
        known = entry.document.get("portal") if entry else None
        if resolved == self._profile.start_url or not isinstance(known, str):
            return
        if _portal_of(known) != _portal_of(resolved):
            raise LoginFailed(
                subject=self._profile.subject,
                reason=f"its start URL {self._profile.start_url} now leads to "
                f"{one_line(resolved, _LONGEST)}, but at the last login led to "
                f"{one_line(known, _LONGEST)}",
                fix=f"If this is expected, run: {self._logout_command}, then log in again.",
            )

    def write(self, resolved: str) -> None:
        """Record the portal of a login that has succeeded."""
        if resolved != self._profile.start_url:
            self._own.put(self._key, {"portal": resolved.partition("?")[0].partition("#")[0]})

    def delete(self) -> None:
        """Delete the record: the next login accepts any portal."""
        self._own.delete(self._key)

    @property
    def _logout_command(self) -> str:
        return self._profile.login_command.replace(" login ", " logout ", 1)


def _portal_of(url: str) -> tuple[object, str]:
    """Return the parts of a URL that identify a portal: all but the query and the fragment."""
    address = parse(url)
    return address, urlsplit(url).path.rstrip("/") if address else ""


def _redirect_target(url: str, current: str, location: str) -> str:
    try:
        target = urljoin(current, location)
    except ValueError:
        target = ""
    if parse(target) is None:
        raise _failed(
            url, f"it redirects to {one_line(location, _LONGEST)}, which is not a valid address"
        )
    return target


def _request_location(session: Session, url: str, current: str) -> str:
    for method in ("HEAD", "GET"):
        status, location = _request(session, method, url, current)
        if 300 <= status < 400 and location:  # noqa: PLR2004 - the class of redirects
            return location
        if status != 405:  # noqa: PLR2004 - Method Not Allowed
            break
    raise _failed(current, f"it returns status {status} and no redirect to AWS")


def _request(session: Session, method: str, url: str, current: str) -> tuple[int, str | None]:
    from botocore.exceptions import BotoCoreError

    try:
        response = send(session, method, current)
    except BotoCoreError as exc:
        raise _failed(url, one_line(str(exc), 2 * _LONGEST)) from exc
    return response.status, response.headers.get("location")


def _failed(url: str, why: str) -> LoginFailed:
    return LoginFailed(
        subject=f"The start URL {one_line(url, _LONGEST)}",
        problem=f"cannot be resolved: {why}",
        fix="Set sso_start_url to the address of the AWS access portal itself.",
    )


def check_start_url(profile: SsoProfile) -> None:
    """Check that a start URL is a valid address.

    :raises ConfigError: if it is not. The message says where it is set.
    """
    if parse(profile.start_url) is not None:
        return
    url = one_line(profile.start_url, _LONGEST)
    named = profile.name is not None or profile.session_name is not None
    where = f"{profile.subject}: sso_start_url in {profile.config_file}" if named else "--start-url"
    raise ConfigError(
        subject=where,
        problem=f'is not a valid address: "{url}"',
        fix="Set it to the address of the AWS access portal, such as "
        "https://example.awsapps.com/start.",
    )
