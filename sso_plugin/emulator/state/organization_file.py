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
trusts = ["production"]                             # optional: trusted accounts; default all

[[vanity_urls]]                                     # optional: paths that redirect to the start URL
path = "/vanity"
hops = 1                                            # optional: redirects on the way
leads_to = "https://example.awsapps.com/start"      # optional
head = true                                         # optional: false answers HEAD with 405
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .identities import Account, Assignment, Role, User, VanityUrl
from .toml_tables import Table

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["OrganizationFileError", "read_organization"]

_ID = re.compile(r"\d{12}")
_ALL_ACCOUNTS = "*"
_KEYS = ("start_url", "region", "users", "accounts", "assignments", "roles", "vanity_urls")


class OrganizationFileError(ValueError):
    """The file is invalid. The message names the file, the key and the problem."""


def read_organization(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the fields of an `Organization`.

    :raises OrganizationFileError: if the file is missing or invalid.
    """
    try:
        return _fields(Table("", _parse(Path(path).read_bytes())))
    except OSError as exc:
        raise OrganizationFileError(f"{path}: {exc.strerror or exc}.") from exc
    except ValueError as exc:
        raise OrganizationFileError(f"{path}: {exc}") from exc


def _parse(content: bytes) -> dict[str, Any]:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        toml = importlib.import_module(name)
    except ImportError:
        raise ValueError(f"TOML needs the package {name}. Run: pip install {name}.") from None

    try:
        return dict(toml.loads(content.decode()))
    except ValueError as exc:
        raise ValueError(f"not valid TOML: {exc}.") from exc


def _fields(root: Table) -> dict[str, Any]:
    root.check_keys(*_KEYS)
    users = tuple(User(name) for name in root.strings("users"))
    accounts = tuple(_account(each) for each in root.tables("accounts"))
    _check_unique("users", [each.name for each in users])
    _check_unique("accounts", [each.account_id for each in accounts])
    _check_unique("accounts", [each.name for each in accounts])
    return {
        "users": users,
        "accounts": accounts,
        "roles": tuple(_role(each, accounts) for each in root.tables("roles")),
        "assignments": tuple(
            assignment
            for each in root.tables("assignments")
            for assignment in _assignments(each, users, accounts)
        ),
        "vanity_urls": tuple(_vanity_url(each) for each in root.tables("vanity_urls")),
        **{key: root.string(key) for key in ("start_url", "region") if key in root.values},
    }


def _account(table: Table) -> Account:
    table.check_keys("id", "name", "email")
    account_id, name = table.string("id"), table.string("name")
    if not _ID.fullmatch(account_id):
        raise ValueError(f"{table.name}.id must be 12 digits, not {account_id!r}.")

    return Account(account_id, name, table.string("email", f"{name}@example.com"))


def _role(table: Table, accounts: tuple[Account, ...]) -> Role:
    table.check_keys("account", "name", "trusts")
    trusts = table.strings("trusts", [])
    return Role(
        account_id=_find_account(f"{table.name}.account", table.string("account"), accounts),
        name=table.string("name"),
        trusts=tuple(_find_account(f"{table.name}.trusts", each, accounts) for each in trusts),
    )


def _vanity_url(table: Table) -> VanityUrl:
    table.check_keys("path", "hops", "leads_to", "head")
    path = table.string("path")
    if not path.startswith("/"):
        raise ValueError(f"{table.name}.path must start with a slash, not {path!r}.")

    leads_to = table.string("leads_to") if "leads_to" in table.values else None
    return VanityUrl(
        path, table.whole_number("hops", 1), leads_to, table.boolean("head", default=True)
    )


def _assignments(
    table: Table, users: tuple[User, ...], accounts: tuple[Account, ...]
) -> Iterator[Assignment]:
    table.check_keys("user", "accounts", "roles")
    user, roles = table.string("user"), table.strings("roles")
    if User(user) not in users:
        raise ValueError(f"{table.name}.user: there is no user {user!r}.")

    for name in table.strings("accounts"):
        chosen = (
            [each.account_id for each in accounts]
            if name == _ALL_ACCOUNTS
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
