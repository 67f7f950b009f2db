"""The profiles and sso-sessions of the config file, read without botocore, which takes long.

For what has to be fast and needs no session: the overview, and suggestions for a name.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LocalConfig", "profile_suggestion", "read_config", "read_credential_profiles"]


class LocalConfig(NamedTuple):
    """What the config file has.

    :param path: the file, also if it does not exist.
    :param profiles: the keys of each profile by its name.
    :param sso_sessions: the same of each sso-session.
    """

    path: str
    profiles: Mapping[str, Mapping[str, str]]
    sso_sessions: Mapping[str, Mapping[str, str]]


def read_config(environ: Mapping[str, str] = os.environ) -> LocalConfig:
    """Read the config file, with the rules of botocore. It has no sections if it does not exist.

    :raises configparser.Error: if it cannot be parsed.
    :raises UnicodeError: if it is not in the encoding of this system.
    :raises OSError: if it exists and cannot be read.
    """
    path, parser = _parse(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    found: dict[str, dict[str, Mapping[str, str]]] = {"profile": {}, "sso-session": {}}
    for section in parser.sections():
        kind = next((each for each in found if section.startswith(each)), None)
        if section == "default":
            found["profile"]["default"] = dict(parser[section])
        elif kind and (name := _name_in(section)) is not None:
            found[kind][name] = dict(parser[section])
    return LocalConfig(path, found["profile"], found["sso-session"])


def read_credential_profiles(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the profiles in the shared credentials file. Raises the same errors."""
    return _parse(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")[1].sections()


def profile_suggestion(name: str) -> str:
    """Return a question with profiles of a similar name; empty if there are none."""
    # Not at the top: it imports botocore.
    from sso_plugin.errors import did_you_mean

    try:
        return did_you_mean(name, read_config().profiles)
    except (configparser.Error, UnicodeError, OSError):
        return ""


def _parse(path: str) -> tuple[str, configparser.RawConfigParser]:
    path = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - pathlib takes long to import
    parser = configparser.RawConfigParser()
    with contextlib.suppress(FileNotFoundError), open(path) as file:  # noqa: PTH123 - pathlib takes long to import
        parser.read_file(file, path)
    return path, parser


def _name_in(section: str) -> str | None:
    try:
        words = shlex.split(section)
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None  # noqa: PLR2004 - the kind and the name
