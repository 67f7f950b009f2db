"""What is wrong, and how to mend it. Looks and tells; changes nothing, logs nobody in.

No finding holds a secret: of files it tells names, modes and times, of the environment names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ProfileNotFound

from sso_plugin.commands.configfile import ConfigFile
from sso_plugin.config import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.openlogin import OpenLogin

from .files import look_at_files
from .finding import Finding, ok, problem, warning
from .hook import look_at_hook
from .network import look_at_network
from .service import look_at_service
from .versions import look_at_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Finding", "diagnose"]


def diagnose(profile_name: str | None = None) -> Iterator[Finding]:
    """Look at all that matters to a profile, one thing after the other.

    :param profile_name: a profile of the AWS config file; what a script would use if None.
    """
    yield from look_at_versions()
    yield from look_at_hook()
    try:
        file = ConfigFile.in_use()
    except ConfigError as exc:
        yield problem("config", str(exc), "Mend the file with an editor.")
        return
    yield from _look_at_config(file, profile_name)
    login = _find_login(profile_name)
    if login is not None:
        yield from look_at_files(login)
        yield from look_at_network(login)


def _look_at_config(file: ConfigFile, given: str | None) -> Iterator[Finding]:
    from botocore.session import Session

    session = Session(profile=given)
    name = session.get_config_variable("profile")
    profiles = session.full_config.get("profiles", {})
    if not file.path.exists():
        yield warning(
            "config",
            f"There is no config file {file.path}.",
            "sso-plugin configure writes one; AWS_CONFIG_FILE names another one.",
        )
    if name is not None and name not in profiles:
        known = f"Choose one of: {', '.join(profiles)}." if profiles else "Add it to the file."
        yield problem("config", f'There is no profile "{name}" in {file.path}.', known)
        return
    try:
        profile = SsoProfile.of(session)
    except ConfigError as exc:
        yield problem("config", str(exc), f"Mend it in {file.path}.")
        return
    if profile is not None:
        yield ok("config", f"{profile.subject} is complete in {file.path}.")
    yield from look_at_service(given, profile)


def _find_login(profile_name: str | None) -> OpenLogin | None:
    """Return the login of the profile, or the only one there is; None if there is no telling."""
    try:
        return OpenLogin.find(profile_name)
    except (ConfigError, ProfileNotFound):
        # It has been told by now.
        return None
