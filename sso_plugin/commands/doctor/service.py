"""Which provider of credentials serves a profile, and why that one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.commands.aws_variables import UNDO
from sso_plugin.commands.env.shells import detect_shell, recipe
from sso_plugin.config import is_served

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sso_plugin.config.profile import SsoProfile

__all__ = ["look_at_service", "shared_profiles"]


def look_at_service(given: str | None, profile: SsoProfile | None) -> Iterator[Finding]:
    """Walk the providers as botocore does, without asking any of them.

    :param given: the profile that a script would name; None for what it finds in the environment.
    :param profile: what that one says of SSO.
    """
    case = _Case.of(given, profile)
    yield case.verdict()
    if profile is not None:
        yield from case.surprises()


@dataclass(frozen=True)
class _Case:
    """A profile before botocore's chain of providers."""

    name: str
    profile: SsoProfile | None
    settings: Mapping[str, Any]
    of_session: Mapping[str, Any]
    shared_file: str
    in_shared_file: bool
    provider: Any
    off: bool

    @classmethod
    def of(cls, given: str | None, profile: SsoProfile | None) -> _Case:
        # A session as scripts make it: adapted by the start-up hook, or not.
        from botocore.session import Session

        session = Session(profile=given)
        name = session.get_config_variable("profile") or "default"
        settings = session.full_config.get("profiles", {}).get(name, {})
        sso_sessions = session.full_config.get("sso_sessions", {})
        of_session = sso_sessions.get(settings.get("sso_session"), {})
        shared = str(session.get_config_variable("credentials_file"))
        in_shared = "aws_access_key_id" in shared_profiles(shared).get(name, {})
        providers = session.get_component("credential_provider").providers
        provides = _providing(settings, implicit=given is None, in_shared=in_shared)
        chosen = next((one for one in providers if provides.get(one.METHOD)), None)
        off = not is_served(session.full_config, name)
        return cls(name, profile, settings, of_session, shared, in_shared, chosen, off)

    @property
    def method(self) -> str:
        return getattr(self.provider, "METHOD", "none")

    def verdict(self) -> Finding:
        subject = f'The profile "{self.name}"'
        if self.profile is None or self.profile.role_name is None:
            return self._without_role(subject)
        if self.method == "env":
            return problem(
                "provider",
                f"{subject} is not used: AWS_ACCESS_KEY_ID in the environment wins over it.",
                _without_keys(),
            )
        if self.method != "sso":
            return problem(
                "provider",
                f"{subject} is served by {_described(self.method)}, which comes before SSO.",
                "Remove what it has besides its sso_ keys.",
            )
        return self._by_sso(subject)

    def _without_role(self, subject: str) -> Finding:
        if self.method == "assume-role" and "source_profile" in self.settings:
            source = self.settings["source_profile"]
            return ok(
                "provider",
                f'{subject} assumes a role with the profile "{source}": look at that one with '
                f"sso-plugin doctor --profile {source}",
            )
        return warning(
            "provider",
            f"{subject} names no role of Identity Center; it is served by "
            f"{_described(self.method)}.",
            _without_keys()
            if self.method == "env" and UNDO in os.environ
            else "sso-plugin configure writes profiles that do; choose one with --profile or "
            "AWS_PROFILE.",
        )

    def _by_sso(self, subject: str) -> Finding:
        from sso_plugin.session.providers import SsoProvider

        if isinstance(self.provider, SsoProvider):
            return ok("provider", f"{subject} is served by sso_plugin: its sso_ keys come first.")
        if self.off:
            mend = "Remove sso_plugin = off from the profile, or from its sso-session."
            return warning("provider", f"{subject} is served by botocore: it says so.", mend)
        return warning(
            "provider",
            f"{subject} is served by botocore's own provider, without renewal in the background.",
            "See what is said of the hook.",
        )

    def surprises(self) -> Iterator[Finding]:
        """Tell of what does not matter to this session, and may matter to others."""
        if self.method != "env" and os.environ.get("AWS_ACCESS_KEY_ID"):
            yield warning(
                "provider",
                "AWS_ACCESS_KEY_ID is set: it wins wherever the profile comes from AWS_PROFILE "
                "and not from the script.",
                _without_keys(),
            )
        if self.in_shared_file:
            yield warning(
                "provider",
                f'{self.shared_file} has keys for the profile "{self.name}" too: boto3 takes SSO, '
                "other SDKs take the keys.",
                f"Remove the section [{self.name}] from {self.shared_file}.",
            )
        for key in sorted(self.settings.keys() & self.of_session.keys()):
            if self.settings[key] != self.of_session[key]:
                yield warning(
                    "provider",
                    f"{key} is {self.settings[key]} in the profile and {self.of_session[key]} in "
                    "its sso-session: the AWS CLI, and botocore without sso_plugin, refuse that.",
                    f"Remove {key} from one of them.",
                )


def _without_keys() -> str:
    """Return the command that takes the keys out of the environment."""
    if UNDO in os.environ:
        return recipe(detect_shell(), "--unset")
    return "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


def shared_profiles(path: str) -> Mapping[str, Any]:
    """Return the profiles of a shared credentials file; none if there is no such file."""
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound

    try:
        profiles: Mapping[str, Any] = raw_config_parse(path)
    except ConfigNotFound:
        return {}
    return profiles


def _providing(settings: Mapping[str, Any], *, implicit: bool, in_shared: bool) -> dict[str, bool]:
    """Tell of each kind of provider, by its METHOD, whether it would give credentials."""
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
    return _DESCRIPTIONS.get(method, "nothing but the machine itself, if that has a role")
