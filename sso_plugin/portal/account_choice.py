"""Which account is meant by an id or a name, and what to say if that is not clear."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..config.profile import SsoProfile
    from .responses import Account

__all__ = ["Wanted", "choose", "matching", "suggestions"]

_MOST_CANDIDATES = 10


class Wanted(NamedTuple):
    """An account that somebody asks for.

    :param text: its name or its id.
    :param asker: who asks for it, such as ``The profile "dev"``.
    :param name_key: where a name is set.
    :param id_key: where an id is set.
    """

    text: str
    asker: str = "The caller"
    name_key: str = "account"
    id_key: str = "account"

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
    """Return the one account that is meant.

    :raises ConfigError: if there is none, or several; with those it could be.
    """
    known = list(accounts)
    found = matching(known, wanted.text)
    if len(found) == 1:
        return found[0]
    asks = f'asks for the account "{wanted.text}"'
    if found:
        several = [
            f"{each.account_id} ({', '.join(filter(None, (each.name, each.email)))})"
            for each in found
        ]
        raise ConfigError(
            subject=wanted.asker,
            problem=f"{asks}, of which there are {len(found)}",
            fix=f"Set {wanted.id_key} to one of: {_listed(several)}.",
        )
    if not known:
        raise ConfigError(
            subject=wanted.asker, problem=f"{asks}, but this user has no account at all"
        )
    raise ConfigError(
        subject=wanted.asker,
        problem=f"{asks}, which this user does not have",
        fix=f"Set {wanted.name_key} to one of: "
        f"{_listed(_closest(sorted({each.name for each in known}), wanted.text))}.",
    )


def matching(accounts: Iterable[Account], text: str) -> list[Account]:
    """Return the accounts of this id, else of this name, else of this name in any case."""
    known, folded = list(accounts), text.casefold()
    return (
        [each for each in known if each.account_id == text]
        or [each for each in known if each.name == text]
        or [each for each in known if each.name.casefold() == folded]
    )


def suggestions(names: Iterable[str], text: str) -> str:
    """List the names that the text may have been meant to be, sorted, and the number of others."""
    known = sorted({*names})
    nearest = sorted(_closest(known, text)[:_MOST_CANDIDATES])
    return _listed([*nearest, *(name for name in known if name not in nearest)])


def _closest(names: list[str], text: str) -> list[str]:
    """Put the names first that the text may have been meant to be."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=text.casefold())

    def closeness(name: str) -> float:
        matcher.set_seq1(name.casefold())
        return matcher.ratio()

    nearest = heapq.nlargest(_MOST_CANDIDATES, names, key=closeness)
    return [*nearest, *(name for name in names if name not in nearest)]


def _listed(candidates: list[str]) -> str:
    more = len(candidates) - _MOST_CANDIDATES
    shown = candidates[:_MOST_CANDIDATES] + ([f"and {more} more"] if more > 0 else [])
    return ", ".join(shown)
