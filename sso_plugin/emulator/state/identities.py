"""Users, accounts, roles, assignments and vanity URLs, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Account", "Assignment", "Role", "User", "VanityUrl"]


@dataclass(frozen=True)
class User:
    """A user who can sign in."""

    name: str


@dataclass(frozen=True)
class Account:
    """An AWS account of the organization."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Role:
    """An IAM role for AssumeRole. `trusts` are ids of trusted accounts; empty means all."""

    account_id: str
    name: str
    trusts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """The assignment of a role (a permission set) in an account to a user."""

    user: str
    account_id: str
    role: str


@dataclass(frozen=True)
class VanityUrl:
    """A path of the emulator that redirects to a start URL, like a company's own address.

    `hops` is the number of redirects, and `leads_to` the target of the last (by default the start
    URL of the organization). If `head` is False, HEAD gets status 405.
    """

    path: str
    hops: int = 1
    leads_to: str | None = None
    head: bool = True
