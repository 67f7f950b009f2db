"""The region of a profile. Credentials are used in their own partition only.

The region in the profile comes first: `env` exports regions, so the environment may contain the
region of another profile. The partition is the one of ``sso_region``, which issues the credentials.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .aws_variables import REGIONS, environment_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session

__all__ = ["Region", "region_of", "sso_setting", "use_region_of"]

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


def region_of(session: Session, name: str, environ: Mapping[str, str]) -> Region:
    """Return the region of a profile: the one in its section, otherwise the one in the environment.

    A region of another partition is replaced, with a warning.
    """
    sections = list(_chain(session, name))
    sso_region = sso_setting(session, name, "sso_region")
    partition = _partition_of(session, sso_region) if sso_region else _role_partition(sections)
    fallback = sso_region or _DEFAULTS.get(partition or "")
    own = _text(sections[0], "region") if sections else None
    before = environment_before(environ)
    given = {each: own or before.get(each) for each in REGIONS}
    last = next(filter(None, reversed(given.values())), None)
    variables = {each: value or last for each, value in given.items()}
    for foreign in dict.fromkeys(filter(None, variables.values())):
        if partition and (_partition_of(session, foreign) or "aws") != partition:
            _warn(name, foreign, partition, str(fallback), own)
            variables = {k: fallback if v == foreign else v for k, v in variables.items()}
    call_region = variables["AWS_DEFAULT_REGION"] or fallback or _DEFAULTS["aws"]
    if not sso_region:
        partition = _partition_of(session, call_region) or "aws"
    return Region(variables, call_region, partition)


def use_region_of(session: Session, name: str, environ: Mapping[str, str]) -> Region:
    """Return the region of a profile, and make the session assume roles there."""
    region = region_of(session, name, environ)
    session.set_config_variable("region", region.call_region)
    return region


def sso_setting(session: Session, name: str, key: str) -> str | None:
    """Return a key of the login of a profile, or of the source of its role chain."""
    logins = session.full_config.get("sso_sessions", {})
    for section in _chain(session, name):
        login = logins.get(_text(section, "sso_session"), {})
        if found := _text(login, key) or _text(section, key):
            return found
    return None


def _warn(name: str, foreign: str, partition: str, fallback: str, own: str | None) -> None:
    where = "in the profile" if own else "in the environment"
    _logger.warning(
        'The region %s %s is not in %s, the partition of the profile "%s". Using %s. Set region in '
        "the profile.",
        foreign,
        where,
        partition,
        name,
        fallback,
    )


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
