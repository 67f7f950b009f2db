"""Which login the profiles use: an sso-session of the config file, or a new one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sso_plugin.config.profile import SsoProfile, options_of
from sso_plugin.errors import ConfigError
from sso_plugin.portal.account_choice import suggestions
from sso_plugin.printable import one_line
from sso_plugin.web.addresses import parse

from .profile_names import needs_no_quotes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.session import Session

    from ..config_file import ConfigFile

__all__ = ["check_region", "choose_login"]

_REGION = re.compile(r"[a-z]{2}[a-z0-9]*(-[a-z0-9]+)+")


def choose_login(
    session: Session,
    file: ConfigFile,
    name: str | None,
    start_url: str | None,
    region: str | None,
) -> SsoProfile:
    """Return the sso-session of this name, or a new one. Without a name, return the only one.

    :raises ConfigError: if there is no such login, or if the options do not match it.
    """
    known = file.parsed()["sso_sessions"]
    if name is None and len(known) == 1:
        [name] = known
    if name is None:
        new = "" if start_url and region else ", with --start-url and --sso-region"
        several = f"Several sso-sessions are available: {', '.join(known)}"
        raise ConfigError(
            problem=several if known else "There is no sso-session in the config file",
            fix=f"Add --sso-session NAME{'' if known else new}.",
        )
    if name not in known:
        return _new_login(name, start_url, region, known)
    login = SsoProfile.of_sso_session(session, name)
    _check_same(file, login, "--start-url", start_url, login.start_url)
    _check_same(file, login, "--sso-region", region, login.region)
    return login


def check_region(region: str) -> None:
    """Refuse text that cannot be the name of a region.

    :raises ConfigError: if it cannot be one.
    """
    if not _REGION.fullmatch(region):
        raise ConfigError(
            problem=f'"{region}" is not a valid region', fix="Use one such as eu-central-1."
        )


def _check_same(
    file: ConfigFile, login: SsoProfile, option: str, given: str | None, configured: str
) -> None:
    if given not in (None, configured):
        raise ConfigError(
            subject=f"{login.subject} in {file.path}",
            problem=f"has {configured}, not {given}",
            fix=f"Leave {option} out, or use another name with --sso-session.",
        )


def _new_login(
    name: str, start_url: str | None, region: str | None, known: Iterable[str]
) -> SsoProfile:
    if not needs_no_quotes(name):
        raise ConfigError(
            problem=f'"{name}" is not a valid name for an sso-session',
            fix='Use letters, digits, "-" and "_".',
        )
    if not start_url or not region:
        available = suggestions(known, name)
        raise ConfigError(
            problem=f'There is no sso-session "{name}" in the config file',
            fix=(f"Available: {available}. " if available else "")
            + "To create it, add --start-url and --sso-region.",
        )
    address = parse(start_url)
    if address is None or not address.is_safe:
        raise ConfigError(
            problem=f'"{one_line(start_url)}" is not a valid start URL',
            fix="Use the address of the AWS access portal, such as "
            "https://example.awsapps.com/start.",
        )
    check_region(region)
    return SsoProfile(None, start_url, region, name, options=options_of({}))
