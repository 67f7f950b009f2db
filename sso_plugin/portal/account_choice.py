"""Find an account by its name or ID. If that is not clear, the error lists the candidates."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..config.profile import SsoProfile
    from .responses import Account

__all__ = ["Wanted", "choose", "matching", "suggestions"]

_MAX_CANDIDATES = 10
"""How many names an error lists."""


class Wanted(NamedTuple):
    """An account that a profile, an option or a caller asks for.

    :param text: its name or its ID.
    :param asker: what asks for it, such as ``The profile "dev"``; empty for a caller.
    :param name_key: where a name is set.
    :param id_key: where an ID is set.
    """

    text: str
    asker: str = ""
    name_key: str = ""
    id_key: str = ""

    @classmethod
    def of(cls, profile: SsoProfile) -> Wanted:
        """Return what a profile asks for by ``sso_account_name``."""
        text = str(profile.account_name)
        if profile.name is None:
            return cls(text)
        file = profile.config_file
        return cls(
            text, profile.subject, f"sso_account_name in {file}", f"sso_account_id in {file}"
        )


def choose(accounts: Iterable[Account], wanted: Wanted) -> Account:
    """Return the account that is asked for.

    :raises ConfigError: if no account matches, or more than one; the error lists candidates.
    """
    known = list(accounts)
    found = matching(known, wanted.text)
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(wanted, found)
    raise _unknown(wanted, sorted({each.name for each in known}))


def _ambiguous(wanted: Wanted, found: list[Account]) -> ConfigError:
    candidates = _listed(
        [
            f"{each.account_id} ({', '.join(filter(None, (each.name, each.email)))})"
            for each in found
        ]
    )
    if not wanted.asker:
        return ConfigError(
            problem=f'{len(found)} accounts are named "{wanted.text}"',
            fix=f"Use one of these IDs: {candidates}.",
        )
    return ConfigError(
        subject=wanted.asker,
        problem=f'asks for the account "{wanted.text}", but {len(found)} accounts have this name',
        fix=f"Set {wanted.id_key} to one of: {candidates}.",
    )


def _unknown(wanted: Wanted, names: list[str]) -> ConfigError:
    candidates = _listed(_closest_first(names, wanted.text))
    if not wanted.asker:
        kind = "with the ID" if wanted.text.isdecimal() else "named"
        return ConfigError(
            problem=f'No account {kind} "{wanted.text}"',
            fix=f"Available: {candidates or 'none'}.",
        )
    asks = f'asks for the account "{wanted.text}"'
    if not names:
        return ConfigError(subject=wanted.asker, problem=f"{asks}, but this user has no accounts")
    return ConfigError(
        subject=wanted.asker,
        problem=f"{asks}, which this user does not have",
        fix=f"Set {wanted.name_key} to one of: {candidates}.",
    )


def matching(accounts: Iterable[Account], text: str) -> list[Account]:
    """Return the accounts with this ID, else with this name, else with this name in any case."""
    known, folded = list(accounts), text.casefold()
    return (
        [each for each in known if each.account_id == text]
        or [each for each in known if each.name == text]
        or [each for each in known if each.name.casefold() == folded]
    )


def suggestions(names: Iterable[str], text: str) -> str:
    """List the names that are most similar to a text, sorted, and the number of the others."""
    known = sorted({*names})
    closest = sorted(_closest_first(known, text)[:_MAX_CANDIDATES])
    return _listed([*closest, *(name for name in known if name not in closest)])


def _closest_first(names: list[str], text: str) -> list[str]:
    """Return all names, beginning with those that are most similar to a text."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=text.casefold())

    def similarity(name: str) -> float:
        matcher.set_seq1(name.casefold())
        return matcher.ratio()

    closest = heapq.nlargest(_MAX_CANDIDATES, names, key=similarity)
    return [*closest, *(name for name in names if name not in closest)]


def _listed(candidates: list[str]) -> str:
    more = len(candidates) - _MAX_CANDIDATES
    shown = candidates[:_MAX_CANDIDATES] + ([f"and {more} more"] if more > 0 else [])
    return ", ".join(shown)
