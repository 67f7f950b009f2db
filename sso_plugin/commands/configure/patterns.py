"""Accounts and roles that are named by an option: by id, by name, or by a pattern with ``*``.

An id or a name comes first, so an account can be named ``*``. Case is ignored, unless two names
differ only by case.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.errors import ConfigError
from sso_plugin.portal.account_choice import Wanted, choose, matching, suggestions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sso_plugin.portal.listings import Account, AccountRole

__all__ = [
    "Exclusion",
    "Unmatched",
    "is_pattern",
    "matching_accounts",
    "matching_names",
    "no_account",
    "no_role",
]


class Unmatched:
    """What to do if an option matches nothing: an error if it was given, otherwise a note.

    A saved option must not block later runs, because accounts are closed and roles are removed.

    :param given: the names of the options that were given in this run.
    :ivar notes: a sentence for each saved option that matches nothing.
    """

    def __init__(self, given: Collection[str]) -> None:
        self._given = given
        self.notes: list[str] = []

    def report(self, name: str, error: ConfigError) -> None:
        """Raise the error if the option was given. Otherwise note it.

        :param name: the name of the option in `ConfigureOptions`.
        """
        if name in self._given:
            raise error
        self.notes.append(f"{error.problem}. This option was saved by an earlier run.")


def is_pattern(text: str) -> bool:
    """Return whether a text has characters that stand for others."""
    return any(char in text for char in "*?[")


def matching_accounts(
    text: str, accounts: Collection[Account], option: str = "--account"
) -> list[Account]:
    """Return the accounts with this id or name, or those that match a pattern.

    :raises ConfigError: if several accounts have exactly this name.
    """
    if matching(accounts, text):
        return [choose(accounts, Wanted(text, f"The option {option}", option, option))]
    if not is_pattern(text):
        return []
    names = {*_by_pattern(text, {account.name for account in accounts})}
    ids = re.compile(fnmatch.translate(text))
    return [each for each in accounts if each.name in names or ids.fullmatch(each.account_id)]


def matching_names(text: str, names: Collection[str]) -> list[str]:
    """Return the names that are this one, or match a pattern."""
    folded = text.casefold()
    if text in names:
        return [text]
    in_any_case = [name for name in names if name.casefold() == folded]
    return in_any_case or (list(_by_pattern(text, names)) if is_pattern(text) else [])


def _by_pattern(text: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the names that match. Of names that differ only by case, the exact ones come first."""
    in_any_case = re.compile(fnmatch.translate(text.casefold()))
    exact = re.compile(fnmatch.translate(text))
    by_folded: dict[str, list[str]] = {}
    for name in names:
        by_folded.setdefault(name.casefold(), []).append(name)
    for folded, same in by_folded.items():
        if in_any_case.fullmatch(folded):
            yield from [name for name in same if exact.fullmatch(name)] or same


class Exclusion(NamedTuple):
    """What ``--exclude`` leaves out.

    :param accounts: the ids of accounts.
    :param role: a name or a pattern of roles in these accounts. If None, the accounts are left out.
    """

    accounts: frozenset[str]
    role: str | None = None

    @classmethod
    def of(cls, text: str, accounts: Collection[Account]) -> Exclusion:
        """Return what a text stands for. Names of accounts may have a ``/``, those of roles not."""
        account, separator, role = text.rpartition("/")
        found = matching_accounts(account, accounts, "--exclude") if separator else []
        if found:
            return cls(frozenset(each.account_id for each in found), role)
        found = matching_accounts(text, accounts, "--exclude")
        return cls(frozenset(each.account_id for each in found))

    def roles_in(self, roles: Iterable[AccountRole]) -> set[AccountRole]:
        """Return those of the roles that are left out."""
        inside = [role for role in roles if role.account_id in self.accounts]
        if self.role is None:
            return {*inside}
        names = {*matching_names(self.role, {role.role_name for role in inside})}
        return {role for role in inside if role.role_name in names}


def no_account(text: str, option: str, accounts: Iterable[Account]) -> ConfigError:
    """Return the error for an account that the user does not have. It lists similar names."""
    found = f'No account matches "{text}"' if is_pattern(text) else f'You have no account "{text}"'
    available = suggestions((each.name or each.account_id for each in accounts), text)
    return ConfigError(problem=f"{found} ({option})", fix=f"Available: {available or 'none'}.")


def no_role(text: str, option: str, names: Iterable[str], where: str = "") -> ConfigError:
    """Return the error for a role that the user does not have. It lists similar names."""
    found = f'No role matches "{text}"' if is_pattern(text) else f'You have no role "{text}"'
    return ConfigError(
        problem=f"{found} ({option}){where}",
        fix=f"Available: {suggestions(names, text) or 'none'}.",
    )
