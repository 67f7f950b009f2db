"""The organization as a TOML file.

start_url = "https://example.awsapps.com/start"     # optional
region = "eu-central-1"                             # optional
users = ["alice", "bob"]

[[accounts]]
id = "111111111111"
name = "production"
email = "production@example.com"                    # optional

[[assignments]]
user = "alice"
accounts = ["production"]                           # names or ids; "*" is every account
roles = ["AdministratorAccess", "ReadOnlyAccess"]

[[roles]]                                           # optional: IAM roles for AssumeRole
account = "production"
name = "Deploy"
trusts = ["production"]                             # optional: whose callers; default all
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .organization import Account, Assignment, Organization, Role, User

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_ID = re.compile(r"\d{12}")
_EVERY = "*"


class OrganizationFileError(ValueError):
    """The file cannot be used; the message names file, key and what is wrong."""


def load(path: str | os.PathLike[str]) -> Organization:
    """Read an organization, or say in one sentence why not."""
    try:
        return _organization(_Table("", _parse(Path(path).read_bytes())))
    except OSError as error:
        raise OrganizationFileError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise OrganizationFileError(f"{path}: {error}") from error


def _parse(content: bytes) -> dict[str, Any]:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        toml = importlib.import_module(name)
    except ImportError:
        raise ValueError(f"reading TOML on this Python needs the package {name}.") from None

    try:
        return dict(toml.loads(content.decode()))
    except ValueError as error:
        raise ValueError(f"not valid TOML: {error}.") from error


def _organization(root: _Table) -> Organization:
    root.check_keys("start_url", "region", "users", "accounts", "assignments", "roles")
    users = tuple(User(name) for name in root.texts("users"))
    accounts = tuple(_account(each) for each in root.tables("accounts"))
    _check_unique("users", [each.name for each in users])
    _check_unique("accounts", [each.account_id for each in accounts])
    _check_unique("accounts", [each.name for each in accounts])
    return Organization(
        users=users,
        accounts=accounts,
        roles=tuple(_role(each, accounts) for each in root.tables("roles")),
        assignments=tuple(
            assignment
            for each in root.tables("assignments")
            for assignment in _assignments(each, users, accounts)
        ),
        start_url=root.text("start_url", Organization.start_url),
        region=root.text("region", Organization.region),
    )


def _account(table: _Table) -> Account:
    table.check_keys("id", "name", "email")
    account_id, name = table.text("id"), table.text("name")
    if not _ID.fullmatch(account_id):
        raise ValueError(f"{table.name}.id must be 12 digits, not {account_id!r}.")

    return Account(account_id, name, table.text("email", f"{name}@example.com"))


def _role(table: _Table, accounts: tuple[Account, ...]) -> Role:
    table.check_keys("account", "name", "trusts")
    trusts = table.texts("trusts", [])
    return Role(
        account_id=_find_account(f"{table.name}.account", table.text("account"), accounts),
        name=table.text("name"),
        trusts=tuple(_find_account(f"{table.name}.trusts", each, accounts) for each in trusts),
    )


def _assignments(
    table: _Table, users: tuple[User, ...], accounts: tuple[Account, ...]
) -> Iterator[Assignment]:
    table.check_keys("user", "accounts", "roles")
    user, roles = table.text("user"), table.texts("roles")
    if User(user) not in users:
        raise ValueError(f"{table.name}.user: there is no user {user!r}.")

    for name in table.texts("accounts"):
        chosen = (
            [each.account_id for each in accounts]
            if name == _EVERY
            else [_find_account(f"{table.name}.accounts", name, accounts)]
        )
        yield from (Assignment(user, account, role) for account in chosen for role in roles)


def _find_account(key: str, wanted: str, accounts: tuple[Account, ...]) -> str:
    for account in accounts:
        if wanted in (account.account_id, account.name):
            return account.account_id

    raise ValueError(f"{key}: there is no account {wanted!r}.")


def _check_unique(key: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key}: {value!r} appears twice.")


@dataclass(frozen=True)
class _Table:
    """A table of the file and its name, for reading values with errors that say where."""

    name: str
    values: dict[str, Any]

    def check_keys(self, *known: str) -> None:
        """Refuse a key that nobody reads, which is most often a typing error."""
        for key in self.values:
            if key not in known:
                raise ValueError(f"{self._key(key)} is no known key; use {', '.join(known)}.")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string; without a default, the key is required."""
        value = self._value(key, default)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{self._key(key)} must be a string, not {value!r}.")

        return value

    def texts(self, key: str, default: list[str] | None = None) -> list[str]:
        """Return a list of strings; without a default, it is required and not empty."""
        value = self._value(key, default)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{self._key(key)} must be a list of strings, not {value!r}.")

        if not value and default is None:
            raise ValueError(f"{self._key(key)} must not be empty.")

        return value

    def tables(self, key: str) -> list[_Table]:
        """Return the tables of an array, each with its number in its name."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
            raise ValueError(f"{self._key(key)} must be written as [[{key}]].")

        return [_Table(f"{key}[{number}]", each) for number, each in enumerate(values, start=1)]

    def _value(self, key: str, default: object) -> object:
        value = self.values.get(key, default)
        if value is None:
            raise ValueError(f"{self._key(key)} is missing.")

        return value

    def _key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
