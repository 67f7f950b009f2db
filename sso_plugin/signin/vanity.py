"""Start URLs of a company's own: resolved to the address of Identity Center behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..errors import ConfigError, LoginFailed
from ..printable import one_line
from ..storage.file_cache import own_cache
from ..storage.keys import portal_key
from ..web.addresses import may_be_opened, parse
from ..web.request import send

if TYPE_CHECKING:
    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..storage.cache import Cache

__all__ = ["PortalRecord", "check_start_url", "resolve_start_url"]

_MOST_HOPS = 3
_LONGEST = 200


def resolve_start_url(session: Session, profile: SsoProfile, endpoint: str) -> str:
    """Follow the redirects of a start URL to a host of AWS; one that is there already stays.

    https only, three hops at the most, and no token or cookie goes along.

    :param endpoint: a URL of the OIDC service in use. Its host is as good as one of AWS: where
        the user has set an endpoint of their own, they may have a start URL there too.
    :raises ConfigError: if the start URL is not a valid address.
    :raises LoginFailed: if the redirects end anywhere else, or not where they did before.
    """
    check_start_url(profile)
    here = url = profile.start_url
    for _ in range(_MOST_HOPS + 1):
        if may_be_opened(here, endpoint):
            PortalRecord(profile).check(here)
            return here
        if not here.lower().startswith("https:"):
            raise _failed(url, f"{here} is not an https address")
        here = _next(url, here, _location(session, url, here))
    raise _failed(url, f"there are more than {_MOST_HOPS} redirects")


class PortalRecord:
    """Where a start URL of a company's own led when a login last succeeded.

    Otherwise an attacker who can change the redirect could make a person log in to another
    organization.
    """

    def __init__(self, profile: SsoProfile, own: Cache | None = None) -> None:
        self._profile = profile
        self._own = own_cache() if own is None else own
        self._key = portal_key(profile)

    def check(self, resolved: str) -> None:
        """Refuse another portal than the one of the last login.

        :raises LoginFailed: if it is another one.
        """
        entry = self._own.get(self._key)
        known = entry.document.get("portal") if entry else None
        if resolved == self._profile.start_url or not isinstance(known, str):
            return
        if _place(known) != _place(resolved):
            raise LoginFailed(
                subject=self._profile.subject,
                reason=f"its start URL {self._profile.start_url} now leads to "
                f"{one_line(resolved, _LONGEST)}, and at the last login led to "
                f"{one_line(known, _LONGEST)}",
                fix=f"If that is right, {self._remedy()}, then log in again.",
            )

    def write(self, resolved: str) -> None:
        """Record the portal of a login that has succeeded."""
        if resolved != self._profile.start_url:
            self._own.put(self._key, {"portal": resolved.partition("?")[0].partition("#")[0]})

    def forget(self) -> None:
        """Accept any portal at the next login."""
        self._own.delete(self._key)

    def _remedy(self) -> str:
        return f"run: {self._profile.login_command.replace(' login ', ' logout ', 1)}"


def _place(url: str) -> tuple[object, str]:
    """Return what is the same for one portal: neither the query nor the fragment."""
    address = parse(url)
    return address, urlsplit(url).path.rstrip("/") if address else ""


def _next(url: str, here: str, location: str) -> str:
    try:
        there = urljoin(here, location)
    except ValueError:
        there = ""
    if parse(there) is None:
        raise _failed(url, f"it leads to {one_line(location, _LONGEST)}, which is not valid")
    return there


def _location(session: Session, url: str, here: str) -> str:
    for method in ("HEAD", "GET"):
        status, location = _request(session, method, url, here)
        if 300 <= status < 400 and location:  # noqa: PLR2004 - the class of redirects
            return location
        if status != 405:  # noqa: PLR2004 - Method Not Allowed
            break
    raise _failed(here, f"it answers {status} and does not lead to AWS")


def _request(session: Session, method: str, url: str, here: str) -> tuple[int, str | None]:
    from botocore.exceptions import BotoCoreError

    try:
        answer = send(session, method, here)
    except BotoCoreError as exc:
        raise _failed(url, one_line(str(exc), 2 * _LONGEST)) from exc
    return answer.status, answer.headers.get("location")


def _failed(url: str, why: str) -> LoginFailed:
    return LoginFailed(
        subject=f"The start URL {one_line(url, _LONGEST)}",
        problem=f"cannot be resolved: {why}",
        fix="Set sso_start_url to the address of the AWS access portal itself.",
    )


def check_start_url(profile: SsoProfile) -> None:
    """Refuse a start URL that is not a valid address.

    :raises ConfigError: if it is not; the message says where it is set.
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
