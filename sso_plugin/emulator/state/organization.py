"""Who works here: users, accounts, roles and assignments, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


@dataclass(frozen=True)
class User:
    """Somebody who can sign in."""

    name: str


@dataclass(frozen=True)
class Account:
    """An AWS account of the organization."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Role:
    """An IAM role to be assumed through STS; `trusts` are account ids, none means all of them."""

    account_id: str
    name: str
    trusts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """A user may take a role (the name of a permission set) in an account."""

    user: str
    account_id: str
    role: str


@dataclass(frozen=True)
class VanityUrl:
    """A path of the emulator that leads to a start URL, as companies have their own addresses.

    `hops` redirects lie between, `leads_to` is where they end (by default the organization's start
    URL), and `head` says whether HEAD is answered or refused with 405.
    """

    path: str
    hops: int = 1
    leads_to: str | None = None
    head: bool = True


@dataclass(frozen=True)
class Organization:
    """Everything the emulator knows before the first request."""

    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    roles: tuple[Role, ...]
    assignments: tuple[Assignment, ...]
    start_url: str = "https://example.awsapps.com/start"
    region: str = "eu-central-1"
    vanity_urls: tuple[VanityUrl, ...] = ()

    def answers_to(self, url: str) -> bool:
        """Say whether a start URL is this organization's, however it ends."""
        return url.rstrip("/#") == self.start_url.rstrip("/#")

    @property
    def partition(self) -> str:
        """The part of every ARN that depends on the region."""
        known = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
        return next((name for start, name in known.items() if self.region.startswith(start)), "aws")

    @property
    def first_assignment(self) -> Assignment:
        """What a profile points at when nothing else is said."""
        if not self.assignments:
            raise ValueError("The organization has no assignments, so nothing to point at.")

        return self.assignments[0]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Organization:
        """Read an organization from a TOML file; see `orgfile` for its form."""
        from .orgfile import load

        return load(path)

    @classmethod
    def example(cls) -> Organization:
        """Two users, three accounts and an IAM role that every caller may assume."""
        production, staging, sandbox = accounts = (
            _account("1" * 12, "production"),
            _account("2" * 12, "staging"),
            _account("3" * 12, "sandbox"),
        )
        return cls(
            users=(User("alice"), User("bob")),
            accounts=accounts,
            roles=(Role(production.account_id, "Deploy"),),
            assignments=(
                *(Assignment("alice", each.account_id, "AdministratorAccess") for each in accounts),
                Assignment("alice", production.account_id, "ReadOnlyAccess"),
                Assignment("bob", staging.account_id, "ReadOnlyAccess"),
                Assignment("bob", sandbox.account_id, "AdministratorAccess"),
            ),
        )

    @classmethod
    def generated(
        cls, accounts: int, roles: tuple[str, ...] = ("AdministratorAccess", "ReadOnlyAccess")
    ) -> Organization:
        """Return as many accounts as a test of scale needs; alice has every role in each."""
        made = tuple(
            _account(f"{number:012}", f"account-{number:05}") for number in range(1, accounts + 1)
        )
        return cls(
            users=(User("alice"),),
            accounts=made,
            roles=(),
            assignments=tuple(
                Assignment("alice", each.account_id, role) for each in made for role in roles
            ),
        )


def _account(account_id: str, name: str) -> Account:
    return Account(account_id, name, f"{name}@example.com")
