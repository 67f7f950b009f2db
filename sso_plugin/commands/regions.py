"""The region of a profile. Credentials are used in their own partition only.

The region in the profile comes first: `env` exports regions, so the environment may contain the
region of another profile. The partition is the one of ``sso_region``, which issues the credentials.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sso_plugin.printable import inside_sentence

from .aws_variables import REGIONS, own_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session

    from sso_plugin.config.profile import SsoProfile

__all__ = ["Region", "region_of", "region_of_role", "sso_setting"]

_logger = logging.getLogger(__name__)

_DEFAULTS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}
"""A region of each partition, for calls that work in any region."""

_NEWER = {"eusc-": "aws-eusc", "mx-": "aws"}
"""Prefixes of regions that the oldest supported botocore does not know, and their partitions."""


@dataclass(frozen=True)
class Region:
    """The region of a profile.

    :param variables: ``AWS_REGION`` and ``AWS_DEFAULT_REGION`` for programs that use the profile;
        None to unset one.
    :param call_region: the region of our own requests, even if no region is configured.
    :param partition: None if this botocore does not know it.
    """

    variables: dict[str, str | None]
    call_region: str
    partition: str | None


def region_of(
    session: Session, name: str, environ: Mapping[str, str], given: str | None = None
) -> Region:
    """Return the region of a profile: the one in its section, otherwise the one in the environment.

    A region of another partition is replaced, with a warning.

    :param given: the region that the user asks for, instead of these.
    :raises ConfigError: if the given region is in another partition.
    """
    sections = list(_chain(session, name))
    sso_region = sso_setting(session, name, "sso_region")
    partition = _partition_of(session, sso_region) if sso_region else _role_partition(sections)
    own = _text(sections[0], "region") if sections else None
    source = _Source(f'The profile "{name}"', partition, sso_region)
    return source.region(session, given, own, own_environment(environ))


def region_of_role(
    session: Session, login: SsoProfile, environ: Mapping[str, str], given: str | None = None
) -> Region:
    """Return the region for a role that no profile describes.

    It is the one of the profile that names the login. Without a profile, it is the one in the
    environment, otherwise the one of the profile ``default``.

    :param session: the session of the login.
    :param given: the region that the user asks for, instead of these.
    :raises ConfigError: if the given region is in another partition.
    """
    own = _text(session.get_scoped_config(), "region")
    before = own_environment(environ)
    if own and not login.name and not any(before.get(each) for each in REGIONS):
        before = {**before, **dict.fromkeys(REGIONS, own)}
    source = _Source(login.subject, _partition_of(session, login.region), login.region)
    return source.region(session, given, own if login.name else None, before)


class _Source(NamedTuple):
    """Where credentials come from.

    :param subject: in messages.
    :param partition: the partition in which they are valid; None if it is not known.
    :param sso_region: the region of Identity Center, if they come from there.
    """

    subject: str
    partition: str | None
    sso_region: str | None

    def region(
        self, session: Session, given: str | None, own: str | None, before: Mapping[str, str]
    ) -> Region:
        """Return the region: the given one, else the profile's own, else that of the environment.

        :param before: the environment.
        """
        if given:
            self._check(session, given)
        variables = self._variables(session, given or own, before)
        fallback = self._fallback or _DEFAULTS["aws"]
        call_region = variables["AWS_DEFAULT_REGION"] or fallback
        known = self.partition if self.sso_region else _partition_of(session, call_region) or "aws"
        return Region(variables, call_region, known)

    @property
    def _fallback(self) -> str | None:
        return self.sso_region or _DEFAULTS.get(self.partition or "")

    def _check(self, session: Session, given: str) -> None:
        if self._is_foreign(session, given):
            from sso_plugin.errors import ConfigError

            raise ConfigError(
                subject=f"The region {given}",
                problem=f"is not in {self.partition}, the partition of "
                f"{inside_sentence(self.subject)}",
                fix=f"Use a region of {self.partition}, such as {self._fallback}.",
            )

    def _variables(
        self, session: Session, own: str | None, before: Mapping[str, str]
    ) -> dict[str, str | None]:
        given = {each: own or before.get(each) for each in REGIONS}
        last = next(filter(None, reversed(given.values())), None)
        variables = {each: value or last for each, value in given.items()}
        for foreign in dict.fromkeys(filter(None, variables.values())):
            if self._is_foreign(session, foreign):
                self._warn(foreign, own)
                used = self._fallback
                variables = {k: used if v == foreign else v for k, v in variables.items()}
        return variables

    def _is_foreign(self, session: Session, region: str) -> bool:
        found = _partition_of(session, region) or "aws"
        return self.partition is not None and found != self.partition

    def _warn(self, foreign: str, own: str | None) -> None:
        _logger.warning(
            "The region %s %s is not in %s, the partition of %s. Using %s. Set region in the "
            "profile.",
            foreign,
            "in the profile" if own else "in the environment",
            self.partition,
            inside_sentence(self.subject),
            self._fallback,
        )


def sso_setting(session: Session, name: str, key: str) -> str | None:
    """Return a key of the login of a profile, or of the source of its role chain."""
    logins = session.full_config.get("sso_sessions", {})
    for section in _chain(session, name):
        login = logins.get(_text(section, "sso_session"), {})
        if found := _text(login, key) or _text(section, key):
            return found
    return None


def _chain(session: Session, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the section of a profile, and those of its source profiles."""
    profiles = session.full_config.get("profiles", {})
    seen: set[str] = set()
    while name in profiles and name not in seen:
        seen.add(name)
        yield profiles[name]
        name = _text(profiles[name], "source_profile") or ""


def _role_partition(sections: list[Mapping[str, Any]]) -> str | None:
    roles = filter(None, (_text(each, "role_arn") for each in sections))
    found = next((role.split(":")[1] for role in roles if role.startswith("arn:")), None)
    return found if found in _DEFAULTS else None


def _partition_of(session: Session, region: str) -> str | None:
    from botocore.exceptions import UnknownRegionError

    if region.removesuffix("-global") in _DEFAULTS:
        return region.removesuffix("-global")
    region = region.removeprefix("fips-").removesuffix("-fips")
    try:
        return str(session.get_partition_for_region(region))
    except UnknownRegionError:
        return next((it for prefix, it in _NEWER.items() if region.startswith(prefix)), None)


def _text(section: Mapping[str, Any], key: str) -> str | None:
    value = section.get(key)
    return value.strip() or None if isinstance(value, str) else None
