"""Which roles get a profile: all of them, those that match the options, or those picked by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError

from .configure_options import PickedRole
from .patterns import Exclusion, is_pattern, matching_accounts, matching_names, no_account, no_role

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sso_plugin.credentials.token_source import TokenSource
    from sso_plugin.portal.listings import Account, AccountRole

    from .configure_options import ConfigureOptions, PickedRoles
    from .patterns import Unmatched

__all__ = ["RoleChoice", "choose_roles"]


@dataclass(frozen=True)
class RoleChoice:
    """The roles of a user, and those of them that get a profile.

    :param accounts: all accounts of the user.
    :param roles: all roles that were listed.
    :param chosen: the roles that get a profile.
    :param listed: the ids of the accounts in which all roles were listed.
    :param new: the listed roles that were not there when others were picked by hand.
    :param declined: the roles that were not picked then. They need no profile.
    """

    accounts: tuple[Account, ...]
    roles: tuple[AccountRole, ...]
    chosen: tuple[AccountRole, ...]
    listed: frozenset[str]
    new: tuple[AccountRole, ...] = ()
    declined: frozenset[PickedRole] = frozenset()

    def picked(self, picked: PickedRoles) -> RoleChoice:
        """Return a choice of the same roles: those that were picked."""
        known = picked.chosen | picked.declined
        return replace(
            self,
            chosen=tuple(role for role in self.roles if PickedRole.of(role) in picked.chosen),
            new=tuple(role for role in self.roles if PickedRole.of(role) not in known),
            declined=picked.declined,
        )


def choose_roles(
    tokens: TokenSource,
    options: ConfigureOptions,
    unmatched: Unmatched,
    progress: Callable[[int, int], object] | None = None,
) -> RoleChoice:
    """List the roles of a user, and choose some of them.

    Roles are listed only in the accounts in which some can be chosen. To remove profiles, all roles
    are listed.

    :raises ConfigError: if the user has no account or role that an option names.
    """
    accounts = tuple(dict.fromkeys(tokens.listings().accounts()))
    exclusions = _exclusions(options.exclude or (), accounts, unmatched)
    excluded = {it for each in exclusions if each.role is None for it in each.accounts}
    inside = _ids(options.accounts or (), accounts, unmatched) - excluded
    listed = [each for each in accounts if options.prune or each.account_id in inside]
    roles = tuple(dict.fromkeys(tokens.listings(progress).roles_in(listed)))
    choice = RoleChoice(accounts, roles, (), frozenset(each.account_id for each in listed))
    if options.picked is not None:
        return choice.picked(options.picked)
    in_accounts = [role for role in roles if role.account_id in inside]
    _check_named(
        options.accounts or (),
        [each for each in listed if each.account_id in inside],
        in_accounts,
        unmatched,
    )
    names = _names(options.roles or (), in_accounts, unmatched, is_one=len(inside) == 1)
    left_out = _left_out(exclusions, in_accounts, unmatched)
    chosen = [role for role in in_accounts if role.role_name in names and role not in left_out]
    return replace(choice, chosen=tuple(chosen))


def _ids(texts: Sequence[str], accounts: Collection[Account], unmatched: Unmatched) -> set[str]:
    """Return the ids of the accounts that the option names. Without the option, of all."""
    if not texts:
        return {each.account_id for each in accounts}
    ids: set[str] = set()
    for text in texts:
        found = matching_accounts(text, accounts)
        if not found:
            unmatched.report("accounts", no_account(text, "--account", accounts))
        ids.update(each.account_id for each in found)
    return ids


def _exclusions(
    texts: Sequence[str], accounts: Collection[Account], unmatched: Unmatched
) -> list[Exclusion]:
    exclusions = []
    for text in texts:
        exclusion = Exclusion.of(text, accounts)
        if not exclusion.accounts:
            unmatched.report("exclude", no_account(text, "--exclude", accounts))
        exclusions.append(exclusion)
    return exclusions


def _check_named(
    texts: Sequence[str],
    accounts: Collection[Account],
    roles: Collection[AccountRole],
    unmatched: Unmatched,
) -> None:
    """Report the accounts without roles, unless a pattern chose them."""
    with_roles = {role.account_id for role in roles}
    without = [each for each in accounts if each.account_id not in with_roles]
    for text in (each for each in texts if not is_pattern(each)):
        for account in matching_accounts(text, without):
            problem = f"You have no role in the account {account.account_id} (--account)"
            unmatched.report("accounts", ConfigError(problem=problem))


def _names(
    texts: Sequence[str], roles: Collection[AccountRole], unmatched: Unmatched, *, is_one: bool
) -> set[str]:
    """Return the names of roles that the option names. Without the option, all."""
    known = {role.role_name for role in roles}
    if not texts:
        return known
    found: set[str] = set()
    for text in texts:
        names = matching_names(text, known)
        if not names:
            where = " in this account" if is_one else ""
            unmatched.report("roles", no_role(text, "--role", known, where))
        found.update(names)
    return found


def _left_out(
    exclusions: Collection[Exclusion], roles: Collection[AccountRole], unmatched: Unmatched
) -> set[AccountRole]:
    """Return the roles that are left out, in accounts that are not."""
    left_out: set[AccountRole] = set()
    for exclusion in exclusions:
        inside = [role for role in roles if role.account_id in exclusion.accounts]
        found = exclusion.roles_in(inside)
        if inside and exclusion.role and not found:
            names = {role.role_name for role in inside}
            unmatched.report("exclude", no_role(exclusion.role, "--exclude", names))
        left_out |= found
    return left_out
