"""A link that signs in to the AWS console with the credentials of a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sso_plugin.errors import ConfigError, SsoPluginError
from sso_plugin.printable import inside_sentence
from sso_plugin.redact import Secret, hide_frames, without_frames
from sso_plugin.web.addresses import parse
from sso_plugin.web.request import send

from ..chosen_credentials import ChosenCredentials
from ..credentials_choice import CredentialsChoice
from .pages import domain_of, page_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import ReadOnlyCredentials

__all__ = ["console_url"]

_ENDPOINT = "SSO_PLUGIN_SIGNIN_URL"
_OK = 200


def console_url(
    choice: CredentialsChoice = CredentialsChoice(),  # noqa: B008 - it cannot change
    destination: str | None = None,
    duration: int | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    logout_first: bool = False,
) -> str:
    """Return a URL that signs in a browser. It expires after 15 minutes.

    :param destination: a page of the console, see `pages.page_url`.
    :param duration: how many seconds the console session lasts; None for the default of AWS.
    :param logout_first: end the console session that the browser has now.
    :raises InvalidPageError: if the destination is not a page of the console.
    :raises ConfigError: if the profile or the role cannot be used.
    :raises SsoPluginError: if the sign-in fails.
    """
    chosen = ChosenCredentials.of(choice, environ)
    domain = domain_of(chosen.region)
    base = _base(domain, environ)
    page = page_url(destination, chosen.region.call_region, domain)
    token = _sign_in_token(chosen, f"{base}/federation", duration)
    login = {
        "Action": "login",
        # The link in the console at the end of the session. It leads to the access portal.
        "Issuer": chosen.start_url or "sso-plugin",
        "Destination": page,
        "SigninToken": token,
    }
    url = Secret(f"{base}/federation?{urlencode(login)}")
    if not logout_first:
        return url
    return Secret(f"{base}/oauth?{urlencode({'Action': 'logout', 'redirect_uri': url})}")


def _base(domain: str, environ: Mapping[str, str]) -> str:
    base = environ.get(_ENDPOINT, f"https://signin.{domain}").rstrip("/")
    address = parse(base)
    if address is None or not address.is_safe:
        raise ConfigError(
            subject=_ENDPOINT,
            problem=f"is {base}, which is not secure",
            fix="Use an https URL, or a URL on this machine.",
        )
    return base


@hide_frames
def _sign_in_token(chosen: ChosenCredentials, endpoint: str, duration: int | None) -> str:
    from botocore.exceptions import BotoCoreError

    from sso_plugin.portal.error_map import kind_of

    keys, _ = chosen.fetch()
    if keys.token is None:
        raise ConfigError(
            subject=chosen.subject,
            problem="has long-term keys, which cannot sign in to the console",
            fix="Use a profile with a role.",
        )
    form = {"Action": "getSigninToken", "Session": Secret(_session_text(keys))}
    if duration is not None:
        form["SessionDuration"] = str(duration)
    try:
        response = send(chosen.session, "POST", endpoint, form)
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
            problem=f"refused the credentials of {inside_sentence(chosen.subject)} "
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
