"""Check that Identity Center is reachable, and that the clock of this machine is right."""

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
from .finding import Finding, ok, problem, warning, without_fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["check_network"]

_SOCKET_TIMEOUT = 5
_TIMEOUT = 15.0
"""Seconds for one response, including DNS and slow servers."""

_MAX_SERVER_NAME = 60
_SMALL_OFFSET = 5.0
_LARGE_OFFSET = 240.0
"""Seconds. AWS rejects signed requests if the clock is off by 5 minutes."""

_THROTTLED = 429
_SERVER_ERROR = 500


class _Service(NamedTuple):
    """A request that changes nothing, and the errors that identify the service."""

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


def check_network(
    login: ConfiguredLogin, wall: Callable[[], float] = time.time, timeout: float = _TIMEOUT
) -> Iterator[Finding]:
    """Send an invalid request, without a token, to both services, and check the error response.

    :param timeout: seconds for each request.
    """
    clock = None
    for key, service in _SERVICES.items():
        try:
            url = login.portal.endpoint(key)
        except SsoPluginError as exc:
            yield problem("network", str(exc), "Check sso_region.")
            continue
        start = time.perf_counter()
        try:
            answer = within(timeout, lambda s=service, u=url: _send(login, s, u))  # type: ignore[misc]
        except (BotoCoreError, TimeoutError) as exc:
            yield _unreachable(service, url, exc)
            continue
        seconds = time.perf_counter() - start
        finding = _check_answer(service, url, answer, seconds)
        yield finding
        if finding.status != "problem":
            clock = clock or _check_clock(answer, wall())
    yield from _check_start_url(login, timeout)
    if clock:
        yield clock


def _send(login: ConfiguredLogin, service: _Service, url: str) -> WebResponse:
    parts = urlsplit(url)
    full_url = parts._replace(path=parts.path.rstrip("/") + service.path).geturl()
    return send(login.session, service.method, full_url, timeout=_SOCKET_TIMEOUT, json=service.body)


def _check_answer(service: _Service, url: str, answer: WebResponse, seconds: float) -> Finding:
    place = f"The {service.name} at {without_secrets(url)}"
    if answer.status >= _SERVER_ERROR:
        fix = "Try again later." if is_aws_url(url) else f"Check {service.variable}, or try again."
        return problem("network", f"{place} returns an error ({answer.status}).", fix)
    if not _is_identity_center(service, url, answer):
        return _other_server(service, url, answer)
    if answer.status == _THROTTLED:
        message = f"{place} is throttling requests (429)."
        return warning("network", message, "Try again later.")
    return ok("network", f"{place} responds in {seconds * 1000:.0f} ms{_proxy(url)}.")


def _is_identity_center(service: _Service, url: str, answer: WebResponse) -> bool:
    if is_aws_url(url) and "x-amzn-requestid" in answer.headers:
        # The certificate identifies the service. Its errors may change.
        return True
    kind = answer.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and kind in service.errors


def _other_server(service: _Service, url: str, answer: WebResponse) -> Finding:
    server = one_line(answer.headers.get("server", ""), _MAX_SERVER_NAME)
    named = f" (server: {server})" if server else ""
    message = (
        f"The server at {without_secrets(url)} is not the {service.name} of Identity Center: it "
        f"responds to {service.method} {service.path} with {answer.status}{named}."
    )
    if is_aws_url(url):
        return problem(
            "network",
            message,
            "A server between this machine and AWS responds: check the proxy, or the login page of "
            "this network.",
        )
    return problem(
        "network", message, f"Check {service.variable}, endpoint_url in the config, and sso_region."
    )


def _unreachable(service: _Service, url: str, exc: Exception) -> Finding:
    reason = one_line(str(exc))
    for secret in secrets_in(url):
        reason = reason.replace(secret, "***")
    message = f"The {service.name} at {without_secrets(url)} cannot be reached: {reason}"
    return problem("network", message, _fix_for(exc, url))


def _check_start_url(login: ConfiguredLogin, timeout: float) -> Iterator[Finding]:
    """Resolve a start URL with a custom domain, as a login does."""
    url = login.profile.start_url
    try:
        endpoint = login.portal.authorization_endpoint()
    except SsoPluginError:
        # Already reported.
        return
    if parse(url) is None or may_be_opened(url, endpoint):
        return
    fix = "Set sso_start_url to the address of the AWS access portal."
    try:
        own = login.stores.own
        found = within(
            timeout, lambda: resolve_start_url(login.session, login.profile, endpoint, own)
        )
    except SsoPluginError as exc:
        yield problem("network", without_fix(exc), fix)
    except TimeoutError as exc:
        yield problem("network", f"The start URL {url} cannot be resolved: {exc}.", fix)
    else:
        yield ok("network", f"The start URL {url} leads to {one_line(found)}.")


def _check_clock(answer: WebResponse, now: float) -> Finding | None:
    portal_time = parse_http_date(answer.headers.get("date"))
    if portal_time is None:
        return None
    # The header counts whole seconds.
    offset = now - (portal_time + 0.5)
    if abs(offset) < _SMALL_OFFSET:
        return ok("clock", "The clock of this machine agrees with the clock of the portal.")
    message = (
        f"The clock of this machine is {abs(offset):.0f} seconds "
        f"{'ahead of' if offset > 0 else 'behind'} the clock of the portal"
    )
    fix = "Set it: sudo timedatectl set-ntp true (Linux), sudo sntp -sS time.apple.com (macOS)"
    if abs(offset) < _LARGE_OFFSET:
        return warning("clock", f"{message}: sso_plugin corrects it, other programs may fail.", fix)
    return problem("clock", f"{message}: AWS may reject signed requests.", fix)


def _proxy(url: str) -> str:
    """Return the host and port of the proxy. Its URL may contain a password."""
    from botocore.utils import get_environ_proxies

    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    if not proxy:
        return ""
    parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
    return f" through the proxy {parts.hostname}:{parts.port}"


def _fix_for(exc: Exception, url: str) -> str:
    if isinstance(exc, SSLError):
        bundle = os.environ.get("AWS_CA_BUNDLE")
        current = f" (now {bundle})" if bundle else ""
        return (
            f"Set AWS_CA_BUNDLE or ca_bundle to the certificates of your network{current}; check "
            "the clock."
        )
    if isinstance(exc, ProxyConnectionError) or _proxy(url):
        return f"Check HTTPS_PROXY, or add {urlsplit(url).hostname} to NO_PROXY."
    return "Check sso_region and the network. If a proxy is required, set HTTPS_PROXY."
