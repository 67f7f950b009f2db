"""The names that this machine knows, for completion: from the config files and from our cache.

They are needed while the user types. So this reads files only, and imports no botocore: it reads
the config as `botocore.configloader` does. What cannot be read has no names.
"""

from __future__ import annotations

import configparser
import contextlib
import fnmatch
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.printable import has_controls
from sso_plugin.storage.keys import own_key
from sso_plugin.storage.reading import UnusableFileError, read_document

from .local_names import read_config, read_credential_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KnownNames"]

_Section = Mapping[str, str]
"""The keys of a section."""


class KnownNames(NamedTuple):
    """The names in the config files. A name has a description, which may be empty.

    :param profiles: the sections of the profiles, by name. Those of the shared credentials file
        are among them.
    :param sso_sessions: the sections of the sso-sessions, by name.
    """

    profiles: dict[str, _Section]
    sso_sessions: dict[str, _Section]

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> KnownNames:
        """Read the config files; without names if botocore could not read one of them."""
        try:
            config, shared = read_config(environ), read_credential_profiles(environ)
        except (configparser.Error, UnicodeError, OSError):
            return cls({}, {})
        profiles = {**{name: {} for name in shared}, **config.profiles}
        return cls(_printable(profiles), _printable(config.sso_sessions))

    def described_profiles(self) -> dict[str, str]:
        """Return the profiles, each with its role and account."""
        return {name: _role_of(section) for name, section in self.profiles.items()}

    def described_sessions(self) -> dict[str, str]:
        """Return the sso-sessions, each with its start URL."""
        return {
            name: section.get("sso_start_url", "") for name, section in self.sso_sessions.items()
        }

    def logins(self) -> dict[str, str]:
        """Return what a login can be named by: the profiles with SSO keys, and the sso-sessions."""
        keys = ("sso_session", "sso_start_url")
        profiles = {
            name: _role_of(section)
            for name, section in self.profiles.items()
            if any(key in section for key in keys)
        }
        return {**self.described_sessions(), **profiles}

    def start_urls(self) -> dict[str, str]:
        """Return the start URLs, each with its region."""
        return {
            section["sso_start_url"]: section.get("sso_region", "")
            for section in (*self.sso_sessions.values(), *self.profiles.values())
            if "sso_start_url" in section
        }

    def accounts(self, sso_session: str | None = None) -> dict[str, str]:
        """Return the names of accounts, each with its id, and the ids, each with its name.

        :param sso_session: its accounts only.
        """
        named = _cached_accounts(sso_session)
        ids = {section.get("sso_account_id", "") for section in self._profiles_of(sso_session)}
        names = {section.get("sso_account_name", "") for section in self._profiles_of(sso_session)}
        found = dict.fromkeys(sorted((names | set(named.values())) - {""}), "")
        found.update({name: account_id for account_id, name in named.items()})
        return {**found, **{each: named.get(each, "") for each in sorted(ids | set(named)) if each}}

    def roles(
        self, accounts: Collection[str] = (), sso_session: str | None = None
    ) -> dict[str, str]:
        """Return the names of the roles that profiles have, in some accounts or in all.

        :param accounts: ids, names and patterns. Without a profile for one of them: all roles.
        """
        profiles = list(self._profiles_of(sso_session))
        named = _cached_accounts(sso_session)
        there = [each for each in profiles if _is_in(accounts, each, named)]
        roles = {each["sso_role_name"] for each in there or profiles if "sso_role_name" in each}
        return dict.fromkeys(sorted(roles), "")

    def _profiles_of(self, sso_session: str | None) -> Iterator[_Section]:
        for section in self.profiles.values():
            if sso_session in (None, section.get("sso_session")):
                yield section


def _printable(sections: Mapping[str, _Section]) -> dict[str, _Section]:
    return {name: section for name, section in sections.items() if not has_controls(name)}


def _is_in(accounts: Collection[str], section: _Section, named: Mapping[str, str]) -> bool:
    account_id = section.get("sso_account_id", "")
    texts = (account_id, named.get(account_id, ""), section.get("sso_account_name", ""))
    names = {text.casefold() for text in texts if text}
    patterns = [each.casefold() for each in accounts]
    return any(each in names or fnmatch.filter(names, each) for each in patterns)


def _role_of(section: Mapping[str, str]) -> str:
    account = section.get("sso_account_name") or section.get("sso_account_id")
    role = section.get("sso_role_name")
    return f"{role} in {account}" if role and account else ""


def _cached_accounts(sso_session: str | None) -> dict[str, str]:
    """Return the names that are cached for ``sso_account_name``, by the ids of the accounts."""
    pattern = own_key("accounts", _digest(sso_session) if sso_session else "*")
    found: dict[str, str] = {}
    with contextlib.suppress(OSError, RuntimeError):
        for path in sorted((Path.home() / ".aws/sso-plugin").glob(f"{pattern}.json")):
            with contextlib.suppress(UnusableFileError, OSError):
                document, _ = read_document(str(path)) or ({}, None)
                found.update(_pairs(document.get("accounts")))
    return found


def _pairs(names: object) -> Iterator[tuple[str, str]]:
    for account_id, name in names.items() if isinstance(names, dict) else ():
        if isinstance(name, str) and not has_controls(f"{account_id}{name}"):
            yield account_id, name


def _digest(sso_session: str) -> str:
    import hashlib

    return hashlib.sha1(sso_session.encode(), usedforsecurity=False).hexdigest()
