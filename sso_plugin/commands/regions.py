"""The region that a profile works in. Credentials are used in their own partition only.

The profile's own region comes first: `env` exports regions, so the environment may hold that of
another profile. The partition is that of ``sso_region``, where the credentials come from.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .aws_variables import REGIONS, outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session

__all__ = ["Region", "region_of", "sso_setting"]

_logger = logging.getLogger(__name__)

# A region of each partition, for calls that any region answers.
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
# Regions that the oldest supported botocore does not know.
_NEWER = {"eusc-": "aws-eusc", "mx-": "aws"}


@dataclass(frozen=True)
class Region:
    """Where a profile works.

    :param variables: ``AWS_REGION`` and ``AWS_DEFAULT_REGION`` for programs that act for the
        profile; None to unset one.
    :param calls: where our own calls go, also if nothing names a region.
    :param partition: None if it is not known to this botocore.
    """

    variables: dict[str, str | None]
    calls: str
    partition: str | None


def region_of(session: Session, name: str, environ: Mapping[str, str]) -> Region:
    """Return the region of a profile: its own, else the one in the environment.

    A region of another partition is replaced, with a warning.
    """
    sections = list(_chain(session, name))
    home = sso_setting(session, name, "sso_region")
    partition = _partition_of(session, home) if home else _role_partition(sections)
    fallback = home or _DEFAULTS.get(partition or "")
    own = _text(sections[0], "region") if sections else None
    found = outside(environ)
    given = {each: own or found.get(each) for each in REGIONS}
    other = next(filter(None, reversed(given.values())), None)
    variables = {each: value or other for each, value in given.items()}
    for foreign in dict.fromkeys(filter(None, variables.values())):
        if partition and (_partition_of(session, foreign) or "aws") != partition:
            _warn(name, foreign, partition, str(fallback), own)
            variables = {k: fallback if v == foreign else v for k, v in variables.items()}
    calls = variables["AWS_DEFAULT_REGION"] or fallback or _DEFAULTS["aws"]
    return Region(variables, calls, partition if home else _partition_of(session, calls) or "aws")


def sso_setting(session: Session, name: str, key: str) -> str | None:
    """Return a key of the login that a profile, or the source of its role chain, belongs to."""
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
    """Yield the section of a profile, and those that its role chain starts from."""
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
