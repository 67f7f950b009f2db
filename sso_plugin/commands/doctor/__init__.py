"""``sso-plugin doctor``: finds problems and reports how to fix them. It changes nothing.

Findings contain no secrets: names, modes and times of files, and names of variables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from botocore.exceptions import ConfigParseError, ProfileNotFound

from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.signin.configured_login import ConfiguredLogin, check_one_login

from .encryption import check_encryption
from .files import check_files
from .finding import Finding, ok, problem, warning
from .hook import check_hook
from .network import check_network
from .role import check_role
from .sections import Sections
from .service import check_service
from .store import check_store
from .versions import check_versions

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
    """Run all checks for a profile or a login, and yield each result.

    :param profile_name: a profile in the AWS config file; None for the one that a script without a
        profile uses.
    :param sso_session: an sso-session in that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of the start URL; None for the one in its token file.
    :raises ConfigError: if more than one of them is given.
    """
    check_one_login(profile_name, sso_session, start_url, sso_region)
    yield from check_versions()
    yield from check_hook()
    try:
        file = ConfigFile.in_use()
        file.parsed()
    except ConfigError as exc:
        yield problem("config", str(exc), "Fix the file with an editor.")
        return
    named = profile_name, sso_session, start_url, sso_region
    is_without_profile = bool(sso_session or start_url)
    config = list(
        _check_login(file, *named) if is_without_profile else _check_config(file, profile_name)
    )
    yield from config
    login = _find_login(*named)
    if login is not None:
        for check in (check_encryption, check_store, check_files):
            yield from check(login)
        network = check_network(login)
        portal = next(network)
        yield portal
        yield from network
        if all(each.status != "problem" for each in [*config, portal]):
            yield from check_role(login)


def _check_login(file: ConfigFile, *named: str | None) -> Iterator[Finding]:
    """Check the config of a login that is given without a profile."""
    try:
        login = ConfiguredLogin.find(*named)
    except ConfigError as exc:
        yield problem("config", str(exc), "Correct the value named in the message.")
        return
    problems, sso_session = [], login.profile.session_name
    if sso_session:
        problems = list(Sections(login.session, file, "default").check_session(sso_session))
        yield from problems
    if all(each.status != "problem" for each in problems):
        place = f" in {file.path}" if sso_session else ""
        yield ok("config", f"{login.profile.subject} is complete{place}.")


def _check_config(file: ConfigFile, given: str | None) -> Iterator[Finding]:
    """Check the config of a profile, and which provider serves it."""
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
            "Run sso-plugin configure to create it, or set AWS_CONFIG_FILE to another file.",
        )
    sections = Sections(session, file, name or "default")
    if name is not None and name not in profiles:
        yield sections.missing_profile("" if given else f" ({_origin()})")
        return
    problems = list(sections.check())
    yield from problems
    try:
        profile = SsoProfile.of(session)
    except ConfigError as exc:
        # A message about a value starts with its key. Do not report the same value twice.
        known = [each.message.partition(" ")[0] for each in problems if each.status == "problem"]
        if not any(key in str(exc) or key == "sso_session" for key in known):
            yield _config_problem(exc, file)
        return
    if profile is not None and all(each.status != "problem" for each in problems):
        yield ok("config", f"{profile.subject} is complete in {file.path}.")
    yield from check_service(given, profile)


def _config_problem(exc: ConfigError, file: ConfigFile) -> Finding:
    message = str(exc)
    if exc.fix and message.startswith("The variable "):
        return problem("config", message.removesuffix(exc.fix).rstrip(), exc.fix)
    return problem("config", message, f"Edit {file.path}.")


def _origin() -> str:
    """Return which variable names the profile."""
    names = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
    return f"set by {next((name for name in names if name in os.environ), names[1])}"


def _find_login(*named: str | None) -> ConfiguredLogin | None:
    """Return the given login, otherwise the only login in the config; None if it is not known.

    The login of a profile includes its role, so the profile has to be complete.
    """
    try:
        login = ConfiguredLogin.find(*named)
        profile = login.profile.name and SsoProfile.of(login.session, login.profile.name)
        return ConfiguredLogin.of(login.session, profile) if profile else login
    except (ConfigError, ConfigParseError, ProfileNotFound):
        # Already reported.
        return None
