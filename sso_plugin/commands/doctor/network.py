"""Whether Identity Center answers at the addresses in use, and how far off our clock is."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ProxyConnectionError, SSLError

from sso_plugin.errors import SsoPluginError
from sso_plugin.printable import one_line
from sso_plugin.signin.vanity import resolve_start_url
from sso_plugin.timestamps import parse_http_date
from sso_plugin.web.addresses import is_aws_url, may_be_opened, parse, secrets_in, without_secrets
from sso_plugin.web.request import WebResponse, send

from .bounded import within
from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["look_at_network"]

_TIMEOUT = 5
_LONGEST = 15.0
"""Seconds for one answer, name servers and slow senders included."""

_LONGEST_NAME = 60
_TOLERABLE = 5.0
_TOO_MUCH = 240.0
"""Seconds. AWS refuses signed requests that are 5 minutes off."""

_TOO_MANY = 429
_SERVER_ERROR = 500


class _Service(NamedTuple):
    """A request that changes nothing, and the errors by which a service is known."""

    name: str
    method: str
    path: str
    body: str | None
    variable: str
    errors: frozenset[str]


_COMMON = frozenset({"InvalidRequestException", "TooManyRequestsException"})
_SERVICES = {
    "sso": _Service(
        "portal",
        "GET",
        "/assignment/accounts",
        None,
        "AWS_ENDPOINT_URL_SSO",
        _COMMON | {"UnauthorizedException", "ForbiddenException", "ResourceNotFoundException"},
    ),
    "sso-oidc": _Service(
        "OIDC service",
        "POST",
        "/device_authorization",
        "{}",
        "AWS_ENDPOINT_URL_SSO_OIDC",
        _COMMON | {"InvalidClientException", "UnauthorizedClientException", "SlowDownException"},
    ),
}


def look_at_network(
    login: ConfiguredLogin, wall: Callable[[], float] = time.time, longest: float = _LONGEST
) -> Iterator[Finding]:
    """Send both services an invalid request, which Identity Center refuses in its own way.

    No token goes along.

    :param longest: seconds that each may take.
    """
    clock = None
    for key, service in _SERVICES.items():
        try:
            url = login.portal.endpoint(key)
        except SsoPluginError as exc:
            yield problem("network", str(exc), "Check sso_region.")
            continue
        began = time.perf_counter()
        try:
            answer = within(longest, lambda s=service, u=url: _ask(login, s, u))  # type: ignore[misc]
        except (BotoCoreError, TimeoutError) as exc:
            yield _unreachable(service, url, exc)
            continue
        took = time.perf_counter() - began
        finding = _look_at_answer(service, url, answer, took)
        yield finding
        if finding.status != "problem":
            clock = clock or _look_at_clock(answer, wall())
    yield from _look_at_start_url(login, longest)
    if clock:
        yield clock


def _ask(login: ConfiguredLogin, service: _Service, url: str) -> WebResponse:
    parts = urlsplit(url)
    there = parts._replace(path=parts.path.rstrip("/") + service.path).geturl()
    return send(login.session, service.method, there, timeout=_TIMEOUT, json=service.body)


def _look_at_answer(service: _Service, url: str, answer: WebResponse, took: float) -> Finding:
    place = f"The {service.name} at {without_secrets(url)}"
    if answer.status >= _SERVER_ERROR:
        fix = "Try again later." if is_aws_url(url) else f"Check {service.variable}, or try again."
        return problem("network", f"{place} fails with {answer.status}.", fix)
    if not _is_identity_center(service, url, answer):
        return _other_server(service, url, answer)
    if answer.status == _TOO_MANY:
        message = f"{place} refuses requests for the moment: there were too many (429)."
        return warning("network", message, "Try again later.")
    return ok("network", f"{place} answers in {took * 1000:.0f} ms{_proxy(url)}.")


def _is_identity_center(service: _Service, url: str, answer: WebResponse) -> bool:
    if is_aws_url(url) and "x-amzn-requestid" in answer.headers:
        # Its certificate says whose it is. What it answers may change.
        return True
    kind = answer.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and kind in service.errors


def _other_server(service: _Service, url: str, answer: WebResponse) -> Finding:
    server = one_line(answer.headers.get("server", ""), _LONGEST_NAME)
    named = f" (server: {server})" if server else ""
    message = (
        f"What answers at {without_secrets(url)} is not the {service.name} of Identity Center: it "
        f"answers {service.method} {service.path} with {answer.status}{named}."
    )
    if is_aws_url(url):
        return problem(
            "network",
            message,
            "Something between this machine and AWS answers: check the proxy, or the login page "
            "of this network.",
        )
    return problem(
        "network", message, f"Check {service.variable}, endpoint_url in the config, and sso_region."
    )


def _unreachable(service: _Service, url: str, exc: Exception) -> Finding:
    reason = one_line(str(exc))
    for secret in secrets_in(url):
        reason = reason.replace(secret, "***")
    message = f"The {service.name} at {without_secrets(url)} cannot be reached: {reason}"
    return problem("network", message, _mend(exc, url))


def _look_at_start_url(login: ConfiguredLogin, longest: float) -> Iterator[Finding]:
    """Follow a start URL of a company's own, as a login does."""
    url = login.profile.start_url
    try:
        endpoint = login.portal.authorization_endpoint()
    except SsoPluginError:
        # It has been reported.
        return
    if parse(url) is None or may_be_opened(url, endpoint):
        return
    fix = "Set sso_start_url to the address of the AWS access portal."
    try:
        found = within(longest, lambda: resolve_start_url(login.session, login.profile, endpoint))
    except SsoPluginError as exc:
        yield problem("network", f"{str(exc).rpartition('. Set ')[0] or exc}.", fix)
    except TimeoutError as exc:
        yield problem("network", f"The start URL {url} cannot be resolved: {exc}.", fix)
    else:
        yield ok("network", f"The start URL {url} leads to {one_line(found)}.")


def _look_at_clock(answer: WebResponse, now: float) -> Finding | None:
    theirs = parse_http_date(answer.headers.get("date"))
    if theirs is None:
        return None
    # The header counts whole seconds.
    offset = now - (theirs + 0.5)
    if abs(offset) < _TOLERABLE:
        return ok("clock", "The clock of this machine agrees with the portal's.")
    message = (
        f"The clock of this machine is {abs(offset):.0f} seconds "
        f"{'ahead of' if offset > 0 else 'behind'} the portal's"
    )
    mend = "Set it: sudo timedatectl set-ntp true (Linux), sudo sntp -sS time.apple.com (macOS)"
    if abs(offset) < _TOO_MUCH:
        return warning("clock", f"{message}; sso_plugin allows for it, others may not.", mend)
    return problem("clock", f"{message}: AWS may refuse what it signs.", mend)


def _proxy(url: str) -> str:
    """Name the proxy by host and port; its address may hold a password."""
    from botocore.utils import get_environ_proxies

    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    if not proxy:
        return ""
    parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
    return f" by the proxy {parts.hostname}:{parts.port}"


def _mend(exc: Exception, url: str) -> str:
    if isinstance(exc, SSLError):
        bundle = os.environ.get("AWS_CA_BUNDLE")
        of_now = f" (now {bundle})" if bundle else ""
        return (
            f"Set AWS_CA_BUNDLE or ca_bundle to the certificates of your network{of_now}; check "
            "the clock."
        )
    if isinstance(exc, ProxyConnectionError) or _proxy(url):
        return f"Check HTTPS_PROXY, or add {urlsplit(url).hostname} to NO_PROXY."
    return "Check sso_region and the network; where a proxy is needed, set HTTPS_PROXY."
