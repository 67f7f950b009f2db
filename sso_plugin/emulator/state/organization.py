"""The organization: its users, accounts, roles and assignments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .identities import Account, Assignment, Role, User, VanityUrl
from .organization_file import read_organization

if TYPE_CHECKING:
    import os


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
        """Read an organization from a TOML file; see `organization_file` for its form."""
        return cls(**read_organization(path))

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
