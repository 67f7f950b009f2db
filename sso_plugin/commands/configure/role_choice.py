"""Which roles get a profile: all of them, or those that match the options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError
from sso_plugin.portal.account_choice import Wanted, choose, matching, suggestions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sso_plugin.credentials.token_source import TokenSource
    from sso_plugin.portal.listings import AccountRole, AccountsAndRoles

__all__ = ["RoleChoice", "choose_roles"]


@dataclass(frozen=True)
class RoleChoice:
    """The roles of a user, and those of them that get a profile.

    :param roles: all roles that were listed.
    :param chosen: the roles that get a profile.
    :param is_complete: whether all roles of the user were listed, in all accounts.
    """

    roles: tuple[AccountRole, ...]
    chosen: tuple[AccountRole, ...]
    is_complete: bool


def choose_roles(
    tokens: TokenSource,
    accounts: tuple[str, ...],
    names: tuple[str, ...],
    *,
    complete: bool,
    progress: Callable[[int, int], object] | None = None,
) -> RoleChoice:
    """List the roles of a user, and choose those with these accounts and names.

    :param accounts: ids or names of accounts. If there are none, choose all accounts.
    :param names: names of roles. If there are none, choose all roles.
    :param complete: list all roles, also those in accounts that are not chosen.
    :raises ConfigError: if the user has no such account or role.
    """
    ids = _ids(tokens.listings(), accounts)
    listed = (None,) if complete or not ids else ids
    roles = [role for account in listed for role in tokens.listings(progress).roles(account)]
    in_accounts = [role for role in roles if not ids or role.account_id in ids]
    for account in ids:
        if not any(role.account_id == account for role in in_accounts):
            raise ConfigError(problem=f"You have no role in the account {account} (--account)")
    for name in names:
        _check_role(name, in_accounts, " in this account" if ids else "")
    chosen = [role for role in in_accounts if not names or role.role_name in names]
    return RoleChoice(tuple(roles), tuple(chosen), listed == (None,))


def _ids(listings: AccountsAndRoles, accounts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids of the accounts, without duplicates."""
    known = list(listings.accounts()) if accounts else []
    text_by_id = {}
    for text in accounts:
        if not matching(known, text):
            available = suggestions((each.name or each.account_id for each in known), text)
            raise ConfigError(
                problem=f'You have no account "{text}" (--account)',
                fix=f"Available: {available or 'none'}.",
            )
        wanted = Wanted(text, "The option --account", "--account", "--account")
        text_by_id[choose(known, wanted).account_id] = text
    return tuple(text_by_id)


def _check_role(name: str, roles: Iterable[AccountRole], where: str) -> None:
    names = {role.role_name for role in roles}
    if name not in names:
        raise ConfigError(
            problem=f'You have no role "{name}" (--role){where}',
            fix=f"Available: {suggestions(names, name) or 'none'}.",
        )
