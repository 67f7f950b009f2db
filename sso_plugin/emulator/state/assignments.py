"""Which user has which role in which account. It can change while the emulator runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .identities import Account
    from .organization import Organization

__all__ = ["Assignments"]


class Assignments:
    """The current assignments, oldest first."""

    def __init__(self, organization: Organization) -> None:
        self._users = [user.name for user in organization.users]
        self._accounts = {account.account_id: account for account in organization.accounts}
        self._roles: dict[str, dict[str, list[str]]] = {name: {} for name in self._users}
        for each in organization.assignments:
            self.add(each.user, each.account_id, each.role)

    @property
    def users(self) -> tuple[str, ...]:
        """The names of all users."""
        return tuple(self._users)

    def user(self, name: str | None) -> str:
        """Return the name of a user, by default of the first.

        :raises LookupError: if there is no such user.
        """
        if name is None:
            return self._users[0]

        if name not in self._roles:
            raise LookupError(f"There is no user {name!r}. Available: {', '.join(self._users)}.")

        return name

    def add(self, user: str, account_id: str, role: str) -> None:
        """Assign a role to a user. A second time it changes nothing."""
        if account_id not in self._accounts:
            raise LookupError(f"There is no account {account_id!r}.")

        roles = self._roles[self.user(user)].setdefault(account_id, [])
        if role not in roles:
            roles.append(role)

    def remove(self, user: str, account_id: str, role: str) -> None:
        """Remove an assignment. Credentials that were issued before stay valid, as with AWS."""
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
        """Return the roles of the user in an account."""
        return list(self._roles[user].get(account_id, ()))
