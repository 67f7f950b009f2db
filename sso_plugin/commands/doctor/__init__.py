"""What is wrong, and how to fix it. Reads and reports; changes nothing, starts no login.

No finding holds a secret: of files it tells names, modes and times, of the environment names.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from botocore.exceptions import ConfigParseError, ProfileNotFound

from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.signin.configured_login import ConfiguredLogin, check_one_login

from .files import look_at_files
from .finding import Finding, ok, problem, warning
from .hook import look_at_hook
from .network import look_at_network
from .role import look_at_role
from .sections import Sections
from .service import look_at_service
from .versions import look_at_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Finding", "diagnose"]


def diagnose(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
) -> Iterator[Finding]:
    """Look at all that matters to a profile, one thing after the other.

    :param profile_name: a profile of the AWS config file; what a script would use if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one that its token file names.
    :raises ConfigError: if more than one of them is given.
    """
    check_one_login(profile_name, sso_session, start_url, sso_region)
    yield from look_at_versions()
    yield from look_at_hook()
    try:
        file = ConfigFile.in_use()
    except ConfigError as exc:
        yield problem("config", str(exc), "Fix the file with an editor.")
        return
    named = profile_name, sso_session, start_url, sso_region
    is_login = bool(sso_session or start_url)
    config = list(_look_at_login(file, *named) if is_login else _look_at_config(file, profile_name))
    yield from config
    login = _find_login(*named)
    if login is not None:
        yield from look_at_files(login)
        network = look_at_network(login)
        portal = next(network)
        yield portal
        yield from network
        if all(each.status != "problem" for each in [*config, portal]):
            yield from look_at_role(login)


def _look_at_login(file: ConfigFile, *named: str | None) -> Iterator[Finding]:
    """Look at a login that no profile names."""
    try:
        login = ConfiguredLogin.find(*named)
    except ConfigError as exc:
        yield problem("config", str(exc), "Fix what the message names.")
        return
    faults, sso_session = [], login.profile.session_name
    if sso_session:
        faults = list(Sections(login.session, file, "default").faults_of_session(sso_session))
        yield from faults
    if all(each.status != "problem" for each in faults):
        place = f" in {file.path}" if sso_session else ""
        yield ok("config", f"{login.profile.subject} is complete{place}.")


def _look_at_config(file: ConfigFile, given: str | None) -> Iterator[Finding]:
    from botocore.session import Session

    session = Session(profile=given)
    name = session.get_config_variable("profile")
    try:
        profiles = session.full_config.get("profiles", {})
    except ConfigParseError:
        shared = session.get_config_variable("credentials_file")
        yield problem("config", f"botocore cannot read {shared}.", "Fix the file with an editor.")
        return
    if not file.path.exists():
        yield warning(
            "config",
            f"There is no config file {file.path}.",
            "sso-plugin configure writes one; AWS_CONFIG_FILE names another one.",
        )
    sections = Sections(session, file, name or "default")
    if name is not None and name not in profiles:
        yield sections.missing_profile("" if given else f" ({_origin()})")
        return
    faults = list(sections.faults())
    yield from faults
    try:
        profile = SsoProfile.of(session)
    except ConfigError as exc:
        # A value that was reported is the first word of its message.
        known = [each.message.partition(" ")[0] for each in faults if each.status == "problem"]
        if not any(key in str(exc) or key == "sso_session" for key in known):
            yield problem("config", str(exc), f"Edit {file.path}.")
        return
    if profile is not None and all(each.status != "problem" for each in faults):
        yield ok("config", f"{profile.subject} is complete in {file.path}.")
    yield from look_at_service(given, profile)


def _origin() -> str:
    """Return the variable that names the profile."""
    names = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
    return f"named by {next((name for name in names if name in os.environ), names[1])}"


def _find_login(*named: str | None) -> ConfiguredLogin | None:
    """Return the login that is named, or the only one there is; None if there is no telling.

    That of a profile knows the role of the profile, so a profile has to be complete.
    """
    try:
        login = ConfiguredLogin.find(*named)
        profile = login.profile.name and SsoProfile.of(login.session, login.profile.name)
        return ConfiguredLogin.of(login.session, profile) if profile else login
    except (ConfigError, ConfigParseError, ProfileNotFound):
        # It has been told by now.
        return None
