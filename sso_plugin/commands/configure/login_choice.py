"""Which login the profiles use: an sso-session of the config file, or a new one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sso_plugin.config.profile import SsoProfile, options_of
from sso_plugin.errors import ConfigError
from sso_plugin.portal.account_choice import suggestions
from sso_plugin.printable import one_line
from sso_plugin.web.addresses import parse

from ..region_names import region_fault
from .profile_names import needs_no_quotes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from botocore.session import Session

__all__ = ["checked_name", "checked_region", "choose_login", "new_login"]


def choose_login(
    session: Session,
    path: Path,
    known: Collection[str],
    name: str,
    start_url: str | None,
    region: str | None,
) -> SsoProfile:
    """Return the sso-session of this name, or a new one.

    :raises ConfigError: if there is no such login, or if the options do not match it.
    """
    if name not in known:
        return _checked_login(name, start_url, region, known)
    login = SsoProfile.of_sso_session(session, name)
    _check_same(path, login, "--start-url", start_url, login.start_url)
    _check_same(path, login, "--sso-region", region, login.region)
    return login


def new_login(name: str, start_url: str, region: str) -> SsoProfile:
    """Return the settings of a new sso-session, which is not in the config file yet."""
    return _NewProfile(None, start_url, region, name, options=options_of({}))


class _NewProfile(SsoProfile):
    """The settings of a new login. The commands in its messages do not need the config file."""

    __slots__ = ()

    @property
    def login_command(self) -> str:
        """The command that asks again."""
        words = ["sso-plugin", "configure", "--sso-session", str(self.session_name)]
        return shlex.join([*words, *self._portal])

    @property
    def doctor_command(self) -> str:
        """The command that finds out what is wrong."""
        return shlex.join(["sso-plugin", "doctor", *self._portal])

    @property
    def _portal(self) -> list[str]:
        return ["--start-url", self.start_url, "--sso-region", self.region]


def checked_name(name: str) -> str:
    """Return the name of a new sso-session.

    :raises ConfigError: if it needs quotes, in a section header or in a shell.
    """
    if not needs_no_quotes(name):
        raise ConfigError(
            problem=f'"{name}" is not a valid name for an sso-session',
            fix='Use letters, digits, "-" and "_".',
        )
    return name


def checked_region(region: str) -> str:
    """Return a text that has the form of a region.

    :raises ConfigError: if it has another one; the error has similar regions.
    """
    if fault := region_fault(region):
        raise ConfigError(error_msg=fault)
    return region


def _check_same(
    path: Path, login: SsoProfile, option: str, given: str | None, configured: str
) -> None:
    if given not in (None, configured):
        raise ConfigError(
            subject=f"{login.subject} in {path}",
            problem=f"has {configured}, not {given}",
            fix=f"Leave {option} out, or use another name with --sso-session.",
        )


def _checked_login(
    name: str, start_url: str | None, region: str | None, known: Iterable[str]
) -> SsoProfile:
    checked_name(name)
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
    return new_login(name, start_url, checked_region(region))
