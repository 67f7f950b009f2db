"""Check which credential provider serves a profile, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.commands.aws_variables import UNDO
from sso_plugin.commands.env.shells import detect_shell, load_command
from sso_plugin.config import is_served

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sso_plugin.config.profile import SsoProfile

__all__ = ["check_service", "shared_profiles"]


def check_service(given: str | None, profile: SsoProfile | None) -> Iterator[Finding]:
    """Find the provider that botocore would use, without fetching credentials.

    :param given: the profile that a script names; None if the script names none.
    :param profile: the SSO settings of the profile.
    """
    choice = _ProviderChoice.of(given, profile)
    yield choice.finding()
    if profile is not None:
        yield from choice.conflicts()


@dataclass(frozen=True)
class _ProviderChoice:
    """A profile, and the provider that serves it."""

    name: str
    profile: SsoProfile | None
    settings: Mapping[str, Any]
    of_session: Mapping[str, Any]
    shared_file: str
    in_shared_file: bool
    provider: Any
    is_off: bool

    @classmethod
    def of(cls, given: str | None, profile: SsoProfile | None) -> _ProviderChoice:
        # A session as in a script, with or without the start-up hook.
        from botocore.session import Session

        session = Session(profile=given)
        name = session.get_config_variable("profile") or "default"
        settings = session.full_config.get("profiles", {}).get(name, {})
        sso_sessions = session.full_config.get("sso_sessions", {})
        of_session = sso_sessions.get(settings.get("sso_session"), {})
        shared = str(session.get_config_variable("credentials_file"))
        in_shared = "aws_access_key_id" in shared_profiles(shared).get(name, {})
        providers = session.get_component("credential_provider").providers
        availability = _availability(settings, implicit=given is None, in_shared=in_shared)
        chosen = next((each for each in providers if availability.get(each.METHOD)), None)
        is_off = not is_served(session.full_config, name)
        return cls(name, profile, settings, of_session, shared, in_shared, chosen, is_off)

    @property
    def method(self) -> str:
        return getattr(self.provider, "METHOD", "none")

    def finding(self) -> Finding:
        subject = f'The profile "{self.name}"'
        if self.profile is None or self.profile.role_name is None:
            return self._without_role(subject)
        if self.method == "env":
            return problem(
                "provider",
                f"{subject} is not used: AWS_ACCESS_KEY_ID in the environment comes first.",
                _unset_keys(),
            )
        if self.method != "sso":
            return problem(
                "provider",
                f"{subject} is served by {_described(self.method)}, which comes before SSO.",
                "Remove the other credential settings from the profile.",
            )
        return self._by_sso(subject)

    def _without_role(self, subject: str) -> Finding:
        if self.method == "assume-role" and "source_profile" in self.settings:
            source = self.settings["source_profile"]
            return ok(
                "provider",
                f'{subject} assumes a role with the profile "{source}": check that one with '
                f"sso-plugin doctor --profile {source}",
            )
        return warning(
            "provider",
            f"{subject} has no Identity Center role; it is served by {_described(self.method)}.",
            _unset_keys()
            if self.method == "env" and UNDO in os.environ
            else "Choose one that has, with --profile or AWS_PROFILE. To write such profiles, run "
            "sso-plugin configure.",
        )

    def _by_sso(self, subject: str) -> Finding:
        from sso_plugin.session.providers import SsoProvider

        if isinstance(self.provider, SsoProvider):
            return ok("provider", f"{subject} is served by sso_plugin: its sso_ keys come first.")
        if self.is_off:
            fix = "Remove sso_plugin = off from the profile, or from its sso-session."
            return warning("provider", f"{subject} is served by botocore: sso_plugin is off.", fix)
        return warning(
            "provider",
            f"{subject} is served by botocore's own provider, without renewal in the background.",
            "See the findings about the hook.",
        )

    def conflicts(self) -> Iterator[Finding]:
        """Yield settings that do not affect this session, but may affect other programs."""
        if self.method != "env" and os.environ.get("AWS_ACCESS_KEY_ID"):
            yield warning(
                "provider",
                "AWS_ACCESS_KEY_ID is set: programs that get the profile from AWS_PROFILE use the "
                "keys instead.",
                _unset_keys(),
            )
        if self.in_shared_file:
            yield warning(
                "provider",
                f'{self.shared_file} also has keys for the profile "{self.name}": boto3 uses SSO, '
                "other SDKs use the keys.",
                f"Remove the section [{self.name}] from {self.shared_file}.",
            )
        for key in sorted(self.settings.keys() & self.of_session.keys()):
            if self.settings[key] != self.of_session[key]:
                yield warning(
                    "provider",
                    f"{key} is {self.settings[key]} in the profile and {self.of_session[key]} in "
                    "its sso-session: the AWS CLI, and botocore without sso_plugin, reject this.",
                    f"Remove {key} from one of them.",
                )


def _unset_keys() -> str:
    """Return the command that removes the keys from the environment."""
    if UNDO in os.environ:
        return load_command(detect_shell(), "--unset")
    return "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


def shared_profiles(path: str) -> Mapping[str, Any]:
    """Return the profiles in a shared credentials file; empty if it does not exist."""
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound

    try:
        profiles: Mapping[str, Any] = raw_config_parse(path)
    except ConfigNotFound:
        return {}
    return profiles


def _availability(
    settings: Mapping[str, Any], *, implicit: bool, in_shared: bool
) -> dict[str, bool]:
    """Return for each provider, by its METHOD, whether it would return credentials."""
    chain = "source_profile" in settings or "credential_source" in settings
    token_file = "web_identity_token_file" in settings or (
        implicit and "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ
    )
    containers = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
    return {
        "env": bool(os.environ.get("AWS_ACCESS_KEY_ID")),
        "assume-role": "role_arn" in settings and chain,
        "assume-role-with-web-identity": token_file,
        "sso": any(key.startswith("sso_") and key != "sso_plugin" for key in settings),
        "shared-credentials-file": in_shared,
        "login": "login_session" in settings,
        "custom-process": "credential_process" in settings,
        "config-file": not in_shared and "aws_access_key_id" in settings,
        "container-role": any(name in os.environ for name in containers),
    }


_DESCRIPTIONS = {
    "env": "the keys in the environment (AWS_ACCESS_KEY_ID)",
    "assume-role": "an assumed role (role_arn)",
    "assume-role-with-web-identity": "a web identity (web_identity_token_file)",
    "sso": "SSO",
    "shared-credentials-file": "the keys in the shared credentials file",
    "login": "aws login (login_session)",
    "custom-process": "a program (credential_process)",
    "config-file": "the keys in the config file",
    "container-role": "a container's endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI)",
}


def _described(method: str) -> str:
    return _DESCRIPTIONS.get(method, "the role of the machine, if it has one")
