"""Who may take which role where; begins as the organization says and changes at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .identities import Account
    from .organization import Organization


class Assignments:
    """The assignments in force now, in the order in which they were made."""

    def __init__(self, organization: Organization) -> None:
        self._users = [user.name for user in organization.users]
        self._accounts = {account.account_id: account for account in organization.accounts}
        self._roles: dict[str, dict[str, list[str]]] = {name: {} for name in self._users}
        for each in organization.assignments:
            self.add(each.user, each.account_id, each.role)

    @property
    def users(self) -> tuple[str, ...]:
        """The names of all who can sign in."""
        return tuple(self._users)

    def user(self, name: str | None) -> str:
        """Return a known user's name; without one, the first user's."""
        if name is None:
            return self._users[0]

        if name not in self._roles:
            raise LookupError(f"There is no user {name!r}; known are {', '.join(self._users)}.")

        return name

    def add(self, user: str, account_id: str, role: str) -> None:
        """Let a user take a role; doing it twice changes nothing."""
        if account_id not in self._accounts:
            raise LookupError(f"There is no account {account_id!r}.")

        roles = self._roles[self.user(user)].setdefault(account_id, [])
        if role not in roles:
            roles.append(role)

    def remove(self, user: str, account_id: str, role: str) -> None:
        """Take a role away; credentials issued before live on, as in the real service."""
        accounts = self._roles[self.user(user)]
        if role not in accounts.get(account_id, ()):
            raise LookupError(f"{user!r} has no role {role!r} in account {account_id!r}.")

        accounts[account_id].remove(role)
        if not accounts[account_id]:
            del accounts[account_id]

    def accounts(self, user: str) -> list[Account]:
        """Return the accounts in which the user has a role."""
        return [self._accounts[account_id] for account_id in self._roles[user]]

    def roles(self, user: str, account_id: str) -> list[str]:
        """Return the roles the user has in an account; none if the account is not theirs."""
        return list(self._roles[user].get(account_id, ()))
