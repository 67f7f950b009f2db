"""A link to a role in the access portal. It holds no secret, so it can be shared.

The portal asks for a login if there is none, and then opens the console. The link works for each
user who has the role.

https://docs.aws.amazon.com/singlesignon/latest/userguide/createshortcutlink.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.web.addresses import ISSUER_HOST, parse

from ..aws_variables import chosen_profile
from ..own_sessions import open_own_session
from ..regions import region_of_role
from ..role_login import RoleLogin
from .pages import domain_of, page_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..credentials_choice import CredentialsChoice

__all__ = ["portal_link"]


def portal_link(
    choice: CredentialsChoice,
    destination: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return the link. Calls the portal only for an account whose id is not known.

    :param destination: a page of the console, see `pages.page_url`.
    :raises InvalidPageError: if the destination is not a page of the console.
    :raises ConfigError: if there is no such role.
    """
    found = _find_role(choice, environ)
    region = region_of_role(found.session, found.login, environ, choice.region)
    page = None
    if destination or choice.region:
        page = page_url(destination, region.call_region, domain_of(region))
    fields = {"account_id": found.account_id(), "role_name": found.role, "destination": page}
    given = {name: value for name, value in fields.items() if value}
    return f"{_portal_of(found.login)}/#/console?{urlencode(given, quote_via=quote, safe='')}"


def _portal_of(login: SsoProfile) -> str:
    address = parse(login.start_url)
    if address and address.host == ISSUER_HOST:
        raise ConfigError(
            subject=login.subject,
            problem=f"has the issuer URL of the portal ({login.start_url}), and not its address",
            fix="Set sso_start_url to the AWS access portal URL.",
        )
    return login.start_url.partition("#")[0].rstrip("/")


def _find_role(choice: CredentialsChoice, environ: Mapping[str, str]) -> RoleLogin:
    if choice.is_role:
        return RoleLogin.find(choice, environ)
    name = choice.profile or chosen_profile(environ)
    session = open_own_session(environ, name)
    profile = SsoProfile.of(session, name)
    account = profile and (profile.account_id or profile.account_name)
    if not profile or not account or not profile.role_name:
        raise ConfigError(
            subject=f'The profile "{name}"',
            problem="has no role of Identity Center, so the portal has no link for it",
            fix="Use another profile, or --account and --role.",
        )
    return RoleLogin(session, profile, account, profile.role_name)
