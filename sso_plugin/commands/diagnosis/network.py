"""Whether the two services answer, and how far apart their clock and ours are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ProxyConnectionError, SSLError

from sso_plugin.clock import parse_http_date
from sso_plugin.errors import SsoPluginError
from sso_plugin.webrequest import WebAnswer, send

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_plugin.openlogin import OpenLogin

__all__ = ["look_at_network"]

_NAMES = {"sso": "portal", "sso-oidc": "OIDC service"}
_TIMEOUT = 5
_TOLERABLE = 5.0
_TOO_MUCH = 240.0
"""Seconds. AWS refuses signed requests that are 5 minutes off."""


def look_at_network(login: OpenLogin, wall: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Ask both services; any HTTP answer will do. No token goes along."""
    clock = None
    for service, name in _NAMES.items():
        try:
            url = login.tokens.portal.endpoint(service)
        except SsoPluginError as exc:
            yield problem("network", str(exc), "Check sso_region.")
            continue
        began = time.perf_counter()
        try:
            answer = send(login.session, "GET", url, timeout=_TIMEOUT)
        except BotoCoreError as exc:
            yield problem(
                "network", f"The {name} at {url} cannot be reached: {exc}", _mend(exc, url)
            )
            continue
        took = time.perf_counter() - began
        by = _proxy(url)
        yield ok("network", f"The {name} at {url} answers in {took * 1000:.0f} ms{by}.")
        clock = clock or _look_at_clock(answer, wall())
    if clock:
        yield clock


def _look_at_clock(answer: WebAnswer, now: float) -> Finding | None:
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
