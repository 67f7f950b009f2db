"""The accounts and roles that a user has, listed concurrently and completely."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import PortalError, PortalRefusal
from .account_choice import Wanted, choose
from .concurrently import concurrently
from .responses import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from ..config.profile import SsoProfile
    from .client import Portal

    Page: TypeAlias = tuple[list["T"], str | None]

__all__ = ["Account", "AccountRole", "AccountsAndRoles"]

_MOST_PAGES = 10_000

T = TypeVar("T")


@dataclass(frozen=True)
class AccountRole:
    """A role (the name of a permission set) that the user has in an account."""

    account_id: str
    account_name: str
    role_name: str


class UseToken(Protocol):
    """Sends a request with a valid access token: `TokenSource.use`."""

    def __call__(self, ask: Callable[[str], T], /) -> T:
        """Return what ``ask`` returns for a token."""


class AccountsAndRoles:
    """What the user of a login has.

    :param progress: called with the number of accounts that are done, and of all accounts.
    """

    def __init__(
        self,
        portal: Portal,
        profile: SsoProfile,
        use_token: UseToken,
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        self._portal = portal
        self._profile = profile
        self._use_token = use_token
        self._progress = progress or (lambda *_: None)

    def accounts(self) -> Iterator[Account]:
        """Yield all accounts in the portal's order, page by page, each page when it is needed.

        How many there are is known at the end only, so that progress counts all as done.

        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        known = 0
        for page in self._pages(self._portal.list_accounts):
            known += len(page)
            self._progress(known, known)
            yield from page

    def roles(self, account: str | None = None) -> Iterator[AccountRole]:
        """Yield the roles in all accounts, or in one; account by account, in the portal's order.

        The accounts are worked on concurrently, a bounded number of them ahead of the consumer.
        Whoever stops early waits for the calls under way, and leaves none behind.

        :param account: the id or the name of an account.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        accounts = [each for page in self._pages(self._portal.list_accounts) for each in page]
        if account is not None:
            accounts = [choose(accounts, Wanted(account))]
        self._progress(0, len(accounts))
        with contextlib.closing(concurrently(self._roles_of, accounts)) as listed:
            for done, roles in enumerate(listed, start=1):
                self._progress(done, len(accounts))
                yield from roles

    def role_names(self, account_id: str) -> list[str]:
        """Return the names of the roles in an account; none in one that the user does not have."""

        def ask(token: str, next_token: str | None) -> Page[str]:
            return self._portal.list_account_roles(token, account_id, next_token)

        try:
            return [name for page in self._pages(ask) for name in page]
        except PortalRefusal as exc:
            if exc.code not in ("ForbiddenException", "ResourceNotFoundException"):
                raise
            return []

    def _roles_of(self, account: Account) -> list[AccountRole]:
        names = self.role_names(account.account_id)
        return [AccountRole(account.account_id, account.name, name) for name in names]

    def _pages(self, ask: Callable[[str, str | None], Page[T]]) -> Iterator[list[T]]:
        seen: set[int] = set()
        next_token: str | None = None
        # Hashes, since tokens may be long.
        while hash(next_token) not in seen and len(seen) < _MOST_PAGES:
            seen.add(hash(next_token))
            page, next_token = self._page(ask, next_token)
            yield page
            if not next_token:
                return
        raise PortalError(
            subject=self._profile.subject,
            problem=f"got a list that does not end from {self._profile.start_url}: it has "
            f"more than {_MOST_PAGES} pages, or leads back to an earlier one",
            fix=f"Run: {self._profile.doctor_command}",
        )

    def _page(self, ask: Callable[[str, str | None], Page[T]], next_token: str | None) -> Page[T]:
        return self._use_token(lambda token: ask(token, next_token))
