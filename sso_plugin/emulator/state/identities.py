"""Users, accounts, roles and assignments, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Account", "Assignment", "Role", "User", "VanityUrl"]


@dataclass(frozen=True)
class User:
    """A user, who can sign in."""

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
