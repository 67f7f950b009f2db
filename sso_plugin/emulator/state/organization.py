"""The organization: its users, accounts, roles and assignments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .identities import Account, Assignment, Role, User, VanityUrl
from .organization_file import read_organization

if TYPE_CHECKING:
    import os

__all__ = ["Organization"]


@dataclass(frozen=True)
class Organization:
    """What the emulator starts with."""

    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    roles: tuple[Role, ...]
    assignments: tuple[Assignment, ...]
    start_url: str = "https://example.awsapps.com/start"
    region: str = "eu-central-1"
    vanity_urls: tuple[VanityUrl, ...] = ()

    def has_start_url(self, url: str) -> bool:
        """Return whether a URL is the start URL. A `/` or `#` at the end does not matter."""
        return url.rstrip("/#") == self.start_url.rstrip("/#")

    @property
    def partition(self) -> str:
        """The AWS partition of the region, which is part of every ARN."""
        partitions = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
        return next(
            (name for prefix, name in partitions.items() if self.region.startswith(prefix)), "aws"
        )

    @property
    def first_assignment(self) -> Assignment:
        """The assignment for which `Emulator.profile` writes a profile by default."""
        if not self.assignments:
            raise ValueError("The organization has no assignments. Give account_id and role_name.")

        return self.assignments[0]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Organization:
        """Return the organization of a TOML file; see `organization_file` for the format."""
        return cls(**read_organization(path))

    @classmethod
    def example(cls) -> Organization:
        """Return two users, three accounts, and an IAM role that every caller may assume."""
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
        """Return an organization with many accounts. The user alice has every role in each."""
        generated = tuple(
            _account(f"{number:012}", f"account-{number:05}") for number in range(1, accounts + 1)
        )
        return cls(
            users=(User("alice"),),
            accounts=generated,
            roles=(),
            assignments=tuple(
                Assignment("alice", each.account_id, role) for each in generated for role in roles
            ),
        )


def _account(account_id: str, name: str) -> Account:
    return Account(account_id, name, f"{name}@example.com")
