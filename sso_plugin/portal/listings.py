"""The accounts and roles of a user, listed completely; roles of several accounts at a time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import PortalError, PortalRefusal
from .account_choice import Wanted, choose
from .concurrent_map import concurrent_map
from .responses import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from ..config.profile import SsoProfile
    from .client import Portal

    Page: TypeAlias = tuple[list["T"], str | None]

__all__ = ["Account", "AccountRole", "AccountsAndRoles"]

_MAX_PAGES = 10_000
"""A longer list is an error of the portal: it would be a million accounts."""

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
    """The accounts and roles of the user of a login.

    :param progress: called with the number of accounts that are done and the number of all.
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
        """Yield all accounts in the portal's order. Each page is requested when it is needed.

        Their number is known only at the end, so progress reports every listed account as done.

        :raises LoginRequired: if the user has to log in.
        :raises PortalError: if the portal is unreachable or returns an error.
        """
        known = 0
        for page in self._pages(self._portal.list_accounts):
            known += len(page)
            self._progress(known, known)
            yield from page

    def roles(self, account: str | None = None) -> Iterator[AccountRole]:
        """Yield the roles in all accounts, or in one; by account, in the portal's order.

        The roles of several accounts are requested at the same time, a limited number of accounts
        ahead of the caller. A caller that stops early waits for the requests that have started.

        :param account: the name or the ID of an account.
        :raises ConfigError: if no account, or more than one, has this name.
        :raises LoginRequired: if the user has to log in.
        :raises PortalError: if the portal is unreachable or returns an error.
        """
        accounts = [each for page in self._pages(self._portal.list_accounts) for each in page]
        if account is not None:
            accounts = [choose(accounts, Wanted(account))]
        yield from self.roles_in(accounts)

    def roles_in(self, accounts: Sequence[Account]) -> Iterator[AccountRole]:
        """Yield the roles in some accounts, as `roles` does, without listing the accounts."""
        self._progress(0, len(accounts))
        with contextlib.closing(concurrent_map(self._roles_of, accounts)) as listed:
            for done, roles in enumerate(listed, start=1):
                self._progress(done, len(accounts))
                yield from roles

    def role_names(self, account_id: str) -> list[str]:
        """Return the names of the user's roles in an account; none if the user has no access."""

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
        # Hashes, because tokens may be long.
        while hash(next_token) not in seen and len(seen) < _MAX_PAGES:
            seen.add(hash(next_token))
            page, next_token = self._page(ask, next_token)
            yield page
            if not next_token:
                return
        raise PortalError(
            subject=self._profile.subject,
            problem=f"got an endless list from {self._profile.start_url}: it has more than "
            f"{_MAX_PAGES} pages, or a page repeats",
            fix=f"Run: {self._profile.doctor_command}",
        )

    def _page(self, ask: Callable[[str, str | None], Page[T]], next_token: str | None) -> Page[T]:
        return self._use_token(lambda token: ask(token, next_token))
