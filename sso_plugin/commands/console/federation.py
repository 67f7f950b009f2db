"""A link that signs in to the AWS console with the credentials of a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sso_plugin.errors import ConfigError, SsoPluginError
from sso_plugin.redact import Secret, hide_frames, without_frames
from sso_plugin.web.addresses import parse
from sso_plugin.web.request import send

from ..profile_credentials import ProfileCredentials
from ..regions import sso_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import ReadOnlyCredentials

    from ..regions import Region

__all__ = ["console_url"]

_DOMAINS = {
    "aws": "aws.amazon.com",
    "aws-cn": "amazonaws.cn",
    "aws-eusc": "amazonaws-eusc.eu",
    "aws-us-gov": "amazonaws-us-gov.com",
}
"""The domain of each partition: https://signin.DOMAIN and https://console.DOMAIN."""

_ENDPOINT = "SSO_PLUGIN_SIGNIN_URL"
_SERVICE = re.compile(r"[a-z0-9-]+(/[A-Za-z0-9/_-]*)?")
_OK = 200


def console_url(
    profile_name: str | None = None,
    destination: str | None = None,
    duration: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return a URL that signs in a browser. It expires after 15 minutes.

    :param destination: a page of the console: an https URL, or a service such as ``s3``.
    :param duration: how many seconds the console session lasts; None for the default of AWS.
    :raises ConfigError: if the profile or the destination cannot be used.
    :raises SsoPluginError: if the sign-in fails.
    """
    profile = ProfileCredentials.of(profile_name, environ)
    domain = _domain(profile.region)
    endpoint = _endpoint(domain, environ)
    page = _page(profile.region.call_region, domain, destination)
    token = _sign_in_token(profile, endpoint, duration)
    login = {
        "Action": "login",
        # The link in the console at the end of the session. It leads to the access portal.
        "Issuer": sso_setting(profile.session, profile.name, "sso_start_url") or "sso-plugin",
        "Destination": page,
        "SigninToken": token,
    }
    return Secret(f"{endpoint}?{urlencode(login)}")


def _domain(region: Region) -> str:
    if region.partition not in _DOMAINS:
        raise ConfigError(
            subject=f"The console of the region {region.call_region}",
            problem=f"is not known: its partition is not one of {', '.join(_DOMAINS)}",
            fix="Check sso_region, or update botocore.",
        )
    return _DOMAINS[region.partition]


def _endpoint(domain: str, environ: Mapping[str, str]) -> str:
    base = environ.get(_ENDPOINT, f"https://signin.{domain}").rstrip("/")
    address = parse(base)
    if address is None or not address.is_safe:
        raise ConfigError(
            subject=_ENDPOINT,
            problem=f"is {base}, which is not secure",
            fix="Use an https URL, or a URL on this machine.",
        )
    return f"{base}/federation"


def _page(region: str, domain: str, destination: str | None) -> str:
    if destination is None:
        return f"https://console.{domain}/console/home?region={region}"
    address = parse(destination)
    if address and address.scheme == "https":
        return destination
    if not _SERVICE.fullmatch(destination):
        raise ConfigError(
            problem=f'"{destination}" is not a page of the console',
            fix="Use an https URL, or the name of a service as in its console URLs, such as s3.",
        )
    path = destination if "/" in destination else f"{destination}/home"
    return f"https://console.{domain}/{path}?region={region}"


@hide_frames
def _sign_in_token(profile: ProfileCredentials, endpoint: str, duration: int | None) -> str:
    from botocore.exceptions import BotoCoreError

    from sso_plugin.portal.error_map import kind_of

    keys, _ = profile.fetch()
    if keys.token is None:
        raise ConfigError(
            subject=f'The profile "{profile.name}"',
            problem="has long-term keys, which cannot sign in to the console",
            fix="Use a profile with a role.",
        )
    form = {"Action": "getSigninToken", "Session": Secret(_session_text(keys))}
    if duration is not None:
        form["SessionDuration"] = str(duration)
    try:
        response = send(profile.session, "POST", endpoint, form)
    except BotoCoreError as exc:
        raise kind_of(exc)(
            subject="The sign-in to the console",
            problem=f"cannot be reached: {exc}",
            retryable=True,
        ) from without_frames(exc)
    token = _token_in(response.body) if response.status == _OK else None
    if token is None:
        raise SsoPluginError(
            subject=f"The sign-in to the console at {endpoint}",
            problem=f'refused the credentials of the profile "{profile.name}" '
            f"(status {response.status})",
            fix=_hint(duration),
        )
    return token


def _hint(duration: int | None) -> str:
    if duration is None:
        return "Check the role with: sso-plugin whoami"
    return "The role may not allow this session length: use a shorter --duration, or no --duration."


def _session_text(keys: ReadOnlyCredentials) -> str:
    return json.dumps(
        {
            "sessionId": keys.access_key,
            "sessionKey": keys.secret_key,
            "sessionToken": keys.token,
        }
    )


def _token_in(body: bytes) -> str | None:
    try:
        token = json.loads(body)["SigninToken"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return Secret(token) if isinstance(token, str) else None
